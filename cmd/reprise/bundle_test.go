package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports/formats"
	"github.com/reprise-lab/reprise/scenarios"
)

// TestBundleScripts runs the scripts of testdata/bundle. They need no container engine:
// their runs are made in a lab in memory.
func TestBundleScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "bundle"),
		Setup:               unlisted,
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "memoryrun": memoryRun},
	})
}

// memoryRun makes a run of three trials in memory: memoryrun SCENARIO main|control NAME. The
// one platform is that of the node r1, whose switch goes down with whatever it is told. The
// second trial does not show the problem. A run that the machine was too busy for is made again. The run directory gets the name in
// runs/.
func memoryRun(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: memoryrun SCENARIO main|control NAME")
	}
	loaded, err := scenarios.Load(ts.MkAbs(args[0]), scenarios.Options{})
	ts.Check(err)
	p, err := plan.New(loaded, plan.Options{Variant: evidence.Variant(args[1]), Trials: 3})
	ts.Check(err)
	var dir string
	for range realTries {
		var v evidence.RunVerdict
		if dir, v = runInMemory(ts, p); v.Inconclusive == 0 {
			break
		}
		ts.Logf("%d trials were inconclusive: %s", v.Inconclusive, v.Reason)
	}
	ts.Check(os.Rename(dir, ts.MkAbs(filepath.Join("runs", args[2]))))
}

// runInMemory executes the three trials, and returns the run directory.
func runInMemory(ts *testscript.TestScript, p *plan.Plan) (string, evidence.RunVerdict) {
	var broken, immune atomic.Bool
	heal := func(string) error { broken.Store(false); return nil }
	platform := harnesstest.Platform{
		Name: p.Loaded.Scenario.Nodes["r1"].Platform, BootFn: heal, ResetFn: heal,
		RunFn: func(_, _ string) (drivers.Exchange, error) {
			return drivers.Exchange{Output: map[bool]string{true: "state is down", false: "state is up"}[broken.Load()]}, nil
		},
		ConfigureFn: func(_, _ string) (string, error) { broken.Store(!immune.Load()); return "", nil },
	}
	ctx := context.Background()
	env := trial.Environment{Provider: &harnesstest.Provider{}, Registry: platform.Registry()}
	s, err := trial.NewSeries(ctx, p, ts.MkAbs("runs"), env, cli.ToolInfo())
	ts.Check(err)
	for n := range 3 {
		immune.Store(n == 1)
		_, err := s.Try(ctx, 1)
		ts.Check(err)
	}
	v, _, err := s.Summarise()
	ts.Check(errors.Join(s.Close(ctx), err, formats.WriteAll(s.Dir())))
	return s.Dir().Path, v
}
