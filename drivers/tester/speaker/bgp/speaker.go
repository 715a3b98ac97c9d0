package bgp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Speaker has a session with each of its neighbours. It is safe for use by several goroutines.
type Speaker struct {
	config Config
	speed  float64
	say    func(format string, args ...any)

	mu       sync.Mutex // of what is announced; taken before a session's own
	sessions []*session // in the order of their neighbours
	batches  []*batch
	owner    map[netip.Prefix]*batch
	start    []*batch // what is announced from the start
}

// Options of a speaker.
type Options struct {
	// Speed is that of the lab's clock; 0 is real time.
	Speed float64
	// Say is told what happens, a line each time; nil is told nothing.
	Say func(format string, args ...any)
}

// New makes a speaker of a configuration that was checked. Nothing is spoken before Serve.
func New(c Config, o Options) *Speaker {
	s := &Speaker{config: c, speed: cmp.Or(o.Speed, 1), say: o.Say, owner: map[netip.Prefix]*batch{}}
	if s.say == nil {
		s.say = func(string, ...any) {}
	}
	for addr, n := range c.Neighbors {
		s.sessions = append(s.sessions, newSession(s, addr, n))
	}
	slices.SortFunc(s.sessions, func(a, b *session) int { return a.addr.Compare(b.addr) })
	return s
}

// Serve speaks until ctx ends; it then ends every session with a NOTIFICATION (Cease). listening is
// called when calls are taken.
func (s *Speaker) Serve(ctx context.Context, listening func()) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if slices.ContainsFunc(s.sessions, func(x *session) bool { return x.config.Passive }) {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf(":%d", defaultPort))
		if err != nil {
			return fmt.Errorf("wait for neighbours: %w", err)
		}
		context.AfterFunc(ctx, func() { _ = l.Close() }) // it only has to end
		wg.Go(func() { s.accept(ctx, l) })
	}
	for _, x := range s.sessions {
		wg.Go(func() { x.serve(ctx) })
	}
	listening()
	<-ctx.Done()
	return nil
}

// accept hands calls to the sessions that wait for them until ctx ends; others are hung up on.
func (s *Speaker) accept(ctx context.Context, l net.Listener) {
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.say("take a call: %v", err)
			pause := time.NewTimer(s.lab(defaultRetry)) // it may be one of too many open files
			select {
			case <-pause.C:
			case <-ctx.Done():
			}
			pause.Stop()
			continue
		}
		from, _ := netip.ParseAddrPort(c.RemoteAddr().String())
		x := s.find(from.Addr().Unmap().WithZone(""))
		if x == nil || !x.config.Passive {
			s.say("call from %s: no such passive neighbor", from)
			_ = c.Close()
			continue
		}
		if !x.called(c) {
			s.say("call from %s: the session does not wait for one", from)
			_ = c.Close()
		}
	}
}

func (s *Speaker) find(a netip.Addr) *session {
	for _, x := range s.sessions {
		if x.addr == a {
			return x
		}
	}
	return nil
}

// lab is how long a time of the lab takes.
func (s *Speaker) lab(d time.Duration) time.Duration { return time.Duration(float64(d) / s.speed) }

// Announced tells what an announcement or a withdrawal did.
type Announced struct {
	Routes   int `json:"routes"`
	Messages int `json:"messages"` // that go to neighbours now
	Sessions int `json:"sessions"` // that they go to
}

// Announce announces routes. Those that were announced before get the new attributes.
func (s *Speaker) Announce(a Announcement) (Announced, error) {
	if err := a.check(); err != nil {
		return Announced{}, err
	}
	for _, to := range a.To {
		if s.find(to) == nil {
			return Announced{}, fmt.Errorf("to: %s is no neighbor", to)
		}
	}
	batches, err := a.batches()
	if err != nil {
		return Announced{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.announce(batches)
}

// batches are the routes of an announcement.
func (a *Announcement) batches() ([]*batch, error) {
	if a.MRT != "" {
		return a.table()
	}
	prefixes, err := a.prefixes()
	if err != nil {
		return nil, err
	}
	attrs, err := a.own()
	if err != nil {
		return nil, err
	}
	return []*batch{{from: a, prefixes: prefixes, attrs: attrs}}, nil
}

func (s *Speaker) announce(batches []*batch) (done Announced, err error) {
	// Nothing is kept of what cannot be said to a session that is up.
	out := map[*session][][]byte{}
	for _, x := range s.sessions {
		v, families, up := x.view()
		if !up {
			continue
		}
		for _, b := range batches {
			list, err := b.to(x, v, families, func(netip.Prefix) bool { return true })
			if err != nil {
				return Announced{}, fmt.Errorf("neighbor %s: %w", x.addr, err)
			}
			out[x] = append(out[x], list...)
		}
	}
	for _, b := range batches {
		for _, p := range b.prefixes {
			s.owner[p] = b
		}
		s.batches = append(s.batches, b)
		done.Routes += len(b.prefixes)
	}
	s.forget()
	for x, list := range out {
		if len(list) > 0 && x.send(list...) {
			done.Messages += len(list)
			done.Sessions++
		}
	}
	return done, nil
}

// to are a batch's messages for a session: of what it still owns, in the families that were agreed on.
func (b *batch) to(x *session, v view, families []Family, owned func(netip.Prefix) bool) (list [][]byte, err error) {
	if len(b.from.To) > 0 && !slices.Contains(b.from.To, x.addr) {
		return nil, nil
	}
	for _, f := range families {
		var mine []netip.Prefix
		for _, p := range b.prefixes {
			if familyOf(p) == f && owned(p) {
				mine = append(mine, p)
			}
		}
		if len(mine) == 0 {
			continue
		}
		more, err := b.updates(v, f, mine)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// forget lets go of batches that own nothing any more.
func (s *Speaker) forget() {
	s.batches = slices.DeleteFunc(s.batches, func(b *batch) bool {
		return !slices.ContainsFunc(b.prefixes, func(p netip.Prefix) bool { return s.owner[p] == b })
	})
}

// Withdraw withdraws routes that are announced; none of them announced is an error.
func (s *Speaker) Withdraw(r Routes) (Announced, error) {
	prefixes, err := r.prefixes()
	if err != nil {
		return Announced{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	done := s.withdraw(prefixes)
	if done.Routes == 0 {
		return done, errors.New("none of these routes is announced")
	}
	return done, nil
}

// WithdrawAll withdraws everything.
func (s *Speaker) WithdrawAll() Announced {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.withdraw(s.all())
}

// all lists what is announced, in its order.
func (s *Speaker) all() (list []netip.Prefix) {
	for _, b := range s.batches {
		for _, p := range b.prefixes {
			if s.owner[p] == b {
				list = append(list, p)
			}
		}
	}
	return list
}

func (s *Speaker) withdraw(prefixes []netip.Prefix) (done Announced) {
	gone := prefixes[:0:0]
	for _, p := range prefixes {
		if s.owner[p] != nil {
			gone = append(gone, p)
		}
	}
	done.Routes = len(gone)
	for _, x := range s.sessions {
		_, families, up := x.view()
		if !up {
			continue
		}
		var list [][]byte
		for _, f := range families {
			var mine []netip.Prefix
			for _, p := range gone {
				if to := s.owner[p].from.To; familyOf(p) == f && (len(to) == 0 || slices.Contains(to, x.addr)) {
					mine = append(mine, p)
				}
			}
			list = append(list, withdrawals(f, mine)...)
		}
		if len(list) > 0 && x.send(list...) {
			done.Messages += len(list)
			done.Sessions++
		}
	}
	for _, p := range gone {
		delete(s.owner, p)
	}
	s.forget()
	return done
}

// refresh sends a session that is up what is announced in some families, with the end of each. What cannot be
// said to it is noted, and is none of what is announced to it.
func (s *Speaker) refresh(x *session, v view, families []Family) {
	var list [][]byte
	for _, f := range families {
		for _, b := range s.batches {
			more, err := b.to(x, v, []Family{f}, func(p netip.Prefix) bool { return s.owner[p] == b })
			if err != nil {
				x.note("announce to %s: %v", x.addr, err)
				x.unsent[part{b, f}] = true
				continue
			}
			list = append(list, more...)
		}
		if !x.config.NoEnd {
			list = append(list, endOfRIB(f))
		}
	}
	x.send(list...)
}

// Start makes what is announced now that which Reset brings back.
func (s *Speaker) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start = slices.Clone(s.batches)
}

// Reset announces what was announced at the start and nothing else, and brings every session into the
// state of its configuration. Sessions that are up stay up; what is counted of them, and the last NOTIFICATION,
// begin anew.
func (s *Speaker) Reset() error {
	s.mu.Lock()
	s.withdraw(s.all())
	_, err := s.announce(s.start)
	s.mu.Unlock()
	for _, x := range s.sessions {
		x.reset()
	}
	return err
}
