package reports_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// differ records two answers in a run and gives how a report shows the difference.
func differ(tb testing.TB, before, after string) reports.State {
	tb.Helper()
	return differStates(tb, evidence.State{Output: before}, evidence.State{Output: after})
}

func differStates(tb testing.TB, before, after evidence.State) reports.State {
	tb.Helper()
	path := reportstest.Control(tb)
	dir := evidence.Dir{Path: path}.Trial(1)
	for when, state := range map[string]evidence.State{"before": before, "after": after} {
		state.Command = "x"
		if err := evidence.WriteJSON(dir.File("states", when, "r2", "01-x.json"), state); err != nil {
			tb.Fatal(err)
		}
	}
	r, err := reports.Load(path)
	if err != nil {
		tb.Fatal(err)
	}
	for _, s := range r.Trials[0].Detail.States {
		if s.Command == "x" {
			return s
		}
	}
	tb.Fatal("the state is not there")
	return reports.State{}
}

func hunks(s reports.State) string {
	var b strings.Builder
	for _, h := range s.Hunks {
		if h.Skipped > 0 {
			fmt.Fprintf(&b, "(%d)", h.Skipped)
		}
		for _, l := range h.Lines {
			fmt.Fprintf(&b, "%c%s|", l.Op, l.Text)
		}
	}
	return b.String()
}

func TestDifference(t *testing.T) {
	for _, tt := range []struct{ name, before, after, want string }{
		{"one line", "a\nb\nc", "a\nB\nc", " a|-b|+B| c|"},
		{"far apart", "x\n1\n2\n3\n4\n5\n6\ny", "X\n1\n2\n3\n4\n5\n6\nY", "-x|+X| 1| 2|(2) 5| 6|-y|+Y|"},
		{"from nothing", "", "a", "-|+a|"},
		{"moved", "a\nb\nc\nd", "b\nc\nd\na", "-a| b| c| d|+a|"},
		{"hostile", "a", "\x1b[31mb\x00", "-a|+b␀|"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := differ(t, tt.before, tt.after)
			if diff := cmp.Diff(tt.want, hunks(s)); diff != "" {
				t.Errorf("difference (-want +got):\n%s", diff)
			}
		})
	}
}

// What a platform's rules know to move on by itself is no change of words, and hides none.
func TestDifferenceComparable(t *testing.T) {
	for _, tt := range []struct {
		name                string
		before, after, want string // before and after as the rules leave them
		change              reports.Change
	}{
		{"only the age", "p AGE up", "p AGE up", "-p 1s up|+p 2m up|", reports.Volatile},
		{"more than the age", "p AGE up", "p AGE down", "-p AGE up|+p AGE down|", reports.Words},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := differStates(t, evidence.State{Output: "p 1s up", Comparable: tt.before},
				evidence.State{Output: strings.Replace("p 2m up", "up", strings.Fields(tt.after)[2], 1), Comparable: tt.after})
			if got := hunks(s); s.Change != tt.change || got != tt.want {
				t.Errorf("got %v, %s, want %v, %s", s.Change, got, tt.change, tt.want)
			}
		})
	}
}

// TestDifferenceLeadsThere checks that any difference, its equal lines added again,
// leads from the one text to the other.
func TestDifferenceLeadsThere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 12)
		a, b := lines.Draw(rt, "a"), lines.Draw(rt, "b")
		s := differ(t, strings.Join(a, "\n"), strings.Join(b, "\n"))
		if s.Change == reports.Same {
			return
		}
		var back, forth []string
		at := 0
		for _, h := range s.Hunks {
			back, forth = append(back, a[at:at+h.Skipped]...), append(forth, a[at:at+h.Skipped]...)
			at += h.Skipped
			for _, l := range h.Lines {
				if l.Op != '+' {
					back = append(back, l.Text)
					at++
				}
				if l.Op != '-' {
					forth = append(forth, l.Text)
				}
			}
		}
		back, forth = append(back, a[at:]...), append(forth, a[at:]...)
		if !cmp.Equal(back, a) || !cmp.Equal(forth, b) {
			rt.Fatalf("%q to %q: shown as %s", a, b, hunks(s))
		}
	})
}

func TestDifferenceOfLargeAnswers(t *testing.T) {
	long := strings.Repeat("x", 5000)
	s := differ(t, strings.Repeat("a\n", 400000), strings.Repeat("b\n", 400000)+long)
	size := 0
	for _, h := range s.Hunks {
		for _, l := range h.Lines {
			size += len(l.Text)
		}
	}
	last := s.Hunks[len(s.Hunks)-1]
	if size > 1<<20 || !strings.Contains(last.Cut, "see trials/0001/states/after/r2/01-x.json") {
		t.Errorf("%d bytes are shown, cut %q; want it bounded and the file named", size, last.Cut)
	}
}
