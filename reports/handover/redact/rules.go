package redact

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// RulesVersion is the version of a file of rules.
const RulesVersion = "redaction-rules/v1"

// Rules are what the owner adds to the built-in grammar, in a file:
//
//	reprise: redaction-rules/v1
//	names: [ACME, Zürich West]            # hidden wherever they stand
//	secrets: [hunter2]                    # values known to be secret
//	keep: [core-1]                        # words that stay though they stand where a name does
//	forms:                                # lines of a platform, as in forms.txt of this package
//	  - set vault pin <secret>
//	patterns:                             # what a form cannot say; RE2, the first group or all
//	  - {name: ticket, match: 'INC\d{7}', as: name}
type Rules struct {
	Reprise  string    `yaml:"reprise"`
	Names    []string  `yaml:"names"`
	Secrets  []string  `yaml:"secrets"`
	Keep     []string  `yaml:"keep"`
	Forms    []string  `yaml:"forms"`
	Patterns []Pattern `yaml:"patterns"`
}

// Pattern is a regular expression whose first group, or whole match, is a secret or a name.
type Pattern struct {
	Name  string `yaml:"name"` // for messages
	Match string `yaml:"match"`
	As    string `yaml:"as"` // secret or name
}

// Bounds of a file of rules.
const (
	mostRules     = 1000
	longestRule   = 400
	mostMatches   = 100_000 // of one pattern in one text
	shortestWords = 3
)

// LoadRules reads a file of rules. Every fault is reported with its position.
func LoadRules(file string) (Rules, error) {
	data, err := plain.Read(file, yamlpos.MaxBytes)
	if err != nil {
		return Rules{}, fmt.Errorf("read rules: %w", err)
	}
	return ParseRules(file, data)
}

// ParseRules reads rules; file is for messages. The error is a [yamlpos.Problems].
func ParseRules(file string, data []byte) (Rules, error) {
	var r Rules
	d := yamlpos.Parse(file, data)
	d.Decode(&r)
	if d.Root != nil {
		r.check(d)
	}
	if faults := d.Problems.Faults(); faults != nil {
		faults.Sort()
		return Rules{}, faults
	}
	return r, nil
}

func (r *Rules) check(d *yamlpos.Doc) {
	if r.Reprise != RulesVersion {
		d.Faultf("reprise", "write reprise: "+RulesVersion, "reprise is %q, want %s", r.Reprise, RulesVersion)
	}
	if n := len(r.Names) + len(r.Secrets) + len(r.Keep) + len(r.Forms) + len(r.Patterns); n > mostRules {
		d.Faultf("", "", "%d rules, at most %d are taken", n, mostRules)
	}
	for key, words := range map[string][]string{"names": r.Names, "secrets": r.Secrets, "keep": r.Keep} {
		for i, w := range words {
			if len(strings.TrimSpace(w)) < shortestWords {
				d.Faultf(yamlpos.Index(key, i), "a shorter one stands in too many words", "the word has fewer than %d letters", shortestWords)
			}
		}
	}
	for i, f := range r.Forms {
		if err := checkForm(f); err != nil {
			d.Faultf(yamlpos.Index("forms", i), "write the words of the line and <secret>, <user> or <host> in the place of the value", "%s", err)
		}
	}
	for i, p := range r.Patterns {
		p.check(d, yamlpos.Index("patterns", i))
	}
}

func checkForm(f string) error {
	if len(f) > longestRule {
		return fmt.Errorf("the form has %d letters, at most %d are taken", len(f), longestRule)
	}
	if strings.Count(f, "[") > 6 {
		return fmt.Errorf("%q: at most 6 parts may be absent", f)
	}
	return addForm(map[string][]form{}, "rules", strings.TrimSpace(f))
}

func (p Pattern) check(d *yamlpos.Doc, at string) {
	if p.As != "secret" && p.As != "name" {
		d.Faultf(yamlpos.Join(at, "as"), "write as: secret or as: name", "as is %q", p.As)
	}
	if len(p.Match) > longestRule {
		d.Faultf(yamlpos.Join(at, "match"), "", "the pattern has %d letters, at most %d are taken", len(p.Match), longestRule)
		return
	}
	re, err := regexp.Compile(p.Match)
	switch {
	case err != nil:
		d.Faultf(yamlpos.Join(at, "match"), "the syntax is that of RE2", "%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	case re.MatchString(""):
		d.Faultf(yamlpos.Join(at, "match"), "ask for one letter at least", "the pattern matches nothing at all")
	}
}

// Apply adds the rules to options.
func (r Rules) Apply(o *Options) {
	o.Names = append(o.Names, r.Names...)
	o.Secrets = append(o.Secrets, r.Secrets...)
	o.Keep = append(o.Keep, r.Keep...)
	o.Forms = append(o.Forms, r.Forms...)
	o.Patterns = append(o.Patterns, r.Patterns...)
}

// compiledPattern is a [Pattern] that is ready.
type compiledPattern struct {
	re   *regexp.Regexp
	rule Rule
}

// ownRules makes the owner's forms and patterns ready.
func (r *Redactor) ownRules(o Options) error {
	grammar, err := builtIn()
	if err != nil {
		return fmt.Errorf("forms: %w", err)
	}
	r.grammar = grammar
	if len(o.Forms) > 0 {
		own := map[string][]form{}
		for _, f := range o.Forms {
			if err := addForm(own, "rules", strings.TrimSpace(f)); err != nil {
				return fmt.Errorf("form: %w", err)
			}
		}
		for name, list := range grammar {
			own[name] = append(own[name], list...)
		}
		r.grammar = own
	}
	for _, p := range o.Patterns {
		re, err := regexp.Compile(p.Match)
		if err != nil {
			return fmt.Errorf("pattern %s: %w", p.Name, err)
		}
		rule := RuleSecret
		if p.As == "name" {
			rule = RuleName
		}
		r.patterns = append(r.patterns, compiledPattern{re, rule})
	}
	return nil
}

// matches finds what the owner's patterns say: it is learned, and replaced in its place.
func (s *scanner) matches() []edit {
	var list []edit
	for _, p := range s.r.patterns {
		for _, m := range p.re.FindAllSubmatchIndex(s.data, mostMatches) {
			start, end := m[0], m[1]
			if len(m) > 2 && m[2] >= 0 {
				start, end = m[2], m[3]
			}
			v := string(s.data[start:end])
			if start == end || s.r.kept(v) {
				continue
			}
			k := known{value: v, rule: p.rule, fold: p.rule == RuleName}
			if s.learn {
				s.learned = append(s.learned, k)
			}
			list = append(list, edit{start, end, s.r.replacement(k), p.rule})
		}
	}
	return list
}
