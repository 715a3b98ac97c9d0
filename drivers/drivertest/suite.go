package drivertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/reprise-lab/reprise/drivers"
)

// Opener opens a fresh session with the node under test, recorded by rec.
type Opener func(ctx context.Context, rec drivers.Recorder) (drivers.Driver, error)

// Options tell the suite what to ask the node.
type Options struct {
	Platform string
	// Answers are commands, each with a text that its answer holds and no other answer
	// does; two or more.
	Answers map[string]string
	// Refused is a command that the platform refuses.
	Refused string
	// Long is a command with an answer of more than 100 bytes.
	Long string
	// Slow is a command that takes longer than 2 s; empty where there is none (a replay).
	Slow string
	// Good and Bad are lists of configuration lines that are accepted, and of which the
	// last is refused; nil where the node is not booted.
	Good, Bad []string
}

// timeout is for commands that are expected to be answered.
const timeout = 20 * time.Second

// Run is the contract of drivers.Driver as a test. Every driver must pass it.
func Run(t *testing.T, open Opener, o Options) {
	t.Helper()
	runSuite(t, open, o, func(tb testing.TB) {
		tb.Helper()
		NoLeaks(tb, goleak.IgnoreCurrent())
	})
}

// runSuite is Run; alone watches for what one case leaves behind, where nothing runs beside it.
func runSuite(t *testing.T, open Opener, o Options, alone func(testing.TB)) {
	t.Helper()
	alone(t)
	if len(o.Answers) < 2 {
		t.Fatal("the suite needs two answers to tell apart")
	}
	s := &suite{open: open, o: o}
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"answers", s.answers},
		{"refusal", s.refusal},
		{"bound", s.bound},
		{"concurrent use", s.concurrent},
		{"cancelled before", s.cancelledBefore},
		{"timeout", s.timeout},
		{"cancelled meanwhile", s.cancelled},
		{"configuration", s.configuration},
		{"abilities", s.abilities},
		{"recorder", s.recorder},
		{"close", s.close},
	} {
		t.Run(test.name, func(t *testing.T) {
			alone(t)
			test.run(t)
		})
	}
}

type suite struct {
	open Opener
	o    Options
}

func (s *suite) driver(t *testing.T, rec drivers.Recorder) (drivers.Driver, func()) {
	t.Helper()
	d, err := s.open(t.Context(), rec)
	if err != nil {
		t.Fatal(err)
	}
	return d, func() {
		if err := d.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// check runs one command and reports whether its answer is its own.
func (s *suite) check(ctx context.Context, d drivers.Driver, line string) error {
	x, err := d.Run(ctx, drivers.Command{Line: line, Timeout: timeout})
	if err != nil {
		return err
	}
	if x.Rejected != "" {
		return fmt.Errorf("%s: rejected: %s", line, x.Rejected)
	}
	if x.Command != line || x.Started.IsZero() || x.Took <= 0 {
		return fmt.Errorf("%s: incomplete exchange %+v", line, x)
	}
	return s.own(line, x.Output)
}

func (s *suite) own(line, out string) error {
	for command, text := range s.o.Answers {
		if has := strings.Contains(out, text); has != (command == line) {
			return fmt.Errorf("%s: %q in the answer: %v\n%s", line, text, has, out)
		}
	}
	if strings.Contains(out, "\r\n") {
		return fmt.Errorf("%s: line ends of a terminal in %q", line, out)
	}
	return nil
}

func (s *suite) answers(t *testing.T) {
	t.Helper()
	d, done := s.driver(t, nil)
	defer done()
	if got := d.Platform().Name; got != s.o.Platform {
		t.Errorf("platform %q, want %q", got, s.o.Platform)
	}
	for range 3 {
		for line := range s.o.Answers {
			if err := s.check(t.Context(), d, line); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (s *suite) refusal(t *testing.T) {
	t.Helper()
	d, done := s.driver(t, nil)
	defer done()
	x, err := d.Run(t.Context(), drivers.Command{Line: s.o.Refused, Timeout: timeout})
	if err != nil {
		t.Fatalf("a refusal is no error: %v", err)
	}
	if x.Rejected == "" && x.Exit <= 0 {
		t.Errorf("not refused: %+v", x)
	}
	for line := range s.o.Answers {
		if err := s.check(t.Context(), d, line); err != nil {
			t.Errorf("after a refusal: %v", err)
		}
	}
}

func (s *suite) bound(t *testing.T) {
	t.Helper()
	d, done := s.driver(t, nil)
	defer done()
	whole, err := d.Run(t.Context(), drivers.Command{Line: s.o.Long, Timeout: timeout})
	if err != nil || whole.Truncated || len(whole.Output) <= 100 {
		t.Fatalf("%+v, %v", whole, err)
	}
	x, err := d.Run(t.Context(), drivers.Command{Line: s.o.Long, Timeout: timeout, Limit: 50})
	if err != nil || !x.Truncated || len(x.Output) != 50 {
		t.Errorf("limit 50: %d bytes, truncated %v, %v", len(x.Output), x.Truncated, err)
	}
	for line := range s.o.Answers {
		if err := s.check(t.Context(), d, line); err != nil {
			t.Errorf("after a truncated answer: %v", err)
		}
	}
}

func (s *suite) concurrent(t *testing.T) {
	t.Helper()
	d, done := s.driver(t, nil)
	defer done()
	var wg sync.WaitGroup
	for line := range s.o.Answers {
		for range 4 {
			wg.Go(func() {
				if err := s.check(t.Context(), d, line); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
}

func (s *suite) cancelledBefore(t *testing.T) {
	t.Helper()
	d, done := s.driver(t, nil)
	defer done()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for line := range s.o.Answers {
		if x, err := d.Run(ctx, drivers.Command{Line: line}); err == nil {
			t.Errorf("a cancelled command was answered: %+v", x)
		}
	}
	s.after(t, d)
}

// after checks that, whatever happened, an answer is right or there is none.
func (s *suite) after(t *testing.T, d drivers.Driver) {
	t.Helper()
	for line := range s.o.Answers {
		if err := s.check(t.Context(), d, line); err != nil && !errors.Is(err, drivers.ErrClosed) {
			t.Error(err)
		}
	}
}

func (s *suite) timeout(t *testing.T) {
	t.Helper()
	if s.o.Slow == "" {
		t.Skip("no slow command") //nolint:forbidigo // not every node can be asked for it
	}
	d, done := s.driver(t, nil)
	defer done()
	started := time.Now()
	_, err := d.Run(t.Context(), drivers.Command{Line: s.o.Slow, Timeout: 200 * time.Millisecond})
	if !errors.Is(err, drivers.ErrTimeout) {
		t.Errorf("got %v, want ErrTimeout", err)
	}
	if _, ok := errors.AsType[*drivers.OpError](err); !ok {
		t.Errorf("got %v, want an OpError", err)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	s.after(t, d)
}

func (s *suite) cancelled(t *testing.T) {
	t.Helper()
	if s.o.Slow == "" {
		t.Skip("no slow command") //nolint:forbidigo // not every node can be asked for it
	}
	d, done := s.driver(t, nil)
	defer done()
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(200*time.Millisecond, cancel).Stop()
	started := time.Now()
	if _, err := d.Run(ctx, drivers.Command{Line: s.o.Slow}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	s.after(t, d)
}

func (s *suite) configuration(t *testing.T) {
	t.Helper()
	if s.o.Good == nil {
		t.Skip("no configuration to try") //nolint:forbidigo // not every node can be asked for it
	}
	d, done := s.driver(t, nil)
	defer done()
	c, ok := drivers.As[drivers.Configurer](d)
	if !ok {
		t.Fatal("no drivers.Configurer")
	}
	xs, err := c.Configure(t.Context(), s.o.Good)
	if err != nil || slices.ContainsFunc(xs, func(x drivers.Exchange) bool { return x.Rejected != "" }) {
		t.Errorf("good lines: %+v, %v", xs, err)
	}
	xs, err = c.Configure(t.Context(), s.o.Bad)
	if err != nil || len(xs) == 0 || xs[len(xs)-1].Rejected == "" {
		t.Errorf("bad lines: %+v, %v", xs, err)
	}
	for line := range s.o.Answers {
		if err := s.check(t.Context(), d, line); err != nil {
			t.Errorf("after configuration: %v", err)
		}
	}
}

func (s *suite) abilities(t *testing.T) {
	t.Helper()
	d, done := s.driver(t, nil)
	defer done()
	_, sheller := drivers.As[drivers.Sheller](d)
	if e, ok := drivers.As[drivers.EvidenceSource](d); ok {
		commands := e.EvidenceCommands()
		if len(commands) == 0 {
			t.Error("an EvidenceSource without commands")
		}
		for _, c := range commands {
			if strings.HasPrefix(c, "!") && !sheller {
				t.Errorf("%s needs a Sheller", c)
			}
		}
	}
	_, watcher := drivers.As[drivers.DeathWatcher](d)
	_, controller := drivers.As[drivers.ProcessController](d)
	_, booter := drivers.As[drivers.Booter](d)
	_, restarter := drivers.As[drivers.DaemonRestarter](d)
	if watcher != controller || restarter && !booter {
		t.Errorf("DeathWatcher %v, ProcessController %v, Booter %v, DaemonRestarter %v do not fit", watcher, controller, booter, restarter)
	}
	if f, ok := drivers.As[drivers.FactSource](d); ok {
		facts, err := f.Facts(t.Context())
		if err != nil || facts.Platform != s.o.Platform || facts.Version == "" {
			t.Errorf("facts %+v, %v", facts, err)
		}
	}
}

func (s *suite) recorder(t *testing.T) {
	t.Helper()
	rec := &Transcript{}
	d, done := s.driver(t, rec)
	defer done()
	for line, text := range s.o.Answers {
		if err := s.check(t.Context(), d, line); err != nil {
			t.Fatal(err)
		}
		// A driver may complete the line; its last word stays.
		words := strings.Fields(line)
		if last := words[len(words)-1]; !bytes.Contains(rec.Bytes("", drivers.Out), []byte(last)) {
			t.Errorf("%q is not among what was sent", last)
		}
		if !bytes.Contains(rec.Bytes("", drivers.In), []byte(text)) {
			t.Errorf("%q is not among what was received", text)
		}
	}
}

func (s *suite) close(t *testing.T) {
	t.Helper()
	d, done := s.driver(t, nil)
	done()
	done() // closing twice is harmless
	for line := range s.o.Answers {
		started := time.Now()
		if _, err := d.Run(t.Context(), drivers.Command{Line: line}); !errors.Is(err, drivers.ErrClosed) {
			t.Errorf("after Close: %v, want ErrClosed", err)
		}
		if took := time.Since(started); took > time.Second {
			t.Errorf("took %v to say so", took)
		}
	}
}

// RunDamaged opens the driver over streams that misbehave, and checks that each
// command ends in time with an error or with an answer that holds nothing of another's.
func RunDamaged(t *testing.T, host drivers.Host, open func(ctx context.Context, h drivers.Host) (drivers.Driver, error), o Options) {
	t.Helper()
	for _, damage := range []Damage{
		{},
		{Split: true},
		{Delay: time.Millisecond},
		{Twice: true},
		{Garble: 7},
		{Garble: 100},
		{Garble: 1000},
		{Cut: 1},
		{Cut: 100},
		{Cut: 400},
		{Cut: 2000},
		{Flood: 1},
		{Flood: 100},
		{Flood: 400},
		{Flood: 2000},
	} {
		t.Run(fmt.Sprintf("%+v", damage), func(t *testing.T) {
			NoLeaks(t, goleak.IgnoreCurrent())
			patience := 2 * time.Second
			if testing.Short() && (damage.Flood > 0 || damage.Garble > 0) {
				patience /= 4 // it is wasted: such a session hardly ever opens
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			d, err := open(ctx, Damaged{Host: host, Damage: damage})
			cancel()
			if err != nil {
				return // an honest end
			}
			defer func() { _ = d.Close(context.WithoutCancel(t.Context())) }()
			for line := range o.Answers {
				started := time.Now()
				patience := 300 * time.Millisecond
				if damage.Split || damage == (Damage{}) {
					patience = 5 * time.Second // it must be answered
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				x, err := d.Run(ctx, drivers.Command{Line: line, Timeout: timeout, Limit: 1 << 16})
				cancel()
				if took := time.Since(started); took > 8*time.Second {
					t.Fatalf("%s: took %v", line, took)
				}
				if err != nil {
					if damage == (Damage{}) || damage.Split {
						t.Errorf("%s: %v", line, err)
					}
					continue
				}
				for command, text := range o.Answers {
					if command != line && strings.Contains(x.Output, text) {
						t.Errorf("%s: got the answer to %s:\n%s", line, command, x.Output)
					}
				}
			}
		})
	}
}
