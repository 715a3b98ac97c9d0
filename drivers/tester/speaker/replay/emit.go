package replay

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Emit is frames that are made of fields, one kind of them, and sent from a port once or again and again.
type Emit struct {
	Port  string        `yaml:"port"`
	Count int           `yaml:"count"` // 1 where it is 0
	Every time.Duration `yaml:"every"` // from one to the next, in the lab's time; 1 s where it is 0
	// Source is the MAC address that they come from: the port's where it is empty.
	Source string `yaml:"source"`
	// VLAN tags them, where it is not 0.
	VLAN uint16 `yaml:"vlan"`

	Frame string `yaml:"frame"` // a whole frame as hexadecimal digits, to which nothing is added
	ARP   *ARP   `yaml:"arp"`
	LLDP  *LLDP  `yaml:"lldp"`
	VRRP  *VRRP  `yaml:"vrrp"`
	IGMP  *IGMP  `yaml:"igmp"`
}

// mostFrames bounds what one order sends.
const mostFrames = 100_000

// ARP is a request or an answer (RFC 826). Without a target it is one about the sender itself.
type ARP struct {
	Operation string     `yaml:"operation"` // request, or reply
	Sender    netip.Addr `yaml:"sender"`
	MAC       string     `yaml:"mac"` // of the sender; that which the frame comes from where it is empty
	Target    netip.Addr `yaml:"target"`
	TargetMAC string     `yaml:"target-mac"`
}

// LLDP is a neighbour's word of itself (IEEE 802.1AB-2016, 8).
type LLDP struct {
	Chassis     string  `yaml:"chassis"` // MAC address; the frame's source where it is empty
	PortID      string  `yaml:"port-id"` // name of an interface
	TTL         *uint16 `yaml:"ttl"`     // seconds; 120 where it is absent, and 0 takes the neighbour back
	SystemName  string  `yaml:"system-name"`
	Description string  `yaml:"port-description"`
	// TLVs are further ones: type, and value as hexadecimal digits.
	TLVs []TLV `yaml:"tlvs"`
}

// TLV is one of LLDP, right or wrong.
type TLV struct {
	Type  uint8  `yaml:"type"`
	Value string `yaml:"value"`
}

// VRRP is an advertisement over IPv4, of version 2 (RFC 3768) or 3 (RFC 5798).
type VRRP struct {
	Version   int          `yaml:"version"` // 2 where it is 0
	ID        uint8        `yaml:"id"`
	Priority  *uint8       `yaml:"priority"` // 100 where it is absent; 0 gives the place up
	Interval  uint16       `yaml:"interval"` // seconds of version 2, hundredths of version 3; one second where it is 0
	Source    netip.Addr   `yaml:"source"`   // of the packet
	Addresses []netip.Addr `yaml:"addresses"`
}

// IGMP is a message of version 2 (RFC 2236).
type IGMP struct {
	Type   string     `yaml:"type"` // query, report or leave
	Source netip.Addr `yaml:"source"`
	Group  netip.Addr `yaml:"group"` // absent in a query for all
}

// Emit begins to send, and returns what it will be.
func (p *Player) Emit(ctx context.Context, e Emit) (State, error) {
	port, err := usable(e.Port)
	if err != nil {
		return State{}, err
	}
	if e.Count < 0 || e.Count > mostFrames || e.Every < 0 || e.VLAN > 4094 {
		return State{}, fmt.Errorf("count, every and vlan: they are not negative, there are at most %d frames, and the last VLAN is 4094", mostFrames)
	}
	data, word, err := e.build(port)
	if err != nil {
		return State{}, err
	}
	list := make([]frame, max(e.Count, 1))
	for i := range list {
		list[i] = frame{at: time.Unix(0, 0).Add(time.Duration(i) * cmp.Or(e.Every, time.Second)), data: data, size: len(data)}
	}
	state := State{Port: e.Port, Frames: len(list), Kinds: map[string]int{word: len(list)}, Takes: list[len(list)-1].at.Sub(list[0].at).Seconds()}
	return p.begin(ctx, port, list, state, 1)
}

// build is the frame, and the word for what it is.
func (e *Emit) build(port *net.Interface) (data []byte, word string, err error) {
	mac := [6]byte{}
	copy(mac[:], port.HardwareAddr)
	if e.Source != "" {
		if mac, err = parseMAC(e.Source); err != nil {
			return nil, "", fmt.Errorf("source: %w", err)
		}
	}
	kinds := 0
	put := func(is bool, name string, body func() ([6]byte, int, []byte, error)) {
		if !is {
			return
		}
		kinds++
		to, kind, within, bad := body()
		if bad != nil {
			err = fmt.Errorf("%s: %w", name, bad)
			return
		}
		data, word = e.framed(to, mac, kind, within), name
	}
	put(e.ARP != nil, "arp", func() ([6]byte, int, []byte, error) { return e.ARP.body(mac) })
	put(e.LLDP != nil, "lldp", func() ([6]byte, int, []byte, error) { return e.LLDP.body(mac) })
	put(e.VRRP != nil, "vrrp", func() ([6]byte, int, []byte, error) { return e.VRRP.body() })
	put(e.IGMP != nil, "igmp", func() ([6]byte, int, []byte, error) { return e.IGMP.body() })
	if e.Frame != "" {
		kinds++
		var bad error
		if data, bad = digits(e.Frame); bad != nil || len(data) < etherLen {
			err = fmt.Errorf("frame: it is at least %d bytes, as hexadecimal digits", etherLen)
		}
		word = "other"
	}
	if kinds != 1 {
		return nil, "", errors.New("name one of arp, lldp, vrrp, igmp and frame")
	}
	return data, word, err
}

// shortest is what a frame has at least, without its checksum (IEEE 802.3, 3.2.8).
const shortest = 60

func (e *Emit) framed(to, from [6]byte, kind int, body []byte) []byte {
	b := append(append([]byte{}, to[:]...), from[:]...)
	if e.VLAN != 0 {
		b = binary.BigEndian.AppendUint16(b, typeVLAN)
		b = binary.BigEndian.AppendUint16(b, e.VLAN)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(kind)) //nolint:gosec // of the constants
	b = append(b, body...)
	return append(b, make([]byte, max(0, shortest-len(b)))...)
}

func digits(text string) ([]byte, error) {
	return hex.DecodeString(strings.NewReplacer(" ", "", ":", "").Replace(text))
}

func (a *ARP) body(mac [6]byte) (to [6]byte, kind int, body []byte, err error) {
	to = [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	operation := byte(1)
	switch a.Operation {
	case "", "request":
	case "reply":
		operation = 2
	default:
		return to, 0, nil, fmt.Errorf("operation: there is no %q: there are request and reply", a.Operation)
	}
	target := a.Target
	if !target.IsValid() {
		target = a.Sender
	}
	if !a.Sender.Is4() || !target.Is4() {
		return to, 0, nil, errors.New("sender and target: they are of IPv4")
	}
	sender, other := mac, [6]byte{}
	if a.MAC != "" {
		if sender, err = parseMAC(a.MAC); err != nil {
			return to, 0, nil, err
		}
	}
	if a.TargetMAC != "" {
		if other, err = parseMAC(a.TargetMAC); err != nil {
			return to, 0, nil, err
		}
		to = other
	}
	body = append([]byte{0, 1, 8, 0, 6, 4, 0, operation}, sender[:]...)
	body = append(append(body, a.Sender.AsSlice()...), other[:]...)
	return to, typeARP, append(body, target.AsSlice()...), nil
}

// TLVs of LLDP, and the kinds of ids that are used here (IEEE 802.1AB-2016, 8.5).
const (
	tlvChassis, chassisMAC = 1, 4
	tlvPort, portName      = 2, 5
	tlvTTL                 = 3
	tlvPortDescription     = 4
	tlvSystemName          = 5
	mostTLV                = 511
	defaultTTL             = 120
)

func (l *LLDP) body(mac [6]byte) (to [6]byte, kind int, body []byte, err error) {
	to = [6]byte{0x01, 0x80, 0xc2, 0, 0, 0x0e}
	if l.Chassis != "" {
		if mac, err = parseMAC(l.Chassis); err != nil {
			return to, 0, nil, err
		}
	}
	if l.PortID == "" {
		return to, 0, nil, errors.New("port-id: it names the interface")
	}
	ttl := uint16(defaultTTL)
	if l.TTL != nil {
		ttl = *l.TTL
	}
	add := func(typ uint8, value []byte) {
		if len(value) > mostTLV || typ > 127 {
			err = fmt.Errorf("a TLV has a type to 127 and at most %d bytes", mostTLV)
			return
		}
		body = binary.BigEndian.AppendUint16(body, uint16(typ)<<9|uint16(len(value))) //nolint:gosec // checked
		body = append(body, value...)
	}
	add(tlvChassis, append([]byte{chassisMAC}, mac[:]...))
	add(tlvPort, append([]byte{portName}, l.PortID...))
	add(tlvTTL, binary.BigEndian.AppendUint16(nil, ttl))
	if l.Description != "" {
		add(tlvPortDescription, []byte(l.Description))
	}
	if l.SystemName != "" {
		add(tlvSystemName, []byte(l.SystemName))
	}
	for _, t := range l.TLVs {
		value, bad := digits(t.Value)
		if bad != nil {
			return to, 0, nil, fmt.Errorf("tlvs: %q is no hexadecimal digits", t.Value)
		}
		add(t.Type, value)
	}
	add(0, nil)
	return to, typeLLDP, body, err
}

func (v *VRRP) body() (to [6]byte, kind int, body []byte, err error) {
	version, priority := cmp.Or(v.Version, 2), uint8(100)
	if v.Priority != nil {
		priority = *v.Priority
	}
	if version != 2 && version != 3 || v.ID == 0 || !v.Source.Is4() || len(v.Addresses) > 255 {
		return to, 0, nil, errors.New("it has an id, a source and addresses of IPv4, and version 2 or 3")
	}
	if most := map[int]uint16{2: 0xff, 3: 0x0fff}[version]; v.Interval > most { // 8 bits, and 12
		return to, 0, nil, fmt.Errorf("interval: %d is more than version %d can say: at most %d", v.Interval, version, most)
	}
	b := []byte{byte(version)<<4 | 1, v.ID, priority, byte(len(v.Addresses)), 0, 0, 0, 0} //nolint:gosec // checked
	if version == 2 {
		b[5] = byte(cmp.Or(v.Interval, 1)) //nolint:gosec // checked
	} else {
		binary.BigEndian.PutUint16(b[4:], cmp.Or(v.Interval, 100))
	}
	for _, a := range v.Addresses {
		if !a.Is4() {
			return to, 0, nil, fmt.Errorf("addresses: %s is none of IPv4", a)
		}
		b = append(b, a.AsSlice()...)
	}
	group := netip.AddrFrom4([4]byte{224, 0, 0, 18})
	if version == 2 {
		b = append(b, make([]byte, 8)...) // no authentication
		binary.BigEndian.PutUint16(b[6:], checksum(b))
	} else {
		pseudo := append(append(append(v.Source.AsSlice(), group.AsSlice()...), 0, protoVRRP, 0, byte(len(b))), b...) //nolint:gosec // at most 1028, of which RFC 5798 counts all
		binary.BigEndian.PutUint16(pseudo[10:], uint16(len(b)))                                                       //nolint:gosec // likewise
		binary.BigEndian.PutUint16(b[6:], checksum(pseudo))
	}
	return [6]byte{0x01, 0, 0x5e, 0, 0, 18}, typeIPv4, packet4(v.Source, group, protoVRRP, 255, nil, b), nil
}

func (i *IGMP) body() (to [6]byte, kind int, body []byte, err error) {
	group, all := netip.AddrFrom4([4]byte{}), netip.AddrFrom4([4]byte{224, 0, 0, 1})
	if i.Group.IsValid() {
		group = i.Group
	}
	if !i.Source.Is4() || !group.Is4() {
		return to, 0, nil, errors.New("source and group: they are of IPv4")
	}
	b, dst := []byte{0, 0, 0, 0}, group
	switch i.Type {
	case "query":
		b[0], b[1] = 0x11, 100 // tenths of a second to answer in
		if group.IsUnspecified() {
			dst = all
		}
	case "report":
		b[0] = 0x16
	case "leave":
		b[0], dst = 0x17, netip.AddrFrom4([4]byte{224, 0, 0, 2})
	default:
		return to, 0, nil, fmt.Errorf("type: there is no %q: there are query, report and leave", i.Type)
	}
	if !dst.IsMulticast() || i.Type != "query" && !group.IsMulticast() {
		return to, 0, nil, fmt.Errorf("group: %s is none", group)
	}
	b = append(b, group.AsSlice()...)
	binary.BigEndian.PutUint16(b[2:], checksum(b))
	d := dst.As4()
	routerAlert := []byte{0x94, 4, 0, 0} // RFC 2113
	return [6]byte{0x01, 0, 0x5e, d[1] & 0x7f, d[2], d[3]}, typeIPv4, packet4(i.Source, dst, protoIGMP, 1, routerAlert, b), nil
}

// packet4 is a packet of IPv4 (RFC 791) with options.
func packet4(src, dst netip.Addr, proto, ttl byte, options, body []byte) []byte {
	head := 20 + len(options)
	b := []byte{0x40 | byte(head/4), 0xc0, 0, 0, 0, 0, 0, 0, ttl, proto, 0, 0} //nolint:gosec // at most 60
	binary.BigEndian.PutUint16(b[2:], uint16(head+len(body)))                  //nolint:gosec // far less
	b = append(append(append(b, src.AsSlice()...), dst.AsSlice()...), options...)
	binary.BigEndian.PutUint16(b[10:], checksum(b))
	return append(b, body...)
}

// checksum is that of RFC 1071.
func checksum(b []byte) uint16 {
	var s uint32
	for i := 0; i < len(b); i += 2 {
		s += uint32(b[i]) << 8
		if i+1 < len(b) {
			s += uint32(b[i+1])
		}
	}
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}
