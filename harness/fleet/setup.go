package fleet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// DefaultRenewal is how often leases are renewed where nobody says otherwise.
const DefaultRenewal = 5 * time.Second

// How long what nobody asks for any more is stored.
const (
	keepWork    = 7 * 24 * time.Hour
	keepResults = 14 * 24 * time.Hour
	keepImages  = 30 * 24 * time.Hour
	keepCancels = 24 * time.Hour
)

// Leases and offers, in renewals, from the last one on.
const (
	silentLives = 2 // a worker that says nothing for longer is not asked for parts of labs
	leaseLives  = 3
	offerLives  = 4
	needsLive   = 6
	orphanLives = 12 // how long a task runs on after its coordinator's lease ended
)

const renewalKey = "reprise-renewal"

// Setup makes the fleet's streams on a server, and brings those that are there up to date. A renewal of 0 leaves it at
// what the server has, at first [DefaultRenewal]. An embedded server is set up when it starts; of another, the
// first coordinator sets it up.
func Setup(ctx context.Context, c *Conn, renewal time.Duration) error {
	return SetupWithin(ctx, c, renewal, 0)
}

// SetupWithin is [Setup] on a server that stores at most so many bytes: what workers write takes three quarters of
// them, and the rest is left for leases, tasks and plans. 0 leaves the bounds as the server has them, at first without.
func SetupWithin(ctx context.Context, c *Conn, renewal time.Duration, store int64) error {
	if renewal == 0 {
		var err error
		if renewal, err = c.Renewal(ctx); errors.Is(err, jetstream.ErrStreamNotFound) {
			renewal = DefaultRenewal
		} else if err != nil {
			return err
		}
	}
	// Bounded by messages of a bounded size: bytes of a stream would be reserved, and a server with less than before would not start.
	results, err := c.most(ctx, streamResults, store/4/resultSize)
	if err != nil {
		return err
	}
	records, err := c.most(ctx, streamRecords, store/2/recordSize)
	if err != nil {
		return err
	}
	for _, s := range []jetstream.StreamConfig{
		{
			Name: streamResults, Subjects: []string{prefixResult + ".*.*.*"}, MaxAge: keepResults, Discard: jetstream.DiscardNew, Duplicates: time.Minute,
			MaxMsgs: results, MaxMsgSize: resultSize,
		},
		{
			Name: streamRecords, Subjects: []string{prefixRecord + ".*.*.*"}, MaxAge: keepResults, Discard: jetstream.DiscardNew, MaxMsgsPerSubject: 1, AllowDirect: true,
			MaxMsgs: records, MaxMsgSize: recordSize,
		},
		{Name: streamPlans, Subjects: []string{prefixPlan + ".*.*.*"}, MaxAge: keepResults, MaxMsgsPerSubject: 1, AllowDirect: true},
		{Name: streamImages, Subjects: []string{prefixImage + ".*.*.*"}, MaxAge: keepImages, MaxMsgsPerSubject: 1, AllowDirect: true},
	} {
		if _, err := c.js.CreateOrUpdateStream(ctx, s); err != nil {
			return fmt.Errorf("set up stream %s: %w", s.Name, err)
		}
	}
	for _, b := range []jetstream.StreamConfig{
		bucketStream(bucketRoster, offerLives*renewal, jetstream.MemoryStorage),
		bucketStream(bucketNeeds, needsLive*renewal, jetstream.MemoryStorage),
		bucketStream(bucketWorks, leaseLives*renewal, jetstream.FileStorage),
		bucketStream(bucketCancelled, keepCancels, jetstream.FileStorage),
	} {
		if _, err := c.js.CreateOrUpdateStream(ctx, b); err != nil {
			return fmt.Errorf("set up bucket %s: %w", b.Name, err)
		}
	}
	// Last, for who finds it takes the rest to be there.
	if _, err := c.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: streamWork, Subjects: []string{prefixWork + ".*.*.*"}, Retention: jetstream.WorkQueuePolicy, MaxAge: keepWork,
		Discard: jetstream.DiscardNew, Metadata: map[string]string{renewalKey: renewal.String()},
	}); err != nil {
		return fmt.Errorf("set up stream %s: %w", streamWork, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewal = renewal
	return nil
}

// Largest messages of what workers write, bytes: with headers, and a seal.
const (
	resultSize = inline + MaxSummary + 32<<10
	recordSize = chunk + 4<<10
)

// most is how many messages a stream may have: so many, or as many as now when that is 0.
func (c *Conn) most(ctx context.Context, stream string, messages int64) (int64, error) {
	if messages > 0 {
		return messages, nil
	}
	s, err := c.js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return -1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("set up stream %s: %w", stream, err)
	}
	return s.CachedInfo().Config.MaxMsgs, nil
}

// bucketStream is a key-value bucket as clients of NATS know it (NATS ADR-8), but for roll-ups: with one, whoever may
// write a key of his own deletes all the others.
func bucketStream(name string, ttl time.Duration, storage jetstream.StorageType) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: "KV_" + name, Subjects: []string{"$KV." + name + ".>"}, MaxMsgsPerSubject: 1, MaxAge: ttl, Storage: storage,
		Discard: jetstream.DiscardNew, Duplicates: min(ttl, 2*time.Minute), DenyDelete: true, AllowDirect: true,
	}
}

// Renewal is how often leases are renewed in this fleet; it is the server's, and the same for all. The error
// is [ErrNotSetUp] on a server that nobody has set up.
func (c *Conn) Renewal(ctx context.Context) (time.Duration, error) {
	c.mu.Lock()
	renewal := c.renewal
	c.mu.Unlock()
	if renewal > 0 {
		return renewal, nil
	}
	s, err := c.js.Stream(ctx, streamWork)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return 0, meaning{ErrNotSetUp, err}
	case withoutJetStream(err):
		return 0, meaning{errBare, err}
	case err != nil:
		return 0, fmt.Errorf("read how often leases are renewed: %w", err)
	}
	renewal, err = time.ParseDuration(s.CachedInfo().Config.Metadata[renewalKey])
	if err != nil || renewal <= 0 {
		return 0, fmt.Errorf("stream %s is not one of reprise: it does not say how often leases are renewed", streamWork)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewal = renewal
	return renewal, nil
}

// Servers that are no fleet's.
var (
	// ErrNotSetUp is a server on which nobody has made the streams.
	ErrNotSetUp = errors.New("no fleet was set up on this server, which whoever first gives trials does")
	errBare     = errors.New("this server stores nothing: it has no JetStream, or not for who asks (nats-server -js)")
)

// meaning is an error of the server's in words of a fleet, which are all that is said of it.
type meaning struct{ means, err error }

func (m meaning) Error() string { return m.means.Error() }

// Unwrap returns both.
func (m meaning) Unwrap() []error { return []error{m.means, m.err} }

// IsBare reports whether an error is that of a server that cannot be a fleet's, for it stores nothing.
func IsBare(err error) bool { return errors.Is(err, errBare) }

// withoutJetStream reports whether an error is what a server answers that stores nothing.
func withoutJetStream(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount)
}

// stream is the handle of a stream; the server is asked for it once.
func (c *Conn) stream(ctx context.Context, name string) (jetstream.Stream, error) {
	c.mu.Lock()
	s := c.streams[name]
	c.mu.Unlock()
	if s != nil {
		return s, nil
	}
	s, err := c.js.Stream(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("find stream %s: %w", name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams[name] = s
	return s, nil
}

// bucket is the handle of a bucket; the server is asked for it once.
func (c *Conn) bucket(ctx context.Context, name string) (jetstream.KeyValue, error) {
	c.mu.Lock()
	kv := c.buckets[name]
	c.mu.Unlock()
	if kv != nil {
		return kv, nil
	}
	kv, err := c.js.KeyValue(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("find bucket %s: %w", name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buckets[name] = kv
	return kv, nil
}

// errNotFound is a subject without a message.
var errNotFound = errors.New("not on the server")

// last is the newest message of a stream on a subject, by a direct get: the one question that a worker's
// permissions can bound to a subject. The error is errNotFound when there is none.
func (c *Conn) last(ctx context.Context, stream, subject string) (*nats.Msg, error) {
	ctx, cancel := c.asking(ctx)
	defer cancel()
	m, err := c.nc.RequestWithContext(ctx, "$JS.API.DIRECT.GET."+stream+"."+subject, nil)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", subject, err)
	}
	// A message that is stored may have been an answer of the server, with a status.
	switch status := m.Header.Get("Status"); {
	case m.Header.Get("Nats-Sequence") != "":
	case status == "404":
		return nil, fmt.Errorf("read %s: %w", subject, errNotFound)
	case status != "":
		return nil, fmt.Errorf("read %s: %s %s", subject, status, m.Header.Get("Description"))
	}
	switch m.Header.Get("KV-Operation") {
	case "DEL", "PURGE":
		return nil, fmt.Errorf("read %s: %w", subject, errNotFound)
	}
	return m, nil
}

// stored is the revision of a message that last returned, and when it came, by the server's clock.
func stored(m *nats.Msg) (revision uint64, at time.Time) {
	revision, _ = strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
	at, _ = time.Parse(time.RFC3339Nano, m.Header.Get("Nats-Time-Stamp"))
	return revision, at
}

// transient reports whether an error may go by itself: no connection, no answer, a server that is starting.
func transient(err error) bool {
	for _, t := range []error{
		nats.ErrTimeout, nats.ErrNoResponders, nats.ErrDisconnected, nats.ErrConnectionReconnecting, nats.ErrReconnectBufExceeded,
		nats.ErrStaleConnection, context.DeadlineExceeded, jetstream.ErrNoStreamResponse, jetstream.ErrServerShutdown,
		jetstream.ErrStreamNotFound, jetstream.ErrBucketNotFound, jetstream.ErrConsumerNotFound,
	} {
		if errors.Is(err, t) {
			return true
		}
	}
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.Code == 503 || api.ErrorCode == streamOffline || api.ErrorCode == consumerOffline)
}

// What a server of a cluster says of what another one of it has, which does not answer.
const (
	streamOffline   jetstream.ErrorCode = 10118
	consumerOffline jetstream.ErrorCode = 10119
)

// patientAttempts is how often something may fail before it is said, and complainEvery how often that is said.
const (
	patientAttempts = 5
	complainEvery   = time.Minute
)

// complain says that the server does not do what it is asked for: at times, whoever asks, and not while it is known to be away.
func (c *Conn) complain(err error) {
	if !c.nc.IsConnected() || errors.Is(err, ErrNotSetUp) { // who waits for that has said so
		return
	}
	c.mu.Lock()
	said := !c.complained.IsZero() && time.Since(c.complained) < complainEvery
	if !said {
		c.complained = time.Now()
	}
	c.mu.Unlock()
	if !said {
		c.log.Warn("the fleet's server does not do what it is asked for; it is asked until it does", "err", err)
	}
}

// retry calls do until it succeeds, fails for good, or ctx ends; between two calls it waits for the connection to
// come back, or for pause.
func (c *Conn) retry(ctx context.Context, pause time.Duration, do func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		back := c.cameBack()
		bounded, cancel := c.asking(ctx)
		err := c.asAllowed(bounded, do)
		if err != nil && attempt >= patientAttempts {
			c.complain(err)
		}
		broke := errors.Is(err, context.Canceled) && ctx.Err() == nil // what was asked within do may have ended before bounded does
		cancel()
		if err == nil || !broke && !transient(err) || c.nc.IsClosed() {
			return err
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if !wait(ctx, pause, back) {
			return errors.Join(ctx.Err(), err)
		}
	}
}

// wait lets a pause pass, or less when early is closed, and reports whether ctx goes on.
func wait(ctx context.Context, pause time.Duration, early <-chan struct{}) bool {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-early:
	}
	return ctx.Err() == nil
}

// publish stores a message once. A message that the stream has already under id is no error.
func (c *Conn) publish(ctx context.Context, m *nats.Msg, id string, options ...jetstream.PublishOpt) (uint64, error) {
	if id != "" {
		options = append(options, jetstream.WithMsgID(id))
	}
	ack, err := c.js.PublishMsg(ctx, m, append(options, jetstream.WithRetryAttempts(0))...)
	if err != nil {
		return 0, fmt.Errorf("store %s: %w", m.Subject, err)
	}
	return ack.Sequence, nil
}
