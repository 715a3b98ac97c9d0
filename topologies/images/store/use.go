package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/plain"
)

// Use keeps the tree of an image, as [Image] names it, from being removed until the file that it
// returns is closed, or the process has ended that has it.
func Use(tree string) (*os.File, error) {
	lock, err := lockTree(tree, unix.LOCK_SH)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errors.New("it is being removed")
	}
	if err == nil {
		if _, err = os.Lstat(tree); err != nil {
			err = errors.Join(err, lock.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("use image %.12s: %w", filepath.Base(tree), err)
	}
	return lock, nil
}

// ReadFile reads a file of an image, of so many bytes at most.
func (s *Store) ReadFile(ref, path string, limit int64) ([]byte, error) {
	img, err := s.Resolve(ref)
	if err != nil {
		return nil, err
	}
	lock, err := Use(img.Tree)
	if err != nil {
		return nil, err
	}
	defer lock.Close() //nolint:errcheck // it only lets go
	tree, err := os.OpenRoot(img.Tree)
	if err != nil {
		return nil, fmt.Errorf("open image %s: %w", ref, err)
	}
	defer tree.Close() //nolint:errcheck // read only
	return plain.ReadBy(tree.OpenFile, strings.TrimPrefix(path, "/"), limit)
}

// lockTree takes the lock of a tree, or fails at once with EWOULDBLOCK. It is a file beside the
// tree that stays when the tree goes, so that all who ask have the same.
func lockTree(tree string, how int) (*os.File, error) {
	lock, err := os.OpenFile(tree+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), how|unix.LOCK_NB); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}
