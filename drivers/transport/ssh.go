package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/reprise-lab/reprise/drivers"
)

func dialSSH(ctx context.Context, a drivers.Access, c credentials) (*Conn, error) {
	defer c.done()
	hosts, err := newHostKeys(a)
	if err != nil {
		return nil, err
	}
	config := &ssh.ClientConfig{
		User: c.user, Auth: c.methods(), HostKeyCallback: hosts.check, HostKeyAlgorithms: hosts.algorithms(), Timeout: dialTimeout,
	}
	if a.Legacy {
		offerLegacy(config)
	}
	raw, err := dialTCP(ctx, a.Address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	s, err := handshake(raw, a.Address, config)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		if s != nil {
			_ = s.Close()
		}
		_ = raw.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, explain(err, a.Legacy)
	}
	notes := hosts.notes
	if weak := s.weak(); len(weak) > 0 {
		notes = append(notes, "the ssh session with "+a.Address+" uses "+strings.Join(weak, ", ")+", which are no longer safe")
	}
	return &Conn{ReadWriteCloser: s, Notes: notes}, nil
}

// offerLegacy adds, behind the safe ones, the algorithms that old devices are left with.
func offerLegacy(c *ssh.ClientConfig) {
	safe, old := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	c.KeyExchanges = append(safe.KeyExchanges, old.KeyExchanges...)
	c.Ciphers = append(safe.Ciphers, old.Ciphers...)
	c.MACs = append(safe.MACs, old.MACs...)
	if c.HostKeyAlgorithms == nil {
		c.HostKeyAlgorithms = append(safe.HostKeys, old.HostKeys...)
	}
}

// explain gives an error of the handshake its class.
func explain(err error, legacy bool) error {
	var unknown *UnknownHostError
	var changed *ChangedHostError
	switch text := err.Error(); {
	case errors.As(err, &unknown):
		return unknown
	case errors.As(err, &changed):
		return changed
	case strings.Contains(text, "unable to authenticate"):
		return fmt.Errorf("%w: %w", drivers.ErrAuth, err)
	case strings.Contains(text, "no common algorithm") && !legacy:
		return fmt.Errorf("%w: %w; an old device may need legacy: true in the inventory", drivers.ErrUnreachable, err)
	default:
		return fmt.Errorf("%w: %w", drivers.ErrUnreachable, err)
	}
}

// shell is the interactive shell of an ssh session, on a terminal.
type shell struct {
	client  *ssh.Client
	session *ssh.Session
	in      io.WriteCloser
	out     io.Reader
}

func handshake(raw net.Conn, address string, config *ssh.ClientConfig) (*shell, error) {
	if err := raw.SetDeadline(time.Now().Add(2 * dialTimeout)); err != nil {
		return nil, err
	}
	conn, channels, requests, err := ssh.NewClientConn(raw, address, config)
	if err != nil {
		return nil, err
	}
	s := &shell{client: ssh.NewClient(conn, channels, requests)}
	if s.session, err = s.client.NewSession(); err != nil {
		return s, fmt.Errorf("open session: %w", err)
	}
	modes := ssh.TerminalModes{ssh.ECHO: 1, ssh.TTY_OP_ISPEED: 38400, ssh.TTY_OP_OSPEED: 38400}
	if err = s.session.RequestPty("vt100", rows, columns, modes); err != nil {
		return s, fmt.Errorf("ask for a terminal: %w", err)
	}
	if s.in, err = s.session.StdinPipe(); err != nil {
		return s, err
	}
	if s.out, err = s.session.StdoutPipe(); err != nil {
		return s, err
	}
	if err = s.session.Shell(); err != nil {
		return s, fmt.Errorf("open command line: %w", err)
	}
	return s, raw.SetDeadline(time.Time{})
}

func (s *shell) Read(p []byte) (int, error)  { return s.out.Read(p) }
func (s *shell) Write(p []byte) (int, error) { return s.in.Write(p) }

// Close ends the connection. A session that the device ended is closed all the same.
func (s *shell) Close() error {
	// Not the session first: saying goodbye may wait for a device that does not read.
	if err := s.client.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// weak names the negotiated algorithms that are no longer safe.
func (s *shell) weak() []string {
	m, ok := s.client.Conn.(ssh.AlgorithmsConnMetadata)
	if !ok {
		return nil
	}
	n, old := m.Algorithms(), ssh.InsecureAlgorithms()
	var weak []string
	for _, x := range []struct {
		name string
		list []string
	}{
		{n.KeyExchange, old.KeyExchanges},
		{n.HostKey, old.HostKeys},
		{n.Read.Cipher, old.Ciphers},
		{n.Write.Cipher, old.Ciphers},
		{n.Read.MAC, old.MACs},
		{n.Write.MAC, old.MACs},
	} {
		if slices.Contains(x.list, x.name) && !slices.Contains(weak, x.name) {
			weak = append(weak, x.name)
		}
	}
	return weak
}
