package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
)

// What a node of a lab takes, as was measured with two daemons of FRR in it.
const (
	tasksPerNode  = 10
	memoryPerNode = 12_500_000 // bytes
)

// Bounds of what is asked for in the name of a lab: a topology may be anybody's.
const (
	mostNeighbours = 1 << 20
	mostInstances  = 1 << 16
	mostTasks      = 1 << 22 // the kernel's own, on 64 bits (PID_MAX_LIMIT)
)

// limit is a setting of the kernel's that bounds what there is for everybody, with what is taken.
type limit struct {
	name, sysctl string
	take, has    int
	most         int // that it is raised to, whatever a topology says
	of, lost     string
}

// limits reads those that a topology's labs come near. What cannot be read is left out.
func limits(root string, t topologies.Topology, labs int) []limit {
	const (
		table = "entries of the neighbour table, which all namespaces share"
		full  = "addresses of neighbours once the table is full: packets are lost without the scenario's doing"
	)
	nodes, neighbours := labs*len(t.Nodes), labs*neighbours(t)
	var list []limit
	for _, l := range []limit{
		{name: "IPv4 neighbours", sysctl: "net.ipv4.neigh.default.gc_thresh3", take: neighbours, most: mostNeighbours, of: table, lost: full},
		{name: "IPv6 neighbours", sysctl: "net.ipv6.neigh.default.gc_thresh3", take: neighbours, most: mostNeighbours, of: table, lost: full},
		{
			name: "inotify instances", sysctl: "fs.inotify.max_user_instances", take: nodes, most: mostInstances, of: "inotify instances of a user",
			lost: "daemons that watch files, of which each node may have one: they do not start, or miss changes",
		},
		{name: "processes", sysctl: "kernel.pid_max", take: nodes * tasksPerNode, most: mostTasks, of: "numbers of processes", lost: "processes, which do not start"},
		{name: "threads", sysctl: "kernel.threads-max", take: nodes * tasksPerNode, most: mostTasks, of: "threads", lost: "processes, which do not start"},
	} {
		text, err := os.ReadFile(filepath.Join(root, "/proc/sys", strings.ReplaceAll(l.sysctl, ".", "/")))
		if err != nil {
			continue
		}
		if l.has, err = strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			list = append(list, l)
		}
	}
	return list
}

// room is what to set a limit to.
func (l limit) room() int { return min(2*l.take, l.most) }

// Limits compares what labs of a topology take with what the machine has for everybody, whatever
// namespaces they are in. root is the folder that the machine's files are beneath.
func Limits(root string, t topologies.Topology, labs int) []Check {
	var checks []Check
	for _, l := range limits(root, t, labs) {
		checks = append(checks, Check{
			Name: "limit: " + l.name, Optional: true, OK: l.take <= l.has,
			Detail: fmt.Sprintf("%d %s, and the lab takes up to %d (%s)", l.has, l.of, l.take, l.sysctl),
			Lost:   l.lost, Fix: fmt.Sprintf("as root: sysctl -w %s=%d", l.sysctl, l.room()),
		})
	}
	if has, ok := available(filepath.Join(root, "/proc/meminfo")); ok {
		take := labs * len(t.Nodes) * memoryPerNode
		checks = append(checks, Check{
			Name: "limit: memory", Optional: true, OK: take <= has,
			Detail: fmt.Sprintf("%d MB are free, and the lab takes about %d", has/1_000_000, take/1_000_000),
			Lost:   "processes, of which the kernel ends some when memory runs out", Fix: "fewer nodes, fewer labs at once, or more memory",
		})
	}
	return Tidy(checks)
}

// Raised gives, by name, the settings of the kernel's that are too low for labs of a topology, and
// what they should be, within a bound.
func Raised(root string, t topologies.Topology, labs int) map[string]string {
	raised := map[string]string{}
	for _, l := range limits(root, t, labs) {
		if l.take > l.has && l.room() > l.has {
			raised[l.sysctl] = strconv.Itoa(l.room())
		}
	}
	return raised
}

// Short is what of checks is not well, in a line each.
func Short(checks []Check) []string {
	var lines []string
	for _, c := range checks {
		if !c.OK && !c.Unknown {
			lines = append(lines, fmt.Sprintf("%s: %s; without more: lost are %s; to get it: %s", c.Name, c.Detail, c.Lost, c.Fix))
		}
	}
	return lines
}

// available is how much memory the kernel thinks it can give, in bytes.
func available(meminfo string) (int, bool) {
	text, err := os.ReadFile(meminfo)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "MemAvailable:" {
			kilobytes, err := strconv.Atoi(fields[1])
			return kilobytes << 10, err == nil
		}
	}
	return 0, false
}

// neighbours is how many entries the nodes of a topology may have of each other: each interface
// one for every other on its cable or its segment.
func neighbours(t topologies.Topology) int {
	segment := map[string]string{} // of each segment's node: the first of those that it hangs together with
	for _, n := range t.Nodes {
		if n.IsSegment() {
			segment[n.Name] = n.Name
		}
	}
	first := func(name string) string {
		for segment[name] != name {
			name = segment[name]
		}
		return name
	}
	for _, l := range t.Links {
		if segment[l.A.Node] != "" && segment[l.B.Node] != "" {
			segment[first(l.A.Node)] = first(l.B.Node)
		}
	}
	count, members := 0, map[string]int{}
	for _, l := range t.Links {
		a, b := segment[l.A.Node] != "", segment[l.B.Node] != ""
		switch {
		case !a && !b:
			count += 2
		case a && !b:
			members[first(l.A.Node)]++
		case b && !a:
			members[first(l.B.Node)]++
		}
	}
	for _, n := range members {
		count += n * (n - 1)
	}
	return count
}
