package topologies

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// clabFile is a containerlab file as written; Topology is what it resolves to.
type clabFile struct {
	Name     string       `yaml:"name"`
	Topology clabTopology `yaml:"topology"`
}

// IgnoredKeys lists what containerlab knows at the top and we do not use.
func (clabFile) IgnoredKeys() []string { return []string{"prefix", "mgmt", "settings", "debug"} }

type clabTopology struct {
	Defaults clabNode            `yaml:"defaults"`
	Kinds    map[string]clabNode `yaml:"kinds"`
	Groups   map[string]clabNode `yaml:"groups"`
	Nodes    clabNodes           `yaml:"nodes"`
	Links    []clabLink          `yaml:"links"`
}

// clabNode holds the keys that we honour; they are inherited defaults ← kinds ← groups ← node.
type clabNode struct {
	Kind          string            `yaml:"kind"`
	Group         string            `yaml:"group"`
	Type          string            `yaml:"type"`
	Image         string            `yaml:"image"`
	StartupConfig string            `yaml:"startup-config"`
	Exec          []string          `yaml:"exec"`
	Binds         []string          `yaml:"binds"`
	Env           map[string]string `yaml:"env"`
	Cmd           string            `yaml:"cmd"`
	Entrypoint    string            `yaml:"entrypoint"`
	Ports         []string          `yaml:"ports"`
	CapAdd        []string          `yaml:"cap-add"`
	Sysctls       map[string]string `yaml:"sysctls"`
	User          string            `yaml:"user"`
	Labels        map[string]string `yaml:"labels"`
	Memory        string            `yaml:"memory"`
	CPU           float64           `yaml:"cpu"`
	NetworkMode   string            `yaml:"network-mode"`
	MgmtIPv4      string            `yaml:"mgmt-ipv4"`
}

// IgnoredKeys lists the node keys of containerlab's schema (release 0.79) that have
// no effect here.
func (clabNode) IgnoredKeys() []string {
	return []string{
		"image-pull-policy", "license", "position", "hostname", "startup-delay", "enforce-startup-config",
		"suppress-startup-config", "auto-remove", "restart-policy", "config", "volumes", "devices", "privileged",
		"cgroupns-mode", "cgroup-parent", "pid-mode", "tmpfs", "security-opts", "shm-size", "mgmt-ipv6", "env-files",
		"runtime", "cpu-set", "extras", "stages", "dns", "certificate", "healthcheck", "credentials", "aliases",
		"components", "link-apply-mode",
	}
}

// clabNodes keeps the file's order, which a Go map would lose.
type clabNodes struct {
	names []string
	byKey map[string]clabNode
}

func (ns *clabNodes) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if len(n.Content) > 2*maxLab {
		d.NodeFaultf(n, "", "the lab has more than %d nodes", maxLab)
		return
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if name := n.Content[i].Value; !slices.Contains(ns.names, name) {
				ns.names = append(ns.names, name)
			}
		}
	}
	d.Value(n, &ns.byKey, path)
}

// maxLab bounds the nodes of a lab, and maxLinks its links: what is checked of them takes
// their product.
const (
	maxLab   = 2000
	maxLinks = 10_000
)

type clabLink struct {
	Type      string         `yaml:"type"`
	Endpoints []clabEndpoint `yaml:"endpoints"`
	Endpoint  clabEndpoint   `yaml:"endpoint"`
	MTU       int            `yaml:"mtu"`
	IPv4      []string       `yaml:"ipv4"`
	IPv6      []string       `yaml:"ipv6"`
}

func (clabLink) IgnoredKeys() []string {
	return []string{"vars", "labels", "host-interface", "mode", "remote", "vni", "dst-port", "udp-port", "src-port", "parent-interface"}
}

// clabEndpoint is "node:interface" in the brief form, a mapping in the extended one.
type clabEndpoint struct {
	Node      string `yaml:"node"`
	Interface string `yaml:"interface"`
	MAC       string `yaml:"mac"`
	IPv4      string `yaml:"ipv4"`
	IPv6      string `yaml:"ipv6"`
}

func (clabEndpoint) IgnoredKeys() []string { return []string{"vars"} }

func (e *clabEndpoint) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind != yaml.ScalarNode {
		type plain clabEndpoint
		d.Value(n, (*plain)(e), path)
		return
	}
	node, iface, ok := strings.Cut(n.Value, ":")
	if !ok || node == "" || iface == "" {
		d.NodeFaultf(n, `write "node:interface"`, "%q is not an endpoint", n.Value)
		return
	}
	e.Node, e.Interface = node, iface
}

// Load reads a containerlab file, for the verbs that work on a topology alone. Every fault is in the returned error, a
// yamlpos.Problems; warnings are returned beside the topology.
func Load(path string, env Environ) (Topology, yamlpos.Problems, error) {
	data, err := plain.Read(path, plain.Text)
	if err != nil {
		return Topology{}, nil, fmt.Errorf("read topology: %w", err)
	}
	d := yamlpos.Parse(path, data)
	t := FromDoc(d, filepath.Dir(path), env)
	d.Problems.Sort()
	if faults := d.Problems.Faults(); faults != nil {
		return Topology{}, d.Problems.Warnings(), faults
	}
	return t, d.Problems.Warnings(), nil
}

// FromDoc resolves a parsed containerlab document; faults are added to d. dir is the
// folder that relative paths refer to. env is what the file may learn of this machine.
func FromDoc(d *yamlpos.Doc, dir string, env Environ) Topology {
	if d.Root == nil {
		return Topology{}
	}
	if n := mapping(d.Root, "topology"); n != nil && mapping(n, "topology") != nil && mapping(n, "nodes") == nil {
		d.NodeFaultf(n, "keep what is below its key topology, or write topology: FILE", "a whole containerlab file stands under topology")
		return Topology{}
	}
	expandEnv(d, env)
	var f clabFile
	d.Decode(&f)
	t := Topology{Name: f.Name, Dir: dir}
	if t.Name == "" {
		d.Faultf("name", "", "the lab has no name")
	}
	for _, name := range f.Topology.Nodes.names {
		t.Nodes = append(t.Nodes, resolveNode(d, t, name, f.Topology, env))
	}
	if len(t.Nodes) == 0 {
		d.Faultf("topology.nodes", "", "the lab has no nodes")
	}
	used := map[string]bool{}
	if n := len(f.Topology.Links); n > maxLinks {
		d.Faultf("topology.links", "", "the lab has %d links, more than %d", n, maxLinks)
		return t
	}
	for i, l := range f.Topology.Links {
		if d.Full() {
			break
		}
		resolveLink(d, &t, l, yamlpos.Index("topology.links", i), used)
	}
	return t
}

// IsFile reports whether a document is a containerlab file rather than what names one.
func IsFile(d *yamlpos.Doc) bool {
	return mapping(d.Root, "reprise") == nil && mapping(mapping(d.Root, "topology"), "nodes") != nil
}

// mapping gives the value of a key; nil where there is none.
func mapping(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// FromNode resolves a topology written inside another file: n is what containerlab
// has under its key topology, and stands in d under the same key. Faults are added to d.
func FromNode(d *yamlpos.Doc, n *yaml.Node, name, dir string, env Environ) Topology {
	key := func(s string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Line: n.Line, Column: n.Column}
	}
	root := &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column, Content: []*yaml.Node{key("name"), key(name), key("topology"), n}}
	sub := d.Sub(root)
	t := FromDoc(sub, dir, env)
	d.Problems, d.Ignored = append(d.Problems, sub.Problems...), append(d.Ignored, sub.Ignored...)
	return t
}

func resolveNode(d *yamlpos.Doc, t Topology, name string, f clabTopology, env Environ) Node {
	path := yamlpos.Join("topology.nodes", name)
	if !validName(name) {
		d.Faultf(path, "letters, digits, - _ and . only, at most 63", "%q cannot name a node", name)
	}
	own := f.Nodes.byKey[name]
	groupName := firstOf(own.Group, f.Defaults.Group)
	group, ok := f.Groups[groupName]
	switch {
	case groupName == "" || ok:
	case len(f.Groups) == 0: // to containerlab it is then a word for its drawing
		d.Warnf(path+".group", "", "the file has no groups: %q is a word for drawings, and nothing is inherited", groupName)
	default:
		d.Faultf(path+".group", yamlpos.Suggest(groupName, keys(f.Groups)), "there is no group %q", groupName)
	}
	kind := firstOf(own.Kind, group.Kind, f.Defaults.Kind)
	if kind == "" {
		kind = KindLinux
	}
	layers := []clabNode{f.Defaults, f.Kinds[kind], group, own} // general to specific
	n := Node{Name: name, Kind: kind, Group: groupName, Env: map[string]string{}, Sysctls: map[string]string{}, Labels: map[string]string{}}
	for _, l := range layers {
		n.overlay(l)
	}
	n.expandMagic(t, env)
	var wrong error
	if n.Rights, wrong = ParseRights(n.Labels[LabelRights]); wrong != nil {
		d.Faultf(path+".labels", "there are "+RightNames(), "label %s: %v", LabelRights, wrong)
	}
	if n.IsSegment() {
		return n
	}
	if strings.HasPrefix(n.StartupConfig, "http://") || strings.HasPrefix(n.StartupConfig, "https://") {
		d.Faultf(path+".startup-config", "save it beside the topology and name the file", "a start-up configuration is never fetched over the network")
	}
	return n
}

// overlay lays a more specific layer over n: text replaces, maps merge, lists append.
func (n *Node) overlay(l clabNode) {
	for dst, src := range map[*string]string{
		&n.Type: l.Type, &n.Image: l.Image, &n.StartupConfig: l.StartupConfig, &n.Cmd: l.Cmd, &n.Entrypoint: l.Entrypoint,
		&n.User: l.User, &n.Memory: l.Memory, &n.NetworkMode: l.NetworkMode, &n.MgmtIPv4: l.MgmtIPv4,
	} {
		if src != "" {
			*dst = src
		}
	}
	if l.CPU != 0 {
		n.CPU = l.CPU
	}
	for dst, src := range map[*[]string][]string{&n.Exec: l.Exec, &n.Binds: l.Binds, &n.Ports: l.Ports, &n.CapAdd: l.CapAdd} {
		for _, s := range src {
			if !slices.Contains(*dst, s) {
				*dst = append(*dst, s)
			}
		}
	}
	for _, m := range []struct{ dst, src map[string]string }{{n.Env, l.Env}, {n.Sysctls, l.Sysctls}, {n.Labels, l.Labels}} {
		maps.Copy(m.dst, m.src)
	}
}

// notWires lists the types of the extended form that are not a wire between two nodes.
func notWires() []string {
	return []string{"mgmt-net", "macvlan", "host", "vxlan", "vxlan-stitch", "dummy"}
}

func resolveLink(d *yamlpos.Doc, t *Topology, l clabLink, path string, used map[string]bool) {
	if slices.Contains(notWires(), l.Type) {
		d.Faultf(path+".type", "reprise wires nodes of a lab to each other only; nothing leaves the lab", "links of type %s are not built", l.Type)
		return
	}
	if l.Type != "" && l.Type != "veth" && l.Type != "veth-stitch" {
		d.Faultf(path+".type", yamlpos.Suggest(l.Type, append([]string{"veth"}, notWires()...)), "unknown link type %q", l.Type)
		return
	}
	if len(l.Endpoints) != 2 {
		if len(l.Endpoints) > 0 || !d.Has(path+".endpoints") {
			d.Faultf(path+".endpoints", `write endpoints: ["r1:eth1", "r2:eth1"]`, "a link has two endpoints, here are %d", len(l.Endpoints))
		}
		return
	}
	ends := [2]Endpoint{}
	for i, e := range l.Endpoints {
		ends[i] = Endpoint(e)
		if i < len(l.IPv4) {
			ends[i].IPv4 = firstOf(e.IPv4, l.IPv4[i])
		}
		if i < len(l.IPv6) {
			ends[i].IPv6 = firstOf(e.IPv6, l.IPv6[i])
		}
		if e.Node == "" {
			return // already reported
		}
		if n, ok := t.Node(e.Node); ok {
			ends[i].Interface = linuxName(n.Kind, e.Interface)
		}
		checkEndpoint(d, *t, ends[i], yamlpos.Index(path+".endpoints", i), used)
	}
	t.Links = append(t.Links, Link{A: ends[0], B: ends[1], MTU: l.MTU})
}

var (
	srlName  = regexp.MustCompile(`^ethernet-(\d{1,2})/(?:(\d{1,2})/)?(\d{1,3})$`)
	ceosName = regexp.MustCompile(`^(?:Ethernet|Et)(\d{1,3}(?:/\d{1,3}){0,2})$`)
)

// linuxName gives the interface of the container that a vendor's name stands for, as
// containerlab does: ethernet-1/1 of SR Linux is e1-1, Ethernet1/1 of cEOS is eth1_1.
func linuxName(kind, name string) string {
	switch kind {
	case "nokia_srlinux", "srl":
		if m := srlName.FindStringSubmatch(name); m != nil && m[2] != "" {
			return "e" + m[1] + "-" + m[2] + "-" + m[3]
		} else if m != nil {
			return "e" + m[1] + "-" + m[3]
		}
	case "arista_ceos", "ceos":
		if m := ceosName.FindStringSubmatch(name); m != nil {
			return "eth" + strings.ReplaceAll(m[1], "/", "_")
		}
	}
	return name
}

func checkEndpoint(d *yamlpos.Doc, t Topology, e Endpoint, path string, used map[string]bool) {
	if slices.Contains([]string{"host", "mgmt-net", "macvlan"}, e.Node) {
		if _, ok := t.Node(e.Node); ok {
			d.Faultf(path, "give the node another name", "in links %q is containerlab's own word for the machine beneath the lab, and never the node of that name", e.Node)
			return
		}
		d.Faultf(path, "reprise wires nodes of a lab to each other only; nothing leaves the lab", "endpoint %s would leave the lab", e)
		return
	}
	if _, ok := t.Node(e.Node); !ok {
		d.Faultf(path, yamlpos.Suggest(e.Node, t.Names()), "endpoint %s names no node of the lab", e)
	}
	// IFNAMSIZ of Linux is 16 with the closing zero; dev_valid_name() refuses / : and blanks.
	if len(e.Interface) > 15 || strings.ContainsAny(e.Interface, "/: \t") || e.Interface == "." || e.Interface == ".." || e.Interface == "" {
		d.Faultf(path, "at most 15 characters, no blank, / or :", "%q cannot name an interface", e.Interface)
	}
	if used[e.String()] {
		d.Faultf(path, "", "endpoint %s is used by two links", e)
	}
	used[e.String()] = true
}

func validName(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r) {
			return false
		}
	}
	return s[0] != '-' && s[0] != '.'
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
