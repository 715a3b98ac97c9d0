package containers_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
)

func TestMissing(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	top := pair("eth1", "eth1")
	top.Nodes[1].Image = "vendor/switch:1.2"
	_, err := p.Reserve(t.Context(), top, topologies.Options{Run: "test-missing"})
	var missing *topologies.MissingError
	if !errors.As(err, &missing) || missing.What != "image" || !strings.Contains(missing.Hint, "docker load") {
		t.Errorf("got %v", err)
	}
	if left := leftovers(t, c, "test-missing"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestCancelledReserve(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// Cancelled as soon as the first container exists, while others are being made.
	go func() {
		for ctx.Err() == nil {
			if found, err := c.ContainerList(ctx, client.ContainerListOptions{
				All:     true,
				Filters: make(client.Filters).Add("label", "org.reprise.run=test-cancel"),
			}); err == nil && len(found.Items) > 0 {
				cancel()
			}
		}
	}()
	r, err := p.Reserve(ctx, ring(6), topologies.Options{Run: "test-cancel"})
	if !errors.Is(err, context.Canceled) || r != nil {
		t.Errorf("got %v, %v", r, err)
	}
	if left := leftovers(t, c, "test-cancel"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestBadTopology(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	tests := []struct {
		name, want string
		change     func(*topologies.Topology)
	}{
		{"long name", "longer than 15", func(x *topologies.Topology) { x.Links[0].A.Interface = "sixteen-letters-" }},
		{"slash", "slash", func(x *topologies.Topology) { x.Links[0].A.Interface = "1/1" }},
		{"twice", "two links end at", func(x *topologies.Topology) { x.Links = append(x.Links, x.Links[0]) }},
		{"memory", "memory", func(x *topologies.Topology) { x.Nodes[0].Memory = "much" }},
		{"host network", "another's network", func(x *topologies.Topology) { x.Nodes[0].NetworkMode = "host" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := pair("eth1", "eth1")
			tt.change(&top)
			if err := p.Check(t.Context(), top); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %q", err, tt.want)
			}
		})
	}
}

// A node that dies is told apart from one that does not answer.
func TestNodeStateOfDeadNode(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	r := reserve(t, p, topologies.Topology{Name: "one", Nodes: nodes("r1")}, topologies.Options{Run: "test-dead"})
	if _, err := c.ContainerKill(t.Context(), "reprise-test-dead-1-r1", client.ContainerKillOptions{Signal: "SIGKILL"}); err != nil {
		t.Fatal(err)
	}
	waited := c.ContainerWait(t.Context(), "reprise-test-dead-1-r1", client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case <-waited.Result:
	case err := <-waited.Error:
		t.Fatal(err)
	}
	st, err := r.(topologies.NodeWatcher).NodeState(t.Context(), "r1")
	if err != nil || st.Running || st.Exit != 137 {
		t.Errorf("got %+v, %v", st, err)
	}
}
