package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// Shell is a persistent sh on a stream without a terminal. Every command runs in a
// subshell of it (so directory changes, variables and "exit" end with the command)
// with empty standard input, and with standard error joined to standard output.
//
// A command may leave processes behind that still hold its output. They live on; the
// session is then Spent, because what they print later could fall into the answer of
// another command: use a fresh one (Reopening does).
type Shell struct {
	cfg   Config
	gate  gate
	s     *stream
	pid   int
	ended error // set with the gate held: why the session takes no further command
	spent bool
}

// shellSetup runs once per session. reprise_busy reports whether a process other than
// the shell holds this session's output: "-ef" compares device and inode without a fork.
const shellSetup = `export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
reprise_busy() { for f in /proc/[0-9]*/fd/1 /proc/[0-9]*/fd/2; do case $f in /proc/$$/*) ;; *) if [ "$f" -ef /proc/$$/fd/1 ]; then return 0; fi;; esac; done; return 1; }
`

// OpenShell opens a shell and settles it. ctx covers only the opening.
func OpenShell(ctx context.Context, cfg Config) (*Shell, error) {
	open := func() (*Shell, error) {
		ctx, cancel := context.WithTimeout(ctx, cfg.openTimeout())
		defer cancel()
		rwc, err := cfg.Host.Open(ctx, []string{"sh"}, false)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", drivers.ErrUnreachable, err)
		}
		sh := &Shell{cfg: cfg, gate: newGate(), s: newStream(rwc, cfg)}
		setup := shellSetup
		if cfg.RealTime {
			setup = "unset LD_PRELOAD\n" + setup
		}
		if _, err := sh.s.Write([]byte(setup)); err != nil {
			return nil, errors.Join(err, sh.s.close(ctx))
		}
		x, err := sh.exchange(ctx, "echo $$", cfg.openTimeout(), 64)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("settle: %w", err), sh.s.close(ctx))
		}
		if sh.pid, err = strconv.Atoi(strings.TrimSpace(x.Output)); err != nil {
			return nil, errors.Join(fmt.Errorf("settle: %w", err), sh.s.close(ctx))
		}
		return sh, nil
	}
	sh, err := open()
	if err != nil {
		return nil, &drivers.OpError{Node: cfg.Node, Op: "open shell", Err: err}
	}
	return sh, nil
}

// Run runs a command line, which may have several lines, as "sh -c" would.
func (sh *Shell) Run(ctx context.Context, c drivers.Command) (drivers.Exchange, error) {
	x, err := sh.run(ctx, c)
	if err != nil {
		return x, &drivers.OpError{Node: sh.cfg.Node, Op: runOp(c.Line), Err: err}
	}
	return x, nil
}

func (sh *Shell) run(ctx context.Context, c drivers.Command) (drivers.Exchange, error) {
	if strings.ContainsRune(c.Line, 0) {
		return drivers.Exchange{}, errors.New("command line holds a NUL byte")
	}
	if err := sh.gate.lock(ctx); err != nil {
		return drivers.Exchange{}, err
	}
	defer sh.gate.unlock()
	if sh.ended != nil {
		return drivers.Exchange{}, sh.ended
	}
	x, err := sh.exchange(ctx, c.Line, timeoutOf(c), limitOf(c))
	if err != nil {
		sh.ended = drivers.ErrClosed
		sh.killRest(ctx)
		return x, errors.Join(err, sh.s.close(ctx))
	}
	return x, nil
}

// exchange leads one framed dialogue; the caller holds the gate.
func (sh *Shell) exchange(ctx context.Context, line string, timeout time.Duration, limit int) (drivers.Exchange, error) {
	n := nonce()
	begin, end := "<"+n, n+">"
	f := newFramer(begin, end, limit)
	sh.s.listen(f.feed)
	defer sh.s.listen(nil)

	started := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, drivers.ErrTimeout)
	defer cancel()
	if err := write(ctx, sh.s, frame(line, begin, end)); err != nil {
		return drivers.Exchange{}, err
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return drivers.Exchange{}, context.Cause(ctx)
	case <-sh.s.done:
		select {
		case <-f.done: // the answer was the last thing it said
		default:
			return drivers.Exchange{}, sh.s.cause()
		}
	}
	if bytes.Contains(f.out.Bytes(), []byte(n)) {
		return drivers.Exchange{}, errors.New("the answer is garbled: it holds its own marker")
	}
	x := drivers.Exchange{Command: line, Output: f.out.String(), Truncated: f.out.Over(), Started: started, Took: time.Since(started)}
	var busy bool
	var err error
	if x.Exit, busy, err = parseStatus(f.status); err != nil {
		return drivers.Exchange{}, err
	}
	sh.spent = sh.spent || busy
	return x, nil
}

// frame is the script for one command. The command is one single-quoted word given
// to eval, so neither its quotes nor its newlines can reach the framing.
func frame(line, begin, end string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "printf '%%s' '%s'; ( eval %s\n) </dev/null 2>&1; r=$?; b=0; reprise_busy && b=1; printf '%%s:%%d:%%d\\n' '%s' $r $b\n", begin, Quote(line), end)
	return b.Bytes()
}

// parseStatus reads what follows the end nonce: ":<exit>:<busy>".
func parseStatus(p []byte) (exit int, busy bool, err error) {
	parts := strings.Split(string(p), ":")
	if len(parts) != 3 || parts[0] != "" {
		return 0, false, fmt.Errorf("read exit status: unexpected %q", p)
	}
	exit, err = strconv.Atoi(parts[1])
	if err != nil || exit < 0 || exit > 255 {
		return 0, false, fmt.Errorf("read exit status: unexpected %q", p)
	}
	switch parts[2] {
	case "0":
		return exit, false, nil
	case "1":
		return exit, true, nil
	}
	return 0, false, fmt.Errorf("read exit status: unexpected %q", p)
}

// killRest ends what the interrupted command left running beneath the shell.
func (sh *Shell) killRest(ctx context.Context) {
	select {
	case <-sh.s.done:
		return
	default:
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	script := `t() { for c in $(cat /proc/$1/task/*/children 2>/dev/null); do t $c; done; kill -9 $1 2>/dev/null; }; t ` + strconv.Itoa(sh.pid)
	_, _ = sh.cfg.Host.Exec(ctx, []string{"sh", "-c", script}, nil, nil, nil)
}

// Spent tells that the session should be replaced before the next command.
func (sh *Shell) Spent() bool {
	sh.gate <- struct{}{}
	defer sh.gate.unlock()
	return sh.spent
}

// Close ends the session. What runs in the background keeps running.
func (sh *Shell) Close(ctx context.Context) error {
	err := sh.s.close(ctx) // first, so that a command in progress ends
	sh.gate <- struct{}{}
	defer sh.gate.unlock()
	sh.ended = drivers.ErrClosed
	return err
}

// Quote makes s one word of a POSIX shell.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func timeoutOf(c drivers.Command) time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return drivers.DefaultTimeout
}

func limitOf(c drivers.Command) int {
	if c.Limit > 0 {
		return c.Limit
	}
	return drivers.DefaultLimit
}

// runOp is the verb phrase of an error about a command, cut to a readable length.
func runOp(line string) string {
	if first, _, more := strings.Cut(line, "\n"); more {
		line = first + " …"
	}
	if r := []rune(line); len(r) > 120 {
		line = string(r[:120]) + " …"
	}
	return fmt.Sprintf("run %q", line)
}

// write sends p; when ctx ends first, the stream is closed to release the writer.
func write(ctx context.Context, s *stream, p []byte) error {
	stop := context.AfterFunc(ctx, s.hangUp)
	_, err := s.Write(p)
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}
