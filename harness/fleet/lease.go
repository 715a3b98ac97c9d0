package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Holder is who holds a work.
type Holder struct {
	Work  string    `json:"work"`
	Key   string    `json:"key"`
	Name  string    `json:"name"`
	Since time.Time `json:"since"` // by the server's clock
}

// leaseValue is what stands in the bucket of works.
type leaseValue struct {
	Holder
	Life string `json:"life"` // of the process that holds it, at random
	// Closed is the last epoch whose tasks are over; nobody holds a lease that is not Live.
	Closed uint64 `json:"closed,omitempty"`
	Live   bool   `json:"live"`
}

// lease is a work that this process holds. The bucket forgets it when it is not renewed; its revision
// fences: who renews at another revision than the last has lost it.
type lease struct {
	conn     *Conn
	value    leaseValue
	epoch    uint64 // revision at which this life began; grows from life to life
	revision uint64
	renewal  time.Duration
}

// takeLease waits until nobody else holds the work.
func (c *Conn) takeLease(ctx context.Context, work, name string, renewal time.Duration, waiting func(Holder)) (*lease, error) {
	l := &lease{conn: c, renewal: renewal, value: leaseValue{Holder: Holder{Work: work, Key: c.key, Name: name}, Life: rand.Text(), Live: true}}
	told := ""
	for {
		var held *leaseValue
		err := c.retry(ctx, renewal, func(ctx context.Context) (err error) {
			held, err = l.try(ctx)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("take the lease of work %s: %w", work, err)
		}
		if held == nil {
			return l, nil
		}
		if held.Life != told && waiting != nil {
			waiting(held.Holder)
		}
		told = held.Life
		if !wait(ctx, renewal/2, nil) {
			return nil, fmt.Errorf("wait for work %s, which %s holds: %w", work, held.Name, ctx.Err())
		}
	}
}

// try takes the lease, or returns who holds it.
func (l *lease) try(ctx context.Context) (*leaseValue, error) {
	works, err := l.conn.bucket(ctx, bucketWorks)
	if err != nil {
		return nil, err
	}
	var before uint64
	m, err := l.conn.last(ctx, "KV_"+bucketWorks, worksSubject(l.value.Work))
	switch {
	case errors.Is(err, errNotFound):
	case err != nil:
		return nil, err
	default:
		before, _ = stored(m)
		held, err := readLease(l.value.Work, m.Data)
		switch {
		case err != nil:
			l.conn.log.Warn("what stands as the work's lease was written by no coordinator: it is replaced", "work", l.value.Work, "err", err)
		case held.Live && held.Life != l.value.Life:
			return &held, nil
		default:
			l.value.Closed = held.Closed
		}
	}
	if l.revision, err = l.write(ctx, works, before); err != nil {
		if isRevision(err) {
			return l.try(ctx) // another was faster: see who
		}
		return nil, err
	}
	if l.epoch > 0 {
		return nil, nil
	}
	l.epoch = l.revision
	if m, err = l.conn.last(ctx, "KV_"+bucketWorks, worksSubject(l.value.Work)); err != nil {
		return nil, err
	}
	// Others are told since when, by the server's clock.
	_, l.value.Since = stored(m)
	l.revision, err = l.write(ctx, works, l.revision)
	return nil, err
}

// write puts the lease's value where the newest revision is before; 0: where there is none.
func (l *lease) write(ctx context.Context, works jetstream.KeyValue, before uint64) (uint64, error) {
	data, err := json.Marshal(l.value)
	if err != nil {
		return 0, fmt.Errorf("encode the lease: %w", err)
	}
	if data, err = signWord(l.conn.pair, worksSubject(l.value.Work), data); err != nil {
		return 0, err
	}
	if before == 0 {
		return works.Create(ctx, l.value.Work, data)
	}
	return works.Update(ctx, l.value.Work, data, before)
}

// readLease verifies the lease that stands for a work. The error is errForged when its holder has not signed it.
func readLease(work string, data []byte) (leaseValue, error) {
	var l leaseValue
	by, body, err := readWord(worksSubject(work), data)
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(body, &l); err != nil {
		return l, fmt.Errorf("read the lease of work %s: %w: %w", work, errForged, err)
	}
	if l.Key != by || l.Work != work {
		return l, fmt.Errorf("read the lease of work %s: %w: it is of %s by %s, signed by %s", work, errForged, l.Work, l.Key, by)
	}
	return l, nil
}

func isRevision(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch)
}

// keep renews until ctx ends, or the lease is another's. A lease that ran out while there was no connection, and that
// nobody took, is taken again.
func (l *lease) keep(ctx context.Context) error {
	for wait(ctx, l.renewal, l.conn.cameBack()) {
		err := l.conn.retry(ctx, l.renewal/4, func(ctx context.Context) error {
			works, err := l.conn.bucket(ctx, bucketWorks)
			if err != nil {
				return err
			}
			revision, err := l.write(ctx, works, l.revision)
			if err == nil {
				l.revision = revision
				return nil
			}
			if !isRevision(err) {
				return err
			}
			held, err := l.try(ctx)
			if held != nil {
				return fmt.Errorf("%w: %s (%s)", ErrLost, held.Name, held.Key)
			}
			return err
		})
		if errors.Is(err, ErrLost) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			l.conn.log.Warn("the work's lease cannot be renewed", "work", l.value.Work, "err", err)
		}
	}
	return nil
}

// release ends the tasks of this life and leaves the work to whoever comes.
func (l *lease) release(ctx context.Context) error {
	works, err := l.conn.bucket(ctx, bucketWorks)
	if err != nil {
		return err
	}
	l.value.Live, l.value.Closed = false, l.epoch
	if _, err := l.write(ctx, works, l.revision); err != nil && !isRevision(err) {
		return fmt.Errorf("give the lease of work %s back: %w", l.value.Work, err)
	}
	return nil
}
