package vm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// unfinishedAge is when a folder that never became a lab or a state is taken for left.
	unfinishedAge = time.Hour
	goneEvery     = 20 * time.Millisecond
)

// GC removes the labs that nobody needs any more: those whose owner on this machine has
// ended and that were not meant to outlive it, and those past their time. It ends no
// process but those whose command line names the lab's own folder. removed names what it removed.
func (p *Provider) GC(ctx context.Context, now time.Time) (removed []string, err error) {
	host, err := hostID()
	if err != nil {
		return nil, err
	}
	removed, err = p.sweep(ctx, func(w ownership) bool { return w.abandoned(host, now) })
	return removed, errors.Join(err, p.sweepUnfinished(ctx, now))
}

// RemoveRun removes the labs of one run, kept or not and whoever owns them.
func (p *Provider) RemoveRun(ctx context.Context, run string) (removed []string, err error) {
	return p.sweep(ctx, func(w ownership) bool { return w.Run == run })
}

func (p *Provider) sweep(ctx context.Context, match func(ownership) bool) (removed []string, err error) {
	entries, err := os.ReadDir(p.labs())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list labs: %w", err)
	}
	var errs []error
	for _, e := range entries {
		dir := filepath.Join(p.labs(), e.Name())
		w, err := readOwnership(dir)
		if err != nil || !match(w) {
			continue // what cannot be read is not ours to judge
		}
		if err := removeLab(ctx, dir); err != nil {
			errs = append(errs, fmt.Errorf("remove lab %s: %w", w.ID, err))
			continue
		}
		removed = append(removed, w.ID)
	}
	return removed, errors.Join(errs...)
}

// sweepUnfinished removes folders that were left half-made long ago.
func (p *Provider) sweepUnfinished(ctx context.Context, now time.Time) error {
	var errs []error
	for _, parent := range []string{p.labs(), p.states()} {
		left, err := filepath.Glob(filepath.Join(parent, ".new-*"))
		errs = append(errs, err)
		for _, dir := range left {
			if info, err := os.Stat(dir); err == nil && now.Sub(info.ModTime()) > unfinishedAge {
				errs = append(errs, removeLab(ctx, dir))
			}
		}
	}
	return errors.Join(errs...)
}

// removeLab ends the machines of a folder and removes it.
func removeLab(ctx context.Context, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.pid"))
	if err != nil {
		return fmt.Errorf("list machines: %w", err)
	}
	for _, file := range files {
		if err := endMachine(ctx, file); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the folder: %w", err)
	}
	return nil
}

// endMachine kills the process of a pid file, if it is the one that wrote it. The process
// is held while it is looked at, so that no other can take its number in between.
func endMachine(ctx context.Context, pidFile string) error {
	data, err := os.ReadFile(pidFile)
	if err != nil {
		return fmt.Errorf("read the pid of a machine: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid <= 1 {
		return nil // it was never written to its end: the machine did not start
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("hold process %d: %w", pid, err)
	}
	defer func() { _ = unix.Close(fd) }()
	line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil || !wrote(string(line), pidFile) {
		return nil // it is gone, or another process has its number
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("end process %d: %w", pid, err)
	}
	return awaitEnd(ctx, fd, pid)
}

// awaitEnd waits until a process that was killed has ended.
func awaitEnd(ctx context.Context, fd, pid int) error {
	ctx, cancel := context.WithTimeout(ctx, killTimeout)
	defer cancel()
	tick := time.NewTicker(goneEvery)
	defer tick.Stop()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0) //nolint:gosec // a descriptor is small
		if err == nil && n > 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the end of process %d: %w", pid, ctx.Err())
		}
	}
}

// wrote says whether a command line, as /proc shows it, is of the QEMU that writes this pid
// file.
func wrote(cmdline, pidFile string) bool {
	args := strings.Split(cmdline, "\x00")
	if !strings.HasPrefix(filepath.Base(args[0]), "qemu-system-") {
		return false
	}
	for i, a := range args[:len(args)-1] {
		if a == "-pidfile" && args[i+1] == pidFile {
			return true
		}
	}
	return false
}
