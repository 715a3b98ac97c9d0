package topologies_test

import (
	"math"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// The numbers are those of SplitMix64, whose first of the state 1234567 is known, cut to what a share
// takes; shares come out, whatever the seed.
func TestLot(t *testing.T) {
	t.Parallel()
	const known = 6457827717110365317 // of the reference implementation in C, with that state
	if got := topologies.Lot(1234567).Draw(1); got != known>>(64-topologies.LotBits) {
		t.Errorf("drew %d, want %d", got, uint64(known)>>(64-topologies.LotBits))
	}
	if topologies.LotLimit(1) != 1<<topologies.LotBits || topologies.LotLimit(0) != 0 {
		t.Error("all or none are a share too")
	}
	a, b := topologies.Endpoint{Node: "r1", Interface: "eth1"}, topologies.Endpoint{Node: "r2", Interface: "eth1"}
	if topologies.NewLot(7, a) == topologies.NewLot(7, b) || topologies.NewLot(7, a) == topologies.NewLot(8, a) {
		t.Error("ways share their chances, or seeds do")
	}
	const frames = 100_000
	for _, seed := range []uint64{0, 1, 2, 3, math.MaxUint64} {
		for _, share := range []float64{0.001, 0.3, 0.999} {
			n, lot := 0, topologies.NewLot(seed, a)
			for i := range uint64(frames) {
				if lot.Draw(i+1) < topologies.LotLimit(share) {
					n++
				}
			}
			if off := math.Abs(float64(n)-frames*share) / math.Sqrt(frames*share*(1-share)); off > 6 {
				t.Errorf("seed %d: %d of %d are drawn at a share of %v", seed, n, frames, share)
			}
		}
	}
}

// What can carry a fault out is told by what it asks for.
func TestEngines(t *testing.T) {
	t.Parallel()
	drop := func(f topologies.FrameFault) topologies.Fault {
		return topologies.Fault{Kind: topologies.FaultDrop, Frames: f}
	}
	for want, faults := range map[string][]topologies.Fault{
		"xdp tc nftables wire": {drop(topologies.FrameFault{}), {Kind: topologies.FaultDrop, Probability: 0.5}},
		"xdp tc wire":          {drop(topologies.FrameFault{Nth: 2}), drop(topologies.FrameFault{Filter: "ip"}), drop(topologies.FrameFault{Seed: 3})},
		"wire": {
			drop(topologies.FrameFault{Nth: 2, Transmission: topologies.TransmissionAgain}), drop(topologies.FrameFault{LSA: "router"}),
			drop(topologies.FrameFault{Attribute: "med"}),
			{Kind: topologies.FaultDelay, Frames: topologies.FrameFault{Delay: 1}},
		},
	} {
		for _, f := range faults {
			var got []string
			for _, by := range f.Engines() {
				got = append(got, string(by))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%+v: %v, want %s", f, got, want)
			}
		}
	}
}
