package escalate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// passphrase asks on the terminal, and nowhere else: a passphrase is no argument.
func passphrase(ctx context.Context, file string) func() ([]byte, error) {
	return func() ([]byte, error) {
		tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		if err != nil {
			return nil, errors.New("it has a passphrase, and there is no terminal to ask for it: load the key into ssh-agent and give its .pub file")
		}
		defer tty.Close() //nolint:errcheck // only read from and prompted on
		return cli.AskSecret(ctx, tty, "passphrase of "+file+": ")
	}
}

// signingKey reads a private key, or finds that of a public key in the ssh-agent.
func signingKey(ctx context.Context, file string) (ssh.Signer, func() error, error) {
	none := func() error { return nil }
	if file == "" {
		return nil, none, nil
	}
	data, err := plain.Read(file, plain.Text)
	if err != nil {
		return nil, none, cli.InputError("read signing key: %w", err)
	}
	if pub, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil && !bytes.Contains(data, []byte("PRIVATE KEY")) {
		signer, done, err := bundle.AgentSigner(os.Getenv("SSH_AUTH_SOCK"), pub)
		if err != nil {
			return nil, none, cli.WithCode(cli.ExitEnvironment, fmt.Errorf("sign with %s: %w", file, err))
		}
		return signer, done, nil
	}
	signer, err := bundle.ParseSigner(data, passphrase(ctx, file))
	if ctx.Err() != nil {
		return nil, none, ctx.Err()
	}
	if err != nil {
		return nil, none, cli.InputError("sign with %s: %w (want an ssh private key, or a public key that the ssh-agent holds)", file, err)
	}
	return signer, none, nil
}

// recipients reads who may open the bundle. The words are what the custody log says of them.
func recipients(to, files []string) (all []age.Recipient, words []string, err error) {
	for _, s := range to {
		if data, err := plain.Read(s, plain.Text); err == nil { // a key file is meant
			s = strings.TrimSpace(string(data))
		}
		r, err := bundle.ParseRecipient(s)
		if err != nil {
			return nil, nil, cli.InputError("--to: %w", err)
		}
		all, words = append(all, r), append(words, recipientWord(s))
	}
	for _, file := range files {
		data, err := plain.Read(file, plain.Text)
		if err != nil {
			return nil, nil, cli.InputError("read recipients: %w", err)
		}
		rs, err := bundle.ParseRecipients(data)
		if err != nil {
			return nil, nil, cli.InputError("-R %s: %w", file, err)
		}
		all = append(all, rs...)
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				words = append(words, recipientWord(line))
			}
		}
	}
	return all, words, nil
}

// recipientWord names a key in short: an ssh key by its fingerprint and comment.
func recipientWord(s string) string {
	pub, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(s))
	if err != nil {
		return s
	}
	return strings.TrimSpace(ssh.FingerprintSHA256(pub) + " " + comment)
}
