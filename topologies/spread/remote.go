package spread

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture"
	"github.com/reprise-lab/reprise/topologies/faketime"
)

// remote is the part of another host.
type remote struct {
	*session
	topology  topologies.Topology // of the whole lab
	gate      uint16
	clocks    followed
	following sync.WaitGroup
	unfollow  context.CancelFunc // ends the measuring; nil: it has not begun

	mu     sync.Mutex
	warned []string
}

var _ piece = (*remote)(nil)

// reserve has an agent build its part of a lab. What is built by the time of an error is given with it.
func reserve(ctx context.Context, s *session, whole topologies.Topology, q reserveAsk) (*remote, error) {
	r := &remote{session: s, topology: whole}
	if err := r.measure(ctx); err != nil {
		return r, err
	}
	a, err := ask[reserveAnswer](ctx, s, askReserve, q)
	if err != nil {
		return r, err
	}
	r.gate = a.Port
	if r.warned, err = ask[[]string](ctx, s, askWarnings, nothing{}); err != nil {
		return r, err
	}
	r.follow(context.WithoutCancel(ctx))
	return r, nil
}

// measure measures the other host's clock.
func (r *remote) measure(ctx context.Context) error {
	o, err := r.clock(ctx)
	if err == nil {
		r.clocks.add(r.host, o)
	}
	return err
}

// follow measures the other host's clock again and again, until the part is released.
func (r *remote) follow(ctx context.Context) {
	ctx, r.unfollow = context.WithCancel(ctx)
	r.following.Go(func() {
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if r.measure(ctx) != nil && r.over() != nil {
				return // whoever asks next is told
			}
		}
	})
}

func (r *remote) port() uint16 { return r.gate }

// Release has the agent take its part down. One that cannot be reached does so by itself.
func (r *remote) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if r.unfollow != nil {
		r.unfollow()
		r.following.Wait()
	}
	err := tell(ctx, r.session, askRelease, nothing{})
	if r.over() != nil {
		err = nil
	}
	return errors.Join(err, r.close())
}

// NodeState implements piece: of a host that is gone, no node runs.
func (r *remote) NodeState(ctx context.Context, node string) (topologies.NodeState, error) {
	s, err := ask[topologies.NodeState](ctx, r.session, askState, nodeAsk{Node: node})
	if gone := r.over(); gone != nil {
		s, err = topologies.NodeState{Detail: gone.Error()}, nil
	}
	return s, err
}

// here is a time of the other host's in this one's clock.
func (r *remote) here(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-r.clocks.aheadAt(t))
}

// Ends implements piece.
func (r *remote) Ends(ctx context.Context, node string) ([]topologies.ProcessEnd, time.Time, string, error) {
	a, err := ask[endsAnswer](ctx, r.session, askEnds, nodeAsk{Node: node})
	if err != nil {
		return nil, time.Time{}, "", err
	}
	for i, e := range a.Ends {
		a.Ends[i].At = r.here(e.At)
	}
	return a.Ends, r.here(a.Missed), a.Why, nil
}

func (r *remote) join(ctx context.Context, ways []way) error {
	return tell(ctx, r.session, askJoin, joinAsk{Ways: ways})
}

func (r *remote) ready(ctx context.Context) error { return tell(ctx, r.session, askReady, nothing{}) }

func (r *remote) restart(ctx context.Context, node string) error {
	return tell(ctx, r.session, askRestart, nodeAsk{Node: node})
}

func (r *remote) reset(ctx context.Context, node string) (topologies.How, string, error) {
	a, err := ask[resetAnswer](ctx, r.session, askReset, nodeAsk{Node: node})
	return a.How, a.Why, err
}

func (r *remote) underlays(ctx context.Context) ([]topologies.Underlay, error) {
	return ask[[]topologies.Underlay](ctx, r.session, askUnderlay, nothing{})
}

// Changes implements piece.
func (r *remote) Changes(ctx context.Context) ([]topologies.Change, error) {
	changes, err := ask[[]topologies.Change](ctx, r.session, askChanges, nothing{})
	if err != nil {
		return nil, err
	}
	if err := r.measure(ctx); err != nil {
		return nil, err
	}
	for _, what := range r.clocks.wasSet() {
		changes = append(changes, topologies.Change{What: what})
	}
	return changes, nil
}

// stands implements piece.
func (r *remote) stands(ctx context.Context) error {
	if err := r.measure(ctx); err != nil {
		return err
	}
	if set := r.clocks.wasSet(); len(set) > 0 {
		return errors.New(set[0])
	}
	return nil
}

// Warnings implements piece.
func (r *remote) Warnings() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.warned
}

// Enter implements piece: nobody enters a node of another host by a command of this one's.
func (r *remote) Enter(string) []string { return nil }

// Host implements piece.
func (r *remote) Host(node string) (topologies.Host, error) { return &remoteHost{r, node}, nil }

type remoteHost struct {
	*remote
	node string
}

var (
	_ topologies.Host        = (*remoteHost)(nil)
	_ topologies.ClockTeller = (*remoteHost)(nil)
)

// Clocks implements topologies.ClockTeller: as the measurement says that says most now. A lab that is used again hours later has its
// epoch by none of its first moments. Where the best is not enough for an epoch, as hosts were busy whenever they were asked, they
// are measured once more.
func (h *remoteHost) Clocks(ctx context.Context) (topologies.MachineClocks, error) {
	if c := h.clocks.best(time.Now()).clocks; !c.At.IsZero() && c.Within <= faketime.Tolerance/2 {
		return c, nil
	}
	err := h.measure(ctx)
	return h.clocks.best(time.Now()).clocks, err
}

// WriteFile implements topologies.Host.
func (h *remoteHost) WriteFile(ctx context.Context, path string, data []byte, mode fs.FileMode) error {
	return tell(ctx, h.session, askWrite, writeAsk{Node: h.node, Path: path, Data: data, Mode: mode})
}

// ReadFile implements topologies.Host.
func (h *remoteHost) ReadFile(ctx context.Context, path string) (io.ReadCloser, error) {
	t, err := opened(ctx, h.session, streamRead, nodeAsk{Node: h.node, Path: path})
	if err != nil {
		return nil, err
	}
	return &stream{talk: t, end: chunkAnswer}, nil
}

// Exec implements topologies.Host.
func (h *remoteHost) Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	both := stdout != nil && same(stdout, stderr)
	t, err := begin(ctx, h.session, streamExec, execAsk{
		Node: h.node, Argv: argv, In: stdin != nil, Out: stdout != nil, Err: stderr != nil && !both, Both: both,
	})
	if err != nil {
		return 0, err
	}
	defer t.end()
	if stdin != nil {
		go func() {
			_, _ = io.Copy(t.writer(chunkIn), stdin) // a command need not read all of its input
			_ = t.put(chunkInEnd)
		}()
	}
	for {
		kind, b, err := t.next()
		if err != nil {
			return 0, err
		}
		switch kind {
		case chunkOut:
			_, err = stdout.Write(b)
		case chunkErr:
			_, err = stderr.Write(b)
		case chunkAnswer:
			var o outcome
			if err := json.Unmarshal(b, &o); err != nil {
				return 0, err
			}
			return o.Exit, o.err()
		default:
		}
		if err != nil {
			return 0, err
		}
	}
}

// same reports whether two writers are one; those that cannot be compared are two.
func same(a, b io.Writer) (one bool) {
	defer func() { _ = recover() }() // of values that cannot be compared
	return a == b
}

// Open implements topologies.Host.
func (h *remoteHost) Open(ctx context.Context, argv []string, tty bool) (io.ReadWriteCloser, error) {
	t, err := opened(ctx, h.session, streamOpen, execAsk{Node: h.node, Argv: argv, TTY: tty})
	if err != nil {
		return nil, err
	}
	return &stream{talk: t, end: chunkEnd}, nil
}

// stream is a command or a file of another host. It is read by one at a time.
type stream struct {
	*talk
	end  chunk // ends it
	rest []byte
	over error
	shut sync.Once
}

func (s *stream) Read(b []byte) (int, error) {
	for len(s.rest) == 0 {
		if s.over != nil {
			return 0, s.over
		}
		kind, data, err := s.next()
		switch {
		case err != nil:
			s.over = err
		case kind == chunkOut:
			s.rest = data
		case kind == chunkAnswer && s.end == chunkAnswer:
			var o outcome
			s.over = io.EOF
			if err := errors.Join(json.Unmarshal(data, &o), o.err()); err != nil {
				s.over = err
			}
			if o.Error != "" {
				s.over = o.err()
			}
		case kind == s.end:
			s.over = io.EOF
		}
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *stream) Write(b []byte) (int, error) { return s.writer(chunkIn).Write(b) }

// CloseWrite ends the command's standard input.
func (s *stream) CloseWrite() error { return s.put(chunkInEnd) }

// Close ends the command.
func (s *stream) Close() error {
	s.shut.Do(s.talk.end)
	return nil
}

// Inject implements piece.
func (r *remote) Inject(ctx context.Context, f topologies.Fault) (topologies.Active, error) {
	a, err := ask[injectAnswer](ctx, r.session, askInject, f)
	if err != nil {
		return nil, err
	}
	return &remoteFault{remote: r, injectAnswer: a}, nil
}

// remoteFault is one in force on another host.
type remoteFault struct {
	*remote
	injectAnswer
}

func (f *remoteFault) fired(ctx context.Context) (firedAnswer, error) {
	return ask[firedAnswer](ctx, f.session, askFired, faultAsk{f.Number})
}

// Fired implements topologies.Active.
func (f *remoteFault) Fired(ctx context.Context) (uint64, error) {
	a, err := f.fired(ctx)
	if err != nil {
		return 0, err
	}
	return a.Fired, a.Error.err()
}

// Heal implements topologies.Active.
func (f *remoteFault) Heal(ctx context.Context) error {
	return tell(ctx, f.session, askHeal, faultAsk{f.Number})
}

// DropBy implements topologies.DropTeller: where its host does not answer, what was said when the fault took force.
func (f *remoteFault) DropBy() topologies.DropBy {
	ctx, cancel := context.WithTimeout(context.Background(), actedTimeout)
	defer cancel()
	if a, err := f.fired(ctx); err == nil && a.DropBy != "" {
		return a.DropBy
	}
	return f.injectAnswer.DropBy
}

// actedTimeout bounds the wait for what a fault did.
const actedTimeout = 10 * time.Second

// Acted implements topologies.ActedTeller.
func (f *remoteFault) Acted() (topologies.Acted, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), actedTimeout)
	defer cancel()
	a, err := f.fired(ctx)
	if err != nil || a.Acted == nil {
		return topologies.Acted{}, false
	}
	for i, h := range a.Acted.Hits {
		a.Acted.Hits[i].Time = f.here(h.Time)
	}
	return *a.Acted, true
}

// Traffic implements piece.
func (r *remote) Traffic(ctx context.Context, s topologies.FlowSpec) (topologies.Flow, error) {
	a, err := ask[faultAsk](ctx, r.session, askTraffic, s)
	if err != nil {
		return nil, err
	}
	return &remoteFlow{remote: r, number: a.Number}, nil
}

// remoteFlow is one between nodes of another host.
type remoteFlow struct {
	*remote
	number int
}

// Read implements topologies.Flow.
func (f *remoteFlow) Read(from time.Time) topologies.FlowReading {
	ctx, cancel := context.WithTimeout(context.Background(), actedTimeout)
	defer cancel()
	at := from
	if !from.IsZero() {
		at = from.Add(f.clocks.aheadWhen(from))
	}
	a, err := ask[topologies.FlowReading](ctx, f.session, askFlow, flowAsk{f.number, at})
	if err != nil {
		return topologies.FlowReading{From: from, To: time.Now(), Broken: err.Error()}
	}
	a.From, a.To = f.here(a.From), f.here(a.To)
	for _, at := range []*time.Time{&a.Begun, &a.Over} {
		if !at.IsZero() {
			*at = f.here(*at)
		}
	}
	for i, o := range a.Outages {
		a.Outages[i].Begin = f.here(o.Begin)
	}
	return a
}

// Stop implements topologies.Flow.
func (f *remoteFlow) Stop() topologies.FlowSeries {
	ctx, cancel := context.WithTimeout(context.Background(), actedTimeout)
	defer cancel()
	a, err := ask[topologies.FlowSeries](ctx, f.session, askFlowStop, faultAsk{f.number})
	if err != nil {
		return topologies.FlowSeries{} // it ends with its lab
	}
	a.Begin = f.here(a.Begin)
	return a
}

// Capture implements piece: frames come here as they are taken, and the file is written here.
func (r *remote) Capture(ctx context.Context, s topologies.CaptureSpec) (topologies.Capture, error) {
	link, ok := r.topology.Link(s.Endpoint.Node, s.Endpoint.Interface)
	if !ok {
		return nil, fmt.Errorf("capture at %s: no cable ends there", s.Endpoint)
	}
	t, err := opened(ctx, r.session, streamFrames, captureAsk{
		Endpoint: plain(s.Endpoint), Filter: s.Filter, Ring: s.Ring,
	})
	if err != nil {
		return nil, err
	}
	c := &remoteCapture{talk: t, here: func(at time.Time) time.Time { return r.here(at).Add(s.Shift) }, synced: map[uint64]chan syncAnswer{}, done: make(chan struct{})}
	c.file, err = capture.Record(capture.Options{
		Path: s.Path, Name: plain(link.A).String(), About: s.About, Max: s.Max, Each: s.Each, Tap: capture.Tap{Filter: s.Filter},
		Describe: fmt.Sprintf("cable %s–%s, on host %s, whose clock is %s; times are this host's", link.A, link.B, r.host, r.clocks.told(r.host)),
	})
	if err != nil {
		t.end()
		return nil, err
	}
	go c.receive()
	return c, nil
}

// remoteCapture is one of another host.
type remoteCapture struct {
	*talk
	here func(there time.Time) time.Time // the time of a frame in the file
	file *capture.Recorder
	done chan struct{} // closed when nothing more comes

	lastThere, lastHere time.Time // of the last frame

	mu     sync.Mutex
	number uint64
	synced map[uint64]chan syncAnswer
	last   syncAnswer
	failed error
}

// told is when a frame was taken, in this host's clock. A measurement that comes between two frames tells of the drift of half a minute at
// once: a frame that was taken after another one is not told before it.
func (c *remoteCapture) told(there time.Time) time.Time {
	at := c.here(there)
	if !there.Before(c.lastThere) && at.Before(c.lastHere) {
		at = c.lastHere
	}
	c.lastThere, c.lastHere = there, at
	return at
}

// receive writes what comes.
func (c *remoteCapture) receive() {
	defer close(c.done)
	for {
		kind, b, err := c.next()
		if err == nil && kind == chunkFrame {
			var f topologies.Frame
			if f, err = frameOf(b); err == nil {
				f.At = c.told(f.At)
				err = c.file.Put(f)
			}
		}
		var a syncAnswer
		if err == nil && kind == chunkSync {
			err = json.Unmarshal(b, &a) //nolint:musttag // both ends are of one version
		}
		c.mu.Lock()
		switch {
		case err != nil:
			c.failed = err
		case kind == chunkSync:
			c.last = a
			if tell := c.synced[a.Number]; tell != nil {
				delete(c.synced, a.Number)
				tell <- a
			}
		}
		c.mu.Unlock()
		if err != nil || kind == chunkSync && a.Number == 0 {
			return
		}
	}
}

// Mark implements topologies.Capture.
func (c *remoteCapture) Mark(at time.Time, text string) { c.file.Mark(at, text) }

// Sync implements topologies.Capture.
func (c *remoteCapture) Sync(ctx context.Context) (topologies.Captured, error) {
	tell := make(chan syncAnswer, 1)
	c.mu.Lock()
	c.number++
	number := c.number
	c.synced[number] = tell
	c.mu.Unlock()
	if err := c.put(chunkSync, binary.BigEndian.AppendUint64(nil, number)); err != nil {
		return c.held(syncAnswer{}, c.session.failed(ctx, err))
	}
	select {
	case a := <-tell:
		return c.held(a, nil)
	case <-c.done:
		c.mu.Lock()
		a, err := c.last, c.failed
		c.mu.Unlock()
		return c.held(a, err)
	case <-ctx.Done():
		return topologies.Captured{}, context.Cause(ctx)
	}
}

// held is what the file holds by now, as the other host and this one say.
func (c *remoteCapture) held(a syncAnswer, err error) (topologies.Captured, error) {
	held, failed := c.file.Written(a.Captured)
	return held, errors.Join(err, a.Error.err(), failed)
}

// stopTimeout bounds the wait for the last frames.
const stopTimeout = 10 * time.Second

// Stop implements topologies.Capture.
func (c *remoteCapture) Stop() (topologies.Captured, error) {
	_ = c.put(chunkEnd) // a stream that has ended says so below
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	var err error
	select {
	case <-c.done:
	case <-timer.C:
		err = fmt.Errorf("host %s does not end its capture", c.session.host)
	}
	c.end()
	c.mu.Lock()
	a := c.last
	err = errors.Join(err, c.failed)
	c.mu.Unlock()
	held, failed := c.file.Stop(a.Captured)
	return held, errors.Join(err, a.Error.err(), failed)
}
