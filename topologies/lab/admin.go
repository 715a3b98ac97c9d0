package lab

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Quarantine is why a device is given to nobody.
type Quarantine struct {
	Since  time.Time `json:"since"`
	Owner  string    `json:"owner"`
	Run    string    `json:"run,omitempty"`
	Reason string    `json:"reason"`
}

// ErrNoReason refuses what has to be explained to the others.
var ErrNoReason = errors.New("a reason is needed: the others will read it")

// ErrNotYours refuses to release what somebody else has.
var ErrNotYours = errors.New("the lease is somebody else's: `reprise lab release --kick REASON` takes it")

func (s *store) loadQuarantine(ctx context.Context, tx *sql.Tx) (out map[string]Quarantine, err error) {
	rows, err := tx.StmtContext(ctx, s.quarantine).QueryContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("read quarantine: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out = map[string]Quarantine{}
	for rows.Next() {
		var device string
		var q Quarantine
		var since int64
		if err := rows.Scan(&device, &since, &q.Owner, &q.Run, &q.Reason); err != nil {
			return nil, fmt.Errorf("read quarantine: %w", err)
		}
		q.Since = time.Unix(0, since)
		out[device] = q
	}
	return out, rows.Err()
}

// Quarantine gives a device to nobody until Unquarantine. A lease on it stands.
func (l *Lab) Quarantine(ctx context.Context, device, reason string) error {
	return l.quarantine(ctx, device, reason, "", "")
}

func (l *Lab) quarantine(ctx context.Context, device, reason, run, lease string) error {
	return l.change(ctx, device, reason, func(ctx context.Context, tx *sql.Tx, v *view) error {
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO quarantine (device, since, owner, run, reason) VALUES (?,?,?,?,?)",
			device, v.at.Wall.UnixNano(), l.settings.Owner, run, reason)
		if err != nil {
			return fmt.Errorf("quarantine %s: %w", device, err)
		}
		return note(ctx, tx, Event{At: v.at.Wall, Who: l.settings.Owner, What: "quarantined", Device: device, Lease: lease, Reason: reason})
	})
}

// Unquarantine ends a device's quarantine. An open entry of the journal stays open.
func (l *Lab) Unquarantine(ctx context.Context, device, reason string) error {
	return l.change(ctx, device, reason, func(ctx context.Context, tx *sql.Tx, v *view) error {
		if _, ok := v.quarantine[device]; !ok {
			return fmt.Errorf("%s is in no quarantine", device)
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM quarantine WHERE device = ?", device); err != nil {
			return fmt.Errorf("end quarantine of %s: %w", device, err)
		}
		return note(ctx, tx, Event{At: v.at.Wall, Who: l.settings.Owner, What: "unquarantined", Device: device, Reason: reason})
	})
}

// Kick takes a device from who has it, and from nobody else: their other devices stay
// theirs, and their process learns that it lost this one. An open entry stays open.
func (l *Lab) Kick(ctx context.Context, device, reason string) error {
	return l.change(ctx, device, reason, func(ctx context.Context, tx *sql.Tx, v *view) error {
		c := v.holder[device]
		if c == nil {
			return fmt.Errorf("nobody has %s", device)
		}
		if err := dropDevice(ctx, tx, device); err != nil {
			return err
		}
		return note(ctx, tx, Event{
			At: v.at.Wall, Who: l.settings.Owner, What: "kicked", Device: device, Lease: c.ID, Reason: reason + " (it was " + c.Owner + "'s)",
		})
	})
}

// Dismiss ends an entry of the journal without bringing the device back, because somebody
// did that by hand or knows that it need not be. What it holds is moved aside, to the
// folder that is returned, and not removed.
func (l *Lab) Dismiss(ctx context.Context, device, reason string) (aside string, err error) {
	err = l.change(ctx, device, reason, func(ctx context.Context, tx *sql.Tx, v *view) error {
		if c := v.holder[device]; c != nil {
			return fmt.Errorf("%s is in the hands of %s: its entry is theirs", device, c.Owner)
		}
		if aside != "" {
			return nil // moved by a try whose commit was refused
		}
		if _, ok, err := l.Journal.Entry(device); err != nil || !ok {
			return errors.Join(err, fmt.Errorf("%s has no entry in the journal", device))
		}
		if aside, err = l.Journal.dismiss(device, v.at.Wall); err != nil {
			return err
		}
		return note(ctx, tx, Event{At: v.at.Wall, Who: l.settings.Owner, What: "dismissed", Device: device, Reason: reason})
	})
	return aside, err
}

// change runs f on the lab for one device and a reason that must be there.
func (l *Lab) change(ctx context.Context, device, reason string, f func(context.Context, *sql.Tx, *view) error) error {
	if strings.TrimSpace(reason) == "" {
		return ErrNoReason
	}
	if _, ok := l.Inventory.Device(device); !ok {
		return fmt.Errorf("lab %s has no device %s", l.Inventory.Name, device)
	}
	return l.store.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		v, err := l.look(ctx, tx)
		if err != nil {
			return err
		}
		return f(ctx, tx, v)
	})
}

// Release ends leases by hand of this owner, all or none. A lease that a process holds
// ends with the process, and one with an open entry when that is restored.
func (l *Lab) Release(ctx context.Context, devices ...string) error {
	return l.store.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		v, err := l.look(ctx, tx)
		if err != nil {
			return err
		}
		var errs []error
		for _, d := range slices.Compact(slices.Sorted(slices.Values(devices))) {
			errs = append(errs, l.releaseOne(ctx, tx, v, d))
		}
		return errors.Join(errs...)
	})
}

func (l *Lab) releaseOne(ctx context.Context, tx *sql.Tx, v *view, device string) error {
	c := v.holder[device]
	switch {
	case c == nil:
		return fmt.Errorf("nobody has %s", device)
	case c.Owner != l.settings.Owner:
		return fmt.Errorf("%s is %s's: %w", device, c.Owner, ErrNotYours)
	case c.PID != 0:
		return fmt.Errorf("%s is held by process %d (%s) and ends with it", device, c.PID, c.Purpose)
	case v.entries[device].Device != "":
		return fmt.Errorf("%s is not restored: run `reprise lab restore %s` first", device, device)
	}
	if err := dropDevice(ctx, tx, device); err != nil {
		return err
	}
	return note(ctx, tx, Event{At: v.at.Wall, Who: l.settings.Owner, What: "released", Device: device, Lease: c.ID})
}
