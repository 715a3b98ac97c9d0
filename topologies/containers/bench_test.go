package containers_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
)

// bare starts n containers of the same image through the engine alone, in parallel,
// and returns how long that took.
func bare(b *testing.B, c client.APIClient, n int) time.Duration {
	b.Helper()
	ctx := b.Context()
	var wg sync.WaitGroup
	slots := make(chan struct{}, 10)
	ids := make([]string, n)
	start := time.Now()
	for i := range n {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			made, err := c.ContainerCreate(ctx, client.ContainerCreateOptions{
				Config:     &container.Config{Image: image},
				HostConfig: &container.HostConfig{NetworkMode: "none"}, Name: fmt.Sprintf("bench-bare-%d", i),
			})
			ids[i] = made.ID
			if err == nil {
				_, err = c.ContainerStart(ctx, made.ID, client.ContainerStartOptions{})
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	for _, id := range ids {
		wg.Go(func() {
			_, _ = c.ContainerRemove(context.WithoutCancel(ctx), id, client.ContainerRemoveOptions{Force: true})
		})
	}
	wg.Wait()
	return took
}

// BenchmarkRing20 builds a ring of 20 nodes and 20 cables, and compares it with the
// start of 20 bare containers.
func BenchmarkRing20(b *testing.B) {
	p, c := setup(b)
	var build, release, plain time.Duration
	for b.Loop() {
		plain += bare(b, c, 20)
		start := time.Now()
		r, err := p.Reserve(b.Context(), ring(20), topologies.Options{Run: "bench-ring"})
		if err != nil {
			b.Fatal(err)
		}
		build += time.Since(start)
		start = time.Now()
		if err := r.Release(b.Context()); err != nil {
			b.Fatal(err)
		}
		release += time.Since(start)
	}
	b.ReportMetric(build.Seconds()/float64(b.N), "s/build")
	b.ReportMetric(release.Seconds()/float64(b.N), "s/release")
	b.ReportMetric(build.Seconds()/plain.Seconds(), "ratio")
}
