package packet_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
)

// swap replaces each value by one that follows from it alone, so that a test can say what it
// expects of each place.
type swap struct {
	seen  map[netip.Addr]bool
	bits  map[netip.Addr][]int
	notes []string
	asked map[packet.Kind][]string
}

func newSwap() *swap {
	return &swap{seen: map[netip.Addr]bool{}, bits: map[netip.Addr][]int{}, asked: map[packet.Kind][]string{}}
}

func (s *swap) Addr(ip netip.Addr, bits int) netip.Addr {
	s.seen[ip] = true
	s.bits[ip] = append(s.bits[ip], bits)
	o := ip.AsSlice()
	switch {
	case ip.Is4() && o[0] != 0 && o[0] < 224:
		o[1] ^= 0x17
	case ip.Is6() && o[0]>>5 == 1: // global unicast
		o[3] ^= 0x17
	}
	out, _ := netip.AddrFromSlice(o)
	return out
}

func (s *swap) Seen(ip netip.Addr) bool { return s.seen[ip] }

func (s *swap) MAC(m [6]byte) [6]byte {
	if m[0]&1 == 0 && m != [6]byte{} {
		m[5] ^= 0x17
	}
	return m
}

// Bytes turns letters of names and secrets, and of hosts where they stand in a text; digests
// become their complement.
func (s *swap) Bytes(kind packet.Kind, b []byte) []byte {
	s.asked[kind] = append(s.asked[kind], string(b))
	out := bytes.Clone(b)
	switch kind {
	case packet.Name, packet.Secret, packet.Part:
		turn(out)
	case packet.Digest:
		for i := range out {
			out[i] = ^out[i]
		}
	case packet.Text, packet.Payload:
		for _, word := range []string{host, secret} {
			out = bytes.ReplaceAll(out, []byte(word), turn([]byte(word)))
		}
	}
	return out
}

func (s *swap) Note(what string) { s.notes = append(s.notes, what) }

// turn turns the letters around the alphabet by half.
func turn(b []byte) []byte {
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z':
			b[i] = 'a' + (c-'a'+13)%26
		case c >= 'A' && c <= 'Z':
			b[i] = 'A' + (c-'A'+13)%26
		}
	}
	return b
}

// Values of the frames of this test.
const (
	host   = "hostname-of-core"
	secret = "SecretWordOfUs"
)

// values are what a frame is built of: those of a network, or those that [swap] puts in their
// place.
type values struct {
	t       *testing.T
	swapped bool
}

func (v values) ip(text string) string {
	if !v.swapped {
		return text
	}
	return newSwap().Addr(netip.MustParseAddr(text), -1).String()
}

func (v values) addr(text string) []byte { return netip.MustParseAddr(v.ip(text)).AsSlice() }

func (v values) mac(last byte) []byte {
	if v.swapped {
		last ^= 0x17
	}
	return []byte{0, 4, 0x96, 0xab, 0xcd, last}
}

func (v values) word(text string) []byte {
	if v.swapped {
		return turn([]byte(text))
	}
	return []byte(text)
}

func (v values) host() []byte   { return v.word(host) }
func (v values) secret() []byte { return v.word(secret) }

// digest is n bytes that were made with a key.
func (v values) digest(n int) []byte {
	b := byte(0x5a)
	if v.swapped {
		b = ^b
	}
	return bytes.Repeat([]byte{b}, n)
}
