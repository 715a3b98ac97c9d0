package sim

import (
	"net/netip"
	"strconv"
)

// exosName says whether text can name a VLAN or another object.
func exosName(text string) bool {
	if text == "" || len(text) > 32 || !isLetter(text[0]) {
		return false
	}
	for i := range len(text) {
		if c := text[i]; !isLetter(c) && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// vlanArg finds the VLAN that the command names, or answers that there is none.
func (x *exos) vlanArg(c *call) *exosVLAN {
	v := x.vlan(c.args["vlan"])
	if v == nil {
		c.fail("Error: VLAN %s does not exist.", c.args["vlan"])
	}
	return v
}

// portsArg reads the port list of the command, or answers that it is none.
func (x *exos) portsArg(c *call, name string) []string {
	ports, bad := x.set.parse(c.args[name])
	if bad != "" || len(ports) == 0 {
		c.fail("Error: Port %s is invalid or out of range.", bad)
		return nil
	}
	return ports
}

func (x *exos) vlanCommands() []command {
	return []command{
		{pattern: "create vlan <name> [ tag <tag:int> ] [ vr <vr> ]", writes: true, run: x.createVLAN},
		{pattern: "create vlan <name> vr <vr> tag <tag:int>", writes: true, run: x.createVLAN},
		{pattern: "delete vlan <vlan>", writes: true, run: x.deleteVLAN},
		{pattern: "configure [ vlan ] <vlan> tag <tag:int>", writes: true, run: x.tagVLAN},
		{pattern: "configure [ vlan ] <vlan> add ports <ports> [ how:tagged|untagged ]", writes: true, run: x.addPorts},
		{pattern: "configure [ vlan ] <vlan> delete ports <ports>", writes: true, run: x.deletePorts},
		{pattern: "configure [ vlan ] <vlan> ipaddress <address> [ <mask> ]", writes: true, run: x.setAddress},
		{pattern: "unconfigure [ vlan ] <vlan> ipaddress", writes: true, run: func(c *call) {
			if v := x.vlanArg(c); v != nil {
				v.address = netip.Prefix{}
			}
		}},
		{pattern: "configure [ vlan ] <vlan> add isid|nsi <isid:int>", writes: true, run: x.addISID},
		{pattern: "configure [ vlan ] <vlan> delete isid|nsi [ <isid:int> ]", writes: true, run: func(c *call) {
			if v := x.vlanArg(c); v != nil {
				v.isid = 0
			}
		}},
		{pattern: "verb:enable|disable vlan <vlan>", writes: true, run: func(c *call) {
			if v := x.vlanArg(c); v != nil {
				v.disabled = c.args["verb"] == "disable"
			}
		}},
		{pattern: "verb:enable|disable ipforwarding [ vlan <vlan> ]", writes: true, run: x.forwarding},
	}
}

func (x *exos) createVLAN(c *call) {
	name := c.args["name"]
	switch {
	case !exosName(name):
		c.fail("Error: %s is not a valid VLAN name.", name)
		return
	case x.vlan(name) != nil:
		c.fail("Error: VLAN %s already exists.", name)
		return
	}
	tag, explicit := x.internalTag(), false
	if t := c.args["tag"]; t != "" {
		if tag, explicit = x.newTag(c, t, name), true; tag == 0 {
			return
		}
	}
	v := newVLAN(name, tag)
	v.explicit = explicit
	x.vlans[name] = v
}

// internalTag is the highest tag that is free: what a VLAN has before it is given one.
func (x *exos) internalTag() int {
	used := map[int]bool{}
	for _, v := range x.vlans {
		used[v.tag] = true
	}
	tag := 4094
	for used[tag] {
		tag--
	}
	return tag
}

// newTag reads a tag for a VLAN, or answers why it cannot be used and gives 0.
func (x *exos) newTag(c *call, text, name string) int {
	tag, err := strconv.Atoi(text)
	if err != nil || tag < 1 || tag > 4094 {
		c.fail("Error: VLAN tag %s is out of range (1-4094).", text)
		return 0
	}
	for _, v := range x.vlans {
		if v.tag == tag && v.name != name {
			if !v.explicit && v.name != "Default" && v.name != "Mgmt" {
				v.tag = x.internalTag()
				return tag
			}
			c.fail("Error: VLAN tag %d is already in use by VLAN %s.", tag, v.name)
			return 0
		}
	}
	return tag
}

func (x *exos) tagVLAN(c *call) {
	v := x.vlanArg(c)
	if v == nil {
		return
	}
	if v.name == "Mgmt" {
		c.fail("Error: The tag of VLAN Mgmt cannot be changed.")
		return
	}
	if tag := x.newTag(c, c.args["tag"], v.name); tag != 0 {
		v.tag, v.explicit = tag, v.name != "Default" || tag != 1
	}
}

func (x *exos) deleteVLAN(c *call) {
	v := x.vlanArg(c)
	if v == nil {
		return
	}
	if v.name == "Default" || v.name == "Mgmt" {
		c.fail("Error: VLAN %s cannot be deleted.", v.name)
		return
	}
	delete(x.vlans, v.name)
	x.lines.removeVLAN(v.name)
}

func (x *exos) addPorts(c *call) {
	v := x.vlanArg(c)
	if v == nil {
		return
	}
	if v.name == "Mgmt" {
		c.fail("Error: Ports cannot be added to VLAN Mgmt.")
		return
	}
	ports := x.portsArg(c, "ports")
	for _, p := range ports {
		if m := x.masterOf(p); m != "" && m != p {
			c.fail("Error: Port %s is a member of a load sharing group and not its master.", p)
			return
		}
	}
	for _, p := range ports {
		if c.args["how"] == "tagged" {
			delete(v.untagged, p)
			v.tagged[p] = true
			continue
		}
		for _, other := range x.vlans {
			if other != v && other.untagged[p] {
				delete(other.untagged, p)
				if c.ses != nil {
					c.printf("Port %s untagged has been auto-moved from VLAN \"%s\" to VLAN \"%s\".\n", p, other.name, v.name)
				}
			}
		}
		delete(v.tagged, p)
		v.untagged[p] = true
	}
}

// addISID is what Fabric Attach asks a server for.
func (x *exos) addISID(c *call) {
	v := x.vlanArg(c)
	if v == nil {
		return
	}
	n := atoi(c.args["isid"])
	if n < 1 || n > 16_777_214 {
		c.fail("Error: ISID %s is out of range.", c.args["isid"])
		return
	}
	v.isid = n
}

func (x *exos) deletePorts(c *call) {
	v := x.vlanArg(c)
	if v == nil {
		return
	}
	for _, p := range x.portsArg(c, "ports") {
		delete(v.tagged, p)
		delete(v.untagged, p)
	}
}

func (x *exos) setAddress(c *call) {
	v := x.vlanArg(c)
	if v == nil {
		return
	}
	p, ok := parseAddress(c.args["address"], c.args["mask"])
	if !ok {
		c.fail("Error: Invalid IP address or netmask.")
		return
	}
	for _, other := range x.vlans {
		if other != v && other.address.IsValid() && other.address.Overlaps(p) {
			c.fail("Error: IP address %s overlaps with that of VLAN %s.", p, other.name)
			return
		}
	}
	v.address = p
	if c.ses != nil {
		c.printf("IP interface for VLAN %s has been created.\n", v.name)
	}
}

func (x *exos) forwarding(c *call) {
	on := c.args["verb"] == "enable"
	if c.args["vlan"] != "" {
		if v := x.vlanArg(c); v != nil {
			v.forward = on
		}
		return
	}
	for _, v := range x.vlans {
		if v.name != "Mgmt" && v.address.IsValid() {
			v.forward = on
		}
	}
}
