package scenarios

import (
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Capture says which frames to keep: those that pass an endpoint, either way.
type Capture struct {
	Endpoint string `yaml:"endpoint" json:"endpoint"`
	Filter   string `yaml:"filter" json:"filter,omitempty"`
	Max      string `yaml:"max" json:"max,omitempty"`
}

// Bounds of captures.
const (
	DefaultCapture = 64 << 20 // bytes of one that does not say
	minCapture     = 1 << 20
	maxCapture     = 4 << 30
	maxCaptures    = 64
)

// MaxBytes bounds the file.
func (c Capture) MaxBytes() int64 {
	if n, err := topologies.ParseBytes(c.Max); err == nil && n > 0 {
		return n
	}
	return DefaultCapture
}

// At is the endpoint's node and interface.
func (c Capture) At() topologies.Endpoint {
	node, iface, _ := strings.Cut(c.Endpoint, ":")
	return topologies.Endpoint{Node: node, Interface: iface}
}

// DecodeYAML accepts both forms.
func (c *Capture) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		c.Endpoint = n.Value
		return
	}
	type plain Capture
	d.Value(n, (*plain)(c), path)
}

// JSONSchema describes both forms.
func (Capture) JSONSchema() *jsonschema.Schema {
	props := jsonschema.NewProperties()
	props.Set("endpoint", &jsonschema.Schema{Type: "string", Description: "Where, as node:interface."})
	props.Set("filter", &jsonschema.Schema{Type: "string", Description: "Which frames, in tcpdump's syntax (pcap-filter(7)), such as \"vlan and tcp port 179\"; default all. Names of hosts and ports are not looked up."})
	props.Set("max", &jsonschema.Schema{Type: "string", Description: "Bound of the file, such as 100MB; the oldest frames go for newer ones. Default 64MiB."})
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Description: "Where, as node:interface."},
		{Type: "object", Properties: props, Required: []string{"endpoint"}, AdditionalProperties: jsonschema.FalseSchema},
	}}
}

// captures checks what is to be captured.
func (c *checker) captures() {
	const list = "evidence.captures"
	captures := c.s.Evidence.Captures
	if len(captures) > maxCaptures {
		c.Faultf(list, "", "%d captures; a trial has %d at most", len(captures), maxCaptures)
		return
	}
	seen := map[string]int{}
	for i, one := range captures {
		where := yamlpos.Index(list, i)
		if c.Has(where + ".endpoint") {
			c.endpoint(where+".endpoint", one.Endpoint)
		} else {
			c.endpoint(where, one.Endpoint)
		}
		if first, twice := seen[one.Endpoint]; twice {
			c.Faultf(where, `join what both want: filter: "(arp) or (tcp port 179)"`, "%s and %s are of the same endpoint", yamlpos.Index(list, first), where)
		}
		seen[one.Endpoint] = i
		c.filter(where+".filter", one.Filter)
		c.captureMax(where+".max", one.Max)
	}
	if all := len(c.s.Captures()); all > maxCaptures {
		c.Faultf("", "", "%d captures, with those of conditions over frames; a trial has %d at most", all, maxCaptures)
	}
}

// endpoint checks that a link ends there.
func (c *checker) endpoint(where, text string) {
	node, iface, ok := strings.Cut(text, ":")
	t := c.loaded.Topology
	switch _, known := t.Node(node); {
	case len(t.Nodes) == 0: // which was told
	case !ok:
		c.Faultf(where, `"r1:eth1"`, "%q is no endpoint, which is node:interface", text)
	case !known:
		c.Faultf(where, yamlpos.Suggest(node, t.Names()), "the topology has no node %q", node)
	default:
		if _, found := t.Link(node, iface); found {
			return
		}
		hint := yamlpos.Suggest(iface, t.Interfaces(node))
		if hint == "" {
			hint = "it has " + strings.Join(t.Interfaces(node), ", ")
		}
		c.Faultf(where, hint, "node %s has no linked interface %q", node, iface)
	}
}
