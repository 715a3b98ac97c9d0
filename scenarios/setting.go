package scenarios

import (
	"fmt"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Settable says what a control, or --set, can replace, for hints.
const Settable = "node.image, node.config, node.platform, node.placement, node.env.NAME, node.files./PATH, node.sysctls.NAME, or stimulus.N.KEY and stimulus.NAME.KEY of a step"

// stepPrefix begins the key of a value of a step.
const stepPrefix = "stimulus."

// SetsStep reports whether a key of set stands for a value of a step, and not of a node.
func (l *Loaded) SetsStep(key string) bool {
	_, node := l.Topology.Node("stimulus")
	return strings.HasPrefix(key, stepPrefix) && !node
}

// SetStep is which step of the stimulus a key of set stands for a value of, and the words that lead
// there; ok is false for any other key.
func (l *Loaded) SetStep(key string) (n int, words []string, ok bool) {
	n, rest, err := l.stepOf(key)
	return n, strings.Split(rest, "."), err == nil && l.SetsStep(key)
}

// StimulusWith gives the stimulus with values of its steps replaced: those keys of set that stand
// for one. A step is named by its number or its name, and what follows are keys as in the file, and
// numbers of items. The error is a yamlpos.Problems where what comes of it is no stimulus.
func (l *Loaded) StimulusWith(set map[string]string) ([]Step, error) {
	steps, _, err := l.stimulusWith(set)
	return steps, err
}

// stimulusWith is StimulusWith, with the document that the steps were read from.
func (l *Loaded) stimulusWith(set map[string]string) ([]Step, *yamlpos.Doc, error) {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(set)), func(key string) bool { return !l.SetsStep(key) })
	if len(keys) == 0 {
		return l.Scenario.Stimulus, nil, nil
	}
	root, err := parseRoot(l.Inputs[0].Data)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s again: %w", l.Inputs[0].Path, err)
	}
	list := child(root, "stimulus")
	for _, key := range keys {
		if err := l.replace(list, key, set[key]); err != nil {
			return nil, nil, err
		}
	}
	d := yamlpos.Parse(l.File, l.Inputs[0].Data).Sub(list)
	var steps []Step
	d.Value(list, &steps, "stimulus")
	if faults := d.Problems.Faults(); faults != nil {
		return nil, d, faults
	}
	return steps, d, nil
}

// replace puts a value in the place of a step's that a key stands for.
func (l *Loaded) replace(list *yaml.Node, key, value string) error {
	n, rest, err := l.stepOf(key)
	if err != nil {
		return err
	}
	at := list.Content[n]
	words := strings.Split(rest, ".")
	for i, word := range words {
		last := i == len(words)-1
		switch at.Kind {
		case yaml.SequenceNode:
			k, err := strconv.Atoi(word)
			if err != nil || k < 0 || k >= len(at.Content) {
				return fmt.Errorf("%s: there is no item %s: it has %d, from 0", key, word, len(at.Content))
			}
			if last {
				at.Content[k] = written(at.Content[k], value)
			}
			at = at.Content[k]
		case yaml.MappingNode:
			next := child(at, word)
			switch {
			case last && next != nil:
				*next = *written(next, value)
			case next == nil:
				next = &yaml.Node{Kind: yaml.MappingNode, Line: at.Line, Column: at.Column}
				if last {
					next = written(nil, value)
				}
				at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: word, Line: at.Line, Column: at.Column}, next)
			}
			at = next
		default:
			return fmt.Errorf("%s: there is nothing beneath %s", key, words[max(i-1, 0)])
		}
	}
	return nil
}

// written is a value as YAML. In the place of a plain value it is one, whatever it looks like.
func written(was *yaml.Node, value string) *yaml.Node {
	plain := &yaml.Node{Kind: yaml.ScalarNode, Value: value}
	if was != nil {
		plain.Line, plain.Column = was.Line, was.Column
	}
	root, err := parseRoot([]byte(value))
	if err != nil || was != nil && was.Kind == yaml.ScalarNode && root.Kind != yaml.ScalarNode {
		return plain
	}
	if root.Kind == yaml.ScalarNode && root.Style == 0 {
		plain.Tag = root.Tag // true is no text
		return plain
	}
	return root
}

// stepOf is which step of the stimulus a key names, and what follows. Names may hold dots: the longest
// that fits is meant.
func (l *Loaded) stepOf(key string) (n int, rest string, err error) {
	words := strings.TrimPrefix(key, stepPrefix)
	number, rest, _ := strings.Cut(words, ".")
	n, notNumber := strconv.Atoi(number)
	best := -1
	for i, s := range l.Scenario.Stimulus {
		if after, ok := strings.CutPrefix(words, s.Name+"."); ok && s.Name != "" && len(s.Name) > best {
			n, rest, notNumber, best = i, after, nil, len(s.Name)
		}
	}
	switch {
	case notNumber != nil || n < 0 || n >= len(l.Scenario.Stimulus):
		return 0, "", fmt.Errorf("%s: no step of the stimulus has the number or the name %q", key, number)
	case rest == "":
		return 0, "", fmt.Errorf("%s: say which value of the step, as %s.for", key, key)
	default:
		return n, rest, nil
	}
}

// setSteps checks the values of steps that are replaced: what comes of it has to be a stimulus. at is
// where the values stand, the place of one where it has a place of its own.
func (c *checker) setSteps(at func(key string) string, set map[string]string) {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(set)), func(key string) bool { return !c.loaded.SetsStep(key) })
	if len(keys) == 0 || len(c.Problems.Faults()) > 0 {
		return // of what is no stimulus before
	}
	steps, d, err := c.loaded.stimulusWith(set)
	if err == nil {
		with := *c.s
		with.Stimulus = steps
		in := *c.loaded
		in.lines = map[string]int{}
		inner := &checker{Doc: d, loaded: &in, s: &with, root: c.root, opts: c.opts}
		inner.steps("stimulus", steps)
		c.loaded.Inputs = in.Inputs
		if faults := d.Problems.Faults(); faults != nil {
			err = faults
		}
	}
	where := keys[0]
	for _, key := range keys {
		if err != nil && strings.HasPrefix(err.Error(), key+": ") {
			where = key
		}
	}
	switch problems, ok := err.(yamlpos.Problems); { //nolint:errorlint // it is ours
	case err == nil && reflect.DeepEqual(steps, c.s.Stimulus):
		c.refuse(at(where), "set what makes the difference, or leave out a step", "%s is %s in the scenario already", where, firstLine(set[where]))
	case err == nil && reflect.DeepEqual(bare(steps), bare(c.s.Stimulus)):
		c.refuse(at(where), "set what makes the difference, or leave out a step", "%s changes how a step is called or judged, and nothing that it does", where)
	case ok:
		c.Faultf(at(where), problems[0].Hint, "with %s: %s", strings.Join(keys, ", "), problems[0].Message)
	case err != nil:
		c.Faultf(at(where), Settable, "%v", err)
	}
}

// bare are steps without how they are called and judged, which changes nothing that they do.
func bare(steps []Step) []Step {
	out := slices.Clone(steps)
	for i := range out {
		s := &out[i]
		s.Name, s.MayMiss = "", false
		s.Steps, s.Together = bare(s.Steps), bare(s.Together)
	}
	return out
}

var sysctlName = regexp.MustCompile(`^[a-zA-Z0-9_/.-]+$`)

// setOnNode checks a file or a setting of the kernel that is replaced; ok is false for what is neither.
func (c *checker) setOnNode(where, field, value string) (ok bool) {
	kind, name, _ := strings.Cut(field, ".")
	switch kind {
	case "files":
		if !path.IsAbs(name) {
			c.Faultf(where, "write node.files./etc/…", "%q is not an absolute path", name)
		}
		if !isInline(value) {
			c.input(where, value)
		}
	case "sysctls":
		if !sysctlName.MatchString(name) {
			c.Faultf(where, "as node.sysctls.net.ipv4.ip_forward", "%q is no setting of the kernel", name)
		}
	default:
		return false
	}
	return true
}
