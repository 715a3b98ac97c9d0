package replay

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// TestEmitted: what is made of fields says to another library what the fields say, with right checksums, and is
// known by its word.
func TestEmitted(t *testing.T) {
	port := &net.Interface{Name: "x", HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 7}}
	at := netip.MustParseAddr
	zero, high, ttl := uint8(0), uint8(255), uint16(0)
	for _, test := range []struct {
		name string
		emit Emit
		to   string
		says func(p gopacket.Packet, payload []byte) bool
	}{
		{"arp", Emit{ARP: &message.ARP{Sender: at("10.0.0.1")}}, "ff:ff:ff:ff:ff:ff", func(p gopacket.Packet, _ []byte) bool {
			a, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
			return ok && a.Operation == 1 && net.IP(a.SourceProtAddress).String() == "10.0.0.1" && net.IP(a.DstProtAddress).String() == "10.0.0.1" && a.SourceHwAddress[5] == 7
		}},
		{"arp", Emit{Source: "02:00:00:00:00:08", VLAN: 5, ARP: &message.ARP{Operation: "reply", Sender: at("10.0.0.1"), MAC: "02:00:00:00:00:09", Target: at("10.0.0.2"), TargetMAC: "02:00:00:00:00:0a"}}, "02:00:00:00:00:0a", func(p gopacket.Packet, _ []byte) bool {
			a, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
			v, tagged := p.Layer(layers.LayerTypeDot1Q).(*layers.Dot1Q)
			return ok && tagged && v.VLANIdentifier == 5 && a.Operation == 2 && a.SourceHwAddress[5] == 9 && a.DstHwAddress[5] == 10 && p.LinkLayer().(*layers.Ethernet).SrcMAC[5] == 8
		}},
		{"lldp", Emit{LLDP: &message.LLDP{PortID: "1:5", TTL: &ttl, SystemName: "sw1", Description: "up", TLVs: []message.TLV{{Type: 127, Value: "00 80 c2 01 0007"}}}}, "01:80:c2:00:00:0e", func(p gopacket.Packet, _ []byte) bool {
			l, ok := p.Layer(layers.LayerTypeLinkLayerDiscovery).(*layers.LinkLayerDiscovery)
			i, more := p.Layer(layers.LayerTypeLinkLayerDiscoveryInfo).(*layers.LinkLayerDiscoveryInfo)
			return ok && more && string(l.PortID.ID) == "1:5" && l.TTL == 0 && l.ChassisID.ID[5] == 7 && i.SysName == "sw1" && i.PortDescription == "up" && len(i.OrgTLVs) == 1
		}},
		{"vrrp", Emit{VRRP: &message.VRRP{ID: 7, Priority: &high, Source: at("10.0.0.1"), Addresses: []netip.Addr{at("10.0.0.254")}}}, "01:00:5e:00:00:12", func(p gopacket.Packet, payload []byte) bool {
			v, ok := p.Layer(layers.LayerTypeVRRP).(*layers.VRRPv2)
			return ok && v.VirtualRtrID == 7 && v.Priority == 255 && v.AdverInt == 1 && v.IPAddress[0].String() == "10.0.0.254" && sum(payload) == 0
		}},
		{"vrrp", Emit{VRRP: &message.VRRP{Version: 3, ID: 7, Priority: &zero, Interval: 50, Source: at("10.0.0.1"), Addresses: []netip.Addr{at("10.0.0.254")}}}, "01:00:5e:00:00:12", func(_ gopacket.Packet, payload []byte) bool {
			pseudo := slices.Concat([]byte{10, 0, 0, 1, 224, 0, 0, 18, 0, 112, 0, byte(len(payload))}, payload)
			return payload[0] == 0x31 && payload[2] == 0 && binary.BigEndian.Uint16(payload[4:]) == 50 && sum(pseudo) == 0
		}},
		{"igmp", Emit{IGMP: &message.IGMP{Type: "report", Source: at("10.0.0.1"), Group: at("239.1.2.3")}}, "01:00:5e:01:02:03", func(p gopacket.Packet, payload []byte) bool {
			i, ok := p.Layer(layers.LayerTypeIGMP).(*layers.IGMPv1or2)
			return ok && i.Type == layers.IGMPMembershipReportV2 && i.GroupAddress.String() == "239.1.2.3" && sum(payload) == 0
		}},
		{"vrrp", Emit{VRRP: &message.VRRP{Version: 3, ID: 7, Interval: 4095, Source: at("10.0.0.1")}}, "01:00:5e:00:00:12", func(_ gopacket.Packet, payload []byte) bool {
			return binary.BigEndian.Uint16(payload[4:]) == 4095
		}},
		{"igmp", Emit{IGMP: &message.IGMP{Type: "query", Source: at("10.0.0.1")}}, "01:00:5e:00:00:01", func(p gopacket.Packet, payload []byte) bool {
			i, ok := p.Layer(layers.LayerTypeIGMP).(*layers.IGMPv1or2)
			return ok && i.Type == layers.IGMPMembershipQuery && i.GroupAddress.IsUnspecified() && sum(payload) == 0
		}},
		{"igmp", Emit{IGMP: &message.IGMP{Type: "leave", Source: at("10.0.0.1"), Group: at("239.1.2.3")}}, "01:00:5e:00:00:02", func(p gopacket.Packet, _ []byte) bool {
			i, ok := p.Layer(layers.LayerTypeIGMP).(*layers.IGMPv1or2)
			return ok && i.Type == layers.IGMPLeaveGroup
		}},
		{"other", Emit{Frame: "ffffffffffff 020000000001 88b5"}, "ff:ff:ff:ff:ff:ff", func(p gopacket.Packet, _ []byte) bool { return len(p.Data()) == 14 }},
	} {
		data, word, err := test.emit.build(port)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		p := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)
		var payload []byte
		if ip, ok := p.NetworkLayer().(*layers.IPv4); ok {
			payload = ip.Payload
			if sum(ip.Contents) != 0 {
				t.Errorf("%s: a wrong checksum of IP in %x", test.name, data)
			}
		}
		known := frame{data: data}.protocol()
		if word != test.name || word != "other" && known != word || p.LinkLayer().(*layers.Ethernet).DstMAC.String() != test.to || !test.says(p, payload) {
			t.Errorf("%s: %s, known as %q: %x\n%v", test.name, word, known, data, p)
		}
		if word != "other" && len(data) < message.Shortest {
			t.Errorf("%s has %d bytes", word, len(data))
		}
	}
}

// TestNotEmitted: what no frame can be made of is refused.
func TestNotEmitted(t *testing.T) {
	at := netip.MustParseAddr
	port := &net.Interface{Name: "x", HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 7}}
	for says, e := range map[string]Emit{
		"name one":      {},
		"one of":        {Frame: "ffffffffffff 020000000001 88b5", ARP: &message.ARP{Sender: at("10.0.0.1")}},
		"14 bytes":      {Frame: "00"},
		"push":          {ARP: &message.ARP{Operation: "push", Sender: at("10.0.0.1")}},
		"of IPv4":       {ARP: &message.ARP{Sender: at("::1")}},
		"no MAC":        {ARP: &message.ARP{Sender: at("10.0.0.1"), MAC: "x"}},
		"source: \"x":   {Source: "x", ARP: &message.ARP{Sender: at("10.0.0.1")}},
		"port-id":       {LLDP: &message.LLDP{}},
		"127":           {LLDP: &message.LLDP{PortID: "1", TLVs: []message.TLV{{Type: 200}}}},
		"digits":        {LLDP: &message.LLDP{PortID: "1", TLVs: []message.TLV{{Type: 100, Value: "xy"}}}},
		"an id":         {VRRP: &message.VRRP{Source: at("10.0.0.1")}},
		"at most 255":   {VRRP: &message.VRRP{ID: 1, Source: at("10.0.0.1"), Interval: 256}},
		"at most 4095":  {VRRP: &message.VRRP{Version: 3, ID: 1, Source: at("10.0.0.1"), Interval: 5000}},
		"addresses":     {VRRP: &message.VRRP{ID: 1, Source: at("10.0.0.1"), Addresses: []netip.Addr{at("::1")}}},
		"join":          {IGMP: &message.IGMP{Type: "join", Source: at("10.0.0.1")}},
		"igmp has none": {Alter: []message.Alter{{Layer: "udp", Checksum: "wrong"}}, IGMP: &message.IGMP{Type: "query", Source: at("10.0.0.1")}},
		"is none":       {IGMP: &message.IGMP{Type: "report", Source: at("10.0.0.1"), Group: at("10.0.0.2")}},
	} {
		if _, _, err := e.build(port); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want words with %q", err, says)
		}
	}
	p := New(1, nil, t.Logf)
	for _, e := range []Emit{{Port: "nothing0"}, {}, {Port: "lo", Count: -1}, {Port: "lo", VLAN: 4095}} {
		if _, err := p.Emit(t.Context(), e); err == nil {
			t.Errorf("%+v was sent", e)
		}
	}
}
