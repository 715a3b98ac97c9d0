package containers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// The test binary also plays the program: the wiring helper, and a process that owns
// a lab until it is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "__wire":
			if err := containers.ServeWiring(os.Stdin, os.Stdout); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		case "__own":
			os.Exit(ownLab())
		}
	}
	os.Exit(m.Run())
}

// ownLab reserves a pair, says so, and waits to be killed or for its input to end.
func ownLab() int {
	var o topologies.Options
	if err := json.Unmarshal([]byte(os.Args[2]), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p, err := containers.New(containers.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx := context.Background()
	r, err := p.Reserve(ctx, pair("eth1", "eth1"), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	h, err := r.Host("r1")
	if err == nil {
		err = ping(ctx, h, "10.0.0.2")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("ready", r.ID())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := r.Release(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// image is what the nodes of the tests run.
const image = "reprise/debian:bookworm"

// setup gives a provider and the engine, or skips the test where there is none.
func setup(tb testing.TB) (*containers.Provider, *client.Client) {
	tb.Helper()
	c, err := engine.Connect(tb.Context())
	if err != nil {
		livetest.Missing(tb, "a container engine", err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	if _, err := images.New(c, "").Describe(tb.Context(), image); err != nil {
		livetest.Missing(tb, "an image", err)
	}
	if os.Geteuid() != 0 {
		livetest.Missing(tb, "root to wire in this process", nil)
	}
	p, err := containers.New(containers.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = p.Close() })
	return p, c
}

// reserve builds a lab and releases it when the test ends.
func reserve(tb testing.TB, p *containers.Provider, t topologies.Topology, o topologies.Options) topologies.Reservation {
	tb.Helper()
	r, err := p.Reserve(tb.Context(), t, o)
	if r != nil {
		tb.Cleanup(func() {
			if err := r.Release(context.WithoutCancel(tb.Context())); err != nil {
				tb.Error(err)
			}
		})
	}
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func nodes(names ...string) []topologies.Node {
	var list []topologies.Node
	for _, n := range names {
		list = append(list, topologies.Node{Name: n, Kind: topologies.KindLinux, Image: image})
	}
	return list
}

// pair is two nodes with addresses and a cable.
func pair(a, b string) topologies.Topology {
	return topologies.Topology{Name: "pair", Nodes: nodes("r1", "r2"), Links: []topologies.Link{{
		A: topologies.Endpoint{Node: "r1", Interface: a, IPv4: "10.0.0.1/24", IPv6: "2001:db8::1/64"},
		B: topologies.Endpoint{Node: "r2", Interface: b, IPv4: "10.0.0.2/24", IPv6: "2001:db8::2/64"},
	}}}
}

// ring is n nodes in a circle.
func ring(n int) topologies.Topology {
	t := topologies.Topology{Name: fmt.Sprintf("ring%d", n)}
	for i := range n {
		t.Nodes = append(t.Nodes, nodes(fmt.Sprintf("n%d", i+1))...)
		t.Links = append(t.Links, topologies.Link{
			A: topologies.Endpoint{Node: fmt.Sprintf("n%d", i+1), Interface: "right", IPv4: fmt.Sprintf("10.0.%d.1/24", i)},
			B: topologies.Endpoint{Node: fmt.Sprintf("n%d", (i+1)%n+1), Interface: "left", IPv4: fmt.Sprintf("10.0.%d.2/24", i)},
		})
	}
	return t
}

func host(tb testing.TB, r topologies.Reservation, node string) topologies.Host {
	tb.Helper()
	h, err := r.Host(node)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// run runs a command that must succeed and returns its output.
func run(tb testing.TB, h topologies.Host, argv ...string) string {
	tb.Helper()
	var out, errOut bytes.Buffer
	exit, err := h.Exec(tb.Context(), argv, nil, &out, &errOut)
	if err != nil || exit != 0 {
		tb.Fatalf("%v: exit %d, %v\n%s%s", argv, exit, err, out.String(), errOut.String())
	}
	return strings.TrimSpace(out.String())
}

// ping sends until one echo comes back; neighbour discovery may take the first.
func ping(ctx context.Context, h topologies.Host, args ...string) error {
	var out bytes.Buffer
	argv := append([]string{"ping", "-n", "-c", "1", "-w", "10", "-i", "0.05"}, args...)
	exit, err := h.Exec(ctx, argv, nil, &out, &out)
	if err == nil && exit != 0 {
		err = errors.New(out.String())
	}
	return err
}

// eventually waits for a condition.
func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			tb.Fatal("never came true: ", what)
		}
	}
}

// leftovers lists the containers of a run.
func leftovers(tb testing.TB, c client.APIClient, run string) []string {
	tb.Helper()
	found, err := c.ContainerList(context.WithoutCancel(tb.Context()), client.ContainerListOptions{
		All:     true,
		Filters: make(client.Filters).Add("label", containers.LabelRun+"="+run),
	})
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for _, i := range found.Items {
		names = append(names, i.Names...)
	}
	return names
}
