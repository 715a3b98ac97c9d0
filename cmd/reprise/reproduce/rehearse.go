package reproduce

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
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
func (a *app) rehearse(ctx context.Context, p *plan.Plan, f *runFlags) (err error) {
	where := f.lab
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
	b, err := a.OpenTestbed(ctx, f.dir, where, p)
	if err != nil {
		return err
	}
	if kind := trial.KindIn(b.Provider, p.Topology); kind != topologies.KindSimulator {
		return errors.Join(cli.InputError("--rehearse is for simulators, and %s may give devices of kind %s", where.File, kind), b.Provider.Close())
	}
	a.Progress("%s: rehearsal on simulators; it proves nothing about the problem", cli.Heading(p))
	dir, complaints, err := experiment.Rehearse(ctx, &b.Bench, p)
	if err = b.Over(ctx, err); err != nil {
		return err
	}
	return a.printRehearsal(p, dir, complaints)
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

func (a *app) printRehearsal(p *plan.Plan, dir evidence.Dir, complaints []string) error {
	out := Rehearsal{Scenario: p.Loaded.Scenario.ID, Dir: dir.Path, Complaints: complaints}
	out.Runs = len(out.Complaints) == 0
	if !out.Runs {
		out.Exit = cli.ExitNo
	}
	if done, err := a.Emit(out); done {
		return errors.Join(err, cli.Answer(out.Exit))
	}
	for _, c := range out.Complaints {
		a.Say("  %s", c)
	}
	if out.Runs {
		a.Say("REHEARSED: every line was taken, every condition has a value, and every switch got its configuration back.")
		a.Say("The switches were simulators without a data plane: whether the problem is there, only a VM or hardware can show.")
	} else {
		a.Say("NOT REHEARSED: %s", cli.Plural(len(out.Complaints), "complaint"))
	}
	a.Say("evidence: %s", dir.Path)
	return cli.Answer(out.Exit)
}
