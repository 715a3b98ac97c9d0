package spread

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// session is a connection to an agent.
type session struct {
	host   string
	client *http.Client
	near   netip.Addr // addresses of its ends, where they have some
	far    netip.Addr

	ended chan struct{} // closed when gone is set

	mu   sync.Mutex
	gone error // set when nothing can be asked any more
	conn net.Conn
}

// dial reaches a host's agent.
func dial(ctx context.Context, h Host) (*session, error) {
	conn, err := h.Dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("reach host %s: %w", h.Name, err)
	}
	s := &session{host: h.Name, ended: make(chan struct{})}
	if at, err := netip.ParseAddrPort(conn.LocalAddr().String()); err == nil {
		s.near = at.Addr()
	}
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		s.far = at.Addr()
	}
	if h.Address.IsValid() {
		s.far = h.Address
	}
	s.conn = &closing{Conn: conn, closed: func() { s.broke(errors.New("it ended")) }}
	taken := false
	s.client = &http.Client{Transport: &http.Transport{
		Protocols: cleartext(), HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingWait}, DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			s.mu.Lock()
			first := !taken && s.gone == nil
			taken = true
			s.mu.Unlock()
			if first {
				return s.conn, nil
			}
			select { // what is asked while the first question is on its way takes the same connection
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-s.ended:
				return nil, s.over()
			}
		},
	}}
	return s, nil
}

// closing tells when a connection is closed, as it is by who finds it dead.
type closing struct {
	net.Conn
	closed func()
}

func (c *closing) Close() error {
	c.closed()
	return c.Conn.Close()
}

// broke takes note that nothing can be asked any more.
func (s *session) broke(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone == nil {
		s.gone = fmt.Errorf("the connection to host %s is gone: %w", s.host, why)
		close(s.ended)
	}
}

// over says why nothing can be asked any more; nil as long as something can.
func (s *session) over() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// close ends the connection.
func (s *session) close() error {
	s.broke(errors.New("it was closed"))
	s.client.CloseIdleConnections()
	return ignoreClosed(s.conn.Close())
}

// failed says of an error of the transport what host it is about.
func (s *session) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if gone := s.over(); gone != nil {
		return gone
	}
	return fmt.Errorf("ask host %s: %w", s.host, err)
}

// ask asks a question that has one answer.
func ask[A, Q any](ctx context.Context, s *session, path string, q Q) (a A, err error) {
	if err := s.over(); err != nil {
		return a, err
	}
	b, err := json.Marshal(q)
	if err != nil {
		return a, fmt.Errorf("ask host %s: %w", s.host, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://agent"+path, bytes.NewReader(b))
	if err != nil {
		return a, fmt.Errorf("ask host %s: %w", s.host, err)
	}
	response, err := s.client.Do(r)
	if err != nil {
		return a, s.failed(ctx, err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	if response.StatusCode != http.StatusOK {
		return a, fmt.Errorf("ask host %s: it answers %s to %s; both ends have to be of one version", s.host, response.Status, path)
	}
	var got reply[A]
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		return a, s.failed(ctx, noEOF(err))
	}
	if err := got.Outcome.err(); err != nil {
		return got.Answer, err
	}
	return got.Answer, nil
}

// tell asks a question that is answered with nothing.
func tell[Q any](ctx context.Context, s *session, path string, q Q) error {
	_, err := ask[nothing](ctx, s, path, q)
	return err
}

// flow is a stream that was begun.
type talk struct {
	chunks
	session *session
	from    io.ReadCloser
	pipe    *io.PipeWriter
	cancel  context.CancelFunc
	ctx     context.Context //nolint:containedctx // of the stream, which goes on
}

// begin begins a stream; it goes on until ctx or end.
func begin[Q any](ctx context.Context, s *session, path string, q Q) (*talk, error) {
	if err := s.over(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	body, pipe := io.Pipe()
	// Nothing else wakes who waits for more of the question, and the stream ends with that.
	context.AfterFunc(ctx, func() { _ = pipe.CloseWithError(context.Cause(ctx)) })
	t := &talk{chunks: chunks{to: pipe}, session: s, pipe: pipe, cancel: cancel, ctx: ctx}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://agent"+path, body)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("ask host %s: %w", s.host, err)
	}
	asked := make(chan error, 1)
	go func() {
		err := t.json(chunkAnswer, q)
		if err != nil { // such as a question that is too large: nobody answers half of one
			_ = pipe.CloseWithError(err)
		}
		asked <- err
	}()
	response, err := s.client.Do(r) //nolint:bodyclose // end does
	if err != nil {
		cancel()
		_ = pipe.CloseWithError(err) // so that the question ends as well
		return nil, s.failed(ctx, err)
	}
	t.from = response.Body
	if err := <-asked; err != nil || response.StatusCode != http.StatusOK {
		t.end()
		return nil, s.failed(ctx, cmp.Or(err, fmt.Errorf("it answers %s to %s", response.Status, path)))
	}
	return t, nil
}

// opened begins what outlives ctx, which covers only the opening, the question and the first answer included.
func opened[Q any](ctx context.Context, s *session, path string, q Q) (*talk, error) {
	living, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	t, err := begin(living, s, path, q)
	if err != nil {
		stop()
		cancel()
		return nil, cmp.Or(context.Cause(ctx), err)
	}
	o, err := t.outcome()
	if err == nil {
		err = o.err()
	}
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		t.end()
		cancel()
		return nil, err
	}
	context.AfterFunc(t.ctx, cancel) //nolint:contextcheck // it lives as long as the talk
	return t, nil
}

// next reads what comes next.
func (t *talk) next() (chunk, []byte, error) {
	kind, b, err := next(t.from)
	if err != nil {
		return 0, nil, t.session.failed(t.ctx, noEOF(err))
	}
	return kind, b, nil
}

// outcome reads how it went, which comes next.
func (t *talk) outcome() (o outcome, err error) {
	kind, b, err := t.next()
	if err == nil && kind != chunkAnswer {
		err = fmt.Errorf("ask host %s: something else than an answer came", t.session.host)
	}
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	return o, err
}

// end ends the stream, whatever the other end does.
func (t *talk) end() {
	t.cancel()
	_ = t.pipe.Close() // it never fails
	_ = t.from.Close() // read only
}
