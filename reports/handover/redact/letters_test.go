package redact_test

import (
	"encoding/json"
	"html"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestLettersBeyondASCII: a name with umlauts is found however pages, programs and systems write them, also where markup
// cuts it; what stands for it is read back as another name.
func TestLettersBeyondASCII(t *testing.T) {
	const name = "Müller-Zäh"
	plain := func(s string) string { return s }
	quoted := func(s string) string {
		var out string
		if err := json.Unmarshal([]byte(s), &out); err != nil {
			return ""
		}
		return out
	}
	page := func(p *charmap.Charmap) func(string) string {
		return func(s string) string {
			out, err := p.NewDecoder().String(s)
			if err != nil {
				return ""
			}
			return out
		}
	}
	mojibake, err := charmap.Windows1252.NewDecoder().String(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, text string
		read       func(string) string
	}{
		{"half in bold", "<b>Mülle</b>r-Zäh", func(s string) string { return strings.NewReplacer("<b>", "", "</b>", "").Replace(s) }},
		{"numbers", "M&#252;ller-Z&#xE4;h", html.UnescapeString},
		{"names of letters", "M&uuml;ller-Z&auml;h", html.UnescapeString},
		{"all numbers", "&#77;&#252;&#108;&#108;&#101;&#114;&#45;&#90;&#228;&#104;", html.UnescapeString},
		{"JSON", `"M\u00fcller-Z\u00E4h"`, quoted},
		{"JSON of marks", `"Mu\u0308ller-Za\u0308h"`, func(s string) string { return norm.NFC.String(quoted(s)) }},
		{"marks", norm.NFD.String(name), norm.NFC.String},
		{"DOS", "M\x81ller-Z\x84h", page(charmap.CodePage437)},
		{"Latin-1", "M\xfcller-Z\xe4h", page(charmap.ISO8859_1)},
		{"taken for another", mojibake, func(s string) string {
			out, err := charmap.Windows1252.NewEncoder().String(s)
			if err != nil {
				return ""
			}
			return out
		}},
		{"two letters", "Mueller-Zaeh", plain},
		{"no marks", "MULLER-ZAH", plain},
		{"encoded word", "=?UTF-8?Q?M=C3=BCll?= =?UTF-8?B?ZXItWsOkaA==?=", decodedHeader},
	} {
		r := newRedactor(t, redact.Options{Names: []string{norm.NFD.String(name)}})
		if tt.name != "marks" {
			r = newRedactor(t, redact.Options{Names: []string{name}})
		}
		in := "the owner is " + tt.text + " and nobody else\n"
		if len(r.Gate().Data("a.txt", []byte(in))) == 0 {
			t.Errorf("%s: the gate does not see it", tt.name)
		}
		out := string(r.Text("a.txt", []byte(in)))
		if hits := r.Gate().Data("a.txt", []byte(out)); len(hits) > 0 {
			t.Errorf("%s: the gate finds %v in %q", tt.name, hits, out)
		}
		body := strings.TrimSuffix(strings.TrimPrefix(out, "the owner is "), " and nobody else\n")
		got := tt.read(body)
		if want := len([]rune(tt.read(tt.text))); body == tt.text || strings.EqualFold(got, name) || len([]rune(got)) != want {
			t.Errorf("%s: became %q, which says %q", tt.name, body, got)
		}
	}
}
