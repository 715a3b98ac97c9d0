package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/scenarios"
)

// BisectOptions are the choices of a bisection; see [isolate.BisectOptions].
type BisectOptions struct {
	Versions   []Version // oldest first
	Nodes      []string  // that run the version
	Set        map[string]string
	Reset      scenarios.Reset
	Speed      float64 // of the labs; 0 is the scenario's
	Confidence float64
	MaxTrials  int
	Measure    int  // trials of the newest and of the oldest version beforehand
	Labs       int  // side by side: idle ones try ahead what will likely be asked for
	OneSided   bool // one hit is proof
	Fixed      bool // find the version that the problem went away with
	// OnPassed is told of a version that cannot be run, OnEnd of each run of an end, OnStep of
	// each run after these. All may be nil.
	OnPassed func(image string, why error)
	OnEnd    func(image string, r isolate.Result)
	OnStep   func(BisectStep)
	OnReal   func(with, without string, runs int) // before the versions on both sides are tried at speed 1; nil tells nobody
}

// BisectStep is a run of a bisection, and what is likeliest since.
type BisectStep struct {
	Run       int
	Image     string
	Outcome   isolate.Outcome
	Likeliest string
}

// Bisect runs a scenario on versions until it is known with which its problem came in, or
// went away, and writes bisection.json below dir, a folder that [CreateSearch] made. What an
// earlier call recorded there is not run again.
//
// The result holds for what was done, also beside an error.
func Bisect(ctx context.Context, b *Bench, dir evidence.Dir, l *scenarios.Loaded, o BisectOptions) (out result.Bisection, err error) {
	unlock, err := lock(dir)
	if err != nil {
		return out, err
	}
	defer unlock()
	s := newBisection(l, o)
	if err := s.check(ctx, b); err != nil {
		return out, err
	}
	if err := s.holdBegun(dir); err != nil {
		return out, &OptionsError{err}
	}
	labs := NewLabOracle(s.cutter, b, dir.File("runs"), o.Labs)
	begun := false
	ahead, err := lookAhead(ctx, dir, labs, s.cutter.units, s.again, func(ahead isolate.Oracle) (err error) {
		rec, err := isolate.NewRecorder(dir.File(searchLedger), begunWith(dir), s.cutter.units, ahead)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rec.Close()) }()
		begun = true
		out, err = s.run(ctx, rec)
		return err
	})
	if !begun {
		return out, err
	}
	out.Ahead = ahead
	out.Dir, out.Scenario, out.Clock = dir.Path, l.Scenario.ID, s.clock
	if err == nil && out.Found && s.clock.Scaled() {
		out.Real, err = s.inRealTime(ctx, b, dir, out)
	}
	if out.Real != nil {
		out.Runs += out.Real.Final.Runs() + out.Real.Control.Runs()
	}
	if b.Close != nil {
		err = errors.Join(err, b.Close(context.WithoutCancel(ctx), nil))
	}
	out.Reason = endedBy(ctx, err)
	return out, errors.Join(err, evidence.WriteJSON(dir.File("bisection.json"), out))
}

// bisection is one in the making.
type bisection struct {
	o      BisectOptions
	list   []isolate.Version
	cutter *versionCutter
	clock  evidence.Clock // of the labs of all versions
}

func newBisection(l *scenarios.Loaded, o BisectOptions) *bisection {
	list := inOrder(o.Versions)
	s := &bisection{o: o, list: list, cutter: &versionCutter{
		loaded: l, nodes: o.Nodes, set: o.Set, reset: o.Reset, speed: o.Speed, units: isolate.VersionUnits(list), lacks: map[string]error{},
	}}
	for _, v := range list {
		s.cutter.images = append(s.cutter.images, v.Name)
	}
	return s
}

// check notes the versions whose labs cannot be built here. Fewer than two that can are an
// error, which has the reasons.
func (s *bisection) check(ctx context.Context, b *Bench) error {
	var reasons error
	for i, image := range s.cutter.images {
		p, err := s.cutter.Plan(s.cutter.only(i))
		if err != nil {
			return &OptionsError{err}
		}
		s.clock = p.Clock
		if err := b.Check(ctx, p); err != nil {
			s.cutter.lacks[image] = err
			reasons = errors.Join(reasons, err)
			if s.o.OnPassed != nil {
				s.o.OnPassed(image, err)
			}
		}
	}
	if len(s.cutter.images)-len(s.cutter.lacks) < 2 {
		return fmt.Errorf("fewer than two of the versions can be run: %w", reasons)
	}
	return nil
}

// OptionsError says that an experiment's options do not fit its scenario.
type OptionsError struct{ Err error }

func (e *OptionsError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *OptionsError) Unwrap() error { return e.Err }

// flipped gives hits for misses: where a fix is looked for, a version counts as having the
// change when the problem is gone.
type flipped struct{ isolate.Oracle }

func (f flipped) Try(ctx context.Context, c isolate.Candidate, n int) ([]isolate.Result, error) {
	if c.Outlook.Hit > 0 {
		c.Outlook.Hit = 1 - c.Outlook.Hit
	}
	results, err := f.Oracle.Try(ctx, c, n)
	out := slices.Clone(results)
	for i := range out {
		out[i].Outcome = flip(out[i].Outcome)
	}
	return out, err
}

func flip(o isolate.Outcome) isolate.Outcome {
	switch o {
	case isolate.Hit:
		return isolate.Miss
	case isolate.Miss:
		return isolate.Hit
	default:
		return o
	}
}

// again is the search without anybody who watches.
func (s *bisection) again(ctx context.Context, o isolate.Oracle) {
	quiet := *s
	quiet.o.OnEnd, quiet.o.OnStep = nil, nil
	_, _ = quiet.run(ctx, o)
}

func (s *bisection) run(ctx context.Context, rec isolate.Oracle) (result.Bisection, error) {
	out := result.Bisection{Fixed: s.o.Fixed}
	good, bad, err := s.measureEnds(ctx, rec)
	out.Good, out.Bad, out.Runs = good.Count, bad.Count, good.Runs()+bad.Runs()
	if err != nil {
		return out, err
	}
	opt := isolate.BisectOptions{Confidence: s.o.Confidence, Good: good.Count, Bad: bad.Count, Cap: s.o.MaxTrials, OneSided: s.o.OneSided && !s.o.Fixed, OnStep: s.step}
	o := rec
	if s.o.Fixed { // in the flipped world the new side hits
		o, opt.Good, opt.Bad = flipped{rec}, onlyValid(bad.Count).Flipped(), onlyValid(good.Count).Flipped()
	}
	b, err := isolate.Bisect(ctx, s.list, o, opt)
	if b == nil {
		return out, err
	}
	out.Runs, out.Confidence, out.Found = b.Runs+good.Runs()+bad.Runs(), b.Confidence, b.Decided && b.First < len(s.list)
	if b.First < len(s.list) {
		out.First = s.cutter.images[b.First]
	}
	for _, i := range b.Range {
		if i < len(s.list) {
			out.Range = append(out.Range, s.cutter.images[i])
		}
	}
	out.Good, out.Bad, out.Alike = b.Good, b.Bad, b.Alike
	if s.o.Fixed {
		out.Good, out.Bad = onlyValid(b.Bad).Flipped(), onlyValid(b.Good).Flipped()
	}
	for i := range s.cutter.images {
		out.Versions = append(out.Versions, s.version(i, b, good, bad))
	}
	return out, err
}

// sides are the versions nearest to the answer of which runs showed the problem, and did not always; below 0: there is none.
func (s *bisection) sides(out result.Bisection) (with, without int) {
	first := slices.Index(s.cutter.images, out.First)
	before := func(fits func(result.Count) bool) int {
		for i := first - 1; i >= 0; i-- {
			if fits(out.Versions[i].Runs) {
				return i
			}
		}
		return -1
	}
	after := func(fits func(result.Count) bool) int {
		if i := slices.IndexFunc(out.Versions[first:], func(v result.Version) bool { return fits(v.Runs) }); i >= 0 {
			return first + i
		}
		return -1
	}
	hit := func(c result.Count) bool { return c.Hits > 0 }
	missed := func(c result.Count) bool { return c.Misses > 0 }
	if s.o.Fixed {
		return before(hit), after(missed)
	}
	return after(hit), before(missed)
}

// inRealTime tries the versions on both sides of the answer at speed 1.
func (s *bisection) inRealTime(ctx context.Context, b *Bench, dir evidence.Dir, found result.Bisection) (seen *result.RealTime, err error) {
	with, without := s.sides(found)
	if with < 0 || without < 0 {
		return nil, nil
	}
	slow := *s.cutter
	slow.speed = 1
	labs := NewLabOracle(&slow, b, dir.File("runs"), s.o.Labs)
	defer func() { err = errors.Join(err, labs.Close(context.WithoutCancel(ctx))) }()
	rec, err := isolate.NewRecorder(dir.File(realTimeLedger), begunWith(dir), slow.units, labs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rec.Close()) }()
	if s.o.OnReal != nil {
		s.o.OnReal(slow.images[with], slow.images[without], s.o.Measure)
	}
	return s.realTime(ctx, rec, with, without)
}

// realTime tries two versions with an oracle of labs at speed 1.
func (s *bisection) realTime(ctx context.Context, slow isolate.Oracle, with, without int) (*result.RealTime, error) {
	final, err := counted(ctx, slow, s.cutter.only(with), s.o.Measure)
	control := result.Count{}
	if err == nil {
		control, err = counted(ctx, slow, s.cutter.only(without), s.o.Measure)
	}
	out := result.NewRealTime(final, control)
	return &out, err
}

func onlyValid(c result.Count) result.Count { return result.Count{Hits: c.Hits, Misses: c.Misses} }

// version is what the runs of one came to, those beforehand among them.
func (s *bisection) version(i int, b *isolate.Bisection, ends ...versionEnd) result.Version {
	v := result.Version{Image: s.cutter.images[i], Runs: b.Counts[i], Posterior: b.Posterior[i]}
	if s.o.Fixed {
		v.Runs = v.Runs.Flipped()
	}
	for _, end := range ends {
		if end.version == i {
			v.Runs = v.Runs.Plus(end.Count)
		}
	}
	if err := s.cutter.lacks[v.Image]; err != nil {
		v.Passed = err.Error()
	} else if b.Dead[i] {
		v.Passed = "its runs say nothing: see their evidence"
	}
	return v
}

func (s *bisection) step(b isolate.BisectStep) {
	if s.o.OnStep == nil {
		return
	}
	outcome := b.Outcome
	if s.o.Fixed {
		outcome = flip(outcome) // a person reads whether the problem showed
	}
	s.o.OnStep(BisectStep{Run: b.Runs, Image: s.cutter.images[b.Version], Outcome: outcome, Likeliest: likeliest(b.Posterior, s.cutter.images)})
}

// versionEnd is a version at an end of the list, and what its runs beforehand came to.
type versionEnd struct {
	version int
	result.Count
}

// measureEnds runs the version that must fail and the one that must not.
func (s *bisection) measureEnds(ctx context.Context, o isolate.Oracle) (good, bad versionEnd, err error) {
	first, last := -1, -1
	for i, image := range s.cutter.images {
		if s.cutter.lacks[image] == nil {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	good.version, bad.version = first, last
	if s.o.Fixed {
		good.version, bad.version = last, first
	}
	if bad.Count, err = s.measureEnd(ctx, o, bad.version); err != nil {
		return good, bad, err
	}
	if bad.Hits == 0 {
		return good, bad, fmt.Errorf("%w on %s: %s", isolate.ErrNotReproduced, s.cutter.images[bad.version], bad.Count)
	}
	if good.Count, err = s.measureEnd(ctx, o, good.version); err != nil {
		return good, bad, err
	}
	if stats.FisherLess(bad.Hits, bad.Valid(), good.Hits, good.Valid()) > 0.3 {
		return good, bad, fmt.Errorf("%w: %s shows it in %s of its runs, %s in %s; there is nothing between them to find, or these are too few to tell (--measure makes more)",
			isolate.ErrNotSpecific, s.cutter.images[bad.version], bad.Count, s.cutter.images[good.version], good.Count)
	}
	return good, bad, nil
}

func (s *bisection) measureEnd(ctx context.Context, o isolate.Oracle, version int) (result.Count, error) {
	image := s.cutter.images[version]
	var count result.Count
	for count.Valid() < s.o.Measure {
		c := s.cutter.only(version)
		c.Outlook = isolate.Outlook{Hit: (float64(count.Hits) + 0.5) / float64(count.Valid()+1), More: s.o.Measure - count.Valid() - 1}
		results, err := o.Try(ctx, c, 1)
		if err != nil {
			return count, err
		}
		for _, r := range results {
			r.Outcome.CountIn(&count)
			if s.o.OnEnd != nil {
				s.o.OnEnd(image, r)
			}
		}
		if count.Runs()-count.Valid() > s.o.Measure+2 {
			return count, fmt.Errorf("%w on %s, the end of the list: %d of %d", isolate.ErrBroken, image, count.Runs()-count.Valid(), count.Runs())
		}
	}
	return count, nil
}

// likeliest names the two likeliest versions.
func likeliest(posterior []float64, images []string) string {
	order := make([]int, len(posterior))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(posterior[y], posterior[x]) })
	var words []string
	for _, i := range order[:min(2, len(order))] {
		name := "none"
		if i < len(images) {
			name = images[i]
		}
		words = append(words, fmt.Sprintf("%s %.3f", name, posterior[i]))
	}
	return strings.Join(words, ", ")
}
