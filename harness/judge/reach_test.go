package judge_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// A ping counts what came back, and is an error where nothing was sent.
func TestReadPing(t *testing.T) {
	const end = "\n--- 10.0.0.2 ping statistics ---\n"
	for _, tt := range []struct {
		name, to, out string
		want          int
		why           string
	}{
		{"answered", "10.0.0.2", "64 bytes from 10.0.0.2: seq=0\n64 bytes from 10.0.0.2: seq=1\n" + end + "2 packets transmitted, 2 received\n", 2, ""},
		{"twice, as iputils says it", "10.0.0.2", "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.1 ms\n64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.2 ms (DUP!)\n" +
			"64 bytes from 10.0.0.2: icmp_seq=3 ttl=64 time=0.1 ms\n64 bytes from 10.0.0.2: icmp_seq=3 ttl=64 time=0.2 ms (DUP!)\n" + end + "3 packets transmitted, 2 received, +2 duplicates, 33.3333% packet loss\n", 2, ""},
		{"twice, and nothing says so", "10.0.0.2", "64 bytes from 10.0.0.2: seq=0 ttl=64\n64 bytes from 10.0.0.2: seq=0 ttl=64\n" + end + "1 packets transmitted, 1 received\n", 1, ""},
		{"twice, without a number", "10.0.0.2", "64 bytes from 10.0.0.2\n64 bytes from 10.0.0.2 (DUP!)\n" + end + "1 packets transmitted, 1 received\n", 1, ""},
		{"with a wrong checksum", "10.0.0.2", "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 (BAD CHECKSUM)\n" + end + "1 packets transmitted, 0 received\n", 0, ""},
		{"lost", "10.0.0.2", end + "1 packets transmitted, 0 received\n", 0, ""},
		{"nothing was sent", "10.0.0.2", end + "0 packets transmitted, 0 received\n", 0, "could not be sent"},
		{"not even a word", "10.0.0.2", "", 0, "could not be sent, and nobody said why"},
		{"no way to it, and none was counted", "10.0.0.2", "ping: connect: Network is unreachable\n", 0, ""},
		{"no way to it, as the kernel says", "10.0.0.2", "ping: sendto: No route to host\n" + end + "1 packets transmitted, 0 received\n", 0, ""},
		{"a packet that was not taken", "10.0.0.2", "ping: sendmsg: Operation not permitted\n" + end + "1 packets transmitted, 0 received\n", 0, "Operation not permitted"},
		{"a packet that was not taken after some that were", "10.0.0.2", "64 bytes from 10.0.0.2\nping: sendmsg: Operation not permitted\n" + end + "2 packets transmitted, 1 received\n", 0, "Operation not permitted"},
		{"too long", "10.0.0.2", "ping: local error: message too long, mtu=68\n" + end + "1 packets transmitted, 0 received\n", 0, "message too long"},
		{"too long at first", "10.0.0.2", "ping: local error: message too long, mtu=68\n64 bytes from 10.0.0.2\n" + end + "2 packets transmitted, 1 received\n", 1, ""},
		{"of inetutils, no way", "10.0.0.2", "ping: sending packet: Network is unreachable\n" + end + "1 packets transmitted, 0 received\n", 0, ""},
		{"an address of one link that answered", "fe80::1", "64 bytes from fe80::1\n" + end + "1 packets transmitted, 1 received\n", 1, ""},
		{"an address of one link", "fe80::1", end + "1 packets transmitted, 0 received\n", 0, "fe80::1 is an address of one link"},
		{"an address of one link, with it", "fe80::1%eth1", end + "1 packets transmitted, 0 received\n", 0, ""},
	} {
		n, err := judge.ReadPing(scenarios.Reach{Ping: tt.to}, tt.out)
		if n != tt.want || (err != nil) != (tt.why != "") || err != nil && !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %d, %v, want %d, …%s…", tt.name, n, err, tt.want, tt.why)
		}
	}
}

// The answers of a recorded ping are counted again, once each; by the rules of before as they were counted then.
func TestPingCounted(t *testing.T) {
	c := check(t, scenarios.Condition{Node: "r1", Reach: &scenarios.Reach{Ping: "10.0.0.2", Count: 3}, Expect: "count < 3"})
	o := evidence.Observation{Probe: "reach", Count: 4, Exit: 1, Text: `64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.1 ms
64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.2 ms (DUP!)
64 bytes from 10.0.0.2: icmp_seq=3 ttl=64 time=0.1 ms
64 bytes from 10.0.0.2: icmp_seq=3 ttl=64 time=0.2 ms (DUP!)

--- 10.0.0.2 ping statistics ---
3 packets transmitted, 2 received, +2 duplicates, 33.3333% packet loss, time 402ms
`}
	for rules, want := range map[evidence.Rules]bool{evidence.RulesV3: false, evidence.RulesV4: false, evidence.CurrentRules: true} {
		if r := judge.Evaluate(&c, rules, o, nil); r.Value != want || r.Err != "" {
			t.Errorf("by rules %s one of three is lost: %v %s", rules, r.Value, r.Err)
		}
	}
}

// check compiles a condition.
func check(t *testing.T, cond scenarios.Condition) plan.Check {
	t.Helper()
	p, err := cond.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return plan.Check{Ref: "symptom[0]", Cond: cond, Predicate: p}
}

// A connection counts where it came about; what was tried and refused is an answer too.
func TestReadTCP(t *testing.T) {
	for _, tt := range []struct {
		name, out string
		count     int
		want      int
		why       string
	}{
		{"both", "reprise: status 0\nreprise: status 0\n", 2, 2, ""},
		{"refused", "connect: Connection refused\nreprise: status 1\n", 1, 0, ""},
		{"no way", "No route to host\nreprise: status 1\n", 1, 0, ""},
		{"timeout's status", "reprise: status 124\n", 1, 0, ""},
		{"busybox's", "Terminated\nreprise: status 143\n", 1, 0, ""},
		{"another status", "reprise: status 125\n", 1, 0, "could not be tried (status 125), and nobody said why"},
		{"the words of an attempt are not those of the next", "Connection refused\nreprise: status 1\nno such tool\nreprise: status 1\n", 2, 0, "(status 1): no such tool"},
		{"one attempt is missing", "reprise: status 0\n", 2, 0, "could not be tried"},
		{"more than were asked for", "reprise: status 0\nreprise: status 0\n", 1, 2, ""},
		{"none could be made", "reprise: no python3\n", 1, 0, "could not be tried: no python3"},
		{"Python says it at the end", "Traceback (most recent call last):\n  File x\nOSError: [Errno 19] No such device\nreprise: status 1\n", 1, 0, "(status 1): OSError: [Errno 19] No such device"},
	} {
		n, err := judge.ReadTCP(tt.out, tt.count)
		if n != tt.want || (err != nil) != (tt.why != "") || err != nil && !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %d, %v, want %d, …%s…", tt.name, n, err, tt.want, tt.why)
		}
	}
}
