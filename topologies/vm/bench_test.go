package vm_test

import (
	"context"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/vm"
)

// BenchmarkSnapshotOverColdBoot tells how many times quicker a node is there from its state
// than by booting (reserve), and back at its baseline by its snapshot (reset).
func BenchmarkSnapshotOverColdBoot(b *testing.B) {
	top := machines("n1")
	took := func(p *vm.Provider, reset bool) (reserved, back time.Duration) {
		start := time.Now()
		r, err := p.Reserve(b.Context(), top, topologies.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer func() {
			if err := r.Release(context.WithoutCancel(b.Context())); err != nil {
				b.Error(err)
			}
		}()
		reserved = time.Since(start)
		if !reset {
			return reserved, 0
		}
		start = time.Now()
		if how, why, err := r.(topologies.Resetter).Reset(b.Context(), "n1"); err != nil || how != topologies.BySnapshot {
			b.Fatal(how, why, err)
		}
		return reserved, time.Since(start)
	}
	warm, cold := setup(b, vm.Options{}), setup(b, vm.Options{Cold: true})
	took(warm, false) // makes the state, where there is none
	var sums [3]time.Duration
	for b.Loop() {
		booted, _ := took(cold, false)
		reserved, back := took(warm, true)
		sums[0] += booted
		sums[1] += reserved
		sums[2] += back
	}
	n := float64(b.N)
	b.ReportMetric(sums[0].Seconds()/n, "cold-s")
	b.ReportMetric(sums[1].Seconds()/n, "reserve-s")
	b.ReportMetric(sums[2].Seconds()/n, "reset-s")
	b.ReportMetric(sums[0].Seconds()/sums[1].Seconds(), "reserve-ratio")
	b.ReportMetric(sums[0].Seconds()/sums[2].Seconds(), "reset-ratio")
}
