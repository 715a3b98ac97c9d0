package redact_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestBehindEscape: a known value is found behind \n, \r and \t that a program wrote, once or twice escaped, and by the gate.
func TestBehindEscape(t *testing.T) {
	const teach = "snmp-server community Wolkenbruch ro\nhostname quarz-core1\nusername bschmidt password 0 Regenbogen\nip address 172.19.44.7 255.255.255.0\n"
	for name, text := range map[string]string{
		"py.log":   `DEBUG read_channel: '\nquarz-core1#show\nWolkenbruch\r\nbschmidt\n'`,
		"b.log":    `DEBUG paramiko b'\r\nWolkenbruch\r\tRegenbogen\n172.19.44.7'`,
		"two.json": `{"a": "{\"output\":\"a\\nWolkenbruch\\nquarz-core1#\\nbschmidt\"}"}`,
		"a.yaml":   `output: "a\nWolkenbruch\nbschmidt\nquarz-core1#"`,
		"key.log":  `b'\npassword Gewitter77\n'`,
	} {
		r := newRedactor(t, redact.Options{})
		r.Learn("teach.cfg", []byte(teach))
		r.Learn(name, []byte(text))
		out := string(r.Text(name, []byte(text)))
		for _, v := range []string{"Wolkenbruch", "Regenbogen", "quarz", "bschmidt", "172.19", "Gewitter77"} {
			if strings.Contains(out, v) {
				t.Errorf("%s: %q is left of %q: %q", name, v, text, out)
			}
			if strings.Contains(text, v) && v != "quarz" && v != "172.19" && len(r.Gate().Data("x.log", []byte(text))) == 0 {
				t.Errorf("the gate finds nothing in %q", text)
			}
		}
	}
}

// TestBesideSigns: a known value is found beside any sign of Unicode that is no letter, and by the gate.
func TestBesideSigns(t *testing.T) {
	const teach = "snmp-server community Wolkenbruch ro\nusername bschmidt password 0 Regenbogen\nip address 172.19.44.7 255.255.255.0\ninterface mac 00:04:96:ab:cd:17\n"
	for _, sign := range []string{"\u201c", "\u201d", "\u201e", "\u2018", "\u00ab", "\u00bb", "\u2013", "\u2014", "\u2022", "\u2192", "\u00b7", "\u2026", "\u2502", "\uff08", "\uff1a", "\u2028", "\u3000", "\u200f", "\u200b", "\u00a0", "\U0001f600", "\u3001", "\u2190"} {
		for _, v := range []string{"Wolkenbruch", "bschmidt", "Regenbogen", "172.19.44.7", "00:04:96:ab:cd:17"} {
			text := teach + "seen " + sign + v + sign + " there\n" + v + sign + sign + v + "\n"
			r := newRedactor(t, redact.Options{})
			r.Learn("a.txt", []byte(text))
			out := string(r.Text("a.txt", []byte(text)))
			if strings.Contains(out, v) || sign != "\u00a0" && strings.Count(out, sign) != 4 {
				t.Errorf("%q: %q", sign, out)
			}
			if len(r.Gate(v).Data("a.txt", []byte("seen "+sign+v+sign+" there"))) == 0 {
				t.Errorf("the gate misses %q beside %q", v, sign)
			}
		}
	}
	for _, text := range []string{"│ password │ Nebelbank │", "│ snmp community │ Nebelbank │", "password：Nebelbank", "\"password\"： \"Nebelbank\"", "--password＝Nebelbank"} {
		r := newRedactor(t, redact.Options{})
		r.Learn("a.txt", []byte(text))
		if out := string(r.Text("a.txt", []byte(text))); strings.Contains(out, "Nebelbank") || strings.Count(out, "│") != strings.Count(text, "│") || strings.Contains(text, "：") && !strings.Contains(out, "：") {
			t.Errorf("%q became %q", text, out)
		}
	}
}

// TestInDump: a known value is found in a dump of a packet, between bytes that are no text, in groups of any width and over
// lines, and by the gate.
func TestInDump(t *testing.T) {
	const teach = "snmp-server community Wolkenbruch ro\n"
	packet := append([]byte("0+\x02\x01\x01\x04\x0bWolkenbruch\xa0\x19\x02\x01\x01\xc3(Wolkenbruch\xff\xfe"), 0)
	for _, group := range []int{1, 2, 4, 8} {
		dump := ""
		for at := 0; at < len(packet); at += 16 {
			dump += fmt.Sprintf("\t0x%04x: ", at)
			for i, c := range packet[at:min(len(packet), at+16)] {
				if i%group == 0 {
					dump += " "
				}
				dump += fmt.Sprintf("%02x", c)
			}
			dump += "\n"
		}
		r := newRedactor(t, redact.Options{})
		r.Learn("a.txt", []byte(teach))
		out := string(r.Text("a.txt", []byte(dump)))
		if got := undump(out); strings.Contains(got, "Wolkenbruch") || len(got) != len(packet) {
			t.Errorf("groups of %d: %q", group, got)
		}
		if len(r.Gate().Data("a.txt", []byte(dump))) == 0 {
			t.Errorf("the gate finds nothing in groups of %d", group)
		}
	}
}

// TestBehindMarker: what an answer begins with is a word of its own behind the mark that a session with a shell has before
// it, in a transcript, in a page and for the gate.
func TestBehindMarker(t *testing.T) {
	const mark = "4cacc47dfaa13f34becead3c083f45b6"
	for _, begin := range []string{"<", "&lt;"} {
		for _, v := range []string{"172.19.44.1", "2a02:19:44::1", "00:04:96:ab:cd:17", "0004.96ab.cd17", "quarz-core1"} {
			text := begin + mark + v + " dev eth1 lladdr\nseen " + v + " again\n"
			r := newRedactor(t, redact.Options{Names: []string{"quarz-core1"}})
			r.Learn("x.log", []byte(text))
			out := string(r.Text("x.log", []byte(text)))
			if strings.Contains(out, v) || !strings.HasPrefix(out, begin+mark) {
				t.Errorf("%q became %q", text, out)
			}
			if hits := redact.NewGate(redact.Marker{Value: v, Rule: redact.RuleIPv4}).Data("x.log", []byte(begin+mark+v+" dev")); len(hits) == 0 {
				t.Errorf("the gate misses %q", v)
			}
		}
		text := begin + mark + "hostname quarz-core1\n"
		r := newRedactor(t, redact.Options{})
		r.Learn("x.log", []byte(text))
		if out := string(r.Text("x.log", []byte(text))); strings.Contains(out, "quarz") {
			t.Errorf("%q became %q", text, out)
		}
	}
}
