package topologies

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

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
	Runtime       string            `yaml:"runtime"`
}

// IgnoredKeys lists the node keys of containerlab's schema (release 0.79) that have
// no effect here.
func (clabNode) IgnoredKeys() []string {
	return []string{
		"image-pull-policy", "license", "position", "hostname", "startup-delay", "enforce-startup-config",
		"suppress-startup-config", "auto-remove", "restart-policy", "config", "volumes", "devices", "privileged",
		"cgroupns-mode", "cgroup-parent", "pid-mode", "tmpfs", "security-opts", "shm-size", "mgmt-ipv6", "env-files",
		"cpu-set", "extras", "stages", "dns", "certificate", "healthcheck", "credentials", "aliases",
		"components", "link-apply-mode", "username", "password",
	}
}

// clabNodes keeps the file's order, which a Go map would lose.
type clabNodes struct {
	names []string
	many  bool // more than a lab may have: they were not read
	byKey map[string]clabNode
}

func (ns *clabNodes) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if len(n.Content) > 2*maxLab {
		d.NodeFaultf(n, "", "the lab has more than %d nodes", maxLab)
		ns.many = true
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

// clabLink is a link as containerlab writes it, with netlab's attribute tc.
type clabLink struct{ clabLinkKeys }

type clabLinkKeys struct {
	Type      string         `yaml:"type"`
	Endpoints []clabEndpoint `yaml:"endpoints"`
	Endpoint  clabEndpoint   `yaml:"endpoint"`
	MTU       int            `yaml:"mtu"`
	IPv4      []string       `yaml:"ipv4"`
	IPv6      []string       `yaml:"ipv6"`
	TC        impairment     `yaml:"tc"`
}

// DecodeYAML takes netlab's way to write a key as well, tc.delay.
func (l *clabLink) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	d.Value(plural(d, undotted(n)), &l.clabLinkKeys, path)
}

// plural takes a list under endpoint, which is a fault, for that of endpoints.
func plural(d *yamlpos.Doc, n *yaml.Node) *yaml.Node {
	ends := mapping(n, "endpoint")
	if ends == nil || ends.Kind != yaml.SequenceNode || mapping(n, "endpoints") != nil {
		return n
	}
	out := *n
	out.Content = slices.Clone(n.Content)
	for i := 0; i+1 < len(out.Content); i += 2 {
		if out.Content[i].Value == "endpoint" {
			d.NodeFaultf(out.Content[i], `did you mean "endpoints"?`, "endpoint is of a link with one end, and a list stands here")
			key := *out.Content[i]
			key.Value = "endpoints"
			out.Content[i] = &key
		}
	}
	return &out
}

// undotted is a mapping in which the keys tc.KEY stand under tc.
func undotted(n *yaml.Node) *yaml.Node {
	dotted := func(key *yaml.Node) bool { return strings.HasPrefix(key.Value, "tc.") }
	if n.Kind != yaml.MappingNode || !slices.ContainsFunc(n.Content, dotted) || mapping(n, "tc") != nil {
		return n
	}
	out, tc := *n, &yaml.Node{Kind: yaml.MappingNode}
	out.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := *n.Content[i], n.Content[i+1]
		if !dotted(&key) {
			out.Content = append(out.Content, n.Content[i], value)
			continue
		}
		if len(tc.Content) == 0 {
			tc.Line, tc.Column = key.Line, key.Column
			out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "tc", Line: key.Line, Column: key.Column}, tc)
		}
		key.Value = strings.TrimPrefix(key.Value, "tc.")
		tc.Content = append(tc.Content, &key, value)
	}
	return &out
}

func (clabLinkKeys) IgnoredKeys() []string {
	return []string{"vars", "labels", "host-interface", "mode", "remote", "vni", "dst-port", "udp-port", "src-port", "parent-interface"}
}

// clabEndpoint is "node:interface" in the brief form, a mapping in the extended one.
type clabEndpoint struct{ clabEndpointKeys }

type clabEndpointKeys struct {
	Node      string `yaml:"node"`
	Interface string `yaml:"interface"`
	MAC       string `yaml:"mac"`
	IPv4      string `yaml:"ipv4"`
	IPv6      string `yaml:"ipv6"`

	TC impairment `yaml:"tc"`
}

func (clabEndpointKeys) IgnoredKeys() []string { return []string{"vars"} }

func (e *clabEndpoint) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind != yaml.ScalarNode {
		d.Value(undotted(n), &e.clabEndpointKeys, path)
		return
	}
	if strings.Contains(n.Value, "{{") {
		d.NodeFaultf(n, "render it first (containerlab writes the result into the lab's folder), and give the result", "%q is text of a template", n.Value)
		return
	}
	node, iface, ok := strings.Cut(n.Value, ":")
	if !ok || node == "" || iface == "" {
		d.NodeFaultf(n, `write "node:interface"`, "%q is not an endpoint", n.Value)
		return
	}
	e.Node, e.Interface = node, iface
}

// FromDoc resolves a parsed containerlab document; faults are added to d. dir is the
// folder that relative paths refer to. env is what the file may learn of this machine.
func FromDoc(d *yamlpos.Doc, dir string, env Environ) Topology {
	if d.Root == nil {
		return Topology{}
	}
	if what, hint := Stranger(d); what != "" {
		d.Faultf("", hint, "this is %s, and no containerlab file", what)
		return Topology{}
	}
	expandEnv(d, env)
	var f clabFile
	d.Decode(&f)
	t := Topology{Name: f.Name, Dir: dir}
	if strings.Contains(t.Name, "__git") {
		t.Name = expandGit(t.Name, absolute(dir), env)
	}
	if t.Name == "" {
		d.Faultf("name", "", "the lab has no name")
	}
	if f.Topology.Nodes.many { // what names them is no fault besides
		return t
	}
	missing := map[string]bool{}
	for _, name := range f.Topology.Nodes.names {
		n := resolveNode(d, t, name, f.Topology, env)
		if what := elsewhere(n.Kind); what != "" {
			missing[name] = true
			outside(d, env, yamlpos.Join("topology.nodes", name), "node %s, of kind %s, is %s", name, n.Kind, what)
			continue
		}
		t.Nodes = append(t.Nodes, n)
	}
	if len(t.Nodes) == 0 && (len(missing) == 0 || env.WithoutExternal) {
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
		path := yamlpos.Index("topology.links", i)
		if e := l.endOf(missing); e != "" {
			if env.WithoutExternal { // else the node is a fault
				d.Warnf(path, "", "the link of %s is left out with it", e)
			}
			continue
		}
		resolveLink(d, env, &t, l, path, used)
	}
	t.renameSegments(d)
	return t
}

// renameSegments takes the sign out of the names of bridges that containerlab would make within
// a node's namespaces (bridge|node): here each is a segment of its own.
func (t *Topology) renameSegments(d *yamlpos.Doc) {
	for i, n := range t.Nodes {
		if !n.IsSegment() || !strings.Contains(n.Name, "|") {
			continue
		}
		path := yamlpos.Join("topology.nodes", n.Name)
		name := strings.ReplaceAll(n.Name, "|", ".")
		if _, taken := t.Node(name); taken {
			d.Faultf(path, "give one of them another name", "there is a node %s too", name)
			return
		}
		d.Warnf(path, "", "the bridge is a segment of its own, and called %s", name)
		t.Nodes[i].Name = name
		for j := range t.Links {
			for _, e := range []*Endpoint{&t.Links[j].A, &t.Links[j].B} {
				if e.Node == n.Name {
					e.Node = name
				}
			}
		}
	}
}

// Stranger names a file that people take for a containerlab file or for a scenario, and what to give instead; "" where it
// is one, or anything else.
func Stranger(d *yamlpos.Doc) (what, hint string) {
	root := d.Root
	if root == nil || root.Kind != yaml.MappingNode {
		return "", ""
	}
	if nodes := mapping(mapping(root, "topology"), "nodes"); nodes != nil && nodes.Kind == yaml.SequenceNode && mapping(root, "type") != nil {
		return "a project of GNS3", byHand
	}
	if mapping(root, "topology") != nil {
		return "", ""
	}
	has := func(keys ...string) bool {
		return !slices.ContainsFunc(keys, func(k string) bool { return mapping(root, k) == nil })
	}
	switch {
	case has("apiVersion", "kind"):
		return "an object of Kubernetes", "save the text under spec.definition.containerlab in a file of its own"
	case slices.ContainsFunc([]string{"reprise", "baseline", "stimulus", "symptom", "problem", "expect"}, func(k string) bool { return has(k) }):
		return "", ""
	case has("lab", "nodes"):
		return "a lab of CML", byHand
	case has("nodes") && ofMappings(mapping(root, "nodes")):
		return "a topology of KNE", byHand
	case has("nodes"), has("links", "defaults.device"), has("links", "provider"):
		return "a topology of netlab", "netlab create --provider clab writes clab.yml, which is one"
	case has("services"):
		return "a file of Docker Compose", "write its services under topology.nodes"
	}
	return "", ""
}

// byHand is how to go on with a file that nothing here reads.
const byHand = "write its nodes and links as a containerlab file: topology.nodes, topology.links"

// ofMappings reports whether a list holds a mapping with a name.
func ofMappings(n *yaml.Node) bool {
	return n.Kind == yaml.SequenceNode && slices.ContainsFunc(n.Content, func(n *yaml.Node) bool { return mapping(n, "name") != nil && mapping(n, "vendor") != nil })
}

// IsFile reports whether a document is a containerlab file rather than what names one.
func IsFile(d *yamlpos.Doc) bool {
	if d.Root == nil || mapping(d.Root, "reprise") != nil {
		return false
	}
	kubernetes := mapping(d.Root, "apiVersion") != nil && mapping(d.Root, "kind") != nil
	return kubernetes || mapping(mapping(d.Root, "topology"), "nodes") != nil
}

// elsewhere says what a kind of node is that no lab is built of; "" of all others.
func elsewhere(kind string) string {
	switch kind {
	case "host":
		return "the machine beneath the lab"
	case "ext-container":
		return "a container that was started outside of the lab"
	case "k8s-kind":
		return "a cluster of Kubernetes, which the program kind makes"
	default:
		return ""
	}
}

// endOf is the first node of a link that is among those; "" where none is.
func (l clabLink) endOf(nodes map[string]bool) string {
	for _, e := range append(slices.Clone(l.Endpoints), l.Endpoint) {
		if nodes[e.Node] {
			return e.Node
		}
	}
	return ""
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

// FromNode resolves a topology written inside another file: n is what containerlab has under
// its key topology, or a whole containerlab file, and stands in d under the key topology. Faults
// are added to d.
func FromNode(d *yamlpos.Doc, n *yaml.Node, name, dir string, env Environ) Topology {
	if whole := mapping(n, "topology"); whole != nil && mapping(n, "nodes") == nil {
		sub := d.Sub(n)
		t := FromDoc(sub, dir, env)
		d.Problems, d.Ignored = append(d.Problems, sub.Problems...), append(d.Ignored, sub.Ignored...)
		return t
	}
	key := func(s string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Line: n.Line, Column: n.Column}
	}
	root := &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column, Content: []*yaml.Node{key("name"), key(name), key("topology"), n}}
	sub := d.Sub(root)
	t := FromDoc(sub, dir, env)
	d.Problems, d.Ignored = append(d.Problems, sub.Problems...), append(d.Ignored, sub.Ignored...)
	return t
}

// importAll is the variable of a node with which containerlab gives it all variables of its own environment.
const importAll = "__IMPORT_ENVS"

func resolveNode(d *yamlpos.Doc, t Topology, name string, f clabTopology, env Environ) Node {
	path := yamlpos.Join("topology.nodes", name)
	own := f.Nodes.byKey[name]
	// As containerlab has it: a kind is looked for in the node, its group and the defaults; the
	// group then in the node, its kind and the defaults.
	kind := firstOf(own.Kind, f.Groups[own.Group].Kind, f.Groups[f.Defaults.Group].Kind, f.Defaults.Kind)
	if kind == "" {
		kind = KindLinux
	}
	groupName := firstOf(own.Group, f.Kinds[kind].Group, f.Defaults.Group)
	group, ok := f.Groups[groupName]
	switch {
	case groupName == "" || ok:
	case len(f.Groups) == 0: // to containerlab it is then a word for its drawing
		d.Warnf(path+".group", "", "the file has no groups: %q is a word for drawings, and nothing is inherited", groupName)
	default:
		d.Faultf(path+".group", yamlpos.Suggest(groupName, keys(f.Groups)), "there is no group %q", groupName)
	}
	layers := []clabNode{f.Defaults, f.Kinds[kind], group, own} // general to specific
	kind = strings.ToLower(kind)                                // as containerlab does, behind the look-up
	segment := kind == KindBridge || kind == KindOVSBridge
	if ok := validName(name); !ok && (!segment || !validName(strings.ReplaceAll(name, "|", "."))) {
		d.Faultf(path, "letters, digits, - _ and . only, at most 63", "%q cannot name a node", name)
	}
	n := Node{Name: name, Kind: kind, Group: groupName, Env: map[string]string{}, Sysctls: map[string]string{}, Labels: map[string]string{}}
	for _, l := range layers {
		n.overlay(l)
	}
	switch n.Runtime {
	case "", RuntimeContainers, RuntimeNamespaces:
	default:
		d.Warnf(path+".runtime", "", "runtime %q has no effect here: those told apart are %s and %s", string(n.Runtime), RuntimeContainers, RuntimeNamespaces)
		n.Runtime = ""
	}
	n.expandMagic(t, env)
	n.expandHome(env)
	if n.Env[importAll] == "true" {
		d.Warnf(path+".env", "name those that it needs: NAME: ${NAME}", "%s has no effect here: a node does not get the whole environment of this machine", importAll)
		delete(n.Env, importAll)
	}
	var wrong error
	n.Placement = n.Labels[LabelPlacement]
	if n.Rights, wrong = ParseRights(n.Labels[LabelRights]); wrong != nil {
		d.Faultf(path+".labels", "there are "+RightNames(), "label %s: %v", LabelRights, wrong)
	}
	if _, wrong := n.DiskBytes(); wrong != nil {
		d.Faultf(path+".labels", "write a size, as 20GiB", "%v", wrong)
	}
	if _, wrong := n.MemoryBytes(); wrong != nil {
		d.Faultf(path+".memory", "write a size, as 512MB or 1GiB", "%v", wrong)
	}
	if n.CPU < 0 {
		d.Faultf(path+".cpu", "write a number of processors, as 0.5", "a node cannot have %v processors", n.CPU)
	}
	if near := yamlpos.Suggest(kind, ownKinds()); near != "" && !slices.Contains(ownKinds(), kind) {
		d.Warnf(path+".kind", near, "no kind %q is known here: the node is one like those of kind %s", kind, KindLinux)
	}
	for _, key := range keys(n.Sysctls) {
		if iface := interfaceOf(key); iface != "" {
			d.Faultf(path+".sysctls", fmt.Sprintf("set it in a line of exec, which runs when the interfaces are there: sysctl -w %s=%s", key, n.Sysctls[key]),
				"%s is a setting of the interface %s, which is not there yet when a node's sysctls are set", key, iface)
		}
	}
	if n.IsSegment() {
		return n
	}
	if remote(n.StartupConfig) {
		if env.WithoutExternal {
			d.Warnf(path+".startup-config", "", "%s is not fetched: the node starts without it", n.StartupConfig)
			n.StartupConfig = ""
		} else {
			d.Faultf(path+".startup-config", "save it beside the topology and name the file; without-external-links leaves it out", "a start-up configuration is never fetched over the network")
		}
	}
	return n
}

// ownKinds are the kinds of node that are no vendor's.
func ownKinds() []string { return []string{KindLinux, KindBridge, KindOVSBridge} }

// remote reports whether a start-up configuration is one that containerlab fetches.
func remote(config string) bool {
	scheme, _, ok := strings.Cut(config, "://")
	return ok && slices.Contains([]string{"http", "https", "s3", "ftp", "sftp", "scp"}, strings.ToLower(scheme))
}

// interfaceOf is the interface that a setting of the kernel (sysctl) is of; "" where it is of none, or of one that is there from the begin.
func interfaceOf(key string) string {
	parts := strings.Split(key, ".")
	if len(parts) < 5 || parts[0] != "net" || parts[2] != "conf" && parts[2] != "neigh" || slices.Contains([]string{"all", "default", "lo"}, parts[3]) {
		return ""
	}
	return parts[3]
}

// overlay lays a more specific layer over n: text replaces, and so do ports, maps merge, lists
// append what is not there yet, and a bind replaces that of the same target.
func (n *Node) overlay(l clabNode) {
	for dst, src := range map[*string]string{
		&n.Type: l.Type, &n.Image: l.Image, &n.StartupConfig: l.StartupConfig, &n.Cmd: l.Cmd, &n.Entrypoint: l.Entrypoint,
		&n.User: l.User, &n.Memory: l.Memory, &n.NetworkMode: l.NetworkMode, &n.MgmtIPv4: l.MgmtIPv4,
		(*string)(&n.Runtime): l.Runtime,
	} {
		if src != "" {
			*dst = src
		}
	}
	if l.CPU != 0 {
		n.CPU = l.CPU
	}
	if len(l.Ports) > 0 {
		n.Ports = slices.Clone(l.Ports)
	}
	for dst, src := range map[*[]string][]string{&n.Exec: l.Exec, &n.CapAdd: l.CapAdd} {
		have := slices.Clone(*dst) // a layer may say a thing twice: exec lines are steps
		for _, s := range src {
			if !slices.Contains(have, s) {
				*dst = append(*dst, s)
			}
		}
	}
	for _, bind := range l.Binds {
		n.Binds = append(slices.DeleteFunc(slices.Clone(n.Binds), func(b string) bool { return bindTarget(b) == bindTarget(bind) }), bind)
	}
	for _, m := range []struct{ dst, src map[string]string }{{n.Env, l.Env}, {n.Sysctls, l.Sysctls}, {n.Labels, l.Labels}} {
		maps.Copy(m.dst, m.src)
	}
}

// bindTarget is the path in the node of host:container[:options].
func bindTarget(bind string) string {
	if parts := strings.Split(bind, ":"); len(parts) > 1 {
		return parts[1]
	}
	return bind
}

// notWires lists the types of the extended form that are not a wire between two nodes.
func notWires() []string {
	return []string{"mgmt-net", "macvlan", "host", "vxlan", "vxlan-stitch", "dummy"}
}

// reserved lists the words that stand in a link for the machine beneath the lab.
func reserved() []string { return []string{"host", "mgmt-net", "macvlan"} }

// linkType is a type of link as containerlab reads it, which minds neither case nor blanks around
// it. A name of a node in a link is looked for among [reserved] in the same way.
func linkType(word string) string { return strings.ToLower(strings.TrimSpace(word)) }

// outside notes what would leave the lab: a fault, or a warning where such things are to be left
// out.
func outside(d *yamlpos.Doc, env Environ, path, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	if env.WithoutExternal {
		d.Warnf(path, "", "%s: left out", what)
		return
	}
	d.Faultf(path, "a lab has the nodes that its file describes, wired to each other only; without-external-links: true in a scenario, or --without-external-links for a topology, leaves it out", "%s", what)
}

func resolveLink(d *yamlpos.Doc, env Environ, t *Topology, l clabLink, path string, used map[string]bool) {
	kind := linkType(l.Type)
	if slices.Contains(notWires(), kind) {
		outside(d, env, path+".type", "links of type %s are not built", kind)
		return
	}
	if kind != "" && kind != "brief" && kind != "veth" && kind != "veth-stitch" {
		d.Faultf(path+".type", yamlpos.Suggest(l.Type, append([]string{"veth"}, notWires()...)), "unknown link type %q", l.Type)
		return
	}
	if len(l.Endpoints) != 2 {
		if len(l.Endpoints) > 0 || !d.Has(path+".endpoints") {
			d.Faultf(path+".endpoints", `write endpoints: ["r1:eth1", "r2:eth1"]`, "a link has two endpoints, here are %d", len(l.Endpoints))
		}
		return
	}
	for i, e := range l.Endpoints {
		if _, ok := t.Node(e.Node); !ok && slices.Contains(reserved(), linkType(e.Node)) {
			outside(d, env, yamlpos.Index(path+".endpoints", i), "endpoint %s:%s would leave the lab", e.Node, e.Interface)
			return
		}
	}
	ends := [2]Endpoint{}
	for i, e := range l.Endpoints {
		ends[i] = Endpoint{Node: e.Node, Interface: e.Interface, MAC: e.MAC, IPv4: e.IPv4, IPv6: e.IPv6}
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
			if iface, mapped := linuxName(n.Kind, e.Interface); mapped {
				ends[i].Interface, ends[i].Alias = iface, e.Interface
			}
		}
		checkEndpoint(d, *t, ends[i], yamlpos.Index(path+".endpoints", i), used)
	}
	l.check(d, ends, path)
	t.Links = append(t.Links, Link{A: ends[0], B: ends[1], MTU: l.MTU})
	impaired(d, t, l, ends, path)
}

// Bounds of a cable's MTU: those of a veth of Linux (ETH_MIN_MTU and ETH_MAX_MTU of if_ether.h).
const (
	minMTU = 68
	maxMTU = 65535
)

// check adds what is wrong with the size of a link's frames, and with the addresses of its ends.
func (l clabLink) check(d *yamlpos.Doc, ends [2]Endpoint, path string) {
	if l.MTU != 0 && (l.MTU < minMTU || l.MTU > maxMTU) {
		d.Faultf(path+".mtu", fmt.Sprintf("%d to %d", minMTU, maxMTU), "no cable has an MTU of %d", l.MTU)
	}
	for i, e := range ends {
		hw, err := net.ParseMAC(e.MAC)
		at := yamlpos.Index(path+".endpoints", i) + ".mac"
		switch {
		case e.MAC == "":
		case err != nil || len(hw) != 6:
			d.Faultf(at, "write six octets, as 02:00:00:00:00:01", "%q is no MAC address", e.MAC)
		case hw[0]&1 != 0 || bytes.Equal(hw, make([]byte, 6)):
			d.Faultf(at, "the first octet is even, and not all are zero, as 02:00:00:00:00:01", "no interface has the address %s", e.MAC)
		case i == 1 && strings.EqualFold(hw.String(), macOf(ends[0])):
			d.Warnf(at, "", "both ends of the link have the address %s", hw)
		}
	}
	for _, family := range []struct {
		key   string
		own   [2]string
		found [2]string
	}{
		{"ipv4", [2]string{l.Endpoints[0].IPv4, l.Endpoints[1].IPv4}, [2]string{ends[0].IPv4, ends[1].IPv4}},
		{"ipv6", [2]string{l.Endpoints[0].IPv6, l.Endpoints[1].IPv6}, [2]string{ends[0].IPv6, ends[1].IPv6}},
	} {
		var last netip.Prefix
		for i, text := range family.found {
			at := yamlpos.Index(path+"."+family.key, i)
			if family.own[i] != "" {
				at = yamlpos.Index(path+".endpoints", i) + "." + family.key
			}
			p, err := netip.ParsePrefix(text)
			if text != "" && err != nil {
				d.Faultf(at, "write an address with its prefix, as 10.0.0.1/24 or 2001:db8::1/64", "%q is no address of an interface", text)
			}
			if p.IsValid() && last.Addr() == p.Addr() {
				d.Warnf(at, "", "both ends of the link have the address %s", p.Addr())
			}
			last = p
		}
	}
}

// macOf is the address that a file gives an end, as it is written in full; empty where there is none.
func macOf(e Endpoint) string {
	hw, err := net.ParseMAC(e.MAC)
	if err != nil {
		return ""
	}
	return hw.String()
}

// impaired adds what a link does to frames all the time: to those of an end what that says, and else the link.
func impaired(d *yamlpos.Doc, t *Topology, l clabLink, ends [2]Endpoint, path string) {
	known := len(d.Problems)
	l.TC.check(d, path+".tc")
	for i, e := range l.Endpoints {
		e.TC.check(d, yamlpos.Index(path+".endpoints", i)+".tc")
	}
	if len(d.Problems) > known {
		return
	}
	for i, e := range l.Endpoints {
		at := path + ".tc"
		if e.TC != (impairment{}) {
			at = yamlpos.Index(path+".endpoints", i) + ".tc"
		}
		t.Standing = append(t.Standing, e.TC.over(l.TC).standing(d, at, ends[i], l.MTU)...)
	}
}

func checkEndpoint(d *yamlpos.Doc, t Topology, e Endpoint, path string, used map[string]bool) {
	if slices.Contains(reserved(), linkType(e.Node)) {
		d.Faultf(path, "give the node another name", "in links %q is containerlab's own word for the machine beneath the lab, and never the node of that name", e.Node)
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
