package topologies

import (
	"fmt"
	"slices"
	"strings"
)

// LabelRights is the node label that gives a node rights beyond those of every node, by their
// names with commas between them. Scenarios have a key of their own for it: rights.
const LabelRights = "reprise.rights"

// Right is something that a node may not do unless its scenario says so, because with it a
// node of a container lab can reach the machine beneath. A node that is a machine has a
// kernel of its own, and everything.
type Right string

// The rights.
const (
	// RightNamespaces lets a node mount, and make and enter namespaces: ip netns, containers
	// within the node. Root of the node can then become root of the machine.
	RightNamespaces Right = "namespaces"
	// RightBPF lets a node load eBPF programs and attach them: XDP, ip vrf exec. A program
	// can look at everything in the machine's kernel.
	RightBPF Right = "bpf"
)

// Rights lists all there are.
func Rights() []Right { return []Right{RightNamespaces, RightBPF} }

// ParseRights reads the value of LabelRights.
func ParseRights(text string) ([]Right, error) {
	var list []Right
	for word := range strings.SplitSeq(text, ",") {
		r := Right(strings.TrimSpace(word))
		if r == "" {
			continue
		}
		if !slices.Contains(Rights(), r) {
			return nil, fmt.Errorf("there is no right %q: there are %s", r, RightNames())
		}
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list, nil
}

// RightNames lists the names of all rights, for people.
func RightNames() string {
	var names []string
	for _, r := range Rights() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// BaseCapabilities lists the capabilities that every node of a container lab has. One that a
// node asks for beyond them (cap-add) is an exception like a right.
//
// What each is for: files and users as programs of root find them (CHOWN, DAC_OVERRIDE,
// FOWNER, KILL, SETGID, SETUID), rights that a daemon gives up (SETPCAP); ports below 1024
// (NET_BIND_SERVICE); interfaces, routes, filters and packet sockets of the node
// (NET_ADMIN, NET_RAW); a daemon that locks itself up (SYS_CHROOT: lldpd) or its memory down
// (IPC_LOCK: Open vSwitch, keepalived); FRR's daemons, which do not start without it
// (SYS_ADMIN); a look at a process of another user (SYS_PTRACE).
func BaseCapabilities() []string {
	return []string{
		"CHOWN", "DAC_OVERRIDE", "FOWNER", "IPC_LOCK", "KILL", "NET_ADMIN", "NET_BIND_SERVICE", "NET_RAW",
		"SETGID", "SETPCAP", "SETUID", "SYS_ADMIN", "SYS_CHROOT", "SYS_PTRACE",
	}
}

// Exceptions says, in words, what a node asks for that reaches beyond its lab: rights,
// capabilities that not every node has, folders and ports of the machine, its networks. A
// scenario of one's own may have them; plans show them, and a foreign scenario gets none.
func (n Node) Exceptions() []string {
	var list []string
	for _, r := range n.Rights {
		list = append(list, "right "+string(r))
	}
	for _, c := range n.CapAdd {
		if !slices.Contains(BaseCapabilities(), strings.TrimPrefix(strings.ToUpper(c), "CAP_")) {
			list = append(list, "capability "+c)
		}
	}
	for _, b := range n.Binds {
		list = append(list, "folder of this machine "+b)
	}
	for _, p := range n.Ports {
		list = append(list, "port of this machine "+p)
	}
	if n.NetworkMode != "" && n.NetworkMode != "none" {
		list = append(list, "network "+n.NetworkMode)
	}
	return list
}
