package namespaces

import (
	"errors"
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// The end of the other side is told apart from what goes wrong, also where it had not read all
// that it was sent: a lab that is kept goes on without its owner.
func TestOtherSideEnds(t *testing.T) {
	for _, unread := range []bool{false, true} {
		near, far, err := socketPair(unix.SOCK_SEQPACKET)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := unixConn(near)
		if err != nil {
			t.Fatal(err)
		}
		if unread {
			if err := send(conn, answer{Node: "r1"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := far.Close(); err != nil {
			t.Fatal(err)
		}
		var req request
		if _, err := receive(conn, make([]byte, maxMessage), &req); !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
			t.Errorf("something unread: %v: %v", unread, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}
