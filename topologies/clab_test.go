package topologies_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

func load(t *testing.T, text string, env map[string]string) (topologies.Topology, yamlpos.Problems, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lab.clab.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return topologies.Load(file, topologies.Environ{Getenv: func(k string) (string, bool) {
		v, ok := env[k]
		return v, ok
	}})
}

func TestLoadInheritance(t *testing.T) {
	lab, warnings, err := load(t, `
name: inherit
prefix: ""
mgmt: {network: x}
topology:
  defaults: {image: "d:1", env: {A: defaults, B: defaults}, exec: [one]}
  kinds:
    linux: {image: "k:1", env: {B: kind}, cpu: 2, runtime: podman}
  groups:
    spine: {image: "g:1", env: {C: group}, exec: [two]}
  nodes:
    s1: {kind: linux, group: spine, env: {D: "${WHO:=node}", E: "${UNSET-fallback}", F: "$$HOME", G: "__clabNodeName__.__clabLabName__"}}
    l1: {kind: linux, memory: 512MB}
    lan: {kind: bridge}
  links:
    - endpoints: ["s1:eth1", "l1:eth1"]
      mtu: ${MTU:=9000}
      ipv4: [10.0.0.1/24, 10.0.0.2/24]
    - type: veth
      endpoints:
        - {node: s1, interface: "1-1", mac: "02:00:00:00:00:01", ipv6: "2001:db8::1/64"}
        - {node: lan, interface: p1}
`, map[string]string{"WHO": "me"})
	if err != nil {
		t.Fatal(err)
	}
	s1, _ := lab.Node("s1")
	want := map[string]string{"A": "defaults", "B": "kind", "C": "group", "D": "me", "E": "fallback", "F": "$HOME", "G": "s1.inherit"}
	if diff := cmp.Diff(want, s1.Env); diff != "" {
		t.Error(diff)
	}
	if s1.Image != "g:1" || s1.CPU != 2 || !cmp.Equal(s1.Exec, []string{"one", "two"}) {
		t.Errorf("s1 is %+v", s1)
	}
	l1, _ := lab.Node("l1")
	if l1.Image != "k:1" || l1.Memory != "512MB" {
		t.Errorf("l1 is %+v", l1)
	}
	wantLinks := []topologies.Link{
		{A: topologies.Endpoint{Node: "s1", Interface: "eth1", IPv4: "10.0.0.1/24"}, B: topologies.Endpoint{Node: "l1", Interface: "eth1", IPv4: "10.0.0.2/24"}, MTU: 9000},
		{A: topologies.Endpoint{Node: "s1", Interface: "1-1", MAC: "02:00:00:00:00:01", IPv6: "2001:db8::1/64"}, B: topologies.Endpoint{Node: "lan", Interface: "p1"}},
	}
	if diff := cmp.Diff(wantLinks, lab.Links); diff != "" {
		t.Error(diff)
	}
	var words []string
	for _, w := range warnings {
		words = append(words, w.Message)
	}
	if got := strings.Join(words, "\n"); !strings.Contains(got, `"prefix"`) || !strings.Contains(got, `"mgmt"`) || !strings.Contains(got, `"runtime"`) {
		t.Errorf("warnings: %s", got)
	}
	turned, ok := lab.Link("lan", "p1")
	if !ok || turned.A.Node != "lan" || turned.B.Node != "s1" {
		t.Errorf("link at lan:p1 is %v", turned)
	}
}

func TestLoadFaults(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no nodes", "name: x\ntopology: {}\n", "no nodes"},
		{"no name", "topology: {nodes: {a: {}}}\n", "no name"},
		{"a group that is not there", "name: x\ntopology: {groups: {spine: {}}, nodes: {a: {group: spin}}}\n", `did you mean "spine"?`},
		{"a start-up configuration from the network", "name: x\ntopology: {nodes: {a: {startup-config: \"https://example.com/x\"}}}\n", "never fetched"},
		{"a variable that must be set", "name: x\ntopology: {nodes: {a: {image: \"${IMG:?name the image}\"}}}\n", "name the image"},
		{"a template", "name: x\ntopology:\n  nodes:\n{{ range .nodes }}\n", ":4:1: this is a template"},
		{"a template that is YAML", "name: {{ .name }}\ntopology: {nodes: {a: {}}}\n", ":1:7: this is a template"},
		{"a node called host", "name: x\ntopology: {nodes: {a: {}, host: {}}, links: [{endpoints: [\"a:eth1\", \"host:eth1\"]}]}\n", "containerlab's own word"},
		{"a file in a file", "name: x\ntopology: {name: y, topology: {nodes: {a: {}}}}\n", "a whole containerlab file stands under topology"},
		{"a vendor's name of another kind", "name: x\ntopology: {nodes: {a: {}, b: {}}, links: [{endpoints: [\"a:ethernet-1/1\", \"b:eth1\"]}]}\n", "cannot name an interface"},
		{"an odd name", "name: x\ntopology: {nodes: {\"a b\": {}}}\n", "cannot name a node"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := load(t, tt.text, nil)
			var problems yamlpos.Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want …%s…", err, tt.want)
			}
		})
	}
}

// What containerlab takes as a matter of course is no fault.
func TestLoadVendorNames(t *testing.T) {
	lab, warnings, err := load(t, `
name: names
topology:
  nodes:
    a: {kind: nokia_srlinux, image: x, group: spine}
    b: {kind: arista_ceos, image: y, env: {T: "{{ kept }}"}}
  links:
    - endpoints: ["a:ethernet-1/1", "b:Ethernet1/1"]
    - endpoints: ["a:ethernet-1/2/3", "b:Ethernet2"]
    - endpoints: ["a:e1-7", "b:eth7"]
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range lab.Links {
		got = append(got, l.A.String()+" "+l.B.String())
	}
	if diff := cmp.Diff([]string{"a:e1-1 b:eth1_1", "a:e1-2-3 b:eth2", "a:e1-7 b:eth7"}, got); diff != "" {
		t.Error(diff)
	}
	if len(warnings) != 1 || !strings.Contains(warnings.Error(), "the file has no groups") {
		t.Errorf("warnings: %v", warnings)
	}
}
