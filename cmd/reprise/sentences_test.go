package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// sentenceTopology is two hosts on a cable.
const sentenceTopology = `
topology:
  nodes: {h1: {image: "reprise/debian:bookworm"}, h2: {image: "reprise/debian:bookworm"}}
  links: [{type: veth, endpoints: [{node: h1, interface: eth1, ipv4: 10.0.0.1/24}, {node: h2, interface: eth1, ipv4: 10.0.0.2/24}]}]
`

// sentences are what customers say of their problems, each as a scenario of at most ten lines beyond its
// topology, and a control that differs in one value.
var sentences = map[string]string{
	"eight times, two seconds apart": `reprise: v1
id: eight-times
title: A link that flaps eight times, two seconds apart, is taken for a bad cable
baseline: [{name: a cable, node: h1, reach: {ping: 10.0.0.2}, eventually: 20s}]
stimulus: [{repeat: {times: 8, every: 2s}, link: "h1:eth1", fault: down, for: 500ms}]
symptom: [{name: sixteen changes, node: h1, exec: cat /sys/class/net/eth1/carrier_changes, expect: int(trim(text)) - int(trim(before.text)) >= 16, eventually: 2s}]
control: {set: {stimulus.0.repeat.times: 4}}
trials: {count: 1}
`,
	"while the other fault is still on": `reprise: v1
id: while-on
title: One address comes back while the other fault is still on
nodes: {h2: {config: "ip addr add 10.0.0.3/24 dev eth1\n"}}
baseline: [{name: carries, node: h1, reach: {ping: 10.0.0.2}, eventually: 20s}, {name: so does the other, node: h1, reach: {ping: 10.0.0.3}, eventually: 20s}]
stimulus: [{name: one, link: "h2:eth1", fault: drop, match: {dst-ip: 10.0.0.2}}, {name: another, link: "h2:eth1", fault: drop, match: {dst-ip: 10.0.0.3}}, {node: h1, exec: ping -c 1 -W 1 10.0.0.2; ping -c 1 -W 1 10.0.0.3, exit: any}, {link: "h2:eth1", fault: up, ends: another}]
symptom: [{name: one is lost, node: h1, reach: {ping: 10.0.0.2}, never: 4s}, {name: the other answers, node: h1, reach: {ping: 10.0.0.3}, eventually: 4s, may-hold-before: true}]
control: {set: {stimulus.3.ends: one}}
trials: {count: 1}
`,
	"this counter does not move": `reprise: v1
id: counter-still
title: The counter of received frames does not move, though frames are sent
baseline: [{name: carries, node: h1, reach: {ping: 10.0.0.2}, eventually: 20s}]
stimulus:
  - {node: h1, exec: "ping -i 0.1 10.0.0.2 >/dev/null 2>&1 &"}
  - wait-for: {name: ten a second, node: h2, exec: cat /sys/class/net/eth1/statistics/rx_packets, expect: int(trim(text)), rate: {at-least: 5, over: 3s}}
  - {link: "h2:eth1", fault: down}
symptom: [{name: still, node: h2, exec: cat /sys/class/net/eth1/statistics/rx_packets, expect: int(trim(text)), unchanged: 5s}]
control: {without: [stimulus.2]}
`,
	"from when this is seen until that is, while they go on": `reprise: v1
id: from-until
title: Packets are lost from when five have come until ten more were sent, while the sender goes on
baseline: [{name: carries, node: h1, reach: {ping: 10.0.0.2}, eventually: 20s}]
stimulus:
  - {link: "h2:eth1", fault: drop, match: {proto: icmp}, arm: {frame: {at: "h2:eth1", filter: icmp}, expect: count >= 10, eventually: 20s}, disarm: {frame: {at: "h1:eth1", filter: icmp}, expect: count >= 10, eventually: 20s}}
  - {node: h1, exec: "ping -q -i 0.1 -c 50 10.0.0.2 >/tmp/ping; true"}
symptom: [{name: ten to fifteen, node: h1, exec: "awk '/received/ {print $1 - $4}' /tmp/ping", expect: int(trim(text)) >= 10 and int(trim(text)) <= 15, eventually: 2s}]
control: {without: [stimulus.0]}
trials: {count: 1}
`,
	"loading takes minutes": `reprise: v1
id: loading
title: Loading takes minutes
clock: {speed: 10}
baseline: [{name: up, node: h1, exec: "true", expect: exit == 0, eventually: 20s}]
stimulus: [{name: loading, node: h1, exec: sleep 150, timeout: 5m}]
symptom: [{name: minutes, step: loading, expect: took > 120, eventually: 10s}]
control: {set: {stimulus.loading.exec: sleep 30}}
trials: {count: 1}
`,
	"on both at once": `reprise: v1
id: both-at-once
title: Both ends are given another MTU at once, and large frames still pass
baseline: [{name: carries, node: h1, exec: "cat /sys/class/net/eth1/mtu", expect: trim(text) == "1500", eventually: 20s}]
stimulus: [{together: [{node: h1, exec: ip link set eth1 mtu 9000}, {node: h2, exec: ip link set eth1 mtu 9000}]}]
symptom: [{name: large frames pass, node: h1, exec: ping -c 1 -W 1 -M do -s 8000 10.0.0.2, exit: any, expect: exit == 0, eventually: 5s}]
control: {set: {stimulus.0.together.1.exec: "true"}}
trials: {count: 1}
`,
}

// Each sentence comes out as declared, its control too, and a record judged again gives the same.
func TestSentences(t *testing.T) {
	livetest.Long(t, "labs of namespaces")
	t.Parallel()
	needLab(t)
	needSpaces(t)
	for sentence, text := range sentences {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if lines := strings.Count(text, "\n"); lines > 10 {
				t.Errorf("it takes %d lines", lines)
			}
			file := filepath.Join(t.TempDir(), "scenario.yaml")
			if err := os.WriteFile(file, []byte(text+sentenceTopology), 0o600); err != nil {
				t.Fatal(err)
			}
			busyLabs <- struct{}{}
			defer func() { <-busyLabs }()
			for _, args := range [][]string{nil, {"--control"}} {
				runs := t.TempDir()
				reprise(t, append([]string{"run", file, "-q", "-n", "1", "--provider", "namespaces", "--dir", runs}, args...)...)
				dirs, err := os.ReadDir(runs)
				if err != nil || len(dirs) != 1 {
					t.Fatalf("%v %v", dirs, err)
				}
				reprise(t, "judge", "-q", filepath.Join(runs, dirs[0].Name()))
			}
		})
	}
}

// faultFindings are problems on whose links faults once did not act where they should, or whose reason was that
// of another condition.
var faultFindings = map[string]struct{ main, reason, text string }{
	"netlab's tc of a link": {text: `reprise: v1
id: netlab-tc
title: A link that netlab impairs is slow both ways, and loses what one end sends
topology:
  nodes: {h1: {image: "reprise/debian:bookworm"}, h2: {image: "reprise/debian:bookworm"}, h3: {image: "reprise/debian:bookworm"}}
  links:
    - {endpoints: ["h1:eth1", "h2:eth1"], ipv4: [10.0.0.1/24, 10.0.0.2/24], tc.delay: 100ms, tc.jitter: 5ms, tc.rate: 1000}
    - {type: veth, endpoints: [{node: h1, interface: eth2, ipv4: 10.0.1.1/24, tc: {loss: 50}}, {node: h3, interface: eth1, ipv4: 10.0.1.2/24}]}
baseline: [{name: h2 answers, node: h1, reach: {ping: 10.0.0.2}, eventually: 30s}]
stimulus:
  - {node: h1, exec: "ping -q -c 20 -i 0.1 10.0.0.2 >/tmp/slow; ping -q -c 100 -i 0.02 10.0.1.2 >/tmp/lossy; true"}
symptom:
  - {name: slow, node: h1, exec: "awk -F/ '/^rtt/ {print int($5)}' /tmp/slow", exit: any, expect: 'trim(text) matches "^(19[5-9]|2[0-2][0-9])$"', eventually: 2s}
  - {name: lossy, node: h1, exec: "awk '/received/ {print $4}' /tmp/lossy", exit: any, expect: 'trim(text) matches "^[3-6][0-9]$"', eventually: 2s}
control: {without: [stimulus.0]}
`},
	"a drop on a port of Open vSwitch": {text: `reprise: v1
id: drop-before-ovs
title: What is dropped before a switch in user space does not pass it
topology:
  nodes: {h1: {image: "reprise/debian:bookworm"}, sw: {image: "reprise/ovs:3.1.0"}, h2: {image: "reprise/debian:bookworm"}}
  links: [{endpoints: ["h1:eth1", "sw:eth1"]}, {endpoints: ["h2:eth1", "sw:eth2"]}]
nodes:
  h1: {config: "ip addr add 10.0.0.1/24 dev eth1\n"}
  h2: {config: "ip addr add 10.0.0.2/24 dev eth1\n"}
  sw: {platform: ovs, config: "add-br br0 -- set bridge br0 datapath_type=netdev\nadd-port br0 eth1\nadd-port br0 eth2\n"}
baseline: [{name: h2 answers, node: h1, reach: {ping: 10.0.0.2}, eventually: 30s}]
stimulus: [{name: all from h1, link: "sw:eth1", fault: drop}]
symptom: [{name: h2 does not answer, node: h1, reach: {ping: 10.0.0.2}, never: 5s}]
control: {without: [stimulus.0]}
`},
	"a drop of LLDP": {text: `reprise: v1
id: drop-before-lldpd
title: What is dropped before a daemon's packet socket does not reach it
topology:
  nodes: {r1: {image: "reprise/lldpd:1.0.16"}, r2: {image: "reprise/lldpd:1.0.16"}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes: {r1: {services: [lldpd]}, r2: {services: [lldpd]}}
baseline:
  - {name: quick hellos, node: r2, exec: lldpcli configure lldp tx-interval 1 && lldpcli configure lldp tx-hold 2, expect: exit == 0, eventually: 20s}
  - {name: r1 sees r2, node: r1, exec: lldpcli show neighbors, expect: text contains "SysName", eventually: 30s}
stimulus: [{name: LLDP to r1, link: "r1:eth1", fault: drop, match: {ethertype: lldp}}]
symptom: [{name: r1 sees nobody, node: r1, exec: lldpcli show neighbors, expect: not (text contains "SysName"), within: 20s, consistently: 3s}]
control: {without: [stimulus.0]}
`},
	"a fibre that loses one member's frames": {text: `reprise: v1
id: lacp-silent-loss
title: A member of a bundle that loses all frames takes a minute and a half to be noticed
topology:
  nodes: {sw1: {image: "reprise/ovs:3.1.0"}, sw2: {image: "reprise/ovs:3.1.0"}}
  links: [{endpoints: ["sw1:eth1", "sw2:eth1"]}, {endpoints: ["sw1:eth2", "sw2:eth2"]}]
nodes:
  sw1: {platform: ovs, config: "add-br br0 -- set bridge br0 datapath_type=netdev\nadd-bond br0 bond0 eth1 eth2 bond_mode=active-backup lacp=active other_config:lacp-time=slow\n"}
  sw2: {platform: ovs, config: "add-br br0 -- set bridge br0 datapath_type=netdev\nadd-bond br0 bond0 eth1 eth2 bond_mode=active-backup lacp=active other_config:lacp-time=slow\n"}
clock: {speed: 10}
baseline:
  - {name: both members carry, node: sw1, exec: ovs-appctl bond/show bond0, expect: 'text matches "(?s)eth1: enabled.*eth2: enabled"', eventually: 120s}
stimulus: [{link: "sw1:eth1", fault: drop, direction: both, may-miss: true}]
symptom: [{name: it stays in use, node: sw1, exec: ovs-appctl bond/show bond0, expect: 'text contains "eth1: enabled"', within: 5s, consistently: 40s, may-hold-before: true}]
control: {set: {sw1.config: "add-br br0 -- set bridge br0 datapath_type=netdev\nadd-bond br0 bond0 eth1 eth2 bond_mode=active-backup lacp=active other_config:lacp-time=fast\n"}}
`},
	"a tester that cannot say what it is told to": {main: "exit status 2", reason: `t1: session b ended by its own error: send bfd of 134 bytes: write eth1: message too long`, text: `reprise: v1
id: mute-tester
title: A router says that its neighbour is gone, which has fallen silent by its own error
topology:
  nodes: {r1: {image: "reprise/frr:8.4.4"}, t1: {image: "reprise/debian:bookworm"}}
  links: [{endpoints: ["r1:eth1", "t1:eth1"]}]
nodes:
  r1: {role: dut, platform: frr, config: "interface eth1\n ip address 10.0.0.2/24\nbfd\n peer 10.0.0.1 interface eth1\n"}
  t1: {role: tester, platform: tester, config: "interfaces: {eth1: [10.0.0.1/24]}\nsessions: [{name: b, port: eth1, bfd: {local: 10.0.0.1, remote: 10.0.0.2}}]\n"}
baseline: [{name: up, node: r1, run: show bfd peers json, expect: 'json[0].status == "up"', eventually: 20s}]
stimulus:
  - {node: t1, exec: ip link set eth1 mtu 68}
  - {node: t1, run: 'change {name: b, alter: [{append: "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"}]}'}
symptom: [{name: it is gone, node: r1, run: show bfd peers json, expect: 'json[0].status == "down"', within: 10s, consistently: 1s}]
`},
	"the condition that failed is named": {main: "exit status 2", reason: `the baseline "the one that fails" did not hold`, text: `reprise: v1
id: baseline-blame
title: The condition that ended the others' looking is named
topology: {nodes: {h1: {image: "reprise/debian:bookworm"}}}
baseline:
  - {name: slow and patient, node: h1, exec: "test -e /tmp/never", expect: exit == 0, eventually: 60s}
  - {name: the one that fails, node: h1, exec: "test -e /tmp/neither", expect: exit == 0, eventually: 3s}
symptom: [{name: nothing, node: h1, exec: "test -e /tmp/x", expect: exit == 0, eventually: 1s}]
`},
}

// Each comes out as it should, and its control where it has one.
func TestFaultFindings(t *testing.T) {
	livetest.Long(t, "labs of namespaces")
	t.Parallel()
	needLab(t)
	needSpaces(t)
	for name, f := range faultFindings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			busyLabs <- struct{}{}
			defer func() { <-busyLabs }()
			file := filepath.Join(t.TempDir(), "scenario.yaml")
			if err := os.WriteFile(file, []byte(f.text), 0o600); err != nil {
				t.Fatal(err)
			}
			run := []string{"run", file, "-n", "1", "--provider", "namespaces", "--dir", t.TempDir()}
			if f.main == "" {
				reprise(t, run...)
				reprise(t, append(run, "--control")...)
				return
			}
			c := exec.Command(os.Args[0], run...)
			c.Args[0] = "reprise"
			if out, err := c.CombinedOutput(); err == nil || err.Error() != f.main || !strings.Contains(string(out), f.reason) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// reprise runs the program, which has to end well. What is inconclusive, as on a machine that has no processor left, is run again.
func reprise(t *testing.T, args ...string) {
	t.Helper()
	for try := range realTries {
		c := exec.Command(os.Args[0], args...)
		c.Args[0] = "reprise"
		out, err := c.CombinedOutput()
		if err == nil {
			return
		}
		if c.ProcessState.ExitCode() != cli.ExitInconclusive || try == realTries-1 {
			t.Errorf("%s: %v:\n%s", args[0], err, out)
			return
		}
		t.Logf("%s: %s", args[0], out)
	}
}
