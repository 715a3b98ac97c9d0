package labs_test

import (
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// TestDiscreet: an address of a device is taken out wherever it is told, also one that its name led to, and nothing else is; the
// owner is told once what was said.
func TestDiscreet(t *testing.T) {
	t.Parallel()
	var said []string
	d := &labs.Discreet{Say: func(line string) { said = append(said, line) }}
	const refused = "a: open session: node unreachable: dial tcp 10.1.1.1:22: connect: connection refused"
	if got := d.Hide(refused); got != refused || len(said) > 0 {
		t.Errorf("without devices: %q", got)
	}
	d.Know(&lab.Inventory{Devices: []lab.Device{
		{Name: "a", Access: topologies.Access{Address: "10.1.1.1:22"}, Console: &topologies.Access{Address: "[2001:db8::7]:7001"}},
		{Name: "b", Access: topologies.Access{Address: "sw1.rack.example:23"}},
		{Name: "b2", Access: topologies.Access{Address: "[2001:db8::8]:23"}, Console: &topologies.Access{Address: "10.1.1.1:22"}},
		{Name: "c", Access: topologies.Access{Address: "up:22"}},
	}})
	for in, want := range map[string]string{
		refused: "a: open session: node unreachable: dial tcp (the address of a): connect: connection refused",
		"read tcp 10.9.9.9:41234->10.1.1.1:22: read: connection reset by peer": "read tcp (the address of a): read: connection reset by peer",
		"read tcp 10.9.9.9:41234->10.8.8.8:22: i/o timeout":                    "read tcp (an address): i/o timeout",
		"dial tcp [2001:db8::7]:7001: connect: no route to host":               "dial tcp (the console of a): connect: no route to host",
		"dial tcp: lookup sw1.rack.example on 10.0.0.53:53: no such host":      "dial tcp: lookup (the address of b): no such host",
		"dial tcp: lookup up: no such host":                                    "dial tcp: lookup (the address of c): no such host",
		"dial tcp: lookup other.example on 10.0.0.53:53: no such host":         "dial tcp: lookup other.example: no such host",
		"dial tcp 192.0.2.8:23: i/o timeout":                                   "dial tcp (an address): i/o timeout",
		"the ssh host key of 10.1.1.1:22 is not known":                         "the ssh host key of (the address of a) is not known",
		"it is 10.1.1.1.": "it is (the address of a).",
		"eth1 is up: 10.1.1.10 and 110.1.1.1 and 10.1.1.1.in-addr.arpa are there": "eth1 is up: 10.1.1.10 and 110.1.1.1 and 10.1.1.1.in-addr.arpa are there",
		"r1 cannot reach 192.0.2.8": "r1 cannot reach 192.0.2.8",
	} {
		if got := d.Hide(in); got != want {
			t.Errorf("%q becomes\n%q, want\n%q", in, got, want)
		}
	}
	before := len(said)
	d.Hide(refused)
	d.Hide(refused)
	if len(said) != before+1 || said[before] != refused {
		t.Errorf("the owner is told %q", said[before:])
	}
}
