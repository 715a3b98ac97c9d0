package plan

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// OpenRun reads a run directory back, and the plan it executed from the files it kept.
func OpenRun(path string) (*Plan, evidence.Dir, evidence.RunInfo, error) {
	dir, info, err := evidence.OpenDir(path)
	if err != nil {
		return nil, dir, info, err
	}
	// The environment of the run is not that of today; images are taken from run.json.
	return openRun(dir, info, scenarios.Options{Getenv: func(string) (string, bool) { return "", true }, Set: info.Set, Recorded: true})
}

// OpenRunHere is OpenRun for the process that executes the run which this one has just
// created: the environment is the same. trust is what a foreign scenario was allowed.
func OpenRunHere(path string, trust []string) (*Plan, evidence.Dir, evidence.RunInfo, error) {
	dir, info, err := evidence.OpenDir(path)
	if err != nil {
		return nil, dir, info, err
	}
	p, dir, info, err := openRun(dir, info, scenarios.Options{Set: info.Set, Recorded: true, Trust: trust})
	if err == nil {
		err = p.Loaded.Permit(p.Topology)
	}
	return p, dir, info, err
}

func openRun(dir evidence.Dir, info evidence.RunInfo, o scenarios.Options) (*Plan, evidence.Dir, evidence.RunInfo, error) {
	loaded, err := scenarios.Load(dir.File("input", filepath.FromSlash(info.Scenario.File)), o)
	if err != nil {
		return nil, dir, info, fmt.Errorf("read the run's scenario: %w", err)
	}
	p, err := New(loaded, Options{
		Variant: info.Variant, Set: info.Set, Trials: info.Trials, Labs: info.Labs, Reset: scenarios.Reset(info.Reset), Speed: info.Clock.Factor(),
	})
	if err != nil {
		return nil, dir, info, fmt.Errorf("read the run's scenario: %w", err)
	}
	for _, n := range info.Nodes {
		p.setImage(n.Name, n.Image)
	}
	p.Rules = info.JudgedBy()
	return p, dir, info, nil
}

func (p *Plan) setImage(node, image string) {
	for i := range p.Nodes {
		if p.Nodes[i].Name == node {
			p.Nodes[i].Image, p.Topology.Nodes[i].Image = image, image
		}
	}
}

// LabOf is the same for topologies that differ in nothing but where they were read from. Their names are part of
// it: hardware addresses come of them, and elections of those.
func LabOf(t topologies.Topology) (string, error) {
	t.Dir = ""
	data, err := json.Marshal(t) //nolint:musttag // all that is in it, by whatever names; what is printed of a part is what its String says
	if err != nil {
		return "", fmt.Errorf("name the lab of topology %s: %w", t.Name, err)
	}
	return evidence.SHA256(data), nil
}
