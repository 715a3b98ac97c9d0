package frames

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Fields are what is in a frame, in short. What it has not, or is cut off, is left out.
type Fields struct {
	Src       string // MAC
	Dst       string // MAC
	VLAN      int    // of the outer tag; -1 without one
	EtherType int    // behind the tags; 0 of a frame of LLC
	IPSrc     string // also the sender's of ARP
	IPDst     string
	Proto     int // above IP; -1 without
	SPort     int
	DPort     int
	Kind      string // the protocol, in a word: ospf, bgp, arp
	Message   string // which of its messages: hello, update, request
	Summary   string // all that in one line, for people
	// About is the packet that an error of ICMP is about, as far as it has it (RFC 792, RFC 4443); of a neighbour's solicitation or
	// advertisement (RFC 4861, section 4) its IPDst is the target. Nil otherwise.
	About *Fields
}

// Decode says what a frame is.
func Decode(data []byte) Fields {
	d := &decoder{Fields: Fields{VLAN: -1, Proto: -1}}
	d.ethernet(data)
	d.Summary = d.summary()
	return d.Fields
}

// decoder goes up the layers of a frame.
type decoder struct {
	Fields
	more    []string // of the summary
	message []byte   // of the control protocol that Kind names; nil where it is none of those that have a layout
}

func (d *decoder) say(format string, args ...any) {
	d.more = append(d.more, fmt.Sprintf(format, args...))
}

func (d *decoder) is(kind, message string) { d.Kind, d.Message = kind, message }

func (d *decoder) summary() string {
	words := make([]string, 0, 8)
	if d.VLAN >= 0 {
		words = append(words, fmt.Sprintf("VLAN %d", d.VLAN))
	}
	name := strings.ToUpper(d.Kind)
	switch {
	case name == "" && d.Proto >= 0:
		name = fmt.Sprintf("IP protocol %d", d.Proto)
	case name == "" && d.EtherType > 0:
		name = fmt.Sprintf("type 0x%04x", d.EtherType)
	case name == "":
		name = "frame"
	}
	words = append(words, name)
	if d.Message != "" {
		words = append(words, d.Message)
	}
	words = append(words, d.more...)
	switch {
	case d.IPSrc != "":
		words = append(words, d.IPSrc+" → "+d.IPDst)
	case d.Src != "":
		words = append(words, d.Src+" → "+d.Dst)
	}
	return strings.Join(words, " ")
}

// maxTags bounds tags behind tags.
const maxTags = 8

func (d *decoder) ethernet(data []byte) {
	const addresses, head = 12, 14
	if len(data) < head {
		return
	}
	d.Dst, d.Src = net.HardwareAddr(data[:6]).String(), net.HardwareAddr(data[6:addresses]).String()
	kind, rest := int(be16(data[addresses:])), data[head:]
	for range maxTags {
		if kind != 0x8100 && kind != 0x88a8 && kind != 0x9100 || len(rest) < 4 {
			break
		}
		if d.VLAN < 0 {
			d.VLAN = int(be16(rest)) & 0xfff
		}
		kind, rest = int(be16(rest[2:])), rest[4:]
	}
	const least = 0x600 // a length below
	if kind < least {
		d.llc(rest[:min(kind, len(rest))])
		return
	}
	d.EtherType = kind
	switch layers.EthernetType(kind) { //nolint:exhaustive,gosec // the others have no more to say; it is two bytes
	case layers.EthernetTypeARP:
		d.arp(rest)
	case layers.EthernetTypeIPv4:
		d.ipv4(rest)
	case layers.EthernetTypeIPv6:
		d.ipv6(rest)
	case layers.EthernetTypeLinkLayerDiscovery:
		d.is("lldp", "")
		d.message = rest
	case 0x8809:
		d.slow(rest)
	}
}

func (d *decoder) arp(data []byte) {
	var a layers.ARP
	if a.DecodeFromBytes(data, gopacket.NilDecodeFeedback) != nil {
		d.is("arp", "")
		return
	}
	d.is("arp", word(int(a.Operation), "", "request", "reply"))
	if len(a.SourceProtAddress) == net.IPv4len && len(a.DstProtAddress) == net.IPv4len {
		d.IPSrc, d.IPDst = net.IP(a.SourceProtAddress).String(), net.IP(a.DstProtAddress).String()
	}
}

func (d *decoder) ipv4(data []byte) {
	var ip layers.IPv4
	if ip.DecodeFromBytes(data, gopacket.NilDecodeFeedback) != nil {
		return
	}
	d.IPSrc, d.IPDst, d.Proto = ip.SrcIP.String(), ip.DstIP.String(), int(ip.Protocol)
	if ip.FragOffset > 0 {
		d.say("fragment at %d", 8*int(ip.FragOffset))
		return
	}
	d.transport(ip.Payload)
}

func (d *decoder) ipv6(data []byte) {
	const head = 40
	if len(data) < head {
		return
	}
	d.IPSrc, d.IPDst = net.IP(data[8:24]).String(), net.IP(data[24:head]).String()
	next, rest := layers.IPProtocol(data[6]), data[head:min(len(data), head+int(be16(data[4:])))]
	for range maxTags {
		switch next { //nolint:exhaustive // the others are no extensions
		case layers.IPProtocolIPv6Fragment:
			if len(rest) < 8 || be16(rest[2:])&^7 != 0 {
				d.Proto = int(next)
				d.say("fragment")
				return
			}
			next, rest = layers.IPProtocol(rest[0]), rest[8:]
			continue
		case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination:
			if len(rest) >= 2 && len(rest) >= 8*(1+int(rest[1])) {
				next, rest = layers.IPProtocol(rest[0]), rest[8*(1+int(rest[1])):]
				continue
			}
		}
		break
	}
	d.Proto = int(next)
	d.transport(rest)
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

// word names a number; one that has no name is itself.
func word(n int, names ...string) string {
	if n >= 0 && n < len(names) && names[n] != "" {
		return names[n]
	}
	return fmt.Sprintf("type %d", n)
}
