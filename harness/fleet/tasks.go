package fleet

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Submit gives a task to the fleet. A task that the fleet has already, from this coordinator's earlier life, is
// not given again, if plan, trial and options are the same; another that stands under its name is replaced. While the server cannot be reached it waits, as long as ctx lets it.
// A task whose submission ctx ends may have been given all the same: [Coordinator.Cancel] takes it back.
func (c *Coordinator) Submit(ctx context.Context, t Task, n Needs) error {
	if err := checkToken("task", t.ID); err != nil {
		return err
	}
	if len(t.Options) > MaxOptions || len(t.Payload) > MaxPayload {
		return fmt.Errorf("task %s: options of %d and a plan of %d bytes, at most %d and %d are allowed", t.ID, len(t.Options), len(t.Payload), MaxOptions, MaxPayload)
	}
	t.Work = c.work
	if t.Plan == "" {
		t.Plan = sha256Hex(t.Payload)
	}
	key := n.Key()
	c.mu.Lock()
	_, twice := c.tasks[t.ID]
	switch {
	case c.ctx.Err() != nil:
		c.mu.Unlock()
		return c.ended()
	case twice || c.kept.has(t.ID) || c.cancelled[t.ID]:
		c.mu.Unlock()
		return fmt.Errorf("task %s was submitted before", t.ID)
	}
	e := &task{Task: t, executes: t.what(), lives: []string{c.life}, needs: key, subject: subject(prefixWork, key, c.work, t.ID), done: make(chan struct{}), failedBy: map[string]bool{}}
	c.tasks[t.ID] = e
	delete(c.broken, t.ID)
	if c.queues[key] == nil {
		c.queues[key] = &queue{needs: n.normal()}
	}
	c.queues[key].tasks++
	claimed := c.unclaimed[t.ID]
	delete(c.unclaimed, t.ID)
	for _, s := range claimed {
		c.accept(s)
	}
	has := e.result != nil || e.err != nil
	c.mu.Unlock()
	c.tellUnmet()
	if has {
		return nil
	}
	if err := c.give(ctx, e); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if e.result == nil && e.err == nil {
			c.drop(e)
			c.broken[e.ID] = e
		}
		return err
	}
	return nil
}

// drop forgets a task; c.mu is held.
func (c *Coordinator) drop(e *task) {
	if c.tasks[e.ID] != e {
		return
	}
	delete(c.tasks, e.ID)
	c.queues[e.needs].tasks--
}

// give stores a task's plan, makes its queue and publishes its message.
func (c *Coordinator) give(ctx context.Context, e *task) error {
	ctx, stop := c.bounded(ctx)
	defer stop()
	shipped := func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.shipped[e.Plan]
	}
	if !shipped() {
		if err := c.shipPlan(ctx, e.Plan, e.Payload, shipped); err != nil {
			return c.because(err)
		}
	}
	if err := c.makeQueue(ctx, e.needs); err != nil {
		return c.because(err)
	}
	c.mu.Lock()
	if e.given.IsZero() {
		e.given = time.Now()
	}
	c.mu.Unlock()
	return c.because(c.publishTask(ctx, e))
}

// shipPlan stores a plan where the fleet has not got it; known is that of shipSealed.
func (c *Coordinator) shipPlan(ctx context.Context, digest string, payload []byte, known func() bool) error {
	err := c.conn.shipSealed(ctx, streamPlans, subject(prefixPlan, c.conn.key, digest), c.secrets.plan(digest), known, func() (io.ReadCloser, error) {
		return readerOf(payload), nil
	})
	if err != nil {
		return fmt.Errorf("store plan %s: %w", digest, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shipped[digest] = true
	return nil
}

func (c *Coordinator) publishTask(ctx context.Context, e *task) error {
	j := job{Task: e.Task, Coordinator: c.conn.key, Epoch: c.epoch, Life: c.life, Ticket: c.secrets.ticket(e.Task), Secret: c.secrets.plan(e.Plan)}
	for _, digest := range e.Images {
		if j.Secrets == nil {
			j.Secrets = map[string]string{}
		}
		j.Secrets[digest] = c.secrets.image(digest)
	}
	m, err := j.message(e.subject, c.conn.pair)
	if err != nil {
		return err
	}
	err = c.conn.retry(ctx, c.renewal, func(ctx context.Context) error {
		for {
			// Nothing is on the subject, or what is there is looked at.
			_, err := c.conn.publish(ctx, m, "", jetstream.WithExpectLastSequencePerSubject(0))
			if !isRevision(err) {
				return err
			}
			if same, err := c.clear(ctx, e, j); same || err != nil {
				return err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("give task %s to the fleet: %w", e.ID, err)
	}
	return nil
}

// clear looks at the message that stands on a task's subject. One that asks for the same as j stays, if its life's tasks are not
// over; any other is taken away, and ends where it runs.
func (c *Coordinator) clear(ctx context.Context, e *task, j job) (same bool, err error) {
	s, err := c.conn.stream(ctx, streamWork)
	if err != nil {
		return false, err
	}
	m, err := s.GetLastMsgForSubject(ctx, e.subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil // it was executed meanwhile
	}
	if err != nil {
		return false, fmt.Errorf("look at what stands for task %s: %w", e.ID, err)
	}
	standing, err := readJob(m.Subject, m.Header, m.Data)
	if err == nil && standing.Coordinator == j.Coordinator && standing.Life != c.life {
		c.mu.Lock()
		if !slices.Contains(e.lives, standing.Life) {
			e.lives = append(e.lives, standing.Life)
		}
		c.mu.Unlock()
	}
	if err == nil && standing.Coordinator == j.Coordinator && standing.Ticket == j.Ticket && slices.Equal(standing.Images, j.Images) && standing.Epoch > c.over {
		return true, nil
	}
	if err == nil && standing.Life != c.life {
		if err := c.putCancellation(ctx, e.ID, []string{standing.Life}); err != nil {
			return false, err
		}
	}
	if err := s.DeleteMsg(ctx, m.Sequence); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) && !errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		return false, fmt.Errorf("take away another task of the name %s: %w", e.ID, err)
	}
	return false, nil
}

// makeQueue makes what workers pull tasks with these needs from, and tells them that it is there: once for many tasks, for every
// worker hears of it.
func (c *Coordinator) makeQueue(ctx context.Context, key string) error {
	c.mu.Lock()
	q := c.queues[key]
	c.mu.Unlock()
	if q == nil {
		return nil
	}
	q.making.Lock()
	defer q.making.Unlock()
	if q.made {
		return nil
	}
	err := c.conn.retry(ctx, c.renewal, func(ctx context.Context) error {
		if _, err := c.conn.makeConsumer(ctx, key, c.renewal); err != nil {
			return err
		}
		return c.announce(ctx, key, q.needs)
	})
	if err != nil {
		return fmt.Errorf("make the queue of tasks with needs %s: %w", key, err)
	}
	q.made = true
	return nil
}

// ackWait is how long a worker that says nothing has a task before it goes to another.
func ackWait(renewal time.Duration) time.Duration { return renewal + renewal/2 }

func consumerName(needs string) string { return "needs-" + needs }

func (c *Conn) makeConsumer(ctx context.Context, key string, renewal time.Duration) (*jetstream.ConsumerInfo, error) {
	consumer, err := c.js.CreateOrUpdateConsumer(ctx, streamWork, jetstream.ConsumerConfig{
		Durable: consumerName(key), FilterSubject: subject(prefixWork, key, "*", "*"), AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: ackWait(renewal), MaxDeliver: -1, MaxAckPending: -1, MaxWaiting: 1 << 16, InactiveThreshold: keepWork,
	})
	if err != nil {
		return nil, err
	}
	return consumer.CachedInfo(), nil
}

// Await waits for the task's first result that verifies, with its record. The errors are [ErrCancelled], [ErrLost],
// [ErrClosed], a [*FailedError], and ctx's. It may be called again: the result is the same until it is kept. A
// coordinator that has ended gives no result out, nor does one whose lease may have run out: it waits until
// the server confirms it, or another has the work.
func (c *Coordinator) Await(ctx context.Context, id string) (Sealed, error) {
	for {
		if c.ctx.Err() != nil {
			return Sealed{}, c.ended()
		}
		c.mu.Lock()
		e := c.tasks[id]
		switch {
		case e == nil && c.cancelled[id]:
			c.mu.Unlock()
			return Sealed{}, ErrCancelled
		case e == nil:
			c.mu.Unlock()
			return Sealed{}, fmt.Errorf("task %s was not submitted, or its result was kept", id)
		}
		done := e.done
		c.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
			return Sealed{}, ctx.Err()
		case <-c.ctx.Done():
			return Sealed{}, c.ended()
		}
		c.mu.Lock()
		err, result := e.err, e.result
		c.mu.Unlock()
		if err != nil {
			return Sealed{}, err
		}
		if result == nil {
			continue // refused meanwhile, by another Await
		}
		s, err := c.withRecord(ctx, e, *result)
		if err == nil {
			if err := c.awaitHeld(ctx); err != nil {
				return Sealed{}, err
			}
			return s, nil
		}
		if !errors.Is(err, errForged) && !errors.Is(err, errNotFound) {
			return Sealed{}, err
		}
		c.refuse(e, *result, err)
	}
}

// withRecord fetches a record that does not stand in its result's message.
func (c *Coordinator) withRecord(ctx context.Context, e *task, s Sealed) (Sealed, error) {
	if s.chunks == 0 || s.Record != nil {
		return s, nil
	}
	ctx, stop := c.bounded(ctx)
	defer stop()
	record, err := c.conn.readChunks(ctx, c.renewal, streamRecords, recordPrefix(s.Seal), s.chunks, s.Size, s.RecordDigest)
	if err != nil {
		return s, c.because(fmt.Errorf("read the record of task %s: %w", e.ID, err))
	}
	s.Record = record
	return s, nil
}

func recordPrefix(s Seal) string { return subject(prefixRecord, s.Worker, s.Stored) }

// refuse throws away the result that a task has; the next reconciliation gives the task again.
func (c *Coordinator) refuse(e *task, s Sealed, err error) {
	c.mu.Lock()
	if e.result == nil || e.result.SHA256 != s.SHA256 {
		c.mu.Unlock()
		return
	}
	e.result, e.done = nil, make(chan struct{})
	c.mu.Unlock()
	c.tellRefused(s.Worker, e.ID, err)
	c.events.add(func(ctx context.Context) error { return c.forget(ctx, s) })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.countFailure(e, s, err.Error())
}

// Keep tells the fleet that a result is on the disk and in the ledger. It is forgotten there.
func (c *Coordinator) Keep(ctx context.Context, s Sealed) error {
	ctx, stop := c.bounded(ctx)
	defer stop()
	c.mu.Lock()
	e := c.tasks[s.ID]
	c.kept.add(s.ID, s.SHA256)
	elsewhere := false
	if e != nil {
		// Another worker may have it too: the first comes late, the server thought who executed it dead for a while, or a life
		// before gave it.
		elsewhere = s.Attempt > 1 || time.Since(e.given) > ackWait(c.renewal) || len(e.lives) > 1
		c.drop(e)
	}
	c.mu.Unlock()
	if elsewhere {
		if err := c.endTask(ctx, e); err != nil {
			return c.because(err)
		}
	}
	return c.because(c.conn.retry(ctx, c.renewal, func(ctx context.Context) error { return c.forget(ctx, s) }))
}

// forget deletes a result and its record from the server.
func (c *Coordinator) forget(ctx context.Context, s Sealed) error {
	results, err := c.conn.stream(ctx, streamResults)
	if err != nil {
		return fmt.Errorf("forget the result of task %s: %w", s.ID, err)
	}
	there, err := isThere(ctx, results, s)
	if err != nil {
		return fmt.Errorf("forget the result of task %s: %w", s.ID, err)
	}
	if there {
		if err := results.DeleteMsg(ctx, s.sequence); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) && !errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) && transient(err) {
			return fmt.Errorf("forget the result of task %s: %w", s.ID, err)
		}
	}
	if s.chunks > 0 && checkToken("chunks", s.Stored) == nil {
		records, err := c.conn.stream(ctx, streamRecords)
		if err != nil {
			return fmt.Errorf("forget the record of task %s: %w", s.ID, err)
		}
		if err := records.Purge(ctx, jetstream.WithPurgeSubject(recordPrefix(s.Seal)+".*")); err != nil {
			return fmt.Errorf("forget the record of task %s: %w", s.ID, err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.seen, s.name)
	return nil
}

// isThere reports whether a result's message still has its number. A server that lost its state, which it cannot but with its
// connections, counts anew, and what has the number then is another's.
func isThere(ctx context.Context, results jetstream.Stream, s Sealed) (bool, error) {
	select {
	case <-s.back:
	default:
		return true, nil
	}
	m, err := results.GetMsg(ctx, s.sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return m.Subject == s.on && messageOf(s.sequence, m.Data) == s.name, nil
}

// Cancel ends a task, also one whose submission was broken off: it is taken from the queue, and its executor's context ends where
// it runs. A result that comes nevertheless is uncounted. [Coordinator.Await] of it returns [ErrCancelled]. What the server could not be
// told before ctx ended it is told later.
func (c *Coordinator) Cancel(ctx context.Context, id string) error {
	ctx, stop := c.bounded(ctx)
	defer stop()
	c.mu.Lock()
	e := cmp.Or(c.tasks[id], c.broken[id])
	if e == nil {
		c.mu.Unlock()
		return nil
	}
	c.cancelled[id] = true
	had := e.result
	c.finish(e, ErrCancelled)
	c.drop(e)
	delete(c.broken, id)
	early := c.unclaimed[id] // of a task that was not known to be given
	delete(c.unclaimed, id)
	c.mu.Unlock()
	if had != nil {
		early = append(early, *had)
	}
	for _, s := range early {
		c.uncounted(s, "it was cancelled")
	}
	err := c.endTask(ctx, e)
	if err != nil {
		c.events.add(func(ctx context.Context) error { return c.endTask(ctx, e) })
	}
	return c.because(err)
}

// finish ends a task with an error; c.mu is held.
func (c *Coordinator) finish(e *task, err error) {
	if e.result == nil && e.err == nil {
		close(e.done)
	}
	e.result, e.err = nil, err
}

// endTask takes a task from the queue and from who runs it.
func (c *Coordinator) endTask(ctx context.Context, e *task) error {
	err := c.conn.retry(ctx, c.renewal, func(ctx context.Context) error {
		c.mu.Lock()
		lives := slices.Clone(e.lives)
		c.mu.Unlock()
		if err := c.putCancellation(ctx, e.ID, lives); err != nil {
			return err
		}
		return c.conn.purgeWork(ctx, e.subject)
	})
	if err != nil {
		return fmt.Errorf("end task %s: %w", e.ID, err)
	}
	return nil
}

// putCancellation has whoever runs the task, from a message that one of these lives gave, end it.
func (c *Coordinator) putCancellation(ctx context.Context, id string, lives []string) error {
	data, err := json.Marshal(cancellation{lives})
	if err != nil {
		return fmt.Errorf("encode the cancellation of task %s: %w", id, err)
	}
	m := &nats.Msg{Subject: cancelledSubject(c.work, id)}
	if m.Data, err = signWord(c.conn.pair, m.Subject, data); err != nil {
		return err
	}
	_, err = c.conn.publish(ctx, m, "")
	return err
}

func (c *Conn) purgeWork(ctx context.Context, subject string) error {
	s, err := c.stream(ctx, streamWork)
	if err != nil {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeSubject(subject))
}

// Ship stores an image for [Task.Image], once per digest, which is the SHA-256 of what open reads, in hex.
// open is not called when the fleet has it, and will have it for two weeks more. A task that meets with an image that is gone all the
// same has a [*FailedError] with a reason that [ImageGone] knows: it is to be shipped again.
func (c *Coordinator) Ship(ctx context.Context, digest string, open func() (io.ReadCloser, error)) error {
	ctx, stop := c.bounded(ctx)
	defer stop()
	if len(digest) != 2*sha256.Size || checkToken("digest", digest) != nil {
		return fmt.Errorf("ship an image: %q is no SHA-256 in hex", digest)
	}
	err := c.conn.shipSealed(ctx, streamImages, subject(prefixImage, c.conn.key, digest), c.secrets.image(digest), nil, func() (io.ReadCloser, error) {
		r, err := open()
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{newDigestReader(r, digest), r}, nil
	})
	if err != nil {
		return c.because(fmt.Errorf("ship image %s: %w", digest, err))
	}
	return nil
}
