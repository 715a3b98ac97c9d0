package known_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// What is nearest to the failing behaviour tells the most; what an analysis says is text and log.
func TestAccount(t *testing.T) {
	var s known.Subject
	s.AddAccount(known.Account{
		Title: "neighbour lost", When: "since FN-2025-519", Impact: "a building", Model: "X", Changed: []string{"an upgrade"}, Tried: []string{"a reboot"},
		Analyses: []known.Analysis{{Of: "core", Says: "it died in spf"}}, Classes: []string{"ospf"},
	})
	got := map[string]float64{}
	for _, x := range s.Text {
		got[x.Where+": "+x.Text] = x.Weight
	}
	want := map[string]float64{"title: neighbour lost": 1, "when: since FN-2025-519": 0.8, "impact: a building": 0.3, "model: X": 0.8, "changed: an upgrade": 0.6, "tried: a reboot": 0.4, "analysis: it died in spf": 1}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the texts (-want +got)\n%s", d)
	}
	if s.Features["ospf"] != "class of the case" {
		t.Errorf("features %v", s.Features)
	}
}

// Features are looked for in configurations and tech-supports, messages in all but configurations.
func TestAddFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("router ospf\n<Erro:OSPF.NbrLost> neighbour lost\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind           known.FileKind
		features, logs bool
	}{
		{"", true, true},
		{"tech-support", true, true},
		{known.FileLog, false, true},
		{known.FileConfig, true, false},
		{known.FileCore, false, false},
		{known.FileCapture, false, false},
	} {
		var s known.Subject
		s.AddFile("f", file, tt.kind)
		if (len(s.Features) > 0) != tt.features || (len(s.Mnemonics) > 0) != tt.logs || len(s.Notes) > 0 {
			t.Errorf("%q: features %v, messages %v, notes %v", tt.kind, s.Features, s.Mnemonics, s.Notes)
		}
	}
	var s known.Subject
	s.AddFile("gone", filepath.Join(t.TempDir(), "gone"), known.FileLog)
	s.AddFile("core", filepath.Join(t.TempDir(), "gone"), known.FileCore)
	if len(s.Notes) != 1 || s.Notes[0][:9] != "log gone:" {
		t.Errorf("notes %v", s.Notes)
	}
}

// A scenario says what a run of it would: its device under test with the image that it names,
// its scope and its configurations.
func TestAddScenario(t *testing.T) {
	l := &scenarios.Loaded{
		Scenario: scenarios.Scenario{
			ID: "s", Title: "a title", Labels: []string{"bgp"}, Problem: scenarios.Problem{Product: scenarios.Product{Platform: "frr", Version: "8.4.4"}},
			Nodes:   map[string]scenarios.Node{"r1": {Role: scenarios.RoleDUT, Platform: "frr", Image: "new"}},
			Symptom: []scenarios.Condition{{Name: "it is down", Node: "r1"}},
		},
		Topology: topologies.Topology{Nodes: []topologies.Node{{Name: "r1", Image: "old"}, {Name: "h"}}},
		Inputs:   []scenarios.Input{{Path: "r1.conf", Data: []byte("router ospf\n")}, {Path: "README.md", Data: []byte("router isis\n")}},
	}
	var s known.Subject
	s.AddScenario(l, "my/s")
	if s.Name != "s" || s.Scenario != "my/s" || s.Node != "r1" || s.Image != "new" || s.Version != "8.4.4" {
		t.Errorf("subject %+v", s)
	}
	if s.Features["bgp"] == "" || s.Features["ospf"] == "" || s.Features["isis"] != "" {
		t.Errorf("features %v", s.Features)
	}
}

// What a step says is known by its place in the stimulus, behind a group and within one.
func TestStepsByPlace(t *testing.T) {
	group := []scenarios.Step{{Node: "r1", Exec: "one"}, {Node: "r1", Exec: "two"}}
	l := &scenarios.Loaded{Scenario: scenarios.Scenario{ID: "s", Stimulus: []scenarios.Step{{Steps: group}, {Node: "r1", Exec: "three"}}}}
	var s known.Subject
	s.AddScenario(l, "my/s")
	where := map[string]string{}
	for _, said := range s.Text {
		if text := strings.TrimSpace(said.Text); text != "" {
			where[text] = said.Where
		}
	}
	if want := map[string]string{"one": "step stimulus.0", "two": "step stimulus.0", "three": "step stimulus.1"}; !maps.Equal(where, want) {
		t.Errorf("got %v, want %v", where, want)
	}
}

func TestWhole(t *testing.T) {
	issue, left := []known.Issue{{}}, []known.Unparsed{{}}
	for _, tt := range []struct {
		d    known.Document
		want bool
	}{
		{known.Document{}, false},
		{known.Document{Issues: issue}, true},
		{known.Document{Issues: issue, Unparsed: left}, false},
		{known.Document{Unparsed: left}, false},
	} {
		if got := tt.d.Whole(); got != tt.want {
			t.Errorf("%+v: %v", tt.d, got)
		}
	}
}
