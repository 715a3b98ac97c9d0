package cabling

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/traffic"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// site has nodes whose processes are numbered in their order, from 1, as every wirer has it.
type site []string

func (s site) Network(node string) (wiring.Wirer, int)                  { return nil, slices.Index(s, node) + 1 }
func (s site) Dropper(node string) (wiring.Wirer, int)                  { return s.Network(node) }
func (site) Host(string) (topologies.Host, error)                       { return nil, nil }
func (site) Tap(context.Context, string, capture.Tap) (*os.File, error) { return nil, nil }

func (site) Socket(context.Context, string, traffic.Socket) (*os.File, error) { return nil, nil }

func (site) Within(node string) bool { return node == "m" || node == "n" }

func (site) Gate(iface string) string                               { return "tap" + strings.TrimPrefix(iface, "eth") }
func (site) Boot(context.Context, string) error                     { return nil }
func (site) Carry(context.Context, topologies.Endpoint, bool) error { return nil }

// What leaves a machine within a node is dropped where it enters the node, and nowhere else; what
// does not is dropped where it arrives, or at the far end.
func TestGate(t *testing.T) {
	end := func(node, iface string) topologies.Endpoint {
		return topologies.Endpoint{Node: node, Interface: iface}
	}
	top := topologies.Topology{Links: []topologies.Link{
		{A: end("m", "eth3"), B: end("r", "eth1")}, {A: end("r", "eth2"), B: end("s", "eth1")}, {A: end("n", "eth1"), B: end("m", "eth2")},
	}}
	nodes := site{"m", "n", "r", "s"}
	for _, name := range nodes {
		top.Nodes = append(top.Nodes, topologies.Node{Name: name})
	}
	c, err := New(Config{Topology: top, Site: nodes, Machines: nodes})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		at    topologies.Endpoint
		pid   int
		iface string
		far   string
	}{
		{end("r", "eth1"), 1, "tap3", ""},
		{end("m", "eth3"), 1, "eth3", "eth1"},
		{end("r", "eth2"), 3, "eth2", "eth1"},
		{end("s", "eth1"), 4, "eth1", "eth2"},
		{end("n", "eth1"), 1, "tap2", ""},
		{end("m", "eth2"), 2, "tap1", ""},
	} {
		if _, p, far := c.gate(tt.at); p.PID != tt.pid || p.Interface != tt.iface || far.Interface != tt.far {
			t.Errorf("frames for %s are dropped at %s of %d or %q, want %s of %d or %q", tt.at, p.Interface, p.PID, far.Interface, tt.iface, tt.pid, tt.far)
		}
	}
}
