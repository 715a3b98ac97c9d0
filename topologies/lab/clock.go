package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Moment is one reading of the two clocks that leases are judged by.
type Moment struct {
	Wall time.Time
	Boot time.Duration // CLOCK_BOOTTIME: since the machine started, suspended time included
	// BootID names the boot (and time namespace) that Boot counts in.
	BootID string
}

// Process is the owner of a lease that ends with it.
type Process struct {
	Host  string // host name and pid namespace: where PID means something
	Boot  string // BootID of the machine
	PID   int    // 0: bound to no process
	Start uint64 // clock ticks after the boot (proc(5), /proc/pid/stat field 22)
}

// Settings are what a Lab takes from its surroundings. The zero value is right for the
// program itself; tests put their own clock and processes in.
type Settings struct {
	Owner string        // who asks, as user@host; "" finds out
	Renew time.Duration // between two renewals of a lease; 0 means 15 s. It ends after three missed ones.
	Poll  time.Duration // between two looks of one who waits; 0 means 1 s

	Now     func() (Moment, error)         // nil reads the system's clocks
	Process func(pid int) (Process, error) // nil reads /proc
	Alive   func(p Process) bool           // nil asks the kernel; only asked about processes of this host and boot
	Synced  func(f *os.File) error         // nil is (*os.File).Sync
}

const (
	defaultRenew = 15 * time.Second
	defaultPoll  = time.Second
	// missedRenewals end a lease.
	missedRenewals = 3
)

func (s Settings) fill() (Settings, error) {
	if s.Owner == "" {
		s.Owner = defaultOwner()
	}
	if s.Renew <= 0 {
		s.Renew = defaultRenew
	}
	if s.Poll <= 0 {
		s.Poll = defaultPoll
	}
	if s.Now == nil {
		id, err := bootID()
		if err != nil {
			return s, err
		}
		s.Now = func() (Moment, error) { return now(id) }
	}
	if s.Process == nil {
		s.Process = processOf
	}
	if s.Alive == nil {
		s.Alive = alive
	}
	if s.Synced == nil {
		s.Synced = (*os.File).Sync
	}
	return s, nil
}

func defaultOwner() string {
	name := "uid " + strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return name + "@" + host
}

func now(bootID string) (Moment, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return Moment{}, fmt.Errorf("read boot clock: %w", err)
	}
	return Moment{Wall: time.Now().Round(0), Boot: time.Duration(ts.Nano()), BootID: bootID}, nil
}

// bootID reads what random(4) calls boot_id. A time namespace has a boot clock of its own.
func bootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	ns, err := os.Readlink("/proc/self/ns/time")
	if err != nil {
		ns = "" // a kernel before 5.6 has none
	}
	return strings.TrimSpace(string(id)) + ns, nil
}

// processOf describes a process of this machine, so that another one with its number is
// not taken for it.
func processOf(pid int) (Process, error) {
	boot, err := bootID()
	if err != nil {
		return Process{}, err
	}
	host, err := os.Hostname()
	if err != nil {
		return Process{}, fmt.Errorf("read host name: %w", err)
	}
	ns, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return Process{}, fmt.Errorf("read pid namespace: %w", err)
	}
	start, _, err := processStat(pid)
	if err != nil {
		return Process{}, err
	}
	return Process{Host: host + " " + ns, Boot: boot, PID: pid, Start: start}, nil
}

// processStat reads the start and state of a process (proc(5), /proc/pid/stat). The name,
// in parentheses, may hold anything.
func processStat(pid int) (start uint64, state byte, err error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0, fmt.Errorf("look at process %d: %w", pid, err)
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 20 {
		return 0, 0, fmt.Errorf("look at process %d: its stat has %d fields", pid, len(fields))
	}
	start, err = strconv.ParseUint(string(fields[19]), 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("look at process %d: %w", pid, err)
	}
	return start, fields[0][0], nil
}

// alive errs on the side of life: only a process that the kernel denies, a zombie, or
// another process under the same number is dead. A /proc that hides other users'
// processes proves nothing.
func alive(p Process) bool {
	if err := unix.Kill(p.PID, 0); errors.Is(err, unix.ESRCH) {
		return false
	}
	start, state, err := processStat(p.PID)
	if err != nil {
		return true
	}
	return start == p.Start && state != 'Z' && state != 'X'
}
