package isolate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// Reasons why a search ends without its answer.
var (
	ErrNotReproduced = errors.New("the failure does not show")
	ErrNotSpecific   = errors.New("the symptom is not specific enough")
	ErrBroken        = errors.New("too many runs say nothing")
)

// SometimesError is that one run cannot decide of a failure: it did not show in every run that it was measured in.
type SometimesError struct {
	Measured result.Count
}

func (e *SometimesError) Error() string {
	return fmt.Sprintf("one run decides of a failure that shows every time: it showed in %d of %d", e.Measured.Hits, e.Measured.Valid())
}

// ReduceOptions are the choices of a reduction; zero values take the defaults.
type ReduceOptions struct {
	// Measure is the number of valid runs that the original's rate is taken from; default 20.
	Measure int
	// ControlRuns is the number of runs that the false-hit rate is taken from; 0 takes no
	// control, and accepted candidates are not held against one.
	ControlRuns int
	// Single lets one run decide: for a failure that shows every time and nothing else does. One that is
	// measured otherwise is refused, with a SometimesError.
	Single bool
	// KeepRate is the share of the original's rate that the result may not fall below; default 0.5.
	KeepRate float64
	// Guard is the number of runs that the result's rate is taken from; default 10. Negative
	// means none, and no guard of the rate on the way down either.
	Guard int
	// Budget bounds the time that runs may take together, as they report it; 0 means no
	// bound. It is not wall time, so that a resumed search ends where the first would have.
	// No run is begun that is not expected to end within it, and one that takes longer than
	// expected is broken off.
	Budget time.Duration
	// OnLevel is told when a level is done; OnChange when units were taken out.
	OnLevel  func(result.Level)
	OnChange func(Candidate)
}

// Search is the reduction as a search that [NewAhead] looks ahead in.
func (o ReduceOptions) Search(units []Unit) Search {
	o.OnLevel, o.OnChange = nil, nil
	return func(ctx context.Context, oracle Oracle) { _, _ = Reduce(ctx, units, oracle, o) }
}

// Reduction is what is left of a case.
type Reduction struct {
	Kept     Candidate
	Original result.Count // the measured rate of the whole case
	Control  result.Count // and of its control
	Final    result.Count // runs of the result, made after it was accepted
	// Reliable is the candidate with the highest rate among those that levels ended with;
	// nil where it is the result itself.
	Reliable      *Candidate
	ReliableCount result.Count
	// Needed tells, by unit, why it is.
	Needed map[int]result.Need
	Levels []result.Level
	// Complete is false when the budget ended the search: Kept is the best so far.
	Complete bool
}

// Runs is the number of all runs.
func (r *Reduction) Runs() int {
	n := 0
	for _, l := range r.Levels {
		n += l.Runs
	}
	return n
}

// reducer is one reduction under way.
type reducer struct {
	*judge
	o       ReduceOptions
	closure *closure
	best    Candidate
	rate    float64      // of the original
	seen    result.Count // runs made of what was already accepted, so that their rate is no lucky one
	singles map[int]single
	out     *Reduction
	guarded bool
}

// single is the last time that one unit was refused: the candidate without it, and what
// is known of it, all runs without the unit counted.
type single struct {
	key string
	result.Need
}

// Reduce takes out of a case what its failure does not need. It measures the rate of the
// case and of its control first, and gives ErrNotReproduced, ErrNotSpecific or a SometimesError
// when these allow no search. Whatever the error, the reduction holds what was found until then.
func Reduce(ctx context.Context, units []Unit, o Oracle, opt ReduceOptions) (*Reduction, error) {
	if opt.Measure == 0 {
		opt.Measure = 20
	}
	if opt.KeepRate == 0 {
		opt.KeepRate = 0.5
	}
	if opt.Guard == 0 {
		opt.Guard = 10
	}
	r := &reducer{
		judge: &judge{
			oracle: o, units: units, counts: map[string]result.Count{}, reasons: map[string]string{}, outlooks: newOutlooks(), single: opt.Single, tally: &result.Level{Level: "measure"},
			patience: newPatience(), budget: budget{whole: opt.Budget},
		},
		o: opt, closure: newClosure(units), best: Whole(units), singles: map[int]single{},
		out: &Reduction{Needed: map[int]result.Need{}},
	}
	err := r.run(ctx)
	if errors.Is(err, errBudget) {
		err = nil
	} else if err == nil {
		r.out.Complete = true
	}
	r.out.Kept = r.best
	return r.out, err
}

func (r *reducer) run(ctx context.Context) error {
	if err := r.measure(ctx); err != nil {
		r.endLevel(0)
		return err
	}
	r.endLevel(len(r.units))
	for kind := Step; kind <= Value; kind++ {
		if err := r.level(ctx, kind); err != nil {
			return err
		}
	}
	if err := r.lastPass(ctx); err != nil {
		return err
	}
	return r.finish(ctx)
}

// failureRate is the share of the measured rate that a candidate must have to be said to
// keep the failure.
const failureRate = 0.75

// noiseFactor is how many times the measured noise a candidate without the failure is taken to show.
const noiseFactor = 1.5

// measure takes the rates of the case and its control, and sets the test up.
func (r *reducer) measure(ctx context.Context) (err error) {
	if r.out.Original, err = r.measureOriginal(ctx); err != nil {
		return err
	}
	r.rate = float64(r.out.Original.Hits) / float64(r.out.Original.Valid())
	q := 0.0
	if r.o.ControlRuns > 0 {
		control := r.best
		control.Control = true
		if r.out.Control, err = r.fresh(ctx, control, r.o.ControlRuns, 0); err != nil {
			return fmt.Errorf("the control: %w", err)
		}
		q = float64(r.out.Control.Hits) / float64(r.out.Control.Valid())
		r.control = 1
	}
	// H0 and H1 of the sequential test: well above the noise, well below the rate.
	r.seen = r.out.Original
	r.p0, r.p1 = max(noiseFactor*q, 0.02), failureRate*r.rate
	if r.p0*2 > r.p1 {
		return fmt.Errorf("%w: it shows in %d of %d runs of the case and in %d of %d of its control", ErrNotSpecific,
			r.out.Original.Hits, r.out.Original.Valid(), r.out.Control.Hits, r.out.Control.Valid())
	}
	return nil
}

// measureOriginal stops early when nothing shows: by then the rate is under 15 %, 95 times of 100.
func (r *reducer) measureOriginal(ctx context.Context) (result.Count, error) {
	n, err := r.fresh(ctx, r.best, r.o.Measure, 0)
	if err == nil && n.Hits == 0 {
		err = fmt.Errorf("%w: 0 of %d runs", ErrNotReproduced, n.Valid())
	}
	if err == nil && r.single && n.Misses > 0 {
		err = &SometimesError{n}
	}
	return n, err
}

// endLevel closes the tally and opens the next.
func (r *reducer) endLevel(units int) {
	r.tally.Units = units
	if r.o.OnLevel != nil {
		r.o.OnLevel(*r.tally)
	}
	r.out.Levels = append(r.out.Levels, *r.tally)
	r.tally = &result.Level{}
}

// remaining lists the units of a kind that may still go, the latest first.
func (r *reducer) remaining(kind Kind) []int {
	var group []int
	for i, u := range r.units {
		if u.Kind == kind && r.best.Kept[i] && !u.Fixed {
			group = append(group, i)
		}
	}
	slices.Reverse(group)
	return group
}

// oneByOneBelow is the number of units in a level below which group tests do not pay.
const oneByOneBelow = 8

func (r *reducer) level(ctx context.Context, kind Kind) error {
	group := r.remaining(kind)
	if len(group) == 0 {
		return nil
	}
	r.tally.Level = kind.String()
	checkpoint := r.best
	err := r.cutLevel(ctx, group)
	if err == nil && r.best.Size() < checkpoint.Size() {
		err = r.guard(ctx, checkpoint, group)
	}
	r.tally.Kept = len(r.remaining(kind))
	r.endLevel(len(group))
	return err
}

// cutLevel cuts the units of one kind, outer before inner ones. Those within a unit that
// was refused are known to hold something needed, so they are searched apart from the rest.
func (r *reducer) cutLevel(ctx context.Context, group []int) error {
	byDepth := map[int][]int{}
	deepest := 0
	for _, u := range group {
		depth := 0
		for p := r.units[u].Parent; p >= 0 && r.units[p].Kind == r.units[u].Kind; p = r.units[p].Parent {
			depth++
		}
		byDepth[depth] = append(byDepth[depth], u)
		deepest = max(deepest, depth)
	}
	for depth := range deepest + 1 {
		if err := r.cutWithin(ctx, byDepth[depth]); err != nil {
			return err
		}
	}
	return nil
}

func (r *reducer) cutWithin(ctx context.Context, group []int) error {
	var rest, parents []int
	within := map[int][]int{}
	for _, u := range group {
		p := r.units[u].Parent
		if p < 0 || r.units[p].Fixed {
			rest = append(rest, u)
			continue
		}
		if within[p] == nil {
			parents = append(parents, p)
		}
		within[p] = append(within[p], u)
	}
	if err := r.cut(ctx, rest, len(rest) < oneByOneBelow); err != nil {
		return err
	}
	for _, p := range parents {
		if _, err := r.split(ctx, within[p], true); err != nil {
			return err
		}
	}
	return nil
}

func (r *reducer) cut(ctx context.Context, group []int, oneByOne bool) error {
	if !oneByOne {
		_, err := r.split(ctx, group, false)
		return err
	}
	for _, u := range group {
		if _, err := r.split(ctx, []int{u}, false); err != nil {
			return err
		}
	}
	return nil
}

// split tries to take a group out as a whole, and its halves where that is refused. known
// says that the group is known to hold a needed unit: then asking for the whole is a
// waste. It reports whether everything is gone.
func (r *reducer) split(ctx context.Context, group []int, known bool) (gone bool, err error) {
	group = slices.DeleteFunc(slices.Clone(group), func(u int) bool { return !r.best.Kept[u] })
	if len(group) == 0 {
		return true, nil
	}
	if known && len(group) == 1 {
		return false, nil
	}
	if !known {
		gone, err := r.remove(ctx, group, riskLenient)
		if gone || err != nil || len(group) == 1 {
			return gone, err
		}
	}
	a, b := r.halves(group)
	goneA, err := r.split(ctx, a, false)
	if err != nil {
		return false, err
	}
	goneB, err := r.split(ctx, b, goneA)
	return goneA && goneB, err
}

// remove judges the case without the units, and takes them out when it keeps the failure.
func (r *reducer) remove(ctx context.Context, group []int, beta float64) (bool, error) {
	c, ok := r.closure.without(r.best, group)
	if !ok {
		return false, nil // it takes what the symptom looks at
	}
	// Runs without this unit, with more of the rest around it, count: they are no others
	// than those of the candidate itself when nothing has changed since.
	var earlier result.Count
	if s, ok := r.singles[group[0]]; ok && len(group) == 1 && s.key != r.key(c) {
		earlier = s.Without
	}
	r.about(len(group), beta)
	v, err := r.decide(ctx, c, beta, earlier)
	if err == nil && v == keeps && r.guarded {
		var kept bool
		if _, kept, err = r.keepsRate(ctx, c); !kept {
			v = loses
		}
	}
	if err != nil {
		return false, err
	}
	if v == keeps {
		r.best = c
		if r.o.OnChange != nil {
			r.o.OnChange(c)
		}
		return true, nil
	}
	if len(group) == 1 {
		r.singles[group[0]] = single{r.key(c), r.need(c, earlier)}
	}
	return false, nil
}

// need is what is known of a candidate that was refused.
func (r *reducer) need(c Candidate, earlier result.Count) result.Need {
	n := result.Need{Without: r.count(c)}
	n.Without.Hits, n.Without.Misses = n.Without.Hits+earlier.Hits, n.Without.Misses+earlier.Misses
	if n.Without.Valid() == 0 {
		n.Reason = r.reasons[r.key(c)]
	}
	if n.Without.Hits > 0 {
		c.Control = true
		n.Control = r.count(c)
	}
	return n
}

// halves splits a group by weight, in its order, so that neighbours stay together.
func (r *reducer) halves(group []int) (a, b []int) {
	total := 0
	for _, u := range group {
		total += max(r.units[u].Weight, 1)
	}
	sum := 0
	for i, u := range group {
		sum += max(r.units[u].Weight, 1)
		if 2*sum >= total {
			i = min(max(i+1, 1), len(group)-1)
			return group[:i], group[i:]
		}
	}
	return group[:1], group[1:]
}

// guard spends fresh runs at a level's end. When the rate has fallen under the floor, the
// level is undone and cut one by one, each step held against the floor.
func (r *reducer) guard(ctx context.Context, checkpoint Candidate, group []int) error {
	if r.o.Guard < 0 || r.single {
		return nil
	}
	n, kept, err := r.keepsRate(ctx, r.best)
	if err != nil {
		return err
	}
	if kept {
		r.remember(r.best, n)
		r.seen.Hits, r.seen.Misses = r.seen.Hits+n.Hits, r.seen.Misses+n.Misses
		r.p1 = failureRate * float64(r.seen.Hits) / float64(r.seen.Valid())
		return nil
	}
	r.best, r.guarded = checkpoint, true
	defer func() { r.guarded = false }()
	return r.cut(ctx, slices.DeleteFunc(slices.Clone(group), func(u int) bool { return !r.best.Kept[u] }), true)
}

// Risks of the rate guard. A false alarm has a level cut again one by one, so it is made
// rare; a rate that fell unseen is seen at the next level's end.
const (
	guardMiss  = 0.2
	guardAlarm = 0.005
)

// keepsRate tests with fresh runs whether a candidate still has most of the original's
// rate: 1.4 times the floor against 0.7 times it.
func (r *reducer) keepsRate(ctx context.Context, c Candidate) (n result.Count, kept bool, err error) {
	test := stats.SPRT{P0: 0.7 * r.o.KeepRate * r.rate, P1: min(1.4*r.o.KeepRate*r.rate, 0.99), Alpha: guardMiss, Beta: guardAlarm}
	for n.Valid() < runCap {
		switch test.Decide(n.Hits, n.Misses) {
		case stats.High:
			return n, true, nil
		case stats.Low:
			return n, false, nil
		default:
		}
		more, err := r.fresh(ctx, c, 1, undecided(test, n.Hits, n.Misses)-1)
		if err != nil {
			return n, false, err
		}
		n.Hits, n.Misses = n.Hits+more.Hits, n.Misses+more.Misses
	}
	return n, false, nil
}

// remember keeps the most reliable candidate that a level ended with.
func (r *reducer) remember(c Candidate, n result.Count) {
	if r.out.Reliable == nil || stats.Wilson(n.Hits, n.Valid())[0] > stats.Wilson(r.out.ReliableCount.Hits, r.out.ReliableCount.Valid())[0] {
		r.out.Reliable, r.out.ReliableCount = &c, n
	}
}

// leaves lists the kept units that hold no kept unit which may go, the latest first: where
// one of them is needed, so is everything around it.
func (r *reducer) leaves() []int {
	holds := map[int]bool{}
	for i, u := range r.units {
		if r.best.Kept[i] && !u.Fixed {
			for p := u.Parent; p >= 0; p = r.units[p].Parent {
				holds[p] = true
			}
		}
	}
	var out []int
	for i, u := range r.units {
		if r.best.Kept[i] && !u.Fixed && !holds[i] {
			out = append(out, i)
		}
	}
	slices.Reverse(out)
	return out
}

// lastPass asks for every unit left by itself, strictly.
func (r *reducer) lastPass(ctx context.Context) error {
	r.tally.Level = "last pass"
	checkpoint, units := r.best, len(r.leaves())
	err := r.sweep(ctx)
	if err == nil && r.best.Size() < checkpoint.Size() && r.o.Guard >= 0 && !r.single {
		var kept bool
		if _, kept, err = r.keepsRate(ctx, r.best); err == nil && !kept {
			r.best, r.guarded = checkpoint, true
			err = r.sweep(ctx)
			r.guarded = false
		}
	}
	r.tally.Kept = len(r.leaves())
	r.endLevel(units)
	return err
}

func (r *reducer) sweep(ctx context.Context) error {
	for queue := r.leaves(); len(queue) > 0; queue = queue[1:] {
		u := queue[0]
		if !r.best.Kept[u] {
			continue
		}
		gone, err := r.remove(ctx, []int{u}, riskStrict)
		if err != nil {
			return err
		}
		if !gone {
			r.out.Needed[u] = r.singles[u].Need
			continue
		}
		// What held the unit may have nothing left to hold.
		if p := r.units[u].Parent; p >= 0 && r.best.Kept[p] && !r.units[p].Fixed && slices.Contains(r.leaves(), p) {
			queue = append(queue, p)
		}
	}
	return nil
}

// finish measures the result, and compares it with the most reliable candidate.
func (r *reducer) finish(ctx context.Context) (err error) {
	if r.o.Guard < 0 || r.single {
		return nil
	}
	r.tally.Level = "result"
	r.out.Final, err = r.fresh(ctx, r.best, r.o.Guard, 0)
	r.endLevel(1)
	if c := r.out.Reliable; c != nil {
		rate := float64(r.out.Final.Hits) / float64(max(r.out.Final.Valid(), 1))
		same := c.Key(r.units) == r.best.Key(r.units)
		if same || float64(r.out.ReliableCount.Hits)/float64(r.out.ReliableCount.Valid()) <= rate {
			r.out.Reliable = nil
		}
	}
	return err
}

// typicalNeeded is the number of needed parts that an estimate takes a case to have.
const typicalNeeded = 10

// EstimateRuns guesses the runs of a reduction of that many units at a rate: the tests of
// a binary search for each needed unit, with what a test costs.
func EstimateRuns(units int, rate float64) int {
	needed := float64(min(typicalNeeded, units))
	tests := needed * (math.Log2(max(float64(units)/max(needed, 1), 1)) + 2)
	test := stats.SPRT{P0: 0.02, P1: failureRate * rate, Alpha: riskKeep, Beta: riskLenient}
	hits := 1
	for test.Decide(hits, 0) != stats.High {
		hits++
	}
	return int(tests/2*(float64(hits)/rate+float64(test.Misses(0))) + needed*float64(stats.SPRT{P0: 0.02, P1: failureRate * rate, Alpha: riskKeep, Beta: riskStrict}.Misses(0)))
}
