package tunnel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// plugRoom is what the kernel keeps of frames until they are read, and of those that leave, in bytes. Without
// root's rights it is less.
const plugRoom = 32 << 20

// mostMTU is that of an interface at the end of a cable: the other ends of cables bound frames, not this one.
const mostMTU = 65535

// OpenPlug opens a socket, in the network namespace of this thread, that gets every frame that comes in
// at an interface and through which frames leave it, by the same way as those of any packet socket. The
// interface is at the end of a cable between hosts and nobody else's: its MTU is made so large that it
// bounds no frame, and nothing is said there by the kernel itself.
func OpenPlug(iface string) (f *os.File, err error) {
	link, err := net.InterfaceByName(iface)
	if err != nil {
		return nil, fmt.Errorf("plug a tunnel in at %s: %w", iface, err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("plug a tunnel in at %s: open a packet socket: %w", iface, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("plug a tunnel in at %s: %w", iface, err), unix.Close(fd))
		}
	}()
	for _, option := range []int{unix.PACKET_AUXDATA, unix.PACKET_IGNORE_OUTGOING} {
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, option, 1); err != nil {
			return nil, err
		}
	}
	for _, room := range []struct{ force, ask int }{{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF}, {unix.SO_SNDBUFFORCE, unix.SO_SNDBUF}} {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, room.force, plugRoom) == nil {
			continue
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, room.ask, plugRoom); err != nil {
			return nil, err
		}
	}
	request, err := unix.NewIfreq(iface)
	if err != nil {
		return nil, err
	}
	request.SetUint32(mostMTU)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFMTU, request); err != nil {
		return nil, fmt.Errorf("set its MTU: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: everything(), Ifindex: link.Index}); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "plug"), nil
}

// everything is ETH_P_ALL in network order.
func everything() uint16 { return unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 }

// plug is an open socket at the end of a cable.
type plug struct {
	file   *os.File
	beside []byte
	closed atomic.Bool   // by this end
	gone   atomic.Uint64 // frames that were read and are on their way, or are refused

	asking         sync.Mutex // the kernel, which says how many there were since it was asked
	come, overflow uint64     // frames that it has or had, and those that it had no room for
}

// takePlug takes a socket over, as one whose Close ends a read that waits.
func takePlug(f *os.File) (*plug, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, fmt.Errorf("take the end of a cable over: %w", err)
	}
	return &plug{file: os.NewFile(uintptr(fd), "plug"), beside: make([]byte, unix.CmsgSpace(sizeofAuxdata))}, nil
}

// tag is as long as one of 802.1Q, which the kernel holds apart from its frame and which stands behind
// the two addresses.
const (
	tag       = 4
	addresses = 12
)

// read reads the next frame into b, which has room for it and a tag; it is to be sent, and [plug.sent] said. An
// interface that goes down is no error: it comes again.
func (p *plug) read(b []byte) (frame []byte, err error) {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return nil, err
	}
	for {
		var n, m int
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			n, m, _, _, failed = unix.Recvmsg(int(fd), b[tag:], p.beside, 0)
			return !errors.Is(failed, unix.EAGAIN)
		})
		switch {
		case err != nil:
			return nil, err
		case errors.Is(failed, unix.ENETDOWN) || errors.Is(failed, unix.EINTR):
			continue
		case failed != nil:
			return nil, failed
		}
		return whole(b[:tag+n], p.beside[:m])
	}
}

// sent says that the frame that was read is on its way.
func (p *plug) sent() { p.gone.Add(1) }

// sizeofAuxdata is that of struct tpacket_auxdata; the tag is at 16 and its protocol at 18.
const sizeofAuxdata = 20

// whole puts the tag of a frame in its place. The frame begins behind the room for one.
func whole(b, beside []byte) ([]byte, error) {
	list, err := unix.ParseSocketControlMessage(beside)
	if err != nil {
		return nil, fmt.Errorf("read what the kernel says of a frame: %w", err)
	}
	for _, m := range list {
		if m.Header.Level != unix.SOL_PACKET || m.Header.Type != unix.PACKET_AUXDATA || len(m.Data) < sizeofAuxdata {
			continue
		}
		state := binary.NativeEndian.Uint32(m.Data)
		if state&unix.TP_STATUS_VLAN_VALID == 0 || len(b) < tag+addresses {
			continue
		}
		proto := uint16(unix.ETH_P_8021Q)
		if state&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			proto = binary.NativeEndian.Uint16(m.Data[18:])
		}
		copy(b, b[tag:tag+addresses])
		binary.BigEndian.PutUint16(b[addresses:], proto)
		binary.BigEndian.PutUint16(b[addresses+2:], binary.NativeEndian.Uint16(m.Data[16:]))
		return b, nil
	}
	return b[tag:], nil
}

// write has a frame leave. It never waits: the kernel has room ([plugRoom]), or the frame does not go on.
func (p *plug) write(frame []byte) error {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { _, failed = unix.Write(int(fd), frame) })
	return errors.Join(err, failed)
}

// counts is how many frames have come for whoever reads, and how many more the kernel had no room for, since
// it was opened. Of one that is closed, it is what was said last.
func (p *plug) counts() (come, overflow uint64) {
	p.asking.Lock()
	defer p.asking.Unlock()
	raw, err := p.file.SyscallConn()
	if err != nil {
		return p.come, p.overflow
	}
	var s *unix.TpacketStats
	err = errors.Join(raw.Control(func(fd uintptr) {
		s, err = unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS)
	}), err)
	if err == nil {
		p.come += uint64(s.Packets - s.Drops) // Packets counts both (packet(7))
		p.overflow += uint64(s.Drops)
	}
	return p.come, p.overflow
}

func (p *plug) close() {
	p.closed.Store(true)
	_ = p.file.Close() // it may be closed
}
