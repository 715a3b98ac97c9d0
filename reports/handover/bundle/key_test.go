package bundle_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"net"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

func privateKey(tb testing.TB, seed string) []byte {
	tb.Helper()
	sum := sha256.Sum256([]byte(seed))
	block, err := ssh.MarshalPrivateKey(ed25519.NewKeyFromSeed(sum[:]), seed)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}

func TestKeyWithPassphrase(t *testing.T) {
	sum := sha256.Sum256([]byte("partner"))
	block, err := ssh.MarshalPrivateKeyWithPassphrase(ed25519.NewKeyFromSeed(sum[:]), "partner", []byte("open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	data := pem.EncodeToMemory(block)
	word := func(s string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(s), nil } }
	signer, err := bundle.ParseSigner(data, word("open sesame"))
	if err != nil || bundle.Fingerprint(signer.PublicKey()) != bundle.Fingerprint(key(t, "partner").PublicKey()) {
		t.Errorf("%v", err)
	}
	if _, err := bundle.ParseSigner(data, word("wrong")); err == nil {
		t.Error("a wrong passphrase is accepted")
	}
	if _, err := bundle.ParseSigner(data, func() ([]byte, error) { return nil, errors.New("no terminal") }); err == nil || err.Error() != "no terminal" {
		t.Errorf("%v", err)
	}
	ids, err := bundle.ParseIdentities(data, word("open sesame"))
	if err != nil || len(ids) != 1 {
		t.Errorf("%v, %v", ids, err)
	}
}

// An old RSA key signs and opens as well.
func TestRSA(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "old")
	if err != nil {
		t.Fatal(err)
	}
	file := pem.EncodeToMemory(block)
	o := options(runDir(t, "main"))
	if o.Pack.Signer, err = bundle.ParseSigner(file, nil); err != nil {
		t.Fatal(err)
	}
	if o.Pack.Recipients, err = bundle.ParseRecipients(ssh.MarshalAuthorizedKey(o.Pack.Signer.PublicKey())); err != nil {
		t.Fatal(err)
	}
	ids, err := bundle.ParseIdentities(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := wantOK(t, create(t, o), bundle.ReadOptions{Identities: ids}, bundle.VerifyOptions{})
	if r.Signature == nil || r.Signature.Key != "ssh-rsa" {
		t.Errorf("%+v", r.Signature)
	}
}

func TestAgentSigns(t *testing.T) {
	ring := agent.NewKeyring()
	sum := sha256.Sum256([]byte("partner"))
	if err := ring.Add(agent.AddedKey{PrivateKey: ed25519.NewKeyFromSeed(sum[:])}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test is over
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = agent.ServeAgent(ring, c) // ends with the connection
		}
	}()
	signer, done, err := bundle.AgentSigner(socket, key(t, "partner").PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	o := options(runDir(t, "main"))
	o.Pack.Signer = signer
	r := wantOK(t, create(t, o), bundle.ReadOptions{}, bundle.VerifyOptions{})
	if err := done(); err != nil {
		t.Error(err)
	}
	if r.Signature == nil || r.Signature.Fingerprint != bundle.Fingerprint(signer.PublicKey()) {
		t.Errorf("%+v", r.Signature)
	}
	if _, _, err := bundle.AgentSigner(socket, key(t, "other").PublicKey()); err == nil {
		t.Error("a key that the agent does not hold")
	}
	if _, _, err := bundle.AgentSigner("", signer.PublicKey()); err == nil {
		t.Error("no agent at all")
	}
}
