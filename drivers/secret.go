package drivers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"syscall"
)

// Cut stands in everything that is written where a secret was.
const Cut = "«secret»"

// Secret is a value that cannot be printed: every verb of fmt, JSON, text encoding and slog
// show [Cut] instead. Its zero value is the empty secret, which is a password that real
// switches ship with.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal gives the value, to be sent to a device and nowhere else.
func (s Secret) Reveal() string { return s.value }

// Format implements fmt.Formatter.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Cut) }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte(Cut), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(Cut) }

// ErrLiteral says that a credential was written out where a reference belongs.
var ErrLiteral = errors.New("a credential is env:NAME or file:PATH, never the value itself")

// ResolveSecret reads what a reference points to. "" is the empty secret. An error never
// holds the value, nor the reference where that may be one.
func ResolveSecret(ref string) (Secret, error) {
	kind, where, ok := strings.Cut(ref, ":")
	switch {
	case ref == "":
		return Secret{}, nil
	case ok && kind == "env":
		value, set := os.LookupEnv(where)
		if !set {
			return Secret{}, fmt.Errorf("read credential: environment variable %s is not set", where)
		}
		return Secret{value}, nil
	case ok && kind == "file":
		return secretFile(where)
	default:
		return Secret{}, ErrLiteral
	}
}

func secretFile(name string) (Secret, error) {
	f, err := OpenPlain(name)
	if err != nil {
		return Secret{}, fmt.Errorf("read credential: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	line, err := bufio.NewReader(io.LimitReader(f, 1<<16)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return Secret{}, fmt.Errorf("read credential: %w", err)
	}
	return Secret{strings.TrimRight(line, "\r\n")}, nil
}

// OpenPlain opens a regular file for reading: what an inventory names must not make its
// reader wait, as a pipe does, or have no end.
func OpenPlain(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
