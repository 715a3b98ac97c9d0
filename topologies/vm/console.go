package vm

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// console is the serial console of a guest, on which root has a shell.
type console struct {
	conn net.Conn

	mu   sync.Mutex
	text strings.Builder // what was not yet taken
	err  error
	more chan struct{} // closed, and made anew, when there is more
}

// maxText bounds what is kept of a console that nobody reads.
const maxText = 1 << 20

func openConsole(ctx context.Context, path string) (*console, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the console: %w", err)
	}
	c := &console{conn: conn, more: make(chan struct{})}
	go c.read()
	return c, nil
}

func (c *console) read() {
	buf := make([]byte, 4096)
	for {
		n, err := c.conn.Read(buf)
		c.mu.Lock()
		c.text.Write(buf[:n])
		if c.text.Len() > maxText { // a kernel that complains without end
			text := c.text.String()
			c.text.Reset()
			c.text.WriteString(text[len(text)-maxText/2:])
		}
		c.err = err
		close(c.more)
		c.more = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (c *console) close() { _ = c.conn.Close() } // nothing is lost with it

// drain forgets what was printed so far.
func (c *console) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Reset()
}

// trouble lists what a guest prints that will not come up.
func trouble() []string {
	return []string{"Kernel panic - not syncing", "(initramfs)", "You are in emergency mode", "No bootable device"}
}

// expect waits for a text and gives what stood before it; both are taken.
func (c *console) expect(ctx context.Context, want string) (string, error) {
	for {
		c.mu.Lock()
		text, more, err := c.text.String(), c.more, c.err
		if before, after, found := strings.Cut(text, want); found {
			c.text.Reset()
			c.text.WriteString(after)
			c.mu.Unlock()
			return before, nil
		}
		c.mu.Unlock()
		for _, bad := range trouble() {
			if strings.Contains(text, bad) {
				return "", fmt.Errorf("the console says %q", ending(text))
			}
		}
		if err != nil {
			return "", fmt.Errorf("read the console: %w", err)
		}
		select {
		case <-more:
		case <-ctx.Done():
			return "", fmt.Errorf("wait for the console: %w; it said last %q", ctx.Err(), ending(text))
		}
	}
}

// ending is the end of a text, for an error.
func ending(s string) string {
	const most = 300
	s = strings.TrimSpace(s)
	return s[max(0, len(s)-most):]
}

// sendTimeout bounds one line to the console, which the guest has to take.
const sendTimeout = 20 * time.Second

func (c *console) send(line string) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return fmt.Errorf("write to the console: %w", err)
	}
	if _, err := c.conn.Write([]byte(line + "\n")); err != nil {
		return fmt.Errorf("write to the console: %w", err)
	}
	return nil
}

// calmEvery is how long the shell has to answer before it is called again.
const calmEvery = 3 * time.Second

// calm makes the shell quiet, so that it prints nothing but answers, and waits for it. The
// quotes keep an echo of the line from being taken for the answer.
func (c *console) calm(ctx context.Context) error {
	token, err := newToken()
	if err != nil {
		return err
	}
	for {
		if err := c.send("stty -echo; PS1= PS2=; echo @@'calm'-" + token + "@@"); err != nil {
			return err
		}
		once, cancel := context.WithTimeout(ctx, calmEvery)
		_, err := c.expect(once, "@@calm-"+token+"@@")
		cancel()
		if err == nil || !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return err
		}
	}
}

// chunk is how much of a script goes in one line: the terminal takes 4096 bytes at most
// before the shell has read them.
const chunk = 900

// run runs a script of the shell and gives what it printed. A non-zero exit status is an
// error that holds it.
func (c *console) run(ctx context.Context, script string) (string, error) {
	token, err := newToken()
	if err != nil {
		return "", err
	}
	code := base64.StdEncoding.EncodeToString([]byte(script))
	file := "/run/reprise-" + token
	if err := c.send("umask 077; : > " + file); err != nil {
		return "", err
	}
	for n := 0; len(code) > 0; n++ {
		part := code[:min(chunk, len(code))]
		code = code[len(part):]
		if err := c.send(fmt.Sprintf("printf %%s %s >> %s; echo @@'got'-%d-%s@@", part, file, n, token)); err != nil {
			return "", err
		}
		if _, err := c.expect(ctx, fmt.Sprintf("@@got-%d-%s@@", n, token)); err != nil {
			return "", err
		}
	}
	if err := c.send(fmt.Sprintf("echo @@'out'-%[1]s@@; base64 -d < %[2]s | (umask 022; sh 2>&1); s=$?; rm -f %[2]s; echo; echo @@'end'-%[1]s@@$s@@", token, file)); err != nil {
		return "", err
	}
	if _, err := c.expect(ctx, "@@out-"+token+"@@"); err != nil {
		return "", err
	}
	out, err := c.expect(ctx, "@@end-"+token+"@@")
	if err != nil {
		return "", err
	}
	status, err := c.expect(ctx, "@@")
	if err != nil {
		return "", err
	}
	out = strings.TrimSpace(strings.ReplaceAll(out, "\r\n", "\n"))
	if status != "0" {
		return out, fmt.Errorf("exit status %s: %s", status, ending(out))
	}
	return out, nil
}

// newToken tells this call's answers from any other's.
func newToken() (string, error) {
	var b [6]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("draw a token: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// has says whether the console printed a text that nobody took yet.
func (c *console) has(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Contains(c.text.String(), text)
}
