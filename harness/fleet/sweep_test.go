package fleet_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// TestSweep: what is left of an upload that broke off is forgotten when no worker can be at it any more, and what a removed key left at once;
// a record that is awaited stays, whatever its age and though its worker was removed, and comes whole.
func TestSweep(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	c := join(t, conn, "work", fleet.CoordinatorOptions{Refused: func(worker, id string, err error) { t.Errorf("task %s of %s refused: %v", id, worker, err) }})
	e := newExecutor("host", 1)
	e.size = 700 << 10
	w := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its result is there", func() bool {
		st, err := fleet.ReadStatus(t.Context(), conn)
		return err == nil && len(st.Works) == 1 && st.Works[0].Results == 1
	})
	stored := func() (n int64) {
		t.Helper()
		usages, err := conn.Usages(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range usages {
			n += u.Stored
		}
		return n
	}
	awaited := stored()
	left := func(record string, chunks int) (key string) {
		t.Helper()
		nc, key, _ := raw(t, s, seed(t))
		for i := range chunks {
			if _, err := nc.Request(fmt.Sprintf("reprise.record.%s.%s.%d", key, record, i), []byte("x"), 5*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		return key
	}
	left("broken", 3)
	gone := map[string]bool{left("gone", 2): true, w.conn.PublicKey(): true}
	for key := range gone {
		if err := s.Remove(key); err != nil {
			t.Fatal(err)
		}
	}
	sweeper, begin := fleet.NewSweeper(conn, func(worker string) bool { return gone[worker] }), time.Now()
	for _, tt := range []struct {
		after time.Duration
		want  uint64
	}{{0, 2}, {59 * time.Minute, 0}, {61 * time.Minute, 3}, {100 * time.Hour, 0}} {
		if n, err := sweeper.Sweep(t.Context(), begin.Add(tt.after)); err != nil || n != tt.want {
			t.Errorf("after %s %d are forgotten, want %d: %v", tt.after, n, tt.want, err)
		}
	}
	if n := stored(); n != awaited {
		t.Errorf("%d bytes are stored, and %d are awaited", n, awaited)
	}
	if sealed, err := c.Await(t.Context(), "1"); err != nil || len(sealed.Record) < e.size {
		t.Errorf("a record of %d bytes: %v", len(sealed.Record), err)
	}
}
