package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

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
		if !c.conn.nc.IsConnected() {
			continue // until it is again
		}
		bounded, cancel := context.WithTimeout(ctx, 2*requestTimeout)
		err := c.reconcileOnce(bounded)
		cancel()
		if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrBucketNotFound) {
			bounded, cancel := context.WithTimeout(ctx, 2*requestTimeout)
			err = Setup(bounded, c.conn, c.renewal)
			cancel()
		}
		if err != nil && ctx.Err() == nil {
			c.conn.complain(fmt.Errorf("compare the fleet's queue with what is waited for: %w", err))
		}
	}
}

func (c *Coordinator) reconcileOnce(ctx context.Context) error {
	queues, err := c.renewQueues(ctx)
	if err != nil {
		return err
	}
	if c.Holds() != nil {
		return nil //nolint:nilerr // what is queued may be another's
	}
	s, err := c.conn.stream(ctx, streamWork)
	if err != nil {
		return err
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(subject(prefixWork, "*", c.work, "*")))
	if err != nil {
		return fmt.Errorf("list the queued tasks: %w", err)
	}
	skipped, err := c.skipped(ctx, s, queues, info.State.Subjects)
	if err != nil {
		return err
	}
	again, over := c.compare(info.State.Subjects, skipped)
	for _, e := range again {
		if skipped[e.subject] {
			c.conn.log.Warn("the server holds a task and gives it to nobody; it is submitted again", "work", c.work, "task", e.ID)
			if err := c.conn.purgeWork(ctx, e.subject); err != nil {
				return err
			}
		}
	}
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

// skipped finds the tasks that the server holds and gives to nobody: a queue's consumer takes them for acknowledged. That happens to a
// server that was killed, whose stream and consumer are written one after the other. A queue whose consumer accounts for
// every message is not looked into.
func (c *Coordinator) skipped(ctx context.Context, s jetstream.Stream, queues map[string]*jetstream.ConsumerInfo, queued map[string]uint64) (map[string]bool, error) {
	var found map[string]bool
	for key, consumer := range queues {
		info, err := s.Info(ctx, jetstream.WithSubjectFilter(subject(prefixWork, key, "*", "*")))
		if err != nil {
			return nil, fmt.Errorf("list the queue of tasks with needs %s: %w", key, err)
		}
		if uint64(len(info.State.Subjects)) <= consumer.NumPending+uint64(consumer.NumAckPending) { //nolint:gosec // a number of messages
			continue
		}
		for on := range queued {
			if !strings.HasPrefix(on, subject(prefixWork, key)+".") {
				continue
			}
			m, err := s.GetLastMsgForSubject(ctx, on)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("read a queued task: %w", err)
			}
			if m.Sequence <= consumer.AckFloor.Stream {
				if found == nil {
					found = map[string]bool{}
				}
				found[on] = true
			}
		}
	}
	return found, nil
}

// compare says which tasks are to be given again, because for the second time nobody will execute them: they are not queued, or were
// skipped, and have no result; and which subjects are of tasks that are over.
func (c *Coordinator) compare(queued map[string]uint64, skipped map[string]bool) (again []*task, over []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.tasks {
		if e.result != nil || e.err != nil || queued[e.subject] > 0 && !skipped[e.subject] {
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

// renewQueues keeps the queues of this coordinator's tasks, and their plans, where workers find them, and returns what is known
// of each queue's consumer.
func (c *Coordinator) renewQueues(ctx context.Context) (map[string]*jetstream.ConsumerInfo, error) {
	c.mu.Lock()
	queues := map[string]Needs{}
	for key, q := range c.queues {
		if q.tasks == 0 && q.empty { // a rate submits one trial after another: its queue stays
			delete(c.queues, key)
			continue
		}
		q.empty = q.tasks == 0
		queues[key] = q.needs
	}
	plans := map[string][]byte{}
	for _, e := range c.tasks {
		plans[e.Plan] = e.Payload
	}
	c.mu.Unlock()
	infos := map[string]*jetstream.ConsumerInfo{}
	for key, n := range queues {
		info, err := c.conn.makeConsumer(ctx, key, c.renewal)
		if err != nil {
			return nil, fmt.Errorf("renew the queue of tasks with needs %s: %w", key, err)
		}
		infos[key] = info
		if err := c.announce(ctx, key, n); err != nil {
			return nil, err
		}
	}
	for digest, payload := range plans {
		if err := c.shipPlan(ctx, digest, payload, nil); err != nil {
			return nil, err
		}
	}
	return infos, nil
}
