package spread

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/faketime"
)

// Times by which a connection is found to be dead: who hears nothing for a while asks, and waits.
const (
	pingAfter = 5 * time.Second
	pingWait  = 25 * time.Second // a machine that is busy answers late, and is no cut
)

// releaseTimeout bounds the end of a lab whose connection is gone.
const releaseTimeout = time.Minute

// maxQuestion bounds what is read of one question, in bytes: a file that is written comes whole.
const maxQuestion = 256 << 20

// Serve is an agent: it builds the part of a lab that whoever is at the other end of a connection asks
// for, with a builder of this host, and takes it down when the connection or ctx ends. Whoever holds the
// connection can run commands in nodes: the caller has made sure who it is, and that nobody reads along.
// It returns when nothing of the lab is left, with what kept it from that.
func Serve(ctx context.Context, conn net.Conn, b Builder) error {
	a := &agent{builder: b, faults: map[int]topologies.Active{}, flows: map[int]topologies.Flow{}}
	if at, err := netip.ParseAddrPort(conn.LocalAddr().String()); err == nil {
		a.address = at.Addr()
	}
	l := newOnce(conn)
	server := &http.Server{
		Handler: a.handler(), Protocols: cleartext(), HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingWait, MaxConcurrentStreams: maxStreams},
		ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0), // who asks is told
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateClosed || s == http.StateHijacked {
				_ = l.Close() // nothing more comes
			}
		},
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err := server.Serve(l)
	err = errors.Join(server.Close(), ignoreClosed(err))
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	return errors.Join(err, a.release(release))
}

// maxStreams is how many questions may be open at once, commands among them.
const maxStreams = 10_000

// cleartext is HTTP/2 on a connection that is as private as it has to be.
func cleartext() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// once is a listener to which one connection comes.
type once struct {
	conn chan net.Conn
	done chan struct{}
	at   net.Addr
	shut sync.Once
}

func newOnce(conn net.Conn) *once {
	l := &once{conn: make(chan net.Conn, 1), done: make(chan struct{}), at: conn.LocalAddr()}
	l.conn <- struct{ net.Conn }{conn} // whatever it is, it is as private as it has to be
	return l
}

func (l *once) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *once) Close() error {
	l.shut.Do(func() { close(l.done) })
	return nil
}

func (l *once) Addr() net.Addr { return l.at }

// agent is one connection's.
type agent struct {
	builder Builder
	address netip.Addr // by which the other end reaches this host; not valid: it is not known

	building sync.Mutex // held by who builds the lab, or takes it down

	mu     sync.Mutex
	here   *station
	over   bool
	number int
	faults map[int]topologies.Active
	flows  map[int]topologies.Flow
}

// lab is the station, once it is built.
func (a *agent) lab() (*station, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.here == nil {
		return nil, errors.New("this connection has no lab")
	}
	return a.here, nil
}

func (a *agent) release(ctx context.Context) error {
	a.building.Lock()
	defer a.building.Unlock()
	a.mu.Lock()
	s, flows := a.here, a.flows
	a.here, a.over, a.flows = nil, true, map[int]topologies.Flow{}
	a.mu.Unlock()
	for _, f := range flows {
		f.Stop()
	}
	if s == nil {
		return nil
	}
	return s.release(ctx)
}

// reserve builds the lab of the connection.
func (a *agent) reserve(ctx context.Context, q reserveAsk) (r reserveAnswer, err error) {
	a.building.Lock()
	defer a.building.Unlock()
	a.mu.Lock()
	there, over := a.here != nil, a.over
	a.mu.Unlock()
	if there || over {
		return r, errors.New("this connection has a lab, or had one")
	}
	if err := ordinary(q.Topology); err != nil {
		return r, err
	}
	o := topologies.Options{Run: q.Options.Run, Lab: q.Options.Lab, TTL: q.Options.TTL, Workers: q.Options.Workers, DropBy: q.Options.DropBy, Replug: q.Options.Replug, Owner: os.Getpid()}
	s, err := newStation(ctx, a.builder, q.Topology, o, q.Key, a.address)
	if err != nil {
		return r, errors.Join(err, s.release(context.WithoutCancel(ctx)))
	}
	a.mu.Lock()
	a.here = s
	a.mu.Unlock()
	return reserveAnswer{ID: s.part.ID(), Port: s.port()}, nil
}

// ordinary refuses nodes that reach beyond their lab: they would reach this host, and not that of who asks.
func ordinary(t topologies.Topology) error {
	var errs []error
	for _, n := range t.Nodes {
		if why := extraordinary(n); why != "" {
			errs = append(errs, &topologies.MissingError{What: "host", Name: "for node " + n.Name, Hint: why})
		}
	}
	return errors.Join(errs...)
}

// handler answers what is asked.
func (a *agent) handler() http.Handler {
	mux := http.NewServeMux()
	answer(mux, askClock, func(context.Context, nothing) (clockAnswer, error) {
		clocks, err := faketime.Clocks()
		return clockAnswer{Clocks: clocks}, err
	})
	answer(mux, askDescribe, func(ctx context.Context, q nodeAsk) (topologies.ImageInfo, error) {
		return a.builder.DescribeImage(ctx, q.Node)
	})
	answer(mux, askCheck, func(ctx context.Context, t topologies.Topology) (nothing, error) {
		return nothing{}, errors.Join(ordinary(t), a.builder.CheckPart(ctx, t))
	})
	answer(mux, askReserve, a.reserve)
	answer(mux, askRelease, func(ctx context.Context, _ nothing) (nothing, error) { return nothing{}, a.release(ctx) })
	onLab(mux, a, askJoin, func(ctx context.Context, s *station, q joinAsk) (nothing, error) {
		return nothing{}, s.join(ctx, q.Ways)
	})
	onLab(mux, a, askReady, func(ctx context.Context, s *station, _ nothing) (nothing, error) { return nothing{}, s.ready(ctx) })
	onLab(mux, a, askState, func(ctx context.Context, s *station, q nodeAsk) (topologies.NodeState, error) {
		w, err := ability[topologies.NodeWatcher](s.part)
		if err != nil {
			return topologies.NodeState{}, err
		}
		return w.NodeState(ctx, q.Node)
	})
	onLab(mux, a, askEnds, func(ctx context.Context, s *station, q nodeAsk) (r endsAnswer, err error) {
		w, err := ability[topologies.ProcessWatcher](s.part)
		if err == nil {
			r.Ends, r.Missed, r.Why, err = w.Ends(ctx, q.Node)
		}
		return r, err
	})
	onLab(mux, a, askRestart, func(ctx context.Context, s *station, q nodeAsk) (nothing, error) {
		return nothing{}, s.restart(ctx, q.Node)
	})
	onLab(mux, a, askReset, func(ctx context.Context, s *station, q nodeAsk) (r resetAnswer, err error) {
		r.How, r.Why, err = s.reset(ctx, q.Node)
		return r, err
	})
	onLab(mux, a, askChanges, func(ctx context.Context, s *station, _ nothing) ([]topologies.Change, error) { return s.changes(ctx) })
	onLab(mux, a, askWarnings, func(_ context.Context, s *station, _ nothing) ([]string, error) {
		if w, ok := topologies.As[topologies.Warner](s.part); ok {
			return w.Warnings(), nil
		}
		return nil, nil
	})
	onLab(mux, a, askUnderlay, func(_ context.Context, s *station, _ nothing) ([]topologies.Underlay, error) {
		return s.underlay(), nil
	})
	onLab(mux, a, askWrite, func(ctx context.Context, s *station, q writeAsk) (nothing, error) {
		h, err := s.part.Host(q.Node)
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, h.WriteFile(ctx, q.Path, q.Data, q.Mode)
	})
	a.faultsAndFlows(mux)
	mux.HandleFunc(streamImage, a.image)
	mux.HandleFunc(streamRead, a.read)
	mux.HandleFunc(streamExec, a.exec)
	mux.HandleFunc(streamOpen, a.open)
	mux.HandleFunc(streamFrames, a.frames)
	return mux
}

// faultsAndFlows answers what is asked of those.
func (a *agent) faultsAndFlows(mux *http.ServeMux) {
	onLab(mux, a, askInject, func(ctx context.Context, s *station, f topologies.Fault) (r injectAnswer, err error) {
		active, err := s.inject(ctx, f)
		if err != nil {
			return r, err
		}
		if teller, ok := topologies.As[topologies.DropTeller](active); ok {
			r.DropBy = teller.DropBy()
		}
		r.Number = keep(a, a.faults, active)
		return r, nil
	})
	onLab(mux, a, askFired, func(ctx context.Context, _ *station, q faultAsk) (r firedAnswer, err error) {
		f, err := kept(a, a.faults, q.Number)
		if err != nil {
			return r, err
		}
		r.Fired, err = f.Fired(ctx)
		r.Error = outcomeOf(err)
		if teller, ok := topologies.As[topologies.ActedTeller](f); ok {
			if acted, ok := teller.Acted(); ok {
				r.Acted = &acted
			}
		}
		if teller, ok := topologies.As[topologies.DropTeller](f); ok {
			r.DropBy = teller.DropBy()
		}
		return r, nil
	})
	onLab(mux, a, askHeal, func(ctx context.Context, _ *station, q faultAsk) (nothing, error) {
		f, err := kept(a, a.faults, q.Number)
		if err == nil {
			err = f.Heal(ctx)
		}
		return nothing{}, err
	})
	onLab(mux, a, askTraffic, func(ctx context.Context, s *station, q topologies.FlowSpec) (r faultAsk, err error) {
		t, err := ability[topologies.Trafficker](s.part)
		if err != nil {
			return r, err
		}
		flow, err := t.Traffic(ctx, q)
		if err == nil {
			r.Number = keep(a, a.flows, flow)
		}
		return r, err
	})
	onLab(mux, a, askFlow, func(_ context.Context, _ *station, q flowAsk) (topologies.FlowReading, error) {
		f, err := kept(a, a.flows, q.Number)
		if err != nil {
			return topologies.FlowReading{}, err
		}
		return f.Read(q.From), nil
	})
	onLab(mux, a, askFlowStop, func(_ context.Context, _ *station, q faultAsk) (topologies.FlowSeries, error) {
		f, err := kept(a, a.flows, q.Number)
		if err != nil {
			return topologies.FlowSeries{}, err
		}
		return f.Stop(), nil
	})
}

// keep takes note of something that goes on, under a number.
func keep[T any](a *agent, list map[int]T, v T) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.number++
	list[a.number] = v
	return a.number
}

func kept[T any](a *agent, list map[int]T, number int) (T, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v, ok := list[number]
	if !ok {
		return v, fmt.Errorf("nothing has the number %d", number)
	}
	return v, nil
}

// reply is what a question is answered with.
type reply[A any] struct {
	Outcome outcome `json:"outcome"`
	Answer  A       `json:"answer"`
}

// answer has a question answered.
func answer[Q, A any](mux *http.ServeMux, path string, do func(context.Context, Q) (A, error)) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var q Q
		var a reply[A]
		err := json.NewDecoder(io.LimitReader(r.Body, maxQuestion)).Decode(&q)
		if err == nil {
			a.Answer, err = do(r.Context(), q)
		}
		a.Outcome = outcomeOf(err)
		_ = json.NewEncoder(w).Encode(a) // who asked is gone
	})
}

// onLab has a question answered that is about the lab.
func onLab[Q, A any](mux *http.ServeMux, a *agent, path string, do func(context.Context, *station, Q) (A, error)) {
	answer(mux, path, func(ctx context.Context, q Q) (r A, err error) {
		s, err := a.lab()
		if err != nil {
			return r, err
		}
		return do(ctx, s, q)
	})
}

// question reads that of a stream, and gives what writes to who asked.
func question[Q any](w http.ResponseWriter, r *http.Request) (q Q, out *chunks, err error) {
	control := http.NewResponseController(w)
	out = &chunks{to: w, flush: control.Flush}
	kind, b, err := next(r.Body)
	if err == nil && kind != chunkAnswer {
		err = errors.New("a stream begins with a question")
	}
	if err == nil {
		err = json.Unmarshal(b, &q)
	}
	if err == nil {
		err = control.Flush() // who asks goes on when the answer begins
	}
	return q, out, err
}

// host is that of a node.
func (a *agent) host(node string) (topologies.Host, error) {
	s, err := a.lab()
	if err != nil {
		return nil, err
	}
	return s.part.Host(node)
}

// image takes an image in.
func (a *agent) image(w http.ResponseWriter, r *http.Request) {
	q, out, err := question[imageAsk](w, r)
	if err == nil {
		if taker, ok := a.builder.(ImageTaker); ok {
			err = taker.TakeImage(r.Context(), &input{from: r.Body}, q.Digest)
		} else {
			err = errors.New("this host takes no images")
		}
	}
	_ = out.json(chunkAnswer, outcomeOf(err)) // who asked is gone
}

// read sends a file.
func (a *agent) read(w http.ResponseWriter, r *http.Request) {
	q, out, err := question[nodeAsk](w, r)
	var f io.ReadCloser
	if err == nil {
		var h topologies.Host
		if h, err = a.host(q.Node); err == nil {
			f, err = h.ReadFile(r.Context(), q.Path)
		}
	}
	if out.json(chunkAnswer, outcomeOf(err)) != nil || err != nil {
		return
	}
	_, err = io.Copy(out.writer(chunkOut), f)
	_ = out.json(chunkAnswer, outcomeOf(errors.Join(err, f.Close()))) // who asked is gone
}

// exec runs a command to its end.
func (a *agent) exec(w http.ResponseWriter, r *http.Request) {
	q, out, err := question[execAsk](w, r)
	exit := 0
	if err == nil {
		var h topologies.Host
		if h, err = a.host(q.Node); err == nil {
			var in io.Reader
			if q.In {
				in = &input{from: r.Body}
			}
			stdout, stderr := wanted(q.Out, out.writer(chunkOut)), wanted(q.Err, out.writer(chunkErr))
			if q.Both {
				stderr = stdout
			}
			exit, err = h.Exec(r.Context(), q.Argv, in, stdout, stderr)
		}
	}
	o := outcomeOf(err)
	o.Exit = exit
	_ = out.json(chunkAnswer, o) // who asked is gone
}

// wanted is a writer, or none.
func wanted(is bool, w io.Writer) io.Writer {
	if is {
		return w
	}
	return nil
}

// input is what comes to a command.
type input struct {
	from io.Reader
	rest []byte
	over bool
}

func (i *input) Read(b []byte) (int, error) {
	for len(i.rest) == 0 {
		if i.over {
			return 0, io.EOF
		}
		kind, data, err := next(i.from)
		if err != nil {
			return 0, noEOF(err)
		}
		switch kind {
		case chunkIn:
			i.rest = data
		case chunkInEnd:
			i.over = true
		default:
		}
	}
	n := copy(b, i.rest)
	i.rest = i.rest[n:]
	return n, nil
}

// open runs a command whose input and output are one stream, until either end is closed.
func (a *agent) open(w http.ResponseWriter, r *http.Request) {
	q, out, err := question[execAsk](w, r)
	var s io.ReadWriteCloser
	if err == nil {
		var h topologies.Host
		if h, err = a.host(q.Node); err == nil {
			s, err = h.Open(r.Context(), q.Argv, q.TTY)
		}
	}
	if out.json(chunkAnswer, outcomeOf(err)) != nil || err != nil {
		if s != nil {
			_ = s.Close() // who asked is gone
		}
		return
	}
	var copied sync.WaitGroup
	copied.Go(func() {
		_, _ = io.Copy(out.writer(chunkOut), s) // a terminal ends with an error as well
		_ = out.put(chunkEnd)
	})
	defer copied.Wait()
	defer s.Close() //nolint:errcheck // what it was for has ended
	for {
		kind, data, err := next(r.Body)
		if err != nil || kind == chunkEnd {
			return
		}
		switch kind {
		case chunkIn:
			if _, err := s.Write(data); err != nil {
				return
			}
		case chunkInEnd:
			if half, ok := s.(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite() // it may have ended
			}
		default:
		}
	}
}

// frames captures, and sends every frame, until who asked has enough.
func (a *agent) frames(w http.ResponseWriter, r *http.Request) {
	q, out, err := question[captureAsk](w, r)
	var run topologies.Capture
	if err == nil {
		var s *station
		if s, err = a.lab(); err == nil {
			run, err = s.capture(r.Context(), topologies.CaptureSpec{
				Endpoint: q.Endpoint, Filter: q.Filter, Ring: q.Ring, Each: func(f topologies.Frame) {
					_ = out.put(chunkFrame, frameHead(f), f.Data) // the stream has ended then
				},
			})
		}
	}
	if out.json(chunkAnswer, outcomeOf(err)) != nil || err != nil {
		if run != nil {
			_, _ = run.Stop() // who asked is gone
		}
		return
	}
	for {
		kind, data, err := next(r.Body)
		switch {
		case err != nil || kind == chunkEnd:
			held, failed := run.Stop()
			_ = out.json(chunkSync, syncAnswer{Captured: held, Error: outcomeOf(failed)}) // who asked may be gone
			return
		case kind == chunkSync && len(data) == 8:
			held, failed := run.Sync(r.Context())
			_ = out.json(chunkSync, syncAnswer{Number: binary.BigEndian.Uint64(data), Captured: held, Error: outcomeOf(failed)})
		}
	}
}

// headLength is that of what goes before the bytes of a frame.
const headLength = 13

// frameHead is what is told of a frame besides its bytes: time, length, way.
func frameHead(f topologies.Frame) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(f.At.UnixNano()))
	b = binary.BigEndian.AppendUint32(b, uint32(f.Length)) //nolint:gosec // a frame is short
	switch f.Way {
	case topologies.WayIn:
		return append(b, 1)
	case topologies.WayOut:
		return append(b, 2)
	default:
		return append(b, 0)
	}
}

func frameOf(b []byte) (f topologies.Frame, err error) {
	if len(b) < headLength || b[12] > 2 {
		return f, errors.New("a frame of another host is not as it should be")
	}
	return topologies.Frame{
		At:     time.Unix(0, int64(binary.BigEndian.Uint64(b))), //nolint:gosec // as many bits
		Length: int(binary.BigEndian.Uint32(b[8:])), Way: []topologies.Way{"", topologies.WayIn, topologies.WayOut}[b[12]], Data: b[headLength:],
	}, nil
}
