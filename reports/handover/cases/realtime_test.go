package cases_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// ranAt is a run of the case's scenario with so many hits and misses at a speed.
func ranAt(t *testing.T, variant evidence.Variant, speed float64, hits, misses int) string {
	t.Helper()
	info := reportstest.Info(fmt.Sprintf("20260301T%02d%02d00Z-ospf-mtu-%04d", hits%24, misses%60, int(speed)), hits+misses)
	info.Clock.Speed, info.Variant = speed, variant
	if variant == evidence.VariantControl {
		info.Expected = evidence.NotReproduced
	}
	trials := slices.Concat(slices.Repeat([]reportstest.Trial{{Verdict: evidence.Reproduced}}, hits), slices.Repeat([]reportstest.Trial{{Verdict: evidence.NotReproduced, Reason: "no"}}, misses))
	return reportstest.Make(t, info, trials...)
}

// caseOf is a case with these runs alone.
func caseOf(t *testing.T, runs ...string) cases.Folder {
	t.Helper()
	f := open(t, whole)
	text, _, _ := strings.Cut(readText(t, filepath.Join(f.Path, cases.FileName)), "runs:")
	text += "runs:\n"
	for _, run := range runs {
		text += fmt.Sprintf("  - {dir: %q}\n", run)
	}
	write(t, filepath.Join(f.Path, cases.FileName), text)
	f, err := cases.Open(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What another speed shows is no claim: as many trials in real time are wanted as it takes, and
// without them no reason lets the case go.
func TestDuplicateInRealTime(t *testing.T) {
	const main, control = evidence.VariantMain, evidence.VariantControl
	healthy := ranAt(t, control, 0, 0, 2)
	for _, tt := range []struct {
		name   string
		runs   []string
		met    cases.Met
		says   string
		unreal bool
	}{
		{"in real time", []string{ranAt(t, main, 0, 2, 0), healthy}, cases.Yes, "2 of 2 trials", false},
		{"by a fast clock only", []string{ranAt(t, main, 10, 5, 0), healthy}, cases.No, "at speed 10 in ", true},
		{"by a slow one", []string{ranAt(t, main, 0.5, 5, 0), healthy}, cases.No, "in none of 0 valid trials at speed 1: what a lab's clock shows is no claim, and 5 are needed at speed 1", true},
		{"not in real time", []string{ranAt(t, main, 10, 5, 0), ranAt(t, main, 0, 0, 9), healthy}, cases.No, "in none of 9 valid trials at speed 1", true},
		{"too rarely tried", []string{ranAt(t, main, 10, 5, 0), ranAt(t, main, 0, 1, 1), healthy}, cases.No, "and in 1 of 2 valid trials at speed 1, where 5 are needed", true},
		{"in several runs", []string{ranAt(t, main, 10, 5, 0), ranAt(t, main, 0, 1, 1), ranAt(t, main, 0, 2, 1), healthy}, cases.Yes, "2 of 3 trials", false},
		{"rare by the clock, and always in real time", []string{ranAt(t, main, 10, 1, 50), ranAt(t, main, 0, 5, 0), healthy}, cases.Yes, "5 of 5 trials", false},
		{"a control by the clock only", []string{ranAt(t, main, 0, 2, 0), ranAt(t, control, 10, 0, 9)}, cases.No, "no healthy control is attached", false},
		{"nowhere", []string{ranAt(t, main, 10, 0, 5), healthy}, cases.No, "no attached run reproduced it", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := caseOf(t, tt.runs...)
			d := find(t, cases.Check(f, platforms()), cases.DutyDuplicate)
			if d.Met != tt.met || !strings.Contains(d.Why, tt.says) {
				t.Errorf("%s: %s", d.Met, d.Why)
			}
			if why := f.Unreal(); (why != "") != tt.unreal || !strings.Contains(d.Why, why) {
				t.Errorf("it may not be escalated: %q", why)
			}
			if tt.unreal && !strings.Contains(d.Do, "--speed 1 --trials ") || d.Met == cases.No && !strings.Contains(d.Do, "--speed 1") {
				t.Errorf("do: %s", d.Do)
			}
		})
	}
}

// The texts tell what real time shows, and name the speed of what it does not.
func TestFormsNameTheSpeed(t *testing.T) {
	shown := func(runs ...string) (string, string) {
		f := caseOf(t, runs...)
		e := cases.Escalate(f, cases.Check(f, platforms()))
		return e.Shown, e.Control
	}
	const main, control = evidence.VariantMain, evidence.VariantControl
	if it, beside := shown(ranAt(t, main, 0, 2, 0), ranAt(t, control, 0, 0, 2), ranAt(t, main, 10, 9, 0)); strings.Contains(it+beside, "speed") || !strings.HasPrefix(it, "2 of 2") {
		t.Errorf("%s; %s", it, beside)
	}
	if it, beside := shown(ranAt(t, main, 10, 9, 0), ranAt(t, control, 10, 0, 3)); !strings.HasSuffix(it, " at speed 10") || beside != "healthy in 3 of 3 trials at speed 10" {
		t.Errorf("%s; %s", it, beside)
	}
}

// A reduction by a fast clock isolates where it was seen to hold in real time.
func TestIsolatedInRealTime(t *testing.T) {
	for _, tt := range []struct {
		name string
		more map[string]any
		met  cases.Met
		why  string // DIR is its folder
	}{
		{"in real time", nil, cases.Yes, "cut from 12 nodes to 2 nodes"},
		{"broken off", map[string]any{"complete": false}, cases.No, "no finished isolation or bisection is attached"},
		{"by a fast clock", map[string]any{"clock": evidence.Clock{Speed: 10}}, cases.No, "the isolation in DIR holds at speed 10 only: it was not tried in real time"},
		{"which does not hold", map[string]any{"clock": evidence.Clock{Speed: 10}, "real-time": map[string]any{"shows": false}}, cases.No, "the isolation in DIR holds at speed 10 only, and is not shown in real time"},
		{"which does", map[string]any{"clock": evidence.Clock{Speed: 10}, "real-time": map[string]any{"shows": true}}, cases.Yes, "cut from 12 nodes to 2 nodes"},
	} {
		it := map[string]any{"complete": true, "before": "12 nodes", "after": "2 nodes", "control": map[string]int{"misses": 5}}
		maps.Copy(it, tt.more)
		dir := t.TempDir()
		if err := evidence.WriteJSON(filepath.Join(dir, "isolation.json"), it); err != nil {
			t.Fatal(err)
		}
		if d := find(t, cases.Check(caseOf(t, dir), platforms()), cases.DutyIsolate); d.Met != tt.met || strings.ReplaceAll(d.Why, dir, "DIR") != tt.why {
			t.Errorf("%s: %+v", tt.name, d)
		}
	}
	dir := t.TempDir()
	if err := evidence.WriteJSON(filepath.Join(dir, "isolation.json"), map[string]any{"complete": true, "before": "12 nodes", "after": "2 nodes", "control": map[string]int{"misses": 5}}); err != nil {
		t.Fatal(err)
	}
	asked := platforms()
	asked.Held = func(string) (string, error) { return "its runs are not here", nil }
	if d := find(t, cases.Check(caseOf(t, dir), asked), cases.DutyIsolate); d.Met != cases.Yes || d.Why != "cut from 12 nodes to 2 nodes (its runs are not here)" {
		t.Errorf("held against nothing: %+v", d)
	}
	asked.Held = func(string) (string, error) { return "", errors.New("its ledger gives something else") }
	if d := find(t, cases.Check(caseOf(t, dir), asked), cases.DutyIsolate); d.Met != cases.No || len(d.Missing) != 1 || !strings.HasSuffix(d.Missing[0], " cannot be believed: its ledger gives something else") {
		t.Errorf("altered: %+v", d)
	}
	for _, tt := range []struct {
		name string
		real map[string]any
		met  cases.Met
		why  string
	}{
		{"by a fast clock alone", nil, cases.No, "the bisection in DIR, to frr:8, holds at speed 10 only: it was not tried in real time"},
		{"not in real time", map[string]any{"shows": false}, cases.No, "the bisection in DIR, to frr:8, holds at speed 10 only, and is not shown in real time"},
		{"in real time too", map[string]any{"shows": true}, cases.Yes, "it came in with frr:8 (0.990 at speed 10)"},
	} {
		it := map[string]any{"found": true, "first": "frr:8", "confidence": 0.99, "clock": evidence.Clock{Speed: 10}}
		if tt.real != nil {
			it["real-time"] = tt.real
		}
		dir := t.TempDir()
		if err := evidence.WriteJSON(filepath.Join(dir, "bisection.json"), it); err != nil {
			t.Fatal(err)
		}
		d := find(t, cases.Check(caseOf(t, dir), platforms()), cases.DutyIsolate)
		if d.Met != tt.met || strings.ReplaceAll(d.Why, dir, "DIR") != tt.why {
			t.Errorf("%s: %+v", tt.name, d)
		}
		cut := t.TempDir()
		if err := evidence.WriteJSON(filepath.Join(cut, "isolation.json"), map[string]any{"complete": true, "before": "12 nodes", "after": "2 nodes"}); err != nil {
			t.Fatal(err)
		}
		d = find(t, cases.Check(caseOf(t, dir, cut), platforms()), cases.DutyIsolate)
		if d.Met != cases.Yes || !strings.Contains(strings.ReplaceAll(d.Why, dir, "DIR"), tt.why) {
			t.Errorf("%s, beside an isolation: %+v", tt.name, d)
		}
	}
}
