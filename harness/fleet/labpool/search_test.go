package labpool_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/experiment/pooltest"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/fleet/labworker"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
)

// hire has workers with a lab each join, all with the same images, and gives the bench of who has them execute trials.
func hire(tb testing.TB, workers int, renewal time.Duration, rooms func() *pooltest.Rooms, images map[string]string) *experiment.Bench {
	tb.Helper()
	y, parent := openYard(tb, renewal), tb.TempDir()
	for i := range workers {
		m, name := rooms(), fmt.Sprintf("w%d", i+1)
		b, err := labworker.New(labworker.Settings{Labs: opener{m.Provider()}, Registry: m.Registry(), Dir: tb.TempDir(), Name: name, Slots: 1, Idle: time.Millisecond})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() {
			if err := b.Close(context.WithoutCancel(tb.Context())); err != nil {
				tb.Error(err)
			}
			if up := m.Up(); up != 0 {
				tb.Errorf("%s: %d labs are up", name, up)
			}
		})
		y.join(tb, &labworker.Executor{Bench: b, Describe: offering(name, 1, images)})
	}
	o := labpool.Options{Version: "devel", Parent: parent}
	p := labpool.New(o)
	c := y.coordinator(tb, p)
	tb.Cleanup(func() { y.before(context.WithoutCancel(tb.Context())) })
	for end := time.Now().Add(time.Minute); len(c.Workers()) < workers; <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("%d of %d workers are there", len(c.Workers()), workers)
		}
	}
	env := rooms().Env()
	env.Provider = &labpool.Provider{Roster: c, Options: o}
	return &experiment.Bench{Env: env, Pool: p, Parent: parent, Tool: evidence.Tool{Name: "test"}}
}

// createSearch makes the folder of a search.
func createSearch(tb testing.TB, b *experiment.Bench, l *scenarios.Loaded) evidence.Dir {
	tb.Helper()
	dir, err := experiment.CreateSearch(b.Parent, l, map[string]int{})
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

func isolateRooms(tb testing.TB, b *experiment.Bench, l *scenarios.Loaded, labs int) (result.Isolation, evidence.Dir) {
	tb.Helper()
	dir := createSearch(tb, b, l)
	cutter := &experiment.PartsCutter{Loaded: l, Parts: experiment.NewParts(l, b.Env.Registry), Platforms: b.Env.Registry.Platforms()}
	out, err := experiment.Isolate(tb.Context(), b, dir, cutter, experiment.IsolateOptions{Labs: labs, Measure: 5, Controls: 2})
	if err != nil || !out.Complete {
		tb.Fatalf("%+v, %v", out, err)
	}
	return out, dir
}

// account is the ledger of a search but for times and where its evidence is, line by line, and the hosts that its runs were executed on.
func account(t *testing.T, dir evidence.Dir) (ledger []byte, hosts map[string]int) {
	t.Helper()
	hosts = map[string]int{}
	var text strings.Builder
	for e, err := range evidence.ReadLines[isolate.Entry](dir.File("ledger.ndjson")) {
		if err != nil {
			t.Fatal(err)
		}
		run := evidence.Dir{Path: dir.File("runs", strings.SplitN(e.Where, "/", 2)[0])}
		entries, err := run.Ledger()
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range entries {
			hosts[of.Host]++
		}
		fmt.Fprintf(&text, "%d %s %d %s %v\n", e.Seq, e.Candidate, e.Run, e.Outcome, e.Failures)
	}
	return []byte(text.String()), hosts
}

// TestSameSearch: searches over one worker and over three, of which idle ones try ahead, come to what they come to here, byte for
// byte: the runs that were asked for, in their order, with their results, and what is left of the scenario.
func TestSameSearch(t *testing.T) {
	t.Parallel()
	const versions = 12
	images := map[string]string{"one": "sha256:1", "other": "sha256:2"}
	var list []experiment.Version
	for v := range versions {
		list = append(list, experiment.Version{Image: fmt.Sprintf("daemon:%d", v)})
		images[list[v].Image] = fmt.Sprintf("sha256:a%d", v)
	}
	healthy := func(image string) bool { return strings.HasPrefix(image, "daemon:") && len(image) < len("daemon:10") }
	rooms := func(old bool) func() *pooltest.Rooms {
		return func() *pooltest.Rooms {
			m := pooltest.NewRooms(20 * time.Millisecond)
			if old {
				m.Healthy = healthy
			}
			return m
		}
	}
	here := func(old bool) *experiment.Bench {
		return &experiment.Bench{Env: rooms(old)().Env(), Parent: t.TempDir(), Tool: evidence.Tool{Name: "test"}}
	}
	there := func(workers int) func(bool) *experiment.Bench {
		return func(old bool) *experiment.Bench { return hire(t, workers, 5*time.Second, rooms(old), images) }
	}
	type found struct{ Isolated, Left, Bisected, First string }
	l := pooltest.LoadRooms(t, scenarios.ResetRedeploy)
	search := func(labs int, bench func(old bool) *experiment.Bench) (f found, hosts map[string]int) {
		b := bench(false)
		out, dir := isolateRooms(t, b, l, labs)
		ledger, hosts := account(t, dir)
		f.Isolated = string(ledger)
		left, err := os.ReadFile(dir.File("result", "scenario.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		f.Left = string(left)
		if (out.Ahead == nil) != (labs == 1) {
			t.Errorf("%d labs: %+v", labs, out.Ahead)
		}
		b = bench(true)
		dir = createSearch(t, b, l)
		version, err := experiment.Bisect(t.Context(), b, dir, l, experiment.BisectOptions{Versions: list, Nodes: []string{"r1"}, Confidence: 0.99, MaxTrials: 40, Measure: 3, Labs: labs})
		if err != nil {
			t.Fatal(err)
		}
		ledger, more := account(t, dir)
		f.Bisected, f.First = string(ledger), version.First
		for host, n := range more {
			hosts[host] += n
		}
		return f, hosts
	}
	want, _ := search(1, here)
	if want.First != "daemon:10" || !strings.Contains(want.Left, "run: b") || strings.Contains(want.Left, "run: e") {
		t.Fatalf("here it comes to %+v", want)
	}
	for _, workers := range []int{1, 3} {
		got, hosts := search(workers, there(workers))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d workers (-here +there):\n%s", workers, diff)
		}
		if len(hosts) != workers || hosts[""] > 0 {
			t.Errorf("%d workers: runs were executed on %v", workers, hosts)
		}
	}
}

// BenchmarkFourWorkers is how much faster four workers are than one, of one lab each, at simulated trials of 2 s: a rate, and once, since it
// takes two minutes, a search that has idle workers try ahead. The figures promise 3.6 and 2.5.
func BenchmarkFourWorkers(b *testing.B) {
	const trials = 12
	var rate, search [2]time.Duration
	var ahead *result.Ahead
	for b.Loop() {
		for i, workers := range []int{1, 4} {
			l := pooltest.LoadRooms(b, scenarios.ResetRedeploy)
			bench := hire(b, workers, fleet.DefaultRenewal, func() *pooltest.Rooms { return pooltest.NewRooms(2 * time.Second) }, map[string]string{"one": "sha256:1", "other": "sha256:2"})
			p, err := plan.New(l, plan.Options{Trials: trials, Labs: workers})
			if err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			r, err := experiment.Rate(b.Context(), bench, p, nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: trials}})
			if err != nil || r.Reproduced != trials {
				b.Fatal(r, err)
			}
			rate[i] += time.Since(began)
			if search[i] > 0 {
				continue
			}
			began = time.Now()
			out, _ := isolateRooms(b, bench, l, workers)
			search[i] += time.Since(began)
			ahead = out.Ahead
			b.Logf("%d runs of a search by %d workers: %s", out.Runs, workers, time.Since(began).Round(time.Millisecond))
		}
	}
	b.Logf("tried ahead: %+v", *ahead)
	b.ReportMetric(rate[0].Seconds()/rate[1].Seconds(), "rate-times-faster")
	b.ReportMetric(search[0].Seconds()/search[1].Seconds(), "isolate-times-faster")
}
