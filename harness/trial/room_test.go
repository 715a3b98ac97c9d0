package trial_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
)

// crowded is a provider whose labs stand on machines that others use too.
type crowded struct {
	snapshots
	claim func(ctx context.Context) error // before the room is there
	leave func() string
	down  func() error // how a lab is released, beside that it is
	did   *[]string
}

func (c crowded) do(what string) { *c.did = append(*c.did, what) }

func (c crowded) Claim(ctx context.Context, _ topologies.Topology) (topologies.Claim, error) {
	c.do("claim")
	if c.Up() > 0 {
		c.do("beside another")
	}
	return c, c.claim(ctx)
}

func (c crowded) Release() { c.do("give back") }

func (c crowded) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	c.do("build")
	r, err := c.snapshots.Reserve(ctx, t, o)
	return crowdedLab{r, c}, err
}

type crowdedLab struct {
	topologies.Reservation
	c crowded
}

func (l crowdedLab) Unwrap() topologies.Reservation { return l.Reservation }

func (l crowdedLab) Release(ctx context.Context) error {
	return errors.Join(l.Reservation.Release(ctx), l.c.down())
}

func (l crowdedLab) Leave(context.Context) string { return l.c.leave() }

// TestRoom: however long room for a lab is waited for, the trial has all of its time; without room nothing is begun, and nothing
// counted. A lab is left for another between two trials where its machines say so, and given back before the next one is asked for.
func TestRoom(t *testing.T) {
	none := &topologies.MissingError{What: "host", Name: "for the lab"}
	for _, tt := range []struct {
		name   string
		wait   time.Duration
		none   int  // of the claims that fail, counted from 1
		leaves int  // before this trial
		stays  bool // the lab is left, but cannot be taken down in good order
		trials int
		did    []string
		how    []string // the lab came about, by trial
	}{
		{name: "at once", trials: 2, did: []string{"claim", "build"}, how: []string{"built", "brought back by snapshot"}},
		{name: "after a day", wait: 24 * time.Hour, trials: 1, did: []string{"claim", "build"}, how: []string{"built"}},
		{name: "none", none: 1, trials: 1, did: []string{"claim"}},
		{
			name: "left", leaves: 2, trials: 3, did: []string{"claim", "build", "claim", "build"},
			how: []string{"built", "rebuilt: right drains", "brought back by snapshot"},
		},
		{
			name: "left in disorder", leaves: 2, stays: true, trials: 2, did: []string{"claim", "build", "claim", "build"},
			how: []string{"built", "rebuilt: right drains"},
		},
		{name: "left, and no other", leaves: 2, none: 2, trials: 2, did: []string{"claim", "build", "claim"}, how: []string{"built"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var did []string
				begun, claims := 0, 0
				p := crowded{
					snapshots{&w.provider, func(string) (topologies.How, error) { return topologies.BySnapshot, nil }},
					func(ctx context.Context) error {
						select {
						case <-time.After(tt.wait):
						case <-ctx.Done():
							return ctx.Err()
						}
						if claims++; claims == tt.none {
							return none
						}
						return nil
					},
					func() string {
						if begun == tt.leaves {
							return "right drains"
						}
						return ""
					}, func() error {
						if tt.stays && begun == tt.leaves {
							return errors.New("left does not answer")
						}
						return nil
					}, &did,
				}
				s, err := trial.NewSeries(t.Context(), planOf(t, stuck, plan.Options{Trials: tt.trials}), t.TempDir(), trial.Environment{Provider: p, Registry: w.platform.Registry()}, evidence.Tool{Name: "test"})
				if err != nil {
					t.Fatal(err)
				}
				for begun = 1; begun <= tt.trials; begun++ {
					v, err := s.Try(t.Context(), 1)
					room, without := errors.AsType[*trial.RoomError](err)
					if without != (begun > len(tt.how)) || without && !errors.Is(room, none) || err != nil && !without {
						t.Errorf("trial %d: %v", begun, err)
					}
					if !without && v.Verdict != evidence.Reproduced {
						t.Errorf("trial %d is %s: %s", begun, v.Verdict, v.Reason)
					}
				}
				if err := s.Close(t.Context()); err != nil || w.provider.Up() != 0 {
					t.Errorf("%d labs are up: %v", w.provider.Up(), err)
				}
				if diff := cmp.Diff(tt.did, did); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				var how []string
				entries, err := s.Dir().Ledger()
				for _, e := range entries {
					how = append(how, e.ResetHow)
					if e.Took >= time.Hour {
						t.Errorf("trial %d took %s", e.Trial, e.Took)
					}
				}
				if !slices.Equal(how, tt.how) || err != nil {
					t.Errorf("%q, %v", how, err)
				}
				if tt.stays {
					if record, err := s.Dir().Trial(tt.leaves).Read(); err != nil || !slices.ContainsFunc(record.Events, func(e evidence.Event) bool { return e.Name == "take the old lab down: left does not answer" }) {
						t.Errorf("it is not noted: %v", err)
					}
				}
				run, _, err := s.Summarise()
				if err != nil || s.Trials() != len(tt.how) || run.Planned != len(tt.how) || run.Reproduced != len(tt.how) {
					t.Errorf("%+v, %v", run, err)
				}
			})
		})
	}
}

// TestRoomIsGivenBack: room that was claimed for a lab which is not built is given back, also when the trial cannot show anything.
func TestRoomIsGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var did []string
	p := crowded{snapshots{&w.provider, nil}, func(context.Context) error { return nil }, func() string { return "" }, func() error { return nil }, &did}
	yaml := strings.Replace(stuck, "title: ", "clock: {speed: 2}\ntitle: ", 1) // which the lab has not
	s, err := trial.NewSeries(t.Context(), planOf(t, yaml, plan.Options{Trials: 1}), t.TempDir(), trial.Environment{Provider: p, Registry: w.platform.Registry()}, evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.Try(t.Context(), 1); err != nil || v.Verdict != evidence.NotApplicable {
		t.Errorf("%+v, %v", v, err)
	}
	if err := s.Close(t.Context()); err != nil || did[len(did)-1] != "give back" && !slices.Contains(did, "build") {
		t.Errorf("%q, %v", did, err)
	}
}

// narrow is a provider with room for one lab, which is taken down for another where nothing goes on in it.
type narrow struct {
	snapshots
	free chan struct{} // holds one while there is room
	down *func(context.Context) (bool, error)
	did  *[]string
}

func (n narrow) Claim(ctx context.Context, _ topologies.Topology) (topologies.Claim, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	for {
		if *n.down != nil {
			gone, err := (*n.down)(ctx)
			if err != nil {
				return nil, err
			}
			*n.did = append(*n.did, map[bool]string{true: "made room", false: "in use"}[gone])
		}
		select {
		case <-n.free:
			return n, nil
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (n narrow) Release() { n.free <- struct{}{} }

func (n narrow) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	r, err := n.snapshots.Reserve(ctx, t, o)
	return narrowLab{r, n}, err
}

type narrowLab struct {
	topologies.Reservation
	n narrow
}

func (l narrowLab) Unwrap() topologies.Reservation { return l.Reservation }

func (l narrowLab) YieldBy(down func(context.Context) (bool, error)) { *l.n.down = down }

func (l narrowLab) Release(ctx context.Context) error {
	*l.n.down = nil
	defer l.n.Release()
	return l.Reservation.Release(ctx)
}

// TestRoomOfTheOtherSide: a lab in which no trial is makes room for one of another series, also where it waits for the next series to
// use it again; one in which there is a trial is left alone until that is over.
func TestRoomOfTheOtherSide(t *testing.T) {
	for _, tt := range []struct {
		name  string
		warm  bool // the first series is closed, and its lab kept
		amid  bool // the second one claims room in the middle of a trial of the first
		again string
	}{
		{name: "between trials", again: "rebuilt: another lab needed its room meanwhile"},
		{name: "within a trial", amid: true, again: "rebuilt: another lab needed its room meanwhile"},
		{name: "kept", warm: true, again: "built"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var did []string
				var down func(context.Context) (bool, error)
				p := narrow{snapshots{&w.provider, func(string) (topologies.How, error) { return topologies.BySnapshot, nil }}, make(chan struct{}, 1), &down, &did}
				p.Release()
				warm := &trial.WarmLabs{}
				series := func(progress func(trial.Progress)) *trial.Series {
					env := trial.Environment{Provider: p, Registry: w.platform.Registry(), Progress: progress}
					if tt.warm {
						env.Warm = warm
					}
					s, err := trial.NewSeries(t.Context(), planOf(t, stuck, plan.Options{Trials: 2}), t.TempDir(), env, evidence.Tool{Name: "test"})
					if err != nil {
						t.Fatal(err)
					}
					return s
				}
				try := func(s *trial.Series, lab int) {
					if v, err := s.Try(t.Context(), lab); err != nil || v.Verdict != evidence.Reproduced {
						t.Errorf("%s: %+v, %v", s.Dir().Path, v, err)
					}
				}
				other := series(nil)
				done := make(chan struct{})
				var once sync.Once
				beside := func() {
					once.Do(func() {
						go func() {
							defer close(done)
							try(other, 2)
						}()
					})
				}
				main := series(func(at trial.Progress) {
					if tt.amid && at.Phase == evidence.PhaseSymptom {
						beside()
					}
				})
				try(main, 1)
				if tt.warm {
					if err := main.Close(t.Context()); err != nil || w.provider.Up() != 1 {
						t.Errorf("%d labs are up: %v", w.provider.Up(), err)
					}
				}
				beside()
				<-done
				try(main, 1)
				entries, err := main.Dir().Ledger()
				if err != nil || len(entries) != 2 || entries[1].ResetHow != tt.again {
					t.Errorf("%+v, %v", entries, err)
				}
				if in := slices.Contains(did, "in use"); in != tt.amid || !slices.Contains(did, "made room") {
					t.Errorf("%q", did)
				}
				if err := errors.Join(main.Close(t.Context()), other.Close(t.Context()), warm.Close(t.Context())); err != nil || w.provider.Up() != 0 {
					t.Errorf("%d labs are up: %v", w.provider.Up(), err)
				}
			})
		})
	}
}
