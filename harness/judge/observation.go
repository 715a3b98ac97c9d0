package judge

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// StatusNotFound is the status of a shell that did not find a command (POSIX.1-2017, XCU 2.8.2).
const StatusNotFound = scenarios.StatusNotFound

// Evaluate turns a stored observation into what a window takes: it is all the judge knows of
// a probe, live and offline. before is the observation of the same condition before the stimulus.
func Evaluate(c *plan.Check, rules evidence.Rules, o evidence.Observation, before *evidence.Observation) Reading {
	s := Reading{At: o.At, End: o.At + o.Took, Err: o.Error}
	switch {
	case c.Cond.Hangs > 0 && o.Hung:
		s.Err, s.Value = "", true
		return s
	case s.Err != "":
		s.Unanswered = true
		return s
	case c.Cond.Hangs > 0 && rules.Since(evidence.RulesV6) && Unopened(o.Text) != "":
		s.Err, s.Unanswered = "a part of the command was never run: "+Unopened(o.Text), true
		return s
	case c.Cond.Hangs > 0 && o.NotFound != "":
		s.Err, s.Unanswered = "a part of the command was never run: "+NotRun("", o.NotFound), true
		return s
	case c.Cond.Hangs > 0:
		s.Value = false
		return s
	case o.Truncated && c.Cond.Probe().Kind() != scenarios.ProbeLog:
		s.Err, s.Unanswered = "the answer was longer than its bound and is cut", true
		return s
	case o.Truncated && !o.AtLeast: // an older program recorded it
		s.Err, s.Unanswered = linesMissing, true
		return s
	}
	if rules == evidence.RulesV1 {
		return evaluateV1(c, s, o, before)
	}
	now := view(c, rules, o, c.Predicate.UsesExit)
	if now.Unknown != "" {
		s.Err, s.Unanswered = now.Unknown, true
		return s
	}
	var err error
	if s.Value, err = c.Predicate.Eval(now, earlier(c, rules, before)); err != nil {
		s.Err, s.Open = err.Error(), unbegun(c, o)
		return s
	}
	if s.Err = goesOn(c, rules, o, before, s.Value); s.Err != "" {
		s.Open = true
		return s
	}
	s.Err = misclocked(c, rules, o, before, s.Value)
	s.Misclocked = s.Err != ""
	return s
}

// misclocked says why a look has no answer because of the clock that told of what it saw, which is that of another machine: it would
// have another one were that clock as wrong as it may be; empty where it would not. Who looks at how a value moves compares looks that
// are all told by one clock.
func misclocked(c *plan.Check, rules evidence.Rules, o evidence.Observation, before *evidence.Observation, told any) string {
	if _, boolean := told.(bool); !boolean || !c.Cond.Boolean() {
		return ""
	}
	clock, others, err := o.Otherwise()
	switch {
	case err != nil:
		return fmt.Sprintf("read what was recorded: %v", err)
	case clock == nil:
		return ""
	case clock.Unmeasured:
		return clock.String() + ", and when things came there is not known"
	}
	for i, other := range others {
		now := view(c, rules, other, c.Predicate.UsesExit)
		was := earlier(c, rules, moved(before, i))
		v, err := c.Predicate.Eval(now, was)
		if err == nil && v == told {
			continue
		}
		how := []string{"earlier", "later"}[i%2]
		if now.Unknown != "" {
			err = errors.New(now.Unknown)
		}
		if err != nil {
			return fmt.Sprintf("%s, and that decides: it is %v, and had all come so much %s: %v", clock, told, how, err)
		}
		return fmt.Sprintf("%s, and that decides: it is %v, and would be %v had all come so much %s", clock, told, v, how)
	}
	if o.Probe == evidence.ProbeFrame && len(others) > 1 {
		return countedBetween(c, rules, o, before, told, clock, others)
	}
	return ""
}

// mostBetween bounds the numbers of frames that are tried between those of a clock that is wrong one way and the other.
const mostBetween = 1000

// countedBetween says why a look at frames has no answer because of a clock that is wrong by less than it may be: as many may have come as by
// neither bound.
func countedBetween(c *plan.Check, rules evidence.Rules, o evidence.Observation, before *evidence.Observation, told any, clock *evidence.OtherClock, others []evidence.Observation) string {
	least, most := min(others[0].Count, others[1].Count), max(others[0].Count, others[1].Count)
	if c.Cond.Expect == "" || most-least <= 1 {
		return ""
	}
	if strings.Contains(c.Cond.Expect, "rows") || strings.Contains(c.Cond.Expect, "json") && strings.Contains(c.Cond.Expect, "count") || most-least > mostBetween {
		return fmt.Sprintf("%s, and which of %d frames came is not known", clock, most-least)
	}
	now, was := view(c, rules, o, c.Predicate.UsesExit), earlier(c, rules, before)
	for now.Count = least; now.Count <= most; now.Count++ {
		if v, err := c.Predicate.Eval(now, was); err != nil || v != told {
			return fmt.Sprintf("%s, and that decides: it is %v, and may be otherwise of %d frames", clock, told, now.Count)
		}
	}
	return ""
}

// moved is the look before the stimulus as it would have been by the same fault of the clock.
func moved(before *evidence.Observation, i int) *evidence.Observation {
	if before == nil {
		return nil
	}
	if _, others, err := before.Otherwise(); err == nil && i < len(others) {
		return &others[i]
	}
	return before
}

// linesMissing is why the lines of a log that match are not all known.
const linesMissing = "lines of the log are missing: it has more than is read, was rotated, or was cut"

// earlier is the view of the observation before the stimulus, nil where there was none.
func earlier(c *plan.Check, rules evidence.Rules, before *evidence.Observation) *scenarios.View {
	if before == nil {
		return nil
	}
	v := scenarios.View{Unknown: before.Error}
	if before.Error == "" {
		v = view(c, rules, *before, c.Predicate.UsesBeforeExit)
	}
	if v.Unknown != "" {
		v.Unknown = "before the stimulus: " + v.Unknown
	}
	return &v
}

// view gives the observation as an expression sees it. exits says that the expression looks at the
// exit status: it then says itself what a failure means.
func view(c *plan.Check, rules evidence.Rules, o evidence.Observation, exits bool) scenarios.View {
	v := scenarios.View{
		Text: o.Text, Exit: o.Exit, Count: o.Count, Took: tookOf(o).Seconds(), AtLeast: o.AtLeast, Ports: plan.PortsOf(o.Ports, c.Interfaces), Unknown: unanswered(c, rules, o, exits),
		Loose: !rules.Since(evidence.RulesV4),
	}
	if v.Unknown != "" {
		return v
	}
	if r, ok := c.Cond.Probe().(scenarios.ReachProbe); ok && r.Ping != "" && rules.Since(evidence.RulesV5) {
		v.Count, _ = ReadPing(r.Reach, o.Text) // that it can be read was asked before
	}
	switch {
	case c.Cond.Probe().Kind() == scenarios.ProbeLog:
		if v.AtLeast = false; o.Truncated {
			v.Partial = linesMissing
		}
	case c.Cond.Probe().Kind() == scenarios.ProbeFrame:
		rows, err := rowsOf(o.Text)
		if err != nil {
			v.Unknown = err.Error()
		}
		v.Rows, v.NoRows = rows, fmt.Sprintf("%d frames are more than are told one by one, and a narrower filter makes them less", o.Count)
	case c.Cond.Probe().Sight().Flow:
		var err error
		if v.Words, err = flowWords(o.Text); err != nil {
			v.Unknown = err.Error()
		}
	case c.Cond.Probe().Sight().Rows:
		v.Rows = []map[string]any{}
		if err := json.Unmarshal([]byte(o.Text), &v.Rows); err != nil {
			v.Unknown = fmt.Sprintf("read recorded deaths: %v", err)
		}
		if v.Rows == nil { // null
			v.Rows = []map[string]any{}
		}
	case c.Template != nil:
		rows, err := c.Template.Rows(o.Text)
		if err != nil {
			v.Unknown = err.Error()
		}
		v.Rows, v.Count = rows, len(rows)
	}
	return v
}

// unanswered tells why a command has no answer, by its exit status; empty where it has one. The
// output of a command which failed is none, unless the condition names the status or looks at it.
func unanswered(c *plan.Check, rules evidence.Rules, o evidence.Observation, exits bool) string {
	probe := c.Cond.Probe()
	if r, ok := probe.(scenarios.ReachProbe); ok && r.Ping != "" { // also one that an older program recorded
		if _, err := pingBy(rules)(r.Reach, o.Text); err != nil {
			return err.Error()
		}
	}
	if probe.Sight().Channel == "" {
		return ""
	}
	if o.Refusal != "" && o.Exit <= 0 && rules.Since(evidence.RulesV3) && !c.Predicate.Mentions(o.Refusal) {
		return fmt.Sprintf("what was asked about is not there: %s; where that is an answer, let the expression look at these words", evidence.Bounded(o.Refusal, 200))
	}
	if o.Exit == drivers.NoExit {
		return ""
	}
	words := lastWords(o.Text)
	missing := NotRun(o.Text, o.NotFound)
	unrun := o.Exit == StatusNotFound || o.Exit == scenarios.StatusNotExecutable
	switch {
	case missing != "" && o.Exit != StatusNotFound && !c.Cond.Exit.Allows(StatusNotFound):
		// The status is that of another part of the line.
		return "a part of the command was never run: " + missing
	case unopened(c, rules, o) != "":
		return "a part of the command was never run: " + unopened(c, rules, o)
	case unreadWords.MatchString(o.Text) && o.Exit != 0 && rules.Since(evidence.RulesV6) && !slices.Contains(c.Cond.Exit, o.Exit) && !c.Predicate.Names(o.Exit):
		return fmt.Sprintf("a shell could not read what it was given, and has run nothing of it (status %d): %s", o.Exit, evidence.Bounded(unreadWords.FindString(o.Text), 200))
	case len(c.Cond.Exit) > 0 && !c.Cond.Exit.Allows(o.Exit):
		return fmt.Sprintf("the command ended with status %d, which exit does not name (%s)%s", o.Exit, c.Cond.Exit, words)
	case unrun && exits && len(c.Cond.Exit) == 0 && rules.Since(evidence.RulesV4) && (strings.TrimSpace(o.Text) != "" || o.NotFound != "") && !c.Predicate.Names(o.Exit):
		return fmt.Sprintf("the shell could not run the command (status %d)%s; where that is an answer, let the expression name the status", o.Exit, words)
	case len(c.Cond.Exit) > 0, exits, o.Exit == 0:
		return hiddenFailure(c, rules, o)
	case o.Exit == 1: // what grep, diff and test say no with
		return fmt.Sprintf("the command ended with status 1%s; where that is an answer, name it: exit: [0, 1]", words)
	default:
		return fmt.Sprintf("the command ended with status %d%s", o.Exit, words)
	}
}

// unopened gives a shell's words for what it could not read from or write to, where nothing of the condition looks at that.
func unopened(c *plan.Check, rules evidence.Rules, o evidence.Observation) string {
	words := Unopened(o.Text)
	switch {
	case words == "", !rules.Since(evidence.RulesV6), slices.Contains(c.Cond.Exit, StatusNotFound),
		c.Predicate.Reads() && c.Predicate.Mentions(words), o.Exit != 0 && c.Predicate.Names(o.Exit):
		return ""
	default:
		return words
	}
}

func tookOf(o evidence.Observation) time.Duration {
	if o.Answered > 0 {
		return o.Answered
	}
	return o.Took
}

// notFoundWords match a shell's own words for a command that is not there: dash, bash, busybox.
var notFoundWords = regexp.MustCompile(`(?m)^(?:/\S*/)?(?:ba|da|a|k|z)?sh: (?:(?:line )?\d+: )?(?:eval: )?(?:line \d+: )?[^\s:]+: (?:command )?not found$`)

// unreadWords match a shell's own words for what it cannot read: dash, bash, busybox.
var unreadWords = regexp.MustCompile(`(?m)^(?:/\S*/)?(?:ba|da|a|k|z)?sh: (?:-c: )?(?:(?:line )?\d+: )?(?:eval: )?(?:line \d+: )?(?:[Ss]yntax error|unexpected EOF).*$`)

// unopenedWords match a shell's own words for a redirection that failed, so that it has not run the command: dash, busybox; bash.
var unopenedWords = regexp.MustCompile(`(?m)^(?:/\S*/)?(?:ba|da|a|k|z)?sh: (?:-c: )?(?:(?:line )?\d+: )?(?:eval: )?(?:line \d+: )?(?:(?:exec|\.): )?(?:` +
	`can(?:no|')t (?:open|create) .+: .+|\d+: Bad file descriptor|` +
	`[^:\n]+: (?:No such file or directory|Permission denied|Is a directory|Not a directory|Read-only file system|No such device(?: or address)?|` +
	`Text file busy|Name or service not known|Temporary failure in name resolution|Invalid argument|No space left on device|ambiguous redirect|cannot overwrite existing file))$`)

// Unopened gives the words in which a shell says that it could not read from, or write to, what a command was to; empty where it does not.
func Unopened(text string) string {
	if !strings.Contains(text, "sh: ") {
		return ""
	}
	return evidence.Bounded(unopenedWords.FindString(text), 200)
}

// NotRun says that a command, or a part of it, is not there: in the words of a shell in the answer, or else by the names of
// programs that were looked for in vain. Empty where all is.
func NotRun(text, notFound string) string {
	words := evidence.Bounded(notFoundWords.FindString(text), 200)
	if words == "" && notFound != "" {
		words = evidence.Bounded(notFound, 200) + ": not found; where that is meant, let the command ask first (command -v), or name the status: exit: [0, 127]"
	}
	return words
}

// lastWords are the last line of an answer, for a reason.
func lastWords(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if last == "" {
		return ", without a word"
	}
	return ": " + evidence.Bounded(last, 200)
}

// evaluateV1 is Evaluate by RulesV1: no status decides anything, and what is absent is nil.
func evaluateV1(c *plan.Check, s Reading, o evidence.Observation, before *evidence.Observation) Reading {
	now, err := viewV1(c, o)
	if err != nil {
		s.Err = err.Error()
		return s
	}
	var earlier *scenarios.View
	if before != nil && before.Error == "" {
		v, err := viewV1(c, *before)
		if err != nil {
			s.Err = "before the stimulus: " + err.Error()
			return s
		}
		earlier = &v
	}
	if s.Value, err = c.Predicate.EvalV1(now, earlier); err != nil {
		s.Err = err.Error()
	}
	return s
}

func viewV1(c *plan.Check, o evidence.Observation) (scenarios.View, error) {
	v := scenarios.View{Text: o.Text, Exit: o.Exit, Count: o.Count, Took: tookOf(o).Seconds(), Ports: plan.PortsOf(o.Ports, c.Interfaces)}
	switch {
	case c.Cond.Probe().Sight().Rows:
		if err := json.Unmarshal([]byte(o.Text), &v.Rows); err != nil {
			return v, fmt.Errorf("read recorded deaths: %w", err)
		}
	case c.Template != nil:
		rows, err := c.Template.RowsV1(o.Text)
		if err != nil {
			return v, err
		}
		v.Rows, v.Count = rows, len(rows)
	}
	return v, nil
}
