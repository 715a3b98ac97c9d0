package sim

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// ListenSSH serves ssh on addr (host:port) until Close; the address that is really used
// comes back. While the switch is down, connections are refused.
func (s *Switch) ListenSSH(addr string) (net.Addr, error) {
	config := s.sshConfig()
	return s.listen("ssh", addr, phaseUp, func(c net.Conn) { s.serveSSH(c, config) })
}

// ListenTelnet serves telnet on addr until Close. While the switch is down, connections are
// refused.
func (s *Switch) ListenTelnet(addr string) (net.Addr, error) {
	return s.listen("telnet", addr, phasePending, func(c net.Conn) {
		t := newTelnet(c)
		s.serveStream(t, KindTelnet, func(ses *session) { t.size = ses.resize })
	})
}

// ListenConsole serves the console as a terminal server's raw TCP port. Every connection is
// on the same line. It answers while the switch is down, too.
func (s *Switch) ListenConsole(addr string) (net.Addr, error) {
	s.line.start()
	return s.listen("console", addr, phaseDown, func(c net.Conn) { s.line.attach(c) })
}

// ListenConsoleTelnet serves the console as a terminal server's telnet port.
func (s *Switch) ListenConsoleTelnet(addr string) (net.Addr, error) {
	s.line.start()
	return s.listen("console", addr, phaseDown, func(c net.Conn) { s.line.attach(newTelnet(c)) })
}

// Serve serves one session on any stream, and returns when it has ended. KindConsole joins the
// stream to the console; KindShell is logged in as the first user. The stream is closed; its
// Close must end a Read and a Write that wait.
func (s *Switch) Serve(rwc io.ReadWriteCloser, kind Kind) {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.wg.Add(1)
	}
	s.mu.Unlock()
	if closed {
		_ = rwc.Close()
		return
	}
	defer s.wg.Done()
	if kind == KindConsole {
		s.line.attach(rwc)
		return
	}
	s.serveStream(rwc, kind, func(*session) {})
}

func (s *Switch) serveStream(rwc io.ReadWriteCloser, kind Kind, ready func(*session)) {
	in := make(chan []byte)
	ses := s.newSession(rwc, kind, in)
	ready(ses)
	if kind == KindShell {
		s.mu.Lock()
		if users := s.accountsLocked(); len(users) > 0 {
			ses.user, ses.name = users[0], users[0].Name
		}
		s.mu.Unlock()
	}
	s.wg.Go(func() {
		pump(rwc, in, ses.dead)
		_ = ses.Close() // who hung up waits for no answer
	})
	_ = ses.run()
	_ = ses.Close()
}

// listen accepts connections until Close, and refuses them while the switch has not booted as
// far as least.
func (s *Switch) listen(what, addr string, least phase, serve func(net.Conn)) (net.Addr, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(s.ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w", what, err)
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		_ = l.Close()
		return nil, fmt.Errorf("listen for %s: %w", what, net.ErrClosed)
	}
	if least > phaseDown {
		s.listeners = append(s.listeners, l)
	}
	s.wg.Add(1)
	s.mu.Unlock()
	stop := context.AfterFunc(s.ctx, func() { _ = l.Close() })
	go func() {
		defer s.wg.Done()
		defer stop()
		s.accept(l, least, serve)
	}()
	return l.Addr(), nil
}

func (s *Switch) accept(l net.Listener, least phase, serve func(net.Conn)) {
	defer func() { _ = l.Close() }()
	for s.ctx.Err() == nil {
		if ph, changed := s.phaseNow(); ph < least {
			suspend(l)
			select {
			case <-changed:
			case <-s.ctx.Done():
			}
			continue
		}
		resume(l)
		c, err := l.Accept()
		if err != nil {
			s.wait(10*time.Millisecond, nil)
			continue
		}
		if ph, _ := s.phaseNow(); ph < least || least > phaseDown && !s.track(c) {
			refuse(c)
			continue
		}
		s.wg.Go(func() {
			serve(c)
			_ = c.Close()
			s.forget(c)
		})
	}
}

// refuse resets a connection: the client sees that nobody is there.
func refuse(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}
