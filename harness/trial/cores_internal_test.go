package trial

import (
	"context"
	"errors"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/scenarios"
)

// lister is a switch that lists core files.
type lister struct {
	drivers.Driver
	cores []drivers.Core
	err   error
}

func (l *lister) Cores(context.Context) ([]drivers.Core, error) { return l.cores, l.err }

// A core file that was there before is nobody's death in this trial; one that is new, or was
// written anew, is, wherever the listing puts it; and where it is not known what was there
// before, nothing is said.
func TestDeathsByCores(t *testing.T) {
	d := &lister{err: errors.New("unexpected words")}
	n := &labNode{driver: d}
	want := func(names ...string) {
		t.Helper()
		deaths, err := n.deaths(t.Context())
		if err != nil || len(deaths) != len(names) {
			t.Fatalf("got %+v, %v, want %v", deaths, err, names)
		}
		for i, name := range names {
			if deaths[i].Process != name {
				t.Errorf("got %+v, want %v", deaths, names)
			}
		}
	}
	unknown := func() {
		t.Helper()
		if deaths, err := n.deaths(t.Context()); err == nil {
			t.Errorf("got %+v", deaths)
		}
	}
	if err := n.rememberCores(t.Context(), d); err == nil {
		t.Error("a listing that failed was remembered")
	}
	d.err, d.cores = nil, []drivers.Core{{Name: "core.old", Size: 1}}
	unknown()
	if err := n.rememberCores(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	want()
	d.cores = []drivers.Core{{Name: "core.hal"}, {Name: "core.old", Size: 1}}
	want("core.hal")
	d.cores = []drivers.Core{{Name: "core.hal"}, {Name: "core.old", Size: 2}}
	want("core.hal", "core.old")
	d.err = errors.New("unexpected words")
	unknown()
	if _, err := (&labNode{}).deaths(t.Context()); !errors.Is(err, drivers.ErrUnsupported) {
		t.Errorf("a driver without either: %v", err)
	}
}

// undertaker is a driver that tells of deaths since its daemons were started last.
type undertaker struct {
	drivers.Driver
	deaths []drivers.Death
}

func (w *undertaker) Deaths(context.Context) ([]drivers.Death, error) { return w.deaths, nil }

// A daemon that died before the trial may run unwatched since then, but not where the lab was reset: its driver, who lists that
// death no more, has started it.
func TestDiedBeforeReset(t *testing.T) {
	w := &undertaker{deaths: []drivers.Death{{Process: "bgpd", PID: 7, Signal: "SIGSEGV"}}}
	n := &labNode{driver: w}
	for _, unwatched := range []bool{true, false} {
		deaths, err := n.deaths(t.Context())
		if err != nil || len(deaths) != 1 {
			t.Fatalf("%+v, %v", deaths, err)
		}
		if got := n.mayRunAnew(scenarios.CoreProbe{Process: "bgpd"}, deaths, 1); got != unwatched {
			t.Errorf("it may run anew: %v, want %v", got, unwatched)
		}
		w.deaths = nil
	}
}
