package store

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/userns"
)

// Serve does the work in a namespace that a store starts this program for, and returns its
// exit status. args are those behind Verb.
func Serve(args []string) int {
	if err := serve(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serve(args []string) error {
	if len(args) != 2 {
		return errors.New(Verb + " is for this program's own use")
	}
	if err := userns.Enter(); err != nil {
		return err
	}
	// Whatever an archive's names and links lead to is below the tree from here on.
	if err := unix.Chroot(args[1]); err != nil {
		return fmt.Errorf("enter the tree: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("enter the tree: %w", err)
	}
	if err := userns.BecomeRoot(); err != nil {
		return err
	}
	unix.Umask(0)
	switch args[0] {
	case "unpack":
		u := unpacker{written: map[string]bool{}, times: map[string]time.Time{}}
		if err := u.all(os.Stdin); err != nil {
			return err
		}
		_, err := fmt.Println(u.size)
		return err
	case "clear":
		return removeBelow("/")
	default:
		return fmt.Errorf("no work %q", args[0])
	}
}

// removeBelow empties a folder.
func removeBelow(dir string) error {
	entries, err := os.ReadDir(dir)
	errs := []error{err}
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(path.Join(dir, e.Name())))
	}
	return errors.Join(errs...)
}

// unpacker lays a layer over the root file system of this process.
type unpacker struct {
	size    int64
	written map[string]bool // by this layer
	times   map[string]time.Time
}

// The names by which a layer takes away what lower ones have
// (https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#whiteouts).
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

func (u *unpacker) all(r io.Reader) error {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read a layer: %w", err)
		}
		if err := u.entry(h, archive); err != nil {
			return fmt.Errorf("unpack %s: %w", h.Name, err)
		}
	}
	for dir, when := range u.times { // what was put in changed them
		_ = os.Chtimes(dir, when, when) // it may have been taken away again
	}
	_, err := io.Copy(io.Discard, r) // what pads the archive is of its digest too
	return err
}

func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	name := path.Clean("/" + h.Name)
	dir, base := path.Split(name)
	if base == opaque {
		return u.hide(dir)
	}
	if hidden, ok := strings.CutPrefix(base, whiteout); ok {
		return os.RemoveAll(path.Join(dir, hidden))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	u.written[name] = true
	if err := u.make(name, h, content); err != nil {
		return err
	}
	return u.finish(name, h)
}

// hide takes away what lower layers have in a folder.
func (u *unpacker) hide(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		if name := path.Join(dir, e.Name()); !u.written[name] {
			errs = append(errs, os.RemoveAll(name))
		}
	}
	return errors.Join(errs...)
}

// make makes a file in the place of what is there; a folder takes over one that is there.
func (u *unpacker) make(name string, h *tar.Header, content io.Reader) error {
	there, err := os.Lstat(name)
	if err == nil && (h.Typeflag != tar.TypeDir || !there.IsDir()) {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	switch h.Typeflag {
	case tar.TypeDir:
		if err := os.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		u.times[name] = h.ModTime
		return nil
	case tar.TypeReg:
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		n, err := io.Copy(f, content)
		u.size += n
		return errors.Join(err, f.Close())
	case tar.TypeSymlink:
		return os.Symlink(h.Linkname, name)
	case tar.TypeLink:
		return os.Link(path.Clean("/"+h.Linkname), name)
	case tar.TypeFifo:
		return unix.Mkfifo(name, 0o600)
	default: // devices: a node has its own
		return nil
	}
}

// finish gives a file its owner, attributes, mode and time.
func (u *unpacker) finish(name string, h *tar.Header) error {
	switch h.Typeflag {
	case tar.TypeDir, tar.TypeReg, tar.TypeSymlink, tar.TypeFifo:
	default:
		return nil
	}
	if err := os.Lchown(name, h.Uid, h.Gid); err != nil && !errors.Is(err, unix.EINVAL) { // no such user here: there is one only
		return err
	}
	for key, value := range h.PAXRecords {
		if attr, ok := strings.CutPrefix(key, "SCHILY.xattr."); ok {
			_ = unix.Lsetxattr(name, attr, []byte(value), 0) // those of the machine's own kinds are refused
		}
	}
	if h.Typeflag == tar.TypeSymlink {
		return nil
	}
	if err := os.Chmod(name, h.FileInfo().Mode()); err != nil {
		return err
	}
	return os.Chtimes(name, h.ModTime, h.ModTime)
}
