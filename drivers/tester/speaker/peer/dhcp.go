package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// DHCP is a client or a server of DHCP (RFC 2131). What of its messages is said in Message is sent as it is said.
type DHCP struct {
	Client *DHCPClient `yaml:"client"`
	Server *DHCPServer `yaml:"server"`
}

// DHCPClient asks for an address, and keeps it.
type DHCPClient struct {
	Hostname string            `yaml:"hostname"`
	Options  map[uint8]*string `yaml:"options"`
	// Until is the state beyond which it does not go: selecting, or requesting.
	Until   string       `yaml:"until"`
	Message message.DHCP `yaml:"message"`
}

// DHCPServer gives addresses.
type DHCPServer struct {
	Address netip.Addr     `yaml:"address"` // that it speaks from
	From    netip.Addr     `yaml:"from"`    // the first that it gives
	Count   int            `yaml:"count"`   // 100
	Lease   *time.Duration `yaml:"lease"`   // 1h
	Mask    netip.Addr     `yaml:"mask"`
	Routers []netip.Addr   `yaml:"routers"`
	DNS     []netip.Addr   `yaml:"dns"`
	// Options are in every answer.
	Options map[uint8]*string `yaml:"options"`
	// Refuse answers a request with a NAK.
	Refuse bool `yaml:"refuse"`
}

// Times of DHCP (RFC 2131 section 4.1 and 4.4.5).
const (
	dhcpFirst = 4 * time.Second
	dhcpMost  = 64 * time.Second
	dhcpLease = time.Hour
	dhcpCount = 100
	mostPool  = 65536
)

// dhcp is either.
type dhcp struct {
	c     DHCP
	ready bool

	// Of a client.
	state string // selecting, requesting, or bound
	id    uint32
	offer message.DHCPMessage
	again time.Duration
	wait  time.Duration
	bound time.Duration

	// Of a server.
	leases map[message.MAC]netip.Addr
	taken  map[netip.Addr]message.MAC
}

// DHCPPeer is what a client got, or a server gave.
type DHCPPeer struct {
	Address string            `json:"address,omitempty"`
	Mask    string            `json:"mask,omitempty"`
	Server  string            `json:"server,omitempty"`
	Lease   float64           `json:"lease,omitempty"` // seconds
	Routers []netip.Addr      `json:"routers,omitempty"`
	Options map[uint8]string  `json:"options,omitempty"` // as hexadecimal digits
	Leases  map[string]string `json:"leases,omitempty"`  // address by MAC address
}

func (d *dhcp) configure(s *Spec) error {
	c := *s.DHCP
	switch {
	case (c.Client == nil) == (c.Server == nil):
		return errors.New("name one of client and server")
	case d.ready && (c.Client == nil) != (d.c.Client == nil):
		return errors.New("a session stays the client or the server")
	case c.Client != nil:
		if u := c.Client.Until; u != "" && u != "selecting" && u != "requesting" {
			return fmt.Errorf("until: there is no %q: there are selecting and requesting", u)
		}
		probe := c.Client.Message
		if _, err := probe.PDU(message.MAC{}); err != nil {
			return fmt.Errorf("client: message: %w", err)
		}
	default:
		v := c.Server
		if !v.Address.Is4() || !v.From.Is4() || v.Count < 0 || v.Count > mostPool {
			return fmt.Errorf("server: address and from are of IPv4, and count is at most %d", mostPool)
		}
		probe := dhcp{c: c}
		if _, err := probe.answer("offer", message.DHCPMessage{}, v.From).PDU(message.MAC{}); err != nil {
			return fmt.Errorf("server: %w", err)
		}
	}
	d.c = c
	if !d.ready {
		d.ready, d.state, d.id = true, "selecting", 0x7e570000
		d.leases, d.taken = map[message.MAC]netip.Addr{}, map[netip.Addr]message.MAC{}
		d.wait = dhcpFirst
	}
	return nil
}

func (d *dhcp) receive(l *link, f frame) {
	port := uint16(message.DHCPServerPort)
	if d.c.Client != nil {
		port = message.DHCPClientPort
	}
	if f.proto != message.ProtoUDP || f.toPort != port {
		return
	}
	m, err := message.ParseDHCP(f.body)
	if err != nil {
		l.malformed(err)
		return
	}
	if m.Reply != (d.c.Client != nil) {
		return
	}
	l.state.Received[m.Type]++
	if d.c.Client != nil {
		d.heardServer(l, m)
	} else {
		d.heardClient(l, m)
	}
}

func (d *dhcp) heardServer(l *link, m message.DHCPMessage) {
	if m.ID != d.id || m.Hardware != l.mac {
		return
	}
	limit := d.c.Client.Until
	switch {
	case m.Type == "offer" && d.state == "selecting" && limit != "selecting":
		d.offer, d.state, d.again, d.wait = m, "requesting", l.now, dhcpFirst
	case m.Type == "ack" && (d.state == "requesting" || d.state == "bound") && limit != "requesting":
		d.offer, d.state, d.bound = m, "bound", l.now
		d.again, d.wait = l.now+max(m.Lease/2, dhcpFirst), max(dhcpFirst, m.Lease/8)
	case m.Type == "nak" && d.state != "selecting":
		l.say("the server refused: NAK")
		d.begin(l)
	}
	l.become(d.state, d.state == "bound")
}

// begin asks anew.
func (d *dhcp) begin(l *link) {
	d.state, d.offer, d.again, d.wait = "selecting", message.DHCPMessage{}, l.now+time.Second, dhcpFirst
}

func (d *dhcp) tick(l *link) time.Duration {
	if d.c.Server != nil {
		l.become("serving", true)
		return -1
	}
	if d.state == "bound" && d.offer.Lease > 0 && l.now >= d.bound+d.offer.Lease {
		l.say("the lease of %s ended", d.offer.Yours)
		d.begin(l)
	}
	l.become(d.state, d.state == "bound")
	if d.state == "bound" {
		l.own, l.ours = d.offer.Yours, true
	}
	if l.now >= d.again {
		d.transmit(l)
	}
	if d.state == "bound" && d.offer.Lease > 0 {
		return min(d.again, d.bound+d.offer.Lease)
	}
	return d.again
}

func (d *dhcp) transmit(l *link) {
	m := d.c.Client.Message
	switch d.state {
	case "selecting":
		d.id++
		setText(&m.Type, "discover")
	default:
		setText(&m.Type, "request")
		if d.state == "bound" {
			setAddr(&m.Client, d.offer.Yours)
			set(&m.Source, d.offer.Yours)
		} else {
			setAddr(&m.Requested, d.offer.Yours)
			setAddr(&m.Server, d.offer.Server)
		}
	}
	set(&m.ID, d.id)
	setText(&m.Hostname, d.c.Client.Hostname)
	if m.Options == nil {
		m.Options = d.c.Client.Options
	}
	l.send(m.PDU(l.mac))
	d.again = l.now + d.wait
	if d.state != "bound" {
		d.wait = min(2*d.wait, dhcpMost)
		if d.state == "requesting" && d.wait == dhcpMost {
			d.begin(l)
		}
	}
}

func setText(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

func setAddr(field *netip.Addr, value netip.Addr) {
	if !field.IsValid() {
		*field = value
	}
}

// answer is what the server says to a message.
func (d *dhcp) answer(typ string, m message.DHCPMessage, a netip.Addr) *message.DHCP {
	v := d.c.Server
	r := &message.DHCP{
		Type: typ, Source: &v.Address, ID: &m.ID, Relay: m.Relay, Broadcast: &m.Broadcast, Hardware: m.Hardware.String(), Server: v.Address, Options: v.Options,
	}
	if typ == "nak" {
		return r
	}
	r.Yours, r.Mask, r.Routers, r.DNS = a, v.Mask, v.Routers, v.DNS
	r.Lease = new(message.Or(v.Lease, dhcpLease))
	return r
}

func (d *dhcp) heardClient(l *link, m message.DHCPMessage) {
	v := d.c.Server
	a := d.lease(m.Hardware)
	wanted := m.Requested
	if !wanted.IsValid() {
		wanted = m.Client
	}
	var r *message.DHCP
	switch {
	case m.Type == "discover" && a.IsValid():
		r = d.answer("offer", m, a)
	case m.Type == "request" && m.Server.IsValid() && m.Server != v.Address:
		delete(d.taken, a)
		delete(d.leases, m.Hardware) // another server's
		return
	case m.Type == "request" && a.IsValid() && a == wanted && !v.Refuse:
		r = d.answer("ack", m, a)
	case m.Type == "request":
		r = d.answer("nak", m, a)
	case m.Type == "release" || m.Type == "decline":
		delete(d.taken, a)
		delete(d.leases, m.Hardware)
		return
	case m.Type == "discover":
		l.say("there is no address left for %s", m.Hardware)
		return
	default:
		return
	}
	if m.Relay.IsValid() && !m.Relay.IsUnspecified() {
		r.Destination, r.Port = &m.Relay, new(uint16(message.DHCPServerPort))
		if mac, ok := l.macs[m.Relay]; ok {
			r.To = mac.String()
		}
	}
	l.send(r.PDU(l.mac))
}

// lease is the address that a client has or can have; the zero one, where none is left.
func (d *dhcp) lease(who message.MAC) netip.Addr {
	if a, ok := d.leases[who]; ok {
		return a
	}
	count := d.c.Server.Count
	if count == 0 {
		count = dhcpCount
	}
	first := uint64(binary.BigEndian.Uint32(d.c.Server.From.AsSlice()))
	for i := range uint64(count) {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(first+i)) //nolint:gosec // it goes round
		a := netip.AddrFrom4(b)
		if _, ok := d.taken[a]; !ok {
			d.taken[a], d.leases[who] = who, a
			return a
		}
	}
	return netip.Addr{}
}

func (d *dhcp) show(*link) any {
	if d.c.Server != nil {
		p := DHCPPeer{Leases: map[string]string{}}
		for who, a := range d.leases {
			p.Leases[who.String()] = a.String()
		}
		return p
	}
	if !d.offer.Yours.IsValid() {
		return nil
	}
	o := d.offer
	p := DHCPPeer{Address: o.Yours.String(), Lease: o.Lease.Seconds(), Routers: o.Routers, Options: o.Options}
	if o.Mask.IsValid() {
		p.Mask = o.Mask.String()
	}
	if o.Server.IsValid() {
		p.Server = o.Server.String()
	}
	return p
}
