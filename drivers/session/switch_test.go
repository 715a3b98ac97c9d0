package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/session"
	"github.com/reprise-lab/reprise/drivers/sim"
)

// written is the dialect of a platform of switches, as it is written.
func written(t *testing.T) session.Dialect {
	t.Helper()
	words, err := os.ReadFile("../exos/dialect.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d session.Dialect
	if err := yaml.Load(words, &d, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	return d
}

// onSwitch opens a command line on a simulated switch's console, or by telnet.
func onSwitch(t *testing.T, addr net.Addr, console bool, change func(*session.Config, *session.Dialect)) (*session.CLI, error) {
	t.Helper()
	d := written(t)
	cfg := session.Config{
		Node: "sw1", Channel: "cli", OpenTimeout: 20 * time.Second, Secrets: []drivers.Secret{drivers.NewSecret(drivertest.SwitchPassword)},
		Login: &session.Login{User: "admin", Password: drivers.NewSecret(drivertest.SwitchPassword), AnyState: console},
		Dial: func(ctx context.Context) (io.ReadWriteCloser, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", addr.String())
		},
	}
	if change != nil {
		change(&cfg, &d)
	}
	spoken, err := d.Compile()
	if err != nil {
		t.Fatal(err)
	}
	c, err := session.OpenCLI(t.Context(), cfg, spoken)
	if err == nil {
		t.Cleanup(func() { _ = c.Close(context.Background()) })
	}
	return c, err
}

func consoleOf(t *testing.T, c sim.Config) (*sim.Switch, net.Addr) {
	t.Helper()
	c.Platform, c.Name = sim.PlatformEXOS, "X440"
	s := drivertest.Simulate(t, c)
	addr, err := s.ListenConsole("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return s, addr
}

// A console may stand in any state: half a command, a page, a question, somebody's login. The
// session comes to a prompt all the same, and leaves a console that asks for a login.
func TestConsoleInAnyState(t *testing.T) {
	for _, tt := range []struct{ name, typed string }{
		{"fresh", ""},
		{"half a user", "adm"},
		{"a user whose password is asked for", "admin\n"},
		{"half a command", "admin\n" + drivertest.SwitchPassword + "\nshow vers"},
		{"a page", "admin\n" + drivertest.SwitchPassword + "\nshow reprise-flood 5000\n"},
		{"a question", "admin\n" + drivertest.SwitchPassword + "\nreboot\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, addr := consoleOf(t, sim.Config{})
			left, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr.String())
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitAfterSeq("\n"+tt.typed, "\n") {
				if _, err := io.WriteString(left, line); err != nil {
					t.Fatal(err)
				}
				settle(t, left)
			}
			if err := left.Close(); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time it finds what the first has left
				c, err := onSwitch(t, addr, true, nil)
				if err != nil {
					t.Fatal(err)
				}
				x, err := c.Run(t.Context(), drivers.Command{Line: "show reprise-probe alpha"})
				if err != nil || !strings.Contains(x.Output, "alpha") || x.Rejected != "" {
					t.Errorf("%+v, %v", x, err)
				}
				if err := c.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if s.Reboots() != 0 {
				t.Error("a question that was left open was answered with yes")
			}
		})
	}
}

// settle reads until nothing comes any more.
func settle(t *testing.T, c net.Conn) {
	t.Helper()
	buf := make([]byte, 4096)
	for {
		if err := c.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

// A device that is not ready is waited for, its first questions are declined, and credentials
// that it refuses are said to be that, without a word of them.
func TestLogin(t *testing.T) {
	t.Parallel()
	t.Run("it boots", func(t *testing.T) {
		t.Parallel()
		_, addr := consoleOf(t, sim.Config{PendingAAA: 2 * time.Second})
		if _, err := onSwitch(t, addr, true, nil); err != nil {
			t.Error(err)
		}
	})
	t.Run("it boots for too long", func(t *testing.T) {
		t.Parallel()
		_, addr := consoleOf(t, sim.Config{PendingAAA: time.Hour})
		_, err := onSwitch(t, addr, true, func(c *session.Config, _ *session.Dialect) { c.OpenTimeout = 2 * time.Second })
		if !errors.Is(err, drivers.ErrTimeout) || !strings.Contains(err.Error(), "the device is not ready") {
			t.Errorf("%v", err)
		}
	})
	t.Run("its first boot", func(t *testing.T) {
		t.Parallel()
		_, addr := consoleOf(t, sim.Config{FirstBoot: true})
		if _, err := onSwitch(t, addr, true, nil); err != nil {
			t.Error(err)
		}
	})
	t.Run("another password", func(t *testing.T) {
		t.Parallel()
		_, addr := consoleOf(t, sim.Config{})
		_, err := onSwitch(t, addr, true, func(c *session.Config, _ *session.Dialect) {
			c.Login.Password = drivers.NewSecret("another-password")
			c.Secrets = append(c.Secrets, c.Login.Password)
		})
		if !errors.Is(err, drivers.ErrAuth) || strings.Contains(err.Error(), "another-password") {
			t.Errorf("%v", err)
		}
	})
	t.Run("nobody who could log in", func(t *testing.T) {
		t.Parallel()
		_, addr := consoleOf(t, sim.Config{})
		_, err := onSwitch(t, addr, true, func(c *session.Config, _ *session.Dialect) { c.Login = nil })
		if err == nil || !strings.Contains(err.Error(), "the device asks for a user, and there is none") {
			t.Errorf("%v", err)
		}
	})
	t.Run("it says nothing", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // the test ends
		_, err = onSwitch(t, l.Addr(), true, func(c *session.Config, _ *session.Dialect) { c.OpenTimeout = 300 * time.Millisecond })
		if !errors.Is(err, drivers.ErrTimeout) || !strings.Contains(err.Error(), "the device says nothing") {
			t.Errorf("%v", err)
		}
	})
	t.Run("it hangs up", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // the test ends
		go func() {
			if c, err := l.Accept(); err == nil {
				_, _ = fmt.Fprint(c, "busy\r\n")
				_ = c.Close()
			}
		}()
		if _, err := onSwitch(t, l.Addr(), true, nil); !errors.Is(err, drivers.ErrUnreachable) {
			t.Errorf("%v", err)
		}
	})
	t.Run("there is no line", func(t *testing.T) {
		t.Parallel()
		d, err := written(t).Compile()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := session.OpenCLI(t.Context(), session.Config{Node: "sw1"}, d); !errors.Is(err, drivers.ErrUnreachable) {
			t.Errorf("%v", err)
		}
	})
}

// Pages are turned, and their words are no part of the answer.
func TestPages(t *testing.T) {
	t.Parallel()
	_, addr := consoleOf(t, sim.Config{})
	c, err := onSwitch(t, addr, true, func(_ *session.Config, d *session.Dialect) { d.OnOpenOptional = nil })
	if err != nil {
		t.Fatal(err)
	}
	x, err := c.Run(t.Context(), drivers.Command{Line: "show reprise-flood 5000"})
	if n := strings.Count(x.Output, "\n"); err != nil || n < 50 || strings.Contains(x.Output, "SPACE") {
		t.Errorf("%d lines, %v", n, err)
	}
}

// A question is answered as the caller says, or else harmlessly, which is told; what would
// answer it badly is an error, and a secret is in no record.
func TestQuestions(t *testing.T) {
	t.Parallel()
	s, addr := consoleOf(t, sim.Config{})
	record := &drivertest.Transcript{}
	c, err := onSwitch(t, addr, true, func(c *session.Config, _ *session.Dialect) { c.Recorder = record })
	if err != nil {
		t.Fatal(err)
	}
	x, err := c.Run(t.Context(), drivers.Command{Line: "reboot"})
	if err != nil || !strings.Contains(x.Rejected, "and was answered") || s.Reboots() != 0 {
		t.Errorf("nobody said what to answer: %+v, %v", x, err)
	}
	if x, err := c.Run(t.Context(), drivers.Command{Line: "show reprise-probe beta"}); err != nil || !strings.Contains(x.Output, "beta") {
		t.Errorf("after it: %+v, %v", x, err)
	}
	if _, err := c.Run(t.Context(), drivers.Command{Line: "reboot", Replies: []drivers.Reply{{Question: "(", Answer: "y"}}}); err == nil || !strings.Contains(err.Error(), `reply to "("`) {
		t.Errorf("a pattern that is none: %v", err)
	}
	if regexp.MustCompile(drivertest.SwitchPassword).Match(record.Bytes("cli", drivers.Out)) {
		t.Error("the password is in the record")
	}
	if c.Banner() == "" {
		t.Error("there is no banner")
	}
}

// What a console says of its own accord in the middle of an answer is no part of it.
func TestNotices(t *testing.T) {
	t.Parallel()
	_, addr := consoleOf(t, sim.Config{Misbehave: sim.Misbehaviour{Only: "show reprise-flood", LogBursts: 60}})
	c, err := onSwitch(t, addr, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, err := c.Run(t.Context(), drivers.Command{Line: "show reprise-flood 5000"})
	if err != nil || len(x.Notices) == 0 || strings.Contains(x.Output, "<Info:") || strings.Contains(x.Output, "<Noti:") {
		t.Errorf("%d notices, %v:\n%s", len(x.Notices), err, x.Output)
	}
}

// A line that ends in the middle of an answer has no answer.
func TestLineEnds(t *testing.T) {
	t.Parallel()
	_, addr := consoleOf(t, sim.Config{Misbehave: sim.Misbehaviour{Only: "show reprise-flood", CutAfter: 40}})
	c, err := onSwitch(t, addr, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	if x, err := c.Run(t.Context(), drivers.Command{Line: "show reprise-flood 5000"}); err == nil {
		t.Errorf("%+v", x)
	}
	if _, err := c.Run(t.Context(), drivers.Command{Line: "show version"}); !errors.Is(err, drivers.ErrClosed) {
		t.Errorf("the next one: %v", err)
	}
}
