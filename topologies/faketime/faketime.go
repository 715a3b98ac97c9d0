// Package faketime gives the processes of a lab's nodes clocks of their own, which run faster or
// slower than this machine's or begin at another date, by libfaketime
// (https://github.com/wolfcw/libfaketime): a library that is loaded before a program's own and
// answers it when it asks for the time or waits.
//
// All processes of a lab count from one moment, its [Epoch]: those of nodes that start minutes
// apart agree, and so does one that is restarted by hand. libfaketime keeps that moment in shared
// memory, which is written here as it would write it.
//
// What the kernel times by itself keeps real time (TCP, neighbours, bridges), and so does a
// program that the library cannot be loaded into: one that is linked statically.
//
// A node whose image has no libfaketime is given one that its own dynamic linker loads, which is
// found out by trying.
//
// Non-goals: measuring who takes the clock; machines, which have a kernel of their own.
package faketime

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// Library is where Debian's package libfaketime has the library, as the dynamic linker expands it
// for every architecture.
const Library = "/usr/$LIB" + within

// within is where the library is in a folder of libraries.
const within = "/faketime/libfaketime.so.1"

// EnvClock holds the library for a shell that keeps real time itself and gives what it starts the
// lab's clock.
const EnvClock = "REPRISE_CLOCK"

// name is that of the semaphore and of the shared memory.
const name = "/reprise-clock"

// Epoch is the moment from which a lab's clocks count: they showed this machine's date then, or that
// at which the lab begins.
type Epoch struct {
	Real      time.Time
	monotonic unix.Timespec
	raw       unix.Timespec
	boot      unix.Timespec
}

// Now is the epoch of a lab that begins now.
func Now() (Epoch, error) {
	c, err := Clocks()
	return Epoch{Real: c.Real, monotonic: unix.NsecToTimespec(int64(c.Monotonic)), raw: unix.NsecToTimespec(int64(c.Raw)), boot: unix.NsecToTimespec(int64(c.Boot))}, err
}

// Clocks are what the clocks of this machine show.
func Clocks() (c topologies.MachineClocks, err error) {
	c.Real = time.Now()
	c.At = c.Real
	for clock, to := range map[int32]*time.Duration{
		unix.CLOCK_MONOTONIC: &c.Monotonic, unix.CLOCK_MONOTONIC_RAW: &c.Raw, unix.CLOCK_BOOTTIME: &c.Boot,
	} {
		var t unix.Timespec
		if err := unix.ClockGettime(clock, &t); err != nil {
			return c, fmt.Errorf("read the clock: %w", err)
		}
		*to = time.Duration(t.Nano())
	}
	return c, nil
}

// Tolerance is by how much the clocks of a lab's nodes may differ from each other, in real time.
const Tolerance = 5 * time.Millisecond

// UnknownError says that the clock of a node's machine is not known well enough for the node to have the lab's.
type UnknownError struct{ Within time.Duration }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("the clock of its machine is known to within %s only, and two of a lab agree to within %s where each is known to within half of that", e.Within, Tolerance)
}

// on is the same moment as another machine's clocks showed, or will show, it.
func (e Epoch) on(c topologies.MachineClocks) (Epoch, error) {
	if c.Within > Tolerance/2 { // the other may be as far off the other way
		return e, &UnknownError{c.Within}
	}
	since := e.Real.Sub(c.At) // before it, mostly
	at := func(clock time.Duration) unix.Timespec { return unix.NsecToTimespec(int64(clock + since)) }
	return Epoch{Real: c.Real.Add(since), monotonic: at(c.Monotonic), raw: at(c.Raw), boot: at(c.Boot)}, nil
}

// Date is what the lab's clocks show at a moment. A zero start is a lab whose clocks began at the
// real date.
func (e Epoch) Date(speed float64, start, at time.Time) time.Time {
	if start.IsZero() {
		start = e.Real
	}
	return start.Add(time.Duration(float64(at.Sub(e.Real)) * speed))
}

// Environment is what every process of a node finds that has the lab's clock. It says nothing of the
// epoch, which is as soon or as late as a lab is ready for it. A zero start is the real date.
func Environment(speed float64, start time.Time) map[string]string {
	begins := "+0"
	if !start.IsZero() {
		begins = fmt.Sprintf("@%d.%09d", start.Unix(), start.Nanosecond())
	}
	return map[string]string{
		"LD_PRELOAD":          Library,
		EnvClock:              Library,
		"FAKETIME":            begins + " x" + strconv.FormatFloat(speed, 'f', -1, 64),
		"FAKETIME_FMT":        "%s", // seconds since 1970, of whatever time zone
		"FAKETIME_DONT_RESET": "1",  // a program begins with the lab, and not when it is started
		"FAKETIME_SHARED":     name + " " + name,
		"FAKETIME_NO_CACHE":   "1", // it would look at real time again after ten calls only
		"NO_FAKE_STAT":        "1", // times of files are the kernel's, and mean what they say
	}
}

// Host is what Place needs of a node.
type Host interface {
	Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (exit int, err error)
	WriteFile(ctx context.Context, path string, data []byte, mode fs.FileMode) error
}

// shared and guard are where a node has its share of the epoch: the shared memory, and the semaphore.
const (
	shared = "/dev/shm" + name
	guard  = "/dev/shm/sem.reprise-clock"
)

// memory is struct ft_shared_s of libfaketime 0.9.7 to 0.9.12: two counters, and the moments on
// four clocks that its processes count from.
func (e Epoch) memory() []byte {
	b := make([]byte, 16)
	for _, t := range []unix.Timespec{unix.NsecToTimespec(e.Real.UnixNano()), e.monotonic, e.raw, e.boot} {
		b = binary.NativeEndian.AppendUint64(b, uint64(t.Sec))  //nolint:gosec // a moment after 1970
		b = binary.NativeEndian.AppendUint64(b, uint64(t.Nsec)) //nolint:gosec // less than 10⁹
	}
	return b
}

// passes is the semaphore's value. Nothing that it guards changes once the epoch is set, so
// nobody has to wait: not even behind a process that was killed while it held it.
const passes = 1 << 30

// semaphore is glibc's sem_t, of 32 bytes with the value first.
func semaphore() []byte {
	b := make([]byte, 32)
	binary.NativeEndian.PutUint32(b, passes)
	return b
}
