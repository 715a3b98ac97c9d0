package bundle

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"
)

// ErrLocked is returned for an encrypted bundle that none of the identities opens.
var ErrLocked = errors.New("it is encrypted, and none of the keys given opens it")

const (
	ageMagic   = "age-encryption.org/v1\n"
	armorMagic = armor.Header + "\n"
	maxKeyFile = 1 << 20
)

// ParseRecipient reads one recipient: age1…, or an ssh-ed25519 or ssh-rsa public key.
func ParseRecipient(s string) (age.Recipient, error) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "ssh-") {
		r, err := agessh.ParseRecipient(s)
		if err != nil {
			return nil, fmt.Errorf("recipient %.40s: %w", s, err)
		}
		return r, nil
	}
	rs, err := age.ParseRecipients(strings.NewReader(s))
	if err != nil || len(rs) != 1 {
		return nil, fmt.Errorf("recipient %.40q: want age1…, ssh-ed25519 … or ssh-rsa …", s)
	}
	return rs[0], nil
}

// ParseRecipients reads a file of recipients, one a line; blank lines and those that begin
// with # are passed over.
func ParseRecipients(data []byte) ([]age.Recipient, error) {
	var out []age.Recipient
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := ParseRecipient(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, errors.New("it names no recipient")
	}
	return out, nil
}

// ParseIdentities reads the keys that open a bundle: an age identity file or an ssh private
// key. passphrase is asked for where the ssh key has one.
func ParseIdentities(data []byte, passphrase func() ([]byte, error)) ([]age.Identity, error) {
	if len(data) > maxKeyFile {
		return nil, errors.New("a key file is not this large")
	}
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		return age.ParseIdentities(bytes.NewReader(data))
	}
	id, err := agessh.ParseIdentity(data)
	if locked, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok {
		if locked.PublicKey == nil {
			return nil, errors.New("the key is encrypted in an old format: convert it with ssh-keygen -p -o -f KEY")
		}
		id, err = agessh.NewEncryptedSSHIdentity(locked.PublicKey, data, passphrase)
	}
	if err != nil {
		return nil, err
	}
	return []age.Identity{id}, nil
}

// decrypt gives the plain bundle within an encrypted one.
func decrypt(at io.ReaderAt, size int64, ids []age.Identity) (io.ReaderAt, int64, error) {
	if len(ids) == 0 {
		return nil, 0, ErrLocked
	}
	plain, n, err := age.DecryptReaderAt(at, size, ids...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, 0, ErrLocked
	case err != nil:
		return nil, 0, &DamagedError{"the encryption", err}
	}
	return plain, n, nil
}

// unarmor gives the binary form of an armored bundle. It is held in memory, and bounded:
// armor is for what is pasted into a ticket.
func unarmor(at io.ReaderAt, size int64) ([]byte, error) {
	if size > maxArmored {
		return nil, &LimitError{fmt.Sprintf("an armored bundle of %d bytes: take the armor off with age -d", size)}
	}
	whole := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(at, 0, size), whole); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	data, err := io.ReadAll(armor.NewReader(bufio.NewReader(bytes.NewReader(whole))))
	if err != nil {
		return nil, &DamagedError{"the armor", err}
	}
	// The armor has room for blanks; what is accepted is what is written.
	var again bytes.Buffer
	w := armor.NewWriter(&again)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if !bytes.Equal(again.Bytes(), whole) {
		return nil, damaged("the armor is not written the way age writes it")
	}
	return data, nil
}

const maxArmored = 64 << 20
