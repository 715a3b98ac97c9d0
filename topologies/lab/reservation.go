package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/version"
)

// Reservation is a topology on leased devices. Its nodes are reached through
// [Reservation.Access]; none has a machine beneath it that could be entered.
type Reservation struct {
	*Hold   // Lease, Lost, Err, Release; its methods by device are shadowed by those by node
	request Request
}

var (
	_ topologies.Reservation    = (*Reservation)(nil)
	_ topologies.Accessor       = (*Reservation)(nil)
	_ topologies.PortMapper     = (*Reservation)(nil)
	_ topologies.RestoreJournal = (*Reservation)(nil)
)

// ID implements topologies.Reservation: lab and lease.
func (r *Reservation) ID() string { return r.lab.Inventory.Name + "-" + r.lease.ID }

// Host implements topologies.Reservation, with an error.
func (r *Reservation) Host(node string) (topologies.Host, error) {
	d, err := r.device(node)
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%s is %s, and has no shell beneath it: it is reached over %s", node, d.Name, d.Access.Transport)
}

func (r *Reservation) device(node string) (Device, error) {
	name, ok := r.assignment.Devices[node]
	if !ok {
		return Device{}, fmt.Errorf("the lab has no node %s", node)
	}
	d, ok := r.lab.Inventory.Device(name)
	if !ok {
		return Device{}, fmt.Errorf("the inventory has no device %s", name)
	}
	return d, nil
}

// Access implements topologies.Accessor.
func (r *Reservation) Access(node string) (topologies.Access, bool) {
	d, err := r.device(node)
	return d.Access, err == nil
}

// Console gives the second way to a node, where its device has one.
func (r *Reservation) Console(node string) (topologies.Access, bool) {
	d, err := r.device(node)
	if err != nil || d.Console == nil {
		return topologies.Access{}, false
	}
	return *d.Console, true
}

// Ports implements topologies.PortMapper.
func (r *Reservation) Ports(node string) map[string]string {
	if len(r.assignment.Ports[node]) == 0 {
		return nil
	}
	return maps.Clone(r.assignment.Ports[node])
}

// Kind gives the weakest kind of the devices that were chosen.
func (r *Reservation) Kind() topologies.Kind {
	var kinds []topologies.Kind
	for node := range r.assignment.Devices {
		if d, err := r.device(node); err == nil {
			kinds = append(kinds, d.Kind)
		}
	}
	return weakest(kinds)
}

// Device implements topologies.RestoreJournal.
func (r *Reservation) Device(node string) (topologies.Device, error) {
	d, err := r.device(node)
	if err != nil {
		return topologies.Device{}, err
	}
	out := topologies.Device{Name: d.Name, Platform: d.Platform, Model: d.Model, Serial: d.Serial, Marks: slices.Clone(d.Marks)}
	for _, w := range r.request.Nodes {
		if w.Node == node {
			out.Version = w.Version
		}
	}
	return out, nil
}

// Keep implements topologies.RestoreJournal.
func (r *Reservation) Keep(ctx context.Context, node string, w topologies.RestorePoint) error {
	d, err := r.device(node)
	if err != nil {
		return err
	}
	if err := r.suits(d, node, w); err != nil {
		return err
	}
	return r.Hold.Keep(ctx, d.Name, node, w)
}

// suits compares what the device says it is with what was asked for: an inventory that is
// out of date shall not decide which release a result is about.
func (r *Reservation) suits(d Device, node string, w topologies.RestorePoint) error {
	if d.Kind == topologies.KindHardware && d.Serial == "" {
		return fmt.Errorf("the inventory names no serial number for %s; `reprise lab check %s` shows the device's, write it there first", d.Name, d.Name)
	}
	for _, want := range r.request.Nodes {
		if want.Node != node || want.Version == "" {
			continue
		}
		condition, err := ParseRange(want.Version)
		if err != nil {
			return err
		}
		release, err := version.ParseOf(d.Platform, w.Version)
		if err != nil {
			return fmt.Errorf("%s says its version is %q, and %s is asked for: %w", d.Name, w.Version, want.Version, err)
		}
		if !condition.Holds(release) {
			return fmt.Errorf("%s says its version is %s, and %s is asked for; the inventory says %s", d.Name, w.Version, want.Version, d.Version)
		}
	}
	return nil
}

// Kept implements topologies.RestoreJournal.
func (r *Reservation) Kept(node string) (w topologies.RestorePoint, ok bool, err error) {
	d, err := r.device(node)
	if err != nil {
		return w, false, err
	}
	return r.Hold.Kept(d.Name)
}

// Restored implements topologies.RestoreJournal.
func (r *Reservation) Restored(ctx context.Context, node string) error {
	d, err := r.device(node)
	if err != nil {
		return err
	}
	return r.Hold.Restored(ctx, d.Name)
}

// Quarantine implements topologies.RestoreJournal. It works without the lease, too: a device that
// could not be brought back is named whatever happened meanwhile.
func (r *Reservation) Quarantine(ctx context.Context, node, reason string) error {
	d, err := r.device(node)
	if err != nil {
		return err
	}
	return r.lab.quarantine(ctx, d.Name, reason, r.lease.Run, r.lease.ID)
}
