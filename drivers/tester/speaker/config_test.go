package speaker_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers/tester/speaker"
)

const head = "bgp:\n  as: 65001\n  router-id: 10.0.0.1\n  neighbors:\n    10.0.0.2: {as: 65002}\n"

func TestParse(t *testing.T) {
	for _, test := range []struct{ name, text, says string }{
		{name: "nothing", text: ""},
		{name: "addresses alone", text: "interfaces: {eth1: [10.0.0.1/24, 2001:db8::1/64]}"},
		{name: "all", text: "interfaces: {eth1: [10.0.0.1/24]}\n" + strings.TrimSuffix(head, "{as: 65002}\n") + `
      {as: 65001, local-as: 65003, router-id: 9.9.9.9, local: 10.0.0.1, port: 1179, hold: 9s, retry: 2s, ttl: 255,
       families: [ipv4, ipv6], capabilities: [route-refresh, {code: 70, value: "00 ff"}], stopped: true}
announce:
  - {from: 10.1.0.0/24, count: 12000, to: [10.0.0.2], next-hop: 10.0.0.9, as-path: [1, 2], origin: egp, med: 3, local-pref: 4,
     communities: ["65001:7", no-export], large-communities: ["1:2:3"], atomic-aggregate: true, without: [2], per-update: 1,
     attributes: [{type: 23, flags: 0xc0, value: 000b:0000, length: 3}]}
`},
		{name: "sessions", text: "sessions:\n  - {name: b, port: eth1, bfd: {local: 10.0.0.1, remote: 10.0.0.2}}\n  - {name: l, port: eth1, lacp: {}}\n"},
		{name: "two of a name", text: "sessions: [{name: l, port: eth1, lacp: {}}, {name: l, port: eth2, lacp: {}}]", says: `sessions.1: name: there is a session "l"`},
		{name: "wrong session", text: "sessions: [{name: l, port: eth1, lacp: {}}, {name: m, port: eth2, ospf: {}}]", says: "sessions.1: ospf: address"},
		{name: "key of a session", text: "sessions: [{name: l, port: eth1, lacp: {quick: true}}]", says: "quick"},
		{name: "another key", text: "bpg: {}", says: "bpg"},
		{name: "no YAML", text: "bgp: [", says: "read configuration"},
		{name: "no AS", text: "bgp: {router-id: 10.0.0.1}", says: "bgp.as"},
		{name: "router id of IPv6", text: "bgp: {as: 1, router-id: '::1'}", says: "bgp.router-id"},
		{name: "neighbour without AS", text: "bgp: {as: 1, router-id: 10.0.0.1, neighbors: {10.0.0.2: {}}}", says: "bgp.neighbors.10.0.0.2: as"},
		{name: "passive", text: "bgp: {as: 1, router-id: 10.0.0.1, neighbors: {10.0.0.2: {as: 2, passive: true, hold: 9s}}}"},
		{name: "passive from an address", text: "bgp: {as: 1, router-id: 10.0.0.1, neighbors: {10.0.0.2: {as: 2, passive: true, local: 10.0.0.1}}}", says: "10.0.0.2: local, port and ttl"},
		{name: "passive to a port", text: "bgp: {as: 1, router-id: 10.0.0.1, neighbors: {10.0.0.2: {as: 2, passive: true, port: 1179}}}", says: "10.0.0.2: local, port and ttl"},
		{name: "passive with a TTL", text: "bgp: {as: 1, router-id: 10.0.0.1, neighbors: {10.0.0.2: {as: 2, passive: true, ttl: 255}}}", says: "10.0.0.2: local, port and ttl"},
		{name: "short hold", text: "bgp: {as: 1, router-id: 10.0.0.1, neighbors: {10.0.0.2: {as: 2, hold: 2s}}}", says: "hold"},
		{name: "family", text: "bgp: {as: 1, router-id: 10.0.0.1, neighbors: {10.0.0.2: {as: 2, families: [vpnv4]}}}", says: "vpnv4"},
		{name: "capability", text: "bgp: {as: 1, router-id: 10.0.0.1, neighbors: {10.0.0.2: {as: 2, capabilities: [add-path]}}}", says: "add-path"},
		{name: "capability without code", text: "bgp: {as: 1, router-id: 10.0.0.1, neighbors: {10.0.0.2: {as: 2, capabilities: [{value: '00'}]}}}", says: "code"},
		{name: "interface", text: "interfaces: {'a;b': [10.0.0.1/24]}", says: "interfaces"},
		{name: "nothing to announce with", text: "announce: [{from: 10.0.0.0/24}]", says: "no bgp"},
		{name: "host bits", text: head + "announce: [{from: 10.0.0.1/24}]", says: "write 10.0.0.0/24"},
		{name: "no routes", text: head + "announce: [{count: 3}]", says: "announce.0: from"},
		{name: "to nobody", text: head + "announce: [{from: 10.0.0.0/24, to: [10.0.0.3]}]", says: "10.0.0.3 is no neighbor"},
		{name: "origin", text: head + "announce: [{from: 10.0.0.0/24, origin: bgp}]", says: "origin"},
		{name: "community", text: head + "announce: [{from: 10.0.0.0/24, communities: ['70000:1']}]", says: "70000:1"},
		{name: "large community", text: head + "announce: [{from: 10.0.0.0/24, large-communities: ['1:2']}]", says: "large-communities"},
		{name: "attribute without type", text: head + "announce: [{from: 10.0.0.0/24, attributes: [{value: '00'}]}]", says: "type"},
		{name: "no hexadecimal digits", text: head + "announce: [{from: 10.0.0.0/24, attributes: [{type: 23, value: xyz}]}]", says: "xyz"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := speaker.Parse([]byte(test.text))
			switch {
			case test.says == "" && err != nil:
				t.Error(err)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Errorf("got %v, want words with %q", err, test.says)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "announce: [{from: 10.0.0.0/24, attributes: [{type: 23, value: '00'}]}]"))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = speaker.Parse(text) })
}
