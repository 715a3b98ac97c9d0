package lab

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Lab gives out the devices of an inventory. It is safe for use by several goroutines,
// and by several processes on the same state folder.
type Lab struct {
	Inventory *Inventory
	Journal   Journal

	settings Settings
	self     Process
	store    *store
}

// Open opens the state folder of an inventory, and makes it when there is none.
func Open(ctx context.Context, inv *Inventory, s Settings) (*Lab, error) {
	s, err := s.fill()
	if err != nil {
		return nil, err
	}
	self, err := s.Process(os.Getpid())
	if err != nil {
		return nil, err
	}
	st, err := openStore(ctx, inv.State)
	if err != nil {
		return nil, err
	}
	j := Journal{dir: filepath.Join(inv.State, "journal"), sync: s.Synced}
	return &Lab{Inventory: inv, Journal: j, settings: s, self: self, store: st}, nil
}

// Close lets go of the state folder. Leases stand until they are released or end.
func (l *Lab) Close() error { return l.store.close() }

// view is what one transaction sees of the lab, after what has ended is gone.
type view struct {
	at         Moment
	claims     []*claim // leases and waiters, in the order of the queue
	holder     map[string]*claim
	entries    map[string]Entry // open and damaged ones
	quarantine map[string]Quarantine
}

// look reads the lab and ends what is over.
func (l *Lab) look(ctx context.Context, tx *sql.Tx) (*view, error) {
	at, err := l.settings.Now()
	if err != nil {
		return nil, err
	}
	v := &view{at: at, holder: map[string]*claim{}, entries: map[string]Entry{}}
	all, err := l.store.loadClaims(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if why := c.ended(at, l.self, l.settings.Alive); why != "" {
			if err := l.end(ctx, tx, c, at, why); err != nil {
				return nil, err
			}
			continue
		}
		v.claims = append(v.claims, c)
		for _, d := range c.Devices {
			v.holder[d] = c
		}
	}
	if v.quarantine, err = l.store.loadQuarantine(ctx, tx); err != nil {
		return nil, err
	}
	entries, err := l.Journal.Open()
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.State != EntryUnfinished {
			v.entries[e.Device] = e
		}
	}
	return v, nil
}

func (l *Lab) end(ctx context.Context, tx *sql.Tx, c *claim, at Moment, why string) error {
	errs := []error{dropClaim(ctx, tx, c.ID)}
	for _, d := range c.Devices {
		errs = append(errs, note(ctx, tx, Event{At: at.Wall, Who: c.Owner, What: "ended", Device: d, Lease: c.ID, Reason: why}))
	}
	return errors.Join(errs...)
}

// blocked gives the devices that nobody gets, whoever holds a lease, with the reason.
// mending lifts that for who wants to bring devices back.
func (v *view) blocked(mending bool) map[string]string {
	out := map[string]string{}
	if mending {
		return out
	}
	for d, e := range v.entries {
		if v.holder[d] == nil {
			out[d] = fmt.Sprintf("not restored since %s of %s: run `reprise lab restore %s`", cmp.Or(e.Run, "a run"), orUnknown(e.Owner), d)
			if e.State == EntryDamaged {
				out[d] += ", and its entry is damaged: " + e.Problem
			}
		}
	}
	for d, q := range v.quarantine {
		out[d] = fmt.Sprintf("in quarantine since %s: %s (`reprise lab release --end-quarantine REASON %s` when that is mended)", clock(q.Since), q.Reason, d)
	}
	return out
}

// State of a device.
type State string

// States of a device.
const (
	StateFree        State = "free"
	StateLeased      State = "leased"
	StateQueued      State = "queued"      // free, and kept for somebody who waits
	StateUnrestored  State = "unrestored"  // it has an open entry, and nobody who works on it
	StateQuarantined State = "quarantined" // it could not be brought back
)

// Owner is who asks, as user@host.
func (l *Lab) Owner() string { return l.settings.Owner }

// Status is a device as the lab knows it.
type Status struct {
	Device     Device      `json:"device"`
	State      State       `json:"state"`
	Lease      *Lease      `json:"lease,omitempty"` // of who has it, or waits for it
	Entry      *Entry      `json:"entry,omitempty"`
	Quarantine *Quarantine `json:"quarantine,omitempty"`
}

// List gives every device in the inventory's order.
func (l *Lab) List(ctx context.Context) ([]Status, error) {
	var out []Status
	err := l.store.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		out = nil
		v, err := l.look(ctx, tx)
		if err != nil {
			return err
		}
		kept := l.earmarks(v, nil)
		for _, d := range l.Inventory.Devices {
			out = append(out, v.status(d, kept))
		}
		return nil
	})
	return out, err
}

func (v *view) status(d Device, kept map[string]*claim) Status {
	s := Status{Device: d, State: StateFree}
	if c := kept[d.Name]; c != nil {
		s.State, s.Lease = StateQueued, &c.Lease
	}
	if e, ok := v.entries[d.Name]; ok {
		s.State, s.Entry = StateUnrestored, &e
	}
	if c := v.holder[d.Name]; c != nil {
		s.State, s.Lease = StateLeased, &c.Lease
	}
	if q, ok := v.quarantine[d.Name]; ok {
		s.State, s.Quarantine = StateQuarantined, &q
	}
	return s
}

// Queue gives those who wait, the next first.
func (l *Lab) Queue(ctx context.Context) ([]Lease, error) {
	var out []Lease
	err := l.store.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		out = nil
		v, err := l.look(ctx, tx)
		if err != nil {
			return err
		}
		for _, c := range v.waiters() {
			out = append(out, c.Lease)
		}
		return nil
	})
	return out, err
}

func (v *view) waiters() []*claim {
	return slices.DeleteFunc(slices.Clone(v.claims), func(c *claim) bool { return !c.waiting })
}

// History gives the last events, the newest first.
func (l *Lab) History(ctx context.Context, limit int) ([]Event, error) {
	var out []Event
	err := l.store.tx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		out = nil
		rows, err := tx.QueryContext(ctx, "SELECT at, who, what, device, claim, reason FROM history ORDER BY seq DESC LIMIT ?", limit)
		if err != nil {
			return fmt.Errorf("read history: %w", err)
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var e Event
			var at int64
			if err := rows.Scan(&at, &e.Who, &e.What, &e.Device, &e.Lease, &e.Reason); err != nil {
				return fmt.Errorf("read history: %w", err)
			}
			e.At = time.Unix(0, at)
			out = append(out, e)
		}
		return rows.Err()
	})
	return out, err
}

// clock gives a moment as messages say it.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
