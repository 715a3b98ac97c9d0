package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// envFleetFaults has [TestFleetFaults] run: FAULTS/TRIALS/SEED.
const envFleetFaults = "REPRISE_FLEET_FAULTS"

// answeredScenario is a lab of two nodes whose symptom shows in each trial, and never in its control.
const answeredScenario = `
reprise: v1
id: answered
title: An echo request is answered
topology:
  nodes:
    r1: {image: "reprise/debian:bookworm", exec: [ip address add 192.0.2.1/24 dev eth1]}
    r2: {image: "reprise/debian:bookworm", exec: [ip address add 192.0.2.2/24 dev eth1, touch /tmp/answers]}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes: {r1: {platform: linux}, r2: {platform: linux}}
baseline: [{name: there is a cable, node: r2, exec: cat /sys/class/net/eth1/carrier, expect: 'text contains "1"', eventually: 20s}]
stimulus: [{name: ask, node: r2, exec: "sh -c 'ping -n -c 2 -i 0.5 -W 1 192.0.2.1 >/tmp/answers'", exit: [0, 1]}]
symptom: [{name: both are answered, node: r2, exec: cat /tmp/answers, expect: 'text contains "2 received"', eventually: 5s}]
control: {without: [stimulus.0]}
trials: {reset: redeploy}
`

// TestFleetFaults: a rate of real labs on three workers, whose processes are killed at random moments and started again: one
// worker, whoever gave the trials, or the server. Each trial is counted once, and the rate is the undisturbed one.
func TestFleetFaults(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "labs of a fleet")
	needSpaces(t)
	faults, trials, seed := 6, 12, uint64(1)
	given := os.Getenv(envFleetFaults)
	if given == "" {
		t.Skipf("it takes minutes, and a machine that is not busy: %s=%d/%d/%d runs it", envFleetFaults, faults, trials, seed) //nolint:forbidigo // it is asked for by name, in CI too
	}
	if _, err := fmt.Sscanf(given, "%d/%d/%d", &faults, &trials, &seed); err != nil {
		t.Fatalf("%s: want FAULTS/TRIALS/SEED: %v", envFleetFaults, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute+time.Duration(faults+trials)*10*time.Second)
	defer cancel()
	dir := t.TempDir()
	file := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(file, []byte(answeredScenario), 0o600); err != nil {
		t.Fatal(err)
	}
	server := &member{name: "server", dir: dir, args: []string{"fleet", "serve", "--listen", "127.0.0.1:0", "--advertise", "127.0.0.1", "--renewal", "500ms", "--json"}}
	server.start(ctx, t)
	join, at, listen := server.urls(ctx, t)
	server.args[3] = listen
	programs := []*member{server}
	for i := range 3 {
		w := &member{name: fmt.Sprintf("w%d", i+1), dir: dir, args: []string{"worker", "--join", join, "--name", fmt.Sprintf("w%d", i+1)}}
		w.start(ctx, t)
		programs = append(programs, w)
	}
	defer func() {
		for _, p := range programs {
			p.kill()
		}
	}()
	roster(t, at, dir, "w1", "w2", "w3")
	rate := []string{"rate", file, "--trials", fmt.Sprint(trials), "--control-trials", "3", "--json", "-q", "--fleet", at}
	calm := &member{name: "calm", dir: dir, args: append(rate, "--dir", filepath.Join(dir, "calm"))}
	calm.start(ctx, t)
	<-calm.over
	want := rateOf(t, calm)

	random := rand.New(rand.NewPCG(seed, 0))
	runs := filepath.Join(dir, "runs")
	decides := &member{name: "decides", dir: dir, args: append(rate, "--dir", runs)}
	decides.start(ctx, t)
	killed := map[string]int{}
	for left := faults; ; {
		var next <-chan time.Time
		if left > 0 {
			next = time.After(time.Duration(500+random.IntN(2500)) * time.Millisecond)
		}
		select {
		case <-next:
			left--
			victim := append(programs, decides)[random.IntN(len(programs)+1)]
			killed[victim.name]++
			victim.kill()
			switch victim {
			case decides:
				goOn(ctx, t, decides, runs, at)
			case server:
				server.start(ctx, t)
				server.urls(ctx, t)
			default:
				victim.start(ctx, t)
			}
			continue
		case <-decides.over:
		case <-ctx.Done():
			t.Fatalf("%v; killed %v, seed %d\n%s", ctx.Err(), killed, seed, decides.told())
		}
		if decides.cmd.ProcessState.ExitCode() != cli.ExitEnvironment {
			break
		}
		goOn(ctx, t, decides, runs, at) // the server was killed before it was reached
	}
	if len(killed) == 0 {
		t.Errorf("nothing was killed")
	}
	got := rateOf(t, decides)
	t.Logf("seed %d: killed %v; %s in %d of %d", seed, killed, got.Outcome, got.Reproduced, got.Valid)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("seed %d, killed %v (-undisturbed +killed):\n%s\n%s", seed, killed, diff, decides.told())
	}
	once(ctx, t, runs, trials)
}

// goOn has whoever gave the trials start again, in the run directory that there is.
func goOn(ctx context.Context, t *testing.T, p *member, runs, at string) {
	t.Helper()
	begun, err := filepath.Glob(filepath.Join(runs, "*", "asked.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(begun) > 0 {
		p.args = []string{"rate", "--resume", filepath.Dir(begun[0]), "--json", "-q", "--fleet", at}
	} else if err := os.RemoveAll(runs); err != nil { // it was killed before a trial was asked for
		t.Fatal(err)
	}
	p.start(ctx, t)
}

// counts are what a rate came to.
type counts struct {
	Outcome                          result.Outcome
	Trials, Reproduced, Valid, Clean int
}

// rateOf reads what a rate that ended has told.
func rateOf(t *testing.T, p *member) counts {
	t.Helper()
	data, err := os.ReadFile(p.out)
	var r result.Rate
	if err = cmp.Or(err, json.Unmarshal(data, &r)); err != nil || r.Control == nil {
		t.Fatalf("%s ended with %s and told %q: %v\n%s", p.name, p.cmd.ProcessState, data, err, p.told())
	}
	return counts{r.Outcome, r.Trials, r.Reproduced, r.Valid, r.Control.Valid - r.Control.Reproduced}
}

// once holds run directories to what a fleet promises: a chain that is whole, one line that counts for each trial, a record that is
// the one of that line, and a seal that verifies.
func once(ctx context.Context, t *testing.T, runs string, trials int) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(runs, "*", "run.json"))
	if err != nil || len(list) != 2 {
		t.Fatalf("%d runs, %v", len(list), err)
	}
	for _, name := range list {
		dir, info, err := evidence.OpenDir(filepath.Dir(name))
		if err != nil {
			t.Fatal(err)
		}
		entries, err := dir.Ledger()
		if err = cmp.Or(err, dir.CheckLedger()); err != nil {
			t.Errorf("%s: %v", dir.ID(), err)
		}
		lines := map[int]int{}
		for _, e := range entries {
			lines[e.Trial]++
		}
		if info.Variant == evidence.VariantControl {
			trials = 3
		}
		for n := 1; n <= max(trials, len(lines)); n++ {
			if lines[n] != 1 {
				t.Errorf("%s: trial %d has %d lines that count", dir.ID(), n, lines[n])
			}
		}
		if n, err := labpool.CheckSeals(ctx, dir); err != nil || n != len(entries) {
			t.Errorf("%s: %d of %d seals, %v", dir.ID(), n, len(entries), err)
		}
		attempts, err := dir.Attempts()
		if err != nil {
			t.Errorf("%s: %v", dir.ID(), err)
		}
		var why []string
		for _, a := range attempts {
			if a.Uncounted != "" {
				why = append(why, fmt.Sprintf("%d on %s: %s", a.Trial, a.Host, a.Uncounted))
			}
		}
		t.Logf("%s: %d counted; not counted: %s", info.Variant, len(entries), strings.Join(why, ", "))
	}
}
