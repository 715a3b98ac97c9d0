package reproduce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// Rehearsal is what going through a scenario on simulators came to.
type Rehearsal struct {
	Scenario   string   `json:"scenario"`
	Dir        string   `json:"dir"`
	Runs       bool     `json:"runs"` // every line was taken and every condition decided
	Complaints []string `json:"complaints,omitempty"`
	Exit       int      `json:"exit"`
}

// rehearse goes once through a scenario on simulated switches: leases, identity, way back,
// configuration, conditions, restoring are those of real ones. With --lab the devices of
// that inventory are used, if they are simulators.
func rehearse(ctx context.Context, o *runOptions, p *plan.Plan) (err error) {
	where := o.lab
	where.Kinds = []topologies.Kind{topologies.KindSimulator}
	if where.File == "" {
		dir, err := scratch.Make("sim")
		if err != nil {
			return fmt.Errorf("make folder of the simulators: %w", err)
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary folder does no harm
		platforms := map[string]string{}
		for _, n := range p.Nodes {
			platforms[n.Name] = n.Platform
		}
		nodes, cables, err := cli.SimsFor(p.Topology, platforms)
		if err != nil {
			return err
		}
		sims, err := cli.StartSims(dir, nodes, cables, 100*time.Millisecond, nil)
		defer func() { _ = sims.Close() }() // they end with the process anyway
		if err != nil {
			return err
		}
		where.File = filepath.Join(dir, "lab.yaml")
		p = unlabelled(p)
	}
	b, err := o.OpenTestbed(ctx, o.dir, where, p)
	if err != nil {
		return err
	}
	if kind := trial.KindIn(b.Provider, p.Topology); kind != topologies.KindSimulator {
		return errors.Join(cli.InputError("--rehearse is for simulators, and %s may give devices of kind %s", where.File, kind), b.Provider.Close())
	}
	o.Progress("%s: rehearsal on simulators; it proves nothing about the problem", cli.Heading(p))
	dir, complaints, err := experiment.Rehearse(ctx, &b.Bench, p)
	if err = b.Over(ctx, err); err != nil {
		return err
	}
	out := rehearsalOf(p.Loaded.Scenario.ID, dir.Path, complaints)
	err = o.Show(out, func(w io.Writer) { printRehearsal(w, out) })
	return errors.Join(err, cli.Answer(out.Exit))
}

// unlabelled is the plan without what its nodes ask of a device: our simulators are of one
// model, and a rehearsal is about the scenario's lines.
func unlabelled(p *plan.Plan) *plan.Plan {
	q := *p
	q.Topology = p.Topology.Clone()
	for i := range q.Topology.Nodes {
		n := &q.Topology.Nodes[i]
		n.Type = ""
		maps.DeleteFunc(n.Labels, func(key, _ string) bool { return strings.HasPrefix(key, "reprise.") })
	}
	return &q
}

// rehearsalOf is what the complaints come to.
func rehearsalOf(scenario, dir string, complaints []string) Rehearsal {
	out := Rehearsal{Scenario: scenario, Dir: dir, Complaints: complaints, Runs: len(complaints) == 0}
	if !out.Runs {
		out.Exit = cli.ExitNo
	}
	return out
}

// printRehearsal writes what a rehearsal came to, for people.
func printRehearsal(w io.Writer, out Rehearsal) {
	for _, c := range out.Complaints {
		cli.Line(w, "  %s", c)
	}
	if out.Runs {
		cli.Line(w, "REHEARSED: every line was taken, every condition has a value, and every switch got its configuration back.")
		cli.Line(w, "The switches were simulators without a data plane: whether the problem is there, only a VM or hardware can show.")
	} else {
		cli.Line(w, "NOT REHEARSED: %s", cli.Plural(len(out.Complaints), "complaint"))
	}
	cli.Line(w, "evidence: %s", out.Dir)
}
