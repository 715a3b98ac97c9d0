package packet

import "bytes"

// ISAKMP (RFC 2408, section 3; RFC 2407, section 4.6.2; RFC 7296, section 3.1): who asks for a tunnel, in what is not encrypted.
const (
	portIKE    = 500
	portIKENAT = 4500
	ikeMarker  = "\x00\x00\x00\x00" // of IKE among ESP (RFC 3948, section 2.2)

	ikeNext    = 16
	ikeVersion = 17
	ikeFlags   = 19
	ikeLen     = 28

	ikeFirst     = 0x10
	ikeEncrypted = 0x01
	ikePartLen   = 2
	ikePartHead  = 4

	ikeID        = 5
	ikeCert      = 6
	ikeHash      = 8
	ikeSignature = 9
	ikeSource    = 20
	ikeSourceOld = 130
	ikeNotify    = 11

	ikeIDKind = 0
	ikeIDData = 4
	ikeIDIPv4 = 1
	ikeIDName = 2
	ikeIDUser = 3
	ikeIDIPv6 = 5
)

// ike maps identities, and cuts what was made with a secret. Of version 2 all of that is encrypted.
func (c *capture) ike(at, end int) {
	c.in(at, "IKE")
	if at+ikeLen > end {
		return
	}
	c.plain(at, at+ikeLen)
	kind, p := c.byteAt(at+ikeNext), at+ikeLen
	if c.byteAt(at+ikeVersion) != ikeFirst {
		c.plain(p, end)
		return
	}
	if c.byteAt(at+ikeFlags)&ikeEncrypted != 0 {
		c.plain(p, end)
		return
	}
	for kind != 0 && p+ikePartHead <= end {
		n := c.u16(p + ikePartLen)
		if n < ikePartHead {
			return
		}
		stop := min(end, p+n)
		c.plain(p, p+ikePartHead)
		c.ikePart(kind, p+ikePartHead, stop)
		kind, p = c.byteAt(p), stop
	}
}

func (c *capture) ikePart(kind, at, end int) {
	switch kind {
	case ikeID:
		if at+ikeIDData > end {
			return
		}
		data, n := at+ikeIDData, end-at-ikeIDData
		c.plain(at, data)
		switch of := c.byteAt(at + ikeIDKind); {
		case of == ikeIDIPv4 && n == ipv4Len || of == ikeIDIPv6 && n == ipv6Len:
			c.addr(data, n)
		case of == ikeIDName || of == ikeIDUser:
			c.name(data, end)
		case n%ipv4Len == 0 && n <= 2*ipv4Len && of < ikeIDIPv6: // a network, or a range
			c.addrs(data, end, ipv4Len)
		default:
			c.digest(data, end)
		}
	case ikeCert, ikeHash, ikeSignature, ikeSource, ikeSourceOld:
		c.digest(at, end)
	case ikeNotify:
		c.opaque("IKE's notifications", at, end)
	default: // proposals, keys, random numbers, products
		c.plain(at, end)
	}
}

// ikeNAT goes into what is not encrypted where IKE and ESP share a port.
func (c *capture) ikeNAT(at, end int) {
	if bytes.HasPrefix(c.old[at:end], []byte(ikeMarker)) {
		c.plain(at, at+len(ikeMarker))
		c.ike(at+len(ikeMarker), end)
		return
	}
	c.plain(at, end)
}
