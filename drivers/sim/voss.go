package sim

import (
	"fmt"
	"strings"
	"time"
)

// Modes of a VOSS session, each with the commands of those before it.
const (
	vossUser mode = iota + 1 // name:1>
	vossPriv                 // name:1#
	vossConf                 // name:1(config)#
	vossSub                  // name:1(config-if)# and the like
)

// voss is the VOSS side of a switch.
type voss struct {
	sw       *Switch
	tab      *table
	families *table
	set      portSet

	name  string
	once  string // boot from this file, once
	vlans map[int]*vossVLAN
	mlts  map[int]*vossMLT
	port  map[string]*vossPort
	vist  string // virtual-ist line; "" without
	lines *lineStore
}

func newVOSS(s *Switch) *voss {
	v := &voss{sw: s, set: newPortSet(makeNames(1, s.cfg.Ports, "/"), "/")}
	v.families = newTable(v.familyTable())
	v.tab = newTable(probeCommands(), v.modeCommands(), v.fileCommands(), v.vlanCommands(), v.interfaceCommands(), v.familyTable(), v.noCommands(),
		v.showCommands(), v.showL2Commands(), v.showFabricCommands(), v.showL3Commands(), v.techCommands())
	return v
}

func (v *voss) commands() *table    { return v.tab }
func (v *voss) portNames() []string { return v.set.names }

func (v *voss) portEnabled(p string) bool { return v.port[p] != nil && !v.port[p].shutdown }

func (v *voss) bootFile() string {
	if v.once != "" {
		return v.once
	}
	return v.configFile()
}

// configFile is where `save config` writes and a reset loads from.
func (v *voss) configFile() string { return orDefault(v.sw.flash.kept.Selected, "config.cfg") }

func (*voss) loginPrompt() string    { return "Login: " }
func (*voss) passwordPrompt() string { return "Password: " }
func (*voss) loginFailed() string    { return "\nIncorrect login/password combination\n\n" }

func (v *voss) welcome(*session) string {
	return fmt.Sprintf("\nReprise simulator of the command line of VOSS %s\n%s\n\n", v.sw.cfg.Version, Banner)
}

func (*voss) greet(*session) error { return nil }
func (*voss) start(ses *session)   { ses.mode = vossUser }

func (v *voss) prompt(ses *session) string {
	base := v.name + ":1"
	switch ses.mode {
	case vossPriv:
		return base + "#"
	case vossConf:
		return base + "(config)#"
	case vossSub:
		return base + "(" + contextWord(ses.context) + ")#"
	default:
		return base + ">"
	}
}

// contextWord is how the prompt names what is being configured.
func contextWord(context string) string {
	kind, rest, _ := strings.Cut(context, " ")
	sub, _, _ := strings.Cut(rest, " ")
	switch {
	case kind == "interface":
		return "config-if"
	case kind == "router" && (sub == "bgp" || sub == "vrf"):
		return "router-" + sub
	case kind == "router":
		return "config-" + sub
	default:
		return "config-" + kind
	}
}

func (*voss) allowed(ses *session, c *command) bool {
	if ses.user.ReadOnly && (c.writes || c.admin) {
		return false
	}
	return ses.mode >= c.mode && (c.in == "" || hasWords(ses.context, c.in))
}

func (v *voss) refuse(ses *session, toks []token, l lookup) string {
	col := len(v.prompt(ses))
	if l.far < len(toks) {
		col += toks[l.far].col
	} else if n := len(toks); n > 0 {
		col += toks[n-1].col + len(toks[n-1].text)
	}
	if l.short {
		return strings.Repeat(" ", col) + "^\n% Incomplete command.\n"
	}
	return strings.Repeat(" ", col) + "^\n% Invalid input detected at '^' marker.\n"
}

// preamble is the time banner of show commands; the configuration comes without.
func (*voss) preamble(_ *session, c *command) string {
	if !strings.HasPrefix(c.pattern, "show ") || strings.HasPrefix(c.pattern, "show reprise") || strings.HasPrefix(c.pattern, "show running-config") {
		return ""
	}
	rule := strings.Repeat("*", 84)
	return rule + "\nCommand Execution Time: " + time.Now().Format("Mon Jan 02 15:04:05 2006 MST") + "\n" + rule + "\n"
}

func (*voss) pager() string { return "--More-- (q = quit) " }

func (v *voss) bootText() []string {
	return []string{Banner, "Resetting the switch ...", "Reprise simulator boot loader", "Loading VOSS " + v.sw.cfg.Version + " (simulated)"}
}

func (v *voss) readyText() string { return "Simulated system is ready" }

func (v *voss) linkEvent(p string, up bool) (severity, event, message string) {
	if up {
		return "Info", "HW", "Link Up(" + p + ")"
	}
	return "Info", "HW", "Link Down(" + p + ")"
}

// logLine is the layout of Fabric Engine 9: slot, time with zone, event code, alarm, VRF, module,
// severity, text.
func (v *voss) logLine(e logEntry) string {
	word := map[string]string{"Crit": "FATAL", "Erro": "ERROR", "Warn": "WARNING", "Noti": "INFO", "Info": "INFO"}[e.Severity]
	module, _, _ := strings.Cut(e.Event, ".")
	stamp := e.Time.Format("01/02/06 15:04:05.000:MST")
	return fmt.Sprintf("CP1 [%s] 0x%08x 00000000 GlobalRouter %s %s %s", stamp, hash(e.Event)&0x00ffffff, module, orDefault(word, "INFO"), e.Message)
}

// load applies saved lines and gives back those that are refused.
func (v *voss) load(text string) []string {
	v.once = ""
	ses := &session{sw: v.sw, user: User{Name: "boot"}, mode: vossConf}
	var refused []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || strings.HasPrefix(line, "Preparing to Display") {
			continue
		}
		if strings.HasPrefix(line, "config") && hasWords(line[strings.IndexByte(line+" ", ' '):], " terminal") || line == "enable" {
			ses.mode, ses.context = vossConf, ""
			continue
		}
		if line == "end" {
			ses.mode, ses.context, ses.targets = vossConf, "", nil
			continue
		}
		c := &call{sw: v.sw, ses: ses, line: line}
		v.sw.execute(c)
		if c.failed {
			refused = append(refused, line)
		}
	}
	return refused
}
