package isolate

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// readKept reads the scenario or the topology of a lab that is up, and names its run.
func (o *faultTryOptions) readKept() (l *scenarios.Loaded, run, name string, err error) {
	if !scenarios.IsTopology(o.scenario) {
		l, err = o.Load(o.scenario, nil)
		if err != nil {
			return nil, "", "", err
		}
		return l, filepath.Base(o.run), l.Scenario.ID, nil // the folder of a run is its name
	}
	// Links that leave the lab are no matter of this one, built with them or without.
	l, err = scenarios.LoadTopology(o.scenario, scenarios.Options{Trust: o.Trust, WithoutExternal: true})
	if l == nil {
		return nil, "", "", cli.WithCode(cli.ExitInput, err)
	}
	if err != nil {
		return nil, "", "", err
	}
	return l, cmp.Or(o.run, cli.HandRun(l.Topology.Name)), l.Topology.Name, nil
}

// runTryKept tries a fault in a lab that is up.
func runTryKept(ctx context.Context, o *faultTryOptions) error {
	l, run, name, err := o.readKept()
	if err == nil {
		err = l.PermitRead() // it may be part of the lab's name
	}
	if err != nil {
		return err
	}
	text, err := o.triedStep(l)
	if err != nil {
		return err
	}
	step, link, err := l.TriedStep(text, scenarios.Duration(o.last))
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	if step.Fault == scenarios.FaultReplug {
		return cli.InputError("a cable of a lab that is up stays: take the link down instead (fault: down), or try %s without --run", step.Fault)
	}
	dir, err := evidence.CreateDir(o.dir, fileName(name), time.Now())
	if err != nil {
		return cli.AsRecordError(err)
	}
	at := topologies.Endpoint{Node: link.A.Node, Interface: link.A.Interface}
	lab, err := o.Attacher.Attach(ctx, cli.Attachment{
		Provider: o.lab.Provider, Run: run, Number: 1, Topology: around(l.Topology, link), At: at, Dir: dir.Path,
		Down: step.Fault == scenarios.FaultDown || step.Fault == scenarios.FaultFlap,
	})
	if err != nil {
		err = errors.Join(err, os.Remove(dir.Path)) // nothing is in it
	}
	if errors.Is(err, topologies.ErrNoLab) {
		return cli.InputError("run %s has no lab that is kept and found again (reprise run --keep, reprise topology up; as the same user, and of namespaces with the same TMPDIR, here %s): %w", run, os.TempDir(), err)
	}
	if err != nil {
		return err
	}
	if cleaner, ok := topologies.As[topologies.Cleaner](lab); ok {
		if err := cleaner.Clear(ctx, at); err != nil {
			return errors.Join(err, lab.Release(ctx))
		}
	}
	o.Progress("the fault is put in now, into the lab of %s", run)
	out, runErr := experiment.TryKept(ctx, lab, step, link, dir.Path, func(line string) { o.Progress("%s", line) })
	code := cli.OutcomeCode(out.Outcome)
	if _, stuck := errors.AsType[*experiment.NotHealedError](runErr); stuck {
		runErr = errors.Join(runErr, lab.Forsake(context.WithoutCancel(ctx)))
	} else {
		runErr = errors.Join(runErr, lab.Release(context.WithoutCancel(ctx)))
	}
	if ctx.Err() != nil {
		code = cli.ExitInterrupted
	}
	err = o.Show(out, func(w io.Writer) { printTried(w, out) })
	return errors.Join(runErr, err, cli.Answer(code))
}

// around is as much of a lab as a fault on one of its links has to do with.
func around(t topologies.Topology, link topologies.Link) topologies.Topology {
	t = t.Part(func(n topologies.Node) bool { return n.Name == link.A.Node || n.Name == link.B.Node })
	t.Links, t.Standing = []topologies.Link{link}, nil
	return t
}

// fileName makes a name fit for a folder.
func fileName(name string) string {
	return string(slices.DeleteFunc([]rune(name), func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}))
}
