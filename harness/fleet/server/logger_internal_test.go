package server

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/fleettest"
)

// TestNamedAsQuestion: who is called as what a worker may ask is warned of all the same. The server quotes names.
func TestNamedAsQuestion(t *testing.T) {
	log := &fleettest.Heard{Least: slog.LevelWarn}
	l := logger{log: slog.New(log)}
	l.Errorf("192.0.2.1:1 - cid:7 - " + fleet.StatusSubject + ` - Publish Violation - Subject "$JS.API.STREAM.PURGE.REPRISE_WORK"`)
	if log.All() == "" {
		t.Error("the server says nothing of it")
	}
	l.Errorf(`192.0.2.1:1 - cid:7 - "v1:go:w" - Publish Violation - Subject ` + fleet.StatusSubject)
	if said := log.All(); strings.Contains(said, "v1:go:w") {
		t.Errorf("the server warns of the question: %s", said)
	}
}
