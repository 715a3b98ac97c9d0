package server

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// countEvery is how often it is counted what workers have stored.
const countEvery = 2 * time.Second

// watchShares tells workers that have stored their share of the disk, and takes nothing more from one that goes on, until coordinators
// have fetched what is beyond.
func (s *Server) watchShares(ctx context.Context) {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	told := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !s.nats.JetStreamEnabled() {
			continue
		}
		usages, err := s.conn.Usages(ctx)
		if err != nil {
			s.o.Log.Debug("it cannot be counted what workers have stored", "err", err)
			continue
		}
		keys := slices.AppendSeq(slices.Collect(maps.Keys(told)), maps.Keys(usages)) // one that has nothing any more is told so
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			s.bound(key, usages[key], told)
		}
	}
}

// bound tells a worker of its share, and sees to it that it does not store twice of that.
func (s *Server) bound(key string, u fleet.Usage, told map[string]bool) {
	if ids, changed := s.state.bound(key, u); changed {
		s.o.Log.Warn("a worker's right to store is another one now", "key", key, "stored", u.Stored, "share", u.Share, "refused", u.Over)
		s.disconnect(ids) // it comes back with other permissions, and is told then
		told[key] = true
		return
	}
	if !u.Full && !told[key] {
		return
	}
	if err := s.conn.TellUsage(key, u); err != nil {
		s.o.Log.Debug("a worker cannot be told of its share", "key", key, "err", err)
		return
	}
	if u.Full {
		told[key] = true
	} else {
		delete(told, key)
	}
}

// bound notes whether a worker may store; its connections are to end where that has changed.
func (s *state) bound(key string, u fleet.Usage) (ids []uint64, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch is := s.over[key]; {
	case !is && u.Over:
		s.over[key] = true
	case is && !u.Full:
		delete(s.over, key)
	default:
		return nil, false
	}
	return s.live(key), true
}

// permissions are those of a role, less what a worker must not do now.
func (s *state) permissions(role fleet.Role, key string) (publish, subscribe []string) {
	publish, subscribe = fleet.Permissions(role, key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over[key] && role == fleet.RoleWorker {
		publish = fleet.WithoutUploads(publish)
	}
	return publish, subscribe
}
