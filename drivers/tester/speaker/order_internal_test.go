package speaker

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/bgp"
	"github.com/reprise-lab/reprise/drivers/tester/speaker/peer"
	"github.com/reprise-lab/reprise/drivers/tester/speaker/replay"
)

// TestOrders: every order is known by its words, its answer is JSON, and what is refused says why.
func TestOrders(t *testing.T) {
	c, err := Parse([]byte("bgp:\n  as: 65001\n  router-id: 10.0.0.1\n  neighbors: {10.0.0.2: {as: 65002, stopped: true}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{bgp: bgp.New(*c.BGP, bgp.Options{}), player: replay.New(1, nil, t.Logf), peers: peer.New(t.Context(), 1, t.Logf)}
	silent := &daemon{player: replay.New(1, nil, t.Logf), peers: peer.New(t.Context(), 1, t.Logf)}
	for _, test := range []struct {
		line, says string
		d          *daemon
		refused    bool
	}{
		{line: "show neighbors", says: `"state": "idle"`},
		{line: "show neighbors now", says: "too much", refused: true},
		{line: "show neighborsx", says: "there is no order", refused: true},
		{line: "", says: "announce {from", refused: true},
		{line: "announce {from: 10.0.0.0/24, count: 3}", says: `"routes": 3`},
		{line: "announce{from: 10.0.1.0/24}", says: `"routes": 1`},
		{line: "announce {form: 10.0.0.0/24}", says: "form", refused: true},
		{line: "announce {from: 10.0.0.0/24, to: [10.0.0.9]}", says: "10.0.0.9 is no neighbor", refused: true},
		{line: "announce", says: "from:", refused: true},
		{line: "withdraw {from: 10.0.0.0/24, count: 2}", says: `"routes": 2`},
		{line: "withdraw {from: 10.0.0.0/24}", says: "none of these", refused: true},
		{line: "withdraw all", says: `"routes": 1`},
		{line: "show routes", says: `"count": 0`},
		{line: "show routes {from: 10.0.0.2, prefix: 10.0.0.0/8, within: 10.0.0.0/8, limit: 3}", says: `"routes": []`},
		{line: "show routes {from: 10.0.0.9}", says: "no neighbor", refused: true},
		{line: "show routes {limit: -1}", says: "negative", refused: true},
		{line: "show version", says: `"version"`},
		{line: "send {to: 10.0.0.2, type: 2, body: 00000000}", says: "no connection", refused: true},
		{line: "send {to: 10.0.0.2}", says: "a message is", refused: true},
		{line: "neighbor 10.0.0.2 start", says: `"done": true`},
		{line: "neighbor 10.0.0.2 stop", says: `"done": true`},
		{line: "neighbor 10.0.0.2 drop", says: "no connection", refused: true},
		{line: "neighbor 10.0.0.2 dance", says: "dance", refused: true},
		{line: "neighbor 10.0.0.9 stop", says: "no neighbor", refused: true},
		{line: "neighbor r1 stop", says: "no address", refused: true},
		{line: "replay {file: /nothing, port: lo}", says: "/nothing", refused: true},
		{line: "replay {fail: /nothing}", says: "fail", refused: true},
		{line: "replay stop", says: `"stopped": 0`},
		{line: "emit {port: lo}", says: "name one of", refused: true},
		{line: "emit {prot: lo}", says: "prot", refused: true},
		{line: "show sessions", says: `"sessions": {}`},
		{line: "show sessions now", says: "too much", refused: true},
		{line: "start {name: b, port: nothing0, lacp: {}}", says: "port nothing0", refused: true},
		{line: "start {name: b, prt: lo}", says: "prt", refused: true},
		{line: "start {name: b, lacp: {}}", says: "port:", refused: true},
		{line: "change {name: b, lacp: {fast: true}}", says: `no session "b": there are none`, refused: true},
		{line: "stop b", says: `no session "b"`, refused: true},
		{line: "emit {port: lo, lacp: {}, alter: [{silent: true}]}", says: "of sessions", refused: true},
		{line: "emit {port: lo, lacp: {}, alter: [{length: 3}]}", says: "it has no length", refused: true},
		{line: "show replays", says: `"replays": []`},
		{line: "reset", says: `"done": true`},
		{line: "reset it", says: "too much", refused: true},
		{line: "show neighbors", d: silent, says: "no bgp", refused: true},
		{line: "announce {from: 10.0.0.0/24}", d: silent, says: "no bgp", refused: true},
		{line: "reset", d: silent, says: `"done": true`},
	} {
		if test.d == nil {
			test.d = d
		}
		text, err := test.d.obey(test.line)
		switch {
		case test.refused:
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%q: got %q, %v, want a refusal with %q", test.line, text, err, test.says)
			}
		case err != nil || !strings.Contains(text, test.says) || !json.Valid([]byte(text)):
			t.Errorf("%q: got %q, %v, want %q", test.line, text, err, test.says)
		}
	}
}

// TestSpeed: a lab's clock is read where libfaketime's library is told of.
func TestSpeed(t *testing.T) {
	for _, test := range []struct {
		clock, fake string
		want        float64
	}{{"", "+0 x10", 1}, {"/usr/lib/faketime", "+0 x10", 10}, {"/usr/lib/faketime", "@1700000000.0 x0.5", 0.5}, {"/usr/lib/faketime", "+0", 1}} {
		t.Setenv("REPRISE_CLOCK", test.clock)
		t.Setenv("FAKETIME", test.fake)
		if got := speed(); got != test.want {
			t.Errorf("%q, %q: got %v, want %v", test.clock, test.fake, got, test.want)
		}
	}
}
