package topologies_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

func load(t *testing.T, text string, env map[string]string, without ...bool) (topologies.Topology, yamlpos.Problems, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lab.clab.yml")
	d := yamlpos.Parse(file, []byte(text))
	lab := topologies.FromDoc(d, filepath.Dir(file), topologies.Environ{WithoutExternal: without != nil, Getenv: func(k string) (string, bool) {
		v, ok := env[k]
		return v, ok
	}})
	d.Problems.Sort()
	if faults := d.Problems.Faults(); faults != nil {
		return topologies.Topology{}, d.Problems.Warnings(), faults
	}
	return lab, d.Problems.Warnings(), nil
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
	want := map[string]string{"A": "defaults", "B": "kind", "C": "group", "D": "me", "E": "fallback", "F": "$HOME", "G": "s1.clab-inherit"}
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
	if got := strings.Join(words, "\n"); !strings.Contains(got, `"prefix"`) || !strings.Contains(got, `"mgmt"`) || !strings.Contains(got, `runtime "podman"`) {
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
		{"a template in quotes", "name: x\ntopology: {nodes: {a: {}, b: {}}, links: [{endpoints: [\"{{ if .x }}a:eth1{{ else }}a:eth2{{ end }}\", \"b:eth1\"]}]}\n", "is text of a template (render it first"},
		{"an object of Kubernetes", "apiVersion: clabernetes.containerlab.dev/v1alpha1\nkind: Topology\nspec: {definition: {containerlab: \"name: x\"}}\n", "spec.definition.containerlab"},
		{"another object of Kubernetes", "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n---\nkind: Topology\n", "spec.definition.containerlab"},
		{"a topology of netlab", "provider: clab\nnodes: [a, b]\nlinks: [a-b]\n", "netlab create"},
		{"a file of Docker Compose", "services: {a: {image: x}}\n", "Docker Compose"},
		{"a breakout of a port that is not the first", "name: x\ntopology: {nodes: {a: {kind: nokia_sros}, b: {}}, links: [{endpoints: [\"a:1/1/c1/2\", \"b:eth1\"]}]}\n", "cannot name an interface"},
		{"a node called host", "name: x\ntopology: {nodes: {a: {}, host: {}}, links: [{endpoints: [\"a:eth1\", \"host:eth1\"]}]}\n", "containerlab's own word"},
		{"a link that leaves the lab", "name: x\ntopology: {nodes: {a: {}}, links: [{endpoints: [\"a:eth1\", \"host:eth1\"]}]}\n", "without-external-links"},
		{"a link that leaves the lab, in capitals", "name: x\ntopology: {nodes: {a: {}}, links: [{endpoints: [\"a:eth1\", \"Host:eth1\"]}]}\n", "without-external-links"},
		{"a start-up configuration from a store", "name: x\ntopology: {nodes: {a: {startup-config: \"s3://labs/a.cfg\"}}}\n", "never fetched"},
		{"the machine beneath as a node", "name: x\ntopology: {nodes: {a: {}, h: {kind: host, exec: [date]}}, links: [{endpoints: [\"a:eth1\", \"h:eth1\"]}]}\n", "the machine beneath the lab"},
		{"a container of others", "name: x\ntopology: {nodes: {a: {kind: ext-container}}}\n", "started outside of the lab"},
		{"a cluster", "name: x\ntopology: {nodes: {a: {kind: k8s-kind, image: \"kindest/node:v1.30.0\"}}}\n", "a cluster of Kubernetes"},
		{"a link of a kind that leaves the lab", "name: x\ntopology: {nodes: {a: {}}, links: [{type: macvlan, endpoint: {node: a, interface: eth1}, host-interface: eno1}]}\n", "without-external-links"},
		{"a bridge's name that is taken", "name: x\ntopology: {nodes: {\"b|a\": {kind: bridge}, b.a: {}}}\n", "there is a node b.a too"},
		{"a router with a bridge's name", "name: x\ntopology: {nodes: {\"b|a\": {}}}\n", "cannot name a node"},
		{"a vendor's name of another kind", "name: x\ntopology: {nodes: {a: {}, b: {}}, links: [{endpoints: [\"a:ethernet-1/1\", \"b:eth1\"]}]}\n", "cannot name an interface"},
		{"a disk of no size", "name: x\ntopology: {nodes: {a: {labels: {reprise.disk: much}}}}\n", "write a size, as 20GiB"},
		{"a disk of nothing", "name: x\ntopology: {defaults: {labels: {reprise.disk: \"0\"}}, nodes: {a: {}}}\n", "it is no disk"},
		{"a setting of an interface", "name: x\ntopology: {nodes: {a: {sysctls: {net.ipv4.conf.eth1.rp_filter: \"0\"}}}}\n", ":2:33: net.ipv4.conf.eth1.rp_filter is a setting of the interface eth1"},
		{"memory of no size", "name: x\ntopology: {nodes: {a: {memory: lots}}}\n", ":2:32: read memory \"lots\": invalid size: 'lots' (write a size"},
		{"memory below nothing", "name: x\ntopology: {nodes: {a: {memory: -1GB}}}\n", ":2:32: read memory"},
		{"processors below none", "name: x\ntopology: {nodes: {a: {cpu: -1}}}\n", ":2:29: a node cannot have -1 processors"},
		{"a small MTU", linked("endpoints: [\"a:eth1\", \"b:eth1\"], mtu: 20"), ":2:82: no cable has an MTU of 20 (68 to 65535)"},
		{"a large MTU", linked("endpoints: [\"a:eth1\", \"b:eth1\"], mtu: 70000"), "no cable has an MTU of 70000"},
		{"no address", linked("endpoints: [\"a:eth1\", \"b:eth1\"], ipv4: [\"10.0.0.1/24\", \"10.0.0.300/24\"]"), `:2:99: "10.0.0.300/24" is no address of an interface`},
		{"no address of an end", linked("endpoints: [{node: a, interface: eth1, ipv6: \"2001:db8::g/64\"}, {node: b, interface: eth1}]"), `"2001:db8::g/64" is no address`},
		{"an address without a prefix", linked("endpoints: [{node: a, interface: eth1, ipv4: 10.0.0.1}, {node: b, interface: eth1}]"), `"10.0.0.1" is no address`},
		{"no MAC address", linked("endpoints: [{node: a, interface: eth1, mac: \"zz:00\"}, {node: b, interface: eth1}]"), `:2:88: "zz:00" is no MAC address`},
		{"a MAC address of a group", linked("endpoints: [{node: a, interface: eth1, mac: \"01:00:5e:00:00:01\"}, {node: b, interface: eth1}]"), "no interface has the address 01:00:5e:00:00:01"},
		{"a MAC address of zeros", linked("endpoints: [{node: a, interface: eth1}, {node: b, interface: eth1, mac: \"00:00:00:00:00:00\"}]"), "no interface has the address 00:00:00:00:00:00"},
		{"one end that is two", linked("endpoint: [\"a:eth1\", \"b:eth1\"]"), `a list stands here (did you mean "endpoints"?)`},
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

// linked is a topology of two nodes and a link.
func linked(link string) string {
	return "name: x\ntopology: {nodes: {a: {}, b: {}}, links: [{" + link + "}]}\n"
}

// What is likely a mistake, and may be meant, is told.
func TestLoadWarns(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"one address at both ends", linked("endpoints: [\"a:eth1\", \"b:eth1\"], ipv4: [10.0.0.1/24, 10.0.0.1/24]"), "both ends of the link have the address 10.0.0.1"},
		{"one MAC address at both ends", linked("endpoints: [{node: a, interface: eth1, mac: \"02:00:00:00:00:0a\"}, {node: b, interface: eth1, mac: \"02:00:00:00:00:0A\"}]"), "both ends of the link have the address 02:00:00:00:00:0a"},
		{"a kind that is nearly one", "name: x\ntopology: {nodes: {a: {kind: linuxx}}}\n", `no kind "linuxx" is known here: the node is one like those of kind linux (did you mean "linux"?)`},
		{"a vendor's kind", "name: x\ntopology: {nodes: {a: {kind: nokia_srlinux}, b: {kind: sonic-vs}, c: {kind: border0}}}\n", ""},
		{"addresses of a network", linked("endpoints: [\"a:eth1\", \"b:eth1\"], ipv4: [10.0.0.1/24, 10.0.0.2/24], ipv6: [\"2001:db8::1/64\", \"2001:db8::2/64\"], mtu: 9000"), ""},
	} {
		_, warnings, err := load(t, tt.text, nil)
		if err != nil || tt.want == "" && len(warnings) > 0 || tt.want != "" && (len(warnings) != 1 || !strings.HasSuffix(warnings[0].String(), tt.want)) {
			t.Errorf("%s: %v, %v", tt.name, warnings, err)
		}
	}
}

// The ports of containerlab's kinds have the interfaces that containerlab gives them, and keep
// the name as written; what a kind does not have is no name of an interface.
func TestLoadVendorNames(t *testing.T) {
	for _, tt := range []struct{ kind, name, want string }{
		{"nokia_srlinux", "ethernet-1/1", "e1-1"},
		{"srl", "ethernet-1/2/3", "e1-2-3"},
		{"nokia_srlinux", "e1-7", "e1-7"},
		{"nokia_srsim", "1/1/c1/1", "e1-1-c1-1"},
		{"nokia_srsim", "1/x2/3/c4/5", "e1-x2-3-c4-5"},
		{"nokia_sros", "1/1/3", "eth3"},
		{"nokia_sros", "1/1/c24/1", "eth24"},
		{"arista_ceos", "Ethernet1/1", "eth1_1"},
		{"ceos", "Et2", "eth2"},
		{"cisco_xrd", "Gi0/0/0/1", "Gi0-0-0-1"},
		{"cisco_xrv9k", "Gi0/0/0/1", "eth2"},
		{"cisco_xrv9k", "TenGigE0/0/0/0", "eth1"},
		{"cisco_iol", "Ethernet1/2", "eth6"},
		{"cisco_iol", "e0/1", "eth1"},
		{"cisco_iol", "Ethernet0/0", ""}, // its management
		{"cisco_csr1000v", "GigabitEthernet2", "eth1"},
		{"cisco_csr1000v", "Gi1", "Gi1"}, // its management, which is no port
		{"cisco_cat9kv", "Gi1/0/24", "eth24"},
		{"cisco_n9kv", "Ethernet1/9", "eth9"},
		{"juniper_vjunosswitch", "xe-0/0/1", "eth2"},
		{"cjunosevolved", "et-0/0/0", "eth4"},
		{"mikrotik_ros", "ether2", "eth1"},
		{"paloalto_panos", "Ethernet1/1", "eth1"},
		{"aruba_aoscx", "1/1/9", "eth9"},
		{"linux", "ethernet-1/1", ""},
		{"linux", "eth1", "eth1"},
	} {
		lab, _, err := load(t, fmt.Sprintf("name: x\ntopology: {nodes: {a: {kind: %s}, b: {}}, links: [{endpoints: [%q, \"b:eth1\"]}]}\n", tt.kind, "a:"+tt.name), nil)
		switch {
		case tt.want == "":
			if err == nil || !strings.Contains(err.Error(), "cannot name an interface") {
				t.Errorf("%s %s: %v", tt.kind, tt.name, err)
			}
		case err != nil:
			t.Errorf("%s %s: %v", tt.kind, tt.name, err)
		default:
			want := topologies.Endpoint{Node: "a", Interface: tt.want, Alias: tt.name}
			if tt.want == tt.name {
				want.Alias = ""
			}
			if lab.Links[0].A != want {
				t.Errorf("%s %s is %+v, want %+v", tt.kind, tt.name, lab.Links[0].A, want)
			}
		}
	}
}

// Variables as a shell has them, also where YAML takes their signs for its own: containerlab
// expands them before it reads the file.
func TestLoadVariables(t *testing.T) {
	lab, _, err := load(t, `name: x
topology:
  nodes:
    a: {image: ${IMG:=alpine}, memory: ${MEM:-${DEFAULT:=1Gb}}, env: {A: "${WHO:+me}", B: "${NOBODY:+me}", C: "${NOBODY:-$WHO}", D: "${EMPTY+set}"}}
    b: {kind: linux}
`, map[string]string{"WHO": "you", "EMPTY": ""})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := lab.Node("a")
	if diff := cmp.Diff(map[string]string{"A": "me", "B": "", "C": "you", "D": "set"}, a.Env); diff != "" || a.Image != "alpine" || a.Memory != "1Gb" {
		t.Errorf("image %q, memory %q, env %s", a.Image, a.Memory, diff)
	}
}

// What nobody set, and $_, stay as they are written: the loops of a shell in exec have variables of
// their own.
func TestLoadUnset(t *testing.T) {
	const line = `sh -c 'for q in /proc/sys/net/ipv6/conf/*/forwarding; do echo 1 > "$q"; echo $_ ${_} ${q} $1; done'`
	lab, warnings, err := load(t, "name: x\ntopology: {nodes: {a: {image: \"ours:${TAG}\", exec: [\""+strings.ReplaceAll(line, `"`, `\"`)+"\"]}}}\n", map[string]string{"_": "/bin/env"})
	if err != nil {
		t.Fatal(err)
	}
	if a := lab.Nodes[0]; a.Exec[0] != line || a.Image != "ours:${TAG}" {
		t.Errorf("exec %q, image %q", a.Exec, a.Image)
	}
	if len(warnings) != 3 || !strings.Contains(warnings.Error(), "the environment variable TAG is not set: ${TAG} stays as it is written") {
		t.Errorf("warnings: %v", warnings)
	}
}

// A branch and a commit stand in the name of a lab as containerlab writes them there, and the user's
// folder for ~.
func TestLoadNamed(t *testing.T) {
	const text = `name: lab-__gitBranch__-__gitHash__
topology: {nodes: {a: {image: x, startup-config: ~/r1.cfg, binds: ["~/keys:/keys:ro", "~x:/x"]}}}
`
	lab, _, err := load(t, text, map[string]string{"HOME": "/home/me"})
	if err != nil || lab.Name != "lab-none-none" {
		t.Errorf("outside of a repository: %q, %v", lab.Name, err)
	}
	if a := lab.Nodes[0]; a.StartupConfig != "/home/me/r1.cfg" || !cmp.Equal(a.Binds, []string{"/home/me/keys:/keys:ro", "~x:/x"}) {
		t.Errorf("%+v", a)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{"HEAD": "ref: refs/heads/fix/mtu\n", "refs/heads/fix/mtu": "0123456789abcdef0123456789abcdef01234567\n"} {
		file := filepath.Join(dir, ".git", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lab = topologies.FromDoc(yamlpos.Parse("lab.clab.yml", []byte(text)), dir, topologies.Environment())
	if lab.Name != "lab-fix-mtu-0123456" {
		t.Errorf("in a repository: %q", lab.Name)
	}
}

// The extended form of an endpoint has variables for a config engine, which has none here.
func TestLoadEndpointVars(t *testing.T) {
	lab, _, err := load(t, `name: x
topology:
  nodes: {a: {}, b: {}}
  links:
    - type: veth
      endpoints: [{node: a, interface: eth1, vars: {area: 0}}, {node: b, interface: eth1}]
      vars: {cost: 10}
`, nil)
	if err != nil || len(lab.Links) != 1 || lab.Links[0].A.Node != "a" {
		t.Errorf("%v, %v", lab.Links, err)
	}
}

// What containerlab takes as a matter of course is no fault.
func TestLoadAsContainerlabDoes(t *testing.T) {
	lab, warnings, err := load(t, `
name: customs
topology:
  defaults: {binds: ["/lic:/lic", "common:/etc/daemons:ro"], exec: [ip link, sleep 1], ports: ["80:80"]}
  kinds: {nokia_srlinux: {group: leaf, ports: ["443:443", "22:22"]}}
  groups: {leaf: {image: x}}
  nodes:
    a: {kind: nokia_srlinux, binds: ["mine:/etc/daemons"], exec: [date, sleep 1, date]}
    b: {kind: arista_ceos, image: y, env: {T: "{{ kept }}"}, startup-config: "https://example.com/b.cfg"}
    "br|a": {kind: Bridge}
    c: {image: x, username: admin, password: secret, ports: ["8022:22"], env: {__IMPORT_ENVS: "true", A: "1"}}
    k: {kind: k8s-kind}
    k-control-plane: {kind: Ext-Container, exec: [ip link]}
    h: {kind: HOST, exec: [reboot]}
  links:
    - {type: VEth, endpoints: [{node: c, interface: eth1}, {node: b, interface: eth3}]}
    - {type: brief, endpoints: ["c:eth2", "b:eth4"]}
    - endpoints: ["c:eth3", "k-control-plane:eth1"]
    - {type: dummy, endpoint: {node: h, interface: d0}}
    - endpoints: ["a:ethernet-1/1", "br|a:p1"]
    - endpoints: ["b:eth1", "host:b-eth1"]
    - {type: mgmt-net, endpoint: {node: b, interface: eth2}, host-interface: m}
`, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := lab.Node("a")
	if diff := cmp.Diff([]string{"/lic:/lic", "mine:/etc/daemons"}, a.Binds); diff != "" || a.Group != "leaf" || a.Image != "x" {
		t.Errorf("%+v: %s", a, diff)
	}
	c, _ := lab.Node("c")
	if !cmp.Equal(a.Ports, []string{"443:443", "22:22"}) || !cmp.Equal(c.Ports, []string{"8022:22"}) || !cmp.Equal(c.Env, map[string]string{"A": "1"}) {
		t.Errorf("ports %v and %v, environment %v", a.Ports, c.Ports, c.Env)
	}
	if diff := cmp.Diff([]string{"a", "b", "br.a", "c"}, lab.Names()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ip link", "sleep 1", "date", "date"}, a.Exec); diff != "" {
		t.Error(diff)
	}
	if b, _ := lab.Node("b"); b.StartupConfig != "" {
		t.Errorf("the start-up configuration is %q", b.StartupConfig)
	}
	if len(lab.Links) != 3 || lab.Links[0].A.String() != "c:eth1" || lab.Links[1].B.String() != "b:eth4" || lab.Links[2].B.String() != "br.a:p1" {
		t.Errorf("links: %+v", lab.Links)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.Message)
	}
	want := []string{
		"https://example.com/b.cfg is not fetched: the node starts without it",
		"the bridge is a segment of its own, and called br.a",
		`"username" is known to containerlab and has no effect here`,
		`"password" is known to containerlab and has no effect here`,
		"__IMPORT_ENVS has no effect here: a node does not get the whole environment of this machine",
		"node k, of kind k8s-kind, is a cluster of Kubernetes, which the program kind makes: left out",
		"node k-control-plane, of kind ext-container, is a container that was started outside of the lab: left out",
		"node h, of kind host, is the machine beneath the lab: left out",
		"the link of k-control-plane is left out with it",
		"the link of h is left out with it",
		"endpoint host:b-eth1 would leave the lab: left out",
		"links of type mgmt-net are not built: left out",
		`"host-interface" is known to containerlab and has no effect here`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// To containerlab a group that is nowhere is a word for its drawing.
func TestLoadGroupWithoutGroups(t *testing.T) {
	_, warnings, err := load(t, "name: x\ntopology: {nodes: {a: {group: spine}}}\n", nil)
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings.Error(), "the file has no groups") {
		t.Errorf("%v, %v", warnings, err)
	}
}

// TestLoadImpaired reads netlab's impairments of links: those that can be had as netem gives them stand on the
// link, the others are refused with their line and what to do instead.
func TestLoadImpaired(t *testing.T) {
	const head = "name: x\ntopology:\n  nodes: {a: {}, b: {}}\n  links:\n    - "
	const ends = `endpoints: ["a:e1", "b:e1"]`
	for link, want := range map[string]string{
		`{` + ends + `}`:                    "",
		`{` + ends + `, tc: {delay: 10ms}}`: "delay 10ms of what a:e1 sends, delay 10ms of what b:e1 sends",
		`{` + ends + `, tc.delay: 0.5s, tc.jitter: 5ms, tc.loss: 0.5}`:                                                                                  "drop of 0.5 % of what a:e1 sends, delay 500ms ± 5ms of what a:e1 sends, drop of 0.5 % of what b:e1 sends, delay 500ms ± 5ms of what b:e1 sends",
		`{` + ends + `, tc: {delay: 10ms, reorder: 25, duplicate: 1}}`:                                                                                  "duplicate of 1 % of what a:e1 sends, delay 10ms of 75 % of what a:e1 sends, duplicate of 1 % of what b:e1 sends, delay 10ms of 75 % of what b:e1 sends",
		`{` + ends + `, tc: {rate: 512, loss: 100, corrupt: 0}}`:                                                                                        "drop of what a:e1 sends, rate 512 kbit/s of what a:e1 sends, drop of what b:e1 sends, rate 512 kbit/s of what b:e1 sends",
		`{type: veth, tc: {loss: 1, delay: 1s}, endpoints: [{node: a, interface: e1, tc: {loss: 0, delay: 2s}}, {node: b, interface: e1, tc.rate: 8}]}`: "delay 2s of what a:e1 sends, drop of 1 % of what b:e1 sends, delay 1s of what b:e1 sends, rate 8 kbit/s of what b:e1 sends",

		`{` + ends + `, tc: {delay: 10}}`:    `5:49: "10" is no delay that a link can have (10ms, or 1s)`,
		`{` + ends + `, tc: {loss: 101}}`:    "5:48: a share of 101 % is not possible (0 to 100)",
		`{` + ends + `, tc.loss: -1}`:        "5:46: a share of -1 % is not possible",
		`{` + ends + `, tc: {corrupt: 0.1}}`: "netem turns over a bit at a place by chance, and here a fault changes the byte that it names (put a step into the stimulus: {fault: corrupt",
		`{` + ends + `, tc: {limit: 10}}`:    "how many packets may wait cannot be chosen (leave it out: 1000 packets",
		`{` + ends + `, tc: {rate: 0}}`:      "a rate of 0 kbit/s is not possible",
		`{` + ends + `, tc: {jitter: 5ms}}`:  "a jitter of 5ms of a delay of 0s would have frames arrive before they are sent",
		`{` + ends + `, tc: {reorder: 5}}`:   "without a delay none overtakes another (give it a delay, which the others have)",
		`{` + ends + `, tc: {dealy: 5ms}}`:   `unknown key "dealy" under topology.links[0].tc (did you mean "delay"?)`,
		`{` + ends + `, tc.dealy: 5ms}`:      `unknown key "dealy" under topology.links[0].tc (did you mean "delay"?)`,
		`{type: veth, endpoints: [{node: a, interface: e1, tc: {loss: 200}}, {node: b, interface: e1}]}`: "5:68: a share of 200 % is not possible",
	} {
		lab, _, err := load(t, head+link+"\n", nil)
		if err != nil {
			if want == "" || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", link, err, want)
			}
			continue
		}
		var words []string
		for _, f := range lab.Standing {
			if f.Direction != topologies.DirectionOut {
				t.Errorf("%s: %s acts %s", link, f.Standing(), f.Direction)
			}
			words = append(words, f.Standing())
		}
		if got := strings.Join(words, ", "); got != want {
			t.Errorf("%s: %q stands, want %q", link, got, want)
		}
		if len(lab.Clone().Standing) != len(lab.Standing) {
			t.Errorf("%s: a clone has other faults", link)
		}
	}
}

// What netem reorders does not wait, what it jitters may overtake, and a rate holds a thousand packets.
func TestImpairedAsNetem(t *testing.T) {
	lab, _, err := load(t, "name: x\ntopology:\n  nodes: {a: {}, b: {}}\n  links:\n    - {type: veth, mtu: 9000, endpoints: [{node: a, interface: e1, tc: {delay: 10ms, reorder: 25}}, {node: b, interface: e1, tc: {delay: 10ms, jitter: 2ms, rate: 10}}]}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b, rate := lab.Standing[0], lab.Standing[1], lab.Standing[2]
	if a.Probability != 0.75 || !a.Frames.Unorder || b.Probability != 1 || !b.Frames.Unorder || rate.Frames.Rate != 10_000 || rate.Frames.Queue != 1000*9014 {
		t.Errorf("%+v", lab.Standing)
	}
}

// TestLoadTooMany: a lab of more nodes than one may have has that one fault, and not one for each end of each link.
func TestLoadTooMany(t *testing.T) {
	var text strings.Builder
	text.WriteString("name: big\ntopology:\n  nodes:\n")
	const nodes = 2500
	for i := range nodes {
		fmt.Fprintf(&text, "    n%d: {kind: linux, image: x}\n", i)
	}
	text.WriteString("  links:\n")
	for i := range nodes - 1 {
		fmt.Fprintf(&text, "    - endpoints: [\"n%d:eth1\", \"n%d:eth2\"]\n", i, i+1)
	}
	_, _, err := load(t, text.String(), nil)
	if err == nil || !strings.Contains(err.Error(), "the lab has more than 2000 nodes") || strings.Count(err.Error(), "\n") > 1 {
		t.Errorf("%d lines: %.300v", strings.Count(fmt.Sprint(err), "\n")+1, err)
	}
}
