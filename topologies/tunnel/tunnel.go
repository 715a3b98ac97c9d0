package tunnel

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Name is what a tunnel is called where it is told what carries a cable.
const Name = "UDP in user space, AES-256-GCM"

// Tunnel is one host's end of what cables of a lab go through. It is safe for use by several goroutines.
type Tunnel struct {
	conn    *net.UDPConn
	cipher  cipher.AEAD
	begin   time.Time
	foreign atomic.Uint64
	ended   sync.WaitGroup

	mu     sync.Mutex
	cables map[uint16]*Cable
	closed bool
}

// Open begins to carry the cables of a lab, and takes the socket over, which is bound to an address of the
// host that the others reach.
func Open(conn *net.UDPConn, key Key) (*Tunnel, error) {
	c, err := key.seal()
	if err == nil {
		err = prepare(conn)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	t := &Tunnel{conn: conn, cipher: c, begin: time.Now(), cables: map[uint16]*Cable{}}
	t.ended.Go(t.receive)
	return t, nil
}

// socketRoom is what the kernel is asked to keep of packets that come, in bytes. Whoever is not root gets
// less; no more is sent at once than the least that kernels give has room for.
const socketRoom = 8 << 20

// prepare has packets of any length be cut on their way.
func prepare(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("prepare the socket of a tunnel: %w", err)
	}
	_ = conn.SetReadBuffer(socketRoom) // or what there is
	var failed error
	err = raw.Control(func(fd uintptr) {
		v4 := syscall.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
		v6 := syscall.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT)
		if v4 != nil && v6 != nil { // a socket is of either, or of both
			failed = errors.Join(v4, v6)
		}
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("have packets of a tunnel be cut on their way: %w", err)
	}
	return nil
}

// Address is that of the socket.
func (t *Tunnel) Address() netip.AddrPort {
	a, _ := t.conn.LocalAddr().(*net.UDPAddr)
	return a.AddrPort()
}

// Foreign counts packets that came and were not of the other ends of this tunnel's cables, or damaged.
func (t *Tunnel) Foreign() uint64 { return t.foreign.Load() }

// receive hands packets to their cables until the socket is closed.
func (t *Tunnel) receive() {
	b := make([]byte, 1<<16)
	for {
		n, _, err := t.conn.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || !t.take(b[:n]) { // an error is of something that was sent
			if err == nil {
				t.foreign.Add(1)
			}
		}
	}
}

// take takes a packet, and says whether it was one of the lab's.
func (t *Tunnel) take(p []byte) bool {
	a, err := addressOf(p)
	if err != nil {
		return false
	}
	t.mu.Lock()
	c := t.cables[a.cable]
	t.mu.Unlock()
	rest, err := unpack(t.cipher, p)
	if err != nil || c != nil && a.side == c.side {
		return false
	}
	if c == nil {
		return true // it is laid at the other end, and will be here
	}
	if a.kind == kindFrame {
		c.arrive(a.number, rest)
		return true
	}
	r, err := decodeReport(rest)
	if err != nil {
		return false
	}
	c.hear(a.number, r)
	return true
}

// Close ends all cables and the socket.
func (t *Tunnel) Close() error {
	t.mu.Lock()
	t.closed = true
	var cables []*Cable
	for _, c := range t.cables {
		cables = append(cables, c)
	}
	t.mu.Unlock()
	err := t.conn.Close()
	for _, c := range cables {
		c.close()
	}
	t.ended.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
