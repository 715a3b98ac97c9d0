package suite

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/scenarios/spec"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Version is the format this package reads, the value of the key "reprise".
const Version = "suite/v1"

// Suite is tests over a matrix of subjects, with all the files that it is made of.
type Suite struct {
	ID           string
	Title        string
	Labels       []string
	Roles        []Role // in the order of the file
	Tests        []*Test
	Requirements []spec.Requirement
	Deviations   []Deviation
	Reference    Subject // the speaker that each side of a failing cell is tried against; zero where the suite has none
	Digest       string  // SHA-256 over the files, in hexadecimal
	Warnings     yamlpos.Problems

	file         file
	platforms    map[string]*platform
	steps        int               // that its templates have taken
	texts        map[string]string // by file beside the suite
	requirements map[string][]byte // of the suite's own, by file
}

// Role is a part that subjects play.
type Role struct {
	Name     string
	Subjects []Subject
	values   map[string]any
}

// Subject is one version of one platform.
type Subject struct {
	Name     string // platform@version
	Platform string // as the suite calls it
	Version  string
	Image    string
}

// Test is one test of a suite.
type Test struct {
	ID           string              `yaml:"id"`
	Title        string              `yaml:"title"`
	Area         string              `yaml:"area"`
	Requirements []string            `yaml:"requirements"`
	After        []string            `yaml:"after"`
	Values       values              `yaml:"values"`
	Roles        map[string]values   `yaml:"roles"`
	Options      map[string][]scalar `yaml:"options"`
	Only         []choice            `yaml:"only"`
	Exclude      []choice            `yaml:"exclude"`
	Topology     raw                 `yaml:"topology"`
	Clock        raw                 `yaml:"clock"`
	Evidence     raw                 `yaml:"evidence"`
	Setup        []raw               `yaml:"setup"`
	Steps        []raw               `yaml:"steps"`
	Expect       []raw               `yaml:"expect"`
	Symptom      []raw               `yaml:"symptom"`

	where string // file:line
}

// file is suite.yaml.
type file struct {
	Reprise      string              `yaml:"reprise"`
	ID           string              `yaml:"id"`
	Title        string              `yaml:"title"`
	Labels       []string            `yaml:"labels"`
	Requirements []string            `yaml:"requirements"`
	Clock        raw                 `yaml:"clock"`
	Values       values              `yaml:"values"`
	Roles        map[string]roleFile `yaml:"roles"`
	Combinations combinations        `yaml:"combinations"`
	Exclude      []choice            `yaml:"exclude"`
	Weights      []choice            `yaml:"weights"`
	Topology     raw                 `yaml:"topology"`
	Evidence     raw                 `yaml:"evidence"`
	Platforms    map[string]raw      `yaml:"platforms"`
	Tests        []raw               `yaml:"tests"`
	Deviations   []raw               `yaml:"deviations"`
	Reference    string              `yaml:"reference"`
}

// roleFile is a role as it is written: a list of subjects, or with values.
type roleFile struct {
	Subjects subjects `yaml:"subjects"`
	Values   values   `yaml:"values"`
}

// DecodeYAML accepts a list alone, and the name of another role.
func (r *roleFile) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		d.Value(n, &r.Subjects, path)
		return
	}
	type plain roleFile
	d.Value(n, (*plain)(r), path)
}

// subjects are names, or the role that has the same ones.
type subjects struct {
	names  []string
	sameAs string
}

// DecodeYAML accepts both forms.
func (s *subjects) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		s.sameAs = n.Value
		return
	}
	d.Value(n, &s.names, path)
}

// combinations say which choices of subjects there are.
type combinations struct {
	word string
	list []map[string]string
}

// Words of combinations.
const (
	allPairs = "all-pairs"
	pairwise = "pairwise"
)

// DecodeYAML accepts a word or a list.
func (c *combinations) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		if c.word = n.Value; !slices.Contains([]string{allPairs, pairwise}, c.word) {
			d.NodeFaultf(n, "all-pairs, pairwise, or a list of choices", "%q is no way to combine subjects", n.Value)
		}
		return
	}
	d.Value(n, &c.list, path)
}

// choice is a pattern of subjects by role, with what is said of it.
type choice struct {
	subjects map[string]string
	Why      string
	Weight   float64
}

// DecodeYAML takes why and weight for what they are, and every other key for a role.
func (c *choice) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		d.NodeFaultf(n, "such as {dut: frr@8.*}", "want patterns of subjects by role")
		return
	}
	c.subjects = map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i].Value, n.Content[i+1]
		switch k {
		case "why":
			d.Value(v, &c.Why, yamlpos.Join(path, k))
		case "weight":
			d.Value(v, &c.Weight, yamlpos.Join(path, k))
		default:
			var pattern string
			d.Value(v, &pattern, yamlpos.Join(path, k))
			c.subjects[k] = pattern
		}
	}
}

// raw is a part of a file that is rendered before anybody reads it.
type raw struct {
	node *yaml.Node
	line int
}

// DecodeYAML keeps the node.
func (r *raw) DecodeYAML(_ *yamlpos.Doc, n *yaml.Node, _ string) { r.node, r.line = n, n.Line }

// given reports whether the part was written.
func (r raw) given() bool { return r.node != nil && r.node.Kind != 0 }

// scalar is a value of an option, as it is written and as what it is.
type scalar struct {
	text  string
	value any
}

// DecodeYAML reads a plain value.
func (s *scalar) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, _ string) {
	if n.Kind != yaml.ScalarNode {
		d.NodeFaultf(n, "", "an option takes plain values")
		return
	}
	s.text = n.Value
	if err := n.Decode(&s.value); err != nil {
		d.NodeFaultf(n, "", "%v", err)
	}
}

// values are what templates take, by the name that is written.
type values map[string]any

// DecodeYAML reads values of any shape.
func (v *values) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, _ string) {
	if n.Kind != yaml.MappingNode {
		d.NodeFaultf(n, "such as {hello: 5}", "want values by name")
		return
	}
	out := map[string]any{}
	if err := n.Decode(&out); err != nil {
		d.NodeFaultf(n, "", "%v", err)
	}
	*v = out
}

// Role finds a role by its name.
func (s *Suite) Role(name string) (Role, bool) {
	i := slices.IndexFunc(s.Roles, func(r Role) bool { return r.Name == name })
	if i < 0 {
		return Role{}, false
	}
	return s.Roles[i], true
}

// Test finds a test by its name.
func (s *Suite) Test(id string) (*Test, bool) {
	i := slices.IndexFunc(s.Tests, func(t *Test) bool { return t.ID == id })
	if i < 0 {
		return nil, false
	}
	return s.Tests[i], true
}
