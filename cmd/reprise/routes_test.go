package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

// manyRoutes is how many are announced and learned.
const manyRoutes = 100_000

// BenchmarkRoutes is the time from the order to announce 100,000 routes to a neighbour that is up until
// they are learned: from a tester by BIRD, and from BIRD by a tester, each as a multiple of BIRD's by BIRD.
// The figures promise at most 1.2.
func BenchmarkRoutes(b *testing.B) {
	lab := routesLab(b)
	var bird, sent, learned time.Duration
	for b.Loop() {
		bird += lab.announced(b, "b1", "enable st", "b2")
		sent += lab.announced(b, "t1", fmt.Sprintf("announce {from: 20.0.0.0/24, count: %d}", manyRoutes), "b3")
		learned += lab.announced(b, "b4", "enable st", "t2")
		lab.withdrawn(b, "b1", "disable st", "b2")
		lab.withdrawn(b, "t1", "withdraw all", "b3")
		lab.withdrawn(b, "b4", "disable st", "t2")
	}
	b.ReportMetric(bird.Seconds()*1000/float64(b.N), "ms/bird-bird")
	b.ReportMetric(sent.Seconds()*1000/float64(b.N), "ms/tester-bird")
	b.ReportMetric(learned.Seconds()*1000/float64(b.N), "ms/bird-tester")
	b.ReportMetric(float64(sent)/float64(bird), "tester-bird/bird-bird")
	b.ReportMetric(float64(learned)/float64(bird), "bird-tester/bird-bird")
}

// routed is a lab of pairs of speakers.
type routed map[string]drivers.Driver

// routesLab is b1 and b2, t1 and b3, b4 and t2, whose sessions are up without a route.
func routesLab(b *testing.B) routed {
	b.Helper()
	if !haveSpaces(b) {
		b.Skip("the kernel has no namespaces for labs") //nolint:forbidigo // nothing that is installed changes that
	}
	provider, err := namespaces.New(namespaces.Options{})
	if err != nil {
		b.Fatal(err)
	}
	pairs := [][2]string{{"b1", "b2"}, {"t1", "b3"}, {"b4", "t2"}}
	top := topologies.Topology{Name: "routes"}
	for _, p := range pairs {
		for _, name := range p {
			top.Nodes = append(top.Nodes, topologies.Node{Name: name, Kind: "linux", Image: "reprise/bird:2.17.6"})
		}
		top.Links = append(top.Links, topologies.Link{A: topologies.Endpoint{Node: p[0], Interface: "eth1"}, B: topologies.Endpoint{Node: p[1], Interface: "eth1"}})
	}
	res, err := provider.Reserve(b.Context(), top, topologies.Options{Run: "bench-routes", Lab: 1})
	if res != nil {
		b.Cleanup(func() { _ = res.Release(context.Background()) })
	}
	if err != nil {
		b.Fatal(err)
	}
	reg, err := cli.Registry()
	if err != nil {
		b.Fatal(err)
	}
	lab := routed{}
	for _, p := range pairs {
		for i, name := range p {
			host, err := res.Host(name)
			if err != nil {
				b.Fatal(err)
			}
			lab[name] = bootSpeaker(b, reg, host, name, 1+i)
		}
	}
	for _, p := range pairs {
		for _, name := range p {
			lab.until(b, name, 0)
		}
	}
	return lab
}

// bootSpeaker starts BIRD, or a tester where the name begins so. Those that announce are first in their pairs.
func bootSpeaker(b *testing.B, reg *drivers.Registry, host topologies.Host, name string, place int) drivers.Driver {
	b.Helper()
	own, other := fmt.Sprintf("10.0.0.%d", place), fmt.Sprintf("10.0.0.%d", 3-place)
	if exit, err := host.Exec(b.Context(), []string{"sh", "-c", "ip addr add " + own + "/24 dev eth1 && ip link set eth1 up"}, nil, nil, nil); err != nil || exit != 0 {
		b.Fatal(exit, err)
	}
	platform, config := "tester", fmt.Sprintf("bgp: {as: %d, router-id: %s, neighbors: {%s: {as: %d}}}", 65000+place, own, other, 65003-place)
	if strings.HasPrefix(name, "b") {
		var text strings.Builder
		fmt.Fprintf(&text, "router id %s;\nprotocol device {}\nprotocol bgp t { local %s as %d; neighbor %s as %d; ipv4 { import all; export where source = RTS_STATIC; }; }\n", own, own, 65000+place, other, 65003-place)
		if place == 1 {
			text.WriteString("protocol static st { disabled; ipv4;\n")
			for i := range manyRoutes {
				fmt.Fprintf(&text, "route %d.%d.%d.0/24 blackhole;\n", 20+i>>16, i>>8&255, i&255)
			}
			text.WriteString("}\n")
		}
		platform, config = "bird", text.String()
	}
	d, err := reg.Open(b.Context(), platform, drivers.Target{Node: name, Host: host, Config: []byte(config)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close(context.Background()) })
	booter, ok := drivers.As[drivers.Booter](d)
	if !ok {
		b.Fatalf("%s does not boot", name)
	}
	if err := booter.Boot(b.Context()); err != nil {
		b.Fatal(err)
	}
	return d
}

func (l routed) run(b *testing.B, node, line string) string {
	b.Helper()
	x, err := l[node].Run(b.Context(), drivers.Command{Line: line})
	if err != nil || x.Rejected != "" {
		b.Fatalf("%s: %s: %+v, %v", node, line, x, err)
	}
	return x.Output
}

// imported finds how many routes BIRD has of the session.
var imported = regexp.MustCompile(`(?s)Established.*Routes: +(\d+) imported`)

// has is how many routes a node has learned; -1 while its session is not up.
func (l routed) has(b *testing.B, node string) int {
	b.Helper()
	if strings.HasPrefix(node, "b") {
		m := imported.FindStringSubmatch(l.run(b, node, "show protocols all t"))
		if m == nil {
			return -1
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	var answer struct {
		Neighbors map[string]struct {
			State    string
			Received int
		}
	}
	if err := json.Unmarshal([]byte(l.run(b, node, "show neighbors")), &answer); err != nil {
		b.Fatal(err)
	}
	for _, n := range answer.Neighbors {
		if n.State == "established" {
			return n.Received
		}
	}
	return -1
}

// until waits until a node has learned so many routes.
func (l routed) until(b *testing.B, node string, want int) {
	b.Helper()
	begin := time.Now()
	for got := l.has(b, node); got != want; got = l.has(b, node) {
		if time.Since(begin) > patience {
			b.Fatalf("%s has %d routes, and not %d", node, got, want)
		}
		<-time.After(2 * time.Millisecond)
	}
}

func (l routed) announced(b *testing.B, from, line, to string) time.Duration {
	b.Helper()
	begin := time.Now()
	l.run(b, from, line)
	l.until(b, to, manyRoutes)
	return time.Since(begin)
}

func (l routed) withdrawn(b *testing.B, from, line, to string) {
	b.Helper()
	l.run(b, from, line)
	l.until(b, to, 0)
}
