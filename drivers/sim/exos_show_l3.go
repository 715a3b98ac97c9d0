package sim

import (
	"strconv"
	"strings"
	"time"
)

// showL3Commands are routing. Protocols are configured and learn nothing.
func (x *exos) showL3Commands() []command {
	return []command{
		{pattern: "show iproute [ <rest..> ]", run: x.showRoutes},
		{pattern: "show iparp [ <rest..> ]", run: func(c *call) {
			c.printf("VR            Destination      Mac                Age  Static  VLAN          VID   Port\n\nDynamic Entries  :          0             Static Entries            :          0\nPending Entries  :          0\nIn Request       :          0             In Response               :          0\nRx Error         :          0             Dup IP Addr               :    0.0.0.0\nMax ARP entries  :       8192\n")
		}},
		{pattern: "show ipconfig [ <rest..> ]", run: x.showIPConfig},
		{pattern: "show ospf", run: x.showOSPF},
		{pattern: "show ospf neighbor [ detail ]", run: func(c *call) {
			c.printf("Neighbor ID     Pri State              Up/Dead Time               Address         Interface\n                                                                                  BDR Address\n%s\n\nTotal number of neighbors: 0 (All neighbors in Full state: 0)\n", strings.Repeat("=", 90))
		}},
		{pattern: "show ospf interfaces [ detail ] [ enabled ]", run: x.showOSPFInterfaces},
		{pattern: "show ospf lsdb|area|ase-summary [ <rest..> ]", run: func(c *call) { c.printf("Total number of entries: 0\n") }},
		{pattern: "show bgp", run: func(c *call) {
			c.printf("Enabled           : %s\nAS                : %s\nRouterId          : %s\n", yesNo(x.lines.has("bgp", "enable bgp")), orZero(x.value("bgp", "configure bgp AS-number ")), orDefault(x.value("bgp", "configure bgp routerid "), "0.0.0.0"))
		}},
		{pattern: "show bgp neighbor [ detail ]", run: x.showBGPNeighbors},
		{pattern: "show vrrp [ detail ]", run: x.showVRRP},
		{pattern: "show bfd [ session ]", run: func(c *call) { c.printf("Number of sessions               : 0\n") }},
		{pattern: "show igmp [ <rest..> ]", run: func(c *call) { c.printf("IGMP Snooping Flag : forward-all-router\nTotal number of groups : 0\n") }},
	}
}

func yesNo(b bool) string {
	if b {
		return "Yes"
	}
	return "No"
}

func orZero(s string) string { return orDefault(s, "0") }

func orDefault(s, d string) string {
	if s == "" {
		return d
	}
	return s
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// value is the rest of the configuration line that begins with prefix.
func (x *exos) value(section, prefix string) string {
	for _, l := range x.lines.section(section) {
		if v, ok := strings.CutPrefix(l, prefix); ok {
			return v
		}
	}
	return ""
}

// vlanUp says whether a VLAN has a link: only then its address is a route.
func (x *exos) vlanUp(v *exosVLAN) bool {
	up, _ := x.vlanPorts(v)
	return !v.disabled && (up > 0 || x.lines.has("vlan", "enable loopback-mode vlan "+v.name))
}

func (x *exos) showRoutes(c *call) {
	c.printf("Ori  Destination        Gateway         Mtr  Flags         VLAN       Duration\n")
	age := time.Since(x.sw.bootTime).Truncate(time.Second)
	d := int(age.Seconds())
	direct, static := 0, 0
	for _, n := range x.vlanNames() {
		v := x.vlans[n]
		if !v.address.IsValid() {
			continue
		}
		ori, flags := " d", "-------um--f-"
		if x.vlanUp(v) {
			ori, flags = "#d", "U------um--f-"
		}
		direct++
		c.printf("%-4s %-18s %-15s %-4d %s %-10.10s %dd:%dh:%dm:%ds\n", ori, v.address.Masked(), v.address.Addr(), 1, flags, n, d/86400, d/3600%24, d/60%60, d%60)
	}
	for _, l := range x.lines.section("rtmgr") {
		f := strings.Fields(l)
		if len(f) < 5 || f[2] != "add" {
			continue
		}
		static++
		dest := f[3]
		if dest == "default" {
			dest = "Default Route"
		}
		c.printf("%-4s %-18s %-15s %-4d %s %-10s %dd:%dh:%dm:%ds\n", " s", dest, f[4], 1, "-G-S---um--f-", "-", d/86400, d/3600%24, d/60%60, d%60)
	}
	c.printf("\nOrigin(Ori): (#) Preferred unicast route, (d) Direct, (s) Static\n\nMask distribution:\n\nRoute Origin distribution:\n     %d routes from Direct         %d routes from Static\n\nTotal number of routes = %d\nTotal number of compressed routes = 0\n", direct, static, direct+static)
}

func (x *exos) showIPConfig(c *call) {
	c.printf("Use Redirects             : Disabled\nIpOption LSRR             : Enabled\n\nVLAN           IP Address         Flags           nSIA\n")
	for _, n := range x.vlanNames() {
		v := x.vlans[n]
		if !v.address.IsValid() {
			continue
		}
		flags := []byte("E---MPuRX-----")
		if x.vlanUp(v) {
			flags[1] = 'U'
		}
		if v.forward {
			flags[2] = 'f'
		}
		c.printf("%-14.14s %-18s %s  0\n", n, v.address, flags)
	}
}

func (x *exos) showOSPF(c *call) {
	c.printf("OSPF                 : %-20s MPLS LSP as Next-Hop: No\nRouterId             : %-20s RouterId Selection  : %s\nASBR                 : %-20s ABR                 : No\nExtLSAs              : %-20d ExtLSAChecksum      : 0x0\nOriginateNewLSAs     : %-20d ReceivedNewLSAs     : 0\nSpfHoldTime          : 3\n",
		onOff(x.lines.has("ospf", "enable ospf")), orDefault(x.value("ospf", "configure ospf routerid "), "0.0.0.0"), "Configured", "No", 0, 0)
}

func (x *exos) showOSPFInterfaces(c *call) {
	c.printf("VLAN             IP Address          AREA ID         Flags  Cost State    Neighbors\n%s\n", strings.Repeat("=", 84))
	n := 0
	for _, l := range x.lines.section("ospf") {
		f := strings.Fields(l)
		if len(f) < 7 || f[2] != "add" {
			continue
		}
		v := x.vlan(f[4])
		if v == nil {
			continue
		}
		addr := "-"
		if v.address.IsValid() {
			addr = v.address.String()
		}
		n++
		c.printf("%-16s %-19s %-15s %-6s %4d %-8s %d\n", v.name, addr, f[6], "-rif-", 4, "DOWN", 0)
	}
	c.printf("\nTotal number of interfaces: %d\n", n)
}

func (x *exos) showBGPNeighbors(c *call) {
	c.printf("Peer                                            AS         Weight State       InMsgs OutMsgs(InQ) Up/Down\n%s\n", strings.Repeat("-", 104))
	n := 0
	for _, l := range x.lines.section("bgp") {
		f := strings.Fields(l)
		if len(f) < 6 || f[0] != "create" {
			continue
		}
		state, flag := "IDLE", "I"
		if x.lines.has("bgp", "enable bgp") && x.lines.has("bgp", "enable bgp neighbor "+f[3]) {
			state = "ACTIVE"
		}
		if f[5] != x.value("bgp", "configure bgp AS-number ") {
			flag = "E"
		}
		n++
		c.printf("%s--- %-43s %-10s %-6d %-11s %-6d %-7d(0)   0:0:0:00\n", flag, f[3], f[5], 1, state, 0, 0)
	}
	c.printf("\nFlags: (d) disabled, (e) enabled, (E) external peer, (I) internal peer\nBGP Peer Statistics\n                  Total Peers         :         %d\n                  EBGP Peers          :         %d\n                  In Established state:         0\n", n, n)
}

func (x *exos) showVRRP(c *call) {
	c.printf("     VLAN Name     VRID Pri Virtual IP Addr     State  Master Mac Address   TP/TR/TV/P/T\n%s\n", strings.Repeat("-", 88))
	n := 0
	for _, l := range x.lines.section("vrrp") {
		f := strings.Fields(l)
		if len(f) != 6 || f[0] != "create" {
			continue
		}
		id := "vlan " + f[3] + " vrid " + f[5]
		n++
		c.printf("%-18s %4s %3s %-19s %-6s 00:00:5e:00:01:%02x    0  0  0 Y 1\n", f[3]+"(En)", f[5], orDefault(x.value("vrrp", "configure vrrp "+id+" priority "), "100"),
			orDefault(x.value("vrrp", "configure vrrp "+id+" add "), "0.0.0.0"), "INIT", atoi(f[5])&255)
	}
	c.printf("\nTotal number of VRRP routers: %d\n", n)
}
