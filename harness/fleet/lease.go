package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
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
	// Epoch numbers the lives of a work: it grows from each to the next.
	Epoch uint64 `json:"epoch,omitempty"`
	// Closed is the last epoch whose tasks are over; nobody holds a lease that is not Live.
	Closed uint64 `json:"closed,omitempty"`
	Live   bool   `json:"live"`
	// Renewed counts what the life has written: who has the server store the newest lease again renews nothing.
	Renewed uint64 `json:"renewed,omitempty"`
}

// lease is a work that this process holds. The bucket forgets it when it is not renewed; its revision
// fences: who renews at another revision than the last has lost it.
type lease struct {
	conn     *Conn
	value    leaseValue
	begun    bool
	revision uint64
	renewal  time.Duration
	stale    leaseValue // another's that was not renewed for as long as a lease lives

	mu        sync.Mutex
	confirmed time.Time     // when the newest renewal that the server confirmed was asked for
	renewed   chan struct{} // closed, and made anew, when one was confirmed
}

// confirm notes that the server has the lease, as it was asked to at a time.
func (l *lease) confirm(asked time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.confirmed = asked
	close(l.renewed)
	l.renewed = make(chan struct{})
}

// holds reports whether nobody else can have the work: the newest renewal that was confirmed is younger than a lease, less half
// a renewal for what is done with the answer. If not, renewed is closed when it is held again.
func (l *lease) holds() (held bool, renewed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// The monotonic clock stands while a machine is suspended, and the other can be stepped: the longer time counts.
	age := max(time.Since(l.confirmed), time.Now().Round(0).Sub(l.confirmed.Round(0)))
	return age < leaseLives*l.renewal-l.renewal/2, l.renewed
}

// takeLease waits until nobody else holds the work.
func (c *Conn) takeLease(ctx context.Context, work, name string, renewal time.Duration, waiting func(Holder)) (*lease, error) {
	l := &lease{conn: c, renewal: renewal, renewed: make(chan struct{}), value: leaseValue{Holder: Holder{Work: work, Key: c.key, Name: name}, Life: rand.Text(), Live: true}}
	told := ""
	var seen leaseValue
	var since time.Time
	for {
		var held *leaseValue
		err := c.retry(ctx, renewal, func(ctx context.Context) (err error) {
			held, err = l.try(ctx)
			return err
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("take the lease of work %s: %w", work, err), l.withdraw(ctx))
		}
		if held == nil {
			return l, nil
		}
		if held.Life != told && waiting != nil {
			waiting(held.Holder)
		}
		told = held.Life
		if held.Life != seen.Life || held.Renewed != seen.Renewed {
			seen, since = *held, time.Now()
		} else if time.Since(since) > leaseLives*renewal {
			l.stale = seen
		}
		if !wait(ctx, renewal/2, nil) {
			return nil, fmt.Errorf("wait for work %s, which %s holds: %w", work, held.Name, ctx.Err())
		}
	}
}

// lastLease is the ID under which the newest lease of a work stands for a day after it ended, beside what is cancelled: no task has it.
const lastLease = "=lease"

// ended reads the newest lease of the work, also if it has ended; none that a coordinator wrote is no error.
func (l *lease) ended(ctx context.Context) (leaseValue, error) {
	on := cancelledSubject(l.value.Work, lastLease)
	m, err := l.conn.last(ctx, "KV_"+bucketCancelled, on)
	if errors.Is(err, errNotFound) {
		return leaseValue{}, nil
	}
	if err != nil {
		return leaseValue{}, err
	}
	v, err := readLease(on, l.value.Work, m.Data)
	if err != nil {
		l.conn.log.Warn("what stands as the work's last lease was written by no coordinator", "work", l.value.Work, "err", err)
		return leaseValue{}, nil
	}
	return v, nil
}

// remember notes this life as the work's newest.
func (l *lease) remember(ctx context.Context) error {
	m := &nats.Msg{Subject: cancelledSubject(l.value.Work, lastLease)}
	var err error
	if m.Data, err = l.encode(m.Subject); err != nil {
		return err
	}
	_, err = l.conn.publish(ctx, m, "")
	return err
}

// encode signs the lease's value for a subject.
func (l *lease) encode(subject string) ([]byte, error) {
	l.value.Renewed++
	data, err := json.Marshal(l.value)
	if err != nil {
		return nil, fmt.Errorf("encode the lease: %w", err)
	}
	return signWord(l.conn.pair, subject, data)
}

// try takes the lease, or returns who holds it. A life that has begun takes it again only if no other has had it meanwhile;
// who has is returned, also if it has ended.
func (l *lease) try(ctx context.Context) (*leaseValue, error) {
	works, err := l.conn.bucket(ctx, bucketWorks)
	if err != nil {
		return nil, err
	}
	var before uint64
	var held leaseValue
	m, err := l.conn.last(ctx, "KV_"+bucketWorks, worksSubject(l.value.Work))
	if err == nil {
		before, _ = stored(m)
		if held, err = readLease(worksSubject(l.value.Work), l.value.Work, m.Data); err != nil {
			l.conn.log.Warn("what stands as the work's lease was written by no coordinator: it is replaced", "work", l.value.Work, "err", err)
		}
	}
	switch {
	case errors.Is(err, errNotFound) || errors.Is(err, errForged):
		if held, err = l.ended(ctx); err != nil {
			return nil, err
		}
		held.Live = false
	case err != nil:
		return nil, err
	case held.Life == l.stale.Life && held.Renewed == l.stale.Renewed:
		held.Live = false
	}
	if held.Life != "" && held.Life != l.value.Life && (held.Live || l.begun) {
		return &held, nil
	}
	if !l.begun && held.Life != l.value.Life {
		// A server that lost its disk counts revisions anew.
		l.value.Closed, l.value.Epoch = held.Closed, max(held.Epoch, held.Closed)+1
	}
	asked := time.Now()
	if l.revision, err = l.write(ctx, works, before); err != nil {
		if isRevision(err) {
			return l.try(ctx) // another was faster: see who
		}
		return nil, err
	}
	if l.begun {
		l.confirm(asked)
		return nil, nil
	}
	l.value.Epoch = max(l.value.Epoch, l.revision)
	if m, err = l.conn.last(ctx, "KV_"+bucketWorks, worksSubject(l.value.Work)); err != nil {
		return nil, err
	}
	// Others are told since when, by the server's clock.
	_, l.value.Since = stored(m)
	if err := l.remember(ctx); err != nil {
		return nil, err
	}
	asked = time.Now()
	if l.revision, err = l.write(ctx, works, l.revision); err != nil {
		return nil, err
	}
	l.begun = true
	l.confirm(asked)
	return nil, nil
}

// write puts the lease's value where the newest revision is before; 0: where there is none.
func (l *lease) write(ctx context.Context, works jetstream.KeyValue, before uint64) (uint64, error) {
	data, err := l.encode(worksSubject(l.value.Work))
	if err != nil {
		return 0, err
	}
	if before == 0 {
		return works.Create(ctx, l.value.Work, data)
	}
	return works.Update(ctx, l.value.Work, data, before)
}

// readLease verifies the lease that stands for a work on a subject. The error is errForged when its holder has not signed it.
func readLease(on, work string, data []byte) (leaseValue, error) {
	var l leaseValue
	by, body, err := readWord(on, data)
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

// keep renews until ctx ends, or the lease is or was another's. A lease that ran out while there was no connection, and that
// nobody took, is taken again.
func (l *lease) keep(ctx context.Context) error {
	for wait(ctx, l.renewal, l.conn.cameBack()) {
		err := l.conn.retry(ctx, l.renewal/4, func(ctx context.Context) error {
			works, err := l.conn.bucket(ctx, bucketWorks)
			if err != nil {
				return err
			}
			asked := time.Now()
			revision, err := l.write(ctx, works, l.revision)
			if err == nil {
				l.revision = revision
				l.confirm(asked)
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

// withdraw gives back a lease that may have been taken before ctx ended.
func (l *lease) withdraw(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil // the server refused it
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer stop()
	return l.release(ctx)
}

// release ends the tasks of this life and leaves the work to whoever comes. A write whose answer was not waited for may arrive
// while it looks: what it writes itself comes after that.
func (l *lease) release(ctx context.Context) error {
	works, err := l.conn.bucket(ctx, bucketWorks)
	if err != nil {
		return err
	}
	l.value.Live, l.value.Closed = false, l.value.Epoch
	for {
		before := uint64(0)
		m, err := l.conn.last(ctx, "KV_"+bucketWorks, worksSubject(l.value.Work))
		switch {
		case err == nil:
			if v, err := readLease(worksSubject(l.value.Work), l.value.Work, m.Data); err != nil || v.Life != l.value.Life {
				return nil //nolint:nilerr // another's, or nobody's
			}
			before, _ = stored(m)
		case !errors.Is(err, errNotFound):
			return fmt.Errorf("give the lease of work %s back: %w", l.value.Work, err)
		}
		if _, err := l.write(ctx, works, before); !isRevision(err) {
			if err != nil {
				return fmt.Errorf("give the lease of work %s back: %w", l.value.Work, err)
			}
			return nil
		}
	}
}
