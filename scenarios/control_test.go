package scenarios_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
)

func TestControlChanges(t *testing.T) {
	const scenario = `
reprise: v1
id: x
title: X
topology:
  nodes: {r1: {image: "lab/a:1"}, r2: {image: none}}
  links: [{endpoints: ["r1:eth1", "r2:eth1"]}]
nodes: {r1: {platform: linux}}
baseline: [{name: up, node: r1, exec: "true", expect: exit == 0, eventually: 1s}]
symptom: [{name: down, node: r1, exec: "false", expect: exit == 1, eventually: 1s}]
stimulus:
  - {node: r1, configure: [ip link set eth1 down, ip link set eth1 up]}
  - {link: "r1:eth1", fault: down, for: 1s}
  - {name: say it twice, node: r2, exec: echo}
  - {node: r2, exec: "echo  twice\n"}
control: `
	for control, want := range map[string][]string{
		`{set: {r1.image: "lab/a:2", r1.env.TOKEN: hunter2}}`: {"r1.env.TOKEN has another value", "r1.image is lab/a:2 instead of lab/a:1"},
		`{without: [stimulus.0, stimulus.1, stimulus.2, stimulus.3]}`: {
			"without stimulus.0: r1 ip link set eth1 down / ip link set eth1 up", "without stimulus.1: r1:eth1 down for 1s",
			"without stimulus.2: r2 say it twice", "without stimulus.3: r2 echo twice",
		},
	} {
		l, err := scenarios.Load(write(t, scenario+control+"\n"), scenarios.Options{})
		if err != nil {
			t.Errorf("%s: %v", control, err)
			continue
		}
		if diff := cmp.Diff(want, l.ControlChanges()); diff != "" {
			t.Errorf("%s: %s", control, diff)
		}
	}
}
