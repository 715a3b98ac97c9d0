package frames_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/reprise-lab/reprise/topologies/capture/frames"
)

// laid writes a layout as words, without what a field is called where that is not asked for.
func laid(fields []frames.Field) string {
	var words []string
	for _, f := range fields {
		words = append(words, fmt.Sprintf("%s:%d=%s", f.Name, f.Bits, f.Value))
	}
	return strings.Join(words, " ")
}

func udp4(port, payload string) string {
	n := len(strings.ReplaceAll(payload, " ", "")) / 2
	return ip("11", fmt.Sprintf("c000%s%04x0000", port, n+8)+payload)
}

// controlFrames are frames of each protocol that has a layout.
func controlFrames(t *testing.T) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"ospf hello": frame(t, macs, ip("59", "02010030 01010101 00000000 e3a70000 0000000000000000 ffffff00 000a0201 00000028 0a000002 0a000001 02020202")),
		"ospf dd":    frame(t, macs, ip("59", "02020034 01010101 00000000 e3a70000 0000000000000000 05dc0207 00001234 00010201 03030303 03030303 80000001 abcd0030")),
		"ospf lsu":   frame(t, macs, ip("59", "02040038 01010101 00000000 e3a70000 0000000000000000 00000001 00010205 c0000200 03030303 80000002 abcd0024 ffffff00")),
		"bfd":        frame(t, macs, udp4("0ec8", "23c80318 00000011 00000022 0007a120 0007a120 00000000")),
		"vrrp v3":    frame(t, macs, ip("70", "31 01 64 02 0064 abcd 0a0000fe 0a0000fd")),
		"vrrp v2":    frame(t, macs, ip("70", "21 01 64 01 0001 abcd 0a0000fe 7365637265743030")),
		"bgp open":   frame(t, macs, ip("06", "c00000b3 00000001 00000002 50180000 00000000"+strings.Repeat("ff", 16)+"001d01 04 fde9 00b4 01010101 00")),
		"bgp notify": frame(t, macs, ip("06", "c00000b3 00000001 00000002 50180000 00000000"+strings.Repeat("ff", 16)+"001503 06 02")),
		"lldp":       frame(t, "0180c200000e", "020000000001", "88cc", "0207 04 020000000001", "0406 05 6574683131", "0602 0078", "0a03 737731", "0000"),
		"lacp":       frame(t, "0180c2000002", "020000000001", "8809", "0101 0114 8000 020000000001 0001 0002 0003 3d 000000 0214 ffff 020000000002 0004 0005 0006 3f 000000 0310 0032"),
		"stp":        frame(t, "0180c2000000", "020000000001", "0027", "424203", "0000 02 02 3c 1000020000000001 00000014 8000020000000002 8001 0100 1400 0200 0f00 00"),
	}
}

// A control message is laid out as its specification draws it.
func TestLayout(t *testing.T) {
	all := controlFrames(t)
	for name, want := range map[string]string{
		"ospf hello": "Version #:8=2 Type:8=1 hello Packet length:16=48 Router ID:32=1.1.1.1 Area ID:32=0.0.0.0 Checksum:16=0xe3a7 AuType:16=0 Authentication:64=not shown " +
			"Network Mask:32=255.255.255.0 HelloInterval:16=10 Options:8=0x02 Rtr Pri:8=1 RouterDeadInterval:32=40 Designated Router:32=10.0.0.2 Backup Designated Router:32=10.0.0.1 Neighbor:32=2.2.2.2",
		"ospf dd":  "Interface MTU:16=1500 Options:8=0x02 Flags:8=0x07 I M MS DD sequence number:32=4660 LS age:16=1 Options:8=0x02 LS type:8=1 router",
		"ospf lsu": "# LSAs:32=1 LS age:16=1 Options:8=0x02 LS type:8=5 external Link State ID:32=192.0.2.0 Advertising Router:32=3.3.3.3 LS sequence number:32=0x80000002",
		"bfd": "Vers:3=1 Diag:5=3 neighbor down Sta:2=3 up P:1=0 F:1=0 C:1=1 A:1=0 D:1=0 M:1=0 Detect Mult:8=3 Length:8=24 My Discriminator:32=0x00000011 Your Discriminator:32=0x00000022 " +
			"Desired Min TX Interval:32=500000 µs",
		"vrrp v3":    "Version:4=3 Type:4=1 advertisement Virtual Rtr ID:8=1 Priority:8=100 Count IP Addrs:8=2 rsvd:4=0 Max Adver Int:12=100 cs Checksum:16=0xabcd IP Address:32=10.0.0.254 IP Address:32=10.0.0.253",
		"bgp open":   "Marker:128=all ones Length:16=29 Type:8=1 open Version:8=4 My Autonomous System:16=65001 Hold Time:16=180 BGP Identifier:32=1.1.1.1 Opt Parm Len:8=0",
		"bgp notify": "Type:8=3 notification Error code:8=6 cease Error subcode:8=2",
		"lldp":       "TLV type:7=1 Chassis ID Length:9=7 Chassis ID:56=02:00:00:00:00:01 TLV type:7=2 Port ID Length:9=6 Port ID:48=eth11 TLV type:7=3 Time To Live Length:9=2 Time To Live:16=120 s TLV type:7=5 System Name Length:9=3 System Name:24=sw1 TLV type:7=0 End",
		"lacp":       "Actor System Priority:16=32768 Actor System:48=02:00:00:00:00:01 Actor Key:16=1 Actor Port Priority:16=2 Actor Port:16=3 Actor State:8=0x3d distributing collecting synchronization aggregation activity Reserved:24=3 bytes",
		"stp": "Protocol Identifier:16=0 Version:8=2 RSTP BPDU Type:8=0x02 Flags:8=0x3c forwarding learning designated Root Identifier:64=4096 02:00:00:00:00:01 Root Path Cost:32=20 " +
			"Bridge Identifier:64=32768 02:00:00:00:00:02 Port Identifier:16=0x8001 Message Age:16=1 s Max Age:16=20 s Hello Time:16=2 s Forward Delay:16=15 s",
	} {
		if got := laid(frames.Layout(all[name])); !strings.Contains(got, want) {
			t.Errorf("%s is laid out as\n%s, want\n%s", name, got, want)
		}
	}
	if got := laid(frames.Layout(all["vrrp v2"])); strings.Contains(got, "7365") || !strings.Contains(got, "Adver Int:8=1 Checksum:16=0xabcd IP Address:32=10.0.0.254") {
		t.Errorf("VRRP with a password is laid out as %s", got)
	}
	if got := frames.Layout(frame(t, macs, ip("11", "c000003500080000"))); got != nil {
		t.Errorf("a datagram is laid out as %v", got)
	}
}

// A decoder that others wrote finds the same values.
func TestLayoutAsOthers(t *testing.T) {
	all := controlFrames(t)
	value := func(name, field string) string {
		for _, f := range frames.Layout(all[name]) {
			if f.Name == field {
				return f.Value
			}
		}
		return "none"
	}
	same := func(name, field string, want any) {
		t.Helper()
		if got := value(name, field); got != fmt.Sprint(want) {
			t.Errorf("%s: %s is %s, others have %v", name, field, got, want)
		}
	}
	decoded := func(name string, kind gopacket.LayerType) gopacket.Layer {
		t.Helper()
		l := gopacket.NewPacket(all[name], layers.LayerTypeEthernet, gopacket.Default).Layer(kind)
		if l == nil {
			t.Fatalf("others find no %s in %s", kind, name)
		}
		return l
	}
	hello := decoded("ospf hello", layers.LayerTypeOSPF).(*layers.OSPFv2)
	body := hello.Content.(layers.HelloPkgV2)
	same("ospf hello", "Packet length", hello.PacketLength)
	same("ospf hello", "HelloInterval", body.HelloInterval)
	same("ospf hello", "RouterDeadInterval", body.RouterDeadInterval)
	same("ospf hello", "Rtr Pri", body.RtrPriority)
	bfd := decoded("bfd", layers.LayerTypeBFD).(*layers.BFD)
	same("bfd", "Detect Mult", bfd.DetectMultiplier)
	same("bfd", "C", map[bool]int{true: 1}[bfd.ControlPlaneIndependent])
	same("bfd", "Your Discriminator", fmt.Sprintf("0x%08x", uint32(bfd.YourDiscriminator)))
	vrrp := decoded("vrrp v2", layers.LayerTypeVRRP).(*layers.VRRPv2)
	same("vrrp v2", "Virtual Rtr ID", vrrp.VirtualRtrID)
	same("vrrp v2", "Adver Int", vrrp.AdverInt)
	same("vrrp v2", "IP Address", vrrp.IPAddress[0])
	stp := decoded("stp", layers.LayerTypeSTP).(*layers.STP)
	same("stp", "Root Path Cost", stp.Cost)
	same("stp", "Port Identifier", fmt.Sprintf("0x%04x", stp.PortID))
	same("stp", "Root Identifier", fmt.Sprintf("%d %s", stp.RouteID.Priority, stp.RouteID.HwAddr))
	lldp := decoded("lldp", layers.LayerTypeLinkLayerDiscovery).(*layers.LinkLayerDiscovery)
	same("lldp", "Port ID", string(lldp.PortID.ID))
	same("lldp", "Time To Live", fmt.Sprintf("%d s", lldp.TTL))
}

// A message that is cut off anywhere has the fields of the whole one, and at most one that is not whole.
func TestLayoutCutOff(t *testing.T) {
	for name, whole := range controlFrames(t) {
		all := frames.Layout(whole)
		for n := range whole {
			for i, f := range frames.Layout(whole[:n]) {
				last := i == len(frames.Layout(whole[:n]))-1
				if f.Value == "" && !last {
					t.Errorf("%s, %d bytes: field %d is not whole", name, n, i)
				}
				if f.Value != "" && (i >= len(all) || f != all[i]) {
					t.Errorf("%s, %d bytes: field %d is %v", name, n, i, f)
				}
			}
		}
	}
}

func FuzzLayout(f *testing.F) {
	for _, b := range controlFrames(&testing.T{}) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fields := frames.Layout(b)
		if len(fields) > 64 {
			t.Errorf("%d fields", len(fields))
		}
		bits := 0
		for i, field := range fields {
			if field.Bits < 1 || field.Value == "" && i < len(fields)-1 {
				t.Errorf("%+v", field)
			}
			if field.Value != "" {
				bits += field.Bits
			}
		}
		if bits > 8*len(b) {
			t.Errorf("%d bits of %d bytes", bits, len(b))
		}
	})
}

// What stands behind a packet is no part of it: a digest is no neighbour, and a password no address.
func TestLayoutEndsWithThePacket(t *testing.T) {
	whole := controlFrames(t)
	for _, tt := range []struct {
		name string
		data []byte
		want string // the same as of this one, or the fields that may not be
		not  string
	}{
		{name: "ospf hello with a digest behind it", data: frame(t, macs, ip("59", "02010030 01010101 00000000 e3a70000 0000000000000000 ffffff00 000a0201 00000028 0a000002 0a000001 02020202 7365637265743031 7365637265743032")), want: "ospf hello"},
		{name: "ospf dd with link-local signaling behind it", data: frame(t, macs, ip("59", "02020034 01010101 00000000 e3a70000 0000000000000000 05dc0207 00001234 00010201 03030303 03030303 80000001 abcd0030 fff60003 00010004 00000001 00000000 00000000")), want: "ospf dd"},
		{name: "vrrp with a count that is too large", data: frame(t, macs, ip("70", "21 01 64 03 0001 abcd 0a0000fe 7365637265743030")), not: "115.101.99.114"},
		{name: "vrrp of no version", data: frame(t, macs, ip("70", "01 01 64 03 0001 abcd 0a0000fe 7365637265743030")), not: "115.101.99.114"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := laid(frames.Layout(tt.data))
			if tt.want != "" && got != laid(frames.Layout(whole[tt.want])) {
				t.Errorf("%s\nwant %s", got, laid(frames.Layout(whole[tt.want])))
			}
			if tt.not != "" && strings.Contains(got, tt.not) {
				t.Error(got)
			}
		})
	}
}
