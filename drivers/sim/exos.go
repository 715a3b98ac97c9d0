package sim

import (
	"fmt"
	"strings"
	"time"
)

// exos is the EXOS side of a switch: its configuration and how it speaks.
type exos struct {
	sw  *Switch
	tab *table
	set portSet

	name      string
	vlans     map[string]*exosVLAN
	portCfg   map[string]*exosPort
	shares    map[string]*exosShare
	peers     map[string]*mlagPeer
	mlagPorts map[string]mlagPort
	lines     *lineStore
	accounts  []User
}

// newEXOS builds the command table; the configuration comes with reset.
func newEXOS(s *Switch) *exos {
	x := &exos{sw: s}
	sep := ""
	if s.cfg.Slots > 0 {
		sep = ":"
	}
	x.set = newPortSet(makeNames(s.cfg.Slots, s.cfg.Ports, sep), sep)
	x.tab = newTable(x.sessionCommands(), x.fileCommands(), x.vlanCommands(), x.portCommands(), x.familyCommands(),
		x.showCommands(), x.showL2Commands(), x.showL3Commands(), x.showHardwareCommands(), x.showLogCommands(), x.supportCommands(), x.techCommands())
	return x
}

func (x *exos) commands() *table    { return x.tab }
func (x *exos) portNames() []string { return x.set.names }

func (x *exos) portEnabled(p string) bool { return x.portCfg[p] != nil && !x.portCfg[p].disabled }

// selected is the configuration to boot from, without .cfg.
func (x *exos) selected() string {
	if x.sw.flash.kept.Selected == "" {
		return "primary"
	}
	return x.sw.flash.kept.Selected
}

func (x *exos) bootFile() string { return x.selected() + ".cfg" }

func (x *exos) loginPrompt() string {
	if x.sw.phase == phasePending {
		return "(pending-AAA) login: "
	}
	return "login: "
}

func (*exos) passwordPrompt() string { return "password: " }
func (*exos) loginFailed() string    { return "\nLogin incorrect\n" }

func (x *exos) welcome(*session) string {
	return fmt.Sprintf(`
ExtremeXOS
Copyright: the simulator is part of Reprise; a switch prints its own copyright here.
==============================================================================

%s

Press the <tab> or '?' key at any time for completions.
Remember to save your configuration changes.

There have been %d successful logins since last reboot and %d failed logins since last successful login
Last Successful Login was on: %s

`, Banner, x.sw.logins, x.takeFailures(), time.Now().Format("01/02/2006 15:04:05"))
}

func (x *exos) takeFailures() int {
	n := x.sw.failures
	x.sw.failures = 0
	return n
}

func (x *exos) start(ses *session) { ses.wide = 80 }

// prompt is name.N with the marks before it: unsaved changes, debug mode, stack slot.
func (x *exos) prompt(ses *session) string {
	var b strings.Builder
	if x.sw.dirty {
		b.WriteString("* ")
	}
	if ses.debug {
		b.WriteString("(debug) ")
	}
	if x.sw.cfg.Slots > 0 {
		b.WriteString("Slot-1 ")
	}
	sign := "#"
	if ses.user.ReadOnly {
		sign = ">"
	}
	fmt.Fprintf(&b, "%s.%d %s ", x.name, ses.counter+1, sign)
	return b.String()
}

func (x *exos) allowed(ses *session, c *command) bool {
	return ses == nil || !ses.user.ReadOnly || !c.writes && !c.admin
}

func (x *exos) refuse(ses *session, toks []token, l lookup) string {
	if l.short {
		return "%% Incomplete command\n"
	}
	col := 0
	if l.far < len(toks) {
		col = toks[l.far].col
	} else if n := len(toks); n > 0 {
		col = toks[n-1].col + len(toks[n-1].text)
	}
	if ses != nil {
		ses.counter--
		col += len(x.prompt(ses))
		ses.counter++
	}
	return strings.Repeat(" ", col) + "^\n%% Invalid input detected at '^' marker.\n"
}

func (*exos) preamble(*session, *command) string { return "" }
func (*exos) pager() string                      { return "Press <SPACE> to continue or <Q> to quit:" }

func (x *exos) bootText() []string {
	return []string{
		Banner, "Rebooting...", "", "Reprise simulator boot loader", "Starting ExtremeXOS " + x.sw.cfg.Version,
		"Loading the simulated system ...", "(pending-AAA) login: ",
	}
}

func (*exos) readyText() string {
	return "\nAuthentication Service (AAA) on the master node is now available for login.\n"
}

func (x *exos) linkEvent(p string, up bool) (severity, event, message string) {
	if up {
		return "Info", "vlan.msgs.portLinkStateUp", "Port " + p + " link UP at speed 1 Gbps and full-duplex"
	}
	return "Info", "vlan.msgs.portLinkStateDown", "Port " + p + " link down"
}

func (x *exos) logLine(e logEntry) string {
	slot := ""
	if x.sw.cfg.Slots > 0 {
		slot = "Slot-1: "
	}
	return fmt.Sprintf("%s <%s:%s> %s%s", exosStamp(e.Time), e.Severity, e.Event, slot, e.Message)
}

func exosStamp(t time.Time) string {
	return t.Format("01/02/2006 15:04:05.") + fmt.Sprintf("%02d", t.Nanosecond()/10_000_000)
}

// greet asks the questionnaire of a switch that has never been configured.
func (x *exos) greet(ses *session) error {
	s := x.sw
	s.mu.Lock()
	ask := s.cfg.FirstBoot && !s.asked && !ses.user.ReadOnly
	s.asked = s.asked || ask
	s.mu.Unlock()
	if !ask {
		return nil
	}
	if err := ses.print("This switch has no configuration yet. Answer q to keep the defaults.\n\n"); err != nil {
		return err
	}
	for _, q := range []struct{ text, line string }{
		{"Would you like to disable MSTP?", "disable stpd s0"},
		{"Would you like to learn about the enhanced security mode?", ""},
		{"Would you like to disable Telnet?", "disable telnet"},
		{"Would you like to enable SNMPv1/v2c?", "enable snmp access snmp-v1v2c"},
		{"Would you like to enable SNMPv3?", "enable snmp access snmpv3"},
		{"Would you like unconfigured ports to be turned off by default?", "disable ports all"},
		{"Would you like to configure the failsafe account now?", ""},
	} {
		if err := ses.print(q.text + " [y/N/q]: "); err != nil {
			return err
		}
		key, err := ses.key()
		if err != nil {
			return err
		}
		word := map[byte]string{'y': "Yes", 'q': "Quit"}[key]
		if word == "" {
			word = "No"
		}
		if err := ses.print(word + "\n"); err != nil {
			return err
		}
		if key == 'q' {
			break
		}
		if key == 'y' && q.line != "" {
			s.mu.Lock()
			s.execute(&call{sw: s, line: q.line})
			s.mu.Unlock()
		}
	}
	return ses.print("\n")
}

// load applies saved lines and gives back those that are refused.
func (x *exos) load(text string) []string {
	var refused []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		c := &call{sw: x.sw, line: line}
		x.sw.execute(c)
		if c.failed || c.cmd != nil && !c.cmd.writes {
			refused = append(refused, line)
		}
	}
	return refused
}
