package session

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
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
	// SilentMarker says that the marker may be answered with nothing but a prompt, as a
	// comment is: its echo alone then marks.
	SilentMarker bool `yaml:"silent-marker"`
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

	// OnOpenOptional are sent after OnOpen and may be refused: a read-only account has not
	// every command. Of several joined by " || " the first that is not refused is the last
	// that is sent.
	OnOpenOptional []string `yaml:"on-open-optional"`
	// Pagers match what a pager says at the end of a page, each with the key that goes on.
	// The pager's words are cut out of the answer.
	Pagers []Pager `yaml:"pagers"`
	// Questions match what the device asks before it goes on with a command, at the end of
	// what was read, each with the harmless reply.
	Questions []Question `yaml:"questions"`
	// Login is how to come from an open stream to the first prompt, first match first; empty
	// where the prompt comes by itself.
	Login []LoginStep `yaml:"login"`
	// Denied matches the device's words when it does not believe the credentials.
	Denied []string `yaml:"denied"`
	// ClearLine is typed before anything else on a line that somebody else may have left in
	// any state, so that a half-typed command is not sent.
	ClearLine string `yaml:"clear-line"`
	// OnClose are typed on a console before it is left, so that nobody finds it open.
	OnClose []string `yaml:"on-close"`
	// KeepNotices matches commands whose answers hold lines that look like notices.
	KeepNotices []string `yaml:"keep-notices"`

	stops         []*regexp.Regexp // prompt, pagers, questions, and what a line says that asks for a login
	loggedOut     []*regexp.Regexp
	wanted        *regexp.Regexp // any of them
	pagerCut      *regexp.Regexp // a pager's words and how they are wiped; nil without pagers
	pagers        []*regexp.Regexp
	questions     []*regexp.Regexp
	login         []*regexp.Regexp
	denied        []*regexp.Regexp
	keepNotices   []*regexp.Regexp
	plainEnd      *regexp.Regexp // the end of the answer to a marker that does not hold its nonce
	promptLine    *regexp.Regexp // a prompt with nothing behind it, at the end of an answer
	prompt        *regexp.Regexp // at the end of what was read
	notices       []*regexp.Regexp
	stale         []*regexp.Regexp
	lost          []*regexp.Regexp
	refused       []*regexp.Regexp
	refusedConfig []*regexp.Regexp
}

// Pager is one pager.
type Pager struct {
	See  string `yaml:"see"`
	Send string `yaml:"send"`
}

// Question is one question.
type Question struct {
	See   string `yaml:"see"`
	Reply string `yaml:"reply"`
}

// LoginStep is what to do about something seen on the way to the first prompt.
type LoginStep struct {
	See string `yaml:"see"`
	// Do is user or password (type it), send (type Text and a return), key (type Text alone),
	// or wait (the device is not ready; what it says next counts).
	Do   string `yaml:"do"`
	Text string `yaml:"text"`
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
	if len(d.Argv) == 0 && len(d.Login) == 0 {
		errs = append(errs, errors.New("argv or login is missing"))
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
	d.prompt = one("prompt", d.promptPattern())
	d.promptLine = one("prompt", `(?:^|\n)(?:`+d.Prompt+`)\n?\z`)
	if !d.SilentMarker {
		one("marker-answer", strings.ReplaceAll(d.MarkerAnswer, "%s", "x"))
	}
	d.notices = many("notices", d.Notices)
	d.stale = many("stale", d.Stale)
	d.lost = many("lost", d.Lost)
	if !strings.Contains(d.MarkerAnswer, "%s") {
		d.plainEnd = one("marker-answer", `(?:`+d.MarkerAnswer+`)\s*\n(?:`+d.Prompt+`)`+d.behindPrompt()+`\z`)
	}
	d.refused = many("refused", d.Refused)
	d.refusedConfig = many("refused-config", d.RefusedConfig)
	d.denied = many("denied", d.Denied)
	d.keepNotices = many("keep-notices", d.KeepNotices)
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return d.compileDialogue(one)
}

// compileDialogue prepares what is matched at the end of what was read.
func (d *Dialect) compileDialogue(one func(key, pattern string) *regexp.Regexp) error {
	var errs []error
	patterns := []string{d.prompt.String()}
	end := func(key, see string) *regexp.Regexp {
		if see == "" {
			errs = append(errs, fmt.Errorf("%s: see is missing", key))
			return nil
		}
		re, err := regexp.Compile(`(?:` + see + `)\z`)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
		return re
	}
	var words []string
	for _, p := range d.Pagers {
		d.pagers = append(d.pagers, end("pagers", p.See))
		patterns = append(patterns, `(?:`+p.See+`)\z`)
		words = append(words, p.See)
		if p.Send == "" {
			errs = append(errs, errors.New("pagers: send is missing"))
		}
	}
	for _, q := range d.Questions {
		d.questions = append(d.questions, end("questions", q.See))
		patterns = append(patterns, `(?:`+q.See+`)\z`)
	}
	for _, l := range d.Login {
		d.login = append(d.login, end("login", l.See))
		switch l.Do {
		case "user", "password", "send", "key", "wait":
		default:
			errs = append(errs, fmt.Errorf("login: do is user, password, send, key or wait, not %q", l.Do))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for i, l := range d.Login {
		if l.Do == "user" || l.Do == "wait" {
			d.loggedOut = append(d.loggedOut, d.login[i])
			patterns = append(patterns, `(?:`+l.See+`)\z`)
		}
	}
	d.stops = slices.Concat([]*regexp.Regexp{d.prompt}, d.pagers, d.questions, d.loggedOut)
	d.wanted = one("prompt, pagers, questions", strings.Join(patterns, "|"))
	if len(words) > 0 {
		// How a page's last line is wiped: blanks between returns, backspaces, ECMA-48 EL.
		d.pagerCut = one("pagers", `(?:`+strings.Join(words, "|")+`)[ \t]*(?:\r *\r|\x08[\x08 ]*|\x1b\[[0-9;]*[A-Za-z]|\r)*`)
	}
	return errors.Join(errs...)
}

// promptPattern matches a prompt at the end of what was read. Where a platform says things
// of its own accord, they may stand behind the prompt: a line that nobody typed.
func (d *Dialect) promptPattern() string {
	return `(?:^|\n)(?:` + d.Prompt + `)` + d.behindPrompt() + `\z`
}

func (d *Dialect) behindPrompt() string {
	if len(d.Login) == 0 || len(d.Notices) == 0 {
		return ""
	}
	lines := make([]string, len(d.Notices))
	for i, n := range d.Notices {
		lines[i] = strings.TrimPrefix(strings.TrimSuffix(n, "$"), "^")
	}
	return `(?:\s*\n(?:` + strings.Join(lines, "|") + `)[^\n]*)*\s*`
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
				{Option: "prompt-pattern", Value: d.promptPattern()},
				{Option: "read-size", Value: readSize},
			},
		},
	})
}

// end matches the complete answer to a marker, after the pattern before, and the prompt
// at the end of what was read.
func (d *Dialect) end(n, before string) (*regexp.Regexp, error) {
	if before == "" && !strings.Contains(d.MarkerAnswer, "%s") {
		return d.plainEnd, nil
	}
	return regexp.Compile(before + `(?:` + strings.ReplaceAll(d.MarkerAnswer, "%s", n) + `)\s*\n(?:` + d.Prompt + `)` + d.behindPrompt() + `\z`)
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

// clean takes the notices out of the answer to a command.
func (d *Dialect) clean(command, out string) (text, notices string, stale bool) {
	if len(d.notices) == 0 || matchAny(d.keepNotices, command) {
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
