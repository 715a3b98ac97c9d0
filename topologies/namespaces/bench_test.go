package namespaces_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

// tree is the folder of the files of the tests' image.
func tree(b *testing.B) string {
	b.Helper()
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		b.Fatal(err)
	}
	img, err := p.Images().Resolve(image)
	if err != nil {
		b.Fatal(err)
	}
	return img.Tree
}

// BenchmarkRing builds rings of nodes with as many cables, takes them down, and compares that
// with the same namespaces, mounts and cables without a lab.
func BenchmarkRing(b *testing.B) {
	for _, n := range []int{20, 300} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := open(b)
			folder := tree(b)
			var up, down, bareUp, bareDown time.Duration
			for b.Loop() {
				made, gone := bareRing(b, folder, n)
				bareUp, bareDown = bareUp+made, bareDown+gone
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
			b.ReportMetric(bareUp.Seconds()/float64(b.N), "s/bare-up")
			b.ReportMetric(up.Seconds()/bareUp.Seconds(), "up/bare")
		})
	}
}
