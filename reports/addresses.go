package reports

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
)

// ownAddress finds hardware addresses, and the link-local addresses that are made of them (RFC 4291,
// appendix A: with ff:fe in the middle).
var ownAddress = regexp.MustCompile(`(?i)\b(?:(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|fe80::(?:[0-9a-f]{1,4}:)?[0-9a-f]{0,2}ff:fe[0-9a-f]{2}:[0-9a-f]{1,4})\b`)

// addresses are the numbers of the hardware addresses that a moment shows, the first is 1.
type addresses map[string]int

// replace names every address of a text by its number. Without addresses, the text stays.
func (a addresses) replace(text string) string {
	if a == nil {
		return text
	}
	return ownAddress.ReplaceAllStringFunc(text, a.name)
}

// name is what stands for an address that ownAddress found: its number, the next one where it is new. An
// address that no run makes for itself stays as it is.
func (a addresses) name(address string) string {
	hardware, err := net.ParseMAC(address)
	kind := "hardware"
	if err != nil {
		ip, err := netip.ParseAddr(address)
		if err != nil {
			return address // two kinds of separators
		}
		b := ip.As16()
		hardware, kind = net.HardwareAddr{b[8] ^ 2, b[9], b[10], b[13], b[14], b[15]}, "link-local"
	}
	if wellKnown(hardware) {
		return address
	}
	text := hardware.String()
	if a[text] == 0 {
		a[text] = len(a) + 1
	}
	return fmt.Sprintf("<%s address %d>", kind, a[text])
}

// wellKnown tells the addresses that mean the same in every run: those of groups, of what IANA has numbered
// (RFC 9542: virtual routers among them), and none.
func wellKnown(a net.HardwareAddr) bool {
	text := a.String()
	return a[0]&1 != 0 || strings.HasPrefix(text, "00:00:5e:") || text == "00:00:00:00:00:00"
}
