package cli

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// Speed is what --speed says: how many seconds pass in the lab in one of this machine. 0 is
// nothing, which leaves it to the scenario.
type Speed float64

// AutoSpeed is "auto": what was measured for the scenario. [App.ResolveSpeed] makes a number of it
// before anything is planned, and no plan takes it.
const AutoSpeed Speed = -1

const autoWord = "auto"

// SpeedFlag defines --speed for the labs of a verb; otherwise says what holds without it.
func SpeedFlag(fl *pflag.FlagSet, to *Speed, otherwise string) {
	fl.Var(to, "speed", "let so many `seconds` pass in the lab in one of this machine, 0.01 to 1000 (default: "+otherwise+")")
}

// AutoSpeedFlag is [SpeedFlag] for a verb that takes auto as well.
func AutoSpeedFlag(fl *pflag.FlagSet, to *Speed, otherwise string) {
	fl.Var(to, "speed", "let so many `seconds` pass in the lab in one of this machine, 0.01 to 1000; or auto, what rate --choose-speed measured, and else 1 (default: "+otherwise+")")
}

// CompleteSpeed gives --speed the usual ones, and more words where a verb takes them.
func CompleteSpeed(c *cobra.Command, more ...string) {
	MustComplete(c, "speed", append([]string{"1", "2", "5", "10", "20"}, more...)...)
}

// CompleteAutoSpeed is [CompleteSpeed] for a verb that takes auto.
func CompleteAutoSpeed(c *cobra.Command) { CompleteSpeed(c, autoWord) }

// Set reads a speed.
func (s *Speed) Set(word string) error {
	if word == autoWord {
		*s = AutoSpeed
		return nil
	}
	v, err := strconv.ParseFloat(word, 64)
	if err != nil || !scenarios.ValidSpeed(v) {
		return errors.New("want a number from 0.01 to 1000; 1 is real time")
	}
	*s = Speed(v)
	return nil
}

// String is the speed as Set reads it, and empty for none.
func (s *Speed) String() string {
	switch *s {
	case 0:
		return ""
	case AutoSpeed:
		return autoWord
	default:
		return strconv.FormatFloat(float64(*s), 'g', -1, 64)
	}
}

// Type names what the flag takes.
func (s *Speed) Type() string { return "seconds" }

// SpeedOf is what a speed is looked up for: a scenario as it will be run.
type SpeedOf struct {
	Scenario string
	Set      []string
	Reset    string // as --reset says it
	// Images are those of a new build, by node, that is held against the scenario's; Workaround says
	// that its workaround is.
	Images     map[string]string
	Workaround bool
}

// ResolveSpeed makes a number of auto: the speed that was measured for a scenario, if that was for
// these files, images, this reset and this provider, and else 1. It says which and why. Other speeds stay.
//
// A problem that a fast clock hides in a new build would be called fixed. So the speed is taken for one
// only that was measured too, as the scenario's control is.
func (a *App) ResolveSpeed(ctx context.Context, speed *Speed, of SpeedOf, where LabFlags) error {
	if *speed != AutoSpeed {
		return nil
	}
	*speed = 1
	if where.File != "" {
		a.Progress("speed 1: the devices of an inventory keep real time")
		return nil
	}
	if where.FleetURL() != "" {
		a.Progress("speed 1: what was measured on this machine says nothing of the workers of a fleet; choose one with --speed")
		return nil
	}
	main, control, err := a.speedPlans(of)
	if err != nil {
		return err
	}
	others := []*plan.Plan{}
	if control != nil {
		others = append(others, control)
	}
	provider, err := a.Opener.Open(ctx, where, nil, main, others...)
	if err != nil {
		return err
	}
	basis := experiment.BasisOf(ctx, provider, main, control)
	unmeasured := of.unmeasured(ctx, provider, control, basis)
	if err := provider.Close(); err != nil {
		return err
	}
	switch found, err := measuredSpeed(main.Loaded.Scenario.ID, basis); {
	case err == nil && found.Chosen != 1 && unmeasured != "":
		a.Progress("speed 1: %g was measured on %s, and not of %s: what a fast clock hides there would be called fixed", found.Chosen, found.Measured.Format("2006-01-02"), unmeasured)
	case err == nil:
		*speed = Speed(found.Chosen)
		a.Progress("speed %g, as measured on %s with %s of each speed", found.Chosen, found.Measured.Format("2006-01-02"), Plural(found.AtLeast, "trial"))
	case errors.Is(err, experiment.ErrNotMeasured):
		a.Progress("speed 1: %v for %s on this machine; measure it with: %s", err, main.Loaded.Scenario.ID, of.measuring(where))
	default: // of something else, or it cannot be read
		a.Progress("speed 1: %v; measure it again with: %s", err, of.measuring(where))
	}
	return nil
}

// measuring is the command line that measures a speed.
func (s SpeedOf) measuring(where LabFlags) string {
	how := "reprise rate " + s.Scenario + strings.Join(prefixed(" --set ", s.Set), "") + " --choose-speed"
	if s.Reset != "" {
		how += " --reset " + s.Reset
	}
	if where.Provider != "" {
		how += " --provider " + where.Provider
	}
	return how
}

// unmeasured names what a measurement of this basis says nothing of, and what is to be tried all the
// same; empty where that is nothing. A new build is measured where the control is the scenario with it.
func (s SpeedOf) unmeasured(ctx context.Context, provider topologies.Provider, control *plan.Plan, basis result.SpeedBasis) string {
	if s.Workaround {
		return "the workaround"
	}
	for _, node := range slices.Sorted(maps.Keys(s.Images)) {
		image := s.Images[node]
		if !s.likeControl(control) || experiment.ImageIn(ctx, provider, image) != basis.Images["control "+node] {
			return image + " of " + node
		}
	}
	return ""
}

// likeControl reports whether a control replaces the images of the new build, and does nothing else.
func (s SpeedOf) likeControl(control *plan.Plan) bool {
	if control == nil {
		return false
	}
	c := control.Loaded.Scenario.Control
	for key := range c.Set {
		node, isImage := strings.CutSuffix(key, ".image")
		if _, replaced := s.Images[node]; !isImage || !replaced {
			return false
		}
	}
	return len(c.Without) == 0 && len(c.Set) == len(s.Images)
}

// measuredSpeed is what was measured of a scenario on this machine.
func measuredSpeed(scenario string, basis result.SpeedBasis) (result.Speeds, error) {
	store, err := experiment.OpenSpeedStore("")
	if err != nil {
		return result.Speeds{}, err
	}
	return store.Find(scenario, basis)
}

// speedPlans are what a speed is measured of: the scenario, and its control if it has one.
func (a *App) speedPlans(of SpeedOf) (main, control *plan.Plan, err error) {
	set, err := ParseSet(of.Set)
	if err != nil {
		return nil, nil, err
	}
	reset, err := ParseReset(of.Reset)
	if err != nil {
		return nil, nil, err
	}
	l, err := a.LoadQuiet(of.Scenario, set)
	if err != nil {
		return nil, nil, err
	}
	if main, err = plan.New(l, plan.Options{Set: set, Reset: reset}); err == nil && l.Scenario.Control != nil {
		control, err = plan.New(l, plan.Options{Set: set, Reset: reset, Variant: evidence.VariantControl})
	}
	if err != nil {
		return nil, nil, WithCode(ExitInput, err)
	}
	return main, control, nil
}

func prefixed(with string, words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, with+w)
	}
	return out
}
