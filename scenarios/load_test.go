package scenarios_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

var update = flag.Bool("update", false, "write golden files anew")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what it was (-update writes it anew): %s", file, diff)
	}
}

// Every fault of the file is there in one pass, each with its position and a hint.
func TestLoadReportsEveryFault(t *testing.T) {
	_, err := scenarios.Load("testdata/faults/scenario.yaml", scenarios.Options{
		Platforms: []string{"bird", "frr", "linux", "ovs"}, Set: map[string]string{"r7.image": "x"},
	})
	if _, ok := errors.AsType[yamlpos.Problems](err); !ok {
		t.Fatalf("got %v, want problems", err)
	}
	golden(t, "testdata/faults/faults.golden", []byte(err.Error()+"\n"))
}

// The schema that editors use is the one that the types give.
func TestSchemaIsFresh(t *testing.T) {
	got, err := scenarios.Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema.json", got)
}

const minimal = `
reprise: v1
id: a
title: A
topology: {nodes: {r1: {image: x}}}
symptom: [{name: s, node: r1, exec: ping, expect: 'exit > 0', eventually: 1s}]
`

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestLoadMinimal(t *testing.T) {
	l, err := scenarios.Load(write(t, minimal), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Warnings) != 2 { // no baseline, no control
		t.Errorf("warnings %v", l.Warnings)
	}
	if got := l.Line("symptom[0]"); got != 6 {
		t.Errorf("the symptom stands in line %d, want 6", got)
	}
	// A folder that holds scenario.yaml is as good as the file.
	if _, err := scenarios.Load(filepath.Dir(l.File), scenarios.Options{}); err != nil {
		t.Error(err)
	}
}

// A whole containerlab file may stand under topology, and what leaves the lab is left out where
// the scenario says so.
func TestLoadWholeTopology(t *testing.T) {
	whole := strings.Replace(minimal, "{nodes: {r1: {image: x}}}",
		"{name: lab, prefix: \"\", topology: {nodes: {r1: {image: x}, r2: {image: x}}, links: [{endpoints: [\"r1:eth1\", \"r2:eth1\"]}, {endpoints: [\"r1:eth2\", \"host:r1-eth2\"]}]}}", 1)
	if _, err := scenarios.Load(write(t, whole), scenarios.Options{}); err == nil || !strings.Contains(err.Error(), "endpoint host:r1-eth2 would leave the lab") {
		t.Errorf("got %v", err)
	}
	l, err := scenarios.Load(write(t, whole+"without-external-links: true\n"), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if l.Topology.Name != "lab" || len(l.Topology.Nodes) != 2 || len(l.Topology.Links) != 1 || !strings.Contains(l.Warnings.Error(), "host:r1-eth2 would leave the lab: left out") {
		t.Errorf("%+v, %v", l.Topology, l.Warnings)
	}
}

func TestLoadRefuses(t *testing.T) {
	aliases := minimal + "stimulus:\n- &x {node: r1, configure: [" + strings.Repeat("y,", 100) + "]}\n" + strings.Repeat("- *x\n", 2000)
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "the file is empty"},
		{"a tab", "reprise: v1\n\tid: x\n", ":2:"},
		{"bad indentation", "reprise: v1\n id: x\nfoo\n", "scenario.yaml:"},
		{"10 MB", minimal + strings.Repeat("# x\n", 10<<18), "larger than"},
		{"deep aliases", aliases, "once aliases are followed"},
		{"deep nesting", "labels: " + strings.Repeat("[", 500) + strings.Repeat("]", 500), "scenario.yaml:"},
		{"a topology", "name: a\ntopology: {nodes: {r1: {}}}\n", "this is a topology (a containerlab file), and no scenario"},
		{"a list", "- a\n- b\n", "want a mapping"},
		{"the same key twice", minimal + "id: b\n", "written twice"},
		{"an absolute path", strings.Replace(minimal, "symptom", "nodes: {r1: {config: /etc/passwd}}\nsymptom", 1), "outside the scenario's folder"},
		{"a path upwards", strings.Replace(minimal, "symptom", "nodes: {r1: {config: a/../../x}}\nsymptom", 1), "outside the scenario's folder"},
		{"a folder", strings.Replace(minimal, "symptom", "nodes: {r1: {config: sub}}\nsymptom", 1), "not a plain file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := write(t, tt.text)
			if err := os.Mkdir(filepath.Join(filepath.Dir(file), "sub"), 0o700); err != nil {
				t.Fatal(err)
			}
			_, err := scenarios.Load(file, scenarios.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want …%s…", err, tt.want)
			}
		})
	}
}

// A link that leads out of the folder is no way out of it.
func TestLoadFollowsNoLinkOut(t *testing.T) {
	file := write(t, strings.Replace(minimal, "symptom", "nodes: {r1: {config: out.conf}}\nsymptom", 1))
	if err := os.Symlink("/etc/passwd", filepath.Join(filepath.Dir(file), "out.conf")); err != nil {
		t.Fatal(err)
	}
	if _, err := scenarios.Load(file, scenarios.Options{}); err == nil {
		t.Error("a file outside the folder was read")
	}
}

func TestPredicate(t *testing.T) {
	view := scenarios.View{Text: `{"a": [{"b": 1}]}`, Count: 2, Exit: 0}
	before := scenarios.View{Text: `{"a": []}`, Count: 1}
	for _, tt := range []struct {
		source string
		before *scenarios.View
		want   any
		err    string
	}{
		{source: `count == 2 and exit == 0`, want: true},
		{source: `json.a[0].b == 1`, want: true},
		{source: `json.missing?.x == nil`, err: "absent: json.missing"},
		{source: `json.a[5].b == 1`, err: "absent: json.a[5] (the list has 1 elements)"},
		{source: `text contains "zz"`, want: false},
		{source: `count > before.count`, before: &before, want: true},
		{source: `len(json.a) > len(before.json.a)`, before: &before, want: true},
		{source: `count > before.count`, err: "not known"},
	} {
		p, err := scenarios.CompilePredicate(tt.source, true)
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
			continue
		}
		got, err := p.Eval(view, tt.before)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: got %v, %v, want error …%s…", tt.source, got, err, tt.err)
			}
			continue
		}
		if err != nil || got != tt.want {
			t.Errorf("%s: got %v, %v, want %v", tt.source, got, err, tt.want)
		}
	}
	p, err := scenarios.CompilePredicate(`json.a == 1`, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Eval(scenarios.View{Text: "% No such thing"}, nil); err == nil || !strings.Contains(err.Error(), scenarios.ErrNotJSON.Error()) {
		t.Errorf("text that is no JSON: %v", err)
	}
}

// Whatever is in the file, loading ends with a scenario or with positions.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(minimal))
	faults, err := os.ReadFile("testdata/faults/scenario.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(faults)
	f.Add([]byte("a: &a\n  <<: *a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := write(t, string(data))
		l, err := scenarios.Load(file, scenarios.Options{})
		var problems yamlpos.Problems
		switch {
		case err == nil && len(l.Scenario.Symptom) == 0:
			t.Error("a scenario without a symptom is valid")
		case err != nil && !errors.As(err, &problems):
			t.Errorf("an error without positions: %v", err)
		case err != nil && bytes.Contains([]byte(err.Error()), []byte(":0:")):
			t.Errorf("a position that does not exist: %v", err)
		}
	})
}

// Rights beyond the lab are known by name.
func TestRights(t *testing.T) {
	t.Parallel()
	const text = `reprise: v1
id: a
title: A
topology: {nodes: {r1: {image: x, labels: {reprise.rights: "bpf, everything"}}}}
nodes: {r1: {rights: [namespaces, mount]}}
symptom: [{name: s, node: r1, exec: "true", expect: 'exit == 0', eventually: 1s}]
`
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := scenarios.Load(file, scenarios.Options{})
	for _, want := range []string{`no right "mount": there are namespaces, bpf`, `no right "everything"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %q", err, want)
		}
	}
}

// One slip is one fault: what follows of it is not told too.
func TestLoadTellsOnce(t *testing.T) {
	for name, text := range map[string]string{
		"a topology for a scenario":    "name: a\ntopology: {nodes: {r1: {}}, links: []}\n",
		"a file without nodes, inline": strings.Replace(minimal, "{nodes: {r1: {image: x}}}", "{name: x, topology: {}}", 1),
	} {
		_, err := scenarios.Load(write(t, text), scenarios.Options{})
		var problems yamlpos.Problems
		if !errors.As(err, &problems) || len(problems.Faults()) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
