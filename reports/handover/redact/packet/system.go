package packet

import "net/netip"

// People make ids of IS-IS systems of an address of the router: three decimal digits for each
// octet, one in each half of a byte.
const (
	digitsOfOctet = 3
	halfByte      = 4
	halfMask      = 0x0f
	lastUnicast   = 223 // RFC 5771: above it are groups
)

// decimalSystem is the address that an id is made of, and whether it looks made of one.
func decimalSystem(id [systemLen]byte) (netip.Addr, bool) {
	var octets [ipv4Len]byte
	for i := range octets {
		v := 0
		for k := range digitsOfOctet {
			digit := digitOf(id, digitsOfOctet*i+k)
			if digit > 9 {
				return netip.Addr{}, false
			}
			v = 10*v + digit
		}
		if v > 0xff {
			return netip.Addr{}, false
		}
		octets[i] = byte(v)
	}
	return netip.AddrFrom4(octets), octets[0] != 0 && octets[0] <= lastUnicast
}

// digitOf is the n-th half of a byte.
func digitOf(id [systemLen]byte, n int) int {
	if n%2 == 0 {
		return int(id[n/2] >> halfByte)
	}
	return int(id[n/2] & halfMask)
}

// systemOf is the id that is made of an address.
func systemOf(octets [ipv4Len]byte) (id [systemLen]byte) {
	for i, v := range octets {
		for k, digit := range []byte{v / 100, v / 10 % 10, v % 10} {
			n := digitsOfOctet*i + k
			if n%2 == 0 {
				digit <<= halfByte
			}
			id[n/2] |= digit
		}
	}
	return id
}
