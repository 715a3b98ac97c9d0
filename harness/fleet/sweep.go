package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// longestUpload bounds how long a worker offers a result, whatever it was told: with its record, from the first chunk to its message.
const longestUpload = time.Hour

// Sweeper finds records on a server that nobody will ever ask for, and has it forget them: what is left of an upload that broke off, and of
// results that were kept by a coordinator that did not come to forget them. A record is one of those when no result on the server
// names it, and none will: it has been there for longer than a worker offers a result, or its worker's key was removed. Who is awaited keeps what
// it has stored, removed or not: its results name it.
//
// Should a result come all the same, of a machine that stood still for hours amid an upload, its coordinator does not find the record, throws
// the result away and gives the task again: nothing that counts is lost.
//
// It goes by time that passes while it watches, and by nobody's clock. It is used by one goroutine, of a process that may read and purge all that workers write.
type Sweeper struct {
	conn    *Conn
	removed func(worker string) bool
	first   map[string]time.Time // when each record was seen first, by its prefix
	named   map[string]bool      // a result has named it
}

// NewSweeper makes a sweeper; removed says whose keys the server lets in no more.
func NewSweeper(c *Conn, removed func(worker string) bool) *Sweeper {
	return &Sweeper{conn: c, removed: removed, first: map[string]time.Time{}, named: map[string]bool{}}
}

// Sweep looks at all records at a moment, and returns how many messages of those that nobody will ask for the server was told to forget.
func (s *Sweeper) Sweep(ctx context.Context, at time.Time) (forgotten uint64, err error) {
	records, err := s.conn.js.Stream(ctx, streamRecords)
	if err != nil {
		return 0, fmt.Errorf("look for records that nobody will ask for: %w", err)
	}
	info, err := records.Info(ctx, jetstream.WithSubjectFilter(prefixRecord+".>"))
	if err != nil {
		return 0, fmt.Errorf("look for records that nobody will ask for: %w", err)
	}
	there := map[string]uint64{} // messages of each record
	for on, n := range info.State.Subjects {
		there[on[:strings.LastIndexByte(on, '.')]] += n
	}
	s.forgetGone(there)
	over := map[string][]string{} // records that no upload goes on with, by their workers
	for record := range there {
		if _, known := s.first[record]; !known {
			s.first[record] = at
		}
		worker := strings.Split(record, ".")[2]
		if !s.named[record] && (at.Sub(s.first[record]) > longestUpload || s.removed(worker)) {
			over[worker] = append(over[worker], record)
		}
	}
	for worker, list := range over {
		if err := s.look(ctx, worker); err != nil {
			return forgotten, err
		}
		for _, record := range list {
			if s.named[record] {
				continue
			}
			if err := records.Purge(ctx, jetstream.WithPurgeSubject(record+".*")); err != nil {
				return forgotten, fmt.Errorf("forget a record of worker %s that no result names: %w", worker, err)
			}
			forgotten += there[record]
		}
	}
	return forgotten, nil
}

// forgetGone forgets the records that are not on the server any more.
func (s *Sweeper) forgetGone(there map[string]uint64) {
	for record := range s.first {
		if there[record] == 0 {
			delete(s.first, record)
			delete(s.named, record)
		}
	}
}

// look notes which records the results of a worker name that are on the server now: all of them, or it fails.
func (s *Sweeper) look(ctx context.Context, worker string) error {
	failed := func(err error) error { return fmt.Errorf("read the results of worker %s: %w", worker, err) }
	results, err := s.conn.js.CreateConsumer(ctx, streamResults, jetstream.ConsumerConfig{
		FilterSubject: subject(prefixResult, "*", worker, "*"), AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverAllPolicy,
		MemoryStorage: true, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return failed(err)
	}
	for received := uint64(0); ; {
		batch, err := results.FetchNoWait(16)
		if err != nil {
			return failed(err)
		}
		for m := range batch.Messages() {
			received++
			var seal Seal
			if r, err := decodeResult(m.Data()); err == nil && json.Unmarshal(r.signed, &seal) == nil && seal.Worker == worker && seal.Stored != "" {
				s.named[recordPrefix(seal)] = true
			}
		}
		if err := batch.Error(); err != nil && !errors.Is(err, jetstream.ErrNoMessages) {
			return failed(err)
		}
		info, err := results.Info(ctx)
		switch {
		case err != nil:
			return failed(err)
		case info.Delivered.Consumer != received:
			return failed(fmt.Errorf("%d were sent, and %d came", info.Delivered.Consumer, received))
		case info.NumPending == 0:
			return nil
		}
	}
}
