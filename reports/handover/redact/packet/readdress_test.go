package packet_test

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
)

// TestReaddress: addresses go to their places in the other networks at every layer, and checksums, as another
// library reads them, are right where they were.
func TestReaddress(t *testing.T) {
	mac := func(text string) (m [6]byte) {
		a, err := net.ParseMAC(text)
		if err != nil {
			t.Fatal(err)
		}
		copy(m[:], a)
		return m
	}
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{1, 0, 0x5e, 0, 0, 5}, EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 1, Protocol: layers.IPProtocolOSPF, SrcIP: net.IP{10, 9, 0, 1}, DstIP: net.IP{224, 0, 0, 5}}
	hello := []byte{
		2, 1, 0, 48, 10, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		255, 255, 255, 0, 0, 1, 2, 1, 0, 0, 0, 4, 10, 9, 0, 1, 10, 9, 0, 2, 172, 16, 0, 1,
	}
	sum := func(b []byte) uint16 {
		var s uint32
		for i := 0; i+1 < len(b); i += 2 {
			s += uint32(b[i])<<8 | uint32(b[i+1])
		}
		for s>>16 != 0 {
			s = s&0xffff + s>>16
		}
		return ^uint16(s)
	}
	s := sum(hello)
	hello[12], hello[13] = byte(s>>8), byte(s)
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, gopacket.Payload(hello)); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w := pcapgo.NewWriter(&file)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	frame := buf.Bytes()
	if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(1, 0), CaptureLength: len(frame), Length: len(frame)}, frame); err != nil {
		t.Fatal(err)
	}
	out, notes, err := packet.Readdress(file.Bytes(), packet.Addresses{
		Networks: map[netip.Prefix]netip.Prefix{
			netip.MustParsePrefix("10.9.0.0/16"): netip.MustParsePrefix("10.0.0.0/16"),
			netip.MustParsePrefix("10.9.9.9/32"): netip.MustParsePrefix("1.1.1.1/32"),
			netip.MustParsePrefix("0.0.0.0/0"):   netip.MustParsePrefix("1.2.3.0/24"), // of another length: it stands for nothing
		},
		MACs: map[[6]byte][6]byte{mac("02:00:00:00:00:01"): mac("02:00:00:00:00:99")},
	})
	if err != nil || len(notes) > 0 {
		t.Fatalf("%v, %v", notes, err)
	}
	r, err := pcapgo.NewReader(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	data, _, err := r.ReadPacketData()
	if err != nil {
		t.Fatal(err)
	}
	p := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)
	e, _ := p.LinkLayer().(*layers.Ethernet)
	i, _ := p.NetworkLayer().(*layers.IPv4)
	o, ok := p.Layer(layers.LayerTypeOSPF).(*layers.OSPFv2)
	if !ok || e.SrcMAC.String() != "02:00:00:00:00:99" || i.SrcIP.String() != "10.0.0.1" || i.DstIP.String() != "224.0.0.5" {
		t.Fatalf("%v", p)
	}
	h, ok := o.Content.(layers.HelloPkgV2)
	if !ok || o.RouterID != 0x01010101 || h.DesignatedRouterID != 0x0a000001 || h.BackupDesignatedRouterID != 0x0a000002 || h.NeighborID[0] != 0xac100001 {
		t.Errorf("got %+v, %+v", o, h)
	}
	if sum(data[14:34]) != 0 || sum(i.Payload) != 0 {
		t.Errorf("checksums %x and %x", sum(data[14:34]), sum(i.Payload))
	}
}
