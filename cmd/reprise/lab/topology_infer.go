package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/reports/diagram"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// inferOptions are what "topology infer" was asked.
type inferOptions struct {
	*cli.App
	files        []string
	folder       string // of a case
	output, name string
}

// check tells what is wrong with the options.
func (o *inferOptions) check() error {
	switch {
	case len(o.files) == 0 && o.folder == "":
		return cli.InputError("of what? name files, or --case FOLDER")
	case o.name == "" || strings.Trim(o.name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return cli.InputError("--name %q: want small letters, digits and hyphens", o.name)
	}
	return nil
}

func newInfer(a *cli.App, runF func(context.Context, *inferOptions) error) *cobra.Command {
	o := &inferOptions{App: a}
	c := &cobra.Command{
		Use:   "infer [FILE…]",
		Short: "Make a lab of what the devices of a network say",
		Long: `Make the topology of the devices whose files are given: links by LLDP, EDP and CDP, by
neighbours of OSPF, IS-IS and BGP, and by networks that two interfaces are in and nobody else; each says
whether both ends tell of it, one, or the network.
What two files say against each other is listed, and no link; nor are two in one network that tags, VRFs or
shutdown keep apart.

A folder is written: NAME.clab.yml, a configuration for each node, NAME.svg, and UNKNOWN.txt with what could
not be known. Of configurations management, AAA, SNMP, users and certificates are taken
out, and listed; secrets are replaced by others of the same form, the same at both ends, in all files.

Each node says how like the customer's it is: exact (software and version, and its files are whole), near
(software; or one of its files is cut), substitute
(an FRR, or a BIRD where there is none, with its addresses and its neighbours of OSPF and BGP; of what
switches and routes nothing an Open vSwitch with its VLANs and aggregates: what is equal and what is not is
listed), not shown.

Exit status: 0 written; 1 written, and files contradict each other; 4 wrong input.`,
		Example: `  reprise topology infer core1.txt core2.txt access.zip -o campus
  reprise topology infer --case cases/acme --name acme`,
		RunE: func(c *cobra.Command, args []string) error {
			o.files = args
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runInfer)(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.folder, "case", "", "folder of a case: the files that it keeps")
	c.Flags().StringVarP(&o.output, "output", "o", "", "folder to write, which is new or empty (default: the name)")
	c.Flags().StringVar(&o.name, "name", "inferred", "name of the lab")
	_ = c.MarkFlagDirname("case") // the flag is there
	return c
}

// inferredLab is what "topology infer" prints with --json.
type inferredLab struct {
	Output string `json:"output"`
	infer.Network
}

func runInfer(_ context.Context, o *inferOptions) error {
	files := o.files
	if o.folder != "" {
		f, err := cli.OpenCase(o.folder)
		if err != nil {
			return err
		}
		for _, l := range f.Case.Logs {
			files = append(files, f.Abs(l.File))
		}
	}
	out := o.output
	if out == "" {
		out = o.name
	}
	if list, err := os.ReadDir(out); err == nil && len(list) > 0 {
		return cli.InputError("%s is not empty: give another folder with -o", out)
	}
	n, _, err := cli.Network(files)
	if err != nil {
		return err
	}
	clean, err := cli.Secretless(n)
	if err != nil {
		return err
	}
	lab, err := n.Files(o.name, clean)
	if err != nil {
		return cli.AsInputError(err)
	}
	lab = append(lab, infer.File{Name: o.name + ".svg", Data: clean(o.name+".svg", drawn(n))})
	shown, err := redacted(n, clean)
	if err != nil {
		return err
	}
	err = cli.WholeFolder(out, func(part string) error {
		// Its configurations are those of somebody else's devices.
		if err := origin.Write(part, infer.Digest(lab)); err != nil {
			return err
		}
		for _, f := range lab {
			if err := evidence.WriteFile(filepath.Join(part, f.Name), f.Data); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := o.Show(inferredLab{out, shown}, func(w io.Writer) { printNetwork(w, shown, out, o.name) }); err != nil {
		return err
	}
	if len(n.Contradictions) > 0 {
		return cli.Answer(cli.ExitNo)
	}
	return nil
}

// redacted is a network as it may be shown.
func redacted(n infer.Network, clean func(file string, text []byte) []byte) (shown infer.Network, err error) {
	data, err := json.Marshal(n)
	if err != nil {
		return shown, fmt.Errorf("write the network: %w", err)
	}
	if err := json.Unmarshal(clean("network.json", data), &shown); err != nil {
		return shown, fmt.Errorf("read the network without its secrets: %w", err)
	}
	return shown, nil
}

func drawn(n infer.Network) []byte {
	var nodes []evidence.NodeInfo
	var links []evidence.LinkInfo
	for _, node := range n.Nodes {
		nodes = append(nodes, evidence.NodeInfo{Name: node.Name, Image: strings.Join(cli.Present(node.Platform, node.Version), " ")})
	}
	for _, l := range n.Links {
		links = append(links, evidence.LinkInfo{A: l.A.String(), B: l.B.String()})
	}
	return diagram.SVG(nodes, links)
}

// printNetwork writes a network for people.
func printNetwork(w io.Writer, n infer.Network, out, name string) {
	for _, node := range n.Nodes {
		cli.Tell(w, "%-16s %-10s %s", node.Name, node.Likeness, strings.Join(cli.Present(node.Platform, node.Version, node.Model), " "))
		for _, d := range node.Differs {
			cli.Tell(w, "  not equal: %s", d)
		}
		if len(node.TakenOut) > 0 {
			cli.Tell(w, "  %s taken out of its configuration", cli.Plural(len(node.TakenOut), "piece"))
		}
	}
	for _, l := range n.Links {
		cli.Tell(w, "%s -- %s: %s, by %s", l.A, l.B, l.Sides, strings.Join(l.By, ", "))
	}
	for _, l := range n.LAGs {
		cli.Tell(w, "%s: %s is %s together", l.Node, l.Name, strings.Join(l.Members, ", "))
	}
	for _, p := range n.Pairs {
		cli.Tell(w, "%s: %s with %s", p.Node, p.Kind, strings.Join(cli.Present(p.Other, p.Peer), ", "))
	}
	for _, c := range n.Contradictions {
		cli.Tell(w, "contradiction: %s", c)
	}
	for _, u := range n.Unknown {
		cli.Tell(w, "not known: %s", u)
	}
	cli.Line(w, "written: %s", filepath.Join(out, name+".clab.yml"))
}
