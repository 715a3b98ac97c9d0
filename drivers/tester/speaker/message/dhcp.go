package message

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// DHCP is a message of DHCP (RFC 2131, RFC 2132) over IPv4.
type DHCP struct {
	// Type is discover, offer, request, decline, ack, nak, release or inform; empty is a message of BOOTP, without one.
	Type string `yaml:"type"`
	// Source and Destination are of the packet: of a client 0.0.0.0 and of all 255.255.255.255, where they are absent.
	Source      *netip.Addr `yaml:"source"`
	Destination *netip.Addr `yaml:"destination"`
	To          string      `yaml:"to"` // MAC address; all stations, where it is empty
	SourcePort  *uint16     `yaml:"source-port"`
	Port        *uint16     `yaml:"port"`
	TTL         *uint8      `yaml:"ttl"`

	Operation *uint8     `yaml:"op"` // 1 of clients, 2 of servers
	Hops      uint8      `yaml:"hops"`
	ID        *uint32    `yaml:"xid"`
	Seconds   uint16     `yaml:"secs"`
	Broadcast *bool      `yaml:"broadcast"`
	Client    netip.Addr `yaml:"ciaddr"`
	Yours     netip.Addr `yaml:"yiaddr"`
	Next      netip.Addr `yaml:"siaddr"`
	Relay     netip.Addr `yaml:"giaddr"`
	Hardware  string     `yaml:"chaddr"` // MAC address; that which is spoken from, where it is empty

	Server    netip.Addr        `yaml:"server"`    // option 54
	Requested netip.Addr        `yaml:"requested"` // option 50
	Lease     *time.Duration    `yaml:"lease"`     // option 51
	Mask      netip.Addr        `yaml:"mask"`      // option 1
	Routers   []netip.Addr      `yaml:"routers"`   // option 3
	DNS       []netip.Addr      `yaml:"dns"`       // option 6
	Hostname  string            `yaml:"hostname"`  // option 12
	Options   map[uint8]*string `yaml:"options"`   // further ones, or in the place of those above: hexadecimal digits; null leaves one out
}

// Ports of DHCP.
const (
	DHCPServerPort = 67
	DHCPClientPort = 68
)

func dhcpTypes() []string {
	return []string{"", "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"}
}

// DHCPType is the word for a type of message.
func DHCPType(t layers.DHCPMsgType) string {
	if int(t) < len(dhcpTypes()) {
		return dhcpTypes()[t]
	}
	return fmt.Sprintf("type %d", t)
}

const (
	optMask      = 1
	optRouters   = 3
	optDNS       = 6
	optHostname  = 12
	optRequested = 50
	optLease     = 51
	optType      = 53
	optServer    = 54
	dhcpID       = 0x7e57e570
	dhcpTTL      = 64
	dhcpFlag     = 0x8000
)

func (d *DHCP) options(typ int) (layers.DHCPOptions, error) {
	all := map[uint8][]byte{}
	addr := func(code uint8, list ...netip.Addr) {
		for _, a := range list {
			if a.IsValid() {
				all[code] = append(all[code], four(a)...)
			}
		}
	}
	if typ > 0 {
		all[optType] = []byte{byte(typ)} //nolint:gosec // at most 8
	}
	addr(optServer, d.Server)
	addr(optRequested, d.Requested)
	addr(optMask, d.Mask)
	addr(optRouters, d.Routers...)
	addr(optDNS, d.DNS...)
	if d.Lease != nil {
		all[optLease] = binary.BigEndian.AppendUint32(nil, uint32(max(0, min(d.Lease.Seconds(), mostUint32))))
	}
	if d.Hostname != "" {
		all[optHostname] = []byte(d.Hostname)
	}
	for code, text := range d.Options {
		if text == nil {
			delete(all, code)
			continue
		}
		b, err := Digits(*text)
		if err != nil {
			return nil, fmt.Errorf("options: %d: %q is no hexadecimal digits", code, *text)
		}
		all[code] = b
	}
	var list layers.DHCPOptions
	codes := slices.SortedFunc(maps.Keys(all), func(a, b uint8) int { // what it is comes first
		if (a == optType) != (b == optType) {
			if a == optType {
				return -1
			}
			return 1
		}
		return int(a) - int(b)
	})
	for _, code := range codes {
		if len(all[code]) > mostValue {
			return nil, fmt.Errorf("options: %d has %d bytes: at most %d", code, len(all[code]), mostValue)
		}
		list = append(list, layers.NewDHCPOption(layers.DHCPOpt(code), all[code]))
	}
	return list, nil
}

// PDU makes the message, from a station.
func (d *DHCP) PDU(own MAC) (PDU, error) {
	typ := slices.Index(dhcpTypes(), d.Type)
	if typ < 0 {
		return PDU{}, fmt.Errorf("type: there is no %q: there are discover, offer, request, decline, ack, nak, release and inform", d.Type)
	}
	hardware, to := own, Broadcast()
	var err error
	if d.Hardware != "" {
		hardware, err = ParseMAC(d.Hardware)
	}
	if d.To != "" {
		var bad error
		to, bad = ParseMAC(d.To)
		err = errors.Join(err, bad)
	}
	options, bad := d.options(typ)
	if err := errors.Join(err, bad); err != nil {
		return PDU{}, err
	}
	reply := d.Type == "offer" || d.Type == "ack" || d.Type == "nak"
	op, from, port := uint8(1), uint16(DHCPClientPort), uint16(DHCPServerPort)
	if reply {
		op, from, port = 2, port, from
	}
	flags := uint16(0)
	if Or(d.Broadcast, true) {
		flags = dhcpFlag
	}
	ip := func(a netip.Addr) net.IP { return four(a) }
	l := layers.DHCPv4{
		Operation: layers.DHCPOp(Or(d.Operation, op)), HardwareType: layers.LinkTypeEthernet, RelayHops: d.Hops, Xid: Or(d.ID, dhcpID), Secs: d.Seconds,
		Flags: flags, ClientIP: ip(d.Client), YourClientIP: ip(d.Yours), NextServerIP: ip(d.Next), RelayAgentIP: ip(d.Relay),
		ClientHWAddr: hardware[:], Options: options,
	}
	b := gopacket.NewSerializeBuffer()
	if err := l.SerializeTo(b, gopacket.SerializeOptions{FixLengths: true}); err != nil {
		return PDU{}, fmt.Errorf("make the message: %w", err)
	}
	source, destination := Or(d.Source, netip.AddrFrom4([4]byte{})), Or(d.Destination, netip.AddrFrom4([4]byte{255, 255, 255, 255}))
	if !source.Is4() || !destination.Is4() {
		return PDU{}, errors.New("source and destination: they are of IPv4")
	}
	const least = 300 // of BOOTP (RFC 1542 section 2.1)
	body := slices.Clone(b.Bytes())
	body = append(body, make([]byte, max(0, least-len(body)))...)
	return PDU{
		Protocol: "dhcp", Kind: d.Type, To: to, EtherType: TypeIPv4, Source: source, Destination: destination, Proto: ProtoUDP, TTL: Or(d.TTL, dhcpTTL),
		FromPort: Or(d.SourcePort, from), ToPort: Or(d.Port, port), Body: body,
	}, nil
}

// DHCPMessage is one that came.
type DHCPMessage struct {
	Type             string
	ID               uint32
	Client, Yours    netip.Addr
	Relay            netip.Addr
	Hardware         MAC
	Server           netip.Addr
	Requested        netip.Addr
	Lease            time.Duration
	Mask             netip.Addr
	Routers          []netip.Addr
	Options          map[uint8]string
	Reply, Broadcast bool
}

// ParseDHCP reads a message of what UDP carries.
func ParseDHCP(b []byte) (m DHCPMessage, err error) {
	var l layers.DHCPv4
	if err := l.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return m, fmt.Errorf("read DHCP: %w", err)
	}
	if len(l.ClientHWAddr) != len(m.Hardware) {
		return m, fmt.Errorf("read DHCP: a hardware address of %d bytes", len(l.ClientHWAddr))
	}
	addr := func(b []byte) netip.Addr {
		if len(b) < 4 {
			return netip.Addr{}
		}
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	m = DHCPMessage{
		ID: l.Xid, Client: addr(l.ClientIP), Yours: addr(l.YourClientIP), Relay: addr(l.RelayAgentIP), Hardware: MAC(l.ClientHWAddr),
		Options: map[uint8]string{}, Reply: l.Operation == layers.DHCPOpReply, Broadcast: l.Flags&dhcpFlag != 0,
	}
	for _, o := range l.Options {
		m.Options[uint8(o.Type)] = fmt.Sprintf("%x", o.Data)
		switch o.Type {
		case optType:
			if len(o.Data) > 0 {
				m.Type = DHCPType(layers.DHCPMsgType(o.Data[0]))
			}
		case optServer:
			m.Server = addr(o.Data)
		case optRequested:
			m.Requested = addr(o.Data)
		case optMask:
			m.Mask = addr(o.Data)
		case optLease:
			if len(o.Data) == 4 {
				m.Lease = time.Duration(binary.BigEndian.Uint32(o.Data)) * time.Second
			}
		case optRouters:
			for b := o.Data; len(b) >= 4; b = b[4:] {
				m.Routers = append(m.Routers, addr(b))
			}
		default:
		}
	}
	return m, nil
}
