package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// askedFile is where the run directories of an experiment keep what was asked, for --resume.
const askedFile = "asked.json"

// asked is what a verb was asked, and the run directories that it is answered from.
type asked struct {
	Verb    string          `json:"verb"`
	Choices json.RawMessage `json:"choices"`
	Sides   []askedSide     `json:"sides"`
	// Work is what the fleet that executes the trials knows them by; empty: they are executed here.
	Work string `json:"work,omitempty"`
}

// askedSide is a side of an experiment; its run directory is beside the others.
type askedSide struct {
	Side string `json:"side"`
	Run  string `json:"run"`
}

// Resumable has the testbed note what was asked in the run directories, so that --resume of the verb goes
// on there. Choices are what the verb makes its options of again.
func (b *Testbed) Resumable(verb string, choices any) { b.verb, b.choices = verb, choices }

// GoOn has the experiment go on with the sides of one that was broken off, where there are any. What a program that
// was killed left of its labs is removed first: they have the names of those that will be built.
func (b *Testbed) GoOn(ctx context.Context, sides []experiment.Recording) error {
	if len(sides) == 0 {
		return nil
	}
	b.Resume = sides
	return CleanUp(ctx, b.Provider, "")
}

// noteAsked writes what was asked.
func (b *Testbed) noteAsked(sides []experiment.Recording) error {
	choices, err := json.Marshal(b.choices)
	if err != nil {
		return fmt.Errorf("note what was asked: %w", err)
	}
	a := asked{Verb: b.verb, Choices: choices, Work: b.work}
	for _, s := range sides {
		a.Sides = append(a.Sides, askedSide{s.Side, filepath.Base(s.Dir)})
	}
	var errs []error
	for _, s := range sides {
		errs = append(errs, evidence.WriteJSON(evidence.Dir{Path: s.Dir}.File(askedFile), a))
	}
	return errors.Join(errs...)
}

// Broken is an experiment that was broken off: its sides, each with its run directory and the plan it executed.
type Broken struct {
	Sides []experiment.Recording
	// Provider is what built its labs, as --provider calls it; empty where that was no choice of that flag.
	Provider string
	// Work is the one that a fleet knows its trials by, and has results of; empty where there was none.
	Work  string
	plans map[string]*plan.Plan
}

// Plan is what a side executed, with a number of labs; nil where there is no such side.
func (b *Broken) Plan(side string, labs int) *plan.Plan {
	p := b.plans[side]
	if p != nil {
		p.Labs = labs
	}
	return p
}

// OpenAsked reads what a verb was asked that was broken off: the choices, and the sides, of which there have to be
// those that are named. run is the directory of one of them. A run of somebody else's is refused: its trials are not
// this machine's.
func (a *App) OpenAsked(verb, run string, choices any, sides ...string) (*Broken, error) {
	var was asked
	switch err := evidence.ReadJSON(evidence.Dir{Path: run}.File(askedFile), &was); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, InputError("%s is no run that reprise %s can go on with: it has no %s", run, verb, askedFile)
	case err != nil:
		return nil, AsInputError(err)
	case was.Verb != verb:
		return nil, InputError("%s was made by reprise %s: go on with that", run, was.Verb)
	}
	if err := json.Unmarshal(was.Choices, choices); err != nil {
		return nil, InputError("%s: %w", evidence.Dir{Path: run}.File(askedFile), err)
	}
	b := &Broken{plans: map[string]*plan.Plan{}, Work: was.Work}
	for _, s := range was.Sides {
		if s.Run != filepath.Base(s.Run) || s.Run == ".." {
			return nil, InputError("%s names %q, which is no run beside it", run, s.Run)
		}
		dir := filepath.Join(filepath.Dir(filepath.Clean(run)), s.Run)
		switch mark, foreign, err := origin.Find(dir); {
		case err != nil:
			return nil, AsInputError(err)
		case foreign:
			return nil, WithCode(ExitRefused, fmt.Errorf("%s came out of a bundle (%.12s): its trials are somebody else's, and are not added to; reprise confirm tries its scenario here", dir, mark.Bundle))
		}
		p, _, info, err := plan.OpenRunHere(dir, a.Trust)
		if err != nil {
			return nil, AsInputError(err)
		}
		if slices.Contains([]string{ProviderContainers, ProviderNamespaces, ProviderMixed}, info.Provider) {
			b.Provider = info.Provider // what was chosen by itself may be chosen otherwise today
		}
		if b.plans[s.Side] != nil {
			return nil, InputError("%s names the side %q twice", run, s.Side)
		}
		b.plans[s.Side], b.Sides = p, append(b.Sides, experiment.Recording{Side: s.Side, Dir: dir})
	}
	for _, side := range sides {
		if b.plans[side] == nil {
			return nil, InputError("%s has no side %q", run, side)
		}
	}
	return b, nil
}

// CheckResume refuses a subject beside --resume, none without it, and flags that would be ignored.
func CheckResume(c *cobra.Command, subject, resume, what string) error {
	if (resume != "") == (subject != "") {
		return InputError("give a scenario, or --resume with a run directory of %s", what)
	}
	if resume == "" {
		return nil
	}
	return RefuseBesideResume(c, what, "junit", "lab", "wait", "priority", "accept-new")
}

// RefuseBesideResume tells which flags would be ignored beside --resume: all of the verb's own but those that
// change nothing of what it comes to, which are given. what is that which is gone on with.
func RefuseBesideResume(c *cobra.Command, what string, may ...string) (err error) {
	may = append(may, "resume", "trust", "fleet")
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed && err == nil && !slices.Contains(may, f.Name) {
			err = InputError("--%s has no meaning with --resume: %s is gone on with by the choices that it was begun with", f.Name, what)
		}
	})
	return err
}

// CheckLabs tells that a number of labs side by side that was read from a file is none that --labs takes.
func CheckLabs(labs int) error {
	if labs < 1 || labs > 64 {
		return InputError("it was begun with %d labs side by side: --labs takes 1 to 64", labs)
	}
	return nil
}
