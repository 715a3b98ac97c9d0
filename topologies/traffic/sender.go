package traffic

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// shortest is the least time between two wakes of the sender: what is due by then goes at once.
const shortest = 250 * time.Microsecond

// send sends what is due until the flow is ended, or has sent all. It keeps its thread: what else runs
// in this process does not hold it up.
func (f *Flow) send(dst unix.Sockaddr) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	overhead := headerV4 + headerUDP
	if _, v6 := dst.(*unix.SockaddrInet6); v6 {
		overhead = headerV6 + headerUDP
	}
	b := make([]byte, f.spec.Size-overhead)
	for number := uint64(0); number < f.log.most; {
		due := f.log.due(number)
		if !f.until(due) {
			return
		}
		for now := time.Now(); number < f.log.most && !f.log.due(number).After(now); number++ {
			if err := f.put(b, dst, number); err != nil {
				f.log.fail(err)
				return
			}
		}
	}
}

// until waits for a moment; false where the flow was ended first.
func (f *Flow) until(due time.Time) bool {
	wait := time.Until(due)
	if wait > 0 && wait < shortest {
		wait = shortest
	}
	for wait > 0 {
		select {
		case <-f.stop:
			return false
		default:
		}
		// In parts, so that the end of the flow is seen.
		t := unix.NsecToTimespec(min(wait, 20*time.Millisecond).Nanoseconds())
		_ = unix.Nanosleep(&t, nil) // who wakes early waits again
		wait = time.Until(due)
	}
	select {
	case <-f.stop:
		return false
	default:
		return true
	}
}

// put sends one packet and writes it down, before and after: it may be back before the kernel is.
func (f *Flow) put(b []byte, dst unix.Sockaddr, number uint64) error {
	before := time.Now()
	f.log.sending(number, before)
	fill(b, f.id, number, before.UnixNano())
	err := unix.Sendto(f.sender, b, unix.MSG_DONTWAIT, dst)
	refused := noWay(err)
	f.log.went(number, time.Now(), refused)
	switch {
	case err == nil, refused:
		return nil
	case errors.Is(err, unix.EMSGSIZE):
		return fmt.Errorf("packets of %d bytes are larger than what the node's link takes", f.spec.Size)
	default:
		return fmt.Errorf("packet %d could not be sent: %w", number, err)
	}
}

// noWay says that a node knew no way for a packet, or had no room at its end of a link, or was told to
// drop it: that is the network's doing.
func noWay(err error) bool {
	for _, e := range []error{unix.ENETUNREACH, unix.EHOSTUNREACH, unix.ENETDOWN, unix.EHOSTDOWN, unix.EPERM, unix.ENOBUFS, unix.EAGAIN} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
