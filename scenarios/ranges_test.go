package scenarios_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

// TestValidateRanges: what the numbers of an expression can never be together is refused, by sums and products of them, by names
// that are given to them, and by how long there is to look; what they can be is not.
func TestValidateRanges(t *testing.T) {
	const most = " is never true"
	const warned = "is never true where the stimulus takes no longer than is written"
	for _, tt := range []struct{ symptom, want string }{
		{"exec: x, expect: exit in 300..400", most},
		{"exec: x, expect: exit in 3..4", ""},
		{"exec: x, expect: not (exit in 3..4)", ""},
		{"exec: x, exit: any, expect: exit == 127", "could not run the command"},
		{"exec: x, expect: exit == 127", ""},
		{"exec: x, expect: before.exit == 300", most},
		{"exec: x, expect: before.exit == 0 and exit == 3", ""},
		{"exec: x, expect: exit - before.exit > 255", most},
		{`exec: x, expect: 'len(split(text, "x")) == 0'`, most},
		{`exec: x, expect: 'len(split(text, "x")) == 1'`, ""},
		{`exec: x, expect: 'len(split(text, "")) == 0'`, ""},
		{"exec: x, expect: 'took > 3m', eventually: 1m", "not seen within it"},
		{"exec: x, expect: 'took > 30s', eventually: 1m", ""},
		{"exec: x, expect: 'json.a - json.b > 3 and json.a < json.b'", most},
		{"exec: x, expect: 'json.a > json.b and json.b > json.c and json.c > json.a'", most},
		{"exec: x, expect: 'json.a > json.b and json.b > json.c'", ""},
		{`exec: x, expect: 'json.a + "x" == text and text == json.b'`, ""},
		{"reach: {ping: 10.0.0.2}, expect: 'count * 2 == 7'", most},
		{"reach: {ping: 10.0.0.2}, expect: 'count * 2 == 2'", ""},
		{"reach: {ping: 10.0.0.2}, expect: 'count / 3 > 1'", most},
		{"reach: {ping: 10.0.0.2, count: 4, timeout: 200ms}, expect: 'count / 3 > 1'", ""},
		{"reach: {ping: 10.0.0.2}, expect: 'let n = count; n > 7'", most},
		{"reach: {ping: 10.0.0.2}, expect: 'let n = count; n == 0'", ""},
		{`exec: x, expect: 'let n = len(split(text, "x")); n < 1'`, most},
		{"reach: {ping: 10.0.0.2}, expect: 'max(count, 1) > 5'", most},
		{"reach: {ping: 10.0.0.2}, expect: 'max(count, 1) > 0 and count == 0'", ""},
		{"reach: {ping: 10.0.0.2}, expect: 'count - before.count > 3'", most},
		{"reach: {ping: 10.0.0.2}, expect: 'count - before.count < 0'", ""},
		{"reach: {ping: 10.0.0.2}, expect: 'count > 0 ? false : count > 1'", most},
		{"reach: {ping: 10.0.0.2}, expect: count, rate: {at-least: 1, over: 3s}", "it never grows by 1 a second"},
		{"reach: {ping: 10.0.0.2, count: 9, timeout: 100ms}, expect: count, rate: {at-least: 1, over: 3s}", ""},
		{`frame: {at: "h1:eth1"}, expect: count > 100 and len(rows) > 100`, most},
		{`frame: {at: "h1:eth1"}, expect: len(rows) == 100`, ""},
		{`frame: {at: "h1:eth1"}, expect: json.silence > 10, never: 2s`, warned},
		{`frame: {at: "h1:eth1"}, expect: json.first > 100`, most},
		{`frame: {at: "h1:eth1"}, expect: json.gap > 100`, most},
		{`frame: {at: "h1:eth1", since: baseline}, expect: json.gap > 100`, ""},
		{`frame: {at: "h1:eth1"}, expect: before.json.gap > 100`, ""},
		{`frame: {at: "h1:eth1"}, expect: json.gap > 4`, ""},
		{"traffic: video, expect: gap > 50s", most},
		{"traffic: video, expect: gap > 6s", ""},
		{"traffic: video, expect: gap > 7s", warned},
		{"traffic: {flow: video, last: 1s}, expect: gap > 50s", ""},
		{"traffic: video, expect: received > sent", most},
		{"traffic: video, expect: sent - received < 0", most},
		{"traffic: video, expect: received + 5 < sent", ""},
		{"traffic: video, expect: received > 50 and sent < 20", most},
		{"traffic: video, expect: received > 19 and sent < 21", ""},
		{"traffic: video, expect: received > 19 and sent < 20", most},
		{"traffic: video, expect: loss * 100 > 100", most},
		{"traffic: video, expect: latency.p50 > latency.max", most},
		{"traffic: video, expect: duplicated > received", ""},
	} {
		t.Run(tt.symptom, func(t *testing.T) {
			symptom := tt.symptom
			if !strings.Contains(symptom, "traffic") && !strings.Contains(symptom, "frame") {
				symptom += ", node: h1"
			}
			if !strings.Contains(symptom, "eventually") && !strings.Contains(symptom, "never") && !strings.Contains(symptom, "rate") {
				symptom += ", eventually: 5s"
			}
			l, err := scenarios.Load(write(t, withTraffic("from: h1, to: h2, dst: 10.0.0.2", symptom)), scenarios.Options{Describe: describe})
			said := l.Warnings.Error()
			if refused := tt.want != "" && tt.want != warned; refused != (err != nil) {
				t.Fatalf("got %v; warnings: %s", err, said)
			}
			if err != nil {
				said = err.Error()
			}
			if tt.want == "" && strings.Contains(said, "never true") || !strings.Contains(said, tt.want) {
				t.Errorf("got %s, want …%s…", said, tt.want)
			}
		})
	}
}
