package fleet_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// questions are what a worker may ask of a server, each with another form of answer: an account, a message that is stored, and
// one that is not.
func questions(needs fleet.Needs) map[string][]byte {
	return map[string][]byte{
		"$JS.API.INFO": nil,
		"$JS.API.DIRECT.GET.KV_reprise-works.$KV.reprise-works.other":          nil,
		"$JS.API.DIRECT.GET.KV_reprise-works.$KV.reprise-works.work":           nil,
		"$JS.API.DIRECT.GET.KV_reprise-works.$KV.reprise-works.none":           nil,
		"$JS.API.DIRECT.GET.KV_reprise-needs.$KV.reprise-needs." + needs.Key(): nil,
		"$JS.API.CONSUMER.MSG.NEXT.REPRISE_WORK.needs-" + needs.Key():          []byte(`{"batch":1,"no_wait":true}`),
	}
}

// TestNothingByReply: a worker that has the server answer on subjects that are not the worker's says nothing with that.
func TestNothingByReply(t *testing.T) {
	s := startServer(t, server.Options{})
	holder, admin := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	c := join(t, holder, "work", fleet.CoordinatorOptions{})
	join(t, admin, "other", fleet.CoordinatorOptions{})
	e := newExecutor("victim", 1)
	begun, end := make(chan struct{}), make(chan struct{})
	e.begin = func(ctx context.Context, _ fleet.Task) error {
		close(begun)
		select {
		case <-end:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	w := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	needs := fleet.Needs{Kind: "container"}
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, needs); err != nil {
		t.Fatal(err)
	}
	<-begun
	urls := s.URL(fleet.RoleWorker)
	nc, _, _ := raw(t, s, seed(t))
	victim := w.conn.PublicKey()
	for range 5 {
		for ask, body := range questions(needs) {
			for _, on := range []string{
				"reprise.server.tokens", "reprise.server.remove", "reprise.control." + victim + ".leave", "reprise.control." + victim + ".drain",
				"$KV.reprise-works.work", "$KV.reprise-cancelled.work.1", "$KV.reprise-needs." + needs.Key(),
			} {
				if err := nc.PublishRequest(ask, on, body); err != nil {
					t.Fatal(err)
				}
			}
		}
		// Two round trips of coordinator and worker: what they make of it is made.
		for range 2 {
			if err := nc.FlushTimeout(within); err != nil {
				t.Fatal(err)
			}
			if _, err := fleet.WorkerLog(t.Context(), admin, victim); err != nil {
				t.Fatal(err)
			}
			if _, err := fleet.ReadStatus(t.Context(), admin); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := s.URL(fleet.RoleWorker); got != urls {
		t.Error("the tokens were made anew")
	}
	select {
	case <-c.Lost():
		t.Error("the coordinator has lost its work")
	case err := <-w.done:
		t.Errorf("the worker has left: %v", err)
		w.done <- err
	default:
	}
	eventually(t, "the lease stands again, and the worker is there", func() bool {
		st, err := fleet.ReadStatus(t.Context(), admin)
		if err != nil || len(st.Workers) != 1 || st.Workers[0].Draining {
			return false
		}
		for _, w := range st.Works {
			if w.Work == "work" && w.Held && w.Key == holder.PublicKey() {
				return true
			}
		}
		return false
	})
	close(end)
	if _, err := c.Await(t.Context(), "1"); err != nil {
		t.Error(err)
	}
	if n := e.executions(1); n != 1 {
		t.Errorf("the task was begun %d times", n)
	}
}

// TestDeadLeaseStoredAgain: a worker that has the server answer where a dead coordinator's lease stood, again and again, does not
// keep its work from others for longer than join waits.
func TestDeadLeaseStoredAgain(t *testing.T) {
	s := startServer(t, server.Options{})
	nc, _, _ := raw(t, s, seed(t))
	dead := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	join(t, dead, "work", fleet.CoordinatorOptions{})
	dead.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		// Who reads what stands there and writes its own has to be faster now and then, on a busy machine too.
		tick := time.NewTicker(renewal)
		defer tick.Stop()
		for ctx.Err() == nil {
			_ = nc.PublishRequest("$JS.API.DIRECT.GET.KV_reprise-works.$KV.reprise-works.work", "$KV.reprise-works.work", nil)
			<-tick.C
		}
	}()
	join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
}

// TestNoAnswerInTheServersStead: a worker hears what coordinators store for it, and may not tell them that it is stored.
func TestNoAnswerInTheServersStead(t *testing.T) {
	s := startServer(t, server.Options{})
	nc, _, v := raw(t, s, seed(t))
	heard := make(chan string, 99)
	for _, on := range []string{"$KV.reprise-works.*", "$KV.reprise-needs.*", "$KV.reprise-cancelled.*.*"} {
		if _, err := nc.Subscribe(on, func(m *nats.Msg) {
			if m.Reply != "" {
				heard <- m.Reply
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.FlushTimeout(within); err != nil {
		t.Fatal(err)
	}
	join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{})
	inbox := <-heard
	if !v.denied(t, nc, func() error { return nc.Publish(inbox, []byte(`{"stream":"KV_reprise-works","seq":9}`)) }) {
		t.Errorf("a worker may answer on %s", inbox)
	}
	// It answers a coordinator all the same: TestDrain. Nobody else's answers are its own.
	other, err := seed(t).PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	if !v.denied(t, nc, func() error { return nc.Publish("reprise.answer."+other+".x", nil) }) {
		t.Error("a worker may answer as another")
	}
}
