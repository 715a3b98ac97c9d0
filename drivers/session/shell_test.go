package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/session"
)

func openShell(tb testing.TB, rec drivers.Recorder) *session.Shell {
	tb.Helper()
	sh, err := session.OpenShell(tb.Context(), session.Config{Node: "n1", Host: drivertest.Host{}, Channel: "shell", Recorder: rec})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = sh.Close(context.Background()) })
	return sh
}

func TestShellRun(t *testing.T) {
	drivertest.NoLeaks(t)
	tests := []struct {
		name, line string
		want       string
		exit       int
		limit      int
		truncated  bool
	}{
		{name: "plain", line: "echo hello", want: "hello\n"},
		{name: "no newline at the end", line: "printf abc", want: "abc"},
		{name: "empty", line: "", want: ""},
		{name: "exit status", line: "exit 7", exit: 7},
		{name: "standard error is merged", line: "echo out; echo err >&2", want: "out\nerr\n"},
		{name: "quotes", line: `echo 'a b' "c'd"`, want: "a b c'd\n"},
		{name: "heredoc", line: "cat <<E\none\ntwo\nE", want: "one\ntwo\n"},
		{name: "open quote", line: "echo 'oops", want: "", exit: 2},
		{name: "unfinished", line: "if true", want: "", exit: 2},
		{name: "comment at the end", line: "echo a # b", want: "a\n"},
		{name: "reads its input", line: "cat; echo done", want: "done\n"},
		{name: "binary", line: `printf '\000\001\377\r\n'`, want: "\x00\x01\xff\r\n"},
		{name: "signal", line: "kill -9 $(sh -c 'echo $PPID')", want: "", exit: 137},
		{name: "somebody else's marker", line: "echo '<0123456789abcdef0123456789abcdef0:0'", want: "<0123456789abcdef0123456789abcdef0:0\n"},
		{name: "limit", line: "seq 100000", limit: 10, want: "1\n2\n3\n4\n5\n", truncated: true},
		{name: "set -e", line: "set -e; false; echo no", exit: 1},
		{name: "variables do not survive", line: "echo ${x-unset}; x=1", want: "unset\n"},
		{name: "exec", line: "exec echo replaced", want: "replaced\n"},
	}
	sh := openShell(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // the second run shows that the first left nothing behind
				x, err := sh.Run(t.Context(), drivers.Command{Line: tt.line, Limit: tt.limit, Timeout: 5 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				if tt.exit == 2 && tt.want == "" { // the shell's own words differ between shells
					x.Output = ""
				}
				if diff := cmp.Diff(tt.want, x.Output); diff != "" || x.Exit != tt.exit || x.Truncated != tt.truncated {
					t.Errorf("exit %d, truncated %v, output (-want +got):\n%s", x.Exit, x.Truncated, diff)
				}
			}
		})
	}
	if err := sh.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := sh.Run(t.Context(), drivers.Command{Line: "echo x"}); !errors.Is(err, drivers.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}

func TestShellTimeout(t *testing.T) {
	drivertest.NoLeaks(t)
	sh := openShell(t, nil)
	started := time.Now()
	mark := fmt.Sprintf("%d.5", 3000+time.Now().Nanosecond()%1000)
	_, err := sh.Run(t.Context(), drivers.Command{Line: "sleep " + mark, Timeout: 100 * time.Millisecond})
	if !errors.Is(err, drivers.ErrTimeout) {
		t.Fatalf("got %v, want ErrTimeout", err)
	}
	var op *drivers.OpError
	if !errors.As(err, &op) || op.Node != "n1" {
		t.Errorf("got %v, want an OpError of n1", err)
	}
	if d := time.Since(started); d > longer {
		t.Errorf("took %v", d)
	}
	if _, err := sh.Run(t.Context(), drivers.Command{Line: "echo x"}); !errors.Is(err, drivers.ErrClosed) {
		t.Errorf("after a timeout: %v, want ErrClosed", err)
	}
	again := openShell(t, nil)
	// What was killed may be there for a moment yet.
	for until := time.Now().Add(longer); ; {
		x, err := again.Run(t.Context(), drivers.Command{Line: "ps ax | grep '[s]leep " + mark + "'"})
		if err == nil && x.Output == "" {
			break
		}
		if err != nil || time.Now().After(until) {
			t.Errorf("left over: %q, %v", x.Output, err)
			break
		}
	}
	_ = again.Close(t.Context())
}

func TestShellCancel(t *testing.T) {
	drivertest.NoLeaks(t)
	sh := openShell(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	stop := time.AfterFunc(50*time.Millisecond, cancel)
	defer stop.Stop()
	_, err := sh.Run(ctx, drivers.Command{Line: "yes"})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want Canceled", err)
	}
	_ = sh.Close(t.Context())
}

// A process that a command leaves behind lives on, and what it says later is not
// taken for anybody's answer.
func TestShellBackground(t *testing.T) {
	drivertest.NoLeaks(t)
	rec := &drivertest.Transcript{}
	r := session.NewReopening("n1", func(ctx context.Context, n int) (*session.Shell, error) {
		return session.OpenShell(ctx, session.Config{Node: "n1", Host: drivertest.Host{}, Channel: session.Channel("shell", n), Recorder: rec})
	})
	defer func() { _ = r.Close(context.Background()) }()
	run := func(line string) drivers.Exchange {
		t.Helper()
		x, err := r.Run(t.Context(), drivers.Command{Line: line, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	said := run("(sleep 0.05; for i in 1 2 3 4 5 6 7 8 9 10; do echo noise; sleep 0.03; done; sleep 100) & echo $!").Output
	pid := strings.TrimSpace(strings.ReplaceAll(said, "noise\n", "")) // on a slow machine it speaks before this command has ended
	for i := range 20 {
		want := fmt.Sprintf("%d\n", i)
		if got := run(fmt.Sprintf("sleep 0.02; echo %d", i)).Output; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if x := run("kill -0 " + pid); x.Exit != 0 {
		t.Errorf("the background process died")
	}
	if got := bytes.Count(rec.Bytes("shell", drivers.In), []byte("noise")); got != 10 {
		t.Errorf("recorded %d lines of the background process, want 10", got)
	}
	run("kill " + pid)
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestReopening(t *testing.T) {
	drivertest.NoLeaks(t)
	r := session.NewReopening("n1", func(ctx context.Context, n int) (*session.Shell, error) {
		return session.OpenShell(ctx, session.Config{Node: "n1", Host: drivertest.Host{}, Channel: session.Channel("shell", n)})
	})
	if _, err := r.Run(t.Context(), drivers.Command{Line: "sleep 9", Timeout: 50 * time.Millisecond}); !errors.Is(err, drivers.ErrTimeout) {
		t.Fatalf("got %v, want ErrTimeout", err)
	}
	x, err := r.Run(t.Context(), drivers.Command{Line: "echo back"})
	if err != nil || x.Output != "back\n" {
		t.Fatalf("got %q, %v", x.Output, err)
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			x, err := r.Run(t.Context(), drivers.Command{Line: fmt.Sprintf("echo %d", i)})
			if want := fmt.Sprintf("%d\n", i); err != nil || x.Output != want {
				t.Errorf("got %q, %v, want %q", x.Output, err, want)
			}
		})
	}
	wg.Wait()
	// Close while a command is in progress.
	started := make(chan struct{})
	wg.Go(func() {
		close(started)
		if _, err := r.Run(t.Context(), drivers.Command{Line: "sleep 20"}); err == nil {
			t.Error("a command survived Close")
		}
	})
	<-started
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if _, err := r.Run(t.Context(), drivers.Command{Line: "echo x"}); !errors.Is(err, drivers.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}

func BenchmarkShellRun(b *testing.B) {
	sh := openShell(b, nil)
	for b.Loop() {
		if _, err := sh.Run(b.Context(), drivers.Command{Line: "echo x"}); err != nil {
			b.Fatal(err)
		}
	}
}
