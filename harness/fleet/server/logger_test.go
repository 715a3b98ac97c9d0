package server_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/fleettest"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// TestWorkersQuestion: a worker that asks whether it may do more than a worker is nothing to warn of; what else it may not do is, however
// it is called.
func TestWorkersQuestion(t *testing.T) {
	log := &fleettest.Heard{Least: slog.LevelWarn}
	s, err := server.Start(t.Context(), server.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Advertise: "127.0.0.1", Log: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := fleet.Dial(t.Context(), fleet.Access{URL: s.URL(fleet.RoleWorker), Name: `"TLS Handshake First" - authentication error - User "x"`})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fleet.ReadStatus(t.Context(), c); !errors.Is(err, fleet.ErrDenied) {
		t.Errorf("a worker reads the fleet's status: %v", err)
	}
	if _, err := fleet.Join(t.Context(), c, "work", fleet.CoordinatorOptions{}); !errors.Is(err, fleet.ErrDenied) {
		t.Errorf("a worker coordinates: %v", err)
	}
	// The server answers before it logs, one refusal after the other.
	for end := time.Now().Add(10 * time.Second); !strings.Contains(log.All(), "Violation"); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the server says of a worker that coordinates: %q", log.All())
		}
	}
	if said := log.All(); strings.Contains(said, fleet.StatusSubject) {
		t.Errorf("the server warns of a worker's question: %s", said)
	}
}

// TestRefusedIsSaidElsewhere: who is refused, and that clients begin with TLS, is no warning of the server's.
func TestRefusedIsSaidElsewhere(t *testing.T) {
	log := &fleettest.Heard{Least: slog.LevelWarn}
	s, err := server.Start(t.Context(), server.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Advertise: "127.0.0.1", Log: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(s.URL(fleet.RoleWorker), "tls://", "tls://no", 1)
	if _, err := fleet.Dial(t.Context(), fleet.Access{URL: url}); !errors.Is(err, fleet.ErrRefused) {
		t.Errorf("with another token: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if said := log.All(); strings.Contains(said, "authentication error") || strings.Contains(said, "Handshake") {
		t.Errorf("the server warns: %s", said)
	}
}
