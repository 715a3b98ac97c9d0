package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/scenarios/corpus"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/recipe"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
	"github.com/reprise-lab/reprise/topologies/vm"
)

// intermittent is the label of scenarios that do not show every time; their README says
// how often.
const intermittent = "intermittent"

// trialsEnv is the environment variable that sets the number of trials; 1 where it is not set.
// "make corpus" runs 5.
const trialsEnv = "REPRISE_CORPUS_TRIALS"

// TestCorpus runs every scenario of the corpus that needs no kernel of its own, and its
// control, in real labs: each must come out as declared in every trial. All run in labs of
// namespaces, of the long cases a third, another one each day; in containers runs a quarter,
// likewise; and all where trialsEnv is set or the kernel has no namespaces for labs. Clocks run as fast
// as was measured for the case; where this machine is too slow for that, in real time.
func TestCorpus(t *testing.T) {
	t.Parallel()
	needLab(t)
	spaces := haveSpaces(t)
	all := os.Getenv(trialsEnv) != "" || !spaces
	for i, e := range corpusEntries(t, func(family string) bool { return family != "switches" && family != "vm" }) {
		if !all && isLong(t, e) && i%3 != time.Now().YearDay()%3 {
			continue
		}
		if spaces {
			checkCorpus(t, e, cli.ProviderNamespaces)
		}
		if isLong(t, e) && spaces {
			continue // it takes a minute, and in containers more
		}
		if all || i%4 == time.Now().YearDay()%4 {
			checkCorpus(t, e, cli.ProviderContainers)
		}
	}
}

// isLong reports whether a case takes so long that its clock is its own.
func isLong(t *testing.T, e corpus.Entry) bool {
	t.Helper()
	l, err := (&cli.App{}).LoadQuiet(e.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l.Scenario.Clock != scenarios.Clock{}
}

// haveSpaces reports whether labs can be made of namespaces here: the kernel and its settings
// decide. Images for them can be had.
func haveSpaces(tb testing.TB) bool {
	tb.Helper()
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	missing := topologiestest.Lacks(tb, p, recipe.SuiteRef("trixie"))
	if missing != nil {
		tb.Logf("there are no labs of namespaces here: %v", missing)
	}
	return missing == nil
}

// needSpaces ends a test of labs of namespaces where the kernel allows none.
func needSpaces(tb testing.TB) {
	tb.Helper()
	if !haveSpaces(tb) {
		tb.Skip("the kernel allows no labs of namespaces") //nolint:forbidigo // its settings decide
	}
}

// TestMachines does the same for scenarios that take virtual machines. They run one after
// the other: under emulation a guest fills a processor.
func TestMachines(t *testing.T) {
	livetest.Long(t, "machines take a minute to boot")
	t.Parallel()
	p, err := vm.New(vm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	for _, c := range p.Probe(t.Context()) {
		if !c.OK && c.Name != "KVM" {
			livetest.Missing(t, c.Name+" ("+c.Detail+"); "+c.Fix, nil)
		}
	}
	for _, e := range corpusEntries(t, func(family string) bool { return family == "vm" }) {
		checkCorpus(t, e, "")
	}
}

// corpusEntries gives the scenarios of these families, of which there are some.
func corpusEntries(t *testing.T, of func(family string) bool) []corpus.Entry {
	t.Helper()
	entries, err := corpus.List()
	if err != nil {
		t.Fatal(err)
	}
	var chosen []corpus.Entry
	for _, e := range entries {
		if !of(e.Family) {
			continue
		}
		chosen = append(chosen, e)
		if data, err := e.Files.Open("README.md"); err != nil {
			t.Errorf("%s has no README: %v", e.ID, err)
		} else {
			_ = data.Close()
		}
	}
	if len(chosen) == 0 {
		t.Fatal("the corpus has no such scenario")
	}
	return chosen
}

// checkCorpus runs a scenario and its control, beside others where provider names what the labs
// are made of.
func checkCorpus(t *testing.T, e corpus.Entry, provider string) {
	t.Helper()
	id := e.ID
	trials := cmp.Or(os.Getenv(trialsEnv), "1")
	n, err := strconv.Atoi(trials)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&cli.App{}).LoadQuiet(id, nil)
	if err != nil {
		t.Errorf("%s: %v", id, err)
		return
	}
	if l.Scenario.ID != id || l.Scenario.Control == nil {
		t.Errorf("%s: its id is %q, its control %v", id, l.Scenario.ID, l.Scenario.Control)
	}
	sometimes, own := slices.Contains(l.Scenario.Labels, intermittent), l.Scenario.Clock != scenarios.Clock{}
	t.Run(path.Join(id, provider), func(t *testing.T) {
		if provider != "" {
			t.Parallel()
		}
		v := corpusRun(t, provider, e, own, trials)
		if tooBusy(v, own) {
			return
		}
		if v.Valid() != n || !sometimes && v.Reproduced != n {
			t.Errorf("%d of %d trials reproduced, %d not, want all: %s", v.Reproduced, n, v.NotReproduced, v.Reason)
		}
	})
	t.Run(path.Join(id, provider, "control"), func(t *testing.T) {
		if provider != "" {
			t.Parallel()
		}
		if v := corpusRun(t, provider, e, own, trials, "--control"); v.NotReproduced != n && !tooBusy(v, own) {
			t.Errorf("%d of %d trials not reproduced, want all: %s", v.NotReproduced, n, v.Reason)
		}
	})
}

// busyLabs holds back labs that fill a processor, those whose clocks are fast and those of emulated
// machines: beside too many this machine is too slow for any of them.
var busyLabs = make(chan struct{}, 2)

// longTries is how often a case whose clock is its own is run until this machine was not too slow for it.
const longTries = 4

// tooBusy reports whether nothing was said of a case whose clock is its own because this machine has
// other tests to run: no verdict is a wrong one, and "make corpus", beside which nothing runs, wants one.
func tooBusy(v evidence.RunVerdict, own bool) bool {
	return own && os.Getenv(trialsEnv) == "" && v.Inconclusive > 0 && v.Valid() == 0
}

// realTries is likewise for a case in real time: from the second time on without labs
// beside it that fill a processor, and a machine that was too slow for that too is one on which nobody
// could work.
const realTries = 3

// corpusRun runs a scenario through the program and returns its verdict. What comes out
// inconclusive, as on a machine that has no processor left, is run again: where clocks are fast in
// real time, or, where that takes hours, as it was.
func corpusRun(t *testing.T, provider string, e corpus.Entry, own bool, trials string, args ...string) evidence.RunVerdict {
	t.Helper()
	if own {
		return conclusive(t, longTries, func() evidence.RunVerdict { return runBusy(t, provider, e.ID, trials, args) })
	}
	if e.Speed > 1 {
		fast := append(slices.Clone(args), "--speed", fmt.Sprint(e.Speed))
		if v := conclusive(t, 1, func() evidence.RunVerdict { return runBusy(t, provider, e.ID, trials, fast) }); v.Inconclusive == 0 {
			return v
		}
	}
	first := true
	return conclusive(t, realTries, func() evidence.RunVerdict {
		switch {
		case !first:
			defer alone()()
		case provider == "": // a machine, which is emulated
			first = false
			return runBusy(t, provider, e.ID, trials, args)
		}
		first = false
		return runAtSpeed(t, provider, e.ID, trials, args)
	})
}

// alone waits until no lab that fills a processor is there, and holds others back until the function
// it returns is called.
func alone() (done func()) {
	lonely.Lock()
	for range cap(busyLabs) {
		busyLabs <- struct{}{}
	}
	return func() {
		for range cap(busyLabs) {
			<-busyLabs
		}
		lonely.Unlock()
	}
}

// lonely keeps two who want to be alone from having half of the room each.
var lonely sync.Mutex

// conclusive runs a case until no trial of it was inconclusive, so often at most.
func conclusive(t *testing.T, tries int, run func() evidence.RunVerdict) (v evidence.RunVerdict) {
	t.Helper()
	for range tries {
		if v = run(); v.Inconclusive == 0 {
			break
		}
		t.Logf("%d trials were inconclusive: %s", v.Inconclusive, v.Reason)
	}
	return v
}

// runBusy is runAtSpeed for a lab that fills a processor.
func runBusy(t *testing.T, provider, id, trials string, args []string) evidence.RunVerdict {
	t.Helper()
	busyLabs <- struct{}{}
	defer func() { <-busyLabs }()
	return runAtSpeed(t, provider, id, trials, args)
}

// runAtSpeed runs a scenario through the program at the speed that its arguments say, in real time without.
func runAtSpeed(t *testing.T, provider, id, trials string, args []string) evidence.RunVerdict {
	t.Helper()
	c := exec.Command(os.Args[0], append([]string{"run", id, "--json", "-q", "-n", trials, "--dir", t.TempDir()}, args...)...)
	c.Args[0] = "reprise"
	c.Env = append(os.Environ(), cli.EnvProvider+"="+provider)
	stdout, err := c.Output()
	var out reproduce.Outcome
	if jsonErr := json.Unmarshal(stdout, &out); jsonErr != nil {
		t.Fatalf("%v: %v: %s", err, jsonErr, stdout)
	}
	return out.Verdict
}
