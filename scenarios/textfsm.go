package scenarios

import (
	"bufio"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/sirikothe/gotextfsm"
)

// Templates come with scenarios, and texts from devices: both are somebody else's. What a
// template may cost is bounded before it is compiled, and what a text makes of it while it
// is read, by counts and not by a clock: the same template and text always give the same.

// Bounds of a template, and of a table that is read with one.
const (
	maxTemplate  = 64 << 10 // bytes
	maxExpanded  = 1 << 20  // bytes of its rules, values written out
	maxStateSize = 4000     // of all regular expressions of one state, as patternSize counts
	maxRules     = 300      // of one state
	maxTableText = 2 << 20  // bytes
	maxRows      = 100_000
	maxCells     = 2_000_000
	maxFillups   = 4_000_000 // rows that values are looked for in, upwards
)

var (
	templateValue = regexp.MustCompile(`^Value\s+(?:\S+\s+)?(\w+)\s+(\(.*\))\s*$`)
	templateName  = regexp.MustCompile(`\$\{?(\w+)\}?`)
)

// ParseTemplate compiles a TextFSM template within its bounds.
func ParseTemplate(text string) (t *gotextfsm.TextFSM, err error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("the template has %d bytes, at most %d are read", len(text), maxTemplate)
	}
	if err := measureTemplate(text); err != nil {
		return nil, err
	}
	defer recovered(&err)
	t = &gotextfsm.TextFSM{}
	return t, t.ParseString(text)
}

// recovered makes an error of a panic of the library.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the template cannot be used: %v", r)
	}
}

// measureTemplate looks at a template before anything of it is compiled.
func measureTemplate(text string) error {
	values := map[string]string{}
	size, rules, expanded := 0, 0, 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if m := templateValue.FindStringSubmatch(line); m != nil {
			values[m[1]] = m[2]
			if err := checkPattern(m[2]); err != nil {
				return fmt.Errorf("value %s: %w", m[1], err)
			}
			continue
		}
		rule := strings.TrimLeft(line, " \t")
		if strings.HasPrefix(rule, "#") {
			continue
		}
		if !strings.HasPrefix(rule, "^") {
			size, rules = 0, 0 // a state begins
			continue
		}
		for _, m := range templateName.FindAllStringSubmatch(rule, -1) {
			expanded += len(values[m[1]])
		}
		if expanded += len(rule); expanded > maxExpanded {
			return fmt.Errorf("the template has more than %d bytes of rules, its values written out", maxExpanded)
		}
		pattern, _, _ := strings.Cut(rule, " -> ")
		size += patternSize(templateName.ReplaceAllStringFunc(pattern, func(s string) string {
			if value, ok := values[templateName.FindStringSubmatch(s)[1]]; ok {
				return value
			}
			return s
		}))
		if rules++; size > maxStateSize || rules > maxRules {
			return fmt.Errorf("a state of the template has more than %d rules, or of a size of more than %d", maxRules, maxStateSize)
		}
	}
	return nil
}

// ReadTable reads a text with a template into the rows that the library makes. fresh forgets
// what values were filled down from an earlier text.
func ReadTable(t *gotextfsm.TextFSM, text string, fresh bool) (rows []map[string]any, err error) {
	if len(text) > maxTableText {
		return nil, fmt.Errorf("the text has %d bytes, and a template is given %d at most", len(text), maxTableText)
	}
	defer recovered(&err)
	upwards := false
	for _, v := range t.Values {
		upwards = upwards || strings.Contains(fmt.Sprint(v.Options), "Fillup")
	}
	var out gotextfsm.ParserOutput
	if fresh {
		out.Reset(*t)
	}
	var full error
	looked := 0
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		n := len(out.Dict)
		if upwards {
			looked += n
		}
		if n > maxRows || n*len(t.Values) > maxCells || looked > maxFillups {
			full = errors.New("the template makes too many rows of the text")
			return 0, nil, full
		}
		return bufio.ScanLines(data, atEOF)
	})
	err = out.ParseTextScanner(lines, *t, true)
	return out.Dict, errors.Join(full, err)
}
