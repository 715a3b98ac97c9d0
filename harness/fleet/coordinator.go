package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Errors of a [Coordinator].
var (
	// ErrLost is a lease that another coordinator took over.
	ErrLost = errors.New("another coordinator has taken over this work")
	// ErrCancelled is a task that [Coordinator.Cancel] ended.
	ErrCancelled = errors.New("the task was cancelled")
	// ErrClosed is a coordinator or a worker that was closed, or whose connection was.
	ErrClosed = errors.New("it is closed")
)

// FailedError is a task that no host could execute, after every worker that is there and meets its needs has tried, or others
// have very often.
type FailedError struct {
	ID      string
	Reasons []string // one for each attempt, with the worker's name
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("task %s: %d attempts to execute it failed, the last: %s; see `reprise fleet status`", e.ID, len(e.Reasons), e.Reasons[len(e.Reasons)-1])
}

// Refusal is a worker that cannot take a task, or takes nothing for now, and why.
type Refusal struct {
	Name string   `json:"name"`
	Key  string   `json:"key"`
	Why  []string `json:"why"` // sentences

	// Waits says that it could take the task, and takes nothing for now: that passes by itself.
	Waits bool `json:"waits,omitempty"`
}

// Progress is a line of a running task.
type Progress struct {
	Work   string `json:"work"`
	ID     string `json:"id"`     // of the task
	Worker string `json:"worker"` // its key
	Host   string `json:"host"`   // its name
	Text   string `json:"text"`
}

// CoordinatorOptions may all be left out. Callbacks run one at a time, and delay each other but no task.
type CoordinatorOptions struct {
	// Name tells others who holds the work: user@host or the like.
	Name string
	// Waiting is told who holds the work, when it is another; once for each holder.
	Waiting func(Holder)
	// Counted answers whether a result of the task is in the ledger already, from an earlier life of this coordinator,
	// and the SHA-256 of its seal. Without it only the newest 4096 tasks that this life kept are remembered. It is
	// called while a result is taken in, and has to answer at once.
	Counted func(id string) (seal string, counted bool)
	// Uncounted is told of a result that counts for nothing because the task has one already or was cancelled, or
	// because the host could not execute it (Failed is set): a line of the ledger and no trial. It comes again
	// when the error is not nil.
	Uncounted func(s Sealed, why string) error
	// Progress is told what tasks say while they run; of what comes faster than it is taken a part.
	Progress func(Progress)
	// Unmet is told that no worker can take tasks with these needs, at once and whenever the workers' reasons change;
	// and, with no refusals and met true, that one can now. With refusals and met true all that can take nothing for now (see
	// [Offer.Waits]). Without workers there are no refusals and met is false.
	Unmet func(n Needs, why []Refusal, met bool)
	// Refused is told of a result that does not verify: forged, foreign, damaged, oversized. It was thrown away, and the
	// task is executed again.
	Refused func(worker, id string, err error)

	Trusted   []string // public keys of the workers whose results are taken; none: all that the server lets in
	MaxRecord int64    // bytes of a record; 0: DefaultMaxRecord
	// Failures to execute a task make a FailedError of it, once every worker that could take it has tried, and ten times as many
	// in any case; 0: 5.
	Failures int
}

// Coordinator gives tasks of one work and takes their results. Its methods may be called from several goroutines.
type Coordinator struct {
	conn    *Conn
	work    string
	o       CoordinatorOptions
	secrets secrets
	renewal time.Duration
	epoch   uint64 // see leaseValue
	over    uint64 // last epoch whose tasks are over
	life    string
	lease   *lease

	ctx    context.Context //nolint:containedctx // of the goroutines that keep the lease and read results, until Close
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
	events *events
	closed atomic.Bool

	mu        sync.Mutex
	tasks     map[string]*task
	broken    map[string]*task    // whose submission failed, or was broken off: the server may have them
	unclaimed map[string][]Sealed // results of tasks that were not submitted yet in this life
	cancelled map[string]bool
	seen      map[string]bool // messages that were read and are still on the server
	kept      *ring           // tasks whose result was kept, with its seal
	chains    map[string]link // by worker and session
	sealed    map[string]int  // by worker and task: how many results came
	shipped   map[string]bool // plans that the fleet has
	queues    map[string]*queue
	roster    map[string]seenOffer
}

// task is one that was submitted and not kept.
type task struct {
	Task
	needs    string // key
	subject  string
	executes string   // see Task.what
	lives    []string // that gave messages of it which may still run; see cancellation
	result   *Sealed
	failed   []string        // why it was not executed, each time
	failedBy map[string]bool // keys of the workers that did not
	given    time.Time       // when its message was first published by this life; zero: its result was there
	done     chan struct{}   // closed when there is a result or err
	err      error
	missed   int // times that neither its message nor a result was found
}

// link is the newest seal of a chain.
type link struct {
	seq    uint64
	digest string
}

// queue is what this coordinator knows of tasks with the same needs.
type queue struct {
	needs Needs
	tasks int
	told  string // what Unmet was told last; empty: nothing
	empty bool   // when it was last renewed

	making sync.Mutex
	made   bool // its consumer is there, and it was announced
}

type seenOffer struct {
	Offer
	seen time.Time // by this process's clock, monotonic
}

// WorkID names a work by what makes it: the run directory's name and a random part that stands in it, whatever is the same when
// it is resumed and differs otherwise. Work that is begun afresh needs another name than before, even if the plan is the
// same: the fleet keeps results for 14 days, and gives those of the same tasks to who comes with the same name and identity.
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
func Join(ctx context.Context, conn *Conn, work string, o CoordinatorOptions) (*Coordinator, error) {
	if err := checkToken("work", work); err != nil {
		return nil, err
	}
	if o.MaxRecord == 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	if o.Failures == 0 {
		o.Failures = 5
	}
	own, err := newSecrets(conn.pair)
	if err != nil {
		return nil, err
	}
	renewal, err := conn.ensure(ctx)
	if err != nil {
		return nil, err
	}
	c := &Coordinator{
		conn: conn, work: work, o: o, secrets: own, renewal: renewal, events: newEvents(),
		tasks: map[string]*task{}, broken: map[string]*task{}, unclaimed: map[string][]Sealed{}, cancelled: map[string]bool{}, seen: map[string]bool{},
		kept: newRing(4096), chains: map[string]link{}, sealed: map[string]int{}, shipped: map[string]bool{}, queues: map[string]*queue{},
		roster: map[string]seenOffer{},
	}
	if c.lease, err = conn.takeLease(ctx, work, o.Name, renewal, o.Waiting); err != nil {
		if conn.open.Err() != nil { // what was asked of it is only cancelled
			err = fmt.Errorf("%w: its connection was closed: %w", ErrClosed, err)
		}
		return nil, err
	}
	c.epoch, c.over, c.life = c.lease.value.Epoch, c.lease.value.Closed, c.lease.value.Life
	c.ctx, c.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	if err := c.begin(ctx); err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	return c, nil
}

// begin starts what goes on until Close.
func (c *Coordinator) begin(ctx context.Context) error {
	c.wg.Go(func() {
		select {
		case <-c.conn.open.Done():
			if err := context.Cause(c.conn.open); errors.Is(err, ErrRefused) {
				c.cancel(err)
			}
			c.cancel(fmt.Errorf("%w: its connection was closed", ErrClosed))
		case <-c.ctx.Done():
		}
	})
	c.wg.Go(func() { c.events.run(c.ctx) })
	c.wg.Go(func() {
		if err := c.lease.keep(c.ctx); err != nil {
			c.cancel(err)
		}
	})
	if err := c.watchWorkers(ctx); err != nil {
		return err
	}
	read := make(chan struct{})
	c.wg.Go(func() { c.readResults(c.ctx, read) })
	c.wg.Go(func() { c.reconcile(c.ctx) })
	select {
	case <-read:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("read the results of %s: %w", c.work, ctx.Err())
	case <-c.ctx.Done():
		return c.ended()
	}
}

// ensure sets the fleet up where nobody has.
func (c *Conn) ensure(ctx context.Context) (renewal time.Duration, err error) {
	err = c.retry(ctx, DefaultRenewal, func(ctx context.Context) error {
		renewal, err = c.Renewal(ctx)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			if err := Setup(ctx, c, DefaultRenewal); err != nil {
				return err
			}
			renewal, err = c.Renewal(ctx)
		}
		return err
	})
	return renewal, err
}

// Lost is closed when the coordinator has ended: it was closed, or lost the work to another.
func (c *Coordinator) Lost() <-chan struct{} { return c.ctx.Done() }

// Close cancels what has no result yet and gives the lease back. Results that were not kept stay, for who resumes the
// work.
//
// A ctx that has ended changes nothing: who ends because of it is the one that has to give the work back. A server that cannot be
// reached within 5 seconds learns it from the lease that ends.
func (c *Coordinator) Close(ctx context.Context) error {
	lost := errors.Is(c.ended(), ErrLost)
	c.cancel(ErrClosed)
	c.wg.Wait()
	if lost || c.closed.Swap(true) || c.conn.nc.IsClosed() {
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer stop()
	return c.conn.retry(ctx, c.renewal, func(ctx context.Context) error {
		// First the lease: who runs a task of this work sees that it is over.
		return errors.Join(c.lease.release(ctx), c.conn.purgeWork(ctx, subject(prefixWork, "*", c.work, "*")))
	})
}

// bounded is ctx that also ends with the coordinator.
func (c *Coordinator) bounded(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// because is err, or why the coordinator ended, if that is why.
func (c *Coordinator) because(err error) error {
	if err != nil && c.ctx.Err() != nil {
		return errors.Join(c.ended(), err)
	}
	return err
}

// errUnheld is a lease that may have run out: it is not known whether another has the work.
var errUnheld = errors.New("the server has not confirmed for too long that this coordinator holds the work")

// Holds reports, with nil, that nobody else can have the work now. It is to be asked right before a line of the
// ledger is written, for a process that was suspended or cut off since [Coordinator.Await] knows nothing of it. The errors are [ErrLost],
// [ErrClosed], and one that goes by itself when the server confirms the lease again.
func (c *Coordinator) Holds() error {
	if c.ctx.Err() != nil {
		return c.ended()
	}
	if held, _ := c.lease.holds(); !held {
		return errUnheld
	}
	return nil
}

// awaitHeld waits until the work is held.
func (c *Coordinator) awaitHeld(ctx context.Context) error {
	for {
		_, renewed := c.lease.holds()
		err := c.Holds()
		if !errors.Is(err, errUnheld) {
			return err
		}
		select {
		case <-renewed:
		case <-c.ctx.Done():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *Coordinator) ended() error { return context.Cause(c.ctx) }

func (c *Coordinator) tellRefused(worker, id string, err error) {
	if c.o.Refused != nil {
		c.events.addIfFew(func(context.Context) error { c.o.Refused(worker, id, err); return nil })
	}
}

// watchProgress hands on what tasks say.
func (c *Coordinator) watchProgress() (*nats.Subscription, error) {
	if c.o.Progress == nil {
		return nil, nil
	}
	return c.conn.watch(subject(prefixProgress, c.work, "*", "*"), func(p Progress) {
		c.events.addIfFew(func(context.Context) error { c.o.Progress(p); return nil })
	})
}
