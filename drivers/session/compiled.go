package session

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// CompiledDialect is a dialect that sessions speak. [Dialect.Compile] alone makes one, and makes
// it whole: nothing malformed reaches scrapligo, which panics on it.
type CompiledDialect struct {
	name                   string
	argv                   []string
	marker, markerAnswer   string
	onOpen, onOpenOptional []string
	literal                map[string]string
	clearLine              string
	onClose                []string

	prompt       *regexp.Regexp // at the end of what was read
	promptLine   *regexp.Regexp // with nothing behind it, at the end of an answer
	behindAnswer string         // pattern of what follows the answer to a marker: a prompt
	plainEnd     *regexp.Regexp // the end of the answer to a marker that does not hold its nonce; nil where it does

	pagers    []compiledPager
	questions []compiledQuestion
	login     []compiledStep
	stops     []*regexp.Regexp // prompt, pagers, questions, and what a line says that asks for a login
	wanted    *regexp.Regexp   // any of them
	pagerCut  *regexp.Regexp   // a pager's words and how they are wiped; nil without pagers

	notices, stale, lost, keepNotices []*regexp.Regexp
	refused, refusedConfig, denied    []*regexp.Regexp
}

type compiledPager struct {
	see  *regexp.Regexp
	send string
}

type compiledQuestion struct {
	see   *regexp.Regexp
	reply string
	key   bool
}

type compiledStep struct {
	see  *regexp.Regexp
	do   LoginDo
	text string
}

// loggedOut reports whether it is what a line says on which nobody is logged in.
func (s compiledStep) loggedOut() bool { return s.do == LoginUser || s.do == LoginWait }

// Compile checks a dialect and makes it ready for sessions. Missing parts and patterns that do
// not compile, or that match where nothing stands, are errors, all of them in one.
func (d Dialect) Compile() (*CompiledDialect, error) {
	var c compiler
	c.required(d)
	out := &CompiledDialect{
		name: d.Name, argv: slices.Clone(d.Argv), marker: d.Marker, markerAnswer: d.MarkerAnswer,
		onOpen: slices.Clone(d.OnOpen), onOpenOptional: slices.Clone(d.OnOpenOptional),
		literal: maps.Clone(d.Literal), clearLine: d.ClearLine, onClose: slices.Clone(d.OnClose),
		notices: c.many("notices", d.Notices), stale: c.many("stale", d.Stale), lost: c.many("lost", d.Lost),
		keepNotices: c.many("keep-notices", d.KeepNotices), refused: c.many("refused", d.Refused),
		refusedConfig: c.many("refused-config", d.RefusedConfig), denied: c.many("denied", d.Denied),
	}
	behind := d.behindPrompt()
	out.prompt = c.one("prompt", `(?:^|\n)(?:`+d.Prompt+`)`+behind+`\z`)
	out.promptLine = c.one("prompt", `(?:^|\n)(?:`+d.Prompt+`)\n?\z`)
	out.behindAnswer = `\s*\n(?:` + d.Prompt + `)` + behind + `\z`
	if !d.SilentMarker {
		c.one("marker-answer", strings.ReplaceAll(d.MarkerAnswer, "%s", "x"))
	}
	if !strings.Contains(d.MarkerAnswer, "%s") {
		out.plainEnd = c.one("marker-answer", `(?:`+d.MarkerAnswer+`)`+out.behindAnswer)
	}
	c.dialogue(d, out)
	if err := errors.Join(c.errs...); err != nil {
		return nil, fmt.Errorf("read dialect %s: %w", d.Name, err)
	}
	return out, nil
}

// behindPrompt is the pattern of what may stand behind a prompt: where a platform says things of
// its own accord, a line that nobody typed.
func (d Dialect) behindPrompt() string {
	if len(d.Login) == 0 || len(d.Notices) == 0 {
		return ""
	}
	lines := make([]string, len(d.Notices))
	for i, n := range d.Notices {
		lines[i] = strings.TrimPrefix(strings.TrimSuffix(n, "$"), "^")
	}
	return `(?:\s*\n(?:` + strings.Join(lines, "|") + `)[^\n]*)*\s*`
}

// compiler gathers what is wrong with a dialect.
type compiler struct{ errs []error }

func (c *compiler) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

func (c *compiler) required(d Dialect) {
	for _, part := range []struct{ key, value string }{{"name", d.Name}, {"prompt", d.Prompt}, {"marker-answer", d.MarkerAnswer}} {
		if part.value == "" {
			c.fail("%s is missing", part.key)
		}
	}
	if len(d.Argv) == 0 && len(d.Login) == 0 {
		c.fail("argv or login is missing")
	}
	if strings.Count(d.Marker, "%s") != 1 {
		c.fail("marker must hold one %%s")
	}
}

// one compiles a pattern. One that matches where nothing stands would match everywhere.
func (c *compiler) one(key, pattern string) *regexp.Regexp {
	re, err := regexp.Compile(pattern)
	switch {
	case err != nil:
		c.fail("%s: %w", key, err)
	case re.MatchString(""):
		c.fail("%s: %q matches nothing at all", key, pattern)
	}
	return re
}

func (c *compiler) many(key string, patterns []string) []*regexp.Regexp {
	res := make([]*regexp.Regexp, len(patterns))
	for i, p := range patterns {
		res[i] = c.one(key, p)
	}
	return res
}

// atEnd compiles what is seen at the end of what was read.
func (c *compiler) atEnd(key, see string) *regexp.Regexp {
	if see == "" {
		c.fail("%s: see is missing", key)
		return nil
	}
	return c.one(key, `(?:`+see+`)\z`)
}

// dialogue compiles what a device says at the end of what was read and waits after.
func (c *compiler) dialogue(d Dialect, out *CompiledDialect) {
	var words []string
	for _, p := range d.Pagers {
		out.pagers = append(out.pagers, compiledPager{c.atEnd("pagers", p.See), p.Send})
		words = append(words, p.See)
		if p.Send == "" {
			c.fail("pagers: send is missing")
		}
	}
	for _, q := range d.Questions {
		out.questions = append(out.questions, compiledQuestion{c.atEnd("questions", q.See), q.Reply, q.Key})
	}
	for _, l := range d.Login {
		out.login = append(out.login, compiledStep{c.atEnd("login", l.See), l.Do, l.Text})
		if !slices.Contains([]LoginDo{LoginUser, LoginPassword, LoginSend, LoginKey, LoginWait}, l.Do) {
			c.fail("login: do is user, password, send, key or wait, not %q", l.Do)
		}
	}
	if len(c.errs) > 0 { // of parts that do not compile no whole is made
		return
	}
	out.stops = []*regexp.Regexp{out.prompt}
	for _, p := range out.pagers {
		out.stops = append(out.stops, p.see)
	}
	for _, q := range out.questions {
		out.stops = append(out.stops, q.see)
	}
	for _, l := range out.login {
		if l.loggedOut() {
			out.stops = append(out.stops, l.see)
		}
	}
	patterns := make([]string, len(out.stops))
	for i, re := range out.stops {
		patterns[i] = re.String()
	}
	out.wanted = c.one("prompt, pagers, questions", strings.Join(patterns, "|"))
	if len(words) > 0 {
		// How a page's last line is wiped: blanks between returns, backspaces, ECMA-48 EL.
		out.pagerCut = c.one("pagers", `(?:`+strings.Join(words, "|")+`)[ \t]*(?:\r *\r|\x08[\x08 ]*|\x1b\[[0-9;]*[A-Za-z]|\r)*`)
	}
}

// definition is the dialect in scrapligo's own platform format.
func (d *CompiledDialect) definition() ([]byte, error) {
	type option struct {
		Option string `yaml:"option"`
		Value  any    `yaml:"value"`
	}
	return yaml.Marshal(map[string]any{
		"platform-type": "reprise_" + d.name,
		"default": map[string]any{
			"driver-type": "generic",
			"options": []option{
				{Option: "auth-bypass", Value: true},
				{Option: "prompt-pattern", Value: d.prompt.String()},
				{Option: "read-size", Value: readSize},
			},
		},
	})
}

// end matches the complete answer to the marker of nonce n, after the pattern before, and the
// prompt at the end of what was read.
func (d *CompiledDialect) end(n, before string) (*regexp.Regexp, error) {
	if before == "" && d.plainEnd != nil {
		return d.plainEnd, nil
	}
	return regexp.Compile(before + `(?:` + strings.ReplaceAll(d.markerAnswer, "%s", n) + `)` + d.behindAnswer)
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
func (d *CompiledDialect) clean(command, out string) (text, notices string, stale bool) {
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
