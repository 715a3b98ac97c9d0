package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"path"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Namespace is the one that a bundle's signature is made for, as in
// ssh-keygen -Y verify -n reprise-bundle.
const Namespace = "reprise-bundle"

// Sign signs bytes for a namespace, such as those of a manifest for [Namespace], and gives
// the armored signature.
func Sign(namespace string, data []byte, signer ssh.Signer) ([]byte, error) {
	sig, err := sshsig.Sign(bytes.NewReader(data), signer, sshsig.HashSHA512, namespace)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return sshsig.Armor(sig), nil
}

// ParseSigner reads an ssh private key. passphrase is asked for where the key has one.
func ParseSigner(data []byte, passphrase func() ([]byte, error)) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(data)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); !locked {
		return signer, err
	}
	word, err := passphrase()
	if err != nil {
		return nil, err
	}
	return ssh.ParsePrivateKeyWithPassphrase(data, word)
}

// AgentSigner finds the private half of a public key in the ssh-agent at a socket. The
// connection ends with close.
func AgentSigner(socket string, pub ssh.PublicKey) (signer ssh.Signer, closeAgent func() error, err error) {
	if socket == "" {
		return nil, nil, errors.New("no ssh-agent runs (SSH_AUTH_SOCK is empty): give the private key instead")
	}
	conn, err := net.Dial("unix", socket) //nolint:noctx // a local socket answers or does not
	if err != nil {
		return nil, nil, fmt.Errorf("reach the ssh-agent: %w", err)
	}
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("ask the ssh-agent: %w", err), conn.Close())
	}
	for _, s := range signers {
		if bytes.Equal(s.PublicKey().Marshal(), pub.Marshal()) {
			return s, conn.Close, nil
		}
	}
	return nil, nil, errors.Join(fmt.Errorf("the ssh-agent does not hold %s", ssh.FingerprintSHA256(pub)), conn.Close())
}

// Signature is what was found of a bundle's signature.
type Signature struct {
	Key         string `json:"key"` // algorithm
	Fingerprint string `json:"fingerprint"`
	// Principals are the names that the signers' file gives the key; nil without such a file.
	Principals []string `json:"principals,omitempty"`
}

// CheckSignature checks an armored signature that was made over bytes for a namespace. It
// says nothing about whose key it is: see [Signers].
func CheckSignature(namespace string, data, armored []byte) (Signature, ssh.PublicKey, error) {
	sig, err := sshsig.Unarmor(armored)
	if err != nil {
		return Signature{}, nil, &DamagedError{"the signature cannot be read", err}
	}
	s := Signature{Key: sig.PublicKey.Type(), Fingerprint: ssh.FingerprintSHA256(sig.PublicKey)}
	if !bytes.Equal(sshsig.Armor(sig), armored) {
		return s, nil, damaged("the signature is not written the way it is made")
	}
	if sig.Namespace != namespace {
		return s, nil, damaged("the signature was made for %q and not for %q", sig.Namespace, namespace)
	}
	if err := sshsig.Verify(bytes.NewReader(data), sig, sig.PublicKey, sig.HashAlgorithm, namespace); err != nil {
		return s, nil, &DamagedError{"the signature does not belong to what it stands beside", err}
	}
	return s, sig.PublicKey, nil
}

// Signers is a list of keys and the names that they sign for, in the format that ssh-keygen
// calls allowed signers.
type Signers []signer

type signer struct {
	principals []string
	key        ssh.PublicKey
	after      time.Time
	before     time.Time
	namespaces []string
}

// ParseSigners reads an allowed-signers file. Certificate authorities are an error: a
// signature by a certificate is not accepted.
func ParseSigners(data []byte) (Signers, error) {
	var out Signers
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := parseSigner(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, errors.New("it names no signer")
	}
	return out, nil
}

func parseSigner(line string) (signer, error) {
	var s signer
	names, rest, ok := cutPrincipals(line)
	if !ok {
		return s, errors.New("want PRINCIPALS [OPTIONS] KEYTYPE KEY")
	}
	s.principals = strings.Split(names, ",")
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil {
		return s, err
	}
	s.key = key
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "namespaces":
			s.namespaces = strings.Split(value, ",")
		case "valid-after":
			s.after, err = parseSignerTime(value)
		case "valid-before":
			s.before, err = parseSignerTime(value)
		default:
			err = fmt.Errorf("the option %s is not known here", name)
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

func cutPrincipals(line string) (names, rest string, ok bool) {
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		return strings.Cut(quoted, `"`)
	}
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

// parseSignerTime reads YYYYMMDD[HHMM[SS]][Z]; without Z it is local time, as for ssh-keygen.
func parseSignerTime(s string) (time.Time, error) {
	where := time.Local
	if t, ok := strings.CutSuffix(s, "Z"); ok {
		s, where = t, time.UTC
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(s) == len(layout) {
			return time.ParseInLocation(layout, s, where)
		}
	}
	return time.Time{}, fmt.Errorf("time %q: want YYYYMMDD[HHMM[SS]][Z]", s)
}

// Principals are the names that a key may sign for in a namespace at a time.
func (ss Signers) Principals(namespace string, key ssh.PublicKey, now time.Time) []string {
	var names []string
	for _, s := range ss {
		if !bytes.Equal(s.key.Marshal(), key.Marshal()) || !s.after.IsZero() && now.Before(s.after) || !s.before.IsZero() && !now.Before(s.before) {
			continue
		}
		allowed := len(s.namespaces) == 0
		for _, pattern := range s.namespaces {
			if match, err := path.Match(pattern, namespace); err == nil && match {
				allowed = true
			}
		}
		if allowed {
			names = append(names, s.principals...)
		}
	}
	return names
}

// Fingerprint names a key as ssh-keygen -l does.
func Fingerprint(key ssh.PublicKey) string { return ssh.FingerprintSHA256(key) }
