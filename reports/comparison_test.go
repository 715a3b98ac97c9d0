package reports_test

import (
	"path/filepath"
	"regexp"
	"slices"
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
		{"r1", "show mac"}:   {Output: "02:00:00:00:00:01 on p1\nfe80::ff:fe00:1 on p1\n"},
		{"r1", "show cost"}:  {Output: "cost 10, since 5s\n", Comparable: "cost 10, since <age>\n"},
		{"r2", "show cost"}:  {Output: "cost 10\n"},
		{"r2", "show gone"}:  {Output: "x\n"},
	})
	is := moment(t, "b", 2, map[[2]string]evidence.State{
		{"r1", "show cost"}:  {Output: "cost 77, since 9s\n", Comparable: "cost 77, since <age>\n"},
		{"r1", "show route"}: {Output: "10.0.0.0/8 up 00:01:09\n", Comparable: "10.0.0.0/8 up <age>\n"},
		{"r2", "show cost"}:  {Output: "cost 10\n"},
		{"r1", "show mac"}:   {Output: "02:ff:00:00:00:0a on p1\nfe80::ff:ff:fe00:a on p1\n"},
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

// Addresses that each run makes for itself are the same where they are in the same place among all answers of
// a moment; those that mean the same in every run are themselves.
func TestCompareStatesAddresses(t *testing.T) {
	const gateway, own1, own2, foreign1, foreign2 = "00:00:5e:00:01:0a", "02:ab:35:94:ab:17", "02:ab:35:94:ab:18", "02:CD:00:00:00:01", "02:cd:00:00:00:02"
	for _, tt := range []struct {
		name, was, is string
		want          reports.Change
	}{
		{"own", own2, foreign2, reports.Same},
		{"other", own2, foreign1, reports.Numbers},
		{"unseen", own2, "02:cd:00:00:00:03", reports.Numbers},
		{"virtual router", gateway, own1, reports.Words},
		{"both virtual routers", gateway, gateway, reports.Same},
		{"of another virtual router", gateway, "00:00:5e:00:01:0b", reports.Words},
		{"groups", "33:33:00:00:00:01", "01:00:5e:00:00:01", reports.Words},
		{"everyone", "ff:ff:ff:ff:ff:ff", own1, reports.Words},
		{"none", "00:00:00:00:00:00", own1, reports.Words},
		{"configured link-local", "fe80::1", "fe80::2", reports.Numbers},
		{"link-local", "fe80::ab:35ff:fe94:ab17", "fe80::cd:ff:fe00:1", reports.Same},
		{"another's link-local", "fe80::ab:35ff:fe94:ab17", "fe80::cd:ff:fe00:2", reports.Numbers},
		{"the virtual router's link-local", "fe80::200:5eff:fe00:10a", "fe80::ab:35ff:fe94:ab17", reports.Words},
	} {
		t.Run(tt.name, func(t *testing.T) {
			of := func(links, neighbour string) map[[2]string]evidence.State {
				return map[[2]string]evidence.State{{"r2", "arp"}: {Output: "10.0.0.1 at " + neighbour}, {"r1", "link"}: {Output: links}}
			}
			states := change(t, [2]string{"a", "b"}, [2]int{1, 1}, of(own1+" "+own2, tt.was), of(foreign1+" "+foreign2, tt.is))
			for _, s := range states {
				if want := map[string]reports.Change{"arp": tt.want, "link": reports.Same}[s.Command]; s.Change != want {
					t.Errorf("%s: change %d, want %d: %+v", s.Command, s.Change, want, s.Hunks)
				}
			}
		})
	}
}

// Times of the clock stand still within a trial, and are other ones in another.
func TestCompareStatesStamps(t *testing.T) {
	for _, pair := range [][2]string{
		{"bgp1 BGP --- up 11:03:33.123 Established", "bgp1 BGP --- up 11:09:59.001 Established"},
		{"since 2026-11-29 11:03:33", "since 2026-11-29T11:09:59.4Z"},
		{"Last update: Sun Nov 29 11:03:33 2026", "Last update: Mon Nov 30 01:03:33 UTC 2026"},
		{"Last transition = 1795471400.500000 (Sun Nov 29 11:03:20.500000 2026)", "Last transition = 1795479900.100000 (Sun Nov 29 13:25:00.100000 2026)"},
	} {
		of := func(s string) map[[2]string]evidence.State {
			return map[[2]string]evidence.State{{"r1", "x"}: {Output: s}}
		}
		for _, tt := range []struct {
			runs    [2]string
			numbers [2]int
			want    []reports.Change
		}{
			{[2]string{"a", "b"}, [2]int{1, 1}, []reports.Change{reports.Volatile}},
			{[2]string{"a", "a"}, [2]int{1, 2}, []reports.Change{reports.Volatile}},
			{[2]string{"a", "a"}, [2]int{1, 1}, []reports.Change{reports.Numbers, reports.Words}},
		} {
			if states := change(t, tt.runs, tt.numbers, of(pair[0]), of(pair[1])); !slices.Contains(tt.want, states[0].Change) {
				t.Errorf("%q and %q, %v: change %d", pair[0], pair[1], tt, states[0].Change)
			}
		}
	}
	of := func(s string) map[[2]string]evidence.State {
		return map[[2]string]evidence.State{{"r1", "x"}: {Output: s}}
	}
	if s := change(t, [2]string{"a", "b"}, [2]int{1, 1}, of("up 11:03:33.1 Established"), of("up 11:09:59.0 Idle")); s[0].Change != reports.Words {
		t.Errorf("change %d", s[0].Change)
	}
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
