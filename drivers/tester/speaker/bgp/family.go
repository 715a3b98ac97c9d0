package bgp

import (
	"fmt"
	"net/netip"
)

// Family is an address family of unicast routes.
type Family string

// The families.
const (
	IPv4 Family = "ipv4"
	IPv6 Family = "ipv6"
)

// UnmarshalText reads a family by its name.
func (f *Family) UnmarshalText(text []byte) error {
	switch Family(text) {
	case IPv4, IPv6:
		*f = Family(text)
		return nil
	}
	return fmt.Errorf("there is no family %q: there are ipv4 and ipv6", text)
}

// afi is its number (RFC 4760).
func (f Family) afi() uint16 {
	if f == IPv6 {
		return afiIPv6
	}
	return afiIPv4
}

const (
	afiIPv4     = 1
	afiIPv6     = 2
	safiUnicast = 1
)

func familyOf(p netip.Prefix) Family {
	if p.Addr().Is4() {
		return IPv4
	}
	return IPv6
}
