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

// isOf tells a task of a work.
func (t *taken) isOf(work string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.job.Work == work
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
	if !accepted(w.o.Accept, j.Coordinator) {
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
	if err := w.deliver(ctx, j, out, ""); err != nil {
		switch cause := context.Cause(ctx); {
		case cause != nil:
			t.leave(ctx, j, cause)
		case transient(err) || w.conn.nc.IsClosed():
			t.leave(ctx, j, err)
		default:
			t.fail(ctx, j, err) // the server refuses it, and will again
		}
		return
	}
	w.recovered()
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

// UnfitError is an [Executor]'s for a task that this host does not execute, while nothing is wrong with the host: the worker goes
// on with other tasks, and another worker may take this one.
type UnfitError struct{ Err error }

func (e *UnfitError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *UnfitError) Unwrap() error { return e.Err }

// fail tells the coordinator that this host could not execute the task, and lets another have it. The host rests, unless it is
// the task alone that it does not execute: then it is the task that waits, so that another worker has the time to take it.
func (t *taken) fail(ctx context.Context, j job, why error) {
	w := t.w
	if errors.Is(why, errNotFound) { // a plan or an image, which the host has no part in
		why = &UnfitError{why}
	}
	if unfit, ok := errors.AsType[*UnfitError](why); ok {
		w.say("task %s of %s is not for this host: %v", j.ID, j.Work, unfit)
		if err := w.deliver(ctx, j, Outcome{}, bounded(unfit.Error(), maxProgress)); err != nil {
			w.conn.log.Debug("the coordinator cannot be told", "err", err)
		}
		w.giveBack(t.msg(), w.renewal)
		return
	}
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
	poke(w.ailed)
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
	// Of its cancellation alone: who hears those of all tasks hears, in a large fleet, little else. What was said before is seen by the look.
	cancelled, err := w.conn.subscribe(cancelledSubject(j.Work, j.ID), func(*nats.Msg) { poke(t.stir) })
	if err != nil {
		return nil, err
	}
	unsubscribe := func() {
		if err := cancelled.Unsubscribe(); err != nil {
			w.conn.log.Debug("the worker cannot be taken from the subject that ends a task", "err", err)
		}
	}
	if _, err := look(true); err != nil {
		unsubscribe()
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
		unsubscribe()
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
	ctx, cancel := context.WithTimeout(ctx, min(w.o.Upload, longestUpload))
	defer cancel()
	s := Seal{
		Work: j.Work, ID: j.ID, Plan: j.Plan, Ticket: j.Ticket, Attempt: j.Attempt, Worker: w.conn.key, Host: w.host(), Session: w.session,
		SummaryDigest: sha256Hex(out.Summary), RecordDigest: sha256Hex(out.Record), Size: int64(len(out.Record)), Failed: failed,
	}
	r := result{summary: out.Summary, record: out.Record}
	if len(out.Record) > min(inline, w.conn.chunkSize()) {
		var m manifest
		if err := w.whileFull(ctx, j, func() (err error) {
			s.Stored = rand.Text()
			m, err = w.conn.putChunks(ctx, w.renewal, recordPrefix(s), strconv.Itoa, readerOf(out.Record))
			return err
		}); err != nil {
			return fmt.Errorf("store the record of task %s: %w", j.ID, err)
		}
		r.record, r.chunks = nil, m.Chunks
	}
	land, err := w.sealing.alone(ctx, j.Work) // seals are stored in the order of their chain
	if err != nil {
		return fmt.Errorf("seal task %s: %w", j.ID, err)
	}
	defer land()
	w.mu.Lock()
	head := w.chains[j.Work]
	w.mu.Unlock()
	s.Seq, s.Prev = head.seq+1, head.digest
	if r.signed, err = json.Marshal(s); err != nil {
		return fmt.Errorf("encode the seal of task %s: %w", j.ID, err)
	}
	if r.signature, err = w.conn.pair.Sign(r.signed); err != nil {
		return fmt.Errorf("seal task %s: %w", j.ID, err)
	}
	digest := sha256Hex(r.signed)
	w.mu.Lock()
	w.chains[j.Work] = link{s.Seq, digest}
	w.mu.Unlock()
	m := &nats.Msg{Subject: subject(prefixResult, j.Work, w.conn.key, j.ID), Data: r.encode()}
	if err := w.whileFull(ctx, j, func() error {
		return w.conn.retry(ctx, w.renewal, func(ctx context.Context) error {
			_, err := w.conn.publish(ctx, m, digest)
			return err
		})
	}); err != nil {
		return fmt.Errorf("store the result of task %s: %w", j.ID, err)
	}
	return nil
}

// whileFull stores something, and again where the server takes nothing while this worker's share of it is used up: what it holds is fetched
// some time, and a trial that is over need not be made again.
func (w *Worker) whileFull(ctx context.Context, j job, store func() error) error {
	for told := false; ; told = true {
		err := store()
		w.mu.Lock()
		full := time.Now().Before(w.full)
		w.mu.Unlock()
		if !errors.Is(err, ErrDenied) || !full || ctx.Err() != nil {
			return err
		}
		if !told {
			w.announce("the result of task %s of %s is kept: the server takes nothing before coordinators have fetched what is there of this worker", j.ID, j.Work)
		}
		wait(ctx, w.renewal, w.woken())
	}
}

// planCache remembers the newest plans.
type planCache struct {
	fetching flights // by name: who comes while a plan is read finds it

	mu    sync.Mutex
	of    map[string][]byte
	order []string
	size  int // bytes
}

// How much a worker remembers of plans; the newest in any case.
const (
	plansKept = 16
	plansSize = MaxPayload
)

func (p *planCache) get(name string) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	data, ok := p.of[name]
	return data, ok
}

func (p *planCache) add(name string, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[name] = data
	p.order = append(p.order, name)
	p.size += len(data)
	for len(p.order) > 1 && (len(p.order) > plansKept || p.size > plansSize) {
		p.size -= len(p.of[p.order[0]])
		delete(p.of, p.order[0])
		p.order = p.order[1:]
	}
}

// plan reads a job's plan, once for many tasks of it.
func (w *Worker) plan(ctx context.Context, j job) ([]byte, error) {
	name := j.Coordinator + j.Plan + j.Secret
	if data, ok := w.plans.get(name); ok {
		return data, nil
	}
	land, err := w.plans.fetching.alone(ctx, name)
	if err != nil {
		return nil, err
	}
	defer land()
	if data, ok := w.plans.get(name); ok {
		return data, nil
	}
	data, err := w.conn.payload(ctx, j)
	if err != nil {
		return nil, err
	}
	w.plans.add(name, data)
	return data, nil
}
