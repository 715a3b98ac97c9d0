package infer

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// File is a file of a lab.
type File struct {
	Name string
	Data []byte
}

// Digest is the SHA-256 of files with their names, in hexadecimal: what marks the folder that they come into.
func Digest(files []File) string {
	var all bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&all, "%s %d\n%s", f.Name, len(f.Data), f.Data)
	}
	return evidence.SHA256(all.Bytes())
}

// Label is where a node of the topology carries its likeness.
const Label = "reprise-likeness"

// clab is the part of containerlab's format that is written.
type clab struct {
	Name     string `yaml:"name"`
	Topology struct {
		Nodes map[string]clabNode `yaml:"nodes"`
		Links []clabLink          `yaml:"links"`
	} `yaml:"topology"`
}

type clabNode struct {
	Kind   string            `yaml:"kind"`
	Image  string            `yaml:"image"`
	Config string            `yaml:"startup-config,omitempty"`
	Exec   []string          `yaml:"exec,omitempty"`
	Labels map[string]string `yaml:"labels"`
}

type clabLink struct {
	Endpoints []string `yaml:"endpoints,flow"`
	IPv4      []string `yaml:"ipv4,flow,omitempty"`
	IPv6      []string `yaml:"ipv6,flow,omitempty"`
}

// cable is a link of the lab, with the addresses of those ends whose configurations do not set them.
func (n *Network) cable(a, b Endpoint, ports [2]string) clabLink {
	c := clabLink{Endpoints: []string{a.Node + ":" + ports[0], b.Node + ":" + ports[1]}}
	for i, e := range []Endpoint{a, b} {
		for _, p := range n.unset(e) {
			list := &c.IPv4
			if p.Addr().Is6() {
				list = &c.IPv6
			}
			if *list == nil {
				*list = make([]string, 2)
			}
			if (*list)[i] == "" {
				(*list)[i] = p.String()
			}
		}
	}
	return c
}

// unset are the addresses of a port that the kernel of a device has, and its configuration does not set: a
// BIRD's are all so.
func (n *Network) unset(e Endpoint) (list []netip.Prefix) {
	for _, node := range n.Nodes {
		if node.Name != e.Node {
			continue
		}
		list = append(list, node.cabled[e.Port]...)
		if !own(node.Platform) {
			continue
		}
		for _, i := range node.Interfaces {
			for _, p := range i.Addresses {
				if key(i.Name) == key(e.Port) && (node.Platform == "keepalived" || !strings.Contains(node.Sent, p.String())) {
					list = append(list, p)
				}
			}
		}
	}
	return list
}

// Files are the lab of a network: NAME.clab.yml, a configuration for each node, and UNKNOWN.txt with
// what could not be known and what each node is not. redact replaces secrets in each; of UNKNOWN.txt in each line by
// itself, which has nothing to do with the one before.
func (n *Network) Files(name string, redact func(file string, text []byte) []byte) ([]File, error) {
	c := clab{Name: name}
	c.Topology.Nodes = map[string]clabNode{}
	var files []File
	ports := map[string]map[string]string{}
	for _, node := range n.Nodes {
		if node.Image == "" {
			continue
		}
		ports[node.Name] = node.Ports
		w := clabNode{Kind: "linux", Image: node.Image, Exec: node.virtualInterfaces(), Labels: map[string]string{Label: strings.ReplaceAll(string(node.Likeness), " ", "-")}}
		if node.Config != "" {
			w.Config = node.Name + ".conf"
			files = append(files, File{w.Config, redact(w.Config, []byte(node.Config))})
			if node.Platform == "keepalived" { // a program on a host, whose own language is the shell's: a scenario puts the file in place
				w.Config = ""
			}
		}
		c.Topology.Nodes[node.Name] = w
	}
	if len(c.Topology.Nodes) == 0 {
		return nil, fmt.Errorf("no device of the files can be a node of a lab: %s", strings.Join(n.Unknown, "; "))
	}
	for _, l := range n.Links {
		a, okA := ports[l.A.Node][l.A.Port]
		b, okB := ports[l.B.Node][l.B.Port]
		if okA && okB {
			c.Topology.Links = append(c.Topology.Links, n.cable(l.A, l.B, [2]string{a, b}))
		}
	}
	data, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write the topology: %w", err)
	}
	files = append([]File{{name + ".clab.yml", redact(name+".clab.yml", data)}}, files...)
	return append(files, File{"UNKNOWN.txt", []byte(n.notes(func(line string) string { return string(redact("UNKNOWN.txt", []byte(line))) }))}), nil
}

// notes is what a person has to know of the lab.
func (n *Network) notes(redact func(line string) string) string {
	var w strings.Builder
	list := func(head string, lines []string) {
		if len(lines) == 0 {
			return
		}
		w.WriteString(redact(head) + "\n")
		for _, line := range lines {
			w.WriteString("  " + redact(line) + "\n")
		}
	}
	list("What two files say against each other:", n.Contradictions)
	list("What could not be known:", n.Unknown)
	for _, node := range n.Nodes {
		list(node.Name+" is "+string(node.Likeness)+". Equal:", node.Equal)
		list(node.Name+" is "+string(node.Likeness)+". Not equal:", node.Differs)
		list(node.Name+": taken out of the configuration:", slices.Compact(slices.Clone(node.TakenOut)))
		var names []string
		for port, lab := range node.Ports {
			if port != lab {
				names = append(names, port+" is "+lab)
			}
		}
		slices.Sort(names)
		list(node.Name+": ports in the lab:", names)
	}
	return w.String()
}
