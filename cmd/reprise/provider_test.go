package main

import (
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// Without a word on it, labs of this project's images are made without an engine, and those of
// others' in it, where both can be.
func TestProviderByItself(t *testing.T) {
	needLab(t)
	if !haveSpaces(t) {
		t.Skip("the kernel allows no labs of namespaces") //nolint:forbidigo // its settings decide
	}
	own, others := recipe.SuiteRef("trixie"), "vendor/switch:1"
	for _, tt := range []struct {
		name, asked, env string
		images           []string
		want             string
	}{
		{name: "own images", images: []string{own, own}, want: cli.ProviderNamespaces},
		{name: "one of somebody else", images: []string{own, others}, want: cli.ProviderContainers},
		{name: "an own one that is not there", images: []string{own, recipe.Repository + "frr:0.1"}, want: cli.ProviderContainers},
		{name: "asked for", asked: cli.ProviderContainers, env: cli.ProviderNamespaces, images: []string{own}, want: cli.ProviderContainers},
		{name: "asked for by the environment", env: cli.ProviderContainers, images: []string{own}, want: cli.ProviderContainers},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(cli.EnvProvider, tt.env)
			top := topologies.Topology{Name: "x"}
			for _, image := range tt.images {
				top.Nodes = append(top.Nodes, topologies.Node{Name: "n" + string(rune('1'+len(top.Nodes))), Kind: topologies.KindLinux, Image: image})
			}
			p, err := cli.OpenNodes(t.Context(), &scenarios.Loaded{}, top, tt.asked)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close() //nolint:errcheck // it holds nothing
			if p.Name() != tt.want {
				t.Errorf("labs of %v are made of %s, want %s", tt.images, p.Name(), tt.want)
			}
		})
	}
}
