package logs

import (
	_ "embed" // rules
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/harness/result"
)

//go:embed rules/signs.yaml
var signs []byte

// Rule is a known bad sign.
type Rule struct {
	ID      string   `yaml:"id"`
	Title   string   `yaml:"title"`
	Formats []Format `yaml:"formats"` // a line of another says nothing
	// Mnemonic, Text and Raw are regular expressions that a line must fit all of; an empty one fits.
	Mnemonic string `yaml:"mnemonic"`
	Text     string `yaml:"text"`
	Raw      string `yaml:"raw"`
	// Threshold is how many lines it takes, 1 where it is 0; within Window, where there is one.
	Threshold int           `yaml:"threshold"`
	Window    time.Duration `yaml:"window"`
	Level     string        `yaml:"level"` // fail or warn
	Means     string        `yaml:"means"`
	Reference string        `yaml:"reference"`

	mnemonic, text, raw *regexp.Regexp
}

// Rules are those that come with the program.
func Rules() ([]Rule, error) { return ParseRules(signs) }

// ParseRules reads rules, and refuses those that could never say anything.
func ParseRules(data []byte) ([]Rule, error) {
	var rules []Rule
	if err := yaml.Load(data, &rules, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	seen := map[string]bool{}
	for i := range rules {
		r := &rules[i]
		if err := r.compile(); err != nil {
			return nil, fmt.Errorf("rule %q: %w", r.ID, err)
		}
		if seen[r.ID] {
			return nil, fmt.Errorf("rule %q is there twice", r.ID)
		}
		seen[r.ID] = true
	}
	return rules, nil
}

func (r *Rule) compile() (err error) {
	switch {
	case r.ID == "" || r.Title == "" || r.Means == "" || r.Reference == "" || len(r.Formats) == 0:
		return fmt.Errorf("id, title, formats, means and reference are needed")
	case r.Mnemonic+r.Text+r.Raw == "":
		return fmt.Errorf("it fits every line")
	case r.Level != "fail" && r.Level != "warn":
		return fmt.Errorf("level %q: want fail or warn", r.Level)
	case r.Threshold < 0 || r.Window < 0 || r.Window > 0 && r.Threshold < 2:
		return fmt.Errorf("a window needs a threshold of 2 or more, and neither is negative")
	}
	for _, f := range r.Formats {
		if !slices.Contains(Formats(), f) {
			return fmt.Errorf("unknown format %q", f)
		}
	}
	r.Threshold = max(r.Threshold, 1)
	if r.mnemonic, err = regexp.Compile(r.Mnemonic); err != nil {
		return err
	}
	if r.text, err = regexp.Compile(r.Text); err != nil {
		return err
	}
	r.raw, err = regexp.Compile(r.Raw)
	return err
}

func (r *Rule) fits(l *Line) bool {
	return r.mnemonic.MatchString(l.Mnemonic) && r.text.MatchString(l.Text) && r.raw.MatchString(l.Raw)
}

// checking is a rule at work.
type checking struct {
	Rule
	result.LogCheck
	lines, untimed, dense int
	cut                   bool
	recent                map[string][]time.Time // by file: the last Threshold times
}

// Check asks each rule of the lines of all trials. A rule that no line speaks of passes only where
// there are lines of its formats, whole ones; else nobody knows.
func Check(trials []Trial, rules []Rule) ([]result.LogCheck, error) {
	work := make([]*checking, len(rules))
	byFormat := map[Format][]*checking{}
	for i, r := range rules {
		work[i] = &checking{Rule: r, recent: map[string][]time.Time{}, LogCheck: result.LogCheck{Rule: r.ID, Title: r.Title, Means: r.Means, Reference: r.Reference}}
		for _, f := range r.Formats {
			byFormat[f] = append(byFormat[f], work[i])
		}
	}
	for _, t := range trials {
		for e, err := range t.Lines() {
			if err != nil {
				return nil, err
			}
			for _, c := range byFormat[e.Format] {
				c.take(e.Line)
			}
		}
	}
	checks := make([]result.LogCheck, len(work))
	for i, c := range work {
		c.decide()
		checks[i] = c.LogCheck
	}
	return checks, nil
}

func (c *checking) take(l *Line) {
	c.lines++
	c.cut = c.cut || l.Cut > 0
	if !c.fits(l) {
		return
	}
	if c.Count == 0 {
		c.Example = placeOf(l)
	}
	c.Count += max(l.Times, l.Repeats, 1)
	if c.Window == 0 {
		return
	}
	if l.Time.IsZero() {
		c.untimed++
		return
	}
	last := append(c.recent[l.File], l.Time)
	if len(last) > c.Threshold {
		last = last[1:]
	}
	c.recent[l.File] = last
	if len(last) == c.Threshold && last[len(last)-1].Sub(last[0]).Abs() <= c.Window {
		c.dense++
	}
}

// decide never leaves a rule without an answer.
func (c *checking) decide() {
	formats := make([]string, len(c.Formats))
	for i, f := range c.Formats {
		formats[i] = string(f)
	}
	of := strings.Join(formats, " or ")
	enough := c.Count >= c.Threshold && (c.Window == 0 || c.dense > 0)
	switch {
	case enough:
		c.Status, c.Why = c.Level, fmt.Sprintf("%d of %d lines of %s", c.Count, c.lines, of)
	case c.lines == 0:
		c.Status, c.Why = "unknown", "no line of "+of+" was read"
	case c.cut:
		c.Status, c.Why = "unknown", "lines of "+of+" were cut"
	case c.untimed > 0 && c.Count >= c.Threshold:
		c.Status, c.Why = "unknown", fmt.Sprintf("%d lines have no time, and it takes %d within %s", c.untimed, c.Threshold, c.Window)
	default:
		c.Status, c.Why = "pass", fmt.Sprintf("%d of %d lines of %s, and it takes %d", c.Count, c.lines, of, c.Threshold)
	}
}
