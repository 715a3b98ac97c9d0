package experiment_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies"
)

// plugPuller cancels an experiment after so many trials, and notes where it was recorded.
type plugPuller struct {
	after  int
	cancel context.CancelFunc
	sides  []experiment.Recording
	tried  int
}

func (p *plugPuller) Recording(sides []experiment.Recording) { p.sides = sides }

func (p *plugPuller) Tried(experiment.Tried) {
	if p.tried++; p.tried == p.after {
		p.cancel()
	}
}

// An experiment that was broken off goes on where it was, and comes to what an undisturbed one comes to:
// what was counted is not run again, and what was cut short is in the record and counts for nothing.
func TestResume(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(context.Context, *experiment.Bench, *plan.Plan, *plan.Plan) (string, error){
		"rate": func(ctx context.Context, b *experiment.Bench, main, control *plan.Plan) (string, error) {
			r, err := experiment.Rate(ctx, b, main, control, experiment.RateOptions{Rule: experiment.StopRule{Runs: 5}, Controls: 3})
			if r.Control == nil {
				return "", errors.Join(err, errors.New("it has no control"))
			}
			return strings.Join([]string{string(r.Outcome), r.Answer, result.NewProportion("", r.Reproduced, r.Valid).String(), r.Control.String()}, "; "), err
		},
		"verify-fix": func(ctx context.Context, b *experiment.Bench, main, control *plan.Plan) (string, error) {
			c, err := experiment.Compare(ctx, b, experiment.Sides{Old: main, New: control, Of: experiment.SampleOf}, experiment.CompareOptions{Confidence: 0.95, Before: 5, MaxTrials: 30})
			return strings.Join([]string{string(c.Ruling), c.Reason, c.Old.Share.String(), c.New.Share.String()}, "; "), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := &memory{breaks: since(1)}
				b := m.bench(t)
				l := loadMemory(t, memoryCase)
				main, control := planMemory(t, l, plan.Options{Trials: 5}), planMemory(t, l, plan.Options{Trials: 5, Variant: evidence.VariantControl})
				want, err := ask(t.Context(), b, main, control)
				if err != nil {
					t.Fatal(err)
				}
				undisturbed := m.labs
				for after := 1; after < undisturbed-1; after++ {
					m.labs = 0
					ctx, cancel := context.WithCancel(t.Context())
					broken := &plugPuller{after: after, cancel: cancel}
					b.Observer, b.Resume = broken, nil
					if _, err := ask(ctx, b, main, control); !errors.Is(err, context.Canceled) {
						t.Fatalf("it was not broken off: %v", err)
					}
					b.Observer, b.Resume = nil, broken.sides
					got, err := ask(t.Context(), b, main, control)
					if err != nil || got != want {
						t.Errorf("broken off after %d: %s, %v, want %s", after, got, err, want)
					}
					if m.labs > undisturbed+1 {
						t.Errorf("broken off after %d: %d trials, %d undisturbed", after, m.labs, undisturbed)
					}
					for _, side := range broken.sides {
						if err := (evidence.Dir{Path: side.Dir}).CheckLedger(); err != nil {
							t.Error(err)
						}
					}
				}
				b.Resume = b.Resume[:1]
				if _, err := ask(t.Context(), b, main, control); err == nil || !strings.Contains(err.Error(), "has no side") {
					t.Errorf("without one of its sides: %v", err)
				}
			})
		})
	}
}

// Two processes do not go on with the same run.
func TestResumeInUse(t *testing.T) {
	t.Parallel()
	m := &memory{breaks: since(1)}
	b := m.bench(t)
	p := planMemory(t, loadMemory(t, memoryCase), plan.Options{Trials: 1})
	var second error
	b.Observer = observing(func(sides []experiment.Recording) {
		other := *b
		other.Observer, other.Resume = nil, sides
		_, second = experiment.Rate(t.Context(), &other, p, nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: 1}})
	})
	if _, err := experiment.Rate(t.Context(), b, p, nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: 1}}); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(second, experiment.ErrInUse) {
		t.Errorf("a second one: %v", second)
	}
}

type observing func([]experiment.Recording)

func (o observing) Recording(sides []experiment.Recording) { o(sides) }
func (observing) Tried(experiment.Tried)                   {}

// What was seen before a comparison was broken off counts when it goes on, also a hit of the new side that came
// when there was enough without it.
func TestResumeLateHit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(1)}
		b := m.bench(t)
		l := loadMemory(t, memoryCase)
		main, control := planMemory(t, l, plan.Options{Trials: 5}), planMemory(t, l, plan.Options{Trials: 5, Variant: evidence.VariantControl})
		var sides []experiment.Recording
		b.Observer = observing(func(s []experiment.Recording) { sides = s })
		ask := func() result.Comparison {
			t.Helper()
			c, err := experiment.Compare(t.Context(), b, experiment.Sides{Old: main, New: control, Of: experiment.SampleOf}, experiment.CompareOptions{Confidence: 0.95, Before: 5, MaxTrials: 30})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		if c := ask(); c.Ruling != result.Fixed {
			t.Fatalf("%+v", c)
		}
		// One more trial of the new side was under way when there was enough, and hit.
		m.breaks = func(string) bool { return true }
		s, err := experiment.Here{}.Reopen(t.Context(), control, evidence.Dir{Path: sides[1].Dir}, b.Env)
		if err != nil {
			t.Fatal(err)
		}
		for {
			a, err := s.TryWithin(t.Context(), 1, 0)
			if err != nil {
				t.Fatal(err)
			}
			if a.Verdict.Verdict == evidence.Reproduced {
				break
			}
		}
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.breaks = since(1)
		b.Observer, b.Resume = nil, sides
		if c := ask(); c.Ruling != result.NotFixed {
			t.Errorf("a hit of the new side is on record: %s (%s)", c.Ruling, c.Reason)
		}
	})
}

// Trials of another build, or of another kind of lab, are not added to those that are there.
func TestResumeElsewhere(t *testing.T) {
	t.Parallel()
	m := &memory{breaks: since(1)}
	b := m.bench(t)
	p := planMemory(t, loadMemory(t, memoryCase), plan.Options{Trials: 1})
	ask := func() error {
		_, err := experiment.Rate(t.Context(), b, p, nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: 1}})
		return err
	}
	digest := "sha256:one"
	b.Env.Provider = ofDigest{Provider: m.provider, digest: &digest}
	b.Observer = observing(func(sides []experiment.Recording) { b.Resume = sides })
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Errorf("nothing changed: %v", err)
	}
	digest = "sha256:two"
	if err := ask(); err == nil || !strings.Contains(err.Error(), "trials of two builds are not added up") {
		t.Errorf("another build: %v", err)
	}
	b.Env.Provider = elsewhere{m.provider}
	if err := ask(); err == nil || !strings.Contains(err.Error(), "was made in labs of memory") {
		t.Errorf("another provider: %v", err)
	}
}

// ofDigest tells the digest of every image.
type ofDigest struct {
	topologies.Provider
	digest  *string
	without string // image, that has none
}

func (d ofDigest) DescribeImage(_ context.Context, ref string) (topologies.ImageInfo, error) {
	if ref == d.without {
		return topologies.ImageInfo{Ref: ref}, nil
	}
	return topologies.ImageInfo{Ref: ref, Digest: *d.digest}, nil
}

type elsewhere struct{ topologies.Provider }

func (elsewhere) Name() string { return "elsewhere" }

// A record that was altered is not gone on with, also where its verdict still says what the ledger does.
func TestResumeAltered(t *testing.T) {
	t.Parallel()
	m := &memory{breaks: since(1)}
	b := m.bench(t)
	p := planMemory(t, loadMemory(t, memoryCase), plan.Options{Trials: 1})
	b.Observer = observing(func(sides []experiment.Recording) { b.Resume = sides })
	ask := func() (result.Rate, error) {
		return experiment.Rate(t.Context(), b, p, nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: 1}})
	}
	if _, err := ask(); err != nil {
		t.Fatal(err)
	}
	file := evidence.Dir{Path: b.Resume[0].Dir}.Trial(1).File("timeline.ndjson")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(data), "\n")
	if err := os.WriteFile(file, []byte(first+"\n"+strings.Replace(rest, "lab", "LAB", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := ask(); err == nil || !strings.Contains(err.Error(), "its record is not the one") || r.Dir != "" {
		t.Errorf("%+v, %v", r, err)
	}
}

// What is gone on with is what was counted: an input that is another now, and a ledger that was cut, are refused, and nothing is
// tried.
func TestResumeChanged(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(t *testing.T, dir evidence.Dir)
		want   string
	}{
		"input": {func(t *testing.T, dir evidence.Dir) { //nolint:thelper // it is the case
			if err := os.WriteFile(dir.File("input", "scenario.yaml"), []byte("title: another\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "trials of two set-ups are not added up: input/scenario.yaml: it is not the file that the run was begun with"},
		"ledger": {func(t *testing.T, dir evidence.Dir) { //nolint:thelper // it is the case
			if err := os.WriteFile(dir.File("ledger.ndjson"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "trial 1: it has a verdict, and no line of the ledger tells of it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &memory{breaks: since(1)}
			b := m.bench(t)
			p := planMemory(t, loadMemory(t, memoryCase), plan.Options{Trials: 2})
			b.Observer = observing(func(sides []experiment.Recording) { b.Resume = sides })
			ask := func() error {
				_, err := experiment.Rate(t.Context(), b, p, nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: 2}})
				return err
			}
			if err := ask(); err != nil {
				t.Fatal(err)
			}
			made := m.labs
			tt.change(t, evidence.Dir{Path: b.Resume[0].Dir})
			if err := ask(); err == nil || !strings.Contains(err.Error(), tt.want) || m.labs != made {
				t.Errorf("%v, and %d labs more, want %q", err, m.labs-made, tt.want)
			}
		})
	}
}
