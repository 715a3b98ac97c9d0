// Package server is the JetStream server that `reprise fleet serve` embeds.
//
// It keeps its state in one directory: JetStream's streams, the TLS certificate that is made at the first start and named in
// the URLs that others join by, the tokens, and the keys that were enrolled with them. A client proves that it has its key
// (nkeys); an unknown key is enrolled when it comes with a token, in the token's role. What a role may do is
// [fleet.Permissions]. Clients listen for TLS before a byte is sent in clear.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// Options of a server.
type Options struct {
	Dir       string        // state; made when it is not there
	Listen    string        // HOST:PORT; empty: 0.0.0.0:4222; port 0: any that is free
	Advertise string        // HOST or HOST:PORT that others join by; empty: the address that leads out of this host
	Renewal   time.Duration // how often leases are renewed; 0: what the state says, at first 5 s
	MaxStore  int64         // bytes of streams on the disk; 0: three quarters of what they have and what is free at the start
	Reserve   int64         // bytes that stay free on the disk: with less nothing is stored; 0: 64 MiB
	Log       *slog.Logger  // nil: nothing
}

// defaultListen is where clients of NATS look.
const defaultListen = "0.0.0.0:4222"

// Server is a running server.
type Server struct {
	nats   *server.Server
	state  *state
	conn   *fleet.Conn
	addr   string
	o      Options
	lock   *os.File
	closed sync.Once
	stop   context.CancelFunc
	watch  sync.WaitGroup
}

// patience is how long a server may take to answer: it reads its streams first.
const patience = time.Minute

// Start starts a server and waits until it answers. One process at a time serves a directory.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Listen == "" {
		o.Listen = defaultListen
	}
	if o.Reserve == 0 {
		o.Reserve = reserve
	}
	s := &Server{o: o}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	o := s.o
	host, port, err := splitListen(o.Listen)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	if s.lock, err = lockDir(o.Dir); err != nil {
		return err
	}
	if err := listens(ctx, host, port); err != nil {
		return err
	}
	certificate, err := loadCertificate(o.Dir)
	if err != nil {
		return err
	}
	if s.state, err = loadState(o.Dir); err != nil {
		return err
	}
	s.state.alive = func(id uint64) bool { return s.nats.GetClient(id) != nil }
	s.state.pin = fleet.Pin(certificate.Leaf)
	own, err := nkeys.CreateUser()
	if err != nil {
		return fmt.Errorf("make the server's own key: %w", err)
	}
	if s.state.own, err = own.PublicKey(); err != nil {
		return fmt.Errorf("make the server's own key: %w", err)
	}
	store, err := maxStore(o)
	if err != nil {
		return err
	}
	s.nats, err = server.NewServer(&server.Options{
		ServerName: "reprise-fleet", Host: host, Port: port, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: storeDir(o), JetStreamMaxStore: store, DisableJetStreamBanner: true,
		TLS: true, TLSConfig: serverTLS(certificate), TLSHandshakeFirst: true, TLSTimeout: 5,
		AlwaysEnableNonce: true, CustomClientAuthentication: &gate{s.state, o.Log}, AuthTimeout: 10,
		// A host whose plug was pulled is noticed before its tasks are given to it again.
		PingInterval: 5 * time.Second, MaxPingsOut: 2, WriteDeadline: 10 * time.Second, MaxConn: 64 << 10,
		NoSystemAccount: false,
	})
	if err != nil {
		return fmt.Errorf("make the server: %w", err)
	}
	s.nats.SetLoggerV2(logger{o.Log}, false, false, false)
	s.nats.Start()
	if !s.nats.ReadyForConnections(patience) {
		return fmt.Errorf("the server does not answer at %s after %s: is the address another's?", o.Listen, patience)
	}
	s.addr = s.nats.Addr().String()
	if s.conn, err = fleet.Dial(ctx, fleet.Access{InProcess: s.nats, Signer: own, Name: "server", Log: o.Log}); err != nil {
		return err
	}
	if err := fleet.SetupWithin(ctx, s.conn, o.Renewal, store); err != nil {
		return err
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.watch.Go(func() { s.watchSpace(watching, store) })
	s.watch.Go(func() { s.watchShares(watching) })
	s.watch.Go(func() { s.sweep(watching) })
	return s.answer() //nolint:contextcheck // it only looks which address leads out
}

// listens says at once where an address cannot be listened at, as one that is another's: the server tries again and again.
func listens(ctx context.Context, host string, port int) error {
	if port < 0 { // any
		port = 0
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("the server cannot listen: %w", err)
	}
	return l.Close()
}

func splitListen(listen string) (string, int, error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("listen address %q: %w; need HOST:PORT", listen, err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("listen address %q: port: %w", listen, err)
	}
	if port == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(port), nil
}

// lockDir keeps a second server from the same state.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the state directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another process serves %s: %w", dir, err), f.Close())
	}
	return f, nil
}

// disconnect ends the connections of a key.
func (s *Server) disconnect(ids []uint64) {
	for _, id := range ids {
		if err := s.nats.DisconnectClientByID(id); err != nil {
			s.o.Log.Debug("a client is gone already", "err", err)
		}
	}
}

// URL is what a client joins by in a role: address, token, and the certificate's digest.
func (s *Server) URL(r fleet.Role) string {
	u := url.URL{Scheme: "tls", User: url.User(s.state.token(r)), Host: s.advertised(), RawQuery: "sha256=" + s.state.pin}
	return u.String()
}

func (s *Server) advertised() string {
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		port = "4222"
	}
	host := s.o.Advertise
	if h, p, err := net.SplitHostPort(host); err == nil {
		host, port = h, p
	}
	if host == "" {
		if host, _, _ = net.SplitHostPort(s.o.Listen); host == "" || net.ParseIP(host).IsUnspecified() {
			host = outward()
		}
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// outward is this host's address on the way out, or the loopback where there is none. Nothing is sent.
func outward() string {
	c, err := (&net.Dialer{}).DialContext(context.Background(), "udp", "192.0.2.1:9")
	if err != nil {
		return "127.0.0.1"
	}
	defer func() { _ = c.Close() }()
	host, _, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		return "127.0.0.1"
	}
	return host
}

// Addr is where the server listens.
func (s *Server) Addr() string { return s.addr }

// Conn is a connection of this process, which may do everything.
func (s *Server) Conn() *fleet.Conn { return s.conn }

// Messages is how many came from clients, and went to them, since the start: what the server says to itself is among them where a client of
// this process does.
func (s *Server) Messages() (in, out int64, err error) {
	v, err := s.nats.Varz(nil)
	if err != nil {
		return 0, 0, fmt.Errorf("count the server's messages: %w", err)
	}
	return v.InMsgs, v.OutMsgs, nil
}

// Members are the enrolled keys, in the order they came.
func (s *Server) Members() []Member { return s.state.list() }

// Remove makes the server forget a key, and closes its connections. A removed key is not enrolled again, whatever token it
// brings. Its role's token, which it knows, is void: [Server.URL] of the role is another one from then on.
func (s *Server) Remove(key string) error {
	ids, err := s.state.remove(key)
	s.disconnect(ids)
	return err
}

// RenewTokens makes the tokens, and with them the URLs that were given out, void. Who is enrolled stays.
func (s *Server) RenewTokens() error { return s.state.renewTokens() }

// Close ends the server. Its state stays.
func (s *Server) Close() (err error) {
	s.closed.Do(func() {
		if s.stop != nil {
			s.stop()
			s.watch.Wait()
		}
		if s.conn != nil {
			s.conn.Close()
		}
		if s.nats != nil {
			s.nats.Shutdown()
			s.nats.WaitForShutdown()
		}
		if s.lock != nil {
			err = s.lock.Close()
		}
	})
	return err
}

// answer serves what coordinators ask of an embedded server.
func (s *Server) answer() error {
	return s.conn.Answer(fleet.ServerRequests+".*", func(request, by string, body []byte) []byte {
		var err error
		if by != s.state.own && s.state.role(by) != fleet.RoleCoordinator {
			return []byte("only a coordinator may ask for that")
		}
		switch request {
		case "remove":
			err = s.Remove(string(body))
		case "url":
			return []byte(s.URL(fleet.RoleWorker))
		case "tokens":
			err = s.RenewTokens()
		default:
			err = fmt.Errorf("unknown request %s", request)
		}
		if err != nil {
			return []byte(err.Error())
		}
		return nil
	})
}

// logger hands on what the server says.
type logger struct{ log *slog.Logger }

func (l logger) Noticef(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l logger) Warnf(format string, v ...any)   { l.warn(fmt.Sprintf(format, v...)) }
func (l logger) Fatalf(format string, v ...any)  { l.log.Error(fmt.Sprintf(format, v...)) }
func (l logger) Errorf(format string, v ...any)  { l.warn(fmt.Sprintf(format, v...)) }

// refusals match what the server says of who is refused, whose user it quotes (server/client.go, authViolation).
var refusals = regexp.MustCompile(`(?:^| - )authentication error(?: - (?:Nkey|User|JWT User|Token) "(?:[^"\\]|\\.)*")?$`)

// tlsFirst is what it says when it begins with TLS (server/server.go, AcceptLoop).
const tlsFirst = `Clients that are not using "TLS Handshake First" option will fail to connect`

// warn passes on what is not said elsewhere: who is refused is, with the reason, and clients of a fleet begin with TLS. That a key may not ask
// for the status of the fleet is its business: each worker asks once, to learn whether it joined by the wrong URL. A name, which a client
// chooses, stands before what is said of the client.
func (l logger) warn(text string) {
	asks := strings.HasSuffix(text, "Publish Violation - Subject "+fleet.StatusSubject)
	if asks || refusals.MatchString(text) || text == tlsFirst {
		l.log.Debug(text)
		return
	}
	l.log.Warn(text)
}

func (l logger) Debugf(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l logger) Tracef(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
