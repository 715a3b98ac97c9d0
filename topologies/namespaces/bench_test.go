package namespaces_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
)

// tree is the folder of the files of the tests' image.
func tree(b *testing.B) string {
	b.Helper()
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		b.Fatal(err)
	}
	img, err := p.Images().Resolve(image)
	if err != nil {
		b.Fatal(err)
	}
	return img.Tree
}

// BenchmarkRing builds rings of nodes with as many cables, takes them down, and compares that
// with the same namespaces, mounts and cables without a lab: by the clock, which all that a machine
// does moves, and by the time that processors have worked on both.
func BenchmarkRing(b *testing.B) {
	for _, n := range []int{20, 300} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := open(b)
			folder := tree(b)
			var up, down, bareUp, work, bareWork time.Duration
			for b.Loop() {
				othersGone(b)
				before := worked(b)
				made, _ := bareRing(b, folder, n)
				bareUp, bareWork = bareUp+made, bareWork+worked(b)-before
				othersGone(b)
				before = worked(b)
				start := time.Now()
				r, err := p.Reserve(b.Context(), subject().Ring(n), topologies.Options{Run: "bench-ring"})
				if err != nil {
					b.Fatal(err)
				}
				up += time.Since(start)
				start = time.Now()
				if err := r.Release(b.Context()); err != nil {
					b.Fatal(err)
				}
				down, work = down+time.Since(start), work+worked(b)-before
			}
			b.ReportMetric(up.Seconds()/float64(b.N), "s/up")
			b.ReportMetric(down.Seconds()/float64(b.N), "s/down")
			b.ReportMetric(bareUp.Seconds()/float64(b.N), "s/bare-up")
			b.ReportMetric(up.Seconds()/bareUp.Seconds(), "up/bare")
			b.ReportMetric(work.Seconds()/float64(b.N), "s/work")
			b.ReportMetric(work.Seconds()/bareWork.Seconds(), "work/bare")
		})
	}
}

// worked is how long processors have worked for this process and for those of its children that have
// ended.
func worked(b *testing.B) (sum time.Duration) {
	b.Helper()
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var use unix.Rusage
		if err := unix.Getrusage(who, &use); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(use.Utime.Nano() + use.Stime.Nano())
	}
	return sum
}

// BenchmarkRingOverEngine compares a ring of 20 with as many bare containers that an engine
// starts side by side.
func BenchmarkRingOverEngine(b *testing.B) {
	p := open(b)
	c, err := engine.Connect(b.Context())
	if err != nil {
		livetest.Missing(b, "a container engine", err)
	}
	defer c.Close() //nolint:errcheck // it was only asked
	const n = 20
	var up, plain time.Duration
	for b.Loop() {
		plain += bareContainers(b, c, n)
		start := time.Now()
		r, err := p.Reserve(b.Context(), subject().Ring(n), topologies.Options{Run: "bench-ring"})
		if err != nil {
			b.Fatal(err)
		}
		up += time.Since(start)
		if err := r.Release(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(plain.Seconds()/float64(b.N), "s/engine-up")
	b.ReportMetric(up.Seconds()/plain.Seconds(), "up/engine")
}

// bareContainers starts containers of the same image in parallel, and tells how long that took.
func bareContainers(b *testing.B, c client.APIClient, n int) time.Duration {
	b.Helper()
	ids := make([]string, n)
	var group errgroup.Group
	start := time.Now()
	for i := range n {
		group.Go(func() error {
			made, err := c.ContainerCreate(b.Context(), client.ContainerCreateOptions{
				Config: &container.Config{Image: image}, HostConfig: &container.HostConfig{NetworkMode: "none"},
			})
			if ids[i] = made.ID; err == nil {
				_, err = c.ContainerStart(b.Context(), made.ID, client.ContainerStartOptions{})
			}
			return err
		})
	}
	err := group.Wait()
	took := time.Since(start)
	for _, id := range ids {
		group.Go(func() error {
			_, err := c.ContainerRemove(context.WithoutCancel(b.Context()), id, client.ContainerRemoveOptions{Force: true})
			return err
		})
	}
	if err := errors.Join(err, group.Wait()); err != nil {
		b.Fatal(err)
	}
	return took
}

// BenchmarkIdle is the memory of a lab in which nothing runs, for each of 300 nodes, as far as
// no file is behind it: that of the supervisor and of the nodes' first processes.
func BenchmarkIdle(b *testing.B) {
	p := open(b)
	const n, run = 300, "bench-idle"
	var kilobytes int64
	for b.Loop() {
		r, err := p.Reserve(b.Context(), subject().Ring(n), topologies.Options{Run: run})
		if err != nil {
			b.Fatal(err)
		}
		for _, file := range supervisors(b, run) {
			for _, pid := range below(pidOf(file)) {
				kilobytes += anonymous(b, pid)
			}
		}
		if err := r.Release(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(kilobytes)/float64(b.N)/n, "kB/node")
}

// anonymous is the memory of a process that no file is behind, in kilobytes.
func anonymous(b *testing.B, pid int) (kilobytes int64) {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "Pss_Anon:") {
			_, err := fmt.Sscanf(line, "Pss_Anon: %d", &kilobytes)
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	return kilobytes
}
