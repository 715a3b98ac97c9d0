package sim

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

type vossVLAN struct {
	id      int
	name    string
	kind    string // "port-mstprstp 0", "spbm-bvlan"
	members map[string]bool
	isid    int
}

type vossMLT struct {
	id      int
	name    string
	enabled bool
	members map[string]bool
	vlans   map[int]bool
}

type vossPort struct {
	shutdown bool
	name     string
	sense    bool
}

func (v *voss) reset() {
	v.name = v.sw.cfg.Name
	v.vist = ""
	v.vlans, v.mlts, v.port = map[int]*vossVLAN{}, map[int]*vossMLT{}, map[string]*vossPort{}
	v.lines = newLineStore()
	def := &vossVLAN{id: 1, name: "Default", kind: "port-mstprstp 0", members: map[string]bool{}}
	for _, p := range v.set.names {
		v.port[p] = &vossPort{}
		def.members[p] = true
	}
	v.vlans[1] = def
}

func (v *voss) vlanIDs() []int { return slices.Sorted(maps.Keys(v.vlans)) }
func (v *voss) mltIDs() []int  { return slices.Sorted(maps.Keys(v.mlts)) }

func (v *voss) portsOf(set map[string]bool) string {
	return v.set.format(slices.Collect(maps.Keys(set)))
}

// running prints the configuration as it can be loaded again.
func (v *voss) running() string {
	var b strings.Builder
	cfg := v.sw.cfg
	fmt.Fprintf(&b, "#\n# box type             : %s\n# software version     : %s\n# cli mode             : ECLI\n# %s\n#\n\n", cfg.Model, cfg.Version, simulatorLine)
	fmt.Fprintf(&b, "#Card Info :\n\n#  Slot 1 :\n#\tCardType            : %s\n#\tCardSerial#         : %s\n#\tCardPart#           : %s\n#\tAdminStatus         : up\n#\tOperStatus          : up\n#\n#!end\n#\nconfig terminal\n#\n\n", cfg.Model, cfg.Serial, cfg.PartNumber)
	head := func(title string) { fmt.Fprintf(&b, "#\n# %s CONFIGURATION\n#\n\n", title) }
	head("CLI")
	if v.name != cfg.Name {
		fmt.Fprintf(&b, "sys name %s\n", quoteIfNeeded(v.name))
	}
	for _, l := range v.lines.section("") {
		if !strings.HasPrefix(l, "router ") {
			b.WriteString(l + "\n")
		}
	}
	b.WriteString("\n")
	head("VLAN")
	v.writeVLANs(&b)
	head("MLT")
	v.writeMLTs(&b)
	head("PORT")
	for _, p := range v.set.names {
		v.writePort(&b, p)
	}
	head("INTERFACE")
	for _, context := range v.contexts("interface ") {
		if !strings.HasPrefix(context, "interface gigabitEthernet ") {
			v.writeContext(&b, context)
		}
	}
	if v.vist != "" {
		head("VIRTUAL IST")
		b.WriteString(v.vist + "\n\n")
	}
	head("ROUTER")
	for _, context := range v.contexts("router ") {
		v.writeContext(&b, context)
	}
	for _, context := range v.contexts("mgmt ") {
		v.writeContext(&b, context)
	}
	for _, l := range v.lines.section("") {
		if strings.HasPrefix(l, "router ") {
			b.WriteString(l + "\n")
		}
	}
	b.WriteString("\nend\n")
	return b.String()
}

func (v *voss) writeVLANs(b *strings.Builder) {
	var gone []string
	for _, p := range v.set.names {
		if !v.vlans[1].members[p] {
			gone = append(gone, p)
		}
	}
	if len(gone) > 0 {
		fmt.Fprintf(b, "vlan members remove 1 %s portmember\n", v.set.format(gone))
	}
	for _, id := range v.vlanIDs() {
		w := v.vlans[id]
		if id != 1 {
			fmt.Fprintf(b, "vlan create %d name %q type %s\n", id, w.name, w.kind)
		}
		if id != 1 && len(w.members) > 0 {
			fmt.Fprintf(b, "vlan members add %d %s portmember\n", id, v.portsOf(w.members))
		}
		if w.isid != 0 {
			fmt.Fprintf(b, "vlan i-sid %d %d\n", id, w.isid)
		}
	}
	b.WriteString("\n")
}

func (v *voss) writeMLTs(b *strings.Builder) {
	for _, id := range v.mltIDs() {
		m := v.mlts[id]
		fmt.Fprintf(b, "mlt %d\nmlt %d name %q\n", id, id, m.name)
		if m.enabled {
			fmt.Fprintf(b, "mlt %d enable\n", id)
		}
		if len(m.members) > 0 {
			fmt.Fprintf(b, "mlt %d member %s\n", id, v.portsOf(m.members))
		}
		for _, w := range slices.Sorted(maps.Keys(m.vlans)) {
			fmt.Fprintf(b, "mlt %d vlan %d\n", id, w)
		}
	}
	b.WriteString("\n")
}

func (v *voss) writePort(b *strings.Builder, p string) {
	context := "interface gigabitEthernet " + p
	var lines []string
	cfg := v.port[p]
	if cfg.name != "" {
		lines = append(lines, fmt.Sprintf("name %q", cfg.name))
	}
	if cfg.sense {
		lines = append(lines, "auto-sense enable")
	}
	lines = append(lines, v.lines.section(context)...)
	if cfg.shutdown {
		lines = append(lines, "shutdown")
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "%s\n%s\nexit\n\n", context, strings.Join(lines, "\n"))
	}
}

// contexts are the things configured whose names begin with prefix.
func (v *voss) contexts(prefix string) []string {
	set := map[string]bool{}
	for _, l := range v.lines.lines {
		if strings.HasPrefix(l.section, prefix) {
			set[l.section] = true
		}
	}
	return sortedKeys(set)
}

func (v *voss) writeContext(b *strings.Builder, context string) {
	fmt.Fprintf(b, "%s\n", context)
	for _, l := range v.lines.section(context) {
		b.WriteString(l + "\n")
	}
	b.WriteString("exit\n\n")
}

func (v *voss) vlanCommands() []command {
	conf := func(pattern string, run func(*call)) command {
		return command{pattern: pattern, mode: vossConf, writes: true, run: run}
	}
	return []command{
		conf("vlan create <id:int> [ name <name> ] type kind:port-mstprstp <instance:int>", v.createVLAN),
		conf("vlan create <id:int> [ name <name> ] type kind:spbm-bvlan", v.createVLAN),
		conf("vlan delete <id:int>", func(c *call) {
			if w := v.vlanArg(c); w != nil {
				if w.id == 1 {
					c.fail("Error: the default VLAN cannot be deleted")
					return
				}
				delete(v.vlans, w.id)
				v.lines.removeIf(func(s storedLine) bool { return s.section == "interface vlan "+strconv.Itoa(w.id) })
			}
		}),
		conf("vlan name <id:int> <name>", func(c *call) {
			if w := v.vlanArg(c); w != nil {
				w.name = c.args["name"]
			}
		}),
		conf("vlan members [ verb:add|remove ] <id:int> <ports> [ portmember ]", v.vlanMembers),
		conf("vlan i-sid <id:int> <isid:int>", v.vlanISID),
		conf("no vlan i-sid <id:int>", func(c *call) {
			if w := v.vlanArg(c); w != nil {
				w.isid = 0
			}
		}),
		conf("mlt <id:int> [ what:enable ]", v.mlt), conf("mlt <id:int> what:enable name <name>", v.mlt),
		conf("mlt <id:int> what:name <name>", v.mlt), conf("mlt <id:int> what:vlan <vlan:int>", v.mlt),
		conf("mlt <id:int> what:member <ports>", v.mlt), conf("mlt <id:int> what:encapsulation dot1q", v.mlt),
		conf("no mlt <id:int>", func(c *call) {
			if v.mlts[atoi(c.args["id"])] == nil {
				c.fail("Error: MLT %s does not exist", c.args["id"])
				return
			}
			delete(v.mlts, atoi(c.args["id"]))
			v.lines.removeIf(func(s storedLine) bool { return s.section == "interface mlt "+c.args["id"] })
		}),
		conf("no mlt <id:int> what:member <ports>", v.mlt), conf("no mlt <id:int> what:vlan <vlan:int>", v.mlt),
		conf("virtual-ist peer-ip <address> vlan <id:int>", func(c *call) {
			a, err := netip.ParseAddr(c.args["address"])
			switch {
			case err != nil:
				c.fail("Error: invalid IP address")
			case v.vlanArg(c) != nil:
				v.vist = fmt.Sprintf("virtual-ist peer-ip %s vlan %s", a, c.args["id"])
			}
		}),
		conf("no virtual-ist [ peer-ip ]", func(*call) { v.vist = "" }),
		conf("sys name <name>", func(c *call) { v.name = c.args["name"] }),
		conf("prompt <name>", func(c *call) { v.name = c.args["name"] }),
		conf("snmp-server name <name>", func(c *call) { v.name = c.args["name"] }),
	}
}

func (v *voss) vlanArg(c *call) *vossVLAN {
	w := v.vlans[atoi(c.args["id"])]
	if w == nil {
		c.fail("Error: VLAN %s does not exist", c.args["id"])
	}
	return w
}

func (v *voss) portsArg(c *call) []string {
	ports, bad := v.set.parse(c.args["ports"])
	if bad != "" {
		c.fail("Error: port %s does not exist", bad)
		return nil
	}
	return ports
}

func (v *voss) createVLAN(c *call) {
	id := atoi(c.args["id"])
	switch {
	case id < 2 || id > 4059:
		c.fail("Error: VLAN id %d is out of range (2-4059)", id)
	case v.vlans[id] != nil:
		c.fail("Error: VLAN %d already exists", id)
	default:
		kind := strings.TrimSpace(c.args["kind"] + " " + c.args["instance"])
		v.vlans[id] = &vossVLAN{id: id, name: orDefault(c.args["name"], fmt.Sprintf("VLAN-%d", id)), kind: kind, members: map[string]bool{}}
	}
}

func (v *voss) vlanMembers(c *call) {
	w := v.vlanArg(c)
	if w == nil {
		return
	}
	for _, p := range v.portsArg(c) {
		if c.args["verb"] == "remove" {
			delete(w.members, p)
		} else {
			w.members[p] = true
		}
	}
}

func (v *voss) vlanISID(c *call) {
	w := v.vlanArg(c)
	if w == nil {
		return
	}
	n := atoi(c.args["isid"])
	if n < 1 || n > 15_999_999 {
		c.fail("Error: I-SID %d is out of range (1-15999999)", n)
		return
	}
	for _, other := range v.vlans {
		if other.isid == n && other != w {
			c.fail("Error: I-SID %d is already in use by VLAN %d", n, other.id)
			return
		}
	}
	w.isid = n
}

func (v *voss) mlt(c *call) {
	id := atoi(c.args["id"])
	if id < 1 || id > 512 {
		c.fail("Error: MLT id %d is out of range (1-512)", id)
		return
	}
	m := v.mlts[id]
	no := c.canon[0] == "no"
	if m == nil {
		if no {
			c.fail("Error: MLT %d does not exist", id)
			return
		}
		m = &vossMLT{id: id, name: fmt.Sprintf("MLT-%d", id), members: map[string]bool{}, vlans: map[int]bool{}}
	}
	switch c.args["what"] {
	case "enable":
		m.enabled = true
		m.name = orDefault(c.args["name"], m.name)
	case "name":
		m.name = c.args["name"]
	case "vlan":
		w := atoi(c.args["vlan"])
		if v.vlans[w] == nil {
			c.fail("Error: VLAN %d does not exist", w)
			return
		}
		if no {
			delete(m.vlans, w)
		} else {
			m.vlans[w] = true
		}
	case "member":
		v.mltMembers(c, m, no)
	}
	if !c.failed {
		v.mlts[id] = m
	}
}

// mltMembers adds the ports of the command to an MLT, or takes them away.
func (v *voss) mltMembers(c *call, m *vossMLT, no bool) {
	ports := v.portsArg(c)
	for _, p := range ports {
		for _, other := range v.mlts {
			if !no && other != m && other.members[p] {
				c.fail("Error: port %s is a member of MLT %d", p, other.id)
				return
			}
		}
	}
	for _, p := range ports {
		if no {
			delete(m.members, p)
		} else {
			m.members[p] = true
		}
	}
}
