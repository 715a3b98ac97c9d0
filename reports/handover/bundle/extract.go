package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/reprise-lab/reprise/topologies/origin"
)

// Extract writes the files for which want is true, and nil wants all of them, below dir,
// which must not exist or be empty. All digests are checked. The folder takes its name only
// when everything is there and right; what was begun is removed. The folder is its owner's
// alone, for it holds configurations, and is marked as somebody else's work.
func (b *Bundle) Extract(ctx context.Context, dir string, want func(File) bool) (err error) {
	if err := checkTarget(dir); err != nil {
		return err
	}
	parent, name := filepath.Split(filepath.Clean(dir))
	if parent == "" {
		parent = "."
	}
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	temp, err := os.MkdirTemp(parent, "."+name+partWord)
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	if err := b.extractInto(ctx, temp, want); err != nil {
		return err
	}
	if err := origin.Write(temp, b.Manifest.Tree); err != nil {
		return fmt.Errorf("extract: %w", err)
	}
	// An empty folder is replaced; one that has been filled meanwhile is not.
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("finish folder: %w", err)
	}
	if err := os.Rename(temp, dir); err != nil {
		return fmt.Errorf("finish folder: %w", err)
	}
	return nil
}

// ErrNotEmpty is returned for a folder that already holds something.
var ErrNotEmpty = errors.New("the folder is not empty: name a new one")

func checkTarget(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s: %w", dir, ErrNotEmpty)
	default:
		return nil
	}
}

func (b *Bundle) extractInto(ctx context.Context, dir string, want func(File) bool) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	defer root.Close() //nolint:errcheck // every file is closed on its own
	buf := make([]byte, 1<<20)
	write := func(f File, r io.Reader) error {
		if want != nil && !want(f) {
			return nil
		}
		return writeBelow(root, f.Path, r, buf)
	}
	if want == nil {
		head := map[string][]byte{manifestName: b.manifest}
		if b.signature != nil {
			head[signatureName] = b.signature
		}
		for name, data := range head {
			if err := root.WriteFile(name, data, 0o644); err != nil {
				return fmt.Errorf("extract: %w", err)
			}
		}
	}
	return b.Each(ctx, write)
}

func writeBelow(root *os.Root, name string, r io.Reader, buf []byte) (err error) {
	local := filepath.FromSlash(name)
	if err := root.MkdirAll(filepath.Dir(local), 0o755); err != nil {
		return fmt.Errorf("extract: %w", err)
	}
	f, err := root.OpenFile(local, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("extract: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.CopyBuffer(struct{ io.Writer }{f}, struct{ io.Reader }{r}, buf); err != nil {
		return cutOff(name, err)
	}
	return nil
}
