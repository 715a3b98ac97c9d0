package topologies_test

import (
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// wrappedLab and wrappedProvider are around others of their kind.
type wrappedLab struct{ topologies.Reservation }

func (w wrappedLab) Unwrap() topologies.Reservation { return w.Reservation }

type wrappedProvider struct{ topologies.Provider }

func (w wrappedProvider) Unwrap() topologies.Provider { return w.Provider }

// ableLab and ableProvider have every ability; none is called here.
type ableLab struct {
	topologies.Reservation
	topologies.Accessor
	topologies.Consoler
	topologies.PortMapper
	topologies.RestoreJournal
	topologies.Loser
	topologies.Resetter
	topologies.BuiltKinder
	topologies.Faulter
	topologies.NodeWatcher
	topologies.ProcessWatcher
	topologies.NodeRestarter
	topologies.Enterer
	topologies.Warner
	topologies.StateChecker
}

type ableProvider struct {
	topologies.Provider
	topologies.Kinder
	topologies.Collector
	topologies.Puller
	topologies.EngineTeller
	topologies.ImageDescriber
}

func has[T any](v any) bool { _, ok := topologies.As[T](v); return ok }

// A wrapper keeps every ability of what it wraps, however deep.
func TestAsKeepsEveryAbility(t *testing.T) {
	lab, provider := &ableLab{}, &ableProvider{}
	for name, is := range map[string]func(any) bool{
		"Accessor": has[topologies.Accessor], "Consoler": has[topologies.Consoler], "PortMapper": has[topologies.PortMapper],
		"RestoreJournal": has[topologies.RestoreJournal], "Loser": has[topologies.Loser], "Resetter": has[topologies.Resetter],
		"BuiltKinder": has[topologies.BuiltKinder], "Faulter": has[topologies.Faulter], "NodeWatcher": has[topologies.NodeWatcher],
		"ProcessWatcher": has[topologies.ProcessWatcher], "NodeRestarter": has[topologies.NodeRestarter],
		"Enterer": has[topologies.Enterer], "StateChecker": has[topologies.StateChecker],
		"Warner": has[topologies.Warner],
	} {
		if !is(lab) || !is(wrappedLab{wrappedLab{lab}}) {
			t.Errorf("%s is lost", name)
		}
		if is(wrappedLab{}) || is(nil) {
			t.Errorf("%s comes from nowhere", name)
		}
	}
	for name, is := range map[string]func(any) bool{
		"Kinder": has[topologies.Kinder], "Collector": has[topologies.Collector], "Puller": has[topologies.Puller],
		"EngineTeller": has[topologies.EngineTeller], "ImageDescriber": has[topologies.ImageDescriber],
	} {
		if !is(provider) || !is(wrappedProvider{wrappedProvider{provider}}) {
			t.Errorf("%s is lost", name)
		}
	}
}
