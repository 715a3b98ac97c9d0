package spread_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/faketime"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/spread"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// The test binary also plays the program: the supervisor of a lab, the work on the store of images, and an
// agent.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case namespaces.Verb:
			os.Exit(namespaces.Serve(os.Args[2:]))
		case store.Verb:
			os.Exit(store.Serve(os.Args[2:]))
		case verbAgent:
			os.Exit(serveAgent(os.Args[2]))
		case verbOwner:
			os.Exit(ownLab(os.Args[2], os.Args[3:]))
		}
	}
	os.Exit(m.Run())
}

const image = "reprise/debian:bookworm"

// builder builds nodes here, or the test is skipped where this machine cannot.
func builder(tb testing.TB) *namespaces.Provider {
	tb.Helper()
	livetest.Long(tb, "labs of namespaces")
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	if missing := topologiestest.Lacks(tb, p, image); missing != nil {
		tb.Skip(missing) //nolint:forbidigo // the kernel and its settings decide
	}
	return p
}

// agent is a host on this machine that is reached over TCP.
type agent struct {
	tb       testing.TB
	builder  spread.Builder
	listener net.Listener
	served   sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn // that were accepted
}

func newAgent(tb testing.TB, b spread.Builder) *agent {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	a := &agent{tb: tb, builder: b, listener: l}
	a.served.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			a.mu.Lock()
			a.conns = append(a.conns, conn)
			a.mu.Unlock()
			a.served.Go(func() {
				if err := spread.Serve(context.WithoutCancel(tb.Context()), conn, b); err != nil {
					tb.Errorf("agent: %v", err)
				}
			})
		}
	})
	tb.Cleanup(func() {
		_ = l.Close() // nothing waits for it
		a.served.Wait()
	})
	return a
}

// host is the agent's.
func (a *agent) host(name string) spread.Host {
	return spread.Host{Name: name, Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", a.listener.Addr().String())
	}}
}

// inTurn places nodes in turn on hosts.
type inTurn struct {
	*spread.Provider
	hosts []string
}

func (p inTurn) turned(t topologies.Topology) topologies.Topology {
	t = t.Clone()
	for i := range t.Nodes {
		t.Nodes[i].Placement = p.hosts[i%len(p.hosts)]
	}
	return t
}

func (p inTurn) Check(ctx context.Context, t topologies.Topology) error {
	return p.Provider.Check(ctx, p.turned(t))
}

func (p inTurn) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	return p.Provider.Reserve(ctx, p.turned(t), o)
}

// open gives a provider of this host and another, with nodes in turn on those that are named.
func open(tb testing.TB, hosts ...string) topologies.Provider {
	tb.Helper()
	b := builder(tb)
	p, err := spread.New([]spread.Host{{Name: "here"}, newAgent(tb, b).host("there")}, b)
	if err != nil {
		tb.Fatal(err)
	}
	return inTurn{p, hosts}
}

// left lists the processes of a run's labs.
func left(tb testing.TB, run string) []string {
	tb.Helper()
	var list []string
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(line), namespaces.Verb) && strings.Contains(string(line), fmt.Sprintf(`"run":%q`, run)) {
			list = append(list, f)
		}
	}
	return list
}

func subject(hosts ...string) topologiestest.Subject {
	return topologiestest.Subject{Image: image, Init: "init", Left: left, OutOfReach: len(hosts) > 1, NoEntry: slices.Index(hosts, "there") == 0, ClockOff: faketime.Tolerance, NoTraffic: len(hosts) > 1, Open: func(tb testing.TB) topologies.Provider {
		tb.Helper()
		return open(tb, hosts...)
	}}
}

// Labs on two hosts, the other one first too, and on another one alone keep the contract.
func TestSuite(t *testing.T) {
	t.Parallel()
	for _, hosts := range [][]string{{"here", "there"}, {"there", "here"}, {"there"}} {
		t.Run(strings.Join(hosts, " and "), func(t *testing.T) {
			t.Parallel()
			subject(hosts...).Suite(t)
		})
	}
}
