package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"net"

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

// Fingerprint names a key as ssh-keygen -l does.
func Fingerprint(key ssh.PublicKey) string { return ssh.FingerprintSHA256(key) }
