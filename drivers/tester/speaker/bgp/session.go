package bgp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"golang.org/x/sys/unix"
)

// State of a session, as RFC 4271 section 8 names it.
type State string

// The states.
const (
	Idle        State = "idle"
	Connect     State = "connect"
	Active      State = "active"
	OpenSent    State = "opensent"
	OpenConfirm State = "openconfirm"
	Established State = "established"
)

// session is with one neighbour.
type session struct {
	speaker *Speaker
	addr    netip.Addr
	config  Neighbor
	calls   chan net.Conn

	mu      sync.Mutex
	wake    *sync.Cond // something is to be sent, the state is ordered otherwise, or the connection ended
	state   State
	stopped bool
	conn    net.Conn // nil where there is none
	orders  chan struct{}
	out     [][]byte
	writing int  // messages that are on their way out of here, and not known to have gone
	closing bool // the connection ends when everything was sent
	dead    bool // nothing is sent any more
	wide    bool
	agreed  []Family
	local   netip.Addr
	told    Counts
	routes  map[netip.Prefix]*received

	unsent map[part]bool // what is announced and cannot be said in this session; the speaker's lock is held
}

// part is the routes of a batch that are of one family.
type part struct {
	batch  *batch
	family Family
}

// Counts are what is known of a session beside its state.
type Counts struct {
	ID           netip.Addr // of the neighbour
	Hold         time.Duration
	Capabilities []string
	Ups, Downs   int
	Up           time.Time // when it came up last
	UpdatesIn    int
	UpdatesOut   int
	Malformed    int
	First, Last  time.Time // UPDATE since it came up
	EndOfRIB     []Family
	Said         string // what happened last that is not as it should be
	Notification *Notification
}

// Notification is the last one, either way.
type Notification struct {
	Sent    bool   `json:"sent"`
	Code    uint8  `json:"code"`
	Subcode uint8  `json:"subcode"`
	Text    string `json:"text"`
	Data    Hex    `json:"data,omitempty"`
}

func newSession(s *Speaker, addr netip.Addr, n Neighbor) *session {
	x := &session{speaker: s, addr: addr, config: n, calls: make(chan net.Conn, 1), orders: make(chan struct{}, 1), stopped: n.Stopped, state: Idle, routes: map[netip.Prefix]*received{}, unsent: map[part]bool{}}
	x.wake = sync.NewCond(&x.mu)
	return x
}

// note keeps and tells what is not as it should be.
func (x *session) note(format string, args ...any) {
	x.mu.Lock()
	x.told.Said = fmt.Sprintf(format, args...)
	x.mu.Unlock()
	x.speaker.say(format, args...)
}

func (x *session) become(s State) {
	x.mu.Lock()
	x.state = s
	x.mu.Unlock()
	x.speaker.say("neighbor %s: %s", x.addr, s)
}

// view is what its messages depend on, and whether it is up.
func (x *session) view() (v view, families []Family, up bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return view{as: x.config.LocalAS, internal: x.config.internal(), wide: x.wide, local: x.local}, x.agreed, x.state == Established
}

// order stops or starts the session.
func (x *session) order(stopped bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stopped == stopped {
		return
	}
	x.stopped = stopped
	if stopped && x.conn != nil {
		x.end(&Notification{Code: bgp.BGP_ERROR_CEASE, Subcode: bgp.BGP_ERROR_SUB_ADMINISTRATIVE_SHUTDOWN})
	}
	select {
	case x.orders <- struct{}{}:
	default:
	}
}

// reset brings the session into the state of its configuration, and counts from here on: one that is up has come up
// once, whatever was before.
func (x *session) reset() {
	x.order(x.config.Stopped)
	x.mu.Lock()
	defer x.mu.Unlock()
	for x.conn != nil && x.closing {
		x.wake.Wait() // so that its end is none of what comes
	}
	c := x.told
	x.told = Counts{}
	if x.conn != nil {
		x.told = Counts{ID: c.ID, Hold: c.Hold, Capabilities: c.Capabilities, Up: c.Up, First: c.First, Last: c.Last, EndOfRIB: c.EndOfRIB}
	}
	if x.state == Established {
		x.told.Ups = 1
	}
}

// end has the connection end behind a NOTIFICATION, or at once without one. A neighbour that reads nothing holds
// neither up. The lock is held.
func (x *session) end(n *Notification) {
	switch {
	case x.conn == nil:
	case n == nil:
		_ = x.conn.Close() // which ends a write that waits, too
	default:
		_ = x.conn.SetWriteDeadline(time.Now().Add(closed)) // then it is closed all the same
	}
	if n != nil {
		n.Sent, n.Text = true, words(n.Code, n.Subcode)
		x.told.Notification = n
		x.out = append(x.out, message(bgp.BGP_MSG_NOTIFICATION, append([]byte{n.Code, n.Subcode}, n.Data...)))
	} else {
		x.out = nil
	}
	x.closing = true
	x.wake.Broadcast()
}

// words says what a NOTIFICATION's codes mean.
func words(code, subcode uint8) string { return bgp.NewNotificationErrorCode(code, subcode).String() }

// serve keeps the session up, as far as it is to be.
func (x *session) serve(ctx context.Context) {
	for ctx.Err() == nil {
		x.mu.Lock()
		stopped := x.stopped
		x.mu.Unlock()
		if stopped {
			x.become(Idle)
			select {
			case <-x.orders:
			case <-ctx.Done():
			}
			continue
		}
		c, err := x.meet(ctx)
		if err == nil {
			err = x.talk(ctx, c)
		}
		if err != nil && ctx.Err() == nil {
			x.note("neighbor %s: %v", x.addr, err)
		}
		pause := time.NewTimer(x.speaker.lab(x.config.Retry))
		select {
		case <-pause.C:
		case <-x.orders:
		case <-ctx.Done():
		}
		pause.Stop()
	}
	x.become(Idle)
}

// meet makes the connection.
func (x *session) meet(ctx context.Context) (net.Conn, error) {
	if x.config.Passive {
		x.become(Active)
		defer x.settle()
		select {
		case c := <-x.calls:
			return c, nil
		case <-x.orders:
			return nil, errors.New("stopped")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	x.become(Connect)
	d := net.Dialer{Timeout: 5 * time.Second, Control: x.control}
	if x.config.Local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(x.config.Local, 0))
	}
	return d.DialContext(ctx, "tcp", netip.AddrPortFrom(x.addr, x.config.Port).String())
}

// settle takes no more calls, and hangs up on one that nobody answered.
func (x *session) settle() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.state = Idle
	select {
	case c := <-x.calls:
		_ = c.Close() // it only has to end
	default:
	}
}

// called gives the session a connection that the neighbour made, where it waits for one.
func (x *session) called(c net.Conn) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.state != Active {
		return false
	}
	select {
	case x.calls <- c:
		return true
	default:
		return false
	}
}

func (x *session) control(_, _ string, c syscall.RawConn) (err error) {
	if x.config.TTL == 0 {
		return nil
	}
	return errors.Join(c.Control(func(fd uintptr) {
		if x.addr.Is4() {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, x.config.TTL)
		} else {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, x.config.TTL)
		}
	}), err)
}

// talk leads a session over a connection to its end.
func (x *session) talk(ctx context.Context, c net.Conn) error {
	local, _ := netip.ParseAddrPort(c.LocalAddr().String())
	x.mu.Lock()
	x.conn, x.out, x.closing, x.dead, x.agreed = c, nil, x.stopped, false, nil // it may have been stopped meanwhile
	x.local = local.Addr().Unmap().WithZone("")
	x.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.end(&Notification{Code: bgp.BGP_ERROR_CEASE, Subcode: bgp.BGP_ERROR_SUB_PEER_DECONFIGURED})
	})
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { x.write(c) })
	err := x.read(c)
	x.mu.Lock()
	was := x.state
	x.state, x.conn, x.dead = Idle, nil, true
	if !x.closing {
		_ = c.Close() // nothing more is said: a write that waits ends
	}
	if was == Established {
		x.told.Downs++
	}
	clear(x.routes) // as a router does without graceful restart
	x.wake.Broadcast()
	x.mu.Unlock()
	wg.Wait()
	_ = c.Close() // where that was not done to end it
	return err
}

// closed is how long the other side has to read what is left when a connection ends.
const closed = 2 * time.Second

// write sends what is to be sent, in its order, until the connection ends.
func (x *session) write(c net.Conn) {
	for {
		x.mu.Lock()
		for len(x.out) == 0 && !x.closing && !x.dead {
			x.wake.Wait()
		}
		out, closing := net.Buffers(x.out), x.closing
		x.out, x.writing = nil, len(out)
		if x.dead && !closing {
			x.mu.Unlock()
			return
		}
		x.mu.Unlock()
		_, err := out.WriteTo(c)
		x.mu.Lock()
		x.writing = 0
		x.mu.Unlock()
		if err != nil || closing {
			_ = c.Close() // which ends the reading
			return
		}
	}
}

// send puts messages into the way to the neighbour; false without a connection.
func (x *session) send(list ...[]byte) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.conn == nil || x.closing {
		return false
	}
	for _, m := range list {
		if len(m) >= headerSize && m[18] == typeUpdate {
			x.told.UpdatesOut++
		}
	}
	x.out = append(x.out, list...)
	x.wake.Signal()
	return true
}

// fail ends the session with a NOTIFICATION of an error.
func (x *session) fail(code, subcode uint8, data []byte) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.end(&Notification{Code: code, Subcode: subcode, Data: data})
	return errors.New("sent: " + words(code, subcode))
}

// opened is how long a neighbour has for its OPEN: RFC 4271 section 8.2.2 suggests four minutes.
const opened = 4 * time.Minute

// read takes the neighbour's messages until the connection ends.
func (x *session) read(c net.Conn) error {
	open, err := x.open()
	if err != nil {
		return err
	}
	x.become(OpenSent)
	x.send(open)
	in := newReader(c)
	hold := opened
	for {
		if hold > 0 {
			if err := c.SetReadDeadline(time.Now().Add(x.speaker.lab(hold))); err != nil {
				return err
			}
		}
		typ, body, err := in.next()
		switch {
		case errors.Is(err, errMarker):
			return x.fail(bgp.BGP_ERROR_MESSAGE_HEADER_ERROR, bgp.BGP_ERROR_SUB_CONNECTION_NOT_SYNCHRONIZED, nil)
		case errors.Is(err, errLength):
			return x.fail(bgp.BGP_ERROR_MESSAGE_HEADER_ERROR, bgp.BGP_ERROR_SUB_BAD_MESSAGE_LENGTH, nil)
		case isTimeout(err):
			return x.fail(bgp.BGP_ERROR_HOLD_TIMER_EXPIRED, 0, nil)
		case errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed):
			return x.gone(err)
		case err != nil:
			return err
		}
		x.mu.Lock()
		state := x.state
		x.mu.Unlock()
		switch {
		case typ == bgp.BGP_MSG_NOTIFICATION && len(body) >= 2:
			n := &Notification{Code: body[0], Subcode: body[1], Text: words(body[0], body[1]), Data: Hex(slices.Clone(body[2:]))}
			x.mu.Lock()
			x.told.Notification = n
			x.mu.Unlock()
			return fmt.Errorf("received: %s", n.Text)
		case typ == bgp.BGP_MSG_OPEN && state == OpenSent:
			if hold, err = x.take(body); err != nil {
				return err
			}
			x.become(OpenConfirm)
			x.send(message(bgp.BGP_MSG_KEEPALIVE, nil))
			if hold == 0 { // that of the OPEN must not end it
				if err := c.SetReadDeadline(time.Time{}); err != nil {
					return err
				}
				continue
			}
			stop := x.keepAlive(hold / 3)
			defer stop()
		case typ == bgp.BGP_MSG_KEEPALIVE && state == OpenConfirm:
			x.come()
		case typ == bgp.BGP_MSG_KEEPALIVE && state == Established:
		case typ == typeUpdate && state == Established:
			x.learn(body)
		case typ == bgp.BGP_MSG_ROUTE_REFRESH && state == Established:
			x.asked(body)
		case typ < bgp.BGP_MSG_OPEN || typ > bgp.BGP_MSG_ROUTE_REFRESH:
			return x.fail(bgp.BGP_ERROR_MESSAGE_HEADER_ERROR, bgp.BGP_ERROR_SUB_BAD_MESSAGE_TYPE, []byte{typ})
		default:
			return x.fail(bgp.BGP_ERROR_FSM_ERROR, 0, nil)
		}
	}
}

// gone says how a connection ended that said nothing.
func (x *session) gone(err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closing {
		return errors.New("the session was ended")
	}
	return fmt.Errorf("the neighbour ended the connection without a NOTIFICATION: %w", err)
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

// open is the OPEN of the session.
func (x *session) open() ([]byte, error) {
	var caps []bgp.ParameterCapabilityInterface
	for _, f := range x.config.Families {
		caps = append(caps, bgp.NewCapMultiProtocol(bgp.NewFamily(f.afi(), safiUnicast)))
	}
	for _, c := range *x.config.Capabilities {
		w, err := c.wire(x.config.LocalAS)
		if err != nil {
			return nil, err
		}
		caps = append(caps, w)
	}
	as := uint16(asTrans)
	if x.config.LocalAS <= 65535 {
		as = uint16(x.config.LocalAS)
	}
	m, err := bgp.NewBGPOpenMessage(as, uint16(*x.config.Hold/time.Second), x.config.RouterID, []bgp.OptionParameterInterface{bgp.NewOptionParameterCapability(caps)}) //nolint:gosec // checked
	if err != nil {
		return nil, err
	}
	return m.Serialize()
}

// take reads the neighbour's OPEN and gives the hold time that both keep.
func (x *session) take(body []byte) (time.Duration, error) {
	var o bgp.BGPOpen
	if err := o.DecodeFromBytes(body); err != nil {
		return 0, errors.Join(err, x.fail(bgp.BGP_ERROR_OPEN_MESSAGE_ERROR, 0, nil))
	}
	as, wide := uint32(o.MyAS), false
	families := []Family{}
	var names []string
	many := false
	for _, p := range o.OptParams {
		list, ok := p.(*bgp.OptionParameterCapability)
		if !ok {
			continue
		}
		for _, c := range list.Capability {
			names = append(names, c.Code().String())
			switch t := c.(type) {
			case *bgp.CapFourOctetASNumber:
				as, wide = t.CapValue, true
			case *bgp.CapMultiProtocol:
				many = true
				for _, f := range x.config.Families {
					if t.CapValue == bgp.NewFamily(f.afi(), safiUnicast) {
						families = append(families, f)
					}
				}
			}
		}
	}
	if !many && slices.Contains(x.config.Families, IPv4) {
		families = []Family{IPv4} // RFC 4760 section 8: who says nothing speaks IPv4
	}
	if as != x.config.AS {
		return 0, errors.Join(fmt.Errorf("it is of AS %d, and not %d", as, x.config.AS), x.fail(bgp.BGP_ERROR_OPEN_MESSAGE_ERROR, bgp.BGP_ERROR_SUB_BAD_PEER_AS, nil))
	}
	hold := min(*x.config.Hold, time.Duration(o.HoldTime)*time.Second)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wide = wide && slices.ContainsFunc(*x.config.Capabilities, func(c Capability) bool {
		return c.Name == "4-octet-as" || c.Code == uint8(bgp.BGP_CAP_FOUR_OCTET_AS_NUMBER)
	})
	x.agreed = families
	x.told.ID, x.told.Hold, x.told.Capabilities = o.ID, hold, names
	return hold, nil
}

// keepAlive sends a KEEPALIVE at every interval until it is stopped.
func (x *session) keepAlive(interval time.Duration) (stop func()) {
	t := time.NewTicker(x.speaker.lab(interval))
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-t.C:
				x.send(message(bgp.BGP_MSG_KEEPALIVE, nil))
			case <-done:
				return
			}
		}
	})
	return func() { t.Stop(); close(done); wg.Wait() }
}

// come makes the session one that is up, and announces what there is.
func (x *session) come() {
	x.speaker.mu.Lock()
	defer x.speaker.mu.Unlock()
	x.mu.Lock()
	x.state = Established
	x.told.Ups++
	x.told.Up, x.told.First, x.told.Last, x.told.EndOfRIB = time.Now(), time.Time{}, time.Time{}, nil
	x.mu.Unlock()
	x.speaker.say("neighbor %s: %s", x.addr, Established)
	v, families, _ := x.view()
	clear(x.unsent)
	x.speaker.refresh(x, v, families)
}

// asked announces a family anew, as the neighbour wants (RFC 2918).
func (x *session) asked(body []byte) {
	if len(body) < 4 {
		x.note("neighbor %s: a ROUTE-REFRESH of %d bytes", x.addr, len(body))
		return
	}
	v, families, up := x.view()
	afi := binary.BigEndian.Uint16(body)
	families = slices.DeleteFunc(slices.Clone(families), func(f Family) bool { return f.afi() != afi || body[3] != safiUnicast })
	if !up {
		return
	}
	x.speaker.mu.Lock()
	defer x.speaker.mu.Unlock()
	x.speaker.refresh(x, v, families)
}
