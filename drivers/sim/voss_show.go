package sim

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// title prints the head of a table: a rule, a centred title, a rule.
func (c *call) title(text string) {
	rule := strings.Repeat("=", 100)
	c.printf("\n%s\n%s%s\n%s\n", rule, strings.Repeat(" ", max(0, (100-len(text))/2)), text, rule)
}

func (c *call) rule() { c.printf("%s\n", strings.Repeat("-", 100)) }

// showCommands identify the switch and show its configuration, log and health.
func (v *voss) showCommands() []command {
	return []command{
		{pattern: "show sys-info [ card ]", run: v.showSysInfo},
		{pattern: "show software [ detail ]", run: func(c *call) {
			c.title("software releases in /intflash/release/")
			c.printf("%s.GA (Backup Release)\n%s.GA (Primary Release)\n", v.sw.cfg.Version, v.sw.cfg.Version)
			c.rule()
			c.printf("%s\nAuto Commit     : enabled\nCommit Timeout  : 10 minutes\n", simulatorLine)
		}},
		{pattern: "show running-config [ verbose ] [ module <module> ]", mode: vossPriv, admin: true, run: func(c *call) {
			c.printf("Preparing to Display Configuration...\n#\n# %s\n%s", time.Now().Format("Mon Jan 02 15:04:05 2006 MST"), v.running())
		}},
		{pattern: "show logging file [ tail ] [ <rest..> ]", run: v.showLog},
		{pattern: "show log file [ tail ] [ name-of-file <file> ] [ <rest..> ]", run: v.showLog},
		{pattern: "show cli info", run: func(c *call) {
			c.printf("cli configuration\n\nmore          : %v\nscreen-lines  : %d\ntelnet-sessions : 8\nrlogin-sessions : 8\ntimeout       : 900 seconds\nmonitor duration : 300\nmonitor interval : 5\nuse default login prompt : true\ndefault login prompt     : Login:\n", c.ses.paging, c.ses.rows.Load())
		}},
		{pattern: "show clock [ detail ]", run: func(c *call) { c.printf("%s\n", time.Now().Format("Mon Jan 02 15:04:05 2006 MST")) }},
		{pattern: "show license", run: func(c *call) { c.printf("License Type : PREMIER (simulated)\n%s\n", simulatorLine) }},
		{pattern: "show khi performance memory [ <slot> ]", run: func(c *call) {
			c.printf("Slot:1\n\n        Used: 512000 (KB)\n        Free: 1536000 (KB)\n        Current utilization: 25 %%\n")
			for _, t := range []string{"5-minute average", "5-minute high water mark", "1-hour high water mark", "1-day high water mark", "1-month high water mark", "1-year high water mark"} {
				c.printf("        %s: 25 %%\n", t)
			}
		}},
		{pattern: "show khi performance cpu [ <slot> ]", run: func(c *call) {
			c.printf("Slot:1\n        Current utilization: 3\n        1-minute average utilization: 3\n")
		}},
		{pattern: "show sys power [ <rest..> ]", run: func(c *call) {
			c.title("Chassis Power Information")
			c.printf("PS#  STATUS  TYPE  SERIAL        WATTS\n")
			c.rule()
			c.printf("1    up      AC    SIM00000001   52\n")
		}},
		{pattern: "show poe-main-status|poe-port-status|poe-power-measurement [ <rest..> ]", run: func(c *call) { c.printf("PoE is not supported: this is a simulator.\n") }},
		{pattern: "show boot config flags|choice|general", run: func(c *call) { c.printf("primary config file : /intflash/%s\n", v.configFile()) }},
		{pattern: "show users", run: func(c *call) {
			c.printf("SESSION   USER             ACCESS   IP ADDRESS\n%-9s %-16s %s\n", fmt.Sprint(c.ses.number), c.ses.name, map[bool]string{true: "ro", false: "rwa"}[c.ses.user.ReadOnly])
		}},
	}
}

func (v *voss) showSysInfo(c *call) {
	cfg := v.sw.cfg
	up := time.Since(v.sw.bootTime)
	s := int(up.Seconds())
	c.printf("\nGeneral Info :\n\n\tSysDescr     : %s (%s)\n\tSysName      : %s\n\tSysUpTime    : %d day(s), %02d:%02d:%02d\n\tSysContact   : \n\tSysLocation  : \n\n\t%s\n", cfg.Model, cfg.Version, v.name, s/86400, s/3600%24, s/60%60, s%60, simulatorLine)
	c.printf("\nChassis Info:\n\n\tChassis      : %s\n\tModelName    : %s\n\tBrandName    : Reprise Simulator\n\tSerial#      : %s\n\tH/W Revision : 00\n\tPart Number  : %s\n\tNumSlots     : 1\n\tNumPorts     : %d\n\tBaseMacAddr  : %s\n\tMgmtMacAddr  : %s\n", cfg.Model, cfg.Model, cfg.Serial, cfg.PartNumber, cfg.Ports, cfg.mac(), cfg.mac())
	c.printf("\nPower Supply Info :\n\n\tPs#1 Status  : UP\n\tPs#1 Type    : AC\n\tPs#1 Serial Number : SIM00000001\n\tPs#1 Part Number   : 000000-00-00\n\n\tTotal Power Usage : 52 W\n\nFan Info :\n\n\tTray 1 Fan 1 : UP, 4200 rpm\n\nTemperature Info :\n\n\tZone 1 : 31\n\nSystem Error Info :\n\n\tSend Login Success Trap  : false\n\nPort Lock Info :\n\n\tStatus          : off\n")
}

func (v *voss) showLog(c *call) {
	entries := slices.Clone(v.sw.log.memory)
	for _, e := range v.sw.log.nvram {
		if e.Time.Before(v.sw.bootTime) {
			entries = append(entries, e)
		}
	}
	slices.SortStableFunc(entries, func(a, b logEntry) int { return a.Time.Compare(b.Time) })
	if slices.Contains(c.canon, "tail") {
		slices.Reverse(entries)
	}
	for _, e := range entries {
		c.printf("%s\n", v.logLine(e))
	}
}

// showL2Commands are ports, VLANs, aggregation and neighbours.
func (v *voss) showL2Commands() []command {
	return []command{
		{pattern: "show vlan basic [ <id:int> ]", run: v.showVLANs},
		{pattern: "show vlan members [ <id:int> ]", run: func(c *call) {
			c.title("Vlan Port")
			c.printf("VLAN PORT                 ACTIVE               STATIC               NOT_ALLOW\nID   MEMBER               MEMBER               MEMBER               MEMBER\n")
			c.rule()
			for _, id := range v.vlanIDs() {
				p := v.portsOf(v.vlans[id].members)
				c.printf("%-4d %-20s %-20s\n", id, p, p)
			}
			c.printf("\nAll %d out of %d Total Num of Port Entries displayed\n", len(v.vlans), len(v.vlans))
		}},
		{pattern: "show vlan i-sid [ <id:int> ]", run: func(c *call) {
			c.title("Vlan I-SID")
			c.printf("VLAN_ID    I-SID\n")
			c.rule()
			for _, id := range v.vlanIDs() {
				isid := ""
				if n := v.vlans[id].isid; n != 0 {
					isid = fmt.Sprint(n)
				}
				c.printf("%-10d %s\n", id, isid)
			}
			c.printf("\n%d out of %d Total Num of Vlans displayed\n", len(v.vlans), len(v.vlans))
		}},
		{pattern: "show vlan mac-address-entry [ <rest..> ]", run: func(c *call) {
			c.title("Vlan Fdb")
			c.printf("VLAN            MAC                                    SMLT\nID    STATUS    ADDRESS               INTERFACE        REMOTE   TUNNEL\n")
			c.rule()
			c.printf("\n0 out of 0 entries in all fdb(s) displayed.\n")
		}},
		{pattern: "show mlt [ <id:int> ]", run: v.showMLT},
		{pattern: "show lacp", run: func(c *call) {
			c.title("Lacp Global Information")
			c.printf("                   SystemId:  %s\n                    SmltSysId: 00:00:00:00:00:00\n                       Lacp: %s\n                system-priority: 32768\n", v.sw.cfg.mac(), onOffWord(v.lines.has("", "lacp enable")))
		}},
		{pattern: "show lacp interface [ mlt [ <id:int> ] ]", run: func(c *call) {
			c.title("Mlt Lacp")
			c.printf("MLTID IFINDEX  COLLECTOR  LACP     LACP   OPER\n               MAXDELAY   ADMIN    OPER   LASTCHANGE\n")
			c.rule()
			for _, id := range v.mltIDs() {
				c.printf("%-5d %-8d %-10d %-8s %-6s %s\n", id, 6143+id, 32768, "disable", "down", "0 day(s), 00:00:00")
			}
		}},
		{pattern: "show vlacp", run: func(c *call) {
			c.title("Vlacp Global Information")
			c.printf("                   Multicast address : 01:80:c2:00:00:0f\n                   Vlacp             : %s\n                   Vlacp hold-time   : 0\n", onOffWord(v.lines.has("", "vlacp enable")))
		}},
		{pattern: "show vlacp interface gigabitEthernet|gigabitethernet [ <ports> ]", run: v.showVLACP},
		{pattern: "show lldp neighbor", run: v.showLLDP},
		{pattern: "show lldp neighbor summary", run: v.showLLDPSummary},
		{pattern: "show interfaces gigabitEthernet name [ <ports> ]", run: func(c *call) {
			c.title("Port Name")
			c.printf("PORT                          OPERATE  OPERATE  OPERATE\nNUM      NAME                 STATUS   DUPLX    SPEED    VLAN\n")
			c.rule()
			for _, p := range v.chosen(c) {
				duplex, speed := "half", 0
				if v.sw.oper(p) {
					duplex, speed = "full", 1000
				}
				c.printf("%-8s %-20.20s %-8s %-8s %-8d %s\n", p, v.port[p].name, upDown(v.sw.oper(p)), duplex, speed, "Access")
			}
		}},
		{pattern: "show interfaces gigabitEthernet state [ <ports> ]", run: func(c *call) {
			c.title("Port State")
			c.printf("PORT NUM  ADMINSTATUS  PORTSTATE  REASON         DATE\n")
			c.rule()
			for _, p := range v.chosen(c) {
				reason := "--"
				if v.port[p].shutdown {
					reason = "Admin down"
				}
				c.printf("%-9s %-12s %-10s %-14s %s\n", p, upDown(!v.port[p].shutdown), upDown(v.sw.oper(p)), reason, v.sw.ports[p].since.Format("01/02/06 15:04:05"))
			}
		}},
		{pattern: "show interfaces gigabitEthernet [ interface ] [ <ports> ]", run: func(c *call) {
			c.title("Port Interface")
			c.printf("PORT                            LINK  PORT           PHYSICAL          STATUS\nNUM      INDEX DESCRIPTION      TRAP  LOCK     MTU   ADDRESS           ADMIN  OPERATE\n")
			c.rule()
			for _, p := range v.chosen(c) {
				i := v.set.index[p]
				c.printf("%-8s %-5d %-16s true  false    1950  %s%02x %-6s %s\n", p, 192+i, "1000BaseTX", v.sw.cfg.mac()[:15], i&255, upDown(!v.port[p].shutdown), upDown(v.sw.oper(p)))
			}
		}},
		{pattern: "show interfaces gigabitEthernet auto-sense [ <ports> ]", run: func(c *call) {
			c.title("Port Auto-Sense")
			c.printf("PORT      AUTO-SENSE  AUTO-SENSE\nNUM       ENABLE      STATE\n")
			c.rule()
			for _, p := range v.chosen(c) {
				state := "--"
				if v.port[p].sense {
					state = "PORT-DOWN"
					if v.sw.oper(p) {
						state = "WAIT"
					}
				}
				c.printf("%-9s %-11v %s\n", p, v.port[p].sense, state)
			}
		}},
		{pattern: "show interfaces gigabitEthernet statistics|error [ <rest..> ]", run: func(c *call) {
			c.title("Port Stats Interface")
			c.printf("PORT           IN            OUT           IN            OUT\nNUM            OCTETS        OCTETS        PACKET        PACKET\n")
			c.rule()
			for _, p := range v.set.names {
				c.printf("%-14s %-13d %-13d %-13d %d\n", p, 0, 0, 0, 0)
			}
		}},
	}
}

func onOffWord(b bool) string {
	if b {
		return "enable"
	}
	return "disable"
}

func upDown(b bool) string {
	if b {
		return "up"
	}
	return "down"
}

func (v *voss) chosen(c *call) []string {
	if c.args["ports"] == "" {
		return v.set.names
	}
	return v.portsArg(c)
}

func (v *voss) showVLANs(c *call) {
	c.title("Vlan Basic")
	c.printf("VLAN                         MSTP\nID   NAME             TYPE   INST_ID PROTOCOLID SUBNETADDR      SUBNETMASK      VRFID\n")
	c.rule()
	n := 0
	for _, id := range v.vlanIDs() {
		if c.args["id"] != "" && atoi(c.args["id"]) != id {
			continue
		}
		w := v.vlans[id]
		kind, inst := "byPort", "0"
		if w.kind == "spbm-bvlan" {
			kind, inst = "spbm-b", "62"
		}
		n++
		c.printf("%-4d %-16s %-6s %-7s %-10s %-15s %-15s %d\n", id, w.name, kind, inst, "none", "N/A", "N/A", 0)
	}
	c.printf("\nAll %d out of %d Total Num of Vlans displayed\n", n, len(v.vlans))
}

func (v *voss) showMLT(c *call) {
	c.title("Mlt Info")
	c.printf("                   PORT    MLT   MLT        PORT           VLAN\nMLTID IFINDEX NAME TYPE   ADMIN CURRENT    MEMBERS        IDS\n")
	c.rule()
	n := 0
	for _, id := range v.mltIDs() {
		if c.args["id"] != "" && atoi(c.args["id"]) != id {
			continue
		}
		m := v.mlts[id]
		kind := "norm"
		if v.lines.has(fmt.Sprintf("interface mlt %d", id), "smlt") {
			kind = "smlt"
		}
		ids := strings.Trim(strings.ReplaceAll(fmt.Sprint(slices.Sorted(maps.Keys(m.vlans))), " ", ","), "[]")
		n++
		c.printf("%-5d %-7d %-16s %-6s %-5s %-10s %-14s %s\n", id, 6143+id, m.name, "trunk", kind, "norm", v.portsOf(m.members), ids)
	}
	c.printf("\nAll %d out of %d Total Num of mlt displayed\n", n, len(v.mlts))
}

func (v *voss) showVLACP(c *call) {
	c.title("VLACP Information")
	c.printf("INDEX  ADMIN    OPER     PORT   FAST    SLOW    TIMEOUT  TIMEOUT  ETHER  MAC\n       ENABLED  ENABLED  STATE  TIME    TIME    TIME     SCALE    TYPE   ADDR\n")
	c.rule()
	for _, p := range v.chosen(c) {
		on := v.lines.has("interface gigabitEthernet "+p, "vlacp enable")
		c.printf("%-6s %-8v %-8v %-6s %-7d %-7d %-8s %-8d %-6s %s\n", p, on, false, "DOWN", 500, 30000, "short", 3, "0x8103", "01:80:c2:00:11:00")
	}
}

func (v *voss) neighbours() []Neighbour {
	var out []Neighbour
	for _, n := range v.sw.cfg.Neighbours {
		if n.Protocol == ProtocolLLDP && v.sw.oper(n.Port) {
			out = append(out, n)
		}
	}
	return out
}

func (v *voss) showLLDP(c *call) {
	c.title("LLDP Neighbor")
	for i, n := range v.neighbours() {
		c.printf("\nPort: %-8s  Index    : %-8d             Time: %s\n", n.Port, i+1, v.sw.ports[n.Port].since.Format("0 day(s), 15:04:05"))
		c.printf("                Protocol : LLDP\n                ChassisId: MAC Address        %s\n                PortId   : IfName             %s\n                SysName  : %s\n                SysCap   : Br / Br\n                PortDescr: \n                SysDescr : \n", n.RemoteID, n.RemotePort, n.RemoteName)
	}
	c.printf("\n")
	c.rule()
	c.printf("Total Neighbors : %d\n", len(v.neighbours()))
}

func (v *voss) showLLDPSummary(c *call) {
	c.title("LLDP Neighbor Summary")
	c.printf("LOCAL                IP                 CHASSIS            REMOTE\nPORT     PROT        ADDR               ID                 PORT               SYSNAME\n")
	c.rule()
	for _, n := range v.neighbours() {
		c.printf("%-8s LLDP        %-18s %-18s %-18s %s\n", n.Port, "0.0.0.0", n.RemoteID, n.RemotePort, n.RemoteName)
	}
	c.printf("\nTotal Neighbors : %d\n", len(v.neighbours()))
}

// techCommands are the whole story for support. Its real layout is not public: every section
// stands under the command that gives it.
func (v *voss) techCommands() []command {
	return []command{
		{pattern: "show tech", mode: vossPriv, admin: true, run: v.showTech},
		{pattern: "show fulltech [ <rest..> ]", mode: vossPriv, admin: true, run: v.showTech},
	}
}

func (v *voss) showTech(c *call) {
	c.printf("%s\n", simulatorLine)
	for _, cmd := range []string{
		"show sys-info", "show software", "show license", "show running-config", "show logging file", "show khi performance memory", "show vlan basic", "show vlan members",
		"show vlan i-sid", "show vlan mac-address-entry", "show mlt", "show lacp", "show vlacp", "show lldp neighbor", "show isis", "show isis interface", "show isis adjacencies",
		"show isis spbm", "show virtual-ist", "show ip interface", "show ip route", "show ip arp", "show ip ospf neighbor", "show ip vrrp address", "show fa interface",
		"show interfaces gigabitEthernet name", "show interfaces gigabitEthernet state", "show interfaces gigabitEthernet statistics",
	} {
		c.printf("\n\n%s\n%s\n%s\n", strings.Repeat("#", 84), cmd, strings.Repeat("#", 84))
		inner := &call{sw: c.sw, ses: c.ses, line: cmd}
		v.sw.execute(inner)
		c.out.Write(inner.out.Bytes())
	}
	for i := 0; c.out.Len() < v.sw.cfg.TechSize-200; i++ {
		c.printf("unit 0 table %4d entry %6d value 0x%08x (simulated)\n", i/64, i, hash(fmt.Sprint(i)))
	}
	if c.ses.out != nil && c.ses.out.active && c.ses.out.m.TruncateTail {
		c.out.Truncate(c.out.Len() - c.out.Len()/10)
		_, _ = io.WriteString(&c.out, "\n")
		return
	}
	c.printf("\n%s\nEnd of technical support information\n", strings.Repeat("#", 84))
}
