package session_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/session"
)

// toyCLI is a command line made of a shell script: it has a banner, a prompt, a
// literal character, refusals, notices, slow, long and endless answers.
const toyCLI = `
name: toy
argv: [bash, --norc, --noprofile, -c, '
  bind "set enable-bracketed-paste off" 2>/dev/null; stty -echoctl; echo; echo welcome; i=0; while read -e -r -p "toy# " l; do
  case $l in
  quit) exit;;
  slow*) sleep 0.3; echo "slow ${l#slow }";;
  long) seq 1 20000;;
  flood) yes;;
  crlf) printf "a\r\nb\n";;
  fake) printf "x\ntoy# "; sleep 0.2; echo "rest";;
  hang) sleep 1000;;
  keys) read -r -n 1 -p "Save? (y/N) " a; echo es; read -r -n 1 -p "Select? (y/N) " b; echo; echo "[$a$b]";;
  logs) read -r -n 1 -p "Save? (y/N) " a; echo; echo "Warning: log"; read -r b; echo "[$a$b]";;
  lines) read -r -p "Save? (y/N) " a; read -r -p "Select? (y/N) " b; echo "[$a$b]";;
  warn) echo "Warning: connecting to x"; echo "{}";;
  bad*) echo "% Unknown command: $l";;
  config*) echo "cannot do that";;
  reprise-*) echo "% Unknown command: $l";;
  "") ;;
  *) echo "$l";;
  esac; done']
prompt: 'toy# '
marker: 'reprise-%s'
marker-answer: '% Unknown command: reprise-%s'
on-open: [hello]
literal: {'?': "\x16"}
questions: [{see: '\(y/N\) ', reply: n, key: true}]
notices: ['^Warning: ']
stale: ['^Warning: connecting']
refused: ['^% ']
refused-config: ['^% ', '^cannot ']
`

// longer is less than what hangs here takes, and more than a busy machine needs to notice.
const longer = 30 * time.Second

func toy(tb testing.TB) *session.CompiledDialect {
	tb.Helper()
	d, err := session.ParseDialect([]byte(toyCLI))
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func openCLI(tb testing.TB, rec drivers.Recorder) *session.CLI {
	tb.Helper()
	c, err := session.OpenCLI(tb.Context(), session.Config{Node: "n1", Host: drivertest.Host{}, Channel: "cli", Recorder: rec}, toy(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func TestCLIRun(t *testing.T) {
	drivertest.NoLeaks(t)
	long := strings.Builder{}
	for i := range 20000 {
		fmt.Fprintln(&long, i+1)
	}
	wide := strings.Repeat("0123456789 ", 80) + "end"
	tests := []struct {
		name, line              string
		want, rejected, notices string
		limit                   int
		truncated               bool
	}{
		{name: "plain", line: "show x", want: "show x\n"},
		{name: "nothing", line: "", want: ""},
		{name: "slow", line: "slow one", want: "slow one\n"},
		{name: "long", line: "long", want: long.String()},
		{name: "limit", line: "long", limit: 4, want: "1\n2\n", truncated: true},
		{name: "prompt in the answer", line: "fake", want: "x\ntoy# rest\n"},
		{name: "refused", line: "bad one", want: "% Unknown command: bad one\n", rejected: "% Unknown command: bad one"},
		{name: "no refusal of a command", line: "config x", want: "cannot do that\n"},
		{name: "notice", line: "warn", want: "{}\n", notices: "Warning: connecting to x\n"},
		{name: "tab", line: "a\tb", want: "a b\n"},
		{name: "a single character", line: "x", want: "x\n"},
		{name: "a part of the prompt", line: "toy#", want: "toy#\n"},
		{name: "wider than the terminal", line: wide, want: wide + "\n"},
		{name: "json", line: `{"a": "b  c"}`, want: "{\"a\": \"b  c\"}\n"},
	}
	c := openCLI(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 3 {
				x, err := c.Run(t.Context(), drivers.Command{Line: tt.line, Limit: tt.limit, Timeout: 10 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				got := []any{x.Output, x.Rejected, x.Notices, x.Truncated, x.Exit}
				want := []any{tt.want, tt.rejected, tt.notices, tt.truncated, drivers.NoExit}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			}
		})
	}
	if !c.Spent() {
		t.Error("not spent after a stale notice")
	}
	x, err := c.RunConfig(t.Context(), drivers.Command{Line: "config x"})
	if err != nil || x.Rejected != "cannot do that" {
		t.Errorf("configuration: rejected %q, %v", x.Rejected, err)
	}
	if _, err := c.Run(t.Context(), drivers.Command{Line: "a\nb"}); err == nil {
		t.Error("a line break was sent")
	}
	if x, err := c.Run(t.Context(), drivers.Command{Line: "still here"}); err != nil || x.Output != "still here\n" {
		t.Errorf("after a refused line: %q, %v", x.Output, err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.Run(t.Context(), drivers.Command{Line: "x"}); !errors.Is(err, drivers.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}

// A key goes without a return, which the next question would take for its answer; where
// nothing but a notice comes of the key, the return follows.
func TestKeys(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{"keys": "[yy]\n", "lines": "[yy]\n", "logs": "[y]\n"} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			x, err := openCLI(t, nil).Run(t.Context(), drivers.Command{Line: line, Replies: []drivers.Reply{{Question: "Save|Select", Answer: "y"}}})
			if err != nil || x.Rejected != "" || !strings.HasSuffix(x.Output, want) {
				t.Errorf("%+v, %v", x, err)
			}
		})
	}
}

func TestCLITimeout(t *testing.T) {
	drivertest.NoLeaks(t)
	for _, line := range []string{"hang", "flood"} {
		t.Run(line, func(t *testing.T) {
			c := openCLI(t, nil)
			started := time.Now()
			_, err := c.Run(t.Context(), drivers.Command{Line: line, Timeout: 300 * time.Millisecond, Limit: 1 << 16})
			if !errors.Is(err, drivers.ErrTimeout) {
				t.Fatalf("got %v, want ErrTimeout", err)
			}
			if d := time.Since(started); d > longer {
				t.Errorf("took %v", d)
			}
			if _, err := c.Run(t.Context(), drivers.Command{Line: "x"}); !errors.Is(err, drivers.ErrClosed) {
				t.Errorf("after a timeout: %v, want ErrClosed", err)
			}
			_ = c.Close(t.Context())
		})
	}
}

func TestCLIEnds(t *testing.T) {
	drivertest.NoLeaks(t)
	c := openCLI(t, nil)
	if x, err := c.Run(t.Context(), drivers.Command{Line: "quit"}); err == nil {
		t.Errorf("got %+v, want an error", x)
	}
	d, err := session.Dialect{
		Name: "gone", Argv: []string{"sh", "-c", "echo no such daemon; exit 1"}, Prompt: "toy# ", Marker: "reprise-%s", MarkerAnswer: "% Unknown command: reprise-%s",
	}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	_, err = session.OpenCLI(t.Context(), session.Config{Node: "n1", Host: drivertest.Host{}}, d)
	if !errors.Is(err, drivers.ErrUnreachable) || !strings.Contains(err.Error(), "no such daemon") {
		t.Errorf("got %v", err)
	}
}

func TestCLICancel(t *testing.T) {
	drivertest.NoLeaks(t)
	c := openCLI(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(50*time.Millisecond, cancel).Stop()
	started := time.Now()
	if _, err := c.Run(ctx, drivers.Command{Line: "hang"}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want Canceled", err)
	}
	if d := time.Since(started); d > longer {
		t.Errorf("took %v", d)
	}
}

func TestParseDialectRefuses(t *testing.T) {
	tests := []struct{ name, replace, with, want string }{
		{"unknown key", "on-open:", "on-opened:", "on-opened"},
		{"bad pattern", "refused: ['^% ']", "refused: ['(']", "refused: "},
		{"no marker nonce", "marker: 'reprise-%s'", "marker: 'reprise'", "marker must hold one %s"},
		{"empty pattern", "stale: ['^Warning: connecting']", "stale: ['x*']", "matches nothing at all"},
		{"wrong type", "on-open: [hello]", "on-open: {a: b}", "read dialect"},
		{"no prompt", "prompt: 'toy# '", "prompt: ''", "prompt is missing"},
		{"two faults", "prompt: 'toy# '", "prompt: ''\nlost: ['(']", "lost: "},
		{"a pager that is everywhere", "on-open:", "pagers: [{see: 'x*', send: ' '}]\non-open:", "matches nothing at all"},
		{"a pager without a key", "on-open:", "pagers: [{see: 'x'}]\non-open:", "send is missing"},
		{"a question without words", "questions: [{see: '\\(y/N\\) ', ", "questions: [{", "questions: see is missing"},
		{"an unknown step", "on-open:", "login: [{see: x, do: jump}]\non-open:", `do is user, password, send, key or wait, not "jump"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := session.ParseDialect([]byte(strings.Replace(toyCLI, tt.replace, tt.with, 1)))
			if err == nil || !strings.Contains(err.Error(), tt.want) || d != nil {
				t.Errorf("got %v %v, want %q", d, err, tt.want)
			}
		})
	}
}

// TestCompileIsApart: what is compiled is not changed with what was written, and a session does
// not begin with anything else.
func TestCompileIsApart(t *testing.T) {
	write := func() session.Dialect {
		return session.Dialect{
			Name: "x", Argv: []string{"sh"}, Prompt: "x# ", Marker: "m-%s", MarkerAnswer: "m-%s", Refused: []string{"^no"}, OnOpen: []string{"a"},
			OnOpenOptional: []string{"b"}, OnClose: []string{"c"}, Literal: map[string]string{"?": "!"}, Pagers: []session.Pager{{See: "more", Send: " "}},
		}
	}
	untouched, err := write().Compile()
	if err != nil {
		t.Fatal(err)
	}
	written := write()
	compiled, err := written.Compile()
	if err != nil {
		t.Fatal(err)
	}
	written.Argv[0], written.OnOpen[0], written.OnOpenOptional[0], written.OnClose[0] = "rm", "x", "x", "x"
	written.Refused[0], written.Literal["?"], written.Pagers[0].Send = "(", "", ""
	if !reflect.DeepEqual(untouched, compiled) {
		t.Error("what was compiled has changed with what was written")
	}
	if _, err := written.Compile(); err == nil {
		t.Error("it still compiles")
	}
	for _, d := range []*session.CompiledDialect{nil, {}} {
		if _, err := session.OpenCLI(t.Context(), session.Config{Node: "n"}, d); err == nil || !strings.Contains(err.Error(), "not compiled") {
			t.Errorf("opened by %v: %v", d, err)
		}
	}
}

func BenchmarkCLIRun(b *testing.B) {
	c := openCLI(b, nil)
	for b.Loop() {
		if _, err := c.Run(b.Context(), drivers.Command{Line: "x"}); err != nil {
			b.Fatal(err)
		}
	}
}
