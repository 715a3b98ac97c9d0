package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

// twoNodes waits for a real adjacency and for a fixed window, and resets by configuration.
const twoNodes = `
reprise: v1
id: two-nodes
title: A cost is announced
topology:
  nodes: {r1: {image: "reprise/frr:8.4.4"}, r2: {image: "reprise/frr:8.4.4"}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes:
  r1: {platform: frr, config: "interface eth1\n ip address 10.0.0.1/24\n ip ospf area 0\n ip ospf network point-to-point\n ip ospf hello-interval 1\n ip ospf dead-interval 4\nrouter ospf\n ospf router-id 1.1.1.1\n"}
  r2: {platform: frr, config: "interface eth1\n ip address 10.0.0.2/24\n ip ospf area 0\n ip ospf network point-to-point\n ip ospf hello-interval 1\n ip ospf dead-interval 4\nrouter ospf\n ospf router-id 2.2.2.2\n"}
baseline: [{name: full, node: r1, run: show ip ospf neighbor, expect: 'text contains "Full"', eventually: 60s}]
stimulus: [{node: r2, configure: [interface eth1, ip ospf cost 77]}]
symptom: [{name: the cost stays, node: r2, run: show ip ospf interface eth1, expect: 'text contains "Cost: 77"', within: 5s, consistently: 15s}]
trials: {reset: config}
`

// BenchmarkTrialOverWaits is the wall time of a two-node trial with reset: config, as a
// multiple of the time that its phases wait for the protocol. The figures promise at
// most 1.15.
func BenchmarkTrialOverWaits(b *testing.B) {
	needLab(b)
	provider, err := containers.New(containers.Options{})
	if err != nil {
		b.Fatal(err)
	}
	wall, waits := someTrials(b, provider, twoNodes)
	b.ReportMetric(float64(wall)/float64(waits), "wall/waits")
}

// BenchmarkTrialRedeploy is what a two-node trial with reset: redeploy takes beyond the time that
// its phases wait for the protocol, in seconds. The figures promise at most 0.6 in a lab of
// namespaces.
func BenchmarkTrialRedeploy(b *testing.B) {
	text := strings.NewReplacer("reset: config", "reset: redeploy", "consistently: 15s", "consistently: 2s").Replace(twoNodes)
	eachProvider(b, func(b *testing.B, provider topologies.Provider) {
		b.Helper()
		wall, waits := someTrials(b, provider, text)
		b.ReportMetric((wall-waits).Seconds()/float64(b.N), "s/beyond-waits")
	})
}

// eachProvider runs a benchmark on labs of namespaces and of containers.
func eachProvider(b *testing.B, do func(*testing.B, topologies.Provider)) {
	b.Helper()
	b.Run("namespaces", func(b *testing.B) {
		needSpaces(b)
		p, err := namespaces.New(namespaces.Options{})
		if err != nil {
			b.Fatal(err)
		}
		do(b, p)
	})
	b.Run("containers", func(b *testing.B) {
		needLab(b)
		p, err := containers.New(containers.Options{})
		if err != nil {
			b.Fatal(err)
		}
		do(b, p)
	})
}

// someTrials executes trials of a scenario one after the other in one lab, and tells how long
// they took, and how long of that their watched phases. The cold start is not measured.
func someTrials(b *testing.B, provider topologies.Provider, text string) (wall, waits time.Duration) {
	b.Helper()
	file := filepath.Join(b.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	loaded, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		b.Fatal(err)
	}
	p, err := plan.New(loaded, plan.Options{})
	if err != nil {
		b.Fatal(err)
	}
	reg, err := cli.Registry()
	if err != nil {
		b.Fatal(err)
	}
	dir, err := trial.CreateRun(b.Context(), p, b.TempDir(), provider, cli.ToolInfo())
	if err != nil {
		b.Fatal(err)
	}
	lab := trial.NewLab(p, trial.Environment{Provider: provider, Registry: reg, Dir: dir}, 1)
	b.Cleanup(func() {
		if err := lab.Close(b.Context()); err != nil {
			b.Error(err)
		}
	})
	oneTrial(b, lab, dir, 1)
	for n := 2; b.Loop(); n++ {
		begin := time.Now()
		waits += oneTrial(b, lab, dir, n)
		wall += time.Since(begin)
	}
	return wall, waits
}

// BenchmarkBetweenTrials is the time that a search on real labs spends between two trials
// (cut the scenario, write, load and plan it, record, reset the lab), as a share of the
// time of a two-node trial. The figures promise at most 0.05.
func BenchmarkBetweenTrials(b *testing.B) {
	parts, oracle, whole := twoNodeOracle(b, twoNodes, 1)
	less := whole
	less.Kept = slices.Clone(whole.Kept)
	less.Kept[slices.IndexFunc(parts.Units, func(u isolate.Unit) bool { return strings.HasSuffix(u.ID, "ospf router-id 2.2.2.2") })] = false
	var between, trials time.Duration
	for b.Loop() {
		begin := time.Now()
		for _, c := range []isolate.Candidate{whole, whole, less, less} {
			if err := oracle.Vet(b.Context(), c); err != nil {
				b.Fatal(err)
			}
			results, err := oracle.Try(b.Context(), c, 1)
			if err != nil || results[0].Outcome != isolate.Hit {
				b.Fatal(results, err)
			}
			trials += results[0].Took
			between += resetTime(b, filepath.Join(oracle.parent, results[0].Where)) - results[0].Took
		}
		between += time.Since(begin)
	}
	b.ReportMetric(float64(between)/float64(trials), "between/trial")
}

// resetTime is how long the lab of a trial took to be reset; 0 where it was built.
func resetTime(b *testing.B, dir string) time.Duration {
	b.Helper()
	record, err := evidence.TrialDir{Dir: evidence.Dir{Path: dir}}.Read()
	if err != nil {
		b.Fatal(err)
	}
	var begun time.Duration
	reset := false
	for _, e := range record.Events {
		switch {
		case e.Kind == evidence.EventPhase && e.Phase == evidence.PhaseDeploy:
			begun = e.At
		case e.Kind == evidence.EventNote && e.Detail == "configuration restored":
			reset = true
		case e.Kind == evidence.EventPhaseEnd && e.Phase == evidence.PhaseDeploy && reset:
			return e.At - begun
		}
	}
	return 0
}

// BenchmarkLabs is how many times faster four trials are in two and in four labs side by
// side than in one.
func BenchmarkLabs(b *testing.B) {
	var took [3]time.Duration
	for b.Loop() {
		for i, labs := range []int{1, 2, 4} {
			_, oracle, whole := twoNodeOracle(b, strings.Replace(twoNodes, "consistently: 15s", "consistently: 5s", 1), labs)
			if _, err := oracle.Try(b.Context(), whole, labs); err != nil { // builds the labs
				b.Fatal(err)
			}
			begin := time.Now()
			if _, err := oracle.Try(b.Context(), whole, 4); err != nil {
				b.Fatal(err)
			}
			took[i] += time.Since(begin)
		}
	}
	b.ReportMetric(float64(took[0])/float64(took[1]), "speed-up-2")
	b.ReportMetric(float64(took[0])/float64(took[2]), "speed-up-4")
}

// placedOracle is an oracle and the folder of its runs.
type placedOracle struct {
	*experiment.LabOracle
	parent string
}

// twoNodeOracle makes an oracle of a scenario's parts.
func twoNodeOracle(b *testing.B, text string, labs int) (*experiment.Parts, placedOracle, isolate.Candidate) {
	b.Helper()
	needLab(b)
	file := filepath.Join(b.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	reg, err := cli.Registry()
	if err != nil {
		b.Fatal(err)
	}
	loaded, err := scenarios.Load(file, scenarios.Options{Platforms: reg.Platforms()})
	if err != nil {
		b.Fatal(err)
	}
	provider, err := containers.New(containers.Options{})
	if err != nil {
		b.Fatal(err)
	}
	parts := experiment.NewParts(loaded, reg)
	cutter := &experiment.PartsCutter{Loaded: loaded, Parts: parts, Platforms: reg.Platforms()}
	parent := b.TempDir()
	oracle := experiment.NewLabOracle(cutter, &experiment.Bench{Env: trial.Environment{Provider: provider, Registry: reg}, Tool: cli.ToolInfo()}, parent, labs)
	b.Cleanup(func() {
		if err := oracle.Close(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	})
	return parts, placedOracle{oracle, parent}, isolate.Whole(parts.Units)
}

// oneTrial executes a trial and returns how long its watched phases took.
func oneTrial(b *testing.B, lab *trial.Lab, dir evidence.Dir, n int) time.Duration {
	b.Helper()
	t, err := lab.Begin(n)
	if err != nil {
		b.Fatal(err)
	}
	t.Execute(b.Context())
	if v, err := t.Finish(b.Context()); err != nil || v.Verdict != evidence.Reproduced {
		b.Fatalf("trial %d: %s %s, %v", n, v.Verdict, v.Reason, err)
	}
	record, err := dir.Trial(n).Read()
	if err != nil {
		b.Fatal(err)
	}
	var waits, begun time.Duration
	for _, e := range record.Events {
		if e.Phase != evidence.PhaseBaseline && e.Phase != evidence.PhaseSymptom {
			continue
		}
		switch e.Kind { //nolint:exhaustive // only the ends of phases count
		case evidence.EventPhase:
			begun = e.At
		case evidence.EventPhaseEnd:
			waits += e.At - begun
		}
	}
	return waits
}

// BenchmarkMemoryRing20 is the largest resident memory of any process of a run on a
// ring of 20 FRR nodes, with the state of all of them captured before and after. The
// figures promise at most 150 MB.
func BenchmarkMemoryRing20(b *testing.B) {
	needLab(b)
	dir := b.TempDir()
	var nodes, links, more strings.Builder
	for i := range 20 {
		fmt.Fprintf(&nodes, "    n%d: {image: \"reprise/frr:8.4.4\"}\n", i)
		fmt.Fprintf(&links, "    - endpoints: [\"n%d:eth1\", \"n%d:eth2\"]\n", i, (i+1)%20)
		fmt.Fprintf(&more, "  n%d: {platform: frr, config: \"interface eth1\\n ip address 10.0.%d.1/24\\n ip ospf area 0\\ninterface eth2\\n ip address 10.0.%d.2/24\\n ip ospf area 0\\nrouter ospf\\n ospf router-id 10.255.0.%d\\n\"}\n", i, i, (i+19)%20, i+1)
	}
	text := "reprise: v1\nid: ring\ntitle: A ring\ntopology:\n  nodes:\n" + nodes.String() + "  links:\n" + links.String() + "nodes:\n" + more.String() +
		"symptom: [{name: runs, node: n0, run: show version, expect: 'text contains \"FRR\"', eventually: 30s}]\n"
	if err := os.WriteFile(filepath.Join(dir, "scenario.yaml"), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	var peak int64
	for b.Loop() {
		c := exec.Command(os.Args[0], "run", dir, "-q", "-n", "1", "--dir", filepath.Join(dir, "runs"))
		c.Args[0] = "reprise"
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		if u, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
			peak = max(peak, u.Maxrss) // of the process and those it waited for, in kB
		}
	}
	b.ReportMetric(float64(peak)/1000, "peak-MB")
}

// BenchmarkHelp is the time of "reprise --help" with all it loads. The figures promise
// at most 80 ms.
func BenchmarkHelp(b *testing.B) {
	for b.Loop() {
		c := exec.Command(os.Args[0], "--help")
		c.Args[0] = "reprise"
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
}

// BenchmarkSessionOverExec is the time of a command on an open session, as a multiple of
// a bare exec of the same command in the same node. The figures promise less than 1.
func BenchmarkSessionOverExec(b *testing.B) {
	eachProvider(b, sessionOverExec)
}

func sessionOverExec(b *testing.B, provider topologies.Provider) {
	b.Helper()
	lab := topologies.Topology{Name: "exec", Nodes: []topologies.Node{{Name: "r1", Kind: "linux", Image: "reprise/frr:8.4.4"}}}
	res, err := provider.Reserve(b.Context(), lab, topologies.Options{Run: "bench-exec", Lab: 1})
	if res != nil {
		b.Cleanup(func() { _ = res.Release(context.Background()) })
	}
	if err != nil {
		b.Fatal(err)
	}
	host, err := res.Host("r1")
	if err != nil {
		b.Fatal(err)
	}
	reg, err := cli.Registry()
	if err != nil {
		b.Fatal(err)
	}
	d, err := reg.Open(b.Context(), "frr", drivers.Target{Node: "r1", Host: host})
	if err != nil {
		b.Fatal(err)
	}
	if err := d.(drivers.Booter).Boot(b.Context()); err != nil {
		b.Fatal(err)
	}
	var session, bare time.Duration
	for b.Loop() {
		begin := time.Now()
		if x, err := d.Run(b.Context(), drivers.Command{Line: "show version"}); err != nil || x.Rejected != "" {
			b.Fatal(x, err)
		}
		middle := time.Now()
		if exit, err := host.Exec(b.Context(), []string{"vtysh", "-c", "show version"}, nil, io.Discard, io.Discard); err != nil || exit != 0 {
			b.Fatal(exit, err)
		}
		session, bare = session+middle.Sub(begin), bare+time.Since(middle)
	}
	b.ReportMetric(float64(session)/float64(bare), "session/exec")
	b.ReportMetric(session.Seconds()*1000/float64(b.N), "ms/session")
}
