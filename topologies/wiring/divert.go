package wiring

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
)

// A program that stands on a cable (see package wire) gets frames where rules of nftables stand that
// drop others, and by the same means: what they match is handed to a group of nfnetlink_log, marked,
// and taken away behind the hook. What the program sends on leaves past the hook. A witness at the far
// end counts what arrives, so that frames which were never handed over are known.

const (
	divertTable        = "reprise-wire"
	divertWitnessTable = "reprise-wire-witness"
)

func diverting() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyNetdev, Name: divertTable}
}

func divertWitnesses() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyNetdev, Name: divertWitnessTable}
}

// divert has what leaves op.B and any of the filters matches be handed to their groups, and nothing
// else. Filters that are in force keep their counters.
func (o Opener) divert(op Op) error {
	at, from := op.A, op.B
	for _, f := range op.Filters {
		if err := f.check(); err != nil {
			return err
		}
		if f.Group == 0 {
			return fmt.Errorf("filter %s has no group to hand frames to", f.ID)
		}
	}
	if len(op.Filters) == 0 {
		return errors.Join(o.clearArrivals(divertWitnesses(), at), o.clearEgress(diverting(), from))
	}
	s, far, done, err := o.openBoth(from, at)
	if err != nil {
		return err
	}
	defer done()
	link, err := s.handle.LinkByName(from.Interface)
	if err != nil {
		return fmt.Errorf("find %s: %w", from.Interface, err)
	}
	if wires, err := s.inForce(diverting(), from.Interface); err != nil {
		return err
	} else if len(wires) == 0 { // what was counted before is none of this wire's time
		if err := s.forgetLeaving(diverting(), from.Interface); err != nil {
			return err
		}
	}
	if err := errors.Join(s.watchLeaving(from.Interface), s.takeMarked(link)); err != nil { // before the wire sends anything
		return err
	}
	if err := s.setRules(diverting(), from.Interface, op.Filters); err != nil {
		return err
	}
	return far.setWitnesses(divertWitnesses(), at.Interface, op.Filters) // last: what left before is no riddle
}

// diverted tells how many frames a filter has handed over, and how many arrived that it matches.
func (o Opener) diverted(op Op) (r Result, err error) {
	s, far, done, err := o.openBoth(op.B, op.A)
	if err != nil {
		return Result{}, err
	}
	defer done()
	if r.Arrived, err = far.arrived(divertWitnesses(), op.A.Interface, op.Name); err != nil { // first: what passes meanwhile is then no riddle
		return Result{}, err
	}
	for _, chain := range []string{chainCaught, chainUnread} {
		list, err := s.counted(diverting(), op.B.Interface, op.Name, chain)
		if err == nil && len(list) == 0 {
			err = fmt.Errorf("the rules of %s are no longer there", op.B.Interface)
		}
		if err != nil {
			return Result{}, fmt.Errorf("read what left %s: %w", op.B.Interface, unanswered(err))
		}
		r.Count += list[0]
	}
	blind, err := far.blind(op.A.Interface)
	if err == nil && blind {
		r.Past, err = s.pastHook(op.B.Interface)
	}
	return r, err
}
