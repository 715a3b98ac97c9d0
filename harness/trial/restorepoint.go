package trial

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// restoreTimeout bounds bringing one real device back, its restart included.
const restoreTimeout = 20 * time.Minute

// IdentityError says that a device is not the one that the inventory names.
type IdentityError struct {
	Node, Device, What, Want, Got string
}

func (e *IdentityError) Error() string {
	return fmt.Sprintf("%s: device %s says its %s is %q, and the inventory says %q: it is not touched", e.Node, e.Device, e.What, e.Got, e.Want)
}

// restorePoints are those of the devices of a lab that were there before it.
type restorePoints struct{ lab *Lab }

// guard makes sure of the restore point of a node whose device was there before the lab: its
// identity is checked, its configuration saved on the device and here, and the entry on
// disk, before anything is configured. A node that already has its restore point keeps it. One
// that ends with the lab needs no restore point, but may be reset to where it began.
func (p restorePoints) guard(ctx context.Context, rec *recorder, n *labNode) error {
	if n.Segment {
		return nil
	}
	k, ok := topologies.As[topologies.RestoreJournal](p.lab.res)
	if !ok {
		return p.remember(ctx, n)
	}
	device, err := k.Device(n.Name)
	if err != nil {
		return err
	}
	facts, err := CheckIdentity(ctx, n.Name, device, n.driver)
	if err != nil {
		return err
	}
	for _, m := range device.Marks {
		n.says(rec, m, "the inventory says so of "+device.Name)
	}
	if facts.Details[drivers.MarkSimulated] != "" {
		n.says(rec, drivers.MarkSimulated, "the device says so of itself")
	}
	if w, open, err := k.Kept(n.Name); err != nil || open {
		n.restorePoint = &w
		return err
	}
	c, ok := drivers.As[drivers.Checkpointer](n.driver)
	if !ok {
		if len(n.Config) > 0 || p.lab.plan.Configures(n.Name) {
			return fmt.Errorf("%s (%s): the platform cannot bring its configuration back, and the scenario changes it: %w", n.Name, n.Platform, drivers.ErrUnsupported)
		}
		return nil
	}
	name, err := checkpointName()
	if err != nil {
		return err
	}
	begin := rec.now()
	var w topologies.RestorePoint
	kept := false
	_, err = c.Checkpoint(ctx, name, func(point drivers.Checkpoint) error {
		w = topologies.RestorePoint{
			Checkpoint: point.Name, Selected: point.Selected, Unsaved: point.Unsaved, Config: []byte(point.Config), SHA256: evidence.SHA256([]byte(point.Config)),
			Version: facts.Version, Serial: facts.Details["serial"], Taken: time.Now().UTC(),
		}
		err := k.Keep(ctx, n.Name, w)
		kept = err == nil
		return err
	})
	rec.done(evidence.Event{Kind: evidence.EventNote, Lane: n.Name, Name: "restore point kept", Detail: fmt.Sprintf("%s of device %s, serial %s, version %s, configuration %s", name, device.Name, w.Serial, w.Version, w.SHA256)}, begin, err)
	if kept {
		n.restorePoint = &w // also when the device then refused to save: what was kept is taken back
	}
	if err != nil {
		return fmt.Errorf("%s: keep the restore point: %w", n.Name, err)
	}
	return nil
}

// remember saves the configuration of a lab's own device that is reset by going back to it.
func (p restorePoints) remember(ctx context.Context, n *labNode) error {
	c, ok := drivers.As[drivers.Checkpointer](n.driver)
	if !ok || p.lab.plan.Reset != scenarios.ResetConfig {
		return nil
	}
	name, err := checkpointName()
	if err != nil {
		return err
	}
	point, err := c.Checkpoint(ctx, name, nil)
	if err != nil {
		return fmt.Errorf("%s: save its configuration: %w", n.Name, err)
	}
	n.origin = &point
	return nil
}

// CheckIdentity asks a device what it is, and compares it with what the inventory says.
func CheckIdentity(ctx context.Context, node string, d topologies.Device, driver drivers.Driver) (drivers.Facts, error) {
	src, ok := drivers.As[drivers.FactSource](driver)
	if !ok {
		if d.Serial != "" {
			return drivers.Facts{}, fmt.Errorf("%s: device %s: its serial cannot be asked for: %w", node, d.Name, drivers.ErrUnsupported)
		}
		return drivers.Facts{}, nil
	}
	facts, err := src.Facts(ctx)
	if err != nil {
		return facts, err
	}
	if got := facts.Details["serial"]; d.Serial != "" && got != d.Serial {
		return facts, &IdentityError{Node: node, Device: d.Name, What: "serial number", Want: d.Serial, Got: got}
	}
	return facts, nil
}

// checkpointName is a name that no configuration of the user's has.
func checkpointName() (string, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("draw a name: %w", err)
	}
	return "reprise-" + hex.EncodeToString(b[:]), nil
}

// BringBack restores a device to its restore point, and ends the entry when it is there line by
// line. One that cannot be brought back is quarantined: nobody is given it until a person
// has looked.
func BringBack(ctx context.Context, k topologies.RestoreJournal, node string, driver drivers.Driver, w topologies.RestorePoint) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTimeout)
	defer cancel()
	bounded, release := whileHeld(bounded, k)
	defer release()
	err := restore(bounded, driver, w)
	if lost := lostOf(k); lost != nil {
		return errors.Join(err, lost) // it is somebody else's business now
	}
	last, done := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer done()
	if err == nil {
		return k.Restored(last, node)
	}
	return errors.Join(err, k.Quarantine(last, node, err.Error()))
}

func restore(ctx context.Context, driver drivers.Driver, w topologies.RestorePoint) error {
	c, ok := drivers.As[drivers.Checkpointer](driver)
	if !ok {
		return fmt.Errorf("restore configuration: %w", drivers.ErrUnsupported)
	}
	if evidence.SHA256(w.Config) != w.SHA256 {
		return errors.New("restore configuration: the text that was kept is not the one that was taken")
	}
	if src, ok := drivers.As[drivers.FactSource](driver); ok && w.Serial != "" {
		facts, err := src.Facts(ctx)
		if err != nil {
			return err
		}
		if facts.Details["serial"] != w.Serial {
			return fmt.Errorf("restore configuration: the device says its serial number is %q, and the restore point is that of %q", facts.Details["serial"], w.Serial)
		}
	}
	point := pointOf(w)
	if err := c.Restore(ctx, point); err != nil {
		return err
	}
	return c.Forget(ctx, point)
}

// pointOf is the restore point as the device's driver takes it.
func pointOf(w topologies.RestorePoint) drivers.Checkpoint {
	return drivers.Checkpoint{Name: w.Checkpoint, Selected: w.Selected, Unsaved: w.Unsaved, Config: string(w.Config)}
}

// whileOurs gives a context that ends when the lab is taken away, so that a run whose
// device was given to somebody else stops touching it.
func (l *Lab) whileOurs(ctx context.Context) (context.Context, func()) { return whileHeld(ctx, l.res) }

func whileHeld(ctx context.Context, held any) (context.Context, func()) {
	loser, ok := topologies.As[topologies.Loser](held)
	if !ok {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-loser.Lost():
			cancel(fmt.Errorf("the lab was taken away: %w", loser.Err()))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil); <-done }
}

// lostOf reports whether a lab was taken away.
func lostOf(held any) error {
	if loser, ok := topologies.As[topologies.Loser](held); ok {
		select {
		case <-loser.Lost():
			return fmt.Errorf("the lab was taken away; its devices are left as they are: %w", loser.Err())
		default:
		}
	}
	return nil
}

// bringBack restores every device that was touched, side by side. It runs to its end
// whatever became of ctx, for a switch that is left half-way is worse than a late exit.
func (p restorePoints) bringBack(ctx context.Context) error {
	k, ok := topologies.As[topologies.RestoreJournal](p.lab.res)
	if !ok {
		return nil
	}
	if err := lostOf(p.lab.res); err != nil {
		return err
	}
	errs := make([]error, len(p.lab.nodes))
	p.lab.sideBySide(func(i int, n *labNode) {
		if n.restorePoint != nil && n.driver != nil {
			errs[i] = BringBack(ctx, k, n.Name, n.driver, *n.restorePoint)
			n.restorePoint = nil
		}
	})
	return errors.Join(errs...)
}

// rewind gives every touched device its restore point again, between two trials.
func (p restorePoints) rewind(ctx context.Context) error {
	errs := make([]error, len(p.lab.nodes))
	ctx, cancel := context.WithTimeout(ctx, restoreTimeout)
	defer cancel()
	p.lab.sideBySide(func(i int, n *labNode) {
		c, ok := drivers.As[drivers.Checkpointer](n.driver)
		if ok && n.restorePoint != nil {
			errs[i] = c.Restore(ctx, pointOf(*n.restorePoint))
		}
	})
	return errors.Join(errs...)
}

// lasting refuses lines that change what a guarded device starts with by itself: the way
// back does not reach that far.
func (n *labNode) lasting(lines ...string) error {
	p, ok := drivers.As[drivers.Persister](n.driver)
	if !ok || n.restorePoint == nil {
		return nil
	}
	for _, line := range lines {
		if p.Persists(line) {
			return fmt.Errorf("%q changes what the device starts with, or its files, which no restore point undoes: it is not sent to a device of a real lab", line)
		}
	}
	return nil
}
