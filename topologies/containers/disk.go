package containers

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/go-units"
	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"
)

// What nodes write lies on the machine's disk. Where the engine's storage can bound it, it
// does; and it is watched everywhere, since not every driver says whether it can: a node that
// has written more than its share is ended, and the lab broke.
const (
	diskEvery = time.Second     // between two looks at how full the disk is
	diskStep  = 256 << 20       // bytes that it has to grow by before nodes are measured
	diskAsk   = time.Minute     // between two measures where nobody can see how full it is
	diskBound = 2 * time.Minute // of one measure
)

// beginDiskWatch watches the disk until the lab is released.
func (l *lab) beginDiskWatch(ctx context.Context) error {
	info, err := about(ctx, l.engine)
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.watchDisk(watching, info.DockerRootDir)
	}()
	l.release.Lock()
	defer l.release.Unlock()
	l.unwatch = func() {
		stop()
		<-ended
	}
	return nil
}

// watchDisk measures the nodes whenever the engine's disk has filled up a good deal, until
// ctx ends. root is the engine's folder.
func (l *lab) watchDisk(ctx context.Context, root string) {
	tick := time.NewTicker(diskEvery)
	defer tick.Stop()
	at, _ := free(root)
	measured := time.Now()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now, seen := free(root)
		if at = max(at, now); seen && at-now < diskStep || !seen && time.Since(measured) < diskAsk {
			continue
		}
		at, measured = now, time.Now()
		l.measure(ctx)
	}
}

// free is how much room there is on the disk of a folder, in bytes.
func free(dir string) (bytes int64, seen bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true //nolint:gosec // blocks of a disk, in bytes, are below 2⁶³
}

// measure asks what each node has written, and ends those that have written too much. What
// cannot be asked now is asked again.
func (l *lab) measure(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, diskBound)
	defer cancel()
	found, err := l.engine.ContainerList(ctx, client.ContainerListOptions{
		Size: true, Filters: make(client.Filters).Add("label", LabelRun+"="+l.labels[LabelRun]).Add("label", LabelLab+"="+l.labels[LabelLab]),
	})
	if err != nil {
		return
	}
	for _, item := range found.Items {
		n, ok := l.nodes[item.Labels[LabelNode]]
		if !ok || item.SizeRw <= n.limits.disk {
			continue
		}
		n.mu.Lock()
		n.overgrown = fmt.Sprintf("it has written %s, and may write %s: it was ended", units.BytesSize(float64(item.SizeRw)), units.BytesSize(float64(n.limits.disk)))
		n.mu.Unlock()
		_, _ = l.engine.ContainerKill(ctx, item.ID, client.ContainerKillOptions{Signal: "SIGKILL"}) // it may have ended
	}
}
