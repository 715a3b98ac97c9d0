package message_test

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

var (
	own = message.MAC{2, 0, 0, 0, 0, 7}
	one = netip.MustParseAddr("10.0.0.1")
	two = netip.MustParseAddr("10.0.0.2")
)

// made is a frame of what a message is.
func made(t *testing.T, alter ...message.Alter) func(p message.PDU, err error) gopacket.Packet {
	t.Helper()
	return func(p message.PDU, err error) gopacket.Packet {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b, err := p.Frame(own, 0, alter)
		if err != nil {
			t.Fatal(err)
		}
		return gopacket.NewPacket(b, layers.LayerTypeEthernet, gopacket.Default)
	}
}

// right says that all checksums which a library knows are right.
func right(t *testing.T, p gopacket.Packet) {
	t.Helper()
	if wrong := sums(t, p); len(wrong) > 0 {
		t.Errorf("checksums: %v\n%v", wrong, p)
	}
}

// sums are the checksums that are wrong.
func sums(t *testing.T, p gopacket.Packet) []gopacket.ChecksumMismatch {
	t.Helper()
	for _, l := range p.Layers() {
		if s, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok && p.NetworkLayer() != nil {
			if err := s.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
				t.Fatal(err)
			}
		}
	}
	err, wrong := p.VerifyChecksums()
	if err != nil {
		t.Errorf("checksums: %v", err)
	}
	return wrong
}

// TestMade: what is made of fields says to another library what they say.
func TestMade(t *testing.T) {
	p := made(t)((&message.BFD{Local: one, Remote: two, State: "up", Mine: new(uint32(5)), Yours: new(uint32(6)), DetectMult: new(uint8(4)), MinTX: new(50 * time.Millisecond), Poll: new(true)}).PDU())
	right(t, p)
	if b, ok := p.Layer(layers.LayerTypeBFD).(*layers.BFD); !ok || b.State != layers.BFDStateUp || b.MyDiscriminator != 5 || b.YourDiscriminator != 6 || b.DetectMultiplier != 4 || b.DesiredMinTxInterval != 50000 || !b.Poll {
		t.Errorf("%v", p)
	}
	if ip, ok := p.NetworkLayer().(*layers.IPv4); !ok || ip.TTL != 255 || !ip.SrcIP.Equal(net.IP{10, 0, 0, 1}) {
		t.Errorf("%v", p)
	}
	lsa := message.LSA{Type: message.LSAExternal, ID: netip.MustParseAddr("20.0.0.0"), Mask: netip.MustParseAddr("255.0.0.0"), Metric: 7, Type2: true, Tag: 9}
	router := message.LSA{Type: message.LSARouter, ID: one, Links: []message.LSALink{{Type: 3, ID: two, Data: netip.MustParseAddr("255.255.255.255"), Metric: 3}}}
	p = made(t)((&message.OSPF{Source: one, Router: one, Update: []message.LSA{lsa, router}}).PDU())
	right(t, p)
	o, ok := p.Layer(layers.LayerTypeOSPF).(*layers.OSPFv2)
	if !ok {
		t.Fatalf("%v", p)
	}
	u, ok := o.Content.(layers.LSUpdate)
	if !ok || u.NumOfLSAs != 2 {
		t.Fatalf("%+v", o)
	}
	ext, isExt := u.LSAs[0].Content.(layers.ASExternalLSAV2)
	rtr, isRtr := u.LSAs[1].Content.(layers.RouterLSAV2)
	if !isExt || !isRtr || ext.Metric != 7 || ext.ExternalBit != 1 && ext.ExternalBit != 0x80 || ext.ExternalRouteTag != 9 || len(rtr.Routers) != 1 || rtr.Routers[0].Metric != 3 {
		t.Errorf("%+v %+v", ext, rtr)
	}
	p = made(t)((&message.DHCP{Type: "offer", Source: &one, Yours: two, Server: one, Lease: new(time.Hour), Routers: []netip.Addr{one}, Options: map[uint8]*string{43: new("0102"), 54: nil}}).PDU(own))
	right(t, p)
	d, ok := p.Layer(layers.LayerTypeDHCPv4).(*layers.DHCPv4)
	if !ok || d.Operation != layers.DHCPOpReply || !d.YourClientIP.Equal(net.IP{10, 0, 0, 2}) || len(d.Options) != 4 || d.Options[0].Data[0] != 2 || d.ClientHWAddr.String() != own.String() {
		t.Errorf("%v", p)
	}
	p = made(t)((&message.RA{Lifetime: new(uint16(9)), Managed: true, Prefixes: []message.RAPrefix{{Prefix: netip.MustParsePrefix("2001:db8::/64")}}, DNS: []netip.Addr{netip.MustParseAddr("2001:db8::1")}}).PDU(own))
	right(t, p)
	r, ok := p.Layer(layers.LayerTypeICMPv6RouterAdvertisement).(*layers.ICMPv6RouterAdvertisement)
	if !ok || r.RouterLifetime != 9 || !r.ManagedAddressConfig() || len(r.Options) != 3 || r.Options[1].Type != layers.ICMPv6OptPrefixInfo || r.Options[1].Data[0] != 64 {
		t.Errorf("%v", p)
	}
	p = made(t)((&message.IGMP{Version: 3, Type: "report", Source: one, Group: netip.MustParseAddr("239.1.2.3"), Sources: []netip.Addr{two}, Mode: "allow"}).PDU())
	right(t, p)
	g, ok := p.Layer(layers.LayerTypeIGMP).(*layers.IGMP)
	if !ok || g.Type != layers.IGMPMembershipReportV3 || len(g.GroupRecords) != 1 || g.GroupRecords[0].Type != layers.IGMPAllow || len(g.GroupRecords[0].SourceAddresses) != 1 {
		t.Errorf("%v", p)
	}
}

// TestRead: what was made is read as it was said, and what is broken off anywhere is refused, or is what stands before.
func TestRead(t *testing.T) {
	body := func(p message.PDU, err error) []byte {
		t.Helper()
		b, bad := p.Frame(own, 0, nil)
		if err := errors.Join(err, bad); err != nil {
			t.Fatal(err)
		}
		packet := gopacket.NewPacket(b, layers.LayerTypeEthernet, gopacket.Default)
		if a := packet.ApplicationLayer(); a != nil {
			return append(a.LayerContents(), a.LayerPayload()...)
		}
		if u := packet.TransportLayer(); u != nil {
			return u.LayerPayload()
		}
		if n := packet.NetworkLayer(); n != nil {
			return n.LayerPayload()
		}
		return b[14:]
	}
	hello := body((&message.OSPF{Source: one, Router: one, Hello: &message.OSPFHello{Neighbors: []netip.Addr{two}, Dead: new(uint32(7))}}).PDU())
	o, err := message.ParseOSPF(hello)
	if err != nil || o.Router != one || *o.Hello.Dead != 7 || len(o.Hello.Neighbors) != 1 || o.Hello.Neighbors[0] != two {
		t.Errorf("%+v, %v", o, err)
	}
	update := body((&message.OSPF{Source: one, Router: one, Update: []message.LSA{{Type: 3, ID: two, Mask: two, Metric: 1}}}).PDU())
	if o, err = message.ParseOSPF(update); err != nil || len(o.Update) != 1 {
		t.Errorf("%+v, %v", o, err)
	}
	lsp := body((&message.ISIS{System: "0000.0000.0001", LSP: &message.ISISLSP{ID: "0000.0000.0001.00-03", Sequence: new(uint32(8)), ISISTLVs: message.ISISTLVs{Areas: []string{"49.0001"}, Hostname: "x"}}}).PDU())
	i, err := message.ParseISIS(lsp)
	if err != nil || i.ID.String() != "0000.0000.0001.00-03" || i.Sequence != 8 || len(i.TLVs) != 3 || string(i.TLVs[2].Value) != "x" {
		t.Errorf("%+v, %v", i, err)
	}
	// Of the right sum both octets are nothing (ISO 8473 annex C).
	var c0, c1 int
	for _, v := range i.Raw[12:] {
		c0 = (c0 + int(v)) % 255
		c1 = (c1 + c0) % 255
	}
	if c0 != 0 || c1 != 0 {
		t.Errorf("Fletcher: %d, %d", c0, c1)
	}
	lacp := body((&message.LACP{Actor: message.LACPSide{Key: new(uint16(3)), State: &[]string{"activity", "expired"}}}).PDU(own))
	a, _, err := message.ParseLACP(lacp)
	if err != nil || a.Key != 3 || strings.Join(message.LACPState(a.State), " ") != "activity expired" || a.System != own {
		t.Errorf("%+v, %v", a, err)
	}
	advert := body((&message.VRRP{Version: 3, ID: 7, Source: one, Addresses: []netip.Addr{two}}).PDU())
	group := netip.MustParseAddr("224.0.0.18")
	v, err := message.ParseVRRP(advert, one, group)
	if err != nil || v.ID != 7 || v.Interval != 100 || v.Addresses[0] != two {
		t.Errorf("%+v, %v", v, err)
	}
	for name, test := range map[string]struct {
		whole []byte
		parse func(b []byte) error
	}{
		"hello":  {hello, func(b []byte) error { _, err := message.ParseOSPF(b); return err }},
		"update": {update, func(b []byte) error { _, err := message.ParseOSPF(b); return err }},
		"lsp":    {lsp[:3+int(binary.BigEndian.Uint16(lsp[3+8:]))], func(b []byte) error { _, err := message.ParseISIS(b); return err }},
		"advert": {advert[:12], func(b []byte) error { _, err := message.ParseVRRP(b, one, group); return err }},
		"lacp":   {lacp[:42], func(b []byte) error { _, _, err := message.ParseLACP(b); return err }},
		"bfd":    {body((&message.BFD{Local: one, Remote: two}).PDU()), func(b []byte) error { _, err := message.ParseBFD(b); return err }},
		"igmp":   {body((&message.IGMP{Version: 3, Type: "report", Source: one, Group: netip.MustParseAddr("239.1.2.3"), Sources: []netip.Addr{two}}).PDU())[:20], func(b []byte) error { _, err := message.ParseIGMP(b); return err }},
		"dhcp":   {body((&message.DHCP{Type: "discover"}).PDU(own))[:239], func(b []byte) error { _, err := message.ParseDHCP(append(b, 0)); return err }},
	} {
		for n := range test.whole {
			if err := test.parse(append([]byte{}, test.whole[:n]...)); err == nil {
				t.Errorf("%s: %d of %d bytes were taken", name, n, len(test.whole))
			}
		}
	}
}

// TestAlter: each change reaches its layer, and what is around it stays right.
func TestAlter(t *testing.T) {
	bfd := func() (message.PDU, error) { return (&message.BFD{Local: one, Remote: two}).PDU() }
	at := func(n int) *int { return &n }
	for _, test := range []struct {
		name  string
		alter message.Alter
		wrong int // checksums
		is    func(b []byte) bool
	}{
		{"bytes", message.Alter{At: at(2), Bytes: "00"}, 0, func(b []byte) bool { return b[14+20+8+2] == 0 }},
		{"bytes from the end", message.Alter{At: at(-4), Bytes: "01:02 0304"}, 0, func(b []byte) bool { return string(b[14+20+8+20:14+20+8+24]) == "\x01\x02\x03\x04" }},
		{"length", message.Alter{Length: at(23)}, 0, func(b []byte) bool { return b[14+20+8+3] == 23 }},
		{"cut", message.Alter{Cut: 4}, 0, func(b []byte) bool { return binary.BigEndian.Uint16(b[14+2:]) == 48 && b[14+20+8+3] == 24 }},
		{"append", message.Alter{Append: "ffff"}, 0, func(b []byte) bool { return binary.BigEndian.Uint16(b[14+2:]) == 54 }},
		{"checksum of UDP", message.Alter{Layer: "udp", Checksum: "wrong"}, 1, func([]byte) bool { return true }},
		{"no checksum of UDP", message.Alter{Layer: "udp", Checksum: "0000"}, 0, func(b []byte) bool { return b[14+20+6] == 0 && b[14+20+7] == 0 }},
		{"length of UDP", message.Alter{Layer: "udp", Length: at(500)}, 0, func(b []byte) bool { return binary.BigEndian.Uint16(b[14+20+4:]) == 500 }},
		{"TTL", message.Alter{Layer: "ip", At: at(8), Bytes: "01"}, 0, func(b []byte) bool { return b[14+8] == 1 }},
		{"checksum of IP", message.Alter{Layer: "ip", Checksum: "dead"}, 1, func(b []byte) bool { return b[14+10] == 0xde }},
		{"frame", message.Alter{Layer: "frame", At: at(0), Bytes: "ffffffffffff"}, 0, func(b []byte) bool { return b[5] == 0xff }},
	} {
		p := made(t, test.alter)(bfd())
		wrong := sums(t, p)
		if !test.is(p.Data()) || len(wrong) != test.wrong {
			t.Errorf("%s: %x, %v", test.name, p.Data(), wrong)
		}
	}
	p, err := bfd()
	if err != nil {
		t.Fatal(err)
	}
	for says, a := range map[string]message.Alter{
		"of 24": {At: at(23), Bytes: "0000"}, "25 bytes less": {Cut: 25}, "the message: it has no checksum": {Checksum: "wrong"}, "the frame: it has no length": {Layer: "frame", Length: at(3)},
	} {
		if _, err := p.Frame(own, 0, []message.Alter{a}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want words with %q", err, says)
		}
	}
	for says, a := range map[string]message.Alter{"changes nothing": {Of: []string{"bfd"}}, "at and bytes": {At: at(0)}} {
		if err := a.Check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: got %v, want words with %q", a, err, says)
		}
	}
	lsp, err := (&message.ISIS{System: "0000.0000.0001", LSP: &message.ISISLSP{ID: "0000.0000.0001.00-00"}}).PDU()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range []string{"udp", "ip"} {
		if _, err := lsp.Frame(own, 0, []message.Alter{{Layer: layer, Cut: 1}}); err == nil || !strings.Contains(err.Error(), "isis has none") {
			t.Errorf("%s: got %v", layer, err)
		}
	}
	b, err := lsp.Frame(own, 0, []message.Alter{{At: at(3 + 20), Bytes: "00000009"}})
	if err != nil {
		t.Fatal(err)
	}
	if i, err := message.ParseISIS(b[14 : 14+int(binary.BigEndian.Uint16(b[12:]))]); err != nil || i.Sequence != 9 {
		t.Errorf("%+v, %v", i, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(byte(0), []byte{2, 1, 0, 44})
	f.Fuzz(func(_ *testing.T, which byte, b []byte) {
		switch which % 7 {
		case 0:
			_, _ = message.ParseOSPF(b)
		case 1:
			if p, err := message.ParseISIS(b); err == nil {
				_ = p.Entries()
			}
		case 2:
			_, _, _ = message.ParseLACP(b)
		case 3:
			_, _ = message.ParseBFD(b)
		case 4:
			_, _ = message.ParseDHCP(b)
		case 5:
			_, _ = message.ParseVRRP(b, one, two)
		case 6:
			_, _ = message.ParseIGMP(b)
		}
	})
}
