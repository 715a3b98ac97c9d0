package scenarios

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies"
)

// Cut names what to leave out of a scenario.
type Cut struct {
	Steps     map[int]bool         // of the stimulus
	StepLines map[int]map[int]bool // configure lines, by step
	Times     map[int]int          // flaps of a step, instead of those written
	Repeat    map[int]int          // repetitions of a step, instead of those written
	Members   map[int]map[int]bool // of a group of steps, by step
	Hold      map[int]Duration     // of a step, instead of the one written
	For       map[int]Duration     // of a step's fault, instead of the one written
	Nth       map[Part]int         // of a fault on frames, instead of the one written
	Count     map[Part]int         // of a fault on frames, instead of the one written
	Arm       map[Part]bool        // of a fault: it takes force at its step
	Disarm    map[Part]bool        // of a fault: it stays until the end of the trial
	Nodes     map[string]bool
	Links     map[int]bool            // in the topology's order
	Lines     map[string]map[int]bool // of a node's configuration, counted from 0
}

// Write writes the scenario without what a cut names into a folder, which is made: the
// scenario file under the name it has, the topology, and the other files that are still
// referred to. Conditions of the baseline, commands of the evidence and overrides of the
// control that concern a node which is left out go with it; so does the workaround. Steps
// that the control leaves out keep their numbers right. What comes of it may be no valid
// scenario: Load says.
func (l *Loaded) Write(dir string, c Cut) error {
	w := &cutter{l: l, cut: c, files: map[string][]byte{}}
	for _, in := range l.Inputs {
		w.files[in.Path] = in.Data
	}
	scenario, err := parseRoot(l.Inputs[0].Data)
	if err != nil {
		return fmt.Errorf("read %s again: %w", l.Inputs[0].Path, err)
	}
	if err := w.topology(scenario); err != nil {
		return err
	}
	if err := w.configs(scenario); err != nil {
		return err
	}
	if err := w.stimulus(scenario); err != nil {
		return err
	}
	if err := w.control(scenario); err != nil {
		return err
	}
	w.conditions(scenario)
	if w.files[l.Inputs[0].Path], err = render(scenario); err != nil {
		return err
	}
	return w.write(dir)
}

type cutter struct {
	l     *Loaded
	cut   Cut
	files map[string][]byte
}

func parseRoot(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, fmt.Errorf("it holds no document")
	}
	spellOut(doc.Content[0])
	return doc.Content[0], nil
}

// spellOut writes out what aliases stand for: their anchor may be among what is cut.
func spellOut(n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		*n = *clone(n.Alias)
	}
	n.Anchor = ""
	for _, inner := range n.Content {
		spellOut(inner)
	}
}

func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = nil
	for _, inner := range n.Content {
		c.Content = append(c.Content, clone(inner))
	}
	return &c
}

func render(root *yaml.Node) ([]byte, error) {
	// Lines are as long as what they say: a folded command is hard to read, and to paste.
	out, err := yaml.Dump(root, yaml.WithV3Defaults(), yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err != nil {
		return nil, fmt.Errorf("write scenario: %w", err)
	}
	return out, nil
}

// child gives the value of a key, nil where there is none.
func child(m *yaml.Node, key string) *yaml.Node {
	if m == nil || m.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// drop takes keys out of a mapping.
func drop(m *yaml.Node, gone func(key string) bool) {
	if m == nil || m.Kind != yaml.MappingNode {
		return
	}
	var kept []*yaml.Node
	for i := 0; i+1 < len(m.Content); i += 2 {
		if !gone(m.Content[i].Value) {
			kept = append(kept, m.Content[i], m.Content[i+1])
		}
	}
	m.Content = kept
}

// dropItems takes items out of a sequence.
func dropItems(s *yaml.Node, gone func(i int, item *yaml.Node) bool) {
	if s == nil || s.Kind != yaml.SequenceNode {
		return
	}
	var kept []*yaml.Node
	for i, item := range s.Content {
		if !gone(i, item) {
			kept = append(kept, item)
		}
	}
	s.Content = kept
}

// set gives a key of a mapping a value.
func set(m *yaml.Node, key, value string) {
	if v := child(m, key); v != nil {
		*v = yaml.Node{Kind: yaml.ScalarNode, Value: value}
		return
	}
	m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &yaml.Node{Kind: yaml.ScalarNode, Value: value})
}

func (w *cutter) topology(scenario *yaml.Node) error {
	root := child(scenario, "topology")
	file := w.l.Scenario.Topology.File
	if file != "" {
		data, ok := w.l.Input(file)
		if !ok {
			return fmt.Errorf("%s was not read with the scenario", file)
		}
		var err error
		if root, err = parseRoot(data); err != nil {
			return fmt.Errorf("read %s again: %w", file, err)
		}
	}
	topology := root // what a file has under this key may be written inline as it is
	if whole := child(root, "topology"); whole != nil && child(root, "nodes") == nil {
		topology = whole
	}
	links := child(topology, "links")
	if links != nil && len(links.Content) != len(w.l.Topology.Links) {
		return fmt.Errorf("the topology writes %d links and has %d", len(links.Content), len(w.l.Topology.Links))
	}
	drop(child(topology, "nodes"), func(name string) bool { return w.cut.Nodes[name] })
	dropItems(links, func(i int, _ *yaml.Node) bool {
		l := w.l.Topology.Links[i]
		return w.cut.Links[i] || w.cut.Nodes[l.A.Node] || w.cut.Nodes[l.B.Node]
	})
	if links != nil && len(links.Content) == 0 {
		drop(topology, func(key string) bool { return key == "links" })
	}
	if file == "" {
		return nil
	}
	text, err := render(root)
	w.files[slashed(file)] = text
	return err
}

func slashed(file string) string { return filepath.ToSlash(filepath.Clean(file)) }

// configs writes each node's configuration without its cut lines, into a file of the node's own.
func (w *cutter) configs(scenario *yaml.Node) error {
	nodes := child(scenario, "nodes")
	drop(nodes, func(name string) bool { return w.cut.Nodes[name] })
	for name, lines := range w.cut.Lines {
		if len(lines) == 0 || w.cut.Nodes[name] {
			continue
		}
		value := w.l.ConfigOf(name)
		text, err := w.l.Text(value)
		if err != nil {
			return fmt.Errorf("configuration of %s: %w", name, err)
		}
		node := child(nodes, name)
		if node == nil {
			return fmt.Errorf("node %s has its configuration from the topology: name it under nodes to cut it", name)
		}
		file := slashed(value)
		if isInline(value) || w.shared(name, value) {
			file = name + ".conf"
		}
		w.files[file] = WithoutLines(text, lines)
		set(node, "config", file)
	}
	return nil
}

// WithoutLines drops lines, counted from 0.
func WithoutLines(text []byte, gone map[int]bool) []byte {
	var b bytes.Buffer
	i := 0
	for line := range bytes.Lines(text) {
		if !gone[i] {
			b.Write(line)
		}
		i++
	}
	return b.Bytes()
}

// shared reports whether another node has the same configuration file.
func (w *cutter) shared(name, value string) bool {
	for other := range w.l.Scenario.Nodes {
		if other != name && w.l.ConfigOf(other) == value {
			return true
		}
	}
	return false
}

// ConfigOf gives the value that names a node's configuration: a file, or the text itself.
func (l *Loaded) ConfigOf(node string) string {
	if c := l.Scenario.Nodes[node].Config; c != "" {
		return c
	}
	for _, n := range l.Topology.Nodes {
		if n.Name == node && !n.IsSegment() {
			return n.StartupConfig
		}
	}
	return ""
}

// ImageOf is the image that a node runs where nothing is set otherwise.
func (l *Loaded) ImageOf(node string) string {
	if i := l.Scenario.Nodes[node].Image; i != "" {
		return i
	}
	t, _ := l.Topology.Node(node)
	return t.Image
}

func (w *cutter) stimulus(scenario *yaml.Node) error {
	drop(scenario, func(key string) bool { return key == "workaround" })
	steps := child(scenario, "stimulus")
	if steps == nil {
		return nil
	}
	for i, step := range steps.Content {
		w.framesOf(step, i)
		dropItems(child(step, "configure"), func(j int, _ *yaml.Node) bool { return w.cut.StepLines[i][j] })
		for _, group := range []string{string(ActSteps), string(ActTogether)} {
			dropItems(child(step, group), func(j int, _ *yaml.Node) bool { return w.cut.Members[i][j] })
		}
		if n, ok := w.cut.Repeat[i]; ok {
			set(child(step, "repeat"), "times", strconv.Itoa(n))
		}
		if n, ok := w.cut.Times[i]; ok {
			set(step, "times", strconv.Itoa(n))
		}
		if d, ok := w.cut.Hold[i]; ok {
			set(step, "hold", d.String())
		}
		if d, ok := w.cut.For[i]; ok {
			set(step, "for", d.String())
		}
	}
	dropItems(steps, func(i int, _ *yaml.Node) bool { return w.cut.Steps[i] })
	for _, step := range steps.Content {
		if err := w.ends(step); err != nil {
			return err
		}
	}
	if len(steps.Content) == 0 {
		drop(scenario, func(key string) bool { return key == "stimulus" })
	}
	return nil
}

// control gives the steps that it leaves out their new numbers.
func (w *cutter) control(scenario *yaml.Node) error {
	control := child(scenario, "control")
	without := child(control, "without")
	dropItems(without, func(_ int, item *yaml.Node) bool {
		old, err := strconv.Atoi(strings.TrimPrefix(item.Value, stepPrefix))
		if err != nil {
			return false
		}
		item.Value = stepPrefix + strconv.Itoa(after(old, w.cut.Steps))
		return w.cut.Steps[old]
	})
	if without != nil && len(without.Content) == 0 {
		drop(control, func(key string) bool { return key == "without" })
	}
	sets := child(control, "set")
	drop(sets, func(key string) bool {
		node, _, _ := strings.Cut(key, ".")
		return w.cut.Nodes[node]
	})
	if err := w.stepSets(sets); err != nil {
		return err
	}
	if sets != nil && len(sets.Content) == 0 {
		drop(control, func(key string) bool { return key == "set" })
	}
	if control != nil && len(control.Content) == 0 {
		drop(scenario, func(key string) bool { return key == "control" })
	}
	return nil
}

// lostFlow reports whether a flow begins or ends at a node that is gone.
func (w *cutter) lostFlow(name string) bool {
	f := w.l.Scenario.Traffic[name]
	return w.cut.Nodes[f.From] || w.cut.Nodes[f.To]
}

// ofLostFlow reports whether a condition looks at such a flow.
func (w *cutter) ofLostFlow(condition *yaml.Node) bool {
	look := child(condition, "traffic")
	if look == nil {
		return false
	}
	if flow := child(look, "flow"); flow != nil {
		look = flow
	}
	return w.lostFlow(look.Value)
}

// conditions drops what looks at a node that is gone.
func (w *cutter) conditions(scenario *yaml.Node) {
	baseline := child(scenario, "baseline")
	dropItems(baseline, func(_ int, item *yaml.Node) bool {
		if at := child(child(item, "frame"), "at"); at != nil {
			return w.gone(at)
		}
		n := child(item, "node")
		return n != nil && w.cut.Nodes[n.Value] || w.ofLostFlow(item)
	})
	if flows := child(scenario, "traffic"); flows != nil {
		drop(flows, w.lostFlow)
		if len(flows.Content) == 0 {
			drop(scenario, func(key string) bool { return key == "traffic" })
		}
	}
	if baseline != nil && len(baseline.Content) == 0 {
		drop(scenario, func(key string) bool { return key == "baseline" })
	}
	ev := child(scenario, "evidence")
	for _, key := range []string{"commands", "files"} {
		drop(child(ev, key), func(name string) bool { return w.cut.Nodes[name] })
		if m := child(ev, key); m != nil && len(m.Content) == 0 {
			drop(ev, func(k string) bool { return k == key })
		}
	}
	captures := child(ev, "captures")
	dropItems(captures, func(_ int, item *yaml.Node) bool { return w.gone(item) })
	if captures != nil && len(captures.Content) == 0 {
		drop(ev, func(key string) bool { return key == "captures" })
	}
	if ev != nil && len(ev.Content) == 0 {
		drop(scenario, func(key string) bool { return key == "evidence" })
	}
}

// gone says whether a capture is of a link that is gone.
func (w *cutter) gone(capture *yaml.Node) bool {
	endpoint := capture
	if e := child(capture, "endpoint"); e != nil {
		endpoint = e
	}
	at := Capture{Endpoint: endpoint.Value}.At()
	for i, l := range w.l.Topology.Links {
		if w.cut.Links[i] || w.cut.Nodes[l.A.Node] || w.cut.Nodes[l.B.Node] {
			continue
		}
		for _, e := range []topologies.Endpoint{l.A, l.B} {
			if e.Node == at.Node && e.Interface == at.Interface {
				return false
			}
		}
	}
	return true
}

// write puts the files down, and takes away again those that nothing refers to any more.
func (w *cutter) write(dir string) error {
	for name, data := range w.files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write scenario: %w", err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("write scenario: %w", err)
		}
	}
	if err := w.l.Inherit(dir); err != nil {
		return fmt.Errorf("write scenario: %w", err)
	}
	again, err := Load(filepath.Join(dir, filepath.FromSlash(w.l.Inputs[0].Path)), Options{})
	if err != nil {
		return fmt.Errorf("what is left is no valid scenario: %w", err)
	}
	for name := range w.files {
		if !slices.ContainsFunc(again.Inputs, func(in Input) bool { return in.Path == name }) {
			if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				return fmt.Errorf("write scenario: %w", err)
			}
		}
	}
	return nil
}
