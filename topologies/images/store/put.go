package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
	"github.com/reprise-lab/reprise/topologies/userns"
)

// Verb is the argument that a program which uses a store is started with for work in a
// namespace; it then calls Serve with the arguments behind it.
const Verb = "__store"

// Layer opens one layer of an image: a tar file that is not compressed.
type Layer func() (io.ReadCloser, error)

var layerID = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Put takes an image in: its configuration, as OCI has it, and the layers that this names, the
// lowest first. The names go over to it from the image that had them. An image that is there
// gets the names and is not unpacked again.
func (s *Store) Put(ctx context.Context, configuration []byte, layers []Layer, refs []string) (Image, error) {
	ids, err := layerIDs(configuration, len(layers))
	if err != nil {
		return Image{}, err
	}
	e := entry{Digest: digestOf(configuration)}
	m, err := userns.Find()
	if err != nil {
		return Image{}, err
	}
	e.Single = m.Single
	err = s.change(func(ix *index) error {
		i := slices.IndexFunc(ix.Images, func(x entry) bool { return x.Digest == e.Digest && x.Single == m.Single })
		if i >= 0 {
			e = ix.Images[i]
		} else if e.Size, err = s.unpack(ctx, m, e.Digest, ids, layers); err != nil {
			return errors.Join(err, s.dropLayers(ix))
		} else if err := replace(s.blob(e.Digest), configuration); err != nil {
			return fmt.Errorf("write image %s: %w", e.Digest, err)
		}
		ix.Images = slices.DeleteFunc(ix.Images, func(x entry) bool { return x.Digest == e.Digest })
		for _, ref := range refs {
			ref = full(ref)
			for k := range ix.Images {
				ix.Images[k].Refs = slices.DeleteFunc(ix.Images[k].Refs, func(r string) bool { return r == ref })
			}
			if !slices.Contains(e.Refs, ref) {
				e.Refs = append(e.Refs, ref)
			}
		}
		slices.Sort(e.Refs)
		ix.Images = append(ix.Images, e)
		return nil
	})
	if err != nil {
		return Image{}, err
	}
	return s.image(e)
}

// layerIDs are the digests of an image's layers, as its configuration has them: of as many as there are.
func layerIDs(configuration []byte, layers int) ([]string, error) {
	var c config
	if err := json.Unmarshal(configuration, &c); err != nil {
		return nil, fmt.Errorf("read the configuration of an image: %w", err)
	}
	if len(c.RootFS.DiffIDs) != layers || layers == 0 {
		return nil, fmt.Errorf("the configuration of the image names %d layers, and there are %d", len(c.RootFS.DiffIDs), layers)
	}
	for _, id := range c.RootFS.DiffIDs { // a file is called by it
		if !layerID.MatchString(id) {
			return nil, fmt.Errorf("the configuration of the image names a layer %.80q, which is no SHA-256 digest", id)
		}
	}
	return c.RootFS.DiffIDs, nil
}

// digestOf is the digest of an image by its configuration.
func digestOf(configuration []byte) string {
	sum := sha256.Sum256(configuration)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Remove takes names away, and images with their last name or by their digest.
func (s *Store) Remove(ctx context.Context, refs []string) error {
	m, err := userns.Find()
	if err != nil {
		return err
	}
	return s.change(func(ix *index) error {
		var errs []error
		for _, ref := range refs {
			i := slices.IndexFunc(ix.Images, func(x entry) bool { return x.Digest == ref || slices.Contains(x.Refs, full(ref)) })
			if i < 0 {
				errs = append(errs, &topologies.MissingError{What: "image", Name: ref})
				continue
			}
			e := &ix.Images[i]
			e.Refs = slices.DeleteFunc(e.Refs, func(r string) bool { return r == full(ref) })
			if len(e.Refs) > 0 && e.Digest != ref {
				continue
			}
			if err := s.clear(ctx, m, s.tree(e.Digest)); err != nil {
				errs = append(errs, err)
				continue
			}
			errs = append(errs, os.Remove(s.blob(e.Digest)))
			ix.Images = slices.Delete(ix.Images, i, i+1)
		}
		return errors.Join(append(errs, s.dropLayers(ix))...)
	})
}

// unpack makes the tree of an image, which appears whole, and tells the size of its files.
func (s *Store) unpack(ctx context.Context, m userns.Mapping, digest string, ids []string, layers []Layer) (size int64, err error) {
	if err := s.clear(ctx, m, s.tree(digest)); err != nil { // of another mapping, or left over
		return 0, err
	}
	tmp := s.tree(digest) + ".new"
	if err := s.clear(ctx, m, tmp); err != nil {
		return 0, err
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return 0, fmt.Errorf("unpack image %s: %w", digest, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.clear(context.WithoutCancel(ctx), m, tmp))
		}
	}()
	uid, gid := m.Root()
	if err := os.Chown(tmp, uid, gid); err != nil {
		return 0, fmt.Errorf("unpack image %s: %w", digest, err)
	}
	for i, layer := range layers {
		n, err := s.unpackLayer(ctx, m, tmp, ids[i], layer)
		if err != nil {
			return 0, fmt.Errorf("unpack image %s: %w", digest, err)
		}
		size += n
	}
	if err := os.Rename(tmp, s.tree(digest)); err != nil {
		return 0, fmt.Errorf("unpack image %s: %w", digest, err)
	}
	return size, nil
}

// unpackLayer lays one layer over a tree and compares it with its digest.
func (s *Store) unpackLayer(ctx context.Context, m userns.Mapping, tree, id string, layer Layer) (size int64, err error) {
	r, err := layer()
	if err != nil {
		return 0, err
	}
	defer r.Close() //nolint:errcheck // read only
	h := sha256.New()
	kept, err := s.keepLayer(id)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, kept.end(err == nil)) }()
	out, err := inside(ctx, m, io.TeeReader(&until{ctx, r, maxUnpacked}, io.MultiWriter(h, kept)), "unpack", tree)
	if err != nil {
		return 0, err
	}
	if got := "sha256:" + hex.EncodeToString(h.Sum(nil)); got != id {
		return 0, fmt.Errorf("a layer has the digest %s, and the configuration names %s", got, id)
	}
	return strconv.ParseInt(strings.TrimSpace(out), 10, 64)
}

// clear removes a tree, whose files may be of users that only a namespace has, unless a lab uses
// it.
func (s *Store) clear(ctx context.Context, m userns.Mapping, tree string) error {
	if _, err := os.Lstat(tree); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := lockTree(tree, unix.LOCK_EX)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errors.New("nodes of a lab that is up are made of it (reprise gc removes what nobody owns, reprise topology down what was left up)")
	}
	if err != nil {
		return fmt.Errorf("remove %.12s: %w", filepath.Base(tree), err)
	}
	defer lock.Close() //nolint:errcheck // the lock ends with it
	return Clear(ctx, m, tree)
}

// Clear removes a folder whose files may be of users that only a namespace has.
func Clear(ctx context.Context, m userns.Mapping, dir string) error {
	if _, err := inside(ctx, m, nil, "clear", dir); err != nil {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	return os.Remove(dir)
}

// inside has this program work on a tree in a namespace. It is killed with ctx, and with this
// process.
func inside(ctx context.Context, m userns.Mapping, in io.Reader, args ...string) (out string, err error) {
	text, said := bounded.NewFirst(bounded.Words), bounded.NewFirst(bounded.Words)
	cmd := exec.CommandContext(ctx, "/proc/self/exe", append([]string{Verb}, args...)...) //nolint:gosec // this program
	cmd.Args[0] = os.Args[0]                                                              // the name it was called by, as for every process of this program
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = in, text, said, []string{}
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	if err := m.Start(cmd); err != nil {
		return "", err
	}
	if err := cmd.Wait(); err != nil {
		return "", errors.Join(fmt.Errorf("%w: %s", err, said.Trimmed()), ctx.Err())
	}
	return text.String(), nil
}
