package peer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// stateFailed is that of a session which ended by its own error, or does not do what is said of it.
const stateFailed = "failed"

// Table is the sessions of a node. It is safe for use by several goroutines.
type Table struct {
	// Broke hears of what ended by its own error, not by what another did, and with nil that this is over: it was
	// stopped, or said anew. Set before the first session begins; nil: nobody hears.
	Broke func(what string, why error)

	speed float64
	say   func(format string, args ...any)
	life  context.Context //nolint:containedctx // of the sessions, which outlive the order that began them

	mu    sync.Mutex
	all   map[string]*session
	sinks map[sink]int // file descriptors
}

// New makes a table whose sessions end with a context, too. speed is that of the lab's clock.
func New(ctx context.Context, speed float64, say func(format string, args ...any)) *Table {
	return &Table{life: ctx, speed: cmp.Or(speed, 1), say: say, all: map[string]*session{}, sinks: map[sink]int{}}
}

// sink is what the node would refuse by ICMP if nothing listened: a protocol of IP, or a port of UDP.
type sink struct {
	proto byte
	port  uint16
}

// session is a machine that runs.
type session struct {
	name  string
	table *Table
	begin time.Time

	mu    sync.Mutex
	port  *port // set by its reader alone
	texts [][]byte
	m     machine
	l     *link
	poke  chan struct{}
	stop  context.CancelFunc
	done  chan struct{}
}

// Start begins a session as text says. Its port has a carrier: nobody would hear it otherwise.
func (t *Table) Start(text []byte) (State, error) { return t.start(text, true) }

// start begins a session; one that need not hear or be heard at once waits for the carrier, as a device does.
func (t *Table) start(text []byte, heard bool) (State, error) {
	spec, err := ReadSpec(text)
	if err != nil {
		return State{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.all[spec.Name]; ok {
		return State{}, fmt.Errorf("name: there is a session %q already: change or stop it", spec.Name)
	}
	s, err := t.open(spec, text, heard)
	if err != nil {
		return State{}, err
	}
	t.all[spec.Name] = s
	return s.show(), nil
}

func (t *Table) open(spec Spec, text []byte, heard bool) (*session, error) {
	m, word, err := spec.machine()
	if err != nil {
		return nil, err
	}
	p, err := openPort(spec.Port)
	if err == nil && heard && !p.carrier() {
		err = errors.Join(fmt.Errorf("port %s: %w", spec.Port, errNoCarrier), p.file.Close())
	}
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(t.life)
	s := &session{name: spec.Name, table: t, port: p, begin: time.Now(), texts: [][]byte{text}, m: m, poke: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	s.l = newLink(func(b []byte) error { return s.port.send(b) }) // asked under mu, as all of a link
	s.l.broke = s.hear
	s.l.state.Port, s.l.state.Protocol = spec.Port, word
	if err := s.take(&spec, true); err != nil {
		stop()
		return nil, errors.Join(err, p.file.Close())
	}
	go s.run(ctx)
	return s, nil
}

func newLink(write func(b []byte) error) *link {
	return &link{
		write: write, macs: map[netip.Addr]message.MAC{}, asked: map[netip.Addr]time.Duration{},
		state: State{State: "down", Sent: map[string]int{}, Received: map[string]int{}},
	}
}

// hear tells that the session broke by its own error, or with nil that this is over.
func (s *session) hear(why error) {
	if s.table.Broke != nil {
		s.table.Broke("session "+s.name, why)
	}
}

// take gives the machine what is said, and the link its addresses. Where changes are said anew, their counts begin anew.
func (s *session) take(spec *Spec, anew bool) error {
	if err := s.m.configure(spec); err != nil {
		return err
	}
	s.l.mac = s.port.mac()
	if spec.Source != "" {
		mac, err := message.ParseMAC(spec.Source)
		if err != nil {
			return fmt.Errorf("source: %w", err)
		}
		s.l.mac = mac
	}
	if anew {
		s.l.alter, s.l.altered = spec.Alter, make([]int, len(spec.Alter))
	}
	if s.l.failed != nil { // it may do better now, and tells of it again where it does not
		s.l.failed = nil
		s.hear(nil)
	}
	own, k := spec.speaks()
	s.l.own, s.l.ours = own, own.IsValid() && !s.port.has(own)
	return s.table.hush(k)
}

// hush keeps the node from refusing what a session hears.
func (t *Table) hush(k sink) error {
	if _, ok := t.sinks[k]; ok || k.proto == 0 {
		return nil
	}
	kind := unix.SOCK_RAW
	if k.port != 0 {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, int(k.proto))
	if err != nil {
		return fmt.Errorf("open a socket of protocol %d: %w", k.proto, err)
	}
	if k.port != 0 {
		if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(k.port)}); err != nil {
			return errors.Join(fmt.Errorf("take port %d of UDP: %w", k.port, err), unix.Close(fd))
		}
	}
	t.sinks[k] = fd
	return nil
}

// run asks the machine, until the session ends.
func (s *session) run(ctx context.Context) {
	defer close(s.done)
	frames := make(chan []byte, 64)
	failed := make(chan error, 1)
	go func() {
		defer close(frames)
		failed <- s.read(ctx, frames)
	}()
	defer func() {
		s.mu.Lock()
		_ = s.port.file.Close() // its reader ends
		s.mu.Unlock()
		for range frames { // what came is not wanted any more
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var f []byte
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.poke:
		case f = <-frames:
			if f == nil {
				if err := <-failed; ctx.Err() == nil {
					s.broke(err)
				}
				return
			}
		}
		if next := s.step(f); next >= 0 {
			timer.Reset(next)
		}
	}
}

// read hands on what comes, until nothing can come any more.
func (s *session) read(ctx context.Context, frames chan<- []byte) error {
	b := make([]byte, message.Longest+1)
	for {
		n, err := s.port.file.Read(b)
		switch {
		case err == nil:
			frames <- append([]byte{}, b[:n]...)
		case errors.Is(err, unix.ENETDOWN): // it tells of it once
			if err := s.again(ctx); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// A port that is down is looked at so often; one that was taken away is waited for so long.
const (
	portPause    = 20 * time.Millisecond
	portPatience = 10 * time.Second
)

// again waits until a port that went down is up. One that was taken away, as a module that is pulled, is gone for good:
// the next of its name takes its place.
func (s *session) again(ctx context.Context) error {
	tick := time.NewTicker(portPause)
	defer tick.Stop()
	gone := time.Now()
	for {
		if s.port.there() {
			if gone = time.Now(); s.port.up() {
				return nil
			}
		} else if next, err := openPort(s.port.nic.Name); err == nil {
			return s.plug(ctx, next)
		} else if time.Since(gone) > portPatience {
			return fmt.Errorf("the port was taken away, and none came in its place within %v: %w", portPatience, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// plug has the session go on at a port.
func (s *session) plug(ctx context.Context, next *port) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), next.file.Close())
	}
	if s.l.mac == s.port.mac() {
		s.l.mac = next.mac()
	}
	err := s.port.file.Close()
	s.port = next
	return err
}

// step hands on what came, does what is due, and says for how long there is nothing to do; below 0 is for ever.
func (s *session) step(data []byte) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.l.now = s.now()
	if f, ok := readFrame(data); ok {
		s.l.learn(f)
		s.m.receive(s.l, f)
	}
	next := s.m.tick(s.l)
	if next <= s.l.now {
		return -1
	}
	// It may be due by now: below 0 it would be never.
	return max(0, time.Duration(float64(next-s.now())/s.table.speed))
}

func (s *session) now() time.Duration {
	return time.Duration(float64(time.Since(s.begin)) * s.table.speed)
}

func (s *session) broke(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.l.become(stateFailed, false)
	s.l.say("%v", err)
	s.hear(err)
	s.table.say("%s: %v", s.l.state.Port, err)
}

func (s *session) show() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.l.state
	x.Sent, x.Received = maps.Clone(x.Sent), maps.Clone(x.Received)
	if s.l.failed != nil {
		x.State, x.Said = stateFailed, s.l.failed.Error()
	}
	x.Carrier = s.port.carrier()
	x.Peer = s.m.show(s.l)
	return x
}

// Change says anew what text names of the session that it names.
func (t *Table) Change(text []byte) (State, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var name struct {
		Name string `yaml:"name"`
	}
	var keys map[string]any
	if err := errors.Join(loose(text, &name), loose(text, &keys)); err != nil {
		return State{}, err
	}
	s, ok := t.all[name.Name]
	if !ok {
		return State{}, t.unknown(name.Name)
	}
	s.mu.Lock()
	if s.l.state.State == stateFailed { // its goroutine has ended
		defer s.mu.Unlock()
		return State{}, fmt.Errorf("session %s has failed, and can only be stopped and started anew: %s", name.Name, s.l.state.Said)
	}
	texts := append(slices.Clone(s.texts), text)
	spec, err := ReadSpec(texts...)
	if err == nil {
		_, word, _ := spec.machine()
		switch {
		case word != s.l.state.Protocol || spec.Port != s.l.state.Port:
			err = errors.New("a session keeps its protocol and its port")
		default:
			_, anew := keys["alter"]
			err = s.take(&spec, anew)
		}
	}
	if err == nil {
		s.texts = texts
	}
	s.mu.Unlock()
	if err != nil {
		return State{}, err
	}
	select {
	case s.poke <- struct{}{}:
	default:
	}
	return s.show(), nil
}

func (t *Table) unknown(name string) error {
	return fmt.Errorf("name: there is no session %q: there are %s", name, cmp.Or(strings.Join(slices.Sorted(maps.Keys(t.all)), ", "), "none"))
}

// Stop ends a session without a word, and tells what became of it.
func (t *Table) Stop(name string) (State, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.all[name]
	if !ok {
		return State{}, t.unknown(name)
	}
	delete(t.all, name)
	s.end()
	return s.show(), nil
}

func (s *session) end() {
	s.stop()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.l.state.State == stateFailed || s.l.failed != nil {
		s.hear(nil)
	}
}

// States tells of every session, by its name.
func (t *Table) States() map[string]State {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := map[string]State{}
	for name, s := range t.all {
		list[name] = s.show()
	}
	return list
}

// Close ends every session.
func (t *Table) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.all {
		s.end()
	}
	clear(t.all)
	for _, fd := range t.sinks {
		_ = unix.Close(fd) // nothing was written to it
	}
	clear(t.sinks)
}

// Reset brings back the sessions that texts say, and no others, also at ports that have no carrier yet. One that stands as it is said goes on, and what is
// counted of it begins anew.
func (t *Table) Reset(texts [][]byte) error {
	t.mu.Lock()
	keep := map[string]bool{}
	var missing [][]byte
	for _, text := range texts {
		spec, err := ReadSpec(text)
		if err != nil {
			t.mu.Unlock()
			return err
		}
		s, ok := t.all[spec.Name]
		if ok && s.asSaid(text) {
			keep[spec.Name] = true
			continue
		}
		missing = append(missing, text)
	}
	for name, s := range t.all {
		if !keep[name] {
			s.end()
			delete(t.all, name)
		}
	}
	t.mu.Unlock()
	for _, text := range missing {
		if _, err := t.start(text, false); err != nil {
			return err
		}
	}
	return nil
}

// asSaid says whether a session was never changed, and begins its counts anew where it was not.
func (s *session) asSaid(text []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.texts) != 1 || string(s.texts[0]) != string(text) || s.l.state.State == stateFailed || s.l.failed != nil {
		return false
	}
	up := s.l.state.Ups > s.l.state.Downs
	x := &s.l.state
	x.Sent, x.Received = map[string]int{}, map[string]int{}
	x.Altered, x.Unsent, x.Malformed, x.Ups, x.Downs, x.Said = 0, 0, 0, 0, 0, ""
	if up {
		x.Ups = 1
	}
	clear(s.l.altered)
	return true
}
