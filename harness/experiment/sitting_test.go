package experiment_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/experiment/pooltest"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
)

// forgetful is a pool of series that leave no record of a trial that is cancelled. The second is.
type forgetful struct {
	experiment.Here
	cancel context.CancelFunc
}

func (f forgetful) Series(ctx context.Context, p *plan.Plan, parent string, env trial.Environment, tool evidence.Tool) (experiment.Series, error) {
	s, err := f.Here.Series(ctx, p, parent, env, tool)
	return &forgetfulSeries{Series: s, cancel: f.cancel}, err
}

type forgetfulSeries struct {
	experiment.Series
	cancel context.CancelFunc
	tries  int
}

func (f *forgetfulSeries) TryWithin(ctx context.Context, lab int, patience time.Duration) (trial.Attempt, error) {
	if f.tries++; f.tries > 1 {
		f.cancel()
		return trial.Attempt{}, ctx.Err()
	}
	return f.Series.TryWithin(ctx, lab, patience)
}

// told collects the trials that an experiment tells of.
type told struct {
	mu  sync.Mutex
	all []experiment.Tried
}

func (*told) Recording([]experiment.Recording) {}

func (o *told) Tried(t experiment.Tried) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, t)
}

// A trial that was cancelled and has no record is not told of, and counts for nothing.
func TestCancelledWithoutRecord(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w, seen := pooltest.NewWorld(), &told{}
	b := &experiment.Bench{Env: w.Env(), Pool: forgetful{cancel: cancel}, Parent: t.TempDir(), Tool: evidence.Tool{Name: "test"}, Observer: seen}
	r, err := experiment.Rate(ctx, b, pooltest.Plan(t, w), nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: 3}})
	if !errors.Is(err, context.Canceled) || r.Trials != 1 || r.Inconclusive != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if len(seen.all) != 1 || seen.all[0].Verdict.Verdict != evidence.Reproduced {
		t.Errorf("it told of %+v", seen.all)
	}
}

// crowded is a pool whose second lab has no room for as long as is said.
type crowded struct {
	experiment.Here
	without func() bool
	began   chan struct{} // closed when the first lab is at work
	once    *sync.Once
}

func (c crowded) Series(ctx context.Context, p *plan.Plan, parent string, env trial.Environment, tool evidence.Tool) (experiment.Series, error) {
	s, err := c.Here.Series(ctx, p, parent, env, tool)
	return &crowdedSeries{s, c}, err
}

type crowdedSeries struct {
	experiment.Series
	c crowded
}

func (s *crowdedSeries) TryWithin(ctx context.Context, lab int, patience time.Duration) (trial.Attempt, error) {
	if lab == 1 {
		s.c.once.Do(func() { close(s.c.began) })
	}
	if <-s.c.began; lab == 2 && s.c.without() {
		return trial.Attempt{}, &trial.RoomError{Err: errors.New("left is gone")}
	}
	return s.Series.TryWithin(ctx, lab, patience)
}

// TestOneLabWithoutRoom: a lab that has no room ends nobody's trials: it makes its own once it has some, and says that it has none
// when the others are done.
func TestOneLabWithoutRoom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		comes         bool // room for the second lab, when the first has made a trial
		trials, tried int
	}{
		{name: "for a while", comes: true, trials: 4, tried: 4},
		{name: "for good", trials: 4, tried: 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, seen := pooltest.NewWorld(), &told{}
			w.Hold = make(chan struct{})
			var once sync.Once
			pool := crowded{began: make(chan struct{}), once: &sync.Once{}, without: func() bool {
				defer once.Do(func() { close(w.Hold) }) // the first lab is not done before the second one was refused
				seen.mu.Lock()
				defer seen.mu.Unlock()
				return !tt.comes || len(seen.all) == 0
			}}
			b := &experiment.Bench{Env: w.Env(), Pool: pool, Parent: t.TempDir(), Tool: evidence.Tool{Name: "test"}, Observer: seen}
			p := pooltest.Plan(t, w)
			p.Labs = 2
			r, err := experiment.Rate(t.Context(), b, p, nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: tt.trials}})
			if _, without := errors.AsType[*trial.RoomError](err); without != (tt.tried < tt.trials) || err != nil && !without {
				t.Error(err)
			}
			if len(seen.all) != tt.tried || r.Inconclusive != 0 {
				t.Errorf("%d trials were made: %+v", len(seen.all), r)
			}
		})
	}
}

// roomless is a series whose lab 2 has no room.
type roomless struct {
	experiment.Series
	tried [3]int // by lab
}

func (r *roomless) TryWithin(_ context.Context, lab int, _ time.Duration) (trial.Attempt, error) {
	if r.tried[lab]++; lab == 2 {
		return trial.Attempt{}, &trial.RoomError{Err: errors.New("left is gone")}
	}
	return trial.Attempt{}, nil
}

// TestBetweenTrials: a lab without room waits for another one that is between two trials, and is answered when that has no more.
func TestBetweenTrials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var labs experiment.SideBySide
		r, end := &roomless{}, labs.Begin(1)
		var answer error
		go func() {
			defer labs.Begin(2)()
			_, answer = labs.TryWithin(t.Context(), r, 2, 0)
		}()
		for n := range 3 {
			synctest.Wait()
			if r.tried[2] != n+1 || answer != nil {
				t.Fatalf("while lab 1 has more to do, lab 2 tried %d times, and its answer is %v", r.tried[2], answer)
			}
			if _, err := labs.TryWithin(t.Context(), r, 1, 0); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		end()
		synctest.Wait()
		if _, without := errors.AsType[*trial.RoomError](answer); !without || r.tried[2] != 5 {
			t.Errorf("with nobody at work, lab 2 tried %d times, and its answer is %v", r.tried[2], answer)
		}
	})
}
