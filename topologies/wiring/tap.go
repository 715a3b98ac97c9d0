package wiring

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/traffic"
)

// OpenTap opens a tap in the network that a number stands for. It needs the rights of Apply.
func (o Opener) OpenTap(process int, t capture.Tap) (*os.File, error) {
	return o.openSocket(process, t.Open)
}

// OpenSocket opens a socket for traffic in the network that a number stands for. It needs the rights
// of Apply.
func (o Opener) OpenSocket(process int, s traffic.Socket) (*os.File, error) {
	return o.openSocket(process, s.Open)
}

func (o Opener) openSocket(process int, open func() (*os.File, error)) (f *os.File, err error) {
	s, err := o.open(process)
	if err != nil {
		return nil, err
	}
	defer s.close()
	err = s.inside(func() error {
		f, err = open()
		return err
	})
	return f, err
}

// hand opens a tap or a socket for traffic and hands it to who listens at a path.
func (o Opener) hand(op Op) error {
	open := op.Tap.Open
	if op.Kind == HandSocket {
		open = op.Socket.Open
	}
	f, err := o.openSocket(op.A.PID, open)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // the receiver has its own
	conn, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: op.To, Net: "unixpacket"})
	if err != nil {
		return fmt.Errorf("hand a socket over: %w", err)
	}
	defer conn.Close() //nolint:errcheck // what was sent was sent
	_, _, err = conn.WriteMsgUnix([]byte(op.Name), unix.UnixRights(int(f.Fd())), nil)
	return err
}

// TakeTap takes the tap, or the socket for traffic, of a name that is handed over. Others are of who has given up.
func TakeTap(l *net.UnixListener, name string) (*os.File, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		f, called, err := takeTap(conn)
		if err = errors.Join(err, conn.Close()); err == nil && called == name {
			return f, nil
		}
		if f != nil {
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return nil, err
		}
	}
}

// maxTapName bounds the name of a tap, in bytes.
const maxTapName = 64

func takeTap(conn *net.UnixConn) (f *os.File, name string, err error) {
	text, beside := make([]byte, maxTapName), make([]byte, unix.CmsgSpace(4))
	size, n, _, _, err := conn.ReadMsgUnix(text, beside)
	if err != nil {
		return nil, "", err
	}
	list, err := unix.ParseSocketControlMessage(beside[:n])
	if err != nil {
		return nil, "", err
	}
	for _, m := range list {
		if fds, err := unix.ParseUnixRights(&m); err == nil && len(fds) == 1 {
			unix.CloseOnExec(fds[0])
			return os.NewFile(uintptr(fds[0]), "tap"), string(text[:size]), nil
		}
	}
	return nil, "", errors.New("no socket came")
}
