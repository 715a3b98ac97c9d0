package vm

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// labKey is the key pair with which a lab enters its guests.
type labKey struct {
	signer ssh.Signer
	public string // a line of authorized_keys
	pem    []byte // the private key, for ssh(1)
}

func newLabKey() (labKey, error) {
	private, err := newKey()
	if err != nil {
		return labKey{}, err
	}
	return labKey{signer: private.signer, public: private.line, pem: private.pem}, nil
}

// nodeKeys is what a guest is given: whom to let in, and who it is.
type nodeKeys struct {
	client      string // a line of authorized_keys
	hostPrivate string // the server's key, in the form of OpenSSH
	host        ssh.PublicKey
}

func newNodeKeys(k labKey) (nodeKeys, error) {
	private, err := newKey()
	if err != nil {
		return nodeKeys{}, err
	}
	return nodeKeys{client: k.public, hostPrivate: string(private.pem), host: private.signer.PublicKey()}, nil
}

type key struct {
	signer ssh.Signer
	line   string
	pem    []byte
}

func newKey() (key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return key{}, fmt.Errorf("make a key: %w", err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return key{}, fmt.Errorf("make a key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "reprise")
	if err != nil {
		return key{}, fmt.Errorf("make a key: %w", err)
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))) + " reprise"
	return key{signer: signer, line: line, pem: pem.EncodeToMemory(block)}, nil
}
