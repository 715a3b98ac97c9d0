package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/reprise-lab/reprise/topologies/recipe"
)

// keeping is a layer that is being written; it has its name when it is whole.
type keeping struct {
	file  *os.File
	zip   *zstd.Encoder
	final string
}

// keepLayer begins to keep a layer by its digest.
func (s *Store) keepLayer(id string) (*keeping, error) {
	final := s.layer(id)
	if err := os.MkdirAll(filepath.Dir(final), 0o700); err != nil {
		return nil, fmt.Errorf("keep a layer: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(final), ".layer-")
	if err != nil {
		return nil, fmt.Errorf("keep a layer: %w", err)
	}
	zip, err := zstd.NewWriter(file, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return &keeping{file: file, zip: zip, final: final}, nil
}

func (k *keeping) Write(p []byte) (int, error) { return k.zip.Write(p) }

// end gives the layer its name, or takes it away.
func (k *keeping) end(whole bool) error {
	err := errors.Join(k.zip.Close(), k.file.Close())
	if whole && err == nil {
		err = os.Rename(k.file.Name(), k.final)
	}
	if whole && err == nil {
		return nil
	}
	if rm := os.Remove(k.file.Name()); !errors.Is(rm, fs.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	if err != nil {
		return fmt.Errorf("keep a layer: %w", err)
	}
	return nil
}

func (s *Store) layer(id string) string {
	return filepath.Join(s.dir, "layers", strings.TrimPrefix(id, "sha256:")+".zst")
}

// dropLayers takes away the layers that no image of the index has, and what a killed program
// left of them. The index is locked.
func (s *Store) dropLayers(ix *index) error {
	wanted := map[string]bool{}
	for _, e := range ix.Images {
		_, c, err := s.configuration(e.Digest)
		if err != nil {
			return err
		}
		for _, id := range c.RootFS.DiffIDs {
			wanted[s.layer(id)] = true
		}
	}
	have, err := os.ReadDir(filepath.Join(s.dir, "layers"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, f := range have {
		if path := filepath.Join(s.dir, "layers", f.Name()); !wanted[path] {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}

// open reads a layer that is kept.
func (s *Store) open(id string) (io.ReadCloser, error) {
	f, err := os.Open(s.layer(id))
	if err != nil {
		return nil, fmt.Errorf("read a layer: %w", err)
	}
	z, err := zstd.NewReader(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read a layer: %w", err), f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{z, closer{z, f}}, nil
}

type closer struct {
	z *zstd.Decoder
	f *os.File
}

func (c closer) Close() error {
	c.z.Close()
	return c.f.Close()
}

// Export writes an image in the form of `docker save`: engines load it, and it has the same
// digest there. Who loads it compares each layer with the digest that the configuration names.
func (s *Store) Export(ctx context.Context, ref string, w io.Writer) (err error) {
	img, err := s.Resolve(ref)
	if err != nil {
		return err
	}
	return s.export(ctx, ref, img, img.Refs, w)
}

// ExportBare is [Store.Export] without the image's names: for who wants the image and has names of its own.
func (s *Store) ExportBare(ctx context.Context, ref string, w io.Writer) error {
	img, err := s.Resolve(ref)
	if err != nil {
		return err
	}
	return s.export(ctx, ref, img, nil, w)
}

func (s *Store) export(ctx context.Context, ref string, img Image, names []string, w io.Writer) error {
	data, c, err := s.configuration(img.Digest)
	if err != nil {
		return err
	}
	var layers []recipe.SavedLayer
	for _, id := range c.RootFS.DiffIDs {
		size, err := s.size(ctx, id)
		if err != nil {
			return fmt.Errorf("export %s: %w", ref, err)
		}
		r, err := s.open(id)
		if err != nil {
			return fmt.Errorf("export %s: %w", ref, err)
		}
		defer r.Close() //nolint:errcheck // read only
		layers = append(layers, recipe.SavedLayer{ID: strings.TrimPrefix(id, "sha256:"), Size: size, Reader: &until{ctx, r, maxUnpacked}})
	}
	if err := recipe.Save(w, data, slices.Clone(names), layers...); err != nil {
		return fmt.Errorf("export %s: %w", ref, err)
	}
	return nil
}

// size is that of a layer without compression, in bytes.
func (s *Store) size(ctx context.Context, id string) (int64, error) {
	r, err := s.open(id)
	if err != nil {
		return 0, err
	}
	defer r.Close() //nolint:errcheck // read only
	return io.Copy(io.Discard, &until{ctx, r, maxUnpacked})
}
