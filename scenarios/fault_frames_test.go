package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

const framesHead = `reprise: v1
id: frames
title: A fault on frames
topology:
  name: frames
  topology: {nodes: {r1: {kind: linux}, r2: {kind: linux}}, links: [{endpoints: ["r1:eth1", "r2:eth1"]}]}
nodes: {r1: {role: dut, platform: plain}, r2: {role: peer, platform: plain}}
stimulus:
  - {link: "r1:eth1", FAULT}
symptom: [{name: s, node: r1, run: show, expect: exit == 0, eventually: 5s}]
`

func loadFrames(t *testing.T, fault string) (*scenarios.Loaded, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(framesHead, "FAULT", fault, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return scenarios.Load(file, scenarios.Options{})
}

// Faults on frames that say what cannot be are refused, where it stands.
func TestFaultsOnFramesRefused(t *testing.T) {
	for fault, want := range map[string]string{
		"fault: drop, match: {proto: ospf, type: ls-updat}":                 `scenario.yaml:9:63: ospf has no message "ls-updat" (did you mean "ls-update"?)`,
		"fault: drop, match: {proto: ospf, type: join}":                     "(one of database-description, hello, ls-ack, ls-request, ls-update)",
		"fault: drop, match: {type: hello}":                                 `"hello" needs to know of which protocol (proto: ospf)`,
		"fault: drop, match: {proto: gre, type: hello}":                     `no messages of protocol "gre" are known by name`,
		"fault: drop, match: {proto: eigrp}":                                `unknown proto "eigrp"`,
		"fault: drop, match: {proto: lacp, ethertype: ip}":                  "no frame can match",
		"fault: drop, match: {proto: lacp, src-port: 3}":                    "no frame can match",
		"fault: drop, match: {proto: isis, src-ip: 10.0.0.1}":               "no frame can match",
		"fault: drop, match: {proto: stp, dst-ip: 10.0.0.1}":                "no frame can match",
		"fault: drop, match: {proto: arp, src-ip: 10.0.0.1}":                "no frame can match",
		"fault: drop, match: {proto: lacp, dst-ip: 'fd00::/8'}":             "no frame can match",
		"fault: drop, match: {ethertype: lldp, src-ip: 10.0.0.0/8}":         "no frame can match",
		"fault: drop, match: {src-ip: 10.0.0.1, dst-ip: 'fd00::1'}":         "src-ip 10.0.0.1 is of IPv4 and dst-ip fd00::1 of IPv6: no frame can match",
		"fault: drop, match: {proto: icmp6, dst-ip: 10.0.0.0/8}":            "no frame can match",
		"fault: drop, match: {proto: igmp, type: query, src-ip: 'fe80::1'}": "no frame can match",
		"fault: drop, match: {ethertype: ip6, src-ip: 10.0.0.1}":            "no frame can match",
		"fault: drop, filter: tcp and udp":                                  "no frame can match: the parts of the filter exclude each other",
		"fault: drop, match: {proto: ospf, type: ls-update, lsa: extern}":   `there is no LSA "extern" (did you mean "external"?)`,
		"fault: drop, match: {proto: ospf, type: hello, lsa: router}":       "LSAs are in ls-update and ls-ack of ospf alone (proto: ospf, type: ls-update)",
		"fault: drop, match: {lsa: router}":                                 "LSAs are in ls-update and ls-ack of ospf alone",
		"fault: drop, match: {proto: bgp, type: update, attribute: metric}": `there is no path attribute "metric"`,
		"fault: drop, match: {proto: bgp, type: open, attribute: med}":      "path attributes are in update of bgp alone (proto: bgp, type: update)",
		"fault: drop, transmission: second":                                 `again`,
		"fault: down, transmission: first":                                  "transmission has no meaning here",
		"fault: drop, filter: 'tcp prt 179'":                                "column 5 of the filter",
		"fault: drop, nth: 0":                                               "nth of 0 is not possible",
		"fault: drop, count: -1":                                            "count of -1 is not possible",
		"fault: drop, every-nth: 1":                                         "every-nth of 1 is not possible",
		"fault: drop, seed: 3":                                              "nothing of this fault is left to chance",
		"fault: drop, nth: 2, expect: {fired: 2}":                           "it never fires 2 times",
		"fault: drop, nth: 2, expect: {fired: 1}, may-miss: true":           "expect says already how often",
		"fault: drop, expect: {fired: -1}":                                  "a fault never fires -1 times",
		"fault: drop, expect: {}":                                           "expect needs to know how often",
		"fault: drop, delay: 1s":                                            "delay has no meaning here (it belongs to delay)",
		"fault: down, nth: 1":                                               "nth has no meaning here (it belongs to drop and the other faults on frames)",
		"fault: delay":                                                      "delay needs delay (delay: 200ms)",
		"fault: delay, delay: 0s":                                           "a time span is more than zero",
		"fault: delay, delay: 100ms, jitter: 150ms":                         "frames cannot arrive before they were sent",
		"fault: corrupt, xor: 5":                                            "corrupt needs offset",
		"fault: corrupt, offset: 4, xor: 256":                               "xor of 256 is not possible",
		"fault: reorder":                                                    "where every frame is to go after the next, none goes",
		"fault: truncate, size: 5":                                          "size of 5 is not possible",
		"fault: rate":                                                       "rate needs rate",
		"fault: mtu":                                                        "mtu needs size (size: 1300)",
	} {
		if _, err := loadFrames(t, fault); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", fault, err, want)
		}
	}
}

// Faults on frames come to what the file says, with their defaults.
func TestFaultsOnFrames(t *testing.T) {
	for fault, want := range map[string]topologies.FrameFault{
		"fault: drop, match: {proto: ospf, type: LS-Update}, nth: 2, expect: {fired: 1}": {Nth: 2, Count: 1},
		"fault: drop, match: {proto: tcp}, filter: 'tcp port 179', nth: 2, count: 3":     {Filter: "tcp port 179", Nth: 2, Count: 3},
		"fault: drop, every-nth: 3":                                         {Nth: 3, Every: 3},
		"fault: drop, direction: both, nth: 1, expect: {fired: 2}":          {Nth: 1, Count: 1},
		"fault: duplicate, probability: 0.5, seed: 7":                       {Seed: 7},
		"fault: delay, delay: 200ms, jitter: 150ms, reorder: true, seed: 1": {Delay: 200 * time.Millisecond, Jitter: 150 * time.Millisecond, Unorder: true, Seed: 1},
		"fault: corrupt, offset: 0":                                         {XOR: 0xff},
		"fault: reorder, nth: 2":                                            {Nth: 2, Count: 1, After: 1},
		"fault: truncate, size: 60":                                         {Size: 60},
		"fault: rate, rate: 1000000":                                        {Rate: 1000000, Queue: 65536},
		"fault: mtu, size: 1300":                                            {Size: 1300},
		"fault: hold, for: 5s":                                              {},
	} {
		l, err := loadFrames(t, fault)
		if err != nil {
			t.Errorf("%s: %v", fault, err)
			continue
		}
		s, ok := l.Scenario.Stimulus[0].Action().(scenarios.FaultStep)
		if !ok || cmp.Diff(want, s.FrameFault()) != "" {
			t.Errorf("%s: %s", fault, cmp.Diff(want, s.FrameFault()))
		}
	}
}

func TestFaultsOnFramesInWords(t *testing.T) {
	l, err := loadFrames(t, "fault: delay, match: {proto: bgp, type: update}, filter: tcp, nth: 2, count: 3, delay: 1s, jitter: 200ms, seed: 4")
	if err != nil {
		t.Fatal(err)
	}
	const want = `delay proto bgp type update filter "tcp" nth 2 count 3 by 1s jitter 200ms seed 4`
	if got := l.Scenario.Stimulus[0].Action().Words(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What could not be read, or is misspelt, is told once, and nothing that only follows from it.
func TestFaultsToldOnce(t *testing.T) {
	for fault, want := range map[string]string{
		"fault: drop, seed: abc":                   `"abc" stands here, want a whole number`,
		"fault: drop, probability: 0.5, seed: abc": `"abc" stands here, want a whole number`,
		"fault: drop, nth: abc":                    `"abc" stands here, want a whole number`,
		"falt: drop":                               `unknown key "falt" under stimulus[0] (did you mean "fault"?)`,
		"fault: drp":                               `unknown word "drp" (did you mean "drop"?)`,
	} {
		_, err := loadFrames(t, fault)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q alone", fault, err, want)
		}
	}
}
