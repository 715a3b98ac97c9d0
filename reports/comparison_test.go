package reports_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// moment records what nodes answered, by node and command.
func moment(t *testing.T, run string, number int, answers map[[2]string]evidence.State) reports.Moment {
	t.Helper()
	dir := evidence.TrialDir{Dir: evidence.Dir{Path: t.TempDir()}, Number: number}
	n := 0
	for at, s := range answers {
		n++
		s.Command = at[1]
		name := dir.File("states", "after", at[0], strings.Repeat("x", n)+".json") // the number of a command may be another
		if err := evidence.WriteJSON(name, s); err != nil {
			t.Fatal(err)
		}
	}
	return reports.Moment{Run: run, Dir: dir, When: reports.After}
}

// Answers are paired by node and command, and differ where more than what changes by itself does.
func TestCompareStates(t *testing.T) {
	was := moment(t, "a", 1, map[[2]string]evidence.State{
		{"r1", "show route"}: {Output: "10.0.0.0/8 up 00:00:01\n", Comparable: "10.0.0.0/8 up <age>\n"},
		{"r1", "show mac"}:   {Output: "02:00:00:00:00:01 on p1\nfe80::1 on p1\n"},
		{"r1", "show cost"}:  {Output: "cost 10, since 5s\n", Comparable: "cost 10, since <age>\n"},
		{"r2", "show cost"}:  {Output: "cost 10\n"},
		{"r2", "show gone"}:  {Output: "x\n"},
	})
	is := moment(t, "b", 2, map[[2]string]evidence.State{
		{"r1", "show cost"}:  {Output: "cost 77, since 9s\n", Comparable: "cost 77, since <age>\n"},
		{"r1", "show route"}: {Output: "10.0.0.0/8 up 00:01:09\n", Comparable: "10.0.0.0/8 up <age>\n"},
		{"r2", "show cost"}:  {Output: "cost 10\n"},
		{"r1", "show mac"}:   {Output: "02:ff:00:00:00:0a on p1\nfe80::2 on p1\n"},
	})
	for _, tt := range []struct {
		node, command string
		want          map[string]reports.Change
	}{
		{"", "", map[string]reports.Change{
			"r1 show cost": reports.Numbers, "r1 show route": reports.Volatile, "r1 show mac": reports.Same, "r2 show cost": reports.Same, "r2 show gone": reports.Unpaired,
		}},
		{"r2", "", map[string]reports.Change{"r2 show cost": reports.Same, "r2 show gone": reports.Unpaired}},
		{"", "cost$", map[string]reports.Change{"r1 show cost": reports.Numbers, "r2 show cost": reports.Same}},
		{"r9", "", map[string]reports.Change{}},
	} {
		states, err := reports.CompareStates(was, is, regexp.MustCompile(tt.node), regexp.MustCompile(tt.command))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]reports.Change{}
		for i, s := range states {
			got[s.Node+" "+s.Command] = s.Change
			if i > 0 && states[i-1].Change > s.Change {
				t.Errorf("%s is not in order", s.Command)
			}
			if s.Change == reports.Unpaired && s.Note != "not asked in b, trial 2, after" {
				t.Errorf("note %q", s.Note)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q %q: %s", tt.node, tt.command, diff)
		}
	}
	is.Run = was.Run // hardware addresses of one run are its own
	states, err := reports.CompareStates(was, is, nil, regexp.MustCompile("mac"))
	if err != nil || len(states) != 1 || states[0].Change != reports.Words {
		t.Errorf("%+v, %v", states, err)
	}
	is.When = reports.Before
	if _, err := reports.CompareStates(was, is, nil, nil); err == nil || !strings.Contains(err.Error(), "no state was recorded") {
		t.Errorf("%v of %s", err, filepath.Base(is.Dir.Path))
	}
}

// change compares an answer with another, of the trials told by their run and number.
func change(t *testing.T, runs [2]string, numbers [2]int, was, is map[[2]string]evidence.State) []reports.State {
	t.Helper()
	states, err := reports.CompareStates(moment(t, runs[0], numbers[0], was), moment(t, runs[1], numbers[1], is), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return states
}

// What was refused both times, or is equal as far as it was kept, is not the same.
func TestCompareStatesWithoutAnswer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		was, is evidence.State
		want    reports.Change
		note    string
	}{
		{"refused", evidence.State{Output: "% Unknown", Rejected: "% Unknown"}, evidence.State{Output: "% Unknown", Rejected: "% Unknown"}, reports.Unpaired, "refused in a, trial 1, after: % Unknown; refused in a, trial 1, after: % Unknown"},
		{"refused once", evidence.State{Output: "% Unknown", Rejected: "% Unknown"}, evidence.State{Output: "up"}, reports.Words, "refused in a, trial 1, after: % Unknown"},
		{"cut", evidence.State{Output: "head", Truncated: true}, evidence.State{Output: "head", Truncated: true}, reports.Unpaired, "cut in the record in a, trial 1, after; cut in the record in a, trial 1, after"},
		{"cut, and moved on", evidence.State{Output: "head 1", Comparable: "head", Truncated: true}, evidence.State{Output: "head 2", Comparable: "head"}, reports.Unpaired, "cut in the record in a, trial 1, after"},
		{"cut, and other", evidence.State{Output: "head", Truncated: true}, evidence.State{Output: "foot", Truncated: true}, reports.Words, "cut in the record in a, trial 1, after; cut in the record in a, trial 1, after"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key := [2]string{"r1", "x"}
			s := change(t, [2]string{"a", "a"}, [2]int{1, 1}, map[[2]string]evidence.State{key: tt.was}, map[[2]string]evidence.State{key: tt.is})[0]
			if s.Change != tt.want || s.Note != tt.note {
				t.Errorf("change %d, note %q", s.Change, s.Note)
			}
		})
	}
}
