package fleet

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// Errors of [Dial], and of all that asks a server.
var (
	// ErrRefused is a server that knows neither this key nor its token.
	ErrRefused = errors.New("the server refuses this key and token")
	// ErrURL is one that names no server as it should.
	ErrURL = errors.New("URL of a fleet")
	// ErrPin is a server with another certificate than the one that the URL names.
	ErrPin = errors.New("the server's certificate is not the one that the URL names")
	// ErrDenied is a server that knows the key and does not let it do that: a worker that asks as a coordinator does.
	ErrDenied = errors.New("the server does not allow that to this key, which is a worker's if it joined by the URL for workers")
)

// Access says how a fleet's server is reached, and who asks.
type Access struct {
	// URL is what `reprise fleet serve` prints, tls://TOKEN@HOST:PORT?sha256=HEX (the SHA-256 of
	// the server's certificate), or the URL of any JetStream server: nats://, tls://, ws://, wss://.
	// Several servers of one cluster are separated by commas. file:PATH is a file, for its owner alone, whose
	// text is the URL: everybody on a host can read what stands in a command.
	URL string
	// Identity is the file of this user's nkey seed; it is made when it is not there. Empty: a key for this
	// process alone. It signs what this side sends, and is the identity that a work is resumed under.
	Identity string
	// The following are for servers that `reprise fleet serve` does not run.
	Credentials    string // file with a JWT and a seed
	NKey           string // file with the seed of the user on the server, where it is not Identity
	CA, Cert, Key  string // PEM files
	User, Password string

	Name      string                     // of this client, as the server's monitoring shows it
	InProcess nats.InProcessConnProvider // a server in this process; URL is not used
	Log       *slog.Logger               // what keeps this side waiting is a warning, what its user is to know besides information; nil: nothing
	Patience  time.Duration              // for the first connection; 0: 10 s
	Signer    nkeys.KeyPair              // instead of Identity
	Dialer    nats.CustomDialer          // nil: the net package's
}

// WithEnvironment fills what is empty from the variables that NATS's own tools read: NATS_URL,
// NATS_CREDS, NATS_NKEY, NATS_CA, NATS_CERT, NATS_KEY, NATS_USER, NATS_PASSWORD.
func (a Access) WithEnvironment(getenv func(string) string) Access {
	for name, field := range map[string]*string{
		"NATS_URL": &a.URL, "NATS_CREDS": &a.Credentials, "NATS_NKEY": &a.NKey, "NATS_CA": &a.CA,
		"NATS_CERT": &a.Cert, "NATS_KEY": &a.Key, "NATS_USER": &a.User, "NATS_PASSWORD": &a.Password,
	} {
		if *field == "" {
			*field = getenv(name)
		}
	}
	return a
}

// Identity reads the nkey seed in a file, and makes file and seed when they are not there. The
// file is for its owner alone.
func Identity(path string) (nkeys.KeyPair, error) {
	pair, made, err := identity(path)
	if err != nil || !made {
		return pair, err
	}
	kept, err := keepIdentity(path, pair)
	if err == nil && !kept {
		return Identity(path)
	}
	return pair, err
}

// identity is that of a file; one that was made, for there is none in it yet, is not in it yet either.
func identity(path string) (pair nkeys.KeyPair, made bool, err error) {
	seed, err := readPrivate(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if pair, err = nkeys.CreateUser(); err != nil {
			return nil, false, fmt.Errorf("make identity: %w", err)
		}
		return pair, true, nil
	case err != nil:
		return nil, false, fmt.Errorf("read identity: %w", err)
	}
	if pair, err = nkeys.ParseDecoratedUserNKey(seed); err != nil {
		return nil, false, fmt.Errorf("read identity %s: %w; remove the file, and another is made", path, err)
	}
	return pair, false, nil
}

// readPrivate reads a file with a secret, if it is its owner's alone.
func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o, and others than its owner may have read it: make it anew, or chmod 600 it if nobody has", path, mode)
	}
	return io.ReadAll(f)
}

// keepIdentity writes the seed of one into its file. Another process may do so at the same time: the one whose name stands is
// the identity, and false says that it is not this one.
func keepIdentity(path string, pair nkeys.KeyPair) (kept bool, err error) {
	seed, err := pair.Seed()
	if err != nil {
		return false, fmt.Errorf("make identity: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, fmt.Errorf("make identity: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".identity-*")
	if err != nil {
		return false, fmt.Errorf("make identity: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(append(seed, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return false, fmt.Errorf("make identity: %w", err)
	}
	switch err := os.Link(f.Name(), path); {
	case errors.Is(err, os.ErrExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("make identity: %w", err)
	}
	return true, nil
}

// Conn is a connection to a fleet's server. It outlives the server: it connects again until it is closed, or the server has
// refused its key twice.
type Conn struct {
	nc   *nats.Conn
	js   jetstream.JetStream
	pair nkeys.KeyPair
	key  string // public
	log  *slog.Logger

	mu      sync.Mutex
	renewal time.Duration // 0: not read yet
	streams map[string]jetstream.Stream
	buckets map[string]jetstream.KeyValue
	epoch   context.Context //nolint:containedctx // ends, and is made anew, when the connection came back
	ended   func()

	complained time.Time // when it was last said that the server does not do what it is asked for

	shipping flights         // by the prefix of what is stored in chunks
	allowed  context.Context //nolint:containedctx // ends, with the reason, and is made anew, when the server denied something
	denied   context.CancelCauseFunc

	open context.Context //nolint:containedctx // ends with the connection: with ErrRefused if the server made an end of it
	over context.CancelCauseFunc
}

// Dial connects. An identity that is made is written when there is a connection, and not for a URL that leads to none. The error of a server that does not answer within the patience says what was tried.
func Dial(ctx context.Context, a Access) (*Conn, error) {
	c := &Conn{pair: a.Signer, log: a.Log, streams: map[string]jetstream.Stream{}, buckets: map[string]jetstream.KeyValue{}}
	c.epoch, c.ended = context.WithCancel(context.Background())
	c.allowed, c.denied = context.WithCancelCause(context.Background())
	c.open, c.over = context.WithCancelCause(context.Background())
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	var err error
	made := false
	switch {
	case c.pair != nil:
	case a.Identity != "":
		c.pair, made, err = identity(a.Identity)
	default:
		c.pair, err = nkeys.CreateUser()
	}
	if err != nil {
		return nil, err
	}
	if c.key, err = c.pair.PublicKey(); err != nil {
		return nil, fmt.Errorf("public key of the identity: %w", err)
	}
	if path, ok := strings.CutPrefix(a.URL, "file:"); ok {
		text, err := readPrivate(path)
		if err != nil {
			return nil, fmt.Errorf("read the URL of the fleet: %w", err)
		}
		a.URL = strings.TrimSpace(string(text))
	}
	address, options, err := a.options(c)
	if err != nil {
		return nil, err
	}
	if c.nc, err = connect(ctx, address, options); err != nil {
		return nil, dialError(a, err)
	}
	if made {
		kept, err := keepIdentity(a.Identity, c.pair)
		if err != nil || !kept {
			c.nc.Close()
		}
		switch {
		case err != nil:
			return nil, err
		case !kept:
			return Dial(ctx, a)
		}
	}
	if c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(requestTimeout)); err != nil {
		c.nc.Close()
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	return c, nil
}

// requestTimeout bounds a question to the server that its caller has not bounded.
const requestTimeout = 5 * time.Second

// connect is nats.Connect that gives up with ctx.
func connect(ctx context.Context, address string, options []nats.Option) (*nats.Conn, error) {
	type answer struct {
		nc  *nats.Conn
		err error
	}
	got := make(chan answer, 1)
	go func() {
		nc, err := nats.Connect(address, options...)
		got <- answer{nc, err}
	}()
	select {
	case a := <-got:
		return a.nc, a.err
	case <-ctx.Done():
		go func() {
			if a := <-got; a.nc != nil {
				a.nc.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

func dialError(a Access, err error) error {
	where := Hosts(a.URL)
	var pin *pinError
	switch {
	case errors.As(err, &pin):
		return fmt.Errorf("connect to %s: %w: it is %s; ask who runs the server for the URL", where, ErrPin, pin.got)
	case errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired):
		if !strings.Contains(a.URL, "sha256=") {
			return fmt.Errorf("connect to %s: %w; a server of others asks for what its operator gave you: $NATS_CREDS, $NATS_NKEY, or $NATS_USER and $NATS_PASSWORD", where, ErrRefused)
		}
		return fmt.Errorf("connect to %s: %w; join with the URL that `reprise fleet serve` prints", where, ErrRefused)
	case errors.Is(err, nats.ErrNoServers):
		return fmt.Errorf("connect to %s: nobody answers there; is `reprise fleet serve` running?", where)
	}
	return fmt.Errorf("connect to %s: %w", where, err)
}

// Hosts is a list of URLs as errors name it, whole or malformed: without tokens and passwords, and what else stands before an @.
func Hosts(list string) string {
	var names []string
	for address := range strings.SplitSeq(list, ",") {
		_, rest, found := strings.Cut(address, "://")
		if !found {
			rest = address
		}
		rest = rest[strings.LastIndexByte(rest, '@')+1:]
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		names = append(names, rest[:end])
	}
	return strings.Join(names, ",")
}

// pinError is a certificate that is not the pinned one.
type pinError struct{ got string }

func (e *pinError) Error() string { return "certificate " + e.got }

func (a Access) options(c *Conn) (string, []nats.Option, error) {
	patience := a.Patience
	if patience == 0 {
		patience = 10 * time.Second
	}
	options := []nats.Option{
		nats.Name(a.Name), nats.Timeout(patience), nats.MaxReconnects(-1), nats.CustomInboxPrefix(inbox(c.key)),
		nats.ReconnectWait(200 * time.Millisecond), nats.ReconnectJitter(200*time.Millisecond, 500*time.Millisecond),
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2),
		// What was written while there was no connection is stale when there is one again: say so at once.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) { c.lost(nc, err) }),
		nats.ReconnectHandler(func(*nats.Conn) { c.reconnected() }),
		nats.ClosedHandler(func(nc *nats.Conn) { c.closed(nc.LastError()) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.heard(err) }),
	}
	if a.Dialer != nil {
		options = append(options, nats.SetCustomDialer(a.Dialer))
	}
	if a.InProcess != nil {
		return "", append(options, nats.InProcessServer(a.InProcess), nats.Nkey(c.key, c.pair.Sign)), nil
	}
	switch {
	case a.Credentials != "":
		options = append(options, nats.UserCredentials(a.Credentials))
	case a.NKey != "":
		own, err := nats.NkeyOptionFromSeed(a.NKey)
		if err != nil {
			return "", nil, fmt.Errorf("read nkey %s: %w", a.NKey, err)
		}
		options = append(options, own)
	case a.User != "":
		options = append(options, nats.UserInfo(a.User, a.Password))
	}
	if a.CA != "" {
		options = append(options, nats.RootCAs(a.CA))
	}
	if a.Cert != "" {
		options = append(options, nats.ClientCert(a.Cert, a.Key))
	}
	addresses := strings.Split(a.URL, ",")
	var u *url.URL
	for _, address := range addresses {
		each, err := url.Parse(strings.TrimSpace(address))
		if err != nil || each.Host == "" || strings.Contains(each.Path, "@") { // err names the whole URL
			return "", nil, fmt.Errorf("%q is no URL of a fleet: need tls://TOKEN@HOST:PORT?sha256=HEX or nats://HOST:PORT", Hosts(address))
		}
		if u == nil {
			u = each
		}
	}
	pin := u.Query().Get("sha256")
	if pin == "" {
		return a.URL, options, nil
	}
	if raw, err := hex.DecodeString(pin); err != nil || len(raw) != sha256.Size || len(addresses) > 1 {
		return "", nil, fmt.Errorf("%w: sha256=%s is no SHA-256 in hex, of one server", ErrURL, pin)
	}
	if token := u.User.Username(); token != "" {
		options = append(options, nats.Token(token))
	}
	if a.Credentials == "" && a.NKey == "" {
		options = append(options, nats.Nkey(c.key, c.pair.Sign))
	}
	return "tls://" + u.Host, append(options, nats.Secure(pinned(pin)), nats.TLSHandshakeFirst()), nil
}

// pinned accepts exactly one certificate, at any date: a host's clock may be wrong.
func pinned(pin string) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection compares the certificate, which no authority has signed
		VerifyConnection: func(s tls.ConnectionState) error {
			if got := Pin(s.PeerCertificates[0]); !strings.EqualFold(got, pin) {
				return &pinError{got}
			}
			return nil
		},
	}
}

// Pin is how the URL of a fleet names its server's certificate: the SHA-256 of its DER, in hex.
func Pin(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// IsKey reports whether a text is the public key of a coordinator or a worker.
func IsKey(text string) bool { return nkeys.IsValidPublicUserKey(text) }

// PublicKey is the public nkey of this side.
func (c *Conn) PublicKey() string { return c.key }

// Server is the URL of the server that is connected, without a token; empty while there is none.
func (c *Conn) Server() string { return c.nc.ConnectedUrlRedacted() }

// Close ends the connection at once.
func (c *Conn) Close() { c.nc.Close() }

// lost tells of a connection that broke, and of none that was closed.
func (c *Conn) lost(nc *nats.Conn, err error) {
	if nc.IsClosed() {
		return
	}
	if err == nil {
		err = errors.New("the server has ended it")
	}
	c.log.Warn("the connection to the fleet's server is lost; it is made again as soon as the server answers", "err", err)
}

func (c *Conn) reconnected() {
	c.log.Info("the fleet's server is connected again")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended()
	c.epoch, c.ended = context.WithCancel(context.Background())
}

// heard takes in what the server says of no question: what was not allowed has no other answer.
func (c *Conn) heard(err error) {
	c.log.Debug("from the server", "err", err)
	if !errors.Is(err, nats.ErrPermissionViolation) || strings.Contains(err.Error(), prefixProgress) {
		return // nobody waits for progress
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.denied(fmt.Errorf("%w: %w", ErrDenied, err))
	c.allowed, c.denied = context.WithCancelCause(context.Background())
}

// closed notes that there will be no connection any more.
func (c *Conn) closed(err error) {
	if errors.Is(err, nats.ErrAuthorization) {
		err = fmt.Errorf("%w: %w", ErrRefused, err)
	}
	c.over(err)
}

// asAllowed calls do, and gives it up with [ErrDenied] when the server denies something meanwhile.
func (c *Conn) asAllowed(ctx context.Context, do func(context.Context) error) error {
	c.mu.Lock()
	allowed := c.allowed
	c.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(allowed, cancel)() //nolint:contextcheck // of the connection, and no parent of what is asked
	err := do(ctx)
	if err != nil && allowed.Err() != nil {
		return context.Cause(allowed) //nolint:contextcheck // as above
	}
	return err
}

// cameBack is closed when the connection comes back the next time.
func (c *Conn) cameBack() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch.Done()
}

// asking bounds a question to the server: by time, and by the connection, for what was asked over one that broke is
// never answered.
func (c *Conn) asking(ctx context.Context) (context.Context, context.CancelFunc) {
	return c.askingFor(ctx, requestTimeout)
}

func (c *Conn) askingFor(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	c.mu.Lock()
	epoch := c.epoch
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, most)
	stop := context.AfterFunc(epoch, cancel)
	return ctx, func() { stop(); cancel() }
}

// Answer answers requests on a subject that ends in a wildcard for the request's name; by is the public key of who
// signed one. What nobody signed is ignored. An embedded server uses it.
func (c *Conn) Answer(on string, do func(request, by string, body []byte) []byte) error {
	_, err := c.subscribe(on, func(m *nats.Msg) {
		by, body, err := readWord(m.Subject, m.Data)
		if err != nil {
			c.log.Warn("a request is ignored", "err", err)
			return
		}
		if err := m.Respond(do(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:], by, body)); err != nil {
			c.log.Debug("a request cannot be answered", "on", m.Subject, "err", err)
		}
	})
	return err
}
