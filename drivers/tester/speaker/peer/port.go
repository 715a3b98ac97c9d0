package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// port is a packet socket that sends and hears whole frames without a tag.
type port struct {
	nic  *net.Interface
	file *os.File
}

// errNoCarrier says that nothing leaves a port.
var errNoCarrier = errors.New("it has no carrier")

// isLost says of an error that a frame was lost as those of a device may be, which goes on: the port is down or was taken
// away, for a while or for good, which who reads of it finds out, or its far end took none just now, as one that goes down
// does before the kernel says so here.
func isLost(err error) bool {
	return errors.Is(err, errNoCarrier) || errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENOBUFS)
}

// openPort takes an interface that is up. Frames leave it, and come, as long as it has a carrier.
func openPort(name string) (*port, error) {
	if name == "" {
		return nil, errors.New("port: it names the interface that is spoken from")
	}
	nic, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("port %s: %w", name, err)
	}
	if nic.Flags&net.FlagUp == 0 {
		return nil, fmt.Errorf("port %s: it is not up", name)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open a packet socket: %w", err)
	}
	if err := prepare(fd, nic.Index); err != nil {
		return nil, errors.Join(fmt.Errorf("port %s: %w", name, err), unix.Close(fd))
	}
	return &port{nic: nic, file: os.NewFile(uintptr(fd), name)}, nil
}

func prepare(fd, index int) error {
	// The kernel takes a tag off before it hands a frame on, and one of another VLAN is not meant for here.
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtVLANTagPresent},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipFalse: 1},
		bpf.RetConstant{Val: message.Longest},
		bpf.RetConstant{},
	})
	if err != nil {
		return fmt.Errorf("make the filter: %w", err)
	}
	raw := make([]unix.SockFilter, len(program))
	for i, r := range program {
		raw[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	all := uint16(unix.ETH_P_ALL)
	wire := all>>8 | all<<8
	return errors.Join(
		unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(raw)), Filter: &raw[0]}), //nolint:gosec // four
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}), //nolint:gosec // the kernel's own
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: wire, Ifindex: index}),
	)
}

// carrier says whether what is sent leaves the port: without one the kernel takes a frame and throws it away.
func (p *port) carrier() bool { return p.is(unix.IFF_UP | unix.IFF_RUNNING) }

func (p *port) up() bool { return p.is(unix.IFF_UP) }

// is says whether the interface has flags.
func (p *port) is(flags uint16) bool {
	request, err := unix.NewIfreq(p.nic.Name)
	if err != nil {
		return false
	}
	raw, err := p.file.SyscallConn()
	if err != nil {
		return false
	}
	has := false
	err = raw.Control(func(fd uintptr) {
		has = unix.IoctlIfreq(int(fd), unix.SIOCGIFFLAGS, request) == nil && request.Uint16()&flags == flags
	})
	return err == nil && has
}

// there says whether the interface is: one that was taken away comes back as another, also under its name.
func (p *port) there() bool {
	_, err := net.InterfaceByIndex(p.nic.Index)
	return err == nil
}

// send sends a frame that can leave.
func (p *port) send(b []byte) error {
	if !p.carrier() && p.there() {
		return errNoCarrier
	}
	_, err := p.file.Write(b)
	return err
}

func (p *port) mac() (m message.MAC) {
	copy(m[:], p.nic.HardwareAddr)
	return m
}

// has says whether the node itself has an address on the port.
func (p *port) has(a netip.Addr) bool {
	list, err := p.nic.Addrs()
	if err != nil {
		return false
	}
	for _, x := range list {
		if n, ok := x.(*net.IPNet); ok {
			if own, ok := netip.AddrFromSlice(n.IP); ok && own.Unmap() == a {
				return true
			}
		}
	}
	return false
}

// frame is one that came, taken apart as far as machines want.
type frame struct {
	from, to message.MAC
	// kind is its EtherType, or 0 of IEEE 802.2, whose LLC body begins with.
	kind             int
	source, dest     netip.Addr
	proto, ttl       byte
	fromPort, toPort uint16
	body             []byte
}

const (
	etherHead = 14
	etherSize = 1536 // from here on it is a type
	ipHead    = 20
	ip6Head   = 40
	udpHead   = 8
)

// readFrame takes a frame apart. One that is not whole, or a fragment, has no body.
func readFrame(b []byte) (f frame, ok bool) {
	if len(b) < etherHead {
		return f, false
	}
	f.to, f.from = message.MAC(b[:6]), message.MAC(b[6:12])
	f.kind, f.body = int(binary.BigEndian.Uint16(b[12:])), b[etherHead:]
	switch {
	case f.kind < etherSize:
		if f.kind > len(f.body) {
			return f, false
		}
		f.kind, f.body = 0, f.body[:f.kind]
		return f, true
	case f.kind == message.TypeIPv4:
		return f, f.readIPv4()
	case f.kind == message.TypeIPv6:
		return f, f.readIPv6()
	}
	return f, true
}

func (f *frame) readIPv4() bool {
	b := f.body
	if len(b) < ipHead || b[0]>>4 != 4 {
		return false
	}
	head, size := 4*int(b[0]&15), int(binary.BigEndian.Uint16(b[2:]))
	if head < ipHead || size < head || size > len(b) || binary.BigEndian.Uint16(b[6:])&^0x4000 != 0 {
		return false
	}
	f.ttl, f.proto = b[8], b[9]
	f.source, f.dest = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	f.body = b[head:size]
	return f.readUDP()
}

func (f *frame) readIPv6() bool {
	b := f.body
	if len(b) < ip6Head || b[0]>>4 != 6 {
		return false
	}
	size := ip6Head + int(binary.BigEndian.Uint16(b[4:]))
	if size > len(b) {
		return false
	}
	f.proto, f.ttl = b[6], b[7]
	f.source, f.dest = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	f.body = b[ip6Head:size]
	return f.readUDP()
}

func (f *frame) readUDP() bool {
	if f.proto != message.ProtoUDP {
		return true
	}
	if len(f.body) < udpHead {
		return false
	}
	f.fromPort, f.toPort = binary.BigEndian.Uint16(f.body), binary.BigEndian.Uint16(f.body[2:])
	size := int(binary.BigEndian.Uint16(f.body[4:]))
	if size < udpHead || size > len(f.body) {
		return false
	}
	f.body = f.body[udpHead:size]
	return true
}
