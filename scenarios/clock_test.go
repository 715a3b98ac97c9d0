package scenarios_test

import (
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/scenarios"
)

// What a scenario says of time is read as it is meant, or refused in words that help.
func TestClock(t *testing.T) {
	base := func(clock string) string {
		return "reprise: v1\nid: x\ntitle: x\nproblem: {what: x}\ntopology: {nodes: {r1: {kind: linux, image: 'a:1'}}}\n" +
			clock + "\nsymptom: [{name: x, node: r1, exec: 'true', expect: 'exit == 0', eventually: 1s}]\n"
	}
	for _, tt := range []struct {
		clock string
		want  scenarios.Clock
		says  string
	}{
		{clock: "clock: {speed: 10}", want: scenarios.Clock{Speed: 10}},
		{clock: "clock: {speed: 0.1}", want: scenarios.Clock{Speed: 0.1}},
		{clock: "clock: {start: 2038-01-19T03:13:00Z}", want: scenarios.Clock{Start: scenarios.Date{Time: time.Date(2038, 1, 19, 3, 13, 0, 0, time.UTC)}}},
		{clock: "clock: {start: '2024-02-29T01:00:00+02:00'}", want: scenarios.Clock{Start: scenarios.Date{Time: time.Date(2024, 2, 28, 23, 0, 0, 0, time.UTC)}}},
		{clock: "clock: {speed: 0}", says: "cannot have 0 times the speed"},
		{clock: "clock: {speed: -3}", says: "cannot have -3 times the speed"},
		{clock: "clock: {speed: 1e9}", says: "cannot have 1e9 times the speed"},
		{clock: "clock: {speed: .nan}", says: "cannot have .nan times the speed"},
		{clock: "clock: {speed: fast}", says: `"fast" is no number`},
		{clock: "clock: {speed: [10]}", says: "is no number"},
		{clock: "clock: {start: tomorrow}", says: `"tomorrow" is no date`},
		{clock: "clock: {start: 2038-13-01T00:00:00Z}", says: "is no date"},
		{clock: "clock: {start: 1969-12-31T00:00:00Z}", says: "cannot be told the date"},
		{clock: "clock: {start: 2300-01-01T00:00:00Z}", says: "cannot be told the date"},
		{clock: "clock: {start: 2038-01-19T03:13:00Z}\ntrials: {reset: config}", says: "would begin at a later date"},
		{clock: "clock: {sped: 10}", says: `unknown key "sped"`},
		{clock: "nodes: {r1: {clock: fast}}", says: `no clock "fast"`},
	} {
		l, err := scenarios.Load(write(t, base(tt.clock)), scenarios.Options{})
		switch {
		case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
			t.Errorf("%s: %v, want %q", tt.clock, err, tt.says)
		case tt.says == "" && err != nil:
			t.Errorf("%s: %v", tt.clock, err)
		case tt.says == "" && l.Scenario.Clock != tt.want:
			t.Errorf("%s: %v, want %v", tt.clock, l.Scenario.Clock, tt.want)
		}
	}
}
