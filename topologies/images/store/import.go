package store

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/klauspost/compress/zstd"
)

const (
	maxManifest = 4 << 20
	maxUnpacked = 64 << 30 // of an archive, and of a layer: vendors' images take some
	maxLinks    = 8        // from one name of an archive to the next
)

// Import takes in the images of what `docker save` writes, as a file or as it comes, compressed
// or not. Images without a name can be found by their digest.
func (s *Store) Import(ctx context.Context, r io.Reader) ([]Image, error) {
	return s.importing(ctx, r, func(string) (named, wanted bool) { return true, true })
}

// Adopt takes in the image of a digest out of an archive as [Store.Import] does, and nothing else: it gets no name,
// whatever it is called in there, and so takes none from another image. It is found by its digest.
func (s *Store) Adopt(ctx context.Context, r io.Reader, digest string) (Image, error) {
	list, err := s.importing(ctx, r, func(d string) (named, wanted bool) { return false, d == digest })
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("the archive holds no image %s", digest)
	}
	if err != nil {
		return Image{}, err
	}
	return list[0], nil
}

// importing takes in the images of an archive that are wanted by their digest, with or without their names.
func (s *Store) importing(ctx context.Context, r io.Reader, want func(digest string) (named, wanted bool)) ([]Image, error) {
	tmp, err := s.unnamed()
	if err != nil {
		return nil, err
	}
	defer tmp.Close() //nolint:errcheck // it is gone with it
	plain, err := decompress(r)
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	size, err := io.Copy(tmp, &until{ctx, plain, maxUnpacked})
	if err != nil {
		return nil, fmt.Errorf("keep the archive: %w", err)
	}
	a := &saved{file: io.NewSectionReader(tmp, 0, size), places: map[string]place{}}
	if err := a.look(); err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	return s.takeAll(ctx, a, want)
}

// until reads no more when a context has ended, or when there was more than room bytes.
type until struct {
	ctx  context.Context //nolint:containedctx // of the call that reads
	r    io.Reader
	room int64
}

func (u *until) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := u.r.Read(b)
	if u.room -= int64(n); u.room < 0 {
		return 0, fmt.Errorf("it unpacks to more than there is room for an image, %d GiB", maxUnpacked>>30)
	}
	return n, err
}

// takeAll puts every image of an archive in that is wanted.
func (s *Store) takeAll(ctx context.Context, a *saved, want func(digest string) (named, wanted bool)) ([]Image, error) {
	data, err := a.read("manifest.json")
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w: is it what docker save writes?", err)
	}
	var manifest []struct {
		Config   string   `json:"Config"`
		RepoTags []string `json:"RepoTags"`
		Layers   []string `json:"Layers"`
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, fmt.Errorf("read the archive's manifest: %w", err)
	}
	var list []Image
	for _, m := range manifest {
		configuration, err := a.read(m.Config)
		if err != nil {
			return list, fmt.Errorf("read the archive: %w", err)
		}
		named, wanted := want(digestOf(configuration))
		if !wanted {
			continue
		}
		if !named {
			m.RepoTags = nil
		}
		var layers []Layer
		for _, name := range m.Layers {
			layers = append(layers, func() (io.ReadCloser, error) {
				r, err := a.open(name)
				if err != nil {
					return nil, err
				}
				return decompress(r)
			})
		}
		img, err := s.Put(ctx, configuration, layers, m.RepoTags)
		if err != nil {
			return list, err
		}
		list = append(list, img)
	}
	return list, nil
}

// saved is an archive that has been looked through.
type saved struct {
	file   *io.SectionReader
	places map[string]place
}

// place is where the content of a name is; or the name that it stands for.
type place struct {
	offset, size int64
	link         string
}

// look notes where everything is.
func (a *saved) look() error {
	archive := tar.NewReader(a.file)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(h.Name)
		switch h.Typeflag {
		case tar.TypeReg:
			offset, err := a.file.Seek(0, io.SeekCurrent)
			if err != nil {
				return err
			}
			a.places[name] = place{offset: offset, size: h.Size}
		case tar.TypeSymlink: // a layer that another image has too
			a.places[name] = place{link: path.Join(path.Dir(name), h.Linkname)} //nolint:gosec // a name within the archive, and no file's
		case tar.TypeLink:
			a.places[name] = place{link: path.Clean(h.Linkname)}
		}
	}
}

func (a *saved) open(name string) (io.Reader, error) {
	name = path.Clean(name)
	for range maxLinks {
		p, ok := a.places[name]
		if !ok {
			return nil, fmt.Errorf("there is no %s in it", name)
		}
		if p.link == "" {
			return io.NewSectionReader(a.file, p.offset, p.size), nil
		}
		name = p.link
	}
	return nil, fmt.Errorf("%s leads nowhere", name)
}

func (a *saved) read(name string) ([]byte, error) {
	r, err := a.open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err == nil && len(data) > maxManifest {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxManifest)
	}
	return data, err
}

// decompress reads through gzip and zstd, whose first bytes tell them.
func decompress(r io.Reader) (io.ReadCloser, error) {
	head := make([]byte, 4)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	whole := io.MultiReader(bytes.NewReader(head[:n]), r)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzip.NewReader(whole)
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(whole)
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	default:
		return io.NopCloser(whole), nil
	}
}
