package experiment_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/stats"
)

// altering is one way in which what a search has stored is altered, and what is said of it.
type altering struct {
	name         string
	do           func(t *testing.T, dir evidence.Dir)
	want, unheld string
}

// replaced alters a file of a folder.
func replaced(name, old, updated string) func(*testing.T, evidence.Dir) {
	return func(t *testing.T, dir evidence.Dir) {
		t.Helper()
		files, err := filepath.Glob(dir.File(filepath.FromSlash(name)))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", name, err)
		}
		data, err := os.ReadFile(files[0])
		if err != nil || !bytes.Contains(data, []byte(old)) {
			t.Fatalf("%s has no %q: %v", files[0], old, err)
		}
		if err := os.WriteFile(files[0], bytes.Replace(data, []byte(old), []byte(updated), 1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// stored alters what is stored of a search as a whole.
func stored[T any](name string, change func(*T)) func(*testing.T, evidence.Dir) {
	return func(t *testing.T, dir evidence.Dir) {
		t.Helper()
		var v T
		if err := evidence.ReadJSON(dir.File(name), &v); err != nil {
			t.Fatal(err)
		}
		change(&v)
		if err := evidence.WriteJSON(dir.File(name), v); err != nil {
			t.Fatal(err)
		}
	}
}

// unchained alters a search of a program whose ledgers had no sums.
func unchained(do func(*testing.T, evidence.Dir)) func(*testing.T, evidence.Dir) {
	return func(t *testing.T, dir evidence.Dir) {
		t.Helper()
		do(t, dir)
		for _, name := range []string{"ledger.ndjson", "ledger-real-time.ndjson"} {
			data, err := os.ReadFile(dir.File(name))
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err == nil {
				err = os.WriteFile(dir.File(name), regexp.MustCompile(`,"prev":"[^"]*"`).ReplaceAll(data, nil), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// inconclusive alters the verdict of a trial.
func inconclusive(t *testing.T, dir evidence.Dir) {
	t.Helper()
	runs, err := filepath.Glob(dir.File("runs", "*"))
	if err != nil || len(runs) == 0 {
		t.Fatal(err)
	}
	stored("verdict.json", func(v *evidence.TrialVerdict) { v.Verdict = evidence.Inconclusive })(t, evidence.Dir{Path: evidence.Dir{Path: runs[0]}.Trial(1).Path})
}

// held has a search that was made altered in each way, and held against its runs.
func held(t *testing.T, dir evidence.Dir, ways []altering, hold func(evidence.Dir) (string, error)) {
	t.Helper()
	for _, w := range append([]altering{{name: "as it was made"}}, ways...) {
		copied := evidence.Dir{Path: filepath.Join(t.TempDir(), dir.ID())}
		if err := evidence.CopyDir(copied.Path, dir.Path); err != nil {
			t.Fatal(err)
		}
		if w.do != nil {
			w.do(t, copied)
		}
		unheld, err := hold(copied)
		if unheld != w.unheld || (err == nil) != (w.want == "") || err != nil && !strings.Contains(err.Error(), w.want) {
			t.Errorf("%s: %q, %v, want %q", w.name, unheld, err, w.want)
		}
	}
}

// What a bisection has stored is what comes of its runs, or that is said.
func TestHoldBisection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(4), check: func(image string) error {
			if image == "daemon:1" || image == "daemon:6" {
				return errors.New("no such image")
			}
			return nil
		}}
		b := m.bench(t)
		l := loadMemory(t, memoryCase)
		dir := search(t, b, l)
		o := experiment.BisectOptions{Versions: versions(6), Nodes: []string{"r1"}, Confidence: 0.9, MaxTrials: 60, Measure: 3}
		out, err := experiment.Bisect(t.Context(), b, dir, l, o)
		if err != nil || !out.Found || out.First != "daemon:4" {
			t.Fatalf("%+v, %v", out, err)
		}
		few := o
		few.MaxTrials = 1
		undecided := search(t, b, l)
		if out, err := experiment.Bisect(t.Context(), b, undecided, l, few); err != nil || out.Found {
			t.Fatalf("%+v, %v", out, err)
		}
		const file = "bisection.json"
		held(t, dir, []altering{
			{name: "another version", do: stored(file, func(r *result.Bisection) { r.First = "daemon:5" }), want: `the version is stored as "daemon:5", and its ledger gives "daemon:4"`},
			{name: "more certain", do: stored(file, func(r *result.Bisection) { r.Confidence = 0.9999 }), want: "how certain it is is stored as"},
			{name: "went away", do: stored(file, func(r *result.Bisection) { r.Fixed = true }), want: `what is looked for is stored as "where it went away"`},
			{name: "other runs", do: stored(file, func(r *result.Bisection) { r.Good.Misses += 20 }), want: "the side without it is stored as"},
			{name: "shown in real time", do: stored(file, func(r *result.Bisection) { r.Real = &result.RealTime{Shows: true} }), want: "ledger-real-time.ndjson"},
			{name: "at another speed", do: stored(file, func(r *result.Bisection) { r.Clock = evidence.Clock{Speed: 10} }), want: "was made in real time"},
			{name: "an altered line", do: replaced("ledger.ndjson", `"outcome":"miss"`, `"outcome":"hit"`), want: "the line before was altered or taken out"},
			{name: "an altered line of an older program", do: unchained(replaced("ledger.ndjson", `"outcome":"miss"`, `"outcome":"hit"`)), want: "its ledger"},
			{name: "other options", do: replaced("options.json", "1", "2"), want: "the search was begun with other options than stand beside it"},
			{name: "as an older program made it", do: unchained(func(*testing.T, evidence.Dir) {})},
			{name: "a line that is gone", do: func(t *testing.T, dir evidence.Dir) {
				t.Helper()
				data, err := os.ReadFile(dir.File("ledger.ndjson"))
				if err != nil {
					t.Fatal(err)
				}
				lines := bytes.SplitAfter(data, []byte("\n"))
				if err := os.WriteFile(dir.File("ledger.ndjson"), bytes.Join(lines[:len(lines)-2], nil), 0o600); err != nil {
					t.Fatal(err)
				}
			}, want: "its ledger does not come to its end"},
			{name: "an altered trial", do: inconclusive, want: "trial 1 is stored as inconclusive, and the ledger tells of it as"},
			{name: "an altered record", do: replaced("runs/*/trials/0001/timeline.ndjson", "lab", "LAB"), want: "its record is not the one"},
			{name: "another image", do: replaced("runs/*/run.json", `"image": "daemon:`, `"image": "daemon:9`), want: "run.json: it is not the one that trial 1 was made with"},
			{name: "a run that is gone", do: func(t *testing.T, dir evidence.Dir) {
				t.Helper()
				runs, err := filepath.Glob(dir.File("runs", "*"))
				if err != nil || os.RemoveAll(runs[0]) != nil {
					t.Fatal(err)
				}
			}, want: "of its ledger: the run "},
			{name: "without its runs", do: func(t *testing.T, dir evidence.Dir) {
				t.Helper()
				if err := os.RemoveAll(dir.File("runs")); err != nil {
					t.Fatal(err)
				}
			}, unheld: experiment.WithoutRuns},
		}, func(dir evidence.Dir) (string, error) { return experiment.HoldBisection(t.Context(), dir, l, o) })
		held(t, undecided, []altering{
			{name: "undecided, told as found", do: stored(file, func(r *result.Bisection) { r.Found, r.Confidence = true, 0.99 }), want: "whether it is found is stored as"},
		}, func(dir evidence.Dir) (string, error) { return experiment.HoldBisection(t.Context(), dir, l, few) })
	})
}

// What an isolation has stored is what comes of its runs, or that is said; at another speed with what was seen in real time.
func TestHoldIsolation(t *testing.T) {
	t.Parallel()
	for name, speed := range map[string]float64{"in real time": 0, "at another speed": 10} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &memory{breaks: since(1)}
				b := m.bench(t)
				text := memoryCase
				if speed > 0 {
					text = realMemory
				}
				l := loadMemory(t, text)
				dir := search(t, b, l)
				parts := experiment.NewParts(l, b.Env.Registry)
				cutter := &experiment.PartsCutter{Loaded: l, Parts: parts, Platforms: b.Env.Registry.Platforms(), Options: plan.Options{Speed: speed}}
				o := experiment.IsolateOptions{Labs: 1, Measure: 2, Controls: 1, Single: true}
				out, err := experiment.Isolate(t.Context(), b, dir, cutter, o)
				if err != nil || !out.Complete || (out.Real != nil) != (speed > 0) {
					t.Fatalf("%+v, %v", out, err)
				}
				const file = "isolation.json"
				ways := []altering{
					{name: "another rest", do: stored(file, func(r *result.Isolation) { r.After = "nothing" }), want: `what is left is stored as "nothing"`},
					{name: "needed, and it was not tried", do: stored(file, func(r *result.Isolation) { r.Needed[0].Without.Misses += 9 }), want: "the parts that are needed is stored as"},
					{name: "one part more", do: stored(file, func(r *result.Isolation) { r.Needed = append(r.Needed, result.NeededPart{Part: "node r2"}) }), want: "node r2"},
					{name: "another rate", do: stored(file, func(r *result.Isolation) { r.Original.Hits = 20 }), want: "the scenario's rate is stored as"},
					{name: "an altered line", do: replaced("ledger.ndjson", `"outcome":"miss"`, `"outcome":"hit"`), want: "the line before was altered or taken out"},
					{name: "an altered line of an older program", do: unchained(replaced("ledger.ndjson", `"outcome":"miss"`, `"outcome":"hit"`)), want: "its ledger"},
					{name: "other options", do: replaced("options.json", "1", "2"), want: "the search was begun with other options than stand beside it"},
					{name: "as an older program made it", do: unchained(func(*testing.T, evidence.Dir) {})},
					{name: "an altered trial", do: inconclusive, want: "trial 1 is stored as inconclusive, and the ledger tells of it as"},
				}
				if speed > 0 {
					ways = append(
						ways,
						altering{name: "real time left out", do: stored(file, func(r *result.Isolation) { r.Real, r.Clock = nil, evidence.Clock{} }), want: "was made at speed 10"},
						altering{name: "another real time", do: stored(file, func(r *result.Isolation) { r.Real.Final.Hits++ }), want: "what was seen in real time is stored as"},
					)
				}
				held(t, dir, ways, func(dir evidence.Dir) (string, error) { return experiment.HoldIsolation(t.Context(), dir, parts, o) })
			})
		})
	}
}

// A comparison that is stored as fixed is what its trials give.
func TestHoldComparison(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(1)}
		b := m.bench(t)
		l := loadMemory(t, memoryCase)
		main, control := planMemory(t, l, plan.Options{Trials: 5}), planMemory(t, l, plan.Options{Trials: 5, Variant: evidence.VariantControl})
		compare := func(most int) (evidence.Dir, result.Comparison) {
			out, err := experiment.Compare(t.Context(), b, experiment.Sides{Old: main, New: control, Of: experiment.SampleOf}, experiment.CompareOptions{Confidence: 0.95, Before: 5, MaxTrials: most})
			if err != nil {
				t.Fatal(err)
			}
			return evidence.Dir{Path: out.New.Dir}, out
		}
		fixed, out := compare(30)
		if out.Ruling != result.Fixed {
			t.Fatalf("%+v", out)
		}
		if unheld, err := experiment.HoldComparison(fixed.Path); unheld != "" || err != nil {
			t.Errorf("%s, %v", unheld, err)
		}
		few, out := compare(2)
		if out.Ruling != result.Undecided {
			t.Fatalf("%+v", out)
		}
		if unheld, err := experiment.HoldComparison(few.Path); unheld != "" || err != nil {
			t.Errorf("what claims nothing: %s, %v", unheld, err)
		}
		stored("verify.json", func(c *result.Comparison) { c.Ruling = result.Fixed })(t, few)
		if _, err := experiment.HoldComparison(few.Path); err == nil || !strings.Contains(err.Error(), "it is stored as fixed, and its trials do not give that") {
			t.Errorf("told as fixed: %v", err)
		}
		alone := t.TempDir()
		if err := os.Rename(few.File("verify.json"), filepath.Join(alone, "verify.json")); err != nil {
			t.Fatal(err)
		}
		if unheld, err := experiment.HoldComparison(alone); !strings.Contains(unheld, "do not lie beside it") || err != nil {
			t.Errorf("alone: %s, %v", unheld, err)
		}
	})
}

// Who goes on with a search takes what was written down for what was seen: it has to be what its runs give.
func TestGoesOnWithWhatWasSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{breaks: since(2)}
		b := m.bench(t)
		l := loadMemory(t, memoryCase)
		bisect := func(dir evidence.Dir) error {
			_, err := experiment.Bisect(t.Context(), b, dir, l, experiment.BisectOptions{Versions: versions(3), Nodes: []string{"r1"}, Confidence: 0.9, MaxTrials: 60, Measure: 3})
			return err
		}
		parts := experiment.NewParts(l, b.Env.Registry)
		isolation := func(dir evidence.Dir) error {
			m.breaks = since(1)
			defer func() { m.breaks = since(2) }()
			cutter := &experiment.PartsCutter{Loaded: l, Parts: parts, Platforms: b.Env.Registry.Platforms()}
			_, err := experiment.Isolate(t.Context(), b, dir, cutter, experiment.IsolateOptions{Labs: 1, Measure: 2, Controls: 1, Single: true})
			return err
		}
		sweep := func(dir evidence.Dir) error {
			var points []experiment.SweepPoint
			for n, image := range map[int]string{1: "daemon:1", 2: "daemon:2"} {
				points = append(points, experiment.SweepPoint{Nth: n, Plan: planMemory(t, l, plan.Options{Trials: 4, Set: map[string]string{"r1.image": image}})})
			}
			if points[0].Nth == 2 {
				points[0], points[1] = points[1], points[0]
			}
			o := experiment.SweepOptions{
				Control: planMemory(t, l, plan.Options{Variant: evidence.VariantControl, Trials: 2}), Controls: 2,
				Rule: experiment.StopRule{SPRT: &stats.SPRT{P0: 0.05, P1: 0.9, Alpha: 0.05, Beta: 0.05}, Cap: 4},
			}
			out, err := experiment.Sweep(t.Context(), b, dir, points, o)
			if err == nil && out.Outcome != result.Yes {
				t.Errorf("the sweep: %s", out.Answer)
			}
			if err != nil {
				return err
			}
			unheld, err := experiment.HoldSweep(dir, points, o)
			if unheld != "" || err != nil {
				t.Errorf("the sweep is not held: %s, %v", unheld, err)
			}
			for name, do := range map[string]func(*testing.T, evidence.Dir){
				`its answer is stored as`:             stored("sweep.json", func(s *result.Sweep) { s.Answer = "it takes frame 7" }),
				`frame 1: it is stored as triggers`:   stored("sweep.json", func(s *result.Sweep) { s.Points[0].Effect = result.EffectTriggers }),
				`the control: it is stored as 0 of 9`: stored("sweep.json", func(s *result.Sweep) { s.Control.Valid = 9 }),
				"frame 2: the run ":                   stored("sweep.json", func(s *result.Sweep) { s.Points[1].Dir = s.Points[0].Dir }),
			} {
				copied := evidence.Dir{Path: filepath.Join(t.TempDir(), dir.ID())}
				if err := evidence.CopyDir(copied.Path, dir.Path); err != nil {
					t.Fatal(err)
				}
				do(t, copied)
				if _, err := experiment.HoldSweep(copied, points, o); err == nil || !strings.Contains(err.Error(), name) {
					t.Errorf("a sweep that was altered: %v, want …%s…", err, name)
				}
			}
			return nil
		}
		for name, of := range map[string]struct {
			run  func(evidence.Dir) error
			ways []altering
		}{
			"bisection": {bisect, []altering{
				{name: "an altered line", do: replaced("ledger.ndjson", `"outcome":"miss"`, `"outcome":"hit"`), want: "the line before was altered or taken out"},
				{name: "an altered line of an older program", do: unchained(replaced("ledger.ndjson", `"outcome":"miss"`, `"outcome":"hit"`)), want: "it is told as a hit, and its record"},
				{name: "other options", do: replaced("options.json", "1", "2"), want: "begun with other options"},
			}},
			"isolation": {isolation, []altering{
				{name: "an altered line of an older program", do: unchained(replaced("ledger.ndjson", `"outcome":"miss"`, `"outcome":"hit"`)), want: "it is told as a hit, and its record"},
				{name: "other options", do: replaced("options.json", "1", "2"), want: "begun with other options"},
			}},
			"sweep": {sweep, []altering{
				{name: "an altered point", do: replaced("measured.json", `"harmless"`, `"triggers"`), want: "frame 1: it is stored as triggers"},
				{name: "other options", do: replaced("options.json", "1", "2"), want: "begun with other options"},
			}},
		} {
			for _, w := range append([]altering{{name: "as it was", do: func(*testing.T, evidence.Dir) {}}}, of.ways...) {
				dir := search(t, b, l)
				if err := of.run(dir); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				w.do(t, dir)
				labs := m.labs
				err := of.run(dir)
				if (err == nil) != (w.want == "") || err != nil && (!strings.Contains(err.Error(), "is not gone on with") || !strings.Contains(err.Error(), w.want)) || m.labs != labs {
					t.Errorf("%s, %s: %v in %d more labs, want …%s…", name, w.name, err, m.labs-labs, w.want)
				}
			}
		}
	})
}
