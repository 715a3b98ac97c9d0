package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sirikothe/gotextfsm"

	"github.com/reprise-lab/reprise/scenarios"
)

// Table is a compiled TextFSM template, with what the library does not tell: whether it
// recognised anything of a text, and which of its values can be empty.
type Table struct {
	fsm      *gotextfsm.TextFSM
	states   map[string][]gotextfsm.TextFSMRule
	optional map[string]bool // values that match the empty text
}

// ParseTable compiles a template.
func ParseTable(text string) (*Table, error) {
	fsm, err := scenarios.ParseTemplate(text)
	if err != nil {
		return nil, err
	}
	t := &Table{fsm: fsm, states: map[string][]gotextfsm.TextFSMRule{}, optional: map[string]bool{}}
	values := map[string]any{}
	for name, v := range t.fsm.Values {
		values[name] = v.Template
		re, err := regexp.Compile(`\A(?:` + v.Regex + `)\z`)
		t.optional[name] = err != nil || re.MatchString("")
	}
	return t, t.rules(text, values)
}

// rules reads the rules of each state once more: the library keeps them to itself.
func (t *Table) rules(text string, values map[string]any) error {
	state, body := "", false
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		trimmed := strings.TrimLeft(line, " \t")
		switch {
		case line == "":
			body = true
		case !body || strings.HasPrefix(trimmed, "#"):
		case strings.HasPrefix(trimmed, "^") && trimmed != line:
			var r gotextfsm.TextFSMRule
			if err := r.Parse(line, number+1, values); err != nil {
				return err
			}
			t.states[state] = append(t.states[state], r)
		default:
			state = line
		}
	}
	return nil
}

// Rows reads a text. They are nil where the template recognised nothing: no row, and no line
// by a rule that does not take any line; a row that is unread is an error, which says what
// the rule that takes it says. A value that the text did not have is left out of its
// row: the library makes an empty text of it, which only a value that can match one may be.
func (t *Table) Rows(text string) ([]map[string]any, error) {
	if refused := t.refusals(text); len(refused) > 0 {
		return nil, refused.err()
	}
	rows, err := parseRows(t.fsm, text, true)
	if err != nil || len(rows) == 0 && !t.recognises(text) {
		return nil, err
	}
	for _, row := range rows {
		for name, v := range row {
			if v == nil || v == "" && !t.optional[name] {
				delete(row, name)
			}
		}
	}
	return rows, nil
}

// refusal is a line that a rule with Error takes.
type refusal struct {
	line string
	rule *gotextfsm.TextFSMRule
}

type refusals []refusal

func (t *Table) refusals(text string) (list refusals) {
	t.walk(text, func(line string, r *gotextfsm.TextFSMRule) bool {
		if r.LineOp == "Error" {
			list = append(list, refusal{line, r})
		}
		return false
	})
	return list
}

// unreadRow is what the rules of the drivers' own templates say of a row that they do not read.
const unreadRow = "a row that the template does not read"

// err says of the first line what its rule says.
func (l refusals) err() error {
	line, rule := strings.TrimSpace(l[0].line), l[0].rule
	switch says := strings.Trim(rule.NewState, `"`); says {
	case unreadRow:
		n := 0
		for _, r := range l {
			if strings.Trim(r.rule.NewState, `"`) == unreadRow {
				n++
			}
		}
		return fmt.Errorf("the template does not read %d of the rows, as %q: a template of your own (template:) reads them", n, line)
	case "":
		return fmt.Errorf("the rule with Error in line %d of the template takes the line %q", rule.LineNum, line)
	default:
		return fmt.Errorf("the template says of the line %q: %s (line %d of the template)", line, says, rule.LineNum)
	}
}

// Unread are the lines that a rule with Error takes: rows that the template does not read, as the
// drivers' own templates tell them from what is no row.
func (t *Table) Unread(text string) []string {
	var lines []string
	for _, r := range t.refusals(text) {
		lines = append(lines, r.line)
	}
	return lines
}

// Part reads the rows of a text without those that are unread, and tells these.
func (t *Table) Part(text string) (rows []map[string]any, unread []string, err error) {
	unread = t.Unread(text)
	if len(unread) > 0 {
		var rest strings.Builder
		for line := range strings.Lines(text) {
			if !slices.Contains(unread, strings.TrimRight(line, "\r\n")) {
				rest.WriteString(line)
			}
		}
		text = rest.String()
	}
	rows, err = t.Rows(text)
	return rows, unread, err
}

// anyLine is a line that no template is written for: a rule that matches it takes any line.
const anyLine = "\x07~ no template knows this line ~"

// recognises reports whether a rule matched a line that is not blank.
func (t *Table) recognises(text string) bool {
	return t.walk(text, func(line string, r *gotextfsm.TextFSMRule) bool {
		return strings.TrimSpace(line) != "" && !r.CompiledRegex.MatchString(anyLine)
	})
}

// walk goes over the lines and the rules that take them, as the library does, until is is true.
func (t *Table) walk(text string, is func(line string, r *gotextfsm.TextFSMRule) bool) bool {
	state := "Start"
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		for i := range t.states[state] {
			r := &t.states[state][i]
			if !r.CompiledRegex.MatchString(line) {
				continue
			}
			if is(line, r) {
				return true
			}
			if r.LineOp == "Continue" {
				continue
			}
			if r.NewState != "" && r.LineOp != "Error" {
				state = r.NewState
			}
			break
		}
	}
	return false
}

// RowsV1 is Rows by [evidence.RulesV1]: rows may be filled down from an earlier text, a value
// that the text did not have is an empty text, and nothing says whether it was recognised.
func (t *Table) RowsV1(text string) ([]map[string]any, error) { return parseRows(t.fsm, text, false) }

// parseRows reads a text. A template's values outlive a text in the library: fresh forgets
// them first, so that no row is filled down from an earlier observation.
func parseRows(t *gotextfsm.TextFSM, text string, fresh bool) ([]map[string]any, error) {
	rows, err := scenarios.ReadTable(t, text, fresh)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return rows, nil
}
