package bundle_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

// benchMB is the size of the run that is packed: 64 MB, or what BUNDLE_BENCH_MB says.
func benchMB() int {
	if n, err := strconv.Atoi(os.Getenv("BUNDLE_BENCH_MB")); err == nil && n > 0 {
		return n
	}
	return 64
}

// bigRun stages a real run with logs beside its records.
func bigRun(b *testing.B) bundle.Source {
	b.Helper()
	run := evidence.Dir{Path: runDir(b, "main")}
	random := rand.New(rand.NewPCG(1, 2))
	const piece = 8 << 20
	for n := 0; n < benchMB()<<20; n += piece {
		var text bytes.Buffer
		for text.Len() < piece {
			fmt.Fprintf(&text, "2026/03/01 10:%02d:%02d.%06d OSPF: interface eth%d neighbour 10.%d.%d.2 state change ExStart -> Exchange (seq 0x%08x)\n",
				random.IntN(60), random.IntN(60), random.IntN(1e6), random.IntN(8), random.IntN(256), random.IntN(256), random.Uint32())
		}
		if err := evidence.WriteFile(run.Trial(1+n/piece%3).File("logs", "r1", fmt.Sprintf("ospfd-%04d.log", n/piece)), text.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
	staged, err := bundle.Stage(b.Context(), filepath.Join(b.TempDir(), "tree"), bundle.StageOptions{Runs: []string{run.Path}, Link: true})
	if err != nil {
		b.Fatal(err)
	}
	src, err := bundle.Complete(b.Context(), staged, options().Complete)
	if err != nil {
		b.Fatal(err)
	}
	return src
}

// heap follows the highest size of the heap in use.
type heap struct{ most uint64 }

func (h *heap) look(int64, int64) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.most = max(h.most, m.HeapInuse)
}

func BenchmarkWrite(b *testing.B) {
	src := bigRun(b)
	for _, asZip := range []bool{false, true} {
		b.Run(map[bool]string{false: "tar.zst", true: "zip"}[asZip], func(b *testing.B) {
			runtime.GC()
			var h heap
			for b.Loop() {
				m, err := bundle.Write(b.Context(), io.Discard, src, bundle.Options{Zip: asZip, Progress: h.look})
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(m.Size())
			}
			b.ReportMetric(float64(h.most)/(1<<20), "MB-heap")
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	src := bigRun(b)
	file := filepath.Join(b.TempDir(), "b.tar.zst")
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	m, err := bundle.Write(b.Context(), f, src, bundle.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(m.Size())
	runtime.GC()
	var h heap
	for b.Loop() {
		opened, err := bundle.Open(b.Context(), file, bundle.ReadOptions{Progress: h.look})
		if err != nil {
			b.Fatal(err)
		}
		r, err := bundle.Verify(b.Context(), opened, bundle.VerifyOptions{Rejudge: judgeAgain})
		if err != nil || r.State() != bundle.OK {
			b.Fatal(err, listed(r))
		}
		if err := opened.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(h.most)/(1<<20), "MB-heap")
}
