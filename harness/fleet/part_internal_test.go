package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestDoor: a door lets in who has the certificate that it was opened for, whoever comes before; and who goes through it finds
// the one whose certificate was named, or goes no further.
func TestDoor(t *testing.T) {
	t.Parallel()
	own, other := certificate(t), certificate(t)
	d, err := openDoor(t.Context(), netip.MustParseAddr("127.0.0.1"), Pin(own.Leaf))
	if err != nil {
		t.Fatal(err)
	}
	at := d.listener.Addr().String()
	let := make(chan net.Conn, 1)
	go func() {
		conn, err := d.await(t.Context(), time.Minute)
		if err != nil {
			t.Error(err)
		}
		let <- conn
	}()
	silent, err := net.Dial("tcp", at) // who says nothing keeps nobody out
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // nothing was said
	for name, come := range map[string]func() error{
		"who speaks no TLS": func() error {
			conn, err := net.Dial("tcp", at)
			if err != nil {
				return err
			}
			defer conn.Close() //nolint:errcheck // it is to be refused
			if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
				return err
			}
			return refused(conn)
		},
		"who breaks off": func() error {
			conn, err := net.Dial("tcp", at)
			if err != nil {
				return err
			}
			if _, err := conn.Write([]byte{22, 3, 1, 2, 0, 1, 0}); err != nil {
				return err
			}
			return conn.Close()
		},
		"who has no certificate": func() error {
			conn, err := tls.Dial("tcp", at, pinned(d.pin))
			if err != nil {
				return nil //nolint:nilerr // as it has to be
			}
			return refused(conn)
		},
		"who has another certificate": func() error {
			conn, err := dialPart(t.Context(), at, d.pin, other)
			if err != nil {
				return nil //nolint:nilerr // as it has to be
			}
			return refused(conn)
		},
	} {
		if err := come(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	select {
	case <-let:
		t.Fatal("somebody else was let in")
	default:
	}
	if conn, err := dialPart(t.Context(), at, Pin(other.Leaf), own); err == nil || !strings.Contains(err.Error(), "somebody else answers there") {
		t.Errorf("a door with another certificate than was named: %v, %v", conn, err)
	}
	near, err := dialPart(t.Context(), at, d.pin, own)
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close() //nolint:errcheck // it was read to its end
	far := <-let
	if _, err := io.WriteString(far, "welcome"); err != nil || far.Close() != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(near); err != nil || string(said) != "welcome" {
		t.Errorf("%q, %v", said, err)
	}
	if conn, err := net.Dial("tcp", at); err == nil {
		_ = conn.Close() // it was only tried
		t.Error("the door is open still")
	}
}

// refused reads until the other end says no: an answer would be nil.
func refused(conn net.Conn) error {
	defer conn.Close() //nolint:errcheck // nothing more is said
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	n, err := io.Copy(io.Discard, conn)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		return errors.New("nobody says no")
	}
	if _, speaksTLS := conn.(*tls.Conn); speaksTLS && n > 0 {
		return errors.New("it is answered")
	}
	return nil
}

// TestDoorCloses: a door at which nobody comes closes in time.
func TestDoorCloses(t *testing.T) {
	t.Parallel()
	own := certificate(t)
	for name, end := range map[string]struct {
		patience time.Duration
		want     string
	}{"in time": {50 * time.Millisecond, "did not come within 50ms"}, "with the worker": {time.Minute, "context canceled"}} {
		ctx, cancel := context.WithCancel(t.Context())
		d, err := openDoor(ctx, netip.MustParseAddr("127.0.0.1"), Pin(own.Leaf))
		if err != nil {
			t.Fatal(err)
		}
		if end.patience == time.Minute {
			cancel()
		}
		if _, err := d.await(ctx, end.patience); err == nil || !strings.Contains(err.Error(), end.want) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		if _, err := d.listener.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: it is open still: %v", name, err)
		}
	}
	if _, err := openDoor(t.Context(), netip.Addr{}, Pin(own.Leaf)); err == nil || !strings.Contains(err.Error(), "--address") {
		t.Errorf("a host without an address: %v", err)
	}
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	c, err := NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
