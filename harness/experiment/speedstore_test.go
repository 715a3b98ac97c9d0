package experiment_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
)

// What was measured beside a control that fires at speed 1 holds for nothing, whenever it was stored.
func TestSpeedStoreOfDirtyControl(t *testing.T) {
	store, err := experiment.OpenSpeedStore(filepath.Join(t.TempDir(), "speeds"))
	if err != nil {
		t.Fatal(err)
	}
	m := result.Speeds{Scenario: "ospf", Basis: result.SpeedBasis{Provider: "namespaces"}, Chosen: 5, Measured: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	if err := store.Keep(m); err != nil {
		t.Fatal(err)
	}
	for _, chosen := range []float64{2, 0} {
		m.Chosen, m.Real.Control = chosen, &result.SpeedSide{Share: result.NewProportion("", 1, 4)}
		if err := store.Keep(m); err != nil {
			t.Fatal(err)
		}
		if found, err := store.Find("ospf", m.Basis); !errors.Is(err, experiment.ErrNotMeasured) {
			t.Errorf("%g is kept: %+v, %v", chosen, found, err)
		}
	}
}

// A measurement is found for what it is of, and for nothing else: then it is said what changed.
func TestSpeedStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "speeds")
	store, err := experiment.OpenSpeedStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	basis := func(image string) result.SpeedBasis {
		return result.SpeedBasis{Inputs: map[string]string{"scenario.yaml": "a"}, Images: map[string]string{"r1": image}, Provider: "namespaces"}
	}
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	of := func(scenario, image string, chosen float64, days int) result.Speeds {
		return result.Speeds{Scenario: scenario, Basis: basis(image), Chosen: chosen, Measured: day.AddDate(0, 0, days)}
	}
	if _, err := store.Find("ospf", basis("1")); !errors.Is(err, experiment.ErrNotMeasured) {
		t.Errorf("before anything was measured: %v", err)
	}
	for _, m := range []result.Speeds{of("ospf", "1", 5, 0), of("ospf", "2", 10, 2), of("ospf", "3", 2, 1), of("ospf-mtu", "9", 20, 9), of("ospf", "4", 0, 8)} {
		if err := store.Keep(m); err != nil {
			t.Fatal(err)
		}
	}
	for image, want := range map[string]float64{"1": 5, "2": 10, "3": 2} {
		if m, err := store.Find("ospf", basis(image)); err != nil || m.Chosen != want {
			t.Errorf("%s: %g, %v, want %g", image, m.Chosen, err, want)
		}
	}
	for _, image := range []string{"4", "7"} { // of 4 nothing was chosen
		_, err = store.Find("ospf", basis(image))
		if stale, ok := errors.AsType[*experiment.StaleError](err); !ok || stale.Was.Chosen != 10 || err.Error() != "what was measured on 2026-03-03 is of something else: changed since: the image of r1" {
			t.Errorf("%v", err)
		}
	}
	if _, err := store.Find("mtu", basis("9")); !errors.Is(err, experiment.ErrNotMeasured) {
		t.Errorf("of another scenario: %v", err)
	}
	if err := store.Keep(of("ospf", "1", 20, 3)); err != nil {
		t.Fatal(err)
	}
	if m, err := store.Find("ospf", basis("1")); err != nil || m.Chosen != 20 {
		t.Errorf("measured again: %g, %v", m.Chosen, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "ospf-mtu-*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Find("ospf-mtu", basis("9")); err == nil || !strings.Contains(err.Error(), "read the measured speed") {
		t.Errorf("damaged: %v", err)
	}
}
