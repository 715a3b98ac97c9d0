package packet

// Frames in tunnels: what a switch mirrors to elsewhere, and networks over others.

// ERSPAN (draft-foschiano-erspan, sections 4.2 and 4.3): type 1 has no header and no sequence number in its GRE.
const (
	typeERSPAN  = 0x88be
	typeERSPAN3 = 0x22eb
	erspanLen   = 8
	erspan3Len  = 12
	erspan3Sub  = 11 // the byte whose last bit says that eight more follow
)

// Geneve (RFC 8926, section 3.4), VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe, section 3), LISP (RFC 9300, section 5.1) and TZSP, by
// which MikroTik's and others' devices mirror frames (Wireshark's packet-tzsp.c; there is no document).
const (
	portGeneve     = 6081
	geneveOptions  = 0x3f // the lower bits of the first byte, in words
	geneveProtocol = 2
	geneveLen      = 8

	portVXLANGPE = 4790
	gpeNext      = 3
	gpeEthernet  = 3

	portLISP = 4341
	lispLen  = 8

	portTZSP     = 37008
	tzspProtocol = 2
	tzspTags     = 4
	tzspEthernet = 1
	tzspEnd      = 1
	tzspPadding  = 0
)

// Tags before what a frame carries, and frames in frames, of fabrics: Cisco's metadata and FabricPath, VN-Tag (IEEE
// 802.1BR's forerunner) and TRILL (RFC 6325, section 3).
const (
	typeMetadata   = 0x8909
	metadataType   = 6
	metadataLen    = 8
	typeHSR        = 0x892f // IEC 62439-3, 5.6
	typeVNTag      = 0x8926
	vnTagType      = 4
	vnTagLen       = 6
	typeFabricPath = 0x8903
	fabricPathLen  = 2
	typeTRILL      = 0x22f3
	trillLen       = 6
	trillOptions   = 0x07c0 // in words of four bytes
	trillShift     = 6
)

// The tag of MACsec (IEEE 802.1AE, 9.3): bits of its first byte that say that what follows is encrypted, and that it has
// the identifier of a sender, which begins with a MAC.
const (
	typeMACsec      = 0x88e5
	macsecEncrypted = 0x0c
	macsecHasSender = 0x20
	macsecLen       = 6
	macsecSenderLen = 8
)

// signedOnly maps the sender in a tag of MACsec, and says where the type of what it signs ends; zero where that is
// encrypted.
func (c *capture) signedOnly(at, end int) int {
	if at+macsecLen+pppProtocolLen > end || c.byteAt(at)&macsecEncrypted != 0 {
		return 0
	}
	body := at + macsecLen
	if c.byteAt(at)&macsecHasSender != 0 {
		c.mac(body)
		body += macsecSenderLen
	}
	if body += pppProtocolLen; body > end {
		return 0
	}
	return body
}

// erspan goes into the frame that a mirror sends. sequence tells whether its GRE has a number.
func (c *capture) erspan(f *frame, kind int, sequence bool, at, end int) {
	begin := at
	switch {
	case kind == typeERSPAN3:
		if at+erspan3Len > end {
			return
		}
		if c.byteAt(at+erspan3Sub)&1 != 0 {
			at += erspanLen
		}
		at += erspan3Len
	case sequence:
		at += erspanLen
	}
	c.plain(begin, min(at, end))
	c.ethernet(f, at, end)
}

func (c *capture) geneve(f *frame, at, end int) {
	options := at + geneveLen
	c.plain(at, options)
	body := options + c.byteAt(at)&geneveOptions*headerWord
	c.payload(options, min(body, end))
	if body < end {
		c.carried(f, c.u16(at+geneveProtocol), body, end)
	}
}

// inside goes into a frame behind options, which are searched by value, as all is where they do not end.
func (c *capture) inside(f *frame, options, at, end int) {
	c.payload(options, min(at, end))
	c.ethernet(f, at, end)
}

// carried goes into an EtherType, or into the whole frame that it announces.
func (c *capture) carried(f *frame, kind, at, end int) {
	if kind == typeTransEth {
		c.ethernet(f, at, end)
		return
	}
	c.ethertype(f, kind, at, end)
}

func (c *capture) tzsp(f *frame, at, end int) {
	if c.u16(at+tzspProtocol) != tzspEthernet {
		c.opaque("TZSP", at, end)
		return
	}
	tags := at + tzspTags
	c.plain(at, tags)
	for at = tags; at < end; {
		switch c.byteAt(at) {
		case tzspEnd:
			c.inside(f, tags, at+1, end)
			return
		case tzspPadding:
			at++
		default:
			if at += 2; at <= end {
				at += c.byteAt(at - 1)
			}
		}
	}
	c.payload(tags, end)
}

// tunnelled goes into what a datagram on one of these ports carries, and reports whether it is one.
func (c *capture) tunnelled(f *frame, on func(ports ...int) bool, at, end int) bool {
	if at+geneveLen > end {
		return false
	}
	switch {
	case on(portGeneve):
		c.geneve(f, at, end)
	case on(portVXLANGPE):
		c.plain(at, at+vxlanLen)
		if c.byteAt(at+gpeNext) == gpeEthernet {
			c.ethernet(f, at+vxlanLen, end)
		} else {
			c.ip(f, at+vxlanLen, end)
		}
	case on(portLISP):
		c.plain(at, at+lispLen)
		c.ip(f, at+lispLen, end)
	case on(portTZSP):
		c.tzsp(f, at, end)
	case on(portL2TP):
		c.l2tp(f, at, end)
	case on(portGTP) && c.byteAt(at+1) == gtpPacket:
		c.gtp(f, at, end)
	default:
		return false
	}
	return true
}

// GTP-U (3GPP TS 29.281, section 5.1): a head, more of it where one of three flags says so, and headers that say which follows.
const (
	portGTP     = 2152
	gtpPacket   = 0xff // a type of message
	gtpLen      = 8
	gtpMore     = 0x07
	gtpHasNext  = 0x04
	gtpMoreLen  = 4
	gtpNextUnit = 4
)

// gtp goes into the packet of somebody's telephone.
func (c *capture) gtp(f *frame, at, end int) {
	body, flags := at+gtpLen, c.byteAt(at)
	if flags&gtpMore != 0 {
		body += gtpMoreLen
	}
	for flags&gtpHasNext != 0 && body < end && c.byteAt(body-1) != 0 && c.byteAt(body) != 0 {
		body += c.byteAt(body) * gtpNextUnit
	}
	if body > end {
		c.opaque("GTP", at, end)
		return
	}
	c.in(at, "GTP")
	c.plain(at, body)
	c.ip(f, body, end)
}

// controlWord may precede a frame over MPLS (RFC 4448, section 4.6); its first four bits are zero.
const controlWord = 4

// overMPLS goes into a frame below labels: MPLS does not say what it carries, so that the type of a frame has to be in its
// place, behind a control word or without.
func (c *capture) overMPLS(f *frame, at, end int) {
	for _, head := range []int{controlWord, 0} {
		if at+head+etherLen <= end && (head == 0 || c.byteAt(at)>>versionShift == 0) && c.plausible(c.u16(at+head+etherType), end-at-head-etherLen) {
			c.plain(at, at+head)
			c.ethernet(f, at+head, end)
			return
		}
	}
	c.opaque("what MPLS carries", at, end)
}

// plausible tells a type or a length of a frame from bytes at random.
func (c *capture) plausible(kind, n int) bool {
	switch kind {
	case typeIPv4, typeIPv6, typeARP, typeVLAN, typeProvider, typeQinQOld, typeMPLS, typeMPLSMulti, typeSlow, typeLLDP, typeEAPOL, typeBackbone, typePPPoE:
		return true
	}
	return kind >= llcLen && kind <= n
}

// Juniper's header before a frame that a device of it wrote (tcpdump's print-juniper.c): a magic number, flags, and where
// these say so the length of extensions with them.
const (
	juniperMagic  = "MGC"
	juniperFlags  = 3
	juniperLen    = 4
	juniperNoLink = 0x02
	juniperHasExt = 0x80
	juniperExtLen = 2
	juniperFamily = 4
)

func (c *capture) juniper(f *frame, at, end int) {
	if at+juniperLen+juniperExtLen > end || string(c.old[at:at+len(juniperMagic)]) != juniperMagic {
		c.unknown(at, end)
		return
	}
	flags, body := c.byteAt(at+juniperFlags), at+juniperLen
	if flags&juniperHasExt != 0 {
		body += juniperExtLen + c.u16(body)
	}
	c.plain(at, min(body, end))
	switch {
	case body > end:
		c.unknown(at, end)
	case flags&juniperNoLink != 0:
		c.plain(body, min(end, body+juniperFamily))
		c.ip(f, body+juniperFamily, end)
	default:
		c.ethernet(f, body, end)
	}
}
