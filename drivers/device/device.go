package device

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/failures"
	"github.com/reprise-lab/reprise/drivers/session"
	"github.com/reprise-lab/reprise/drivers/transport"
)

// SimulatorWords is what our simulator says of itself on login.
const SimulatorWords = "REPRISE SIMULATOR"

// Bounds of a device's own work.
const (
	openTimeout = 45 * time.Second // with a console that must first be cleared
	askTimeout  = 60 * time.Second
	// RebootTimeout bounds a restart, from the command to a usable command line; a stack may
	// need ten minutes.
	RebootTimeout = 15 * time.Minute
	// retryEvery is the pause between two attempts to reach a device that restarts.
	retryEvery = 500 * time.Millisecond
)

// Device is one switch. It is safe for use by several goroutines.
type Device struct {
	Target   drivers.Target
	platform string
	failures *failures.Rules
	cli      *session.Reopening[*session.CLI]

	mu     sync.Mutex
	marks  []string
	notes  []string
	serial string // as the first session told; every later one must tell the same
}

// SameDevice compares the serial number that a session tells with that of the sessions
// before it: a second way in may end at another device, and nothing meant for this one is
// sent there.
func (d *Device) SameDevice(serial string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.serial == "" {
		d.serial = serial
	}
	if d.serial != serial {
		return fmt.Errorf("this session leads to the device with serial number %q, the ones before led to %q", serial, d.serial)
	}
	return nil
}

// Open opens a first session, which proves that the switch can be reached and takes
// commands. prepare is run on every fresh session; nil does nothing.
func Open(ctx context.Context, platform string, dialect *session.CompiledDialect, t drivers.Target, prepare func(context.Context, *Device, *session.CLI) error) (*Device, error) {
	d := &Device{Target: t, platform: platform}
	if t.Access == nil {
		return nil, d.Fail("open session", fmt.Errorf("%w: a %s switch needs an access (ssh, telnet or console); this lab gives none", drivers.ErrUnsupported, d.platform))
	}
	ways := []*drivers.Access{t.Access}
	if t.Console != nil {
		ways = append(ways, t.Console)
	}
	d.cli = session.NewReopening(t.Node, func(ctx context.Context, i int) (*session.CLI, error) {
		c, err := d.enter(ctx, ways, session.Channel("cli", i), dialect)
		if err != nil {
			return nil, err
		}
		d.learn(c.Banner())
		if prepare != nil {
			if err := prepare(ctx, d, c); err != nil {
				return nil, errors.Join(d.Fail("open session", err), c.Close(ctx))
			}
		}
		return c, nil
	})
	if err := d.cli.Do(ctx, func(*session.CLI) error { return nil }); err != nil {
		return nil, errors.Join(err, d.cli.Close(ctx))
	}
	return d, nil
}

// NameFailuresBy sets the platform's rules for what failures are called, as its table has them.
func (d *Device) NameFailuresBy(table []byte) (err error) {
	d.failures, err = failures.Parse(table)
	return d.Fail("open session", err)
}

// NameFailure implements drivers.FailureNamer.
func (d *Device) NameFailure(death drivers.Death, said string) drivers.Failure {
	return d.failures.Name(death, said)
}

// enter opens a session the first way that leads to one. Only a way that is not there is
// passed over: refused credentials are not tried elsewhere.
func (d *Device) enter(ctx context.Context, ways []*drivers.Access, channel string, dialect *session.CompiledDialect) (*session.CLI, error) {
	var errs []error
	for _, way := range ways {
		secrets, login, err := credentials(*way)
		if err != nil {
			return nil, d.Fail("open session", err)
		}
		c, err := session.OpenCLI(ctx, session.Config{
			Node: d.Target.Node, Recorder: d.Target.Recorder, Channel: channel, OpenTimeout: openTimeout,
			Dial: func(ctx context.Context) (io.ReadWriteCloser, error) { return d.dial(ctx, *way) }, Login: login, Secrets: secrets,
		}, dialect)
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
		if !errors.Is(err, drivers.ErrUnreachable) || errors.Is(err, drivers.ErrAuth) {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// credentials resolves what a session must know and never show.
func credentials(a drivers.Access) ([]drivers.Secret, *session.Login, error) {
	refs := []string{a.Password, a.Enable, a.ServerPassword}
	secrets := make([]drivers.Secret, len(refs))
	for i, ref := range refs {
		var err error
		if secrets[i], err = drivers.ResolveSecret(ref); err != nil {
			return nil, nil, err
		}
	}
	login := &session.Login{User: a.User, Password: secrets[0], AnyState: a.Transport == drivers.TransportConsole}
	if login.AnyState && a.Console != "ssh" { // ssh has logged in to the terminal server already
		login.ServerUser, login.ServerPassword = a.ServerUser, secrets[2]
	}
	return secrets, login, nil
}

func (d *Device) dial(ctx context.Context, way drivers.Access) (io.ReadWriteCloser, error) {
	conn, err := transport.Dial(ctx, way)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range conn.Notes {
		if !slices.Contains(d.notes, n) {
			d.notes = append(d.notes, n)
		}
	}
	return conn, nil
}

// learn takes from the banner what the device says of itself.
func (d *Device) learn(banner string) {
	if strings.Contains(banner, SimulatorWords) {
		d.mark(drivers.MarkSimulated)
	}
}

func (d *Device) mark(m string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Contains(d.marks, m) {
		d.marks = append(d.marks, m)
	}
}

// Marks implements drivers.Marked.
func (d *Device) Marks() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.marks)
}

// Notes are what a person should know of how sessions were opened.
func (d *Device) Notes() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.notes)
}

// Platform implements drivers.Driver.
func (d *Device) Platform() drivers.Platform { return drivers.Platform{Name: d.platform} }

// Run implements drivers.Driver: one line for the command line.
func (d *Device) Run(ctx context.Context, c drivers.Command) (drivers.Exchange, error) {
	return d.cli.Run(ctx, c)
}

// Close implements drivers.Driver.
func (d *Device) Close(ctx context.Context) error { return d.cli.Close(ctx) }

// Fail makes an error of an operation on this device.
func (d *Device) Fail(op string, err error) error {
	if err == nil {
		return nil
	}
	if op2, ok := errors.AsType[*drivers.OpError](err); ok && op2.Op == op {
		return err
	}
	return &drivers.OpError{Node: d.Target.Node, Op: op, Err: err}
}

// Ask runs a command whose answer is needed: a refusal is an error with the device's words.
func (d *Device) Ask(ctx context.Context, op, line string, replies ...drivers.Reply) (string, error) {
	x, err := d.Run(ctx, drivers.Command{Line: line, Timeout: askTimeout, Replies: replies})
	if err == nil && x.Rejected != "" {
		err = fmt.Errorf("%q: %s", line, x.Rejected)
	}
	return x.Output, d.Fail(op, err)
}

// Configure sends configuration lines in one session, between the lines that enter and
// leave the platform's configuration mode (none where it has none). It stops at the first
// refused line; the exchanges are those of lines alone.
func (d *Device) Configure(ctx context.Context, lines, enter, leave []string, replies ...drivers.Reply) ([]drivers.Exchange, error) {
	var done []drivers.Exchange
	err := d.cli.Do(ctx, func(c *session.CLI) error {
		for _, line := range enter {
			x, err := c.RunConfig(ctx, drivers.Command{Line: line})
			if err != nil {
				return err
			}
			if x.Rejected != "" {
				done = append(done, x)
				return nil
			}
		}
		for _, line := range lines {
			x, err := c.RunConfig(ctx, drivers.Command{Line: line, Timeout: askTimeout, Replies: replies})
			if err != nil {
				return err
			}
			done = append(done, x)
			if x.Rejected != "" {
				break
			}
		}
		for _, line := range leave {
			if _, err := c.Run(ctx, drivers.Command{Line: line}); err != nil { // it may have left by itself
				return err
			}
		}
		return nil
	})
	return done, err
}

// Reboot sends the command that restarts the device, and returns when a fresh session
// shows that it has: since, asked before and after, must have changed (a boot count, a boot
// time). A device that is merely slow to go down is not taken for one that came back.
func (d *Device) Reboot(ctx context.Context, line string, replies []drivers.Reply, since func(context.Context) (string, error)) error {
	const op = "reboot"
	ctx, cancel := context.WithTimeoutCause(ctx, RebootTimeout, drivers.ErrTimeout)
	defer cancel()
	before, err := since(ctx)
	if err != nil {
		return d.Fail(op, err)
	}
	// The session ends with the device: an error here is what is expected.
	x, err := d.Run(ctx, drivers.Command{Line: line, Timeout: askTimeout, Replies: replies})
	if err == nil && x.Rejected != "" {
		return d.Fail(op, fmt.Errorf("%q: %s", line, x.Rejected))
	}
	if err := d.cli.Renew(ctx); err != nil && !errors.Is(err, drivers.ErrClosed) && ctx.Err() != nil {
		return d.Fail(op, context.Cause(ctx))
	}
	return d.Fail(op, d.waitReady(ctx, before, since))
}

// waitReady asks until the device answers and is another boot than before. Credentials
// that are refused again and again end the wait: an account may be locked.
func (d *Device) waitReady(ctx context.Context, before string, since func(context.Context) (string, error)) error {
	const maxDenied = 5
	denied := 0
	for {
		now, err := since(ctx)
		switch {
		case err == nil && now != before:
			return nil
		case errors.Is(err, drivers.ErrAuth):
			if denied++; denied >= maxDenied {
				return err
			}
		case err == nil:
			err = errors.New("it has not restarted yet")
			_ = d.cli.Renew(ctx) // the session may be of before
		}
		t := time.NewTimer(retryEvery)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}
