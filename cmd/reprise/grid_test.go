package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/frr"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

// gridEnv is the environment variable that says how large the grid of BenchmarkGrid is:
// ROWSxCOLUMNS.
const gridEnv = "REPRISE_GRID"

// BenchmarkGrid builds a grid of routers, each with FRR's zebra and ospfd, waits until its corners
// have a route to every router, cuts a cable, waits until traffic goes round, and takes the grid
// down.
func BenchmarkGrid(b *testing.B) {
	needSpaces(b)
	var rows, columns int
	size := cmp.Or(os.Getenv(gridEnv), "15x20")
	if _, err := fmt.Sscanf(size, "%dx%d", &rows, &columns); err != nil || rows < 2 || columns < 2 {
		b.Fatalf("%s=%s: want ROWSxCOLUMNS, each 2 or more", gridEnv, size)
	}
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		b.Fatal(err)
	}
	took := map[string]time.Duration{}
	var memory int64
	for b.Loop() {
		g := newGrid(rows, columns)
		lap := stopwatch(took)
		r, err := p.Reserve(b.Context(), g.topology, topologies.Options{Run: "bench-grid"})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = r.Release(context.WithoutCancel(b.Context())) }) // where it was not
		lap("up")
		routers := g.boot(b, r)
		lap("answering")
		for _, corner := range []string{g.name(0, 0), g.name(rows-1, columns-1)} {
			g.await(b, routers[corner], "show ip route ospf json", func(routes map[string][]route) bool { return len(routes) >= rows*columns-1 })
		}
		lap("converged")
		memory = max(memory, anonymous(b, "/usr/lib/frr/"))
		lap("") // which counts for nothing
		cut := topologies.Endpoint{Node: g.name(0, 0), Interface: "eth1"}
		active, err := r.(topologies.Faulter).Inject(b.Context(), topologies.Fault{Kind: topologies.FaultDown, Endpoint: cut})
		if err != nil {
			b.Fatal(err)
		}
		g.await(b, routers[cut.Node], "show ip route ospf json", func(routes map[string][]route) bool { return via(routes[g.loopback(0, 1)], "eth2") })
		lap("cut")
		if err := active.Heal(b.Context()); err != nil {
			b.Fatal(err)
		}
		g.await(b, routers[cut.Node], "show ip route ospf json", func(routes map[string][]route) bool { return via(routes[g.loopback(0, 1)], "eth1") })
		lap("healed")
		if err := r.Release(b.Context()); err != nil {
			b.Fatal(err)
		}
		lap("down")
	}
	for _, phase := range []string{"up", "answering", "converged", "cut", "healed", "down"} {
		b.ReportMetric(took[phase].Seconds()/float64(b.N), "s/"+phase)
	}
	b.ReportMetric(float64(memory)/float64(rows*columns)/1e6, "MB/router")
}

// stopwatch gives what adds the time since its last call to that of a phase.
func stopwatch(took map[string]time.Duration) func(phase string) {
	last := time.Now()
	return func(phase string) {
		took[phase] += time.Since(last)
		last = time.Now()
	}
}

// route is what FRR says of one, as far as it is looked at.
type route struct {
	Selected bool `json:"selected"`
	NextHops []struct {
		Interface string `json:"interfaceName"`
	} `json:"nexthops"`
}

func via(routes []route, iface string) bool {
	for _, r := range routes {
		if r.Selected && len(r.NextHops) > 0 && r.NextHops[0].Interface == iface {
			return true
		}
	}
	return false
}

// grid is routers in rows and columns, each with a cable to the next of both.
type grid struct {
	topology topologies.Topology
	columns  int
	configs  map[string]*strings.Builder
}

func (g *grid) name(row, column int) string { return fmt.Sprintf("r%d", row*g.columns+column+1) }

// loopback is the address of a router, and its number.
func (g *grid) loopback(row, column int) string {
	n := row*g.columns + column + 1
	return fmt.Sprintf("192.168.%d.%d/32", n/256, n%256)
}

func newGrid(rows, columns int) *grid {
	g := &grid{columns: columns, configs: map[string]*strings.Builder{}, topology: topologies.Topology{Name: "grid"}}
	for row := range rows {
		for column := range columns {
			name, loopback := g.name(row, column), g.loopback(row, column)
			g.topology.Nodes = append(g.topology.Nodes, topologies.Node{Name: name, Kind: topologies.KindLinux, Image: "reprise/frr:8.4.4"})
			g.configs[name] = &strings.Builder{}
			fmt.Fprintf(g.configs[name], "router ospf\n ospf router-id %s\ninterface lo\n ip address %s\n ip ospf area 0\n", strings.TrimSuffix(loopback, "/32"), loopback)
		}
	}
	for row := range rows {
		for column := range columns {
			if column+1 < columns {
				g.cable(g.name(row, column), g.name(row, column+1))
			}
			if row+1 < rows {
				g.cable(g.name(row, column), g.name(row+1, column))
			}
		}
	}
	return g
}

// cable lays one, with a network of its own, between the next interfaces of two routers.
func (g *grid) cable(a, b string) {
	n := len(g.topology.Links)
	link := topologies.Link{}
	for i, end := range []struct {
		router string
		at     *topologies.Endpoint
	}{{a, &link.A}, {b, &link.B}} {
		iface := fmt.Sprintf("eth%d", strings.Count(g.configs[end.router].String(), "interface eth")+1)
		*end.at = topologies.Endpoint{Node: end.router, Interface: iface}
		fmt.Fprintf(g.configs[end.router], "interface %s\n ip address 10.%d.%d.%d/30\n ip ospf area 0\n ip ospf network point-to-point\n", iface, n>>14, n>>6&255, n<<2&255+i+1)
	}
	g.topology.Links = append(g.topology.Links, link)
}

// boot starts the daemons of every router, on eight a processor at once.
func (g *grid) boot(tb testing.TB, r topologies.Reservation) map[string]drivers.Driver {
	tb.Helper()
	routers := make([]drivers.Driver, len(g.topology.Nodes))
	var group errgroup.Group
	group.SetLimit(8 * runtime.NumCPU())
	for i, n := range g.topology.Nodes {
		group.Go(func() error {
			host, err := r.Host(n.Name)
			if err != nil {
				return err
			}
			routers[i], err = frr.Factory{}.Open(tb.Context(), drivers.Target{
				Node: n.Name, Host: host, Config: []byte(g.configs[n.Name].String()), Services: []drivers.Service{{Name: "zebra"}, {Name: "ospfd"}},
			})
			if err != nil {
				return err
			}
			return routers[i].(drivers.Booter).Boot(tb.Context())
		})
	}
	if err := group.Wait(); err != nil {
		tb.Fatal(err)
	}
	named := map[string]drivers.Driver{}
	for i, n := range g.topology.Nodes {
		named[n.Name] = routers[i]
	}
	return named
}

// await asks a router until its routes are as wanted.
func (g *grid) await(tb testing.TB, d drivers.Driver, command string, ok func(map[string][]route) bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Minute)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		x, err := d.Run(ctx, drivers.Command{Line: command, Timeout: time.Minute})
		if err != nil {
			tb.Fatal(err)
		}
		var routes map[string][]route
		if json.Unmarshal([]byte(x.Output), &routes) == nil && ok(routes) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tb.Fatalf("%s: it has %d routes: %v", command, len(routes), ctx.Err())
		}
	}
}

// anonymous is how many bytes of memory the processes of programs below a folder have for
// themselves.
func anonymous(b *testing.B, below string) int64 {
	b.Helper()
	list, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		b.Fatal(err)
	}
	var sum int64
	for _, dir := range list {
		name, _ := os.Readlink(dir + "/exe") // empty of one that has ended
		if !strings.HasPrefix(name, below) {
			continue
		}
		text, _ := os.ReadFile(dir + "/smaps_rollup")
		for line := range strings.Lines(string(text)) {
			var kB int64
			if n, _ := fmt.Sscanf(line, "Pss_Anon: %d kB", &kB); n == 1 {
				sum += kB << 10
			}
		}
	}
	return sum
}
