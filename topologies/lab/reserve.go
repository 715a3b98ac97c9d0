package lab

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// DefaultTerm is how long a lease stands that names no end.
const DefaultTerm = 24 * time.Hour

// Order is a lease that is asked for.
type Order struct {
	Request  Request
	Purpose  string // what for, in words for the others
	Run      string // id of the run, when it is one
	Term     time.Duration
	Priority int  // in the queue: higher goes first, then who came first
	PID      int  // process whose death ends the lease; 0 means this one
	ByHand   bool // bound to no process: the lease stands until it is released or Term is over
	// Mend asks for devices although they are not restored or in quarantine, to bring them back.
	Mend bool
	// Wait joins the queue when the devices are taken. Waiting, when not nil, is told of
	// the place in it whenever that changes; it must not block.
	Wait    bool
	Waiting func(Place)
}

// Holder is who has a device that was asked for.
type Holder struct {
	Device string
	Lease  Lease
	Queued bool // the device is free, and kept for somebody who waits
}

// BusyError says that the devices are there, and taken.
type BusyError struct{ Holders []Holder }

func (e *BusyError) Error() string {
	parts := make([]string, 0, len(e.Holders))
	for _, h := range e.Holders {
		parts = append(parts, h.Device+" is "+h.text())
	}
	return strings.Join(parts, "; ")
}

func (h Holder) text() string {
	purpose := ""
	if h.Lease.Purpose != "" {
		purpose = " for " + h.Lease.Purpose
	}
	if h.Queued {
		return "kept for " + h.Lease.Owner + purpose + ", who waits since " + clock(h.Lease.Since)
	}
	return "reserved by " + h.Lease.Owner + purpose + " until " + clock(h.Lease.Until)
}

// Reserve leases devices and cables for a request, all or none. When no devices of the
// inventory will do, whoever has them, it is a *NoFitError; when they are taken, a
// *BusyError, or with Wait a place in the queue until they are free or ctx ends.
func (l *Lab) Reserve(ctx context.Context, o Order) (*Hold, error) {
	c, err := l.newClaim(o)
	if err != nil {
		return nil, err
	}
	var last Place
	for {
		var a *Assignment
		var p Place
		var next claim // c stays as it was until the transaction is through
		err := l.store.tx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			next = *c
			a, p, err = l.attempt(ctx, tx, &next, o)
			return err
		})
		if err == nil {
			c = &next
		}
		switch {
		case err != nil:
			return nil, l.leave(ctx, c, err)
		case a != nil:
			return newHold(ctx, l, c, *a), nil
		case !o.Wait:
			return nil, p.Busy
		}
		if o.Waiting != nil && (p.Position != last.Position || p.Of != last.Of || p.Busy.Error() != last.Busy.Error()) {
			o.Waiting(p)
		}
		if last = p; !pause(ctx, l.settings.Poll) {
			return nil, l.leave(ctx, c, fmt.Errorf("wait for devices: %w (%w)", ctx.Err(), p.Busy))
		}
	}
}

// pause waits for a time, and says whether ctx still stands.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *Lab) newClaim(o Order) (*claim, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, fmt.Errorf("draw a lease id: %w", err)
	}
	p := l.self
	if o.PID != 0 && o.PID != os.Getpid() {
		var err error
		if p, err = l.settings.Process(o.PID); err != nil {
			return nil, err
		}
	}
	return &claim{
		Lease:   Lease{ID: hex.EncodeToString(b[:]), Owner: l.settings.Owner, Purpose: o.Purpose, Run: o.Run, Priority: o.Priority},
		process: p, request: o.Request, grace: missedRenewals * (l.settings.Renew + l.settings.Poll),
	}, nil
}

// leave takes back what an attempt that failed may have left: a place in the queue, or a
// lease whose transaction ended nobody knows how.
func (l *Lab) leave(ctx context.Context, c *claim, why error) error {
	if _, ok := errors.AsType[*NoFitError](why); ok && c.seq == 0 {
		return why
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockTimeout)
	defer cancel()
	return errors.Join(why, l.store.tx(ctx, func(ctx context.Context, tx *sql.Tx) error { return dropClaim(ctx, tx, c.ID) }))
}

// attempt leases what is free, or finds a place in the queue.
func (l *Lab) attempt(ctx context.Context, tx *sql.Tx, c *claim, o Order) (*Assignment, Place, error) {
	v, err := l.look(ctx, tx)
	if err != nil {
		return nil, Place{}, err
	}
	taken := map[string]Holder{}
	if !o.Mend {
		for d, k := range l.earmarks(v, c) {
			taken[d] = Holder{Device: d, Lease: k.Lease, Queued: true}
		}
	}
	for d, h := range v.holder {
		taken[d] = Holder{Device: d, Lease: h.Lease}
	}
	blocked := v.blocked(o.Mend)
	a, err := Solve(l.Inventory, c.request.without(blocked, taken))
	if err == nil {
		return &a, Place{}, l.grant(ctx, tx, v, c, o, a)
	}
	full := err
	r := c.request.without(blocked, nil)
	r.Last = soonest(taken)
	if a, err = Solve(l.Inventory, r); err != nil {
		return nil, Place{}, full
	}
	busy := &BusyError{}
	for _, d := range slices.Sorted(maps.Values(a.Devices)) {
		if h, ok := taken[d]; ok {
			busy.Holders = append(busy.Holders, h)
		}
	}
	if len(busy.Holders) == 0 { // the first search gave up before its end
		return &a, Place{}, l.grant(ctx, tx, v, c, o, a)
	}
	p := Place{Busy: busy}
	if o.Wait {
		err = l.queue(ctx, tx, v, c, &p)
	} else {
		err = nil
	}
	return nil, p, err
}

// without gives the request with what is blocked and what is taken left out.
func (r Request) without(blocked map[string]string, taken map[string]Holder) Request {
	r.Blocked = maps.Clone(blocked)
	for d, h := range taken {
		if r.Blocked[d] == "" {
			r.Blocked[d] = h.text()
		}
	}
	return r
}

// soonest orders what is taken by when it is free again.
func soonest(taken map[string]Holder) []string {
	return slices.SortedFunc(maps.Keys(taken), func(a, b string) int {
		return cmp.Or(taken[a].Lease.Until.Compare(taken[b].Lease.Until), cmp.Compare(a, b))
	})
}

func (l *Lab) grant(ctx context.Context, tx *sql.Tx, v *view, c *claim, o Order, a Assignment) error {
	granted := *c
	granted.waiting = false
	granted.Devices = slices.Sorted(maps.Values(a.Devices))
	if o.ByHand {
		granted.process.PID, granted.process.Start = 0, 0
	}
	granted.PID = granted.process.PID
	granted.begin(v.at, cmp.Or(o.Term, DefaultTerm))
	if err := granted.put(ctx, tx); err != nil {
		return err
	}
	for _, d := range granted.Devices {
		if err := note(ctx, tx, Event{At: v.at.Wall, Who: c.Owner, What: "reserved", Device: d, Lease: c.ID, Reason: c.Purpose}); err != nil {
			return err
		}
	}
	*c = granted
	return nil
}
