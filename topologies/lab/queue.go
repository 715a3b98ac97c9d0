package lab

import (
	"context"
	"database/sql"
	"maps"
	"slices"
)

// Place is where in the queue somebody stands.
type Place struct {
	Position int // from 1
	Of       int
	Busy     *BusyError
}

// queue takes a place, or says that it is still wanted.
func (l *Lab) queue(ctx context.Context, tx *sql.Tx, v *view, c *claim, p *Place) error {
	there := slices.ContainsFunc(v.claims, func(o *claim) bool { return o.ID == c.ID })
	if !there && c.seq == 0 {
		c.begin(v.at, 0)
	}
	if !there || v.at.Boot-c.renewedBoot >= l.settings.Renew {
		c.waiting, c.PID = true, c.process.PID
		c.Renewed, c.renewedBoot = v.at.Wall, v.at.Boot
		if err := c.put(ctx, tx); err != nil {
			return err
		}
	}
	p.Position = 1
	for _, w := range v.waiters() {
		if w.ID != c.ID {
			p.Of++
			if w.before(c) {
				p.Position++
			}
		}
	}
	p.Of++
	return nil
}

// before says whether a waiter goes before another; one that is in no queue yet goes last
// of its priority.
func (c *claim) before(o *claim) bool {
	if c.Priority != o.Priority {
		return c.Priority > o.Priority
	}
	return o.seq == 0 || c.seq < o.seq
}

// earmarks gives the free devices that are kept for those who wait before c (nil: for all
// who wait). Each of them, in turn, plans with what is free, else with what others have,
// else with what is kept for the ones before; the devices of its plan that are free
// already are kept for it. So a request for many devices is not starved by those for one,
// and who comes later may have what nobody plans with.
func (l *Lab) earmarks(v *view, c *claim) map[string]*claim {
	kept := map[string]*claim{}
	held, reserved := map[string]Holder{}, map[string]Holder{}
	for d, h := range v.holder {
		held[d] = Holder{Device: d, Lease: h.Lease}
	}
	for _, w := range v.waiters() {
		if c != nil && (w.ID == c.ID || !w.before(c)) {
			continue
		}
		a, ok := l.plan(w.request, v.blocked(false), held, reserved)
		if !ok {
			continue // nothing for it, until something changes
		}
		for _, d := range a.Devices {
			if _, taken := held[d]; !taken && kept[d] == nil {
				kept[d], reserved[d] = w, Holder{Device: d, Lease: w.Lease, Queued: true}
			}
		}
	}
	return kept
}

// plan finds devices for somebody who waits: without those that are held or kept, then
// without those that are kept, then with any.
func (l *Lab) plan(r Request, blocked map[string]string, held, kept map[string]Holder) (Assignment, bool) {
	both := maps.Clone(held)
	maps.Copy(both, kept)
	for _, without := range []map[string]Holder{both, kept, nil} {
		try := r.without(blocked, without)
		try.Last = soonest(both)
		if a, err := Solve(l.Inventory, try); err == nil {
			return a, true
		}
	}
	return Assignment{}, false
}
