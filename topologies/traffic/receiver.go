package traffic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// awake is after how many milliseconds it is known again that nothing came.
const awake = 20

// receive takes what comes until the flow is ended, and what has come by then.
func (f *Flow) receive() {
	b, beside := make([]byte, 64), make([]byte, 256)                                                             // all that is looked at
	fds := []unix.PollFd{{Fd: int32(f.receiver), Events: unix.POLLIN}, {Fd: int32(f.wake), Events: unix.POLLIN}} //nolint:gosec // descriptors are small
	for {
		if _, err := unix.Poll(fds, awake); err != nil && !errors.Is(err, unix.EINTR) {
			f.log.fail(fmt.Errorf("wait for packets: %w", err))
			return
		}
		if err := f.drain(b, beside); err != nil {
			f.log.fail(err)
			return
		}
		if fds[1].Revents != 0 {
			return
		}
	}
}

// drain takes all that has come.
func (f *Flow) drain(b, beside []byte) error {
	for {
		asked := time.Now()
		n, size, _, _, err := unix.Recvmsg(f.receiver, b, beside, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EAGAIN):
			f.log.drained(asked)
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("receive packets: %w", err)
		}
		now := time.Now()
		stamp, lost := besides(beside[:size])
		if ago := now.Round(0).Sub(stamp); ago > 0 && ago < mostQueued {
			now = now.Add(-ago) // which keeps the reading of the clock that nobody sets
		}
		f.log.overflowed(lost)
		if number, ours := numberOf(b[:n], f.id); ours {
			f.log.came(number, now)
		}
	}
}

// mostQueued is how long a packet may have waited to be read: where the kernel's stamp is older, or
// younger than now, its clock was set.
const mostQueued = time.Minute

// besides reads what the kernel says beside a packet: when it came, and how many were lost by then
// because there was no room for them.
func besides(b []byte) (stamp time.Time, lost uint32) {
	list, err := unix.ParseSocketControlMessage(b)
	if err != nil {
		return stamp, 0
	}
	for _, m := range list {
		switch {
		case m.Header.Level != unix.SOL_SOCKET:
		case m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16:
			sec, nano := binary.NativeEndian.Uint64(m.Data), binary.NativeEndian.Uint64(m.Data[8:])
			stamp = time.Unix(int64(sec), int64(nano)) //nolint:gosec // the kernel's
		case m.Header.Type == unix.SO_RXQ_OVFL && len(m.Data) >= 4:
			lost = binary.NativeEndian.Uint32(m.Data)
		}
	}
	return stamp, lost
}
