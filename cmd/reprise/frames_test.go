package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
)

// hellos is OSPF's, and the advertisements of a router: what is said, what is no longer said, and what never is.
const hellos = `reprise: v1
id: frames-ospf
title: Hellos of OSPF, and one that stops them
topology:
  nodes: {r1: {image: "reprise/frr:8.4.4"}, r2: {image: "reprise/frr:8.4.4"}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes:
  r1: {platform: frr, config: "interface eth1\n ip address 10.0.0.1/24\n ip ospf area 0\n ip ospf network point-to-point\n ip ospf hello-interval 1\n ip ospf dead-interval 4\n no ipv6 nd suppress-ra\n ipv6 nd ra-interval 1\nrouter ospf\n ospf router-id 1.1.1.1\n"}
  r2: {platform: frr, config: "interface eth1\n ip address 10.0.0.2/24\n ip ospf area 0\n ip ospf network point-to-point\n ip ospf hello-interval 1\n ip ospf dead-interval 4\nrouter ospf\n ospf router-id 2.2.2.2\n"}
baseline:
  - {name: full, node: r1, run: show ip ospf neighbor, expect: 'text contains "Full"', eventually: 60s}
  - {name: r2 hears hellos, frame: {at: "r2:eth1", filter: "ip proto 89", direction: in}, expect: count > 2, eventually: 30s}
stimulus:
  - {node: r2, configure: [interface eth1, ip ospf passive]}
symptom:
  - {name: r1 goes on, frame: {at: "r1:eth1", filter: "ip proto 89", direction: out}, expect: 'any(rows, .kind == "ospf" and .message == "hello" and .ipsrc == "10.0.0.1")', eventually: 10s}
  - {name: r2 says no more, frame: {at: "r2:eth1", filter: "ip proto 89", direction: out}, expect: json.silence > 3, eventually: 20s}
  - {name: the router sends RAs, frame: {at: "r1:eth1", filter: "icmp6 and ip6[40] == 134", direction: out}, expect: count > 1 and json.gap < 10, eventually: 60s}
  - {name: no LSA of type 5 arrives, frame: {at: "r1:eth1", filter: "ip proto 89 and ip[21] == 4 and ip[51] == 5", direction: in}, never: 5s, may-hold-before: true}
trials: {count: 1}
`

// flooding is what a switch does with frames for a station that it does not know.
const flooding = `reprise: v1
id: frames-flood
title: The uninvolved port shows the stream
topology:
  nodes: {sw: {image: "reprise/ovs:3.5.0"}, h1: {image: "reprise/debian:trixie"}, h2: {image: "reprise/debian:trixie"}, h3: {image: "reprise/debian:trixie"}}
  links: [{endpoints: ["h1:eth1", "sw:eth1"]}, {endpoints: ["h2:eth1", "sw:eth2"]}, {endpoints: ["h3:eth1", "sw:eth3"]}]
nodes:
  sw: {platform: ovs, config: "add-br br0 -- set bridge br0 datapath_type=netdev -- add-port br0 eth1 -- add-port br0 eth2 -- add-port br0 eth3\n"}
baseline:
  - {name: h1 has its address, node: h1, exec: "ip addr replace 10.0.0.1/24 dev eth1 && ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:99 dev eth1", expect: exit == 0, eventually: 10s}
stimulus:
  - {node: h1, exec: "bash -c 'for i in $(seq 20); do echo x > /dev/udp/10.0.0.2/5004; done'"}
symptom:
  - {name: the uninvolved port shows the stream, frame: {at: "sw:eth3", filter: "udp port 5004", direction: out}, expect: count > 10, eventually: 10s}
  - {name: its host has all of it, frame: {at: "h3:eth1", filter: "udp port 5004", direction: in}, expect: 'count == 20 and all(rows, .dst == "02:00:00:00:00:99")', eventually: 10s}
trials: {count: 1}
`

// TestFrames: conditions over frames of real labs come out as they should, and the same when they are counted
// again in the captures; of a capture that is damaged nothing is known.
func TestFrames(t *testing.T) {
	t.Parallel()
	needLab(t)
	for _, tt := range []struct{ name, provider, yaml string }{
		{"hellos in containers", cli.ProviderContainers, hellos},
		{"hellos in namespaces", cli.ProviderNamespaces, hellos},
		{"hellos at speed 4", cli.ProviderNamespaces, strings.Replace(hellos, "baseline:", "clock: {speed: 4}\nbaseline:", 1)},
		{"flooding", cli.ProviderNamespaces, flooding},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.provider == cli.ProviderNamespaces {
				needSpaces(t)
			}
			runs := t.TempDir()
			file := filepath.Join(t.TempDir(), "scenario.yaml")
			if err := os.WriteFile(file, []byte(tt.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			busyLabs <- struct{}{}
			said, err := program(t, "run", file, "--provider", tt.provider, "--dir", runs)
			<-busyLabs
			found, failed := filepath.Glob(filepath.Join(runs, "*", "run.json"))
			if err = errors.Join(err, failed); err != nil || len(found) != 1 {
				t.Fatalf("%v, %q:\n%s", err, found, said)
			}
			handedOn(t, filepath.Dir(found[0]))
			countedAgain(t, filepath.Dir(found[0]))
		})
	}
}

// program runs the program.
func program(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Args[0] = "reprise"
	return c.CombinedOutput()
}

// handedOn packs a run redacted: no address of it is left, and whoever gets it counts the same frames.
func handedOn(t *testing.T, run string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "x.tar.zst")
	for _, args := range [][]string{
		{"bundle", "create", run, "-o", file, "--redact-key", filepath.Join(dir, "key")}, {"bundle", "verify", file}, {"bundle", "open", file, "-o", filepath.Join(dir, "open")},
	} {
		if said, err := program(t, args...); err != nil {
			t.Errorf("%q: %v:\n%s", args, err, said)
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, "open", "runs", "*", "trials", "0001", "observations.ndjson"))
	if err != nil || len(found) != 1 {
		t.Fatal(err, found)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `\"summary\":`) || strings.Contains(string(data), "10.0.0.1") {
		t.Errorf("frames are not there, or have their addresses: %s", data)
	}
}

// countedAgain judges a run again, whole and with its captures damaged.
func countedAgain(t *testing.T, run string) {
	t.Helper()
	dir, _, err := evidence.OpenDir(run)
	if err != nil {
		t.Fatal(err)
	}
	stored, ok, err := dir.Trial(1).Verdict()
	again, failed := judge.RejudgeRun(run)
	if err = errors.Join(err, failed); err != nil || !ok {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]evidence.TrialVerdict{stored}, again.Trials); diff != "" {
		t.Error(diff)
	}
	captures, err := filepath.Glob(dir.Trial(1).File("captures", "*.pcapng"))
	if err != nil || len(captures) < 2 {
		t.Fatal(err, captures)
	}
	for _, c := range captures {
		if err := os.Truncate(c, 200); err != nil {
			t.Fatal(err)
		}
	}
	if again, err = judge.RejudgeRun(run); err != nil || again.Run.Verdict != evidence.Inconclusive || !strings.Contains(again.Run.Reason, "cannot be counted again") {
		t.Errorf("%s: %s, %v", again.Run.Verdict, again.Run.Reason, err)
	}
}
