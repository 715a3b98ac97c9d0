package namespaces

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Numbers of processes, and of descriptors, are given anew when what had them is gone. Whatever is
// done to a process is done by something of it that is held meanwhile.

// hold does something with the descriptor of a file that somebody else may close meanwhile: it is
// the file's until that is done, or os.ErrClosed is the answer.
func hold(f *os.File, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	if raw.Control(func(fd uintptr) { err = do(int(fd)) }) != nil {
		return os.ErrClosed // nothing else goes wrong there
	}
	return err
}

// killProcess ends a process that is held. One that has ended is no error.
func killProcess(pidfd *os.File) error {
	err := hold(pidfd, func(fd int) error { return unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) })
	if errors.Is(err, unix.ESRCH) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// signalGroup is PIDFD_SIGNAL_PROCESS_GROUP of linux/pidfd.h, since 6.9.
const signalGroup = 1 << 2

// killGroup ends the group that a process leads which is held, or has led until it was reaped.
func killGroup(pid int, pidfd *os.File) error {
	err := hold(pidfd, func(fd int) error { return unix.PidfdSendSignal(fd, unix.SIGKILL, nil, signalGroup) })
	if errors.Is(err, unix.EINVAL) {
		err = killGroupOf(pid, pidfd)
	}
	if errors.Is(err, unix.ESRCH) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// killGroupOf is killGroup for older kernels, by the group's number. That is its own for as long as
// anything is in the group: the kernel gives it to no process then.
func killGroupOf(pid int, pidfd *os.File) error {
	if pid <= 1 {
		return fmt.Errorf("refuse to end process %d", pid)
	}
	// Of a leader that was reaped, the handle says so, and its number has no process; or it has one
	// that came later, and then nothing is left of the group.
	if err := hold(pidfd, func(fd int) error { return unix.PidfdSendSignal(fd, 0, nil, 0) }); err != nil {
		if other, err := unix.PidfdOpen(pid, 0); err == nil {
			return errors.Join(unix.ESRCH, unix.Close(other))
		}
	}
	return unix.Kill(-pid, unix.SIGKILL)
}

// sessionRounds bounds how often a session is looked through for what was made meanwhile: what makes
// processes without end is ended with its node, by its bounds.
const sessionRounds = 64

// killSession ends every process of the session that a command leads, or has led until it was reaped:
// a shell on a terminal gives each of its children a group of its own. number is the session's as its
// node has it, whose /proc is given.
func killSession(proc *os.File, number int, leader *os.File) error {
	err := hold(proc, func(proc int) error {
		for range sessionRounds {
			// As for a group: where the leader was reaped and its number has a process, that came later.
			err := hold(leader, func(fd int) error { return unix.PidfdSendSignal(fd, 0, nil, 0) })
			if err != nil && unix.Faccessat(proc, strconv.Itoa(number), unix.F_OK, 0) == nil {
				return nil
			}
			found := false
			for _, pid := range (usage{proc: proc}).processes() {
				found = killOf(proc, pid, number) || found
			}
			if !found {
				return nil
			}
		}
		return nil
	})
	if errors.Is(err, os.ErrClosed) {
		return nil // the node has ended
	}
	return err
}

// killOf ends a process if it is of a session, and says whether it was. One that is of another by its
// number is not held first: most are.
func killOf(proc int, pid string, session int) bool {
	if !inSession(usage{proc: proc}.about(pid+"/stat"), session) {
		return false
	}
	dir, err := unix.Openat(proc, pid, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(dir) //nolint:errcheck // it was only held
	return inSession(usage{proc: dir}.about("stat"), session) && unix.PidfdSendSignal(dir, unix.SIGKILL, nil, 0) == nil
}

// inSession says whether a process that runs is of a session, by its stat.
func inSession(stat []byte, session int) bool {
	// The second field is a name in parentheses that may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const state, id = 0, 3 // of the fields after the name (proc_pid_stat(5))
	return len(fields) > id && fields[state] != "Z" && fields[state] != "X" && fields[id] == strconv.Itoa(session)
}

// network opens the network of a life that runs, or is about to, as a wiring.Opener.
func (s *supervisor) network(life int) (ns netns.NsHandle, err error) {
	s.mu.Lock()
	awaited := s.awaited[life]
	s.mu.Unlock()
	if awaited != nil {
		<-awaited
	}
	s.mu.Lock()
	l := s.lives[life]
	s.mu.Unlock()
	if l == nil {
		return netns.None(), unix.ESRCH
	}
	err = hold(l.proc, func(proc int) error {
		fd, err := unix.Openat(proc, firstProcess+"ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		ns = netns.NsHandle(fd)
		return err
	})
	if errors.Is(err, os.ErrClosed) {
		err = unix.ESRCH
	}
	return ns, err
}

// ending waits for the end of a life that runs, as a wiring.Ending.
func (s *supervisor) ending(life int) (wait func(ctx context.Context) bool, err error) {
	s.mu.Lock()
	l := s.lives[life]
	s.mu.Unlock()
	if l == nil {
		return nil, unix.ESRCH
	}
	return func(ctx context.Context) bool {
		select {
		case <-l.ended:
			return true
		case <-ctx.Done():
			return false
		}
	}, nil
}

// firstProcess is that of a node in its own /proc, where no other ever has its number.
const firstProcess = "1/"

// network opens the network of a life of one of the lab's nodes that runs, as a wiring.Opener: what
// the number of its first process led to was its own if that still runs.
func (l *lab) network(life int) (netns.NsHandle, error) {
	for _, n := range l.order {
		n.mu.Lock()
		is, here := n.held == life, n.here
		n.mu.Unlock()
		if !is {
			continue
		}
		ns, err := netns.GetFromPath("/proc/" + strconv.Itoa(here) + "/ns/net")
		if err != nil {
			return ns, err
		}
		if n.goesOn(life) {
			return ns, nil
		}
		return netns.None(), errors.Join(unix.ESRCH, ns.Close())
	}
	return netns.None(), unix.ESRCH
}

// goesOn reports whether a life of a node goes on.
func (n *member) goesOn(life int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held != life {
		return false
	}
	over, err := ended(n.pidfd)
	return err == nil && !over
}
