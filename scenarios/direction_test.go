package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/scenarios"
)

func TestDirection(t *testing.T) {
	const yaml = `reprise: v1
id: direction
title: The direction of a drop
topology: {nodes: {r1: {image: none}, r2: {image: none}}, links: [{endpoints: ["r1:eth1", "r2:eth1"]}]}
stimulus: [{link: "r1:eth1", fault: FAULT}]
symptom: [{name: x, node: r1, exec: x, eventually: 1s, expect: exit == 1}]
`
	for _, tt := range []struct{ fault, want, describe string }{
		{"drop", "", "drop"},
		{"drop, direction: in", "", "drop direction in"},
		{"drop, direction: out, match: {proto: udp}", "", "drop direction out proto udp"},
		{"drop, direction: both", "", "drop direction both"},
		{"drop, direction: up", `unknown word "up" (one of in, out, both)`, ""},
		{"down, direction: out", "direction has no meaning here (it belongs to drop and the other faults on frames)", ""},
		{"flap, direction: in", "direction has no meaning here", ""},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "scenario.yaml")
			if err := os.WriteFile(file, []byte(strings.Replace(yaml, "FAULT", tt.fault, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := scenarios.Load(file, scenarios.Options{})
			switch {
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want == "":
				if got := l.Scenario.Stimulus[0].Action().Words(); got != tt.describe {
					t.Errorf("%q, want %q", got, tt.describe)
				}
			}
		})
	}
}
