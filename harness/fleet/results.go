package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// readResults takes in what workers send, until ctx ends. Whenever the connection or the consumer breaks it reads from the
// beginning again, for what is not kept is there and nothing else. read is closed when what was there at first was taken in.
func (c *Coordinator) readResults(ctx context.Context, read chan struct{}) {
	var once sync.Once
	caughtUp := func() { once.Do(func() { close(read) }) }
	for ctx.Err() == nil {
		back := c.conn.cameBack()
		if err := c.readOnce(ctx, back, caughtUp); err != nil && ctx.Err() == nil {
			c.conn.log.Debug("results are read again", "work", c.work, "err", err)
			wait(ctx, c.renewal/4, back)
		}
	}
}

func (c *Coordinator) readOnce(ctx context.Context, back <-chan struct{}, caughtUp func()) error {
	bounded, cancel := c.conn.asking(ctx)
	defer cancel()
	consumer, err := c.conn.js.CreateConsumer(bounded, streamResults, jetstream.ConsumerConfig{
		FilterSubject: subject(prefixResult, c.work, "*", "*"), AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverAllPolicy,
		MemoryStorage: true, InactiveThreshold: 5 * time.Minute,
	})
	if err != nil {
		return err
	}
	caught := consumer.CachedInfo().NumPending == 0
	if caught {
		caughtUp()
	}
	expiry := max(4*c.renewal, 2*time.Second)
	messages, err := consumer.Messages(jetstream.PullMaxMessages(64), jetstream.PullExpiry(expiry), jetstream.PullHeartbeat(expiry/4))
	if err != nil {
		return err
	}
	defer messages.Stop()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-ctx.Done():
		case <-back:
		case <-done:
		}
		messages.Stop()
	}()
	for received := uint64(0); ; {
		var most []jetstream.NextOpt
		if !caught {
			most = append(most, jetstream.NextMaxWait(entrySilence))
		}
		m, err := messages.Next(most...)
		if !caught && errors.Is(err, nats.ErrTimeout) {
			// What was there at first may be gone before it is sent, and then nothing says that it was the last.
			if caught, err = c.conn.hasSent(ctx, consumer, received); err != nil {
				return err
			}
			if caught {
				caughtUp()
			}
			continue
		}
		if err != nil {
			return err
		}
		received++
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("read results: %w", err)
		}
		c.events.awaitFew(ctx)
		c.take(m.Subject(), m.Data(), meta.Sequence.Stream, back)
		if meta.NumPending == 0 {
			caught = true
			caughtUp()
		}
	}
}

// hasSent reports whether a consumer has sent all that there is, and all of it came.
func (c *Conn) hasSent(ctx context.Context, consumer jetstream.Consumer, received uint64) (bool, error) {
	ctx, cancel := c.asking(ctx)
	defer cancel()
	info, err := consumer.Info(ctx)
	if err != nil {
		return false, fmt.Errorf("look whether all results were read: %w", err)
	}
	return info.NumPending == 0 && info.Delivered.Consumer == received, nil
}

// maxSeals is how many results of one worker for one task are looked at: each may be a line of a ledger.
const maxSeals = 100

// take verifies a result and takes it in.
func (c *Coordinator) take(on string, data []byte, sequence uint64, back <-chan struct{}) {
	tokens := strings.Split(on, ".")
	worker, id := tokens[3], tokens[4]
	s, err := c.open(worker, id, data)
	// A server that lost its state counts anew: the number alone does not tell one message from another.
	s.on, s.back, s.sequence, s.ID, s.name = on, back, sequence, id, messageOf(sequence, data)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[s.name] {
		return
	}
	c.seen[s.name] = true
	if err == nil {
		if c.sealed[worker+" "+id]++; c.sealed[worker+" "+id] > maxSeals {
			err = fmt.Errorf("worker %s (%s) has sent %d results of this task already", s.Host, worker, maxSeals)
		}
	}
	if err == nil {
		err = c.inChain(&s)
	}
	if err != nil {
		c.tellRefused(worker, id, err)
		c.events.add(func(ctx context.Context) error { return c.forget(ctx, s) })
		// Who knows the ticket has taken the task and spoilt it; anybody else has nothing to do with it.
		if e := c.tasks[id]; e != nil && s.Ticket == c.secrets.ticket(e.Task) {
			c.countFailure(e, s, err.Error())
		}
		return
	}
	if s.Failed == "" {
		c.accept(s)
		return
	}
	if e := c.tasks[id]; e != nil && e.isAnsweredBy(s) {
		c.countFailure(e, s, s.Failed)
		if ImageGone(s.Failed) {
			c.events.add(func(ctx context.Context) error { return c.lookForImages(ctx, e) })
		}
	}
	c.uncounted(s, "the host could not execute it: "+s.Failed)
}

// messageOf names the message of a result.
func messageOf(sequence uint64, data []byte) string {
	return fmt.Sprint(sequence, " ", sha256Hex(data))
}

func (c *Coordinator) open(worker, id string, data []byte) (Sealed, error) {
	r, err := decodeResult(data)
	if err != nil {
		return Sealed{}, err
	}
	s, err := r.open(c.work, worker, id, c.o.MaxRecord)
	switch {
	case err != nil:
		return s, err
	case !c.trusts(worker):
		return s, fmt.Errorf("worker %s (%s) is not one of those that are trusted", s.Host, worker)
	}
	what, ours := c.secrets.ticketOf(c.work, s.ID, s.Ticket)
	if !ours {
		return s, fmt.Errorf("%w: its ticket is not this task's", errForged)
	}
	s.what = what
	return s, nil
}

// isAnsweredBy tells a result of the task from one of another plan, trial or options that has or had its name.
func (e *task) isAnsweredBy(s Sealed) bool { return s.what == e.executes && s.Plan == e.Plan }

// inChain holds a seal against the newest of its chain that is known; c.mu is held.
func (c *Coordinator) inChain(s *Sealed) error {
	name := s.Worker + " " + s.Session
	head, known := c.chains[name]
	switch {
	case s.Seq == head.seq+1 && s.Prev != head.digest:
		return fmt.Errorf("%w: seal %d of %s's chain does not follow the one before it", errForged, s.Seq, s.Host)
	case s.Seq == head.seq && known && s.SHA256 != head.digest:
		return fmt.Errorf("%w: two seals stand at place %d of %s's chain", errForged, s.Seq, s.Host)
	case s.Seq <= head.seq:
		return nil // read again
	}
	s.Gap = s.Seq != head.seq+1
	c.chains[name] = link{s.Seq, s.SHA256}
	return nil
}

// accept gives a verified result to its task, if it is the first; c.mu is held.
func (c *Coordinator) accept(s Sealed) {
	e := c.tasks[s.ID]
	switch {
	case c.cancelled[s.ID]:
		c.uncounted(s, "it was cancelled")
	case e != nil && !e.isAnsweredBy(s):
		c.uncounted(s, "it is of another plan, trial or options than the task")
	case e != nil && e.err != nil:
		c.uncounted(s, "it came after the task was given up")
	case e != nil && e.result == nil:
		e.result = &s
		close(e.done)
	case e != nil:
		c.again(s, e.result.SHA256)
	case c.kept.has(s.ID):
		c.again(s, c.kept.of[s.ID])
	default:
		if c.o.Counted != nil {
			if seal, counted := c.o.Counted(s.ID); counted {
				c.again(s, seal)
				return
			}
		}
		c.unclaimed[s.ID] = append(c.unclaimed[s.ID], s)
	}
}

// again is a result of a task that has one, whose seal is given; c.mu is held.
func (c *Coordinator) again(s Sealed, first string) {
	if s.SHA256 != first {
		c.uncounted(s, "the task has a result already")
		return
	}
	if c.tasks[s.ID] != nil {
		s.chunks = 0 // a second message with the very same seal: the record is the first's, which is not kept yet
	}
	c.events.add(func(ctx context.Context) error { return c.forget(ctx, s) })
}

// uncounted tells of a result that counts for nothing, and then forgets it.
func (c *Coordinator) uncounted(s Sealed, why string) {
	s.Record = nil
	told := c.o.Uncounted == nil
	c.events.add(func(ctx context.Context) error {
		if !told {
			if err := c.o.Uncounted(s, why); err != nil {
				return err
			}
			told = true
		}
		return c.forget(ctx, s)
	})
}

// givenUp is how many times [CoordinatorOptions.Failures] a task may fail while a worker has not tried it.
const givenUp = 10

// countFailure notes that a worker did not execute a task; c.mu is held. The task is given up when that happened often
// enough and no worker that could take it has not tried, or so often that who has not tried it does not matter.
func (c *Coordinator) countFailure(e *task, s Sealed, why string) {
	if e.result != nil || e.err != nil {
		return
	}
	e.failed = append(e.failed, s.Host+": "+why)
	e.failedBy[s.Worker] = true
	if len(e.failed) < c.o.Failures {
		return
	}
	if len(e.failed) < givenUp*c.o.Failures {
		for key, o := range c.roster {
			if !e.failedBy[key] && len(c.lacks(o.Offer, c.queues[e.needs].needs)) == 0 {
				return
			}
		}
	}
	c.finish(e, &FailedError{ID: e.ID, Reasons: e.failed})
	c.events.add(func(ctx context.Context) error { return c.endTask(ctx, e) })
}

// lookForImages gives a task up at once of which a worker has rightly said that an image is gone: no other would find it.
func (c *Coordinator) lookForImages(ctx context.Context, e *task) error {
	for _, digest := range e.Images {
		there, err := c.conn.hasWhole(ctx, streamImages, subject(prefixImage, c.conn.key, digest))
		if err != nil {
			return err
		}
		if there {
			continue
		}
		c.mu.Lock()
		if e.result == nil && e.err == nil {
			c.finish(e, &FailedError{ID: e.ID, Reasons: e.failed})
		}
		c.mu.Unlock()
		return c.endTask(ctx, e)
	}
	return nil
}
