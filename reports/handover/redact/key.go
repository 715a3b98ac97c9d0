package redact

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/reprise-lab/reprise/topologies/plain"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// ErrKey says that a key file holds no key.
var ErrKey = errors.New("no redaction key: want 64 hex digits")

// Key is the owner's secret: who holds it can reverse every replacement, who does not
// learns nothing from a replacement but its shape. It cannot be printed or marshalled
// by accident. The zero value is refused by [New].
type Key struct{ b [KeySize]byte }

// NewKey makes a random key, one for each bundle.
func NewKey() Key {
	var k Key
	_, _ = rand.Read(k.b[:]) // never fails (crypto/rand)
	return k
}

// ParseKey reads a key from its 64 hex digits.
func ParseKey(text string) (Key, error) {
	var k Key
	data, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(data) != KeySize {
		return k, ErrKey
	}
	copy(k.b[:], data)
	return k, nil
}

// ReadKeyFile reads a key that [Key.WriteKeyFile] wrote. A file that others may read is refused.
func ReadKeyFile(path string) (Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Key{}, fmt.Errorf("read key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("read key %s: %w: others may read it (want mode 0600)", path, fs.ErrPermission)
	}
	data, err := plain.Read(path, plain.Text)
	if err != nil {
		return Key{}, fmt.Errorf("read key: %w", err)
	}
	k, err := ParseKey(string(data))
	if err != nil {
		return k, fmt.Errorf("read key %s: %w", path, err)
	}
	return k, nil
}

// WriteKeyFile writes the key as hex, readable by its owner only. It does not overwrite.
func (k Key) WriteKeyFile(path string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteString(hex.EncodeToString(k.b[:]) + "\n"); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

// String shows that there is a key, not which.
func (k Key) String() string { return "redaction key" }

// GoString is String, so that %#v prints nothing either.
func (k Key) GoString() string { return "redact.Key{}" }

// MarshalText gives no text of the key.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// sub derives the key of one purpose (RFC 5869).
func (k Key) sub(purpose string) []byte {
	out, err := hkdf.Key(sha256.New, k.b[:], nil, "reprise redact v1 "+purpose, KeySize)
	if err != nil {
		return make([]byte, KeySize) // only for lengths beyond 255 hashes
	}
	return out
}

// prf is HMAC-SHA256 under the key of one purpose.
type prf struct{ key []byte }

func (p prf) sum(parts ...[]byte) [sha256.Size]byte {
	m := hmac.New(sha256.New, p.key)
	for _, part := range parts {
		m.Write(part)
	}
	var out [sha256.Size]byte
	m.Sum(out[:0])
	return out
}
