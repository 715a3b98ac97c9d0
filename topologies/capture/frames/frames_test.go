package frames_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/capturetest"
	"github.com/reprise-lab/reprise/topologies/capture/frames"
)

const (
	macs = "01005e000005" + "020000000001"
)

func frame(t *testing.T, parts ...string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(parts, ""), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ip6 is a header with a next one before a payload, from fe80::1 to ff02::1.
func ip6(next string, payload string) string {
	n := len(strings.ReplaceAll(payload, " ", "")) / 2
	return "86dd 60000000 " + hex.EncodeToString(capturetest.U16(n)) + next + "ff fe800000000000000000000000000001 ff020000000000000000000000000001" + payload
}

func ip(proto, payload string) string {
	n := 20 + len(strings.ReplaceAll(payload, " ", ""))/2
	return "0800 45c0" + hex.EncodeToString(capturetest.U16(n)) + "0001000001" + proto + "00000a000001e0000005" + payload
}

func TestDecode(t *testing.T) {
	const bgpMark = "ffffffffffffffffffffffffffffffff"
	for _, tt := range []struct {
		name  string
		frame []byte
		want  string
	}{
		{"ospf hello", frame(t, macs, ip("59", "0201002c 01010101 00000000 00000000 0000000000000000")), "OSPF hello v2 router 1.1.1.1 area 0.0.0.0 10.0.0.1 → 224.0.0.5"},
		{"ospf update of version 3", frame(t, macs, ip6("59", "0304001c 01010101 00000002 00000000")), "OSPF update v3 router 1.1.1.1 area 0.0.0.2 fe80::1 → ff02::1"},
		{"tagged", frame(t, macs, "88a80064 8100e005", ip("59", "0202002c 01010101 00000000 00000000")), "VLAN 100 OSPF dd v2 router 1.1.1.1 area 0.0.0.0 10.0.0.1 → 224.0.0.5"},
		{"priority tag", frame(t, macs, "8100e000 88cc 0200"), "VLAN 0 LLDP 02:00:00:00:00:01 → 01:00:5e:00:00:05"},
		{"router advertisement", frame(t, macs, ip6("3a", "8600 0000 4000 0708 00000000 00000000")), "ICMP6 router-advertisement fe80::1 → ff02::1"},
		{"listener report", frame(t, macs, ip6("00", "3a00 05020000 0100 8f00 0000 0000 0001")), "ICMP6 listener-report fe80::1 → ff02::1"},
		{"arp", frame(t, macs, "0806 0001 0800 0604 0001 020000000001 0a000001 000000000000 0a000002"), "ARP request 10.0.0.1 → 10.0.0.2"},
		{"vrrp", frame(t, macs, ip("70", "2107 6401 0001 0000")), "VRRP advertisement v2 router 7 priority 100 10.0.0.1 → 224.0.0.5"},
		{"bgp", frame(t, macs, ip("06", "00b3 c000 00000001 00000001 5018 ffff 00000000"+bgpMark+"0013 04")), "BGP keepalive 179 → 49152 [PA] 19 bytes 10.0.0.1 → 224.0.0.5"},
		{"syn to bgp", frame(t, macs, ip("06", "c000 00b3 00000001 00000000 5002 ffff 00000000")), "TCP 49152 → 179 [S] 0 bytes 10.0.0.1 → 224.0.0.5"},
		{"bfd", frame(t, macs, ip("11", "c000 0ec8 0020 0000 20c00318 00000001 00000002 000f4240 000f4240 00000000")), "BFD up 10.0.0.1 → 224.0.0.5"},
		{"udp", frame(t, macs, ip("11", "1000 138c 000c 0000 00000000")), "UDP 4096 → 5004 4 bytes 10.0.0.1 → 224.0.0.5"},
		{"fragment", frame(t, macs, "0800 4500001c 00010002 01110000 0a000001 0a000002 0000000000000000"), "IP protocol 17 fragment at 16 10.0.0.1 → 10.0.0.2"},
		{"lacp", frame(t, "0180c2000002 020000000001 8809 0101"), "LACP 02:00:00:00:00:01 → 01:80:c2:00:00:02"},
		{"rst", frame(t, "0180c2000000 020000000001 0027 424203 0000 02 02 3c"), "STP rst 02:00:00:00:00:01 → 01:80:c2:00:00:00"},
		{"isis", frame(t, "0180c2000014 020000000001 0008 fefe03 83 1b 01 00 12"), "ISIS lsp 02:00:00:00:00:01 → 01:80:c2:00:00:14"},
		{"unknown", frame(t, macs, "88b5 00"), "type 0x88b5 02:00:00:00:00:01 → 01:00:5e:00:00:05"},
		{"cut off", frame(t, macs), "frame"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := frames.Decode(tt.frame); got.Summary != tt.want {
				t.Errorf("%q\nwant %q", got.Summary, tt.want)
			}
		})
	}
	want := frames.Fields{
		Src: "02:00:00:00:00:01", Dst: "01:00:5e:00:00:05", VLAN: -1, EtherType: 0x800, IPSrc: "10.0.0.1", IPDst: "224.0.0.5", Proto: 17, SPort: 4096, DPort: 5004,
		Kind: "udp", Summary: "UDP 4096 → 5004 4 bytes 10.0.0.1 → 224.0.0.5",
	}
	if diff := cmp.Diff(want, frames.Decode(frame(t, macs, ip("11", "1000 138c 000c 0000 00000000")))); diff != "" {
		t.Error(diff)
	}
}

// TestBroken: no frame is too short or too odd to be told of.
func TestBroken(*testing.T) {
	for _, f := range capturetest.Frames(11, 20_000) {
		for n := range min(len(f), 3) {
			frames.Decode(f[:len(f)-n])
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, one := range capturetest.Frames(3, 50) {
		f.Add(one)
	}
	f.Fuzz(func(_ *testing.T, data []byte) { frames.Decode(data) })
}

// write makes a file of frames, the second of which went out, and says how many were lost.
func write(t *testing.T, lost uint64, list ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&b, pcapgo.NgInterface{Name: "x", LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}, pcapgo.DefaultNgWriterOptions)
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range list {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(int64(i), 5), CaptureLength: len(data), Length: len(data) + 4}
		flags := &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionInbound}
		if i == 1 {
			flags.Direction = pcapgo.NgEpbFlagDirectionOutbound
		}
		if err := w.WritePacketWithOptions(info, data, pcapgo.NgPacketOptions{Flags: flags}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.WriteInterfaceStats(0, pcapgo.NgInterfaceStatistics{PacketsDropped: lost, PacketsReceived: pcapgo.NgNoValue64}), w.Flush()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	list := [][]byte{frame(t, macs, "88b5 01"), frame(t, macs, "88b5 0203"), frame(t, macs, "88b5 040506")}
	file := write(t, 3, list...)
	var got []topologies.Frame
	keep := func(f topologies.Frame) error {
		f.Data = bytes.Clone(f.Data)
		got = append(got, f)
		return nil
	}
	lost, err := frames.Read(bytes.NewReader(file), keep)
	if lost != 3 || err != nil || len(got) != 3 {
		t.Fatalf("%d lost, %v, %d frames", lost, err, len(got))
	}
	if f := got[1]; f.Way != topologies.WayOut || f.Length != 20 || !bytes.Equal(f.Data, list[1]) || !f.At.Equal(time.Unix(1, 5)) || got[0].Way != topologies.WayIn {
		t.Errorf("%+v", f)
	}
	for _, n := range []int{0, 10, len(file) / 2, len(file) - 90} {
		got = nil
		if _, err := frames.Read(bytes.NewReader(file[:n]), keep); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("cut off at %d of %d: %v", n, len(file), err)
		}
	}
	if len(got) == 0 {
		t.Error("what is whole of a file that is cut off was not told")
	}
	stop := errors.New("enough")
	if _, err := frames.Read(bytes.NewReader(file), func(topologies.Frame) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// TestAbout: an error of ICMP says which packet it is about, and a neighbour's question which address; one that is cut off, or within
// another, does not.
func TestAbout(t *testing.T) {
	const (
		four = "45000054 0000 4000 40 01 0000 0a000001 0a000002"
		six  = "60000000 0010 3a 40 20010db8000000000000000000000001 20010db8000000000000000000000002"
	)
	icmp := func(b string) string { return ip("01", b) }
	icmp6 := func(b string) string { return ip6("3a", b) }
	for _, tt := range []struct{ name, frame, want string }{
		{"an echo", icmp("0b00 0000 00000000" + four + "0800 f7ff 0000 0000"), "10.0.0.1 → 10.0.0.2 1 echo"},
		{"a segment", icmp("0303 0000 00000000" + "45000054 0000 4000 40 06 0000 0a000001 0a000002" + "c000 00b3 00000000"), "10.0.0.1 → 10.0.0.2 6 "},
		{"a redirect", icmp("0501 0000 0a000009" + four + "0800 f7ff 0000 0000"), "10.0.0.1 → 10.0.0.2 1 echo"},
		{"one that is cut off", icmp("0b00 0000 00000000" + "45000054 0000"), ""},
		{"no packet", icmp("0b00 0000 00000000" + "00000000 00000000 00000000 00000000 00000000"), ""},
		{"an echo itself", icmp("0800 f7ff 0000 0000" + four), ""},
		{"an echo of IPv6", icmp6("0100 0000 00000000" + six + "8000 0000 0000 0000"), "2001:db8::1 → 2001:db8::2 58 echo"},
		{"a question", icmp6("8700 0000 00000000 20010db8000000000000000000000002"), " → 2001:db8::2 -1 "},
	} {
		got := ""
		if a := frames.Decode(frame(t, macs, tt.frame)).About; a != nil {
			got = fmt.Sprintf("%s → %s %d %s", a.IPSrc, a.IPDst, a.Proto, a.Message)
			if a.About != nil {
				t.Errorf("%s: within it is another", tt.name)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
