package cgroups

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// inhabitants is the group that what was in a delegated group is taken to.
const inhabitants = "reprise-processes"

// labName matches the group of a lab: the process that made it, and the lab.
var labName = regexp.MustCompile(`^reprise-[0-9]+-`)

// Lab is the group of a lab. Its maker holds a lock of it as long as it lives: numbers of processes say
// nothing to who has other ones.
type Lab struct {
	dir         string
	controllers []string
	lock        *os.File
}

// Limits of a node. What is zero is not bounded, nor what the delegation has no controller for.
type Limits struct {
	Memory int64   // bytes of its processes and of its files in memory, with what the kernel holds for it
	Tasks  int     // processes and threads
	CPU    float64 // processors
}

// Divide makes the group of a lab. Whatever else is in the delegated group is in one below it then.
func (d Delegation) Divide(lab string) (*Lab, error) {
	if err := d.empty(); err != nil {
		return nil, err
	}
	if err := enable(d.Dir, d.Controllers); err != nil {
		return nil, err
	}
	l := &Lab{dir: filepath.Join(d.Dir, fmt.Sprintf("reprise-%d-%s", os.Getpid(), lab)), controllers: d.Controllers}
	for l.lock == nil {
		if err := os.Mkdir(l.dir, 0o755); err != nil {
			return nil, fmt.Errorf("make a control group: %w", err)
		}
		var err error
		if l.lock, err = locked(l.dir, unix.LOCK_SH); err != nil {
			return nil, errors.Join(fmt.Errorf("lock a control group: %w", err), l.Remove())
		}
	}
	if err := enable(l.dir, d.Controllers); err != nil {
		return nil, errors.Join(err, l.Remove())
	}
	return l, nil
}

// locked opens a group and locks it; nil where it was removed before that.
func locked(dir string, how int) (*os.File, error) {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for {
		if err = unix.Flock(int(f.Fd()), how); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	mine, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if there, err := os.Stat(dir); err != nil || !os.SameFile(mine, there) {
		return nil, errors.Join(ignoreGone(err), f.Close())
	}
	return f, nil
}

// ignoreGone takes what is gone for what was to be.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// enable has controllers bound what is below a group.
func enable(dir string, controllers []string) error {
	if len(controllers) == 0 {
		return nil
	}
	if err := write(filepath.Join(dir, "cgroup.subtree_control"), "+"+strings.Join(controllers, " +")); err != nil {
		return fmt.Errorf("divide a control group: %w", err)
	}
	return nil
}

// emptyRounds bounds how often processes that were made meanwhile are taken out of a group.
const emptyRounds = 16

// empty takes what is in the delegated group to one below it. The group of all is no matter: it may
// have processes.
func (d Delegation) empty() error {
	if _, err := os.Stat(filepath.Join(d.Dir, "cgroup.type")); errors.Is(err, fs.ErrNotExist) {
		return nil // only that of all has no such file
	}
	for range emptyRounds {
		pids, err := os.ReadFile(filepath.Join(d.Dir, "cgroup.procs"))
		if err != nil {
			return fmt.Errorf("list the processes of a control group: %w", err)
		}
		if len(bytes.TrimSpace(pids)) == 0 {
			return nil
		}
		below := filepath.Join(d.Dir, inhabitants)
		if err := os.Mkdir(below, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make a control group: %w", err)
		}
		for pid := range strings.FieldsSeq(string(pids)) {
			if err := write(filepath.Join(below, "cgroup.procs"), pid); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("move process %s to a control group: %w", pid, err)
			}
		}
	}
	return fmt.Errorf("empty control group %s: processes are made in it without end", d.Dir)
}

// Group is the group of a node. Its files are nil where there is no controller that they tell of.
type Group struct {
	Procs  *os.File // a process whose number is written there is moved here
	Memory *os.File // memory.events
	Pids   *os.File // pids.events
}

// cpuPeriod is that of cpu.max, in microseconds: the kernel's own (Documentation/admin-guide/cgroup-v2.rst).
const cpuPeriod = 100_000

// Node makes the group of a node, or gives it anew with other bounds. The caller closes its files.
func (l *Lab) Node(name string, may Limits) (g *Group, err error) {
	dir := filepath.Join(l.dir, "node-"+name)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the control group of %s: %w", name, err)
	}
	var errs []error
	set := func(controller, file, value string) {
		if (Delegation{Controllers: l.controllers}).Has(controller) {
			errs = append(errs, write(filepath.Join(dir, file), value))
		}
	}
	if may.Memory > 0 {
		set(Memory, "memory.max", strconv.FormatInt(may.Memory, 10))
		set(Memory, "memory.oom.group", "1") // a node ends as a whole
	}
	if may.Tasks > 0 {
		set(Pids, "pids.max", strconv.Itoa(may.Tasks))
	}
	if may.CPU > 0 {
		set(CPU, "cpu.max", fmt.Sprintf("%d %d", max(int64(math.Round(may.CPU*cpuPeriod)), 1000), cpuPeriod)) // a thousand is the least
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("bound %s by its control group: %w", name, err)
	}
	g = &Group{}
	defer func() {
		if err != nil {
			g.Close()
		}
	}()
	if g.Procs, err = os.OpenFile(filepath.Join(dir, "cgroup.procs"), os.O_WRONLY, 0); err != nil {
		return g, fmt.Errorf("open the control group of %s: %w", name, err)
	}
	for file, to := range map[string]**os.File{"memory.events": &g.Memory, "pids.events": &g.Pids} {
		if *to, err = os.Open(filepath.Join(dir, file)); errors.Is(err, fs.ErrNotExist) {
			*to, err = nil, nil // it has no such controller
		}
		if err != nil {
			return g, fmt.Errorf("open the control group of %s: %w", name, err)
		}
	}
	return g, nil
}

// Close closes the files of the group.
func (g *Group) Close() {
	for _, f := range []*os.File{g.Procs, g.Memory, g.Pids} {
		if f != nil {
			_ = f.Close() // what was written is there
		}
	}
}

// removeTimeout bounds the wait until the kernel has let go of processes that have ended.
const removeTimeout = 10 * time.Second

// Remove removes the groups of the lab, in which no process is any more.
func (l *Lab) Remove() error {
	err := remove(l.dir)
	_ = l.lock.Close() // it was only held, or it is closed by now
	return err
}

func remove(dir string) error {
	below, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a control group: %w", err)
	}
	var errs []error
	for _, e := range below {
		if e.IsDir() {
			errs = append(errs, remove(filepath.Join(dir, e.Name())))
		}
	}
	deadline := time.Now().Add(removeTimeout)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := unix.Rmdir(dir)
		if err == nil || errors.Is(err, unix.ENOENT) {
			return errors.Join(errs...)
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return errors.Join(append(errs, fmt.Errorf("remove control group %s: %w", dir, err))...)
		}
		<-tick.C
	}
}

// Sweep removes what labs have left in a delegated group: those without processes, whose makers have
// ended.
func (d Delegation) Sweep() error {
	entries, err := os.ReadDir(d.Dir)
	if err != nil {
		return fmt.Errorf("look for control groups: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if labName.MatchString(e.Name()) {
			errs = append(errs, sweep(filepath.Join(d.Dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// sweep removes the group of a lab if nobody has locked it and it has no processes.
func sweep(dir string) error {
	lock, err := locked(dir, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil // its maker lives
	}
	if err != nil {
		return fmt.Errorf("look whether control group %s is left: %w", dir, err)
	}
	if lock == nil {
		return nil // somebody else has removed it
	}
	defer lock.Close() //nolint:errcheck // it was only held
	events, err := os.ReadFile(filepath.Join(dir, "cgroup.events"))
	if err != nil || Count(events, "populated") != 0 {
		return nil // it is kept
	}
	return remove(dir)
}

// Count is a number in a file of events of a group; zero where there is none.
func Count(events []byte, name string) int {
	for line := range bytes.Lines(events) {
		if key, value, _ := strings.Cut(strings.TrimSpace(string(line)), " "); key == name {
			n, _ := strconv.Atoi(value) // a number
			return n
		}
	}
	return 0
}

// write writes a setting, at once: every write is an order.
func write(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}
