package bgp

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	wire "github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/packet/mrt"
	"pgregory.net/rapid"
)

// TestPacked: whatever routes are packed, each comes out of the messages once, in its order, no message is longer
// than one may be, and GoBGP's decoder reads them as ours does.
func TestPacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, bits := netip.MustParseAddr("10.0.0.0"), rapid.IntRange(0, 32).Draw(t, "bits")
		family := IPv4
		if rapid.Bool().Draw(t, "six") {
			from, bits, family = netip.MustParseAddr("2001:db8::"), rapid.IntRange(0, 128).Draw(t, "bits of six"), IPv6
		}
		first := netip.PrefixFrom(from, bits).Masked()
		a := &Announcement{Routes: Routes{From: first, Count: rapid.IntRange(1, 3000).Draw(t, "count")}, PerUpdate: rapid.IntRange(0, 40).Draw(t, "per update"), NextHop: from.Next()}
		batches, err := a.batches()
		if err != nil {
			if !strings.Contains(err.Error(), "there are") {
				t.Fatal(err)
			}
			return // so many routes of the length there are not
		}
		list := batches[0].prefixes
		v := view{as: 65001, internal: rapid.Bool().Draw(t, "internal"), wide: true, local: from}
		messages, err := batches[0].updates(v, family, list)
		if err != nil {
			t.Fatal(err)
		}
		var out, gone []netip.Prefix
		for i, m := range append(slices.Clone(messages), withdrawals(family, list)...) {
			if len(m) > mostMessage || int(binary.BigEndian.Uint16(m[16:])) != len(m) {
				t.Fatalf("a message of %d bytes", len(m))
			}
			if _, err := wire.ParseBGPMessage(m); err != nil {
				t.Fatalf("GoBGP: %v", err)
			}
			u, err := readUpdate(m[headerSize:])
			if err != nil {
				t.Fatal(err)
			}
			out, gone = append(out, u.announced...), append(gone, u.withdrawn...)
			if i < len(messages) && a.PerUpdate > 0 && len(u.announced) > a.PerUpdate {
				t.Fatalf("%d routes in a message", len(u.announced))
			}
		}
		if !slices.Equal(out, list) || !slices.Equal(gone, list) {
			t.Fatalf("%d announced and %d withdrawn of %d", len(out), len(gone), len(list))
		}
	})
}

// TestAfter: routes follow each other, and end where there are no more.
func TestAfter(t *testing.T) {
	for from, want := range map[string]string{"10.0.255.0/24": "10.1.0.0/24", "0.0.0.0/1": "128.0.0.0/1", "2001:db8::/127": "2001:db8::2/127", "10.0.0.0/9": "10.128.0.0/9"} {
		if got := after(netip.MustParsePrefix(from)); got.String() != want {
			t.Errorf("after %s comes %s, want %s", from, got, want)
		}
	}
	for _, last := range []string{"255.255.255.255/32", "0.0.0.0/0", "128.0.0.0/1"} {
		if got := after(netip.MustParsePrefix(last)); got.IsValid() {
			t.Errorf("after %s comes %s", last, got)
		}
	}
	if _, err := (Routes{From: netip.MustParsePrefix("255.255.255.0/24"), Count: 2}).prefixes(); err == nil || !strings.Contains(err.Error(), "there are 1 ") {
		t.Errorf("got %v", err)
	}
}

// TestNarrow: a neighbour with two bytes for an AS gets the one that stands for others (RFC 6793); within an AS the
// path is empty and there is a local preference.
func TestNarrow(t *testing.T) {
	b := &batch{from: &Announcement{NextHop: netip.MustParseAddr("10.0.0.1")}, path: []uint32{200000, 7}, table: true}
	data, _, err := b.attributes(view{as: 65001, local: netip.MustParseAddr("10.0.0.1")}, IPv4)
	if err != nil {
		t.Fatal(err)
	}
	list, err := split(data)
	if err != nil || list[0].Value.String() != "0203fde95ba00007" {
		t.Errorf("got %v, %v", list, err)
	}
	b.path = nil
	if data, _, err = b.attributes(view{as: 65001, internal: true, wide: true, local: netip.MustParseAddr("10.0.0.1")}, IPv4); err != nil {
		t.Fatal(err)
	}
	if list, err = split(data); err != nil || len(list) != 3 || len(list[0].Value) != 0 || list[2].Value.String() != "00000064" {
		t.Errorf("got %v, %v", list, err)
	}
}

// table writes an MRT file with GoBGP's library.
func table(tb testing.TB, zip bool) string {
	tb.Helper()
	var b bytes.Buffer
	put := func(sub mrt.MRTSubTypeTableDumpv2, body mrt.Body) {
		tb.Helper()
		m, err := mrt.NewMRTMessage(time.Unix(0, 0), mrt.TABLE_DUMPv2, sub, body)
		if err != nil {
			tb.Fatal(err)
		}
		data, err := m.Serialize()
		if err != nil {
			tb.Fatal(err)
		}
		b.Write(data)
	}
	put(mrt.PEER_INDEX_TABLE, mrt.NewPeerIndexTable(netip.MustParseAddr("1.1.1.1"), "x", []*mrt.Peer{mrt.NewPeer(netip.MustParseAddr("2.2.2.2"), netip.MustParseAddr("2.2.2.2"), 65002, true)}))
	hop, err := wire.NewPathAttributeNextHop(netip.MustParseAddr("192.0.2.1"))
	if err != nil {
		tb.Fatal(err)
	}
	for i, text := range []string{"10.0.0.0/24", "10.0.1.0/24", "20.0.0.0/8"} {
		p, err := wire.NewIPAddrPrefix(netip.MustParsePrefix(text))
		if err != nil {
			tb.Fatal(err)
		}
		as := []wire.AsPathParamInterface{wire.NewAs4PathParam(2, []uint32{65002, uint32(100 + i/2)}), wire.NewAs4PathParam(1, []uint32{5, 6})}
		e := mrt.NewRibEntry(0, 0, 0, []wire.PathAttributeInterface{wire.NewPathAttributeOrigin(1), wire.NewPathAttributeAsPath(as), hop, wire.NewPathAttributeLocalPref(300), wire.NewPathAttributeMultiExitDisc(9)}, false)
		put(mrt.RIB_IPV4_UNICAST, mrt.NewRib(uint32(i), wire.RF_IPv4_UC, p, []*mrt.RibEntry{e}))
	}
	data := b.Bytes()
	if zip {
		var small bytes.Buffer
		w := gzip.NewWriter(&small)
		_, _ = w.Write(data) // into memory
		if err := w.Close(); err != nil {
			tb.Fatal(err)
		}
		data = small.Bytes()
	}
	path := filepath.Join(tb.TempDir(), "x.mrt")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// TestTable: the routes of a table are announced with its paths behind the session's own AS, and its attributes but
// for what is a session's; what the announcement names itself takes their place.
func TestTable(t *testing.T) {
	for _, zip := range []bool{false, true} {
		med := uint32(4)
		a := &Announcement{MRT: table(t, zip), MED: &med}
		batches, err := a.batches()
		if err != nil {
			t.Fatal(err)
		}
		if len(batches) != 2 || len(batches[0].prefixes) != 2 || batches[1].prefixes[0].String() != "20.0.0.0/8" {
			t.Fatalf("got %+v", batches)
		}
		data, hop, err := batches[0].attributes(view{as: 65001, wide: true, local: netip.MustParseAddr("10.0.0.1")}, IPv4)
		if err != nil || hop.String() != "10.0.0.1" {
			t.Fatalf("%v, %v", hop, err)
		}
		to := Route{}
		(&received{attrs: data, wide: true}).read(&to)
		if to.Origin != "egp" || !slices.Equal(to.ASPath, []uint32{65001, 65002, 100, 5, 6}) || to.NextHop != hop || *to.MED != 4 || to.LocalPref != nil || to.Unread != "" {
			t.Errorf("got %+v", to)
		}
	}
	a := &Announcement{MRT: table(t, false), Routes: Routes{From: netip.MustParsePrefix("10.0.0.0/8"), Count: 1}}
	if batches, err := a.batches(); err != nil || len(batches) != 1 || len(batches[0].prefixes) != 1 {
		t.Errorf("got %+v, %v", batches, err)
	}
	a.From = netip.MustParsePrefix("11.0.0.0/8")
	if _, err := a.batches(); err == nil || !strings.Contains(err.Error(), "no routes") {
		t.Errorf("got %v", err)
	}
}

// TestDamagedTable: a table that breaks off anywhere, or is none, is an error and no shorter table.
func TestDamagedTable(t *testing.T) {
	whole, err := os.ReadFile(table(t, false))
	if err != nil {
		t.Fatal(err)
	}
	begins := map[int]bool{0: true}
	for at := 0; at < len(whole); {
		at += mrt.MRT_COMMON_HEADER_LEN + int(binary.BigEndian.Uint32(whole[at+8:]))
		begins[at] = true
	}
	for i := range whole {
		path := filepath.Join(t.TempDir(), "cut.mrt")
		if err := os.WriteFile(path, whole[:i], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (&Announcement{MRT: path}).batches(); err == nil && !begins[i] {
			t.Errorf("cut at %d it is taken", i)
		}
	}
	path := filepath.Join(t.TempDir(), "text.mrt")
	if err := os.WriteFile(path, []byte(strings.Repeat("no table\n", 9)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Announcement{MRT: path}).batches(); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
}

// TestFalseUpdates: an UPDATE that cannot be read is an error with words, and nothing of it counts.
func TestFalseUpdates(t *testing.T) {
	for name, test := range map[string]struct {
		body []byte
		says string
	}{
		"nothing":              {nil, "withdrawn"},
		"no attributes":        {[]byte{0, 0}, "attributes"},
		"long withdrawn":       {[]byte{0, 9, 0, 0}, "withdrawn"},
		"bits":                 {[]byte{0, 0, 0, 0, 33, 1, 2, 3, 4, 5}, "33 bits"},
		"half a route":         {[]byte{0, 0, 0, 0, 24, 10}, "breaks off"},
		"attribute breaks off": {[]byte{0, 0, 0, 3, 0x40, 1, 9}, "attribute 1 has 9"},
		"half a head":          {[]byte{0, 0, 0, 2, 0x40, 1}, "head"},
		"half a long head":     {[]byte{0, 0, 0, 3, 0x50, 1, 9}, "head"},
		"short MP_REACH":       {[]byte{0, 0, 0, 5, 0x80, 14, 2, 0, 2}, "attribute 14"},
		"next hop":             {[]byte{0, 0, 0, 7, 0x80, 14, 4, 0, 2, 1, 16}, "next hop"},
	} {
		if _, err := readUpdate(test.body); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want words with %q", name, err, test.says)
		}
	}
}

// FuzzUpdate: whatever comes is read or refused, and what is read can be shown.
func FuzzUpdate(f *testing.F) {
	a := &Announcement{Routes: Routes{From: netip.MustParsePrefix("10.0.0.0/24"), Count: 3}, NextHop: netip.MustParseAddr("10.0.0.1"), Communities: []string{"1:2"}, Large: []string{"1:2:3"}}
	batches, err := a.batches()
	if err != nil {
		f.Fatal(err)
	}
	messages, err := batches[0].updates(view{as: 1}, IPv4, batches[0].prefixes)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(messages[0][headerSize:])
	f.Add(endOfRIB(IPv6)[headerSize:])
	f.Fuzz(func(_ *testing.T, body []byte) {
		u, err := readUpdate(body)
		if err != nil {
			return
		}
		u.end(body)
		for _, wide := range []bool{false, true} {
			to := Route{}
			(&received{attrs: u.attrs, wide: wide}).read(&to)
		}
	})
}

// FuzzTable: whatever stands in a file is read or refused.
func FuzzTable(f *testing.F) {
	data, err := os.ReadFile(table(f, false))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(_ *testing.T, data []byte) {
		_ = records(bytes.NewReader(data), func(h *mrt.MRTHeader, body []byte) error {
			m, err := mrt.ParseBody(body, h)
			if err == nil {
				if rib, ok := m.Body.(*mrt.Rib); ok && len(rib.Entries) > 0 {
					_, _, err = (&Announcement{}).entry(rib.Entries[0])
				}
			}
			return err
		})
	})
}
