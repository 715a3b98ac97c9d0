package bgp_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	wire "github.com/osrg/gobgp/v4/pkg/packet/bgp"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/bgp"
)

// peer is the other end of a session: it reads with GoBGP's own decoder whatever comes.
type peer struct {
	t    *testing.T
	l    net.Listener
	conn net.Conn
}

const (
	peerAS = 65002
	ownAS  = 65001
)

// pair is a speaker that speaks to a peer, which has not answered its call yet.
func pair(t *testing.T, change func(*bgp.Neighbor)) (*bgp.Speaker, *peer) {
	t.Helper()
	return pairAt(t, 1, change)
}

// pairAt is a pair in a lab whose clock has another speed.
func pairAt(t *testing.T, speed float64, change func(*bgp.Neighbor)) (*bgp.Speaker, *peer) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	n := bgp.Neighbor{AS: peerAS, Port: netip.MustParseAddrPort(l.Addr().String()).Port(), Retry: 10 * time.Millisecond}
	if change != nil {
		change(&n)
	}
	c := bgp.Config{AS: ownAS, RouterID: netip.MustParseAddr("1.1.1.1"), Neighbors: map[netip.Addr]bgp.Neighbor{neighbor: n}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	s := bgp.New(c, bgp.Options{Speed: speed, Say: t.Logf})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Serve(ctx, func() {}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return s, &peer{t: t, l: l}
}

var neighbor = netip.MustParseAddr("127.0.0.1")

// accept takes the speaker's call.
func (p *peer) accept() {
	p.t.Helper()
	if err := p.l.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	c, err := p.l.Accept()
	if err != nil {
		p.t.Fatal(err)
	}
	p.conn = c
	p.t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
}

// raw is the next message, whole.
func (p *peer) raw() []byte {
	p.t.Helper()
	b := make([]byte, 19)
	if _, err := io.ReadFull(p.conn, b); err != nil {
		p.t.Fatal(err)
	}
	b = append(b, make([]byte, int(binary.BigEndian.Uint16(b[16:]))-19)...)
	if _, err := io.ReadFull(p.conn, b[19:]); err != nil {
		p.t.Fatal(err)
	}
	return b
}

func (p *peer) next() *wire.BGPMessage {
	p.t.Helper()
	m, err := wire.ParseBGPMessage(p.raw())
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

// update is the next UPDATE; KEEPALIVE is passed over.
func (p *peer) update() *wire.BGPUpdate {
	p.t.Helper()
	for {
		switch m := p.next().Body.(type) {
		case *wire.BGPUpdate:
			return m
		case *wire.BGPKeepAlive:
		default:
			p.t.Fatalf("got %T", m)
		}
	}
}

func (p *peer) send(m *wire.BGPMessage) {
	p.t.Helper()
	b, err := m.Serialize()
	if err == nil {
		_, err = p.conn.Write(b)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// establish leads the peer's side until the session is up, and gives the speaker's OPEN.
func (p *peer) establish(hold uint16, caps ...wire.ParameterCapabilityInterface) *wire.BGPOpen {
	p.t.Helper()
	p.accept()
	open, ok := p.next().Body.(*wire.BGPOpen)
	if !ok {
		p.t.Fatal("no OPEN")
	}
	m, err := wire.NewBGPOpenMessage(peerAS, hold, netip.MustParseAddr("2.2.2.2"), []wire.OptionParameterInterface{wire.NewOptionParameterCapability(caps)})
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(m)
	p.send(wire.NewBGPKeepAliveMessage())
	if m := p.next(); m.Header.Type != wire.BGP_MSG_KEEPALIVE {
		p.t.Fatalf("got %+v", m)
	}
	return open
}

func fourOctets() wire.ParameterCapabilityInterface { return wire.NewCapFourOctetASNumber(peerAS) }

func both() []wire.ParameterCapabilityInterface {
	return []wire.ParameterCapabilityInterface{fourOctets(), wire.NewCapMultiProtocol(wire.RF_IPv4_UC), wire.NewCapMultiProtocol(wire.RF_IPv6_UC)}
}

// until waits until a session's state is as wanted.
func until(t *testing.T, s *bgp.Speaker, what string, want func(bgp.NeighborState) bool) bgp.NeighborState {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		n := s.Neighbors()[neighbor]
		if want(n) {
			return n
		}
		if time.Now().After(deadline) {
			t.Fatalf("not %s: %+v", what, n)
		}
		<-time.After(2 * time.Millisecond)
	}
}

func up(n bgp.NeighborState) bool { return n.State == bgp.Established }

// TestOpen: the OPEN offers what the configuration says, in numbers that GoBGP reads.
func TestOpen(t *testing.T) {
	s, p := pair(t, func(n *bgp.Neighbor) {
		hold := 9 * time.Second
		n.LocalAS, n.Hold, n.Families = 200000, &hold, []bgp.Family{bgp.IPv4, bgp.IPv6}
		n.Capabilities = &[]bgp.Capability{{Name: "4-octet-as"}, {Code: 99, Value: bgp.Hex{1, 2}}}
	})
	open := p.establish(30, both()...)
	if open.MyAS != 23456 || open.HoldTime != 9 || open.ID.String() != "1.1.1.1" {
		t.Errorf("got %+v", open)
	}
	var codes []int
	for _, o := range open.OptParams {
		for _, c := range o.(*wire.OptionParameterCapability).Capability {
			codes = append(codes, int(c.Code()))
			if f, ok := c.(*wire.CapFourOctetASNumber); ok && f.CapValue != 200000 {
				t.Errorf("four octets hold %d", f.CapValue)
			}
		}
	}
	if !slices.Equal(codes, []int{1, 1, 65, 99}) {
		t.Errorf("capabilities %v", codes)
	}
	n := until(t, s, "up", up)
	if n.Hold != 9 || n.ID.String() != "2.2.2.2" || !slices.Equal(n.Families, []bgp.Family{bgp.IPv4, bgp.IPv6}) || n.Ups != 1 {
		t.Errorf("got %+v", n)
	}
}

// TestHold: a session with a hold time sends a KEEPALIVE at each third of it, and ends by a NOTIFICATION when the
// neighbour keeps quiet so long; at another speed in the lab's time.
func TestHold(t *testing.T) {
	hold := 3 * time.Second
	_, p := pairAt(t, 10, func(n *bgp.Neighbor) { n.Hold = &hold })
	p.establish(30)
	began := time.Now()
	keepalives := 0
	for {
		m := p.next()
		if m.Header.Type == wire.BGP_MSG_KEEPALIVE {
			keepalives++
		}
		if n, ok := m.Body.(*wire.BGPNotification); ok {
			if n.ErrorCode != wire.BGP_ERROR_HOLD_TIMER_EXPIRED {
				t.Errorf("got %+v", n)
			}
			break
		}
	}
	if took := time.Since(began); took < 250*time.Millisecond || took > 2*time.Second || keepalives < 2 {
		t.Errorf("after %v, with %d KEEPALIVE; want 300 ms and two", took, keepalives)
	}
}

// TestNoHold: a session without hold time lasts while the neighbour keeps quiet, also beyond the four minutes that
// it has for its OPEN.
func TestNoHold(t *testing.T) {
	s, p := pairAt(t, 240, nil)
	p.establish(0)
	p.update() // the end of the routes

	if err := p.conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil { // eight minutes of the lab
		t.Fatal(err)
	}
	if _, err := p.conn.Read(make([]byte, 19)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the session says something, or ends: %v", err)
	}
	if n := s.Neighbors()[neighbor]; n.State != bgp.Established || n.Downs != 0 || n.Notification != nil {
		t.Errorf("got %+v", n)
	}
}

// TestRefused: an OPEN of another AS, what is no message, and one that has no place end the session
// with the NOTIFICATION that the standard names.
func TestRefused(t *testing.T) {
	marker := slices.Repeat([]byte{0xff}, 16)
	for _, test := range []struct {
		name          string
		send          []byte
		code, subcode uint8
	}{
		{"no marker", slices.Repeat([]byte{0}, 19), 1, 1},
		{"too short", append(slices.Clone(marker), 0, 18, 4), 1, 2},
		{"no such type", append(slices.Clone(marker), 0, 19, 9), 1, 3},
		{"KEEPALIVE before OPEN", append(slices.Clone(marker), 0, 19, 4), 5, 0},
		{"another AS", append(slices.Clone(marker), 0, 29, 1, 4, 0, 7, 0, 90, 2, 2, 2, 2, 0), 2, 2},
		{"damaged OPEN", append(slices.Clone(marker), 0, 29, 1, 4, 0xfd, 0xea, 0, 90, 2, 2, 2, 2, 9), 2, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, p := pair(t, nil)
			p.accept()
			p.next()
			if _, err := p.conn.Write(test.send); err != nil {
				t.Fatal(err)
			}
			n, ok := p.next().Body.(*wire.BGPNotification)
			if !ok || n.ErrorCode != test.code || n.ErrorSubcode != test.subcode {
				t.Errorf("got %+v", n)
			}
			until(t, s, "noted", func(n bgp.NeighborState) bool { return n.Notification != nil && n.Notification.Sent && n.Said != "" })
		})
	}
}

// TestAnnounced: what is announced before a session comes up, and while it is, reaches the neighbour, and
// once more when the session is made anew.
func TestAnnounced(t *testing.T) {
	s, p := pair(t, func(n *bgp.Neighbor) { n.Families = []bgp.Family{bgp.IPv4, bgp.IPv6} })
	announce := func(a bgp.Announcement) bgp.Announced {
		t.Helper()
		done, err := s.Announce(a)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	routes := func(from string, count int) bgp.Routes {
		return bgp.Routes{From: netip.MustParsePrefix(from), Count: count}
	}
	if done := announce(bgp.Announcement{Routes: routes("10.0.0.0/24", 3000)}); done.Routes != 3000 || done.Sessions != 0 {
		t.Errorf("got %+v", done)
	}
	announce(bgp.Announcement{Routes: routes("2001:db8::/48", 500), NextHop: netip.MustParseAddr("2001:db8:ffff::1")})
	p.establish(0, both()...)
	have := map[string]bool{}
	take := func() {
		t.Helper()
		ends := 0
		for ends < 2 {
			u := p.update()
			if end, _ := u.IsEndOfRib(); end {
				ends++
				continue
			}
			for _, w := range u.WithdrawnRoutes {
				delete(have, w.NLRI.String())
			}
			for _, r := range u.NLRI {
				have[r.NLRI.String()] = true
			}
			for _, a := range u.PathAttributes {
				if mp, ok := a.(*wire.PathAttributeMpReachNLRI); ok {
					if mp.Nexthop.String() != "2001:db8:ffff::1" {
						t.Errorf("next hop %s", mp.Nexthop)
					}
					for _, r := range mp.Value {
						have[r.NLRI.String()] = true
					}
				}
				if hop, ok := a.(*wire.PathAttributeNextHop); ok && hop.Value != neighbor {
					t.Errorf("next hop %s", hop.Value)
				}
			}
		}
	}
	take()
	if len(have) != 3500 || !have["10.11.183.0/24"] || !have["2001:db8:1f3::/48"] {
		t.Fatalf("%d routes", len(have))
	}
	until(t, s, "up", up)
	if done, err := s.Withdraw(routes("10.0.0.0/24", 2000)); err != nil || done.Routes != 2000 || done.Messages != 2 || done.Sessions != 1 {
		t.Errorf("got %+v, %v", done, err)
	}
	gone := append(p.update().WithdrawnRoutes, p.update().WithdrawnRoutes...)
	if len(gone) != 2000 || gone[1999].NLRI.String() != "10.7.207.0/24" {
		t.Errorf("%d withdrawn", len(gone))
	}
	if _, err := s.Withdraw(routes("10.0.0.0/24", 2000)); err == nil {
		t.Error("withdrawn twice")
	}
	// Twice announced is announced with what was said last.
	med := uint32(7)
	announce(bgp.Announcement{Routes: routes("10.8.0.0/24", 1), MED: &med})
	if u := p.update(); len(u.NLRI) != 1 {
		t.Errorf("got %+v", u)
	}
	if err := s.Control(neighbor, "drop"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(p.conn, make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a connection that was dropped says %v", err)
	}
	p.establish(0, both()...)
	clear(have)
	take()
	if len(have) != 1500 || have["10.0.0.0/24"] {
		t.Errorf("%d routes when it came up again", len(have))
	}
	if n := until(t, s, "up again", up); n.Downs != 1 || n.Ups != 2 || n.Announced != 1500 {
		t.Errorf("got %+v", n)
	}
	if done := s.WithdrawAll(); done.Routes != 1500 {
		t.Errorf("got %+v", done)
	}
}

// TestNotSent: routes that cannot be said in a session, as those of IPv6 without a next hop where the session is one
// of IPv4, are none that are announced.
func TestNotSent(t *testing.T) {
	s, p := pair(t, func(n *bgp.Neighbor) { n.Families = []bgp.Family{bgp.IPv4, bgp.IPv6} })
	for from, count := range map[string]int{"2001:db8::/48": 12000, "10.0.0.0/24": 10} {
		if _, err := s.Announce(bgp.Announcement{Routes: bgp.Routes{From: netip.MustParsePrefix(from), Count: count}}); err != nil {
			t.Fatal(err)
		}
	}
	p.establish(0, both()...)
	if u := p.update(); len(u.NLRI) != 10 {
		t.Errorf("got %+v", u)
	}
	if n := until(t, s, "up", up); n.Announced != 10 || n.NotSent != 12000 || !strings.Contains(n.Said, "next-hop") {
		t.Errorf("got %+v", n)
	}
	if _, err := s.Withdraw(bgp.Routes{From: netip.MustParsePrefix("2001:db8::/48"), Count: 12000}); err != nil {
		t.Fatal(err)
	}
	if n := s.Neighbors()[neighbor]; n.Announced != 10 || n.NotSent != 0 {
		t.Errorf("got %+v", n)
	}
}

// TestReset: what was announced at the start, and nothing else, is announced afterwards; a session that was
// stopped is up again.
func TestReset(t *testing.T) {
	s, p := pair(t, nil)
	at := func(from string) bgp.Announcement {
		return bgp.Announcement{Routes: bgp.Routes{From: netip.MustParsePrefix(from)}}
	}
	for _, from := range []string{"10.0.0.0/24", "10.0.1.0/24"} {
		if _, err := s.Announce(at(from)); err != nil {
			t.Fatal(err)
		}
	}
	s.Start()
	p.establish(0, fourOctets())
	until(t, s, "up", up)
	if _, err := s.Announce(at("10.0.9.0/24")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Withdraw(at("10.0.1.0/24").Routes); err != nil {
		t.Fatal(err)
	}
	if err := s.Control(neighbor, "stop"); err != nil {
		t.Fatal(err)
	}
	until(t, s, "stopped", func(n bgp.NeighborState) bool { return n.Stopped && n.State == bgp.Idle })
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	p.establish(0, fourOctets())
	var list []string
	for {
		u := p.update()
		if end, _ := u.IsEndOfRib(); end {
			break
		}
		for _, r := range u.NLRI {
			list = append(list, r.NLRI.String())
		}
	}
	if !slices.Equal(list, []string{"10.0.0.0/24", "10.0.1.0/24"}) {
		t.Errorf("got %v", list)
	}
	// What is counted is of this trial alone, also in a session that stays up.
	anew := func(n bgp.NeighborState) bool {
		return n.Ups == 1 && n.Downs == 0 && n.Malformed == 0 && n.Notification == nil
	}
	if n := until(t, s, "up again", up); !anew(n) {
		t.Errorf("got %+v", n)
	}
	if _, err := p.conn.Write(append(slices.Repeat([]byte{0xff}, 16), 0, 24, 2, 0, 0, 0, 9, 1)); err != nil {
		t.Fatal(err)
	}
	until(t, s, "counted", func(n bgp.NeighborState) bool { return n.Malformed == 1 && n.Said != "" })
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if n := s.Neighbors()[neighbor]; !up(n) || !anew(n) || n.UpdatesIn != 0 || n.UpdatesOut != 0 || n.Said != "" || n.ID.String() != "2.2.2.2" {
		t.Errorf("got %+v", n)
	}
}

// TestResetStopped: a session that the configuration leaves down is down after a reset, and nothing is known of what
// was before.
func TestResetStopped(t *testing.T) {
	s, p := pair(t, func(n *bgp.Neighbor) { n.Stopped = true })
	s.Start()
	if err := s.Control(neighbor, "start"); err != nil {
		t.Fatal(err)
	}
	p.establish(0, fourOctets())
	until(t, s, "up", up)
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if n := s.Neighbors()[neighbor]; n.State != bgp.Idle || !n.Stopped || n.Ups != 0 || n.Downs != 0 || n.Notification != nil || n.ID.IsValid() {
		t.Errorf("got %+v", n)
	}
}

// TestBlocked: a neighbour that reads nothing any more holds up no end of the session, whoever ends it; what waits
// for it is pending.
func TestBlocked(t *testing.T) {
	order := func(list ...string) func(*testing.T, *bgp.Speaker, *peer) {
		return func(t *testing.T, s *bgp.Speaker, _ *peer) {
			t.Helper()
			for _, what := range list {
				if err := s.Control(neighbor, what); err != nil {
					t.Error(err)
				}
			}
		}
	}
	for _, test := range []struct {
		name string
		hold uint16
		end  func(*testing.T, *bgp.Speaker, *peer)
	}{
		{"stop", 0, order("stop", "start")},
		{"drop", 0, order("drop")},
		{"hold time", 3, order()},
		{"NOTIFICATION", 0, func(_ *testing.T, _ *bgp.Speaker, p *peer) { p.send(wire.NewBGPNotificationMessage(6, 4, nil)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, p := pair(t, nil)
			p.establish(test.hold)
			p.update() // the end of the routes

			if err := s.Send(bgp.Raw{To: neighbor, Bytes: make(bgp.Hex, 64<<20)}); err != nil { // more than the kernel keeps
				t.Fatal(err)
			}
			if _, err := io.ReadFull(p.conn, make([]byte, 100)); err != nil { // it is being written, and this is beyond a KEEPALIVE
				t.Fatal(err)
			}
			if n := s.Neighbors()[neighbor]; n.Pending == 0 {
				t.Errorf("got %+v", n)
			}
			test.end(t, s, p)
			p.establish(0)
			if n := until(t, s, "up again", up); n.Ups != 2 || n.Downs != 1 {
				t.Errorf("got %+v", n)
			}
		})
	}
}

// TestRaw: attributes and messages go as they are written.
func TestRaw(t *testing.T) {
	s, p := pair(t, nil)
	p.establish(0, fourOctets())
	until(t, s, "up", up)
	typ, flags, length := uint8(23), uint8(0xc0), uint16(9)
	med := uint8(4)
	if _, err := s.Announce(bgp.Announcement{
		Routes: bgp.Routes{From: netip.MustParsePrefix("10.0.0.0/8")}, Without: []uint8{3}, MED: new(uint32),
		Attributes: []bgp.Attribute{{Type: &typ, Flags: &flags, Value: bgp.Hex{0, 11}, Length: &length}, {Type: &med, Value: bgp.Hex{1}}},
	}); err != nil {
		t.Fatal(err)
	}
	p.raw() // the end of the routes
	want := append(slices.Repeat([]byte{0xff}, 16), 0, 47, 2,
		0, 0, 0, 22,
		0x40, 1, 1, 0, // ORIGIN
		0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9, // AS_PATH; no NEXT_HOP
		0xc0, 4, 1, 1, // in the place of MED, with the flags that are used where none are named
		0xc0, 23, 9, 0, 11,
		8, 10)
	if got := p.raw(); !slices.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	refresh := uint8(5)
	for _, r := range []bgp.Raw{{To: neighbor, Type: &refresh, Body: bgp.Hex{0, 1, 0, 1}}, {To: neighbor, Bytes: want}} {
		if err := s.Send(r); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.raw(); !slices.Equal(got, append(slices.Repeat([]byte{0xff}, 16), 0, 23, 5, 0, 1, 0, 1)) {
		t.Errorf("got %x", got)
	}
	if got := p.raw(); !slices.Equal(got, want) {
		t.Errorf("got %x", got)
	}
	for _, r := range []bgp.Raw{{To: neighbor}, {To: netip.MustParseAddr("10.9.9.9"), Bytes: want}, {To: neighbor, Bytes: want, Body: want}} {
		if err := s.Send(r); err == nil {
			t.Errorf("%+v was sent", r)
		}
	}
	// What leaves no room for a route is refused, and not kept.
	if _, err := s.Announce(bgp.Announcement{Routes: bgp.Routes{From: netip.MustParsePrefix("11.0.0.0/8")}, Attributes: []bgp.Attribute{{Type: &typ, Value: make(bgp.Hex, 4080)}}}); err == nil {
		t.Error("attributes that fill a message were announced")
	}
	if n := s.Neighbors()[neighbor]; n.Announced != 1 {
		t.Errorf("got %+v", n)
	}
}

// TestLearned: routes that GoBGP's library writes are known with what they say, and gone when they are withdrawn;
// an UPDATE that cannot be read is counted, and the session goes on.
func TestLearned(t *testing.T) {
	s, p := pair(t, func(n *bgp.Neighbor) { n.Families = []bgp.Family{bgp.IPv4, bgp.IPv6} })
	p.establish(0, both()...)
	until(t, s, "up", up)
	prefix := func(text string) wire.PathNLRI {
		t.Helper()
		n, err := wire.NewIPAddrPrefix(netip.MustParsePrefix(text))
		if err != nil {
			t.Fatal(err)
		}
		return wire.PathNLRI{NLRI: n}
	}
	hop, _ := wire.NewPathAttributeNextHop(netip.MustParseAddr("192.0.2.1"))
	attrs := []wire.PathAttributeInterface{
		wire.NewPathAttributeOrigin(2), wire.NewPathAttributeAsPath([]wire.AsPathParamInterface{wire.NewAs4PathParam(2, []uint32{peerAS, 200000})}), hop,
		wire.NewPathAttributeMultiExitDisc(5), wire.NewPathAttributeCommunities([]uint32{0xfde90007}),
		wire.NewPathAttributeUnknown(0xc0, 99, []byte{1, 2}),
	}
	p.send(wire.NewBGPUpdateMessage(nil, attrs, []wire.PathNLRI{prefix("10.1.0.0/16"), prefix("10.1.2.0/24"), prefix("0.0.0.0/0")}))
	mp, err := wire.NewPathAttributeMpReachNLRI(wire.RF_IPv6_UC, []wire.PathNLRI{prefix("2001:db8::/32")}, netip.MustParseAddr("2001:db8::1"))
	if err != nil {
		t.Fatal(err)
	}
	p.send(wire.NewBGPUpdateMessage(nil, append(slices.Clone(attrs[:2]), mp), nil))
	until(t, s, "learned", func(n bgp.NeighborState) bool { return n.Received == 4 && n.UpdatesIn == 2 })
	all, err := s.Routes(bgp.RouteQuery{Within: netip.MustParsePrefix("10.1.0.0/16")})
	if err != nil || all.Count != 2 {
		t.Fatalf("got %+v, %v", all, err)
	}
	r := all.Routes[1]
	if r.Prefix.String() != "10.1.2.0/24" || r.NextHop.String() != "192.0.2.1" || r.Origin != "incomplete" || !slices.Equal(r.ASPath, []uint32{peerAS, 200000}) ||
		*r.MED != 5 || !slices.Equal(r.Communities, []string{"65001:7"}) || len(r.Attributes) != 6 || r.Attributes[5].Value.String() != "0102" || r.Unread != "" {
		t.Errorf("got %+v", r)
	}
	if six, err := s.Routes(bgp.RouteQuery{Prefix: netip.MustParsePrefix("2001:db8::/32")}); err != nil || six.Count != 1 || six.Routes[0].NextHop.String() != "2001:db8::1" {
		t.Errorf("got %+v, %v", six, err)
	}
	p.send(wire.NewBGPUpdateMessage([]wire.PathNLRI{prefix("10.1.2.0/24")}, nil, nil))
	until(t, s, "withdrawn", func(n bgp.NeighborState) bool { return n.Received == 3 })
	if _, err := p.conn.Write(append(slices.Repeat([]byte{0xff}, 16), 0, 24, 2, 0, 0, 0, 9, 1)); err != nil {
		t.Fatal(err)
	}
	until(t, s, "counted", func(n bgp.NeighborState) bool {
		return n.Malformed == 1 && n.State == bgp.Established && n.Received == 3
	})
	p.send(wire.NewEndOfRib(wire.RF_IPv4_UC))
	p.send(wire.NewEndOfRib(wire.RF_IPv6_UC))
	until(t, s, "at the end", func(n bgp.NeighborState) bool { return slices.Equal(n.EndOfRIB, []bgp.Family{bgp.IPv4, bgp.IPv6}) })
	p.send(wire.NewBGPNotificationMessage(6, 4, []byte{7}))
	n := until(t, s, "ended", func(n bgp.NeighborState) bool { return n.Downs == 1 })
	if n.Notification.Sent || n.Notification.Code != 6 || n.Notification.Subcode != 4 || n.Notification.Data.String() != "07" || n.Received != 0 {
		t.Errorf("got %+v", n)
	}
}

// TestLearnedNarrow: the path of a neighbour that has two bytes for an AS is read as it is meant.
func TestLearnedNarrow(t *testing.T) {
	s, p := pair(t, nil)
	p.establish(0)
	n, err := wire.NewIPAddrPrefix(netip.MustParsePrefix("10.1.0.0/16"))
	if err != nil {
		t.Fatal(err)
	}
	hop, err := wire.NewPathAttributeNextHop(netip.MustParseAddr("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	path := wire.NewPathAttributeAsPath([]wire.AsPathParamInterface{wire.NewAsPathParam(2, []uint16{peerAS, 23456, 7})})
	p.send(wire.NewBGPUpdateMessage(nil, []wire.PathAttributeInterface{wire.NewPathAttributeOrigin(0), path, hop}, []wire.PathNLRI{{NLRI: n}}))
	until(t, s, "learned", func(n bgp.NeighborState) bool { return n.Received == 1 })
	all, err := s.Routes(bgp.RouteQuery{})
	if err != nil || len(all.Routes) != 1 || !slices.Equal(all.Routes[0].ASPath, []uint32{peerAS, 23456, 7}) || all.Routes[0].Unread != "" {
		t.Errorf("got %+v, %v", all, err)
	}
}

// TestRefresh: a neighbour that asks for a family gets that again, and no other.
func TestRefresh(t *testing.T) {
	s, p := pair(t, func(n *bgp.Neighbor) { n.Families = []bgp.Family{bgp.IPv4, bgp.IPv6} })
	p.establish(0, both()...)
	for range 2 {
		p.update() // the ends
	}
	if _, err := s.Announce(bgp.Announcement{Routes: bgp.Routes{From: netip.MustParsePrefix("10.0.0.0/24")}}); err != nil {
		t.Fatal(err)
	}
	p.update()
	p.send(wire.NewBGPRouteRefreshMessage(2, 0, 1))
	if end, f := p.update().IsEndOfRib(); !end || f != wire.RF_IPv6_UC {
		t.Error("IPv6 has routes")
	}
	p.send(wire.NewBGPRouteRefreshMessage(1, 0, 1))
	if u := p.update(); len(u.NLRI) != 1 {
		t.Errorf("got %+v", u)
	}
}
