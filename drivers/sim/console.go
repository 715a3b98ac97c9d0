package sim

import (
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// console is the one serial line of a switch. Whoever connects sees what comes from now on and
// types into whatever state the last one left; without anybody the line goes on all the same.
type console struct {
	sw   *Switch
	in   chan []byte
	once sync.Once

	mu    sync.Mutex
	users map[io.ReadWriteCloser]struct{}
}

// consolePatience is how long a reader of the line may take before it is hung up on, as a
// terminal server drops what nobody reads.
const consolePatience = 10 * time.Second

func newConsole(s *Switch) *console {
	return &console{sw: s, in: make(chan []byte), users: map[io.ReadWriteCloser]struct{}{}}
}

// start runs the line's session if it does not run yet.
func (c *console) start() {
	c.once.Do(func() { c.sw.wg.Go(c.run) })
}

func (c *console) run() {
	for c.sw.ctx.Err() == nil {
		ph, changed := c.sw.phaseNow()
		if ph == phaseDown {
			c.print(c.sw.plat.bootText())
			c.discard(changed)
			c.print([]string{c.sw.plat.readyText()})
			continue
		}
		ses := c.sw.newSession(c, KindConsole, c.in)
		_ = ses.run()
		_ = ses.Close()
	}
}

// discard drops what is typed while nothing listens.
func (c *console) discard(until <-chan struct{}) {
	for {
		select {
		case <-c.in:
		case <-until:
			return
		case <-c.sw.ctx.Done():
			return
		}
	}
}

// attach joins a stream to the line until one of them ends.
func (c *console) attach(rwc io.ReadWriteCloser) {
	c.start()
	c.mu.Lock()
	c.users[rwc] = struct{}{}
	closed := c.sw.ctx.Err() != nil
	c.mu.Unlock()
	defer c.detach(rwc)
	if closed {
		return
	}
	for {
		buf := make([]byte, 4096)
		n, err := rwc.Read(buf)
		if n > 0 {
			select {
			case c.in <- buf[:n]:
			case <-c.sw.ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *console) detach(rwc io.ReadWriteCloser) {
	c.mu.Lock()
	delete(c.users, rwc)
	c.mu.Unlock()
	_ = rwc.Close()
}

func (c *console) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for u := range c.users {
		_ = u.Close()
	}
}

// print writes lines of the switch itself, wherever the cursor is.
func (c *console) print(lines []string) {
	if len(lines) > 0 {
		_, _ = io.WriteString(c, "\r\n"+strings.ReplaceAll(strings.Join(lines, "\n"), "\n", "\r\n")+"\r\n")
	}
}

// Write sends to everybody on the line. It never fails for want of a reader.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for u := range c.users {
		if d, ok := u.(interface{ SetWriteDeadline(time.Time) error }); ok {
			_ = d.SetWriteDeadline(time.Now().Add(consolePatience))
		}
		if _, err := u.Write(p); err != nil {
			delete(c.users, u)
			_ = u.Close()
		}
	}
	if c.sw.ctx.Err() != nil {
		return 0, net.ErrClosed
	}
	return len(p), nil
}

// Read is not used: what is typed comes through the channel.
func (*console) Read([]byte) (int, error) { return 0, io.EOF }

// Close does nothing: a line cannot be closed.
func (*console) Close() error { return nil }
