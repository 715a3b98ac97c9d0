package server

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// reserve is how much of the disk is left free, bytes: a stream whose write failed takes no other.
const reserve = 64 << 20

// free is what is free on the disk of a directory for this user, bytes.
func free(dir string) (int64, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return 0, fmt.Errorf("read what is free on the disk of %s: %w", dir, err)
	}
	return int64(disk.Bavail) * disk.Bsize, nil //nolint:gosec // a disk of less than 2^63 bytes
}

// used is what the files beneath a directory take, bytes; of one that is not there 0.
func used(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a file that went meanwhile takes nothing
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			if stat, ok := info.Sys().(*syscall.Stat_t); ok {
				bytes += stat.Blocks * 512 // stat(2): st_blocks is in units of 512 bytes
			}
		}
		return nil
	})
	return bytes
}

// maxStore is what streams may take: what they take now counts, so that a restart leaves them as much as the start.
func maxStore(o Options) (int64, error) {
	available, err := free(o.Dir)
	if err != nil {
		return 0, err
	}
	if available < o.Reserve {
		return 0, fmt.Errorf("%d MiB are free on the disk of %s, and a fleet needs %d: make room", available>>20, o.Dir, o.Reserve>>20)
	}
	if o.MaxStore > 0 {
		return o.MaxStore, nil
	}
	return (available + used(storeDir(o))) / 4 * 3, nil
}

func storeDir(o Options) string { return filepath.Join(o.Dir, "jetstream") }

// lookEvery is how often it is looked what is free.
const lookEvery = time.Second

// watchSpace stores nothing while the reserve is not free, and opens the streams anew when twice of it is. Clients
// wait meanwhile, as for a server that is not there. A disk that was full between two looks has made the server
// close its streams by itself.
func (s *Server) watchSpace(ctx context.Context, store int64) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ready := true; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		available, err := free(s.o.Dir)
		switch {
		case err != nil:
			s.o.Log.Warn("it cannot be seen how full the disk is", "err", err)
		case s.nats.JetStreamEnabled() && available < s.o.Reserve:
			ready = false
			s.o.Log.Error("the disk is full: nothing is stored until there is room", "dir", s.o.Dir, "free", available, "need", 2*s.o.Reserve)
			if err := s.nats.ShutdownJetStream(); err != nil {
				s.o.Log.Error("the streams cannot be closed", "err", err)
			}
		case available >= 2*s.o.Reserve && (!ready || !s.nats.JetStreamEnabled()):
			if err := s.reopen(ctx, store); err != nil {
				s.o.Log.Error("the streams cannot be opened again; it is tried until they are", "err", err)
				continue
			}
			ready = true
			s.o.Log.Warn("there is room on the disk again: the fleet goes on", "dir", s.o.Dir, "free", available)
		}
	}
}

// reopen opens the streams, and makes those anew that stood in memory.
func (s *Server) reopen(ctx context.Context, store int64) error {
	if !s.nats.JetStreamEnabled() {
		if err := s.nats.EnableJetStream(&server.JetStreamConfig{StoreDir: storeDir(s.o), MaxStore: store}); err != nil {
			return fmt.Errorf("open the streams: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return fleet.SetupWithin(ctx, s.conn, s.o.Renewal, store)
}
