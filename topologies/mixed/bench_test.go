package mixed_test

import (
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
)

// BenchmarkRing20 builds a ring of 20 nodes, in turn of namespaces and of containers: each of its
// cables is between the two kinds.
func BenchmarkRing20(b *testing.B) {
	s := subject(containers.Options{})
	p := s.Open(b)
	var up time.Duration
	for b.Loop() {
		start := time.Now()
		r, err := p.Reserve(b.Context(), s.Ring(20), topologies.Options{Run: "bench-mixed-ring"})
		if err != nil {
			b.Fatal(err)
		}
		up += time.Since(start)
		if err := r.Release(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(up.Seconds()/float64(b.N), "s/up")
}
