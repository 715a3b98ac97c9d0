package packet

// The header of VRRP (RFC 3768, section 5.1, version 2; RFC 5798, section 5.1, version 3).
const (
	vrrpCount    = 3
	vrrpAuthType = 4 // of version 2
	vrrpSum      = 6 // of version 3 it covers the addresses of IP too
	vrrpAddrs    = 8
	vrrpLen      = 8

	vrrpVersion3 = 3
	vrrpPassword = 1 // a type of authentication: in clear, after the addresses (RFC 2338, 5.3.6)
	vrrpAuthLen  = 8
)

func (c *capture) vrrp(f *frame, at, end int, pseudo part) {
	parts := []part{{at, end}}
	size := ipv4Len
	third := c.byteAt(at)>>versionShift == vrrpVersion3
	if third {
		parts = append(parts, pseudo)
		if pseudo.end-pseudo.start == 2*ipv6Len {
			size = ipv6Len
		}
	}
	c.in(at, "VRRP")
	c.plain(at, at+vrrpLen)
	f.sum(at+vrrpSum, parts...)
	p := at + vrrpAddrs
	stop := p + c.byteAt(at+vrrpCount)*size
	c.addrs(p, min(stop, end), size)
	if third {
		return
	}
	if c.byteAt(at+vrrpAuthType) == vrrpPassword {
		c.padded(stop, vrrpAuthLen, end)
	} else {
		c.digest(stop, min(end, stop+vrrpAuthLen))
	}
}
