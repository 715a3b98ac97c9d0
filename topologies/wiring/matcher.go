package wiring

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// Matcher is a predicate for frames that somebody has in hand. It matches what the rules and the
// program of a drop do, and reads every header of IPv6.
func Matcher(m topologies.FrameMatch) (func(frame []byte) bool, error) {
	f, err := read(m)
	if err != nil {
		return nil, err
	}
	return f.matches, nil
}

func (f frame) matches(b []byte) bool {
	if len(b) < 14 || f.dst != nil && !bytes.Equal(b[:6], f.dst) || f.src != nil && !bytes.Equal(b[6:12], f.src) {
		return false
	}
	if f.etherType == 0 && len(f.protocols) == 0 {
		return true
	}
	at, depth := 12, 0
	for kind := kindAt(b, at); ; kind = kindAt(b, at) {
		tag := slices.Contains(vlans(), kind)
		if f.etherType == kind && f.etherType != 0 && (!tag || depth == 0 || depth == maxTags) || f.etherType == 0 && !tag {
			return f.payload(kind, b[at+2:])
		}
		if at += 4; !tag || depth == maxTags || at+2 > len(b) {
			return false
		}
		depth++
	}
}

// kindAt is the type at a byte of the frame, as the kernel names it.
func kindAt(b []byte, at int) uint16 {
	if n := binary.BigEndian.Uint16(b[at:]); n >= unix.ETH_P_802_3_MIN || n == 0 {
		return n
	}
	return unix.ETH_P_802_2
}

func (f frame) payload(kind uint16, b []byte) bool {
	switch prefixes := f.srcIP.Bits() > 0 || f.dstIP.Bits() > 0; {
	case len(f.protocols) == 0 && !prefixes:
		return true
	case kind == unix.ETH_P_IP:
		return f.matchesIPv4(b)
	case kind == unix.ETH_P_IPV6:
		return f.matchesIPv6(b)
	default:
		return false
	}
}

func (f frame) from(src, dst []byte) bool {
	for _, side := range []struct {
		prefix netip.Prefix
		raw    []byte
	}{{f.srcIP, src}, {f.dstIP, dst}} {
		if a, _ := netip.AddrFromSlice(side.raw); side.prefix.Bits() > 0 && !side.prefix.Contains(a) {
			return false
		}
	}
	return true
}

func (f frame) matchesIPv4(b []byte) bool {
	if len(b) < 20 || !f.from(b[12:16], b[16:20]) {
		return false
	}
	if len(f.protocols) == 0 {
		return true
	}
	if !slices.Contains(f.protocols, b[9]) {
		return false
	}
	if f.srcPort == 0 && f.dstPort == 0 {
		return true
	}
	size := 4 * int(b[0]&0xf)
	return size >= 20 && binary.BigEndian.Uint16(b[6:])&0x1fff == 0 && f.ports(b, size)
}

func (f frame) ports(b []byte, at int) bool {
	if f.srcPort == 0 && f.dstPort == 0 {
		return true
	}
	if at+4 > len(b) {
		return false
	}
	src, dst := binary.BigEndian.Uint16(b[at:]), binary.BigEndian.Uint16(b[at+2:])
	return (f.srcPort == 0 || f.srcPort == src) && (f.dstPort == 0 || f.dstPort == dst)
}

// matchesIPv6 follows the headers (RFC 8200 section 4). Later fragments have no ports.
func (f frame) matchesIPv6(b []byte) bool {
	if len(b) < 40 || !f.from(b[8:24], b[24:40]) {
		return false
	}
	if len(f.protocols) == 0 {
		return true
	}
	next, at := b[6], 40
	for !slices.Contains(f.protocols, next) {
		if !slices.Contains(followers(), next) || at+8 > len(b) {
			return false
		}
		size := 8 * (int(b[at+1]) + 1)
		switch next {
		case unix.IPPROTO_AH:
			size = 4 * (int(b[at+1]) + 2)
		case unix.IPPROTO_FRAGMENT:
			if size = 8; binary.BigEndian.Uint16(b[at+2:])&^7 != 0 {
				return slices.Contains(f.protocols, b[at]) && f.srcPort == 0 && f.dstPort == 0
			}
		}
		next, at = b[at], at+size
	}
	return f.ports(b, at)
}
