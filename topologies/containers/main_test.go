package containers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"

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
	livetest.Long(tb, "a lab of containers")
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
