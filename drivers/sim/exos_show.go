package sim

import (
	"fmt"
	"strings"
	"time"
)

// showCommands identify the switch and describe its VLANs.
func (x *exos) showCommands() []command {
	return []command{
		{pattern: "show version [ detail ]", run: x.showVersion},
		{pattern: "show version images", run: func(c *call) {
			c.printf("Card   Partition  Installation Date         Version      Name                          Branch\n%s\n", strings.Repeat("-", 94))
			for _, p := range []string{"primary", "secondary"} {
				c.printf("Switch %-10s Thu Jan 01 00:00:00 UTC 2026 %-12s reprise-simulator.xos         %s\n", p, x.sw.cfg.Version, "sim")
			}
		}},
		{pattern: "show switch [ detail ]", run: x.showSwitch},
		{pattern: "show vlan", run: x.showVLANs},
		{pattern: "show vlan detail", run: func(c *call) {
			for _, n := range x.vlanNames() {
				x.showVLAN(c, x.vlans[n])
			}
		}},
		{pattern: "show vlan <vlan>", run: func(c *call) {
			if v := x.vlanArg(c); v != nil {
				x.showVLAN(c, v)
			}
		}},
		{pattern: "show management", run: x.showManagement},
		{pattern: "show session", run: func(c *call) {
			c.printf("                                                       CLI\n    #       Login Time               User     Type    Auth   Auth Location\n%s\n", strings.Repeat("=", 80))
			c.printf("   *%-7d %s %-8s %-7s local  dis\n", c.ses.number, x.sw.bootTime.Format("Mon Jan _2 15:04:05 2006"), c.ses.name, kindName(c.ses.kind))
		}},
		{pattern: "show account|accounts", admin: true, run: func(c *call) {
			c.printf("               User Name Access LoginOK Failed\n%s\n", strings.Repeat("-", 80))
			for _, u := range x.sw.accountsLocked() {
				access := "R/W"
				if u.ReadOnly {
					access = "RO"
				}
				c.printf("%24s %-6s %7d %6d\n", u.Name, access, 0, 0)
			}
		}},
		{pattern: "show system", run: func(c *call) {
			for _, sub := range []string{"show switch", "show version", "show temperature"} {
				c.printf("%s\n", sub)
				x.sub(c, sub)
			}
		}},
	}
}

// sub appends the answer of another command.
func (x *exos) sub(c *call, line string) {
	inner := &call{sw: c.sw, ses: c.ses, line: line}
	x.sw.execute(inner)
	c.out.Write(inner.out.Bytes())
}

func kindName(k Kind) string {
	switch k {
	case KindConsole:
		return "console"
	case KindTelnet:
		return "telnet"
	default:
		return "ssh2"
	}
}

// simulatorLine stands in every command that identifies a switch.
const simulatorLine = "Simulator: Reprise, no data plane"

func (x *exos) showVersion(c *call) {
	cfg := x.sw.cfg
	if cfg.Slots == 0 {
		c.printf("Switch      : %s %s Rev 0.0 BootROM: 1.0.0.0    IMG: %s\n", cfg.PartNumber, cfg.Serial, cfg.Version)
	} else {
		c.printf("Chassis     : 000000-00-00 00000-00000 Rev 0.0\n")
		for slot := 1; slot <= cfg.Slots; slot++ {
			c.printf("Slot-%-7d: %s %s-%d Rev 0.0 BootROM: 1.0.0.0    IMG: %s\n", slot, cfg.PartNumber, cfg.Serial, slot, cfg.Version)
		}
	}
	c.printf("PSU-1       : Internal PSU-1 000000-00-00 SIM00000001\nPSU-2       :\n\n")
	c.printf("%s\n", simulatorLine)
	c.printf("Image   : ExtremeXOS version %s by the Reprise simulator\n", cfg.Version)
	c.printf("          on Thu Jan 1 00:00:00 UTC 2026\nBootROM : Default 1.0.0.0   Alternate 1.0.0.0\nDiagnostics : 1.0\n")
	c.printf("Certified Version : EXOS Linux (simulated)\n")
}

func (x *exos) showSwitch(c *call) {
	cfg := x.sw.cfg
	put := func(k, format string, args ...any) { c.printf("%-17s %s\n", k+":", fmt.Sprintf(format, args...)) }
	put("SysName", "%s", x.name)
	put("SysLocation", "%s", x.snmpText("sysLocation"))
	put("SysContact", "%s", x.snmpText("sysContact"))
	put("System MAC", "%s", strings.ToUpper(cfg.mac()))
	kind := cfg.Model
	if cfg.Slots > 0 {
		kind += " (Stack)"
	}
	put("System Type", "%s", kind)
	c.printf("%s\n", simulatorLine)
	c.printf("\n")
	put("SysHealth check", "Enabled (Normal)")
	put("Recovery Mode", "All")
	put("System Watchdog", "Enabled")
	c.printf("\n")
	now := time.Now()
	put("Current Time", "%s", now.Format("Mon Jan _2 15:04:05 2006"))
	put("Timezone", "[Auto DST Disabled] GMT Offset: 0 minutes, name is UTC.")
	put("Boot Time", "%s", x.sw.bootTime.Format("Mon Jan _2 15:04:05 2006"))
	put("Boot Count", "%d", x.sw.flash.kept.BootCount)
	put("Next Reboot", "None scheduled")
	put("System UpTime", "%s", uptime(now.Sub(x.sw.bootTime)))
	c.printf("\n")
	if cfg.Slots > 0 {
		c.printf("%-17s %-30s %s\n%-17s %-30s %s\n\n", "Slot:", "Slot-1 *", "Slot-2", "", strings.Repeat("-", 24), strings.Repeat("-", 24))
		put("Current State", "%-30s %s", "MASTER", "BACKUP (In Sync)")
	} else {
		put("Current State", "OPERATIONAL")
	}
	put("Image Selected", "primary")
	put("Image Booted", "primary")
	put("Primary ver", "%s", cfg.Version)
	put("Secondary ver", "%s", cfg.Version)
	c.printf("\n")
	text, ok := x.sw.flash.read(x.bootFile())
	put("Config Selected", "%s", x.bootFile())
	if !ok {
		put("Config Booted", "Factory Default")
		return
	}
	put("Config Booted", "%s", x.bootFile())
	c.printf("\n%-17s Created by ExtremeXOS version %s\n%-17s %d bytes\n", x.bootFile(), cfg.Version, "", len(text))
}

func (x *exos) snmpText(what string) string {
	for _, l := range x.lines.section("snmpMaster") {
		if v, ok := strings.CutPrefix(l, "configure snmp "+what+" "); ok {
			return strings.Trim(v, `"`)
		}
	}
	return ""
}

func uptime(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%d days %d hours %d minutes %d seconds", s/86400, s/3600%24, s/60%60, s%60)
}

func (x *exos) showVLANs(c *call) {
	rule := strings.Repeat("-", 110)
	c.printf("Untagged ports auto-move: On\n%s\n%-31s VID  %-18s %-26s Proto  Ports  Virtual\n%-31s %s %-18s %-26s        Active router\n%s\n%s\n",
		rule, "Name", "Protocol Addr", "Flags", "", "    ", "", "", "                                                                                       /Total", rule)
	for _, n := range x.vlanNames() {
		v := x.vlans[n]
		addr := "----------------"
		if v.address.IsValid() {
			addr = v.address.String()
		}
		up, total := x.vlanPorts(v)
		flags := []byte("--------------------------")
		if v.forward {
			flags[1] = 'f'
		}
		if v.disabled {
			flags[0] = 'd'
		}
		vr := "VR-Default"
		if n == "Mgmt" {
			vr = "VR-Mgmt"
		}
		c.printf("%-31s %-4d %-18s %s ANY    %d /%-3d %s\n", n, v.tag, addr, flags, up, total, vr)
	}
	c.printf("%s\nFlags : (d) Disabled, (f) IP Forwarding Enabled\n\nTotal number of VLAN(s) : %d\n", rule, len(x.vlans))
}

func (x *exos) vlanPorts(v *exosVLAN) (up, total int) {
	for _, p := range x.set.names {
		if v.tagged[p] || v.untagged[p] {
			total++
			if x.sw.oper(p) {
				up++
			}
		}
	}
	return up, total
}

func (x *exos) showVLAN(c *call, v *exosVLAN) {
	state := "Enabled"
	if v.disabled {
		state = "Disabled"
	}
	c.printf("VLAN Interface with name %s created by user\n", v.name)
	c.printf("    Admin State:         %-12sTagging:   802.1Q Tag %d\n", state, v.tag)
	c.printf("    Description:         None\n    Virtual router:      VR-Default\n    IPv4 Forwarding:     %s\n", onOff(v.forward))
	if v.address.IsValid() {
		c.printf("    Primary IP:          %s\n", v.address)
	}
	c.printf("    STPD:                None\n    Protocol:            Match all unfiltered protocols\n    Loopback:            Disabled\n    NetLogin:            Disabled\n    QosProfile:          None configured\n")
	up, total := x.vlanPorts(v)
	c.printf("    Ports:       %d.           (Number of active ports=%d)\n", total, up)
	for _, part := range []struct {
		word string
		set  map[string]bool
	}{{"Untag", v.untagged}, {"Tag", v.tagged}} {
		var names []string
		for _, p := range x.set.names {
			if part.set[p] {
				mark := ""
				if x.sw.oper(p) {
					mark = "*"
				}
				names = append(names, fmt.Sprintf("%4s", mark+p))
			}
		}
		for i := 0; i < len(names); i += 12 {
			c.printf("       %6s: %s\n", part.word, strings.Join(names[i:min(i+12, len(names))], ", "))
		}
	}
	c.printf("        Flags:    (*) Active, (!) Disabled, (g) Load Sharing port\n\n")
}

func onOff(b bool) string {
	if b {
		return "Enabled"
	}
	return "Disabled"
}

func (x *exos) showManagement(c *call) {
	rows, cols := int(c.ses.rows.Load()), c.ses.wide
	put := func(k, v string) { c.printf("%-38s: %s\n", k, v) }
	put("CLI idle timeout", "Enabled (20 minutes)")
	put("CLI max number of login attempts", "3")
	put("CLI max number of sessions", "8")
	put("CLI paging", onOff(c.ses.paging)+" (this session only)")
	put("CLI space-completion", "Disabled (this session only)")
	put("CLI configuration logging", "Disabled")
	put("CLI password prompting only", "Disabled")
	put("CLI display moved-keywords", "hidden (this session only)")
	put("CLI scripting", "Disabled (this session only)")
	put("CLI prompting", onOff(c.ses.prompting)+" (this session only)")
	put("CLI screen size", fmt.Sprintf("%d Lines %d Columns (this session only)", rows, cols))
	put("Telnet access", "Enabled (tcp port 23 vr all)")
	put("SSH access", "Enabled (Key valid, tcp port 22 vr all)")
	put("SNMP access", "Disabled")
	put("Dropped", "0")
}
