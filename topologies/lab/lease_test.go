package lab_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// row is a lab of n switches, each with two cables to the next.
func row(t *testing.T, dir string, n int) *lab.Inventory {
	t.Helper()
	var b strings.Builder
	b.WriteString("reprise: lab/v1\nname: row\nstate: state\ndevices:\n")
	for i := range n {
		fmt.Fprintf(&b, "  sw%d: {platform: exos, model: m, version: 32.7.1.9, kind: vm, access: {address: h%d}, ports: {\"1-8\": {speed: 1G}}}\n", i+1, i+1)
	}
	b.WriteString("cables:\n")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "  - [sw%d:1, sw%d:3]\n  - [sw%d:2, sw%d:4]\n", i, i+1, i, i+1)
	}
	if n < 2 {
		b.WriteString("  []\n")
	}
	file := filepath.Join(dir, "lab.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return load(t, file)
}

// fake is a clock that tests set, and processes that tests end.
type fake struct {
	wall atomic.Int64 // seconds
	boot atomic.Int64
	id   string
	dead atomic.Bool
}

func newFake(id string) *fake {
	f := &fake{id: id}
	f.wall.Store(1_800_000_000)
	f.boot.Store(1000)
	return f
}

func (f *fake) settings(owner string) lab.Settings {
	return lab.Settings{
		Owner: owner, Renew: 10 * time.Minute, Poll: time.Millisecond, // no renewal of its own within a test
		Now: func() (lab.Moment, error) {
			return lab.Moment{Wall: time.Unix(f.wall.Load(), 0), Boot: time.Duration(f.boot.Load()) * time.Second, BootID: f.id}, nil
		},
		Process: func(pid int) (lab.Process, error) { return lab.Process{Host: "h", Boot: f.id, PID: pid, Start: 1}, nil },
		Alive:   func(lab.Process) bool { return !f.dead.Load() },
	}
}

func open(t *testing.T, inv *lab.Inventory, s lab.Settings) *lab.Lab {
	t.Helper()
	l, err := lab.Open(t.Context(), inv, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func reserve(t *testing.T, l *lab.Lab, o lab.Order) *lab.Hold {
	t.Helper()
	h, err := l.Reserve(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Release(context.Background()) })
	return h
}

func busy(t *testing.T, l *lab.Lab, devices ...string) *lab.BusyError {
	t.Helper()
	_, err := l.Reserve(t.Context(), lab.Order{Request: lab.RequestDevices(devices...)})
	b, ok := errors.AsType[*lab.BusyError](err)
	if !ok {
		t.Fatalf("got %v, want that %v are busy", err, devices)
	}
	return b
}

func free(t *testing.T, l *lab.Lab, devices ...string) {
	t.Helper()
	h, err := l.Reserve(t.Context(), lab.Order{Request: lab.RequestDevices(devices...)})
	if err != nil {
		t.Fatalf("%v are not free: %v", devices, err)
	}
	if err := h.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestLeaseIsAllOrNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a lab? 100%25 #1 & more") // a folder may be called anything
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	inv := row(t, dir, 3)
	anna, ben := open(t, inv, newFake("b").settings("anna@x")), open(t, inv, newFake("b").settings("ben@y"))
	h := reserve(t, anna, lab.Order{Request: lab.RequestDevices("sw2"), Purpose: "run r1", Term: time.Hour})
	got := busy(t, ben, "sw1", "sw2").Error()
	if want := "sw2 is reserved by anna@x for run r1 until 2027-01-15 09:00 UTC"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	free(t, ben, "sw1", "sw3")
	if err := h.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	free(t, ben, "sw1", "sw2")
	if _, err := os.Stat(filepath.Join(inv.State, "leases.db")); err != nil {
		t.Error(err)
	}
	if _, err := ben.Reserve(t.Context(), lab.Order{Request: lab.RequestDevices("sw9")}); err == nil || !strings.Contains(err.Error(), "not in the inventory") {
		t.Errorf("got %v", err)
	}
}

// No clock that somebody sets ends a lease of this boot; the boot clock does.
func TestClockJumps(t *testing.T) {
	const hour = 3600
	tests := []struct {
		name       string
		wall, boot int64 // seconds, how far each clock goes on
		otherBoot  bool
		byHand     bool
		want       bool // free
	}{
		{name: "nothing happened", wall: 10, boot: 10},
		{name: "wall jumps forward", wall: 1000 * hour, boot: 60},
		{name: "wall jumps back", wall: -1000 * hour, boot: 60},
		{name: "wall stands, not renewed", boot: hour, want: true},
		{name: "wall jumps back, not renewed", wall: -1000 * hour, boot: hour, want: true},
		{name: "by hand: wall jumps forward", wall: 1000 * hour, boot: 60, byHand: true},
		{name: "by hand: not renewed, and need not be", wall: 2 * hour, boot: 2 * hour, byHand: true},
		{name: "by hand: its end", boot: 6 * hour, byHand: true, want: true},
		{name: "another boot: not renewed, before its end", wall: 2 * hour, otherBoot: true},
		{name: "another boot: wall jumps back", wall: -1000 * hour, otherBoot: true},
		{name: "another boot: its end", wall: 6 * hour, boot: -900, otherBoot: true, want: true},
		{name: "another boot: its end, by hand", wall: 6 * hour, otherBoot: true, byHand: true, want: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv, f := row(t, t.TempDir(), 1), newFake("boot-1")
			reserve(t, open(t, inv, f.settings("anna@x")), lab.Order{Request: lab.RequestDevices("sw1"), Term: 5 * hour * time.Second, ByHand: tt.byHand})
			g := newFake("boot-1")
			if tt.otherBoot {
				g = newFake("boot-2")
			}
			g.wall.Add(tt.wall)
			g.boot.Add(tt.boot)
			l := open(t, inv, g.settings("ben@y"))
			if tt.want {
				free(t, l, "sw1")
			} else {
				_ = busy(t, l, "sw1")
			}
		})
	}
}

// On another boot both must be past: the end, and the last renewal.
func TestRenewedBeyondItsEnd(t *testing.T) {
	inv, f := row(t, t.TempDir(), 1), newFake("boot-1")
	s := f.settings("anna@x")
	s.Renew = time.Millisecond
	anna := open(t, inv, s)
	reserve(t, anna, lab.Order{Request: lab.RequestDevices("sw1"), Term: time.Hour})
	f.wall.Add(7200) // the clock of anna's machine goes wrong; its boot clock stands
	other := newFake("boot-2")
	other.wall.Add(7200)
	l := open(t, inv, other.settings("ben@y"))
	until(t, func() bool { // a renewal has come through
		list, err := anna.List(t.Context())
		return err == nil && list[0].Lease != nil && list[0].Lease.Renewed.Unix() == f.wall.Load()
	})
	_ = busy(t, l, "sw1")
}

// until waits for a condition, with a bound.
func until(t *testing.T, f func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("what is waited for did not happen")
		}
	}
}

func TestKick(t *testing.T) {
	inv := row(t, t.TempDir(), 3)
	s := newFake("b").settings("anna@x")
	s.Renew = time.Millisecond
	anna, ben := open(t, inv, s), open(t, inv, newFake("b").settings("ben@y"))
	h := reserve(t, anna, lab.Order{Request: lab.RequestDevices("sw1", "sw2")})
	for _, reason := range []string{"", " \n"} {
		if err := ben.Kick(t.Context(), "sw1", reason); !errors.Is(err, lab.ErrNoReason) {
			t.Errorf("kick without a reason: %v", err)
		}
	}
	if h.Err() != nil {
		t.Error(h.Err())
	}
	if err := ben.Kick(t.Context(), "sw1", "network down at a customer's"); err != nil {
		t.Fatal(err)
	}
	free(t, ben, "sw1")
	_ = busy(t, ben, "sw2") // the other device stays anna's
	select {
	case <-h.Lost():
	case <-t.Context().Done():
	}
	if err := h.Err(); !errors.Is(err, lab.ErrLost) || !strings.Contains(err.Error(), "sw1 was kicked by ben@y: network down") {
		t.Errorf("got %v", err)
	}
	events, err := ben.History(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.What == "kicked" {
			if diff := cmp.Diff([]string{"ben@y", "sw1", "network down at a customer's (it was anna@x's)"}, []string{e.Who, e.Device, e.Reason}); diff != "" {
				t.Error(diff)
			}
			return
		}
	}
	t.Errorf("no kick in the history: %+v", events)
}

func TestReleaseByHand(t *testing.T) {
	inv := row(t, t.TempDir(), 2)
	anna, ben := open(t, inv, newFake("b").settings("anna@x")), open(t, inv, newFake("b").settings("ben@y"))
	h := reserve(t, anna, lab.Order{Request: lab.RequestDevices("sw1", "sw2"), ByHand: true, Term: time.Hour})
	if h.Lease().PID != 0 {
		t.Errorf("a lease by hand is bound to process %d", h.Lease().PID)
	}
	if err := ben.Release(t.Context(), "sw1"); !errors.Is(err, lab.ErrNotYours) {
		t.Errorf("got %v", err)
	}
	if err := anna.Release(t.Context(), "sw1", "sw1"); err != nil {
		t.Fatal(err)
	}
	free(t, ben, "sw1")
	_ = busy(t, ben, "sw2")
}

// Those who wait go by priority, then by who came first; a request for many is not
// starved by requests for one.
func TestQueue(t *testing.T) {
	inv := row(t, t.TempDir(), 3)
	f := newFake("b")
	l := open(t, inv, f.settings("anna@x"))
	h := reserve(t, l, lab.Order{Request: lab.RequestDevices("sw1"), Purpose: "first"})
	type done struct {
		name string
		hold *lab.Hold
		err  error
	}
	got := make(chan done, 3)
	place := make(chan lab.Place, 1000)
	asked := 0
	ask := func(name string, priority int, devices ...string) {
		asked++
		go func() {
			hold, err := l.Reserve(t.Context(), lab.Order{
				Request: lab.RequestDevices(devices...), Purpose: name, Priority: priority, Wait: true, Waiting: func(p lab.Place) { place <- p },
			})
			got <- done{name, hold, err}
		}()
		for p := range place { // until it stands in the queue
			if p.Of == asked {
				break
			}
		}
	}
	ask("both", 0, "sw1", "sw2")
	ask("late", 0, "sw1")
	ask("urgent", 5, "sw1")
	// sw2 is free, and kept for the one who waits for it and sw1; sw3 nobody waits for.
	if b := busy(t, l, "sw2"); !b.Holders[0].Queued || b.Holders[0].Lease.Purpose != "both" {
		t.Errorf("sw2: %v", b)
	}
	free(t, l, "sw3")
	list, err := l.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]lab.State{"leased", "queued", "free"}, []lab.State{list[0].State, list[1].State, list[2].State}); diff != "" {
		t.Error(diff)
	}
	queue, err := l.Queue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"urgent", "both", "late"} {
		if queue[i].Purpose != want {
			t.Errorf("place %d: %s, want %s", i+1, queue[i].Purpose, want)
		}
	}
	for _, want := range []string{"urgent", "both", "late"} {
		if err := h.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		d := <-got
		if d.err != nil || d.name != want {
			t.Fatalf("%s: %v, want %s", d.name, d.err, want)
		}
		h = d.hold
	}
	if err := h.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	inv := row(t, t.TempDir(), 1)
	l := open(t, inv, newFake("b").settings("anna@x"))
	reserve(t, l, lab.Order{Request: lab.RequestDevices("sw1")})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := l.Reserve(ctx, lab.Order{Request: lab.RequestDevices("sw1"), Wait: true, Waiting: func(p lab.Place) {
		if p.Position != 1 || p.Of != 1 {
			t.Errorf("place %+v", p)
		}
		cancel()
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if queue, err := l.Queue(t.Context()); err != nil || len(queue) != 0 {
		t.Errorf("queue %v, %v", queue, err)
	}
}

func restorePoint() topologies.RestorePoint {
	return topologies.RestorePoint{Checkpoint: "reprise", Selected: "primary.cfg", Config: []byte("create vlan v1\n"), Version: "32.7.1.9", Serial: "S1"}
}

// A device whose restore point is open goes to nobody, except to who mends it.
func TestOpenEntryBlocks(t *testing.T) {
	inv, f := row(t, t.TempDir(), 2), newFake("b")
	anna, ben := open(t, inv, f.settings("anna@x")), open(t, inv, newFake("b").settings("ben@y"))
	h := reserve(t, anna, lab.Order{Request: lab.RequestDevices("sw1", "sw2"), Run: "r1"})
	if err := h.Keep(t.Context(), "sw1", "a", restorePoint()); err != nil {
		t.Fatal(err)
	}
	err := h.Keep(t.Context(), "sw1", "a", restorePoint())
	if _, ok := errors.AsType[*lab.OpenEntryError](err); !ok {
		t.Errorf("kept twice: %v", err)
	}
	_ = busy(t, ben, "sw1") // while anna works on it, it is hers
	err = h.Release(t.Context())
	if u, ok := errors.AsType[*lab.UnrestoredError](err); !ok || !cmp.Equal(u.Devices, []string{"sw1"}) {
		t.Fatalf("got %v", err)
	}
	free(t, ben, "sw2")
	_ = busy(t, ben, "sw1")
	// Her process dies: the lease is over, and the entry is not.
	gone := newFake("b")
	gone.dead.Store(true)
	cai := open(t, inv, gone.settings("cai@z"))
	_, err = cai.Reserve(t.Context(), lab.Order{Request: lab.RequestDevices("sw1")})
	if _, ok := errors.AsType[*lab.NoFitError](err); !ok || !strings.Contains(err.Error(), "not restored since r1 of anna@x: run `reprise lab restore sw1`") {
		t.Fatalf("got %v", err)
	}
	mend := reserve(t, cai, lab.Order{Request: lab.RequestDevices("sw1"), Mend: true, ByHand: true})
	w, ok, err := mend.Kept("sw1")
	if err != nil || !ok || string(w.Config) != "create vlan v1\n" || w.Selected != "primary.cfg" {
		t.Fatalf("kept: %+v, %v, %v", w, ok, err)
	}
	if err := mend.Restored(t.Context(), "sw1"); err != nil {
		t.Fatal(err)
	}
	if err := mend.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	free(t, ben, "sw1")
	if err := h.Keep(t.Context(), "sw1", "a", restorePoint()); !errors.Is(err, lab.ErrLost) {
		t.Errorf("kept without the lease: %v", err)
	}
}

func TestQuarantine(t *testing.T) {
	inv := row(t, t.TempDir(), 1)
	l := open(t, inv, newFake("b").settings("anna@x"))
	if err := l.Quarantine(t.Context(), "sw1", "does not boot"); err != nil {
		t.Fatal(err)
	}
	_, err := l.Reserve(t.Context(), lab.Order{Request: lab.RequestDevices("sw1"), Wait: true})
	if err == nil || !strings.Contains(err.Error(), "in quarantine since 2027-01-15 08:00 UTC: does not boot") {
		t.Errorf("got %v", err)
	}
	list, err := l.List(t.Context())
	if err != nil || list[0].State != lab.StateQuarantined || list[0].Quarantine.Reason != "does not boot" {
		t.Errorf("got %+v, %v", list, err)
	}
	if err := l.Unquarantine(t.Context(), "sw1", ""); !errors.Is(err, lab.ErrNoReason) {
		t.Errorf("got %v", err)
	}
	if err := l.Unquarantine(t.Context(), "sw1", "new power supply"); err != nil {
		t.Fatal(err)
	}
	free(t, l, "sw1")
}

// TestEmptiedLeases: a file of leases that is empty, or somebody else's, says nothing of what
// is free: it is an error, and stays as it is.
func TestEmptiedLeases(t *testing.T) {
	for name, data := range map[string]string{"empty": "", "of another program": "no database"} {
		inv := &lab.Inventory{Name: "x", State: t.TempDir()}
		file := filepath.Join(inv.State, "leases.db")
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := lab.Open(t.Context(), inv, lab.Settings{})
		if err == nil {
			t.Errorf("%s: the lab is open, and all is free", name)
			_ = l.Close()
		}
		if now, err := os.ReadFile(file); err != nil || string(now) != data {
			t.Errorf("%s: the file was changed: %v", name, err)
		}
	}
	inv := &lab.Inventory{Name: "x", State: t.TempDir()}
	for range 2 { // made, and found again
		l, err := lab.Open(t.Context(), inv, lab.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(inv.State)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is left", e.Name())
		}
	}
}
