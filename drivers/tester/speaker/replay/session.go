package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Session says how one side of a session of TCP is said again, to a device that has other numbers: by a connection of
// its own, part by part, each when its turn is.
type Session struct {
	// Local is the address that is spoken from, one of the node's; Remote is the device's.
	Local  netip.Addr `yaml:"local"`
	Remote netip.Addr `yaml:"remote"`
	Port   uint16     `yaml:"port"` // of the server, in the capture and here; 179
	// Passive takes the device's call where the capture has one that was made, and the other way round.
	Passive *bool `yaml:"passive"`
	// Await is what has to be before a part is said: answers (the device said something since the part before,
	// where it did so in the capture), bytes (it said as many in all), or none (the times alone).
	Await string `yaml:"await"`
	// Patience bounds how long that is waited for, in the lab's time; 30 s.
	Patience time.Duration `yaml:"patience"`
}

const (
	sessionPort     = 179
	sessionPatience = 30 * time.Second
	sessionCall     = time.Second // from one call to the next
)

func (s *Session) check(o *Order) error {
	switch {
	case !s.Local.IsValid() || !s.Remote.IsValid() || s.Local.BitLen() != s.Remote.BitLen():
		return errors.New("session: local and remote are addresses of one family")
	case s.Await != "" && s.Await != "answers" && s.Await != "bytes" && s.Await != "none":
		return fmt.Errorf("session: await: there is no %q: there are answers, bytes and none", s.Await)
	case s.Patience < 0:
		return fmt.Errorf("session: patience: %v is negative", s.Patience)
	case len(o.Only) > 0 || o.Port != "":
		return errors.New("session: it is of TCP and goes where its addresses do: port and only are not for it")
	}
	if _, err := netip.ParseAddr(o.From); err != nil {
		return fmt.Errorf("from: it is the address of the side that is said again, as the capture has it, and not %q", o.From)
	}
	return nil
}

// talk begins to say one side of a session again.
func (p *Player) talk(ctx context.Context, o Order) (State, error) {
	data, err := read(o.File)
	if err != nil {
		return State{}, err
	}
	list, err := frames(data)
	if err != nil {
		return State{}, err
	}
	from, err := netip.ParseAddr(o.From)
	if err != nil {
		return State{}, fmt.Errorf("from: %w", err)
	}
	state := State{File: o.File, Port: o.Session.Local.String(), Kinds: map[string]int{}}
	if len(o.Rewrite) > 0 {
		a, err := o.addresses([6]byte{})
		if err != nil {
			return State{}, err
		}
		if p.rewrite == nil {
			return State{}, errors.New("rewrite: this program cannot")
		}
		out, notes, err := p.rewrite(data, a)
		if err != nil {
			return State{}, fmt.Errorf("rewrite: %w", err)
		}
		if list, err = frames(out); err != nil {
			return State{}, err
		}
		state.Notes = notes
		for old, with := range a.Networks {
			if old.Contains(from) {
				from = moved(from, old, with)
				break
			}
		}
	}
	t, err := talkOf(list, from, cmp.Or(o.Session.Port, sessionPort))
	if err != nil {
		return State{}, fmt.Errorf("file %s: %w", o.File, err)
	}
	if t.hole > 0 && o.Session.Await != "none" {
		return State{}, fmt.Errorf("file %s: what was said to %s before frame %d is not in it, and so not what has to be before a part: session: await: none says the parts at their times alone", o.File, from, t.hole)
	}
	if o.Count > 0 {
		t.parts = t.parts[:min(o.Count, len(t.parts))]
	}
	state.Frames, state.Skipped, state.Kinds["tcp"] = len(t.parts), len(list)-t.kinds, len(t.parts)
	for _, x := range t.parts {
		state.Takes += x.after.Seconds() / cmp.Or(o.Speed, 1)
	}
	ctx, stop := context.WithCancel(ctx)
	x := &play{state: state, stop: stop}
	x.state.Running = true
	p.mu.Lock()
	p.all = append(p.all, x)
	p.mu.Unlock()
	p.wg.Go(func() {
		defer stop()
		err := x.converse(ctx, *o.Session, t, p.speed, cmp.Or(o.Speed, 1))
		p.end(x, err, isOwn(err))
		s := x.show()
		p.say("%s: %d of %d parts of a session said %s", s.Port, s.Sent, s.Frames, s.Failed)
	})
	return x.show(), nil
}

// isOwn says of an error of a session that nothing which the device did brings it about: the address that is spoken from
// is not there or is somebody else's, or this machine lacks what a connection takes.
func isOwn(err error) bool {
	return slices.ContainsFunc([]syscall.Errno{
		syscall.EADDRNOTAVAIL, syscall.EADDRINUSE, syscall.EACCES, syscall.EPERM, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
	}, func(e syscall.Errno) bool { return errors.Is(err, e) })
}

// moved is an address of one network in another of the same length.
func moved(a netip.Addr, old, with netip.Prefix) netip.Addr {
	b, w := a.AsSlice(), with.Addr().AsSlice()
	for i := range old.Bits() {
		mask := byte(0x80 >> (i % 8))
		b[i/8] = b[i/8]&^mask | w[i/8]&mask
	}
	m, _ := netip.AddrFromSlice(b) // of the same length
	return m
}

// heard is what the device said so far.
type heard struct {
	mu    sync.Mutex
	bytes int
	at    time.Time
	err   error
	news  chan struct{} // one is in it where something is new
}

func (h *heard) listen(conn net.Conn, x *play) {
	b := make([]byte, 64<<10)
	for {
		n, err := conn.Read(b)
		h.mu.Lock()
		h.bytes += n
		if n > 0 {
			h.at = time.Now()
		}
		if h.err = err; errors.Is(err, io.EOF) {
			h.err = errEnded
		}
		total := h.bytes
		h.mu.Unlock()
		x.mu.Lock()
		x.state.Received = total
		x.mu.Unlock()
		select {
		case h.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (h *heard) now() (bytes int, at time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bytes, h.at, h.err
}

// converse says the parts of a session, each when its precondition holds and its time has come.
func (x *play) converse(ctx context.Context, s Session, t talk, clock, speed float64) error {
	patience := time.Duration(float64(cmp.Or(s.Patience, sessionPatience)) / clock)
	calls := t.calls
	if s.Passive != nil {
		calls = !*s.Passive
	}
	conn, err := connect(ctx, s, calls, patience, clock)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // what was said is said
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	h := &heard{news: make(chan struct{}, 1), at: time.Now()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.listen(conn, x)
	}()
	defer func() {
		_ = conn.Close()
		<-done
	}()
	said, since := time.Now(), 0 // when the part before was said, and what the device had said when it could be
	for i, p := range t.parts {
		holds := func(bytes int) bool {
			switch s.Await {
			case "none":
				return true
			case "bytes":
				return bytes >= p.behind
			}
			return !p.answers || bytes > since
		}
		at, err := h.await(ctx, holds, p.ended || s.Await == "none", patience)
		if err != nil {
			return fmt.Errorf("part %d of %d, behind %d bytes of the device: %w", i+1, len(t.parts), p.behind, err)
		}
		since, _, _ = h.now() // what comes while this part waits for its time answers the next one too: none may follow
		due := said
		if p.answers && at.After(said) {
			due = at
		}
		due = due.Add(time.Duration(float64(p.after) / (clock * speed)))
		timer := time.NewTimer(time.Until(due))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return errStopped
		}
		late := time.Since(due)
		if err := p.say(conn); err != nil {
			return fmt.Errorf("part %d of %d: %w", i+1, len(t.parts), err)
		}
		said = time.Now()
		x.mu.Lock()
		x.state.Sent++
		x.state.Latest = max(x.state.Latest, late.Seconds())
		x.mu.Unlock()
		if p.rst || p.fin {
			return nil
		}
	}
	// What the capture does not end is left open, as it was, until the replay is stopped or the device ends it.
	_, err = h.await(ctx, func(int) bool { return false }, true, 0)
	if errors.Is(err, errEnded) || ctx.Err() != nil {
		return nil
	}
	return err
}

// await waits until a condition of how many bytes the device said holds, and says when it spoke last. A device that ended
// the session ends the wait, too, unless it did so in the capture (ended). Without patience it waits for ever.
func (h *heard) await(ctx context.Context, holds func(bytes int) bool, ended bool, patience time.Duration) (time.Time, error) {
	var out <-chan time.Time
	if patience > 0 {
		t := time.NewTimer(patience)
		defer t.Stop()
		out = t.C
	}
	for {
		bytes, at, err := h.now()
		switch {
		case err != nil && (!ended || !errors.Is(err, errEnded)):
			return at, err
		case holds(bytes):
			return at, nil
		case err != nil:
			return at, err
		}
		select {
		case <-h.news:
		case <-out:
			return at, fmt.Errorf("what has to be before it did not come within %v: the device said %d bytes", patience, bytes)
		case <-ctx.Done():
			return at, errStopped
		}
	}
}

// say sends a part, as one segment where it fits into one.
func (p part) say(conn *net.TCPConn) error {
	if len(p.data) > 0 {
		if _, err := conn.Write(p.data); err != nil {
			return err
		}
	}
	switch {
	case p.rst:
		return errors.Join(conn.SetLinger(0), conn.Close())
	case p.fin:
		return conn.CloseWrite()
	}
	return nil
}

// connect calls the device until it answers, or takes its call.
func connect(ctx context.Context, s Session, calls bool, patience time.Duration, clock float64) (*net.TCPConn, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	port := int(cmp.Or(s.Port, sessionPort))
	local := net.TCPAddr{IP: s.Local.AsSlice()}
	if !calls {
		local.Port = port
		return takeCall(ctx, &local, s.Remote)
	}
	d := net.Dialer{LocalAddr: &local}
	for {
		c, err := d.DialContext(ctx, "tcp", netip.AddrPortFrom(s.Remote, uint16(port)).String()) //nolint:gosec // it was one
		if conn, ok := c.(*net.TCPConn); ok && err == nil {
			return conn, nil
		}
		t := time.NewTimer(time.Duration(float64(sessionCall) / clock))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, fmt.Errorf("call %s: %w", s.Remote, err)
		}
	}
}

func takeCall(ctx context.Context, local *net.TCPAddr, remote netip.Addr) (*net.TCPConn, error) {
	l, err := net.ListenTCP("tcp", local)
	if err != nil {
		return nil, fmt.Errorf("wait for the call of %s: %w", remote, err)
	}
	defer l.Close() //nolint:errcheck // one call is taken
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		conn, err := l.AcceptTCP()
		if err != nil {
			return nil, fmt.Errorf("%s did not call: %w", remote, err)
		}
		if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok && a.AddrPort().Addr().Unmap() == remote {
			return conn, nil
		}
		_ = conn.Close() // somebody else's
	}
}
