package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// Series executes trials of one plan for as long as its caller wants more: for verbs that
// decide after each trial whether another is worth it. Everything is recorded in a run
// directory as by a run of a fixed number. Trials execute in this process.
//
// Try may be called from several goroutines, with a lab number of its own for each.
type Series struct {
	plan *plan.Plan
	env  Environment
	mu   sync.Mutex
	labs map[int]*Lab
	next int // number of the last trial that was begun
	// done are the trials that were counted before the series was opened again.
	done map[int]evidence.TrialVerdict
}

// NewSeries creates the run directory below parent. Nothing is built before the first
// trial. env.Dir is filled in.
func NewSeries(ctx context.Context, p *plan.Plan, parent string, env Environment, tool evidence.Tool) (*Series, error) {
	dir, err := CreateRun(ctx, p, parent, env.Provider, tool)
	if err != nil {
		return nil, err
	}
	env.Dir = dir
	return &Series{plan: PlanIn(p, env.Provider), env: env, labs: map[int]*Lab{}}, nil
}

// ReopenSeries goes on in the run directory that a series left, with the plan it executed. Trials that
// the ledger has counted are answered from it. One that was broken off or interrupted is judged as what
// it is, stays in the record, and is passed over: who asked for it is given the next. Nobody else
// may be at work in the directory.
func ReopenSeries(p *plan.Plan, dir evidence.Dir, env Environment) (*Series, error) {
	done, err := Counted(p, dir)
	if err != nil {
		return nil, err
	}
	env.Dir = dir
	return &Series{plan: PlanIn(p, env.Provider), env: env, labs: map[int]*Lab{}, done: done}, nil
}

// Counted gives, by number, how the trials are judged that the ledger of a run directory has counted, which
// nobody is at work in; those that were broken off are judged first. Each is judged again from its record: one that is
// not the record that the ledger was written for, or that comes to something else, is an error.
func Counted(p *plan.Plan, dir evidence.Dir) (map[int]evidence.TrialVerdict, error) {
	if err := judge.Settle(p, dir); err != nil {
		return nil, fmt.Errorf("go on in %s: %w", dir.Path, err)
	}
	entries, err := dir.Ledger()
	if err != nil {
		return nil, fmt.Errorf("go on in %s: %w", dir.Path, err)
	}
	done := map[int]evidence.TrialVerdict{}
	for _, e := range entries {
		if done[e.Trial], err = judgedAgain(p, dir.Trial(e.Trial), e); err != nil {
			return nil, fmt.Errorf("go on in %s: trial %d: %w", dir.Path, e.Trial, err)
		}
	}
	return done, nil
}

// judgedAgain judges a trial that has a line in the ledger. One that was inconclusive is that, whatever its record
// says now: whoever judged it may have known more.
func judgedAgain(p *plan.Plan, t evidence.TrialDir, e evidence.Entry) (evidence.TrialVerdict, error) {
	stored, ok, err := t.Verdict()
	switch {
	case err != nil:
		return stored, err
	case !ok:
		return stored, errors.New("its verdict is gone")
	case stored.Verdict != e.Verdict:
		return stored, fmt.Errorf("its verdict is %s, and the ledger says %s", stored.Verdict, e.Verdict)
	}
	digest, err := t.Digest()
	if err != nil {
		return stored, err
	}
	if digest != e.Digest {
		return stored, errors.New("its record is not the one that the ledger was written for")
	}
	record, err := t.Read()
	if err != nil {
		return stored, err
	}
	v := judge.Judge(p, t.Number, record)
	switch {
	case v.Verdict == e.Verdict:
		return v, nil
	case e.Verdict == evidence.Inconclusive:
		stored.Rule = "" // a rule that did not decide here does not say that it was cut short
		return stored, nil
	default:
		return v, fmt.Errorf("its record is %s (%s), and the ledger says %s", v.Verdict, v.Reason, e.Verdict)
	}
}

// Plan is what each trial executes.
func (s *Series) Plan() *plan.Plan { return s.plan }

// Dir is where the trials are recorded.
func (s *Series) Dir() evidence.Dir { return s.env.Dir }

// Try executes one trial in the lab of that number, which is built when it is not there,
// and returns how it was judged. The error is one of the record or of ctx; a lab that
// broke makes an inconclusive verdict.
func (s *Series) Try(ctx context.Context, lab int) (evidence.TrialVerdict, error) {
	a, err := s.TryWithin(ctx, lab, 0)
	return a.Verdict, err
}

// Attempt is what one trial of a series came to.
type Attempt struct {
	Verdict  evidence.TrialVerdict
	Baseline time.Duration // that it took to hold; 0: it did not, or the trial was answered from the ledger
	GaveUp   bool          // the baseline was not waited for to its windows' end
	Warm     bool          // the lab was up, from a series before (see [WarmLabs])
}

// TryWithin is [Series.Try] with a baseline that is given up after a time, which makes the
// trial inconclusive; 0 leaves it to the conditions' windows.
func (s *Series) TryWithin(ctx context.Context, lab int, patience time.Duration) (Attempt, error) {
	s.mu.Lock()
	n := s.following()
	if v, ok := s.done[n]; ok {
		s.next = n
		s.mu.Unlock()
		return Attempt{Verdict: v}, ctx.Err()
	}
	l := s.labs[lab]
	if l == nil {
		l = NewLab(s.plan, s.env, lab)
		var err error
		if l.was, err = s.env.Warm.take(ctx, l); err != nil {
			s.mu.Unlock()
			return Attempt{}, fmt.Errorf("take the lab before down: %w", err)
		}
		s.labs[lab] = l
	}
	s.mu.Unlock()
	l.using.Lock()
	defer l.using.Unlock()
	if err := l.room(ctx); err != nil {
		return Attempt{}, &RoomError{err}
	}
	s.mu.Lock()
	s.next = s.following() // others went on while room was waited for
	n = s.next
	v, done := s.done[n]
	s.mu.Unlock()
	if done {
		return Attempt{Verdict: v}, ctx.Err()
	}
	return l.try(ctx, n, patience)
}

// following is the number of the trial after the last one that was begun; it is for who holds the lock.
func (s *Series) following() int {
	n := s.next + 1
	for judge.CutShort(s.done[n]) {
		n++
	}
	return n
}

// Try executes trial n in the lab, within the plan's time, and records it. The baseline is given up
// after patience; 0 leaves it to the conditions' windows. The error is one of the record or of ctx, or a [*RoomError]: nothing was
// begun then.
func (l *Lab) Try(ctx context.Context, n int, patience time.Duration) (Attempt, error) {
	l.using.Lock()
	defer l.using.Unlock()
	if err := l.room(ctx); err != nil {
		return Attempt{}, &RoomError{err}
	}
	return l.try(ctx, n, patience)
}

// try is [Lab.Try] for who uses the lab, which has room.
func (l *Lab) try(ctx context.Context, n int, patience time.Duration) (Attempt, error) {
	t, err := l.Begin(n)
	if err != nil {
		return Attempt{}, fmt.Errorf("begin trial %d: %w", n, err)
	}
	t.patience = patience
	bounded, cancel := context.WithTimeout(ctx, l.plan.Timeout)
	defer cancel()
	t.Execute(bounded)
	v, err := t.Finish(bounded)
	return Attempt{v, t.baseline, t.gaveUp, t.lab.warm}, errors.Join(err, ctx.Err())
}

// Close takes the labs down, or leaves them to the environment's [WarmLabs]. The series can go on afterwards with fresh
// ones.
func (s *Series) Close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, l := range s.labs {
		errs = append(errs, s.env.Warm.keep(ctx, l))
	}
	clear(s.labs)
	return errors.Join(errs...)
}

// Trials is the number of trials begun.
func (s *Series) Trials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

// Summarise judges the series as a run of as many trials as it had, and writes that into
// the run directory.
func (s *Series) Summarise() (evidence.RunVerdict, evidence.Rate, error) {
	s.mu.Lock()
	begun := s.next
	s.mu.Unlock()
	return SummariseSeries(s.env.Dir, begun, 0, s.done)
}

// SummariseSeries judges a run directory as a run of as many trials as its series had, and writes that into it: those that were
// begun, but for so many that were cancelled and have no record, and those that were counted before the series was opened again
// (see [Counted]), which are there, asked for again or not.
func SummariseSeries(dir evidence.Dir, begun, cancelled int, counted map[int]evidence.TrialVerdict) (evidence.RunVerdict, evidence.Rate, error) {
	_, info, err := evidence.OpenDir(dir.Path)
	if err != nil {
		return evidence.RunVerdict{}, evidence.Rate{}, err
	}
	info.Trials = begun - cancelled
	for n := range counted {
		if n > begun {
			info.Trials++
		}
	}
	if err := evidence.WriteJSON(dir.File("run.json"), info); err != nil {
		return evidence.RunVerdict{}, evidence.Rate{}, err
	}
	return judge.Summarise(dir, info)
}

// SameLab reports, as an error, that a lab that is built now of a plan is not the one that a run was made in: another
// provider, another kind, an image or a file of input/ that is not what it was.
func SameLab(ctx context.Context, p *plan.Plan, dir evidence.Dir, provider topologies.Provider) error {
	_, was, err := evidence.OpenDir(dir.Path)
	if err != nil {
		return err
	}
	if err := dir.CheckInputs(was); err != nil {
		return fmt.Errorf("%s: trials of two set-ups are not added up: %w", was.ID, err)
	}
	now := evidence.RunInfo{Provider: provider.Name(), Fidelity: string(KindIn(provider, p.Topology))}
	describeLab(ctx, p, provider, &now)
	if was.Provider != now.Provider || was.Fidelity != now.Fidelity {
		return fmt.Errorf("%s was made in labs of %s (%s), and these are of %s (%s): they are not added up", was.ID, was.Provider, was.Fidelity, now.Provider, now.Fidelity)
	}
	for i, n := range was.Nodes {
		if i >= len(now.Nodes) || now.Nodes[i].Name != n.Name || now.Nodes[i].Image != n.Image {
			return fmt.Errorf("%s: its node %s is another one now", was.ID, n.Name)
		}
		if is := now.Nodes[i].Digest; is != n.Digest {
			return fmt.Errorf("%s was made with %s of the digest %s, and that image is %s now: trials of two builds are not added up", was.ID, n.Image, orNone(n.Digest), orNone(is))
		}
	}
	return nil
}

func orNone(digest string) string { return cmp.Or(digest, "none that is known") }
