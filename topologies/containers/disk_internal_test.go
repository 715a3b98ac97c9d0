package containers

import (
	"context"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestDisk: a node that has written more than its share is ended and says so; its neighbour
// runs on. A process that memory ran out for is told of where the bound was the lab's.
func TestDisk(t *testing.T) {
	const image = "reprise/debian:bookworm"
	livetest.Long(t, "a container writes much")
	c, err := engine.Connect(t.Context())
	if err != nil {
		livetest.Missing(t, "a container engine", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := images.New(c, "").Describe(t.Context(), image); err != nil {
		livetest.Missing(t, "an image", err)
	}
	p, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	node := func(name, memory string) topologies.Node {
		return topologies.Node{Name: name, Kind: topologies.KindLinux, Image: image, Memory: memory}
	}
	r, err := p.Reserve(t.Context(), topologies.Topology{Name: "disk", Nodes: []topologies.Node{node("r1", ""), node("r2", ""), node("r3", "64MB")}}, topologies.Options{Run: "test-disk"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Release(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	l, ok := r.(*lab)
	if !ok {
		t.Fatalf("a reservation is a %T", r)
	}
	state := func(name string) topologies.NodeState {
		s, err := l.NodeState(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	l.measure(t.Context())
	if s := state("r1"); !s.Running {
		t.Fatalf("a node that wrote nothing: %+v", s)
	}
	h, err := r.Host("r1")
	if err != nil {
		t.Fatal(err)
	}
	if exit, err := h.Exec(t.Context(), []string{"dd", "if=/dev/zero", "of=/var/big", "bs=1M", "count=8"}, nil, nil, nil); err != nil || exit != 0 {
		t.Fatalf("status %d, %v", exit, err)
	}
	l.nodes["r1"].limits.disk = 4 << 20
	l.measure(t.Context())
	for s := state("r1"); s.Running; s = state("r1") {
		if t.Context().Err() != nil {
			t.Fatal("it runs on")
		}
	}
	if s := state("r1"); !strings.Contains(s.Detail, "may write 4MiB") {
		t.Errorf("got %+v", s)
	}
	if s := state("r2"); !s.Running || s.Detail != "" || s.Limit != "" {
		t.Errorf("its neighbour: %+v", s)
	}
	// Its own 64 MB are what the scenario wants; the same without a word of it are the lab's.
	h, err = r.Host("r3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Exec(t.Context(), []string{"python3", "-c", "b'x' * (200 << 20)"}, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	if s := state("r3"); !s.Running || !s.OOM || s.Limit != "" {
		t.Errorf("the scenario's memory: %+v", s)
	}
	l.nodes["r3"].limits.own = false
	if s := state("r3"); !s.Running || !strings.Contains(s.Limit, "ran out of") {
		t.Errorf("the lab's memory: %+v", s)
	}
}
