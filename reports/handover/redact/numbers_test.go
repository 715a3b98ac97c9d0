package redact_test

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// spelled is one way in which programs write an address or a MAC.
type spelled struct {
	name  string
	write func(b []byte) string
}

// eachByte writes bytes with sep between them.
func eachByte(format, sep string) func(b []byte) string {
	return func(b []byte) string {
		parts := make([]string, len(b))
		for i, c := range b {
			parts[i] = fmt.Sprintf(format, c)
		}
		return strings.Join(parts, sep)
	}
}

// headedBy puts a text before what write gives.
func headedBy(head string, write func(b []byte) string) func(b []byte) string {
	return func(b []byte) string { return head + write(b) }
}

func macSpellings() []spelled {
	return []spelled{
		{"MAC, colons", eachByte("%02x", ":")},
		{"MAC, decimals, blanks", headedBy("is ", eachByte("%d", " "))},
		{"MAC, decimals, dots", headedBy("is ", eachByte("%d", "."))},
		{`MAC, \x`, eachByte(`\x%02x`, "")},
		{"MAC, client id", headedBy("01:", eachByte("%02x", ":"))},
		{"MAC, Cisco's client id", func(b []byte) string {
			h := "01" + hex.EncodeToString(b)
			return h[:4] + "." + h[4:8] + "." + h[8:12] + "." + h[12:]
		}},
		{"MAC, engine id", headedBy("8000078103", eachByte("%02x", ""))},
		{"MAC, engine id, 0x", headedBy("0x8000078103", eachByte("%02x", ""))},
		{"MAC, engine id, capitals", headedBy("8000078103", eachByte("%02X", ""))},
	}
}

func ipv4Spellings() []spelled {
	swapped := func(b []byte) []byte { return []byte{b[3], b[2], b[1], b[0]} }
	return []spelled{
		{"IPv4, dots", eachByte("%d", ".")},
		{`IPv4, \x`, eachByte(`\x%02x`, "")},
		{"IPv4, pairs, colons", eachByte("%02x", ":")},
		{"IPv4, pairs, blanks", eachByte("%02x", " ")},
		{"IPv4, pairs of a dump", headedBy("45 00 ", eachByte("%02x", " "))},
		{"IPv4, pairs, capitals", eachByte("%02X", " ")},
		{"IPv4, underlines", headedBy("host_", eachByte("%d", "_"))},
		{"IPv4, [.]", eachByte("%d", "[.]")},
		{"IPv4, last [.]", func(b []byte) string { return eachByte("%d", ".")(b[:3]) + "[.]" + eachByte("%d", "")(b[3:]) }},
		{"IPv4, (.)", eachByte("%d", "(.)")},
		{"IPv4, behind a code", headedBy("O*E2", eachByte("%d", "."))},
		{"IPv4, behind a name", headedBy("host", eachByte("%d", "."))},
		{"IPv4, short prefix", func(b []byte) string { return eachByte("%d", ".")(b[:3]) + "/24" }},
		{"IPv4, tcp6", func(b []byte) string { return "0000000000000000FFFF0000" + eachByte("%02X", "")(swapped(b)) + ":01BB" }},
	}
}

func ipv6Spellings() []spelled {
	return []spelled{
		{"IPv6, colons", func(b []byte) string { return netip.AddrFrom16([16]byte(b)).String() }},
		{"IPv6, tcp6", func(b []byte) string {
			out := ""
			for i := 0; i < len(b); i += 4 {
				out += fmt.Sprintf("%02X%02X%02X%02X", b[i+3], b[i+2], b[i+1], b[i])
			}
			return out + ":01BB"
		}},
		{`IPv6, \x`, eachByte(`\x%02x`, "")},
		{"IPv6, literal", func(b []byte) string {
			return strings.ReplaceAll(netip.AddrFrom16([16]byte(b)).String(), ":", "-") + ".ipv6-literal.net"
		}},
	}
}

// numberTable learns values written plainly, and counts which are not the same other one in
// each of the ways.
func numberTable(t *testing.T, plain func(b []byte) string, parse func(text string) []byte, values [][]byte, ways []spelled) {
	t.Helper()
	r := newRedactor(t, redact.Options{})
	for _, b := range values {
		r.Learn("a.cfg", []byte("peer "+plain(b)+"\n"))
	}
	var rows [][4]any
	for _, w := range ways {
		missed := 0
		for _, b := range values {
			to := parse(strings.Fields(string(r.Text("a.cfg", []byte("peer "+plain(b)+"\n"))))[1])
			text, want := "one\nsee "+w.write(b)+" there\n", "one\nsee "+w.write(to)+" there\n"
			if got := string(r.Text("a.log", []byte(text))); !strings.EqualFold(got, want) || got == text {
				if missed++; missed < 3 {
					t.Errorf("%s: %q became %q, want %q", w.name, text, got, want)
				}
			}
		}
		rows = append(rows, [4]any{w.name, len(values), missed})
	}
	tablesTold(t, "known numbers", rows)
}

// TestCorpusMACs: a MAC that is known is found in each of the ways.
func TestCorpusMACs(t *testing.T) {
	var values [][]byte
	for i := range 100 {
		values = append(values, []byte{0, 4, 0x96, byte(17 + 7*i), byte(200 - i), byte(3 + 11*i)})
	}
	numberTable(t, func(b []byte) string { return net.HardwareAddr(b).String() }, func(text string) []byte {
		m, err := net.ParseMAC(text)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}, values, macSpellings())
}

// TestCorpusAddresses: an address that is known is found in each of the ways.
func TestCorpusAddresses(t *testing.T) {
	var four, six [][]byte
	for i := range 100 {
		four = append(four, []byte{185, byte(44 + i), byte(113 + i), byte(77 + 5*i)})
		six = append(six, append([]byte{0x2a, 5, 0xd0, byte(i)}, 0, 16, 0, byte(3*i), 0, 0, 0, 0, 0, byte(i), 1, byte(7+i)))
	}
	parse := func(text string) []byte { return netip.MustParseAddr(text).AsSlice() }
	numberTable(t, eachByte("%d", "."), parse, four, ipv4Spellings())
	numberTable(t, func(b []byte) string { return netip.AddrFrom16([16]byte(b)).String() }, parse, six, ipv6Spellings())
}
