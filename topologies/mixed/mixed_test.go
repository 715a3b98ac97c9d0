package mixed_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/mixed"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// The test binary also plays the program: the supervisor of a lab, the helper that wires, and the
// work on the store of images.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case namespaces.Verb:
			os.Exit(namespaces.Serve(os.Args[2:]))
		case store.Verb:
			os.Exit(store.Serve(os.Args[2:]))
		case "__wire":
			if err := containers.ServeWiring(os.Stdin, os.Stdout); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

const image = "reprise/debian:bookworm"

// inTurn builds nodes in turn of namespaces and of containers.
type inTurn struct{ *mixed.Provider }

func turned(t topologies.Topology) topologies.Topology {
	t = t.Clone()
	for i := range t.Nodes {
		t.Nodes[i].Runtime = []topologies.Runtime{topologies.RuntimeNamespaces, topologies.RuntimeContainers}[i%2]
	}
	return t
}

func (p inTurn) Check(ctx context.Context, t topologies.Topology) error {
	return p.Provider.Check(ctx, turned(t))
}

func (p inTurn) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	return p.Provider.Reserve(ctx, turned(t), o)
}

// open gives a provider whose containers are wired as the options say, or skips the test where
// this machine cannot have it.
func open(tb testing.TB, o containers.Options) topologies.Provider {
	tb.Helper()
	livetest.Long(tb, "labs of containers and namespaces")
	c := connect(tb)
	if _, err := images.New(c, "").Describe(tb.Context(), image); err != nil {
		livetest.Missing(tb, "an image", err)
	}
	spaces, err := namespaces.New(namespaces.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	if missing := topologiestest.Lacks(tb, spaces, image); missing != nil {
		tb.Skip(missing) //nolint:forbidigo // the kernel and its settings decide
	}
	boxes, err := containers.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	p := mixed.New(boxes, spaces)
	tb.Cleanup(func() { _ = p.Close() })
	return inTurn{p}
}

func connect(tb testing.TB) *client.Client {
	tb.Helper()
	c, err := engine.Connect(tb.Context())
	if err != nil {
		livetest.Missing(tb, "a container engine", err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

// left lists the containers and supervisors of a run.
func left(tb testing.TB, run string) []string {
	tb.Helper()
	found, err := connect(tb).ContainerList(context.WithoutCancel(tb.Context()), client.ContainerListOptions{
		All: true, Filters: make(client.Filters).Add("label", containers.LabelRun+"="+run),
	})
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for _, i := range found.Items {
		names = append(names, i.Names...)
	}
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(line), namespaces.Verb) && strings.Contains(string(line), fmt.Sprintf(`"run":%q`, run)) {
			names = append(names, f)
		}
	}
	return names
}

func subject(o containers.Options) topologiestest.Subject {
	return topologiestest.Subject{
		Image: image, Init: "init", Left: left,
		Open: func(tb testing.TB) topologies.Provider {
			tb.Helper()
			return open(tb, o)
		},
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	subject(containers.Options{}).Suite(t)
}

// A helper with root's rights wires both kinds for who has none: the cables of a lab carry.
func TestHelper(t *testing.T) {
	t.Parallel()
	s := subject(containers.Options{Helper: true})
	p := s.Open(t)
	r := topologiestest.Reserve(t, p, s.Ring(4), topologies.Options{Run: "test-mixed-helper"})
	for _, node := range []string{"n1", "n2"} {
		if err := topologies.NodeRestarter.RestartNode(topologiestest.Ability[topologies.NodeRestarter](t, r), t.Context(), node); err != nil {
			t.Fatal(err)
		}
	}
	for i, node := range []string{"n1", "n2", "n3", "n4"} {
		if err := topologiestest.Ping(t.Context(), topologiestest.Host(t, r, node), fmt.Sprintf("10.0.%d.2", i)); err != nil {
			t.Errorf("%s: %v", node, err)
		}
	}
}
