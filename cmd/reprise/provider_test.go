package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/origin"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// mixedPair is a scenario whose two nodes are of both kinds, and whose cable is cut.
const mixedPair = `
reprise: v1
id: mixed-pair
title: A cut cable is seen on both sides
topology:
  nodes: {r1: {image: "reprise/debian:bookworm", runtime: containers}, r2: {image: "reprise/debian:bookworm", runtime: namespaces}}
  links: [{type: veth, endpoints: [{node: r1, interface: eth1, ipv4: 10.0.0.1/24}, {node: r2, interface: eth1, ipv4: 10.0.0.2/24}]}]
nodes: {r1: {platform: linux}, r2: {platform: linux}}
baseline: [{name: carries, node: r1, reach: {ping: 10.0.0.2}, eventually: 20s}]
stimulus: [{link: "r2:eth1", fault: down}]
symptom:
  - {name: no carrier at r1, node: r1, exec: cat /sys/class/net/eth1/carrier, expect: 'text contains "0"', eventually: 10s}
  - {name: lost, node: r2, exec: ping -c 1 -W 1 10.0.0.1, exit: [0, 1, 2], expect: 'exit != 0', eventually: 10s}
control: {without: [stimulus.0]}
trials: {reset: redeploy}
`

// A run in a lab of both kinds of nodes comes out as in one of one kind, and its control too.
func TestMixedRun(t *testing.T) {
	t.Parallel()
	needLab(t)
	needSpaces(t)
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(mixedPair), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := runAtSpeed(t, "", file, "2", nil); v.Reproduced != 2 {
		t.Errorf("%d of 2 trials reproduced: %s", v.Reproduced, v.Reason)
	}
	if v := runAtSpeed(t, "", file, "1", []string{"--control"}); v.NotReproduced != 1 {
		t.Errorf("the control: %s", v.Reason)
	}
}

// What a scenario has captured is in its record, of nodes of either kind, and shows what happened.
func TestCapturedRun(t *testing.T) {
	t.Parallel()
	needLab(t)
	needSpaces(t)
	file, runs := filepath.Join(t.TempDir(), "scenario.yaml"), t.TempDir()
	captured := mixedPair + "evidence: {captures: [\"r1:eth1\", {endpoint: \"r2:eth1\", filter: icmp}]}\n"
	if err := os.WriteFile(file, []byte(captured), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "run", file, "-q", "-n", "1", "--dir", runs)
	c.Args[0] = "reprise"
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	dirs, err := os.ReadDir(runs)
	if err != nil || len(dirs) != 1 {
		t.Fatalf("%v %v", dirs, err)
	}
	trial := evidence.Dir{Path: filepath.Join(runs, dirs[0].Name())}.Trial(1)
	record, err := trial.Read()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, e := range record.Events {
		if e.Capture == nil {
			continue
		}
		found++
		data, err := os.ReadFile(trial.File(filepath.FromSlash(e.Capture.File)))
		if err != nil || e.Outcome != evidence.OK || e.Capture.Frames < 2 || evidence.SHA256(data) != e.Capture.SHA256 || !bytes.Contains(data, []byte("stimulus begins")) {
			t.Errorf("%+v %+v %v", e, e.Capture, err)
		}
	}
	if found != 2 {
		t.Errorf("%d captures are in the record", found)
	}
}

// labOf is a topology with a node of each image.
func labOf(images ...string) topologies.Topology {
	t := topologies.Topology{Name: "x"}
	for _, image := range images {
		t.Nodes = append(t.Nodes, topologies.Node{Name: "n" + string(rune('1'+len(t.Nodes))), Kind: topologies.KindLinux, Image: image})
	}
	return t
}

// Without a word on it, labs of this project's images are made without an engine, and those of
// others' in it, where both can be.
func TestProviderByItself(t *testing.T) {
	needLab(t)
	needSpaces(t)
	own, others := recipe.SuiteRef("trixie"), "vendor/switch:1"
	for _, tt := range []struct {
		name, asked, env string
		images           []string
		beside           string             // the image of another lab
		runtime          topologies.Runtime // of the first node
		memory           string             // likewise
		want             string
	}{
		{name: "own images", images: []string{own, own}, want: cli.ProviderNamespaces},
		{name: "one of somebody else", images: []string{own, others}, want: cli.ProviderContainers},
		{name: "own ones, and one of somebody else beside", images: []string{own}, beside: others, want: cli.ProviderContainers},
		{name: "one of somebody else, and own ones beside", images: []string{others}, beside: own, want: cli.ProviderContainers},
		{name: "own ones, and own ones beside", images: []string{own}, beside: own, want: cli.ProviderNamespaces},
		{name: "both as the images are", asked: cli.ProviderMixed, images: []string{own}, beside: others, want: cli.ProviderMixed},
		{name: "an own one that is not there", images: []string{own, recipe.Repository + "frr:0.1"}, want: cli.ProviderContainers},
		{name: "a bound of memory", images: []string{own}, memory: "64MB", want: cli.ProviderContainers},
		{name: "asked for", asked: cli.ProviderContainers, env: cli.ProviderNamespaces, images: []string{own}, want: cli.ProviderContainers},
		{name: "one that says so", images: []string{own, own}, runtime: topologies.RuntimeContainers, want: cli.ProviderMixed},
		{name: "all that say so", images: []string{own}, runtime: topologies.RuntimeContainers, want: cli.ProviderContainers},
		{name: "one of somebody else beside one that says so", images: []string{own, others}, runtime: topologies.RuntimeNamespaces, want: cli.ProviderMixed},
		{name: "as the images are", asked: cli.ProviderMixed, images: []string{own, others}, want: cli.ProviderMixed},
		{name: "for all nodes", asked: cli.ProviderNamespaces, images: []string{own, own}, runtime: topologies.RuntimeContainers, want: cli.ProviderNamespaces},
		{name: "a runtime of somebody else", images: []string{own}, runtime: "podman", want: cli.ProviderNamespaces},
		{name: "asked for by the environment", env: cli.ProviderContainers, images: []string{own}, want: cli.ProviderContainers},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(cli.EnvProvider, tt.env)
			list := []topologies.Topology{labOf(tt.images...)}
			list[0].Nodes[0].Runtime, list[0].Nodes[0].Memory = tt.runtime, tt.memory
			if tt.beside != "" {
				list = append(list, labOf(tt.beside))
			}
			p, err := labs.OpenNodes(t.Context(), &scenarios.Loaded{}, tt.asked, list...)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close() //nolint:errcheck // it holds nothing
			if p.Name() != tt.want {
				t.Errorf("labs of %v are made of %s, want %s", tt.images, p.Name(), tt.want)
			}
		})
	}
}

// What came out of a bundle is built of namespaces, whatever engine is there; the engine takes
// to be trusted, where it is chosen as where it is the default.
func TestForeignNodes(t *testing.T) {
	dir := t.TempDir()
	if err := origin.Write(dir, "0123456789abcdef"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "lab.clab.yml")
	if err := os.WriteFile(file, []byte("name: theirs\ntopology:\n  nodes:\n    r1: {kind: linux, image: \"no/such-image:1\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, flag, env string
		trust           []string
		want            string // of the provider; empty: it is refused
		refusable       bool   // where labs of namespaces cannot be built
	}{
		{"chosen by the flag", cli.ProviderContainers, "", nil, "", false},
		{"chosen by the environment", "", cli.ProviderContainers, nil, "", false},
		{"trusted", cli.ProviderContainers, "", []string{"engine"}, "containers", false},
		{"trusted with something else", cli.ProviderContainers, "", []string{"binds"}, "", false},
		{"namespaces", cli.ProviderNamespaces, "", nil, "namespaces", false},
		{"the default", "", "", nil, "namespaces", true},
	} {
		t.Setenv(cli.EnvProvider, tt.env)
		l, err := scenarios.LoadTopology(file, scenarios.Options{Trust: tt.trust})
		if err != nil {
			t.Fatal(err)
		}
		p, err := labs.OpenNodes(t.Context(), l, tt.flag, l.Topology)
		if _, refused := errors.AsType[*scenarios.ForeignError](err); refused {
			if tt.want != "" && !tt.refusable || cli.ExitCode(err) != cli.ExitRefused {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if p.Name() != tt.want {
			t.Errorf("%s: a lab of %s, want %q", tt.name, p.Name(), tt.want)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestReadyWithoutEngine: a machine that has labs of namespaces lacks nothing when it has no engine, whatever
// else would make them better.
func TestReadyWithoutEngine(t *testing.T) {
	t.Parallel()
	needSpaces(t)
	c := exec.CommandContext(t.Context(), os.Args[0], "doctor")
	c.Args[0] = "reprise"
	c.Env = append(os.Environ(), "DOCKER_HOST=unix:///nowhere/docker.sock")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// What images hold is known without an engine: who bisects over this project's own needs none.
func TestImagesWithoutEngine(t *testing.T) {
	t.Parallel()
	needSpaces(t)
	for _, args := range [][]string{{"--provider", "namespaces"}, nil} {
		c := exec.Command(os.Args[0], append([]string{"bisect", "bird-case-empty-crash", "--versions", "reprise/bird:2.0.12,reprise/frr:8.4.4", "--dir", t.TempDir()}, args...)...)
		c.Args[0], c.Env = "reprise", append(os.Environ(), "DOCKER_HOST=unix:///nowhere/docker.sock")
		out, err := c.CombinedOutput()
		if c.ProcessState.ExitCode() != cli.ExitInput || !bytes.Contains(out, []byte("every image holds the same as reprise/bird:2.0.12")) {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
}
