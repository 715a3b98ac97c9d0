package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// bisectFlags are the choices of one bisection. They are kept beside it, for --resume.
type bisectFlags struct {
	Versions   []version `json:"versions"`
	Nodes      []string  `json:"nodes"`
	Set        []string  `json:"set,omitempty"`
	Confidence float64   `json:"confidence"`
	MaxRuns    int       `json:"max-runs"`
	Measure    int       `json:"measure"`
	OneSided   bool      `json:"one-sided,omitempty"`
	Fixed      bool      `json:"fixed,omitempty"`
	Reset      string    `json:"reset,omitempty"`
	Scenario   string    `json:"scenario"` // within input/
	list       string
	dir        string
	resume     string
}

// version is one line of --versions.
type version struct {
	Image string   `json:"image"`
	After []string `json:"after,omitempty"` // images it was made from; none means the line before
	Prior float64  `json:"prior,omitempty"`
}

func (a *app) bisectVerb() *cobra.Command {
	f := &bisectFlags{}
	c := &cobra.Command{
		Use:   "bisect SCENARIO --versions FILE|IMAGE,IMAGE,…",
		Short: "Find the version that a problem came in with",
		Long: `Run a scenario on versions from old to new until it is known with which the
problem came in. Runs need not fail every time: a posterior over the versions is
kept, both rates unknown, and the version is run next that is expected to tell most.

The newest version must fail and the oldest must not; both are measured first. With
--fixed it is the other way round: the version that the problem went away with.

A file of versions has one image a line, oldest first. After the image may stand
"after IMAGE,IMAGE" for a version that was not made from the line before (trains,
backports), and "prior N" for how much likelier than the others the problem came in
there. An image that is missing or does not start is passed over, and the answer is
then a range.

Everything is written as it goes; --resume goes on with a bisection that was cut.

Exit status: 0 found at the confidence asked for, 1 the newest version does not show
the problem, 2 inconclusive, 4 wrong input, 5 the environment lacks something,
130 interrupted.`,
		Example: `  reprise bisect my-case --versions reprise/frr:7.5.1,reprise/frr:8.4.4,reprise/frr:10.3 --fixed
  reprise bisect my-case --versions trains.txt --node r1 --confidence 0.95
  reprise bisect --resume bisections/20260301T101500Z-my-case-1f2e`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeScenario,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.resume != "" && len(args) == 0:
				dir := evidence.Dir{Path: f.resume}
				kept := &bisectFlags{}
				if err := evidence.ReadJSON(dir.File("options.json"), kept); err != nil {
					return inputError("%s is no folder of a bisection: %w", f.resume, err)
				}
				return a.bisect(c.Context(), dir, kept)
			case f.resume == "" && len(args) == 1 && f.list != "":
				return a.bisectNew(c.Context(), args[0], f)
			default:
				return inputError("give a scenario and --versions, or --resume with the folder of a bisection")
			}
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.list, "versions", "", "file with an image a line, or images with commas between, oldest first")
	fl.StringSliceVar(&f.Nodes, "node", nil, "node that runs the version (default: every node of role dut)")
	fl.StringArrayVar(&f.Set, "set", nil, "replace a value: node.image=…, node.config=…, node.platform=…, node.env.NAME=…")
	fl.Float64Var(&f.Confidence, "confidence", 0.99, "probability at which the answer counts as found")
	fl.IntVar(&f.MaxRuns, "max-trials", 300, "most trials")
	fl.IntVar(&f.Measure, "measure", 5, "trials of the newest and of the oldest version beforehand")
	fl.BoolVar(&f.OneSided, "one-sided", false, "take one hit for proof: for a symptom that nothing else shows, such as a crash")
	fl.BoolVar(&f.Fixed, "fixed", false, "find the version that the problem went away with")
	fl.StringVar(&f.Reset, "reset", "", "between two runs of a version: none, config, daemons or redeploy (default: the scenario's)")
	fl.StringVar(&f.dir, "dir", "bisections", "folder for bisections")
	fl.StringVar(&f.resume, "resume", "", "go on with the bisection in this folder")
	mustComplete(c, "reset", "none", "config", "daemons", "redeploy")
	return c
}

// readVersions reads --versions: a file, or images with commas between.
func readVersions(list string) ([]version, error) {
	data, err := plain.Read(list, plain.Text)
	if err != nil {
		if !strings.Contains(list, ",") {
			return nil, inputError("--versions %s: no such file, and no list with commas: %w", list, err)
		}
		data = []byte(strings.ReplaceAll(list, ",", "\n"))
	}
	var out []version
	known := map[string]bool{}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		v := version{Image: words[0]}
		if known[v.Image] {
			return nil, inputError("--versions: line %d: %s is there twice", n, v.Image)
		}
		for i := 1; i < len(words); i += 2 {
			if i+1 == len(words) {
				return nil, inputError("--versions: line %d: nothing after %q", n, words[i])
			}
			switch words[i] {
			case "after":
				v.After = strings.Split(words[i+1], ",")
				for _, p := range v.After {
					if !known[p] {
						return nil, inputError("--versions: line %d: %s is after %s, which is in no line above", n, v.Image, p)
					}
				}
			case "prior":
				if v.Prior, err = strconv.ParseFloat(words[i+1], 64); err != nil || v.Prior <= 0 {
					return nil, inputError("--versions: line %d: prior %s: want a number above 0", n, words[i+1])
				}
			default:
				return nil, inputError("--versions: line %d: %q: want \"after IMAGE,IMAGE\" or \"prior N\"", n, words[i])
			}
		}
		known[v.Image] = true
		out = append(out, v)
	}
	if len(out) < 2 {
		return nil, inputError("--versions holds %d versions: there must be two at least", len(out))
	}
	return out, nil
}

func (a *app) bisectNew(ctx context.Context, name string, f *bisectFlags) (err error) {
	if f.Confidence <= 0.5 || f.Confidence >= 1 || f.MaxRuns < 1 || f.Measure < 1 {
		return inputError("--confidence takes more than 0.5 and less than 1, --max-trials and --measure 1 or more")
	}
	if f.Versions, err = readVersions(f.list); err != nil {
		return err
	}
	l, err := a.load(name, nil)
	if err != nil {
		return err
	}
	if len(f.Nodes) == 0 {
		for _, n := range l.Topology.Names() {
			if l.Scenario.Nodes[n].Role == scenarios.RoleDUT {
				f.Nodes = append(f.Nodes, n)
			}
		}
	}
	for _, n := range f.Nodes {
		if !slices.Contains(l.Topology.Names(), n) {
			return inputError("--node %s: the topology has %s", n, strings.Join(l.Topology.Names(), ", "))
		}
	}
	if len(f.Nodes) == 0 {
		return inputError("no node of %s has the role dut: say with --node which one runs the version", l.Scenario.ID)
	}
	if f.Versions, err = a.distinct(ctx, f.Versions); err != nil {
		return err
	}
	dir, err := evidence.CreateDir(f.dir, l.Scenario.ID, time.Now())
	if err != nil {
		return &codedError{exitEnvironment, err}
	}
	f.Scenario = l.Inputs[0].Path
	if err := keepInputs(dir, l); err != nil {
		return err
	}
	if err := evidence.WriteJSON(dir.File("options.json"), f); err != nil {
		return err
	}
	return a.bisect(ctx, dir, f)
}

// distinct makes one version of images that hold the same: as two, they could not be told
// apart by any number of runs.
func (a *app) distinct(ctx context.Context, list []version) ([]version, error) {
	var out []version
	err := a.withImages(ctx, func(ctx context.Context, s *images.Store) (err error) {
		out, err = merged(list, func(image string) (string, error) {
			id, err := s.Identity(ctx, image)
			if _, missing := errors.AsType[*topologies.MissingError](err); missing {
				return image, nil // it is passed over later, with the reason
			}
			return id, err
		})
		return err
	})
	for _, v := range list {
		if !slices.ContainsFunc(out, func(o version) bool { return o.Image == v.Image }) && err == nil {
			a.progress("%s holds the same as another image before it: they are one version", v.Image)
		}
	}
	if err == nil && len(out) < 2 {
		err = inputError("--versions: every image holds the same as %s: there must be two versions at least", out[0].Image)
	}
	return out, err
}

// merged leaves the first image of those that hold the same out of a list.
func merged(list []version, identity func(image string) (string, error)) ([]version, error) {
	first, is := map[string]string{}, map[string]string{} // image by what it holds; image that stands for an image
	var out []version
	for _, v := range list {
		id, err := identity(v.Image)
		if err != nil {
			return nil, err
		}
		for i, p := range v.After {
			v.After[i] = is[p]
		}
		same, twice := first[id]
		switch {
		case !twice:
			first[id], is[v.Image] = v.Image, v.Image
			out = append(out, v)
		case len(v.After) == 0 && out[len(out)-1].Image != same:
			return nil, inputError("--versions: %s holds the same as %s, and %s is between them", v.Image, same, out[len(out)-1].Image)
		default:
			is[v.Image] = same
		}
	}
	return out, nil
}

// bisection is what a bisection came to.
type bisection struct {
	Dir        string          `json:"dir"`
	Found      bool            `json:"found"`
	First      string          `json:"first,omitempty"` // the version that the problem came in with, or went away with
	Range      []string        `json:"range,omitempty"` // what cannot be told from it
	Confidence float64         `json:"confidence"`
	Runs       int             `json:"runs"`
	Versions   []versionResult `json:"versions"`
	Good       isolate.Count   `json:"good"`
	Bad        isolate.Count   `json:"bad"`
	Fixed      bool            `json:"fixed"`
}

type versionResult struct {
	Image     string        `json:"image"`
	Runs      isolate.Count `json:"runs"`
	Posterior float64       `json:"posterior"`
	Passed    string        `json:"passed-over,omitempty"` // why it could not be run
}

// versionCutter makes candidates of versions.
type versionCutter struct {
	loaded *scenarios.Loaded
	images []string
	nodes  []string
	set    map[string]string
	reset  scenarios.Reset
	units  []isolate.Unit
	lacks  map[string]error // by image
}

func (v *versionCutter) Key(c isolate.Candidate) string { return c.Key(v.units) }

func (v *versionCutter) Plan(c isolate.Candidate) (*plan.Plan, error) {
	image := v.images[slices.Index(c.Kept, true)]
	if err := v.lacks[image]; err != nil {
		return nil, err
	}
	set := maps.Clone(v.set)
	for _, n := range v.nodes {
		set[n+".image"] = image
	}
	return plan.New(v.loaded, plan.Options{Set: set, Trials: 1, Reset: v.reset})
}

func (a *app) bisect(ctx context.Context, dir evidence.Dir, f *bisectFlags) (err error) {
	unlock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer unlock()
	set, err := parseSet(f.Set)
	if err != nil {
		return err
	}
	reg, err := registry()
	if err != nil {
		return err
	}
	l, err := scenarios.Load(dir.File("input", filepath.FromSlash(f.Scenario)), scenarios.Options{Platforms: reg.Platforms(), Recorded: true, Set: set, Template: reg.Template, Trust: a.trust})
	if err != nil {
		return err
	}
	list := isolateVersions(f)
	cutter := &versionCutter{loaded: l, nodes: f.Nodes, set: set, reset: scenarios.Reset(f.Reset), units: isolate.VersionUnits(list), lacks: map[string]error{}}
	for _, v := range list {
		cutter.images = append(cutter.images, v.Name)
	}
	provider, err := containers.New(containers.Options{})
	if err != nil {
		return err
	}
	defer provider.Close() //nolint:errcheck // nothing is lost with an idle connection
	if err := l.Permit(l.Topology); err != nil {
		return err
	}
	if err := a.checkVersions(ctx, cutter, provider); err != nil {
		return err
	}
	live := &liveLine{app: a, status: "measuring both ends"}
	labs := experiment.NewLabOracle(cutter, trial.Environment{Provider: provider, Registry: reg, Lean: true, Progress: live.step}, dir.File("runs"), toolInfo(), 1)
	defer func() { err = errors.Join(err, labs.Close(context.WithoutCancel(ctx))) }()
	rec, err := isolate.NewRecorder(dir.File("ledger.ndjson"), cutter.units, labs)
	if err != nil {
		return &codedError{exitInput, err}
	}
	defer func() { err = errors.Join(err, rec.Close()) }()
	a.progress("%s: %s", l.Scenario.ID, l.Scenario.Title)
	a.progress("%s on %s, at most %s; evidence in %s", plural(len(list), "version"), strings.Join(f.Nodes, ", "), plural(f.MaxRuns, "run"), dir.Path)
	out, berr := bisectWith(ctx, live, f, list, cutter, rec)
	live.clear()
	out.Dir = dir.Path
	if _, err := provider.GC(context.WithoutCancel(ctx), time.Now()); err != nil {
		berr = errors.Join(berr, fmt.Errorf("clean up: %w", err))
	}
	werr := evidence.WriteJSON(dir.File("bisection.json"), out)
	if err := searchError(ctx, "bisect", dir, berr, werr); err != nil {
		return err
	}
	code := exitYes
	if !out.Found {
		code = exitInconclusive
	}
	if done, err := a.emit(out); done {
		return errors.Join(err, answer(code))
	}
	a.printBisection(out)
	return answer(code)
}

// isolateVersions gives the versions in the order in which the problem comes in: with
// --fixed the newest is the first, and it went away after the version that is found.
func isolateVersions(f *bisectFlags) []isolate.Version {
	index := map[string]int{}
	out := make([]isolate.Version, len(f.Versions))
	for i, v := range f.Versions {
		index[v.Image] = i
		out[i] = isolate.Version{Name: v.Image, Prior: v.Prior}
		for _, p := range v.After {
			out[i].Parents = append(out[i].Parents, index[p])
		}
	}
	return out
}

// checkVersions notes the images that are not there. Anything else that the machine lacks
// ends the bisection.
func (a *app) checkVersions(ctx context.Context, cutter *versionCutter, provider *containers.Provider) error {
	var first error
	for i, image := range cutter.images {
		kept := make([]bool, len(cutter.images))
		kept[i] = true
		p, err := cutter.Plan(isolate.Candidate{Kept: kept})
		if err != nil {
			return &codedError{exitInput, err}
		}
		if err := provider.Check(ctx, p.Topology); err != nil {
			a.progress("%s is passed over: %v", image, err)
			cutter.lacks[image] = err
			first = errors.Join(first, err)
		}
	}
	if len(cutter.images)-len(cutter.lacks) < 2 {
		return fmt.Errorf("fewer than two of the versions can be run: %w", first)
	}
	return nil
}

// flipped gives hits for misses: with --fixed a version counts as having "the change"
// when the problem is gone.
type flipped struct{ isolate.Oracle }

func (f flipped) Try(ctx context.Context, c isolate.Candidate, n int) ([]isolate.Result, error) {
	results, err := f.Oracle.Try(ctx, c, n)
	out := slices.Clone(results)
	for i := range out {
		out[i].Outcome = flip(out[i].Outcome)
	}
	return out, err
}

func flip(o isolate.Outcome) isolate.Outcome {
	switch o {
	case isolate.Hit:
		return isolate.Miss
	case isolate.Miss:
		return isolate.Hit
	default:
		return o
	}
}

func bisectWith(ctx context.Context, live *liveLine, f *bisectFlags, list []isolate.Version, cutter *versionCutter, rec *isolate.Recorder) (bisection, error) {
	out := bisection{Fixed: f.Fixed}
	var o isolate.Oracle = rec
	if f.Fixed {
		o = flipped{rec}
	}
	good, bad, err := measureEnds(ctx, live, f, cutter, rec)
	out.Good, out.Bad = good.Count, bad.Count
	if err != nil {
		return out, err
	}
	goodEnd, badEnd := good.Count, bad.Count
	if f.Fixed { // in the flipped world the new side hits
		goodEnd, badEnd = isolate.Count{Hits: bad.Misses, Misses: bad.Hits}, isolate.Count{Hits: good.Misses, Misses: good.Hits}
	}
	b, err := isolate.Bisect(ctx, list, o, isolate.BisectOptions{
		Confidence: f.Confidence, Good: goodEnd, Bad: badEnd, Cap: f.MaxRuns, OneSided: f.OneSided && !f.Fixed,
		OnStep: func(s isolate.BisectStep) {
			outcome := s.Outcome
			if f.Fixed {
				outcome = flip(outcome) // a person reads whether the problem showed
			}
			posterior := leading(s.Posterior, cutter.images)
			live.say(fmt.Sprintf("run %d: %s %s; %s", s.Runs, cutter.images[s.Version], outcome, posterior), posterior)
		},
	})
	if b == nil {
		return out, err
	}
	out.Runs, out.Confidence, out.Found = b.Runs+good.Runs()+bad.Runs(), b.Confidence, b.Decided && b.First < len(list)
	if b.First < len(list) {
		out.First = cutter.images[b.First]
	}
	for _, i := range b.Range {
		if i < len(list) {
			out.Range = append(out.Range, cutter.images[i])
		}
	}
	out.Good, out.Bad = b.Good, b.Bad
	if f.Fixed {
		out.Good, out.Bad = isolate.Count{Hits: b.Bad.Misses, Misses: b.Bad.Hits}, isolate.Count{Hits: b.Good.Misses, Misses: b.Good.Hits}
	}
	for i, image := range cutter.images {
		v := versionResult{Image: image, Runs: b.Counts[i], Posterior: b.Posterior[i]}
		if f.Fixed {
			v.Runs.Hits, v.Runs.Misses = v.Runs.Misses, v.Runs.Hits
		}
		for _, end := range []versionEnd{good, bad} {
			if end.version == i {
				v.Runs.Hits, v.Runs.Misses = v.Runs.Hits+end.Hits, v.Runs.Misses+end.Misses
				v.Runs.Invalid, v.Runs.Other = v.Runs.Invalid+end.Invalid, v.Runs.Other+end.Other
			}
		}
		if err := cutter.lacks[image]; err != nil {
			v.Passed = err.Error()
		} else if b.Dead[i] {
			v.Passed = "its runs say nothing: see their evidence"
		}
		out.Versions = append(out.Versions, v)
	}
	return out, err
}

// versionEnd is a version at an end of the list, and what its runs beforehand came to.
type versionEnd struct {
	version int
	isolate.Count
}

// measureEnds runs the version that must fail and the one that must not.
func measureEnds(ctx context.Context, live *liveLine, f *bisectFlags, cutter *versionCutter, o isolate.Oracle) (good, bad versionEnd, err error) {
	first, last := -1, -1
	for i, image := range cutter.images {
		if cutter.lacks[image] == nil {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	good.version, bad.version = first, last
	if f.Fixed {
		good.version, bad.version = last, first
	}
	if bad.Count, err = measureEnd(ctx, live, o, cutter, bad.version, f.Measure); err != nil {
		return good, bad, err
	}
	if bad.Hits == 0 {
		return good, bad, fmt.Errorf("%w on %s: 0 of %d runs", isolate.ErrNotReproduced, cutter.images[bad.version], bad.Valid())
	}
	if good.Count, err = measureEnd(ctx, live, o, cutter, good.version, f.Measure); err != nil {
		return good, bad, err
	}
	if stats.FisherLess(bad.Hits, bad.Valid(), good.Hits, good.Valid()) > 0.3 {
		return good, bad, fmt.Errorf("%w: %s shows it in %d of %d runs, %s in %d of %d; there is nothing between them to find (more --measure tells more)",
			isolate.ErrNotSpecific, cutter.images[bad.version], bad.Hits, bad.Valid(), cutter.images[good.version], good.Hits, good.Valid())
	}
	return good, bad, nil
}

func measureEnd(ctx context.Context, live *liveLine, o isolate.Oracle, cutter *versionCutter, version, n int) (isolate.Count, error) {
	c := isolate.Candidate{Kept: make([]bool, len(cutter.images))}
	c.Kept[version] = true
	var count isolate.Count
	for count.Valid() < n {
		results, err := o.Try(ctx, c, 1)
		if err != nil {
			return count, err
		}
		for _, r := range results {
			count.Add(r.Outcome)
			live.say(fmt.Sprintf("%s: %s %s", cutter.images[version], r.Outcome, firstLine(r.Reason, reasonLimit)), "measuring both ends")
		}
		if count.Runs()-count.Valid() > n+2 {
			return count, fmt.Errorf("%w on %s, the end of the list: %d of %d", isolate.ErrBroken, cutter.images[version], count.Runs()-count.Valid(), count.Runs())
		}
	}
	return count, nil
}

// leading names the likeliest versions.
func leading(posterior []float64, images []string) string {
	order := make([]int, len(posterior))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		switch {
		case posterior[x] > posterior[y]:
			return -1
		case posterior[x] < posterior[y]:
			return 1
		default:
			return 0
		}
	})
	var words []string
	for _, i := range order[:min(2, len(order))] {
		name := "none"
		if i < len(images) {
			name = images[i]
		}
		words = append(words, fmt.Sprintf("%s %.3f", name, posterior[i]))
	}
	return strings.Join(words, ", ")
}

func (a *app) printBisection(out bisection) {
	came := "came in with"
	if out.Fixed {
		came = "went away with"
	}
	switch {
	case out.Found && len(out.Range) > 1:
		a.say("FOUND: it %s one of %s (%.3f); they cannot be told apart, for some could not be run", came, strings.Join(out.Range, ", "), out.Confidence)
	case out.Found:
		a.say("FOUND: it %s %s (%.3f)", came, out.First, out.Confidence)
	default:
		a.say("UNDECIDED after %s; likeliest is that it %s %s (%.3f)", plural(out.Runs, "run"), came, out.First, out.Confidence)
	}
	for _, v := range out.Versions {
		note := v.Passed
		if note == "" {
			note = fmt.Sprintf("%d/%d", v.Runs.Hits, v.Runs.Valid())
		}
		a.say("  %-40s %5.3f  %s", v.Image, v.Posterior, note)
	}
	a.say("side without it %s; side with it %s; 95%% Wilson, the measured ends included", rateText(out.Good), rateText(out.Bad))
	a.say("%s; evidence in %s", plural(out.Runs, "run"), out.Dir)
}
