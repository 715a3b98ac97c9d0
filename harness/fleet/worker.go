package fleet

import (
	"context"
	"time"
)

// WorkerOptions may all be left out.
type WorkerOptions struct {
	// Accept are the public keys of the coordinators whose tasks are taken; none: all that the server lets in.
	Accept    []string
	MaxRecord int64 // bytes of a record; 0: DefaultMaxRecord
	// Upload bounds how long a result is offered to a server that cannot be reached; 0: 15 minutes.
	Upload time.Duration
	// Rest is how long the worker takes nothing after its executor failed, at first; it doubles up to 5 minutes. 0: 5 s.
	Rest time.Duration
	Now  func() time.Time // for log lines only; nil: time.Now
}

// Worker takes tasks and executes them.
type Worker struct{}

// NewWorker does nothing yet; see [Worker.Run].
func NewWorker(c *Conn, e Executor, o WorkerOptions) *Worker { return &Worker{} }

// Run takes tasks until ctx ends (what runs is given back at once) or, after [Worker.Drain], until what runs has ended.
// It outlives the server. The error says why nothing could be taken at all; a drained worker has none.
func (w *Worker) Run(ctx context.Context) error { return nil }

// Drain makes Run take nothing more and return when what runs has ended. Coordinators ask for it with [DrainWorker].
func (w *Worker) Drain() {}

// Log is what the worker said last, oldest first.
func (w *Worker) Log() []LogLine { return nil }

// LogLine is one line of a worker's log.
type LogLine struct {
	At   time.Time `json:"at"` // by the worker's clock
	Text string    `json:"text"`
}
