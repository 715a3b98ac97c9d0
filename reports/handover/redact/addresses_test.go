package redact_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestKnownAddresses: an address that is known is found in every form, and becomes the same
// other one.
func TestKnownAddresses(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	r.Learn("a.cfg", []byte("ip address 62.81.14.77 255.255.255.0\nneighbor 2a02:1234:5678:10::7\nmac 00:04:96:ab:cd:ef\n"))
	for _, tt := range []struct{ name, text, gone string }{
		{"dashed, glued", "p62-81-14-77.example", "62-81-14-77"},
		{"dashed", "host-62-81-14-77", "62-81-14-77"},
		{"hex", "dst 3E510E4D port", "3E510E4D"},
		{"hex with 0x", "dst 0x3e510e4d port", "3e510e4d"},
		{"kernel's socket table", "   0: 4D0E513E:01BB 00000000:0000 0A", "4D0E513E"},
		{"if_inet6", "2a021234567800100000000000000007 02 40 00 80 eth0", "2a021234567800100000000000000007"},
		{"reverse zone", "77.14.81.62.in-addr.arpa PTR", "77.14.81.62"},
		{"reverse zone of a network", "14.81.62.in-addr.arpa SOA", "14.81.62"},
		{"reverse zone, IPv6", "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.8.7.6.5.4.3.2.1.2.0.a.2.ip6.arpa", "0.1.0.0.8.7.6.5.4.3.2.1.2.0.a.2"},
		{"index of an OID", "iso.3.6.1.2.1.4.20.1.1.62.81.14.77 = x", "62.81.14.77"},
		{"tcpdump with a port", "IP 62.81.14.77.179 > 62.81.14.77.3021: Flags", "62.81.14.77"},
		{"status letter", "*>i62.81.14.77/32  0", "62.81.14.77"},
		{"status letter that is hex", "B62.81.14.77/32 [20/0]", "62.81.14.77"},
		{"MAC with blanks", "addr 00 04 96 ab cd ef end", "ab cd ef"},
		{"MAC with blanks, capitals", "addr 00 04 96 AB CD EF end", "AB CD EF"},
		{"MAC in decimals", "1.3.6.1.2.1.17.4.3.1.1.0.4.150.171.205.239 = 3", "171.205.239"},
		{"across lines", "the peer 62.81.\r\n14.77 is down", "62.81.\r\n14.77"},
		{"MAC across lines", "at 00:04:96:ab:\ncd:ef is gone", "ab:\ncd:ef"},
		{"colour codes", "to \x1b[1m62.81\x1b[0m.14.77 up", "62.81\x1b[0m.14.77"},
		{"percent", "GET /?ip=62%2E81%2E14%2E77 HTTP", "62%2E81%2E14%2E77"},
		{"name that begins with it", "62.81.14.77.static.example", "62.81.14.77"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := string(r.Text("a.log", []byte(tt.text)))
			if strings.Contains(got, tt.gone) || got == tt.text {
				t.Errorf("%q became %q", tt.text, got)
			}
			if again := string(r.Text("b.log", []byte(tt.text))); again != got {
				t.Errorf("%q became %q and %q", tt.text, got, again)
			}
		})
	}
	gate := r.Gate()
	for _, text := range []string{"to 62.81.14.77 up", "62.81.\n14.77", "at 62.81\x1b[0m.14.77", "62%2E81%2E14%2E77", "1.3.6.1.9.62.81.14.77"} {
		if len(gate.Data("a.txt", []byte(text))) == 0 {
			t.Errorf("the gate does not see %q", text)
		}
		if hits := gate.Data("a.txt", r.Text("a.txt", []byte(text))); len(hits) > 0 {
			t.Errorf("the gate sees %v in the result of %q", hits, text)
		}
	}
}

// TestGateWords: a word that is a part of another one does not refuse a result.
func TestGateWords(t *testing.T) {
	r := newRedactor(t, redact.Options{Secrets: []string{"Sommer", "12345678"}})
	for _, text := range []string{"Sommerfest in Sommerau", "counter 9912345678", "mySommer"} {
		if hits := r.Gate().Data("a.txt", []byte(text)); len(hits) > 0 {
			t.Errorf("%q: %v", text, hits)
		}
	}
	for _, text := range []string{"is Sommer now", "pin=12345678;"} {
		if len(r.Gate().Data("a.txt", []byte(text))) == 0 {
			t.Errorf("%q passes", text)
		}
	}
}

// TestEngineID: an engine id stays hex, in its case, and both sides of it stay equal.
func TestEngineID(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for _, id := range []string{"80001f8880a1B2c3D4e5F60718", "8000000001626C757465", "80001f888011223344556677", "0x80001F8804616c6265727431", "80:00:1f:88:80:a1:b2:c3:d4:e5:f6"} {
		got := string(r.Text("a.cfg", []byte("snmp-server engineID local "+id+"\n")))
		with := strings.Fields(got)[len(strings.Fields(got))-1]
		if with == id || len(with) != len(id) || strings.Trim(with, "0123456789abcdefABCDEF:x") != "" || with[:8] != id[:8] {
			t.Errorf("%s became %s", id, with)
		}
	}
}

// TestOneSide: what names a thing on both sides is changed on both or on none.
func TestOneSide(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for _, text := range []string{
		"ntp authentication-key 4711 md5 Geheim77x\nntp trusted-key 4711\nntp server 192.0.2.1 key 4711\n",
		"key chain K\n key 4711\n  key-string Geheim77x\ninterface e1\n ip ospf message-digest-key 4711 md5 Geheim77x\n",
		"snmp-server community 65000 ro\nsnmp-server host 192.0.2.1 version 2c 65000\n",
		"ip community-list standard C permit 65000:100\nroute-map R permit 10\n match community C\n set community 65000:100 additive\n",
	} {
		r.Learn("a.cfg", []byte(text))
		got := strings.Fields(string(r.Text("a.cfg", []byte(text))))
		with := map[string]string{}
		for i, w := range strings.Fields(text) {
			if old, ok := with[w]; ok && old != got[i] {
				t.Errorf("%q is %q and %q in %q", w, old, got[i], strings.Join(got, " "))
			}
			with[w] = got[i]
		}
	}
}

// TestGluedToACode: of the digits before the first dot those are taken that make a known address.
func TestGluedToACode(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	r.Learn("a.cfg", []byte("ip address 10.44.113.77 255.255.255.0\n"))
	if got := string(r.Text("a.log", []byte("O E110.44.113.77/32 [110/20]\n"))); strings.Contains(got, "10.44.113.77") || !strings.HasPrefix(got, "O E1") {
		t.Errorf("became %q", got)
	}
	for _, text := range []string{"abc1234-5-6-7 is up\n", "E21234.5.6.7 is up\n"} {
		if got := string(r.Text("a.log", []byte(text))); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestAddressesBesideSigns: an address is one behind the \n of a quoted text, at the end of a sentence
// and before an arrow.
func TestAddressesBesideSigns(t *testing.T) {
	for _, address := range []string{"2a02:1:2:3:4:5:6:7", "fe80::204:96ff:feab:cd01", "2A02:1:2::77", "00:04:96:ab:cd:01", "0004.96ab.cd01", "00-04-96-AB-CD-01", "0004-96ab-cd01", "0:4:96:ab:cd:1", "10.44.7.1"} {
		for _, form := range []string{`"up\n@ is seen"`, `"\t@"`, "it is @.\n", "@->x\n", "see @, too\n"} {
			r := newRedactor(t, redact.Options{})
			text := strings.ReplaceAll(form, "@", address) + "\nmac 00:04:96:ab:cd:01 up\n"
			r.Learn("a.log", []byte(text))
			if got := string(r.Text("a.log", []byte(text))); strings.Contains(strings.ToLower(got), strings.ToLower(address)) {
				t.Errorf("%q became %q", text, got)
			}
		}
	}
}

// TestBridgeIDs: the MAC of a bridge is cut behind its priority, as Junos, iproute2 and mstpctl write it.
func TestBridgeIDs(t *testing.T) {
	for _, text := range []string{"Bridge ID : 32768.00:04:96:ab:cd:18", "bridge_id 8000.0:4:96:ab:cd:18 designated_root 8000.0:4:96:ab:cd:19 root_port 0", "bridge id     8.000.00:04:96:AB:CD:18"} {
		r := newRedactor(t, redact.Options{})
		r.Learn("a.txt", []byte(text))
		out := string(r.Text("a.txt", []byte(text)))
		if low := strings.ToLower(out); strings.Contains(low, "cd:18") || strings.Contains(low, "cd:19") || !strings.Contains(out, ":96:") {
			t.Errorf("%q became %q", text, out)
		}
	}
}
