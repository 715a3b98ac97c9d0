package isolate_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/result"
)

// builds is an oracle of versions that fail from one on.
type builds struct {
	bad  func(int) bool
	dead map[int]bool
	p, q float64
	rand *rand.Rand
}

func (b *builds) Vet(context.Context, isolate.Candidate) error { return nil }

func (b *builds) Try(_ context.Context, c isolate.Candidate, n int) ([]isolate.Result, error) {
	v := slices.Index(c.Kept, true)
	out := make([]isolate.Result, n)
	for i := range out {
		p := b.q
		if b.bad(v) {
			p = b.p
		}
		switch {
		case b.dead[v]:
			out[i].Outcome = isolate.Invalid
		case b.rand.Float64() < p:
			out[i].Outcome = isolate.Hit
		default:
			out[i].Outcome = isolate.Miss
		}
	}
	return out, nil
}

func line(n int) []isolate.Version {
	versions := make([]isolate.Version, n)
	for i := range versions {
		versions[i].Name = fmt.Sprint("v", i)
	}
	return versions
}

func TestBisectLine(t *testing.T) {
	for _, c := range []struct {
		name          string
		n             int
		p, q          float64
		opt           isolate.BisectOptions
		maxRuns       int
		right, rounds int
	}{
		{"64 versions, p 0.2 measured 12/60, one-sided", 64, 0.2, 0, isolate.BisectOptions{Bad: result.Count{Hits: 12, Misses: 48}, Good: result.Count{Misses: 60}, OneSided: true}, 72, 98, 300},
		{"64 versions, p 0.2 measured 12/60", 64, 0.2, 0, isolate.BisectOptions{Bad: result.Count{Hits: 12, Misses: 48}, Good: result.Count{Misses: 60}}, 100, 98, 100},
		{"64 versions, p 0.5 measured 10/20", 64, 0.5, 0, isolate.BisectOptions{Bad: result.Count{Hits: 10, Misses: 10}, Good: result.Count{Misses: 20}}, 40, 98, 300},
		{"64 versions, p 0.2, nothing measured", 64, 0.2, 0, isolate.BisectOptions{}, 190, 96, 50},
		{"64 versions, p 0.3, q 0.02, nothing measured", 64, 0.3, 0.02, isolate.BisectOptions{}, 190, 94, 50},
		{"16 versions, p 1, nothing measured", 16, 1, 0, isolate.BisectOptions{}, 20, 98, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				c.rounds /= 10
				c.maxRuns += c.maxRuns / 3 // the mean of a tenth scatters three times as much
			}
			runs, right := 0, 0
			for seed := range c.rounds {
				r := rand.New(rand.NewPCG(uint64(seed), 3))
				boundary := 1 + r.IntN(c.n-1)
				got, err := isolate.Bisect(t.Context(), line(c.n), &builds{bad: func(v int) bool { return v >= boundary }, p: c.p, q: c.q, rand: r}, c.opt)
				if err != nil {
					t.Fatal(err)
				}
				runs += got.Runs
				if got.First == boundary && got.Decided {
					right++
				}
			}
			mean := float64(runs) / float64(c.rounds)
			t.Logf("mean %.1f runs, right in %d of %d", mean, right, c.rounds)
			if mean > float64(c.maxRuns) || right*100 < c.right*c.rounds {
				t.Errorf("want at most %d runs, right in %d %%", c.maxRuns, c.right)
			}
		})
	}
}

func TestBisectDeadVersions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	b := &builds{bad: func(v int) bool { return v >= 9 }, dead: map[int]bool{8: true, 9: true, 3: true}, p: 1, rand: r}
	got, err := isolate.Bisect(t.Context(), line(16), b, isolate.BisectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// 8 and 9 cannot be run, so the failure came in with 8, 9 or 10.
	if !got.Decided || got.First != 10 || !slices.Equal(got.Range, []int{8, 9, 10}) {
		t.Errorf("first %d, range %v, confidence %.3f", got.First, got.Range, got.Confidence)
	}
}

// TestBisectTrains has a train that branches off before the failure came in, and one that
// got it backported.
func TestBisectTrains(t *testing.T) {
	versions := line(12)
	versions[8].Parents = []int{3}     // 8 and 9: a train made from 3
	versions[10].Parents = []int{3, 5} // 10 and 11: another, with something of 5
	bad := map[int]bool{5: true, 6: true, 7: true, 10: true, 11: true}
	right := 0
	for seed := range 50 {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		got, err := isolate.Bisect(t.Context(), versions, &builds{bad: func(v int) bool { return bad[v] }, p: 0.5, rand: r}, isolate.BisectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got.First == 5 {
			right++
		}
	}
	t.Logf("right in %d of 50", right)
	if right < 48 {
		t.Error("want 48")
	}
}

// TestBisectNowhere never names a version where none fails.
func TestBisectNowhere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	got, err := isolate.Bisect(t.Context(), line(8), &builds{bad: func(int) bool { return false }, rand: r}, isolate.BisectOptions{Cap: 300})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("decided %v: %d with %.3f after %d runs", got.Decided, got.First, got.Confidence, got.Runs)
	if got.Decided && got.First != 8 {
		t.Errorf("first %d, confidence %.3f after %d runs", got.First, got.Confidence, got.Runs)
	}
}

// TestBisectAlike: what a handful of runs of both ends came to by chance names no version where all fail alike, and what
// differs is found all the same.
func TestBisectAlike(t *testing.T) {
	t.Parallel()
	measured := func(o isolate.Oracle, n, v int) (c result.Count) {
		kept := make([]bool, n)
		kept[v] = true
		results, err := o.Try(t.Context(), isolate.Candidate{Kept: kept}, 5)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			r.Outcome.CountIn(&c)
		}
		return c
	}
	const rounds = 400
	for _, tt := range []struct {
		n        int
		p, q     float64 // of the newest and of the oldest
		oneSided bool
		least    int // found in so many
		most     int
	}{
		{2, 1.0 / 6, 1.0 / 6, false, 0, rounds / 50},
		{2, 0.5, 0.5, false, 0, rounds / 50},
		{3, 0.5, 0.5, false, 0, rounds / 50},
		{3, 0.5, 0.5, true, 0, rounds / 50},
		{2, 1, 0, false, rounds, rounds},
		{2, 0.5, 0, false, rounds * 9 / 10, rounds},
		{3, 0.3, 0, true, rounds * 3 / 4, rounds}, // five misses of the newest are no failure to bisect
	} {
		found, asked := 0, 0
		for seed := range uint64(rounds) {
			o := &builds{bad: func(v int) bool { return v > 0 }, p: tt.p, q: tt.q, rand: rand.New(rand.NewPCG(seed, 5))}
			opt := isolate.BisectOptions{OneSided: tt.oneSided, Cap: 300, Good: measured(o, tt.n, 0), Bad: measured(o, tt.n, tt.n-1)}
			if opt.Bad.Hits == 0 {
				continue
			}
			got, err := isolate.Bisect(t.Context(), line(tt.n), o, opt)
			if err != nil {
				t.Fatal(err)
			}
			asked++
			if got.Decided {
				found++
			}
			if got.Decided && got.Alike {
				t.Errorf("%+v: decided between ends that may be alike: %+v", tt, got)
			}
		}
		t.Logf("%d versions, %.2f after %.2f: found in %d of %d", tt.n, tt.p, tt.q, found, asked)
		if found < tt.least || found > tt.most {
			t.Errorf("%d versions, the newest fails in %.2f of its runs and the oldest in %.2f: found in %d of %d, want %d to %d", tt.n, tt.p, tt.q, found, asked, tt.least, tt.most)
		}
	}
}
