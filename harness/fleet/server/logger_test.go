package server_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// heard is a log that keeps what is worse than information.
type heard struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
}

func (h *heard) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (h *heard) Handle(_ context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, r.Message)
	return nil
}

func (h *heard) all() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines, "\n")
}

// TestWorkersQuestion: a worker that asks whether it may do more than a worker is nothing to warn of; what else it may not do is.
func TestWorkersQuestion(t *testing.T) {
	log := &heard{Handler: slog.DiscardHandler}
	s, err := server.Start(t.Context(), server.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Advertise: "127.0.0.1", Log: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := fleet.Dial(t.Context(), fleet.Access{URL: s.URL(fleet.RoleWorker)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fleet.ReadStatus(t.Context(), c); !errors.Is(err, fleet.ErrDenied) {
		t.Errorf("a worker reads the fleet's status: %v", err)
	}
	if said := log.all(); said != "" {
		t.Errorf("the server warns of a worker's question: %s", said)
	}
	if _, err := fleet.Join(t.Context(), c, "work", fleet.CoordinatorOptions{}); !errors.Is(err, fleet.ErrDenied) {
		t.Errorf("a worker coordinates: %v", err)
	}
	if said := log.all(); !strings.Contains(said, "Violation") {
		t.Errorf("the server says of a worker that coordinates: %q", said)
	}
}
