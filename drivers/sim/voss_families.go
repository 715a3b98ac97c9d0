package sim

import (
	"slices"
	"strings"
)

// vossFamily is one kind of configuration line that is kept as it is, in the context where it
// was given. key is how many words name the setting; 0 means the whole line.
type vossFamily struct {
	in      string
	pattern string
	key     int
}

// vossFamilies lists them. A line of none of these and of no modelled command is refused.
func vossFamilies() []vossFamily {
	var out []vossFamily
	add := func(in string, key int, patterns ...string) {
		for _, p := range patterns {
			out = append(out, vossFamily{in, p, key})
		}
	}
	// everywhere in configuration
	add("", 0, "spbm", "spbm ethertype <v>", "vlacp enable", "lacp enable", "fa enable", "fa discovery-timeout <n>", "ntp", "ntp server <rest..>", "router what:isis|ospf|bgp|rip|vrrp enable",
		"ip route <prefix> [ <rest..> ]", "ip what:arp|prefix-list|dhcp-relay|name-server|domain-name|ecmp|rsmlt|igmp|redistribute <rest..>", "ip routing",
		"snmp-server <what> <rest..>", "logging <rest..>", "syslog <rest..>", "syslog enable", "radius <rest..>", "radius enable", "tacacs <rest..>", "boot config flags <rest..>",
		"password <rest..>", "cli <rest..>", "ssh", "ssh <rest..>", "qos <rest..>", "filter <rest..>", "slpp enable", "slpp <rest..>", "spanning-tree <rest..>",
		"vlan what:i-sid-name|static-mac|nodal <rest..>", "i-sid <rest..>", "isis apply redistribute <rest..>", "route-map <rest..>", "ip vrf <vrf> [ <rest..> ]", "web-server enable",
		"web-server <rest..>", "lldp <rest..>", "auto-sense <rest..>", "endpoint-tracking <rest..>", "mirror-by-port <rest..>", "eapol enable", "nls enable", "linktrace <rest..>", "cfm <rest..>",
		"smlt <rest..>", "link-debounce|link-flap-detect <rest..>", "telnet <rest..>", "ftp <rest..>", "banner <rest..>", "mac-security <rest..>")
	add("", 2, "sys mtu <n:int>", "clock time-zone <rest..>", "snmp-server what:location|contact <rest..>")
	add("", 3, "lacp smlt-sys-id <mac>", "vlan mac-address-entry aging-time <n>")
	// interfaces
	add("interface", 0, "fa", "fa enable", "fa message-authentication", "isis", "isis enable", "isis spbm <n:int>", "vlacp enable", "vlacp fast-periodic-time|slow-periodic-time|timeout|timeout-scale|funcmac-addr <rest..>",
		"lacp enable", "encapsulation dot1q", "smlt", "ip rip|dhcp-relay|rsmlt|igmp|pim [ <rest..> ]", "ip ospf", "ip ospf enable", "ip spb-multicast enable", "ipv6 <rest..>",
		"slpp <rest..>", "slpp-guard enable", "spanning-tree <rest..>", "eapol <rest..>", "flex-uni enable", "untagged-vlan <n>", "default-vlan-id <n>", "ip address <address> <mask> [ <rest..> ]",
		"ip vrrp version <n>", "ip vrrp address <id:int> <address>", "ip vrrp <id:int> what:enable|backup-master [ <rest..> ]", "i-sid <rest..>", "vrf <vrf>", "qos <rest..>", "poe <rest..>", "macsec <rest..>", "brouter <rest..>")
	add("interface", 3, "isis what:hello-auth|l1-metric <rest..>", "ip ospf what:area|priority|cost|mtu-ignore|network|hello-interval|dead-interval|authentication-type <rest..>",
		"isis spbm <n:int> what:l1-metric|interface-type <rest..>")
	add("interface", 2, "lacp what:key|aggregation|priority|mode|timeout-time|partner-key <rest..>", "speed <v>", "duplex <v>", "mtu <n:int>")
	add("interface", 4, "ip vrrp <id:int> what:priority|adver-int|holddown-timer|critical-ip-addr|action <rest..>")
	add("interface", 1, "auto-negotiate [ <rest..> ]", "flow-control <rest..>")
	// protocols
	add("router isis", 0, "spbm <n:int>", "spbm <n:int> multicast enable", "spbm <n:int> what:ip|ipv6 enable", "redistribute <what> [ <rest..> ]", "manual-area <area>", "ipv6 <rest..>", "accept <rest..>", "is-type <v>")
	add("router isis", 3, "spbm <n:int> what:nick-name|b-vid|smlt-peer-system-id|smlt-virtual-bmac|lsdb-trap <rest..>")
	add("router isis", 1, "system-id <id>", "sys-name <name>", "ip-source-address <a>", "ip-tunnel-source-address <rest..>")
	add("router ospf", 0, "network <rest..>", "area <rest..>", "redistribute <rest..>", "as-boundary-router enable", "ipv6 <rest..>")
	add("router ospf", 1, "router-id <id>", "timers <rest..>", "default-cost <rest..>", "rfc1583-compatibility <rest..>")
	for _, r := range []string{"router bgp", "router rip", "router vrrp", "router vrf", "mgmt", "application"} {
		add(r, 0, "network|neighbor|neighbour|ip|ipv6|redistribute|router-id|ipvpn|i-sid|mvpn|isis|aggregate-address|timers|default-metric|ping-virtual-address|force-topology-ip|openapi|enable|iqagent|restconf|zero-touch [ <rest..> ]")
	}
	return out
}

// familyTable makes commands of the families.
func (v *voss) familyTable() []command {
	families := vossFamilies()
	cmds := make([]command, 0, len(families))
	for _, f := range families {
		m := vossConf
		if f.in != "" {
			m = vossSub
		}
		cmds = append(cmds, command{pattern: f.pattern, mode: m, in: f.in, writes: true, run: func(c *call) {
			for _, t := range v.targets(c, f.in) {
				text := strings.Join(c.canon, " ")
				v.lines.unset(t, "no "+text)
				v.lines.set(t, keyOf(c.canon, f.key), text, "")
			}
		}})
	}
	return cmds
}

// targets are the contexts that a line belongs to.
func (v *voss) targets(c *call, in string) []string {
	if in == "" {
		return []string{""}
	}
	return c.ses.targets
}

// noCommands take lines away: `no` and `default` before the beginning of a line.
func (v *voss) noCommands() []command {
	return []command{
		{pattern: "no <rest..>", mode: vossConf, writes: true, run: v.remove},
		{pattern: "default <rest..>", mode: vossConf, writes: true, run: v.remove},
	}
}

func (v *voss) remove(c *call) {
	verb, rest, _ := strings.Cut(strings.TrimSpace(c.line), " ")
	toks := tokenize(rest)
	l := v.families.find(toks, func(cmd *command) bool { return v.allowed(c.ses, cmd) })
	words := l.canon
	if l.command == nil {
		if !l.short {
			c.failed = true
			for i := range toks {
				toks[i].col += len(verb) + 1
			}
			c.printf("%s", v.refuse(c.ses, toks, l))
			return
		}
		words = strings.Fields(rest)
	}
	prefix := strings.Join(words, " ")
	inSub := l.command != nil && l.command.in != "" || l.command == nil && c.ses.mode == vossSub && len(l.next) > 0
	targets := []string{""}
	if inSub {
		targets = c.ses.targets
	}
	for _, t := range targets {
		gone := v.lines.removePrefix(t, prefix)
		if !gone && verb == "no" && slices.Contains([]string{"fa enable", "fa", "auto-negotiate", "flex-uni enable"}, prefix) {
			v.lines.set(t, "no "+prefix, "no "+prefix, "")
		}
	}
}
