// Package lab is a lab of devices that were there before and stay there after: real
// switches, machines that somebody else runs, and simulators of both.
//
// An [Inventory] (lab.yaml) says what there is: devices with the way to their command
// line, ports, and the cables between them. [Solve] finds the devices and cables that a
// topology asks for. A [Lab] gives them out: a lease is all or nothing, one device is
// never leased twice, and a lease ends by itself when its time is over or its process is
// gone. Before a device is touched, the restore point is written to a [Journal]; a device with
// an open entry, or one in quarantine, is given to nobody. [Provider] joins all of it to
// the harness.
//
// What is kept lives in one folder, the inventory's state: leases.db, an SQLite file with
// a rollback journal (so that it works on a shared file system with working locks), and
// journal/. Several people on several machines may use it at once.
//
// Time: a lease made in this boot of this machine is judged by CLOCK_BOOTTIME, which no
// administrator and no NTP server sets. Only a lease of another machine or another boot is
// judged by the wall clock, and then ended only when both its end and its last renewal are
// past. A wall clock more than that wrong, on a machine that shares the folder, is beyond
// what this package can see.
//
// Non-goals: nothing here speaks to a device, so identity and cabling are checked by
// whoever asks the drivers ([CheckCabling] compares what they saw). Nothing here moves
// cables: a shared segment (kind bridge) has no device and no solution.
//
// A run, from inventory to devices:
//
//	inv, err := lab.Load("lab.yaml")
//	p := lab.New(inv, lab.Options{Platforms: map[string]string{"a": "exos", "b": "exos"}})
//	defer p.Close()
//	res, err := p.Reserve(ctx, topology, topologies.Options{Run: "r1"})
//	defer res.Release(ctx)
package lab
