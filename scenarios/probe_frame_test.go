package scenarios_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
)

// framesOf loads a scenario with conditions over frames.
func framesOf(t *testing.T, symptom, rest string) (*scenarios.Loaded, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	yaml := `reprise: v1
id: frames
title: Frames
topology:
  nodes: {r1: {image: none}, r2: {image: none}, sw: {image: none}}
  links: [{endpoints: ["r1:eth1", "sw:eth1"]}, {endpoints: ["r2:eth1", "sw:eth3"]}, {endpoints: ["r1:eth2", "r2:eth2"]}]
stimulus: [{node: r1, exec: x}]
symptom:
` + symptom + "\n" + rest
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return scenarios.Load(file, scenarios.Options{})
}

func TestFrameProbe(t *testing.T) {
	for _, tt := range []struct{ frame, want, describe string }{
		{`frame: {at: "sw:eth3", filter: "udp port 5004"}`, "", "frame: udp port 5004 at sw:eth3"},
		{`frame: {at: "sw:eth3", direction: out, since: baseline}`, "", "frame: any at sw:eth3 out since the baseline"},
		{`frame: {at: "sw:eth3", direction: both}, node: sw`, "", "frame: any at sw:eth3"},
		{`frame: {at: "sw:eth3", max: 500MB}, expect: 'json.gap > 1 and any(rows, .kind == "ospf")'`, "", "frame: any at sw:eth3"},
		{`frame: {at: "sw:eth3"}, node: r1`, "the endpoint is of sw, and the condition looks at r1", ""},
		{`frame: {at: "sw:eth9"}`, `node sw has no linked interface "eth9"`, ""},
		{`frame: {at: "sw"}`, `"sw" is no endpoint`, ""},
		{`frame: {filter: arp}`, "at which endpoint to look", ""},
		{`frame: {at: "sw:eth3", filter: "vlan 5 and ospf"}`, `:9:46: column 12 of the filter: tcpdump has no word "ospf" (write ip proto 89, or ip6 proto 89 for version 3)`, ""},
		{`frame: {at: "sw:eth3", direction: up}`, `unknown word "up" (one of in, out, both)`, ""},
		{`frame: {at: "sw:eth3", since: trial}`, `unknown word "trial"`, ""},
		{`frame: {at: "sw:eth3", max: 5}`, "a capture of 5 bytes is not possible", ""},
		{`frame: {at: "sw:eth3", filter: arp}, log: x`, "needs exactly one probe", ""},
		{`frame: {at: "sw:eth3"}, hangs: 1s`, "hangs", ""},
	} {
		t.Run(tt.frame, func(t *testing.T) {
			l, err := framesOf(t, "  - {name: x, "+tt.frame+", eventually: 5s}", "")
			switch {
			case tt.want != "":
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v\nwant %q", err, tt.want)
				}
			case err != nil:
				t.Error(err)
			default:
				if c := l.Scenario.Symptom[0]; c.Node != "sw" || c.Describe() != tt.describe {
					t.Errorf("%s: %q", c.Node, c.Describe())
				}
			}
		})
	}
}

// TestFrameSince: what counts from the stimulus has no state of before; what counts from the baseline has.
func TestFrameSince(t *testing.T) {
	l, err := framesOf(t, `  - {name: a, frame: {at: "sw:eth3"}, never: 5s}
  - {name: b, frame: {at: "sw:eth3", since: baseline}, expect: count > before.count, eventually: 5s}`, "")
	if err != nil {
		t.Fatal(err)
	}
	if a, b := l.Scenario.Symptom[0].Probe().Sight(), l.Scenario.Symptom[1].Probe().Sight(); !a.Anew || b.Anew || !a.Rows {
		t.Errorf("%+v, %+v", a, b)
	}
}

// TestFrameCaptures: a condition shares the capture that has its filter, and another filter hides nothing from it.
func TestFrameCaptures(t *testing.T) {
	l, err := framesOf(t, `  - {name: a, frame: {at: "sw:eth3", filter: arp}, eventually: 5s}
  - {name: b, frame: {at: "sw:eth3", filter: arp, direction: in, max: 100MB}, eventually: 5s}
  - {name: c, frame: {at: "sw:eth3", filter: udp}, eventually: 5s}
  - {name: d, frame: {at: "r1:eth1"}, eventually: 5s}
  - {name: e, frame: {at: "r1:eth1", filter: udp}, eventually: 5s}`, `
evidence: {captures: [{endpoint: "sw:eth3", filter: arp, max: 2MB}, "r1:eth1"]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []scenarios.Capture{
		{Endpoint: "sw:eth3", Filter: "arp", Max: "100MB"}, {Endpoint: "r1:eth1"}, {Endpoint: "sw:eth3", Filter: "udp"}, {Endpoint: "r1:eth1", Filter: "udp"},
	}
	if diff := cmp.Diff(want, l.Scenario.Captures()); diff != "" {
		t.Error(diff)
	}
	if l.Scenario.Evidence.Captures[0].Max != "2MB" {
		t.Error("what the scenario keeps was changed")
	}
}

// TestFramesOfTheChapter: what the chapter shows of frames is valid.
func TestFramesOfTheChapter(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)### Frames\n.*?```\nsymptom:\n(.*?)```").FindSubmatch(data)
	if m == nil {
		t.Fatal("the chapter shows none")
	}
	l, err := framesOf(t, string(m[1]), "")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(l.Scenario.Captures()); n != 4 || l.Scenario.Symptom[1].Length() != 30*time.Second {
		t.Errorf("%d captures", n)
	}
}
