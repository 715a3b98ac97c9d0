package harness

import (
	"context"
	"errors"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
)

// lister is a switch that lists core files.
type lister struct {
	drivers.Driver
	cores []drivers.Core
	err   error
}

func (l *lister) Cores(context.Context) ([]drivers.Core, error) { return l.cores, l.err }

// A core file that was there at first is nobody's death in this trial; one that is new is,
// wherever the listing puts it, and a listing that cannot be read is no sign of health.
func TestDeathsByCores(t *testing.T) {
	d := &lister{cores: []drivers.Core{{Name: "core.old"}}}
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
	want()
	want()
	d.cores = []drivers.Core{{Name: "core.hal"}, {Name: "core.old"}}
	want("core.hal")
	d.cores = append([]drivers.Core{{Name: "core.bgp", Size: 7}}, d.cores...)
	want("core.hal", "core.bgp")
	d.err = errors.New("unexpected words")
	if deaths, err := n.deaths(t.Context()); err == nil {
		t.Errorf("got %+v", deaths)
	}
	if _, err := (&labNode{}).deaths(t.Context()); !errors.Is(err, drivers.ErrUnsupported) {
		t.Errorf("a driver without either: %v", err)
	}
}
