package experiment_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// A daemon goes down two times out of three when its neighbour is cleared, until version 2.
const clearCase = `
reprise: v1
id: clear-goes-down
title: The session does not come back after it was cleared
topology: {nodes: {r1: {image: "daemon:1"}}}
nodes: {r1: {role: dut, platform: memory}}
baseline: [{name: session is up, node: r1, run: show session, expect: 'text == "up"', eventually: 10s, every: 10ms}]
stimulus: [{node: r1, run: clear session}]
symptom: [{name: session is down, node: r1, run: show session, expect: 'text == "down"', eventually: 160ms, every: 40ms}]
control: {set: {r1.image: "daemon:2"}}
`

// measureAndVerify measures how often a scenario shows its problem, and whether an image is free
// of it. Evidence of every trial goes into run directories below the bench's folder.
func measureAndVerify(ctx context.Context, bench *experiment.Bench, file, image string) error {
	loaded, err := scenarios.Load(file, scenarios.Options{Platforms: bench.Env.Registry.Platforms()})
	if err != nil {
		return err // every fault of the file, with its position
	}
	before, err := plan.New(loaded, plan.Options{})
	if err != nil {
		return err
	}
	control, err := plan.New(loaded, plan.Options{Variant: evidence.VariantControl})
	if err != nil {
		return err
	}
	after, err := plan.New(loaded, plan.Options{Set: map[string]string{"r1.image": image}})
	if err != nil {
		return err
	}
	if err := bench.Check(ctx, before, control, after); err != nil {
		return err // this machine cannot build these labs
	}
	rate, err := experiment.Rate(ctx, bench, before, control, experiment.RateOptions{
		Rule: experiment.StopRule{Runs: 9}, Controls: -1,
	})
	if err != nil {
		return err
	}
	fmt.Printf("rate: %s\n  %s\n", rate.Outcome, result.NewProportion("", rate.Reproduced, rate.Valid))
	fixed, err := experiment.Compare(ctx, bench,
		experiment.Sides{Old: before, New: after, Of: experiment.SampleOf, What: image},
		experiment.CompareOptions{Confidence: 0.95, Before: 10, MaxTrials: 100},
	)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s\n  %s\n", image, fixed.Ruling, fixed.Reason)
	return nil
}

// Example measures a rate and verifies a fix, in a lab that exists only in memory. With a
// provider of package containers and the drivers of drivers/all the labs are real.
func Example() {
	dir, err := os.MkdirTemp("", "experiment-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	file := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(file, []byte(clearCase), 0o600); err != nil {
		panic(err)
	}
	bench := &experiment.Bench{Env: inMemory(), Parent: dir, Tool: evidence.Tool{Name: "example"}}
	if err := measureAndVerify(context.Background(), bench, file, "daemon:2"); err != nil {
		panic(err)
	}
	// Output:
	// rate: yes
	//   6/9 = 0.67, 95% [0.35, 0.88] Wilson
	// daemon:2: fixed
	//   no hit in 5 trials of the new side; after 4 of 5 of the old side 5 were needed (p = 0.024)
}

// inMemory is a lab of one node that runs a daemon. Every trial gets a new one, and one trial
// is made after the other.
func inMemory() trial.Environment {
	var image, session string
	cleared := 0
	provider := &harnesstest.Provider{ReserveFn: func(_ context.Context, t topologies.Topology, _ topologies.Options) error {
		image, session = t.Nodes[0].Image, "up"
		return nil
	}}
	platform := &harnesstest.Platform{Name: "memory", RunFn: func(_, line string) (drivers.Exchange, error) {
		if line == "clear session" && image == "daemon:1" {
			if cleared++; cleared%3 != 0 {
				session = "down"
			}
		}
		return drivers.Exchange{Output: session}, nil
	}}
	return trial.Environment{Provider: provider, Registry: platform.Registry()}
}
