package userns

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// gate is the descriptor that tells the program that its ids are mapped: the first of those
// that it inherits.
const gate = 3

// Start starts a program in a user namespace, besides those that cmd asks for. Its first extra
// file, descriptor 3, is this package's; those of cmd come behind it. The program has all
// capabilities over its namespace, and waits in Enter until its ids are mapped.
func (m Mapping) Start(cmd *exec.Cmd) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start in a user namespace: %w", err)
	}
	defer w.Close() //nolint:errcheck // what is behind it has been read, or the program is killed
	cmd.ExtraFiles = append([]*os.File{r}, cmd.ExtraFiles...)
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
	if cmd.SysProcAttr.AmbientCaps, err = capabilities(); err != nil {
		return errors.Join(err, r.Close())
	}
	err = cmd.Start()
	_ = r.Close() // the program has its own
	if err != nil {
		return refused(err)
	}
	if err := m.write(cmd.Process.Pid); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		return err
	}
	if _, err := w.Write([]byte{1}); err != nil {
		_ = cmd.Process.Kill()
		return errors.Join(fmt.Errorf("start in a user namespace: %w", err), cmd.Wait())
	}
	return nil
}

// capabilities lists all that the kernel knows.
func capabilities() ([]uintptr, error) {
	text, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err != nil {
		return nil, fmt.Errorf("ask for the kernel's capabilities: %w", err)
	}
	last, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("ask for the kernel's capabilities: %w", err)
	}
	var list []uintptr
	for c := range last + 1 {
		list = append(list, uintptr(c))
	}
	return list, nil
}

// refused says why the kernel makes no user namespace, as far as its answer tells.
func refused(err error) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES), errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
		return &topologies.MissingError{What: "kernel ability", Name: "user namespaces", Hint: fmt.Sprintf("%s (%v)", why(), err)}
	default:
		return fmt.Errorf("start in a user namespace: %w", err)
	}
}

// write maps the ids of a process that waits for it.
func (m Mapping) write(pid int) error {
	if m.helpers {
		return errors.Join(mapBy("newuidmap", pid, m.Users), mapBy("newgidmap", pid, m.Groups))
	}
	dir := "/proc/" + strconv.Itoa(pid)
	if m.Single { // the kernel lets an ordinary user map a group only where groups cannot be given up
		if err := os.WriteFile(dir+"/setgroups", []byte("deny"), 0); err != nil {
			return refused(fmt.Errorf("map ids: %w", err))
		}
	}
	for _, f := range []struct {
		name string
		m    []Range
	}{{"/uid_map", m.Users}, {"/gid_map", m.Groups}} {
		if err := os.WriteFile(dir+f.name, []byte(lines(f.m)), 0); err != nil {
			return refused(fmt.Errorf("map ids: %w", err))
		}
	}
	return nil
}

// mapBy has the system's own program map subordinate ids.
func mapBy(program string, pid int, m []Range) error {
	args := []string{strconv.Itoa(pid)}
	for _, r := range m {
		args = append(args, strconv.Itoa(r.Inside), strconv.Itoa(r.Outside), strconv.Itoa(r.Count))
	}
	var said bytes.Buffer
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // numbers; it is done in a moment
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("map ids: %s: %w: %s", program, err, strings.TrimSpace(said.String()))
	}
	return nil
}
