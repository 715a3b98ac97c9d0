package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

// TestInferLive: what routers of a lab answer is enough to build the same lab again, in which the
// same routes come up.
func TestInferLive(t *testing.T) {
	livetest.Long(t, "a lab of routers, twice")
	t.Parallel()
	needSpaces(t)
	g := newGrid(2, 3)
	dir := t.TempDir()
	const still = 5 * time.Second // that the routes stay as they are
	last, since := map[string][]string{}, map[string]time.Time{}
	answers := upGrid(t, g, "infer-truth", func(name string, routes []string) bool {
		if !slices.Equal(routes, last[name]) {
			last[name], since[name] = routes, time.Now()
		}
		return len(routes) >= len(g.topology.Nodes)+len(g.topology.Links) && time.Since(since[name]) > still
	}, func(name, command, output string) {
		file := filepath.Join(dir, name+".txt")
		was, _ := os.ReadFile(file) // the first command finds none
		if err := os.WriteFile(file, fmt.Appendf(was, "%s# %s\n%s\n%s# \n", name, command, output, name), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) != len(g.topology.Nodes) {
		t.Fatalf("%d files: %v", len(files), err)
	}
	lab := filepath.Join(dir, "lab")
	if out, code := within(t, append([]string{"topology", "infer", "-o", lab, "--name", "again"}, files...)); code != cli.ExitYes {
		t.Fatalf("status %d: %s", code, out)
	}
	l, err := scenarios.LoadTopology(filepath.Join(lab, "again.clab.yml"), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cables(g.topology), cables(l.Topology)); diff != "" {
		t.Fatal(diff)
	}
	again := newGrid(2, 3)
	again.topology = l.Topology
	for _, n := range l.Topology.Nodes {
		if n.Labels["reprise-likeness"] != "exact" || n.Image != "reprise/frr:8.4.4" {
			t.Errorf("%s is %s, of %s", n.Name, n.Labels["reprise-likeness"], n.Image)
		}
		text, err := os.ReadFile(filepath.Join(lab, n.Name+".conf"))
		if err != nil {
			t.Fatal(err)
		}
		again.configs[n.Name] = &strings.Builder{}
		again.configs[n.Name].Write(text)
	}
	upGrid(t, again, "infer-again", func(name string, routes []string) bool { return slices.Equal(routes, answers[name]) }, func(string, string, string) {})
}

// upGrid builds a lab, waits until the routes of each router are ready, and gives those; each is told what
// a customer would be asked for.
func upGrid(t *testing.T, g *grid, run string, ready func(name string, routes []string) bool, each func(name, command, output string)) map[string][]string {
	t.Helper()
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Reserve(t.Context(), g.topology, topologies.Options{Run: run})
	if r != nil {
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
			defer cancel()
			if err := r.Release(ctx); err != nil {
				t.Error(err)
			}
		}()
	}
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	wait := func(name string, d drivers.Driver) {
		g.await(t, d, "show ip route ospf json", func(routes map[string][]route) bool {
			found[name] = nil
			for prefix, list := range routes {
				for _, one := range list {
					for _, hop := range one.NextHops {
						found[name] = append(found[name], prefix+" "+hop.Interface)
					}
				}
			}
			slices.Sort(found[name])
			return ready(name, found[name])
		})
	}
	routers := g.boot(t, r)
	for name, d := range routers {
		wait(name, d)
	}
	for name, d := range routers { // all have heard of all now, and the first did not when it was ready
		wait(name, d)
		for _, command := range []string{"show version", "show running-config", "show ip ospf neighbor"} {
			x, err := d.Run(t.Context(), drivers.Command{Line: command})
			if err != nil || x.Rejected != "" {
				t.Fatalf("%s: %s: %v %s", name, command, err, x.Rejected)
			}
			each(name, command, x.Output)
		}
	}
	return found
}

// cables are the links of a topology, in one spelling.
func cables(t topologies.Topology) (list []string) {
	for _, l := range t.Links {
		ends := []string{l.A.String(), l.B.String()}
		slices.Sort(ends)
		list = append(list, strings.Join(ends, " "))
	}
	slices.Sort(list)
	return list
}

// TestInferCorpus: what the routers of labs of the corpus answer before anything is done to them, as a customer's
// terminals show it, is enough for the cables of the lab: of FRR and BIRD, by their configurations and addresses, and
// without any configuration, by what their protocols say.
func TestInferCorpus(t *testing.T) {
	livetest.Long(t, "labs of the corpus, with clocks ten times as fast")
	t.Parallel()
	needSpaces(t)
	for _, id := range []string{"wan-half-routes", "frr-suppress-fib-network"} {
		t.Run(id, func(t *testing.T) {
			busyLabs <- struct{}{}
			defer func() { <-busyLabs }()
			dir := t.TempDir()
			lab := filepath.Join(dir, "case")
			withoutWorkaround(t, id, lab)
			truth, err := scenarios.LoadTopology(filepath.Join(lab, "lab.clab.yml"), scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var o reproduce.Outcome
			for range longTries {
				o = reproduce.Outcome{}
				ask(t, &o, "run", lab, "-n", "1", "--speed", "10", "--dir", filepath.Join(dir, "runs"))
				if o.Verdict.Valid() > 0 {
					break
				}
			}
			var files, tables []string
			for _, file := range customersFiles(t, o.Dir, filepath.Join(dir, "mail")) {
				if strings.HasSuffix(file, "-before.txt") {
					files = append(files, file)
					tables = append(tables, withoutConfig(t, file))
				}
			}
			for form, sent := range map[string][]string{"whole": files, "tables": tables} {
				var n infer.Network
				ask(t, &n, append([]string{"topology", "infer", "-o", filepath.Join(dir, form), "--name", "again"}, sent...)...)
				var got []string
				for _, l := range n.Links {
					ends := []string{l.A.String(), l.B.String()}
					slices.Sort(ends)
					got = append(got, strings.Join(ends, " "))
				}
				slices.Sort(got)
				if diff := cmp.Diff(cables(truth.Topology), got); diff != "" {
					t.Errorf("%s: %s\nnot known: %s", form, diff, strings.Join(n.Unknown, "\n"))
				}
				t.Logf("%s: %d nodes, %d of %d links, %d contradictions", form, len(n.Nodes), len(got), len(truth.Topology.Links), len(n.Contradictions))
			}
		})
	}
}

// withoutConfig is a capture without the answers that are configurations.
func withoutConfig(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	prompt := regexp.MustCompile(`(?m)^\S+# |^root@\S+:~# `)
	config := regexp.MustCompile(`# (?:show running-config|cat /etc/bird/bird\.conf|show startup-config)`)
	var w strings.Builder
	starts := prompt.FindAllStringIndex(string(data), -1)
	for i, at := range starts {
		end := len(data)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		if block := string(data[at[0]:end]); !config.MatchString(strings.SplitN(block, "\n", 2)[0]) {
			w.WriteString(block)
		}
	}
	out := strings.TrimSuffix(file, ".txt") + "-tables.txt"
	if err := os.WriteFile(out, []byte(w.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}
