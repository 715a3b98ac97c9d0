package fleet_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// TestShare: a worker that has stored its share of the server's disk takes no more tasks until that was fetched, and says so, as does the
// status; one that goes on storing is refused, while others are not.
func TestShare(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{MaxStore: 1 << 30}) // records are 1,016 messages, of which 256 are a share
	at := fleet.Access{URL: s.URL(fleet.RoleCoordinator)}
	conn := dial(t, at)
	var mu sync.Mutex
	told := "" // to who gives trials, last
	c := join(t, conn, "work", fleet.CoordinatorOptions{Unmet: func(_ fleet.Needs, why []fleet.Refusal, met bool) {
		mu.Lock()
		defer mu.Unlock()
		told = fmt.Sprint(met, why)
	}})
	hears := func(words string) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return strings.Contains(told, words)
		}
	}
	pair := seed(t)
	nc, key, v := raw(t, s, pair)
	stored := 0
	store := func(n int) error {
		for range n {
			m, err := nc.Request(fmt.Sprintf("reprise.record.%s.x.%d", key, stored), []byte("x"), time.Second)
			if err != nil {
				return err
			}
			if strings.Contains(string(m.Data), "error") {
				return fmt.Errorf("%s", m.Data)
			}
			stored++
		}
		return nil
	}
	usage := func() (u fleet.Usage, idle string) {
		st, err := fleet.ReadStatus(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range st.Workers {
			if w.Key == key {
				u, idle = w.Usage, strings.Join(w.Idle, "; ")
			}
		}
		return u, idle
	}
	said := func(words string) func() bool {
		return func() bool {
			lines, _ := fleet.WorkerLog(t.Context(), conn, key) // it may be on its way back
			for _, l := range lines {
				if strings.Contains(l.Text, words) {
					return true
				}
			}
			return false
		}
	}
	e, finish := newExecutor("host", 2), make(chan struct{})
	e.begin = func(ctx context.Context, _ fleet.Task) error {
		select {
		case <-finish:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker), Signer: pair}, e, fleet.WorkerOptions{})
	if err := store(255); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is in the roster", func() bool { return len(c.Workers()) == 1 })
	if u, idle := usage(); u.Full || u.Share == 0 || u.Stored != 255*(512+4)<<10 || strings.Contains(idle, "share") {
		t.Errorf("below its share: %+v, %s", u, idle)
	}
	if err := c.Submit(t.Context(), fleet.Task{ID: "0", Trial: 2, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has a task", func() bool { return c.Workers()[0].Busy == 1 })
	if err := store(1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is told", said("nothing more is taken: this worker has stored 135 MB"))
	if u, idle := usage(); !u.Full || u.Over || !strings.Contains(idle, "its share of the server's disk") {
		t.Errorf("with its share: %+v, %s", u, idle)
	}
	// Who gives trials is told that the only worker that could take them waits, which is no inability.
	eventually(t, "who gives trials is told why", hears("true [{host "+key+" [it takes nothing for now, and waits: what it has stored and no coordinator has fetched is its share of the server's disk (135 MB)"))
	if o := c.Workers()[0]; !o.Full.Full || len(o.Lacks(fleet.Needs{})) > 0 {
		t.Errorf("its offer: %+v", o)
	}
	if why, met := c.Lacking(fleet.Needs{}); !met || len(why) > 0 {
		t.Errorf("it is called unable: %+v", why)
	}
	if st, err := fleet.ReadStatus(t.Context(), conn); err != nil || len(st.Needs) != 1 || !st.Needs[0].Met || !st.Needs[0].Waits || len(st.Needs[0].Refusals) != 1 {
		t.Errorf("the queue: %+v, %v", st.Needs, err)
	}
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	other := newExecutor("other", 1)
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, other, fleet.WorkerOptions{})
	if _, err := c.Await(t.Context(), "1"); err != nil || e.ran.Load() != 0 || other.ran.Load() != 1 {
		t.Errorf("the task was executed %d times there, and %d times by another: %v", e.ran.Load(), other.ran.Load(), err)
	}
	eventually(t, "who gives trials is told that another takes them", hears("true []"))
	if err := store(256); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is refused", func() bool {
		return v.denied(t, nc, func() error { return nc.Publish("reprise.record."+key+".y.0", []byte("x")) })
	})
	if u, _ := usage(); !u.Over {
		t.Errorf("with twice its share: %+v", u)
	}
	// What it has is kept until there is room.
	close(finish)
	eventually(t, "its result is kept", said("the result of task 0 of work is kept"))
	// A coordinator that fetches what is there has the worker go on.
	if err := fleet.Forget(t.Context(), conn, key); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is told that there is room", said("tasks are taken again"))
	if _, err := c.Await(t.Context(), "0"); err != nil || e.ran.Load() != 1 || said("could not be executed")() {
		t.Errorf("a trial that was over when the share was used up was executed %d times there: %v", e.ran.Load(), err)
	}
	eventually(t, "its offer says so", func() bool {
		return !slices.ContainsFunc(c.Workers(), func(o fleet.Offer) bool { return o.Full.Full })
	})
	eventually(t, "it may store again", func() bool { return store(1) == nil })
	if u, _ := usage(); u.Full || u.Over {
		t.Errorf("when all was fetched: %+v", u)
	}
}
