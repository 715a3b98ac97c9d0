package sim

import (
	"fmt"
	"slices"
	"strings"
)

// showL2Commands are ports, aggregation, MLAG, spanning tree, loops and neighbours.
func (x *exos) showL2Commands() []command {
	none := func(text string) func(*call) { return func(c *call) { c.printf("%s", text) } }
	return []command{
		{pattern: "show port|ports [ no-refresh ]", run: x.showPorts},
		{pattern: "show port|ports <ports> [ no-refresh ]", run: x.showPorts},
		{pattern: "show port|ports [ <ports> ] configuration [ no-refresh ]", run: x.showPortConfig},
		{pattern: "show port|ports [ <ports> ] information [ detail ] [ no-refresh ]", run: x.showPortInformation},
		{pattern: "show port|ports [ <ports> ] description", run: x.showPortDescription},
		{pattern: "show port|ports [ <ports> ] rxerror|rxerrors [ no-refresh ]", run: func(c *call) {
			x.showCounters(c, "Port Rx Error monitor", []string{"Crc", "Over", "Under", "Fragment", "Jabber", "Align", "Lost"})
		}},
		{pattern: "show port|ports [ <ports> ] txerror|txerrors [ no-refresh ]", run: func(c *call) {
			x.showCounters(c, "Port Tx Error monitor", []string{"Coll", "Late Coll", "Deferred", "Errors", "Lost", "Parity"})
		}},
		{pattern: "show port|ports [ <ports> ] statistics [ no-refresh ]", run: func(c *call) {
			x.showCounters(c, "Port Statistics", []string{"Tx Pkt", "Tx Byte", "Rx Pkt", "Rx Byte", "Rx Bcast", "Rx Mcast"})
		}},
		{pattern: "show port|ports [ <ports> ] congestion [ no-refresh ]", run: func(c *call) {
			x.showCounters(c, "Port Congestion Monitor", []string{"Packet Drop"})
		}},
		{pattern: "show sharing [ detail ]", run: x.showSharing},
		{pattern: "show port|ports [ <ports> ] sharing", run: x.showSharing},
		{pattern: "show lacp", run: x.showLACP},
		{pattern: "show lacp counters", run: func(c *call) {
			c.printf("LACP PDUs dropped on non-LACP ports : 0\nLACP Bulk checkpointed msgs sent   : 0\n\nLag        Member     Rx       Rx Drop  Rx Drop  Rx Drop  Tx       Tx\nGroup      Port       Ok       PDU Err  Not Up   Same MAC Sent Ok  Xmit Err\n%s\n", strings.Repeat("-", 78))
			for _, m := range x.shareMasters() {
				for _, p := range x.shares[m].members {
					c.printf("%-10s %-10s 0        0        0        0        0        0\n", m, p)
				}
			}
		}},
		{pattern: "show lacp lag <port> [ detail ]", run: x.showLAG},
		{pattern: "show mlag peer [ <peer> ]", run: x.showMLAGPeer},
		{pattern: "show mlag port|ports", run: x.showMLAGPorts},
		{pattern: "show stpd [ detail ]", run: x.showSTP},
		{pattern: "show stpd <stpd> [ detail ]", run: x.showSTPDomain},
		{pattern: "show stpd <stpd> ports [ <rest..> ]", run: x.showSTPPorts},
		{pattern: "show fdb [ stats ]", run: none("MAC                                      VLAN Name( Tag)  Age  Flags          Port / Virtual Port List\n" +
			strings.Repeat("-", 92) + "\n\nFlags : d - Dynamic, s - Static, p - Permanent, n - NetLogin, m - MAC, i - IP,\n        x - IPX, l - lockdown MAC, L - lockdown-timeout MAC\n\n" +
			"Total: 0 Static: 0  Perm: 0  Dyn: 0  Dropped: 0  Locked: 0  Locked with Timeout: 0\nFDB Aging time: 300\n")},
		{pattern: "show edp [ ports|port <ports> ]", run: x.showEDP},
		{pattern: "show lldp", run: none("LLDP transmit interval          : 30 seconds\nLLDP transmit hold multiplier   : 4\nLLDP transmit delay             : 2 seconds\n")},
		{pattern: "show lldp [ ports|port <ports> ] neighbors [ detailed ]", run: x.showLLDP},
		{pattern: "show elrp", run: x.showELRP},
		{pattern: "show elrp disabled-ports", run: none("No ports are disabled by ELRP.\n")},
		{pattern: "show slpp guard", run: none("SLPP Guard: no port is disabled.\n")},
		{pattern: "show fabric attach assignments", run: x.showAssignments},
		{pattern: "show fabric attach elements", run: none("System Id               Port    VLAN Type\n" + strings.Repeat("-", 78) + "\n")},
		{pattern: "show eaps [ detail ]", run: none("EAPS Enabled: No\nNumber of EAPS instances: 0\n")},
	}
}

// chosen are the ports that the command names, or all.
func (x *exos) chosen(c *call) []string {
	if c.args["ports"] == "" {
		return x.set.names
	}
	return x.portsArg(c, "ports")
}

func (x *exos) linkLetter(p string) string {
	if x.sw.oper(p) {
		return "A"
	}
	return "R"
}

func (x *exos) stateLetter(p string) string {
	if x.portCfg[p].disabled {
		return "D"
	}
	return "E"
}

func (x *exos) vlanOf(p string) string {
	var names []string
	for _, n := range x.vlanNames() {
		if v := x.vlans[n]; v.tagged[p] || v.untagged[p] {
			names = append(names, n)
		}
	}
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("(%04d)", len(names))
}

func (x *exos) showPorts(c *call) {
	rule := strings.Repeat("=", 78)
	c.printf("Port Summary\nPort     Display              VLAN Name          Port  Link  Speed  Duplex\n#        String               (or # VLANs)       State State Actual Actual\n%s\n", rule)
	for _, p := range x.chosen(c) {
		speed, duplex := "", ""
		if x.sw.oper(p) {
			speed, duplex = "1000", "FULL"
		}
		c.printf("%-8s %-20.20s %-18.18s %-5s %-5s %-6s %s\n", p, x.portCfg[p].display, x.vlanOf(p), x.stateLetter(p), x.linkLetter(p), speed, duplex)
	}
	c.printf("%s\n   > indicates Port Display Name truncated past 20 characters\n   Port State: D-Disabled, E-Enabled, L-Loopback, F-Link-Flap Disabled\n   Link State: A-Active, R-Ready, NP-Port Not Present, L-Loopback\n", rule)
}

func (x *exos) showPortConfig(c *call) {
	rule := strings.Repeat("=", 80)
	c.printf("Port Configuration\nPort     Virtual    Port  Link  Auto   Speed      Duplex   Flow  Load   Media\n         router     State State Neg  Cfg Actual Cfg Actual Cntrl Master Pri Red\n%s\n", rule)
	for _, p := range x.chosen(c) {
		auto, cfg, actual, duplex := "ON", "AUTO", "", ""
		if f := strings.Fields(x.portCfg[p].auto); len(f) > 0 && f[0] == "off" {
			auto, cfg = "OFF", "1000"
			if i := slices.Index(f, "speed"); i >= 0 && i+1 < len(f) {
				cfg = f[i+1]
			}
		}
		if x.sw.oper(p) {
			actual, duplex = "1000", "FULL"
		}
		master := x.masterOf(p)
		c.printf("%-8s VR-Default  %-5s %-5s %-4s %-5s%-6s AUTO %-5s NONE  %-6s UTP\n", p, x.stateLetter(p), x.linkLetter(p), auto, cfg, actual, duplex, master)
	}
	c.printf("%s\n      > indicates Port Display Name truncated past 8 characters\n      Link State: A-Active, R-Ready, NP-Port Not Present, L-Loopback\n      Port State: D-Disabled, E-Enabled, L-Loopback\n", rule)
}

func (x *exos) showPortInformation(c *call) {
	if slices.Contains(c.canon, "detail") {
		for _, p := range x.chosen(c) {
			n := x.sw.ports[p]
			c.printf("Port:   %s\n        Virtual-router: VR-Default\n        Type:           UTP\n        Random Early drop:      Unsupported\n        Admin state:    %s\n        Link State:     %s\n        Link Ups:       %d\n        Link Downs:     %d\n        VLAN cfg:       %s\n\n",
				p, onOff(!x.portCfg[p].disabled), map[string]string{"A": "Active", "R": "Ready"}[x.linkLetter(p)], n.ups, n.downs, x.vlanOf(p))
		}
		return
	}
	c.printf("Port Flags            Link       ELSM Link Num Num  Num   Jumbo QOS     Load\n                      State      /OAM UPs  STP VLAN Proto Size  profile Master\n%s\n", strings.Repeat("=", 80))
	for _, p := range x.chosen(c) {
		flags := "Em------e--fMB---x"
		if x.portCfg[p].disabled {
			flags = "Dm------e--fMB---x"
		}
		link := map[string]string{"A": "active", "R": "ready"}[x.linkLetter(p)]
		vlans := 0
		for _, v := range x.vlans {
			if v.tagged[p] || v.untagged[p] {
				vlans++
			}
		}
		c.printf("%-4s %-16s %-10s - / - %-5d 0   %-4d 1     9216  none    %s\n", p, flags, link, x.sw.ports[p].ups, vlans, x.masterOf(p))
	}
	c.printf("%s\n", strings.Repeat("=", 80))
}

func (x *exos) showPortDescription(c *call) {
	c.printf("Port     Display String          Description String\n%s\n", strings.Repeat("=", 78))
	for _, p := range x.chosen(c) {
		c.printf("%-8s %-23.23s\n", p, x.portCfg[p].display)
	}
	c.printf("%s\n", strings.Repeat("=", 78))
}

// showCounters prints a table of counters, all zero: nothing is ever sent.
func (x *exos) showCounters(c *call, title string, columns []string) {
	c.printf("%s\nPort     Link", title)
	for _, col := range columns {
		c.printf(" %9s", col)
	}
	c.printf("\n%s\n", strings.Repeat("=", 78))
	for _, p := range x.chosen(c) {
		c.printf("%-8s %-4s", p, x.linkLetter(p))
		for range columns {
			c.printf(" %9d", 0)
		}
		c.printf("\n")
	}
	c.printf("%s\n   > indicates Port Display Name truncated past 8 characters\n   Link State: A-Active, R-Ready, NP-Port Not Present, L-Loopback\n", strings.Repeat("=", 78))
}

// aggregating says whether a member carries the group: a static one does with its link, an
// LACP one never, since nobody speaks LACP here.
func (x *exos) aggregating(master, p string) bool {
	return !x.shares[master].lacp && x.sw.oper(p)
}

func (x *exos) showSharing(c *call) {
	rule := strings.Repeat("=", 78)
	c.printf("Load Sharing Monitor\nConfig    Current    Agg       Ld Share    Ld Share  Agg   Link    Link Up\nMaster    Master     Control   Algorithm   Group     Mbr   State   Transitions\n%s\n", rule)
	for _, m := range x.shareMasters() {
		sh := x.shares[m]
		current, control := "", "Static"
		if sh.lacp {
			control = "LACP"
		}
		for _, p := range sh.members {
			if current == "" && x.aggregating(m, p) {
				current = p
			}
		}
		for i, p := range sh.members {
			mbr := "-"
			if x.aggregating(m, p) {
				mbr = "Y"
			}
			link := x.linkLetter(p)
			if x.portCfg[p].disabled {
				link = "D"
			}
			a, b, d, e := "", "", "", ""
			if i == 0 {
				a, b, d, e = m, current, control, sh.algorithm
			}
			c.printf("%6s    %6s     %-8s  %-10s  %-8s  %-4s  %-6s  %3d\n", a, b, d, e, p, mbr, link, x.sw.ports[p].ups)
		}
	}
	c.printf("%s\nLink State: A-Active, D-Disabled, R-Ready, NP-Port not present, L-Loopback\nNumber of load sharing trunks: %d\n", rule, len(x.shares))
}

func (x *exos) showLACP(c *call) {
	c.printf("LACP Up                : Yes\nLACP Enabled           : Yes\nSystem MAC             : %s\nLACP PDUs dropped on non-LACP ports : 0\n\n", x.sw.cfg.mac())
	c.printf("Lag        Actor    Actor  Partner           Partner  Partner Agg   Actor\n           Sys-Pri  Key    MAC               Sys-Pri  Key     Count MAC\n%s\n", strings.Repeat("-", 80))
	for _, m := range x.shareMasters() {
		if x.shares[m].lacp {
			c.printf("%-10s %7d  0x%04x 00:00:00:00:00:00 %7d  0x0000  %5d %s\n", m, 0, 1000+x.set.index[m]+1, 0, 0, x.sw.cfg.mac())
		}
	}
	c.printf("%s\nPort list:\n\nMember     Port      Rx           Sel          Mux            Actor     Partner\nPort       Priority  State        Logic        State          Flags     Port\n%s\n", strings.Repeat("=", 80), strings.Repeat("-", 80))
	for _, m := range x.shareMasters() {
		if x.shares[m].lacp {
			x.lacpMembers(c, m)
		}
	}
	c.printf("%s\nActor Flags: A-Activity, T-Timeout, G-Aggregation, S-Synchronization\n             C-Collecting, D-Distributing, F-Defaulted, E-Expired\n", strings.Repeat("=", 80))
}

func (x *exos) lacpMembers(c *call, master string) {
	for _, p := range x.shares[master].members {
		rx := "Port Disabled"
		if x.sw.oper(p) {
			rx = "Defaulted"
		}
		c.printf("%-10s %-9d %-12s %-12s %-14s %-9s %d\n", p, 0, rx, "Unselected", "Detached", "A-G---F-", 0)
	}
}

func (x *exos) showLAG(c *call) {
	sh := x.shareArg(c)
	if sh == nil {
		return
	}
	if !sh.lacp {
		c.fail("Error: LACP is not enabled on port %s.", c.args["port"])
		return
	}
	c.printf("Lag        Actor    Actor  Partner           Partner  Partner Agg   Actor\n           Sys-Pri  Key    MAC               Sys-Pri  Key     Count MAC\n%s\n", strings.Repeat("-", 80))
	c.printf("%-10s %7d  0x%04x 00:00:00:00:00:00 %7d  0x0000  %5d %s\n\nMember Port list:\n", c.args["port"], 0, 1000+x.set.index[c.args["port"]]+1, 0, 0, x.sw.cfg.mac())
	x.lacpMembers(c, c.args["port"])
}

func (x *exos) showMLAGPeer(c *call) {
	c.printf("Multi-switch Link Aggregation Peers:\n\n")
	for _, n := range sortedKeys(x.peers) {
		if c.args["peer"] != "" && c.args["peer"] != n {
			continue
		}
		p := x.peers[n]
		addr, local, isc := "0.0.0.0", "0.0.0.0", ""
		if p.address.IsValid() {
			addr = p.address.String()
			for _, vn := range x.vlanNames() {
				if v := x.vlans[vn]; v.address.IsValid() && v.address.Contains(p.address) {
					local, isc = v.address.Addr().String(), vn
				}
			}
		}
		ports := 0
		for _, m := range x.mlagPorts {
			if m.peer == n {
				ports++
			}
		}
		c.printf("MLAG Peer         : %s\nVLAN              : %-20s Virtual Router    : %s\nLocal IP Address  : %-20s Peer IP Address   : %s\nMLAG ports        : %-20d Tx-Interval       : 1000 ms\nCheckpoint Status : %-20s Peer Tx-Interval  : 0 ms\nRx-Hellos         : %-20d Tx-Hellos         : %d\nUp Time           : %-20s Peer Conn.Failures: %d\nAuthentication    : None\n\n",
			n, isc, p.vr, local, addr, ports, "Down", 0, 0, "N/A", 0)
	}
	c.printf("Alternate path information: None\n")
}

func (x *exos) showMLAGPorts(c *call) {
	rule := strings.Repeat("=", 84)
	c.printf("                Local                                             Remote\n MLAG   Local   Link     Remote                           Peer    Fail   Fail\n  Id    Port    State    Link      Peer                  Status   Count  Count\n%s\n", rule)
	for _, p := range x.mlagPortNames() {
		m := x.mlagPorts[p]
		link := x.linkLetter(p)
		if x.portCfg[p].disabled {
			link = "D"
		}
		c.printf("%5d   %-7s %-8s %-9s %-21s %-8s %5d  %5d\n", m.id, p, link, "N/A", m.peer, "Down", 0, 0)
	}
	c.printf("%s\nLocal Link State: A - Active, D - Disabled, R - Ready, NP - Port not present\nRemote Link     : Up - One or more links are active on the remote switch,\n                  Down - No links are active on the remote switch,\n                  N/A - The peer has not communicated link state for this MLAG port\n\nNumber of Multi-switch Link Aggregation Groups  : %d\nConvergence control                             : Conserve Access Lists\nReload Delay Interval                           : 30 seconds\nReload Delay                                    : Disabled\n", rule, len(x.mlagPorts))
}
