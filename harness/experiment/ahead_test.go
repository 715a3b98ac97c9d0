package experiment_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/experiment/pooltest"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
)

func roomsBench(tb testing.TB, m *pooltest.Rooms) *experiment.Bench {
	tb.Helper()
	return &experiment.Bench{Env: m.Env(), Parent: tb.TempDir(), Tool: evidence.Tool{Name: "test"}}
}

// isolateRooms cuts the case, in a folder of an earlier call where there is one.
func isolateRooms(ctx context.Context, tb testing.TB, b *experiment.Bench, l *scenarios.Loaded, dir evidence.Dir, labs int) (result.Isolation, error) {
	tb.Helper()
	cutter := &experiment.PartsCutter{Loaded: l, Parts: experiment.NewParts(l, b.Env.Registry), Platforms: b.Env.Registry.Platforms()}
	return experiment.Isolate(ctx, b, dir, cutter, experiment.IsolateOptions{Labs: labs, Measure: 10, Controls: 5})
}

func createSearch(tb testing.TB, b *experiment.Bench, l *scenarios.Loaded) evidence.Dir {
	tb.Helper()
	dir, err := experiment.CreateSearch(b.Parent, l, map[string]int{})
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// ledgerOf reads the ledger of a search but for where its evidence is.
func ledgerOf(t *testing.T, dir evidence.Dir) (out []isolate.Entry) {
	t.Helper()
	for e, err := range evidence.ReadLines[isolate.Entry](dir.File("ledger.ndjson")) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir.File("runs", e.Where, "verdict.json")); err != nil {
			t.Errorf("run %d: %v", e.Seq, err)
		}
		e.Where, e.Reason, e.Prev = "", "", ""
		out = append(out, e)
	}
	return out
}

// A search in four labs tries ahead, comes to what it comes to in one, and sooner; also where it was broken off
// in between. What it threw away is not in its ledger, and told.
func TestIsolateAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type found struct {
			ledger []isolate.Entry
			out    result.Isolation
			took   time.Duration
		}
		search := func(labs int, broken ...time.Duration) (f found) {
			m := pooltest.NewRooms(2 * time.Second)
			b := roomsBench(t, m)
			l := pooltest.LoadRooms(t, scenarios.ResetRedeploy)
			dir := createSearch(t, b, l)
			began := time.Now()
			for _, after := range broken {
				ctx, cancel := context.WithTimeout(t.Context(), after)
				if _, err := isolateRooms(ctx, t, b, l, dir, labs); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("broken off: %v", err)
				}
				cancel()
				cut(t, dir.File("ahead.ndjson"))
			}
			var err error
			if f.out, err = isolateRooms(t.Context(), t, b, l, dir, labs); err != nil || !f.out.Complete {
				t.Fatalf("%+v, %v", f.out, err)
			}
			f.took = time.Since(began)
			f.ledger = ledgerOf(t, dir)
			if up := m.Up(); up != 0 || m.Most() > 2*labs {
				t.Errorf("%d labs: %d were up at once, %d are", labs, m.Most(), up)
			}
			var stored result.Isolation
			if err := evidence.ReadJSON(dir.File("isolation.json"), &stored); err != nil {
				t.Fatal(err)
			}
			if d := gocmp.Diff(f.out.Ahead, stored.Ahead); d != "" {
				t.Error(d)
			}
			accounted(t, dir, f.out.Ahead)
			built := m.Built()
			again, err := isolateRooms(t.Context(), t, b, l, dir, labs)
			if d := gocmp.Diff(f.out, again); d != "" || err != nil || m.Built() != built {
				t.Errorf("again, in %d more labs: %s, %v", m.Built()-built, d, err)
			}
			f.out.Dir, f.out.Result, f.out.Why, f.out.Ahead = "", "", "", nil
			return f
		}
		alone, ahead := search(1), search(4)
		gain := float64(alone.took) / float64(ahead.took)
		t.Logf("%d runs: %s in one lab, %s in four, %.2f times faster", alone.out.Runs, alone.took, ahead.took, gain)
		if gain < 2.5 {
			t.Error("want 2.5 times")
		}
		for name, other := range map[string]found{"in four labs": ahead, "broken off": search(3, 11*time.Second, 9*time.Second, 300*time.Millisecond)} {
			if d := gocmp.Diff(alone.ledger, other.ledger); d != "" {
				t.Errorf("%s: %s", name, d)
			}
			if d := gocmp.Diff(alone.out, other.out); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
	})
}

// Labs that stay up are used again by their candidate, and no more of them are up than two for each that may be
// in use.
func TestIsolateAheadInLabsThatStayUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		built := map[int]int{}
		for _, labs := range []int{1, 4} {
			m := pooltest.NewRooms(2 * time.Second)
			b := roomsBench(t, m)
			l := pooltest.LoadRooms(t, scenarios.ResetConfig)
			out, err := isolateRooms(t.Context(), t, b, l, createSearch(t, b, l), labs)
			if err != nil || !out.Complete || m.Up() != 0 || m.Most() > 2*labs {
				t.Errorf("%d labs: %+v, %v; %d were up at once, %d are", labs, out, err, m.Most(), m.Up())
			}
			built[labs] = m.Built()
			t.Logf("%d labs: %d were built for %d runs; %+v", labs, m.Built(), out.Runs, out.Ahead)
		}
		if built[4] > 4*built[1] {
			t.Errorf("%v were built", built)
		}
	})
}

// cut leaves a line that was being written at the end of a file.
func cut(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `{"candidate":"0`)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// accounted holds what is told of trying ahead against the account, and the ledger.
func accounted(t *testing.T, dir evidence.Dir, sum *result.Ahead) {
	t.Helper()
	counted := map[string]bool{}
	for e, err := range evidence.ReadLines[isolate.Entry](dir.File("ledger.ndjson")) {
		if err != nil {
			t.Fatal(err)
		}
		counted[e.Where] = true
	}
	used, thrown := 0, 0
	for s, err := range evidence.ReadLines[isolate.Spent](dir.File("ahead.ndjson")) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Why == "" {
			used++
		} else {
			thrown++
		}
		if counted[s.Where] != (s.Why == "") {
			t.Errorf("%+v, in the ledger: %v", s, counted[s.Where])
		}
	}
	switch {
	case sum == nil && used+thrown == 0:
	case sum == nil || sum.Used != used || sum.Thrown != thrown || used == 0 || thrown == 0 || sum.Gained <= 0 || sum.Wasted <= 0:
		t.Errorf("%+v, %d and %d in the account", sum, used, thrown)
	}
}

// Between versions, idle labs try those that are likely asked for next.
func TestBisectAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var took [2]time.Duration
		var found [2]result.Bisection
		var ledgers [2][]isolate.Entry
		for i, labs := range []int{1, 4} {
			m := pooltest.NewRooms(2 * time.Second)
			b := roomsBench(t, m)
			l := pooltest.LoadRooms(t, scenarios.ResetRedeploy)
			dir := createSearch(t, b, l)
			list := make([]experiment.Version, 40)
			for v := range list {
				list[v].Image = fmt.Sprintf("daemon:%d", v)
			}
			m.Healthy = func(image string) bool { return strings.HasPrefix(image, "daemon:") && len(image) < len("daemon:10") }
			began := time.Now()
			out, err := experiment.Bisect(t.Context(), b, dir, l, experiment.BisectOptions{Versions: list, Nodes: []string{"r1"}, Confidence: 0.99, MaxTrials: 100, Measure: 5, Labs: labs})
			if err != nil || out.First != "daemon:10" {
				t.Fatalf("%+v, %v", out, err)
			}
			took[i], ledgers[i] = time.Since(began), ledgerOf(t, dir)
			accounted(t, dir, out.Ahead)
			if (out.Ahead == nil) != (labs == 1) {
				t.Errorf("%d labs: %+v", labs, out.Ahead)
			}
			out.Dir, out.Ahead = "", nil
			found[i] = out
		}
		t.Logf("%d runs: %s in one lab, %s in four", found[0].Runs, took[0], took[1])
		if d := cmp.Or(gocmp.Diff(found[0], found[1]), gocmp.Diff(ledgers[0], ledgers[1])); d != "" {
			t.Error(d)
		}
		if took[1] > took[0]/2 {
			t.Error("want half the time")
		}
	})
}

// BenchmarkFourLabs is how many times faster four labs are than one, on trials that take about a tenth of 2 s: a
// measured rate, and a search in which idle labs try ahead. The figures promise 3.6 and 2.5.
func BenchmarkFourLabs(b *testing.B) {
	var rate, search [2]time.Duration
	for b.Loop() {
		for i, labs := range []int{1, 4} {
			m := pooltest.NewRooms(180 * time.Millisecond)
			bench := roomsBench(b, m)
			l := pooltest.LoadRooms(b, scenarios.ResetRedeploy)
			p, err := plan.New(l, plan.Options{Trials: 40, Labs: labs})
			if err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			r, err := experiment.Rate(b.Context(), bench, p, nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: 40}})
			if err != nil || r.Reproduced < 38 {
				b.Fatal(r, err)
			}
			rate[i] += time.Since(began)
			began = time.Now()
			if out, err := isolateRooms(b.Context(), b, bench, l, createSearch(b, bench, l), labs); err != nil || !out.Complete {
				b.Fatal(out, err)
			}
			search[i] += time.Since(began)
		}
	}
	b.ReportMetric(float64(rate[0])/float64(rate[1]), "rate-speed-up-4")
	b.ReportMetric(float64(search[0])/float64(search[1]), "isolate-speed-up-4")
}
