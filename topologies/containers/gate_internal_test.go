package containers

import (
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// What leaves a machine within a container is dropped where it enters the container.
func TestGate(t *testing.T) {
	end := func(node, iface string) topologies.Endpoint {
		return topologies.Endpoint{Node: node, Interface: iface}
	}
	top := topologies.Topology{Links: []topologies.Link{
		{A: end("m", "eth3"), B: end("r", "eth1")}, {A: end("r", "eth2"), B: end("s", "eth1")}, {A: end("n", "eth1"), B: end("m", "eth2")},
	}}
	l := &lab{topology: top, nodes: map[string]*node{}}
	for i, name := range []string{"m", "n", "r", "s"} {
		l.nodes[name] = &node{pid: i + 1, laid: map[string]int{}}
		if name == "m" || name == "n" {
			l.nodes[name].machine = &machine{}
		}
	}
	for _, tt := range []struct {
		at    topologies.Endpoint
		pid   int
		iface string
	}{
		{end("r", "eth1"), 1, "tap3"},
		{end("m", "eth3"), 1, "eth3"},
		{end("r", "eth2"), 3, "eth2"},
		{end("s", "eth1"), 4, "eth1"},
		{end("n", "eth1"), 1, "tap2"},
		{end("m", "eth2"), 2, "tap1"},
	} {
		if p := l.gate(tt.at); p.PID != tt.pid || p.Interface != tt.iface {
			t.Errorf("frames for %s are dropped at %s of %d, want %s of %d", tt.at, p.Interface, p.PID, tt.iface, tt.pid)
		}
	}
}
