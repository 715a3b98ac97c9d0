package sim

import (
	"net/netip"
	"strings"
)

// vossAddress is an address of an interface.
type vossAddress struct {
	context string
	prefix  netip.Prefix
}

// addresses are those of VLANs and loopbacks.
func (v *voss) addresses() []vossAddress {
	var out []vossAddress
	for _, context := range v.contexts("interface ") {
		for _, l := range v.lines.section(context) {
			f := strings.Fields(l)
			if len(f) < 4 || f[0] != "ip" || f[1] != "address" {
				continue
			}
			if strings.HasPrefix(context, "interface loopback") && len(f) > 4 { // ip address ID A M
				f = f[1:]
			}
			if p, ok := parseAddress(f[2], f[3]); ok {
				out = append(out, vossAddress{context, p})
			}
		}
	}
	return out
}

// showL3Commands are routing: what is configured, and nothing that was learned.
func (v *voss) showL3Commands() []command {
	empty := func(title, head string) func(*call) {
		return func(c *call) {
			c.title(title)
			c.printf("%s\n", head)
			c.rule()
		}
	}
	return []command{
		{pattern: "show ip interface [ <rest..> ]", run: func(c *call) {
			c.title("IP Interface - GlobalRouter")
			c.printf("INTERFACE            IP              NET             BCASTADDR REASM    VLAN  BROUTER\n                     ADDRESS         MASK            FORMAT    MAXSIZE  ID    PORT\n")
			c.rule()
			for _, a := range v.addresses() {
				f := strings.Fields(a.context)
				c.printf("%-20s %-15s %-15s %-9s %-8d %-5s %s\n", title(f[1])+f[2], a.prefix.Addr(), mask(a.prefix), "ones", 1500, f[2], "false")
			}
			c.printf("\nAll %d out of %d Total Num of IP interfaces displayed\n", len(v.addresses()), len(v.addresses()))
		}},
		{pattern: "show ip route [ <rest..> ]", run: v.showRoutes},
		{pattern: "show ip arp [ <rest..> ]", run: func(c *call) {
			c.title("IP Arp - GlobalRouter")
			c.printf("IP_ADDRESS      MAC_ADDRESS        VLAN  PORT      TYPE    TTL(10 Sec)  TUNNEL\n")
			c.rule()
			for _, a := range v.addresses() {
				c.printf("%-15s %-18s %-5s %-9s %-7s %d\n", a.prefix.Addr(), v.sw.cfg.mac(), strings.Fields(a.context)[2], "-", "LOCAL", 2160)
			}
			c.printf("\n%d out of %d ARP entries displayed\n", len(v.addresses()), len(v.addresses()))
		}},
		{pattern: "show ip ospf", run: func(c *call) {
			c.title("OSPF General - GlobalRouter")
			c.printf("\tRouterId: %s\n\tAdminStat: %s\n\tVersionNumber: 2\n", orDefault(v.ospfValue("router-id "), "0.0.0.0"), onOffWord(v.lines.has("", "router ospf enable"))+"d")
		}},
		{pattern: "show ip ospf neighbor [ <rest..> ]", run: func(c *call) {
			c.title("OSPF Neighbors - GlobalRouter")
			c.printf("INTERFACE        NBRROUTERID      NBRIPADDR        PRIO_STATE    RTXQLEN PERM TTL\n")
			c.rule()
			c.printf("\nTotal ospf neighbors: 0\n")
		}},
		{pattern: "show ip ospf interface [ <rest..> ]", run: func(c *call) {
			c.title("OSPF Interface - GlobalRouter")
			c.printf("INTERFACE        AREAID          ADM   IFST  MET  PRI  DR/BDR             TYPE     AUTHTYPE\n")
			c.rule()
			for _, a := range v.addresses() {
				if v.lines.has(a.context, "ip ospf enable") {
					c.printf("%-16s %-15s %-5s %-5s %-4d %-4d %-18s %-8s %s\n", a.prefix.Addr(), "0.0.0.0", "en", "DOWN", 10, 1, "0.0.0.0", "brdc", "none")
				}
			}
		}},
		{pattern: "show ip ospf lsdb [ <rest..> ]", run: empty("OSPF LSDB - GlobalRouter", "LSTYPE         LINKSTATEID      ADV_ROUTER       AREA             AGE   SEQNBR")},
		{pattern: "show ip vrrp interface [ <rest..> ]", run: v.showVRRP},
		{pattern: "show ip bgp summary|neighbors [ <rest..> ]", run: func(c *call) { c.printf("Total bgp neighbors: 0\n") }},
		{pattern: "show ip vrrp address [ <rest..> ]", run: v.showVRRP},
		{pattern: "show ip vrrp", run: v.showVRRP},
		{pattern: "show ip vrf", run: func(c *call) {
			c.title("VRF INFORMATION")
			c.printf("VRF                 VRF   VLAN  ARP   OSPF  RIP  BGP  NBRVRF\nNAME                ID    COUNT COUNT\n")
			c.rule()
			c.printf("%-19s %-5d %-5d %-5d\n", "GlobalRouter", 0, len(v.vlans), 0)
		}},
	}
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func (v *voss) ospfValue(prefix string) string {
	for _, l := range v.lines.section("router ospf") {
		if rest, ok := strings.CutPrefix(l, prefix); ok {
			return rest
		}
	}
	return ""
}

// contextUp says whether an interface has a link under it.
func (v *voss) contextUp(context string) bool {
	f := strings.Fields(context)
	if f[1] == "loopback" {
		return true
	}
	w := v.vlans[atoi(f[2])]
	if f[1] != "vlan" || w == nil {
		return false
	}
	for p := range w.members {
		if v.sw.oper(p) {
			return true
		}
	}
	return false
}

func (v *voss) showRoutes(c *call) {
	c.title("IP Route - GlobalRouter")
	c.printf("                                                    NH                  INTER\nDST             MASK            NEXT                VRF/ISID     COST FACE   PROT AGE TYPE PRF\n")
	c.rule()
	n := 0
	for _, a := range v.addresses() {
		if v.contextUp(a.context) {
			n++
			c.printf("%-15s %-15s %-19s %-12s %-4d %-6s %-4s %-3d %-4s %d\n", a.prefix.Masked().Addr(), mask(a.prefix), a.prefix.Addr(), "-", 1, strings.Fields(a.context)[2], "LOC", 0, "DB", 0)
		}
	}
	c.printf("\n%d out of %d Total Num of Route Entries, %d Total Num of Dest Networks displayed.\n%s\nTYPE Legend:\nI=Indirect Route, D=Direct Route, A=Alternative Route, B=Best Route, E=Ecmp Route\n", n, n, n, strings.Repeat("-", 100))
}

func (v *voss) showVRRP(c *call) {
	c.title("VRRP Info - GlobalRouter")
	c.printf("VRID P/V   IP              MAC               STATE   CONTROL  PRIO  ADV   VERSION\n")
	c.rule()
	n := 0
	for _, context := range v.contexts("interface vlan ") {
		for _, l := range v.lines.section(context) {
			f := strings.Fields(l)
			if len(f) != 5 || f[1] != "vrrp" || f[2] != "address" {
				continue
			}
			n++
			control := "disabled"
			if v.lines.has(context, "ip vrrp "+f[3]+" enable") {
				control = "enabled"
			}
			c.printf("%-4s %-5s %-15s 00:00:5e:00:01:%02x %-7s %-8s %-5d %-5d %d\n", f[3], strings.Fields(context)[2], f[4], atoi(f[3])&255, "Init", control, 100, 1, 2)
		}
	}
	c.printf("\n%d out of %d Total Num of VRRP Address Entries displayed.\n", n, n)
}
