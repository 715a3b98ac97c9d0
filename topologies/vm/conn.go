package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	sshTimeout   = 60 * time.Second // until a guest that was set up lets us in
	dialTimeout  = 20 * time.Second // one attempt
	sshEvery     = 100 * time.Millisecond
	loginAccount = "root"
)

// client gives the one connection to the guest, made anew when it is gone.
func (n *node) client(ctx context.Context) (*ssh.Client, error) {
	select {
	case n.connTurn <- struct{}{}:
		defer func() { <-n.connTurn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if n.conn != nil {
		select {
		case <-n.connGone:
			n.conn = nil
		default:
			return n.conn, nil
		}
	}
	conn, err := n.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", n.Name, err)
	}
	n.conn, n.connGone = conn, make(chan struct{})
	go func(gone chan struct{}) {
		_ = conn.Wait() // however it ends
		close(gone)
	}(n.connGone)
	return conn, nil
}

// hangUp ends the connection, before the guest is another.
func (n *node) hangUp() {
	n.connTurn <- struct{}{}
	defer func() { <-n.connTurn }()
	if n.conn != nil {
		_ = n.conn.Close() // the guest need not answer any more
		n.conn = nil
	}
}

// dial tries until the guest's server answers. A wrong key is final.
func (n *node) dial(ctx context.Context) (*ssh.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, sshTimeout)
	defer cancel()
	var wrong error
	config := &ssh.ClientConfig{
		User: loginAccount, Auth: []ssh.AuthMethod{ssh.PublicKeys(n.lab.key.signer)},
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519}, Timeout: dialTimeout,
		HostKeyCallback: func(name string, remote net.Addr, k ssh.PublicKey) error {
			wrong = ssh.FixedHostKey(n.keys.host)(name, remote, k)
			return wrong
		},
	}
	tick := time.NewTicker(sshEvery)
	defer tick.Stop()
	for {
		conn, err := dialOnce(ctx, n.sshAt, config)
		if err == nil || wrong != nil {
			return conn, err
		}
		m, _ := n.current()
		if m == nil {
			return nil, errors.New("the machine is off")
		}
		select {
		case <-tick.C:
		case <-m.ended:
			return nil, m.death()
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to the guest: %w: %w", ctx.Err(), err)
		}
	}
}

func dialOnce(ctx context.Context, address string, config *ssh.ClientConfig) (*ssh.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn, channels, requests, err := ssh.NewClientConn(raw, address, config)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = raw.Close() // of no use any more
		return nil, err
	}
	return ssh.NewClient(conn, channels, requests), nil
}
