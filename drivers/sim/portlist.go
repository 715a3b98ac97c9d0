package sim

import (
	"slices"
	"strconv"
	"strings"
)

// portSet reads and writes lists of ports: 1-3,5 on one switch, 1:1-4,2:* on a stack, 1/1-1/4
// on VOSS.
type portSet struct {
	names []string // all ports, in order
	index map[string]int
	sep   string // between slot and port; "" without slots
}

func newPortSet(names []string, sep string) portSet {
	ps := portSet{names: names, index: map[string]int{}, sep: sep}
	for i, n := range names {
		ps.index[n] = i
	}
	return ps
}

// parse reads a list. bad is the part that is no port; "" when all of them are.
func (ps portSet) parse(list string) (ports []string, bad string) {
	if strings.EqualFold(list, "all") {
		return slices.Clone(ps.names), ""
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(list, ",") {
		got := ps.part(strings.TrimSpace(part))
		if len(got) == 0 {
			return nil, part
		}
		for _, p := range got {
			if !seen[p] {
				seen[p] = true
				ports = append(ports, p)
			}
		}
	}
	ps.sort(ports)
	return ports, ""
}

func (ps portSet) part(part string) []string {
	if slot, ok := strings.CutSuffix(part, ps.sep+"*"); ok && ps.sep != "" {
		return slices.DeleteFunc(slices.Clone(ps.names), func(n string) bool { return !strings.HasPrefix(n, slot+ps.sep) })
	}
	first, last, ranged := strings.Cut(part, "-")
	i, ok := ps.index[first]
	if !ok {
		return nil
	}
	if !ranged {
		return []string{first}
	}
	if ps.sep != "" && !strings.Contains(last, ps.sep) {
		slot, _, _ := strings.Cut(first, ps.sep)
		last = slot + ps.sep + last
	}
	j, ok := ps.index[last]
	if !ok || j < i {
		return nil
	}
	return slices.Clone(ps.names[i : j+1])
}

func (ps portSet) sort(ports []string) {
	slices.SortFunc(ports, func(a, b string) int { return ps.index[a] - ps.index[b] })
}

// format writes ports as the shortest list, ranges within a slot only.
func (ps portSet) format(ports []string) string {
	ports = slices.Clone(ports)
	ps.sort(ports)
	var parts []string
	for i := 0; i < len(ports); {
		j := i
		for j+1 < len(ports) && ps.index[ports[j+1]] == ps.index[ports[j]]+1 && ps.slot(ports[j+1]) == ps.slot(ports[i]) {
			j++
		}
		switch {
		case j == i:
			parts = append(parts, ports[i])
		case ps.sep == "/":
			parts = append(parts, ports[i]+"-"+ports[j])
		default:
			last := ports[j]
			if ps.sep != "" {
				_, last, _ = strings.Cut(last, ps.sep)
			}
			parts = append(parts, ports[i]+"-"+last)
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}

func (ps portSet) slot(port string) string {
	if ps.sep == "" {
		return ""
	}
	slot, _, _ := strings.Cut(port, ps.sep)
	return slot
}

// makeNames names the ports of slots (0: none) with n ports each.
func makeNames(slots, n int, sep string) []string {
	var names []string
	for slot := 1; slot <= max(1, slots); slot++ {
		for p := 1; p <= n; p++ {
			name := strconv.Itoa(p)
			if sep != "" {
				name = strconv.Itoa(slot) + sep + name
			}
			names = append(names, name)
		}
	}
	return names
}
