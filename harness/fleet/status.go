package fleet

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Status is what a fleet looks like at a moment.
type Status struct {
	Server  string         `json:"server"` // URL without a token
	You     string         `json:"you"`    // public key of who asks, by which workers may be told to take trials
	Renewal time.Duration  `json:"renewal"`
	Workers []WorkerStatus `json:"workers"` // by name
	Works   []WorkStatus   `json:"works"`   // by name of the work
	Needs   []NeedsStatus  `json:"needs"`   // queues, by key
	Bytes   uint64         `json:"bytes"`   // that the server stores for the fleet
}

// WorkerStatus is a worker and why it does nothing, if it does nothing.
type WorkerStatus struct {
	Offer
	Usage Usage    `json:"usage,omitzero"` // of the server's disk
	Idle  []string `json:"idle,omitempty"` // sentences; empty while it executes as much as it offers, and does not drain
}

// WorkStatus is one work.
type WorkStatus struct {
	Holder
	Held    bool `json:"held"`    // a coordinator holds it now
	Queued  int  `json:"queued"`  // tasks that have no result: they wait or run
	Results int  `json:"results"` // results that were not kept yet
}

// NeedsStatus is the queue of tasks with the same needs.
type NeedsStatus struct {
	Key      string    `json:"key"`
	Needs    Needs     `json:"needs"`
	Waiting  int       `json:"waiting"`            // tasks that nobody has taken
	Running  int       `json:"running"`            // tasks that workers have
	Met      bool      `json:"met"`                // a worker can take them
	Waits    bool      `json:"waits,omitempty"`    // and all that can take nothing for now
	Refusals []Refusal `json:"refusals,omitempty"` // of the workers that cannot, or take nothing for now
}

// StatusSubject is what [ReadStatus] asks first that a worker's key may not ask.
const StatusSubject = `"$JS.API.STREAM.INFO.KV_` + bucketRoster + `"`

// ReadStatus asks the server.
func ReadStatus(ctx context.Context, c *Conn) (s Status, err error) {
	err = c.answered(ctx, "the fleet's server", 2*requestTimeout, func(ctx context.Context) (err error) {
		s, err = c.status(ctx)
		return err
	})
	return s, err
}

// ErrUnanswered is what was asked of a server or a worker and not answered in time.
var ErrUnanswered = errors.New("no answer")

// answered calls do, which asks somebody something. An answer that does not come in time is an [ErrUnanswered] that says whose.
func (c *Conn) answered(ctx context.Context, who string, within time.Duration, do func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := c.asAllowed(bounded, do)
	switch {
	case err == nil || ctx.Err() != nil || c.nc.IsClosed():
		return err
	case !c.nc.IsConnected() || errors.Is(err, context.Canceled): // it may be back already
		return fmt.Errorf("%w from %s: the connection to the fleet's server was lost meanwhile; try again when that is there", ErrUnanswered, who)
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%w from %s within %s: its machine stands still, is cut off, or has too much to do; look at that, and try again", ErrUnanswered, who, within)
	}
	return err
}

func (c *Conn) status(ctx context.Context) (Status, error) {
	s := Status{Server: c.Server(), You: c.key}
	var err error
	if s.Renewal, err = c.Renewal(ctx); err != nil {
		return s, err
	}
	workers, err := c.offers(ctx)
	if err != nil {
		return s, err
	}
	if s.Needs, err = c.queues(ctx, workers); err != nil {
		return s, err
	}
	if s.Works, err = c.works(ctx); err != nil {
		return s, err
	}
	for _, name := range []string{streamWork, streamResults, streamRecords, streamPlans, streamImages} {
		stream, err := c.js.Stream(ctx, name)
		if err != nil {
			return s, fmt.Errorf("read stream %s: %w", name, err)
		}
		s.Bytes += stream.CachedInfo().State.Bytes
	}
	usages, err := c.Usages(ctx)
	if err != nil {
		return s, err
	}
	for _, o := range workers {
		idle := o.idle(s.Needs, usages[o.Key])
		if len(idle) > 0 && !o.Draining && !o.accepts(c.key) {
			idle = append(idle, unaccepted(c.key))
		}
		s.Workers = append(s.Workers, WorkerStatus{o, usages[o.Key], idle})
	}
	return s, nil
}

// idle says why a worker does not execute as much as it offers.
func (o Offer) idle(queues []NeedsStatus, u Usage) []string {
	if o.Draining {
		return []string{"it drains: what runs ends, nothing more is taken"}
	}
	if o.Busy >= o.Slots && o.Slots > 0 {
		return nil
	}
	var why []string
	if u.Full {
		why = append(why, "it takes nothing more until coordinators have fetched what it has stored, which is its share of the server's disk")
	}
	if o.Ailing != "" {
		why = append(why, "it rests, and tries again by itself, for it could not execute its last task: "+o.Ailing)
	}
	waiting := 0
	for _, q := range queues {
		if q.Waiting == 0 {
			continue
		}
		waiting += q.Waiting
		if lacks := o.Lacks(q.Needs); len(lacks) > 0 {
			why = append(why, fmt.Sprintf("%d tasks wait for a worker that is otherwise: %s", q.Waiting, strings.Join(lacks, "; ")))
		}
	}
	if waiting == 0 {
		why = append(why, "no task waits: is a fleet given where trials are (--fleet)?")
	}
	return why
}

// queues reads what is announced and queued.
func (c *Conn) queues(ctx context.Context, workers []Offer) ([]NeedsStatus, error) {
	var list []NeedsStatus
	err := c.eachKey(ctx, bucketNeeds, func(entry jetstream.KeyValueEntry) error {
		key := entry.Key()
		n, err := announcedNeeds(key, entry.Value())
		if err != nil {
			return nil //nolint:nilerr // what no coordinator announced is no queue, and one that was overwritten is announced again
		}
		q := NeedsStatus{Key: key, Needs: n}
		consumer, err := c.js.Consumer(ctx, streamWork, consumerName(key))
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the queue of needs %s: %w", key, err)
		}
		info := consumer.CachedInfo()
		q.Waiting, q.Running = int(info.NumPending), info.NumAckPending //nolint:gosec // numbers of tasks
		var taken bool
		q.Refusals, q.Met, taken = lacking(workers, q.Needs, Offer.Lacks)
		q.Waits = q.Met && !taken
		list = append(list, q)
		return nil
	})
	slices.SortFunc(list, func(a, b NeedsStatus) int { return cmp.Compare(a.Key, b.Key) })
	return list, err
}

// works reads who holds what, and how much of it there is.
func (c *Conn) works(ctx context.Context) ([]WorkStatus, error) {
	of := map[string]*WorkStatus{}
	at := func(name string) *WorkStatus {
		if of[name] == nil {
			of[name] = &WorkStatus{Holder: Holder{Work: name}}
		}
		return of[name]
	}
	if err := c.eachKey(ctx, bucketWorks, func(entry jetstream.KeyValueEntry) error {
		key := entry.Key()
		if l, err := readLease(worksSubject(key), key, entry.Value()); err == nil && l.Live {
			at(key).Holder, at(key).Held = l.Holder, true
		}
		return nil
	}); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		stream, filter string
		token          int
		count          func(*WorkStatus) *int
	}{
		{streamWork, prefixWork + ".>", 3, func(w *WorkStatus) *int { return &w.Queued }},
		{streamResults, prefixResult + ".>", 2, func(w *WorkStatus) *int { return &w.Results }},
	} {
		stream, err := c.js.Stream(ctx, s.stream)
		if err != nil {
			return nil, fmt.Errorf("read stream %s: %w", s.stream, err)
		}
		info, err := stream.Info(ctx, jetstream.WithSubjectFilter(s.filter))
		if err != nil {
			return nil, fmt.Errorf("read stream %s: %w", s.stream, err)
		}
		for on, n := range info.State.Subjects {
			*s.count(at(strings.Split(on, ".")[s.token])) += int(n) //nolint:gosec // numbers of messages
		}
	}
	var list []WorkStatus
	for _, name := range slices.Sorted(maps.Keys(of)) {
		list = append(list, *of[name])
	}
	return list, nil
}

// eachKey calls do with what a bucket has.
func (c *Conn) eachKey(ctx context.Context, bucket string, do func(entry jetstream.KeyValueEntry) error) error {
	entries, err := c.entries(ctx, bucket)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := do(entry); err != nil {
			return err
		}
	}
	return nil
}

// entrySilence is how long what a bucket or a stream had at first may keep a reader waiting that wants all of it, the first time.
const entrySilence = time.Second

// entries reads what a bucket has, in no order.
func (c *Conn) entries(ctx context.Context, bucket string) ([]jetstream.KeyValueEntry, error) {
	kv, err := c.bucket(ctx, bucket)
	if err != nil {
		return nil, fmt.Errorf("read bucket %s: %w", bucket, err)
	}
	// The client counts what there is when it begins, and says no end where the last of that expires before it is sent: then it is read anew.
	for silence := entrySilence; ; silence *= 2 {
		list, all, err := readEntries(ctx, kv, silence)
		if err != nil {
			return nil, fmt.Errorf("read bucket %s: %w", bucket, err)
		}
		if all {
			return list, nil
		}
	}
}

// readEntries reads what a bucket has, until nothing came for a time; all is whether that was all.
func readEntries(ctx context.Context, kv jetstream.KeyValue, silence time.Duration) (list []jetstream.KeyValueEntry, all bool, err error) {
	w, err := kv.WatchAll(ctx)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = w.Stop() }()
	entries := map[string]jetstream.KeyValueEntry{}
	timer := time.NewTimer(silence)
	defer timer.Stop()
	for {
		select {
		case entry := <-w.Updates():
			switch {
			case entry == nil:
				return slices.Collect(maps.Values(entries)), true, nil
			case entry.Operation() == jetstream.KeyValuePut:
				entries[entry.Key()] = entry
			default:
				delete(entries, entry.Key())
			}
			timer.Reset(silence)
		case <-timer.C:
			return nil, false, nil
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

// ErrNoWorker is a name that no worker has who is there: it never was, or has left.
var ErrNoWorker = errors.New("no worker")

// FindWorker is the offer of the worker with a name, a public key, or the unambiguous beginning of either.
func FindWorker(ctx context.Context, c *Conn, nameOrKey string) (Offer, error) {
	var workers []Offer
	if err := c.answered(ctx, "the fleet's server", 2*requestTimeout, func(ctx context.Context) (err error) {
		workers, err = c.offers(ctx)
		return err
	}); err != nil {
		return Offer{}, err
	}
	var found, names []string
	var offer Offer
	for _, o := range workers {
		names = append(names, o.Name)
		if o.Key == nameOrKey {
			return o, nil
		}
		if nameOrKey != "" && (strings.HasPrefix(o.Name, nameOrKey) || strings.HasPrefix(o.Key, nameOrKey)) {
			found, offer = append(found, o.Name+" ("+o.Key+")"), o
		}
	}
	for _, o := range workers {
		exact := slices.IndexFunc(workers, func(p Offer) bool { return p.Name == nameOrKey && p.Key != o.Key }) < 0
		if o.Name == nameOrKey && exact {
			return o, nil
		}
	}
	switch len(found) {
	case 1:
		return offer, nil
	case 0:
		return Offer{}, fmt.Errorf("%w %s is there now; there are: %s", ErrNoWorker, nameOrKey, orNone(strings.Join(names, ", ")))
	}
	return Offer{}, fmt.Errorf("%s may be any of %s: name it by its key", nameOrKey, strings.Join(found, ", "))
}

// control asks a worker.
func (c *Conn) control(ctx context.Context, key, request string) (controlAnswer, error) {
	var a controlAnswer
	if err := checkKey(key); err != nil {
		return a, err
	}
	var m *nats.Msg
	err := c.answered(ctx, fmt.Sprintf("worker %s (%s)", key, request), requestTimeout, func(ctx context.Context) (err error) {
		m, err = c.ask(ctx, subject(prefixControl, key, request), subject(prefixAnswer, key, rand.Text()), nil)
		return err
	})
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return a, fmt.Errorf("worker %s is not connected to the fleet", key)
	case errors.Is(err, ErrUnanswered):
		return a, err
	case err != nil:
		return a, fmt.Errorf("ask worker %s to %s: %w", key, request, err)
	}
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return a, fmt.Errorf("read the answer of worker %s: %w", key, err)
	}
	if a.Error != "" {
		return a, fmt.Errorf("worker %s: %s", key, a.Error)
	}
	return a, nil
}

// ask asks what verifies who asks, and waits for the answer on a subject that the asked may publish to.
func (c *Conn) ask(ctx context.Context, on, answer string, body []byte) (*nats.Msg, error) {
	data, err := signWord(c.pair, on, body)
	if err != nil {
		return nil, err
	}
	s, err := c.nc.SubscribeSync(answer)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Unsubscribe() }()
	if err := c.nc.PublishRequest(on, answer, data); err != nil {
		return nil, err
	}
	return s.NextMsgWithContext(ctx)
}

// askServer asks an embedded server; another one has nobody who responds.
func (c *Conn) askServer(ctx context.Context, request string, body []byte) (m *nats.Msg, err error) {
	err = c.answered(ctx, "the fleet's server", requestTimeout, func(ctx context.Context) (err error) {
		m, err = c.ask(ctx, subject(ServerRequests, request), c.nc.NewInbox(), body)
		return err
	})
	return m, err
}

// DrainWorker asks a worker to end what it runs, take no more, and leave.
func DrainWorker(ctx context.Context, c *Conn, key string) error {
	_, err := c.control(ctx, key, "drain")
	return err
}

// WorkerLog is what a worker said last, oldest first.
func WorkerLog(ctx context.Context, c *Conn, key string) ([]LogLine, error) {
	a, err := c.control(ctx, key, "log")
	return a.Log, err
}

// RemoveWorker asks a worker to leave at once (what it runs is given to others), makes the fleet forget it, and has an embedded
// server refuse its key from now on and take another token of workers: the URL that they join by is void, and who is in stays. A
// worker that is not there is forgotten too.
func RemoveWorker(ctx context.Context, c *Conn, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if _, err := c.control(ctx, key, "leave"); err != nil {
		c.log.Debug("the worker cannot be told that it is removed", "err", err)
	}
	if err := c.answered(ctx, "the fleet's server", requestTimeout, func(ctx context.Context) error {
		roster, err := c.bucket(ctx, bucketRoster)
		if err != nil {
			return err
		}
		return roster.Delete(ctx, key)
	}); err != nil {
		return fmt.Errorf("forget worker %s: %w", key, err)
	}
	m, err := c.askServer(ctx, "remove", []byte(key))
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil // a server of others, which enrols nobody
	case err != nil:
		return fmt.Errorf("have the server forget worker %s: %w", key, err)
	case len(m.Data) > 0:
		return fmt.Errorf("have the server forget worker %s: %s", key, m.Data)
	}
	return nil
}

// WorkerURL is the one that workers join an embedded server with, as it is now: [RemoveWorker] makes another one of it.
func WorkerURL(ctx context.Context, c *Conn) (string, error) {
	m, err := c.askServer(ctx, "url", nil)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return "", errors.New("this is a server of others, which enrols nobody: workers join with its address")
	case err != nil:
		return "", fmt.Errorf("ask the server for the URL of workers: %w", err)
	case !bytes.HasPrefix(m.Data, []byte("tls://")):
		return "", fmt.Errorf("ask the server for the URL of workers: %s", m.Data)
	}
	return string(m.Data), nil
}

// Watch calls see with each line that tasks say while they run, of the given worker or, when key is empty, of all, until
// ctx ends.
func Watch(ctx context.Context, c *Conn, key string, see func(Progress)) error {
	if key == "" {
		key = "*"
	}
	s, err := c.watch(subject(prefixProgress, "*", key, "*"), see)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return s.Unsubscribe()
}
