package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Turn says how a scenario that tells what a network shows that works becomes one that tells what fails.
type Turn struct {
	ID, Title string
	Labels    []string
	Problem   Problem
	// Failed are the conditions that did not hold, of what is expected, of the baseline or of what a step waited
	// for: expect[0], baseline[1], stimulus[2].wait-for. They are the symptom, turned round. Of a baseline the
	// rest stays, as far as Held names it, and nothing is done after it; of the steps those before the one that
	// waited.
	Failed []string
	Held   []string
	// Died are processes that ended, which are the symptom where nothing has failed beside.
	Died []Death
	// Control is nil for none.
	Control *Control
}

// Death is the end of a process of a node.
type Death struct{ Node, Process string }

// Turned gives the text of the scenario file, turned. What is said about lab, nodes, clock, traffic and
// evidence stays as it is. Where nothing failed and nothing died the symptom is the scenario's own. Where the
// opposite of a condition has no window, what has failed stays what is expected: that it does not
// hold is the problem.
func (l *Loaded) Turned(t Turn) ([]byte, error) {
	root, err := parseRoot(l.Inputs[0].Data)
	if err != nil {
		return nil, fmt.Errorf("read %s again: %w", l.Inputs[0].Path, err)
	}
	set(root, "id", t.ID)
	set(root, "title", t.Title)
	head := []struct {
		key   string
		value any
	}{{"labels", t.Labels}, {"problem", problemNode(t.Problem)}}
	for _, h := range head {
		if err := put(root, h.key, h.value); err != nil {
			return nil, err
		}
	}
	drop(root, func(key string) bool { return key == "workaround" || key == "control" })
	switch {
	case len(t.Failed) > 0:
		err = l.turnFailed(root, t)
	case len(t.Died) > 0:
		err = l.turnDied(root, t)
	}
	if err != nil {
		return nil, err
	}
	if t.Control != nil {
		if err := put(root, "control", map[string]any{"set": t.Control.Set}); err != nil {
			return nil, err
		}
	}
	return render(root)
}

// problemNode is what a problem says, without what it does not.
func problemNode(p Problem) map[string]any {
	out := map[string]any{}
	for key, value := range map[string]string{"what": p.What, "when": p.When, "how": p.How, "impact": p.Impact, "expected": p.Expected} {
		if value != "" {
			out[key] = value
		}
	}
	if p.Severity > 0 {
		out["severity"] = p.Severity
	}
	if p.Product.Platform != "" {
		out["product"] = map[string]any{"platform": p.Product.Platform, "version": p.Product.Version}
	}
	if len(p.References) > 0 {
		out["references"] = p.References
	}
	return out
}

// put gives a key of a mapping a value, in its old place where it has one.
func put(m *yaml.Node, key string, value any) error {
	var n yaml.Node
	if err := n.Encode(value); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	if old := child(m, key); old != nil {
		*old = n
		return nil
	}
	m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &n)
	return nil
}

// turnFailed makes the symptom of what did not hold.
func (l *Loaded) turnFailed(root *yaml.Node, t Turn) error {
	var turned, straight []*yaml.Node
	setup, until := false, -1
	for _, ref := range t.Failed {
		list, i, c, err := l.conditionAt(ref)
		if err != nil {
			return err
		}
		setup = setup || list == "baseline"
		as := child(root, list).Content[i]
		if list == "stimulus" {
			until, as = i, child(as, "wait-for")
		}
		as = clone(as)
		straight = append(straight, clone(as))
		if err := turn(as, c); err == nil {
			turned = append(turned, as)
		} else if !errors.Is(err, errNoOpposite) {
			return err
		}
	}
	if setup {
		dropItems(child(root, "baseline"), func(i int, _ *yaml.Node) bool { return !slices.Contains(t.Held, fmt.Sprintf("baseline[%d]", i)) })
		drop(root, func(key string) bool {
			return key == "stimulus" || key == "baseline" && len(child(root, key).Content) == 0
		})
	}
	if until >= 0 {
		dropItems(child(root, "stimulus"), func(i int, _ *yaml.Node) bool { return i >= until })
		drop(root, func(key string) bool { return key == "stimulus" && len(child(root, key).Content) == 0 })
	}
	drop(root, func(key string) bool { return key == "symptom" || key == "expect" })
	if len(turned) < len(straight) {
		return put(root, "expect", straight)
	}
	return put(root, "symptom", turned)
}

// turnDied makes the symptom of processes that ended, looked for as long as what is expected was.
func (l *Loaded) turnDied(root *yaml.Node, t Turn) error {
	longest := Duration(0)
	for _, c := range l.Scenario.Shown() {
		longest = max(longest, Duration(c.Longest()))
	}
	var list []map[string]any
	for _, d := range t.Died {
		list = append(list, map[string]any{
			"name": d.Process + " of " + d.Node + " ends", "node": d.Node, "core": d.Process, "eventually": longest.String(), "may-hold-before": true,
		})
	}
	drop(root, func(key string) bool { return key == "symptom" || key == "expect" })
	return put(root, "symptom", list)
}

// conditionAt finds a condition by its place.
func (l *Loaded) conditionAt(ref string) (list string, i int, c Condition, err error) {
	step, waited := strings.CutSuffix(ref, ".wait-for")
	list, number, ok := strings.Cut(strings.TrimSuffix(step, "]"), "[")
	if waited && list == "stimulus" {
		i, nerr := strconv.Atoi(number)
		if !ok || nerr != nil || i < 0 || i >= len(l.Scenario.Stimulus) || l.Scenario.Stimulus[i].WaitFor == nil {
			return list, i, c, fmt.Errorf("%s has no step %q that waits by itself", l.File, ref)
		}
		return list, i, *l.Scenario.Stimulus[i].WaitFor, nil
	}
	from := map[string][]Condition{"baseline": l.Scenario.Baseline, "expect": l.Scenario.Expect}[list]
	i, nerr := strconv.Atoi(number)
	if !ok || nerr != nil || i < 0 || i >= len(from) {
		return list, i, c, fmt.Errorf("%s has no condition %q", l.File, ref)
	}
	return list, i, from[i], nil
}

// errNoOpposite says that no window is the opposite of a condition's.
var errNoOpposite = errors.New("the window has no opposite")

// turn gives a condition the window that is the opposite of its own: what is never so instead of what
// is so at some time. It may be so before the stimulus already, as it may in what is expected.
func turn(n *yaml.Node, c Condition) error {
	opposite := map[string]any{"may-hold-before": true}
	switch {
	case c.Eventually > 0:
		opposite["never"] = c.Eventually.String()
	case c.Never > 0:
		opposite["eventually"] = c.Never.String()
	case c.Changes != nil && c.Changes.AtLeast == 1:
		opposite["unchanged"] = c.Changes.Within.String()
	case c.Unchanged > 0:
		opposite["changes"] = map[string]any{"at-least": 1, "within": c.Unchanged.String()}
	default:
		return errNoOpposite
	}
	drop(n, func(key string) bool {
		return slices.Contains([]string{"eventually", "never", "changes", "unchanged", "may-hold-before"}, key)
	})
	for _, key := range []string{"never", "eventually", "unchanged", "changes", "may-hold-before"} {
		if value, ok := opposite[key]; ok {
			if err := put(n, key, value); err != nil {
				return err
			}
		}
	}
	if name := child(n, "name"); name != nil && c.SameAs == "" { // which finds it by its name
		set(n, "name", "not: "+name.Value)
	}
	return nil
}
