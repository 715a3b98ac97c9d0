// Package plain reads files whose names come from somebody else: out of a scenario, a
// topology, a case, an inventory, or a command line.
//
// Such a name may lead to a pipe that nobody writes to, a terminal, a device without an
// end, or a file of any size. What is read here is a regular file of bounded size, or it is
// an error at once: nothing waits. Standard input is not for this package.
//
// It is a leaf: whoever reads files uses it.
package plain

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrNotPlain says that a name leads to something else than a regular file.
var ErrNotPlain = errors.New("not a plain file")

// ErrTooLarge says that a file has more bytes than are read.
var ErrTooLarge = errors.New("the file is larger")

// Bounds in bytes for files that people write, and for those that machines write.
const (
	Text = 1 << 20
	Data = 64 << 20
)

// Opener is what opens a file by name: os.OpenFile, or the method of an [os.Root].
type Opener func(name string, flag int, perm os.FileMode) (*os.File, error)

// Open opens a regular file for reading.
func Open(name string) (*os.File, error) { return OpenBy(os.OpenFile, name) }

// OpenBy is Open by another opener.
func OpenBy(open Opener, name string) (*os.File, error) {
	// Without O_NONBLOCK, opening a pipe waits for somebody who writes to it.
	f, err := open(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: name, Err: ErrNotPlain}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// SHA256 is the hex digest of a regular file of any size.
func SHA256(name string) (digest string, err error) {
	f, err := Open(name)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("digest %s: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Read reads a regular file of at most limit bytes.
func Read(name string, limit int64) ([]byte, error) { return ReadBy(os.OpenFile, name, limit) }

// ReadBy is Read by another opener.
func ReadBy(open Opener, name string, limit int64) ([]byte, error) {
	f, err := OpenBy(open, name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("%w than %d bytes", ErrTooLarge, limit)}
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}
