package fleet

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

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
	if consumer.CachedInfo().NumPending == 0 {
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
	for {
		m, err := messages.Next()
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("read results: %w", err)
		}
		c.take(m.Subject(), m.Data(), meta.Sequence.Stream)
		if meta.NumPending == 0 {
			caughtUp()
		}
	}
}

// take verifies a result and takes it in.
func (c *Coordinator) take(on string, data []byte, sequence uint64) {
	tokens := strings.Split(on, ".")
	worker, id := tokens[3], tokens[4]
	s, err := c.open(worker, id, data)
	// A server that lost its state counts anew: the number alone does not tell one message from another.
	s.sequence, s.ID, s.name = sequence, id, fmt.Sprint(sequence, " ", sha256Hex(data))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[s.name] {
		return
	}
	c.seen[s.name] = true
	if err == nil {
		err = c.inChain(&s)
	}
	if err != nil {
		c.tellRefused(worker, id, err)
		c.events.add(func(ctx context.Context) error { return c.forget(ctx, s) })
		// Who knows the ticket has taken the task and spoilt it; anybody else has nothing to do with it.
		if e := c.tasks[id]; e != nil && c.isTicket(s) {
			c.countFailure(e, s, err.Error())
		}
		return
	}
	if s.Failed == "" {
		c.accept(s)
		return
	}
	if e := c.tasks[id]; e != nil {
		c.countFailure(e, s, s.Failed)
	}
	c.uncounted(s, "the host could not execute it: "+s.Failed)
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
	case len(c.o.Trusted) > 0 && !slices.Contains(c.o.Trusted, worker):
		return s, fmt.Errorf("worker %s (%s) is not one of those that are trusted", s.Host, worker)
	case !c.isTicket(s):
		return s, fmt.Errorf("%w: its ticket is not this task's", errForged)
	}
	return s, nil
}

func (c *Coordinator) isTicket(s Sealed) bool {
	return subtle.ConstantTimeCompare([]byte(s.Ticket), []byte(c.secrets.ticket(c.work, s.ID))) == 1
}

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

// countFailure notes that a worker did not execute a task; c.mu is held. The task is given up when that happened often
// enough and no worker that could take it has not tried.
func (c *Coordinator) countFailure(e *task, s Sealed, why string) {
	if e.result != nil || e.err != nil {
		return
	}
	e.failed = append(e.failed, s.Host+": "+why)
	e.failedBy[s.Worker] = true
	if len(e.failed) < c.o.Failures {
		return
	}
	for key, o := range c.roster {
		if !e.failedBy[key] && len(o.Lacks(c.queues[e.needs].needs)) == 0 {
			return
		}
	}
	c.finish(e, &FailedError{ID: e.ID, Reasons: e.failed})
	c.events.add(func(ctx context.Context) error { return c.endTask(ctx, e) })
}

// reconcile compares, every two renewals and whenever the connection came back, what this side waits for with what the
// server has: a message that nobody has any more is published again, what no worker should have is taken away.
func (c *Coordinator) reconcile(ctx context.Context) {
	for {
		back := c.conn.cameBack()
		if !wait(ctx, 2*c.renewal, back) {
			return
		}
		c.expireOffers()
		c.tellUnmet()
		bounded, cancel := context.WithTimeout(ctx, 2*requestTimeout)
		err := c.reconcileOnce(bounded)
		cancel()
		if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrBucketNotFound) {
			bounded, cancel := context.WithTimeout(ctx, 2*requestTimeout)
			err = Setup(bounded, c.conn, c.renewal)
			cancel()
		}
		if err != nil && ctx.Err() == nil {
			c.conn.log.Warn("the fleet's queue cannot be compared with what is waited for", "work", c.work, "err", err)
		}
	}
}

func (c *Coordinator) reconcileOnce(ctx context.Context) error {
	if err := c.renewQueues(ctx); err != nil {
		return err
	}
	s, err := c.conn.stream(ctx, streamWork)
	if err != nil {
		return err
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(subject(prefixWork, "*", c.work, "*")))
	if err != nil {
		return fmt.Errorf("list the queued tasks: %w", err)
	}
	again, over := c.compare(info.State.Subjects)
	for _, e := range again {
		if err := c.give(ctx, e); err != nil {
			return err
		}
	}
	for _, subject := range over {
		if err := c.conn.purgeWork(ctx, subject); err != nil {
			return err
		}
	}
	return nil
}

// compare says which tasks are to be given again, because they are neither queued nor have a result for the second time, and
// which subjects are of tasks that are over.
func (c *Coordinator) compare(queued map[string]uint64) (again []*task, over []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.tasks {
		if e.result != nil || e.err != nil || queued[e.subject] > 0 {
			e.missed = 0
			continue
		}
		if e.missed++; e.missed == 2 {
			e.missed = 0
			again = append(again, e)
		}
	}
	for on := range queued {
		id := on[strings.LastIndexByte(on, '.')+1:]
		if c.tasks[id] == nil && (c.kept.has(id) || c.cancelled[id]) {
			over = append(over, on)
		}
	}
	return again, over
}

// renewQueues keeps the queues of this coordinator's tasks, and their plans, where workers find them.
func (c *Coordinator) renewQueues(ctx context.Context) error {
	c.mu.Lock()
	queues := map[string]Needs{}
	for key, q := range c.queues {
		queues[key] = q.needs
	}
	plans := map[string][]byte{}
	for _, e := range c.tasks {
		plans[e.Plan] = e.Payload
	}
	c.mu.Unlock()
	for key, n := range queues {
		if err := c.conn.makeConsumer(ctx, key, c.renewal); err != nil {
			return fmt.Errorf("renew the queue of tasks with needs %s: %w", key, err)
		}
		if err := c.announce(ctx, key, n); err != nil {
			return err
		}
	}
	for digest, payload := range plans {
		if err := c.shipPlan(ctx, digest, payload); err != nil {
			return err
		}
	}
	return nil
}

// cancelledAt is the last epoch whose task is cancelled, as the bucket has it.
func cancelledAt(data []byte) uint64 {
	n, err := strconv.ParseUint(string(data), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
