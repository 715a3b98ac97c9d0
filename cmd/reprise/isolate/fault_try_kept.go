package isolate

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
	if o.run != "" {
		return l, filepath.Base(o.run), l.Topology.Name, nil
	}
	return l, cli.HandRun(l.Topology.Name), l.Topology.Name, nil
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
	number, there, err := o.whichLab(ctx, run)
	if err != nil {
		return err
	}
	dir, err := evidence.CreateDir(o.dir, fileName(name), time.Now())
	if err != nil {
		return cli.AsRecordError(err)
	}
	at := topologies.Endpoint{Node: link.A.Node, Interface: link.A.Interface}
	lab, err := o.Attacher.Attach(ctx, cli.Attachment{
		Provider: o.lab.Provider, Run: run, Source: cli.SourceOf(l, o.scenario), Number: number, Topology: around(l.Topology, link), At: at, Dir: dir.Path,
		Down: step.Fault == scenarios.FaultDown || step.Fault == scenarios.FaultFlap, Replug: step.Fault == scenarios.FaultReplug,
	})
	if err != nil {
		err = errors.Join(err, os.Remove(dir.Path)) // nothing is in it
	}
	if errors.Is(err, topologies.ErrNoLab) {
		if len(there) > 0 {
			return cli.InputError("run %s has no lab %d that is kept and found again: it has %s (--run-lab): %w", run, number, labWords(there), err)
		}
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
	o.Progress("the fault is put in now, into lab %d of %s", number, run)
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

// whichLab is the number of the lab that is meant among those of a run: the one that was asked for, or the only one.
// there are those that are known to be there.
func (o *faultTryOptions) whichLab(ctx context.Context, run string) (number int, there []int, err error) {
	// What keeps them from being told keeps this process from attaching too, which then says it.
	list, _ := o.Attacher.KeptLabs(ctx, o.lab.Provider)
	there = numbersOf(list, run)
	switch {
	case o.number != 0:
		return o.number, there, nil
	case len(there) > 1:
		return 0, there, cli.InputError("run %s has %s: say which with --run-lab", run, labWords(there))
	case len(there) == 1:
		return there[0], there, nil
	default:
		return 1, nil, nil // it may go on still
	}
}

// numbersOf are the numbers of a run's labs.
func numbersOf(list []topologies.KeptLab, run string) (numbers []int) {
	for _, lab := range list {
		if lab.Run == run {
			numbers = append(numbers, lab.Number)
		}
	}
	return numbers
}

// labWords name labs by their numbers.
func labWords(numbers []int) string {
	var words []string
	for _, n := range numbers {
		words = append(words, strconv.Itoa(n))
	}
	if len(words) == 1 {
		return "lab " + words[0]
	}
	return "labs " + strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// completeKept offers the runs that have left a lab up to --run, and the numbers of the labs of that run to --run-lab.
func (o *faultTryOptions) completeKept(c *cobra.Command) {
	_ = c.RegisterFlagCompletionFunc("run", func(c *cobra.Command, _ []string, word string) (runs []cobra.Completion, _ cobra.ShellCompDirective) {
		if strings.ContainsRune(word, filepath.Separator) {
			return nil, cobra.ShellCompDirectiveDefault // the folder of a run
		}
		list := o.keptSoon(c)
		for i, lab := range list {
			if i == 0 || list[i-1].Run != lab.Run {
				runs = append(runs, cobra.CompletionWithDesc(lab.Run, labWords(numbersOf(list, lab.Run))))
			}
		}
		return runs, cobra.ShellCompDirectiveNoFileComp
	})
	_ = c.RegisterFlagCompletionFunc("run-lab", func(c *cobra.Command, args []string, _ string) (numbers []cobra.Completion, _ cobra.ShellCompDirective) {
		run := filepath.Base(o.run)
		if o.run == "" && len(args) > 0 && scenarios.IsTopology(args[0]) {
			o.scenario = args[0]
			if _, named, _, err := o.readKept(); err == nil {
				run = named
			}
		}
		for _, n := range numbersOf(o.keptSoon(c), run) {
			numbers = append(numbers, strconv.Itoa(n))
		}
		return numbers, cobra.ShellCompDirectiveNoFileComp
	})
}

// completeTimeout is how long a shell waits.
const completeTimeout = 2 * time.Second

// keptSoon are the labs that are told while a shell waits.
func (o *faultTryOptions) keptSoon(c *cobra.Command) []topologies.KeptLab {
	ctx, cancel := context.WithTimeout(c.Context(), completeTimeout)
	defer cancel()
	list, _ := o.Attacher.KeptLabs(ctx, o.lab.Provider)
	return list
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
