package cabling

import (
	"errors"
	"testing"
)

// What was handed over for a fault that is over has come to the wire all the same: without it, as many
// frames of the others could be lost unseen.
func TestHandedOfFaultsThatAreOver(t *testing.T) {
	one, two := &active{id: "one"}, &active{id: "two"}
	counts := map[*active]uint64{one: 5, two: 3}
	count := func(f *active) (uint64, error) { return counts[f], nil }
	s := &stand{in: []*active{one, two}}
	if n, err := s.handed(count); n != 8 || err != nil {
		t.Errorf("of both: %d, %v", n, err)
	}
	s.change([]*active{two}, count)
	counts[one], counts[two] = 0, 4
	if n, err := s.handed(count); n != 9 || err != nil || two.blind != nil {
		t.Errorf("when one is over: %d, %v, %v", n, err, two.blind)
	}
	unknown := errors.New("nobody knows")
	if s.change([]*active{one}, func(*active) (uint64, error) { return 0, unknown }); !errors.Is(one.blind, unknown) {
		t.Errorf("where nobody knows: %v", one.blind)
	}
}
