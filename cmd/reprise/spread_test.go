package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/spread"
)

// spreadScenario is about two nodes on two hosts, and a command on the other one that would have to fail.
const spreadScenario = `reprise: v1
id: spread
title: A lab on two hosts
topology:
  nodes:
    r1: {image: "reprise/debian:bookworm", exec: [ip addr add 10.0.0.1/24 dev eth1]}
    r2: {image: "reprise/debian:bookworm", exec: [ip addr add 10.0.0.2/24 dev eth1]}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes:
  r1: {placement: here}
  r2: {placement: there}
baseline: [{name: they reach each other, node: r1, exec: ping -c 1 -W 2 10.0.0.2, expect: exit == 0, eventually: 20s}]
stimulus: [{link: "r2:eth1", fault: down}]
symptom: [{name: r1 has no carrier, node: r1, exec: cat /sys/class/net/eth1/carrier, expect: 'text startsWith "SHOWN"', within: 5s, consistently: 1s}]
evidence: {captures: ["r2:eth1"]}
`

// A trial in a lab on two hosts has a verdict, whichever it is; one in the middle of which the connection
// between them is cut has none, and says why. Nothing is left of either.
func TestSpread(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "labs of namespaces")
	needSpaces(t)
	for _, tt := range []struct {
		name, shown string
		cut         bool
		want        evidence.Verdict
		reason      string
	}{
		{name: "shown", shown: "0", want: evidence.Reproduced},
		{name: "not shown", shown: "1", want: evidence.NotReproduced},
		{name: "cut", shown: "1", cut: true, want: evidence.Inconclusive, reason: "the lab broke: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, err := namespaces.New(namespaces.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var conns []net.Conn
			var agents sync.WaitGroup
			p, err := spread.New([]spread.Host{{Name: "here"}, {Name: "there", Dial: func(ctx context.Context) (net.Conn, error) {
				near, far := pipe(t)
				agents.Go(func() {
					if err := spread.Serve(context.WithoutCancel(ctx), far, b); err != nil {
						t.Errorf("agent: %v", err)
					}
				})
				mu.Lock()
				defer mu.Unlock()
				conns = append(conns, near)
				return near, nil
			}}}, b)
			if err != nil {
				t.Fatal(err)
			}
			var v evidence.TrialVerdict
			for try := range realTries { // of a machine that is too busy for a way between hosts
				done := func() {}
				if try > 0 {
					done = alone()
				}
				v = runSpread(t, p, strings.ReplaceAll(spreadScenario, "SHOWN", tt.shown), func(phase evidence.Phase) {
					if tt.cut && phase == evidence.PhaseSymptom {
						mu.Lock()
						defer mu.Unlock()
						for _, c := range conns {
							_ = c.Close() // once for all
						}
					}
				})
				done()
				if v.Verdict != evidence.Inconclusive || tt.cut && strings.Contains(v.Reason, "host there") {
					break
				}
				t.Log(v.Reason)
			}
			agents.Wait() // until nothing is left of the other host's part
			if v.Verdict != tt.want || !strings.HasPrefix(v.Reason, tt.reason) || tt.cut && !strings.Contains(v.Reason, "host there") {
				t.Errorf("%s: %s", v.Verdict, v.Reason)
			}
		})
	}
}

// runSpread executes one trial, and takes its lab down.
func runSpread(t *testing.T, p *spread.Provider, text string, at func(evidence.Phase)) evidence.TrialVerdict {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	planned, err := plan.New(loaded, plan.Options{Trials: 1})
	if err != nil {
		t.Fatal(err)
	}
	registry, err := cli.Registry()
	if err != nil {
		t.Fatal(err)
	}
	env := trial.Environment{Provider: p, Registry: registry, Progress: func(x trial.Progress) { at(x.Phase) }}
	series, err := trial.NewSeries(t.Context(), planned, t.TempDir(), env, evidence.Tool{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := series.Try(t.Context(), 1)
	if err != nil {
		t.Error(err)
	}
	if err := series.Close(t.Context()); err != nil {
		t.Error(err)
	}
	record, err := series.Dir().Trial(1).Read()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(record.Events, func(e evidence.Event) bool {
		return strings.HasPrefix(e.Name, "cable r1:eth1–r2:eth1 goes through a tunnel from host here to there (UDP in user space, AES-256-GCM): frames take ")
	}) {
		t.Error("the record does not say how long frames were on their way")
	}
	return v
}

// pipe gives the two ends of a connection on this machine.
func pipe(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // one came
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return near, far
}
