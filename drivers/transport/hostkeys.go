package transport

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/reprise-lab/reprise/drivers"
)

// UnknownHostError says that a host's key is in no known_hosts file. A person who trusts
// the fingerprint adds Line to File ([UnknownHostError.Accept]).
type UnknownHostError struct {
	Address, Fingerprint, File, Line string
}

func (e *UnknownHostError) Error() string {
	return fmt.Sprintf("the ssh host key of %s is not known: %s; compare it with the device and accept it once (--accept-new), or add it to %s", e.Address, e.Fingerprint, e.File)
}

// Accept writes the key to the file.
func (e *UnknownHostError) Accept() error {
	if err := os.MkdirAll(filepath.Dir(e.File), 0o700); err != nil {
		return fmt.Errorf("keep host key: %w", err)
	}
	f, err := os.OpenFile(e.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep host key: %w", err)
	}
	_, err = f.WriteString(e.Line + "\n")
	return errors.Join(err, f.Close())
}

// ChangedHostError says that a host shows another key than the one that is known: another
// device answers at the address, or somebody listens in.
type ChangedHostError struct {
	Address, Fingerprint, Known string
}

func (e *ChangedHostError) Error() string {
	return fmt.Sprintf("the ssh host key of %s has changed to %s; known is %s; another device answers there, or somebody in between: find out before removing that line", e.Address, e.Fingerprint, e.Known)
}

// hostKeys checks the key of one host against the access's file.
type hostKeys struct {
	address, file string
	acceptNew     bool
	known         ssh.HostKeyCallback
	notes         []string
}

func newHostKeys(a drivers.Access) (*hostKeys, error) {
	h := &hostKeys{address: a.Address, file: a.KnownHosts, acceptNew: a.AcceptNew}
	if h.file == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("find known_hosts: %w", err)
		}
		h.file = filepath.Join(home, ".ssh", "known_hosts")
	}
	info, err := os.Stat(h.file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		h.known = func(string, net.Addr, ssh.PublicKey) error { return &knownhosts.KeyError{} }
	case err != nil:
		return nil, fmt.Errorf("read host keys: %w", err)
	case info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0: // whose reader waits
		return nil, fmt.Errorf("read host keys: %s is not a regular file", h.file)
	default:
		if h.known, err = knownhosts.New(h.file); err != nil {
			return nil, fmt.Errorf("read host keys: %w", err)
		}
	}
	return h, nil
}

func (h *hostKeys) check(address string, remote net.Addr, key ssh.PublicKey) error {
	err := h.known(address, remote, key)
	var wrong *knownhosts.KeyError
	if err == nil || !errors.As(err, &wrong) {
		return err
	}
	if len(wrong.Want) > 0 {
		return &ChangedHostError{Address: h.address, Fingerprint: ssh.FingerprintSHA256(key), Known: wrong.Want[0].String()}
	}
	unknown := &UnknownHostError{
		Address: h.address, Fingerprint: key.Type() + " " + ssh.FingerprintSHA256(key), File: h.file,
		Line: knownhosts.Line([]string{knownhosts.Normalize(address)}, key),
	}
	if !h.acceptNew {
		return unknown
	}
	h.notes = append(h.notes, "the ssh host key of "+h.address+" was believed at first sight: "+unknown.Fingerprint)
	return unknown.Accept()
}

// algorithms are the host key algorithms to ask for: those of the keys that are known, so
// that a host with several keys shows the one that can be checked. nil asks for any.
func (h *hostKeys) algorithms() []string {
	var wrong *knownhosts.KeyError
	if !errors.As(h.known(h.address, &net.TCPAddr{}, noKey{}), &wrong) {
		return nil
	}
	var names []string
	for _, k := range wrong.Want {
		if k.Key.Type() == ssh.KeyAlgoRSA {
			names = append(names, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA)
			continue
		}
		names = append(names, k.Key.Type())
	}
	return names
}

// noKey is a key that no host has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }
