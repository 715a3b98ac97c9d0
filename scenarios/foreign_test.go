package scenarios_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/origin"
)

const foreignHead = `
reprise: v1
id: a
title: A
symptom: [{name: s, node: r1, exec: ping, expect: 'exit > 0', eventually: 1s}]
`

// foreign writes a scenario into a folder that was unpacked.
func foreign(t *testing.T, text string, files map[string]string) string {
	t.Helper()
	top := t.TempDir()
	if err := origin.Write(top, "0123456789abcdef"); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(top, "runs", "x", "input")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	files = cloneWith(files, "scenario.yaml", text)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "scenario.yaml")
}

func cloneWith(m map[string]string, key, value string) map[string]string {
	out := map[string]string{key: value}
	maps.Copy(out, m)
	return out
}

// TestForeignAsks: a foreign scenario is listed with whatever it asks for beyond the list,
// and gets it by name only.
func TestForeignAsks(t *testing.T) {
	t.Setenv("FOREIGN_TEST", "of this machine")
	for _, tt := range []struct {
		name, node, rest string
		want             []string
	}{
		{name: "nothing", node: `{image: "reprise/frr:8.4.4", exec: [ip link], cmd: x, env: {A: b}, memory: 512MB, cpu: 1, labels: {reprise.model: "5520"}}`},
		{name: "a guest of this machine", node: `{image: "reprise/guest:bookworm", labels: {reprise.nic: e1000}}`},
		{name: "settings of the node's own network", node: `{image: x, sysctls: {net.ipv4.ip_forward: "0", net.ipv6.conf.all.forwarding: "1", net.mpls.platform_labels: "1000"}}`},
		{name: "binds", node: `{image: x, binds: ["/:/host", "a:/b"]}`, want: []string{"binds.r1"}},
		{name: "ports", node: `{image: x, ports: ["22:22"]}`, want: []string{"ports.r1"}},
		{name: "rights", node: `{image: x, cap-add: [SYS_MODULE]}`, want: []string{"rights.r1"}},
		{name: "rights by a label", node: `{image: x, labels: {reprise.rights: "namespaces, bpf"}}`, want: []string{"rights.r1"}},
		{name: "rights by the scenario", node: `{image: x}`, rest: "nodes: {r1: {rights: [namespaces]}}", want: []string{"nodes.r1.rights"}},
		{name: "placement among the hosts of who spreads it", node: `{image: x}`, rest: "nodes: {r1: {placement: east}}"},
		{name: "placement in the topology", node: `{image: x, labels: {reprise.placement: east}}`},
		{name: "networks", node: `{image: x, network-mode: host}`, want: []string{"networks.r1"}},
		{name: "another's network", node: `{image: x, network-mode: "container:db"}`, want: []string{"networks.r1"}},
		{name: "a user", node: `{image: x, user: "1000:docker"}`, want: []string{"users.r1"}},
		{name: "a setting of the machine", node: `{image: x, sysctls: {kernel.core_pattern: "|/x"}}`, want: []string{"sysctls.r1"}},
		{name: "a setting with words", node: `{image: x, sysctls: {net.ipv4.ip_forward: "0; x"}}`, want: []string{"sysctls.r1"}},
		{name: "a machine by label", node: `{image: x, labels: {reprise.machine: "true"}}`, want: []string{"machines.r1"}},
		{name: "a machine by its image", node: `{image: "vrnetlab/extreme_exos:33"}`, want: []string{"machines.r1"}},
		{name: "a machine by its image in a registry", node: `{image: "localhost:5000/vrnetlab/vr-x:1"}`, want: []string{"machines.r1"}},
		{name: "a machine by kind", node: `{image: x, kind: generic_vm}`, want: []string{"machines.r1"}},
		{name: "a device of this lab", node: `{image: x, labels: {reprise.device: core1}}`, want: []string{"devices.r1"}},
		{name: "a label that others read", node: `{image: x, labels: {traefik.enable: "true"}}`, want: []string{"labels.r1"}},
		{name: "a disk", node: `{image: /var/lib/vm/secret.qcow2}`, want: []string{"disks.r1"}},
		{name: "a disk beside the file", node: `{image: disk.QCOW2}`, want: []string{"disks.r1"}},
		{name: "a disk above", node: `{image: ../../disk.img}`, want: []string{"disks.r1"}},
		{name: "a password", node: `{image: x, env: {REPRISE_PASSWORD_REF: "file:/etc/shadow"}}`, want: []string{"credentials.r1"}},
		{name: "much memory", node: `{image: x, memory: 512GB}`, want: []string{"size"}},
		{name: "no number of processors", node: `{image: x, cpu: NaN}`, want: []string{"size"}},
		{name: "an address", node: `{image: x, mgmt-ipv4: 192.0.2.1}`, want: []string{"networks.r1"}},
		{name: "pid-mode", node: `{image: x, pid-mode: host}`, want: []string{"keys.pid-mode"}},
		{name: "privileged and devices", node: `{image: x, privileged: true, devices: [/dev/sda]}`, want: []string{"keys.devices", "keys.privileged"}},
		{name: "a key from an anchor", node: `{image: x, <<: {pid-mode: host}}`, want: []string{"keys.pid-mode"}},
		{name: "a variable", node: `{image: x, env: {A: "${FOREIGN_TEST}"}}`, want: []string{"env.FOREIGN_TEST"}},
		{name: "a variable that must be set", node: `{image: x, env: {A: "${FOREIGN_TEST:?x}"}}`, want: []string{"env.FOREIGN_TEST"}},
		{name: "a variable in a command", node: `{image: x, exec: ["echo $FOREIGN_TEST"]}`, want: []string{"env.FOREIGN_TEST"}},
		{name: "a folder of this machine", node: `{image: x, env: {A: "__clabDir__"}}`, want: []string{"env.__clabDir__"}},
		{name: "a repository of this machine", node: `{image: x, env: {A: "__gitHash__"}}`, want: []string{"env.__gitHash__"}},
		{name: "a variable with a default", node: `{image: "${FOREIGN_TEST:=x}"}`},
		{name: "many trials", node: `{image: x}`, rest: "trials: {count: 9000}", want: []string{"trials"}},
		{name: "much time", node: `{image: x}`, rest: "trials: {timeout: 20h}", want: []string{"time"}},
		{name: "time of a step", node: `{image: x}`, rest: "stimulus: [{hold: 5h, why: x}]", want: []string{"time"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := foreignHead + "topology: {nodes: {r1: " + tt.node + "}}\n" + tt.rest
			for _, form := range []string{"inline", "a file"} {
				files := map[string]string{}
				if form == "a file" {
					files["lab.clab.yml"] = "name: a\ntopology: {nodes: {r1: " + tt.node + "}}\n"
					text = foreignHead + "topology: lab.clab.yml\n" + tt.rest
				}
				file := foreign(t, text, files)
				l, err := scenarios.Load(file, scenarios.Options{})
				if err != nil {
					t.Fatal(err)
				}
				var tokens []string
				for _, a := range l.Asks(l.Topology) {
					if !slices.Contains(tokens, a.Token) {
						tokens = append(tokens, a.Token)
					}
				}
				slices.Sort(tokens)
				if diff := cmp.Diff(tt.want, tokens); diff != "" {
					t.Errorf("%s: %s", form, diff)
				}
				for _, n := range l.Topology.Nodes {
					if strings.Contains(strings.Join(append(slices.Clone(n.Exec), n.Env["A"], n.Image), " "), "this machine") {
						t.Errorf("%s: the environment is in %+v", form, n)
					}
				}
				err = l.Permit(l.Topology)
				refused, ok := errors.AsType[*scenarios.ForeignError](err)
				if ok != (len(tt.want) > 0) {
					t.Fatalf("%s: Permit says %v", form, err)
				}
				for _, token := range tt.want {
					if !strings.Contains(refused.Error(), token) {
						t.Errorf("%s: %v does not name %s", form, err, token)
					}
				}
				if l, err = scenarios.Load(file, scenarios.Options{Trust: tt.want}); err != nil {
					t.Fatal(err)
				}
				if err := l.Permit(l.Topology); err != nil {
					t.Errorf("%s: allowed by name, and still: %v", form, err)
				}
			}
		})
	}
}

// TestForeignTrust: a kind allows its items, and one variable is not another.
func TestForeignTrust(t *testing.T) {
	f := scenarios.Foreign{Trusted: []string{"binds", "ports.r1", "env", "env.A"}}
	for token, want := range map[string]bool{
		"binds.r1": true, "binds.r2": true, "ports.r1": true, "ports.r2": false, "ports.r11": false, "env.A": true, "env.B": false, "env.AB": false, "rights.r1": false, "bindsx.r1": false,
	} {
		if got := f.Trusts(token); got != want {
			t.Errorf("%s: %v", token, got)
		}
	}
}

// TestForeignFields: a field of a node or a key of a scenario that is added later is asked
// for, until somebody says here what a foreigner may have of it.
// TestForeignEngine: a foreign scenario gets the container engine by name only, and one's own
// without a word.
func TestForeignEngine(t *testing.T) {
	const harmless = foreignHead + "topology: {nodes: {r1: {image: x}}}\nnodes: {r1: {role: dut}}\nbaseline: [{name: b, node: r1, exec: ping, expect: 'exit == 0', eventually: 1s}]\nstimulus: [{node: r1, exec: \"true\"}]\ncontrol: {without: [stimulus.0]}\n"
	file := foreign(t, harmless, nil)
	for _, tt := range []struct {
		name    string
		trusted []string
		why     string
		says    string // empty: it is permitted
	}{
		{"chosen", nil, "", "a lab of namespaces asks for nothing (--provider namespaces)"},
		{"the only way", nil, "the kernel forbids it", ", since a lab of namespaces cannot be built here: the kernel forbids it"},
		{"another trust", []string{"binds", "engines", "env"}, "", "--trust engine"},
		{"trusted", []string{"binds", "engine"}, "", ""},
	} {
		l, err := scenarios.Load(file, scenarios.Options{Trust: tt.trusted})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Permit(l.Topology); err != nil {
			t.Fatalf("it asks for something else: %v", err)
		}
		err = l.PermitEngine(tt.why)
		refused, ok := errors.AsType[*scenarios.ForeignError](err)
		if ok != (tt.says != "") || ok && (refused.Asks[0].Token != "engine" || !strings.Contains(refused.Error(), tt.says)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	own := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(own, []byte(harmless), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(own, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.PermitEngine("the kernel forbids it"); err != nil {
		t.Errorf("one's own: %v", err)
	}
}

func TestForeignFields(t *testing.T) {
	n := topologies.Node{Name: "r1"}
	var unknown []string
	file := foreign(t, foreignHead+"topology: {nodes: {r1: {image: x}}}", nil)
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(&n).Elem()
	for i := range v.NumField() {
		set := topologies.Node{Name: "r1"}
		f := reflect.ValueOf(&set).Elem().Field(i)
		switch f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Map:
			m := reflect.MakeMap(f.Type())
			m.SetMapIndex(reflect.ValueOf("x"), reflect.Zero(f.Type().Elem()))
			f.Set(m)
		case reflect.Float64:
			f.SetFloat(1)
		default:
			t.Fatalf("a field of kind %s: say here how to fill it", f.Kind())
		}
		for _, a := range l.Asks(topologies.Topology{Nodes: []topologies.Node{set}}) {
			if strings.HasPrefix(a.Token, "fields.") {
				unknown = append(unknown, v.Type().Field(i).Name)
			}
		}
	}
	if len(unknown) > 0 {
		t.Errorf("what may a foreign scenario ask for with %v? Say so in foreign.go", unknown)
	}
	l.Scenario.Nodes = map[string]scenarios.Node{"r1": {}}
	keys := map[string]bool{}
	node := reflect.TypeFor[scenarios.Node]()
	for field := range node.Fields() {
		keys[field.Tag.Get("yaml")] = true
	}
	for _, known := range []string{"role", "platform", "image", "config", "files", "services"} {
		delete(keys, known)
	}
	for key := range keys { // what is not known is asked for
		set := reflect.New(node).Elem()
		for i := range node.NumField() {
			if f := set.Field(i); node.Field(i).Tag.Get("yaml") == key && f.Kind() == reflect.Slice {
				f.Set(reflect.MakeSlice(f.Type(), 1, 1))
				l.Scenario.Nodes["r1"], _ = reflect.TypeAssert[scenarios.Node](set)
				if !slices.ContainsFunc(l.Asks(l.Topology), func(a scenarios.Ask) bool { return a.Token == "nodes.r1."+key }) {
					t.Errorf("the key %s of a node is not asked for", key)
				}
			}
		}
	}
}

// TestForeignInherited: what is written of a foreign scenario is foreign, by whatever path it
// is named; a copy by hand is its owner's.
func TestForeignInherited(t *testing.T) {
	file := foreign(t, foreignHead+"topology: {nodes: {r1: {image: x, binds: ['/:/host']}}}", nil)
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if l.Foreign == nil || l.Foreign.Bundle != "0123456789abcdef" {
		t.Fatalf("foreign is %+v", l.Foreign)
	}
	result := filepath.Join(t.TempDir(), "result")
	if err := l.Write(result, scenarios.Cut{}); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(file), link); err != nil {
		t.Fatal(err)
	}
	own := t.TempDir()
	if err := os.WriteFile(filepath.Join(own, "scenario.yaml"), []byte(foreignHead+"topology: sub/lab.clab.yml"), 0o600); err != nil {
		t.Fatal(err)
	}
	sub := filepath.Join(own, "sub")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(sub, "lab.clab.yml"), []byte("name: a\ntopology: {nodes: {r1: {image: x, binds: ['/:/host']}}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := origin.Write(sub, "of the topology"); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"the result": result, "by a link": link, "a foreign topology in one's own scenario": own} {
		l, err := scenarios.Load(path, scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if l.Permit(l.Topology) == nil {
			t.Errorf("%s is not foreign", name)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if l, err = scenarios.Load(write(t, string(data)), scenarios.Options{}); err != nil || l.Permit(l.Topology) != nil {
		t.Errorf("a copy: %v, %v", err, l.Permit(l.Topology))
	}
}

// TestGitHeadStaysWithin: the head of a repository names a file within it, whoever wrote it.
func TestGitHeadStaysWithin(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "secret")
	for name, text := range map[string]string{secret: "of the machine", filepath.Join(dir, ".git", "HEAD"): "ref: ../secret"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(file, []byte(foreignHead+"topology: {nodes: {r1: {image: x, env: {A: __gitHash__}}}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.Load(file, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Topology.Nodes[0].Env["A"]; strings.Contains(got, "of the machine") {
		t.Errorf("the node is given %q", got)
	}
}
