package parcel

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// PartPrefix is what the name of a folder begins with that is being filled, by an unpacking or by who adds to one.
const PartPrefix = ".parcel-"

// Unpack writes what is in a parcel below a folder, which must not exist, and which is there when
// all of it is. want says which names, relative and with slashes, may be in it; nil takes any.
func Unpack(ctx context.Context, data []byte, dir string, b Bounds, want func(name string) bool) (err error) {
	what := filepath.Base(dir)
	if len(data) == 0 { // which is an archive of nothing to a reader of tar
		return fmt.Errorf("unpack %s: %w", what, io.ErrUnexpectedEOF)
	}
	if int64(len(data)) > b.Packed {
		return fmt.Errorf("unpack %s: %w", what, &BoundError{"bytes packed", b.Packed})
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("unpack %s: %w", what, errors.Join(err, fs.ErrExist))
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("unpack %s: %w", what, err)
	}
	part, err := os.MkdirTemp(filepath.Dir(dir), PartPrefix+"*")
	if err != nil {
		return fmt.Errorf("unpack %s: %w", what, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("unpack %s: %w", what, err), os.RemoveAll(part))
		}
	}()
	if err := unpackInto(ctx, data, part, b, want); err != nil {
		return err
	}
	if err := os.Chmod(part, 0o755); err != nil {
		return err
	}
	return os.Rename(part, dir)
}

// Sweep removes what unpackings left below a folder whose process ended in the middle of them. None
// may be going on there.
func Sweep(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), PartPrefix) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

func unpackInto(ctx context.Context, data []byte, dir string, b Bounds, want func(name string) bool) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // every file is closed on its own
	z, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window), zstd.WithDecoderLowmem(true))
	if err != nil {
		return err
	}
	defer z.Close()
	count := tally{bounds: b}
	for archive := tar.NewReader(z); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return ended(z)
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if err := checkHead(h, want); err != nil {
			return err
		}
		if err := count.file(h.Size); err != nil {
			return err
		}
		if err := write(root, h, archive); err != nil {
			return err
		}
	}
}

// ended reads what is behind the end of a tar, which is zeros at most, to the end of the frame: so
// one that was cut is found, and the frame's own sum is looked at.
func ended(z io.Reader) error {
	rest, err := io.ReadAll(io.LimitReader(z, maxPadding+1))
	if err == nil && (len(rest) > maxPadding || len(bytes.Trim(rest, "\x00")) > 0) {
		err = errors.New("something comes after its end")
	}
	return err
}

// maxPadding is what may come behind the end of a tar, whose writers fill up a record of 20 blocks.
const maxPadding = 20 * 512

// checkHead refuses what Pack does not write, and what was not asked for.
func checkHead(h *tar.Header, want func(name string) bool) error {
	switch {
	case h.Typeflag != tar.TypeReg:
		return fmt.Errorf("%q in it is no regular file", h.Name)
	case !fs.ValidPath(h.Name) || h.Name == "." || strings.ContainsAny(h.Name, "\x00\\"):
		return fmt.Errorf("%q in it is no name of a file below a folder", h.Name)
	case want != nil && !want(h.Name):
		return fmt.Errorf("%q is in it and was not asked for", h.Name)
	}
	return nil
}

func write(root *os.Root, h *tar.Header, r io.Reader) (err error) {
	if err := root.MkdirAll(filepath.FromSlash(path.Dir(h.Name)), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(filepath.FromSlash(h.Name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	n, err := io.Copy(f, r)
	if err == nil && n != h.Size {
		err = io.ErrUnexpectedEOF
	}
	return err
}
