package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/diagram"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

func (a *app) topologyVerb() *cobra.Command {
	c := &cobra.Command{
		Use:   "topology",
		Short: "Draw a topology, or deploy it by hand",
		Long: `Work with a containerlab file (*.clab.yml) by itself, or with the topology of a
scenario.`,
	}
	var output string
	var without bool
	graph := &cobra.Command{
		Use: "graph FILE", Short: "Draw the topology as SVG", Args: cobra.ExactArgs(1),
		Example: "  reprise topology graph lab.clab.yml -o lab.svg",
		RunE:    func(_ *cobra.Command, args []string) error { return a.graph(args[0], output, without) },
	}
	graph.Flags().StringVarP(&output, "output", "o", "", "file to write (default: standard output)")
	var ttl time.Duration
	var where cli.LabFlags
	up := &cobra.Command{
		Use: "up FILE", Short: "Build the lab and leave it up; no switch software is started", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.up(c.Context(), args[0], ttl, where.Provider, without)
		},
	}
	up.Flags().DurationVar(&ttl, "ttl", 24*time.Hour, "gc may remove the lab after this time")
	where.RegisterProvider(up.Flags())
	down := &cobra.Command{
		Use: "down FILE", Short: "Take the lab down", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.down(c.Context(), args[0], without) },
	}
	for _, verb := range []*cobra.Command{graph, up, down} {
		verb.Flags().BoolVar(&without, "without-external-links", false, "leave out, with a warning each, links that leave the lab and start-up configurations by URL")
	}
	c.AddCommand(a.Trusting(graph), a.Trusting(up), a.Trusting(down))
	return c
}

// topology reads a containerlab file, or the topology of a scenario. What was loaded decides
// what a foreign one may have.
func (a *app) topology(file string, without bool) (*scenarios.Loaded, topologies.Topology, error) {
	if !scenarios.IsTopology(file) {
		if without {
			return nil, topologies.Topology{}, cli.InputError("%s is a scenario, which says it itself: without-external-links: true", file)
		}
		l, err := a.Load(file, nil)
		if err != nil {
			return nil, topologies.Topology{}, err
		}
		t := l.Topology.Clone()
		for i := range t.Nodes {
			if image := l.Scenario.Nodes[t.Nodes[i].Name].Image; image != "" {
				t.Nodes[i].Image = image
			}
		}
		return l, t, nil
	}
	l, err := scenarios.LoadTopology(file, scenarios.Options{Trust: a.Trust, WithoutExternal: without})
	if l == nil {
		return nil, topologies.Topology{}, cli.WithCode(cli.ExitInput, err)
	}
	for _, w := range l.Warnings {
		a.Progress("%s", w)
	}
	return l, l.Topology, err
}

func (a *app) graph(file, output string, without bool) error {
	l, t, err := a.topology(file, without)
	if err == nil {
		err = l.PermitRead()
	}
	if err != nil {
		return err
	}
	var nodes []evidence.NodeInfo
	var links []evidence.LinkInfo
	for _, n := range t.Nodes {
		nodes = append(nodes, evidence.NodeInfo{Name: n.Name, Kind: n.Kind, Image: n.Image, Segment: n.IsSegment()})
	}
	for _, l := range t.Links {
		links = append(links, evidence.LinkInfo{A: l.A.String(), B: l.B.String(), MTU: l.MTU, AliasA: l.A.Alias, AliasB: l.B.Alias})
	}
	svg := diagram.SVG(nodes, links)
	if output == "" {
		_, err := a.Document().Write(svg)
		return err
	}
	return evidence.WriteFile(output, svg)
}

// handRun names the run of a lab that is deployed by hand.
func handRun(t topologies.Topology) string { return "by-hand-" + t.Name }

func (a *app) up(ctx context.Context, file string, ttl time.Duration, by string, without bool) error {
	l, t, err := a.topology(file, without)
	if err == nil {
		err = a.PermitLab(l, t)
	}
	if err != nil {
		return err
	}
	provider, err := cli.OpenNodes(ctx, l, t, by)
	if err != nil {
		return err
	}
	defer provider.Close() //nolint:errcheck // nothing is lost with an idle connection
	if err := provider.Check(ctx, t); err != nil {
		return err
	}
	a.Progress("building %s and %s", cli.Plural(len(t.Nodes), "node"), cli.Plural(len(t.Links), "link"))
	res, err := provider.Reserve(ctx, t, topologies.Options{Run: handRun(t), Lab: 1, TTL: ttl, Keep: true})
	if err != nil {
		return fmt.Errorf("build lab: %w", err)
	}
	enter := map[string]string{}
	for _, n := range t.Names() {
		if e, ok := topologies.As[topologies.Enterer](res); ok {
			enter[n] = strings.Join(e.Enter(n), " ")
		}
	}
	if done, err := a.Emit(enter); done {
		return err
	}
	for _, n := range t.Names() {
		a.Say("%-12s %s", n, enter[n])
	}
	a.Say("take it down with: reprise topology down %s", file)
	return nil
}

func (a *app) down(ctx context.Context, file string, without bool) error {
	l, t, err := a.topology(file, without)
	if err == nil {
		err = l.PermitRead() // it may be part of the lab's name
	}
	if err != nil {
		return err
	}
	return a.gc(ctx, handRun(t))
}
