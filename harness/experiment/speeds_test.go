package experiment_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
)

// realMemory is memoryCase at any speed: its nodes, which have no clock, keep real time.
var realMemory = strings.ReplaceAll(memoryCase, "platform: memory", "platform: memory, clock: real")

// measureSpeeds measures the speeds of realMemory.
func measureSpeeds(t *testing.T, m *memory, atLeast int) (result.Speeds, error) {
	t.Helper()
	l := loadMemory(t, realMemory)
	return experiment.Speeds(t.Context(), m.bench(t), planMemory(t, l, plan.Options{}), planMemory(t, l, plan.Options{Variant: evidence.VariantControl}), atLeast)
}

// Every speed is tried in turn, with the control beside it; the fastest is told at which nothing
// changes. What breaks in real time is not there to be seen when the lab's time is over.
func TestSpeeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(1), after: 15 * time.Millisecond}
		out, err := measureSpeeds(t, m, 6)
		if err != nil || out.Outcome != result.Yes || out.Chosen != 5 || len(out.Arms) != 4 || out.Answer != "speed 5: a trial takes 16ms, and 40ms at speed 1" {
			t.Fatalf("%+v, %v", out, err)
		}
		for _, a := range out.Arms {
			usable := a.Speed <= 5
			if a.Usable != usable || a.Main.Share.Valid != 6 || a.Control.Share.Valid != 6 || a.Control.Share.Reproduced != 0 || !usable && !strings.Contains(a.Why, "hits differ from those at speed 1 (p = 0.00") && !strings.Contains(a.Why, "speed 10 shows another thing") {
				t.Errorf("%+v", a)
			}
			if dir, info, err := evidence.OpenDir(a.Main.Dir); err != nil || info.Clock.Factor() != a.Speed {
				t.Errorf("%s is at %v, %v", dir.Path, info.Clock, err)
			}
		}
		if m.labs != 60 {
			t.Errorf("%d labs were built, want 6 for the scenario and its control at 5 speeds", m.labs)
		}
		if unseen := out.Arms[0].Main.Unseen; unseen[0] < 0.05 || unseen[0] > 0.3 || unseen[1] != 1 {
			t.Errorf("of 6 trials rates in %v are not seen", unseen)
		}
		var stored result.Speeds
		if err := evidence.ReadJSON(out.File, &stored); err != nil || stored.Chosen != 5 || !strings.HasPrefix(out.File, out.Real.Main.Dir) {
			t.Errorf("%+v, %v", stored, err)
		}
		if want := map[string]string{"r1": "daemon:1", "r2": "other", "control r1": "healthy", "control r2": "other"}; !maps.Equal(out.Basis.Images, want) || len(out.Basis.Inputs) != 1 || out.Basis.Provider != "memory" {
			t.Errorf("it is of %+v", out.Basis)
		}
	})
}

// A control that fires at speed 1 leaves no speed to choose, and the answer says so.
func TestSpeedsOfDirtyControl(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, err := measureSpeeds(t, &memory{breaks: func(string) bool { return true }}, 4)
		if err != nil || out.Outcome != result.Inconclusive || out.Chosen != 0 || !strings.HasPrefix(out.Answer, "nothing to choose: the control shows the symptom too at speed 1, in 4/4 = 1.00") {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// Where nothing shows at speed 1 there is nothing to compare. What never says anything is not
// tried again and again, and when that is speed 1 nothing is.
func TestSpeedsGiveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, err := measureSpeeds(t, &memory{breaks: since(9)}, 2)
		if err != nil || out.Outcome != result.Inconclusive || out.Chosen != 0 || !strings.Contains(out.Answer, "nothing to compare: speed 1 gave 0/2") {
			t.Errorf("%+v, %v", out, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		out, err := measureSpeeds(t, &memory{breaks: since(1)}, 3)
		if err != nil || out.Outcome != result.Inconclusive || out.Chosen != 0 || !strings.Contains(out.Answer, "speed 1 gave 3/3 = 1.00, 95% [0.44, 1.00] Wilson, from which so few trials tell no other rate") {
			t.Errorf("%+v, %v", out, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(1)}
		l := loadMemory(t, memoryCase) // whose nodes cannot take the lab's clock
		out, err := experiment.Speeds(t.Context(), m.bench(t), planMemory(t, l, plan.Options{}), nil, 8)
		if err != nil || out.Chosen != 1 || out.Answer != "speed 1: no faster one is quicker and shows the same" || m.labs != 8+4*3 {
			t.Errorf("%+v in %d labs, %v", out, m.labs, err)
		}
		for _, a := range out.Arms {
			if a.Usable || a.Control != nil || !strings.HasPrefix(a.Why, "3 of 3 trials say nothing, and 0 of 8 at speed 1: give r") {
				t.Errorf("%+v", a)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(1), after: time.Millisecond}
		l := loadMemory(t, strings.Replace(realMemory, `expect: 'text == "up"', eventually: 5s`, `expect: 'text == "sideways"', eventually: 50ms`, 1))
		out, err := experiment.Speeds(t.Context(), m.bench(t), planMemory(t, l, plan.Options{}), nil, 8)
		if err != nil || out.Outcome != result.Inconclusive || m.labs > 5*3 || !strings.HasPrefix(out.Answer, "nothing to compare: no trial at speed 1 said anything: ") {
			t.Errorf("%+v in %d labs, %v", out, m.labs, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		m := &memory{breaks: since(1)}
		if _, err := experiment.Speeds(ctx, m.bench(t), planMemory(t, loadMemory(t, realMemory), plan.Options{}), nil, 2); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
	})
}

// A search by a fast clock ends with what is left tried in real time: it is done where that shows the
// problem too, and what was recorded is not run again.
func TestIsolateInRealTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		m     *memory
		speed float64
		shows bool
	}{
		{"there too", &memory{breaks: since(1)}, 10, true},
		{"a slow clock", &memory{breaks: since(1)}, 0.5, true},
		{"not in real time", &memory{breaks: since(1), after: 2 * time.Millisecond, heals: 10 * time.Millisecond}, 10, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := tt.m.bench(t)
				l := loadMemory(t, realMemory)
				dir := search(t, b, l)
				cutter := &experiment.PartsCutter{
					Loaded: l, Parts: experiment.NewParts(l, b.Env.Registry), Platforms: b.Env.Registry.Platforms(), Options: plan.Options{Speed: tt.speed},
				}
				asked, runs := 0, 0
				o := experiment.IsolateOptions{
					Labs: 1, Measure: 3, Controls: 2, Single: true,
					OnReal:   func(runs int) { asked = runs },
					OnResult: func(isolate.Entry, bool) { runs++ },
				}
				out, err := experiment.Isolate(t.Context(), b, dir, cutter, o)
				if err != nil || !out.Complete || out.Real == nil || out.Done() != tt.shows || out.Clock.Speed != tt.speed {
					t.Fatalf("%+v, %+v, %v", out, out.Real, err)
				}
				if r := out.Real; r.Shows != tt.shows || r.Final.Valid() != 3 || (r.Final.Hits == 3) != tt.shows || r.Control.Misses != 2 || asked != 5 || out.Runs != runs {
					t.Errorf("%+v, %d runs of %d, %d asked for", r, runs, out.Runs, asked)
				}
				var stored result.Isolation
				if err := evidence.ReadJSON(dir.File("isolation.json"), &stored); err != nil || stored.Done() != tt.shows {
					t.Errorf("%+v, %v", stored, err)
				}
				before := tt.m.labs
				if again, err := experiment.Isolate(t.Context(), b, dir, cutter, o); err != nil || again.Done() != tt.shows || tt.m.labs != before {
					t.Errorf("again: %+v in %d more labs, %v", again.Real, tt.m.labs-before, err)
				}
			})
		})
	}
}

// What is decided by a fast clock says so.
func TestSpeedIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(1)}
		b := m.bench(t)
		l := loadMemory(t, realMemory)
		p := planMemory(t, l, plan.Options{Speed: 10})
		compared, err := experiment.Compare(t.Context(), b, experiment.Workaround(p), experiment.CompareOptions{Confidence: 0.95, Before: 5, MaxTrials: 30})
		if err != nil || compared.Ruling != result.Fixed || compared.Clock.Speed != 10 || !strings.HasPrefix(compared.Reason, "at speed 10: no hit in ") {
			t.Errorf("%+v, %v", compared, err)
		}
		rate, err := experiment.Rate(t.Context(), b, p, nil, experiment.RateOptions{Rule: experiment.StopRule{Runs: 1}, Controls: -1})
		if err != nil || rate.Clock.Speed != 10 || rate.Answer != "at speed 10: reproduced; no control was run" {
			t.Errorf("%+v, %v", rate, err)
		}
		resets, err := experiment.Resets(t.Context(), b, p, 1)
		if err != nil || resets.Clock.Speed != 10 || !strings.HasPrefix(resets.Answer, "at speed 10: trials: ") {
			t.Errorf("%+v, %v", resets, err)
		}
		m.breaks = since(2)
		found, err := experiment.Bisect(t.Context(), b, search(t, b, l), l, experiment.BisectOptions{Versions: versions(3), Nodes: []string{"r1"}, Speed: 10, Confidence: 0.9, MaxTrials: 20, Measure: 2})
		if err != nil || found.First != "daemon:2" || found.Clock.Speed != 10 {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

func TestChooseSpeed(t *testing.T) {
	side := func(k, n, void int) result.SpeedSide {
		return result.SpeedSide{Share: result.NewProportion("", k, n), Void: void, First: "no baseline"}
	}
	arm := func(speed float64, main, control result.SpeedSide, took time.Duration) result.SpeedArm {
		return result.SpeedArm{Speed: speed, Main: main, Control: &control, Took: took}
	}
	clean := side(0, 20, 0)
	base := arm(1, side(12, 20, 0), clean, 20*time.Second)
	like := func(speed float64) result.SpeedArm {
		return arm(speed, side(11, 20, 0), clean, time.Duration(20/speed*float64(time.Second)))
	}
	few := arm(1, side(3, 3, 0), clean, 20*time.Second) // three of three and none of three are alike to the test
	if got, _ := experiment.ChooseSpeed(few, []result.SpeedArm{arm(10, side(0, 3, 0), clean, time.Second)}, 3); got != 0 {
		t.Errorf("three trials tell that %g shows the same", got)
	}
	for _, tt := range []struct {
		name string
		real result.SpeedArm
		arms []result.SpeedArm
		want float64
		why  string // of the last
	}{
		{"the fastest that is alike", base, []result.SpeedArm{like(2), like(10)}, 10, "no difference shown (p = 1.00, of the control 1.00)"},
		{"one beyond a speed that shows another thing", base, []result.SpeedArm{arm(2, side(1, 20, 0), clean, 0), like(5)}, 1, "speed 2 shows another thing than speed 1, and this is faster"},
		{"one beyond a speed at which the control fires", base, []result.SpeedArm{arm(2, side(12, 20, 0), side(1, 20, 0), 0), like(5)}, 1, "speed 2 shows another thing"},
		{"one beyond a speed that says nothing more often", base, []result.SpeedArm{like(2), arm(5, side(12, 20, 1), clean, 0), like(10)}, 2, "speed 5 says nothing more often than speed 1, and this is faster"},
		{"one beyond a speed whose control does", base, []result.SpeedArm{arm(2, side(12, 20, 0), side(0, 20, 1), 0), like(5)}, 1, "speed 2 says nothing more often than speed 1, and this is faster"},
		{"one beyond a speed that says too little", base, []result.SpeedArm{arm(2, side(12, 19, 0), clean, 0), like(5)}, 5, "no difference shown"},
		{"hits get fewer", base, []result.SpeedArm{like(2), arm(5, side(3, 20, 0), clean, time.Second)}, 2, "hits differ from those at speed 1 (p = 0.0"},
		{"hits get more", base, []result.SpeedArm{like(2), arm(5, side(20, 20, 0), clean, time.Second)}, 2, "hits differ from those at speed 1 (p = 0.0"},
		{"the control fires once", base, []result.SpeedArm{like(2), arm(5, side(12, 20, 0), side(1, 20, 0), time.Second)}, 2, "the control shows the problem in 1/20"},
		{"a control that fires at speed 1 too", arm(1, side(12, 20, 0), side(2, 20, 0), 20*time.Second), []result.SpeedArm{arm(5, side(12, 20, 0), side(3, 20, 0), time.Second)}, 0, "no difference shown"},
		{"and more often", arm(1, side(20, 20, 0), side(2, 20, 0), 20*time.Second), []result.SpeedArm{arm(5, side(20, 20, 0), side(12, 20, 0), time.Second)}, 0, "the control: hits differ"},
		{"a control that says too little at speed 1", arm(1, side(12, 20, 0), side(0, 19, 0), 20*time.Second), []result.SpeedArm{like(5)}, 0, "no difference shown"},
		{"one says nothing", base, []result.SpeedArm{like(2), arm(5, side(12, 20, 1), clean, time.Second)}, 2, "1 of 21 trials say nothing, and 0 of 20 at speed 1: no baseline"},
		{"as rarely as at speed 1", arm(1, side(12, 20, 2), clean, 20*time.Second), []result.SpeedArm{arm(5, side(12, 20, 2), clean, time.Second)}, 5, "no difference shown"},
		{"of the control", base, []result.SpeedArm{arm(5, side(12, 20, 0), side(0, 20, 1), time.Second)}, 1, "the control: 1 of 21 trials say nothing"},
		{"too few", base, []result.SpeedArm{arm(5, side(12, 19, 0), clean, time.Second)}, 1, "19 valid trials, 20 are needed"},
		{"too few of the control", base, []result.SpeedArm{arm(5, side(12, 20, 0), side(0, 4, 0), time.Second)}, 1, "the control: 4 valid trials, 20 are needed"},
		{"it saves nothing", base, []result.SpeedArm{like(5), arm(10, side(12, 20, 0), clean, 3900*time.Millisecond)}, 5, "and no quicker than speed 5"},
		{"nothing to compare", arm(1, side(0, 20, 0), clean, time.Minute), []result.SpeedArm{arm(5, side(0, 20, 0), clean, time.Second)}, 0, "no difference shown"},
		{"speed 1 was not tried enough", arm(1, side(9, 19, 0), clean, time.Minute), []result.SpeedArm{like(5)}, 0, "no difference shown"},
	} {
		got, arms := experiment.ChooseSpeed(tt.real, tt.arms, 20)
		last := arms[len(arms)-1]
		if got != tt.want || !strings.Contains(last.Why, tt.why) {
			t.Errorf("%s: %g, want %g: %q, want %q", tt.name, got, tt.want, last.Why, tt.why)
		}
		if last.Main.P == 0 || last.Main.Unseen == [2]float64{} || last.Control.P == 0 {
			t.Errorf("%s: %+v", tt.name, last)
		}
	}
	if p := base.Control.P; p != 0 {
		t.Errorf("the arms are changed in place: %g", p)
	}
	if !slices.IsSorted(experiment.AllSpeeds()) || experiment.AllSpeeds()[0] != 1 {
		t.Error(experiment.AllSpeeds())
	}
}

// What a measurement was of is told apart by what is in it, and what changed since is named.
func TestSpeedBasis(t *testing.T) {
	of := func() result.SpeedBasis {
		return result.SpeedBasis{
			Inputs: map[string]string{"scenario.yaml": "a", "r1.conf": "b"}, Images: map[string]string{"r1": "sha256:1"}, Provider: "namespaces",
		}
	}
	was := of()
	if now := of(); now.Digest() != was.Digest() || len(now.Changed(was)) != 0 {
		t.Errorf("%v", now.Changed(was))
	}
	for want, change := range map[string]func(*result.SpeedBasis){
		"the file r1.conf":                                 func(b *result.SpeedBasis) { b.Inputs["r1.conf"] = "c" },
		"the file r2.conf":                                 func(b *result.SpeedBasis) { b.Inputs["r2.conf"] = "c" },
		"the file scenario.yaml":                           func(b *result.SpeedBasis) { delete(b.Inputs, "scenario.yaml") },
		"the image of r1":                                  func(b *result.SpeedBasis) { b.Images["r1"] = "sha256:2" },
		"the value of r1.env.DEBUG":                        func(b *result.SpeedBasis) { b.Set = map[string]string{"r1.env.DEBUG": "1"} },
		"the provider (containers, and it was namespaces)": func(b *result.SpeedBasis) { b.Provider = "containers" },
	} {
		now := of()
		change(&now)
		if got := now.Changed(was); now.Digest() == was.Digest() || strings.Join(got, ";") != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
