package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// A speed is read as it is written, and auto is none that a plan takes.
func TestSpeedWords(t *testing.T) {
	for _, word := range []string{"1", "0.1", "10", "auto"} {
		var s Speed
		if err := s.Set(word); err != nil || s.String() != word {
			t.Errorf("%s is read as %s, %v", word, s.String(), err)
		}
	}
	for _, word := range []string{"0", "-1", "1e9", "NaN", "", "AUTO", "fast"} {
		var s Speed
		if err := s.Set(word); err == nil || s != 0 {
			t.Errorf("%q is read as %s", word, s.String())
		}
	}
	a := &App{Out: io.Discard, Err: io.Discard, Opener: byName{}}
	if _, err := a.Plan("bird-case-empty-crash", &PlanFlags{Labs: 1, Speed: AutoSpeed}); err == nil || ExitCode(err) != ExitInput {
		t.Errorf("planned at auto: %v", err)
	}
}

// byName opens providers that have the name that was asked for, and nothing else.
type byName struct{ Opener }

func (byName) Open(_ context.Context, where LabFlags, _ func(lab.Place), _ *plan.Plan, _ ...*plan.Plan) (Provider, error) {
	return nameOnly{name: where.Provider}, nil
}

type nameOnly struct {
	topologies.Provider
	name string
}

func (n nameOnly) Name() string { return n.name }
func (nameOnly) Close() error   { return nil }

// Auto is the speed that was measured for what the scenario is now. Where there is none it is 1,
// and it is said why and how to come by one.
func TestResolveSpeed(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	const scenario = "bird-case-empty-crash"
	where := LabFlags{Provider: ProviderNamespaces}
	expectOf := func(what string, of SpeedOf, f LabFlags, want Speed, says string) {
		t.Helper()
		var said bytes.Buffer
		speed := AutoSpeed
		of.Scenario = scenario
		if err := (&App{Out: io.Discard, Err: &said, Opener: byName{}}).ResolveSpeed(t.Context(), &speed, of, f); err != nil {
			t.Fatal(err)
		}
		if speed != want || !strings.Contains(said.String(), says) || strings.Count(said.String(), "\n") != 1 {
			t.Errorf("%s: %g, want %g, and it says %q, want %q", what, speed, want, said.String(), says)
		}
	}
	expect := func(what string, sets []string, f LabFlags, want Speed, says string) {
		t.Helper()
		expectOf(what, SpeedOf{Set: sets}, f, want, says)
	}
	expect("not measured", nil, where, 1, "speed 1: no speed was measured for "+scenario+" on this machine; measure it with: reprise rate "+scenario+" --choose-speed --provider namespaces\n")
	expect("not measured as it is", []string{"a.env.X=1"}, where, 1, "reprise rate "+scenario+" --set a.env.X=1 --choose-speed --provider namespaces\n")
	expect("devices", nil, LabFlags{File: "lab.yaml"}, 1, "the devices of an inventory keep real time")

	a := &App{Out: io.Discard, Err: io.Discard, Opener: byName{}}
	main, control, err := a.speedPlans(SpeedOf{Scenario: scenario})
	if err != nil || control == nil {
		t.Fatal(control, err)
	}
	provider, err := a.Opener.Open(t.Context(), where, nil, main, control)
	if err != nil {
		t.Fatal(err)
	}
	defer provider.Close() //nolint:errcheck // the test ends
	store, err := experiment.OpenSpeedStore("")
	if err != nil {
		t.Fatal(err)
	}
	measured := result.Speeds{
		Scenario: scenario, Basis: experiment.BasisOf(t.Context(), provider, main, control), AtLeast: 20, Chosen: 10, Measured: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
	}
	if err := store.Keep(measured); err != nil {
		t.Fatal(err)
	}
	expect("measured", nil, where, 10, "speed 10, as measured on 2026-03-01 with 20 trials of each speed\n")
	expect("another lab", nil, LabFlags{Provider: ProviderContainers}, 1, "the provider (containers, and it was namespaces); measure it again with: reprise rate ")
	expectOf("another reset", SpeedOf{Reset: "none"}, where, 1, "the reset (none, and it was ")
	expectOf("the reset of before", SpeedOf{Reset: string(main.Reset)}, where, 10, "speed 10, ")
	// The control of this scenario is the scenario with a.image=reprise/bird:2.17.6.
	expectOf("a new build that was measured as the control", SpeedOf{Images: map[string]string{"a": "reprise/bird:2.17.6"}}, where, 10, "speed 10, ")
	expectOf("a new build that was not", SpeedOf{Images: map[string]string{"a": "reprise/bird:2.99"}}, where, 1, "speed 1: 10 was measured on 2026-03-01, and not of reprise/bird:2.99 of a: ")
	expectOf("of another node too", SpeedOf{Images: map[string]string{"a": "reprise/bird:2.17.6", "b": "reprise/bird:2.17.6"}}, where, 1, "and not of reprise/bird:2.17.6 of a: ")
	expectOf("a workaround", SpeedOf{Workaround: true}, where, 1, "and not of the workaround: ")
	expect("another value", []string{"a.env.X=1"}, where, 1, "changed since: the value of a.env.X; ")

	files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "reprise", "speeds", "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect("damaged", nil, where, 1, "speed 1: read the measured speed: ")

	speed := Speed(5)
	if err := a.ResolveSpeed(t.Context(), &speed, SpeedOf{Scenario: "no such scenario"}, where); err != nil || speed != 5 {
		t.Errorf("a number is looked up: %g, %v", speed, err)
	}
	speed = AutoSpeed
	if err := a.ResolveSpeed(t.Context(), &speed, SpeedOf{Scenario: "no such scenario"}, where); ExitCode(err) != ExitInput {
		t.Errorf("of nothing: %v", err)
	}
}
