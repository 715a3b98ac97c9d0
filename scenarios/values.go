package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Duration is a time span, written as Go writes it: 250ms, 30s, 2m30s.
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes the form that scenarios use.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads it back.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// DecodeYAML reads a positive duration.
func (d *Duration) DecodeYAML(doc *yamlpos.Doc, n *yaml.Node, path string) {
	const hint = "write 250ms, 30s or 2m30s"
	v, err := time.ParseDuration(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || err != nil:
		doc.NodeFaultf(n, hint, "%s: %q is no time span", path, n.Value)
	case v <= 0:
		doc.NodeFaultf(n, hint, "%s: a time span is more than zero", path)
	case v > 24*time.Hour:
		doc.NodeFaultf(n, "a trial that waits a day is no trial", "%s: %s is more than 24h", path, n.Value)
	default:
		*d = Duration(v)
	}
}

// JSONSchema describes a duration to editors.
func (Duration) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`, Examples: []any{"250ms", "30s", "2m30s"}}
}

// Role is the part a node plays.
type Role string

// Roles of a node.
const (
	RoleDUT    Role = "dut"    // under suspicion
	RolePeer   Role = "peer"   // its partner
	RoleTester Role = "tester" // only looks or sends
)

// Fidelity is a kind of lab, in rising likeness to the customer's network.
type Fidelity string

// Kinds of lab.
const (
	FidelityContainer Fidelity = "container"
	FidelityVM        Fidelity = "vm"
	FidelityHardware  Fidelity = "hardware"
)

// Reset is what is done to a lab between two trials.
type Reset string

// Resets, from cheap to clean.
const (
	ResetNone     Reset = "none"
	ResetConfig   Reset = "config"
	ResetDaemons  Reset = "daemons"
	ResetRedeploy Reset = "redeploy"
)

// Resets lists them, from cheap to clean.
func Resets() []Reset { return []Reset{ResetNone, ResetConfig, ResetDaemons, ResetRedeploy} }

func (Role) words() []string     { return []string{"dut", "peer", "tester"} }
func (Fidelity) words() []string { return []string{"container", "vm", "hardware"} }
func (Reset) words() (list []string) {
	for _, r := range Resets() {
		list = append(list, string(r))
	}
	return list
}

// DecodeYAML accepts the known words only.
func (r *Role) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) { decodeWord(d, n, path, r) }

// DecodeYAML accepts the known words only.
func (f *Fidelity) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) { decodeWord(d, n, path, f) }

// DecodeYAML accepts the known words only.
func (r *Reset) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) { decodeWord(d, n, path, r) }

// JSONSchema lists the words.
func (r Role) JSONSchema() *jsonschema.Schema { return enumSchema(r.words()) }

// JSONSchema lists the words.
func (f Fidelity) JSONSchema() *jsonschema.Schema { return enumSchema(f.words()) }

// JSONSchema lists the words.
func (r Reset) JSONSchema() *jsonschema.Schema { return enumSchema(r.words()) }

func decodeWord[T interface {
	~string
	words() []string
}](d *yamlpos.Doc, n *yaml.Node, path string, into *T) {
	words := (*into).words()
	if n.Kind != yaml.ScalarNode || !slices.Contains(words, n.Value) {
		hint := yamlpos.Suggest(n.Value, words)
		if hint == "" {
			hint = "one of " + strings.Join(words, ", ")
		}
		d.NodeFaultf(n, hint, "%s: unknown word %q", path, n.Value)
		return
	}
	*into = T(n.Value)
}

func enumSchema(words []string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range words {
		s.Enum = append(s.Enum, w)
	}
	return s
}

// Service is a daemon that a node runs: its name, or a mapping with arguments.
type Service struct {
	Name string   `yaml:"name" json:"name" jsonschema:"required"`
	Args []string `yaml:"args" json:"args,omitempty"`
}

// DecodeYAML accepts both forms.
func (s *Service) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		s.Name = n.Value
		return
	}
	type plain Service
	d.Value(n, (*plain)(s), path)
	if s.Name == "" {
		d.NodeFaultf(n, "write lldpd, or {name: lldpd, args: [-c]}", "%s: a service needs a name", path)
	}
}

// JSONSchema describes both forms.
func (Service) JSONSchema() *jsonschema.Schema {
	props := jsonschema.NewProperties()
	props.Set("name", &jsonschema.Schema{Type: "string"})
	props.Set("args", &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "string"}})
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string"},
		{Type: "object", Properties: props, Required: []string{"name"}, AdditionalProperties: jsonschema.FalseSchema},
	}}
}

// TopologyRef is a file name, or the topology itself.
type TopologyRef struct {
	File   string
	inline *yaml.Node
}

// DecodeYAML accepts both forms.
func (t *TopologyRef) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.ScalarNode:
		t.File = n.Value
	case yaml.MappingNode:
		t.inline = n
	default:
		d.NodeFaultf(n, "", "%s: want a file name or a containerlab topology", path)
	}
}

// MarshalJSON writes the file name, or null for an inline topology.
func (t TopologyRef) MarshalJSON() ([]byte, error) {
	if t.File == "" {
		return []byte("null"), nil
	}
	return fmt.Appendf(nil, "%q", t.File), nil
}

// JSONSchema describes both forms.
func (TopologyRef) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Description: "The file, beside the scenario."},
		{Type: "object", Description: "What a containerlab file has below its key topology.", Required: []string{"nodes"}},
		{Type: "object", Description: "A whole containerlab file.", Required: []string{"topology"}},
	}}
}
