package transport

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/reprise-lab/reprise/drivers"
)

// credentials are resolved references.
type credentials struct {
	user     string
	password drivers.Secret
	signers  func() ([]ssh.Signer, error) // nil without a key
	done     func()
}

func resolve(user, password, key string) (credentials, error) {
	c := credentials{user: user, done: func() {}}
	var err error
	if c.password, err = drivers.ResolveSecret(password); err != nil {
		return c, err
	}
	kind, where, _ := strings.Cut(key, ":")
	switch {
	case key == "":
	case key == "agent":
		return c, c.fromAgent()
	case kind == "file":
		pem, err := keyFile(where)
		if err != nil {
			return c, fmt.Errorf("read key: %w", err)
		}
		signer, err := ssh.ParsePrivateKey(pem)
		if err != nil {
			return c, fmt.Errorf("read key %s: %w", where, err)
		}
		c.signers = func() ([]ssh.Signer, error) { return []ssh.Signer{signer}, nil }
	default:
		return c, fmt.Errorf("key: %w", drivers.ErrLiteral)
	}
	return c, nil
}

// fromAgent offers the keys of the running ssh-agent.
func (c *credentials) fromAgent() error {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return fmt.Errorf("ask the ssh-agent: SSH_AUTH_SOCK is not set")
	}
	conn, err := net.Dial("unix", socket) //nolint:noctx,gosec // the socket of the user's own agent, as ssh finds it
	if err != nil {
		return fmt.Errorf("ask the ssh-agent: %w", err)
	}
	c.signers = agent.NewClient(conn).Signers
	c.done = func() { _ = conn.Close() }
	return nil
}

// methods are the ways to authenticate, most trusted first.
func (c credentials) methods() []ssh.AuthMethod {
	var m []ssh.AuthMethod
	if c.signers != nil {
		m = append(m, ssh.PublicKeysCallback(c.signers))
	}
	password := c.password.Reveal()
	return append(m, ssh.Password(password), ssh.KeyboardInteractive(
		func(_, _ string, questions []string, _ []bool) ([]string, error) {
			answers := make([]string, len(questions))
			for i := range answers {
				answers[i] = password
			}
			return answers, nil
		}))
}

// keyFile reads a private key.
func keyFile(name string) ([]byte, error) {
	const most = 1 << 16 // bytes
	f, err := drivers.OpenPlain(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return io.ReadAll(io.LimitReader(f, most))
}
