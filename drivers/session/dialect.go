package session

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Dialect is how a command line speaks: platform knowledge as data, read from YAML by
// [ParseDialect] and checked there, so that nothing malformed reaches scrapligo, which
// panics on it. Patterns are Go regular expressions over text with "\n" line ends.
type Dialect struct {
	Name string `yaml:"name"`
	// Argv starts the command line on the node's terminal.
	Argv []string `yaml:"argv"`
	// Prompt matches a prompt, without anchors.
	Prompt string `yaml:"prompt"`
	// Marker is a harmless line, with %s for a nonce, that the device answers at once
	// with text matching MarkerAnswer (%s again stands for the nonce). It is sent after
	// every command: the answer is complete when the marker's own answer has come. The
	// answer need not repeat the nonce: its echo stands before it.
	Marker       string `yaml:"marker"`
	MarkerAnswer string `yaml:"marker-answer"`
	// OnOpen are commands sent once per session; a refused one fails the opening.
	OnOpen []string `yaml:"on-open"`
	// Literal prefixes a character that the line editor would act upon.
	Literal map[string]string `yaml:"literal"`
	// Notices match whole lines that do not belong to the answer (reconnection
	// messages …); they are moved to Exchange.Notices.
	Notices []string `yaml:"notices"`
	// Stale matches a notice after which the session should be replaced.
	Stale []string `yaml:"stale"`
	// Lost matches a notice that tells that the answer is incomplete: it makes it a refusal.
	Lost []string `yaml:"lost"`
	// Refused match lines with which the device refuses any command, RefusedConfig lines
	// with which it refuses a configuration line.
	Refused       []string `yaml:"refused"`
	RefusedConfig []string `yaml:"refused-config"`

	prompt        *regexp.Regexp // at the end of what was read
	notices       []*regexp.Regexp
	stale         []*regexp.Regexp
	lost          []*regexp.Regexp
	refused       []*regexp.Regexp
	refusedConfig []*regexp.Regexp
}

// ParseDialect reads a dialect from YAML. Unknown keys, missing parts and patterns
// that do not compile are errors.
func ParseDialect(data []byte) (*Dialect, error) {
	d := &Dialect{}
	if err := yaml.Load(data, d, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("read dialect: %w", err)
	}
	if err := d.compile(); err != nil {
		return nil, fmt.Errorf("read dialect %s: %w", d.Name, err)
	}
	return d, nil
}

func (d *Dialect) compile() error {
	var errs []error
	for key, value := range map[string]string{"name": d.Name, "prompt": d.Prompt, "marker-answer": d.MarkerAnswer} {
		if value == "" {
			errs = append(errs, fmt.Errorf("%s is missing", key))
		}
	}
	if len(d.Argv) == 0 {
		errs = append(errs, errors.New("argv is missing"))
	}
	if strings.Count(d.Marker, "%s") != 1 {
		errs = append(errs, errors.New("marker must hold one %s"))
	}
	one := func(key, pattern string) *regexp.Regexp {
		re, err := regexp.Compile(pattern)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		} else if re.MatchString("") {
			errs = append(errs, fmt.Errorf("%s: %q matches nothing at all", key, pattern))
		}
		return re
	}
	many := func(key string, patterns []string) []*regexp.Regexp {
		res := make([]*regexp.Regexp, len(patterns))
		for i, p := range patterns {
			res[i] = one(key, p)
		}
		return res
	}
	d.prompt = one("prompt", `(?:^|\n)(?:`+d.Prompt+`)\z`)
	one("marker-answer", strings.ReplaceAll(d.MarkerAnswer, "%s", "x"))
	d.notices = many("notices", d.Notices)
	d.stale = many("stale", d.Stale)
	d.lost = many("lost", d.Lost)
	d.refused = many("refused", d.Refused)
	d.refusedConfig = many("refused-config", d.RefusedConfig)
	return errors.Join(errs...)
}

// definition is the dialect in scrapligo's own platform format.
func (d *Dialect) definition() ([]byte, error) {
	type option struct {
		Option string `yaml:"option"`
		Value  any    `yaml:"value"`
	}
	return yaml.Marshal(map[string]any{
		"platform-type": "reprise_" + d.Name,
		"default": map[string]any{
			"driver-type": "generic",
			"options": []option{
				{Option: "auth-bypass", Value: true},
				{Option: "prompt-pattern", Value: `(?:^|\n)(?:` + d.Prompt + `)\z`},
				{Option: "read-size", Value: readSize},
			},
		},
	})
}

// end matches the complete answer to a marker, after the pattern before, and the prompt
// at the end of what was read.
func (d *Dialect) end(n, before string) (*regexp.Regexp, error) {
	return regexp.Compile(before + `(?:` + strings.ReplaceAll(d.MarkerAnswer, "%s", n) + `)\s*\n(?:` + d.Prompt + `)\z`)
}

// refusal returns the first line of out with which the device refuses a command.
func refusal(out string, patterns []*regexp.Regexp) string {
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, " \n")
		for _, re := range patterns {
			if re.MatchString(line) {
				return line
			}
		}
	}
	return ""
}

// clean takes the notices out of an answer.
func (d *Dialect) clean(out string) (text, notices string, stale bool) {
	if len(d.notices) == 0 {
		return out, "", false
	}
	var keep, notes strings.Builder
	for line := range strings.Lines(out) {
		bare := strings.TrimRight(line, " \n")
		switch {
		case matchAny(d.notices, bare):
			notes.WriteString(line)
			stale = stale || matchAny(d.stale, bare)
		default:
			keep.WriteString(line)
		}
	}
	return keep.String(), notes.String(), stale
}

func matchAny(res []*regexp.Regexp, s string) bool {
	for _, re := range res {
		if re.MatchString(s) {
			return true
		}
	}
	return false
}
