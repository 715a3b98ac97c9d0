package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// WorkerOptions may all be left out.
type WorkerOptions struct {
	// Accept are the public keys of the coordinators whose tasks are taken; none: all that the server lets in.
	Accept    []string
	MaxRecord int64 // bytes of a record; 0: DefaultMaxRecord
	// Upload bounds how long a result is offered to a server that cannot be reached; 0: 15 minutes. More than an hour is an hour.
	Upload time.Duration
	// Rest is how long the worker takes nothing after its executor failed, at first; it doubles up to 5 minutes. 0: 5 s.
	Rest time.Duration
	// Joined is called once, when the offer is in the roster: who gives tasks from then on finds the worker. Nil tells nobody.
	Joined func()
	// Parts has this host build parts of labs that coordinators spread over several; nil: it builds none.
	Parts *Parts
}

// LogLine is one line of a worker's log.
type LogLine struct {
	At   time.Time `json:"at"` // by the worker's clock
	Text string    `json:"text"`
}

// Worker takes tasks and executes them. Two workers need two identities.
type Worker struct {
	conn    *Conn
	exec    Executor
	o       WorkerOptions
	session string
	renewal time.Duration
	changed chan struct{} // of one token: the offer is to be told again
	ailed   chan struct{} // of one token: the executor is to be asked again
	drained chan struct{}
	drain   sync.Once
	life    context.Context //nolint:containedctx // of Run: tasks outlive the pulling that took them
	leave   context.CancelCauseFunc

	mu      sync.Mutex
	offer   Offer
	busy    int
	freed   chan struct{} // closed, and made anew, when a slot became free or the rest ended
	rests   time.Time     // until when nothing is taken
	rest    time.Duration
	full    time.Time         // until when the worker's share of the server's disk is used up
	running map[string]*taken // by message; see messageName
	done    *ring             // messages whose result was stored
	needs   map[string]Needs
	pullers map[string]context.CancelFunc
	plans   planCache
	log     []LogLine

	sealing flights         // by work
	chains  map[string]link // by work
}

// NewWorker makes a worker of a connection and what executes; see [Worker.Run].
func NewWorker(c *Conn, e Executor, o WorkerOptions) *Worker {
	if o.MaxRecord == 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	if o.Upload == 0 {
		o.Upload = 15 * time.Minute
	}
	if o.Rest == 0 {
		o.Rest = 5 * time.Second
	}
	return &Worker{
		conn: c, exec: e, o: o, session: rand.Text(), changed: make(chan struct{}, 1), ailed: make(chan struct{}, 1), drained: make(chan struct{}),
		freed: make(chan struct{}), running: map[string]*taken{}, done: newRing(1024), needs: map[string]Needs{},
		pullers: map[string]context.CancelFunc{}, chains: map[string]link{}, plans: planCache{of: map[string][]byte{}},
	}
}

// Drain makes Run take nothing more and return when what runs has ended. Coordinators ask for it with [DrainWorker].
func (w *Worker) Drain() {
	w.drain.Do(func() {
		w.announce("draining: what runs ends, nothing more is taken")
		w.mu.Lock()
		w.offer.Draining = true
		w.mu.Unlock()
		close(w.drained)
		w.tell()
	})
}

// Log is what the worker said last, oldest first.
func (w *Worker) Log() []LogLine {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.log)
}

// logLines is how many lines of its log a worker remembers.
const logLines = 500

// say notes a line in the worker's log.
func (w *Worker) say(format string, args ...any) {
	w.note(w.conn.log.Debug, fmt.Sprintf(format, args...))
}

// announce is say of what whoever started the worker is to know at once.
func (w *Worker) announce(format string, args ...any) {
	w.note(w.conn.log.Info, fmt.Sprintf(format, args...))
}

func (w *Worker) note(tell func(text string, args ...any), text string) {
	text = bounded(text, maxProgress)
	tell(text)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.log) == logLines {
		w.log = w.log[1:]
	}
	w.log = append(w.log, LogLine{time.Now().UTC(), text})
}

func bounded(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// ErrRemoved is what Run returns when a coordinator had the worker removed, also while it was away.
var ErrRemoved = errors.New("the worker was removed from the fleet")

// Run takes tasks until ctx ends (what runs is given back at once) or, after [Worker.Drain], until what runs has ended.
// It outlives the server. A drained worker has no error, one that was removed has [ErrRemoved], one whose connection
// was closed [ErrClosed].
func (w *Worker) Run(ctx context.Context) (err error) {
	w.offer.Since = time.Now().UTC().Round(0)
	if err := w.ask(ctx); err != nil {
		return err
	}
	ctx, w.leave = context.WithCancelCause(ctx)
	defer w.leave(nil)
	w.life = ctx
	if err := w.awaitFleet(ctx); err != nil {
		if isClosed(w.drained) {
			return nil
		}
		return fmt.Errorf("join the fleet: %w", err)
	}
	listening, err := w.listen()
	if err != nil {
		return err
	}
	w.say("joined %s as %s, %s, with %d labs", w.conn.Server(), w.offer.Name, w.conn.key, w.offer.Slots)
	pulling, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { w.keepOffer(ctx) })
	wg.Go(func() { w.keepAsking(ctx) })
	wg.Go(func() { w.followNeeds(pulling) })
	select {
	case <-ctx.Done():
	case <-w.conn.open.Done():
		if err := context.Cause(w.conn.open); errors.Is(err, ErrRefused) { //nolint:contextcheck // the connection is older than ctx
			w.leave(fmt.Errorf("%w: %w", ErrRemoved, err))
		}
		w.leave(ErrClosed)
	case <-w.drained:
		stop()
		w.awaitIdle(ctx)
		w.leave(nil)
	}
	stop()
	wg.Wait()
	w.awaitIdle(context.WithoutCancel(ctx)) // their contexts have ended
	for _, s := range listening {           // before the offer goes: who asks for a worker that has left is told so
		if err := s.Unsubscribe(); err != nil {
			w.conn.log.Debug("the worker cannot be taken from the subjects that it listens to", "err", err)
		}
	}
	w.withdraw(context.WithoutCancel(ctx))
	if cause := context.Cause(ctx); errors.Is(cause, ErrRemoved) || errors.Is(cause, ErrClosed) {
		return cause
	}
	return nil
}

// awaitFleet waits until the server has been set up, or the worker is drained before, which is an error.
func (w *Worker) awaitFleet(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-w.drained:
			cancel()
		case <-ctx.Done():
		}
	}()
	told := ""
	return w.conn.retry(ctx, DefaultRenewal, func(ctx context.Context) (err error) {
		w.renewal, err = w.conn.Renewal(ctx)
		if err != nil && err.Error() != told && ctx.Err() == nil && w.conn.nc.IsConnected() {
			told = err.Error()
			w.announce("waiting: %v", err)
		}
		return err
	})
}

// isClosed reports whether a channel is that nothing is sent on.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// ask asks the executor what there is to offer.
func (w *Worker) ask(ctx context.Context) error {
	o, err := w.exec.Offer(ctx)
	if err != nil {
		return fmt.Errorf("ask what this host offers: %w", err)
	}
	o.Name = bounded(o.Name, maxHost)
	if o.Name == "" || o.Slots < 1 {
		return fmt.Errorf("the offer of this host has name %q and %d slots: a name and at least one are needed", o.Name, o.Slots)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	o.Key, o.Accept, o.Draining, o.Ailing, o.Full, o.Since = w.conn.key, w.o.Accept, w.offer.Draining, w.offer.Ailing, w.offer.Full, w.offer.Since
	w.offer = o
	return nil
}

// tell has the offer told soon.
func (w *Worker) tell() {
	poke(w.changed)
}

// poke puts the token into a channel of one.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// askEvery is how often the executor is asked again what there is.
const askEvery = time.Minute

// keepAsking asks the executor again what there is, at times and when it ailed. One that takes its time delays nothing else.
func (w *Worker) keepAsking(ctx context.Context) {
	for {
		wait(ctx, askEvery, w.ailed)
		if ctx.Err() != nil {
			return
		}
		if err := w.ask(ctx); err != nil && ctx.Err() == nil {
			w.say("%v", err)
		}
		w.wake()
		w.tell()
	}
}

// keepOffer tells the offer whenever it changes and every renewal.
func (w *Worker) keepOffer(ctx context.Context) {
	joined := w.o.Joined
	for {
		back := w.conn.cameBack()
		w.mu.Lock()
		if !time.Now().Before(w.full) {
			w.offer.Full = Usage{} // nobody has said so for a while
		}
		o := w.offer
		o.Busy = w.busy
		w.mu.Unlock()
		data, err := json.Marshal(o)
		if err != nil {
			w.say("encode the offer: %v", err)
			return
		}
		bounded, cancel := w.conn.asking(ctx)
		_, err = w.conn.publish(bounded, &nats.Msg{Subject: "$KV." + bucketRoster + "." + w.conn.key, Data: data}, "")
		cancel()
		if err != nil && ctx.Err() == nil {
			w.conn.log.Debug("the offer cannot be renewed", "err", err)
		}
		if err == nil && joined != nil {
			joined()
			joined = nil
		}
		// Tasks that last less than this begin and end between two offers.
		if !wait(ctx, min(w.renewal/4, 250*time.Millisecond), nil) {
			return
		}
		t := time.NewTimer(w.renewal)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		case <-back:
		case <-w.changed:
		}
		t.Stop()
	}
}

// withdraw takes the offer back.
func (w *Worker) withdraw(ctx context.Context) {
	ctx, cancel := w.conn.asking(ctx)
	defer cancel()
	m := nats.NewMsg("$KV." + bucketRoster + "." + w.conn.key)
	m.Header.Set("KV-Operation", "DEL")
	if _, err := w.conn.publish(ctx, m, ""); err != nil {
		w.conn.log.Debug("the offer cannot be taken back; it ends by itself", "err", err)
	}
}

// listen answers what coordinators ask of this worker.
func (w *Worker) listen() ([]*nats.Subscription, error) {
	control, err := w.conn.subscribe(subject(prefixControl, w.conn.key, "*"), func(m *nats.Msg) {
		by, body, err := readWord(m.Subject, m.Data)
		if err != nil {
			w.say("a request is ignored: %v", err)
			return
		}
		answer := controlAnswer{}
		switch request := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]; request {
		case requestPart:
			w.answerPart(m, by, body)
			return
		case requestShare:
			w.hearUsage(body)
			return
		case "drain":
			defer w.Drain() // which may close the connection
		case "leave":
			w.say("removed from the fleet")
			defer w.leave(ErrRemoved)
		case "log":
			answer.Log = w.Log()
		default:
			answer.Error = "unknown request " + request
		}
		data, err := json.Marshal(answer)
		if err == nil {
			err = m.Respond(data)
		}
		if err == nil {
			err = w.conn.nc.FlushTimeout(requestTimeout)
		}
		if err != nil {
			w.conn.log.Debug("a coordinator cannot be answered", "err", err)
		}
	})
	if err != nil {
		return nil, err
	}
	listening := []*nats.Subscription{control}
	for on, hear := range map[string]func(*nats.Msg){
		"$KV." + bucketNeeds + ".*": w.hearNeeds,
		"$KV." + bucketWorks + ".*": w.hearLease,
	} {
		s, err := w.conn.subscribe(on, hear)
		if err != nil {
			return listening, err
		}
		listening = append(listening, s)
	}
	return listening, nil
}

func (w *Worker) hearNeeds(m *nats.Msg) {
	key := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	n, err := announcedNeeds(key, m.Data)
	if err != nil {
		return
	}
	w.mu.Lock()
	_, known := w.needs[key]
	w.needs[key] = n
	w.mu.Unlock()
	if !known {
		w.wake()
	}
}

func (w *Worker) hearLease(m *nats.Msg) {
	if l, err := readLease(m.Subject, m.Subject[strings.LastIndexByte(m.Subject, '.')+1:], m.Data); err == nil && !l.Live {
		w.stir(l.Work)
	}
}

// stir has the tasks of a work look whether they are over.
func (w *Worker) stir(work string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.running {
		if t.isOf(work) {
			poke(t.stir)
		}
	}
}

// controlAnswer is what a worker answers.
type controlAnswer struct {
	Error string    `json:"error,omitempty"`
	Log   []LogLine `json:"log,omitempty"`
}

// wake tells whoever waits for a slot, or for needs, that something changed.
func (w *Worker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.freed)
	w.freed = make(chan struct{})
}

func (w *Worker) woken() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.freed
}

// awaitIdle waits until nothing runs.
func (w *Worker) awaitIdle(ctx context.Context) {
	for {
		free := w.woken()
		w.mu.Lock()
		busy := w.busy
		w.mu.Unlock()
		if busy == 0 {
			return
		}
		select {
		case <-free:
		case <-ctx.Done():
			return
		}
	}
}
