package interop

import (
	"io"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports/formats"
)

// BenchmarkMatrixCell is what the harness adds to a cell whose lab answers at once: its scenario written, read and
// planned, its trial recorded, judged and rendered, the matrix and its ledger written. The figures promise at most
// 0.3 s.
func BenchmarkMatrixCell(b *testing.B) {
	a := &cli.App{Out: io.Discard, Err: io.Discard}
	platform := &harnesstest.Platform{Name: "linux", ShellFn: func(string, string) (drivers.Exchange, error) { return drivers.Exchange{}, nil }}
	var took time.Duration
	cells := 0
	for b.Loop() {
		_, s, err := readSuite(a, "smoke")
		if err != nil {
			b.Fatal(err)
		}
		begun := time.Now()
		o := experiment.MatrixOptions{Load: loadCell(a), Labs: 1, Repeats: 1, Filter: experiment.MatrixFilter{Tests: []string{"echo*", "fragments"}}}
		dir, err := experiment.CreateMatrix(b.TempDir(), s, nil)
		if err != nil {
			b.Fatal(err)
		}
		p, err := experiment.PlanMatrix(dir, s, o)
		if err != nil {
			b.Fatal(err)
		}
		bench := &experiment.Bench{Env: trial.Environment{Provider: &harnesstest.Provider{}, Registry: platform.Registry()}, Report: formats.WriteAll}
		m, err := experiment.Matrix(b.Context(), bench, p, o)
		if err != nil || m.Counts[result.Pass] != len(m.Cells)-9 {
			b.Fatal(m.Counts, err)
		}
		took += time.Since(begun)
		cells += m.Counts[result.Pass]
	}
	b.ReportMetric(took.Seconds()/float64(cells), "s/cell")
	b.ReportMetric(0, "ns/op")
}
