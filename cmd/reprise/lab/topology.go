package lab

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/diagram"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// fileOptions are what every verb of a topology was asked.
type fileOptions struct {
	*cli.App
	file    string
	without bool // links that leave the lab, and start-up configurations by URL
}

// register adds the flags, and those of who may be somebody else's.
func (o *fileOptions) register(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&o.without, "without-external-links", false, "leave out, with a warning each, links that leave the lab, nodes of kind host, ext-container and k8s-kind, and start-up configurations by URL")
	return o.Trusting(c)
}

// newTopology is the group of the verbs of a topology.
func newTopology(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use:   "topology",
		Short: "Draw a topology, infer it from devices' files, or deploy it by hand",
		Long: `Work with a containerlab file (*.clab.yml) by itself, or with the topology of a
scenario.`,
	}
	c.AddCommand(newGraph(a, nil), newInfer(a, nil), newUp(a, nil), newDown(a, nil))
	return c
}

// graphOptions are what "topology graph" was asked.
type graphOptions struct {
	fileOptions
	output string
}

func newGraph(a *cli.App, runF func(context.Context, *graphOptions) error) *cobra.Command {
	o := &graphOptions{fileOptions: fileOptions{App: a}}
	c := &cobra.Command{
		Use: "graph FILE", Short: "Draw the topology as SVG", Args: cobra.ExactArgs(1),
		Example: "  reprise topology graph lab.clab.yml -o lab.svg",
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			return cli.Run(runF, runGraph)(c.Context(), o)
		},
	}
	c.Flags().StringVarP(&o.output, "output", "o", "", "file to write (default: standard output)")
	return o.register(c)
}

// upOptions are what "topology up" was asked.
type upOptions struct {
	fileOptions
	ttl   time.Duration
	where cli.LabFlags
}

func newUp(a *cli.App, runF func(context.Context, *upOptions) error) *cobra.Command {
	o := &upOptions{fileOptions: fileOptions{App: a}}
	c := &cobra.Command{
		Use: "up FILE", Short: "Build the lab and leave it up; no switch software is started", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.file = args[0]; o.ttl <= 0 {
				return cli.InputError("--ttl %s: want more than nothing, as 24h", o.ttl)
			}
			return cli.Run(runF, runUp)(c.Context(), o)
		},
	}
	c.Flags().DurationVar(&o.ttl, "ttl", 24*time.Hour, "gc may remove the lab after this time")
	o.where.RegisterProvider(c.Flags())
	return o.register(c)
}

// downOptions are what "topology down" was asked.
type downOptions struct{ fileOptions }

func newDown(a *cli.App, runF func(context.Context, *downOptions) error) *cobra.Command {
	o := &downOptions{fileOptions{App: a}}
	c := &cobra.Command{
		Use: "down FILE", Short: "Take the lab down", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			return cli.Run(runF, runDown)(c.Context(), o)
		},
	}
	return o.register(c)
}

// read reads a containerlab file, or the topology of a scenario. What was loaded decides
// what a foreign one may have.
func (o *fileOptions) read() (*scenarios.Loaded, topologies.Topology, error) {
	if !scenarios.IsTopology(o.file) {
		if o.without {
			return nil, topologies.Topology{}, cli.InputError("%s is a scenario, which says it itself: without-external-links: true", o.file)
		}
		l, err := o.Load(o.file, nil)
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
	l, err := scenarios.LoadTopology(o.file, scenarios.Options{Trust: o.Trust, WithoutExternal: o.without})
	if l == nil {
		return nil, topologies.Topology{}, cli.WithCode(cli.ExitInput, err)
	}
	for _, w := range l.Warnings {
		o.Progress("%s", w)
	}
	return l, l.Topology, err
}

func runGraph(_ context.Context, o *graphOptions) error {
	l, t, err := o.read()
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
	out := graphed{Nodes: nodes, Links: links, File: o.output}
	svg := diagram.SVG(nodes, links)
	switch {
	case o.output != "":
		if err := evidence.WriteFile(o.output, svg); err != nil {
			return err
		}
	case !o.JSON:
		_, err := o.Document().Write(svg)
		return err
	default:
		out.SVG = string(svg)
	}
	return o.Show(out, func(io.Writer) {})
}

// graphed is what "topology graph" prints with --json.
type graphed struct {
	Nodes []evidence.NodeInfo `json:"nodes"`
	Links []evidence.LinkInfo `json:"links"`
	File  string              `json:"file,omitempty"` // that was written
	SVG   string              `json:"svg,omitempty"`  // where none was
}

func runUp(ctx context.Context, o *upOptions) error {
	l, t, err := o.read()
	if err == nil {
		err = o.PermitLab(l, t)
	}
	if err != nil {
		return err
	}
	provider, err := labs.OpenNodes(ctx, l, o.where.Provider, t)
	if err != nil {
		return err
	}
	defer provider.Close() //nolint:errcheck // nothing is lost with an idle connection
	o.SayEngine(l, provider)
	if err := provider.Check(ctx, t); err != nil {
		return err
	}
	options := topologies.Options{Run: cli.HandRun(t.Name), Lab: 1, TTL: o.ttl, Keep: true, Source: cli.SourceOf(l, o.file)}
	if err := notUp(ctx, provider, t.Name, options); err != nil {
		return err
	}
	o.SayLimits(provider, t, 1)
	for _, f := range t.Standing {
		o.Progress("warning: nothing stands on the links of a lab that is built by hand, and this is left out: %s", f.Standing())
	}
	if keys := unused(t); keys != "" {
		o.Progress("warning: topology up starts no switch software, and leaves this undone: %s; a scenario with this topology does it (reprise scenario new), and reprise run SCENARIO --keep leaves its lab up", keys)
	}
	o.Progress("building %s and %s", cli.Plural(len(t.Nodes), "node"), cli.Plural(len(t.Links), "link"))
	res, err := provider.Reserve(ctx, t, options)
	if err != nil {
		return err
	}
	if w, ok := topologies.As[topologies.Warner](res); ok {
		for _, line := range w.Warnings() {
			o.Progress("%s", line)
		}
	}
	enter := map[string]string{}
	for _, n := range t.Names() {
		if e, ok := topologies.As[topologies.Enterer](res); ok {
			enter[n] = cli.ShellLine(e.Enter(n))
		}
	}
	return o.Show(enter, func(w io.Writer) { printUp(w, t.Names(), enter, o.file) })
}

// unused names what of a topology's nodes is for runs alone.
func unused(t topologies.Topology) string {
	var exec, config []string
	for _, n := range t.Nodes {
		if len(n.Exec) > 0 {
			exec = append(exec, n.Name)
		}
		if n.StartupConfig != "" && !n.IsSegment() {
			config = append(config, n.Name)
		}
	}
	var keys []string
	for _, key := range []struct {
		name  string
		nodes []string
	}{{"exec", exec}, {"startup-config", config}} {
		if len(key.nodes) > 0 {
			keys = append(keys, key.name+" of "+strings.Join(key.nodes, ", "))
		}
	}
	return strings.Join(keys, "; ")
}

// notUp is an error where a provider has built a lab of this name already, and says how to take that down.
func notUp(ctx context.Context, p topologies.Provider, name string, o topologies.Options) error {
	t, ok := topologies.As[topologies.SourceTeller](p)
	if !ok {
		return nil
	}
	sources, err := t.Sources(ctx, o.Run)
	switch {
	case err != nil || len(sources) == 0:
		return err
	case sources[0] == "":
		err = fmt.Errorf("a lab named %s is up: take it down first (reprise gc --run %s)", name, o.Run)
	default:
		err = fmt.Errorf("a lab named %s is up, built of %s: take it down first (%s)", name, sources[0], cli.ShellLine([]string{"reprise", "topology", "down", sources[0]}))
	}
	return cli.WithCode(cli.ExitRefused, err)
}

// printUp writes how to enter each node, and how to take the lab down.
func printUp(w io.Writer, nodes []string, enter map[string]string, file string) {
	for _, n := range nodes {
		cli.Line(w, "%-12s %s", n, enter[n])
	}
	cli.Line(w, "try a fault in it with: reprise fault try %s '{link: …, fault: drop}'", file)
	cli.Line(w, "take it down with: reprise topology down %s", file)
}

func runDown(ctx context.Context, o *downOptions) error {
	l, t, err := o.read()
	if err == nil {
		err = l.PermitRead() // it may be part of the lab's name
	}
	if err != nil {
		return err
	}
	run := cli.HandRun(t.Name)
	if err := labs.OfSource(ctx, run, cli.SourceOf(l, o.file)); err != nil {
		return err
	}
	return collectGarbage(ctx, o.App, run)
}
