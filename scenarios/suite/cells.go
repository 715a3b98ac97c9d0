package suite

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Cell is one test with one subject in each role.
type Cell struct {
	Test     *Test
	Subjects map[string]Subject // by role
	Options  map[string]string
	Weight   float64 // 1 where nothing is said
	// NotApplicable is why a subject cannot show it; empty where all can.
	NotApplicable string
	Notes         []string // that a pass has beside it
	// Files are the scenario's folder, scenario.yaml and what it names; nil where it is not applicable.
	Files map[string][]byte
}

// Key names the cell alike in every run of the suite: test[role=subject,…,option=value,…].
func (c Cell) Key() string {
	var words []string
	for _, role := range slices.Sorted(maps.Keys(c.Subjects)) {
		words = append(words, role+"="+c.Subjects[role].Name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Options)) {
		words = append(words, name+"="+c.Options[name])
	}
	return fmt.Sprintf("%s[%s]", c.Test.ID, strings.Join(words, ","))
}

// Digest is SHA-256 over the names and contents of the scenario's files, in hexadecimal.
func (c Cell) Digest() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		fmt.Fprintf(h, "%d %s %d\n", len(name), name, len(c.Files[name]))
		h.Write(c.Files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Bounds of a suite's cells: how many there are, and the files of all.
const (
	maxCells = 100_000
	maxBytes = 512 << 20
)

// Cells makes the cells of every test, in the order of the tests. The error joins, with their places,
// what cannot be rendered.
func (s *Suite) Cells() ([]Cell, error) {
	var out []Cell
	var errs []error
	choices, bytes := 0, 0
	s.steps = 0
	for _, t := range s.Tests {
		topology := t.Topology
		if !topology.given() {
			topology = s.file.Topology
		}
		factors := s.factorsOf(t, s.rolesOf(topology))
		size := 1
		for _, f := range factors {
			if size *= f.count(); size > maxCells {
				return nil, fmt.Errorf("%s: test %s: more than %d cells", t.where, t.ID, maxCells)
			}
		}
		if choices += size; choices > 10*maxCells {
			return nil, fmt.Errorf("the tests of the suite have more than %d choices", 10*maxCells)
		}
		rows, err := s.rows(t, factors)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			c, err := s.cell(t, topology, factors, r)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %s: %w", t.where, c.Key(), err))
				break // the others have the same fault
			}
			if out = append(out, c); len(out) > maxCells {
				return nil, fmt.Errorf("the suite has more than %d cells", maxCells)
			}
			for _, data := range c.Files {
				bytes += len(data)
			}
			if bytes > maxBytes {
				return nil, fmt.Errorf("the cells of the suite have more than %d MB of files", maxBytes>>20)
			}
		}
	}
	return out, errors.Join(errs...)
}

// NoReferenceError says that a side of a cell cannot be tried against the suite's reference speaker.
type NoReferenceError struct{ Why string }

func (e *NoReferenceError) Error() string { return e.Why }

// Against makes the cell in which one role keeps its subject, and the suite's reference speaker plays the
// other one. The error is a [*NoReferenceError] where that says nothing: the suite has no reference, the
// cell has not two roles, the reference plays one of them, or the test is not for the reference.
func (s *Suite) Against(c Cell, keeps string) (Cell, error) {
	switch {
	case s.Reference.Name == "":
		return Cell{}, &NoReferenceError{"the suite has no reference speaker"}
	case len(c.Subjects) != 2:
		return Cell{}, &NoReferenceError{fmt.Sprintf("%d roles take part, and a reference speaker stands for one of two", len(c.Subjects))}
	case c.Subjects[keeps].Name == "":
		return Cell{}, &NoReferenceError{"no role " + keeps + " takes part"}
	}
	for _, subject := range c.Subjects {
		if subject.Name == s.Reference.Name {
			return Cell{}, &NoReferenceError{s.Reference.Name + " is a side of the cell, and no third speaker"}
		}
	}
	t := c.Test
	topology := t.Topology
	if !topology.given() {
		topology = s.file.Topology
	}
	factors := s.factorsOf(t, s.rolesOf(topology))
	r := make(row, len(factors))
	for i, f := range factors {
		switch {
		case f.role == keeps:
			factors[i].choices = []Subject{c.Subjects[keeps]}
		case f.role != "":
			factors[i].choices = []Subject{s.Reference}
		default:
			r[i] = slices.IndexFunc(f.values, func(v scalar) bool { return v.text == c.Options[f.option] })
		}
	}
	subjects, _ := pick(factors, r)
	if anyChoice(t.Exclude, subjects) || len(t.Only) > 0 && !anyChoice(t.Only, subjects) {
		return Cell{}, &NoReferenceError{fmt.Sprintf("test %s is not for %s", t.ID, s.Reference.Name)}
	}
	out, err := s.cell(t, topology, factors, r)
	if err == nil && out.NotApplicable != "" {
		return Cell{}, &NoReferenceError{out.NotApplicable}
	}
	return out, err
}

// rolesOf gives the roles that the links of a topology name, or its nodes; all roles where it has no links.
func (s *Suite) rolesOf(topology raw) []string {
	found := map[string]bool{}
	if topology.given() {
		if nodes := child(topology.node, "nodes"); nodes != nil {
			for i := 0; i+1 < len(nodes.Content); i += 2 {
				found[nodes.Content[i].Value] = true
			}
		}
		scalars(topology.node, func(text string) {
			name, _, _ := strings.Cut(text, ":")
			found[name] = true
		})
	}
	var out []string
	for _, r := range s.Roles {
		if found[r.Name] {
			out = append(out, r.Name)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, r := range s.Roles {
		out = append(out, r.Name)
	}
	return out
}

// scalars visits every plain value below a node.
func scalars(n *yaml.Node, visit func(text string)) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode {
		visit(n.Value)
	}
	for _, c := range n.Content {
		scalars(c, visit)
	}
}

// child is the value of a key; nil where there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if v := n.Content[i+1]; n.Content[i].Value == key {
			for v.Kind == yaml.AliasNode {
				v = v.Alias
			}
			return v
		}
	}
	return nil
}

// cell makes one cell.
func (s *Suite) cell(t *Test, topology raw, factors []factor, r row) (Cell, error) {
	subjects, options := pick(factors, r)
	c := Cell{Test: t, Subjects: subjects, Options: map[string]string{}, Weight: 1}
	for name, v := range options {
		c.Options[name] = v.text
	}
	for _, w := range s.file.Weights {
		if w.fits(subjects) {
			c.Weight = w.Weight
		}
	}
	if c.NotApplicable = s.lacking(t, subjects); c.NotApplicable != "" {
		return c, nil
	}
	w := &writer{suite: s, test: t, cell: &c, roles: s.data(t, subjects, options)}
	err := w.scenario(topology)
	if lacks := (*lacksError)(nil); errors.As(err, &lacks) {
		c.NotApplicable, c.Files, c.Notes = lacks.why, nil, nil
		return c, nil
	}
	return c, err
}

// lacking is why a subject does not offer what a test is about; empty where all do.
func (s *Suite) lacking(t *Test, subjects map[string]Subject) string {
	for _, r := range s.Roles {
		subject, ok := subjects[r.Name]
		if !ok {
			continue
		}
		for _, l := range s.platforms[subject.Platform].Lacks {
			if matchesOne(l.Tests, t.ID) && inVersions(l.Versions, subject) {
				return strings.TrimSpace(subject.Name + ": " + l.Why + referred(l.Reference))
			}
		}
	}
	return ""
}

func referred(reference string) string {
	if reference == "" {
		return ""
	}
	return " (" + reference + ")"
}

// data is what the templates of each role have.
func (s *Suite) data(t *Test, subjects map[string]Subject, options map[string]scalar) map[string]map[string]any {
	roles := map[string]map[string]any{}
	for name, subject := range subjects {
		data := map[string]any{}
		role, _ := s.Role(name)
		for _, list := range []values{s.file.Values, s.platforms[subject.Platform].Values, role.values, t.Values, t.Roles[name]} {
			for k, v := range list {
				data[inTemplates(k)] = v
			}
		}
		for k, v := range options {
			data[inTemplates(k)] = v.value
		}
		data["role"], data["platform"], data["version"], data["image"] = name, subject.Platform, subject.Version, subject.Image
		roles[name] = data
	}
	out := map[string]map[string]any{}
	for name, data := range roles {
		own := maps.Clone(data)
		own["roles"] = roles
		for other := range roles {
			if other != name && len(roles) == 2 {
				own["other"] = roles[other]
			}
		}
		out[name] = own
	}
	return out
}

// marshal writes a node as YAML.
func marshal(n *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// Write puts the scenario's files into a folder that is there.
func (c Cell) Write(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("write cell: %w", err)
	}
	defer root.Close() //nolint:errcheck // what is written is closed by itself
	for name, data := range c.Files {
		if err := root.WriteFile(name, data, 0o600); err != nil {
			return fmt.Errorf("write cell: %w", err)
		}
	}
	return nil
}
