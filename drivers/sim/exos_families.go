package sim

import "strings"

// exosFamilies lists the kinds of configuration lines that are kept as they are, under the
// module that prints them. A line of none of these and of no modelled command is refused.
func exosFamilies() []family {
	on := func(section, what string) family {
		return family{pattern: "verb:enable|disable " + what, section: section, toggle: "enable"}
	}
	off := func(section, what string) family {
		return family{pattern: "verb:enable|disable " + what, section: section, toggle: "disable"}
	}
	conf := func(section, pattern string, key int) family {
		return family{pattern: "configure " + pattern, section: section, key: key}
	}
	unconf := func(section, pattern, drops string) family {
		return family{pattern: "unconfigure " + pattern, section: section, drops: drops}
	}
	return []family{
		// OSPF
		on("ospf", "ospf"), conf("ospf", "ospf routerid <id>", 3), conf("ospf", "ospf add vlan <vlan> area <area> [ <rest..> ]", 5),
		{pattern: "configure ospf delete vlan <vlan>", section: "ospf", drops: "configure ospf add vlan {vlan}"},
		{pattern: "create ospf area <area>", section: "ospf"},
		{pattern: "delete ospf area <area>", section: "ospf", needs: "create ospf area {area}", drops: "create ospf area {area}"},
		conf("ospf", "ospf vlan <vlan> what:cost|priority|timer|authentication|bfd <rest..>", 5), conf("ospf", "ospf area <area> <rest..>", 5),
		conf("ospf", "ospf what:spf-hold-time|metric-table|ase-limit|lsa-batch-interval <rest..>", 3),
		on("ospf", "ospf export what:direct|static|bgp|rip|i-bgp|e-bgp <rest..>"), on("ospf", "ospf capability opaque-lsa"),
		unconf("ospf", "ospf", "configure ospf"),
		// BGP
		conf("bgp", "bgp AS-number <as>", 3), conf("bgp", "bgp routerid <id>", 3), on("bgp", "bgp"),
		{pattern: "create bgp neighbor <peer> remote-AS-number <as> [ <rest..> ]", section: "bgp", key: 4},
		{pattern: "delete bgp neighbor <peer>", section: "bgp", needs: "create bgp neighbor {peer}", drops: "* bgp neighbor {peer}"},
		{pattern: "configure bgp neighbor <peer> <what> [ <rest..> ]", section: "bgp", key: 5, needs: "create bgp neighbor {peer}"},
		{pattern: "verb:enable|disable bgp neighbor <peer>", section: "bgp", toggle: "enable", needs: "create bgp neighbor {peer}"},
		conf("bgp", "bgp add network <rest..>", 0),
		{pattern: "configure bgp delete network <rest..>", section: "bgp", drops: "configure bgp add network {rest}"},
		on("bgp", "bgp export what:direct|static|ospf|rip [ <rest..> ]"), conf("bgp", "bgp what:maximum-paths|med|local-preference|restart <rest..>", 3),
		// spanning tree
		{pattern: "create stpd <stpd>", section: "stp"},
		{pattern: "delete stpd <stpd>", section: "stp", needs: "create stpd {stpd}", drops: "* stpd {stpd}"},
		{pattern: "verb:enable|disable stpd [ <stpd> ]", section: "stp", toggle: "enable"},
		conf("stp", "stpd <stpd> mode <rest..>", 4), conf("stp", "stpd <stpd> tag <tag:int>", 4), conf("stp", "stpd <stpd> add vlan <vlan> ports <ports> [ <rest..> ]", 7),
		{pattern: "configure stpd <stpd> delete vlan <vlan> ports <ports>", section: "stp", drops: "configure stpd {stpd} add vlan {vlan}"},
		conf("stp", "stpd <stpd> what:priority|maxage|hellotime|forwarddelay|default-encapsulation|max-hop-count|description|bpdu-forwarding <rest..>", 4),
		conf("stp", "stpd <stpd> ports <rest..>", 6),
		{pattern: "verb:enable|disable stpd <stpd> ports <ports>", section: "stp", toggle: "disable"},
		{pattern: "verb:enable|disable stpd <stpd> auto-bind vlan <vlan>", section: "stp", toggle: "enable"},
		conf("stp", "mstp <rest..>", 3),
		// VRRP
		{pattern: "create vrrp vlan <vlan> vrid <id:int>", section: "vrrp"},
		{pattern: "delete vrrp vlan <vlan> vrid <id:int>", section: "vrrp", needs: "create vrrp vlan {vlan} vrid {id}", drops: "* vrrp vlan {vlan} vrid {id}"},
		{pattern: "configure vrrp vlan <vlan> vrid <id:int> add <rest..>", section: "vrrp", needs: "create vrrp vlan {vlan} vrid {id}"},
		{pattern: "configure vrrp vlan <vlan> vrid <id:int> delete <rest..>", section: "vrrp", drops: "configure vrrp vlan {vlan} vrid {id} add {rest}"},
		{
			pattern: "configure vrrp vlan <vlan> vrid <id:int> what:priority|advertisement-interval|preempt|dont-preempt|version|accept-mode|authentication|track-mode [ <rest..> ]",
			section: "vrrp", key: 7, needs: "create vrrp vlan {vlan} vrid {id}",
		},
		{pattern: "verb:enable|disable vrrp [ vlan <vlan> vrid <id:int> ]", section: "vrrp", toggle: "enable"},
		// ELRP, EAPS, ERPS, ESRP
		on("elrp", "elrp-client"),
		conf("elrp", "elrp-client periodic <vlan> ports <ports> interval <n:int> [ seconds ] [ what:log|log-and-trap|disable-port|print [ <rest..> ] ]", 4),
		{pattern: "unconfigure elrp-client <vlan>", section: "elrp", drops: "configure elrp-client periodic {vlan}"},
		{pattern: "configure elrp-client one-shot <vlan> ports <ports> <rest..>", section: "elrp", key: 4},
		conf("elrp", "elrp-client disable-port|disable-ports <rest..>", 4),
		{pattern: "create eaps [ shared-port ] <name>", section: "eaps"},
		{pattern: "delete eaps <name>", section: "eaps", drops: "* eaps {name}"},
		conf("eaps", "eaps <name> <what> <rest..>", 0), on("eaps", "eaps [ <name> ]"),
		{pattern: "create erps ring <name>", section: "erps"},
		{pattern: "delete erps <name>", section: "erps", drops: "* erps {name}"},
		conf("erps", "erps <name> <what> <rest..>", 0), on("erps", "erps [ <name> ]"),
		{pattern: "create esrp <name> [ <rest..> ]", section: "esrp"},
		conf("esrp", "esrp <name> <rest..>", 0), on("esrp", "esrp [ <name> ]"),
		// discovery, aggregation, MLAG
		conf("edp", "edp <rest..>", 3), conf("lldp", "lldp <rest..>", 0), conf("lacp", "lacp <rest..>", 0),
		conf("vlan", "sharing <port> lacp what:timeout|system-priority|activity-mode|defaulted-state-action|key <rest..>", 5),
		conf("vlan", "sharing <port> minimum-active <n:int>", 4), conf("vlan", "sharing <port> health-check <rest..>", 0),
		conf("vsm", "mlag peer <peer> what:lacp-mac|interval|alternate|authentication <rest..>", 5), conf("vsm", "mlag ports <rest..>", 4),
		{pattern: "unconfigure mlag peer <peer> what:lacp-mac|interval", section: "vsm", drops: "configure mlag peer {peer} {what}"},
		// VLAN and ports
		conf("vlan", "ip-mtu <n:int> vlan <vlan>", 0), conf("vlan", "vlan <vlan> description <rest..>", 4), conf("vlan", "vlan <vlan> what:qosprofile|protocol|priority|udp-profile|suppress <rest..>", 4),
		conf("vlan", "ports <ports> what:rate-limit|partition|preferred-medium|far-end-fault-indication|description-string|debounce|slow-jumbo <rest..>", 4),
		conf("vlan", "ports <ports> rate-limit flood kind:broadcast|multicast|unknown-destmac <rest..>", 6),
		conf("vlan", "jumbo-frame-size <n:int>", 2), conf("vlan", "vr <vr> what:add|delete ports <ports>", 0), conf("vlan", "vr <vr> what:add|delete protocol <rest..>", 0),
		off("vlan", "learning port|ports <ports>"), on("vlan", "loopback-mode vlan <vlan>"), on("vlan", "flow-control <rest..>"),
		{pattern: "create vr|virtual-router <vr> [ <rest..> ]", section: "vlan"},
		{pattern: "delete vr <vr>", section: "vlan", drops: "create vr {vr}"},
		{pattern: "create private-vlan <name> [ <rest..> ]", section: "vlan"},
		conf("vlan", "private-vlan <name> <rest..>", 0),
		off("vlan", "igmp [ snooping ] [ vlan <vlan> ]"), on("mcmgr", "ipmcforwarding [ <rest..> ]"), conf("mcmgr", "igmp <rest..>", 3), on("mcmgr", "igmp|mvr <rest..>"),
		off("fdb", "flooding <rest..>"), conf("fdb", "fdb|iparp|mac-locking <rest..>", 3), conf("fdb", "fdb agingtime <n:int>", 3),
		{pattern: "create fdbentry <rest..>", section: "fdb"},
		on("fdb", "mac-locking <rest..>"), on("fdb", "snmp traps fdb <rest..>"),
		// routing
		conf("rtmgr", "iproute add <prefix> <gateway> [ <rest..> ]", 0),
		{pattern: "configure iproute delete <rest..>", section: "rtmgr", drops: "configure iproute add {rest}"},
		conf("rtmgr", "iproute priority <rest..>", 4), on("rtmgr", "iproute <rest..>"), on("rtmgr", "icmp|irdp|udp-echo-server <rest..>"), on("rip", "rip"), conf("rip", "rip <rest..>", 0),
		on("rtmgr", "ipforwarding ipv6 [ vlan <vlan> ]"), conf("bfd", "bfd <rest..>", 0), on("bfd", "bfd <rest..>"),
		// power over Ethernet
		on("poe", "inline-power legacy [ <rest..> ]"), off("poe", "inline-power [ ports <ports> ]"),
		conf("poe", "inline-power what:disconnect-precedence|usage-threshold|detection|reserved [ <rest..> ]", 3),
		conf("poe", "inline-power what:operator-limit|priority|label <value> ports <ports>", 0), unconf("poe", "inline-power what:disconnect-precedence|usage-threshold", "configure inline-power {what}"),
		// access, management, log
		conf("aaa", "radius <rest..>", 3), conf("aaa", "radius-accounting <rest..>", 3), conf("aaa", "tacacs <rest..>", 3), on("aaa", "radius|tacacs [ <rest..> ]"),
		conf("aaa", "account <name> <rest..>", 3), conf("aaa", "failsafe-account [ <rest..> ]", 2), conf("netLogin", "netlogin <rest..>", 0), on("netLogin", "netlogin <rest..>"),
		conf("snmpMaster", "snmp what:sysContact|sysLocation <text..>", 3), conf("snmpMaster", "snmp what:add|delete <rest..>", 0), conf("snmpMaster", "snmpv3 <rest..>", 0),
		on("snmpMaster", "snmp [ <rest..> ]"), conf("netTools", "what:dns-client|sntp-client|bootprelay <rest..>", 0), on("netTools", "what:sntp-client|bootprelay|dhcp|bootp|dns-client [ <rest..> ]"),
		conf("ntp", "ntp <rest..>", 0), on("ntp", "ntp [ <rest..> ]"), conf("devmgr", "timezone <rest..>", 2), conf("devmgr", "banner|slot|stacking|power|node <rest..>", 3),
		conf("ems", "what:log|syslog <rest..>", 0), on("ems", "what:log|syslog|cli-config-logging <rest..>"), on("ems", "what:syslog|cli-config-logging"),
		off("telnetd", "telnet"), on("telnetd", "ssh2"), conf("telnetd", "telnet|ssh2|web <rest..>", 3), on("telnetd", "web <kind>"), conf("epm", "cli <rest..>", 3), off("epm", "idletimeout|cpu-monitoring"),
		conf("epm", "idletimeout <n:int>", 2), conf("techSupport", "tech-support <rest..>", 0), on("techSupport", "tech-support <rest..>"),
		// access lists, policies, fabric attach, loop guard
		conf("acl", "access-list <rest..>", 0),
		{pattern: "create access-list <name> <rest..>", section: "acl", key: 3},
		on("policy", "policy [ <rest..> ]"), conf("policy", "policy <rest..>", 0),
		conf("lldp", "fabric attach <rest..>", 0), on("lldp", "fabric attach [ <rest..> ]"), on("hal", "slpp [ guard ] [ <rest..> ]"), conf("hal", "slpp <rest..>", 0), conf("hal", "forwarding <rest..>", 3),
		conf("hal", "qosscheduler|qosprofile|dot1p|diffserv|mirror <rest..>", 3), on("hal", "dot1p|diffserv|mirror <rest..>"),
		{pattern: "create qosprofile <name>", section: "hal"},
		{pattern: "create mirror <name> [ <rest..> ]", section: "hal"},
		on("dosprotect", "dos-protect [ <rest..> ]"), conf("dosprotect", "dos-protect <rest..>", 0), on("ipSecurity", "ip-security <rest..>"), conf("ipSecurity", "ip-security <rest..>", 0),
		on("eaps", "mrp <rest..>"), on("vpex", "vpex [ <rest..> ]"), conf("vpex", "vpex <rest..>", 0),
		{pattern: "create ldap|meter|l2pt|upm|event <rest..>", section: "otm"},
		conf("otm", "meter|upm|xml-notification <rest..>", 0),
	}
}

// familyCommands makes commands of the families.
func (x *exos) familyCommands() []command {
	families := exosFamilies()
	cmds := make([]command, 0, len(families))
	for _, f := range families {
		cmds = append(cmds, command{pattern: f.pattern, writes: true, run: func(c *call) { x.keep(c, f) }})
	}
	return cmds
}

// keep changes the lines of a family after checking what can be checked: that the VLAN and
// the ports are there, and the object that the line is about.
func (x *exos) keep(c *call, f family) {
	vlan := ""
	if c.args["vlan"] != "" {
		v := x.vlanArg(c)
		if v == nil {
			return
		}
		vlan = v.name
	}
	if p := c.args["ports"]; p != "" && x.portsArg(c, "ports") == nil {
		return
	}
	if need := fill(f.needs, c.args); need != "" && !x.lines.has(f.section, need) {
		_, object, _ := strings.Cut(need, " ")
		c.fail("Error: %s does not exist.", object)
		return
	}
	if d := c.args["stpd"]; d != "" && d != "s0" && !strings.HasPrefix(f.pattern, "create") && !x.lines.has("stp", "create stpd "+d) {
		c.fail("Error: stpd %s does not exist.", d)
		return
	}
	text := strings.Join(c.canon, " ")
	switch {
	case f.drops != "":
		x.dropLines(fill(f.drops, c.args), f.section)
	case f.toggle != "":
		_, what, _ := strings.Cut(text, " ")
		if c.args["verb"] == f.toggle {
			x.lines.set(f.section, what, text, vlan)
		} else {
			x.lines.unset(f.section, what)
		}
	default:
		if strings.HasPrefix(text, "create ") && x.lines.has(f.section, keyOf(c.canon, f.key)) {
			_, object, _ := strings.Cut(keyOf(c.canon, f.key), " ")
			c.fail("Error: %s already exists.", object)
			return
		}
		x.lines.set(f.section, keyOf(c.canon, f.key), text, vlan)
	}
}

func keyOf(words []string, n int) string {
	if n == 0 || n > len(words) {
		n = len(words)
	}
	return strings.Join(words[:n], " ")
}

// dropLines removes lines by their beginning; "* " stands for any verb.
func (x *exos) dropLines(prefix, section string) {
	object, anyVerb := strings.CutPrefix(prefix, "* ")
	if !anyVerb {
		x.lines.removePrefix(section, prefix)
		return
	}
	for _, verb := range []string{"create", "configure", "enable", "disable"} {
		x.lines.removePrefix(section, verb+" "+object)
	}
}
