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
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/reprise-lab/reprise/topologies/plain"
)

// Bounds are those of a parcel and of what is in it.
type Bounds struct {
	Files  int   // number of files
	Size   int64 // bytes of all files together
	Packed int64 // bytes of the parcel itself
}

// BoundError says that there is more of something than a parcel may hold.
type BoundError struct {
	What string // files, bytes of files, bytes packed
	Most int64
}

func (e *BoundError) Error() string { return fmt.Sprintf("there are more than %d %s", e.Most, e.What) }

// tally counts what is in a parcel against its bounds.
type tally struct {
	bounds Bounds
	files  int
	size   int64
}

// file counts one more file of a size.
func (t *tally) file(size int64) error {
	t.files++
	t.size += size
	switch {
	case t.files > t.bounds.Files:
		return &BoundError{"files", int64(t.bounds.Files)}
	case size < 0 || t.size > t.bounds.Size:
		return &BoundError{"bytes of files", t.bounds.Size}
	}
	return nil
}

// window bounds how far back the frame of a parcel refers, in bytes, and with that the memory that
// it takes to read one.
const window = 4 << 20

// Pack makes a parcel of the files below a folder for whose names, relative and with slashes, want
// is true; nil wants all of them. A file that gets shorter while it is packed is an error; what is
// added to one meanwhile is left out.
func Pack(ctx context.Context, dir string, b Bounds, want func(name string) bool) ([]byte, error) {
	data, err := pack(ctx, dir, b, want)
	if bound, ok := errors.AsType[*BoundError](err); ok {
		err = bound // what could not be ended for that says nothing more
	}
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", filepath.Base(dir), err)
	}
	return data, nil
}

func pack(ctx context.Context, dir string, b Bounds, want func(name string) bool) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // read only
	out := &room{most: b.Packed}
	z, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	p := &packing{root: root, tar: tar.NewWriter(z), tally: tally{bounds: b}}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil || d.IsDir() || want != nil && !want(name) {
			return err
		}
		return p.add(name)
	})
	err = errors.Join(err, p.tar.Close(), z.Close())
	return out.Bytes(), err
}

type packing struct {
	root *os.Root
	tar  *tar.Writer
	tally
}

func (p *packing) add(name string) (err error) {
	f, err := plain.OpenBy(p.root.OpenFile, filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := p.file(info.Size()); err != nil {
		return err
	}
	if err := p.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: 0o644}); err != nil {
		return err
	}
	n, err := io.Copy(p.tar, io.LimitReader(f, info.Size()))
	if err == nil && n < info.Size() {
		err = fmt.Errorf("%s became shorter while it was packed", name)
	}
	return err
}

// room is a buffer that does not grow beyond a bound.
type room struct {
	bytes.Buffer
	most int64
}

func (r *room) Write(p []byte) (int, error) {
	if int64(r.Len()+len(p)) > r.most {
		return 0, &BoundError{"bytes packed", r.most}
	}
	return r.Buffer.Write(p)
}
