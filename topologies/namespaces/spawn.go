package namespaces

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/wiring"
)

const terminalRows, terminalColumns = 24, 511

// exitOf gives the status of a child that has ended, as a shell would: a signal is 128 and its
// number.
func exitOf(info *unix.Siginfo) int {
	b := (*[128]byte)(unsafe.Pointer(info)) //nolint:gosec // the layout is the kernel's
	status := int(int32(binary.NativeEndian.Uint32(b[24:])))
	if info.Code != cldExited {
		return 128 + status
	}
	return status
}

// signalOf gives the signal that has ended a child, and whether the kernel wrote a core file or gave it to the machine's program for them;
// 0 where it ended by itself.
func signalOf(info *unix.Siginfo) (signal int, core bool) {
	if info.Code == cldExited {
		return 0, false
	}
	return exitOf(info) - 128, info.Code == cldDumped
}

// spawn starts a command in a node, and has done the rest when it has ended. files are its
// standard input, output and error; or none, and it gets a terminal, whose master is returned.
func (s *supervisor) spawn(n *node, req request, files []*os.File) (b begun, master *os.File, err error) {
	if len(req.Argv) == 0 {
		return b, nil, errors.New("there is no command")
	}
	l, err := n.current()
	if err != nil {
		return b, nil, err
	}
	b.proc = l.proc
	err = wiring.OnThread(func() error {
		if err := n.enterLife(l); err != nil {
			return err
		}
		attr := &syscall.ProcAttr{Dir: "/", Env: n.environment(req.TTY), Sys: &syscall.SysProcAttr{Setsid: true}}
		if req.TTY {
			var slave *os.File
			if master, slave, err = openTerminal(); err != nil {
				return err
			}
			defer slave.Close() //nolint:errcheck // the command has its own
			files = []*os.File{slave, slave, slave}
			attr.Sys.Setctty = true
		}
		for _, f := range files {
			attr.Files = append(attr.Files, f.Fd())
		}
		program, err := find(req.Argv[0], attr.Env)
		if err != nil {
			return err
		}
		if err := confine(n.spec.Caps); err != nil {
			return err
		}
		if err := filterCalls(n.spec.Calls); err != nil {
			return err
		}
		b.pid, err = executeIn(l.group, program, req.Argv, attr)
		return err
	})
	if err == nil {
		b.inside = s.numberInside(b.pid)
		b.handle, err = openPid(b.pid)
	}
	if err != nil && master != nil {
		err = errors.Join(err, master.Close())
	}
	return b, master, err
}

// numberInside tells how its node numbers a process that is not reaped yet; 0 where that is not known.
func (s *supervisor) numberInside(pid int) int {
	for line := range bytes.Lines(usage{proc: s.proc}.about(strconv.Itoa(pid) + "/status")) {
		if numbers, ok := bytes.CutPrefix(line, []byte("NSpid:")); ok {
			list := bytes.Fields(numbers)
			inside, _ := strconv.Atoi(string(list[len(list)-1])) // a number
			return inside
		}
	}
	return 0
}

// busyTimeout bounds the wait for a program that was just written: whatever this process or the
// owner starts meanwhile has the file open until it executes its own.
const busyTimeout = 5 * time.Second

// execute starts a program.
func execute(program string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	deadline := time.Now().Add(busyTimeout)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		pid, err = syscall.ForkExec(program, argv, attr) //nolint:gosec // what the owner asks for, in a node
		if !errors.Is(err, unix.ETXTBSY) || time.Now().After(deadline) {
			return pid, err
		}
		<-tick.C
	}
}

// environment is that of every command of a node; later settings win.
func (n *node) environment(tty bool) []string {
	env := append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=" + n.name, "HOME=/root"}, n.spec.Env...)
	if tty {
		env = append(env, "TERM=xterm")
	}
	seen := map[string]bool{}
	var list []string
	for _, setting := range slices.Backward(env) {
		if key, _, _ := strings.Cut(setting, "="); !seen[key] {
			seen[key] = true
			list = append(list, setting)
		}
	}
	return list
}

// find finds a program in the root file system of this thread.
func find(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, setting := range env {
		path, ok := strings.CutPrefix(setting, "PATH=")
		if !ok {
			continue
		}
		for dir := range strings.SplitSeq(path, ":") {
			file := filepath.Join("/", dir, name)
			if info, err := os.Stat(file); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
				return file, nil
			}
		}
	}
	return "", &fs.PathError{Op: "run", Path: name, Err: syscall.ENOENT}
}

// openTerminal makes a terminal of the node that this thread is in.
func openTerminal() (master, slave *os.File, err error) {
	fd, err := unix.Open("/dev/pts/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open a terminal: %w", err)
	}
	master = os.NewFile(uintptr(fd), "terminal")
	fail := func(err error) (*os.File, *os.File, error) {
		return nil, nil, errors.Join(fmt.Errorf("open a terminal: %w", err), master.Close())
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return fail(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: terminalRows, Col: terminalColumns}); err != nil {
		return fail(err)
	}
	peer, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return fail(errno)
	}
	return master, os.NewFile(peer, "terminal"), nil
}

// open opens a file of a node. Nothing waits for the other end of a pipe.
func (s *supervisor) open(n *node, req request) (f *os.File, err error) {
	err = wiring.OnThread(func() error {
		if err := n.enter(); err != nil {
			return err
		}
		if req.Op == opOpen {
			f, err = os.OpenFile(req.Path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
			return err
		}
		unix.Umask(0) // of this thread alone, since it entered the node
		if err := os.MkdirAll(filepath.Dir(req.Path), 0o755); err != nil {
			return err
		}
		mode := fs.FileMode(req.Mode).Perm()
		if f, err = os.OpenFile(req.Path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY, mode); err != nil {
			return err
		}
		return f.Chmod(mode)
	})
	if err != nil && f != nil {
		err = errors.Join(err, f.Close())
	}
	return f, err
}
