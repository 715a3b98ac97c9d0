package replay

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
)

// shot is a frame of a test's capture.
type shot struct {
	after time.Duration
	data  []byte
}

// built is a frame with right lengths and checksums.
func built(tb testing.TB, all ...gopacket.SerializableLayer) []byte {
	tb.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		tb.Fatal(err)
	}
	return slices.Clone(b.Bytes())
}

func ether(last byte, kind layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, last}, DstMAC: net.HardwareAddr{1, 0, 0x5e, 0, 0, 18}, EthernetType: kind}
}

func ipv4(last byte, proto layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TTL: 255, Protocol: proto, SrcIP: net.IP{10, 9, 0, last}, DstIP: net.IP{224, 0, 0, 18}}
}

// shots are a minute of a segment: VRRP of one router, an ARP request of another, BFD, and a segment of TCP.
func shots(tb testing.TB) []shot {
	tb.Helper()
	vrrp := []byte{0x21, 7, 200, 1, 0, 1, 0, 0, 10, 9, 0, 254, 0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(vrrp[6:], sum(vrrp))
	udp := &layers.UDP{SrcPort: 49152, DstPort: 3784}
	ip := ipv4(1, layers.IPProtocolUDP)
	tcp, tip := &layers.TCP{SrcPort: 179, DstPort: 40000, PSH: true}, ipv4(1, layers.IPProtocolTCP)
	if err := errors.Join(udp.SetNetworkLayerForChecksum(ip), tcp.SetNetworkLayerForChecksum(tip)); err != nil {
		tb.Fatal(err)
	}
	arp := &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: 1,
		SourceHwAddress: []byte{2, 0, 0, 0, 0, 2}, SourceProtAddress: []byte{10, 9, 0, 2}, DstHwAddress: make([]byte, 6), DstProtAddress: []byte{10, 9, 0, 1},
	}
	advert := built(tb, ether(1, layers.EthernetTypeIPv4), ipv4(1, layers.IPProtocolVRRP), gopacket.Payload(vrrp))
	return []shot{
		{0, advert},
		{20 * time.Millisecond, built(tb, ether(2, layers.EthernetTypeARP), arp)},
		{30 * time.Millisecond, built(tb, ether(1, layers.EthernetTypeIPv4), ip, udp, gopacket.Payload(make([]byte, 24)))},
		{40 * time.Millisecond, built(tb, ether(1, layers.EthernetTypeIPv4), tip, tcp, gopacket.Payload("x"))},
		{60 * time.Millisecond, advert},
	}
}

// sum is the checksum of RFC 1071; over what holds a right one it is 0.
func sum(b []byte) uint16 {
	var s uint32
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}

// capture writes shots to a file of one of the two kinds.
func capture(tb testing.TB, list []shot, ng bool, link layers.LinkType) string {
	tb.Helper()
	var b bytes.Buffer
	var write func(gopacket.CaptureInfo, []byte) error
	flush := func() error { return nil }
	if ng {
		w, err := pcapgo.NewNgWriter(&b, link)
		if err != nil {
			tb.Fatal(err)
		}
		write, flush = w.WritePacket, w.Flush
	} else {
		w := pcapgo.NewWriter(&b)
		if err := w.WriteFileHeader(65535, link); err != nil {
			tb.Fatal(err)
		}
		write = w.WritePacket
	}
	for _, s := range list {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(1_700_000_000, 0).Add(s.after), CaptureLength: len(s.data), Length: len(s.data)}
		if err := write(info, s.data); err != nil {
			tb.Fatal(err)
		}
	}
	if err := flush(); err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "x.pcap")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func readdress(data []byte, a Addresses) ([]byte, []string, error) {
	return packet.Readdress(data, packet.Addresses{Networks: a.Networks, MACs: a.MACs})
}

func loopback(t *testing.T) *net.Interface {
	t.Helper()
	port, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestTake: of a capture what is meant is taken, whatever kind of file it is, and TCP never.
func TestTake(t *testing.T) {
	p := New(1, readdress, t.Logf)
	for _, ng := range []bool{false, true} {
		path := capture(t, shots(t), ng, layers.LinkTypeEthernet)
		for _, test := range []struct {
			name  string
			order Order
			kinds string
			skip  int
		}{
			{"all", Order{}, "arp bfd vrrp vrrp", 1},
			{"of a router", Order{From: "10.9.0.1"}, "bfd vrrp vrrp", 2},
			{"of a station", Order{From: "02:00:00:00:00:02"}, "arp", 4},
			{"of a protocol", Order{Only: []string{"vrrp"}}, "vrrp vrrp", 3},
			{"the first", Order{Only: []string{"vrrp"}, Count: 1}, "vrrp", 4},
		} {
			test.order.File, test.order.Port = path, "lo"
			list, s, err := p.take(test.order, loopback(t))
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, f := range list {
				kinds = append(kinds, f.protocol())
			}
			if slices.Sort(kinds); strings.Join(kinds, " ") != test.kinds || s.Skipped != test.skip || s.Frames != len(list) {
				t.Errorf("%s: %v, %+v", test.name, kinds, s)
			}
		}
	}
}

// TestExtended: what stands behind extension headers of IPv6 is known as what it is, and TCP is left out there too.
func TestExtended(t *testing.T) {
	ip6 := func(p layers.IPProtocol) *layers.IPv6 {
		return &layers.IPv6{Version: 6, NextHeader: p, HopLimit: 255, SrcIP: net.ParseIP("fe80::1"), DstIP: net.ParseIP("ff02::1")}
	}
	tcp := gopacket.Payload{0, 179, 0x9c, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 8, 0, 0, 0, 0, 0, 0}
	bfd := gopacket.Payload{0xc0, 0, 0x0e, 0xc8, 0, 8, 0, 0}
	head := func(p layers.IPProtocol, more ...byte) gopacket.Payload {
		b := append([]byte{byte(p)}, more...)
		return append(b, make([]byte, -len(b)&7)...)
	}
	for _, test := range []struct {
		name, want string
		layers     []gopacket.SerializableLayer
	}{
		{"TCP alone", "tcp", []gopacket.SerializableLayer{ip6(layers.IPProtocolTCP), tcp}},
		{"hop by hop", "tcp", []gopacket.SerializableLayer{ip6(layers.IPProtocolIPv6HopByHop), head(layers.IPProtocolTCP, 0), tcp}},
		{"two, one of them long", "tcp", []gopacket.SerializableLayer{ip6(layers.IPProtocolIPv6Destination), head(layers.IPProtocolIPv6Routing, slices.Concat([]byte{1}, make([]byte, 14))...), head(layers.IPProtocolTCP, 0), tcp}},
		{"authentication", "tcp", []gopacket.SerializableLayer{ip6(layers.IPProtocolAH), head(layers.IPProtocolTCP, slices.Concat([]byte{4}, make([]byte, 22))...), tcp}},
		{"first fragment", "bfd", []gopacket.SerializableLayer{ip6(layers.IPProtocolIPv6Fragment), head(layers.IPProtocolUDP, 0, 0, 1), bfd}},
		{"a later fragment", "", []gopacket.SerializableLayer{ip6(layers.IPProtocolIPv6Fragment), head(layers.IPProtocolUDP, 0, 0, 9), bfd}},
		{"a later fragment of TCP", "tcp", []gopacket.SerializableLayer{ip6(layers.IPProtocolIPv6Fragment), head(layers.IPProtocolTCP, 0, 0, 8), bfd}},
		{"report of a group", "icmpv6", []gopacket.SerializableLayer{ip6(layers.IPProtocolIPv6HopByHop), head(layers.IPProtocolICMPv6, 0, 5, 2, 0, 0, 1, 0), gopacket.Payload{143, 0, 0, 0, 0, 0, 0, 0}}},
		{"breaks off", "tcp", []gopacket.SerializableLayer{ip6(layers.IPProtocolIPv6HopByHop), head(layers.IPProtocolTCP, 200)}},
		{"no room for a header", "", []gopacket.SerializableLayer{ip6(layers.IPProtocolIPv6HopByHop), gopacket.Payload{6}}},
	} {
		data := built(t, append([]gopacket.SerializableLayer{ether(1, layers.EthernetTypeIPv6)}, test.layers...)...)
		if got := (frame{data: data}).protocol(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// TestRewritten: other addresses stand at every layer, and all checksums are right again.
func TestRewritten(t *testing.T) {
	o := Order{
		File: capture(t, shots(t), true, layers.LinkTypeEthernet), Port: "lo", Only: []string{"vrrp", "bfd", "arp"},
		Rewrite: map[string]string{"10.9.0.0/24": "192.0.2.0/24", "02:00:00:00:00:01": "02:00:00:00:00:99", "02:00:00:00:00:02": "own"},
	}
	list, s, err := New(1, readdress, t.Logf).take(o, &net.Interface{HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 0x77}})
	if err != nil || len(list) != 4 || len(s.Notes) > 0 {
		t.Fatalf("%v, %+v", err, s)
	}
	vrrp, arp, bfd := list[0].data, list[1].data, list[2].data
	if list[0].source() != netip.MustParseAddr("192.0.2.1") || vrrp[11] != 0x99 || !slices.Equal(vrrp[42:46], []byte{192, 0, 2, 254}) || sum(vrrp[14:34]) != 0 || sum(vrrp[34:54]) != 0 {
		t.Errorf("VRRP %x", vrrp)
	}
	if list[1].source() != netip.MustParseAddr("192.0.2.2") || arp[11] != 0x77 || arp[27] != 0x77 || !slices.Equal(arp[38:42], []byte{192, 0, 2, 1}) {
		t.Errorf("ARP %x", arp)
	}
	u := binary.BigEndian.Uint16(bfd[40:])
	pseudo := slices.Concat(bfd[26:34], []byte{0, 17}, bfd[38:40], bfd[34:])
	if u == 0 || sum(bfd[14:34]) != 0 || sum(pseudo) != 0 {
		t.Errorf("BFD %x", bfd)
	}
}

// TestRefused: what cannot be sent as it was is refused, with what is wrong.
func TestRefused(t *testing.T) {
	whole := capture(t, shots(t), true, layers.LinkTypeEthernet)
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.pcapng")
	if err := os.WriteFile(cut, data[:len(data)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no capture, though it is long enough for one's head"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		order Order
		says  string
	}{
		{"no file", Order{Port: "lo"}, "file:"},
		{"no port", Order{File: whole}, "port:"},
		{"no such port", Order{File: whole, Port: "nothing0"}, "nothing0"},
		{"no such file", Order{File: "/nothing", Port: "lo"}, "/nothing"},
		{"cut", Order{File: cut, Port: "lo"}, "behind frame 4"},
		{"text", Order{File: text, Port: "lo"}, "neither pcap nor pcapng"},
		{"protocol", Order{File: whole, Port: "lo", Only: []string{"tcp"}}, "tcp"},
		{"nothing of it", Order{File: whole, Port: "lo", Only: []string{"lldp"}}, "none of its 5 frames"},
		{"sender", Order{File: whole, Port: "lo", From: "r1"}, "from"},
		{"lengths", Order{File: whole, Port: "lo", Rewrite: map[string]string{"10.0.0.0/8": "10.0.0.0/16"}}, "one length"},
		{"families", Order{File: whole, Port: "lo", Rewrite: map[string]string{"10.0.0.1": "::1"}}, "one length"},
		{"no address", Order{File: whole, Port: "lo", Rewrite: map[string]string{"r1": "r2"}}, "r1"},
		{"speed", Order{File: whole, Port: "lo", Speed: -1}, "speed"},
		{"another link", Order{File: capture(t, shots(t), false, layers.LinkTypeRaw), Port: "lo"}, "link type"},
	} {
		if _, err := New(1, readdress, t.Logf).Play(t.Context(), test.order); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want words with %q", test.name, err, test.says)
		}
	}
	if _, err := New(1, nil, t.Logf).Play(t.Context(), Order{File: whole, Port: "lo", Rewrite: map[string]string{"10.0.0.1": "10.0.0.2"}}); err == nil {
		t.Error("addresses were rewritten by nobody")
	}
}

// TestCut: a capture that breaks off anywhere is refused, but for one that ends behind a frame; whatever length is
// written there, no more is read than the file has.
func TestCut(t *testing.T) {
	list := shots(t)
	for _, ng := range []bool{false, true} {
		data, err := os.ReadFile(capture(t, list, ng, layers.LinkTypeEthernet))
		if err != nil {
			t.Fatal(err)
		}
		whole := map[int]bool{} // where a frame ends
		for at, i := len(data), len(list)-1; i >= 0; i-- {
			whole[at] = true
			if size := len(list[i].data); ng {
				at -= 32 + (size+3)&^3
			} else {
				at -= 16 + size
			}
			whole[at] = true
		}
		for i := range data {
			if _, err := frames(data[:i]); err == nil && !whole[i] {
				t.Errorf("pcapng %v, cut at %d of %d it is taken", ng, i, len(data))
			}
		}
	}
	data, err := os.ReadFile(capture(t, list[:1], false, layers.LinkTypeEthernet))
	if err != nil {
		t.Fatal(err)
	}
	const global, record = 24, 16
	for _, long := range []uint32{262145, 1 << 30, 1<<32 - 1} {
		b := slices.Clone(data[:global+record])
		binary.LittleEndian.PutUint32(b[16:], long) // the longest there are
		binary.LittleEndian.PutUint32(b[global+8:], long)
		binary.LittleEndian.PutUint32(b[global+12:], long)
		if list, err := frames(b); err == nil || !strings.Contains(err.Error(), "behind frame 0") {
			t.Errorf("%d bytes: got %d frames, %v", long, len(list), err)
		}
	}
}

// TestPlayed: frames reach the wire as they are, in their order, and none before its time.
func TestPlayed(t *testing.T) {
	const everything = 0x0003 // ETH_P_ALL, in the order of bytes of the network
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, everything<<8)
	if errors.Is(err, unix.EPERM) {
		t.Skip("packet sockets are for root") //nolint:forbidigo // nothing that is installed changes that
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd) //nolint:errcheck // the test ends
	port := loopback(t)
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: everything << 8, Ifindex: port.Index}), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 20})); err != nil {
		t.Fatal(err)
	}
	list := shots(t)
	p := New(2, readdress, t.Logf)
	defer p.Stop()
	broke := make(chan string, 4)
	p.Broke = func(what string, why error) { broke <- fmt.Sprint(what, ": ", why) }
	order, begin := Order{File: capture(t, list, true, layers.LinkTypeEthernet), Port: "lo", From: "10.9.0.1"}, time.Now()
	s, err := p.Play(context.Background(), order)
	if err != nil || s.Frames != 3 || s.Takes != 0.06 || !s.Running {
		t.Fatalf("%+v, %v", s, err)
	}
	want := []shot{list[0], list[2], list[4]}
	buf := make([]byte, 2000)
	for i := 0; i < len(want); {
		n, from, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		gap := time.Since(begin)
		if l, ok := from.(*unix.SockaddrLinklayer); !ok || l.Pkttype == unix.PACKET_OUTGOING || n < 12 || !slices.Equal(buf[:12], want[i].data[:12]) {
			continue // of somebody else, or seen on its way out
		}
		if !slices.Equal(buf[:n], want[i].data) {
			t.Fatalf("frame %d: got %x, want %x", i, buf[:n], want[i].data)
		}
		if gap < want[i].after/2 {
			t.Errorf("frame %d came after %v, of %v at speed 2", i, gap, want[i].after)
		}
		i++
	}
	p.wg.Wait()
	if all := p.States(); len(all) != 1 || all[0].Sent != 3 || all[0].Running || all[0].Failed != "" {
		t.Errorf("got %+v", all)
	}
	// One that takes long is stopped, and says so.
	list[4].after = time.Hour
	if _, err := p.Play(context.Background(), Order{File: capture(t, list, true, layers.LinkTypeEthernet), Port: "lo"}); err != nil {
		t.Fatal(err)
	}
	if n := p.Stop(); n != 1 {
		t.Errorf("%d ran", n)
	}
	if all := p.States(); all[1].Running || !strings.Contains(all[1].Failed, "stopped") {
		t.Errorf("got %+v", all)
	}
	if len(broke) > 0 {
		t.Errorf("what ended as it was to broke: %s", <-broke)
	}
	// One that the port does not take ends by the tester's own error, until it is forgotten.
	if _, err := p.Emit(context.Background(), Emit{Port: "lo", Frame: strings.Repeat("00", port.MTU+1000)}); err != nil {
		t.Fatal(err)
	}
	if got := <-broke; !strings.HasPrefix(got, "replay of frames from fields at lo: send frame 1 of") || !strings.Contains(got, "too long") {
		t.Error(got)
	}
	if p.Forget(); len(p.States()) != 0 {
		t.Error("what was forgotten is told")
	}
	if got := <-broke; got != "replay of frames from fields at lo: <nil>" {
		t.Error(got)
	}
}

// FuzzFrames: whatever stands in a capture is read or refused, and every frame has a word or none.
func FuzzFrames(f *testing.F) {
	for _, ng := range []bool{false, true} {
		data, err := os.ReadFile(capture(f, shots(f), ng, layers.LinkTypeEthernet))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		list, _ := frames(data)
		for _, x := range list {
			x.protocol()
			x.source()
		}
	})
}

// A packed capture is bounded by what is in it.
func TestPackedWithoutEnd(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := pcapgo.NewWriter(z)
	if err := w.WriteFileHeader(65536, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 64<<10)
	for range mostFile/len(data) + 1 {
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(1, 0), CaptureLength: len(data), Length: len(data)}, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := frames(packed.Bytes()); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
}
