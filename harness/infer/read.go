package infer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/intake"
	"github.com/reprise-lab/reprise/harness/plan"
)

// Options are what the reading needs of others.
type Options struct {
	// Template gives a driver's own template for a table, as "exos:lldp".
	Template func(name string) ([]byte, error)
	// Image gives an image of a platform's software, of this version where there is one.
	Image func(platform, version string) (image string, exact, ok bool)
	// Lacks tells what the answer of a session lacks that is a platform's configuration, and whether
	// anybody can tell. Configurations by themselves are asked by [intake.Options].
	Lacks func(platform, text string) (lacks []string, known bool)
}

// neighbour is what a device says of the other end of a port; cut tells that the name is longer than what is there.
type neighbour struct {
	by, port, name, remote string
	cut                    bool
}

// hostCut reports whether of the name of the host something is missing, and not of the domain behind it.
func (n neighbour) hostCut() bool { return n.cut && !strings.Contains(n.name, ".") }

// said is what one part tells.
type said struct {
	neighbours []neighbour
	lags       map[string][]string
	pairs      []Pair
	vlans      []VLAN
	config     string
	cut        []string    // what of the answers did not come
	unread     []string    // what of them nothing reads
	addresses  []Interface // of the kernel's own list

	adjacencies []adjacency
	asked       []string // protocols whose neighbours came
	connected   []reached
	id, as      string // of the router itself
}

// Reader gathers what answers tell of a network.
type Reader struct {
	o     Options
	parts map[*intake.Part]*said
	order []*intake.Part
	table map[string]*plan.Table
}

// New makes a reader.
func New(o Options) *Reader {
	return &Reader{o: o, parts: map[*intake.Part]*said{}, table: map[string]*plan.Table{}}
}

// Visit takes an answer; it is for [intake.Options].
func (r *Reader) Visit(p *intake.Part, c *intake.Command, text string) error {
	if c.Status != intake.Answered && c.Status != intake.CutOff || c.Again {
		return nil
	}
	s := r.parts[p]
	if s == nil {
		s = &said{lags: map[string][]string{}}
		r.parts[p] = s
		r.order = append(r.order, p)
	}
	if c.Status == intake.CutOff {
		s.cut = append(s.cut, fmt.Sprintf("the answer of %s is not whole: %s", c.Command, c.Cut))
	}
	if c.Beyond > 0 {
		s.cut = append(s.cut, fmt.Sprintf("%d bytes of the answer of %s, which are beyond the %d that are read", c.Beyond, c.Command, intake.MaxAnswer))
	}
	if shows, _ := intake.ShowsConfig(c.Command); c.Half && !shows { // half a row tells nothing
		text = strings.TrimRight(text, "\n")
		text = text[:strings.LastIndexByte(text, '\n')+1]
	}
	command := strings.Fields(strings.ToLower(c.Command))
	is := func(words ...string) bool {
		if len(command) < len(words) {
			return false
		}
		for i, w := range words {
			if len(command[i]) < 2 || !strings.HasPrefix(w, command[i]) && !strings.HasPrefix(command[i], w) {
				return false
			}
		}
		return true
	}
	switch {
	case is("show", "running-config"), is("show", "configuration"), is("show", "startup-config"), intake.StartsFrom(command):
		switch {
		case !whole(c.Command) || s.config == text:
		case s.config == "":
			s.config = text
		default:
			s.cut = append(s.cut, fmt.Sprintf("the configuration that %s shows at line %d, which is another than the one before it", c.Command, c.Line))
		}
	case is("show", "lldp", "neighbor"), is("show", "cdp", "neighbor"), is("show", "edp"), is("lldpctl"), is("lldpcli", "show", "neighbors"),
		is("show", "lldp", "ports") && strings.Contains(c.Command, "neigh"), is("show", "system", "lldp", "neighbor"), is("net", "show", "lldp"), is("nv", "show", "interface", "lldp"):
		return r.neighbours(s, c.Command, text)
	case is("show", "etherchannel", "summary"), is("show", "port-channel", "summary"):
		maps.Copy(s.lags, aggregates(text))
	case is("show", "sharing"), is("show", "ports", "sharing"):
		found, known := map[string][]string{}, len(s.cut)
		err := r.rows(s, "exos:sharing", text, func(row map[string]string) { found[row["MASTER"]] = append(found[row["MASTER"]], row["PORT"]) })
		if len(s.cut) > known { // rows below one that is not read have no group of their own
			s.unread = append(s.unread, "who is in which group of show sharing: a row of it is not read")
			return err
		}
		maps.Copy(s.lags, found)
		return err
	case is("show", "mlag", "peer"):
		return r.rows(s, "exos:mlag-peer", text, func(row map[string]string) {
			s.pairs = append(s.pairs, Pair{Kind: "mlag", Peer: row["PEER_ADDRESS"]})
		})
	case is("show", "virtual-ist"):
		return r.rows(s, "voss:virtual-ist", text, func(row map[string]string) {
			s.pairs = append(s.pairs, Pair{Kind: "virtual-ist", Peer: row["PEER"]})
		})
	case is("show", "mlt"):
		return r.rows(s, "voss:mlt", text, func(row map[string]string) {
			s.lags["mlt "+row["ID"]] = ports(row["MEMBERS"])
		})
	case is("show", "vlan", "basic"):
		return r.rows(s, "voss:vlan", text, func(row map[string]string) { s.vlans = append(s.vlans, vlan(row["ID"], row["NAME"])) })
	case is("show", "vlan") && len(command) == 2:
		return r.rows(s, "exos:vlan", text, func(row map[string]string) { s.vlans = append(s.vlans, vlan(row["VID"], row["NAME"])) })
	case command[0] == "ip" && regexp.MustCompile(`^ip(?: -\S+)* a(?:d|dd|ddr|ddre|ddres|ddress)?(?: |$)`).MatchString(strings.Join(command, " ")):
		if slices.ContainsFunc(command, func(w string) bool { return strings.HasPrefix(w, "-br") }) {
			s.addresses = append(s.addresses, brief(text)...)
			break
		}
		s.addresses = append(s.addresses, long(text)...)
	default:
		asked := len(s.asked)
		err := s.routed(r, is, text)
		if c.Cut != "" || c.Beyond > 0 { // what it does not list may be there
			s.asked = s.asked[:asked]
		}
		return err
	}
	return nil
}

func whole(command string) bool {
	whole, _ := intake.ShowsConfig(command)
	return whole
}

// rows reads a table by a driver's template.
func (r *Reader) rows(s *said, name, text string, each func(row map[string]string)) error {
	t := r.table[name]
	if t == nil {
		template, err := r.o.Template(name)
		if err != nil {
			return err
		}
		if t, err = plan.ParseTable(string(template)); err != nil {
			return err
		}
		r.table[name] = t
	}
	rows, unread, err := t.Part(text)
	if err != nil {
		return nil //nolint:nilerr // a table beyond the bounds of templates tells nothing
	}
	for _, row := range unread {
		s.cut = append(s.cut, fmt.Sprintf("a row of a table that %s does not read: %s", name, strings.TrimSpace(row)))
	}
	for _, row := range rows {
		m := map[string]string{}
		for k, v := range row {
			m[k], _ = v.(string)
		}
		each(m)
	}
	return nil
}

// key is a port in one spelling, so that the short forms of tables are those of configurations.
func key(port string) string {
	port = strings.ToLower(strings.ReplaceAll(port, " ", ""))
	port = strings.TrimSuffix(port, ".0")
	for _, long := range [][2]string{
		{"tengigabitethernet", "te"},
		{"tengige", "te"},
		{"gigabitethernet", "gi"},
		{"fastethernet", "fa"},
		{"ethernet", "eth"},
		{"port-channel", "po"},
		{"twentyfivegigabitethernet", "twe"},
		{"twentyfivegige", "twe"},
		{"twogigabitethernet", "tw"},
		{"fivegigabitethernet", "fi"},
		{"fortygigabitethernet", "fo"},
		{"fortygige", "fo"},
		{"hundredgigabitethernet", "hu"},
		{"hundredgige", "hu"},
		{"management", "ma"},
		{"gig", "gi"},
		{"ten", "te"},
		{"fas", "fa"},
		{"two", "tw"},
		{"fiv", "fi"},
		{"for", "fo"},
		{"hun", "hu"},
		{"et", "eth"},
	} {
		if rest, ok := strings.CutPrefix(port, long[0]); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return long[1] + rest
		}
	}
	return port
}

// management reports whether a port is one of management, as its name tells.
func management(port string) bool {
	return regexp.MustCompile(`(?i)^(?:mgmt|management|ma\d|fxp|me0|em0|vme|re\d:mgmt)`).MatchString(port)
}

// hostOf is a name without its domain.
func hostOf(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(name)), ".")
	return name
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
