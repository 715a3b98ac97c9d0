package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/origin"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// WithoutRuns says that the runs of a search do not lie beside what it came to, so that its ledger is all that it can be held
// against.
const WithoutRuns = "its runs do not lie beside it: it is held against its ledger alone"

// Files of a search's folder.
const (
	searchLedger   = "ledger.ndjson"
	realTimeLedger = "ledger-real-time.ndjson"
)

// HoldIsolation holds what an isolation has stored, in isolation.json, against what comes of the search when it is made again
// from its ledger, and that ledger against the records of its runs, judged again. The error says what does not agree; unheld
// what could not be held. One that did not come to its end claims nothing. Nothing is started, and nothing is changed.
func HoldIsolation(ctx context.Context, dir evidence.Dir, parts *Parts, o IsolateOptions) (unheld string, err error) {
	var stored result.Isolation
	if err := evidence.ReadJSON(dir.File("isolation.json"), &stored); err != nil || !stored.Complete {
		return "", err
	}
	entries, err := isolate.ReadLedger(dir.File(searchLedger), begunWith(dir))
	if err != nil {
		return "", err
	}
	red, err := isolate.Reduce(ctx, parts.Units, isolate.NewReplay(entries, parts.Units), o.reduce())
	if err != nil || !red.Complete {
		return "", errors.Join(errors.New("it is stored as complete, and its ledger does not come to its end"), err)
	}
	var again result.Isolation
	reduced(parts, red, &again)
	again.Clock, again.OneRun = stored.Clock, o.Single
	r := &runsHeld{dir: dir, clock: stored.Clock}
	if err := r.check(entries); err != nil {
		return "", err
	}
	if stored.Real != nil {
		slow, err := r.realTime()
		if err != nil {
			return "", err
		}
		if again.Real, err = o.realTime(ctx, isolate.NewReplay(slow, parts.Units), red.Kept); err != nil {
			return "", fmt.Errorf("in real time: %w", err)
		}
		again.Runs += again.Real.Final.Runs() + again.Real.Control.Runs()
	}
	return r.unheld, sameIsolation(stored, again)
}

// sameIsolation tells in what an isolation is stored otherwise than its ledger gives it. Why a part could not be tried is
// in no ledger.
func sameIsolation(stored, again result.Isolation) error {
	needs := func(i result.Isolation) (list []string) {
		for _, n := range i.Needed {
			list = append(list, fmt.Sprintf("%s (%d of %d without it, its control %d of %d)", n.Part, n.Without.Hits, n.Without.Valid(), n.Control.Hits, n.Control.Valid()))
		}
		return list
	}
	slow := func(i result.Isolation) string {
		if i.Real == nil {
			return "none"
		}
		return fmt.Sprintf("%+v", *i.Real)
	}
	for _, part := range []struct{ name, stored, again string }{
		{"what it was cut from", stored.Before, again.Before},
		{"what is left", stored.After, again.After},
		{"the scenario's rate", stored.Original.String(), again.Original.String()},
		{"the control's rate", stored.Control.String(), again.Control.String()},
		{"the rate of what is left", stored.Final.String(), again.Final.String()},
		{"the parts that are needed", strings.Join(needs(stored), "; "), strings.Join(needs(again), "; ")},
		{"the parts around them", strings.Join(stored.Around, "; "), strings.Join(again.Around, "; ")},
		{"what was seen in real time", slow(stored), slow(again)},
		{"the number of runs", fmt.Sprint(stored.Runs), fmt.Sprint(again.Runs)},
		{"whether one run decided", fmt.Sprint(stored.OneRun), fmt.Sprint(again.OneRun)},
	} {
		if part.stored != part.again {
			return fmt.Errorf("%s is stored as %q, and its ledger gives %q", part.name, part.stored, part.again)
		}
	}
	return nil
}

// HoldBisection is [HoldIsolation] for a bisection and bisection.json. Of the options it needs those that the search was begun
// with; images that its runs ran have to be those of their versions.
func HoldBisection(ctx context.Context, dir evidence.Dir, l *scenarios.Loaded, o BisectOptions) (unheld string, err error) {
	var stored result.Bisection
	if err := evidence.ReadJSON(dir.File("bisection.json"), &stored); err != nil || !stored.Found {
		return "", err
	}
	entries, err := isolate.ReadLedger(dir.File(searchLedger), begunWith(dir))
	if err != nil {
		return "", err
	}
	o.OnPassed, o.OnEnd, o.OnStep = nil, nil, nil
	s := newBisection(l, o)
	oracle := isolate.NewReplay(entries, s.cutter.units)
	s.passOver(ctx, oracle)
	if len(s.cutter.lacks) > len(s.cutter.images)-2 {
		return "", errors.New("it is stored as found, and its ledger does not come to its end: it has runs of fewer than two versions")
	}
	again, err := s.run(ctx, oracle)
	if err != nil {
		return "", fmt.Errorf("it is stored as found, and its ledger does not come to its end: %w", err)
	}
	r := s.runsHeld(dir, stored.Clock)
	if err := r.check(entries); err != nil {
		return "", err
	}
	if with, without := s.sides(again); stored.Real != nil && again.Found && with >= 0 && without >= 0 {
		slow, err := r.realTime()
		if err != nil {
			return "", err
		}
		if again.Real, err = s.realTime(ctx, isolate.NewReplay(slow, s.cutter.units), with, without); err != nil {
			return "", fmt.Errorf("in real time: %w", err)
		}
	}
	return r.unheld, sameBisection(stored, again)
}

// runsHeld are what the lines of a bisection's ledgers are held against.
func (s *bisection) runsHeld(dir evidence.Dir, clock evidence.Clock) *runsHeld {
	r := &runsHeld{dir: dir, clock: clock, images: map[string]string{}, nodes: s.o.Nodes}
	for i, image := range s.cutter.images {
		r.images[s.cutter.Key(s.cutter.only(i))] = image
	}
	return r
}

// holdBegun is [runsHeld.begun] of a bisection.
func (s *bisection) holdBegun(dir evidence.Dir) error { return s.runsHeld(dir, s.clock).begun() }

// passOver takes the versions before the first and after the last that has a run for ones that could not be run: both ends
// are measured in any case.
func (s *bisection) passOver(ctx context.Context, o isolate.Oracle) {
	for _, backwards := range []bool{false, true} {
		for i := range s.cutter.images {
			if backwards {
				i = len(s.cutter.images) - 1 - i
			}
			err := o.Vet(ctx, s.cutter.only(i))
			if err == nil {
				break
			}
			s.cutter.lacks[s.cutter.images[i]] = err
		}
	}
}

func sameBisection(stored, again result.Bisection) error {
	near := func(p float64) string { return fmt.Sprintf("%.6f", math.Abs(p)) }
	versions := func(b result.Bisection) (list []string) {
		for _, v := range b.Versions {
			list = append(list, fmt.Sprintf("%s %s, %s", v.Image, v.Runs, near(v.Posterior)))
		}
		return list
	}
	slow := func(b result.Bisection) string {
		if b.Real == nil {
			return "none"
		}
		return fmt.Sprintf("%+v", *b.Real)
	}
	for _, part := range []struct{ name, stored, again string }{
		{"whether it is found", fmt.Sprint(stored.Found), fmt.Sprint(again.Found)},
		{"the version", stored.First, again.First},
		{"the versions that cannot be told apart", strings.Join(stored.Range, ", "), strings.Join(again.Range, ", ")},
		{"what is looked for", changed(stored.Fixed), changed(again.Fixed)},
		{"how certain it is", near(stored.Confidence), near(again.Confidence)},
		{"the runs of the versions", strings.Join(versions(stored), "; "), strings.Join(versions(again), "; ")},
		{"the side without it", stored.Good.String(), again.Good.String()},
		{"the side with it", stored.Bad.String(), again.Bad.String()},
		{"what was seen in real time", slow(stored), slow(again)},
	} {
		if part.stored != part.again {
			return fmt.Errorf("%s is stored as %q, and its ledger gives %q", part.name, part.stored, part.again)
		}
	}
	return nil
}

func changed(fixed bool) string {
	if fixed {
		return "where it went away"
	}
	return "where it came in"
}

// runsHeld holds the lines of a search's ledgers against the runs that they are of.
type runsHeld struct {
	dir    evidence.Dir
	clock  evidence.Clock
	images map[string]string // that the nodes of a candidate ran; none: nobody says
	nodes  []string
	unheld string
	seen   map[string]*runHeld
	used   map[string]bool // trials that a line tells of
}

// runHeld is a run of a search.
type runHeld struct {
	plan      *plan.Plan
	dir       evidence.Dir
	candidate string
}

// realTime reads the ledger of what was tried at speed 1, and holds it against its runs.
func (r *runsHeld) realTime() ([]isolate.Entry, error) {
	entries, err := isolate.ReadLedger(r.dir.File(realTimeLedger), begunWith(r.dir))
	if err != nil {
		return nil, err
	}
	r.clock = evidence.Clock{}
	return entries, r.check(entries)
}

// begunWith is the sum of the options that a search was begun with; empty where nobody knows, as where it came out of a bundle, which may
// have redacted them.
func begunWith(dir evidence.Dir) string {
	if _, foreign, err := origin.Find(dir.Path); foreign || err != nil {
		return ""
	}
	data, err := plain.Read(dir.File("options.json"), plain.Data)
	if err != nil {
		return ""
	}
	return evidence.SHA256(data)
}

// begun holds what an earlier call has written down against its runs, for who goes on with it: a line that was altered since would be taken for
// what was seen.
func (r *runsHeld) begun() error {
	for _, name := range []string{searchLedger, realTimeLedger} {
		entries, err := isolate.ReadLedger(r.dir.File(name), begunWith(r.dir))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if name == realTimeLedger {
			r.clock = evidence.Clock{}
		}
		if err == nil {
			err = r.check(entries)
		}
		if err != nil {
			return fmt.Errorf("%s is not gone on with: %w", r.dir.Path, err)
		}
	}
	return nil
}

// check holds a ledger against its runs.
func (r *runsHeld) check(entries []isolate.Entry) error {
	if _, err := os.Stat(r.dir.File("runs")); errors.Is(err, fs.ErrNotExist) {
		r.unheld = WithoutRuns
		return nil
	}
	if r.seen == nil {
		r.seen, r.used = map[string]*runHeld{}, map[string]bool{}
	}
	for _, e := range entries {
		if err := r.line(e); err != nil {
			return fmt.Errorf("run %d of its ledger: %w", e.Seq, err)
		}
	}
	return nil
}

func (r *runsHeld) line(e isolate.Entry) error {
	if e.Where == "" {
		if e.Outcome != isolate.Invalid {
			return fmt.Errorf("it is a %s, and nothing was recorded of it", e.Outcome)
		}
		return nil
	}
	name, trial := "", 0
	if _, err := fmt.Sscanf(strings.ReplaceAll(e.Where, "/trials/", " "), "%s %d", &name, &trial); err != nil || path.Base(name) != name || !filepath.IsLocal(name) {
		return fmt.Errorf("its evidence is at %q, which is no trial of a run", e.Where)
	}
	at := fmt.Sprint(name, " ", trial)
	if r.used[at] {
		return fmt.Errorf("the trial %s is told of twice", e.Where)
	}
	r.used[at] = true
	run, err := r.open(name, e.Candidate)
	if err != nil {
		return err
	}
	if run.candidate != e.Candidate {
		return fmt.Errorf("the run %s is one of another candidate", name)
	}
	record, err := run.dir.Trial(trial).Read()
	if err != nil {
		return fmt.Errorf("%s: %w", e.Where, err)
	}
	if v := judge.Judge(run.plan, trial, record); OutcomeOf(v) != e.Outcome {
		return fmt.Errorf("it is told as a %s, and its record, %s, gives a %s: %s", e.Outcome, e.Where, OutcomeOf(v), v.Reason)
	}
	return nil
}

// open reads a run of a candidate, and holds what it has stored against its trials.
func (r *runsHeld) open(name, candidate string) (*runHeld, error) {
	if run := r.seen[name]; run != nil {
		return run, nil
	}
	p, dir, info, err := plan.OpenRun(r.dir.File("runs", name))
	if err != nil {
		return nil, fmt.Errorf("the run %s: %w", name, err)
	}
	if err := dir.CheckStored(info); err != nil {
		return nil, fmt.Errorf("the run %s: %w", name, err)
	}
	if info.Clock.Factor() != r.clock.Factor() {
		return nil, fmt.Errorf("the run %s was made%s", name, beside(info.Clock))
	}
	if image := r.images[candidate]; image != "" {
		for _, n := range info.Nodes {
			if slices.Contains(r.nodes, n.Name) && n.Image != image {
				return nil, fmt.Errorf("%s ran %s in the run %s, which is told of %s", n.Name, n.Image, name, image)
			}
		}
	}
	run := &runHeld{p, dir, candidate}
	r.seen[name] = run
	return run, nil
}

func beside(c evidence.Clock) string {
	if !c.Scaled() {
		return " in real time"
	}
	return c.Beside()
}

// HoldComparison holds a stored comparison of two builds, or of a workaround, against what both sides' trials give, of which the
// folders lie side by side. Only that it is fixed is held: the rest claims no more than its runs. Where a side is not there
// unheld says so.
func HoldComparison(folder string) (unheld string, err error) {
	var stored result.Comparison
	if err := evidence.ReadJSON(filepath.Join(folder, "verify.json"), &stored); err != nil || stored.Ruling != result.Fixed {
		return "", err
	}
	if stored.Confidence != 0.95 && stored.Confidence != 0.99 {
		return "", fmt.Errorf("it is stored with the confidence %g, which is none of a comparison", stored.Confidence)
	}
	workaround := stored.What == theWorkaround
	how := Sides{Of: SampleOf, SameBuilds: workaround}
	if workaround {
		how.Of = ReliefOf
	}
	c := &Comparison{Confidence: stored.Confidence, Before: math.MaxInt, MaxTrials: math.MaxInt, Relief: workaround}
	sides := map[result.Arm]evidence.Dir{}
	for _, of := range []struct {
		arm  result.Arm
		side string
	}{{result.Old, stored.Old.Dir}, {result.New, stored.New.Dir}} {
		arm, side := of.arm, of.side
		dir, info, err := evidence.OpenDir(filepath.Join(folder, filepath.Base(side)))
		if err != nil { // what was made of them lies within each
			dir, info, err = evidence.OpenDir(filepath.Join(folder, "..", filepath.Base(side)))
		}
		if side == "" || err != nil {
			return "its runs do not lie beside it: it is told as it is stored", nil //nolint:nilerr // that is what is said
		}
		if err := dir.CheckStored(info); err != nil {
			return "", fmt.Errorf("the run %s, which it rests on: %w", dir.ID(), err)
		}
		if arm == result.Old { // whose window its hits are held against
			if how.Old, _, _, err = plan.OpenRun(dir.Path); err != nil {
				return "", fmt.Errorf("the run %s, which it rests on: %w", dir.ID(), err)
			}
		}
		if err := c.recorded(arm, dir, how.sample); err != nil {
			return "", fmt.Errorf("the run %s, which it rests on: %w", dir.ID(), err)
		}
		sides[arm] = dir
	}
	if ruling, reason := c.Ruling(); ruling != result.Fixed {
		return "", fmt.Errorf("it is stored as fixed, and its trials do not give that: %s", orTooFew(reason))
	}
	if same, err := ranTheSame(sides[result.Old], sides[result.New]); !workaround && (same || err != nil) {
		return "", errors.Join(errors.New("it is stored as fixed, and both sides ran the same images"), err)
	}
	return "", nil
}

// orTooFew is the reason of a comparison, which has none while more trials are needed.
func orTooFew(reason string) string {
	if reason == "" {
		return "there are too few of them"
	}
	return reason
}

// recorded counts the trials of a side, in the order in which they were begun.
func (c *Comparison) recorded(arm result.Arm, dir evidence.Dir, of func(evidence.TrialVerdict, evidence.Record) Sample) error {
	entries, err := dir.Ledger()
	if err != nil {
		return err
	}
	trials, err := dir.Trials()
	if err != nil {
		return err
	}
	for _, t := range trials {
		v, judged, err := t.Verdict()
		if err != nil {
			return fmt.Errorf("trial %d: %w", t.Number, err)
		}
		record, err := t.Read()
		if err != nil {
			return fmt.Errorf("trial %d: %w", t.Number, err)
		}
		sample := Sample{Kind: Void, Why: "it was broken off"}
		if judged && slices.ContainsFunc(entries, func(e evidence.Entry) bool { return e.Trial == t.Number }) {
			sample = of(v, record)
		}
		c.Add(c.Recorded(arm), sample)
	}
	return nil
}
