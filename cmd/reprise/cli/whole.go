package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// WholeFolder makes a folder of what fill writes into it, all of it or nothing: it is written beside its place, and moved
// there when it is done. An empty folder in that place is replaced, and one that has been filled meanwhile is not; one that
// was there stays where nothing comes of it.
func WholeFolder(dir string, fill func(part string) error) (err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	const longest = 40 // bytes of the name, which may be as long as a name can be
	name := filepath.Base(dir)
	part, err := os.MkdirTemp(parent, "."+name[:min(len(name), longest)]+".part")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(part))
		}
	}()
	if err := os.Chmod(part, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := fill(part); err != nil {
		return err
	}
	if err := unix.Rmdir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a file, it is an error
		return &fs.PathError{Op: "make folder", Path: dir, Err: err}
	}
	if err := os.Rename(part, dir); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	return nil
}
