package fleet

import (
	"context"
	"encoding/json"
	"io"
	"time"
)

// Task is one trial of a plan.
type Task struct {
	Work     string          `json:"work"`              // what it belongs to; see [WorkID]
	ID       string          `json:"id"`                // within the work: letters, digits, - and _, at most 64
	Plan     string          `json:"plan"`              // SHA-256 of Payload, hex; Submit fills it in
	Trial    int             `json:"trial"`             // its number in its run directory, from 1
	Options  json.RawMessage `json:"options,omitempty"` // for the executor, per task; at most [MaxOptions]
	Patience time.Duration   `json:"patience"`          // for the baseline; see trial.Series.TryWithin
	Images   []string        `json:"images,omitempty"`  // digests of what [Coordinator.Ship] shipped for it
	Payload  []byte          `json:"-"`                 // the plan; stored once per digest
	Attempt  int             `json:"-"`                 // which delivery of the message this is, from 1
	// Image opens what the coordinator shipped under a digest. It is set on the worker, and verifies
	// as it reads: the last Read fails when the content is another.
	Image func(ctx context.Context, digest string) (io.ReadCloser, error) `json:"-"`
}

// Outcome is what executing a task came to.
type Outcome struct {
	Summary json.RawMessage // what the coordinator's ledger needs; at most [MaxSummary]
	Record  []byte          // the trial's record, packed; at most the smaller of both sides' MaxRecord
}

// Executor executes tasks in labs of this host.
type Executor interface {
	// Offer says what this host has to offer. It is asked at the start, once a minute, and after an
	// error of Execute.
	Offer(ctx context.Context) (Offer, error)
	// Execute runs one trial. Several run at a time, as many as Offer has slots. ctx ends when the
	// work is cancelled or has been without a coordinator for long, and with the worker. A lab that broke is an
	// outcome (an inconclusive one); an error says that this host could not execute the task at all,
	// such as a full disk: the task goes to another worker, and this one rests. progress takes one line
	// for whoever watches, and never blocks.
	Execute(ctx context.Context, t Task, progress func(string)) (Outcome, error)
}

// Bounds of what travels.
const (
	MaxOptions = 64 << 10
	MaxSummary = 256 << 10
	// DefaultMaxRecord bounds a packed record where nobody says otherwise.
	DefaultMaxRecord = 64 << 20
	// MaxPayload bounds a plan with its files.
	MaxPayload = 256 << 20
)
