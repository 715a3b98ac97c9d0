package wire

import (
	"encoding/binary"
	"fmt"
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

// What is signed is never cut; what is of it and longer than the link carries is told.
func TestSignedIsNotCut(t *testing.T) {
	for name, tt := range map[string]struct {
		options string
		signed  bool
	}{
		"MD5":            {"0101 1312" + fmt.Sprintf("%032x", 7) + "0000", true},
		"AO":             {"0101 080a 0000000000000000 1d10 0102" + fmt.Sprintf("%024x", 7), true},
		"a timestamp":    {"0101 080a 0000000000001313", false},
		"behind an end":  {"0001 1312", false},
		"cut off":        {"0101 01ff", false},
		"without length": {"0101 0113", true},
	} {
		options := raw(t, tt.options)
		for _, size := range []int{1000, 3000} {
			tcp := segment(t, 0x18, 1, append(slices.Clone(options), make([]byte, size)...))
			tcp[12] = byte((20+len(options))/4) << 4
			b := packetIn(t, false, protoTCP, 1, tcp)
			_, _, sum, _ := transport(b)
			binary.BigEndian.PutUint16(b[headerSize+20+16:], fold(sum))
			train, guessed := plain(b, 1500, func([]byte, int) int { return 900 })
			if long := size > 1500; len(train) > 0 == tt.signed || guessed != (tt.signed && long) {
				t.Errorf("%s, %d bytes: cut in %d, guessed %t", name, size, len(train), guessed)
			}
		}
	}
}
