package main

import (
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/harness/evidence"
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
// namespaces; in containers runs a quarter, another one each day, and all where trialsEnv is set
// or the kernel has no namespaces for labs.
func TestCorpus(t *testing.T) {
	t.Parallel()
	needLab(t)
	spaces := haveSpaces(t)
	all := os.Getenv(trialsEnv) != "" || !spaces
	for i, id := range corpusIDs(t, func(family string) bool { return family != "switches" && family != "vm" }) {
		if spaces {
			checkCorpus(t, id, cli.ProviderNamespaces)
		}
		if all || i%4 == time.Now().YearDay()%4 {
			checkCorpus(t, id, cli.ProviderContainers)
		}
	}
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
	for _, id := range corpusIDs(t, func(family string) bool { return family == "vm" }) {
		checkCorpus(t, id, "")
	}
}

// corpusIDs gives the scenarios of these families, of which there are some.
func corpusIDs(t *testing.T, of func(family string) bool) []string {
	t.Helper()
	entries, err := corpus.List()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range entries {
		if !of(e.Family) {
			continue
		}
		ids = append(ids, e.ID)
		if data, err := e.Files.Open("README.md"); err != nil {
			t.Errorf("%s has no README: %v", e.ID, err)
		} else {
			_ = data.Close()
		}
	}
	if len(ids) == 0 {
		t.Fatal("the corpus has no such scenario")
	}
	return ids
}

// checkCorpus runs a scenario and its control, beside others where provider names what the labs
// are made of.
func checkCorpus(t *testing.T, id, provider string) {
	t.Helper()
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
	sometimes := slices.Contains(l.Scenario.Labels, intermittent)
	t.Run(path.Join(id, provider), func(t *testing.T) {
		if provider != "" {
			t.Parallel()
		}
		v := corpusRun(t, provider, id, trials)
		if v.Valid() != n || !sometimes && v.Reproduced != n {
			t.Errorf("%d of %d trials reproduced, %d not, want all: %s", v.Reproduced, n, v.NotReproduced, v.Reason)
		}
	})
	t.Run(path.Join(id, provider, "control"), func(t *testing.T) {
		if provider != "" {
			t.Parallel()
		}
		if v := corpusRun(t, provider, id, trials, "--control"); v.NotReproduced != n {
			t.Errorf("%d of %d trials not reproduced, want all: %s", v.NotReproduced, n, v.Reason)
		}
	})
}

// corpusRun runs a scenario through the program and returns its verdict.
func corpusRun(t *testing.T, provider, id, trials string, args ...string) evidence.RunVerdict {
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
