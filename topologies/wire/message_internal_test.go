package wire

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// packetIn is a frame with a packet of IP that carries something, numbered as each one is.
func packetIn(t *testing.T, v6 bool, proto byte, id uint16, data []byte) []byte {
	t.Helper()
	b := []byte{1, 0, 0x5e, 0, 0, 5, 2, 0, 0, 0, 0, 2}
	if v6 {
		b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(data))), proto, 1)
		return append(append(b, make([]byte, 32)...), data...)
	}
	b = append(b, 8, 0, 0x45, 0xc0)
	b = binary.BigEndian.AppendUint16(b, uint16(20+len(data)))
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, 0, 0, 1, proto, byte(id>>8), byte(id), 10, 0, 0, 2, 224, 0, 0, 5)
	b = append(b, data...)
	return append(b, make([]byte, max(0, 60-len(b)))...) // as short frames are filled up
}

func raw(t *testing.T, parts ...string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(parts, ""), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Parts of packets of OSPF: LSAs of an age, an ID and a number, and an update of version 2 and 3 around them.
func lsa(age, kind, id, number string) string {
	return age + "02" + kind + id + "02020202" + number + "beef" + "0018" + "00000000"
}

const helloHead = "0201002c 02020202 00000000 "

func update(t *testing.T, sum string, lsas ...string) []byte {
	t.Helper()
	b := raw(t, "0204 0000 02020202 00000000", sum, "0000 0000000000000000", "0000000", hex.EncodeToString([]byte{byte(len(lsas))})[1:], strings.Join(lsas, ""))
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

func segment(t *testing.T, flags byte, number uint32, data []byte) []byte {
	t.Helper()
	b := raw(t, "c350 00b3")
	b = binary.BigEndian.AppendUint32(b, number)
	b = append(b, 0, 0, 0, 1, 0x50, flags, 0x10, 0, 0, 0, 0, 0)
	return append(b, data...)
}

// What is sent again is told from what is sent first, as its protocol compares.
func TestTransmissions(t *testing.T) {
	const first, again = topologies.TransmissionFirst, topologies.TransmissionAgain
	one, other, newer := lsa("0001", "01", "02020202", "80000001"), lsa("0001", "05", "c0000200", "80000001"), lsa("0001", "01", "02020202", "80000002")
	type sent struct {
		frame []byte
		want  topologies.Transmission
	}
	ospf := func(id uint16, data []byte) []byte { return packetIn(t, false, protoOSPF, id, data) }
	tcp := func(flags byte, number uint32, size int) []byte {
		return packetIn(t, false, protoTCP, uint16(number), segment(t, flags, number, make([]byte, size)))
	}
	isis := func(lifetime, number string) []byte {
		return raw(t, "0180c2000014 020000000002 0400 fefe03 83 1b 01 00 12 01 00 00 0021", lifetime, "0000000000020000", number, "beef 03")
	}
	for name, list := range map[string][]sent{
		"LSAs": {
			{ospf(1, update(t, "1111", one)), first},
			{ospf(2, update(t, "2222", lsa("0006", "01", "02020202", "80000001"))), again}, // it is older
			{ospf(3, update(t, "3333", one, other)), first},                                // one of them is new
			{ospf(4, update(t, "4444", other, one)), again},
			{ospf(5, update(t, "5555", newer)), first},
		},
		"OSPF": {
			{ospf(1, raw(t, helloHead, "1111 0002 00000001 00000001 ", strings.Repeat("00", 20), strings.Repeat("aa", 16))), first},
			{ospf(2, raw(t, helloHead, "2222 0002 00000001 00000002 ", strings.Repeat("00", 20), strings.Repeat("bb", 16))), again},
			{ospf(3, raw(t, helloHead, "2222 0002 00000001 00000003 ", strings.Repeat("01", 20), strings.Repeat("bb", 16))), first},
		},
		"TCP": {
			{tcp(2, 99, 0), first},
			{tcp(2, 99, 0), again},
			{tcp(0x10, 100, 0), ""},
			{tcp(0x18, 100, 50), first},
			{tcp(0x18, 150, 50), first},
			{tcp(0x18, 150, 50), again},
			{tcp(0x18, 100, 120), again}, // some of it
			{tcp(0x18, 200, 20), again},
			{tcp(0x11, 220, 0), first},
			{tcp(0x11, 220, 0), again},
			{tcp(2, 5, 0), first}, // a new connection
			{tcp(0x18, 6, 10), first},
		},
		"TCP whose numbers wrap": {
			{tcp(0x18, 1<<32-20, 30), first},
			{tcp(0x18, 10, 30), first},
			{tcp(0x18, 1<<32-20, 30), again},
		},
		"IS-IS": {
			{isis("04b0", "00000001"), first},
			{isis("04aa", "00000001"), again},
			{isis("04b0", "00000002"), first},
		},
		"IP": {
			{packetIn(t, false, 47, 1, []byte("one")), first},
			{packetIn(t, false, 47, 2, []byte("one")), again},
			{packetIn(t, false, 47, 3, []byte("two")), first},
		},
	} {
		seen := newTransmissions(topologies.LSAType{})
		for i, s := range list {
			if got := seen.of(s.frame); got != s.want {
				t.Errorf("%s: frame %d is %q, want %q", name, i+1, got, s.want)
			}
		}
	}
}

// Of a fault on LSAs of a type, the others in the same packet say nothing of which transmission it is.
func TestTransmissionsOfLSA(t *testing.T) {
	router := func(number string) string { return lsa("0001", "01", "02020202", number) }
	external := func(number string) string { return lsa("0001", "05", "c0000200", number) }
	f := newFault(t, topologies.FaultDrop, topologies.FrameFault{LSA: "external", Transmission: topologies.TransmissionAgain})
	for i, tt := range []struct {
		lsas []string
		want bool
	}{
		{[]string{external("80000001"), router("80000001")}, false},
		{[]string{external("80000001"), router("80000002")}, true}, // which is new
		{[]string{router("80000002")}, false},                      // there is none of the type
		{[]string{external("80000002"), router("80000002")}, false},
	} {
		if got := f.matches(packetIn(t, false, protoOSPF, uint16(i), update(t, "1111", tt.lsas...))); got != tt.want {
			t.Errorf("update %d repeats external LSAs: %t, want %t", i+1, got, tt.want)
		}
	}
}

// Of frames that are cut off anywhere nothing is read that is not there.
func TestMessagesCutOff(t *testing.T) {
	body := raw(t, "ffffffffffffffffffffffffffffffff 0026 02 0002 18c0 000d 40010100 400200 8004040000000a 180a01")
	for _, b := range [][]byte{
		packetIn(t, false, protoOSPF, 1, update(t, "1111", lsa("0001", "01", "02020202", "80000001"))),
		packetIn(t, true, protoOSPF, 1, update(t, "1111", lsa("0001", "01", "02020202", "80000001"))),
		packetIn(t, false, protoTCP, 1, segment(t, 0x18, 1, body)),
	} {
		seen := newTransmissions(topologies.LSAType{})
		for size := range len(b) + 1 {
			cut := slices.Clone(b[:size])
			seen.of(cut)
			carriesLSA(cut, topologies.LSATypes()["router"])
			carriesAttribute(cut, 4)
			for _, proto := range []int{20, 23} { // and a length that says less than there is
				if size > proto {
					cut[16], cut[17] = 0, byte(size)-14
					seen.of(cut)
					carriesLSA(cut, topologies.LSATypes()["router"])
					carriesAttribute(cut, 4)
				}
			}
		}
	}
}

// LSAs are found by their type in either version, wherever they stand.
func TestCarriesLSA(t *testing.T) {
	v2 := packetIn(t, false, protoOSPF, 1, update(t, "1111", lsa("0001", "01", "02020202", "80000001"), lsa("0001", "05", "c0000200", "80000001")))
	ack := packetIn(t, false, protoOSPF, 1, raw(t, "0205 002c 02020202 00000000 0000 0000 0000000000000000", "0001 02 02 0a000001 02020202 80000001 beef 0020"))
	v3 := packetIn(t, true, protoOSPF, 1, raw(t, "0304 002c 02020202 00000000 0000 0000 00000001", "0001 2009 00000000 02020202 80000001 beef 0018 00000000"))
	for name, tt := range map[string]struct {
		frame []byte
		want  []string
	}{
		"an update": {v2, []string{"external", "router"}}, "an acknowledgement": {ack, []string{"network"}},
		"OSPFv3": {v3, []string{"intra-area-prefix"}}, "none": {packetIn(t, false, protoOSPF, 1, raw(t, helloHead, strings.Repeat("00", 32))), nil},
	} {
		var got []string
		for name, kind := range topologies.LSATypes() {
			if carriesLSA(tt.frame, kind) {
				got = append(got, name)
			}
		}
		if slices.Sort(got); !slices.Equal(got, tt.want) {
			t.Errorf("%s carries %v, want %v", name, got, tt.want)
		}
	}
}

// Path attributes are found behind withdrawn routes, other messages and long attributes.
func TestCarriesAttribute(t *testing.T) {
	const marker = "ffffffffffffffffffffffffffffffff"
	keepalive := marker + "0013 04"
	long := "5008 0004 fde80064" // with a length of two bytes
	for name, tt := range map[string]struct {
		data string
		want []string
	}{
		"an update":        {marker + "0025 02 0000 000e 40010100 400200 80040400 00000a", []string{"as-path", "med", "origin"}},
		"withdrawn routes": {marker + "0025 02 0002 0818 000c 40010100" + long + "0818", []string{"communities", "origin"}},
		"the second":       {keepalive + marker + "001e 02 0000 0007 40010100 400200", []string{"as-path", "origin"}},
		"a keepalive":      {keepalive, nil},
		"cut off":          {marker + "002a 02 0002 18c0 0011 40010100 400200 8004", []string{"as-path", "origin"}},
	} {
		b := packetIn(t, false, protoTCP, 1, segment(t, 0x18, 1, raw(t, tt.data)))
		var got []string
		for name, n := range topologies.PathAttributes() {
			if carriesAttribute(b, n) {
				got = append(got, name)
			}
		}
		if slices.Sort(got); !slices.Equal(got, tt.want) {
			t.Errorf("%s carries %v, want %v", name, got, tt.want)
		}
	}
}
