package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestKnownInsideOfWords: what the gate would refuse is replaced: a learned value that is no
// word, with letters glued to both of its ends, and in other capitals.
func TestKnownInsideOfWords(t *testing.T) {
	for _, value := range []string{"Kw7vTq9xLmRz2", "Zr!4kd8#77", "Kiesel-1004q", "ab12cd34ef"} {
		r := newRedactor(t, redact.Options{})
		r.Learn("a.cfg", []byte("snmp-server community "+value+" ro\n"))
		gate := r.Gate()
		glued := "the preamble text" + value + "and then more to follow"
		for name, text := range map[string]string{
			"glued": glued, "capitals": strings.ToUpper(glued), "small": "is " + strings.ToLower(value) + ".",
			"xxd": xxd(glued, 2, "%08x: ", ""), "tcpdump -x": xxd(glued, 2, "\t0x%04x:  ", ""), "hexdump -C": xxd(glued, 1, "%08x  ", "|"),
			"base64": "token " + base64.StdEncoding.EncodeToString([]byte("yy"+value+"zz and so on")) + " end", "hex": hex.EncodeToString([]byte(glued)),
			"across lines": strings.Repeat("z", 76) + value[:4] + "\n" + value[4:] + "z",
		} {
			text = "one\n" + text + "\nthree\n"
			if len(gate.Data("a.txt", []byte(text))) == 0 {
				t.Errorf("%s: the gate does not see %q in %q", name, value, text)
			}
			out := r.Text("a.txt", []byte(text))
			if hits := gate.Data("a.txt", out); len(hits) > 0 || len(out) != len(text) {
				t.Errorf("%s: %q became %q, which the gate refuses: %v", name, text, out, hits)
			}
		}
	}
}

// TestKnownAddressInIndex: a known address behind the name of an object.
func TestKnownAddressInIndex(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	r.Learn("a.cfg", []byte("ip address 185.44.113.77 255.255.255.0\n"))
	for _, text := range []string{"ipAdEntAddr.185.44.113.77 = x\n", "tcpConnState.185.44.113.77.179 = 5\n"} {
		if out := string(r.Text("a.txt", []byte(text))); strings.Contains(out, "185.44") {
			t.Errorf("%q became %q", text, out)
		}
	}
	if text := "iso.3.6.1.2.1.1.5.0\n"; string(r.Text("a.txt", []byte(text))) != text {
		t.Errorf("%q is changed", text)
	}
}

// TestKnownMACInOtherForms: a known MAC without leading zeros, as a number, and in two halves.
func TestKnownMACInOtherForms(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	r.Learn("a.cfg", []byte("mac 00:04:96:ab:cd:ef\n"))
	for _, text := range []string{"STRING: 0:4:96:ab:cd:ef\n", "STRING: 0:4:96:AB:CD:EF\n", "id 0x000496abcdef\n", "000496-abcdef   1/1\n"} {
		if out := string(r.Text("a.txt", []byte(text))); strings.Contains(strings.ToLower(out), "ab:cd:ef") || strings.Contains(out, "abcdef") {
			t.Errorf("%q became %q", text, out)
		}
	}
}
