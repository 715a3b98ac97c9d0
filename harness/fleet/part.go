package fleet

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// AbilityParts is the ability of a worker whose host builds parts of labs that are spread over several.
const AbilityParts = "labs over hosts"

// Parts is a host that builds parts of labs. A coordinator asks for one by a word to the worker ([ClaimPart]), in which it names
// the certificate that it will connect with, and is answered with that of a door which is opened for this once: both were made
// for the occasion, and both sides accept no other.
type Parts struct {
	// Address is the one by which coordinators and other workers reach this host. Not valid: the one by which it reaches
	// the server.
	Address netip.Addr
	// Serve builds what the coordinator at the other end of the connection asks for, until that or ctx ends, and returns
	// when nothing of it is left. It takes one of the worker's slots meanwhile.
	Serve func(ctx context.Context, conn net.Conn) error
	// Patience is how long the coordinator is waited for that has asked; 0: 10 s.
	Patience time.Duration
}

// ErrBusy is a worker all of whose slots are taken.
var ErrBusy = errors.New("all its labs are in use")

// requestPart asks a worker for a part of a lab.
const requestPart = "part"

// partAsk is what a coordinator asks with; partAnswer, which the worker signs, is what it is answered.
type (
	partAsk struct {
		Pin     string `json:"pin"`               // of the certificate that it will connect with
		Version string `json:"version,omitempty"` // of its program, which the worker's has to be
	}
	partAnswer struct {
		Address string `json:"address,omitempty"` // of the door
		Pin     string `json:"pin,omitempty"`     // of its certificate
		Busy    bool   `json:"busy,omitempty"`
		Error   string `json:"error,omitempty"`
	}
)

// ClaimPart takes a slot of a worker for a part of a lab, and gives a connection to what builds it ([Parts.Serve]): encrypted,
// and with the worker of that key at its other end. The slot is taken for as long as the connection is open. The error is
// [ErrBusy] where none is free now. version is that of the program which asks; another one's parts are not asked for.
func ClaimPart(ctx context.Context, c *Conn, worker, version string) (net.Conn, error) {
	if err := checkKey(worker); err != nil {
		return nil, err
	}
	own, err := NewCertificate()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(partAsk{Pin: Pin(own.Leaf), Version: version})
	if err != nil {
		return nil, fmt.Errorf("ask worker %s for a part of a lab: %w", worker, err)
	}
	a, err := c.askPart(ctx, worker, body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask worker %s for a part of a lab: %w", worker, err)
	case a.Busy:
		return nil, fmt.Errorf("worker %s: %w", worker, ErrBusy)
	case a.Error != "":
		return nil, fmt.Errorf("worker %s: %s", worker, a.Error)
	}
	return dialPart(ctx, a.Address, a.Pin, own)
}

// askPart asks, and verifies who answers.
func (c *Conn) askPart(ctx context.Context, worker string, body []byte) (a partAnswer, err error) {
	on := subject(prefixAnswer, worker, rand.Text())
	var m *nats.Msg
	err = c.answered(ctx, "it", requestTimeout, func(ctx context.Context) (err error) {
		m, err = c.ask(ctx, subject(prefixControl, worker, requestPart), on, body)
		return err
	})
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return a, errors.New("it is not connected to the fleet")
	case err != nil:
		return a, err
	}
	by, said, err := readWord(on, m.Data)
	if err != nil {
		return a, err
	}
	if by != worker {
		return a, fmt.Errorf("%w: %s has answered", errForged, by)
	}
	if err := json.Unmarshal(said, &a); err != nil {
		return a, fmt.Errorf("%w: %w", errForged, err)
	}
	return a, nil
}

// partHello bounds the way to a door and the greeting there.
const partHello = 10 * time.Second

// dialPart goes through a door.
func dialPart(ctx context.Context, address, pin string, own tls.Certificate) (net.Conn, error) {
	config := pinned(pin)
	config.Certificates = []tls.Certificate{own}
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: partHello}, Config: config}
	ctx, cancel := context.WithTimeout(ctx, partHello)
	defer cancel()
	conn, err := d.DialContext(ctx, "tcp", address)
	var other *pinError
	switch {
	case errors.As(err, &other):
		return nil, fmt.Errorf("connect to %s: somebody else answers there: %w", address, other)
	case err != nil:
		return nil, fmt.Errorf("connect to %s: %w; the worker's machine has to be reached there: reprise worker --address says by which one it is", address, err)
	}
	return conn, nil
}

// answerPart answers who asks for a part of a lab, and waits for it at a door if there is a slot.
func (w *Worker) answerPart(m *nats.Msg, by string, body []byte) {
	door, a := w.openPart(by, body)
	data, err := json.Marshal(a)
	if err == nil {
		data, err = signWord(w.conn.pair, m.Reply, data)
	}
	if err == nil {
		err = m.Respond(data)
	}
	if err == nil {
		err = w.conn.nc.FlushTimeout(requestTimeout)
	}
	if err != nil {
		w.conn.log.Debug("a coordinator cannot be answered", "err", err)
	}
	if door == nil {
		return
	}
	go func() {
		defer w.leaveSlot("")
		w.servePart(w.life, door, by)
	}()
}

// openPart takes a slot, and opens a door; it is nil where the answer is that there is none.
func (w *Worker) openPart(by string, body []byte) (*door, partAnswer) {
	var q partAsk
	parts := w.o.Parts
	switch err := json.Unmarshal(body, &q); {
	case err != nil || q.Pin == "":
		return nil, partAnswer{Error: "the request names no certificate"}
	case parts == nil:
		return nil, partAnswer{Error: "it builds no parts of labs"}
	case !accepted(w.o.Accept, by):
		return nil, partAnswer{Error: unaccepted(by)}
	}
	w.mu.Lock()
	why, offered := w.offer.Abilities[AbilityParts]
	version := w.offer.Version
	w.mu.Unlock()
	switch {
	case !offered:
		return nil, partAnswer{Error: "it offers no parts of labs"}
	case why != "":
		return nil, partAnswer{Error: "it builds no parts of labs: " + why}
	case q.Version != version:
		return nil, partAnswer{Error: fmt.Sprintf("it runs version %s of the program, and who asks for a part of a lab %s", orNone(version), orNone(q.Version))}
	}
	w.mu.Lock()
	draining, rests, free := w.offer.Draining, time.Now().Before(w.rests), w.busy < w.offer.Slots
	if free && !draining && !rests {
		w.busy++
	}
	ailing := w.offer.Ailing
	w.mu.Unlock()
	switch {
	case draining:
		return nil, partAnswer{Error: "it drains and takes no more work"}
	case rests:
		return nil, partAnswer{Error: "it rests: " + ailing}
	case !free:
		return nil, partAnswer{Busy: true}
	}
	d, err := openDoor(w.life, cmp.Or(parts.Address, w.conn.near()), q.Pin)
	if err != nil {
		w.leaveSlot("")
		return nil, partAnswer{Error: err.Error()}
	}
	w.tell()
	return d, partAnswer{Address: d.listener.Addr().String(), Pin: d.pin}
}

// near is the address of this host by which it reaches the server; not valid where that is in this process.
func (c *Conn) near() netip.Addr {
	at, err := netip.ParseAddrPort(c.nc.LocalAddr())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// servePart waits at a door for who asked for it to be opened, and serves it.
func (w *Worker) servePart(ctx context.Context, d *door, by string) {
	conn, err := d.await(ctx, cmp.Or(w.o.Parts.Patience, partHello))
	if err != nil {
		w.say("no part of a lab is built for %s: %v", by, err)
		return
	}
	w.say("a part of a lab is built for %s", by)
	err = w.o.Parts.Serve(ctx, conn)
	_ = conn.Close() // it was served to its end
	if err != nil {
		w.say("the part of a lab of %s ended: %v", by, err)
		return
	}
	w.say("the part of a lab of %s is gone", by)
}

// door is where one coordinator is let in, once.
type door struct {
	listener net.Listener
	config   *tls.Config
	pin      string
}

// openDoor listens at an address of this host for who has a certificate.
func openDoor(ctx context.Context, at netip.Addr, pin string) (*door, error) {
	if !at.IsValid() {
		return nil, errors.New("it has no address by which it could be reached: reprise worker --address says one")
	}
	own, err := NewCertificate()
	if err != nil {
		return nil, err
	}
	var l net.ListenConfig
	listener, err := l.Listen(ctx, "tcp", netip.AddrPortFrom(at, 0).String())
	if err != nil {
		return nil, fmt.Errorf("open a port for a part of a lab: %w", err)
	}
	return &door{listener: listener, pin: Pin(own.Leaf), config: &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert, SessionTicketsDisabled: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if got := Pin(s.PeerCertificates[0]); !strings.EqualFold(got, pin) {
				return &pinError{got}
			}
			return nil
		},
	}}, nil
}

// strangersAtOnce bounds those who are asked at a door at the same time for who they are.
const strangersAtOnce = 16

// await lets in who has the certificate, and nobody else, and closes the door.
func (d *door) await(ctx context.Context, patience time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("who asked did not come within %s", patience))
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = d.listener.Close() })() // it was only listened at
	let := make(chan net.Conn)
	places := make(chan struct{}, strangersAtOnce)
	go func() {
		for {
			conn, err := d.listener.Accept()
			if err != nil {
				return
			}
			select {
			case places <- struct{}{}:
			default:
				_ = conn.Close() // there are too many
				continue
			}
			go func() {
				defer func() { <-places }()
				greeted := tls.Server(conn, d.config)
				if greeted.HandshakeContext(ctx) == nil {
					select {
					case let <- greeted:
						return
					case <-ctx.Done():
					}
				}
				_ = conn.Close() // a stranger, or one too many
			}()
		}
	}()
	select {
	case conn := <-let:
		return conn, d.listener.Close()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
