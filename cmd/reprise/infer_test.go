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
	for _, id := range []string{"wan-half-routes", "frr-suppress-fib-network", "ospf-silent-link"} {
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

// TestInferSwitches: two switches of software that nobody has here, with VLANs and an aggregate, become switches of
// Open vSwitch that carry the same: routers in one VLAN meet across both, and one in another meets nobody.
func TestInferSwitches(t *testing.T) {
	livetest.Long(t, "a lab of switches and routers")
	t.Parallel()
	needSpaces(t)
	dir := t.TempDir()
	var files []string
	for name, text := range switchCaptures() {
		files = append(files, filepath.Join(dir, name+".txt"))
		if err := os.WriteFile(files[len(files)-1], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(files)
	lab := filepath.Join(dir, "lab")
	var n infer.Network
	ask(t, &n, append([]string{"topology", "infer", "-o", lab, "--name", "lab"}, files...)...)
	const scenario = `reprise: v1
id: switches
title: Routers of one VLAN meet across both switches
problem: {what: r1 and r2 meet, how: always}
topology: lab.clab.yml
nodes:
  s1: {role: dut, platform: ovs, config: s1.conf}
  s2: {role: peer, platform: ovs, config: s2.conf}
  r1: {role: peer, platform: frr, config: r1.conf}
  r2: {role: peer, platform: frr, config: r2.conf}
  r3: {role: peer, platform: frr, config: r3.conf}
symptom:
  - {name: r1 and r2 meet, node: r1, run: show ip ospf neighbor, expect: 'text contains "10.0.0.2" and text contains "Full"', eventually: 100s}
  - {name: both members carry, node: s1, exec: ovs-appctl bond/show bond1, expect: 'text contains "negotiated" and text matches "(?s)eth1: enabled.*eth2: enabled"', eventually: 60s}
  - {name: r3 meets nobody, node: r3, run: show ip ospf neighbor, expect: 'not (text contains "10.0.0.")', within: 5s, consistently: 15s, may-hold-before: true}
trials: {count: 1, reset: redeploy}
`
	if err := os.WriteFile(filepath.Join(lab, "scenario.yaml"), []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	var o reproduce.Outcome
	ask(t, &o, "run", lab, "-n", "1", "--dir", filepath.Join(dir, "runs"))
	if o.Verdict.Reproduced != 1 {
		t.Error(o.Verdict.Reason)
	}
}

// switchCaptures are what two switches of EOS and three routers of FRR show.
func switchCaptures() map[string]string {
	eos := func(name string, lines, rows []string) string {
		return name + "#show version\nArista DCS-7010T\nSoftware image version: 4.30.1F\n" + name + "#show running-config\nhostname " + name + "\nvlan 10,20\n" +
			"interface Port-Channel1\n   switchport mode trunk\n   switchport trunk allowed vlan 10,20\ninterface Ethernet1\n   channel-group 1 mode active\ninterface Ethernet2\n   channel-group 1 mode active\n" + strings.Join(lines, "\n") + "\nend\n" +
			name + "#show lldp neighbors\nPort          Neighbor Device ID       Neighbor Port ID    TTL\n" + strings.Join(rows, "\n") + "\n" + name + "#\n"
	}
	frr := func(name, address string) string {
		return name + "# show version\nFRRouting 8.4.4 (" + name + ") on Linux.\n" + name + "# show running-config\nfrr version 8.4.4\nhostname " + name + "\ninterface eth1\n ip address " + address + "/24\nrouter ospf\n network 10.0.0.0/24 area 0\nend\n" + name + "# \n"
	}
	return map[string]string{
		"s1": eos("s1", []string{"interface Ethernet3", "   switchport access vlan 10", "interface Ethernet4", "   switchport access vlan 20"},
			[]string{"Et1  s2  Ethernet1  120", "Et2  s2  Ethernet2  120", "Et3  r1  eth1  120", "Et4  r3  eth1  120"}),
		"s2": eos("s2", []string{"interface Ethernet3", "   switchport access vlan 10"}, []string{"Et1  s1  Ethernet1  120", "Et2  s1  Ethernet2  120", "Et3  r2  eth1  120"}),
		"r1": frr("r1", "10.0.0.1"), "r2": frr("r2", "10.0.0.2"), "r3": frr("r3", "10.0.0.3"),
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
