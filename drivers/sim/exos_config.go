package sim

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

type exosVLAN struct {
	name     string
	tag      int
	explicit bool // the tag was given; an internal one is not printed
	tagged   map[string]bool
	untagged map[string]bool
	address  netip.Prefix
	forward  bool
	disabled bool
	isid     int // 0 without
}

type exosPort struct {
	disabled bool
	display  string
	auto     string // "" is automatic; else "off speed N duplex full"
	jumbo    bool
	noEDP    bool
	noLLDP   bool
}

type exosShare struct {
	members   []string
	algorithm string
	lacp      bool
}

type mlagPeer struct {
	address netip.Addr
	vr      string
}

type mlagPort struct {
	peer string
	id   int
}

// exosModules are the blocks of a configuration in the order in which they are printed.
func exosModules() []string {
	return []string{
		"devmgr", "vlan", "mcmgr", "fdb", "rtmgr", "policy", "aaa", "acl", "bfd", "bgp", "cfgmgr", "dosprotect", "eaps", "edp", "elrp",
		"ems", "epm", "erps", "esrp", "hal", "idMgr", "ipSecurity", "lacp", "lldp", "mrp", "vsm", "netLogin", "netTools", "ntp",
		"ospf", "otm", "poe", "rip", "snmpMaster", "stp", "telnetd", "techSupport", "vpex", "vrrp",
	}
}

func (x *exos) reset() {
	x.name = x.sw.cfg.Name
	x.vlans = map[string]*exosVLAN{}
	x.portCfg = map[string]*exosPort{}
	x.shares = map[string]*exosShare{}
	x.peers = map[string]*mlagPeer{}
	x.mlagPorts = map[string]mlagPort{}
	x.lines = newLineStore()
	x.accounts = nil
	def, mgmt := newVLAN("Default", 1), newVLAN("Mgmt", 4095)
	for _, p := range x.set.names {
		x.portCfg[p] = &exosPort{}
		def.untagged[p] = true
	}
	x.vlans["Default"], x.vlans["Mgmt"] = def, mgmt
}

func newVLAN(name string, tag int) *exosVLAN {
	return &exosVLAN{name: name, tag: tag, tagged: map[string]bool{}, untagged: map[string]bool{}}
}

// vlan finds a VLAN by name; Default and Mgmt are found in any case.
func (x *exos) vlan(name string) *exosVLAN {
	if v := x.vlans[name]; v != nil {
		return v
	}
	for _, fixed := range []string{"Default", "Mgmt"} {
		if strings.EqualFold(name, fixed) {
			return x.vlans[fixed]
		}
	}
	return nil
}

func (x *exos) vlanNames() []string { return slices.Sorted(maps.Keys(x.vlans)) }

// running prints the configuration in blocks, only what is not the default.
func (x *exos) running() string {
	var b strings.Builder
	for i, m := range exosModules() {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(x.module(m))
	}
	return b.String()
}

// module prints one block.
func (x *exos) module(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#\n# Module %s configuration.\n#\n", name)
	var lines []string
	switch name {
	case "vlan":
		lines = x.vlanLines()
	case "edp":
		lines = append(lines, x.portToggle("disable edp ports ", func(p *exosPort) bool { return p.noEDP })...)
	case "lldp":
		lines = append(lines, x.portToggle("disable lldp ports ", func(p *exosPort) bool { return p.noLLDP })...)
	case "vsm":
		lines = x.mlagLines()
	case "snmpMaster":
		if x.name != x.sw.cfg.Name {
			lines = append(lines, "configure snmp sysName "+quoteIfNeeded(x.name))
		}
	case "aaa":
		for _, u := range x.accounts {
			kind := "admin"
			if u.ReadOnly {
				kind = "user"
			}
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("create account %s %s encrypted %s", kind, quoteIfNeeded(u.Name), scramble(u.Password))))
		}
	}
	for _, l := range append(lines, x.lines.section(name)...) {
		b.WriteString(l + "\n")
	}
	return b.String()
}

func (x *exos) portsWhere(f func(*exosPort) bool) []string {
	var ports []string
	for _, p := range x.set.names {
		if f(x.portCfg[p]) {
			ports = append(ports, p)
		}
	}
	return ports
}

func (x *exos) portToggle(words string, f func(*exosPort) bool) []string {
	ports := x.portsWhere(f)
	if len(ports) == 0 {
		return nil
	}
	return []string{words + x.set.format(ports)}
}

func (x *exos) vlanLines() []string {
	var out []string
	put := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	var gone []string
	for _, p := range x.set.names {
		if !x.vlans["Default"].untagged[p] {
			gone = append(gone, p)
		}
	}
	if len(gone) > 0 {
		put("configure vlan default delete ports %s", x.set.format(gone))
	}
	for _, n := range x.vlanNames() {
		v := x.vlans[n]
		if n != "Default" && n != "Mgmt" {
			put("create vlan %q", n)
		}
		if v.explicit {
			put("configure vlan %s tag %d", n, v.tag)
		}
		if v.disabled {
			put("disable vlan %s", n)
		}
	}
	out = append(out, x.portToggle("disable port ", func(p *exosPort) bool { return p.disabled })...)
	for _, p := range x.set.names {
		c := x.portCfg[p]
		if c.display != "" {
			put("configure ports %s display-string %s", p, quoteIfNeeded(c.display))
		}
		if c.auto != "" {
			put("configure ports %s auto %s", p, c.auto)
		}
	}
	out = append(out, x.portToggle("enable jumbo-frame ports ", func(p *exosPort) bool { return p.jumbo })...)
	for _, m := range x.shareMasters() {
		sh := x.shares[m]
		lacp := ""
		if sh.lacp {
			lacp = " lacp"
		}
		put("enable sharing %s grouping %s algorithm address-based %s%s", m, x.set.format(sh.members), sh.algorithm, lacp)
	}
	for _, n := range x.vlanNames() {
		v := x.vlans[n]
		if len(v.tagged) > 0 {
			put("configure vlan %s add ports %s tagged", n, x.set.format(slices.Collect(maps.Keys(v.tagged))))
		}
		if len(v.untagged) > 0 && n != "Default" {
			put("configure vlan %s add ports %s untagged", n, x.set.format(slices.Collect(maps.Keys(v.untagged))))
		}
	}
	for _, n := range x.vlanNames() {
		v := x.vlans[n]
		if v.address.IsValid() {
			put("configure vlan %s ipaddress %s %s", n, v.address.Addr(), mask(v.address))
		}
		if v.forward {
			put("enable ipforwarding vlan %s", n)
		}
		if v.isid != 0 {
			put("configure vlan %s add isid %d", n, v.isid)
		}
	}
	return out
}

func (x *exos) shareMasters() []string {
	masters := slices.Collect(maps.Keys(x.shares))
	x.set.sort(masters)
	return masters
}

func (x *exos) mlagLines() []string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(x.peers)) {
		p := x.peers[n]
		out = append(out, fmt.Sprintf("create mlag peer %q", n))
		if p.address.IsValid() {
			out = append(out, fmt.Sprintf("configure mlag peer %q ipaddress %s vr %s", n, p.address, p.vr))
		}
	}
	for _, p := range x.mlagPortNames() {
		m := x.mlagPorts[p]
		out = append(out, fmt.Sprintf("enable mlag port %s peer %q id %d", p, m.peer, m.id))
	}
	return out
}

func (x *exos) mlagPortNames() []string {
	names := slices.Collect(maps.Keys(x.mlagPorts))
	x.set.sort(names)
	return names
}

// mask is the dotted mask of a prefix.
func mask(p netip.Prefix) string {
	m := ^uint32(0) << (32 - p.Bits())
	if p.Bits() == 0 {
		m = 0
	}
	return fmt.Sprintf("%d.%d.%d.%d", m>>24, m>>16&255, m>>8&255, m&255)
}

// parseAddress reads A/N, or A with a dotted mask.
func parseAddress(addr, dotted string) (netip.Prefix, bool) {
	if dotted == "" {
		p, err := netip.ParsePrefix(addr)
		return p, err == nil && p.Addr().Is4()
	}
	a, err := netip.ParseAddr(addr)
	m, err2 := netip.ParseAddr(dotted)
	if err != nil || err2 != nil || !a.Is4() || !m.Is4() {
		return netip.Prefix{}, false
	}
	for bits := range 33 {
		p := netip.PrefixFrom(a, bits)
		if mask(p) == m.String() {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// scramble hides a password from a reader over the shoulder and from nobody else: the
// simulator must read it back.
func scramble(password string) string {
	return `"sim$` + fmt.Sprintf("%x", password) + `"`
}
