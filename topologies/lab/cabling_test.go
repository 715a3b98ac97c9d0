package lab_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies/lab"
)

func TestSamePort(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"1:5", "1/5", true},
		{"1:5", "Port 1/5", true},
		{"1:5", "Slot: 1, Port: 5", true},
		{"1:5", "01:05", true},
		{"1:5", "1:15", false},
		{"5", "Port 5", true},
		{"5", "1:5", true}, // a switch that stands alone announces slot 1
		{"1/5", "5", true},
		{"5", "2:5", false},
		{"5", "15", false},
		{"Ethernet5", "ethernet 5", false},
		{"Ethernet1/5", "ethernet1/5", true},
		{"ge-0/0/5", "xe-0/0/5", false},
		{"00:04:96:aa:bb:05", "5", false},
	}
	for _, tt := range tests {
		if got := lab.SamePort(tt.a, tt.b); got != tt.want {
			t.Errorf("%q and %q: %v (%s, %s)", tt.a, tt.b, got, lab.NormalPort(tt.a), lab.NormalPort(tt.b))
		}
		if lab.SamePort(tt.a, tt.b) != lab.SamePort(tt.b, tt.a) {
			t.Errorf("%q and %q: not the same both ways", tt.a, tt.b)
		}
	}
}

func TestCheckCabling(t *testing.T) {
	inv := load(t, "testdata/lab.yaml")
	whole := map[string][]lab.Seen{
		"sw1": {
			{Port: "1", RemoteName: "SW2-Rack4", RemotePort: "1:1", Protocol: "lldp"},
			{Port: "2", RemoteName: "sw2-rack4.lab.example", RemotePort: "Slot: 1, Port: 2", Protocol: "edp"},
			{Port: "25", RemoteName: "sw2", RemotePort: "00:04:96:aa:bb:cc", Protocol: "lldp"},
		},
		"core": {{Port: "Port 1/10", RemoteName: "sw2", RemotePort: "1:10"}},
	}
	if got := lab.CheckCabling(inv, whole); len(got) != 0 {
		t.Errorf("a lab that is cabled as listed: %+v", got)
	}
	wrong := map[string][]lab.Seen{
		"sw1": {
			{Port: "1", RemoteName: "SW2-Rack4", RemotePort: "1:3", Protocol: "lldp"}, // another port
			{Port: "2", RemoteName: "core", RemotePort: "1/2"},                        // another device
			{Port: "7", RemoteName: "sw2", RemotePort: "1/7"},                         // listed nowhere
			{Port: "mgmt", RemoteName: "office-42", RemotePort: "17", Protocol: "lldp"},
		},
		"sw2": {
			{Port: "1:7", RemoteName: "sw1", RemotePort: "7"}, // the same, from the other end
			{Port: "1:1", RemoteName: "sw1", RemotePort: "1"},
		},
	}
	var got []string
	for _, d := range lab.CheckCabling(inv, wrong) {
		got = append(got, string(d.Kind)+": "+d.Text)
	}
	want := []string{
		"differs: sw1:1 is listed to end at sw2:1:1, and sees SW2-Rack4:1:3 (lldp)",
		"differs: sw1:2 is listed to end at sw2:1:2, and sees core:1/2",
		"unconfirmed: cable sw1:25 – sw2:1:25: neither end sees the other",
		"unconfirmed: cable sw2:1:10 – core:1/10: neither end sees the other",
		"unlisted: sw1:7 sees sw2:1:7, and no cable is listed there",
		"unknown: sw1:mgmt sees office-42:17 (lldp), which is no device of the lab",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := lab.CheckCabling(inv, nil); len(got) != len(inv.Cables) || got[0].Text != "cable sw1:1 – sw2:1:1: neither device was asked" {
		t.Errorf("nobody asked: %+v", got)
	}
}

func TestCablesOf(t *testing.T) {
	inv := &lab.Inventory{Cables: []lab.Cable{
		{A: lab.End{Device: "a", Port: "1"}, B: lab.End{Device: "b", Port: "1"}},
		{A: lab.End{Device: "b", Port: "2"}, B: lab.End{Device: "c", Port: "1"}},
		{A: lab.End{Device: "c", Port: "2"}, B: lab.End{Device: "b", Port: "3"}},
	}}
	for device, want := range map[string]int{"a": 1, "b": 3, "c": 2, "d": 0} {
		if got := inv.CablesOf(device); len(got) != want {
			t.Errorf("%s: %v", device, got)
		}
	}
}
