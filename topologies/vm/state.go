package vm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/vm/guest"
)

const (
	// stateFormat is part of every state's name: another one, and all are made anew.
	stateFormat = "2"
	// keptStates is how many states are kept, the latest used.
	keptStates = 8
	lockEvery  = 50 * time.Millisecond
)

// stateKey names the state that serves a node: all that a memory image depends on.
func stateKey(n planned, a Acceleration) string {
	h := sha256.New()
	for _, part := range []any{stateFormat, n.guest.Digest, n.memory, n.cpus, n.model.nic, len(n.nics), a.Name, a.Version} {
		fmt.Fprintf(h, "%v\x00", part)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// copyState puts a copy of the state that serves a node at path, and makes the state first
// where there is none. Whoever else needs it meanwhile waits.
func (p *Provider) copyState(ctx context.Context, n planned, a Acceleration, path string) error {
	dir := filepath.Join(p.states(), stateKey(n, a))
	if err := os.MkdirAll(p.states(), 0o700); err != nil {
		return fmt.Errorf("make a folder for states: %w", err)
	}
	unlock, err := flock(ctx, dir+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	disk := filepath.Join(dir, "n0.qcow2")
	if _, err := os.Stat(disk); err != nil {
		p.options.Progress("a machine boots for the first time, under " + a.Name)
		start := time.Now()
		if err := p.makeState(ctx, n, a, dir); err != nil {
			return fmt.Errorf("make a state: %w", err)
		}
		p.options.Progress(fmt.Sprintf("its state is kept, after %.0f s", time.Since(start).Seconds()))
		p.retireStates(filepath.Base(dir))
	}
	now := time.Now()
	_ = os.Chtimes(dir, now, now) // for retireStates, which is not exact
	return copyFile(disk, path)
}

// makeState boots a machine that is plugged to nothing, up to root's shell, and keeps its
// disk with its memory.
func (p *Provider) makeState(ctx context.Context, n planned, a Acceleration, dir string) (err error) {
	tmp, err := os.MkdirTemp(p.states(), ".new-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	l := launch{node: n, title: "reprise-state", dir: tmp, file: "n0", accel: a.Name, sandbox: sandboxed(ctx)}
	if err := overlay(ctx, n.disk, l.path(".qcow2")); err != nil {
		return err
	}
	m, err := start(ctx, l, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.stop(context.WithoutCancel(ctx))) }()
	c, err := openConsole(ctx, l.path(".console"))
	if err != nil {
		return err
	}
	defer c.close()
	if err := shell(ctx, c, bootTimeout, true); err != nil {
		return err
	}
	if _, err := c.run(ctx, warmScript); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	if err := m.monitor(ctx, "savevm "+snapshot); err != nil {
		return err
	}
	if err := m.stop(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clear the place of the state: %w", err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fmt.Errorf("put the state in place: %w", err)
	}
	return nil
}

// warmScript waits until nothing starts any more and loads what every set-up needs.
const warmScript = `systemctl is-system-running --wait >/dev/null 2>&1
modprobe -a vrf 8021q bonding bridge sch_netem dummy veth 2>/dev/null
for f in /usr/sbin/sshd /usr/bin/env /bin/sh /usr/bin/base64 /usr/sbin/ip /usr/sbin/sysctl /usr/bin/mkdir /usr/bin/date; do [ -e $f ] && cat $f > /dev/null; done
[ -s /etc/machine-id ] || cat /proc/sys/kernel/random/uuid | tr -d - > /etc/machine-id
sync; true`

// shell waits for root's shell on a console. fresh says that the guest is booting, and
// announces it.
func shell(ctx context.Context, c *console, bound time.Duration, fresh bool) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	if fresh {
		if _, err := c.expect(ctx, guest.Marker); err != nil {
			return fmt.Errorf("boot the guest: %w", err)
		}
	}
	if err := c.calm(ctx); err != nil {
		return fmt.Errorf("find the shell on the console: %w", err)
	}
	return nil
}

// retireStates removes the states that were not used for longest, but not the one named. It
// does what it can.
func (p *Provider) retireStates(besides string) {
	type aged struct {
		name string
		used time.Time
	}
	var all []aged
	entries, _ := os.ReadDir(p.states()) // an empty list retires nothing
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && e.IsDir() && e.Name()[0] != '.' && e.Name() != besides {
			all = append(all, aged{e.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b aged) int { return b.used.Compare(a.used) })
	for _, s := range all[min(len(all), keptStates-1):] {
		dir := filepath.Join(p.states(), s.name)
		f, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil { // else it is used just now
			_ = os.RemoveAll(dir)
		}
		_ = f.Close()
	}
}

// flock takes a lock file for this call alone, and waits for it until ctx ends.
func flock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // which ends the lock
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("take the lock: %w", err), f.Close())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		}
	}
}
