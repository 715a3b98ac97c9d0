package redact_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

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
