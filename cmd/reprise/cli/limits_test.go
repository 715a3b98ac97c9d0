package cli_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies"
)

// named is a provider that has a name and nothing else.
type named struct {
	topologies.Provider
	name string
}

func (n named) Name() string { return n.name }

// A lab that is larger than the machine is told of before it is built.
func TestSayLimits(t *testing.T) {
	t.Parallel()
	var star topologies.Topology // with more neighbours than any table has
	star.Nodes = append(star.Nodes, topologies.Node{Name: "lan", Kind: topologies.KindBridge})
	for i := range 50_000 {
		name := fmt.Sprint(i)
		star.Nodes = append(star.Nodes, topologies.Node{Name: name, Kind: topologies.KindLinux})
		star.Links = append(star.Links, topologies.Link{A: topologies.Endpoint{Node: name, Interface: "eth1"}, B: topologies.Endpoint{Node: "lan", Interface: name}})
	}
	for _, tt := range []struct {
		provider string
		top      topologies.Topology
		want     bool
	}{
		{cli.ProviderContainers, star, true},
		{cli.ProviderNamespaces, star, true},
		{"vm", star, false},
		{cli.ProviderNamespaces, topologies.Topology{Nodes: star.Nodes[:2], Links: star.Links[:1]}, false},
	} {
		var said bytes.Buffer
		a := &cli.App{Err: &said}
		a.SayLimits(named{name: tt.provider}, tt.top, 2)
		if got := strings.Contains(said.String(), "warning: limit: IPv4 neighbours"); got != tt.want {
			t.Errorf("%s, %d nodes: %s", tt.provider, len(tt.top.Nodes), said.String())
		}
	}
}
