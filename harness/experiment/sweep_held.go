package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
)

// HoldSweep is [HoldIsolation] for a sweep and sweep.json: the points, the control and the answer are what comes of the runs beside
// them, judged again. Of the options it needs what the sweep was begun with. One without an answer claims nothing.
func HoldSweep(dir evidence.Dir, points []SweepPoint, o SweepOptions) (unheld string, err error) {
	var stored result.Sweep
	if err := evidence.ReadJSON(dir.File("sweep.json"), &stored); err != nil || stored.Outcome == result.Inconclusive {
		return "", err
	}
	h := newSweepHeld(dir, points, o)
	if err := h.all(stored.Control, stored.Points, false); err != nil {
		return "", err
	}
	if r := stored.Real; r != nil {
		if err := h.all(r.Control, r.Points, true); err != nil {
			return "", err
		}
	}
	if h.missing > 0 {
		return WithoutRuns, nil
	}
	again := stored
	again.Clock, again.Left = evidence.Clock{}, len(points)-len(stored.Points)
	if len(points) > 0 {
		again.Clock = points[0].Plan.Clock
	}
	if again.Outcome, again.Answer = sweepAnswer(again); again.Outcome != stored.Outcome || again.Answer != stored.Answer {
		return "", fmt.Errorf("its answer is stored as %q (%s), and its runs give %q (%s)", stored.Answer, stored.Outcome, again.Answer, again.Outcome)
	}
	if o.Control != nil && o.Controls > 0 && stored.Control == nil {
		return "", errors.New("its control is not told of")
	}
	return "", nil
}

// sweepHeld holds what a sweep has measured against its runs.
type sweepHeld struct {
	dir     evidence.Dir
	points  map[int]*plan.Plan
	o       SweepOptions
	missing int // runs that do not lie beside
}

func newSweepHeld(dir evidence.Dir, points []SweepPoint, o SweepOptions) *sweepHeld {
	o.Rule.Barren = barren
	h := &sweepHeld{dir: dir, o: o, points: map[int]*plan.Plan{}}
	for _, p := range points {
		h.points[p.Nth] = p.Plan
	}
	return h
}

// all holds what was measured at one speed.
func (h *sweepHeld) all(control *result.Proportion, points []result.SweepPoint, slow bool) error {
	if control != nil {
		if err := h.control(*control, slow); err != nil {
			return fmt.Errorf("the control: %w", err)
		}
	}
	seen := map[int]bool{}
	for _, p := range points {
		if seen[p.Nth] {
			return fmt.Errorf("frame %d is told of twice", p.Nth)
		}
		seen[p.Nth] = true
		if err := h.point(p, slow); err != nil {
			return fmt.Errorf("frame %d: %w", p.Nth, err)
		}
	}
	return nil
}

// point holds a point against its run.
func (h *sweepHeld) point(p result.SweepPoint, slow bool) error {
	of, ok := h.points[p.Nth]
	if !ok {
		return errors.New("it is none of the sweep")
	}
	dir, info, err := evidence.OpenDir(h.dir.File(filepath.Base(p.Dir)))
	if _, gone := os.Stat(dir.Path); errors.Is(gone, fs.ErrNotExist) {
		h.missing++
		return nil
	}
	if err != nil {
		return err
	}
	if err := ranAs(info, of, slow); err != nil {
		return fmt.Errorf("the run %s: %w", dir.ID(), err)
	}
	again, err := judge.CheckRun(dir.Path, false)
	if err != nil {
		return fmt.Errorf("the run %s: %w", dir.ID(), err)
	}
	r := result.Rate{Rate: again.Rate, Dir: dir.Path, Trials: len(again.Trials)}
	r.Stopped = h.o.Rule.Decide(r.Reproduced, r.Valid-r.Reproduced, r.Trials)
	gives, err := pointOf(p.Nth, r)
	if err != nil {
		return err
	}
	if p.Reproduced != gives.Reproduced || p.Valid != gives.Valid || p.Trials != gives.Trials || p.Effect != gives.Effect {
		return fmt.Errorf("it is stored as %s, in %d of %d, and its run %s gives %s, in %d of %d", p.Effect, p.Reproduced, p.Valid, dir.ID(), gives.Effect, gives.Reproduced, gives.Valid)
	}
	return nil
}

// control holds what is stored of the control against its runs, of which one has to give that.
func (h *sweepHeld) control(q result.Proportion, slow bool) error {
	if h.o.Control == nil {
		return errors.New("the sweep has none")
	}
	entries, err := os.ReadDir(h.dir.Path)
	if err != nil {
		return err
	}
	found := 0
	for _, e := range entries {
		dir, info, err := evidence.OpenDir(h.dir.File(e.Name()))
		if err != nil || info.Variant != evidence.VariantControl || ranAs(info, h.o.Control, slow) != nil {
			continue
		}
		found++
		again, err := judge.CheckRun(dir.Path, false)
		if err == nil && again.Rate.Reproduced == q.Reproduced && again.Rate.Valid == q.Valid {
			return nil
		}
	}
	if found == 0 {
		h.missing++
		return nil
	}
	return fmt.Errorf("it is stored as %d of %d, and none of its runs gives that", q.Reproduced, q.Valid)
}

// ranAs tells in what a run is not one of a plan, at its own speed or at speed 1.
func ranAs(info evidence.RunInfo, p *plan.Plan, slow bool) error {
	speed := p.Clock.Factor()
	if slow {
		speed = 1
	}
	switch {
	case info.Scenario.ID != p.Loaded.Scenario.ID:
		return fmt.Errorf("it is of the scenario %s", info.Scenario.ID)
	case info.Variant != p.Variant || !maps.Equal(info.Set, p.Set):
		return errors.New("it was made with other values")
	case info.Clock.Factor() != speed:
		return fmt.Errorf("it was made%s", beside(info.Clock))
	default:
		return nil
	}
}

// begun holds what an earlier call has measured against its runs, for who goes on with it.
func (h *sweepHeld) begun(m measured) error {
	err := h.all(m.Control, m.Points, false)
	if err == nil {
		err = h.all(m.Real.Control, m.Real.Points, true)
	}
	switch {
	case m.Begun != "" && m.Begun != begunWith(h.dir):
		err = errors.New("it was begun with other options than stand beside it (options.json)")
	case err == nil && h.missing > 0:
		err = fmt.Errorf("of what it has measured %d runs do not lie beside it", h.missing)
	}
	if err != nil {
		return fmt.Errorf("%s is not gone on with: %w", h.dir.Path, err)
	}
	return nil
}
