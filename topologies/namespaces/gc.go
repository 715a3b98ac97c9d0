package namespaces

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A lab is its supervisor: what there is to look after are processes, which say on their command line
// whose lab they are; what nodes keep on disk, see files.go; and control groups.

// label says whose a lab is.
type label struct {
	Lab     string    `json:"lab"`
	Run     string    `json:"run"`
	Owner   int       `json:"owner"`
	Expires time.Time `json:"expires"`
	Keep    bool      `json:"keep,omitempty"`
	Source  string    `json:"source,omitempty"`
}

// label is the argument of the lab's supervisor.
func (l *lab) label() (string, error) {
	text, err := json.Marshal(label{l.ID(), l.options.Run, l.options.Owner, time.Now().Add(l.options.TTL).UTC(), l.options.Keep, l.options.Source})
	if err != nil {
		return "", fmt.Errorf("label the lab: %w", err)
	}
	return string(text), nil
}

// GC implements topologies.Collector. A lab ends by itself with its owner, and one that is kept
// at its time: this is for those whose supervisor was stopped, or is past its time with an owner
// that lives.
func (p *Provider) GC(ctx context.Context, now time.Time) (removed []string, err error) {
	removed, err = sweep(ctx, func(pid int, w label) bool { return now.After(w.Expires) || !w.Keep && !outlives(w.Owner, pid) })
	return p.sweepRest(ctx, removed, err, func(string) bool { return true })
}

// RemoveRun implements topologies.Collector.
func (p *Provider) RemoveRun(ctx context.Context, run string) (removed []string, err error) {
	removed, err = sweep(ctx, func(_ int, w label) bool { return w.Run == run })
	before := strings.TrimSuffix(labID(run, 0), "0")
	return p.sweepRest(ctx, removed, err, func(lab string) bool {
		number, ok := strings.CutPrefix(lab, before)
		_, err := strconv.Atoi(number)
		return ok && err == nil
	})
}

// Sources implements topologies.SourceTeller.
func (p *Provider) Sources(_ context.Context, run string) ([]string, error) {
	found, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var sources []string
	for _, dir := range found {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue // no process
		}
		// Whom this user may not end is somebody else's.
		if w, ok := labelOf(pid); ok && w.Run == run && !slices.Contains(sources, w.Source) && unix.Kill(pid, 0) == nil {
			sources = append(sources, w.Source)
		}
	}
	return sources, nil
}

// sweepRest removes what labs leave that does not end with their supervisors: files on disk, of labs
// that match, control groups, and doors.
func (p *Provider) sweepRest(ctx context.Context, removed []string, err error, match func(lab string) bool) ([]string, error) {
	files, failed := sweepFiles(ctx, match)
	for _, lab := range files {
		if !slices.Contains(removed, lab) {
			removed = append(removed, lab)
		}
	}
	return removed, errors.Join(err, failed, p.sweepGroups(), closedDoors())
}

// sweepGroups removes control groups of labs that have ended, where this process may.
func (p *Provider) sweepGroups() error {
	groups, err := p.groups()
	if err != nil {
		return nil //nolint:nilerr // there is none to look into
	}
	return groups.Sweep()
}

// sweep ends the supervisors that match, and waits until they have ended.
func sweep(ctx context.Context, match func(pid int, w label) bool) (removed []string, err error) {
	found, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var errs []error
	for _, dir := range found {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue // no process
		}
		name, err := end(ctx, pid, match)
		if err != nil {
			errs = append(errs, err)
		} else if name != "" {
			removed = append(removed, name)
		}
	}
	return removed, errors.Join(errs...)
}

// end ends a process that is the supervisor of a lab that matches, and gives the name of the
// lab. It is held while it is looked at, so that no other can take its number in between.
func end(ctx context.Context, pid int, match func(int, label) bool) (string, error) {
	if _, ok := labelOf(pid); !ok {
		return "", nil
	}
	held, err := openPid(pid)
	if errors.Is(err, unix.ESRCH) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer held.Close() //nolint:errcheck // it was only held
	w, ok := labelOf(pid)
	if !ok || !match(pid, w) {
		return "", nil
	}
	err = unix.PidfdSendSignal(int(held.Fd()), unix.SIGKILL, nil, 0)
	switch {
	case errors.Is(err, unix.ESRCH), errors.Is(err, unix.EPERM): // gone, or somebody else's
		return "", nil
	case err != nil:
		return "", fmt.Errorf("end lab %s: %w", w.Lab, err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if over, err := ended(held); err != nil || over {
			return w.Lab, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", fmt.Errorf("wait for the end of lab %s: %w", w.Lab, ctx.Err())
		}
	}
}

// labelOf reads the command line of a process that is a supervisor. One in a lab is none: it is
// not the first of its own namespace seen from the one above, or has no such arguments.
func labelOf(pid int) (label, bool) {
	var w label
	line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return w, false
	}
	args := strings.Split(string(line), "\x00")
	if len(args) < 3 || args[1] != Verb || json.Unmarshal([]byte(args[2]), &w) != nil || w.Lab == "" {
		return w, false
	}
	return w, deep(pid) == 2
}

// deep tells in how many namespaces of processes a process has a number, seen from here.
func deep(pid int) int {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if numbers, ok := strings.CutPrefix(line, "NSpid:"); ok {
			return len(strings.Fields(numbers))
		}
	}
	return 0
}

// outlives says whether a process runs that was there before another.
func outlives(owner, other int) bool {
	began, err := startOf(owner)
	if err != nil {
		return false
	}
	later, err := startOf(other)
	return err != nil || began <= later
}

// startOf is when a process that has not ended began, in clock ticks since the boot.
func startOf(pid int) (uint64, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	// The second field is a name in parentheses that may hold anything.
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const state, startTime = 0, 19 // of the fields after the name
	if len(fields) <= startTime || fields[state] == "Z" || fields[state] == "X" {
		return 0, os.ErrProcessDone
	}
	return strconv.ParseUint(fields[startTime], 10, 64)
}
