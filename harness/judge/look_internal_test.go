package judge

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

const ports = "Value PORT (\\d+)\nValue STATE (up|down)\n\nStart\n  ^Port\\s+State\n  ^${PORT}\\s+${STATE} -> Record\n"

// What a look says, by today's rules and by those of before: what is absent decides nothing.
func TestEvaluate(t *testing.T) {
	const none = drivers.NoExit
	text := func(text string, exit int) evidence.Observation { return evidence.Observation{Text: text, Exit: exit} }
	exec := func(expect string) scenarios.Condition { return scenarios.Condition{Exec: "x", Expect: expect} }
	run := func(expect string) scenarios.Condition { return scenarios.Condition{Run: "x", Expect: expect} }
	exits := func(expect string, exit ...int) scenarios.Condition {
		return scenarios.Condition{Exec: "x", Expect: expect, Exit: exit}
	}
	table := func(expect string) scenarios.Condition {
		return scenarios.Condition{Run: "x", Expect: expect, Template: "t"}
	}
	core := func(expect string) scenarios.Condition { return scenarios.Condition{Core: "any", Expect: expect} }
	ping := func(to string) scenarios.Condition {
		return scenarios.Condition{Reach: &scenarios.Reach{Ping: to}, Expect: "count == 0"}
	}
	cutLog := func(count int) evidence.Observation {
		return evidence.Observation{Exit: none, Count: count, Truncated: true, AtLeast: true, Text: "x\n"}
	}
	const lost = "1 packets transmitted, 0 received\n"
	for _, tt := range []struct {
		name   string
		cond   scenarios.Condition
		o      evidence.Observation
		before *evidence.Observation
		want   any    // nil where there is no answer
		why    string // why not
		v2, v1 any    // by the rules of before: "" as by those after
	}{
		{"true", run(`text == "a"`), text("a", none), nil, true, "", "", ""},
		{"false", run(`text == "a"`), text("b", none), nil, false, "", "", ""},
		{"no answer", run(`text == "a"`), evidence.Observation{Text: "a", Error: "gone"}, nil, nil, "gone", "", ""},
		{"cut", run(`text == "a"`), evidence.Observation{Text: "a", Truncated: true}, nil, nil, "longer than its bound", "", ""},
		{"absent", run(`json.x == 1`), text("{}", none), nil, nil, "absent: json.x", "", false},
		{"neither true nor false", run(`json`), text("3", none), nil, nil, "neither true nor false", "", ""},

		{"hung, as asked", scenarios.Condition{Run: "x", Hangs: sec}, evidence.Observation{Hung: true, Error: "no answer"}, nil, true, "", "", ""},
		{"answered, where it should hang", scenarios.Condition{Run: "x", Hangs: sec}, evidence.Observation{Exit: 3, Truncated: true}, nil, false, "", "", ""},
		{"lost, where it should hang", scenarios.Condition{Run: "x", Hangs: sec}, evidence.Observation{Error: "session lost"}, nil, nil, "session lost", "", ""},
		{"hung, and nobody asked", run("true"), evidence.Observation{Hung: true, Error: "no answer"}, nil, nil, "no answer", "", ""},

		{"status 0", exec(`text == ""`), text("", 0), nil, true, "", "", ""},
		{"status 1", exec(`text == ""`), text("", 1), nil, nil, "status 1, without a word; where that is an answer, name it: exit: [0, 1]", "", true},
		{"status 2", exec(`text != ""`), text("one\ntwo\n", 2), nil, nil, "the command ended with status 2: two", "", true},
		{"of a command line", run(`text != ""`), text("no\n", 2), nil, nil, "status 2: no", "", true},
		{"where there are no statuses", run(`text == "x"`), text("x", none), nil, true, "", "", ""},
		{"of a log, which has none", scenarios.Condition{Log: "x", Expect: "count == 0"}, evidence.Observation{Exit: 1}, nil, true, "", "", ""},
		{"of a log that was cut, recorded by an older program", scenarios.Condition{Log: "x"}, evidence.Observation{Exit: none, Count: 1, Truncated: true}, nil, nil, "lines of the log are missing", "", ""},
		{"of a log that was cut", scenarios.Condition{Log: "x"}, cutLog(1), nil, true, "", "", ""},
		{"which has no line", scenarios.Condition{Log: "x"}, cutLog(0), nil, nil, "lines of the log are missing", "", false},
		{"which has enough", scenarios.Condition{Log: "x", Expect: "count >= 3"}, cutLog(3), nil, true, "", "", ""},
		{"which has too many", scenarios.Condition{Log: "x", Expect: "3 > count"}, cutLog(3), nil, false, "", "", ""},
		{"which may have more", scenarios.Condition{Log: "x", Expect: "count == 3"}, cutLog(3), nil, nil, "lines of the log are missing", "", true},
		{"whose text is not all of it", scenarios.Condition{Log: "x", Expect: `not (text contains "y")`}, cutLog(3), nil, nil, "lines of the log are missing", "", true},
		{"named", exits(`text == ""`, 0, 1), text("", 1), nil, true, "", "", ""},
		{"not named", exits(`text == ""`, 0, 1), text("", 2), nil, nil, "status 2, which exit does not name (0, 1)", "", true},
		{"named alone, and 0 is not", exits(`text == ""`, 1), text("", 0), nil, nil, "status 0, which exit does not name (1)", "", true},
		{"looked at", exec(`exit == 3`), text("", 3), nil, true, "", "", ""},
		{"a part that was never run", exec(`text contains "0"`), text("sh: 1: nope: not found\n0\n", 0), nil, nil, "never run: sh: 1: nope: not found", "", true},
		{"a part that was never run, of a named status", exits(`text contains "0"`, 0, 1), text("bash: line 1: nope: command not found\n0\n", 1), nil, nil, "never run", "", true},
		{"a command that is not there", exec(`true`), text("sh: 1: nope: not found\n", StatusNotFound), nil, nil, "status 127: sh: 1: nope: not found", "", true},
		{"the same, where any is", exits(`true`, -1), text("sh: 1: nope: not found\n", StatusNotFound), nil, nil, "status 127, which exit does not name (any)", "", true},
		{"any other status", exits(`true`, -1), text("no\n", 7), nil, true, "", "", ""},
		{"the same, which is named", exits(`true`, 127), text("sh: 1: nope: not found\n", StatusNotFound), nil, true, "", "", ""},
		{"the same words within a pipe, which are named", exits(`true`, 0, 127), text("sh: 1: nope: not found\n", 0), nil, true, "", "", ""},
		{"words that are no shell's", exec(`true`), text("route: not found\n", 0), nil, true, "", "", ""},

		{"not there", run(`text != "x"`), evidence.Observation{Exit: none, Text: "% None", Refusal: "% None"}, nil, nil, "what was asked about is not there: % None", true, true},
		{"not there, which is looked at", run(`text contains "% None"`), evidence.Observation{Exit: none, Text: "% None", Refusal: "% None"}, nil, true, "", "", ""},
		{"not there, of a status that is looked at", exec(`exit == 1`), evidence.Observation{Exit: 1, Text: "% None", Refusal: "% None"}, nil, true, "", "", ""},
		{"not there, of a status that is named", exits(`text != "x"`, 0, 1), evidence.Observation{Exit: 1, Text: "% None", Refusal: "% None"}, nil, true, "", "", ""},
		{"not there, of status 0", exec(`text != "x"`), evidence.Observation{Text: "% None", Refusal: "% None"}, nil, nil, "not there", true, true},
		{"not there, of status 0 that is looked at", exec(`exit == 0`), evidence.Observation{Text: "% None", Refusal: "% None"}, nil, true, "", "", ""},

		{"how long it took", run(`took < 2`), evidence.Observation{Exit: none, Took: 5 * time.Second, Answered: time.Second}, nil, true, "", "", ""},
		{"how long it took, its turn and all", run(`took < 2`), evidence.Observation{Exit: none, Took: 5 * time.Second}, nil, false, "", "", ""},
		{"ports that the lab chose", run(`ports.eth1 == "7"`), evidence.Observation{Exit: none, Ports: map[string]string{"eth1": "7"}}, nil, true, "", "", ""},
		{"ports of their own names", run(`ports.eth1 == "eth1"`), text("", none), nil, true, "", "", ""},

		{"as before", run(`before.text == text`), text("a", none), &evidence.Observation{Text: "a", Exit: none}, true, "", "", ""},
		{"before, which nobody saw", run(`before.text == text`), text("a", none), nil, nil, "is not known", "", ""},
		{"before, which had no answer", run(`before.text == text`), text("a", none), &evidence.Observation{Error: "gone"}, nil, "before the stimulus: gone", "", ""},
		{"before, which failed", exec(`before.text == text`), text("a", 0), &evidence.Observation{Text: "a", Exit: 3}, nil, "before the stimulus: the command ended with status 3: a", "", true},
		{"before, whose status is looked at", exec(`before.exit == 3`), text("a", 0), &evidence.Observation{Text: "a", Exit: 3}, true, "", "", ""},
		{"its status is looked at, and that of before is not", exec(`exit == 3 and before.text == "a"`), text("a", 3), &evidence.Observation{Text: "a", Exit: 3}, nil, "before the stimulus", "", true},

		{"rows", table(`all(rows, .STATE == "up") and count == 2`), text("Port State\n1 up\n2 up\n", none), nil, true, "", "", ""},
		{"no rows of a table", table(`len(rows) == 0`), text("Port State\n", none), nil, true, "", "", ""},
		{"no table", table(`none(rows, .STATE == "up")`), text("nothing\n", none), nil, nil, "absent: rows", "", true},
		{"rows of before", table(`len(before.rows) == 1`), text("Port State\n", none), &evidence.Observation{Text: "1 up\n", Exit: none}, true, "", "", ""},

		{"deaths", core(`any(rows, .process == "bgpd")`), evidence.Observation{Text: `[{"process": "bgpd"}]`, Count: 1}, nil, true, "", "", ""},
		{"no deaths", core(`len(rows) == 0`), evidence.Observation{Text: `null`}, nil, true, "", "", ""},
		{"deaths that cannot be read", core(`count == 0`), evidence.Observation{Text: `{`}, nil, nil, "read recorded deaths", "", ""},
		{"deaths of before that cannot be read", core(`len(before.rows) == 0`), evidence.Observation{Text: `[]`}, &evidence.Observation{Text: `{`}, nil, "before the stimulus: read recorded deaths", "", ""},

		{"nothing came back", ping("10.0.0.2"), text(lost, 1), nil, true, "", "", ""},
		{"not sent", ping("nowhere"), text("ping: nowhere: Name or service not known\n", 2), nil, nil, "could not be sent: ping: nowhere", "", true},
		{"to an address of one link", ping("fe80::1"), text(lost, 1), nil, nil, "no interface is named", true, true},
		{"a connection", scenarios.Condition{Reach: &scenarios.Reach{TCP: "10.0.0.2:1"}, Expect: "count == 0"}, text("anything", 1), nil, true, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := check(t, "symptom[0]", tt.cond)
			c.Interfaces = []string{"eth1"}
			if tt.cond.Template != "" {
				var err error
				if c.Template, err = plan.ParseTable(ports); err != nil {
					t.Fatal(err)
				}
			}
			want := tt.want
			for _, by := range []struct {
				rules evidence.Rules
				want  any
			}{{evidence.RulesV3, ""}, {evidence.RulesV2, tt.v2}, {evidence.RulesV1, tt.v1}} {
				if by.want != "" {
					want = by.want
				}
				s := Evaluate(&c, by.rules, tt.o, tt.before)
				if unknown := s.Err != ""; unknown != (want == nil) || !unknown && s.Value != want {
					t.Errorf("by rules %s: %v (%s), want %v", by.rules, s.Value, s.Err, want)
				}
				if by.rules == evidence.RulesV3 && !strings.Contains(s.Err, tt.why) {
					t.Errorf("why: %s, want …%s…", s.Err, tt.why)
				}
			}
		})
	}
}

// What answers say twice, or larger than a float holds, and commands that the shell could not run decide nothing by
// RulesV4; a record that was judged before comes out as it did.
func TestEvaluateExactly(t *testing.T) {
	exec := func(expect string) scenarios.Condition { return scenarios.Condition{Exec: "x", Expect: expect} }
	const twice = `{"state": "Up", "state": "Down"}`
	for _, tt := range []struct {
		name     string
		cond     scenarios.Condition
		o        evidence.Observation
		want, v3 any // nil where there is no answer
		why      string
	}{
		{"said twice", exec(`json.state == "Down"`), evidence.Observation{Text: twice}, nil, true, `"state" twice`},
		{"whole numbers", exec(`json.a == json.b`), evidence.Observation{Text: `{"a": 9007199254740993, "b": 9007199254740992}`}, false, true, ""},
		{"no number", exec(`float(trim(text)) != 1`), evidence.Observation{Text: "NaN\n"}, nil, true, "NaN"},
		{"not run", exec(`exit != 0`), evidence.Observation{Exit: StatusNotFound, Text: "timeout: failed to run command 'x': No such file or directory\n"}, nil, true, "could not run the command (status 127): timeout: failed"},
		{"not run, for want of a right", exec(`exit > 0`), evidence.Observation{Exit: 126, Text: "sh: 1: x: Permission denied\n"}, nil, true, "status 126"},
		{"not run, which the expression names", exec(`exit == 127`), evidence.Observation{Exit: StatusNotFound, Text: "sh: 1: x: not found\n"}, true, true, ""},
		{"the same status without a word, as of command -v", exec(`exit != 0`), evidence.Observation{Exit: StatusNotFound}, true, true, ""},
	} {
		c := check(t, "symptom[0]", tt.cond)
		for rules, want := range map[evidence.Rules]any{evidence.RulesV4: tt.want, evidence.RulesV3: tt.v3} {
			s := Evaluate(&c, rules, tt.o, nil)
			if unknown := s.Err != ""; unknown != (want == nil) || !unknown && s.Value != want || rules == evidence.RulesV4 && !strings.Contains(s.Err, tt.why) {
				t.Errorf("%s, by rules %s: %v (%s), want %v", tt.name, rules, s.Value, s.Err, want)
			}
		}
	}
}

// What a shell could not read is no answer by RulesV6, unless its status is named or looked at.
func TestEvaluateUnread(t *testing.T) {
	exec := func(expect string, exit ...int) scenarios.Condition {
		return scenarios.Condition{Exec: "x", Expect: expect, Exit: exit}
	}
	const quote = "sh: 1: eval: Syntax error: Unterminated quoted string\n"
	for _, tt := range []struct {
		name     string
		cond     scenarios.Condition
		text     string
		exit     int
		want, v5 any // nil where there is no answer
	}{
		{"a quote without end", exec(`exit != 0`), quote, 2, nil, true},
		{"by bash, where any status is", exec(`not (text contains "Full")`, -1), "bash: -c: line 1: syntax error near unexpected token `)'\nbash: -c: line 1: `a )'\n", 2, nil, true},
		{"by bash", exec(`exit != 0`), "bash: eval: line 1: unexpected EOF while looking for matching `\"'\n", 1, nil, true},
		{"a script within, whose shell is not the last", exec(`text contains "error"`), "sh: 1: Syntax error: end of file unexpected\n", 0, true, true},
		{"its status is named", exec(`text contains "error"`, 0, 2), quote, 2, true, true},
		{"its status is looked at", exec(`exit == 2`), quote, 2, true, true},
		{"words that are no shell's", exec(`exit != 0`), "vtysh: syntax error\n", 1, true, true},
	} {
		c := check(t, "symptom[0]", tt.cond)
		looked(t, tt.name, &c, evidence.Observation{Text: tt.text, Exit: tt.exit}, "a shell could not read", tt.want, tt.v5)
	}
}

// An outage of traffic that goes on may become as long as any, by RulesV6: what is true or false however long it becomes is known.
func TestEvaluateOpenOutage(t *testing.T) {
	const (
		open   = `{"flow": "video", "sent": 9, "received": 5, "gap": {"start": 1, "length": 2, "goes": true}, "gaps": [{"start": 1, "length": 2, "goes": true}]}`
		over   = `{"flow": "video", "sent": 9, "received": 5, "gap": {"start": 1, "length": 2}, "gaps": [{"start": 1, "length": 2}]}`
		second = `{"flow": "video", "sent": 9, "received": 5, "gap": {"start": 1, "length": 2}, "gaps": [{"start": 1, "length": 2}, {"start": 4, "length": 1, "goes": true}]}`
	)
	for _, tt := range []struct {
		name, expect, text string
		want, v5           any // nil where there is no answer
	}{
		{"which may become as long as asked", `gap > 3`, open, nil, false},
		{"which is longer than asked already", `gap > 1`, open, true, true},
		{"which is too long already", `gap < 1`, open, false, false},
		{"which may become too long", `gap < 3`, open, nil, true},
		{"one of several", `any(gaps, .length > 3)`, open, nil, false},
		{"one of several that is long already", `any(gaps, .length > 1)`, open, true, true},
		{"beside a longer one that is over", `gap > 3`, second, nil, false},
		{"beside a longer one that is asked for", `gap > 1`, second, true, true},
		{"which nobody asks for", `received == 5`, open, true, true},
		{"none", `gap > 3`, over, false, false},
	} {
		c := plan.Check{Ref: "symptom[0]", Cond: scenarios.Condition{Traffic: &scenarios.FlowLook{Flow: "video"}, Expect: tt.expect, Eventually: sec}}
		var err error
		if c.Predicate, err = c.Cond.Compile(); err != nil {
			t.Fatal(err)
		}
		o := evidence.Observation{Probe: evidence.ProbeTraffic, Text: tt.text, Exit: drivers.NoExit}
		looked(t, tt.name, &c, o, "an outage goes on", tt.want, tt.v5)
		if s := Evaluate(&c, evidence.RulesV6, o, nil); s.Open != (tt.want == nil) {
			t.Errorf("%s: open: %v", tt.name, s.Open)
		}
	}
}

// What a shell could not redirect is no answer by RulesV6, unless the condition looks at its words or names the status.
func TestEvaluateUnopened(t *testing.T) {
	exec := func(expect string, exit ...int) scenarios.Condition {
		return scenarios.Condition{Exec: "x", Expect: expect, Exit: exit}
	}
	const dash, bash = "sh: 1: eval: cannot open /nosuch: No such file\n", "bash: line 1: /nosuch: No such file or directory\n"
	for _, tt := range []struct {
		name     string
		cond     scenarios.Condition
		text     string
		exit     int
		want, v5 any // nil where there is no answer
	}{
		{"nothing to count", exec(`text contains "0"`), dash + "0\n", 0, nil, true},
		{"by bash", exec(`not (text contains "Full")`), bash, 0, nil, true},
		{"by busybox", exec(`text contains "0"`), "sh: can't open '/nosuch': no such file\n0\n", 0, nil, true},
		{"without eval", exec(`text contains "0"`), "sh: 1: cannot create /nosuch/y: Directory nonexistent\n0\n", 0, nil, true},
		{"a descriptor", exec(`not (text contains "Full")`), "sh: 1: eval: 9: Bad file descriptor\n", 0, nil, true},
		{"more than one file", exec(`not (text contains "Full")`), "bash: line 1: $(echo a b): ambiguous redirect\n", 0, nil, true},
		{"a host", exec(`exit != 0`), "bash: line 1: 10.9.0.300: Temporary failure in name resolution\n", 1, nil, true},
		{"its status says no", exec(`exit != 0`), dash, 2, nil, true},
		{"any status is one", exec(`not (text contains "Full")`, -1), dash, 2, nil, true},
		{"its status is looked at", exec(`exit == 2`), dash, 2, true, true},
		{"its words are looked at", exec(`text contains "cannot open"`), dash, 0, true, true},
		{"it may not have run", exec(`text contains "0"`, 0, 127), dash + "0\n", 0, true, true},
		{"a program's words", exec(`text contains "0"`), "cat: /nosuch: No such file or directory\n0\n", 0, true, true},
		{"a builtin's words", exec(`text contains "0"`), "bash: line 1: cd: /nosuch: No such file or directory\n0\n", 0, true, true},
		{"where it should hang", scenarios.Condition{Exec: "x", Hangs: sec}, dash, 2, nil, false},
	} {
		c := check(t, "symptom[0]", tt.cond)
		looked(t, tt.name, &c, evidence.Observation{Text: tt.text, Exit: tt.exit}, "never run: ", tt.want, tt.v5)
	}
}

// looked judges a look by RulesV6 and by RulesV5. What is wanted is nil where there is no answer, for a reason that has the words why.
func looked(t *testing.T, name string, c *plan.Check, o evidence.Observation, why string, want, v5 any) {
	t.Helper()
	for rules, want := range map[evidence.Rules]any{evidence.RulesV6: want, evidence.RulesV5: v5} {
		s := Evaluate(c, rules, o, nil)
		if unknown := s.Err != ""; unknown != (want == nil) || !unknown && s.Value != want || unknown && !strings.Contains(s.Err, why) {
			t.Errorf("%s, by rules %s: %v (%s), want %v", name, rules, s.Value, s.Err, want)
		}
	}
}

// A reading tells when its look began and ended.
func TestEvaluateTimes(t *testing.T) {
	c := check(t, "symptom[0]", scenarios.Condition{Run: "x", Expect: "true"})
	o := evidence.Observation{At: 3 * time.Second, Took: 2 * time.Second, Answered: time.Second, Exit: drivers.NoExit}
	if s := Evaluate(&c, evidence.CurrentRules, o, nil); s.At != 3*time.Second || s.End != 5*time.Second {
		t.Errorf("from %s to %s", s.At, s.End)
	}
}

// What a verdict repeats of a look is one bounded line, and says the status that is no 0.
func TestSaidBy(t *testing.T) {
	long := strings.Repeat("ab ", 200)
	for _, tt := range []struct {
		o    *evidence.Observation
		want string
	}{
		{nil, ""},
		{&evidence.Observation{Error: "gone"}, ""},
		{&evidence.Observation{Error: "cut short", Text: "a"}, "a"},
		{&evidence.Observation{Text: " a\n\tb "}, "a b"},
		{&evidence.Observation{Text: "a", Exit: drivers.NoExit}, "a"},
		{&evidence.Observation{}, "no output"},
		{&evidence.Observation{Exit: 2}, "status 2 and no output"},
		{&evidence.Observation{Exit: 1, Text: "no\n"}, "status 1: no"},
		{&evidence.Observation{Text: long}, evidence.Bounded(strings.TrimSpace(long), maxSaw)},
	} {
		if got := saidBy(tt.o); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.o, got, tt.want)
		}
	}
}

// Who is blamed is false before it is unknown, and the first of those.
func TestBlamed(t *testing.T) {
	of := func(name string, holds evidence.Truth, at time.Duration) evidence.ConditionVerdict {
		return evidence.ConditionVerdict{Name: name, Holds: holds, At: at}
	}
	for _, tt := range []struct {
		name string
		cs   []evidence.ConditionVerdict
		want string
	}{
		{"none", nil, ""},
		{"all true", []evidence.ConditionVerdict{of("a", evidence.True, 1)}, ""},
		{"the false one", []evidence.ConditionVerdict{of("a", evidence.Unknown, 1), of("b", evidence.False, 9)}, "b"},
		{"the first", []evidence.ConditionVerdict{of("a", evidence.False, 9), of("b", evidence.False, 2), of("c", evidence.False, 3)}, "b"},
		{"of two at a time, that of the scenario's order", []evidence.ConditionVerdict{of("a", evidence.False, 2), of("b", evidence.False, 2)}, "a"},
		{"the first unknown", []evidence.ConditionVerdict{of("a", evidence.True, 0), of("b", evidence.Unknown, 3), of("c", evidence.Unknown, 1)}, "c"},
	} {
		if c, ok := Blamed(tt.cs); c.Name != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q, want %q", tt.name, c.Name, tt.want)
		}
	}
}

// A look that was answered is one also where its expression has no value for the answer, such as of a neighbour that is away.
func TestUnanswered(t *testing.T) {
	run := scenarios.Condition{Run: "x", Expect: `json.state startsWith "Full"`}
	for _, tt := range []struct {
		name  string
		o     evidence.Observation
		value any
		want  bool
	}{
		{"an answer", evidence.Observation{Exit: drivers.NoExit, Text: `{"state": "ExStart"}`}, false, false},
		{"of which a part is absent", evidence.Observation{Exit: drivers.NoExit, Text: `{}`}, nil, false},
		{"an error", evidence.Observation{Error: "session lost"}, nil, true},
		{"cut", evidence.Observation{Exit: drivers.NoExit, Text: `{"state": `, Truncated: true}, nil, true},
		{"refused", evidence.Observation{Exit: drivers.NoExit, Text: "% OSPF is not running", Refusal: "% OSPF is not running"}, nil, true},
		{"failed", evidence.Observation{Exit: 1, Text: "failed to connect"}, nil, true},
	} {
		c := check(t, "symptom[0]", run)
		s := Evaluate(&c, evidence.CurrentRules, tt.o, nil)
		if s.Value != tt.value || (s.Err == "") != (tt.value != nil) || s.Unanswered != tt.want {
			t.Errorf("%s: %+v, want %v and unanswered %v", tt.name, s, tt.value, tt.want)
		}
	}
}
