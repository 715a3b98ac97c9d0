package userns

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// others are the bits of who else may write.
const others = 0o022

// own says that a file is one of root's.
func (h Host) own(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == h.RootUID
}

// rootsAlone says why others than root have a say in what a program is: it, or a folder above it,
// is not root's or can be written by others.
func (h Host) rootsAlone(program string) error {
	for at := filepath.Clean(program); ; at = filepath.Dir(at) {
		info, err := os.Lstat(h.path(at))
		switch {
		case err != nil:
			return fmt.Errorf("look at who may write %s: %w", at, err)
		case !h.own(info):
			return fmt.Errorf("%s is not root's", at)
		case info.Mode()&os.ModeSymlink != 0:
			return fmt.Errorf("%s is a link", at)
		case info.Mode()&others != 0:
			return fmt.Errorf("others than root may write %s", at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// giveRights has a program of root's run with root's rights.
func (h Host) giveRights(path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || !h.own(info) {
		return fmt.Errorf("%s is no program of root's", path)
	}
	return f.Chmod(info.Mode() | os.ModeSetuid)
}
