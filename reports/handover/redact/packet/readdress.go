package packet

import (
	"net/netip"
	"slices"
)

// Addresses are what stands for what when a capture is sent into another network than it is of.
type Addresses struct {
	// Networks stand for networks of the same length; an address in one keeps its place there. The
	// longest that holds an address counts. One of all bits is an address.
	Networks map[netip.Prefix]netip.Prefix
	MACs     map[[6]byte][6]byte
}

// Readdress returns a capture with other addresses in it, wherever the protocols that are known here
// have them, with their checksums as in [Rewrite]. notes say what is not right after that: a digest
// over what was changed, a body that is not understood.
func Readdress(data []byte, a Addresses) (out []byte, notes []string, err error) {
	r := &readdresser{Addresses: a}
	out, edits, err := rewrite(data, r, false)
	if edits == 0 {
		return out, nil, err
	}
	return out, r.notes, err
}

// readdresser is a Mapper that changes addresses alone.
type readdresser struct {
	Addresses
	notes []string
}

// Addr implements Mapper.
func (r *readdresser) Addr(ip netip.Addr, _ int) netip.Addr {
	best := -1
	to := ip
	for from, with := range r.Networks {
		if from.Bits() > best && from.Contains(ip) && from.Bits() == with.Bits() && with.Addr().BitLen() == ip.BitLen() {
			best, to = from.Bits(), moved(ip, with)
		}
	}
	return to
}

// moved is the address with the place of ip in another network.
func moved(ip netip.Addr, network netip.Prefix) netip.Addr {
	b, head := ip.AsSlice(), network.Addr().AsSlice()
	for i := range b {
		keep := byte(0xff) >> min(8, max(0, network.Bits()-8*i)) // the bits of the place
		b[i] = head[i]&^keep | b[i]&keep
	}
	a, _ := netip.AddrFromSlice(b) // it has the length of one
	return a
}

// Seen implements Mapper: numbers that look like addresses are left alone.
func (r *readdresser) Seen(netip.Addr) bool { return false }

// MAC implements Mapper.
func (r *readdresser) MAC(mac [6]byte) [6]byte {
	if to, ok := r.MACs[mac]; ok {
		return to
	}
	return mac
}

// Bytes implements Mapper: what is no address stays as it is.
func (r *readdresser) Bytes(kind Kind, b []byte) []byte {
	if kind == Digest && len(b) > 0 {
		r.Note("a digest, which is not right any more where what it covers was changed")
	}
	return b
}

// Note implements Mapper.
func (r *readdresser) Note(what string) {
	if !slices.Contains(r.notes, what) {
		r.notes = append(r.notes, what)
	}
}
