package cgroups

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Controllers that bound a node.
const (
	CPU    = "cpu"
	Memory = "memory"
	Pids   = "pids"
)

func wanted() []string { return []string{CPU, Memory, Pids} }

// Delegation is a group that this process may divide.
type Delegation struct {
	Dir         string   // where it is
	Controllers []string // that bound what is below it, of those above
}

// Has says whether a controller bounds what is below the group.
func (d Delegation) Has(controller string) bool { return slices.Contains(d.Controllers, controller) }

// NotDelegatedError says why there is no group to divide, and how to get one.
type NotDelegatedError struct{ Reason, Allow string }

func (e *NotDelegatedError) Error() string { return e.Reason + "; " + e.Allow }

// How to get a group, of systemd or by hand.
const (
	allowScope = "start it in a group of its own: systemd-run --user --scope -p Delegate=yes reprise …"
	// AllowAll is how users get every controller.
	AllowAll   = "as root, give users' groups all controllers: [Service] Delegate=cpu memory pids in /etc/systemd/system/user@.service.d/delegate.conf"
	allowMount = "boot with version 2 alone (systemd.unified_cgroup_hierarchy=1), or mount it where nothing of version 1 has the controllers"
)

// Host is a machine as its files show it.
type Host struct {
	Root    string // folder that the machine's files are beneath
	Systemd bool   // it manages the groups
	// Ask gives a property of a unit of the machine's systemd, or of the user's.
	Ask func(user bool, unit, property string) (string, error)
}

// Find finds the group of this process where it is delegated, with one controller at least; else
// the error is a *NotDelegatedError, or something could not be read.
func Find() (Delegation, error) {
	_, err := os.Stat("/run/systemd/system") // sd_booted(3)
	return Host{Root: "/", Systemd: err == nil, Ask: ask}.Find()
}

// Find is the package's Find for a machine.
func (h Host) Find() (Delegation, error) {
	dir, err := h.own()
	if err != nil {
		return Delegation{}, err
	}
	if filepath.Base(dir) == inhabitants { // where Divide has taken this process, or what started it
		dir = filepath.Dir(dir)
	}
	if err := writable(dir); err != nil {
		return Delegation{}, &NotDelegatedError{fmt.Sprintf("the group of this process, %s, is not this user's to divide (%v)", dir, err), allowScope}
	}
	if h.Systemd && !marked(dir) && !h.delegates(dir) {
		return Delegation{}, &NotDelegatedError{fmt.Sprintf("systemd manages the group of this process, %s, itself", dir), allowScope}
	}
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return Delegation{}, fmt.Errorf("ask for the controllers of a group: %w", err)
	}
	d := Delegation{Dir: dir}
	for name := range strings.FieldsSeq(string(text)) {
		if slices.Contains(wanted(), name) {
			d.Controllers = append(d.Controllers, name)
		}
	}
	switch {
	case len(d.Controllers) > 0:
		return d, nil
	case h.Systemd:
		return Delegation{}, &NotDelegatedError{dir + " has no controller for processors, memory or processes", AllowAll}
	default:
		return Delegation{}, &NotDelegatedError{dir + " has no controller for processors, memory or processes: version 1 has them, or the group above does not pass them on", allowMount}
	}
}

// own is the folder of this process's group.
func (h Host) own() (string, error) {
	text, err := os.ReadFile(filepath.Join(h.Root, "/proc/self/cgroup"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", &NotDelegatedError{"the kernel has no control groups", "another kernel"}
	}
	if err != nil {
		return "", fmt.Errorf("ask for the group of this process: %w", err)
	}
	path := ""
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "0::"); ok { // version 2 (cgroups(7))
			path = rest
		}
	}
	if !strings.HasPrefix(path, "/") {
		return "", &NotDelegatedError{"the kernel has no control groups of version 2", allowMount}
	}
	mounts, err := os.ReadFile(filepath.Join(h.Root, "/proc/self/mountinfo"))
	if err != nil {
		return "", fmt.Errorf("look for control groups: %w", err)
	}
	for line := range strings.Lines(string(mounts)) {
		if dir, ok := within(line, path); ok {
			return filepath.Join(h.Root, dir), nil
		}
	}
	return "", &NotDelegatedError{"no mount shows the group of this process, " + path, allowMount}
}

// within finds a group below a mount, of which a line of mountinfo tells (proc_pid_mountinfo(5)).
func within(line, path string) (string, bool) {
	about, kind, ok := strings.Cut(line, " - ")
	fields := strings.Fields(about)
	const root, point = 3, 4
	if !ok || !strings.HasPrefix(kind, "cgroup2 ") || len(fields) <= point {
		return "", false
	}
	below, err := filepath.Rel(plain(fields[root]), path)
	if err != nil || below == ".." || strings.HasPrefix(below, "../") {
		return "", false
	}
	return filepath.Join(plain(fields[point]), below), true
}

// plain undoes how the kernel writes blanks in names.
func plain(name string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(name)
}

// writable says what keeps this process from dividing a group.
func writable(dir string) error {
	for _, name := range []string{"", "cgroup.procs", "cgroup.subtree_control"} {
		path := filepath.Join(dir, name)
		if err := unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS); err != nil {
			return &os.PathError{Op: "write", Path: path, Err: err}
		}
	}
	return nil
}

// delegates asks systemd whether a group is that of a unit that it has delegated.
func (h Host) delegates(dir string) bool {
	unit := filepath.Base(dir)
	if kind := filepath.Ext(unit); kind != ".scope" && kind != ".service" {
		return false
	}
	value, err := h.Ask(strings.Contains(dir, "/user@"), unit, "Delegate")
	return err == nil && value == "yes"
}

// askTimeout bounds the wait for systemd.
const askTimeout = 5 * time.Second

// ask is Host.Ask of this machine.
func ask(user bool, unit, property string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	which := "--system"
	if user {
		which = "--user"
	}
	out, err := exec.CommandContext(ctx, "systemctl", which, "show", "--property="+property, "--value", "--", unit).Output() //nolint:gosec // a unit's name
	return strings.TrimSpace(string(out)), err
}

// marked says whether systemd has marked a group as delegated: newer ones for everybody to see, and
// that of the machine for root.
func marked(dir string) bool {
	value := make([]byte, 8)
	for _, name := range []string{"user.delegate", "trusted.delegate"} {
		if n, err := unix.Getxattr(dir, name, value); err == nil && string(value[:n]) == "1" {
			return true
		}
	}
	return false
}
