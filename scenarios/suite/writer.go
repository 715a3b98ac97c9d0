package suite

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// writer makes the scenario of a cell.
type writer struct {
	suite *Suite
	test  *Test
	cell  *Cell
	roles map[string]map[string]any // what the templates of each have
	out   *yaml.Node
}

// scenarioFile is the scenario in a cell's folder.
const scenarioFile = "scenario.yaml"

// scenario writes the folder.
func (w *writer) scenario(topology raw) error {
	w.cell.Files = map[string][]byte{}
	w.out = mapping()
	set(w.out, "reprise", text("v1"))
	set(w.out, "id", text(w.id()))
	set(w.out, "title", text(w.title()))
	set(w.out, "labels", texts(append([]string{w.suite.ID}, w.suite.Labels...)))
	set(w.out, "problem", w.problem())
	if len(w.test.Requirements) > 0 {
		set(w.out, "spec", texts(w.test.Requirements))
		w.ownRequirements()
	}
	if err := errors.Join(w.topology(topology), w.nodes()); err != nil {
		return err
	}
	clock := w.test.Clock
	if !clock.given() {
		clock = w.suite.file.Clock
	}
	if clock.given() {
		set(w.out, "clock", clock.node)
	}
	setup := "baseline"
	if len(w.test.Expect)+len(w.test.Symptom) == 0 { // a test that is its set-up alone
		setup = "expect"
	}
	for _, part := range []struct {
		key, from string
		list      []raw
		one       func(raw) ([]*yaml.Node, error)
	}{
		{setup, "setup", w.test.Setup, w.condition},
		{"stimulus", "steps", w.test.Steps, w.step},
		{"symptom", "symptom", w.test.Symptom, w.condition},
		{"expect", "expect", w.test.Expect, w.condition},
	} {
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for i, r := range part.list {
			made, err := part.one(r)
			if err != nil {
				return fmt.Errorf("%s[%d] (line %d): %w", part.from, i, r.line, err)
			}
			list.Content = append(list.Content, made...)
		}
		if len(list.Content) > 0 {
			set(w.out, part.key, list)
		}
	}
	if err := w.evidence(); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	set(w.out, "trials", mapping("count", number("1")))
	data, err := marshal(w.out)
	w.cell.Files[scenarioFile] = data
	return err
}

func (w *writer) id() string {
	id := w.suite.ID + "-" + w.test.ID
	return strings.TrimRight(id[:min(len(id), 63)], "-")
}

// title tells the test and who takes part.
func (w *writer) title() string {
	var parts []string
	for _, r := range w.suite.Roles {
		if s, ok := w.cell.Subjects[r.Name]; ok {
			parts = append(parts, r.Name+" "+s.Platform+" "+s.Version)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.cell.Options)) {
		parts = append(parts, name+" "+w.cell.Options[name])
	}
	return w.test.Title + " (" + strings.Join(parts, ", ") + ")"
}

// ownRequirements puts the suite's own files of requirements beside the scenario.
func (w *writer) ownRequirements() {
	for _, id := range w.test.Requirements {
		name, _, _ := strings.Cut(id, "/")
		if data, ok := w.suite.requirements[name+".yaml"]; ok {
			w.cell.Files[name+".yaml"] = data
		}
	}
}

// problem is the scope, as the test says it.
func (w *writer) problem() *yaml.Node {
	out := mapping("what", text(w.test.Title))
	for _, r := range w.suite.Roles {
		if s, ok := w.cell.Subjects[r.Name]; ok {
			set(out, "product", mapping("platform", text(s.Platform), "version", text(s.Version)))
			break
		}
	}
	return out
}

// render has the values of a role, or, without one, those of all by .roles.
func (w *writer) render(role string) *rendering {
	if data, ok := w.roles[role]; ok {
		return &rendering{data, &w.cell.Notes, &w.suite.steps}
	}
	for _, data := range w.roles {
		return &rendering{map[string]any{"roles": data["roles"]}, &w.cell.Notes, &w.suite.steps}
	}
	return &rendering{map[string]any{}, &w.cell.Notes, &w.suite.steps}
}

// played gives the cell's roles in the suite's order.
func (w *writer) played() []string {
	var out []string
	for _, r := range w.suite.Roles {
		if _, ok := w.cell.Subjects[r.Name]; ok {
			out = append(out, r.Name)
		}
	}
	return out
}

// topology writes the topology in place, with a node for each role, as a whole file of the suite's name: hardware
// addresses come of the name, and are the same in all cells.
func (w *writer) topology(r raw) error {
	out := mapping()
	if r.given() {
		var err error
		if out, err = w.render("").node(r.node); err != nil {
			return fmt.Errorf("topology: %w", err)
		}
	}
	nodes := child(out, "nodes")
	if nodes == nil {
		nodes = mapping()
		set(out, "nodes", nodes)
	}
	out.Style, nodes.Style = 0, 0 // a line each
	for _, role := range w.played() {
		subject := w.cell.Subjects[role]
		node := child(nodes, role)
		if node == nil || node.Kind != yaml.MappingNode {
			node = mapping()
			set(nodes, role, node)
		}
		if own := w.suite.platforms[subject.Platform].Node; own.given() {
			made, err := w.render(role).node(own.node)
			if err != nil {
				return fmt.Errorf("%s: node: %w", role, err)
			}
			merge(node, made)
		}
		merge(node, mapping("kind", text("linux"), "image", text(subject.Image)))
	}
	set(w.out, "topology", mapping("name", text(w.suite.ID), "topology", out))
	return nil
}

// nodes writes what the topology does not say of the roles' nodes, and their configurations beside.
func (w *writer) nodes() error {
	nodes := mapping()
	for i, role := range w.played() {
		p := w.suite.platforms[w.cell.Subjects[role].Platform]
		node := mapping("role", text(w.part(i, role, p)), "platform", text(p.Platform))
		config, err := w.render(role).text(p.Config)
		if err != nil {
			return fmt.Errorf("%s: the configuration: %w", role, err)
		}
		if strings.TrimSpace(config) != "" {
			w.cell.Files[role+".conf"] = []byte(config)
			set(node, "config", text(role+".conf"))
		}
		if p.Scenario.given() {
			made, err := w.render(role).node(p.Scenario.node)
			if err != nil {
				return fmt.Errorf("%s: scenario: %w", role, err)
			}
			if err := w.beside(role, made); err != nil {
				return fmt.Errorf("%s: files: %w", role, err)
			}
			merge(node, made)
		}
		set(nodes, role, node)
	}
	set(w.out, "nodes", nodes)
	return nil
}

// part is the role of a scenario's node: the first role is under test.
func (w *writer) part(i int, role string, p *platform) string {
	switch {
	case p.Platform == "tester":
		return "tester"
	case role == "dut", i == 0 && w.roles["dut"] == nil:
		return "dut"
	default:
		return "peer"
	}
}

// beside renders the files that a node names, by a name of one line, into the folder.
func (w *writer) beside(role string, node *yaml.Node) error {
	files := child(node, "files")
	for i := 0; files != nil && i+1 < len(files.Content); i += 2 {
		value := files.Content[i+1]
		if strings.Contains(value.Value, "\n") {
			continue
		}
		rendered, err := w.render(role).text(w.suite.texts[path.Clean(value.Value)])
		if err != nil {
			return fmt.Errorf("%s: %w", value.Value, err)
		}
		value.Value = role + "-" + strings.ReplaceAll(path.Clean(value.Value), "/", "-")
		if other, twice := w.cell.Files[value.Value]; twice && string(other) != rendered {
			return fmt.Errorf("two files would be %s in the scenario's folder", value.Value)
		}
		w.cell.Files[value.Value] = []byte(rendered)
	}
	return nil
}

// ownKey reports whether a scenario does not have the key, which is that of a suite's condition or step.
func ownKey(key string) bool {
	return slices.Contains([]string{"on", "look", "do", "with", "not"}, key)
}

// on gives the roles that an entry is for.
func (w *writer) on(n *yaml.Node) ([]string, error) {
	var names []string
	switch {
	case n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			names = append(names, c.Value)
		}
	case n.Value == "all":
		return w.played(), nil
	default:
		names = []string{n.Value}
	}
	for _, name := range names {
		if !slices.Contains(w.played(), name) {
			return nil, fmt.Errorf("no role %q takes part (there are %s)", name, strings.Join(w.played(), ", "))
		}
	}
	return names, nil
}

// condition makes conditions of one entry: one for each role.
func (w *writer) condition(r raw) ([]*yaml.Node, error) {
	look := child(r.node, "look")
	if look == nil {
		return w.plain(r.node)
	}
	return w.forEach(r.node, look.Value, func(p *platform) map[string]raw { return p.Looks }, w.look)
}

// step makes steps of one entry.
func (w *writer) step(r raw) ([]*yaml.Node, error) {
	do := child(r.node, "do")
	if wait := child(r.node, "wait-for"); do == nil && child(wait, "look") != nil {
		return w.wait(r.node, wait)
	}
	if do == nil {
		return w.plain(r.node)
	}
	return w.forEach(r.node, do.Value, func(p *platform) map[string]raw { return p.Does }, w.act)
}

// wait makes a step that waits for the condition of a look, one for each role.
func (w *writer) wait(n, look *yaml.Node) ([]*yaml.Node, error) {
	made, err := w.condition(raw{node: look})
	if err != nil {
		return nil, err
	}
	var out []*yaml.Node
	for _, condition := range made {
		role := child(condition, "node").Value
		step := mapping()
		if name := child(n, "name"); name != nil {
			rendered, err := w.render(role).node(name)
			if err != nil {
				return nil, err
			}
			set(step, "name", text(role+": "+rendered.Value))
		}
		set(step, "wait-for", condition)
		out = append(out, step)
	}
	return out, nil
}

// plain renders an entry of a scenario.
func (w *writer) plain(n *yaml.Node) ([]*yaml.Node, error) {
	role := ""
	if node := child(n, "node"); node != nil {
		role = node.Value
	}
	made, err := w.render(role).node(n)
	if err != nil {
		return nil, err
	}
	return []*yaml.Node{made}, nil
}

// forEach makes what an entry asks of each of its roles, as the role's platform says it.
func (w *writer) forEach(n *yaml.Node, word string, words func(*platform) map[string]raw, entry func(role string, n, said *yaml.Node) ([]*yaml.Node, error)) ([]*yaml.Node, error) {
	on := child(n, "on")
	if on == nil {
		return nil, fmt.Errorf("%s: on is missing: which role", word)
	}
	roles, err := w.on(on)
	if err != nil {
		return nil, err
	}
	var out []*yaml.Node
	for _, role := range roles {
		subject := w.cell.Subjects[role]
		said, ok := words(w.suite.platforms[subject.Platform])[word]
		if !ok {
			return nil, &lacksError{fmt.Sprintf("%s: the suite does not say how %s does %s", subject.Name, subject.Platform, word)}
		}
		r := w.render(role)
		if with := child(n, "with"); with != nil {
			given, err := r.node(with)
			if err != nil {
				return nil, err
			}
			var more values
			if err := given.Decode((*map[string]any)(&more)); err != nil {
				return nil, fmt.Errorf("with: %w", err)
			}
			r = r.with(more)
		}
		rendered, err := r.node(said.node)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", word, subject.Platform, err)
		}
		made, err := entry(role, n, rendered)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", word, err)
		}
		out = append(out, made...)
	}
	return out, nil
}

// look makes the condition of one role.
func (w *writer) look(role string, n, said *yaml.Node) ([]*yaml.Node, error) {
	name := child(n, "look").Value
	if own := child(said, "name"); own != nil {
		name = own.Value
	}
	out := mapping("name", text(role+": "+name), "node", text(role))
	if own := child(n, "name"); own != nil {
		made, err := w.render(role).node(own)
		if err != nil {
			return nil, err
		}
		set(out, "name", text(role+": "+made.Value))
	}
	for i := 0; i+1 < len(said.Content); i += 2 {
		if key := said.Content[i].Value; key != "name" {
			set(out, key, said.Content[i+1])
		}
	}
	not := false
	if given := child(n, "not"); given != nil {
		if err := given.Decode(&not); err != nil || given.ShortTag() != "!!bool" {
			return nil, fmt.Errorf("not: %q is neither true nor false", given.Value)
		}
	}
	if not {
		expect := child(out, "expect")
		if expect == nil {
			return nil, errors.New("not: the look has no expression")
		}
		set(out, "expect", text("not ("+expect.Value+")"))
	}
	return []*yaml.Node{out}, w.rest(role, n, out)
}

// act makes the steps of one role: what the platform says is a step, or a list of them.
func (w *writer) act(role string, n, said *yaml.Node) ([]*yaml.Node, error) {
	list := []*yaml.Node{said}
	if said.Kind == yaml.SequenceNode {
		list = said.Content
	}
	for _, step := range list {
		if step.Kind != yaml.MappingNode {
			return nil, errors.New("an action is a step, or a list of steps")
		}
		if child(step, "node") == nil && child(step, "link") == nil && child(step, "wait-for") == nil {
			step.Content = append([]*yaml.Node{text("node"), text(role)}, step.Content...)
		}
		if err := w.rest(role, n, step); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// rest takes over the keys of an entry that are a scenario's.
func (w *writer) rest(role string, n, out *yaml.Node) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if ownKey(key) || key == "name" {
			continue
		}
		made, err := w.render(role).node(n.Content[i+1])
		if err != nil {
			return err
		}
		set(out, key, made)
	}
	return nil
}

// evidence keeps the frames of every link, unless the test or the suite says what to keep.
func (w *writer) evidence() error {
	for _, r := range []raw{w.test.Evidence, w.suite.file.Evidence} {
		if !r.given() {
			continue
		}
		made, err := w.render("").node(r.node)
		if err != nil {
			return err
		}
		set(w.out, "evidence", made)
		return nil
	}
	var captures []string
	if links := child(child(child(w.out, "topology"), "topology"), "links"); links != nil {
		for _, link := range links.Content {
			if ends := child(link, "endpoints"); ends != nil && len(ends.Content) > 0 && ends.Content[0].Kind == yaml.ScalarNode {
				captures = append(captures, ends.Content[0].Value)
			}
		}
	}
	if len(captures) > 0 {
		set(w.out, "evidence", mapping("captures", texts(captures)))
	}
	return nil
}

// mapping makes a mapping of keys and values in turn.
func mapping(pairs ...any) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(pairs); i += 2 {
		set(out, pairs[i].(string), pairs[i+1].(*yaml.Node))
	}
	return out
}

// set puts a value in the place of that of a key, or at the end.
func set(m *yaml.Node, key string, v *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content[i+1] = v
			return
		}
	}
	m.Content = append(m.Content, text(key), v)
}

// merge adds the keys of one mapping that another does not have.
func merge(into, from *yaml.Node) {
	for i := 0; i+1 < len(from.Content); i += 2 {
		if child(into, from.Content[i].Value) == nil {
			into.Content = append(into.Content, from.Content[i], from.Content[i+1])
		}
	}
}

func text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.Contains(s, "\n") {
		n.Style = yaml.LiteralStyle
	}
	return n
}

func number(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: s} }

func texts(list []string) *yaml.Node {
	out := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, s := range list {
		out.Content = append(out.Content, text(s))
	}
	return out
}
