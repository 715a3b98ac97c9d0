package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// Image is one that the store holds.
type Image struct {
	Refs     []string          `json:"refs"`
	Digest   string            `json:"digest"` // sha256:…
	Size     int64             `json:"size"`   // bytes of the unpacked files
	Tree     string            `json:"-"`      // the root file system, which nobody may write to
	Env      []string          `json:"-"`
	Command  []string          `json:"-"` // entry point and command
	Labels   map[string]string `json:"-"`
	Packages map[string]string `json:"packages,omitempty"` // name → exact version
	// Single says that the files of the tree have one owner; see userns.Mapping.
	Single bool `json:"single,omitempty"`
}

// Store is a folder of images. It is safe for use by several goroutines and processes.
type Store struct{ dir string }

// Open opens the store in a folder, which need not exist; empty means reprise/images in the
// user's cache.
func Open(dir string) (*Store, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find a place for images: %w", err)
		}
		dir = filepath.Join(cache, "reprise", "images")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find a place for images: %w", err)
	}
	return &Store{dir: dir}, nil
}

// index is store.json.
type index struct {
	Images []entry `json:"images"`
}

type entry struct {
	Digest string   `json:"digest"`
	Refs   []string `json:"refs"`
	Size   int64    `json:"size"`
	Single bool     `json:"single,omitempty"`
}

// config is what is read of an image's configuration
// (https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md).
type config struct {
	Config struct {
		Env        []string          `json:"Env"`
		Entrypoint []string          `json:"Entrypoint"`
		Cmd        []string          `json:"Cmd"`
		Labels     map[string]string `json:"Labels"`
	} `json:"config"`
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// List gives the images, in the order of their names.
func (s *Store) List() ([]Image, error) {
	ix, err := s.read()
	if err != nil {
		return nil, err
	}
	var list []Image
	for _, e := range ix.Images {
		img, err := s.image(e)
		if err != nil {
			return nil, err
		}
		list = append(list, img)
	}
	slices.SortFunc(list, func(a, b Image) int { return slices.Compare(a.Refs, b.Refs) })
	return list, nil
}

// Resolve finds an image by a name or its digest. One that is not there is a
// *topologies.MissingError.
func (s *Store) Resolve(ref string) (Image, error) {
	ix, err := s.read()
	if err != nil {
		return Image{}, err
	}
	for _, e := range ix.Images {
		if e.Digest == ref || slices.Contains(e.Refs, full(ref)) {
			return s.image(e)
		}
	}
	return Image{}, &topologies.MissingError{
		What: "image", Name: ref, Hint: hint(ref),
	}
}

// Identity is [recipe.Identity] of an image. One that is not there is a *topologies.MissingError.
func (s *Store) Identity(ref string) (string, error) {
	img, err := s.Resolve(ref)
	if err != nil {
		return "", err
	}
	_, c, err := s.configuration(img.Digest)
	if err != nil {
		return "", err
	}
	return recipe.Identity(img.Digest, img.Labels, len(c.RootFS.DiffIDs)), nil
}

// hint says how to get an image that is not there.
func hint(ref string) string {
	if suite, ok := recipe.Known(ref); ok {
		return "run: reprise images build --provider namespaces " + suite
	}
	return "labs without an engine have images of their own; take an engine's over with: docker save " + ref + " | reprise images import"
}

// full gives a name the tag that it has without one.
func full(ref string) string {
	if strings.Contains(ref[strings.LastIndexByte(ref, '/')+1:], ":") {
		return ref
	}
	return ref + ":latest"
}

// image reads the configuration of an entry.
func (s *Store) image(e entry) (Image, error) {
	_, c, err := s.configuration(e.Digest)
	if err != nil {
		return Image{}, err
	}
	img := Image{
		Refs: e.Refs, Digest: e.Digest, Size: e.Size, Single: e.Single, Tree: s.tree(e.Digest),
		Env: c.Config.Env, Command: slices.Concat(c.Config.Entrypoint, c.Config.Cmd), Labels: c.Config.Labels,
	}
	img.Packages = recipe.Packages(c.Config.Labels)
	return img, nil
}

// configuration reads the configuration of an image, as it was written and what is used of it.
func (s *Store) configuration(digest string) (data []byte, c config, err error) {
	data, err = plain.Read(s.blob(digest), plain.Text)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil {
		return nil, c, fmt.Errorf("read image %s: %w", digest, err)
	}
	return data, c, nil
}

func (s *Store) blob(digest string) string {
	return filepath.Join(s.dir, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
}

func (s *Store) tree(digest string) string {
	return filepath.Join(s.dir, "trees", strings.TrimPrefix(digest, "sha256:"))
}

// read gives the index; an empty one where there is none.
func (s *Store) read() (index, error) {
	var ix index
	data, err := plain.Read(s.indexFile(), plain.Text)
	if errors.Is(err, fs.ErrNotExist) {
		return ix, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &ix)
	}
	if err != nil {
		return ix, fmt.Errorf("read the store of images: %w", err)
	}
	return ix, nil
}

func (s *Store) indexFile() string { return filepath.Join(s.dir, "store.json") }

// change has f change the index while no other process does.
func (s *Store) change(f func(*index) error) error {
	for _, dir := range []string{s.dir, filepath.Join(s.dir, "blobs", "sha256"), filepath.Join(s.dir, "trees")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the store of images: %w", err)
		}
	}
	lock, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock the store of images: %w", err)
	}
	defer lock.Close() //nolint:errcheck // the lock ends with it
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock the store of images: %w", err)
	}
	ix, err := s.read()
	if err != nil {
		return err
	}
	if err := f(&ix); err != nil {
		return err
	}
	data, err := json.MarshalIndent(ix, "", "  ")
	if err == nil {
		err = replace(s.indexFile(), data)
	}
	if err != nil {
		return fmt.Errorf("write the store of images: %w", err)
	}
	return nil
}

// replace writes a file that appears whole.
func replace(path string, data []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
