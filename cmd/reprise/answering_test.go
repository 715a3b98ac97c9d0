package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/frr"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

// BenchmarkAnswering starts zebra and ospfd in a lab of nodes of namespaces until they answer, and
// compares that, with the making of the lab, with a lab in which one shell of each node starts the two
// and waits for their sockets.
func BenchmarkAnswering(b *testing.B) {
	for _, n := range []int{20, 300} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var took, bare time.Duration
			for b.Loop() {
				bare += answering(b, n, bareDaemons)
				took += answering(b, n, bootDaemons)
			}
			b.ReportMetric(took.Seconds()/float64(b.N), "s/answering")
			b.ReportMetric(took.Seconds()/bare.Seconds(), "answering/bare")
		})
	}
}

// answering is how long it takes until a lab of n nodes is made and their daemons answer.
func answering(b *testing.B, n int, start func(context.Context, string, topologies.Host) error) time.Duration {
	b.Helper()
	needSpaces(b)
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		b.Fatal(err)
	}
	topology := topologies.Topology{Name: "answering"}
	for i := range n {
		topology.Nodes = append(topology.Nodes, topologies.Node{Name: fmt.Sprintf("r%d", i+1), Kind: topologies.KindLinux, Image: "reprise/frr:8.4.4"})
	}
	began := time.Now()
	r, err := p.Reserve(b.Context(), topology, topologies.Options{Run: "bench-answering"})
	if err != nil {
		b.Fatal(err)
	}
	var group errgroup.Group
	group.SetLimit(8 * runtime.NumCPU())
	for _, node := range topology.Nodes {
		group.Go(func() error {
			host, err := r.Host(node.Name)
			if err != nil {
				return err
			}
			return start(b.Context(), node.Name, host)
		})
	}
	err = group.Wait()
	took := time.Since(began)
	if err := errors.Join(err, r.Release(context.WithoutCancel(b.Context()))); err != nil {
		b.Fatal(err)
	}
	return took
}

func bareDaemons(ctx context.Context, _ string, host topologies.Host) error {
	x, err := host.Exec(ctx, []string{"sh", "-c", `mkdir -p /run/frr && chown frr:frr /run/frr && /usr/lib/frr/zebra -d -A 127.0.0.1 && /usr/lib/frr/ospfd -d -A 127.0.0.1 &&
until [ -S /run/frr/zebra.vty ] && [ -S /run/frr/ospfd.vty ]; do sleep 0.01; done`}, nil, io.Discard, io.Discard)
	if err == nil && x != 0 {
		err = fmt.Errorf("exit status %d", x)
	}
	return err
}

func bootDaemons(ctx context.Context, name string, host topologies.Host) error {
	d, err := frr.Factory{}.Open(ctx, drivers.Target{
		Node: name, Host: host, Services: []drivers.Service{{Name: "zebra"}, {Name: "ospfd"}}, NoReset: true, NoRestart: true,
	})
	if err != nil {
		return err
	}
	return d.(drivers.Booter).Boot(ctx)
}
