package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestKernelLacks: where this machine's kernel has not what a step asks for, the trial is not applicable and says what is missing; where
// it has, the step works. It is never left at the words of iproute2.
func TestKernelLacks(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "labs of namespaces")
	needSpaces(t)
	for what, command := range map[string]string{
		"filtering of VLANs in bridges":    "ip link add br0 type bridge vlan_filtering 1",
		"tc classifier flower":             "tc qdisc add dev eth1 clsact; tc filter add dev eth1 egress flower",
		"tc action drop":                   "tc qdisc add dev eth1 clsact; tc filter add dev eth1 egress protocol ip u32 match ip dst 10.9.9.9 action drop",
		"routes with encapsulation mpls":   "ip route add 10.8.0.0/16 encap mpls 100 via 10.0.0.2",
		"routes with encapsulation seg6":   "ip -6 route add fd00::/64 encap seg6 mode encap segs fc00::1 dev eth1",
		"keys net.mpls.* of sysctl":        "sysctl -w net.mpls.platform_labels=1000",
		"interfaces of type ipip":          "ip tunnel add t1 mode ipip remote 10.0.0.2",
		"interfaces of type vlan":          "ip link add link eth1 name eth1.5 type vlan id 5",
		"keys net.ipv6.* of sysctl":        "sysctl -w net.ipv6.conf.all.forwarding=1",
		"qdisc netem":                      "tc qdisc add dev eth1 root netem delay 10ms",
		"interfaces of type bridge":        "ip link add br0 type bridge",
		"routes with encapsulation of any": "ip route add 10.8.0.0/16 via 10.0.0.2",
	} {
		t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "scenario.yaml")
			text := fmt.Sprintf(kernelScenario, command)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			v := conclusive(t, realTries, func() evidence.RunVerdict { return runAtSpeed(t, "namespaces", file, "1", nil) })
			if v.Verdict != evidence.NotReproduced && (v.Verdict != evidence.NotApplicable || !strings.Contains(v.Reason, what)) {
				t.Errorf("%s: %s", v.Verdict, v.Reason)
			}
		})
	}
}

const kernelScenario = `reprise: v1
id: kernel
title: What a step asks the kernel for
topology:
  nodes:
    r1: {image: "reprise/debian:bookworm", exec: [ip addr add 10.0.0.1/24 dev eth1]}
    r2: {image: "reprise/debian:bookworm", exec: [ip addr add 10.0.0.2/24 dev eth1]}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
baseline: [{name: they reach each other, node: r1, exec: ping -c 1 -W 2 10.0.0.2, expect: exit == 0, eventually: 20s}]
stimulus: [{node: r1, exec: %q}]
symptom: [{name: eth1 has gone, node: r1, exec: ip -brief link, expect: not (text contains "eth1"), eventually: 500ms}]
`
