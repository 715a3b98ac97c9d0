package scenarios

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// NameOfTried is the name of the fault that [Loaded.WriteTrying] writes, where it has none.
const NameOfTried = "the fault that is tried"

// AllFrames is a count that no trial's frames come to: a fault that has it acts on each, and tells which.
const AllFrames = 1_000_000_000

// FaultText gives a step of the stimulus as it is written, for WriteTrying.
func (l *Loaded) FaultText(step int) (string, error) {
	root, err := parseRoot(l.Inputs[0].Data)
	if err != nil {
		return "", fmt.Errorf("read %s again: %w", l.Inputs[0].Path, err)
	}
	steps := child(root, "stimulus")
	if steps == nil || step < 0 || step >= len(steps.Content) {
		return "", fmt.Errorf("the stimulus has no step %d", step)
	}
	text, err := render(steps.Content[step])
	return string(text), err
}

// WriteTrying writes the scenario into a folder, with one fault on a link for all of its stimulus: a step
// in YAML, which is in force for the time that it says, or else for another. It may meet no frame. Nothing
// is looked at but the baseline, and frames are captured at both ends of the fault's link. The error says
// what is wrong with the step.
func (l *Loaded) WriteTrying(dir, fault string, otherwise Duration) error {
	root, err := parseRoot(l.Inputs[0].Data)
	if err != nil {
		return fmt.Errorf("read %s again: %w", l.Inputs[0].Path, err)
	}
	step, link, err := l.tried(fault, otherwise)
	if err != nil {
		return err
	}
	drop(root, func(key string) bool {
		switch key {
		case "stimulus", "symptom", "expect", "control", "workaround", "evidence", "trials":
			return true
		default:
			return false
		}
	})
	rest, err := parseRoot(fmt.Appendf(nil, "symptom: [{name: it is over, step: %q, expect: took >= 0, eventually: 5s}]\nevidence: {captures: [%q, %q]}\ntrials: {count: 1}\ncontrol: {without: [stimulus.0]}\n",
		child(step, "name").Value, link.A.String(), link.B.String()))
	if err != nil {
		return err
	}
	root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "stimulus"}, &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{step}})
	root.Content = append(root.Content, rest.Content...)
	w := &cutter{l: l, files: map[string][]byte{}}
	for _, in := range l.Inputs {
		w.files[in.Path] = in.Data
	}
	if w.files[l.Inputs[0].Path], err = render(root); err != nil {
		return err
	}
	err = w.write(dir)
	if problems, ok := errors.AsType[yamlpos.Problems](err); ok { // the step's: the rest was loaded before
		return ofTheStep(problems)
	}
	return err
}

// ofTheStep says what is wrong with a step that was given by itself.
func ofTheStep(problems yamlpos.Problems) error {
	p := yamlpos.Problem{File: "the step", Message: problems[0].Message, Hint: problems[0].Hint}
	return errors.New(p.String())
}

// TriedStep reads a fault on a link as WriteTrying does, for a lab that is up: with a scenario or with a topology
// alone. link is the one that it is on.
func (l *Loaded) TriedStep(fault string, otherwise Duration) (step Step, link topologies.Link, err error) {
	node, link, err := l.tried(fault, otherwise)
	if err != nil {
		return Step{}, link, err
	}
	text, err := render(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Value: "stimulus"}, {Kind: yaml.SequenceNode, Content: []*yaml.Node{node}},
	}})
	if err != nil {
		return Step{}, link, err
	}
	alone := &Loaded{Topology: l.Topology, Inputs: l.Inputs, lines: map[string]int{}}
	d := yamlpos.Parse("the step", text)
	if d.Root != nil {
		d.Decode(&alone.Scenario)
		alone.Scenario.Nodes = l.Scenario.Nodes
		alone.Scenario.settleFrames()
		c := &checker{Doc: d, loaded: alone, s: &alone.Scenario, unsure: true}
		c.steps("stimulus", alone.Scenario.Stimulus)
	}
	if problems := d.Problems.Faults(); problems != nil {
		return Step{}, link, ofTheStep(problems)
	}
	return alone.Scenario.Stimulus[0], link, nil
}

// tried makes of a step in YAML one that tries its fault, on a link of the topology: in force for the time that it
// says, or else for another, and never waiting for what does not come.
func (l *Loaded) tried(fault string, otherwise Duration) (step *yaml.Node, link topologies.Link, err error) {
	step, err = parseRoot([]byte(fault))
	if err != nil || step.Kind != yaml.MappingNode {
		return nil, link, fmt.Errorf(`%q is no step: write {link: "r1:eth1", fault: drop, match: {proto: ospf}}`, fault)
	}
	drop(step, func(key string) bool {
		switch key {
		case "arm", "disarm", "background", "expect", "repeat", "may-miss":
			return true
		default:
			return false
		}
	})
	value := func(key string) string {
		if v := child(step, key); v != nil {
			return v.Value
		}
		return ""
	}
	kind := Fault(value("fault"))
	node, iface, _ := strings.Cut(value("link"), ":")
	var ok bool
	link, ok = l.Topology.Link(node, iface)
	switch {
	case !kind.OnLink() || kind == FaultUp:
		return nil, link, fmt.Errorf("fault: %q is none that a link can be tried with: down, flap, drop and the others on frames", kind)
	case !ok:
		return nil, link, fmt.Errorf("link: %q is no end of a link of the topology, as node:interface", value("link"))
	}
	if value("name") == "" {
		set(step, "name", NameOfTried)
	}
	if value("for") == "" && kind.row().takes("for") {
		set(step, "for", otherwise.String())
	}
	if kind.OnFrames() {
		set(step, "may-miss", "true")
		if value("nth") == "" && value("count") == "" && value("every-nth") == "" {
			set(step, "count", strconv.Itoa(AllFrames)) // so that each is told of, whatever acts
		}
	}
	return step, link, nil
}
