package isolate_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/isolate"
)

// BenchmarkReduce9600 is the CPU time that the search itself takes for a case of 9,600
// lines that fails half of the time, with every run written to the ledger. The figures
// promise less than 1 s.
func BenchmarkReduce9600(b *testing.B) {
	var cpu time.Duration
	runs, seed := 0, uint64(0)
	for b.Loop() {
		seed++
		s := bigCase(seed, 0.5)
		before := cpuTime(b)
		reduceRecorded(b, s, s.units)
		cpu += cpuTime(b) - before
		runs += s.runs
	}
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s")
	b.ReportMetric(float64(runs)/float64(b.N), "runs")
}

// BenchmarkMemory10000Runs is the heap in use after 10,000 simulated runs of one search, as
// a multiple of that after 1,000. The figures promise at most 1.25.
func BenchmarkMemory10000Runs(b *testing.B) {
	const first, last = 1000, 10000
	var ratio float64
	for b.Loop() {
		s := bigCase(1, 0.07)
		w := &weighed{simulated: s, at: map[int]uint64{first: 0, last: 0}, last: last}
		ctx, cancel := context.WithCancel(b.Context())
		w.stop = cancel
		if _, err := isolate.Reduce(ctx, s.units, recorded(b, w, s.units), isolate.ReduceOptions{Measure: 60}); err != nil && ctx.Err() == nil {
			b.Fatal(err)
		}
		if w.at[last] == 0 {
			b.Fatalf("the search ended after %d runs", s.runs)
		}
		ratio = float64(w.at[last]) / float64(w.at[first])
	}
	b.ReportMetric(ratio, "heap-10000/1000")
}

// weighed is an oracle that weighs the heap after some numbers of runs.
type weighed struct {
	*simulated
	at   map[int]uint64
	last int
	stop context.CancelFunc
}

func (w *weighed) Try(ctx context.Context, c isolate.Candidate, n int) ([]isolate.Result, error) {
	results, err := w.simulated.Try(ctx, c, n)
	if _, ok := w.at[w.runs]; ok {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		w.at[w.runs] = m.HeapAlloc
	}
	if w.runs >= w.last {
		w.stop()
		return results, ctx.Err()
	}
	return results, err
}

// bigCase is a tree of 20 nodes, 24 stanzas each, 20 lines each; 8 lines are needed.
func bigCase(seed uint64, p float64) *simulated {
	r := rand.New(rand.NewPCG(seed, 7))
	units, needed := tree(r, 20, 24, 20, 2, 2, 2)
	return &simulated{units: units, culprits: [][]int{needed}, p: p, q: 0.002, rand: r}
}

func recorded(b *testing.B, o isolate.Oracle, units []isolate.Unit) *isolate.Recorder {
	b.Helper()
	rec, err := isolate.NewRecorder(filepath.Join(b.TempDir(), "ledger.ndjson"), "", units, o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = rec.Close() })
	return rec
}

func reduceRecorded(b *testing.B, o isolate.Oracle, units []isolate.Unit) {
	b.Helper()
	if _, err := isolate.Reduce(b.Context(), units, recorded(b, o, units), isolate.ReduceOptions{ControlRuns: 5}); err != nil {
		b.Fatal(err)
	}
}

// cpuTime is what the process has used, of its own and of the system's.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
