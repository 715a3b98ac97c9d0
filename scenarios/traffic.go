package scenarios

import (
	"fmt"
	"maps"
	"math"
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

// Flow is packets that a node sends to another during a trial: UDP over IPv4 or IPv6, each with a
// number and the time at which it was sent.
type Flow struct {
	From  string     `yaml:"from" json:"from" jsonschema:"required" jsonschema_description:"The node that sends."`
	To    string     `yaml:"to" json:"to" jsonschema:"required" jsonschema_description:"The node that receives."`
	Dst   string     `yaml:"dst" json:"dst" jsonschema:"required" jsonschema_description:"Address of to, IPv4 or IPv6."`
	Src   string     `yaml:"src" json:"src,omitempty" jsonschema_description:"Address of from to send with; default: the node chooses."`
	Port  int        `yaml:"port" json:"port,omitempty" jsonschema:"minimum=1,maximum=65535" jsonschema_description:"UDP port that to listens at; default: one that is free."`
	Rate  PacketRate `yaml:"rate" json:"rate,omitempty" jsonschema_description:"Packets in a second of the lab, such as 1000/s, which is the default. A gap is known to within the time between two packets."`
	Size  int        `yaml:"size" json:"size,omitempty" jsonschema:"minimum=56,maximum=9000" jsonschema_description:"Bytes of a packet with its IP header; default 200. It is never fragmented."`
	Count int        `yaml:"count" json:"count,omitempty" jsonschema:"minimum=1,maximum=2097152" jsonschema_description:"Packets, after which the flow ends; default: it goes on until the end of the trial, or for 2097152 packets."`
	DSCP  int        `yaml:"dscp" json:"dscp,omitempty" jsonschema:"minimum=0,maximum=63" jsonschema_description:"Differentiated services codepoint; default 0."`
	Start FlowStart  `yaml:"start" json:"start,omitempty" jsonschema_description:"When the flow begins: baseline, when the baseline is first looked at (the default), or stimulus, just before its first step."`
}

// FlowStart says when a flow begins.
type FlowStart string

// When a flow begins.
const (
	StartBaseline FlowStart = "baseline"
	StartStimulus FlowStart = "stimulus"
)

func (FlowStart) words() []string { return []string{"baseline", "stimulus"} }

// DecodeYAML accepts the known words only.
func (s *FlowStart) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) { decodeWord(d, n, path, s) }

// JSONSchema lists the words.
func (s FlowStart) JSONSchema() *jsonschema.Schema { return enumSchema(s.words()) }

// PacketRate is how many packets are sent in a second.
type PacketRate float64

// Bounds of a rate; MaxRate is also that of packets in a second of this machine.
const (
	DefaultRate = 1000
	MaxRate     = 20_000
	minRate     = 0.1
)

func (r PacketRate) String() string { return strconv.FormatFloat(float64(r), 'f', -1, 64) + "/s" }

// MarshalText writes the form that scenarios use.
func (r PacketRate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads it back.
func (r *PacketRate) UnmarshalText(b []byte) error {
	v, err := strconv.ParseFloat(strings.TrimSuffix(string(b), "/s"), 64)
	*r = PacketRate(v)
	return err
}

// DecodeYAML reads a rate within its bounds.
func (r *PacketRate) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	const hint = "packets in a second: 1000/s"
	err := r.UnmarshalText([]byte(n.Value))
	switch {
	case n.Kind != yaml.ScalarNode || err != nil || math.IsNaN(float64(*r)):
		d.NodeFaultf(n, hint, "%s: %q is no rate", path, n.Value)
	case *r < minRate || *r > MaxRate:
		d.NodeFaultf(n, "0.1/s to 20000/s", "%s: a flow cannot send %s", path, n.Value)
	}
}

// JSONSchema describes a rate to editors.
func (PacketRate) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^[0-9]+(\.[0-9]+)?(/s)?$`, Examples: []any{"1000/s", "50/s"}}
}

// PerSecond is the rate, with its default.
func (f Flow) PerSecond() PacketRate {
	if f.Rate == 0 {
		return DefaultRate
	}
	return f.Rate
}

// Interval is the time between two packets.
func (f Flow) Interval() time.Duration {
	return time.Duration(float64(time.Second) / float64(f.PerSecond()))
}

// defaultSize is that of a packet that says none.
const defaultSize = 200

// Bytes is the size of a packet, with its default.
func (f Flow) Bytes() int {
	if f.Size == 0 {
		return defaultSize
	}
	return f.Size
}

// Begins is when the flow begins, with its default.
func (f Flow) Begins() FlowStart {
	if f.Start == "" {
		return StartBaseline
	}
	return f.Start
}

// String gives the flow in one line, for people.
func (f Flow) String() string {
	s := fmt.Sprintf("%s → %s (%s), %s of %d bytes", f.From, f.To, f.Dst, f.PerSecond(), f.Bytes())
	if f.Src != "" {
		s += ", from " + f.Src
	}
	if f.DSCP > 0 {
		s += fmt.Sprintf(", dscp %d", f.DSCP)
	}
	if f.Count > 0 {
		s += fmt.Sprintf(", %d packets", f.Count)
	}
	return s + ", from the " + string(f.Begins()) + " on"
}

// Bounds of flows, and of their packets: what is sent holds a number and a time.
const (
	maxFlows    = 32
	leastV4     = 56
	leastV6     = 76
	mostBytes   = 9000
	mostPackets = 2 << 20
)

// traffic checks the flows.
func (c *checker) traffic() {
	if n := len(c.s.Traffic); n > maxFlows {
		c.Faultf("traffic", "", "%d flows; a trial has %d at most", n, maxFlows)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.s.Traffic)) {
		where := yamlpos.Join("traffic", name)
		c.loaded.lines[where], _ = c.At(where)
		if !idPattern.MatchString(name) {
			c.Faultf(where, "lower-case letters, digits and dashes, at most 63", "%q cannot be the name of a flow", name)
		}
		c.flow(where, c.s.Traffic[name])
	}
}

func (c *checker) flow(where string, f Flow) {
	c.flowEnd(where, "from", f.From)
	c.flowEnd(where, "to", f.To)
	if f.From != "" && f.From == f.To {
		c.Faultf(where+".to", "two nodes", "%s sends to itself: nothing passes a link", f.From)
	}
	dst, ok := c.flowAddress(where, "dst", f.Dst)
	if src, given := c.flowAddress(where, "src", f.Src); ok && given && src.Is4() != dst.Is4() {
		c.Faultf(where+".src", "both IPv4, or both IPv6", "%s cannot send to %s", src, dst)
	}
	if ok {
		c.flowDestination(where+".dst", f, dst)
	}
	least := leastV4
	if ok && !dst.Is4() {
		least = leastV6
	}
	if size := f.Bytes(); size < least || size > mostBytes || f.Size == 0 && c.Has(where+".size") {
		c.Faultf(where+".size", fmt.Sprintf("%d to %d: headers, and a number and a time", least, mostBytes), "packets of %d bytes are not possible", f.Size)
	} else {
		c.flowFits(where+".size", f)
	}
	if f.Src != "" && f.Src == f.Dst {
		c.refuse(where+".src", "an address of "+f.From, "the flow goes from %s to itself: nothing passes a link", f.Src)
	}
	for _, n := range []struct {
		key              string
		value, low, high int
	}{{"port", f.Port, 1, 65535}, {"count", f.Count, 1, mostPackets}, {"dscp", f.DSCP, 0, 63}} {
		if c.Has(where+"."+n.key) && (n.value < n.low || n.value > n.high) {
			c.Faultf(where+"."+n.key, fmt.Sprintf("%d to %d", n.low, n.high), "%s %d is not possible", n.key, n.value)
		}
	}
}

// flowFits checks that some link of the sender carries the packets of a flow, which are not fragmented.
func (c *checker) flowFits(where string, f Flow) {
	most, sure := 0, true
	for _, link := range c.loaded.Topology.Links {
		if link.A.Node == f.From || link.B.Node == f.From {
			bytes, known := c.carries(link)
			most, sure = max(most, bytes), sure && known
		}
	}
	if most > 0 && f.Bytes() > most {
		c.tooLong(sure)(where, fmt.Sprintf("at most %d", most), "no link of %s carries packets of %d bytes", f.From, f.Bytes())
	}
}

// flowEnd checks a node that sends or receives.
func (c *checker) flowEnd(where, key, node string) {
	t, known := c.loaded.Topology.Node(node)
	switch {
	case node == "":
		c.Faultf(where, key+": a node", "a flow needs to know where it goes %s", key)
	case !known && len(c.loaded.Topology.Nodes) > 0:
		c.Faultf(where+"."+key, yamlpos.Suggest(node, c.loaded.Topology.Names()), "the topology has no node %q", node)
	case known && t.IsSegment():
		c.Faultf(where+"."+key, "", "%s is a %s segment, which has no addresses", node, t.Kind)
	}
}

// flowAddress reads an address of a flow.
func (c *checker) flowAddress(where, key, s string) (netip.Addr, bool) {
	if s == "" {
		if key == "dst" {
			c.Faultf(where, "dst: 10.0.0.2", "a flow needs to know which address it goes to")
		}
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		c.Faultf(where+"."+key, "10.0.0.2 or 2001:db8::2", "%q is no address", s)
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) || a.Zone() != "" || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a.IsLoopback() || a.Is4In6():
		c.Faultf(where+"."+key, "10.0.0.2 or 2001:db8::2", "%s is not the address of one node of the network", s)
	default:
		return a, true
	}
	return netip.Addr{}, false
}

// flowDestination warns of an address that nothing of the scenario gives the receiver.
func (c *checker) flowDestination(where string, f Flow, dst netip.Addr) {
	if len(c.loaded.Topology.Nodes) == 0 || c.mentions(f.To, dst) {
		return
	}
	hint := "nothing that is sent there comes"
	for _, n := range c.loaded.Topology.Nodes {
		if c.mentions(n.Name, dst) {
			hint = n.Name + " has it"
		}
	}
	c.Warnf(where, hint, "nothing of the scenario gives %s the address %s", f.To, dst)
}

// mentions reports whether a node's part of the scenario has an address in it.
func (c *checker) mentions(node string, a netip.Addr) bool {
	t, _ := c.loaded.Topology.Node(node)
	texts := slices.Clone(t.Exec)
	values := append(slices.Collect(maps.Values(c.s.Nodes[node].Files)), c.loaded.ConfigOf(node))
	for _, value := range values {
		if data, err := c.loaded.Text(value); value != "" && err == nil {
			texts = append(texts, string(data))
		}
	}
	for _, l := range c.loaded.Topology.Links {
		for _, e := range []topologies.Endpoint{l.A, l.B} {
			if e.Node == node {
				texts = append(texts, e.IPv4, e.IPv6)
			}
		}
	}
	for _, s := range c.s.Stimulus {
		if s.Node == node {
			texts = append(texts, s.Action().Effect().Lines...)
		}
	}
	for _, words := range strings.FieldsFunc(strings.Join(texts, "\n"), notOfAddress) {
		if found, err := netip.ParseAddr(words); err == nil && found == a {
			return true
		}
	}
	return false
}

// notOfAddress says that a letter is none of an address.
func notOfAddress(r rune) bool {
	return r != '.' && r != ':' && (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F')
}
