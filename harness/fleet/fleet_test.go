package fleet_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

func through(raw, addr string) string {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	u.Host = addr
	return u.String()
}

// TestSameAnswer: what a series comes to does not depend on who executes it.
func TestSameAnswer(t *testing.T) {
	const trials = 60
	plan := []byte("a plan")
	for _, size := range []int{0, 700 << 10} {
		want := local(plan, trials, size)
		for _, workers := range []int{1, 3} {
			t.Run(fmt.Sprintf("%d workers, records of %d", workers, size), func(t *testing.T) {
				// No worker is thought dead because this machine is busy: nothing happens twice.
				s := startServer(t, server.Options{Renewal: 5 * time.Second})
				for i := range workers {
					e := newExecutor(fmt.Sprintf("host%d", i), 2)
					e.size = size
					startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
				}
				c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{
					Uncounted: func(s fleet.Sealed, why string) error { t.Errorf("task %s uncounted: %s", s.ID, why); return nil },
					Refused:   func(worker, id string, err error) { t.Errorf("task %s of %s refused: %v", id, worker, err) },
				})
				if diff := cmp.Diff(want, series(t, c, plan, trials, 8)); diff != "" {
					t.Errorf("(-local +fleet):\n%s", diff)
				}
			})
		}
	}
}
