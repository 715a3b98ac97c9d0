package cli

import (
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
)

// askedFile is where the run directories of an experiment keep what was asked, for --resume.
const askedFile = "asked.json"

// asked is what a verb was asked, and the run directories that it is answered from.
type asked struct {
	Verb    string          `json:"verb"`
	Choices json.RawMessage `json:"choices"`
	Sides   []askedSide     `json:"sides"`
}

// askedSide is a side of an experiment; its run directory is beside the others.
type askedSide struct {
	Side string `json:"side"`
	Run  string `json:"run"`
}

// Resumable has the testbed note what was asked in the run directories, so that --resume of the verb goes
// on there. Choices are what the verb makes its options of again.
func (b *Testbed) Resumable(verb string, choices any) { b.verb, b.choices = verb, choices }

// noteAsked writes what was asked.
func (b *Testbed) noteAsked(sides []experiment.Recording) error {
	choices, err := json.Marshal(b.choices)
	if err != nil {
		return fmt.Errorf("note what was asked: %w", err)
	}
	a := asked{Verb: b.verb, Choices: choices}
	for _, s := range sides {
		a.Sides = append(a.Sides, askedSide{s.Side, filepath.Base(s.Dir)})
	}
	var errs []error
	for _, s := range sides {
		errs = append(errs, evidence.WriteJSON(evidence.Dir{Path: s.Dir}.File(askedFile), a))
	}
	return errors.Join(errs...)
}

// OpenAsked reads what a verb was asked that was broken off: the choices, and the sides with the plan that each
// executed. run is the directory of one of them.
func (a *App) OpenAsked(verb, run string, choices any) (sides []experiment.Recording, plans []*plan.Plan, err error) {
	var was asked
	switch err := evidence.ReadJSON(evidence.Dir{Path: run}.File(askedFile), &was); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, InputError("%s is no run that reprise %s can go on with: it has no %s", run, verb, askedFile)
	case err != nil:
		return nil, nil, AsInputError(err)
	case was.Verb != verb:
		return nil, nil, InputError("%s was made by reprise %s: go on with that", run, was.Verb)
	}
	if err := json.Unmarshal(was.Choices, choices); err != nil {
		return nil, nil, InputError("%s: %w", evidence.Dir{Path: run}.File(askedFile), err)
	}
	for _, s := range was.Sides {
		if s.Run != filepath.Base(s.Run) || s.Run == ".." {
			return nil, nil, InputError("%s names %q, which is no run beside it", run, s.Run)
		}
		dir := filepath.Join(filepath.Dir(filepath.Clean(run)), s.Run)
		p, _, _, err := plan.OpenRunHere(dir, a.Trust)
		if err != nil {
			return nil, nil, AsInputError(err)
		}
		sides, plans = append(sides, experiment.Recording{Side: s.Side, Dir: dir}), append(plans, p)
	}
	return sides, plans, nil
}

// CheckResume refuses a subject beside --resume, none without it, and flags that would be ignored.
func CheckResume(c *cobra.Command, subject, resume, what string) error {
	if (resume != "") == (subject != "") {
		return InputError("give a scenario, or --resume with a run directory of %s", what)
	}
	if resume == "" {
		return nil
	}
	return RefuseBesideResume(c, what, "junit")
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
