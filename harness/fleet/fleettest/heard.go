package fleettest

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// Heard keeps what a side of a fleet has its user be told. The zero value hears from information on.
type Heard struct {
	Least slog.Level

	mu    sync.Mutex
	lines []string
}

// Enabled implements [slog.Handler].
func (h *Heard) Enabled(_ context.Context, l slog.Level) bool { return l >= h.Least }

// Handle implements [slog.Handler].
func (h *Heard) Handle(_ context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, r.Message)
	return nil
}

// WithAttrs implements [slog.Handler].
func (h *Heard) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements [slog.Handler].
func (h *Heard) WithGroup(string) slog.Handler { return h }

// All is what was heard so far.
func (h *Heard) All() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines, "|")
}
