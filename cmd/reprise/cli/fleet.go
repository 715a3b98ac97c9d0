package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labpool"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// EnvFleet is the environment variable that says what --fleet does where that is not given.
const EnvFleet = "REPRISE_FLEET"

// EnvRegistry is the environment variable that names the registries, HOST[:PORT] or HOST[:PORT]/PREFIX with commas between them, from
// which workers of a fleet get images that they lack. No other is asked, whatever a scenario names.
const EnvRegistry = "REPRISE_REGISTRY"

// NoFleet is what --fleet says where trials are executed here although [EnvFleet] is set.
const NoFleet = "none"

// FleetFlag adds the flag that has trials executed by the workers of a fleet.
func FleetFlag(fl *pflag.FlagSet, to *string) {
	fl.StringVar(to, "fleet", "", "have the workers of the fleet at this `URL` execute the trials, as reprise fleet serve prints it; "+NoFleet+": here (default: $"+EnvFleet+")")
}

// AllLabs reports whether a verb has the labs of a fleet, all of them: nobody chose a number.
func AllLabs(c *cobra.Command) bool {
	at := c.Flags().Lookup("fleet")
	return at != nil && LabFlags{Fleet: at.Value.String()}.FleetURL() != "" && !c.Flags().Changed("labs")
}

// Stores are the images and guests of this machine, for who sends them to another.
type Stores interface {
	// DescribeImage tells of an image; one that is not here is a [*topologies.MissingError].
	DescribeImage(ctx context.Context, ref string) (topologies.ImageInfo, error)
	// FindImage asks the first of registries, HOST[:PORT] or HOST[:PORT]/PREFIX, for an image that has the name there that it has here;
	// one whose name has a registry and a digest is asked for there, which has to be one of them. It gives the reference of its manifest
	// and the digest of the image; nothing where no registry is named.
	FindImage(ctx context.Context, registries []string, ref string) (from, digest string, err error)
	// WriteImage writes the image of a digest, as docker save does.
	WriteImage(ctx context.Context, digest string, w io.Writer) error
	// KindOf is the kind of lab that a topology asks for, where it asks for no devices.
	KindOf(t topologies.Topology) topologies.Kind
}

// FleetURL is that of the fleet which is to execute trials; empty where they are executed here.
func (f LabFlags) FleetURL() string {
	at := f.Fleet
	if at == "" && f.File == "" { // devices are here
		at = os.Getenv(EnvFleet)
	}
	if at == NoFleet {
		return ""
	}
	return at
}

// FleetDir is where this user's part in fleets is kept: keys, and the state of a server.
func FleetDir() (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find a place for the keys of fleets: %w", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "reprise", "fleet"), nil
}

// TellLog is a log of which people are told, a line at a time.
func TellLog(say func(format string, args ...any)) *slog.Logger { return slog.New(&told{say: say}) }

// told has people be told what is logged: information as it is, and what is worse as a warning with its error. What else is said
// stands behind it with its name. Strangers who connect to a server can have it say something each time: a line has an end, and a minute too.
type told struct {
	say func(format string, args ...any)

	mu      sync.Mutex
	since   time.Time // when the minute began
	lines   int       // in it
	dropped int       // of it
}

// What is told at most: characters of a line, and lines of a minute.
const (
	toldLength = 500
	toldLines  = 60
)

// room counts a line, and says how many were dropped before it.
func (t *told) room() (dropped int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.since) >= time.Minute {
		dropped = t.dropped
		t.since, t.lines, t.dropped = time.Now(), 0, 0
	}
	if t.lines++; t.lines > toldLines {
		t.dropped++
		return 0, false
	}
	return dropped, true
}

// Enabled implements [slog.Handler].
func (*told) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle implements [slog.Handler].
func (t *told) Handle(_ context.Context, r slog.Record) error {
	dropped, ok := t.room()
	if !ok {
		return nil
	}
	if dropped > 0 {
		t.say("%s that came too fast were not told", Plural(dropped, "line"))
	}
	text := r.Message
	var more []string
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" {
			text += ": " + a.Value.String()
		} else if value := a.Value.String(); value != "" {
			more = append(more, a.Key+" "+value)
		}
		return true
	})
	if len(more) > 0 {
		text += " (" + strings.Join(more, ", ") + ")"
	}
	if r.Level >= slog.LevelWarn {
		text = "warning: " + text
	}
	text = strings.ReplaceAll(reports.Clean(text), "\n", "; ") // a client's name may be anything
	t.say("%s", FirstLine(text, toldLength))
	return nil
}

// WithAttrs implements [slog.Handler]: there are none but those of a line.
func (t *told) WithAttrs([]slog.Attr) slog.Handler { return t }

// WithGroup implements [slog.Handler].
func (t *told) WithGroup(string) slog.Handler { return t }

// DialFleet connects to a fleet as one of a role, whose key is this user's and is made when it is not there; name is a
// worker's, of which a machine may have several. say is told what keeps this side waiting, as that the server is away; nil tells nobody.
func DialFleet(ctx context.Context, at string, role fleet.Role, name string, say func(format string, args ...any)) (*fleet.Conn, error) {
	dir, err := FleetDir()
	if err != nil {
		return nil, err
	}
	who := string(role)
	if name != "" {
		who = "workers/" + name + "/" + who
	}
	u, err := url.Parse(strings.Split(at, ",")[0])
	if !strings.HasPrefix(at, "file:") && (err != nil || u.Host == "" || strings.Contains(u.Path, "@")) { // the token is nobody's to see
		return nil, InputError("%q is no URL of a fleet: want one as reprise fleet serve prints it, tls://TOKEN@HOST:PORT?sha256=…, or that of a NATS server, nats://HOST:PORT, or file:PATH of a file with it", fleet.Hosts(at))
	}
	// A server knows a key in one role for good: who joined with the wrong URL is another one with the right.
	const enough = 8
	who += "-" + evidence.SHA256([]byte(at))[:enough] + ".nk"
	access := fleet.Access{URL: at, Identity: filepath.Join(dir, filepath.FromSlash(who)), Name: "reprise " + string(role) + " of " + whoAmI()}
	if say != nil {
		access.Log = TellLog(say)
	}
	conn, err := fleet.Dial(ctx, access.WithEnvironment(os.Getenv))
	switch {
	case errors.Is(err, fleet.ErrRefused):
		return nil, WithCode(ExitRefused, err)
	case errors.Is(err, fleet.ErrURL):
		return nil, AsInputError(err)
	case err != nil && ctx.Err() == nil:
		if u != nil && u.Scheme == "tls" && !u.Query().Has("sha256") {
			err = fmt.Errorf("%w; the URL names no certificate (sha256=…): that of reprise fleet serve does, and of a server of others $NATS_CA names the authority", err)
		}
		return nil, WithCode(ExitEnvironment, err)
	}
	return conn, err
}

// AsFleetError gives what a fleet's server, or a worker, refused or did not answer its exit status, and says which URL a key may have
// come with that is refused everything.
func AsFleetError(err error) error {
	if errors.Is(err, fleet.ErrDenied) {
		return WithCode(ExitRefused, fmt.Errorf("%w: the URL for workers is for workers alone; --fleet takes the other that reprise fleet serve prints", fleet.ErrDenied))
	}
	if errors.Is(err, fleet.ErrUnanswered) || errors.Is(err, fleet.ErrNotSetUp) || fleet.IsBare(err) {
		return WithCode(ExitEnvironment, err)
	}
	return err
}

// whoAmI is this user at this machine, for others.
func whoAmI() string {
	host, _ := os.Hostname()
	if u, err := user.Current(); err == nil {
		return u.Username + "@" + host
	}
	return host
}

// bed is a fleet as it is used by one testbed. It is the testbed's provider, which is closed with it.
type bed struct {
	*labpool.Provider
	pool  *labpool.Pool
	conn  *fleet.Conn
	coord *fleet.Coordinator
	work  string // that the fleet knows the trials by
}

// Unwrap implements the contract of topologies.As.
func (b *bed) Unwrap() topologies.Provider { return b.Provider }

// closeTime bounds telling a fleet that nobody wants anything more.
const closeTime = 10 * time.Second

// Close gives the work back, so that its tasks end.
func (b *bed) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	err := b.coord.Close(ctx)
	b.conn.Close()
	if errors.Is(err, fleet.ErrLost) || errors.Is(err, context.DeadlineExceeded) {
		return nil // its lease ends by itself
	}
	return err
}

// checkFleet tells what of the choices of a lab has no meaning with a fleet.
func (f LabFlags) checkFleet() error {
	switch {
	case f.File != "":
		return InputError("--lab is for the machine that has the devices, and --fleet for others: give the inventory to reprise worker --lab, and say --provider %s here", labpool.HowDevices)
	case !slices.Contains([]string{"", ProviderContainers, ProviderNamespaces, ProviderMixed, labpool.HowDevices}, f.Provider):
		return NoProvider(f.Provider)
	}
	return nil
}

// openFleet joins a fleet with a work of its own: parent is the folder of its run directories.
func (a *App) openFleet(ctx context.Context, where LabFlags, parent string) (*bed, error) {
	if err := where.checkFleet(); err != nil {
		return nil, err
	}
	build, err := Build()
	if err != nil {
		return nil, WithCode(ExitEnvironment, err)
	}
	conn, err := DialFleet(ctx, where.FleetURL(), fleet.RoleCoordinator, "", a.Progress)
	if err != nil {
		return nil, err
	}
	_, err = fleet.ReadStatus(ctx, conn) // which ends where the key may not ask
	fresh := errors.Is(err, fleet.ErrNotSetUp)
	if err != nil && !fresh {
		conn.Close()
		return nil, AsFleetError(err)
	}
	b := &bed{conn: conn}
	o := labpool.Options{Parent: parent, Version: build, How: where.Provider}
	b.Provider = &labpool.Provider{}
	if a.Stores != nil {
		o.Kind, b.Describe, o.Find = a.Stores.KindOf, a.Stores.DescribeImage, a.find
		o.Ship = (&shipper{
			app: a, packing: map[string]*sync.Mutex{}, shipped: map[string]string{}, workers: func() []fleet.Offer { return b.coord.Workers() },
			send: func(ctx context.Context, archive string, open func() (io.ReadCloser, error)) error {
				return b.coord.Ship(ctx, archive, open)
			},
		}).ship
	}
	b.Options = o
	b.pool = labpool.New(o)
	how := b.pool.Callbacks()
	how.Name = whoAmI()
	how.Waiting = func(h fleet.Holder) {
		a.Progress("%s is at this work since %s: waiting until it ends", h.Name, h.Since.Local().Format(time.TimeOnly))
	}
	how.Unmet = func(_ fleet.Needs, why []fleet.Refusal, met bool) {
		switch {
		case met && len(why) == 0:
			a.Progress("a worker can take the trials again")
		case met:
			a.Progress("no worker of the fleet takes the trials for now, which wait until one does:\n%s", strings.Join(labpool.RefusalLines(why), "\n"))
		case len(why) == 0:
			a.Progress("no worker is in the fleet: trials wait for one")
		default:
			a.Progress("no worker of the fleet can take the trials, which wait:\n%s", strings.Join(labpool.RefusalLines(why), "\n"))
		}
	}
	how.Refused = func(worker, id string, err error) {
		a.Progress("warning: what %.12s sent for %s is thrown away, and asked for again: %v", worker, id, err)
	}
	b.work = cmp.Or(where.Work, rand.Text())
	if b.coord, err = fleet.Join(ctx, conn, fleet.WorkID(b.work), how); err != nil {
		conn.Close()
		if errors.Is(ctx.Err(), context.Canceled) { // as while it waits for another who is at the work
			return nil, WithCode(ExitInterrupted, errors.New("interrupted before a trial was begun"))
		}
		return nil, AsFleetError(fmt.Errorf("join the fleet: %w", err))
	}
	b.pool.Use(b.coord)
	b.Roster = b.coord
	if fresh {
		a.Progress("a fleet is set up on this server: workers that waited for that are let come")
		b.letCome(ctx)
	}
	return b, nil
}

// letCome waits until a worker is there, or ctx ends, where nobody could be before: who waited for a fleet looks every renewal whether there is one.
func (b *bed) letCome(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, fleet.DefaultRenewal*3/2)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for len(b.coord.Workers()) == 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// find says where a registry has an image. One that cannot be asked is told, and does without.
func (a *App) find(ctx context.Context, image fleet.Image) (from, digest string) {
	registries := strings.FieldsFunc(os.Getenv(EnvRegistry), func(r rune) bool { return r == ',' })
	from, digest, err := a.Stores.FindImage(ctx, registries, image.Ref)
	switch {
	case err != nil:
		a.Progress("warning: %v; it is sent to workers that lack it, if it is here", err)
	case from != "" && image.Digest != "" && digest != image.Digest:
		a.Progress("warning: %s is %.19s in the registry, and %.19s is wanted; that one is sent to workers that lack it", image.Ref, digest, image.Digest)
	default:
		return from, digest
	}
	return "", ""
}

// errGone is an archive that was sent, and that the fleet asks for again.
var errGone = errors.New("it is packed anew")

// shipper sends images to workers that lack them. It is safe for use by several goroutines.
type shipper struct {
	app     *App
	workers func() []fleet.Offer
	send    func(ctx context.Context, archive string, open func() (io.ReadCloser, error)) error

	mu      sync.Mutex
	packing map[string]*sync.Mutex // by the digest of an image: plans that want the same one wait for it, and for no other
	shipped map[string]string      // archive, by the digest of its image
}

// alone has one at a time pack an image, and gives its archive where it is shipped already.
func (s *shipper) alone(digest string) (archive string, leave func()) {
	s.mu.Lock()
	if s.packing[digest] == nil {
		s.packing[digest] = &sync.Mutex{}
	}
	packing := s.packing[digest]
	s.mu.Unlock()
	packing.Lock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shipped[digest], packing.Unlock
}

// ship implements [labpool.Options.Ship].
func (s *shipper) ship(ctx context.Context, image fleet.Image) (archive string, err error) {
	archive, leave := s.alone(image.Digest)
	defer leave()
	if archive != "" { // the fleet may have lost it since
		err := s.send(ctx, archive, func() (io.ReadCloser, error) { return nil, errGone })
		if !errors.Is(err, errGone) {
			return archive, err
		}
	}
	var lacking []string
	for _, w := range s.workers() {
		if !w.Draining && len(w.Lacks(fleet.Needs{Images: []fleet.Image{image}})) > 0 {
			lacking = append(lacking, w.Name)
		}
	}
	if len(lacking) == 0 {
		return "", nil
	}
	if here, err := s.app.Stores.DescribeImage(ctx, image.Ref); err != nil || here.Digest != image.Digest {
		return "", nil // it is a worker's; those that have it take the trials
	}
	s.app.Progress("%s is not on %s: sending it", image.Ref, strings.Join(lacking, ", "))
	dir, err := scratch.Make("image")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the temporary folder does no harm
	file := filepath.Join(dir, "image.tar.zst")
	if archive, err = packImage(file, func(w io.Writer) error { return s.app.Stores.WriteImage(ctx, image.Digest, w) }); err != nil {
		return "", err
	}
	if err := s.send(ctx, archive, func() (io.ReadCloser, error) { return plain.Open(file) }); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shipped[image.Digest] = archive
	return archive, nil
}

// labsOf has plans be executed in as many labs as the fleet has, where nobody chose a number.
func (b *Testbed) labsOf(plans ...*plan.Plan) {
	for _, p := range plans {
		p.Labs = max(1, min(b.Slots, maxLabs, max(p.Trials, 1)))
	}
}

// maxLabs is the most labs side by side.
const maxLabs = 64
