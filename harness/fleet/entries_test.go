package fleet_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// TestStatusAsLeasesEnd: who reads the works while their leases run out is answered, whatever expires under way.
func TestStatusAsLeasesEnd(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{Renewal: 100 * time.Millisecond})
	p := startProxy(t, s.Addr())
	direct := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	for round := range 24 {
		c := dial(t, fleet.Access{URL: p.through(s.URL(fleet.RoleCoordinator))})
		join(t, c, fmt.Sprint("work-", round), fleet.CoordinatorOptions{})
		p.cut.Store(true)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for held := true; held; {
					status, err := fleet.ReadStatus(t.Context(), direct)
					if err != nil {
						t.Error(err)
						return
					}
					held = slices.ContainsFunc(status.Works, func(w fleet.WorkStatus) bool { return w.Held })
				}
			})
		}
		wg.Wait()
		p.cut.Store(false)
		p.breakAll()
	}
}
