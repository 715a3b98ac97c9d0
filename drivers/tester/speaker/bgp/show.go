package bgp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// NeighborState is what is known of a session. Times are real ones.
type NeighborState struct {
	State        State         `json:"state"`
	Stopped      bool          `json:"stopped,omitempty"`
	AS           uint32        `json:"as"`
	ID           netip.Addr    `json:"id,omitzero"`
	Local        netip.Addr    `json:"local,omitzero"`
	Hold         float64       `json:"hold"` // seconds, as agreed on
	Families     []Family      `json:"families,omitempty"`
	Capabilities []string      `json:"capabilities,omitempty"` // the neighbour's
	Ups          int           `json:"ups"`
	Downs        int           `json:"downs"` // of sessions that were up
	Up           time.Time     `json:"up,omitzero"`
	Received     int           `json:"received"` // routes
	Announced    int           `json:"announced"`
	NotSent      int           `json:"not-sent"` // routes that are announced and cannot be said in this session; Said has why
	UpdatesIn    int           `json:"updates-in"`
	UpdatesOut   int           `json:"updates-out"`
	Pending      int           `json:"pending"`  // messages that have not gone yet
	Learning     float64       `json:"learning"` // seconds from its first UPDATE since it came up to its last
	EndOfRIB     []Family      `json:"end-of-rib,omitempty"`
	Malformed    int           `json:"malformed"` // UPDATEs that could not be read
	Said         string        `json:"said,omitempty"`
	Notification *Notification `json:"notification,omitempty"` // the last one, either way
}

// Neighbors tells the state of every session.
func (s *Speaker) Neighbors() map[netip.Addr]NeighborState {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[netip.Addr]NeighborState{}
	for _, x := range s.sessions {
		n := x.show()
		for p, b := range s.owner {
			f := familyOf(p)
			switch {
			case n.State != Established || !slices.Contains(n.Families, f) || len(b.from.To) > 0 && !slices.Contains(b.from.To, x.addr):
			case x.unsent[part{b, f}]:
				n.NotSent++
			default:
				n.Announced++
			}
		}
		all[x.addr] = n
	}
	return all
}

func (x *session) show() NeighborState {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := x.told
	n := NeighborState{
		State: x.state, Stopped: x.stopped, AS: x.config.AS, ID: c.ID, Hold: c.Hold.Seconds(), Families: x.agreed, Capabilities: c.Capabilities,
		Ups: c.Ups, Downs: c.Downs, Received: len(x.routes), UpdatesIn: c.UpdatesIn, UpdatesOut: c.UpdatesOut, Pending: len(x.out) + x.writing,
		Learning: c.Last.Sub(c.First).Seconds(), EndOfRIB: slices.Clone(c.EndOfRIB), Malformed: c.Malformed, Said: c.Said, Notification: c.Notification,
	}
	if x.conn != nil {
		n.Local = x.local
	}
	if x.state == Established {
		n.Up = c.Up
	}
	return n
}

// RouteQuery says which of the routes that neighbours have announced are meant.
type RouteQuery struct {
	From   netip.Addr   `yaml:"from"`   // neighbour; all where it is absent
	Prefix netip.Prefix `yaml:"prefix"` // that alone
	Within netip.Prefix `yaml:"within"` // that and what is within
	Limit  int          `yaml:"limit"`  // routes that are listed; 100 where it is 0
}

// Learned is the answer to a RouteQuery.
type Learned struct {
	Count  int     `json:"count"`  // of all that are meant
	Routes []Route `json:"routes"` // the first of them, in order
}

const defaultListed = 100

// Routes lists what neighbours have announced.
func (s *Speaker) Routes(q RouteQuery) (Learned, error) {
	if q.From.IsValid() && s.find(q.From) == nil {
		return Learned{}, fmt.Errorf("from: %s is no neighbor", q.From)
	}
	if q.Limit < 0 {
		return Learned{}, errors.New("limit: it is not negative")
	}
	if q.Limit == 0 {
		q.Limit = defaultListed
	}
	type found struct {
		Route
		r *received
	}
	var list []found
	for _, x := range s.sessions {
		if q.From.IsValid() && x.addr != q.From {
			continue
		}
		x.mu.Lock()
		for p, r := range x.routes {
			if q.Prefix.IsValid() && p != q.Prefix || q.Within.IsValid() && (p.Bits() < q.Within.Bits() || !q.Within.Contains(p.Addr())) {
				continue
			}
			list = append(list, found{Route{Prefix: p, From: x.addr}, r})
		}
		x.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b found) int {
		if c := a.Prefix.Addr().Compare(b.Prefix.Addr()); c != 0 {
			return c
		}
		if c := a.Prefix.Bits() - b.Prefix.Bits(); c != 0 {
			return c
		}
		return a.From.Compare(b.From)
	})
	all := Learned{Count: len(list), Routes: []Route{}}
	for _, f := range list[:min(len(list), q.Limit)] {
		f.r.read(&f.Route)
		all.Routes = append(all.Routes, f.Route)
	}
	return all, nil
}

// Raw is a message that is sent as it is written.
type Raw struct {
	To netip.Addr `yaml:"to"`
	// Bytes are the whole message, or several, with their heads.
	Bytes Hex `yaml:"bytes"`
	// Type is put before Body, with a right head.
	Type *uint8 `yaml:"type"`
	Body Hex    `yaml:"body"`
}

// Send sends a message over a session's connection, up or not yet.
func (s *Speaker) Send(r Raw) error {
	x := s.find(r.To)
	if x == nil {
		return fmt.Errorf("to: %s is no neighbor", r.To)
	}
	var m []byte
	switch {
	case r.Type != nil && len(r.Bytes) == 0 && len(r.Body) <= 65535-headerSize:
		m = message(*r.Type, r.Body)
	case r.Type == nil && len(r.Bytes) > 0 && len(r.Body) == 0:
		m = r.Bytes
	default:
		return errors.New("a message is all of its bytes, or a type and its body: {to: 10.0.0.2, type: 2, body: 00000000}")
	}
	if !x.send(m) {
		return fmt.Errorf("there is no connection with %s", r.To)
	}
	return nil
}

// Control stops a session with a NOTIFICATION, starts it, or drops its connection without a word, after
// which it is made anew.
func (s *Speaker) Control(neighbor netip.Addr, what string) error {
	x := s.find(neighbor)
	if x == nil {
		return fmt.Errorf("%s is no neighbor", neighbor)
	}
	switch what {
	case "stop":
		x.order(true)
	case "start":
		x.order(false)
	case "drop":
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.conn == nil {
			return fmt.Errorf("there is no connection with %s", neighbor)
		}
		x.end(nil)
	default:
		return fmt.Errorf("a session cannot %q: there are stop, start and drop", what)
	}
	return nil
}
