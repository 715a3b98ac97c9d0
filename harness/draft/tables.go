package draft

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// row is one line of a table of neighbours or routes.
type row struct {
	up    bool
	state string
	name  string // of the protocol, in BIRD
	iface string
	// lasts is how long it has been as it is, where timed: rounded down to within.
	lasts, within time.Duration
	timed         bool
}

// table is what one answer lists, by what the rows are of.
type table struct {
	kind Kind
	rows map[string]row
}

// tables are those of an answer, by what its command asks. An answer that lists nothing is a table without rows.
func tables(command, text string) (list []table) {
	f := strings.Fields(strings.ToLower(command))
	is := func(words ...string) bool {
		if len(f) < len(words) {
			return false
		}
		for i, w := range words {
			if len(f[i]) < 2 || !strings.HasPrefix(w, f[i]) {
				return false
			}
		}
		return true
	}
	switch {
	case len(f) == 3 && is("show", "bgp", "summary"), len(f) == 4 && is("show", "ip", "bgp", "summary"), len(f) == 5 && is("show", "bgp", "ipv4", "unicast", "summary"):
		list = append(list, table{BGP, bgpSummary(text)})
	case len(f) == 4 && is("show", "bgp", "ipv4", "unicast"), len(f) == 3 && is("show", "ip", "bgp"):
		list = append(list, table{Prefix, bgpTable(text)})
	case len(f) == 5 && is("show", "ip", "ospf", "neighbor", "detail"):
		list = append(list, table{OSPF, ospfDetail(text)})
	case len(f) == 4 && is("show", "ip", "ospf", "neighbor"), len(f) == 3 && is("show", "ospf", "neighbor"):
		list = append(list, table{OSPF, ospfNeighbours(text)})
	case is("show", "isis", "neighbor") && (len(f) == 3 || len(f) == 4 && f[3] == "detail"):
		list = append(list, table{ISIS, isisNeighbours(text)})
	case is("show", "protocols") && (len(f) == 2 || len(f) == 3 && f[2] == "all"):
		list = append(list, table{BGP, birdProtocols(text)})
	case is("show", "route") && (len(f) == 2 || len(f) == 3 && f[2] == "all"):
		list = append(list, table{Prefix, birdRoutes(text)})
	case len(f) == 3 && is("show", "ip", "route"):
		list = append(list, table{Route, ipRoutes(text)})
	case len(f) == 2 && is("show", "vrrp") && strings.Contains(text, "Virtual Router ID"):
		list = append(list, table{VRRP, vrrpStates(text)})
	case len(f) == 4 && is("show", "ip", "ospf", "route"):
		list = append(list, table{Metric, ospfMetrics(text)})
	}
	return list
}

// bgpSummary reads what FRR, IOS and EOS have in common: the last column but what FRR adds is a state, or the
// number of prefixes of a session that is up. "(Policy)" is a session that is up and lets nothing pass
// (RFC 8212).
func bgpSummary(text string) map[string]row {
	rows := map[string]row{}
	re := regexp.MustCompile(`(?m)^(\S+) +4 +[\d.]+ +\d+ +\d+ +\d+ +\d+ +\d+ +(\S+) +(\(\w+\)|[A-Za-z]\w*(?: ?\(\w+\))?|\d+)`)
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		up := m[3][0] >= '0' && m[3][0] <= '9' || m[3] == "(Policy)"
		state := m[3]
		if up && state != "(Policy)" {
			state = "Established"
		}
		lasts, within, timed := upDown(m[2])
		rows[m[1]] = row{up: up, state: state, lasts: lasts, within: within, timed: timed}
	}
	return rows
}

// upDown reads how long a session has been up or down, as FRR, IOS and EOS write it: 00:12:33, 1d02h03m (1d02h, in some), 01w2d03h;
// "never" is no time. within is the smallest unit that is written, to which the time is rounded down.
func upDown(s string) (lasts, within time.Duration, ok bool) {
	var h, m, sec int
	if n, _ := fmt.Sscanf(s, "%d:%d:%d", &h, &m, &sec); n == 3 && m < 60 && sec < 60 && h >= 0 && m >= 0 && sec >= 0 && h < 100 {
		return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second, time.Second, true
	}
	if !regexp.MustCompile(`^(?:\d{1,4}[ywdhm])+$`).MatchString(s) {
		return 0, 0, false
	}
	const day = 24 * time.Hour
	units := map[rune]time.Duration{'y': 365 * day, 'w': 7 * day, 'd': day, 'h': time.Hour, 'm': time.Minute}
	n := time.Duration(0)
	for _, c := range s {
		if c >= '0' && c <= '9' {
			n = n*10 + time.Duration(c-'0')
			continue
		}
		lasts, n = lasts+n*units[c], 0
		if within == 0 || units[c] < within {
			within = units[c]
		}
	}
	return lasts, within, true
}

// bgpTable reads the networks of BGP's table: the valid ones, best or not, are up.
func bgpTable(text string) map[string]row {
	rows := map[string]row{}
	re := regexp.MustCompile(`(?m)^ ?\*[ >=i]*\s*(\d+\.\d+\.\d+\.\d+(?:/\d+)?)\s`)
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[1], "/") {
			rows[m[1]] = row{up: true, state: "in the table"}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^[ a-zA-Z=]{1,5}\b(\d+\.\d+\.\d+\.\d+/\d+)\s`).FindAllStringSubmatch(text, -1) {
		if !rows[m[1]].up {
			rows[m[1]] = row{state: "not valid"}
		}
	}
	return rows
}

// full reports whether an OSPF neighbour is as near as it comes (RFC 2328, 10.1): two routers that are
// neither DR nor BDR stay in 2-Way.
func full(state, role string) bool {
	state, role = strings.ToLower(state), strings.ToLower(role)
	return state == "full" || (state == "2-way" || state == "2way") && strings.HasPrefix(role, "drother")
}

// heard adds an OSPF neighbour by its address. One router may be there twice, while its router ID is not known.
func heard(rows map[string]row, address, state, role, iface string) {
	if was, ok := rows[address]; !ok || !was.up {
		rows[address] = row{up: full(state, role), state: state, iface: iface}
	}
}

func ospfDetail(text string) map[string]row {
	rows := map[string]row{}
	re := regexp.MustCompile(`Neighbor [\d.]+, interface address ([\d.]+)[^\n]*\n\s+In the area \S+ via interface (\S+)[^\n]*\n\s+Neighbor priority is \d+, State is ([\w-]+)/?([\w-]*)`)
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		heard(rows, m[1], m[3], m[4], m[2])
	}
	return rows
}

// ospfNeighbours reads the tables of FRR, IOS, EOS (an address after the state) and of both Extreme systems.
func ospfNeighbours(text string) map[string]row {
	rows := map[string]row{}
	state := regexp.MustCompile(`^(?i:full|2-?way|exstart|exchange|loading|init|down|attempt)$`)
	for line := range strings.Lines(text) {
		f := strings.Fields(strings.ReplaceAll(line, "/", " / "))
		var addresses []string
		for i, w := range f {
			if a, err := netip.ParseAddr(w); err == nil && a.Is4() {
				addresses = append(addresses, w)
			}
			if !state.MatchString(w) || i == 0 {
				continue
			}
			role := ""
			if i+2 < len(f) && f[i+1] == "/" {
				role = f[i+2]
			}
			address, iface := "", ""
			for j := i + 1; j < len(f); j++ {
				if a, err := netip.ParseAddr(f[j]); err == nil && a.Is4() {
					address = f[j]
					if j+1 < len(f) {
						iface, _, _ = strings.Cut(f[j+1], ":")
					}
					break
				}
			}
			if address == "" && len(addresses) == 3 { // interface, router ID, address
				address = addresses[2]
			}
			if address != "" {
				heard(rows, address, w, role, iface)
			}
			break
		}
	}
	return rows
}

// isisNeighbours reads FRR's table, and its detailed form.
func isisNeighbours(text string) map[string]row {
	rows := map[string]row{}
	add := func(iface, level, state string) {
		rows[iface+" level "+level] = row{up: state == "Up", state: state, iface: iface, name: level}
	}
	for _, m := range regexp.MustCompile(`Interface: (\S+), Level: (\d), State: (\w+)`).FindAllStringSubmatch(text, -1) {
		add(m[1], m[2], m[3])
	}
	for _, m := range regexp.MustCompile(`(?m)^ *\S+ +(\S+) +([12]) +(Up|Down|Initializing) `).FindAllStringSubmatch(text, -1) {
		add(m[1], m[2], m[3])
	}
	return rows
}

// birdProtocols reads BIRD's sessions of BGP, by the neighbour's address where the answer has it.
func birdProtocols(text string) map[string]row {
	rows := map[string]row{}
	head := regexp.MustCompile(`^(\S+) +BGP +\S+ +(\w+) +[\d:.-]+(?: [\d:.]+)? *(.*)$`)
	address := regexp.MustCompile(`^ +Neighbor address: +([^%\s]+)`)
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		if m := head.FindStringSubmatch(line); m != nil {
			state := strings.Join(strings.Fields(m[2]+" "+m[3]), " ")
			last = m[1]
			rows[last] = row{up: strings.HasPrefix(m[3], "Established"), state: state, name: m[1]}
			continue
		}
		if m := address.FindStringSubmatch(line); m != nil && last != "" {
			rows[m[1]] = rows[last]
			delete(rows, last)
			last = ""
		}
	}
	return rows
}

// birdRoutes reads the networks of BIRD's tables.
func birdRoutes(text string) map[string]row {
	rows := map[string]row{}
	for _, m := range regexp.MustCompile(`(?m)^(\d+\.\d+\.\d+\.\d+/\d+) `).FindAllStringSubmatch(text, -1) {
		rows[m[1]] = row{up: true, state: "in the table"}
	}
	return rows
}

// ipRoutes reads the routes that a protocol brought, of FRR: "O>* 192.0.2.0/24 [110/20] via …". Those that are used are up.
func ipRoutes(text string) map[string]row {
	rows := map[string]row{}
	for _, m := range regexp.MustCompile(`(?m)^([ORIBE])[^\s>]*>\S*\s+(\d+\.\d+\.\d+\.\d+/\d+) `).FindAllStringSubmatch(text, -1) {
		rows[m[2]] = row{up: true, state: "used", name: m[1]}
	}
	for _, m := range regexp.MustCompile(`(?m)^([ORIBE])[^\s>]*\s+(\d+\.\d+\.\d+\.\d+/\d+) `).FindAllStringSubmatch(text, -1) {
		if !rows[m[2]].up {
			rows[m[2]] = row{state: "not used", name: m[1]}
		}
	}
	return rows
}

// ospfMetrics reads the metrics of external routes of type 2 (RFC 2328, 2.3), of FRR.
func ospfMetrics(text string) map[string]row {
	rows := map[string]row{}
	for _, m := range regexp.MustCompile(`(?m)^N E2 (\S+) +\[\d+/(\d+)\]`).FindAllStringSubmatch(text, -1) {
		rows[m[1]] = row{up: true, state: m[2]}
	}
	return rows
}
