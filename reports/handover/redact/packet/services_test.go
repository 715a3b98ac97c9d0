package packet_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
	pt "github.com/reprise-lab/reprise/reports/handover/redact/packet/packettest"
)

// TestUnread: what a decoder does not know is searched by value, whichever place it is in, and told with the protocol that
// it is of.
func TestUnread(t *testing.T) {
	before, after := values{t, false}, values{t, true}
	for name, build := range map[string]func(values) []byte{
		"Ethernet: ": func(v values) []byte {
			return pt.Cat(v.ether(0x0806, []byte{0, 1, 8, 0, 6, 4, 0, 1}, make([]byte, 20)), v.host())
		},
		"IPv6: ": func(v values) []byte {
			return v.ether(0x86dd, pt.IPv6(59, v.ip("2a02:1:2::3"), v.ip("2a02:1:2::4"), v.host()))
		},
		"UDP port 9,":  func(v values) []byte { return v.udp(9, 9, []byte{0, 0xff}, v.host()) },
		"EtherType 0x": func(v values) []byte { return v.ether(0x9999, v.host()) },
	} {
		m := newSwap()
		out, _, err := packet.Rewrite(pt.Pcap(binary.BigEndian, 1, build(before)), m)
		if want := pt.Pcap(binary.BigEndian, 1, build(after)); err != nil || !bytes.Equal(out, want) {
			t.Errorf("%s%v\n%x\nwant\n%x", name, err, out, want)
		}
		told := func(note string) bool {
			return strings.Contains(note, strings.TrimSuffix(name, "Ethernet: ")) && strings.HasSuffix(note, "searched by value")
		}
		if !slices.ContainsFunc(m.notes, told) {
			t.Errorf("%s%q", name, m.notes)
		}
	}
}
