package wire

import (
	"encoding/binary"
	"net"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// connected gives the beginning of a frame of a connection whose segments are at most so large.
func connected(t *testing.T, mss int) []byte {
	t.Helper()
	small := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, mss) })
	}}
	l, err := small.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	from, to := conn.LocalAddr().(*net.TCPAddr), conn.RemoteAddr().(*net.TCPAddr)
	tcp := binary.BigEndian.AppendUint16(nil, uint16(from.Port))
	tcp = binary.BigEndian.AppendUint16(tcp, uint16(to.Port))
	tcp = append(tcp, make([]byte, 28)...)
	tcp[12] = 8 << 4 // with the options of a timestamp
	b := packetIn(t, false, protoTCP, 1, tcp)
	copy(b[headerSize+12:], from.IP.To4())
	copy(b[headerSize+16:], to.IP.To4())
	return b
}

// An answer to a question before is none: after one that came late, or was not read, no segment has the size
// of another connection's.
func TestAnswersToOtherQuestions(t *testing.T) {
	const tcp = headerSize + 20
	small, large := connected(t, 500), connected(t, 900)
	s := newSockets(asker(t))
	ofSmall := s.segment(small, tcp)
	if ofSmall <= 0 || ofSmall > 500 {
		t.Fatalf("segments of %d bytes", ofSmall)
	}
	for n := range 3 {
		late := slices.Clone(s.question)
		if err := unix.Sendto(s.fd, late, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			t.Fatal(err)
		}
		if got := s.segment(large, tcp); got <= 500 || got > 900 {
			t.Errorf("%d left: segments of %d bytes, as of another connection", n, got)
		}
	}
	if got := s.segment(small, tcp); got != ofSmall {
		t.Errorf("segments of %d bytes, and of %d before", got, ofSmall)
	}
}
