package packet

import (
	"bytes"
	"encoding/binary"
)

// pcapng is of draft-ietf-opsawg-pcapng; the sections are its.

// Block types (section 11.1).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete (appendix A)
	blockSimple    = 3
	blockNames     = 4
	blockStats     = 5
	blockEnhanced  = 6
	blockJournal   = 9 // of systemd: lines of text
)

// What all blocks have (section 3.1): a type, a length, a body, and the length again.
const (
	blockLength  = 4
	blockBody    = 8
	blockTail    = 4
	blockMinimum = 12
	blockAlign   = 4 // lengths are multiples of it; so are options and packets, padded
)

// Positions in the body of a block.
const (
	sectionOptions   = 16 // after byte-order magic, version and length (section 4.1)
	interfaceLink    = 0  // section 4.2
	interfaceOptions = 8
	packetInterface  = 0  // section 4.3; the obsolete block has 16 bits of it
	packetCaptured   = 12 // how many bytes of the packet are there
	packetData       = 20
	simpleOriginal   = 0 // section 4.4: how long the packet was
	simpleData       = 4
	statsOptions     = 12 // section 4.6
)

// bigEndianMagic is how the byte-order magic begins a section's body that has the greatest
// byte first (section 4.1).
const bigEndianMagic = 0x1a2b3c4d

// The head of an option, and of a record of names (sections 3.5 and 4.5).
const (
	optionLength = 2
	optionHead   = 4
)

// Options (section 3.5).
const (
	optionEnd     = 0
	optionComment = 1

	optionCustomText   = 2988 // and one that is not to be copied: who defined it, then a text
	optionCustomText2  = 19372
	optionCustomBytes  = 2989
	optionCustomBytes2 = 19373
	optionCustomAt     = 4
)

// Options of an interface (section 4.2). The first two of them are texts, as is each option
// of a section.
const (
	ifName        = 2
	ifDescription = 3
	ifIPv4        = 4 // an address and its mask
	ifIPv6        = 5 // an address and the length of its prefix
	ifMAC         = 6
	ifEUI         = 7
	ifFilter      = 11
	ifSystem      = 12
	ifHardware    = 15

	ifIPv4Len = 8
	ifIPv6Len = 17
	ifEUILen  = 8
)

// Records of names (section 4.5): an address, then names that zeros end.
const (
	namesEnd  = 0
	namesIPv4 = 1
	namesIPv6 = 2
	namesMAC  = 3
	namesEUI  = 4
)

// Options of a block of names (section 4.5): who was asked.
const (
	namesServer     = 2
	namesServerIPv4 = 3
	namesServerIPv6 = 4
)

func isPcapng(data []byte) bool {
	return bytes.HasPrefix(data, binary.BigEndian.AppendUint32(nil, blockSection))
}

// block is one block of a pcapng file: what it is, and where its body is.
type block struct {
	kind      uint32
	body, end int
	order     binary.ByteOrder
}

// aligned is the length that n bytes take with what pads them.
func aligned(n int) int { return (n + blockAlign - 1) &^ (blockAlign - 1) }

func (c *capture) pcapng() bool {
	var order binary.ByteOrder = binary.LittleEndian
	var links []uint16
	for at := 0; at < len(c.old); {
		if at+blockMinimum > len(c.old) {
			return c.tail(at)
		}
		if binary.BigEndian.Uint32(c.old[at:]) == blockSection {
			order, links = sectionOrder(c.old[at+blockBody:]), nil
		}
		n := int(order.Uint32(c.old[at+blockLength:]))
		if n < blockMinimum || n%blockAlign != 0 {
			return false
		}
		if n > len(c.old)-at {
			return c.tail(at + blockBody)
		}
		b := block{kind: order.Uint32(c.old[at:]), body: at + blockBody, end: at + n - blockTail, order: order}
		if b.kind == blockInterface {
			if b.body+interfaceOptions > b.end {
				return false
			}
			links = append(links, order.Uint16(c.old[b.body+interfaceLink:]))
		}
		if !c.block(b, links) {
			return false
		}
		at += n
	}
	return true
}

func sectionOrder(body []byte) binary.ByteOrder {
	if binary.BigEndian.Uint32(body) == bigEndianMagic {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// block takes the packets of one block and replaces in the rest. It reports whether the
// block can be read.
func (c *capture) block(b block, links []uint16) bool {
	switch b.kind {
	case blockSection:
		c.options(b, sectionOptions)
	case blockInterface:
		c.options(b, interfaceOptions)
	case blockEnhanced, blockPacket:
		return c.packetBlock(b, links)
	case blockSimple:
		if len(links) == 0 || b.body+simpleData > b.end {
			return false
		}
		start := b.body + simpleData
		size := min(int(b.order.Uint32(c.old[b.body+simpleOriginal:])), b.end-start)
		c.frames = append(c.frames, frame{start: start, end: start + max(size, 0), link: links[0]})
	case blockNames:
		c.names(b)
	case blockStats:
		c.options(b, statsOptions)
	default: // keys of TLS sessions, journals, vendors' blocks
		clear(c.out[b.body:b.end])
		if b.kind == blockJournal { // which zeros are no lines of
			copy(c.out[b.body:b.end], bytes.Repeat([]byte{'\n'}, b.end-b.body))
		}
		c.m.Note("a block that is no packet was blanked")
	}
	return true
}

func (c *capture) packetBlock(b block, links []uint16) bool {
	start := b.body + packetData
	if start > b.end {
		return false
	}
	iface, size := int(b.order.Uint32(c.old[b.body+packetInterface:])), int(b.order.Uint32(c.old[b.body+packetCaptured:]))
	if b.kind == blockPacket {
		iface = int(b.order.Uint16(c.old[b.body+packetInterface:]))
	}
	if iface >= len(links) || size < 0 || size > b.end-start {
		return false
	}
	c.frames = append(c.frames, frame{start: start, end: start + size, link: links[iface]})
	c.options(b, packetData+aligned(size))
	return true
}

// options replaces in the texts and addresses of a block's options, which begin at offset
// from of its body. What is of no known kind is searched.
func (c *capture) options(b block, from int) {
	c.records(b, b.body+from, optionEnd, func(code uint16, at, end int) {
		n := end - at
		switch custom := min(end, at+optionCustomAt); {
		case b.kind == blockInterface && c.interfaceAddress(code, at, n), b.kind == blockNames && c.namesServer(code, at, n):
		case code == optionCustomText || code == optionCustomText2:
			c.text(custom, end)
		case code == optionCustomBytes || code == optionCustomBytes2:
			c.digest(custom, end)
		case isText(b.kind, code):
			c.text(at, end)
		default:
			c.payload(at, end)
		}
	})
}

// records calls f with each option or record from at on, until the one that ends them, and says where that ends.
func (c *capture) records(b block, at int, last uint16, f func(code uint16, at, end int)) (after int) {
	for at+optionHead <= b.end {
		code, n := b.order.Uint16(c.old[at:]), int(b.order.Uint16(c.old[at+optionLength:]))
		at += optionHead
		if code == last || at+n > b.end {
			return at
		}
		f(code, at, at+n)
		at += aligned(n)
	}
	return at
}

// interfaceAddress maps the address that an option of n bytes is, and reports whether it is one.
func (c *capture) interfaceAddress(code uint16, at, n int) bool {
	switch {
	case code == ifIPv4 && n == ifIPv4Len:
		c.addr(at, ipv4Len)
	case code == ifIPv6 && n == ifIPv6Len:
		c.addr(at, ipv6Len)
	case code == ifMAC && n == macLen:
		c.mac(at)
	case code == ifEUI && n == ifEUILen:
		c.eui(at)
	default:
		return false
	}
	return true
}

// isText reports whether an option of a block is written for people.
func isText(block uint32, code uint16) bool {
	if code == optionComment || block == blockSection {
		return true
	}
	if block != blockInterface {
		return false
	}
	switch code {
	case ifName, ifDescription, ifFilter, ifSystem, ifHardware:
		return true
	}
	return false
}

// namesServer maps the name or the address of who was asked for names, and reports whether an option is one.
func (c *capture) namesServer(code uint16, at, n int) bool {
	switch {
	case code == namesServer:
		c.name(at, at+n)
	case code == namesServerIPv4 && n == ipv4Len || code == namesServerIPv6 && n == ipv6Len:
		c.addr(at, n)
	default:
		return false
	}
	return true
}

// eui maps the MAC that an identifier of eight bytes is made of (IEEE's guidelines for EUI-64); one that is made of none is cut.
func (c *capture) eui(at int) {
	const vendor, filled = 3, "\xff\xfe"
	rest := at + vendor + len(filled)
	if string(c.old[at+vendor:rest]) != filled {
		c.digest(at, at+ifEUILen)
		return
	}
	m := c.m.MAC([macLen]byte(append(bytes.Clone(c.old[at:at+vendor]), c.old[rest:at+ifEUILen]...)))
	c.put(at, m[:vendor])
	c.put(rest, m[vendor:])
}

// names replaces in a name resolution block.
func (c *capture) names(b block) {
	after := c.records(b, b.body, namesEnd, func(kind uint16, at, end int) {
		size := map[uint16]int{namesIPv4: ipv4Len, namesIPv6: ipv6Len, namesMAC: macLen, namesEUI: ifEUILen}[kind]
		switch {
		case size == 0 || end-at <= size:
			c.payload(at, end)
			return
		case kind == namesMAC:
			c.mac(at)
		case kind == namesEUI:
			c.eui(at)
		default:
			c.addr(at, size)
		}
		for from := at + size; from < end; {
			stop := c.untilZero(from, end-from)
			c.name(from, stop)
			from = stop + 1
		}
	})
	c.options(b, after-b.body)
}
