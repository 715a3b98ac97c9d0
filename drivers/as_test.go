package drivers_test

import (
	"context"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
)

// wrapped is a driver around another, as one that times or records commands would be.
type wrapped struct{ drivers.Driver }

func (w wrapped) Unwrap() drivers.Driver { return w.Driver }

// opaque is a wrapper that hides what it wraps.
type opaque struct{ drivers.Driver }

// able is a driver with every ability of a session; none is called here.
type able struct {
	drivers.Driver
	drivers.Booter
	drivers.BootTeller
	drivers.Configurer
	drivers.Sheller
	drivers.FactSource
	drivers.EvidenceSource
	drivers.ConfigShower
	drivers.LogSource
	drivers.LogTeller
	drivers.SessionOpener
	drivers.ConfigResetter
	drivers.DaemonRestarter
	drivers.DeathWatcher
	drivers.ProcessController
	drivers.Stopper
	drivers.Checkpointer
	drivers.ConfigSaver
	drivers.Persister
	drivers.LinkFlapper
	drivers.Rebooter
	drivers.LogMarker
	drivers.NeighbourSource
	drivers.ClassedEvidence
	drivers.TechSupporter
	drivers.CoreLister
	drivers.Normaliser
	drivers.Marked
	drivers.Noter
}

func has[T any](v any) bool { _, ok := drivers.As[T](v); return ok }

var sessionAbilities = map[string]func(any) bool{
	"Booter": has[drivers.Booter], "BootTeller": has[drivers.BootTeller], "Configurer": has[drivers.Configurer],
	"Sheller": has[drivers.Sheller], "FactSource": has[drivers.FactSource], "EvidenceSource": has[drivers.EvidenceSource],
	"ConfigShower": has[drivers.ConfigShower],
	"LogSource":    has[drivers.LogSource], "LogTeller": has[drivers.LogTeller], "SessionOpener": has[drivers.SessionOpener],
	"ConfigResetter":  has[drivers.ConfigResetter],
	"DaemonRestarter": has[drivers.DaemonRestarter], "DeathWatcher": has[drivers.DeathWatcher],
	"ProcessController": has[drivers.ProcessController], "Stopper": has[drivers.Stopper], "Checkpointer": has[drivers.Checkpointer],
	"ConfigSaver": has[drivers.ConfigSaver], "Persister": has[drivers.Persister], "LinkFlapper": has[drivers.LinkFlapper],
	"Rebooter": has[drivers.Rebooter], "LogMarker": has[drivers.LogMarker], "NeighbourSource": has[drivers.NeighbourSource],
	"ClassedEvidence": has[drivers.ClassedEvidence], "TechSupporter": has[drivers.TechSupporter], "CoreLister": has[drivers.CoreLister],
	"Normaliser": has[drivers.Normaliser], "Marked": has[drivers.Marked], "Noter": has[drivers.Noter],
}

// A wrapper keeps every ability of what it wraps, however deep; one that cannot be looked
// through has none.
func TestAsKeepsEveryAbility(t *testing.T) {
	inner := &able{}
	for name, is := range sessionAbilities {
		if !is(inner) || !is(wrapped{inner}) || !is(wrapped{wrapped{inner}}) {
			t.Errorf("%s is lost", name)
		}
		if is(opaque{inner}) || is(wrapped{}) || is(nil) {
			t.Errorf("%s comes from nowhere", name)
		}
	}
}

// booter is a wrapper with something to add to one ability.
type booter struct{ wrapped }

func (booter) Boot(context.Context) error { return nil }

// The outermost implementation of an ability is found, and a concrete type as well as an ability.
func TestAsFindsTheOutermost(t *testing.T) {
	d := wrapped{booter{wrapped{&able{}}}}
	b, ok := drivers.As[drivers.Booter](d)
	if _, outer := b.(booter); !ok || !outer {
		t.Errorf("got %T", b)
	}
	if _, ok := drivers.As[*able](d); !ok {
		t.Error("the driver itself is not found")
	}
}
