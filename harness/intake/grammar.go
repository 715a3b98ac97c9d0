package intake

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

//go:embed grammar.yaml
var written []byte

// Platform is what the captures of one platform look like.
type Platform struct {
	Name  string `yaml:"platform"`
	Basis string `yaml:"basis"` // what the patterns rest on
	// Beside is the platform of hosts on which it is a program: a text is of it where nothing but the host is known.
	Beside string `yaml:"beside"`

	Prompt  string    `yaml:"prompt"`
	Any     bool      `yaml:"any"`   // what stands behind a prompt is a command, whatever it is called
	Aside   string    `yaml:"aside"` // a line that the device writes before a prompt
	Heads   []pattern `yaml:"heads"`
	Begin   pattern   `yaml:"begin"`
	End     pattern   `yaml:"end"`
	Group   pattern   `yaml:"group"`
	Slot    pattern   `yaml:"slot"`
	Marks   []pattern `yaml:"marks"`
	Facts   []pattern `yaml:"facts"`
	Answers []pattern `yaml:"answers"`
	// Trailers say how many rows an answer has; Row counts them.
	Trailers    []pattern `yaml:"trailers"`
	ConfigEnd   string    `yaml:"config-end"`
	EndOptional bool      `yaml:"end-optional"` // a file that the program starts from has no such line
	Braces      bool      `yaml:"braces"`       // a configuration closes what it opens
	Refused     []string  `yaml:"refused"`

	prompt, aside, configEnd *regexp.Regexp
	refused                  []*regexp.Regexp
}

// pattern is one regular expression and what it means.
type pattern struct {
	Has     string   `yaml:"has"` // what a text holds that the pattern fits
	Pattern string   `yaml:"pattern"`
	After   string   `yaml:"after"`   // of a head: what the line before fits
	Rule    string   `yaml:"rule"`    // of a head: the sign that rules around it are made of
	First   string   `yaml:"first"`   // of a group: the one that begins a collection
	Kind    Kind     `yaml:"kind"`    // of a head or a mark
	Votes   int      `yaml:"votes"`   // of a mark
	Own     bool     `yaml:"own"`     // of a mark: it is of the device, also in what it tells of its neighbours
	Begins  bool     `yaml:"begins"`  // of a mark: a configuration has it once, before all that says anything
	In      []string `yaml:"in"`      // of a fact or a trailer: the commands whose answers have it
	Weak    bool     `yaml:"weak"`    // of a fact: other platforms write it too
	Every   bool     `yaml:"every"`   // of a fact: each place has another
	Unless  string   `yaml:"unless"`  // of a fact or a trailer: what an answer does not fit that is asked
	Command string   `yaml:"command"` // of an answer: what was asked
	Outside string   `yaml:"outside"` // of an answer: what the command of an answer that has such lines too begins with
	Row     string   `yaml:"row"`     // of a trailer

	re, after, row, unless *regexp.Regexp
}

// Grammar recognises. It is safe for use from several goroutines.
type Grammar struct {
	Platforms []Platform
}

// NewGrammar reads the grammar that comes with the program.
func NewGrammar() (*Grammar, error) {
	g := &Grammar{}
	if err := yaml.Load(written, &g.Platforms, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("grammar of captures: %w", err)
	}
	for i := range g.Platforms {
		if err := g.Platforms[i].compile(); err != nil {
			return nil, fmt.Errorf("grammar of captures, %s: %w", g.Platforms[i].Name, err)
		}
	}
	return g, nil
}

func (p *Platform) compile() (err error) {
	one := func(text string) *regexp.Regexp {
		if text == "" || err != nil {
			return nil
		}
		var re *regexp.Regexp
		re, err = regexp.Compile(text)
		return re
	}
	p.prompt, p.aside, p.configEnd = one(p.Prompt), one(p.Aside), one(p.ConfigEnd)
	for _, text := range p.Refused {
		p.refused = append(p.refused, one(text))
	}
	lists := [][]pattern{p.Heads, p.Marks, p.Facts, p.Answers, p.Trailers}
	for _, single := range []*pattern{&p.Begin, &p.End, &p.Group, &p.Slot} {
		single.re = one(single.Pattern)
	}
	for _, list := range lists {
		for i := range list {
			x := &list[i]
			x.re, x.after, x.row, x.unless = one(x.Pattern), one(x.After), one(x.Row), one(x.Unless)
		}
	}
	return err
}

// fits gives the named groups of a text that the pattern fits.
func (x *pattern) fits(text string) (map[string]string, bool) {
	if x.re == nil || !strings.Contains(text, x.Has) {
		return nil, false
	}
	m := x.re.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	return named(x.re, m), true
}

func named(re *regexp.Regexp, m []string) map[string]string {
	groups := map[string]string{}
	for i, name := range re.SubexpNames() {
		if name != "" && m[i] != "" {
			groups[name] = m[i]
		}
	}
	return groups
}

// platform gives a platform by its name; nil for others.
func (g *Grammar) platform(name string) *Platform {
	for i := range g.Platforms {
		if g.Platforms[i].Name == name {
			return &g.Platforms[i]
		}
	}
	return nil
}
