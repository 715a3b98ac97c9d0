package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// Errors of a [Coordinator].
var (
	// ErrLost is a lease that another coordinator took over.
	ErrLost = errors.New("another coordinator has taken over this work")
	// ErrCancelled is a task that [Coordinator.Cancel] ended.
	ErrCancelled = errors.New("the task was cancelled")
	// ErrClosed is a coordinator that was closed.
	ErrClosed = errors.New("the coordinator is closed")
)

// FailedError is a task that no host could execute.
type FailedError struct {
	ID      string
	Reasons []string // one for each attempt, with the worker's name
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("task %s: %d workers could not execute it, the last: %s", e.ID, len(e.Reasons), e.Reasons[len(e.Reasons)-1])
}

// Holder is who holds a work.
type Holder struct {
	Work  string    `json:"work"`
	Key   string    `json:"key"`
	Name  string    `json:"name"`
	Since time.Time `json:"since"` // by the server's clock
}

// Refusal is a worker that cannot take a task, and why.
type Refusal struct {
	Name string   `json:"name"`
	Key  string   `json:"key"`
	Why  []string `json:"why"` // sentences
}

// Progress is a line of a running task.
type Progress struct {
	Host, Worker string // the worker's name and key
	ID           string // of the task
	Text         string
}

// CoordinatorOptions may all be left out. Callbacks run one at a time, and delay each other but no task.
type CoordinatorOptions struct {
	// Name tells others who holds the work: user@host or the like.
	Name string
	// Waiting is told who holds the work, when it is another; once for each holder.
	Waiting func(Holder)
	// Counted answers whether a result of the task is in the ledger already, from an earlier life of this coordinator,
	// and the SHA-256 of its seal. Without it only this life is remembered.
	Counted func(id string) (seal string, counted bool)
	// Uncounted is told of a result that counts for nothing because the task has one already or was cancelled, or
	// because no host could execute it (Failed is set): a line of the ledger and no trial. It comes again when the
	// error is not nil.
	Uncounted func(s Sealed, why string) error
	// Progress is told what tasks say while they run.
	Progress func(Progress)
	// Unmet is told that no worker can take tasks with these needs, at once and whenever the workers change, and, with no
	// refusals and met true, that one can now. Without workers there are no refusals and met is false.
	Unmet func(n Needs, why []Refusal, met bool)
	// Refused is told of a result that does not verify: forged, foreign, damaged, oversized. It was thrown away; the task
	// is executed again.
	Refused func(worker, id string, err error)

	Trusted   []string // public keys of the workers whose results are taken; none: all that the server lets in
	MaxRecord int64    // bytes of a record; 0: DefaultMaxRecord
	Failures  int      // that make a FailedError of a task; 0: 5
}

// Coordinator gives tasks of one work and takes their results. Its methods may be called from several goroutines.
type Coordinator struct{}

// WorkID names a work by what makes it: the digest of the plan, the run directory's name, whatever is the same when it is
// resumed and differs otherwise.
func WorkID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// Join takes the work's lease, and waits while another coordinator holds it. ctx bounds the waiting only.
// The streams are made where the server has none and this side may make them. Results that came for an earlier
// coordinator with the same identity are read before Join returns.
func Join(ctx context.Context, c *Conn, work string, o CoordinatorOptions) (*Coordinator, error) {
	return nil, errors.ErrUnsupported
}

// Submit gives a task to the fleet. A task that the fleet has already, from this coordinator's earlier life, is
// not given again.
func (c *Coordinator) Submit(ctx context.Context, t Task, n Needs) error {
	return errors.ErrUnsupported
}

// Await waits for the task's first result that verifies, with its record. The errors are [ErrCancelled], [ErrLost],
// [ErrClosed], a [*FailedError], and ctx's. It may be called again: the result is the same until it is kept.
func (c *Coordinator) Await(ctx context.Context, id string) (Sealed, error) {
	return Sealed{}, errors.ErrUnsupported
}

// Keep tells the fleet that a result is on the disk and in the ledger. It is forgotten there.
func (c *Coordinator) Keep(ctx context.Context, s Sealed) error { return errors.ErrUnsupported }

// Cancel ends a task: it is taken from the queue, and its executor's context ends where it runs. A result that
// comes nevertheless is uncounted. [Coordinator.Await] of it returns [ErrCancelled].
func (c *Coordinator) Cancel(ctx context.Context, id string) error { return errors.ErrUnsupported }

// Ship stores an image for [Task.Image], once per digest, which is the SHA-256 of what open reads, in hex.
// open is not called when the fleet has it.
func (c *Coordinator) Ship(ctx context.Context, digest string, open func() (io.ReadCloser, error)) error {
	return errors.ErrUnsupported
}

// Workers are the offers of the workers that are there now, by name.
func (c *Coordinator) Workers() []Offer { return nil }

// Lacking says of each worker why it cannot take tasks with these needs; met is whether one can.
func (c *Coordinator) Lacking(n Needs) (why []Refusal, met bool) { return nil, false }

// Lost is closed when the lease was lost to another coordinator.
func (c *Coordinator) Lost() <-chan struct{} { return nil }

// Close cancels what has no result yet and gives the lease back. Results that were not kept stay, for who resumes the
// work.
func (c *Coordinator) Close(ctx context.Context) error { return nil }

// Renewal is how often leases are renewed in this fleet; it is the server's, and the same for all.
func (c *Conn) Renewal(ctx context.Context) (time.Duration, error) { return 0, errors.ErrUnsupported }
