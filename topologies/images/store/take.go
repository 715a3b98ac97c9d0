package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Take is [Store.Put] of an image without names whose layers come from elsewhere: they are waited for while others use the store, and put
// in when all are there. Who takes the same image meanwhile waits, and finds it.
func (s *Store) Take(ctx context.Context, configuration []byte, layers []Layer) (Image, error) {
	if _, err := layerIDs(configuration, len(layers)); err != nil {
		return Image{}, err
	}
	digest := digestOf(configuration)
	over, err := s.alone(ctx, digest)
	if err != nil {
		return Image{}, err
	}
	defer over()
	if has, err := s.Resolve(digest); err == nil {
		return has, nil
	}
	here, gone, err := s.gather(layers, &until{ctx: ctx, room: maxUnpacked})
	defer gone()
	if err != nil {
		return Image{}, err
	}
	return s.Put(ctx, configuration, here, nil)
}

// gather reads the layers of an image, all of them within one bound, into files without names, which gone takes away.
func (s *Store) gather(layers []Layer, within *until) (here []Layer, gone func(), err error) {
	var files []*os.File
	gone = func() {
		for _, f := range files {
			_ = f.Close() // it is gone with it
		}
	}
	for _, layer := range layers {
		file, err := s.unnamed()
		if err != nil {
			return nil, gone, err
		}
		files = append(files, file)
		size, err := keep(file, layer, within)
		if err != nil {
			return nil, gone, fmt.Errorf("keep a layer: %w", err)
		}
		here = append(here, func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(file, 0, size)), nil })
	}
	return here, gone, nil
}

// keep reads a layer into a file, as far as there is room.
func keep(file *os.File, layer Layer, within *until) (size int64, err error) {
	r, err := layer()
	if err != nil {
		return 0, err
	}
	defer r.Close() //nolint:errcheck // read only
	within.r = r
	return io.Copy(file, within)
}

// unnamed makes a file that has no name.
func (s *Store) unnamed() (*os.File, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the store of images: %w", err)
	}
	file, err := os.CreateTemp(s.dir, ".import-")
	if err != nil {
		return nil, fmt.Errorf("keep what is taken in: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("keep what is taken in: %w", err), file.Close())
	}
	return file, nil
}

// askAgain is how often it is asked whether another process is done with an image.
const askAgain = 100 * time.Millisecond

// alone waits until nobody else takes an image in, of all processes of this user. Two that find no file at once may both go on: they take the
// same in.
func (s *Store) alone(ctx context.Context, digest string) (over func(), err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the store of images: %w", err)
	}
	path := filepath.Join(s.dir, ".take-"+strings.TrimPrefix(digest, "sha256:"))
	lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take in image %s: %w", digest, err)
	}
	tick := time.NewTicker(askAgain)
	defer tick.Stop()
	for {
		err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() {
				_ = os.Remove(path)
				_ = lock.Close() // the lock ends with it
			}, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("take in image %s: %w", digest, err), lock.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("take in image %s, which another takes in: %w", digest, context.Cause(ctx)), lock.Close())
		case <-tick.C:
		}
	}
}
