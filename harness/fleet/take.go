package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// taken is a task that this worker has.
type taken struct {
	w    *Worker
	name string

	stir chan struct{} // of one token: it is to be looked whether the task is over

	mu  sync.Mutex
	m   jetstream.Msg // the newest delivery
	job job           // when it was read
}

// concerns tells a task of a message about works or cancellations.
func (t *taken) concerns(work, id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.job.Work == work && (id == "" || t.job.ID == id)
}

func (t *taken) message(m jetstream.Msg) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.m = m
}

func (t *taken) msg() jetstream.Msg {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.m
}

// Why a task that is taken ends without a result.
var (
	errOver     = errors.New("the task was cancelled, or its work is over")
	errOrphaned = errors.New("the work has no coordinator")
)

// run executes the task, stores its result, and acknowledges last.
func (t *taken) run(ctx context.Context) {
	w := t.w
	m := t.msg()
	j, err := readJob(m.Subject(), m.Headers(), m.Data())
	if err != nil {
		w.say("a task is thrown away: %v", err)
		if err := m.TermWithReason(bounded(err.Error(), 200)); err != nil {
			w.conn.log.Debug("a task cannot be thrown away", "err", err)
		}
		return
	}
	if meta, err := m.Metadata(); err == nil {
		j.Attempt = int(meta.NumDelivered) //nolint:gosec // how often a message was delivered
	}
	if len(w.o.Accept) > 0 && !slices.Contains(w.o.Accept, j.Coordinator) {
		w.say("task %s of %s is not taken: its coordinator %s is not among those that are accepted", j.ID, j.Work, j.Coordinator)
		w.giveBack(m, w.renewal)
		return
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	stop, err := t.guard(ctx, j, end)
	if err != nil {
		w.giveBack(m, w.renewal)
		return
	}
	defer stop()
	if cause := context.Cause(ctx); cause != nil {
		t.leave(ctx, j, cause)
		return
	}
	out, err := w.execute(ctx, j)
	cause := context.Cause(ctx)
	switch {
	case cause != nil:
		t.leave(ctx, j, cause)
		return
	case err != nil:
		t.fail(ctx, j, err)
		return
	}
	w.recovered()
	if err := w.deliver(ctx, j, out, ""); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		t.leave(ctx, j, err)
		return
	}
	w.mu.Lock()
	w.done.add(t.name, "")
	w.mu.Unlock()
	w.acknowledge(ctx, t.msg())
}

// leave gives up a task without a result.
func (t *taken) leave(ctx context.Context, j job, why error) {
	w := t.w
	switch {
	case errors.Is(why, errOver):
		w.acknowledge(ctx, t.msg())
	case errors.Is(why, errOrphaned):
		w.giveBack(t.msg(), min(time.Duration(j.Attempt), leaseLives)*w.renewal)
	default:
		w.giveBack(t.msg(), 0)
	}
	w.say("task %s of %s ended: %v", j.ID, j.Work, why)
}

// fail tells the coordinator that this host could not execute the task, and lets another have it.
func (t *taken) fail(ctx context.Context, j job, why error) {
	w := t.w
	w.mu.Lock()
	w.rest = min(max(2*w.rest, w.o.Rest), 5*time.Minute)
	w.rests = time.Now().Add(w.rest)
	w.offer.Ailing = bounded(why.Error(), maxProgress)
	rest := w.rest
	w.mu.Unlock()
	w.say("task %s of %s could not be executed: %v; resting for %s", j.ID, j.Work, why, rest)
	if err := w.deliver(ctx, j, Outcome{}, bounded(why.Error(), maxProgress)); err != nil {
		w.conn.log.Debug("the coordinator cannot be told", "err", err)
	}
	w.giveBack(t.msg(), 0)
	if err := w.ask(ctx); err != nil && ctx.Err() == nil {
		w.say("%v", err)
	}
	w.tell()
}

// recovered ends what fail began.
func (w *Worker) recovered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest, w.rests, w.offer.Ailing = 0, time.Time{}, ""
}

// guard renews the task's lease until stop is called, and ends its context when the work is over. The error is one of
// the first look.
func (t *taken) guard(ctx context.Context, j job, end context.CancelCauseFunc) (stop func(), err error) {
	w := t.w
	look := func(now bool) (orphaned bool, err error) {
		ctx, cancel := w.conn.asking(ctx)
		defer cancel()
		over, held, err := w.conn.lookUp(ctx, j)
		if err == nil && over {
			end(errOver)
		}
		if err == nil && !held && now {
			end(errOrphaned)
		}
		return err == nil && !held, err
	}
	t.mu.Lock()
	t.job = j
	t.mu.Unlock()
	if _, err := look(true); err != nil {
		return nil, err
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		// Twice within a renewal, so that one that is late costs nothing.
		tick := time.NewTicker(w.renewal / 2)
		defer tick.Stop()
		held := time.Now()
		for {
			select {
			case <-done:
				return
			case <-t.stir:
			case <-tick.C:
				if err := t.msg().InProgress(); err != nil {
					w.conn.log.Debug("a task's lease cannot be renewed", "err", err)
				}
			}
			if orphaned, _ := look(false); !orphaned {
				held = time.Now()
			} else if time.Since(held) > orphanLives*w.renewal {
				end(errOrphaned)
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}, nil
}

// lookUp says whether a task is over, and whether its work has a coordinator.
func (c *Conn) lookUp(ctx context.Context, j job) (over, held bool, err error) {
	m, err := c.last(ctx, "KV_"+bucketWorks, worksSubject(j.Work))
	if err != nil && !errors.Is(err, errNotFound) {
		return false, false, err
	}
	if err == nil {
		l, err := readLease(worksSubject(j.Work), j.Work, m.Data)
		if err != nil {
			return false, false, err
		}
		if j.Epoch <= l.Closed {
			return true, l.Live, nil
		}
		held = l.Live
	}
	on := cancelledSubject(j.Work, j.ID)
	m, err = c.last(ctx, "KV_"+bucketCancelled, on)
	if errors.Is(err, errNotFound) {
		return false, held, nil
	}
	if err != nil {
		return false, false, err
	}
	by, body, err := readWord(on, m.Data)
	var of cancellation
	cancelled := err == nil && by == j.Coordinator && json.Unmarshal(body, &of) == nil // otherwise nobody who may has cancelled it
	return cancelled && slices.Contains(of.Lives, j.Life), held, nil
}

// execute gives the task to the executor.
func (w *Worker) execute(ctx context.Context, j job) (Outcome, error) {
	payload, err := w.plan(ctx, j)
	if err != nil {
		return Outcome{}, err
	}
	t := j.Task
	t.Payload = payload
	t.Image = func(ctx context.Context, digest string) (io.ReadCloser, error) { return w.conn.image(ctx, j, digest) }
	w.say("task %s of %s begins, attempt %d", j.ID, j.Work, j.Attempt)
	out, err := w.exec.Execute(ctx, t, w.progress(j))
	if err != nil {
		return out, err
	}
	if len(out.Summary) > MaxSummary {
		return out, fmt.Errorf("the summary has %d bytes, at most %d are allowed", len(out.Summary), MaxSummary)
	}
	if int64(len(out.Record)) > w.o.MaxRecord {
		return out, fmt.Errorf("the record has %d bytes, at most %d are sent", len(out.Record), w.o.MaxRecord)
	}
	return out, nil
}

// progressEvery is the least time between two lines of one task that are sent.
const progressEvery = 50 * time.Millisecond

// progress sends lines to whoever watches; what comes too fast is left out.
func (w *Worker) progress(j job) func(string) {
	on := subject(prefixProgress, j.Work, w.conn.key, j.ID)
	var mu sync.Mutex
	var last time.Time
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(last) < progressEvery {
			return
		}
		last = time.Now()
		data, err := json.Marshal(Progress{Host: w.host(), Text: bounded(text, maxProgress)})
		if err == nil {
			err = w.conn.nc.Publish(on, data)
		}
		if err != nil {
			w.conn.log.Debug("progress cannot be sent", "err", err)
		}
	}
}

func (w *Worker) host() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.offer.Name
}

// deliver seals an outcome, or why there is none, and stores it. It is tried until it succeeds, ctx ends, or the time for
// uploads is over. The place in the chain is spent even when it fails, for the server may have it.
func (w *Worker) deliver(ctx context.Context, j job, out Outcome, failed string) error {
	ctx, cancel := context.WithTimeout(ctx, w.o.Upload)
	defer cancel()
	s := Seal{
		Work: j.Work, ID: j.ID, Plan: j.Plan, Ticket: j.Ticket, Attempt: j.Attempt, Worker: w.conn.key, Host: w.host(), Session: w.session,
		SummaryDigest: sha256Hex(out.Summary), RecordDigest: sha256Hex(out.Record), Size: int64(len(out.Record)), Failed: failed,
	}
	r := result{summary: out.Summary, record: out.Record}
	if len(out.Record) > min(inline, w.conn.chunkSize()) {
		s.Stored = rand.Text()
		m, err := w.conn.putChunks(ctx, w.renewal, recordPrefix(s), strconv.Itoa, readerOf(out.Record))
		if err != nil {
			return fmt.Errorf("store the record of task %s: %w", j.ID, err)
		}
		r.record, r.chunks = nil, m.Chunks
	}
	w.sealing.Lock()
	defer w.sealing.Unlock()
	head := w.chains[j.Work]
	s.Seq, s.Prev = head.seq+1, head.digest
	var err error
	if r.signed, err = json.Marshal(s); err != nil {
		return fmt.Errorf("encode the seal of task %s: %w", j.ID, err)
	}
	if r.signature, err = w.conn.pair.Sign(r.signed); err != nil {
		return fmt.Errorf("seal task %s: %w", j.ID, err)
	}
	digest := sha256Hex(r.signed)
	w.chains[j.Work] = link{s.Seq, digest}
	m := &nats.Msg{Subject: subject(prefixResult, j.Work, w.conn.key, j.ID), Data: r.encode()}
	if err := w.conn.retry(ctx, w.renewal, func(ctx context.Context) error {
		_, err := w.conn.publish(ctx, m, digest)
		return err
	}); err != nil {
		return fmt.Errorf("store the result of task %s: %w", j.ID, err)
	}
	return nil
}

// planCache remembers the newest plans.
type planCache struct {
	mu    sync.Mutex
	of    map[string][]byte
	order []string
}

// plansKept is how many plans a worker remembers.
const plansKept = 4

// plan reads a job's plan, once for many tasks of it.
func (w *Worker) plan(ctx context.Context, j job) ([]byte, error) {
	name := j.Coordinator + j.Plan + j.Secret
	w.plans.mu.Lock()
	defer w.plans.mu.Unlock() // who comes meanwhile finds it
	if data, ok := w.plans.of[name]; ok {
		return data, nil
	}
	data, err := w.conn.payload(ctx, j)
	if err != nil {
		return nil, err
	}
	if len(w.plans.order) == plansKept {
		delete(w.plans.of, w.plans.order[0])
		w.plans.order = w.plans.order[1:]
	}
	w.plans.of[name] = data
	w.plans.order = append(w.plans.order, name)
	return data, nil
}
