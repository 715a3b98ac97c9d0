package infer

import (
	"fmt"
	"iter"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// VirtualRouter is one of VRRP, as a configuration has it.
type VirtualRouter struct {
	// Name is keepalived's name of the instance; of an FRR, which has none, it is the number.
	Name      string       `json:"name"`
	Interface string       `json:"interface"`
	ID        int          `json:"id,omitempty"` // VRID
	Addresses []netip.Addr `json:"addresses,omitempty"`
}

// keepalived reads the instances of keepalived.conf(5): the block's own lines, and the block of its addresses.
func (r reader) keepalived(text string) {
	var blocks []string // those that are open, by their first words
	var v VirtualRouter
	last := "" // the first word of the line before, whose block may begin on the next
	says := func(f []string) {
		if len(f) == 0 {
			return
		}
		last = f[0]
		in := func(names ...string) bool { return slices.Equal(blocks, names) }
		switch {
		case len(f) > 1 && f[0] == "vrrp_instance":
			v = VirtualRouter{Name: f[1]}
		case in("vrrp_instance") && len(f) > 1 && f[0] == "interface":
			v.Interface = f[1]
		case in("vrrp_instance") && len(f) > 1 && f[0] == "virtual_router_id":
			v.ID, _ = strconv.Atoi(f[1])
		case in("vrrp_instance", "virtual_ipaddress"), in("vrrp_instance", "virtual_ipaddress_excluded"):
			address, _, _ := strings.Cut(f[0], "/")
			if a, err := netip.ParseAddr(address); err == nil {
				v.Addresses = append(v.Addresses, a)
			}
		}
	}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if strings.HasPrefix(line, "!") {
			continue
		}
		var f []string
		for w := range strings.FieldsSeq(strings.NewReplacer("{", " { ", "}", " } ").Replace(line)) {
			switch w {
			case "{":
				says(f)
				blocks, f, last = append(blocks, last), nil, ""
			case "}":
				says(f)
				if slices.Equal(blocks, []string{"vrrp_instance"}) && v.Interface != "" {
					r.n.VRRP = append(r.n.VRRP, v)
				}
				blocks, f, last = blocks[:max(len(blocks)-1, 0)], nil, ""
			default:
				f = append(f, w)
			}
		}
		says(f)
	}
}

// virtualLine is a line of FRR's interface about a virtual router: "vrrp 5 ip 10.0.0.100".
func (n *Node) virtualLine(name string, f []string) {
	id, err := strconv.Atoi(f[1])
	if err != nil {
		return
	}
	i := slices.IndexFunc(n.VRRP, func(v VirtualRouter) bool { return v.Interface == name && v.ID == id })
	if i < 0 {
		i, n.VRRP = len(n.VRRP), append(n.VRRP, VirtualRouter{Name: f[1], Interface: name, ID: id})
	}
	if len(f) > 3 && (f[2] == "ip" || f[2] == "ipv6") {
		if a, err := netip.ParseAddr(f[3]); err == nil {
			n.VRRP[i].Addresses = append(n.VRRP[i].Addresses, a)
		}
	}
}

// withoutVirtual takes away the addresses that a node has as long as it is the master of a virtual router: they are no
// addresses of its own, but for those that its configuration gives an interface, as that of the address owner (RFC 5798, 1.6).
func (n *Node) withoutVirtual() {
	for i := range n.Interfaces {
		n.Interfaces[i].Addresses = slices.DeleteFunc(n.Interfaces[i].Addresses, func(p netip.Prefix) bool {
			return !slices.Contains(n.own, p.Addr()) && slices.ContainsFunc(n.VRRP, func(v VirtualRouter) bool { return slices.Contains(v.Addresses, p.Addr()) })
		})
	}
}

// virtualInterfaces are the commands that make what FRR's vrrpd speaks through and does not make itself: an interface with
// the virtual MAC address (RFC 5798, 7.3) and the virtual addresses.
func (n *Node) virtualInterfaces() (commands []string) {
	if n.Platform != "frr" {
		return nil
	}
	for i, v := range n.VRRP {
		if !portName().MatchString(v.Interface) || v.ID < 1 || v.ID > 255 {
			continue
		}
		for mac := 1; mac <= 2; mac++ { // of IPv4, and of IPv6
			var own []netip.Addr
			for _, a := range v.Addresses {
				if a.Is4() == (mac == 1) {
					own = append(own, a)
				}
			}
			if len(own) == 0 {
				continue
			}
			name := fmt.Sprintf("vrrp%d-%d-%d", 2+2*mac, i+1, v.ID)
			commands = append(commands, fmt.Sprintf("ip link add %s link %s type macvlan mode bridge", name, v.Interface), fmt.Sprintf("ip link set %s address 00:00:5e:00:%02x:%02x", name, mac, v.ID))
			for _, a := range own {
				commands = append(commands, fmt.Sprintf("ip addr add %s dev %s", netip.PrefixFrom(a, n.lengthAt(v.Interface, a)), name))
			}
			commands = append(commands, fmt.Sprintf("ip link set %s up", name))
		}
	}
	return commands
}

// lengthAt is the length of the network that an address is in at an interface; that of a host where there is none.
func (n *Node) lengthAt(name string, a netip.Addr) int {
	for _, i := range n.Interfaces {
		for _, p := range i.Addresses {
			if key(i.Name) == key(name) && p.Contains(a) {
				return p.Bits()
			}
		}
	}
	return a.BitLen()
}

// unwantedKeepalived is what a lab does not get of keepalived.conf(5): what calls programs of the host or reads its other files, sends
// mail, or balances load; also under a condition (@id), and what a name stands for ($NAME=).
func unwantedKeepalived() *regexp.Regexp {
	return regexp.MustCompile(`^(?:@\^?\S+\s+)?(?:\$\w+\s*=|(?:notify\w*|smtp_\w+|notification_email\w*|vrrp_script|track_script|vrrp_track_process|track_process|script_user|enable_script_security|include\w*|virtual_server\w*|real_server|static_\w+|dbus_\w+|snmp_\w+|enable_snmp_\w+|lvs_\w+|net_namespace\w*|namespace_with_ipsets|instance|use_pid_dir|linkbeat_\w+|process_names|checker_\w+|bfd_instance|garp_group)\b)`)
}

// cleanKeepalived takes out of keepalived.conf what a lab does not get.
func cleanKeepalived(text string) (cleaned string, out []string) {
	re := unwantedKeepalived()
	var w strings.Builder
	depth, waits := 0, false // inside of a block that is left out, and whether its brace is still to come
	continued := false       // what a name stands for goes on
	for line := range pieces(text, re) {
		trimmed := strings.TrimSpace(line)
		opens := opened(line)
		switch {
		case continued:
			continued = strings.HasSuffix(trimmed, `\`)
			continue
		case depth > 0:
			depth += opens
			continue
		case waits && trimmed == "{":
			depth, waits = 1, false
			continue
		case waits && trimmed == "":
			continue
		}
		waits = false
		match := re.FindString(trimmed)
		if match == "" {
			w.WriteString(line)
			continue
		}
		out = append(out, match+" …")
		if continued = strings.HasSuffix(match, "=") && strings.HasSuffix(trimmed, `\`); continued {
			continue
		}
		depth = max(opens, 0)
		waits = depth == 0 && !strings.Contains(trimmed, "{") && takesBlock(match)
	}
	return w.String(), out
}

// pieces are the lines of a text; one that has something unwanted is broken at its braces.
func pieces(text string, unwanted *regexp.Regexp) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			parts := atBraces(line)
			if !slices.ContainsFunc(parts, func(p string) bool { return unwanted.MatchString(strings.TrimSpace(p)) }) {
				parts = []string{line}
			}
			for _, part := range parts {
				if !yield(part) {
					return
				}
			}
		}
	}
}

// atBraces breaks a line behind each brace that opens, and on both sides of one that closes, but for those in quotes.
func atBraces(line string) []string {
	var b strings.Builder
	quoted := false
	for _, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
			b.WriteRune(r)
		case r == '{' && !quoted:
			b.WriteString("{\n")
		case r == '}' && !quoted:
			b.WriteString("\n}\n")
		default:
			b.WriteRune(r)
		}
	}
	return slices.DeleteFunc(slices.Collect(strings.Lines(b.String())), func(part string) bool { return strings.TrimSpace(part) == "" })
}

// opened is how many blocks are open behind a line that were not before it.
func opened(line string) (n int) {
	for _, part := range atBraces(line) {
		switch part = strings.TrimSpace(part); {
		case strings.HasSuffix(part, "{"):
			n++
		case part == "}":
			n--
		}
	}
	return n
}

// takesBlock reports whether a keyword of keepalived.conf has a block, which may begin on the next line.
func takesBlock(keyword string) bool {
	return slices.Contains([]string{"vrrp_script", "track_script", "vrrp_track_process", "track_process", "notification_email", "virtual_server", "virtual_server_group", "real_server", "static_ipaddress", "static_routes", "static_rules", "bfd_instance", "garp_group"}, keyword)
}
