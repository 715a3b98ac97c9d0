package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios/corpus"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// circleEnv has cases go round; "make circle" sets it to 1, for all. On a machine that is too slow for the clocks of
// a case, it takes ten minutes. Names of cases, with commas, are these alone.
const circleEnv = "REPRISE_CIRCLE"

// needCircle leaves out what make circle does.
func needCircle(t *testing.T) {
	t.Helper()
	if os.Getenv(circleEnv) == "" {
		t.Skip("make circle does this") //nolint:forbidigo // it is not missing: somebody else's command does it
	}
}

// asked are those of the cases that circleEnv names, and whether that is all of them.
func asked(cases []string) (list []string, all bool) {
	named := strings.Split(os.Getenv(circleEnv), ",")
	if slices.Equal(named, []string{"1"}) {
		return cases, true
	}
	return slices.DeleteFunc(cases, func(id string) bool { return !slices.Contains(named, id) }), false
}

// The circle closes for a case when one of its hypotheses reproduces a failure in which the case's own symptom, which
// the drafting never saw, is there too.
const leastClosed = 5

// circleCases are failures of the corpus of every family that has routers alone, the first of them those that have
// come back.
func circleCases() []string {
	return []string{
		"frr-default-originate-slash1", "frr-bgp-no-shutdown", "bgp-no-ebgp-policy", "ospf-mtu-mismatch", "frr-ospf-default-metric",
		"frr-isis-type-flap", "frr-suppress-fib-network", "bird-role-no-capability", "bird-case-empty-crash", "frr-ospf-md5-2106", "bird-frr-linklocal-nexthop", "ospf-silent-link",
	}
}

// circle is what came of one case.
type circle struct {
	id         string
	hypotheses int
	tries      draft.Tries
	same       evidence.RunVerdict // of the case's own symptom in the drafted lab
	took       time.Duration
}

// closed reports whether the failure came back.
func (c circle) closed() bool { return c.tries.Reproduced != "" && c.same.Reproduced > 0 }

// another reports whether something was called reproduced, and the failure was not there.
func (c circle) another() bool {
	return c.tries.Reproduced != "" && c.same.Valid() > 0 && c.same.Reproduced == 0
}

func (c circle) String() string {
	what := "nothing was drafted"
	switch {
	case c.closed():
		what = c.tries.Reproduced + " reproduces the same failure"
	case c.tries.Reproduced != "" && !c.another():
		what = "whether " + c.tries.Reproduced + " reproduces the same failure is not told: " + c.same.Reason
	case c.another():
		what = c.tries.Reproduced + " reproduces another failure: the case's own symptom is not there: " + c.same.Reason
	case c.hypotheses > 0:
		what = c.tries.Answer
	}
	trials, minutes := 0, 0.0
	for _, x := range c.tries.Tries {
		trials += x.Trials
		minutes += x.Took.Minutes()
	}
	return fmt.Sprintf("%-30s %2d of %2d hypotheses tried, %2d trials, %4.1f minutes (%4.1f in all): %s", c.id, len(c.tries.Tries), c.hypotheses, trials, minutes, c.took.Minutes(), what)
}

// TestCircle: what the routers of a failing run answered before and after it, their configurations and their
// logs, as a customer's terminals show them and nothing else, goes through import, infer, draft and try; of the
// cases at least leastClosed come back.
func TestCircle(t *testing.T) {
	needCircle(t)
	livetest.Long(t, "a failing lab, and the labs of what may have set it off")
	t.Parallel()
	needSpaces(t)
	ids, all := asked(circleCases())
	var lines []string
	closed := 0
	for _, id := range ids {
		c := goRound(t, id)
		if c.closed() {
			closed++
		} else if c.another() {
			t.Errorf("%s", c)
		}
		lines = append(lines, c.String())
		t.Logf("%s", c)
	}
	t.Logf("%d of %d came back as the same failure\n%s", closed, len(ids), strings.Join(lines, "\n"))
	if all && closed < leastClosed {
		t.Errorf("%d of %d came back, want %d", closed, len(ids), leastClosed)
	}
}

// TestCircleHarmless: what a healthy network shows for a moment after it was disturbed, with captures of that moment,
// is not called reproduced: the lab's session comes back.
func TestCircleHarmless(t *testing.T) {
	needCircle(t)
	livetest.Long(t, "labs of namespaces")
	t.Parallel()
	needSpaces(t)
	busyLabs <- struct{}{}
	defer func() { <-busyLabs }()
	dir := t.TempDir()
	var files []string
	for when, shown := range []string{"0", "Active"} {
		for r := 1; r <= 2; r++ {
			name := fmt.Sprintf("r%d", r)
			text := fmt.Sprintf("%[1]s# show version\nFRRouting 8.4.4 (%[1]s) on Linux.\n%[1]s# show running-config\nfrr version 8.4.4\nhostname %[1]s\ninterface eth1\n ip address 10.0.0.%[2]d/30\nexit\n"+
				"router bgp 6500%[2]d\n no bgp ebgp-requires-policy\n neighbor 10.0.0.%[3]d remote-as 6500%[3]d\nexit\nend\n"+
				"%[1]s# show bgp summary\n10.0.0.%[3]d        4      6500%[3]d         4         5        0    0    0 00:00:09  %[4]s        0 N/A\n", name, r, 3-r, shown)
			if when == 1 && r == 1 {
				text += "root@r1:~# cat /var/log/frr/bgpd.log\n2026/11/29 10:47:54 BGP: [XDY58-Y3CWV] Enabled administrative shutdown on BGP instance AS 65001\n" +
					"2026/11/29 10:48:24 BGP: [G32H5-NVJ9H] Disabled administrative shutdown on BGP instance AS 65001\n"
			}
			files = append(files, filepath.Join(dir, fmt.Sprintf("%s-%d.txt", name, when+1)))
			if err := os.WriteFile(files[len(files)-1], []byte(text+name+"# \n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	out := filepath.Join(dir, "draft")
	var drafted draft.Draft
	ask(t, &drafted, append([]string{"case", "draft", "--dir", out}, files...)...)
	tries := tryLikeliest(t, out)
	if len(tries.Tries) != 1 || tries.Tries[0].Hypothesis != "01-changes" || tries.Tries[0].Outcome != result.No {
		t.Errorf("%s: %+v", tries.Answer, tries.Tries)
	}
}

// goRound takes one case from a failing run back to a failing run.
func goRound(t *testing.T, id string) circle {
	t.Helper()
	busyLabs <- struct{}{}
	defer func() { <-busyLabs }()
	begin, dir := time.Now(), t.TempDir()
	c := circle{id: id}
	broken := filepath.Join(dir, "case")
	withoutWorkaround(t, id, broken)
	var failing reproduce.Outcome
	for range longTries { // where clocks are fast, a busy machine may be too slow for them
		failing = reproduce.Outcome{}
		ask(t, &failing, "run", broken, "-n", "1", "--dir", filepath.Join(dir, "runs"))
		if failing.Verdict.Valid() > 0 {
			break
		}
	}
	if failing.Verdict.Reproduced != 1 {
		t.Errorf("%s: the customer's network does not fail: %s", id, failing.Verdict.Reason)
		return c
	}
	files := customersFiles(t, failing.Dir, filepath.Join(dir, "mail"))
	out := filepath.Join(dir, "draft")
	var drafted draft.Draft
	ask(t, &drafted, append([]string{"case", "draft", "--dir", out}, files...)...)
	if c.hypotheses = len(drafted.Hypotheses); c.hypotheses > 0 {
		ask(t, &c.tries, "case", "try", out, "--speed", "10", "--budget", "10m")
	}
	if c.tries.Reproduced != "" {
		again := filepath.Join(dir, "again")
		withSymptom(t, filepath.Join(out, c.tries.Reproduced), broken, again)
		for _, speed := range []string{"10", "1"} { // what a busy machine is too slow for is run in real time
			var o reproduce.Outcome
			ask(t, &o, "run", again, "-n", "1", "--speed", speed, "--dir", filepath.Join(dir, "runs"))
			if c.same = o.Verdict; c.same.Valid() > 0 {
				break
			}
		}
	}
	c.took = time.Since(begin)
	return c
}

// ask runs a verb and reads what it prints with --json.
func ask(t *testing.T, to any, args ...string) {
	t.Helper()
	c := exec.Command(os.Args[0], append(args, "--json", "-q")...)
	c.Args[0] = "reprise"
	c.Env = append(os.Environ(), cli.EnvProvider+"="+cli.ProviderNamespaces)
	var errOut bytes.Buffer
	c.Stderr = &errOut
	stdout, err := c.Output()
	if jsonErr := json.Unmarshal(stdout, to); jsonErr != nil {
		t.Fatalf("%v: %v: %v: %s%s", args, err, jsonErr, stdout, errOut.String())
	}
}

// withoutWorkaround copies a case of the corpus: no customer's captures are from after what mends it.
func withoutWorkaround(t *testing.T, id, to string) {
	t.Helper()
	entries := corpusEntries(t, func(string) bool { return true })
	i := slices.IndexFunc(entries, func(e corpus.Entry) bool { return e.ID == id })
	if i < 0 {
		t.Fatalf("the corpus has no %s", id)
	}
	if err := os.CopyFS(to, entries[i].Files); err != nil {
		t.Fatal(err)
	}
	s := readScenario(t, to)
	delete(s, "workaround")
	writeScenario(t, to, s)
}

// withSymptom copies a drafted scenario, with the symptom of another.
func withSymptom(t *testing.T, drafted, of, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(drafted)); err != nil {
		t.Fatal(err)
	}
	s := readScenario(t, drafted)
	s["symptom"] = readScenario(t, of)["symptom"]
	delete(s, "control")
	if err := os.Remove(filepath.Join(to, "scenario.yaml")); err != nil {
		t.Fatal(err)
	}
	writeScenario(t, to, s)
}

func readScenario(t *testing.T, dir string) (s map[string]any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "scenario.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func writeScenario(t *testing.T, dir string, s map[string]any) {
	t.Helper()
	data, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "scenario.yaml"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// customersFiles writes what the nodes of a run's first trial answered before and after, and their logs, as
// captures of terminals, a file for each node and time, the earlier first.
func customersFiles(t *testing.T, run, to string) (files []string) {
	t.Helper()
	dir, info, err := evidence.OpenDir(run)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	trial := dir.Trial(1)
	for _, when := range []string{"before", "after"} {
		for _, n := range info.Nodes {
			names, err := filepath.Glob(trial.File("states", when, n.Name, "*.json"))
			if err != nil {
				t.Fatal(err)
			}
			var w strings.Builder
			for _, name := range names {
				var s evidence.State
				if err := evidence.ReadJSON(name, &s); err != nil {
					t.Fatal(err)
				}
				_, birdc, unreachable := strings.Cut(s.Error, "BIRD is not running: ")
				if s.Error == "" || unreachable {
					show(&w, n, s.Command, cmp.Or(s.Output, s.Rejected, birdc))
				}
			}
			logs, err := filepath.Glob(trial.File("logs", n.Name, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range logs {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				if when == "after" {
					show(&w, n, "!cat /var/log/"+filepath.Base(name), string(text))
				}
			}
			if w.Len() == 0 {
				continue // a node that nobody asked
			}
			fmt.Fprintf(&w, "root@%s:~# \n", n.Name)
			name := filepath.Join(to, fmt.Sprintf("%s-%s.txt", n.Name, when))
			if err := os.WriteFile(name, []byte(w.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, name)
		}
	}
	return files
}

// show is a command and its answer at the prompt that the command is for: of the shell, of a router, of BIRD's
// client.
func show(w *strings.Builder, n evidence.NodeInfo, command, answer string) {
	shell, isShell := strings.CutPrefix(command, "!")
	switch {
	case isShell:
		fmt.Fprintf(w, "root@%s:~# %s\n", n.Name, shell)
	case n.Platform == "bird":
		fmt.Fprintf(w, "root@%s:~# birdc %s\n", n.Name, command)
	default:
		fmt.Fprintf(w, "%s# %s\n", n.Name, command)
	}
	if answer = regexp.MustCompile(`\n+$`).ReplaceAllString(answer, ""); answer != "" {
		w.WriteString(answer + "\n")
	}
}
