package scenarios

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// ActFault is the kind of [FaultStep].
const ActFault ActionKind = "fault"

// FaultStep puts a fault on a link or on a node.
type FaultStep Step

func faultStep(s Step) (Action, bool) { return FaultStep(s), s.Fault != "" }

// Fault is what a fault step does.
type Fault string

// Faults. Those of a link need link, those of a node need node.
const (
	FaultDown Fault = "down"
	FaultUp   Fault = "up" // takes back an earlier down
	FaultFlap Fault = "flap"
	FaultDrop Fault = "drop"

	FaultDelay     Fault = "delay"
	FaultDuplicate Fault = "duplicate"
	FaultCorrupt   Fault = "corrupt"
	FaultReorder   Fault = "reorder"
	FaultTruncate  Fault = "truncate"
	FaultRate      Fault = "rate"
	FaultMTU       Fault = "mtu"
	FaultHold      Fault = "hold"

	FaultReplug  Fault = "replug"
	FaultKill    Fault = "kill"
	FaultRestart Fault = "restart"
	FaultPause   Fault = "pause"
)

// faultRow says of a fault what it acts on, and which keys of a step it takes.
type faultRow struct {
	fault   Fault
	onLink  bool
	counted bool // it says how often it acted
	keys    []string
}

// takes reports whether a key belongs to the fault.
func (r faultRow) takes(key string) bool { return slices.Contains(r.keys, key) }

func faultTable() []faultRow {
	return []faultRow{
		{fault: FaultDown, onLink: true, keys: []string{"for", "arm", "disarm"}},
		{fault: FaultUp, onLink: true, keys: []string{"ends"}},
		{fault: FaultFlap, onLink: true, keys: []string{"for", "times", "every", "arm"}},
		frameRow(FaultDrop),
		frameRow(FaultDelay, "delay", "jitter", "reorder"),
		frameRow(FaultDuplicate),
		frameRow(FaultCorrupt, "offset", "xor"),
		frameRow(FaultReorder, "after"),
		frameRow(FaultTruncate, "size"),
		frameRow(FaultRate, "rate", "queue"),
		frameRow(FaultMTU, "size"),
		frameRow(FaultHold),
		{fault: FaultReplug, onLink: true, keys: []string{"arm"}},
		{fault: FaultKill, keys: []string{"for", "arm", "disarm", "process", "signal"}},
		{fault: FaultRestart, keys: []string{"process"}},
		{fault: FaultPause, keys: []string{"for", "arm", "disarm", "process"}},
	}
}

// row is what the table says of the fault, nothing for a word that is none.
func (f Fault) row() faultRow {
	for _, r := range faultTable() {
		if r.fault == f {
			return r
		}
	}
	return faultRow{}
}

// OnLink says whether the fault acts on a link rather than on a node.
func (f Fault) OnLink() bool { return f.row().onLink }

// Shuts says whether the fault is seen in how a node's own ports or processes are, and not in its frames alone.
func (f Fault) Shuts() bool {
	row := f.row()
	return f != "" && !row.counted
}

func (Fault) words() []string {
	var words []string
	for _, r := range faultTable() {
		words = append(words, string(r.fault))
	}
	return words
}

// DecodeYAML accepts the known words only.
func (f *Fault) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) { decodeWord(d, n, path, f) }

// JSONSchema lists the words.
func (f Fault) JSONSchema() *jsonschema.Schema { return enumSchema(f.words()) }

// Direction says which frames a drop acts on, seen from the endpoint of its link.
type Direction string

// Directions.
const (
	DirectionIn   Direction = "in" // frames that would arrive there
	DirectionOut  Direction = "out"
	DirectionBoth Direction = "both"
)

func (Direction) words() []string { return []string{"in", "out", "both"} }

// DecodeYAML accepts the known words only.
func (d *Direction) DecodeYAML(doc *yamlpos.Doc, n *yaml.Node, path string) {
	decodeWord(doc, n, path, d)
}

// JSONSchema lists the words.
func (d Direction) JSONSchema() *jsonschema.Schema { return enumSchema(d.words()) }

// FlapDown is how long a flapping link is down each time.
func (s Step) FlapDown() Duration { return orDefault(s.For, Duration(time.Second)) }

// FlapUp is how long a flapping link is up between two flaps.
func (s Step) FlapUp() Duration { return orDefault(s.Every, Duration(time.Second)) }

// Kind implements Action.
func (FaultStep) Kind() ActionKind { return ActFault }

// Title implements Action.
func (s FaultStep) Title() string { return strings.TrimSpace(string(s.Fault) + " " + s.Process) }

// Describe implements Action.
func (s FaultStep) Describe() string { return "fault: " + s.Words() }

// Words implements Action.
func (s FaultStep) Words() string {
	words := []string{string(s.Fault)}
	if s.Process != "" {
		words = append(words, s.Process)
	}
	if s.Signal != "" {
		words = append(words, "with "+s.Signal)
	}
	if s.Ends != "" {
		words = append(words, "of "+s.Ends)
	}
	if s.Direction != "" {
		words = append(words, "direction "+string(s.Direction))
	}
	words = append(words, s.frameWords()...)
	if s.Probability != 0 {
		words = append(words, fmt.Sprintf("with probability %g", s.Probability))
	}
	if s.Fault == FaultFlap {
		words = append(words, fmt.Sprintf("%d times, down %s, up %s", max(s.Times, 1), Step(s).FlapDown(), Step(s).FlapUp()))
	} else if s.For > 0 {
		words = append(words, "for "+s.For.String())
	}
	words = append(words, s.armedWords()...)
	if s.Background {
		words = append(words, "in the background")
	}
	return strings.Join(words, " ")
}

// matchWords say which frames a fault acts on, as the file does.
func matchWords(f topologies.FrameMatch) []string {
	var words []string
	for _, m := range []struct{ key, value string }{
		{"src-mac", f.SrcMAC},
		{"dst-mac", f.DstMAC},
		{"ethertype", f.EtherType},
		{"proto", f.Proto},
		{"type", f.Type},
		{"lsa", f.LSA},
		{"attribute", f.Attribute},
		{"src-ip", f.SrcIP},
		{"dst-ip", f.DstIP},
	} {
		if m.value != "" {
			words = append(words, m.key+" "+m.value)
		}
	}
	if f.SrcPort != 0 {
		words = append(words, fmt.Sprintf("src-port %d", f.SrcPort))
	}
	if f.DstPort != 0 {
		words = append(words, fmt.Sprintf("dst-port %d", f.DstPort))
	}
	return words
}

// Effect implements Action.
func (s FaultStep) Effect() Effect {
	return Effect{Acts: true, TakenBack: true, Counted: s.Fault.row().counted, Nodes: named(s.Node), Longest: s.longest()}
}

func (s FaultStep) longest() time.Duration {
	switch {
	case s.Background, Step(s).Armed():
		return 0
	case s.Fault == FaultFlap:
		return time.Duration(max(s.Times, 1)) * time.Duration(Step(s).FlapDown()+Step(s).FlapUp())
	default:
		return time.Duration(s.For)
	}
}

func (s FaultStep) takes(_ *checker, key string) bool {
	switch key {
	case "link":
		return s.Fault.OnLink()
	case "node":
		return !s.Fault.OnLink()
	case "background":
		return (s.For > 0 || s.Fault == FaultFlap) && !Step(s).Armed()
	default:
		return s.Fault.row().takes(key)
	}
}

func (s FaultStep) check(c *checker, where string) {
	s.checkArmed(c, where)
	if s.Fault.OnLink() {
		s.checkOnLink(c, where)
		return
	}
	c.node(where, s.Node, "the fault needs to know where to act")
	if s.Process == "" && s.Fault != FaultRestart {
		c.Faultf(where, "process: bgpd", "%s needs to know which process", s.Fault)
	}
	s.checkProcess(c, where)
}

func (s FaultStep) checkOnLink(c *checker, where string) {
	node, iface, ok := strings.Cut(s.Link, ":")
	t := c.loaded.Topology
	switch _, known := t.Node(node); {
	case !ok:
		c.Faultf(where, `link: "r1:eth1"`, "%s needs a link, as node:interface", s.Fault)
	case !known:
		c.Faultf(where+".link", yamlpos.Suggest(node, t.Names()), "the topology has no node %q", node)
	default:
		if _, found := t.Link(node, iface); !found {
			hint := yamlpos.Suggest(iface, t.Interfaces(node))
			if hint == "" {
				hint = "it has " + strings.Join(t.Interfaces(node), ", ")
			}
			c.Faultf(where+".link", hint, "node %s has no linked interface %q", node, iface)
		}
	}
	if s.Probability < 0 || s.Probability > 1 {
		c.Faultf(where+".probability", "0 < p ≤ 1", "a probability of %v is not possible", s.Probability)
	}
	c.match(where+".match", s.Match)
	s.checkEnd(c, where)
	if s.Fault.OnFrames() {
		s.checkOnFrames(c, where)
		s.checkNever(c, where)
	}
	if s.Times == 0 && c.Has(where+".times") {
		c.refuse(where+".times", "1 to 1000", "a link that flaps never does nothing")
	}
	if s.Probability == 0 && c.Has(where+".probability") {
		c.refuse(where+".probability", "0 < p ≤ 1", "a fault that never acts does nothing")
	}
	for key, value := range map[string]string{"src-ip": s.Match.SrcIP, "dst-ip": s.Match.DstIP} {
		if value == "" {
			continue
		}
		_, errAddr := netip.ParseAddr(value)
		_, errPrefix := netip.ParsePrefix(value)
		if errAddr != nil && errPrefix != nil {
			c.Faultf(where+".match."+key, "10.0.0.1 or 10.0.0.0/24", "%q is no address", value)
		}
	}
}

// match checks the frames that a fault acts on.
func (c *checker) match(where string, written topologies.FrameMatch) {
	m, ok := c.messages(where, written)
	if !ok {
		return
	}
	for _, f := range []struct {
		key, value string
		known      []string
		max        uint64
	}{
		{"proto", m.Proto, protocols(), 255},
		{"ethertype", m.EtherType, topologies.EtherTypeNames(), 65535},
	} {
		if f.value == "" || slices.Contains(f.known, strings.ToLower(f.value)) {
			continue
		}
		if n, err := strconv.ParseUint(f.value, 0, 16); err == nil && n <= f.max && (n > 0 || f.key == "proto") {
			continue
		}
		hint := yamlpos.Suggest(f.value, f.known)
		if hint == "" {
			hint = fmt.Sprintf("%s, or a number up to %d", strings.Join(f.known, ", "), f.max)
		}
		c.refuse(where+"."+f.key, hint, "unknown %s %q", f.key, f.value)
	}
	c.matchHolds(where, m)
	c.oneVersion(where, m, written.Proto)
	if n := etherTypeOf(m.EtherType); n > 0 && n < leastType && n != lengthsType {
		c.refuse(where+".ethertype", "0x0600 or more; 0x0004 for all frames with a length there", "%s is a length in the place of a type: no frame can match", m.EtherType)
	}
	for key, n := range map[string]int{"src-port": m.SrcPort, "dst-port": m.DstPort} {
		if n < 0 || n > 65535 || n == 0 && c.Has(where+"."+key) {
			c.refuse(where+"."+key, "1 to 65535", "%d is no port", n)
		}
	}
	for key, mac := range map[string]string{"src-mac": m.SrcMAC, "dst-mac": m.DstMAC} {
		if address, err := net.ParseMAC(mac); mac != "" && (err != nil || len(address) != 6) {
			c.refuse(where+"."+key, "01:80:c2:00:00:0e", "%q is no hardware address", mac)
		}
	}
}

// matchHolds refuses a match that no frame can meet: ports are those of TCP and UDP, where others are not looked for,
// and protocols those of IP.
func (c *checker) matchHolds(where string, m topologies.FrameMatch) {
	number := func(value string, names map[string]uint64) (uint64, bool) {
		if n, ok := names[strings.ToLower(value)]; ok {
			return n, true
		}
		n, err := strconv.ParseUint(value, 0, 16)
		return n, err == nil
	}
	protocols, types := map[string]uint64{}, map[string]uint64{}
	for name, n := range topologies.Protocols() {
		protocols[name] = uint64(n)
	}
	for name, n := range topologies.EtherTypes() {
		types[name] = uint64(n)
	}
	ports := m.SrcPort > 0 || m.DstPort > 0
	if n, ok := number(m.Proto, protocols); ok && ports && slices.Contains([]uint64{33, 132, 136}, n) {
		c.refuse(where, `filter: "sctp port 3868", or another in tcpdump's syntax`, "ports are matched in TCP and UDP alone, and not in protocol %s", m.Proto)
	} else if ok && ports && n != 6 && n != 17 {
		c.refuse(where, "leave out the port, or match proto: tcp or udp", "%s has no ports: no frame can match", m.Proto)
	}
	n, ok := number(m.EtherType, types)
	if ip := n == types["ip"] || n == types["ipv6"]; ok && !ip && (ports || m.Proto != "") {
		c.refuse(where, "leave out ethertype, or proto and ports", "frames of ethertype %s have no IP protocol and no ports: no frame can match", m.EtherType)
	} else if addresses := m.SrcIP != "" || m.DstIP != ""; ok && !ip && addresses {
		c.refuse(where, "leave out ethertype, or src-ip and dst-ip", "frames of ethertype %s have no header of IP: no frame can match", m.EtherType)
	}
}

// oneVersion refuses a match that asks for IPv4 and IPv6 at once; proto is the protocol as it is written.
func (c *checker) oneVersion(where string, m topologies.FrameMatch, proto string) {
	said := map[int]string{} // what asks for the version
	for _, p := range []struct{ key, value string }{{"ethertype", m.EtherType}, {"proto", m.Proto}, {"src-ip", m.SrcIP}, {"dst-ip", m.DstIP}, {"proto", proto}, {"lsa", m.LSA}} {
		v := 0
		switch p.key {
		case "ethertype":
			v = map[uint16]int{0x0800: 4, 0x86dd: 6}[topologies.EtherTypes()[strings.ToLower(p.value)]]
		case "proto": // ICMP, IGMP, DHCP, and ICMPv6 are of one version alone
			v = map[uint8]int{1: 4, 2: 4, 58: 6}[topologies.Protocols()[strings.ToLower(p.value)]]
			if strings.EqualFold(p.value, "dhcp") {
				v = 4
			}
		case "lsa": // OSPFv2 and OSPFv3 have some of their own
			if lsa, known := topologies.LSATypes()[p.value]; known && lsa.V2 == 0 {
				v = 6
			} else if known && lsa.V3 == 0 {
				v = 4
			}
		default:
			if address, _, _ := strings.Cut(p.value, "/"); strings.Contains(address, ":") {
				v = 6
			} else if address != "" {
				v = 4
			}
		}
		if v != 0 {
			said[v] = p.key + " " + p.value
		}
	}
	if len(said) > 1 {
		c.refuse(where, "one of them", "%s is of IPv4 and %s of IPv6: no frame can match", said[4], said[6])
	}
}

// signals that a process can be sent, without SIG.
func signals() []string {
	return strings.Fields("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP " +
		"TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS")
}

// checkProcess checks the process and the signal of a fault on a node.
func (s FaultStep) checkProcess(c *checker, where string) {
	if s.Signal != "" && !slices.Contains(signals(), strings.TrimPrefix(strings.ToUpper(s.Signal), "SIG")) {
		c.refuse(where+".signal", "SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGHUP, SIGSTOP …", "there is no signal %q", s.Signal)
	}
	if slices.Contains([]string{"CHLD", "CONT", "URG", "WINCH"}, strings.TrimPrefix(strings.ToUpper(s.Signal), "SIG")) { // signal(7)
		c.Warnf(where+".signal", "SIGKILL, SIGTERM, SIGSEGV, SIGABRT …", "%s ends no process by itself: nothing happens unless the daemon does something of its own then", s.Signal)
	}
	if s.Process == "" {
		return
	}
	p, name, known := c.platform(s.Node)
	if !known {
		return
	}
	daemons := c.daemons(s.Node, p)
	if slices.Contains(daemons, s.Process) {
		c.started(where+".process", s.Node, s.Process, p)
		return
	}
	if len(daemons) == 0 {
		c.refuse(where+".process", c.noDaemons(s.Node, p), "%s (%s) runs no daemon that a fault could act on", s.Node, name)
		return
	}
	hint := yamlpos.Suggest(s.Process, daemons)
	if hint == "" {
		hint = "it has " + strings.Join(daemons, ", ")
	}
	c.refuse(where+".process", hint, "%s (%s) runs no daemon %q", s.Node, name, s.Process)
}
