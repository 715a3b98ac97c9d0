package namespaces_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// BenchmarkRing builds rings of nodes with as many cables, and takes them down.
func BenchmarkRing(b *testing.B) {
	for _, n := range []int{20, 300} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := open(b)
			var up, down time.Duration
			for b.Loop() {
				start := time.Now()
				r, err := p.Reserve(b.Context(), subject().Ring(n), topologies.Options{Run: "bench-ring"})
				if err != nil {
					b.Fatal(err)
				}
				up += time.Since(start)
				start = time.Now()
				if err := r.Release(b.Context()); err != nil {
					b.Fatal(err)
				}
				down += time.Since(start)
			}
			b.ReportMetric(up.Seconds()/float64(b.N), "s/up")
			b.ReportMetric(down.Seconds()/float64(b.N), "s/down")
		})
	}
}
