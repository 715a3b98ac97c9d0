package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// IsolateChoices are those of one reduction. They are kept beside it, for --resume.
type IsolateChoices struct {
	Set         []string      `json:"set,omitempty"`
	Budget      time.Duration `json:"budget,omitempty"`
	Labs        int           `json:"labs"`
	KeepRate    float64       `json:"keep-rate"`
	OneRun      bool          `json:"one-run,omitempty"`
	Measure     int           `json:"measure"`
	ControlRuns int           `json:"control-runs"`
	Reset       string        `json:"reset,omitempty"`
	Speed       Speed         `json:"speed,omitempty"`
	Provider    string        `json:"provider,omitempty"`
	Scenario    string        `json:"scenario"` // within input/
}

// Check tells what of the choices no reduction can have.
func (c IsolateChoices) Check() error {
	if c.Measure < 1 || c.Measure > MaxCount || c.ControlRuns < 0 || c.ControlRuns > MaxCount || math.IsNaN(c.KeepRate) || c.KeepRate <= 0 || c.KeepRate > 1 || c.Budget < 0 {
		return InputError("--measure takes 1 to %d, --control-trials 0 to %d, --keep-rate more than 0 and at most 1, --budget no less than nothing", MaxCount, MaxCount)
	}
	return nil
}

// Options are those of the reduction, for a scenario that has a control or none.
func (c IsolateChoices) Options(control bool) experiment.IsolateOptions {
	o := experiment.IsolateOptions{Labs: c.Labs, Measure: c.Measure, Controls: c.ControlRuns, Single: c.OneRun, KeepRate: c.KeepRate, Budget: c.Budget}
	if !control {
		o.Controls = 0
	}
	return o
}

// BisectChoices are those of one bisection. They are kept beside it, for --resume.
type BisectChoices struct {
	Versions   []experiment.Version `json:"versions"`
	Nodes      []string             `json:"nodes"`
	Set        []string             `json:"set,omitempty"`
	Confidence float64              `json:"confidence"`
	MaxRuns    int                  `json:"max-runs"`
	Measure    int                  `json:"measure"`
	Labs       int                  `json:"labs,omitempty"` // 0, from before there were several: 1
	OneSided   bool                 `json:"one-sided,omitempty"`
	Fixed      bool                 `json:"fixed,omitempty"`
	Reset      string               `json:"reset,omitempty"`
	Speed      Speed                `json:"speed,omitempty"`
	Provider   string               `json:"provider,omitempty"`
	Scenario   string               `json:"scenario"` // within input/
}

// Check tells what of the choices no bisection can have.
func (c BisectChoices) Check() error {
	if math.IsNaN(c.Confidence) || c.Confidence <= 0.5 || c.Confidence >= 1 || c.MaxRuns < 1 || c.MaxRuns > MaxCount || c.Measure < 1 || c.Measure > MaxCount {
		return InputError("--confidence takes more than 0.5 and less than 1, --max-trials and --measure 1 to %d", MaxCount)
	}
	return nil
}

// Options are those of the bisection; set is what Set says.
func (c BisectChoices) Options(set map[string]string) experiment.BisectOptions {
	return experiment.BisectOptions{
		Versions: c.Versions, Nodes: c.Nodes, Set: set, Reset: scenarios.Reset(c.Reset), Speed: float64(c.Speed), Confidence: c.Confidence,
		MaxTrials: c.MaxRuns, Measure: c.Measure, Labs: c.Labs, OneSided: c.OneSided, Fixed: c.Fixed,
	}
}

// HoldSearch holds what an isolation, a bisection, a sweep or a verified fix in a folder has stored against what its runs give; see
// [experiment.HoldIsolation]. A folder that holds something else is held against nothing; nor is a search that came out of a
// bundle, where redaction has altered what it is made of, and which unheld says.
func HoldSearch(ctx context.Context, path string) (unheld string, err error) {
	dir := evidence.Dir{Path: path}
	holds := func(name string) bool {
		var anything struct{}
		return evidence.ReadJSON(dir.File(name), &anything) == nil
	}
	isolation, bisection, sweep := holds("isolation.json"), holds("bisection.json"), holds("sweep.json")
	_, foreign, err := origin.Find(path)
	if err != nil {
		return "", err
	}
	if foreign && sweep {
		return "it came out of a bundle, and is told as it is stored", nil
	}
	if _, err := os.Stat(dir.File("runs")); foreign && (isolation || bisection) && errors.Is(err, fs.ErrNotExist) {
		return "it came out of a bundle without its runs, and is told as it is stored", nil
	}
	switch {
	case isolation:
		return holdIsolation(ctx, dir)
	case bisection:
		return holdBisection(ctx, dir)
	case sweep:
		return holdSweep(dir)
	case holds("verify.json"):
		return experiment.HoldComparison(path)
	default:
		return "", nil
	}
}

// readChoices reads the choices that a search keeps in its folder.
func readChoices(dir evidence.Dir, c interface{ Check() error }) error {
	if err := evidence.ReadJSON(dir.File("options.json"), c); err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return fmt.Errorf("options.json: %w", err)
	}
	return nil
}

func holdIsolation(ctx context.Context, dir evidence.Dir) (string, error) {
	var c IsolateChoices
	if err := readChoices(dir, &c); err != nil {
		return "", err
	}
	l, _, err := LoadSearch(dir, c.Scenario, c.Set, nil)
	if err != nil {
		return "", err
	}
	reg, err := Registry()
	if err != nil {
		return "", err
	}
	return experiment.HoldIsolation(ctx, dir, experiment.NewParts(l, reg), c.Options(l.Scenario.Control != nil))
}

func holdBisection(ctx context.Context, dir evidence.Dir) (string, error) {
	var c BisectChoices
	if err := readChoices(dir, &c); err != nil {
		return "", err
	}
	l, set, err := LoadSearch(dir, c.Scenario, c.Set, nil)
	if err != nil {
		return "", err
	}
	return experiment.HoldBisection(ctx, dir, l, c.Options(set))
}

func holdSweep(dir evidence.Dir) (string, error) {
	var c SweepChoices
	if err := readChoices(dir, &c); err != nil {
		return "", err
	}
	l, set, err := LoadSearch(dir, c.Scenario, c.Set, nil)
	if err != nil {
		return "", err
	}
	step, err := c.Step(l)
	if err != nil {
		return "", err
	}
	points, o, err := c.Points(l, set, step)
	if err != nil {
		return "", err
	}
	return experiment.HoldSweep(dir, points, o)
}

// LoadSearch reads the scenario that a search keeps in its folder; file is where, below input. trust is what a foreign one is
// allowed; to look at it only, nothing.
func LoadSearch(dir evidence.Dir, file string, sets, trust []string) (*scenarios.Loaded, map[string]string, error) {
	if !filepath.IsLocal(filepath.FromSlash(file)) {
		return nil, nil, InputError("options.json of %s names a scenario that is not below its input: %s", dir.Path, FirstLine(file, mostNamed))
	}
	set, err := ParseSet(sets)
	if err != nil {
		return nil, nil, err
	}
	reg, err := Registry()
	if err != nil {
		return nil, nil, err
	}
	l, err := scenarios.Load(dir.File("input", filepath.FromSlash(file)), scenarios.Options{Platforms: reg.Platforms(), Recorded: true, Set: set, Template: reg.Template, Trust: trust})
	return l, set, err
}

// mostNamed bounds what is told of a name that is none, in bytes.
const mostNamed = 80
