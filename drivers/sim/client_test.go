package sim_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/reprise-lab/reprise/drivers/sim"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// client types at a session and reads until it sees what it waits for.
type client struct {
	t    *testing.T
	w    io.Writer
	c    net.Conn
	read chan []byte
	seen string
}

func newClient(t *testing.T, r io.Reader, w io.Writer) *client {
	t.Helper()
	c := &client{t: t, w: w, read: make(chan []byte, 1024)}
	go func() {
		defer close(c.read)
		for {
			buf := make([]byte, 32<<10)
			n, err := r.Read(buf)
			if n > 0 {
				c.read <- buf[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return c
}

func dial(t *testing.T, addr net.Addr) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr.String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := newClient(t, conn, conn)
	c.c = conn
	return c
}

// dialSSH opens a shell with a terminal of 24 rows.
func dialSSH(t *testing.T, s *sim.Switch, addr net.Addr, user, password string) *client {
	t.Helper()
	config := &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(password)},
		HostKeyCallback: ssh.FixedHostKey(s.HostKey()), Timeout: patience,
	}
	conn, err := ssh.Dial("tcp", addr.String(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	session, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.RequestPty("vt100", 24, 80, nil); err != nil {
		t.Fatal(err)
	}
	if err := session.Shell(); err != nil {
		t.Fatal(err)
	}
	return newClient(t, out, in)
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.w, text); err != nil {
		c.t.Fatalf("send %q: %v", text, err)
	}
}

// until reads up to and with the first of the wanted texts and gives what was read.
func (c *client) until(want ...string) string {
	c.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		for _, w := range want {
			if i := strings.Index(c.seen, w); i >= 0 {
				got := c.seen[:i+len(w)]
				c.seen = c.seen[i+len(w):]
				return got
			}
		}
		select {
		case p, ok := <-c.read:
			if !ok {
				c.t.Fatalf("session ended while waiting for %q; seen:\n%s", want, c.seen)
			}
			c.seen += string(p)
		case <-timer.C:
			c.t.Fatalf("no %q; seen:\n%s", want, c.seen)
		}
	}
}

// untilOrEnd reads up to and with want; it reports false when the session ends before.
func (c *client) untilOrEnd(want string) bool {
	c.t.Helper()
	for !strings.Contains(c.seen, want) {
		p, ok := <-c.read
		if !ok {
			return false
		}
		c.seen += string(p)
	}
	_, c.seen, _ = strings.Cut(c.seen, want)
	return true
}

// end reads until the session ends and gives what was read.
func (c *client) end() string {
	c.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case p, ok := <-c.read:
			if !ok {
				return c.seen
			}
			c.seen += string(p)
		case <-timer.C:
			c.t.Fatalf("session does not end; seen:\n%s", c.seen)
		}
	}
}

// run gives a command and its answer without echo and prompt.
func (c *client) run(line, prompt string) string {
	c.t.Helper()
	c.send(line + "\r")
	c.until(line + "\r\n")
	got := c.until(prompt)
	if i := strings.LastIndex(got, "\r\n"); i >= 0 {
		got = got[:i+2]
	} else {
		got = ""
	}
	return strings.ReplaceAll(got, "\r\n", "\n")
}

// start makes a switch that is closed at the end of the test.
func start(t *testing.T, c sim.Config) *sim.Switch {
	t.Helper()
	s, err := sim.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
