package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Forget has a server forget the records of a worker, as a coordinator does that has fetched them.
func Forget(ctx context.Context, c *Conn, worker string) error {
	s, err := c.js.Stream(ctx, streamRecords)
	if err != nil {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeSubject(subject(prefixRecord, worker, ">")))
}

// ForgetUnsent has a server forget the results that it has not sent to whoever reads them, once that one was sent so many.
func ForgetUnsent(ctx context.Context, c *Conn, sent uint64) error {
	s, err := c.js.Stream(ctx, streamResults)
	if err != nil {
		return err
	}
	for {
		for info := range s.ListConsumers(ctx).Info() {
			if info.Delivered.Consumer < sent {
				continue
			}
			for n := info.Delivered.Stream + 1; n <= s.CachedInfo().State.LastSeq; n++ {
				if err := s.DeleteMsg(ctx, n); err != nil {
					return err
				}
			}
			if info.Delivered.Stream < s.CachedInfo().State.LastSeq {
				return nil
			}
		}
		if !wait(ctx, time.Millisecond, nil) {
			return ctx.Err()
		}
	}
}

// KeepImages has a server keep images for a time, and says how many messages of them it has.
func KeepImages(ctx context.Context, c *Conn, age time.Duration) (messages uint64, err error) {
	s, err := c.js.Stream(ctx, streamImages)
	if err != nil {
		return 0, err
	}
	config := s.CachedInfo().Config
	config.MaxAge, config.Duplicates = age, age
	_, err = c.js.UpdateStream(ctx, config)
	return s.CachedInfo().State.Msgs, err
}

// LoseImages has a server lose all images.
func LoseImages(ctx context.Context, c *Conn) error {
	s, err := c.js.Stream(ctx, streamImages)
	if err != nil {
		return err
	}
	return s.Purge(ctx)
}

// AskPart asks for a part of a lab as who has a certificate of some digest, and does not come for it.
func AskPart(ctx context.Context, c *Conn, worker, pin string) error {
	body, err := json.Marshal(partAsk{Pin: pin, Version: "v1"})
	if err != nil {
		return err
	}
	a, err := c.askPart(ctx, worker, body)
	switch {
	case err != nil:
		return err
	case a.Busy:
		return ErrBusy
	case a.Error != "":
		return errors.New(a.Error)
	}
	return nil
}

// Retry is how whatever is asked of a server is asked again.
func Retry(ctx context.Context, c *Conn, pause time.Duration, do func(context.Context) error) error {
	return c.retry(ctx, pause, do)
}

// StreamOffline is what a server of a cluster answers while the one that has a stream is away.
const StreamOffline = streamOffline

// Heard is how many messages the server has sent to a client.
func Heard(c *Conn) (uint64, error) {
	err := c.nc.Flush()
	return c.nc.Stats().InMsgs, err
}
