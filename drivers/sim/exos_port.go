package sim

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

func (x *exos) portCommands() []command {
	onPorts := func(f func(*exosPort, bool)) func(*call) {
		return func(c *call) {
			for _, p := range x.portsArg(c, "ports") {
				f(x.portCfg[p], c.args["verb"] == "enable")
			}
		}
	}
	return []command{
		{pattern: "verb:enable|disable port|ports <ports>", writes: true, run: x.enablePorts},
		{pattern: "verb:enable|disable edp ports <ports>", writes: true, run: onPorts(func(p *exosPort, on bool) { p.noEDP = !on })},
		{pattern: "verb:enable|disable lldp ports <ports> [ <rest..> ]", writes: true, run: onPorts(func(p *exosPort, on bool) { p.noLLDP = !on })},
		{pattern: "verb:enable|disable jumbo-frame ports <ports>", writes: true, run: onPorts(func(p *exosPort, on bool) { p.jumbo = on })},
		{pattern: "configure ports <ports> display-string <text..>", writes: true, run: func(c *call) {
			for _, p := range x.portsArg(c, "ports") {
				x.portCfg[p].display = strings.Trim(c.args["text"], `"`)
			}
		}},
		{pattern: "unconfigure ports <ports> display-string", writes: true, run: func(c *call) {
			for _, p := range x.portsArg(c, "ports") {
				x.portCfg[p].display = ""
			}
		}},
		{pattern: "configure ports <ports> auto on", writes: true, run: func(c *call) {
			for _, p := range x.portsArg(c, "ports") {
				x.portCfg[p].auto = ""
			}
		}},
		{pattern: "configure ports <ports> auto on|off <rest..>", writes: true, run: func(c *call) {
			for _, p := range x.portsArg(c, "ports") {
				x.portCfg[p].auto = strings.Join(c.canon[4:], " ")
			}
		}},
		{pattern: "configure ports <ports> auto off", writes: true, run: func(c *call) {
			for _, p := range x.portsArg(c, "ports") {
				x.portCfg[p].auto = "off"
			}
		}},
		{pattern: "enable sharing <port> grouping <ports> [ algorithm <rest..> ]", writes: true, run: x.share},
		{pattern: "disable sharing <port>", writes: true, run: x.unshare},
		{pattern: "configure sharing <port> add ports <ports>", writes: true, run: x.growShare},
		{pattern: "configure sharing <port> delete ports <ports>", writes: true, run: x.shrinkShare},
		{pattern: "create mlag peer <peer>", writes: true, run: x.createPeer},
		{pattern: "delete mlag peer <peer>", writes: true, run: x.deletePeer},
		{pattern: "configure mlag peer <peer> ipaddress <address> [ vr <vr> ]", writes: true, run: x.addressPeer},
		{pattern: "enable mlag port <port> peer <peer> id <id:int>", writes: true, run: x.enableMLAG},
		{pattern: "disable mlag port <port>", writes: true, run: func(c *call) {
			if _, ok := x.mlagPorts[c.args["port"]]; !ok {
				c.fail("Error: Port %s is not an MLAG port.", c.args["port"])
				return
			}
			delete(x.mlagPorts, c.args["port"])
		}},
	}
}

func (x *exos) enablePorts(c *call) {
	on := c.args["verb"] == "enable"
	for _, p := range x.portsArg(c, "ports") {
		cfg := x.portCfg[p]
		was := x.sw.oper(p)
		cfg.disabled = !on
		if now := x.sw.oper(p); now != was && c.ses != nil {
			x.sw.flapLocked(p, now)
		}
	}
}

// masterOf is the master of the load sharing group that a port belongs to; "" without one.
func (x *exos) masterOf(port string) string {
	for m, sh := range x.shares {
		if slices.Contains(sh.members, port) {
			return m
		}
	}
	return ""
}

func (x *exos) share(c *call) {
	master := c.args["port"]
	members := x.portsArg(c, "ports")
	if members == nil {
		return
	}
	if !slices.Contains(members, master) {
		c.fail("Error: The master port %s must be in the grouping.", master)
		return
	}
	for _, p := range members {
		if m := x.masterOf(p); m != "" {
			c.fail("Error: Port %s is already a member of the load sharing group of port %s.", p, m)
			return
		}
	}
	sh := &exosShare{members: members, algorithm: "L2"}
	for w := range strings.FieldsSeq(c.args["rest"]) {
		switch w {
		case "lacp":
			sh.lacp = true
		case "L2", "L3", "L3_L4", "custom":
			sh.algorithm = w
		case "address-based", "port-based", "health-check", "static":
		default:
			c.fail("Error: %s is not a load sharing algorithm.", w)
			return
		}
	}
	x.shares[master] = sh
	x.leaveVLANs(master, members)
}

// leaveVLANs takes the members that are not the master out of every VLAN: the group is in
// those of its master.
func (x *exos) leaveVLANs(master string, members []string) {
	for _, p := range members {
		for _, v := range x.vlans {
			if p != master {
				delete(v.tagged, p)
				delete(v.untagged, p)
			}
		}
	}
}

func (x *exos) shareArg(c *call) *exosShare {
	sh := x.shares[c.args["port"]]
	if sh == nil {
		c.fail("Error: Port %s is not the master of a load sharing group.", c.args["port"])
	}
	return sh
}

func (x *exos) unshare(c *call) {
	sh := x.shareArg(c)
	if sh == nil {
		return
	}
	if _, ok := x.mlagPorts[c.args["port"]]; ok {
		c.fail("Error: Port %s is an MLAG port. Disable MLAG on it first.", c.args["port"])
		return
	}
	delete(x.shares, c.args["port"])
	x.lines.removePrefix("vlan", "configure sharing "+c.args["port"])
	for _, p := range sh.members {
		if p != c.args["port"] {
			x.vlans["Default"].untagged[p] = true
		}
	}
}

func (x *exos) growShare(c *call) {
	sh, ports := x.shareArg(c), []string(nil)
	if sh != nil {
		ports = x.portsArg(c, "ports")
	}
	for _, p := range ports {
		if m := x.masterOf(p); m != "" {
			c.fail("Error: Port %s is already a member of the load sharing group of port %s.", p, m)
			return
		}
	}
	if ports != nil {
		sh.members = append(sh.members, ports...)
		x.set.sort(sh.members)
		x.leaveVLANs(c.args["port"], ports)
	}
}

func (x *exos) shrinkShare(c *call) {
	sh := x.shareArg(c)
	if sh == nil {
		return
	}
	ports := x.portsArg(c, "ports")
	if slices.Contains(ports, c.args["port"]) {
		c.fail("Error: The master port %s cannot be deleted from its group.", c.args["port"])
		return
	}
	sh.members = slices.DeleteFunc(sh.members, func(m string) bool { return slices.Contains(ports, m) })
}

func (x *exos) createPeer(c *call) {
	switch n := c.args["peer"]; {
	case !exosName(n):
		c.fail("Error: %s is not a valid MLAG peer name.", n)
	case x.peers[n] != nil:
		c.fail("Error: MLAG peer %s already exists.", n)
	default:
		x.peers[n] = &mlagPeer{vr: "VR-Default"}
	}
}

func (x *exos) peerArg(c *call) *mlagPeer {
	p := x.peers[c.args["peer"]]
	if p == nil {
		c.fail("Error: MLAG peer %s does not exist.", c.args["peer"])
	}
	return p
}

func (x *exos) deletePeer(c *call) {
	if x.peerArg(c) == nil {
		return
	}
	for p, m := range x.mlagPorts {
		if m.peer == c.args["peer"] {
			c.fail("Error: MLAG port %s still uses peer %s.", p, m.peer)
			return
		}
	}
	delete(x.peers, c.args["peer"])
	x.lines.removePrefix("vsm", "configure mlag peer "+quoteIfNeeded(c.args["peer"]))
}

func (x *exos) addressPeer(c *call) {
	p := x.peerArg(c)
	if p == nil {
		return
	}
	a, err := netip.ParseAddr(c.args["address"])
	if err != nil {
		c.fail("Error: Invalid IP address.")
		return
	}
	p.address = a
	if c.args["vr"] != "" {
		p.vr = c.args["vr"]
	}
}

func (x *exos) enableMLAG(c *call) {
	if x.peerArg(c) == nil {
		return
	}
	port := c.args["port"]
	ports, bad := x.set.parse(port)
	id, err := strconv.Atoi(c.args["id"])
	switch {
	case bad != "" || len(ports) != 1:
		c.fail("Error: Port %s is invalid or out of range.", port)
		return
	case err != nil || id < 1 || id > 65000:
		c.fail("Error: MLAG id %s is out of range (1-65000).", c.args["id"])
		return
	}
	if m := x.masterOf(port); m != "" && m != port {
		c.fail("Error: Port %s is a member of a load sharing group and not its master.", port)
		return
	}
	for p, m := range x.mlagPorts {
		if m.id == id && m.peer == c.args["peer"] || p == port {
			c.fail("Error: MLAG id %d or port %s is already in use.", id, port)
			return
		}
	}
	x.mlagPorts[port] = mlagPort{peer: c.args["peer"], id: id}
}
