package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/topologies"
)

// AllSpeeds are the speeds that are measured, real time first.
func AllSpeeds() []float64 { return []float64{1, 2, 5, 10, 20} }

// silentLimit is how many trials of one side may say nothing, with none that does, before its
// speed is given up: labs that cannot be given a clock never can.
const silentLimit = 3

// quicker is how much less time a trial must take for a faster clock to be worth its risk.
const quicker = 0.95

// Speeds measures a scenario and its control (nil: none) at every speed, in turn, until each has
// so many valid trials, and writes speed.json beside the record at speed 1. The control gets at
// most [MaxControls]. None gets more than twice the trials that it needs.
func Speeds(ctx context.Context, b *Bench, main, control *plan.Plan, atLeast int) (result.Speeds, error) {
	c := &speedChoice{sitting: sitting{bench: b}, basis: BasisOf(ctx, b.Env.Provider, main, control)}
	for _, speed := range AllSpeeds() {
		if err := c.begin(ctx, speed, main, atLeast); err != nil {
			return result.Speeds{}, errors.Join(err, c.end(ctx))
		}
		if control == nil {
			continue
		}
		if err := c.begin(ctx, speed, control, min(atLeast, MaxControls)); err != nil {
			return result.Speeds{}, errors.Join(err, c.end(ctx))
		}
	}
	c.begun()
	if err := errors.Join(c.inLabs(ctx, main.Labs, c.work), c.end(ctx), ctx.Err()); err != nil {
		return result.Speeds{}, err
	}
	return c.result(main, atLeast)
}

// speedChoice is the measurement of all speeds in the making.
type speedChoice struct {
	sitting
	basis result.SpeedBasis
	sides []*speedSeries // the control's after its scenario's, real time first

	mu   sync.Mutex
	turn int
}

// speedSeries is one side at one speed.
type speedSeries struct {
	Series
	speed   float64
	name    string
	control bool
	need    int // valid trials

	valid, tries int
}

func (c *speedChoice) begin(ctx context.Context, speed float64, p *plan.Plan, need int) error {
	q, err := p.WithSpeed(speed)
	if err != nil {
		return err
	}
	s := &speedSeries{speed: speed, control: p.Variant == evidence.VariantControl, need: need, name: fmt.Sprintf("x%g", speed)}
	if s.control {
		s.name += " ctl"
	}
	if s.Series, err = c.record(ctx, s.name, q); err != nil {
		return err
	}
	c.sides = append(c.sides, s)
	return nil
}

// silent reports whether a side has said nothing often enough.
func (s *speedSeries) silent() bool { return s.valid == 0 && s.tries >= silentLimit }

// next gives the side whose turn it is among those that have too few trials yet.
func (c *speedChoice) next() *speedSeries {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range c.sides {
		s := c.sides[c.turn%len(c.sides)]
		c.turn++
		if s.valid < s.need && s.tries < 2*s.need+2 && !c.givenUp(s.speed) {
			s.tries++
			return s
		}
	}
	return nil
}

// givenUp reports whether nothing comes of a speed: of its own trials, or of those at speed 1,
// which all are held against.
func (c *speedChoice) givenUp(speed float64) bool {
	return slices.ContainsFunc(c.sides, func(s *speedSeries) bool { return s.silent() && (s.speed == speed || s.speed == 1) })
}

func (c *speedChoice) work(ctx context.Context, lab int) (bool, error) {
	s := c.next()
	if s == nil {
		return false, nil
	}
	return true, c.try(ctx, s.name, s.Series, lab, func(evidence.TrialVerdict) (string, error) {
		side, _, err := s.count()
		c.mu.Lock()
		defer c.mu.Unlock()
		s.valid = side.Share.Valid
		return side.Share.String(), err
	})
}

// count reads what a side came to from its ledger, and the mean time of its valid trials.
func (s *speedSeries) count() (result.SpeedSide, time.Duration, error) {
	entries, err := s.Dir().Ledger()
	if err != nil {
		return result.SpeedSide{}, 0, err
	}
	out := result.SpeedSide{Share: result.ProportionOf(s.name, entries), Dir: s.Dir().Path}
	var took time.Duration
	for _, e := range entries {
		switch e.Verdict {
		case evidence.Reproduced, evidence.NotReproduced:
			took += e.Took
		default:
			if out.Void++; out.First == "" {
				out.First = e.Reason
			}
		}
	}
	return out, took / time.Duration(max(out.Share.Valid, 1)), nil
}

// arms reads what every speed came to.
func (c *speedChoice) arms() ([]result.SpeedArm, error) {
	var arms []result.SpeedArm
	for _, s := range c.sides {
		side, took, err := s.count()
		if err != nil {
			return nil, err
		}
		if s.control {
			arms[len(arms)-1].Control = &side
			continue
		}
		arms = append(arms, result.SpeedArm{Speed: s.speed, Main: side, Took: took})
	}
	return arms, nil
}

func (c *speedChoice) result(main *plan.Plan, atLeast int) (result.Speeds, error) {
	out := result.Speeds{Reprise: evidence.Format, Scenario: main.Loaded.Scenario.ID, Measured: time.Now().UTC().Round(0), Basis: c.basis, AtLeast: atLeast}
	arms, err := c.arms()
	if err != nil {
		return out, err
	}
	out.Real = arms[0]
	out.Chosen, out.Arms = ChooseSpeed(out.Real, arms[1:], atLeast)
	out.Outcome, out.Answer = speedAnswer(out)
	out.File = c.sides[0].Dir().File("speed.json")
	return out, evidence.WriteJSON(out.File, out)
}

// speedAnswer gives what a measurement answers, and that in a sentence.
func speedAnswer(s result.Speeds) (result.Outcome, string) {
	i := slices.IndexFunc(s.Arms, func(a result.SpeedArm) bool { return a.Speed == s.Chosen })
	switch {
	case s.Chosen == 0 && s.Real.Main.Share.Valid == 0 && s.Real.Main.First != "":
		return result.Inconclusive, "nothing to compare: no trial at speed 1 said anything: " + s.Real.Main.First
	case s.Chosen == 0 && s.Real.Control != nil && s.Real.Control.Share.Reproduced > 0:
		return result.Inconclusive, fmt.Sprintf("nothing to choose: the control shows the symptom too at speed 1, in %s: the symptom does not tell a healthy network apart", s.Real.Control.Share)
	case s.Chosen == 0 && s.Real.Control != nil && s.Real.Control.Share.Valid < min(s.AtLeast, MaxControls) && s.Real.Main.Share.Reproduced > 0 && s.Real.Main.Share.Valid >= s.AtLeast:
		return result.Inconclusive, fmt.Sprintf("nothing to compare: the control at speed 1 gave %s, and %d valid trials of it are needed", s.Real.Control.Share, min(s.AtLeast, MaxControls))
	case s.Chosen == 0 && s.Real.Main.Share.Reproduced > 0 && s.Real.Main.Share.Valid >= s.AtLeast:
		return result.Inconclusive, fmt.Sprintf("nothing to compare: speed 1 gave %s, from which so few trials tell no other rate; more of them do", s.Real.Main.Share)
	case s.Chosen == 0:
		return result.Inconclusive, fmt.Sprintf("nothing to compare: speed 1 gave %s, and a hit in %d valid trials is needed", s.Real.Main.Share, s.AtLeast)
	case i < 0:
		return result.Yes, "speed 1: no faster one is quicker and shows the same"
	default:
		return result.Yes, fmt.Sprintf("speed %g: a trial takes %s, and %s at speed 1", s.Chosen, rounded(s.Arms[i].Took), rounded(s.Real.Took))
	}
}

func rounded(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// ChooseSpeed finds the fastest speed at which the rate of the scenario and that of its control
// do not differ from those at speed 1 (Fisher's exact test, two-sided, p >= 0.05), in at least so
// many valid trials of each. A speed at which the control shows the problem that it never shows
// at speed 1 is none, nor one at which a larger share of the trials says nothing, nor one that
// saves no time, nor one beyond a speed whose trials show another thing or say nothing more often. It
// returns the arms with P, Unseen, Usable and Why filled in; speed 1 needs no proof. 0 means that speed 1
// never hit, or was not tried often enough for any difference to be seen, and nothing can be compared, or
// that the control shows the problem at speed 1 too, and no speed is worth anything.
func ChooseSpeed(base result.SpeedArm, arms []result.SpeedArm, atLeast int) (float64, []result.SpeedArm) {
	arms = slices.Clone(arms)
	best, took := 1.0, base.Took
	beyond := "" // why no speed from here on is one
	for i := range arms {
		a := &arms[i]
		compareSides(base.Main, &a.Main)
		if a.Control != nil && base.Control != nil {
			control := *a.Control
			compareSides(*base.Control, &control)
			a.Control = &control
		}
		if a.Why = cmp.Or(unfit(base, *a, atLeast), beyond); a.Why != "" {
			switch {
			case beyond != "":
			case differs(base, *a):
				beyond = fmt.Sprintf("speed %g shows another thing than speed 1, and this is faster", a.Speed)
			case silenced(base, *a):
				beyond = fmt.Sprintf("speed %g says nothing more often than speed 1, and this is faster", a.Speed)
			}
			continue
		}
		a.Usable, a.Why = true, fmt.Sprintf("no difference shown (p = %.2f)", a.Main.P)
		if a.Control != nil {
			a.Why = fmt.Sprintf("no difference shown (p = %.2f, of the control %.2f)", a.Main.P, a.Control.P)
		}
		if float64(a.Took) >= quicker*float64(took) {
			a.Why += fmt.Sprintf(", and no quicker than speed %g", best)
			continue
		}
		best, took = a.Speed, a.Took
	}
	if base.Main.Share.Reproduced == 0 || base.Main.Share.Valid < atLeast || blind(base.Main, atLeast) {
		best = 0
	}
	if c := base.Control; c != nil && (c.Share.Reproduced > 0 || c.Share.Valid < min(atLeast, MaxControls)) {
		best = 0
	}
	return best, arms
}

// blind reports whether so many trials would tell no rate at all from that at speed 1: where no
// difference can be seen, none is shown by anything.
func blind(base result.SpeedSide, trials int) bool {
	return stats.Unseen(base.Share.Reproduced, base.Share.Valid, trials, result.Power) == [2]float64{0, 1}
}

func compareSides(base result.SpeedSide, s *result.SpeedSide) {
	s.P = stats.FisherTwoSided(base.Share.Reproduced, base.Share.Valid, s.Share.Reproduced, s.Share.Valid)
	s.Unseen = stats.Unseen(base.Share.Reproduced, base.Share.Valid, s.Share.Valid, result.Power)
}

// unfit is why a speed is not to be used; empty where nothing speaks against it.
func unfit(base, a result.SpeedArm, atLeast int) string {
	if why := unfitSide("", base.Main, a.Main, atLeast); why != "" || a.Control == nil || base.Control == nil {
		return why
	}
	if base.Control.Share.Reproduced == 0 && a.Control.Share.Reproduced > 0 {
		return fmt.Sprintf("the control shows the problem in %s, and never at speed 1", a.Control.Share)
	}
	return unfitSide("the control: ", *base.Control, *a.Control, min(atLeast, MaxControls))
}

// differs reports whether a speed's trials show another thing than those at speed 1, rather than
// too little.
func differs(base, a result.SpeedArm) bool {
	if a.Main.P < 0.05 {
		return true
	}
	return a.Control != nil && base.Control != nil && (a.Control.P < 0.05 || base.Control.Share.Reproduced == 0 && a.Control.Share.Reproduced > 0)
}

// silenced reports whether a larger share of a speed's trials says nothing than at speed 1: most often
// this machine is too slow for it, and then for any faster one.
func silenced(base, a result.SpeedArm) bool {
	return a.Main.MoreVoid(base.Main) || a.Control != nil && base.Control != nil && a.Control.MoreVoid(*base.Control)
}

func unfitSide(of string, base, s result.SpeedSide, need int) string {
	switch {
	case s.MoreVoid(base):
		return fmt.Sprintf("%s%d of %d trials say nothing, and %d of %d at speed 1: %s", of, s.Void, s.Trials(), base.Void, base.Trials(), s.First)
	case s.Share.Valid < need:
		return fmt.Sprintf("%s%d valid trials, %d are needed", of, s.Share.Valid, need)
	case s.P < 0.05:
		return fmt.Sprintf("%shits differ from those at speed 1 (p = %.3g)", of, s.P)
	default:
		return ""
	}
}

// BasisOf is what a measurement of speeds would be of: the scenario's files and the images that a
// provider runs it on, its control's (nil: it has none) among them.
func BasisOf(ctx context.Context, provider topologies.Provider, main, control *plan.Plan) result.SpeedBasis {
	b := result.SpeedBasis{Inputs: map[string]string{}, Images: map[string]string{}, Set: main.Set, Provider: provider.Name(), Reset: string(main.Reset)}
	for _, in := range main.Loaded.Inputs {
		b.Inputs[in.Path] = evidence.SHA256(in.Data)
	}
	for _, side := range []struct {
		of   string
		plan *plan.Plan
	}{{"", main}, {"control ", control}} {
		if side.plan == nil {
			continue
		}
		for _, n := range side.plan.Nodes {
			if n.Image != "" {
				b.Images[side.of+n.Name] = ImageIn(ctx, provider, n.Image)
			}
		}
	}
	return b
}

// ImageIn is what a measurement knows an image by: its digest, and its name where the provider does
// not know it.
func ImageIn(ctx context.Context, provider topologies.Provider, ref string) string {
	if describer, ok := topologies.As[topologies.ImageDescriber](provider); ok {
		if image, err := describer.DescribeImage(ctx, ref); err == nil {
			return image.Digest
		}
	}
	return ref
}
