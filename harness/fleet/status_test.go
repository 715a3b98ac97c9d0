package fleet_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

func TestLacks(t *testing.T) {
	o := fleet.Offer{
		Name: "host", Slots: 2, Version: "v1", Cores: 4, Memory: 8 << 30, Kinds: []string{"container"}, Providers: []string{"namespaces"},
		Abilities: map[string]string{"nftables": "", "netem": "the kernel has no sch_netem"},
		Images:    map[string]string{"reprise/frr:8.4.4": "sha256:aa"}, Registries: []string{"lab.example:5000"},
		Devices: []fleet.Device{{Name: "sw1", Platform: "exos"}, {Name: "sw2", Platform: "exos"}, {Name: "sw3", Platform: "voss"}},
	}
	for _, tt := range []struct {
		name  string
		needs fleet.Needs
		want  []string
	}{
		{"nothing", fleet.Needs{}, nil},
		{"all that is there", fleet.Needs{Kind: "container", Provider: "namespaces", Version: "v1", Cores: 4, Memory: 8 << 30, Abilities: []string{"nftables"}, Images: []fleet.Image{{Ref: "reprise/frr:8.4.4", Digest: "sha256:aa"}}, Devices: []string{"sw1"}, Platforms: []string{"exos", "voss"}}, nil},
		{"version", fleet.Needs{Version: "v2"}, []string{"it runs version v1 of the program, and whoever gives the trials v2: have the same one on both machines"}},
		{"kind", fleet.Needs{Kind: "vm"}, []string{"it has no labs of kind vm, only container: reprise doctor on that machine says why"}},
		{"provider", fleet.Needs{Provider: "lab"}, []string{"it cannot build labs with lab, only with namespaces: reprise doctor on that machine says why, and reprise worker --help how to give it devices or the engine"}},
		{"cores and memory", fleet.Needs{Cores: 4.5, Memory: 8<<30 + 1}, []string{"a lab needs 4.5 cores, it has 4: ask for fewer (cpu: of the nodes), or take a larger machine", "a lab needs 8193 MiB of memory, it has 8192 for each: start it with fewer --labs, or ask for less (memory: of the nodes)"}},
		{"ability", fleet.Needs{Abilities: []string{"netem"}}, []string{"it cannot: netem: the kernel has no sch_netem"}},
		{"ability that it has not measured", fleet.Needs{Abilities: []string{"vxlan"}}, []string{"it does not know whether it can: vxlan: reprise doctor on that machine looks"}},
		{"what it was not told to trust", fleet.Needs{Abilities: []string{"--trust binds.r1"}}, []string{"it was not told to trust the scenarios of others with binds.r1: start it with reprise worker --trust binds.r1, if you do"}},
		{"kvm", fleet.Needs{KVM: true}, []string{"it has no /dev/kvm that it may use: reprise doctor on that machine says how to get it"}},
		{"image", fleet.Needs{Images: []fleet.Image{{Ref: "x"}}}, []string{"it has no image x, and nobody says where it comes from: build or load it there, or where the trials are given"}},
		{"image of another digest", fleet.Needs{Images: []fleet.Image{{Ref: "reprise/frr:8.4.4", Digest: "sha256:bb"}}}, []string{"its image reprise/frr:8.4.4 is sha256:aa, not sha256:bb: one name means two images; build or load the same on both machines"}},
		{"image under another name", fleet.Needs{Images: []fleet.Image{{Ref: "mine", Digest: "sha256:aa"}}}, nil},
		{"image that is fetched", fleet.Needs{Images: []fleet.Image{{Ref: "x", Digest: "sha256:cc", Source: "registry", Registry: "lab.example:5000"}}}, nil},
		{"image of another registry", fleet.Needs{Images: []fleet.Image{{Ref: "x", Digest: "sha256:cc", Source: "registry", Registry: "quay.io"}}}, []string{"it has no image x, and was not told to fetch images from quay.io: start it with reprise worker --registry quay.io"}},
		{"image of another registry that is here", fleet.Needs{Images: []fleet.Image{{Ref: "x", Digest: "sha256:aa", Source: "registry", Registry: "quay.io"}}}, nil},
		{"image that is shipped", fleet.Needs{Images: []fleet.Image{{Ref: "x", Digest: "sha256:cc", Source: "fleet"}}}, nil},
		{"device", fleet.Needs{Devices: []string{"sw9"}}, []string{"it has no device sw9: reprise worker --lab gives it the devices of an inventory"}},
		{"platforms", fleet.Needs{Platforms: []string{"exos", "exos", "exos"}}, []string{"it has no device that runs exos, or not as many as are asked for: reprise worker --lab gives it the devices of an inventory"}},
		{"platform of a device that is asked for", fleet.Needs{Devices: []string{"sw3"}, Platforms: []string{"voss"}}, []string{"it has no device that runs voss, or not as many as are asked for: reprise worker --lab gives it the devices of an inventory"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, o.Lacks(tt.needs)); diff != "" {
				t.Error(diff)
			}
		})
	}
	o.Draining, o.Slots = true, 0
	if got := o.Lacks(fleet.Needs{}); len(got) != 2 {
		t.Errorf("a draining worker without labs: %q", got)
	}
}

func TestNeedsKey(t *testing.T) {
	a := fleet.Needs{Abilities: []string{"b", "a", "a"}, Platforms: []string{"voss", "exos"}}
	b := fleet.Needs{Abilities: []string{"a", "b"}, Platforms: []string{"exos", "voss"}}
	if a.Key() != b.Key() {
		t.Error("the same needs have two keys")
	}
	c := fleet.Needs{Abilities: []string{"a", "b"}, Platforms: []string{"exos", "exos", "voss"}}
	if b.Key() == c.Key() {
		t.Error("two devices of a platform are one")
	}
}

// TestUnmet: work that nobody can do says so at once, with each worker's reasons, again when the workers change, and no more when
// one comes that can.
func TestUnmet(t *testing.T) {
	s := startServer(t, server.Options{})
	var mu sync.Mutex
	var told []string
	c := join(t, dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)}), "work", fleet.CoordinatorOptions{Unmet: func(_ fleet.Needs, why []fleet.Refusal, met bool) {
		mu.Lock()
		defer mu.Unlock()
		text := "nobody"
		if met {
			text = "met"
		}
		for _, r := range why {
			text += ", " + r.Name + ": " + strings.Join(r.Why, "; ")
		}
		told = append(told, text)
	}})
	last := func() string {
		mu.Lock()
		defer mu.Unlock()
		if len(told) == 0 {
			return ""
		}
		return told[len(told)-1]
	}
	needs := fleet.Needs{Kind: "vm"}
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, needs); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no worker is there", func() bool { return last() == "nobody" })
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("small", 1), fleet.WorkerOptions{})
	eventually(t, "the worker's reason", func() bool {
		return last() == "nobody, small: it has no labs of kind vm, only container: reprise doctor on that machine says why"
	})
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	status, err := fleet.ReadStatus(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	if len(status.Needs) != 1 || status.Needs[0].Met || status.Needs[0].Waiting != 1 || len(status.Needs[0].Refusals) != 1 {
		t.Errorf("the status of the queue: %+v", status.Needs)
	}
	if since := time.Since(status.Workers[0].Since); since < -time.Minute || since > time.Minute {
		t.Errorf("the worker came %s ago", since)
	}
	if got := strings.Join(status.Workers[0].Idle, "|"); got != "1 tasks wait for a worker that is otherwise: it has no labs of kind vm, only container: reprise doctor on that machine says why" {
		t.Errorf("why the worker is idle: %s", got)
	}
	if len(status.Works) != 1 || status.Works[0].Work != "work" || status.Works[0].Queued != 1 || !status.Works[0].Held {
		t.Errorf("the status of the work: %+v", status.Works)
	}
	large := newExecutor("large", 1)
	large.offer.Kinds = []string{"container", "vm"}
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, large, fleet.WorkerOptions{})
	eventually(t, "it is met", func() bool { return last() == "met" })
	sealed, err := c.Await(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if sealed.Host != "large" {
		t.Errorf("executed by %s", sealed.Host)
	}
}

// TestNothingWaits: a worker that does nothing since nothing waits says so.
func TestNothingWaits(t *testing.T) {
	s := startServer(t, server.Options{})
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("host", 1), fleet.WorkerOptions{})
	eventually(t, "nothing waits", func() bool {
		status, err := fleet.ReadStatus(t.Context(), conn)
		return err == nil && len(status.Workers) == 1 && strings.Join(status.Workers[0].Idle, "|") == "no task waits: is a fleet given where trials are (--fleet)?"
	})
}

// TestDrain: a worker that is asked to drain ends what it runs, takes no more, and leaves.
func TestDrain(t *testing.T) {
	s := startServer(t, server.Options{})
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	c := join(t, conn, "work", fleet.CoordinatorOptions{})
	began, finish := make(chan struct{}, 9), make(chan struct{})
	e := newExecutor("host", 1)
	e.begin = func(context.Context, fleet.Task) error {
		began <- struct{}{}
		<-finish
		return nil
	}
	w := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, e, fleet.WorkerOptions{})
	for _, id := range []string{"1", "2"} {
		if err := c.Submit(t.Context(), fleet.Task{ID: id, Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
			t.Fatal(err)
		}
	}
	<-began
	o, err := fleet.FindWorker(t.Context(), conn, "ho")
	if err != nil {
		t.Fatal(err)
	}
	if err := fleet.DrainWorker(t.Context(), conn, o.Key); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says that it drains", func() bool {
		status, err := fleet.ReadStatus(t.Context(), conn)
		return err == nil && len(status.Workers) == 1 && status.Workers[0].Busy == 1 && strings.HasPrefix(strings.Join(status.Workers[0].Idle, "|"), "it drains")
	})
	close(finish)
	if _, err := c.Await(t.Context(), "1"); err != nil {
		t.Error(err)
	}
	err = <-w.done
	w.done <- err
	if err != nil {
		t.Errorf("a drained worker returns %v", err)
	}
	eventually(t, "it has left", func() bool { return len(c.Workers()) == 0 })
	if n := e.ran.Load(); n != 1 {
		t.Errorf("it executed %d tasks", n)
	}
	if err := fleet.DrainWorker(t.Context(), conn, o.Key); err == nil || !strings.Contains(err.Error(), "not connected") {
		t.Errorf("draining a worker that is not there: %v", err)
	}
	if _, err := fleet.FindWorker(t.Context(), conn, "ho"); err == nil || !strings.Contains(err.Error(), "there are: none") {
		t.Errorf("finding a worker that is not there: %v", err)
	}
}

// TestRemove: a removed worker leaves at once, its task goes to another, and its key is refused from then on.
func TestRemove(t *testing.T) {
	s := startServer(t, server.Options{})
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	c := join(t, conn, "work", fleet.CoordinatorOptions{})
	began := make(chan struct{}, 9)
	e := newExecutor("host", 1)
	e.begin = func(ctx context.Context, _ fleet.Task) error {
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	pair, before := seed(t), s.URL(fleet.RoleWorker)
	w := startWorker(t, fleet.Access{URL: before, Signer: pair}, e, fleet.WorkerOptions{})
	if err := c.Submit(t.Context(), fleet.Task{ID: "1", Trial: 1, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	<-began
	log, err := fleet.WorkerLog(t.Context(), conn, w.conn.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if last := log[len(log)-1].Text; last != "task 1 of work begins, attempt 1" {
		t.Errorf("the worker's log ends with %q", last)
	}
	if err := fleet.RemoveWorker(t.Context(), conn, w.conn.PublicKey()); err != nil {
		t.Fatal(err)
	}
	err = <-w.done
	w.done <- err
	if !errors.Is(err, fleet.ErrRemoved) {
		t.Errorf("a removed worker returns %v", err)
	}
	if _, err := fleet.Dial(t.Context(), fleet.Access{URL: s.URL(fleet.RoleWorker), Signer: pair}); !errors.Is(err, fleet.ErrRefused) {
		t.Errorf("a removed worker comes again: %v", err)
	}
	now, err := fleet.WorkerURL(t.Context(), conn)
	if err != nil || now == before || now != s.URL(fleet.RoleWorker) {
		t.Errorf("workers join with %q, and did with %q: %v", now, before, err)
	}
	if _, err := fleet.Dial(t.Context(), fleet.Access{URL: before}); !errors.Is(err, fleet.ErrRefused) {
		t.Errorf("the URL that the removed worker knew: %v", err)
	}
	startWorker(t, fleet.Access{URL: now}, newExecutor("other", 1), fleet.WorkerOptions{})
	if _, err := c.Await(t.Context(), "1"); err != nil {
		t.Error(err)
	}
	asking := dial(t, fleet.Access{URL: now})
	if url, err := fleet.WorkerURL(t.Context(), asking); err == nil {
		t.Errorf("a worker is told %q", url)
	}
}

// TestProgress: what tasks say reaches the coordinator, and who watches.
func TestProgress(t *testing.T) {
	s := startServer(t, server.Options{})
	conn := dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	heard, watched := make(chan fleet.Progress, 99), make(chan fleet.Progress, 99)
	watching, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- fleet.Watch(watching, conn, "", func(p fleet.Progress) { watched <- p }) }()
	c := join(t, conn, "work", fleet.CoordinatorOptions{Progress: func(p fleet.Progress) { heard <- p }})
	w := startWorker(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}, newExecutor("host", 1), fleet.WorkerOptions{})
	want := fleet.Progress{Work: "work", ID: "7", Worker: w.conn.PublicKey(), Host: "host", Text: "trial 7: baseline"}
	if err := c.Submit(t.Context(), fleet.Task{ID: "7", Trial: 7, Payload: []byte("plan")}, fleet.Needs{}); err != nil {
		t.Fatal(err)
	}
	for _, from := range []chan fleet.Progress{heard, watched} {
		select {
		case got := <-from:
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		case <-time.After(within):
			t.Error("nothing was heard")
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestUnanswered: who asks somebody that stands still is told who that is, and within a time.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	p, q := startProxy(t, s.Addr()), startProxy(t, s.Addr())
	w := startWorker(t, fleet.Access{URL: p.through(s.URL(fleet.RoleWorker))}, newExecutor("host", 1), fleet.WorkerOptions{})
	far, conn := dial(t, fleet.Access{URL: q.through(s.URL(fleet.RoleCoordinator))}), dial(t, fleet.Access{URL: s.URL(fleet.RoleCoordinator)})
	eventually(t, "the worker is there", func() bool {
		o, err := fleet.FindWorker(t.Context(), conn, "host")
		return err == nil && o.Key == w.conn.PublicKey()
	})
	p.cut.Store(true)
	q.cut.Store(true)
	ask := map[string]func() error{
		"no answer from worker " + w.conn.PublicKey() + " (drain) within 5s": func() error { return fleet.DrainWorker(t.Context(), conn, w.conn.PublicKey()) },
		"no answer from the fleet's server":                                  func() error { _, err := fleet.FindWorker(t.Context(), far, "host"); return err },
	}
	var wg sync.WaitGroup
	for want, do := range ask {
		wg.Go(func() {
			if err := do(); !errors.Is(err, fleet.ErrUnanswered) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "deadline") {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
	wg.Wait()
	if _, err := fleet.FindWorker(t.Context(), dial(t, fleet.Access{URL: s.URL(fleet.RoleWorker)}), "host"); !errors.Is(err, fleet.ErrDenied) {
		t.Errorf("finding a worker as one: %v", err)
	}
}
