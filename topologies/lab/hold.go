package lab

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// ErrLost says that a lease is not held any more: it ended, or somebody took a device.
var ErrLost = errors.New("the lease is lost")

// UnrestoredError says which devices a release had to leave: their entries are open.
type UnrestoredError struct{ Devices []string }

func (e *UnrestoredError) Error() string {
	names := strings.Join(e.Devices, " ")
	return fmt.Sprintf("not restored, and given to nobody until that is done: %s (`reprise lab restore %s`)",
		strings.Join(e.Devices, ", "), names)
}

// OpenEntryError refuses to keep a restore point over one that is open: the older one is what
// the device was before anybody touched it.
type OpenEntryError struct{ Entry Entry }

func (e *OpenEntryError) Error() string {
	return fmt.Sprintf("%s has an %s entry of %s already", e.Entry.Device, e.Entry.State, orUnknown(e.Entry.Run))
}

// Hold is a lease that this program has. Unless it is one by hand, it is renewed until
// Release.
type Hold struct {
	lab        *Lab
	lease      Lease
	assignment Assignment

	stop    context.CancelFunc
	stopped chan struct{}
	lost    chan struct{}
	once    sync.Once
	err     error // set before lost is closed
}

func newHold(ctx context.Context, l *Lab, c *claim, a Assignment) *Hold {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h := &Hold{lab: l, lease: c.Lease, assignment: a, stop: cancel, stopped: make(chan struct{}), lost: make(chan struct{})}
	if c.PID == 0 {
		close(h.stopped)
		return h
	}
	go func() {
		defer close(h.stopped)
		h.renewing(ctx, c.grace)
	}()
	return h
}

// Lease gives the lease as it was granted.
func (h *Hold) Lease() Lease { return h.lease }

// Assignment gives the devices and ports that were chosen.
func (h *Hold) Assignment() Assignment { return h.assignment }

// Lost is closed when a device of the lease is not this program's any more. Whoever works
// on one must stop. Err then says what happened.
func (h *Hold) Lost() <-chan struct{} { return h.lost }

// Err is nil while the lease is held, and says what happened when it was lost.
func (h *Hold) Err() error {
	select {
	case <-h.lost:
		return h.err
	default:
		return nil
	}
}

func (h *Hold) lose(err error) {
	h.once.Do(func() {
		h.err = err
		close(h.lost)
	})
}

// renewing renews until ctx ends or the lease is lost. A store that cannot be reached is
// no loss until the grace period is over without one renewal.
func (h *Hold) renewing(ctx context.Context, grace time.Duration) {
	tick := time.NewTicker(h.lab.settings.Renew)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := h.renew(ctx)
		switch {
		case err == nil:
			last = time.Now()
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrLost):
			h.lose(err)
			return
		case time.Since(last) > grace:
			h.lose(fmt.Errorf("%w: it could not be renewed: %w", ErrLost, err))
			return
		}
	}
}

func (h *Hold) renew(ctx context.Context) error {
	return h.lab.store.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		at, err := h.lab.settings.Now()
		if err != nil {
			return err
		}
		// Whoever slept beyond the grace period and finds the lease untouched has it still.
		_, err = tx.ExecContext(ctx, "UPDATE claims SET renewed = ?, renewed_boot = ? WHERE id = ?", at.Wall.UnixNano(), int64(at.Boot), h.lease.ID)
		if err != nil {
			return fmt.Errorf("renew lease: %w", err)
		}
		v, err := h.lab.look(ctx, tx)
		if err != nil {
			return err
		}
		for _, d := range h.lease.Devices {
			if err := h.holds(ctx, tx, v, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// holds is ErrLost, with what the history says of it, when a device is not held any more.
func (h *Hold) holds(ctx context.Context, tx *sql.Tx, v *view, device string) error {
	if c := v.holder[device]; c != nil && c.ID == h.lease.ID {
		return nil
	}
	var who, what, reason string
	err := tx.QueryRowContext(ctx, "SELECT who, what, reason FROM history WHERE device = ? AND claim = ? ORDER BY seq DESC LIMIT 1",
		device, h.lease.ID).Scan(&who, &what, &reason)
	if err != nil {
		return fmt.Errorf("%w: %s is not held", ErrLost, device)
	}
	return fmt.Errorf("%w: %s was %s by %s: %s", ErrLost, device, what, who, reason)
}

// change runs f on a device that must be held.
func (h *Hold) change(ctx context.Context, device string, f func(context.Context, *sql.Tx, *view) error) error {
	if !slices.Contains(h.lease.Devices, device) {
		return fmt.Errorf("lease %s has no device %s", h.lease.ID, device)
	}
	return h.lab.store.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		v, err := h.lab.look(ctx, tx)
		if err != nil {
			return err
		}
		if err := h.holds(ctx, tx, v, device); err != nil {
			return err
		}
		return f(ctx, tx, v)
	})
}

// Keep writes the restore point of a device to the journal, under the lock of the leases: when
// it returns nil, the lease is held and the entry has reached the disk. An entry that is
// open already is an *OpenEntryError.
func (h *Hold) Keep(ctx context.Context, device, node string, w topologies.RestorePoint) error {
	written := false
	return h.change(ctx, device, func(ctx context.Context, tx *sql.Tx, v *view) error {
		if e, ok := v.entries[device]; ok && !written {
			return &OpenEntryError{Entry: e}
		}
		if !written { // else by a try whose commit was refused
			f := entryJSON{Device: device, Node: node, Run: h.lease.Run, Lease: h.lease.ID, Owner: h.lease.Owner, Written: v.at.Wall, RestorePoint: w}
			if err := h.lab.Journal.write(f); err != nil {
				return err
			}
			written = true
		}
		return note(ctx, tx, Event{At: v.at.Wall, Who: h.lease.Owner, What: "kept", Device: device, Lease: h.lease.ID, Reason: w.Checkpoint})
	})
}

// Kept gives the open entry of a device; one that is damaged is an error.
func (h *Hold) Kept(device string) (w topologies.RestorePoint, ok bool, err error) {
	e, ok, err := h.lab.Journal.Entry(device)
	if err != nil || !ok || e.State == EntryUnfinished {
		return topologies.RestorePoint{}, false, err
	}
	w, err = e.Load()
	return w, true, err
}

// Restored ends the entry of a device that has its configuration back. A device in
// quarantine stays there.
func (h *Hold) Restored(ctx context.Context, device string) error {
	return h.change(ctx, device, func(ctx context.Context, tx *sql.Tx, v *view) error {
		if err := h.lab.Journal.close(device); err != nil {
			return err
		}
		return note(ctx, tx, Event{At: v.at.Wall, Who: h.lease.Owner, What: "restored", Device: device, Lease: h.lease.ID})
	})
}

// Release stops renewing and ends the leases of the devices that have no open entry.
// Those that have one are named in an *UnrestoredError; once they are restored, Release
// may be called again. It may be called more than once in any case.
func (h *Hold) Release(ctx context.Context) error {
	h.stop()
	<-h.stopped
	var open []string
	err := h.lab.store.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		open = nil
		v, err := h.lab.look(ctx, tx)
		if err != nil {
			return err
		}
		for _, d := range h.lease.Devices {
			if c := v.holder[d]; c == nil || c.ID != h.lease.ID {
				continue
			}
			if _, ok := v.entries[d]; ok {
				open = append(open, d)
				continue
			}
			err := errors.Join(dropDevice(ctx, tx, d),
				note(ctx, tx, Event{At: v.at.Wall, Who: h.lease.Owner, What: "released", Device: d, Lease: h.lease.ID}))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && open != nil {
		err = &UnrestoredError{Devices: open}
	}
	return err
}
