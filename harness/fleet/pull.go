package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// followNeeds pulls from the queue of all needs that the offer meets, as long as they are announced.
func (w *Worker) followNeeds(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	read := time.Time{}
	for ctx.Err() == nil {
		back, woken := w.conn.cameBack(), w.woken()
		if time.Since(read) >= 2*w.renewal {
			if err := w.readNeeds(ctx); err != nil {
				w.conn.log.Debug("what work needs cannot be read", "err", err)
			} else {
				read = time.Now()
			}
		}
		w.mu.Lock()
		for key, n := range w.needs {
			meets := len(w.offer.Lacks(n)) == 0
			stop := w.pullers[key]
			switch {
			case meets && stop == nil:
				pulling, cancel := context.WithCancel(ctx)
				w.pullers[key] = cancel
				wg.Go(func() { w.pull(pulling, key) })
			case !meets && stop != nil:
				stop()
				delete(w.pullers, key)
			}
		}
		for key, stop := range w.pullers {
			if _, ok := w.needs[key]; !ok {
				stop()
				delete(w.pullers, key)
			}
		}
		w.mu.Unlock()
		t := time.NewTimer(2 * w.renewal)
		select {
		case <-ctx.Done():
		case <-back:
			read = time.Time{}
		case <-woken:
		case <-t.C:
		}
		t.Stop()
	}
}

// readNeeds reads which needs are announced; those that are not any more are forgotten.
func (w *Worker) readNeeds(ctx context.Context) error {
	ctx, cancel := w.conn.asking(ctx)
	defer cancel()
	const prefix = "$KV." + bucketNeeds + "."
	s, err := w.conn.stream(ctx, "KV_"+bucketNeeds)
	if err != nil {
		return fmt.Errorf("read the announced needs: %w", err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(prefix+"*"))
	if err != nil {
		return fmt.Errorf("read the announced needs: %w", err)
	}
	needs := map[string]Needs{}
	for on := range info.State.Subjects {
		key := strings.TrimPrefix(on, prefix)
		w.mu.Lock()
		n, known := w.needs[key]
		w.mu.Unlock()
		if !known {
			m, err := w.conn.last(ctx, "KV_"+bucketNeeds, on)
			if errors.Is(err, errNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if n, err = announcedNeeds(key, m.Data); err != nil {
				continue
			}
		}
		needs[key] = n
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.needs = needs
	return nil
}

// pull takes the tasks of one queue, one for each free slot, until ctx ends.
func (w *Worker) pull(ctx context.Context, key string) {
	var queue jetstream.Consumer
	for w.awaitSlot(ctx) {
		err := func() (err error) {
			if queue == nil {
				asking, cancel := w.conn.asking(ctx)
				defer cancel()
				if queue, err = w.conn.js.Consumer(asking, streamWork, consumerName(key)); err != nil {
					return err
				}
			}
			return w.fetch(ctx, queue)
		}()
		if err != nil && ctx.Err() == nil {
			queue = nil
			w.conn.log.Debug("no task can be taken", "needs", key, "err", err)
			wait(ctx, w.renewal/2, w.conn.cameBack())
		}
	}
}

// awaitSlot waits until a slot is free and the worker does not rest.
func (w *Worker) awaitSlot(ctx context.Context) bool {
	for ctx.Err() == nil {
		woken := w.woken()
		w.mu.Lock()
		free, rest := w.busy < w.offer.Slots, max(time.Until(w.rests), time.Until(w.full))
		w.mu.Unlock()
		if free && rest <= 0 {
			return true
		}
		if rest <= 0 {
			rest = time.Minute
		}
		wait(ctx, rest, woken)
	}
	return false
}

// fetch asks a queue for one task and waits for it. The question ends with the connection, for the server that comes
// back knows nothing of it.
func (w *Worker) fetch(ctx context.Context, queue jetstream.Consumer) error {
	asking, stop := w.conn.askingFor(ctx, max(2*w.renewal, time.Second))
	defer stop()
	batch, err := queue.Fetch(1, jetstream.FetchContext(asking))
	if err != nil {
		return fmt.Errorf("ask for a task: %w", err)
	}
	for m := range batch.Messages() {
		w.receive(ctx, m)
	}
	err = batch.Error()
	if asking.Err() != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, jetstream.ErrNoMessages) {
		return nil // there was none
	}
	return err
}

// messageName tells one message from another, also when a server lost its state and counts anew.
func messageName(m jetstream.Msg) string {
	meta, err := m.Metadata()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d", m.Subject(), meta.Sequence.Stream, meta.Timestamp.UnixNano())
}

// receive begins a task if there is a slot, and gives it back at once if there is none.
func (w *Worker) receive(ctx context.Context, m jetstream.Msg) {
	name := messageName(m)
	w.mu.Lock()
	if t := w.running[name]; t != nil {
		// The server thought this worker dead, and gave the task to it again: it goes on under the new delivery.
		t.message(m)
		w.mu.Unlock()
		return
	}
	switch {
	case w.done.has(name):
		w.mu.Unlock()
		w.acknowledge(ctx, m) // the result is stored, the acknowledgement was lost
		return
	case ctx.Err() != nil || w.offer.Draining || w.busy >= w.offer.Slots || time.Now().Before(w.rests) || time.Now().Before(w.full):
		w.mu.Unlock()
		w.giveBack(m, 0)
		return
	}
	t := &taken{w: w, name: name, m: m, stir: make(chan struct{}, 1)}
	w.running[name] = t
	w.busy++
	w.mu.Unlock()
	w.tell()
	go func() {
		defer w.leaveSlot(name)
		t.run(w.life)
	}()
}

// leaveSlot has the slot be free that a message, or a part of a lab, had.
func (w *Worker) leaveSlot(message string) {
	w.mu.Lock()
	w.busy--
	delete(w.running, message)
	w.mu.Unlock()
	w.wake()
	w.tell()
}

func (w *Worker) acknowledge(ctx context.Context, m jetstream.Msg) {
	ctx, cancel := w.conn.asking(context.WithoutCancel(ctx))
	defer cancel()
	if err := m.DoubleAck(ctx); err != nil {
		w.conn.log.Debug("a task cannot be acknowledged; it comes again", "err", err)
	}
}

// giveBack lets the queue give a task to another worker, at once or after a delay.
func (w *Worker) giveBack(m jetstream.Msg, delay time.Duration) {
	nak := m.Nak
	if delay > 0 {
		nak = func() error { return m.NakWithDelay(delay) }
	}
	if err := nak(); err != nil {
		w.conn.log.Debug("a task cannot be given back; it goes to another when its lease ends", "err", err)
	}
}
