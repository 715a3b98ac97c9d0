package experiment_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies"
)

// renewing is a provider whose labs make their nodes anew.
type renewing struct {
	topologies.Provider
	labs *atomic.Int32
}

func (r renewing) Unwrap() topologies.Provider { return r.Provider }

func (r renewing) Resets(topologies.Topology) bool { return true }

func (r renewing) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	r.labs.Add(1)
	lab, err := r.Provider.Reserve(ctx, t, o)
	return renewed{lab}, err
}

type renewed struct{ topologies.Reservation }

func (l renewed) Unwrap() topologies.Reservation { return l.Reservation }

func (l renewed) Reset(context.Context, string) (topologies.How, string, error) {
	return topologies.ByBoot, "", nil
}

// Cells of the same lab follow each other and use it again, as the plan said that they would, and come to what they
// come to in labs of their own.
func TestMatrixWarm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fresh bool
		labs  int32
		warm  int
	}{
		{"used again", false, 4, 4},
		{"a lab for every cell", true, 8, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := &court{answers: answersOf(map[string]func(int) (string, error){"routes a@1 a@2": always("no")})}
				b := c.bench(t)
				provider := renewing{b.Env.Provider, new(atomic.Int32)}
				b.Env.Provider = provider
				s := interopSuite("a@1", "a@2")
				o := matrixOptions()
				o.Fresh, o.RepeatFailing = tt.fresh, 0
				dir, err := experiment.CreateMatrix(b.Parent, s, nil)
				if err != nil {
					t.Fatal(err)
				}
				p, err := experiment.PlanMatrix(dir, s, o)
				if err == nil {
					err = p.Look(t.Context(), provider, o)
				}
				if err != nil {
					t.Fatal(err)
				}
				size := p.Size(o)
				m, err := experiment.Matrix(t.Context(), b, p, o)
				if err != nil {
					t.Fatal(err)
				}
				warm := 0
				for _, cell := range m.Cells {
					if cell.Warm {
						warm++
					}
					want := result.Pass
					if cell.Key() == "routes[dut=a@1,peer=a@2]" {
						want = result.Fail
					}
					if cell.Verdict != want {
						t.Errorf("%s: %s, %s", cell.Key(), cell.Verdict, cell.Reason)
					}
				}
				if n := provider.labs.Load(); n != tt.labs || warm != tt.warm || size.Labs != 4 || size.Warm != 4 && !tt.fresh || tt.fresh && size.Warm != 0 {
					t.Errorf("%d labs for %d cells, %d used again; planned %+v", n, len(m.Cells), warm, size)
				}
			})
		})
	}
}

// Where nobody tells what the nodes hold, nothing is taken over from an earlier matrix: a device may have been
// changed since.
func TestMatrixOnlyChangedOfUnknown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &court{answers: yes}
		b := c.bench(t)
		told := b.Env.Provider.(described)
		b.Env.Provider = told.Provider
		s := interopSuite("a@1")
		old, dir, err := runMatrix(t.Context(), t, b, s, matrixOptions())
		if err != nil || old.Counts[result.Pass] != len(s.Cells) {
			t.Fatalf("%v, %v", old.Counts, err)
		}
		o := matrixOptions()
		o.Since, o.SinceDir = &old, dir.Path
		m, _, err := runMatrix(t.Context(), t, b, s, o)
		if err != nil || m.Counts[result.Pass] != len(s.Cells) {
			t.Fatalf("%v, %v", m.Counts, err)
		}
		for _, cell := range m.Cells {
			if cell.From != "" {
				t.Errorf("%s was taken over from %s", cell.Key(), cell.From)
			}
		}
	})
}
