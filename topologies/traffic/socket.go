package traffic

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Socket is one to be opened in a node's network, a value that can be sent to where that is possible.
type Socket struct {
	V6      bool   `json:"v6,omitempty"`
	Receive bool   `json:"receive,omitempty"`
	Address string `json:"address,omitempty"` // that it has; empty: any
	Port    int    `json:"port,omitempty"`    // 0: the kernel chooses
	DSCP    int    `json:"dscp,omitempty"`
}

// receiveBuffer is what the kernel may keep of what has come, in bytes.
const receiveBuffer = 8 << 20

// Open opens the socket in the network namespace of this thread.
func (s Socket) Open() (*os.File, error) {
	family := unix.AF_INET
	if s.V6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open a socket for traffic: %w", err)
	}
	if err := errors.Join(s.prepare(fd), s.bind(fd)); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "traffic"), nil
}

func (s Socket) prepare(fd int) error {
	type option struct{ level, name, value int }
	options := []option{{unix.IPPROTO_IP, unix.IP_TOS, s.DSCP << 2}, {unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE}}
	if s.V6 {
		options = []option{
			{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1},
			{unix.IPPROTO_IPV6, unix.IPV6_TCLASS, s.DSCP << 2},
			{unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE},
		}
	}
	if s.Receive {
		options = append(options, option{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1}, option{unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1})
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			return fmt.Errorf("prepare a socket for traffic: %w", err)
		}
	}
	if !s.Receive {
		return nil
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil { // beyond the machine's bound
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	}
	return nil
}

func (s Socket) bind(fd int) error {
	if s.Address == "" && !s.Receive {
		return nil
	}
	address := netip.IPv4Unspecified()
	if s.V6 {
		address = netip.IPv6Unspecified()
	}
	if s.Address != "" {
		var err error
		if address, err = netip.ParseAddr(s.Address); err != nil {
			return fmt.Errorf("bind a socket for traffic: %w", err)
		}
	}
	if err := unix.Bind(fd, to(netip.AddrPortFrom(address, uint16(s.Port)))); err != nil { //nolint:gosec // a port
		return fmt.Errorf("bind a socket for traffic to %s: %w", netip.AddrPortFrom(address, uint16(s.Port)), err) //nolint:gosec // a port
	}
	return nil
}

// to is an address and port as the kernel takes it.
func to(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// portOf is the port that a socket has.
func portOf(fd int) (uint16, error) {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0, fmt.Errorf("ask a socket for its port: %w", err)
	}
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return uint16(a.Port), nil //nolint:gosec // a port
	case *unix.SockaddrInet6:
		return uint16(a.Port), nil //nolint:gosec // a port
	default:
		return 0, errors.New("a socket for traffic has no port")
	}
}
