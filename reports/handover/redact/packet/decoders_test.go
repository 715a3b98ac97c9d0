package packet_test

import (
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	gobgp "github.com/osrg/gobgp/v4/pkg/packet/bgp"

	"github.com/reprise-lab/reprise/reports/handover/redact"
	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
	pt "github.com/reprise-lab/reprise/reports/handover/redact/packet/packettest"
)

// Decoders that somebody else wrote are the oracle of what a capture holds after it was
// rewritten: the same layers with sound checksums, nothing but names and addresses changed,
// and each of them everywhere to the same other one. They look at what the redactor puts in
// place, and at what the values of these tests do.

// rewriters rewrite captures.
func rewriters(t *testing.T) map[string]func(*testing.T, []byte) []byte {
	t.Helper()
	r, err := redact.New(redact.NewKey(), redact.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func(*testing.T, []byte) []byte{
		"redactor": func(t *testing.T, in []byte) []byte {
			t.Helper()
			r.LearnFile("a.pcapng", in)
			out, err := r.Capture("a.pcapng", in)
			if err != nil {
				t.Fatal(err)
			}
			return out
		},
		"other values": func(t *testing.T, in []byte) []byte {
			t.Helper()
			out, _, err := packet.Rewrite(in, newSwap())
			if err != nil {
				t.Fatal(err)
			}
			return out
		},
	}
}

// addressNumbers are fields of decoders that hold an IPv4 address as a number.
var addressNumbers = []string{"RouterID", "LinkStateID", "AdvRouter", "DesignatedRouterID", "BackupDesignatedRouterID", "NeighborID", "LinkID", "LinkData", "NeighborRouterID"}

// unlike are fields that follow from others, or hold the bytes that the other fields were
// decoded from.
var unlike = []string{"Contents", "Payload", "BaseLayer", "Checksum", "LSChecksum", "HeaderChecksum", "next", "tcpipchecksum", "ipchecksum", "baseLayer"}

// renaming is what became of each address.
type renaming struct {
	t        *testing.T
	of       string
	to, from map[string]string
}

func (r *renaming) pair(path, a, b string) {
	r.t.Helper()
	if a == b {
		if planted(a) {
			r.t.Errorf("%s %s: %s stayed", r.of, path, a)
		}
		return // broadcast, multicast, nothing
	}
	if was, ok := r.to[a]; ok && was != b {
		r.t.Errorf("%s %s: %s became %s, and %s elsewhere", r.of, path, a, b, was)
	}
	if was, ok := r.from[b]; ok && was != a {
		r.t.Errorf("%s %s: %s stands for %s and for %s", r.of, path, b, a, was)
	}
	r.to[a], r.from[b] = b, a
}

// planted reports whether an address, as text or as a list of bytes, is one of those that
// the frames were made with.
func planted(a string) bool {
	for _, ip := range []string{"10.44.10.1", "10.44.10.2", "10.44.10.9", "10.44.17.5", "62.81.14.77", "62.81.14.78", "2a02:1234:5::1", "2a02:1234:5::2"} {
		if a == ip || a == fmt.Sprintf("%d", pt.IP(ip)) {
			return true
		}
	}
	return slices.Contains([]string{net.HardwareAddr(pt.MACA()).String(), net.HardwareAddr(pt.MACB()).String(), fmt.Sprintf("%d", pt.MACA()), fmt.Sprintf("%d", pt.MACB())}, a)
}

// compare walks through two decoded layers side by side.
func (r *renaming) compare(path string, a, b reflect.Value) {
	r.t.Helper()
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		r.t.Errorf("%s %s: %v became %v", r.of, path, a, b)
		return
	}
	if !a.IsValid() {
		return
	}
	switch a.Type() {
	case reflect.TypeFor[net.IP](), reflect.TypeFor[net.HardwareAddr](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.Prefix]():
		r.pair(path, fmt.Sprint(a), fmt.Sprint(b))
		return
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() != b.IsNil() {
			r.t.Errorf("%s %s: %v became %v", r.of, path, a, b)
		} else if !a.IsNil() {
			r.compare(path, a.Elem(), b.Elem())
		}
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			switch {
			case slices.Contains(unlike, name):
			case slices.Contains(addressNumbers, name):
				r.numbers(path+"."+name, a.Field(i), b.Field(i))
			default:
				r.compare(path+"."+name, a.Field(i), b.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			r.t.Errorf("%s %s: %d elements became %d", r.of, path, a.Len(), b.Len())
			return
		}
		if n := a.Len(); a.Type().Elem().Kind() == reflect.Uint8 && (n == 4 || n == 6 || n == 16) {
			r.pair(path, fmt.Sprint(a), fmt.Sprint(b)) // an address in the decoder's own form
			return
		}
		for i := range a.Len() {
			r.compare(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i))
		}
	default:
		if fmt.Sprint(a) != fmt.Sprint(b) {
			r.t.Errorf("%s %s: %v became %v", r.of, path, a, b)
		}
	}
}

// numbers compares addresses that are numbers, or lists of such.
func (r *renaming) numbers(path string, a, b reflect.Value) {
	r.t.Helper()
	if a.CanUint() {
		r.pair(path, dotted(a.Uint()), dotted(b.Uint()))
		return
	}
	if a.Len() != b.Len() {
		r.t.Fatalf("%s %s: %d elements became %d", r.of, path, a.Len(), b.Len())
	}
	for i := range a.Len() {
		r.numbers(path, a.Index(i), b.Index(i))
	}
}

func dotted(n uint64) string {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()
}

func serialize(t *testing.T, parts ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, parts...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decoderFrames are frames that the decoders' own encoders made.
func decoderFrames(t *testing.T) map[string][]byte {
	t.Helper()
	eth := func(kind layers.EthernetType) *layers.Ethernet {
		return &layers.Ethernet{SrcMAC: pt.MACA(), DstMAC: pt.MACB(), EthernetType: kind}
	}
	ip4 := func(proto layers.IPProtocol, src, dst string) *layers.IPv4 {
		return &layers.IPv4{Version: 4, TTL: 64, Protocol: proto, SrcIP: net.ParseIP(src).To4(), DstIP: net.ParseIP(dst).To4()}
	}
	ip6 := func(proto layers.IPProtocol, src, dst string) *layers.IPv6 {
		return &layers.IPv6{Version: 6, HopLimit: 255, NextHeader: proto, SrcIP: net.ParseIP(src), DstIP: net.ParseIP(dst)}
	}
	udpOver := func(ip gopacket.NetworkLayer, sport, dport uint16) *layers.UDP {
		u := &layers.UDP{SrcPort: layers.UDPPort(sport), DstPort: layers.UDPPort(dport)}
		if err := u.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		return u
	}
	icmp6Over := func(ip gopacket.NetworkLayer, kind uint8) *layers.ICMPv6 {
		i := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}
		if err := i.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		return i
	}
	out := map[string][]byte{}
	dhcpIP := ip4(layers.IPProtocolUDP, "10.44.10.1", "10.44.17.5")
	out["DHCPv4"] = serialize(t, eth(layers.EthernetTypeIPv4), dhcpIP, udpOver(dhcpIP, 67, 68), &layers.DHCPv4{
		Operation: layers.DHCPOpReply, HardwareType: layers.LinkTypeEthernet, HardwareLen: 6, Xid: 7, ClientIP: net.IPv4zero.To4(),
		YourClientIP: net.ParseIP("10.44.17.5").To4(), NextServerIP: net.ParseIP("10.44.10.9").To4(), RelayAgentIP: net.ParseIP("10.44.10.1").To4(), ClientHWAddr: pt.MACA(),
		Options: layers.DHCPOptions{
			layers.NewDHCPOption(layers.DHCPOptMessageType, []byte{2}), layers.NewDHCPOption(layers.DHCPOptRouter, pt.IP("10.44.10.1")),
			layers.NewDHCPOption(layers.DHCPOptServerID, pt.IP("10.44.10.9")), layers.NewDHCPOption(layers.DHCPOptEnd, nil),
		},
	})
	ns := ip6(layers.IPProtocolICMPv6, "2a02:1234:5::1", "ff02::1:ff00:2")
	out["neighbour solicitation"] = serialize(t, eth(layers.EthernetTypeIPv6), ns, icmp6Over(ns, layers.ICMPv6TypeNeighborSolicitation), &layers.ICMPv6NeighborSolicitation{
		TargetAddress: net.ParseIP("2a02:1234:5::2"), Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptSourceAddress, Data: pt.MACA()}},
	})
	na := ip6(layers.IPProtocolICMPv6, "2a02:1234:5::2", "2a02:1234:5::1")
	out["neighbour advertisement"] = serialize(t, eth(layers.EthernetTypeIPv6), na, icmp6Over(na, layers.ICMPv6TypeNeighborAdvertisement), &layers.ICMPv6NeighborAdvertisement{
		Flags: 0x60, TargetAddress: net.ParseIP("2a02:1234:5::2"), Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptTargetAddress, Data: pt.MACB()}},
	})
	inner := ip4(layers.IPProtocolUDP, "10.44.10.1", "10.44.10.2")
	out["GRE"] = serialize(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolGRE, "62.81.14.77", "62.81.14.78"), &layers.GRE{Protocol: layers.EthernetTypeIPv4},
		inner, udpOver(inner, 5000, 5001), gopacket.Payload("quiet"))
	outer := ip4(layers.IPProtocolUDP, "10.44.10.1", "10.44.10.9")
	out["VXLAN"] = serialize(t, eth(layers.EthernetTypeIPv4), outer, udpOver(outer, 4003, 4789), &layers.VXLAN{ValidIDFlag: true, VNI: 10},
		eth(layers.EthernetTypeIPv4), inner, udpOver(inner, 5000, 5001), gopacket.Payload("quiet"))
	out["ARP"] = serialize(t, eth(layers.EthernetTypeARP), &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPRequest,
		SourceHwAddress: pt.MACA(), SourceProtAddress: pt.IP("10.44.10.1"), DstHwAddress: make([]byte, 6), DstProtAddress: pt.IP("10.44.10.2"),
	})
	return out
}

func (r *renaming) frames(before, after []byte) {
	r.t.Helper()
	a := gopacket.NewPacket(before, layers.LayerTypeEthernet, gopacket.Default)
	b := gopacket.NewPacket(after, layers.LayerTypeEthernet, gopacket.Default)
	if f := a.ErrorLayer(); f != nil {
		r.t.Fatalf("%s cannot be decoded before: %v", r.of, f.Error())
	}
	if f := b.ErrorLayer(); f != nil {
		r.t.Fatalf("%s cannot be decoded any more: %v", r.of, f.Error())
	}
	var over gopacket.NetworkLayer
	for _, l := range b.Layers() {
		if n, ok := l.(gopacket.NetworkLayer); ok {
			over = n
		}
		if u, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok && over != nil {
			if err := u.SetNetworkLayerForChecksum(over); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	if err, wrong := b.VerifyChecksums(); err != nil || len(wrong) > 0 {
		r.t.Errorf("%s: checksums: %v %v", r.of, err, wrong)
	}
	if len(a.Layers()) != len(b.Layers()) {
		r.t.Fatalf("%s: %v became %v", r.of, a, b)
	}
	for i, l := range a.Layers() {
		if l.LayerType() != b.Layers()[i].LayerType() {
			r.t.Fatalf("%s: layer %v became %v", r.of, l.LayerType(), b.Layers()[i].LayerType())
		}
		if _, raw := l.(*gopacket.Payload); !raw {
			r.compare(l.LayerType().String(), reflect.ValueOf(l), reflect.ValueOf(b.Layers()[i]))
		}
	}
}

func TestCaptureDecoders(t *testing.T) {
	frames := decoderFrames(t)
	for i, f := range pt.Samples("public") {
		if kind := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default); kind.Layer(layers.LayerTypeOSPF) != nil || kind.Layer(layers.LayerTypeARP) != nil {
			frames[fmt.Sprint("own frame ", i)] = f
		}
	}
	var names []string
	var all [][]byte
	for name, f := range frames {
		names, all = append(names, name), append(all, f)
	}
	for name, rewrite := range rewriters(t) {
		t.Run(name, func(t *testing.T) {
			became := &renaming{t: t, to: map[string]string{}, from: map[string]string{}}
			for i, after := range pt.Frames(rewrite(t, pt.Pcapng("", all))) {
				became.of = names[i]
				became.frames(all[i], after)
			}
			if len(became.to) < 12 {
				t.Errorf("only %v was renamed: does the comparison see addresses?", became.to)
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestCaptureBGP has GoBGP encode messages and decode them again after the capture was
// rewritten.
func TestCaptureBGP(t *testing.T) {
	v6 := gobgp.NewFamily(gobgp.AFI_IP6, gobgp.SAFI_UNICAST)
	messages := map[string]*gobgp.BGPMessage{
		"open": must(gobgp.NewBGPOpenMessage(65010, 180, netip.MustParseAddr("10.66.255.2"), []gobgp.OptionParameterInterface{
			gobgp.NewOptionParameterCapability([]gobgp.ParameterCapabilityInterface{gobgp.NewCapMultiProtocol(v6), gobgp.NewCapFourOctetASNumber(65010)}),
		})),
		"update": gobgp.NewBGPUpdateMessage(nil, []gobgp.PathAttributeInterface{
			gobgp.NewPathAttributeOrigin(0), gobgp.NewPathAttributeAsPath([]gobgp.AsPathParamInterface{gobgp.NewAs4PathParam(2, []uint32{65010})}),
			must(gobgp.NewPathAttributeNextHop(netip.MustParseAddr("62.81.14.78"))), must(gobgp.NewPathAttributeOriginatorId(netip.MustParseAddr("10.66.255.2"))),
			must(gobgp.NewPathAttributeClusterList([]netip.Addr{netip.MustParseAddr("10.66.255.3")})), must(gobgp.NewPathAttributeAggregator(uint32(65010), netip.MustParseAddr("10.66.255.4"))),
		}, []gobgp.PathNLRI{{NLRI: must(gobgp.NewIPAddrPrefix(netip.MustParsePrefix("10.44.10.0/24")))}}),
		"update of IPv6": gobgp.NewBGPUpdateMessage(nil, []gobgp.PathAttributeInterface{
			gobgp.NewPathAttributeOrigin(0), gobgp.NewPathAttributeAsPath([]gobgp.AsPathParamInterface{gobgp.NewAs4PathParam(2, []uint32{65010})}),
			must(gobgp.NewPathAttributeMpReachNLRI(v6, []gobgp.PathNLRI{{NLRI: must(gobgp.NewIPAddrPrefix(netip.MustParsePrefix("2a02:1234:5::/48")))}}, netip.MustParseAddr("2a02:1234:9::1"))),
		}, nil),
	}
	for rewriter, rewrite := range rewriters(t) {
		t.Run(rewriter, func(t *testing.T) {
			became := &renaming{t: t, to: map[string]string{}, from: map[string]string{}}
			for name, m := range messages {
				before := must(m.Serialize())
				frame := pt.Ether(pt.MACA(), pt.MACB(), 0x0800, pt.TCP("62.81.14.77", "62.81.14.78", 4000, 179, 100, before))
				after, err := gobgp.ParseBGPMessage(pt.Frames(rewrite(t, pt.Pcapng("", [][]byte{frame})))[0][14+20+20:])
				if err != nil {
					t.Fatalf("%s cannot be decoded any more: %v", name, err)
				}
				became.t, became.of = t, name
				became.compare("", reflect.ValueOf(must(gobgp.ParseBGPMessage(before))), reflect.ValueOf(after))
			}
			if len(became.to) < 7 {
				t.Errorf("only %v was renamed: does the comparison see addresses?", became.to)
			}
		})
	}
}
