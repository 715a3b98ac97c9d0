package topologiestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// Ability finds what a lab can do beyond what every one can. A test of an ability that a lab
// lacks is skipped: no provider has to have it.
func Ability[T any](tb testing.TB, r topologies.Reservation) T {
	tb.Helper()
	v, ok := topologies.As[T](r)
	if !ok {
		tb.Skipf("this lab lacks the ability %T", (*T)(nil)) //nolint:forbidigo // which it may
	}
	return v
}

// Nodes gives devices of the subject's image.
func (s Subject) Nodes(names ...string) []topologies.Node {
	var list []topologies.Node
	for _, n := range names {
		list = append(list, topologies.Node{Name: n, Kind: topologies.KindLinux, Image: s.Image})
	}
	return list
}

// Pair is two nodes with addresses and a cable.
func (s Subject) Pair(a, b string) topologies.Topology {
	return topologies.Topology{Name: "pair", Nodes: s.Nodes("r1", "r2"), Links: []topologies.Link{{
		A: topologies.Endpoint{Node: "r1", Interface: a, IPv4: "10.0.0.1/24", IPv6: "2001:db8::1/64"},
		B: topologies.Endpoint{Node: "r2", Interface: b, IPv4: "10.0.0.2/24", IPv6: "2001:db8::2/64"},
	}}}
}

// Ring is n nodes in a circle.
func (s Subject) Ring(n int) topologies.Topology {
	t := topologies.Topology{Name: fmt.Sprintf("ring%d", n)}
	for i := range n {
		t.Nodes = append(t.Nodes, s.Nodes(fmt.Sprintf("n%d", i+1))...)
		t.Links = append(t.Links, topologies.Link{
			A: topologies.Endpoint{Node: fmt.Sprintf("n%d", i+1), Interface: "right", IPv4: fmt.Sprintf("10.%d.%d.1/24", i/256, i%256)},
			B: topologies.Endpoint{Node: fmt.Sprintf("n%d", (i+1)%n+1), Interface: "left", IPv4: fmt.Sprintf("10.%d.%d.2/24", i/256, i%256)},
		})
	}
	return t
}

// Host gives the shell of a node.
func Host(tb testing.TB, r topologies.Reservation, node string) topologies.Host {
	tb.Helper()
	h, err := r.Host(node)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// Run runs a command that must succeed and returns its output.
func Run(tb testing.TB, h topologies.Host, argv ...string) string {
	tb.Helper()
	var out, errOut bytes.Buffer
	exit, err := h.Exec(tb.Context(), argv, nil, &out, &errOut)
	if err != nil || exit != 0 {
		tb.Fatalf("%v: exit %d, %v\n%s%s", argv, exit, err, out.String(), errOut.String())
	}
	return strings.TrimSpace(out.String())
}

// Ping sends until one echo comes back; neighbour discovery may take the first.
func Ping(ctx context.Context, h topologies.Host, args ...string) error {
	var out bytes.Buffer
	argv := append([]string{"ping", "-n", "-c", "1", "-w", "10", "-i", "0.05"}, args...)
	exit, err := h.Exec(ctx, argv, nil, &out, &out)
	if err == nil && exit != 0 {
		err = errors.New(out.String())
	}
	return err
}

// Eventually waits for a condition.
func Eventually(tb testing.TB, what string, ok func() bool) {
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

// RunName is the name of a run that no other test has, nor another test program: they are run side by
// side, and what is there of one's labs must not be taken for what another's left.
func RunName(tb testing.TB, name string) string {
	tb.Helper()
	h := fnv.New32a()
	_, _ = h.Write([]byte(tb.Name())) // never fails (hash.Hash)
	return fmt.Sprintf("test-%s-%d-%08x", name, os.Getpid(), h.Sum32())
}

// Reserve builds a lab and releases it when the test ends.
func Reserve(tb testing.TB, p topologies.Provider, t topologies.Topology, o topologies.Options) topologies.Reservation {
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

// Lacks tells what of this machine keeps a provider from making a node of an image, which its
// kernel and their settings decide; nil is nothing. An image that is not there can be had: see
// livetest.Missing.
func Lacks(tb testing.TB, p topologies.Provider, image string) *topologies.MissingError {
	tb.Helper()
	err := p.Check(tb.Context(), topologies.Topology{Name: "x", Nodes: []topologies.Node{{Name: "r1", Kind: topologies.KindLinux, Image: image}}})
	missing, lacks := errors.AsType[*topologies.MissingError](err)
	switch {
	case lacks && missing.What == "image":
		livetest.Missing(tb, "an image", missing)
	case !lacks && err != nil:
		tb.Fatal(err)
	}
	return missing
}
