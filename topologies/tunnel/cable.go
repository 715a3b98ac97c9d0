package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Options of a cable.
type Options struct {
	Number uint16         // the same at both ends, and no other cable's
	Side   byte           // 0 at one end, 1 at the other
	Peer   netip.AddrPort // of the other host's tunnel
	// Far hears whether the interface at the other end is up, whenever that has changed: in turn, and
	// before anybody is told that it was heard. An error has it be told again. Nil hears nothing.
	Far func(up bool) error
}

// Cable is one that goes through a tunnel. It is safe for use by several goroutines.
type Cable struct {
	Options
	tunnel *Tunnel
	side   byte
	far    chan struct{} // there is something for Far to hear
	rouse  chan struct{} // there is something to tell
	asked  chan struct{} // for all that has come at this end
	done   chan struct{}
	once   sync.Once
	ended  sync.WaitGroup

	plugged sync.RWMutex // held by who writes to the plug
	plug    *plug

	sending sync.Mutex    // numbers go out in their order
	frames  uint64        // that were sent
	reports uint64        // likewise
	lost    atomic.Uint64 // at plugs before this one, before they were read

	mu       sync.Mutex
	change   *sync.Cond // of what follows
	closed   bool
	unsent   uint64 // frames that did not go on
	refused  error  // why the last of them did not
	come     arrivals
	unheard  int // charge of what has come since the last report
	heard    uint64
	last     time.Time // when something of the other end came
	stall    Stall     // of the way, since it was asked for
	other    report    // its last
	answered int64     // Stamp of the last report of ours that was answered
	drain    uint64    // number of the last question for all that has come at the other end
	drained  uint64    // of the other end's, that which everything was sent for
	draining uint64    // that which it is being sent for
	window   []flight  // frames that are on their way
	load     int       // and their charge
	up       bool      // the interface at this end is
	state    uint32    // how often that has changed
	farUp    bool      // as Far was told, or will be
	farState uint32    // how often the other end has changed, as it says
	farHeard uint32    // of that, what Far has heard
	delay    delays
}

// flight is a frame on its way.
type flight struct {
	number uint64
	charge int
}

// What may be on its way at once is charged by what the kernel takes for it at the other end, about: it
// gives a socket at least 208 KiB, twice counted (net.core.rmem_default).
const (
	budget     = 256 << 10
	chargeBase = 2 << 10
)

func charge(frame int) int { return chargeBase + 2*frame }

// Times at which an end says something by itself.
const (
	probeEvery = 250 * time.Millisecond // while there is nothing to say
	againAfter = 10 * time.Millisecond  // while something was not heard, or frames wait
)

// Lay has a cable go through the tunnel. Nothing passes it before something is plugged in at both ends.
func (t *Tunnel) Lay(o Options) (*Cable, error) {
	if o.Side > 1 || !o.Peer.IsValid() {
		return nil, fmt.Errorf("lay cable %d through a tunnel: side %d to %s is no way", o.Number, o.Side, o.Peer)
	}
	c := &Cable{
		Options: o, tunnel: t, side: o.Side, far: make(chan struct{}, 1), rouse: make(chan struct{}, 1),
		asked: make(chan struct{}, 1), done: make(chan struct{}), last: time.Now(),
	}
	c.change = sync.NewCond(&c.mu)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, errors.New("lay a cable through a tunnel: it is closed")
	}
	if t.cables[o.Number] != nil {
		return nil, fmt.Errorf("lay a cable through a tunnel: there are two of number %d", o.Number)
	}
	t.cables[o.Number] = c
	c.ended.Go(c.tell)
	c.ended.Go(c.follow)
	c.ended.Go(c.empty)
	return c, nil
}

// Plug has frames pass through a socket of [OpenPlug] from now on, which it takes over, and no longer
// through the one before.
func (c *Cable) Plug(f *os.File) error {
	p, err := takePlug(f)
	if err != nil {
		return err
	}
	c.plugged.Lock()
	if c.plug != nil {
		c.forget(c.plug)
	}
	c.plug = p
	c.plugged.Unlock()
	c.mu.Lock()
	closed := c.closed
	if !closed {
		c.ended.Go(func() { c.read(p) })
	}
	c.mu.Unlock()
	if closed {
		p.close()
		return errors.New("plug something in at a cable: it is gone")
	}
	c.wake()
	return nil
}

// forget ends a plug; what the kernel had no room for there is counted still. plugged is held.
func (c *Cable) forget(p *plug) {
	_, overflow := p.counts()
	c.lost.Add(overflow)
	p.close()
}

// Up tells the other end whether the interface at this one is up.
func (c *Cable) Up(up bool) {
	c.mu.Lock()
	if c.up != up {
		c.up = up
		c.state++
	}
	c.mu.Unlock()
	c.wake()
}

func (c *Cable) wake() {
	select {
	case c.rouse <- struct{}{}:
	default:
	}
}

// read sends what comes in at a plug until that is closed.
func (c *Cable) read(p *plug) {
	b := make([]byte, 1<<17)
	packet := make([]byte, 0, 1<<17)
	for {
		frame, err := p.read(b)
		if err != nil {
			if !p.closed.Load() {
				c.refuse(fmt.Errorf("nothing more is read at this end: %w", err))
			}
			return
		}
		if len(frame) > MaxFrame {
			c.refuse(fmt.Errorf("a frame of %d bytes is too long", len(frame)))
			p.sent()
			continue
		}
		if !c.makeRoom(charge(len(frame))) {
			p.sent()
			return
		}
		packet = c.send(packet, frame)
		p.sent()
	}
}

// makeRoom waits until so much may be on its way besides what is; false says that the cable is gone.
func (c *Cable) makeRoom(charge int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.load > 0 && c.load+charge > c.budget() && !c.closed {
		c.wake()
		c.change.Wait()
	}
	return !c.closed
}

// budget is this cable's part of what may be on its way.
func (c *Cable) budget() int {
	c.tunnel.mu.Lock()
	defer c.tunnel.mu.Unlock()
	return budget / max(1, len(c.tunnel.cables))
}

// send sends a frame; it gives the room for the packet back.
func (c *Cable) send(packet, frame []byte) []byte {
	c.sending.Lock()
	defer c.sending.Unlock()
	c.mu.Lock()
	c.frames++
	number := c.frames
	c.window = append(c.window, flight{number, charge(len(frame))})
	c.load += charge(len(frame))
	c.mu.Unlock()
	packet = pack(c.tunnel.cipher, packet[:0], address{kindFrame, c.side, c.Number, number}, frame)
	_, _ = c.tunnel.conn.WriteToUDPAddrPort(packet, c.Peer) // one that did not go is missed at the other end
	return packet
}

// arrive has a frame go on that came.
func (c *Cable) arrive(number uint64, frame []byte) {
	c.mu.Lock()
	fresh := c.come.take(number)
	c.came()
	c.unheard += charge(len(frame))
	full := c.unheard >= c.budget()/4
	c.mu.Unlock()
	if fresh {
		c.plugged.RLock()
		if c.plug == nil {
			c.refuse(errors.New("nothing is plugged in"))
		} else if err := c.plug.write(frame); err != nil && !dark(err) {
			c.refuse(err)
		}
		c.plugged.RUnlock()
	}
	if full {
		c.report(0, false)
	}
}

// came takes note that something of the other end has come. mu is held.
func (c *Cable) came() {
	now := time.Now()
	c.stall.Silent = max(c.stall.Silent, now.Sub(c.last)-probeEvery)
	c.last = now
}

// dark says that a frame did not go on as one does not on any cable: its interface is down or gone, or a
// fault dropped it as it left (which the kernel calls ENOBUFS).
func dark(err error) bool {
	return errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENOBUFS)
}

// refuse takes note of a frame that did not go on.
func (c *Cable) refuse(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unsent++
	c.refused = why
}

// report tells the other end how things are.
func (c *Cable) report(echo int64, want bool) {
	c.sending.Lock()
	defer c.sending.Unlock()
	c.plugged.RLock()
	open := c.plug != nil
	c.plugged.RUnlock()
	c.mu.Lock()
	c.reports++
	number := c.reports
	c.unheard = 0
	r := report{
		Stamp: c.tunnel.now(), Echo: echo, Sent: c.frames,
		High: c.come.upTo(), Distinct: c.come.distinct, Duplicated: c.come.duplicated, Reordered: c.come.reordered,
		Drain: c.drain, Drained: c.drained, State: c.state, Seen: c.farHeard,
	}
	if c.up {
		r.Flags |= flagUp
	}
	c.mu.Unlock()
	if want {
		r.Flags |= flagWant
	}
	if open {
		r.Flags |= flagOpen
	}
	packet := pack(c.tunnel.cipher, nil, address{kindReport, c.side, c.Number, number}, r.encode())
	_, _ = c.tunnel.conn.WriteToUDPAddrPort(packet, c.Peer) // it is told again
}

// now is a stamp: time of this process's own, whatever happens to the machine's clock.
func (t *Tunnel) now() int64 { return int64(time.Since(t.begin)) + 1 }

// hear takes note of what the other end tells. What was overtaken says nothing new.
func (c *Cable) hear(number uint64, r report) {
	c.mu.Lock()
	if number <= c.heard {
		c.mu.Unlock()
		return
	}
	c.heard, c.other = number, r
	c.came()
	c.come.tell(r.Sent)
	for len(c.window) > 0 && c.window[0].number <= r.High {
		c.load -= c.window[0].charge
		c.window = c.window[1:]
	}
	if r.Echo > c.answered {
		c.answered = r.Echo
		round := time.Duration(c.tunnel.now() - r.Echo)
		c.delay.add(round)
		c.stall.Round = max(c.stall.Round, round)
	}
	if r.State != c.farState || c.farUp != (r.Flags&flagUp != 0) {
		c.farState, c.farUp = r.State, r.Flags&flagUp != 0
		select {
		case c.far <- struct{}{}:
		default:
		}
	}
	if r.Drain > c.draining {
		c.draining = r.Drain
		select {
		case c.asked <- struct{}{}:
		default:
		}
	}
	c.change.Broadcast()
	c.mu.Unlock()
	if r.Flags&flagWant != 0 {
		c.report(r.Stamp, false)
	}
}

// flush waits until everything that has come at this end by now is on its way.
func (c *Cable) flush(ctx context.Context) error {
	c.plugged.RLock()
	p := c.plug
	c.plugged.RUnlock()
	if p == nil {
		return nil
	}
	come, _ := p.counts()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for p.gone.Load() < come {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("frames wait at this end of a cable through %s: %w", c.Peer, context.Cause(ctx))
		case <-c.done:
			return fmt.Errorf("frames wait at this end of a cable through %s: the cable is gone", c.Peer)
		}
		c.plugged.RLock()
		other := c.plug != p
		c.plugged.RUnlock()
		if other {
			return nil // what waited went with its interface
		}
	}
	return nil
}

// empty answers questions for all that has come at this end, each once that is on its way.
func (c *Cable) empty() {
	for {
		select {
		case <-c.asked:
		case <-c.done:
			return
		}
		c.mu.Lock()
		number := c.draining
		c.mu.Unlock()
		if c.flush(context.Background()) != nil {
			return // the cable is gone
		}
		c.mu.Lock()
		c.drained = number
		c.mu.Unlock()
		c.report(0, false)
	}
}

// follow has Far hear of the other end.
func (c *Cable) follow() {
	for {
		select {
		case <-c.far:
		case <-c.done:
			return
		}
		c.mu.Lock()
		up, state := c.farUp, c.farState
		c.mu.Unlock()
		var err error
		if c.Far != nil {
			err = c.Far(up)
		}
		c.mu.Lock()
		if err == nil {
			c.farHeard = state
		}
		c.change.Broadcast()
		c.mu.Unlock()
		if err != nil {
			c.again()
			continue
		}
		c.wake()
	}
}

// again has Far hear the same once more, after a while.
func (c *Cable) again() {
	timer := time.NewTimer(probeEvery)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.done:
		return
	}
	select {
	case c.far <- struct{}{}:
	default:
	}
}

// tell tells the other end how things are, now and then, and at once when something has changed.
func (c *Cable) tell() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-c.rouse:
		case <-c.done:
			return
		}
		c.report(0, true)
		next := probeEvery
		c.mu.Lock()
		if c.other.Seen != c.state || c.other.Drained != c.drain || len(c.window) > 0 {
			next = againAfter
		}
		c.mu.Unlock()
		timer.Reset(next)
	}
}

// Heard waits until the other end has acted on whether this one is up.
func (c *Cable) Heard(ctx context.Context) error {
	return c.await(ctx, "the other end hears", func() bool { return c.heard > 0 && c.other.Seen == c.state })
}

// Ready waits until both ends are plugged in and know of each other.
func (c *Cable) Ready(ctx context.Context) error {
	return c.await(ctx, "the other end is there", func() bool {
		return c.heard > 0 && c.other.Flags&flagOpen != 0 && c.other.Seen == c.state && c.farHeard == c.farState
	})
}

// await waits until something is so, or the context or the cable ends.
func (c *Cable) await(ctx context.Context, what string, so func() bool) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.change.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !so() {
		switch {
		case c.closed:
			return fmt.Errorf("wait until %s of a cable through %s: the cable is gone", what, c.Peer)
		case ctx.Err() != nil:
			return fmt.Errorf("wait until %s of a cable through %s: %w", what, c.Peer, context.Cause(ctx))
		}
		c.change.Wait()
	}
	return nil
}

// close ends the cable.
func (c *Cable) close() {
	c.once.Do(func() {
		close(c.done)
		c.mu.Lock()
		c.closed = true
		c.change.Broadcast()
		c.mu.Unlock()
		c.plugged.Lock()
		if c.plug != nil {
			c.forget(c.plug)
			c.plug = nil
		}
		c.plugged.Unlock()
	})
	c.ended.Wait()
}
