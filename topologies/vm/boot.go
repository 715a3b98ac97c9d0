package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// bootTimeout bounds a guest's way from power to root's shell: half a minute where it is
	// emulated and alone.
	bootTimeout = 4 * time.Minute
	// setupTimeout bounds the set-up over the console.
	setupTimeout = 90 * time.Second
	// resumeTimeout bounds the shell's first answer after its machine continues from a state.
	resumeTimeout = 30 * time.Second
	// syncTimeout bounds writing a guest's files to its disk before it is switched off.
	syncTimeout = 20 * time.Second
)

// boot brings a node up from nothing: a guest from its state where there is one, and else
// from its disk.
func (n *node) boot(ctx context.Context) error {
	if !n.own() {
		return n.power(ctx, false)
	}
	n.deaths.forget()
	if !n.lab.provider.options.Cold {
		err := n.resume(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		n.lab.provider.options.Progress(fmt.Sprintf("%s: its state is of no use, it boots: %v", n.Name, err))
	}
	return n.cold(ctx)
}

// resume continues from the state of the node's kind, which is made first if need be.
func (n *node) resume(ctx context.Context) error {
	if err := n.lab.provider.copyState(ctx, n.planned, n.lab.accel, n.path(".qcow2")); err != nil {
		return err
	}
	if err := n.power(ctx, true); err != nil {
		return errors.Join(err, n.off(context.WithoutCancel(ctx)))
	}
	if err := n.enter(ctx, resumeTimeout, false); err != nil {
		return errors.Join(err, n.off(context.WithoutCancel(ctx)))
	}
	return nil
}

// cold boots from a fresh disk.
func (n *node) cold(ctx context.Context) error {
	if err := overlay(ctx, n.disk, n.path(".qcow2")); err != nil {
		return err
	}
	if err := n.power(ctx, false); err != nil {
		return err
	}
	if !n.own() {
		return nil
	}
	return n.enter(ctx, bootTimeout, true)
}

func (n *node) path(suffix string) string { return filepath.Join(n.lab.dir, n.file+suffix) }

// power switches the machine on. A vendor's has a fresh disk.
func (n *node) power(ctx context.Context, load bool) (err error) {
	if !n.own() {
		if err := overlay(ctx, n.disk, n.path(".qcow2")); err != nil {
			return err
		}
	}
	m, err := start(ctx, launch{
		node: n.planned, title: n.lab.ID() + "-" + n.Name, dir: n.lab.dir, file: n.file, accel: n.lab.accel.Name, load: load, sandbox: n.lab.sandbox,
	}, n.lab.options.Keep)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.machine = m
	m.sockets = n.sockets()
	if !n.own() {
		n.consoleAt, err = m.consoleAddress(ctx)
		return err
	}
	if n.console, err = openConsole(ctx, n.path(".console")); err != nil {
		return err
	}
	n.sshAt, err = m.sshAddress(ctx)
	return err
}

// off ends the machine.
func (n *node) off(ctx context.Context) error {
	n.hangUp()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.console != nil {
		n.console.close()
		n.console = nil
	}
	if n.machine == nil {
		return nil
	}
	if err := n.machine.stop(ctx); err != nil {
		return fmt.Errorf("switch off %s: %w", n.Name, err)
	}
	n.machine = nil
	return nil
}

// enter waits for root's shell on the console, sets the guest up, connects to it and begins
// to watch its processes.
// fresh says that the guest is booting, and announces the shell.
func (n *node) enter(ctx context.Context, bound time.Duration, fresh bool) error {
	_, c := n.current()
	if c == nil {
		return errors.New("the machine is off")
	}
	if err := shell(ctx, c, bound, fresh); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	script, err := setupScript(n.planned, n.keys, time.Now())
	if err != nil {
		return err
	}
	if said, err := c.run(ctx, script); err != nil {
		if missing := lackingSetting(said); missing != nil {
			err = missing
		}
		return fmt.Errorf("set the guest up: %w", err)
	}
	if _, err := n.client(ctx); err != nil {
		return err
	}
	if err := n.setClock(ctx); err != nil {
		return err
	}
	n.deaths.begin(ctx, &host{node: n})
	return nil
}

// A guest's clock is set again until that took no longer than clockNear, by which it may be wrong.
const (
	clockNear  = 500 * time.Millisecond
	clockTries = 3
)

// setClock sets a guest's clock once more: what is typed on a console takes seconds to be read on a
// busy machine, and the time in it is old by then.
func (n *node) setClock(ctx context.Context) error {
	for range clockTries {
		now := time.Now()
		if err := (&host{node: n}).must(ctx, "date", "-u", "-s", fmt.Sprintf("@%d.%09d", now.Unix(), now.Nanosecond())); err != nil {
			return fmt.Errorf("set the clock of %s: %w", n.Name, err)
		}
		if time.Since(now) < clockNear {
			break
		}
	}
	return nil
}

// overlay makes a disk that takes what is written and reads the rest from another.
func overlay(ctx context.Context, backing, path string) error {
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("clear the disk: %w", err)
	}
	cmd := exec.CommandContext(ctx, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", backing, path) //nolint:gosec // paths of our own
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("make a disk: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// copyFile copies a file; the kernel does it without this process where it can.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy the state: %w", err)
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("copy the state: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return fmt.Errorf("copy the state: %w", err)
	}
	return nil
}
