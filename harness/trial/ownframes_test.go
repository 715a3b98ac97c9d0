package trial_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// ipv4 is a frame from 10.0.0.1 to 10.0.0.2, its protocol and what it carries in hex.
func ipv4(t *testing.T, proto, payload string) []byte {
	t.Helper()
	b, err := hex.DecodeString("020000000002020000000001" + "0800" + "45000028000040004" + "0" + proto + "0000" + "0a000001" + "0a000002" + payload)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func raw(t *testing.T, frame string) []byte {
	t.Helper()
	b, err := hex.DecodeString(frame)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOwnFrames: the frames of a ping or connection by which a condition looks decide nothing, those of the network do.
func TestOwnFrames(t *testing.T) {
	const (
		echo    = "0800f7ff00000000000000000000000000000000"
		stopped = "0301fcfe00000000000000000000000000000000" // unreachable
		// An error of 10.0.0.9 about the echo, and about one to another address; a question for the address, and for another.
		aboutOwn   = "0b00f4ff00000000" + "45000054000040004001000" + "00a0000010a000002" + "0800f7ff00000000"
		aboutOther = "0b00f4ff00000000" + "45000054000040004001000" + "00a0000010a000007" + "0800f7ff00000000"
		who        = "ffffffffffff0200000000010806" + "0001080006040001" + "0200000000010a000001" + "0000000000000a000002"
		whoOther   = "ffffffffffff0200000000010806" + "0001080006040001" + "0200000000010a000001" + "0000000000000a000007"
		syn        = "c00000b300000000000000005002000000000000"
		other      = "c00000b400000000000000005002000000000000"
	)
	const ping, tcp, elsewhere = `reach: {ping: 10.0.0.2, count: 1}`, `reach: {tcp: "10.0.0.2:179", count: 1}`, `reach: {ping: 10.0.0.9, count: 1}`
	for _, tt := range []struct {
		name, probe, expect string
		own, later          []byte // while the probe looks, and a second after
		want                evidence.Verdict
		reason              string
	}{
		{"an echo of its own", ping, "expect: count > 0, ", ipv4(t, "01", echo), nil, evidence.Inconclusive, "1 of the frames cannot be told from those of a probe of the scenario (r1 reaches 10.0.0.2)"},
		{"it is all that came", ping, "", ipv4(t, "01", echo), nil, evidence.Inconclusive, "1 of the frames cannot be told from"},
		{"an error about its own", ping, "expect: count > 0, ", raw(t, strings.Replace(hex.EncodeToString(ipv4(t, "01", aboutOwn)), "45000028", "45000038", 1)), nil, evidence.Inconclusive, "1 of the frames cannot be told from"},
		{"an error about another", ping, "expect: count > 0, ", raw(t, strings.Replace(hex.EncodeToString(ipv4(t, "01", aboutOther)), "45000028", "45000038", 1)), nil, evidence.Reproduced, ""},
		{"a question for its address", ping, "expect: count > 0, ", raw(t, who), nil, evidence.Inconclusive, "1 of the frames cannot be told from"},
		{"a question long after it", ping, "expect: count > 0, ", nil, raw(t, who), evidence.Inconclusive, "1 of the frames cannot be told from"},
		{"a question of a connection", tcp, "expect: count > 0, ", raw(t, who), nil, evidence.Inconclusive, "1 of the frames cannot be told from"},
		{"a question for another address", ping, "expect: count > 0, ", raw(t, whoOther), nil, evidence.Reproduced, ""},
		{"an answer by others", ping, "expect: count > 0, ", ipv4(t, "01", stopped), nil, evidence.Reproduced, ""},
		{"a ping of another address", elsewhere, "expect: count > 0, ", ipv4(t, "01", echo), nil, evidence.Reproduced, ""},
		{"a segment of its own", tcp, "expect: count > 0, ", ipv4(t, "06", syn), nil, evidence.Inconclusive, "(r1 reaches 10.0.0.2:179)"},
		{"a segment to another port", tcp, "expect: count > 0, ", ipv4(t, "06", other), nil, evidence.Reproduced, ""},
		{"one more than its own", ping, "", ipv4(t, "01", echo), ipv4(t, "01", stopped), evidence.Reproduced, ""},
		{"an echo long after its own", ping, "expect: 'count > 0 and json.last > 3', ", nil, ipv4(t, "01", echo), evidence.Reproduced, ""},
		{"an echo soon after one that was answered", ping + " # soon", "expect: 'count > 0', ", nil, ipv4(t, "01", echo), evidence.Reproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var tape *frameTape
				w.provider.CaptureFn = func(s topologies.CaptureSpec) (topologies.Capture, error) {
					var err error
					tape, err = newFrameTape(s)
					tape.wall = w.wall
					return tape, err
				}
				pass := func(b []byte) {
					if b == nil {
						return
					}
					if err := tape.pass(topologies.WayOut, b); err != nil {
						t.Error(err)
					}
				}
				w.platform.ShellFn = func(_, line string) (drivers.Exchange, error) {
					switch {
					case strings.Contains(line, "later"):
						delay := 5 * time.Second
						if strings.Contains(line, "soon") {
							delay = 100 * time.Millisecond
						}
						wait(t, delay)
						pass(tt.later)
						return drivers.Exchange{}, nil
					case strings.Contains(line, "ping") || strings.Contains(line, "timeout"):
						wait(t, 2*time.Millisecond)
						pass(tt.own)
						return drivers.Exchange{Output: "1 packets transmitted, 1 received, 0% packet loss\n64 bytes from 10.0.0.2: icmp_seq=1 ttl=64\nreprise: status 0\n"}, nil
					}
					return drivers.Exchange{}, nil
				}
				probe, soon, _ := strings.Cut(tt.probe, " #")
				yaml := head + `
stimulus: [{node: r1, exec: "true"}, {wait-for: {node: r1, ` + probe + `, expect: count >= 0, eventually: 5s}}, {node: r1, exec: "later` + soon + `"}]
symptom: [{name: seen, frame: {at: "r1:eth1", filter: "icmp or tcp or arp"}, every: 10ms, ` + tt.expect + `eventually: 100ms}]
`
				v := w.trial(t, t.Context(), planOf(t, yaml, plan.Options{}))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("%s: %s\nwant %s: %s", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}
