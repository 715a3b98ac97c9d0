package wiring

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// frame is a FrameMatch that has been read: what is unset is nil or zero.
type frame struct {
	src, dst         net.HardwareAddr
	etherType        uint16
	protocols        []uint8 // any of them; empty means all
	srcIP, dstIP     netip.Prefix
	srcPort, dstPort uint16
}

// CheckMatch says what is wrong with a predicate.
func CheckMatch(m topologies.FrameMatch) error {
	_, err := read(m)
	return err
}

func read(m topologies.FrameMatch) (frame, error) {
	var f frame
	if m.Type != "" {
		return f, fmt.Errorf("messages have no names here, such as %q", m.Type)
	}
	var err error
	for _, field := range []struct {
		name, text string
		read       func(string) error
	}{
		{"src-mac", m.SrcMAC, func(s string) error { f.src, err = net.ParseMAC(s); return err }},
		{"dst-mac", m.DstMAC, func(s string) error { f.dst, err = net.ParseMAC(s); return err }},
		{"ethertype", m.EtherType, func(s string) error { f.etherType, err = etherType(s); return err }},
		{"proto", m.Proto, func(s string) error { f.protocols, err = protocol(s); return err }},
		{"src-ip", m.SrcIP, func(s string) error { f.srcIP, err = prefix(s); return err }},
		{"dst-ip", m.DstIP, func(s string) error { f.dstIP, err = prefix(s); return err }},
	} {
		if field.text == "" {
			continue
		}
		if err := field.read(field.text); err != nil {
			return frame{}, fmt.Errorf("read %s %q: %w", field.name, field.text, err)
		}
	}
	if f.srcPort, err = port(m.SrcPort); err != nil {
		return frame{}, fmt.Errorf("read src-port: %w", err)
	}
	if f.dstPort, err = port(m.DstPort); err != nil {
		return frame{}, fmt.Errorf("read dst-port: %w", err)
	}
	return f.settle()
}

// settle checks that the fields go together and fills in what they imply.
func (f frame) settle() (frame, error) {
	if f.srcPort != 0 || f.dstPort != 0 {
		if len(f.protocols) == 0 {
			f.protocols = []uint8{unix.IPPROTO_TCP, unix.IPPROTO_UDP}
		}
		for _, p := range f.protocols {
			if p != unix.IPPROTO_TCP && p != unix.IPPROTO_UDP {
				return frame{}, fmt.Errorf("protocol %d has no ports", p)
			}
		}
	}
	for _, p := range []netip.Prefix{f.srcIP, f.dstIP} {
		if !p.IsValid() {
			continue
		}
		want := uint16(unix.ETH_P_IP)
		if p.Addr().Is6() {
			want = unix.ETH_P_IPV6
		}
		if f.etherType != 0 && f.etherType != want {
			return frame{}, fmt.Errorf("address %s cannot be in a frame of type %#04x", p, f.etherType)
		}
		f.etherType = want
	}
	if len(f.protocols) > 0 && !slices.Contains([]uint16{0, unix.ETH_P_IP, unix.ETH_P_IPV6}, f.etherType) {
		return frame{}, fmt.Errorf("an IP protocol cannot be in a frame of type %#04x", f.etherType)
	}
	return f, nil
}

func etherType(s string) (uint16, error) {
	if n, ok := topologies.EtherTypes()[strings.ToLower(s)]; ok {
		return n, nil
	}
	n, err := strconv.ParseUint(s, 0, 16)
	if err == nil && n == 0 {
		err = fmt.Errorf("zero is no type")
	}
	return uint16(n), err
}

func protocol(s string) ([]uint8, error) {
	if n, ok := topologies.Protocols()[strings.ToLower(s)]; ok {
		return []uint8{n}, nil
	}
	n, err := strconv.ParseUint(s, 0, 8)
	return []uint8{uint8(n)}, err
}

func prefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		return netip.PrefixFrom(a, a.BitLen()), err
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

func port(n int) (uint16, error) {
	if n < 0 || n > 0xffff {
		return 0, fmt.Errorf("%d is no port", n)
	}
	return uint16(n), nil
}
