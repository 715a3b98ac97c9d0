package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/crypto/ssh"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Source is what is packed: a folder, redacted already, and what the manifest says of it.
type Source struct {
	Dir       string
	Kind      string // empty: KindReproduction
	Tool      evidence.Tool
	Claim     Claim
	Redaction *Redaction
}

// Options say how it is packed.
type Options struct {
	// Zip makes a zip instead of a tar.zst, for portals that refuse the latter. It holds at
	// most 65 534 files and 4 GiB.
	Zip    bool
	Signer ssh.Signer // nil: not signed
	// Recipients may read the bundle; nil: everybody may.
	Recipients []age.Recipient
	// Progress is told how many bytes of the content are packed, from one goroutine.
	Progress func(done, total int64)
}

// Write packs a folder. The same folder and source give the same bytes; a signature does so
// where its key's algorithm is deterministic (Ed25519, RSA), and an encrypted bundle never
// does. A file that changes while it is packed is an error. After an error out holds half a
// bundle, which no reader accepts.
func Write(ctx context.Context, out io.Writer, src Source, o Options) (Manifest, error) {
	m, err := survey(ctx, src)
	if err != nil {
		return m, err
	}
	manifest, err := m.Marshal()
	if err != nil {
		return m, err
	}
	if o.Zip && (len(m.Files) > maxZipEntries || m.Size() > maxZip) {
		return m, &LimitError{fmt.Sprintf("a zip holds no %d files of %d bytes", len(m.Files), m.Size())}
	}
	var signature []byte
	if o.Signer != nil {
		if signature, err = Sign(Namespace, manifest, o.Signer); err != nil {
			return m, err
		}
	}
	if len(o.Recipients) == 0 {
		return m, pack(ctx, out, src.Dir, m, manifest, signature, o)
	}
	w, err := age.Encrypt(out, o.Recipients...)
	if err != nil {
		return m, fmt.Errorf("encrypt: %w", err)
	}
	if err := pack(ctx, w, src.Dir, m, manifest, signature, o); err != nil {
		return m, err
	}
	return m, w.Close()
}

// container is an archive in the making.
type container interface {
	add(name string, size int64, r io.Reader) error
	close() error
}

func pack(ctx context.Context, out io.Writer, dir string, m Manifest, manifest, signature []byte, o Options) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open what is packed: %w", err)
	}
	defer root.Close() //nolint:errcheck // read only
	var c container
	if o.Zip {
		c = newZipContainer(out)
	} else if c, err = newTarContainer(out); err != nil {
		return err
	}
	if err := c.add(manifestName, int64(len(manifest)), bytes.NewReader(manifest)); err != nil {
		return err
	}
	if signature != nil {
		if err := c.add(signatureName, int64(len(signature)), bytes.NewReader(signature)); err != nil {
			return err
		}
	}
	var done int64
	total := m.Size()
	for _, f := range m.Files {
		if err := copyIn(ctx, c, root, f); err != nil {
			return err
		}
		if done += f.Size; o.Progress != nil {
			o.Progress(done, total)
		}
	}
	return c.close()
}

// copyIn packs one file and checks that it is the one that the manifest names.
func copyIn(ctx context.Context, c container, root *os.Root, f File) error {
	file, err := root.Open(filepath.FromSlash(f.Path))
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	defer file.Close() //nolint:errcheck // read only
	h := sha256.New()
	changed := fmt.Errorf("%s changed while it was packed: is the run still going?", f.Path)
	err = c.add(f.Path, f.Size, &contextReader{ctx, io.TeeReader(io.LimitReader(file, f.Size), h)})
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return changed
	case err != nil:
		return fmt.Errorf("pack %s: %w", f.Path, err)
	}
	if n, _ := file.Read(make([]byte, 1)); n != 0 || !sumIs(h, f.SHA256) {
		return changed
	}
	return nil
}

func sumIs(h hash.Hash, want string) bool { return hex.EncodeToString(h.Sum(nil)) == want }

// contextReader ends a long copy.
type contextReader struct {
	ctx context.Context //nolint:containedctx // an io.Reader has no other way to be told
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// survey lists and digests the files below the source's folder.
func survey(ctx context.Context, src Source) (Manifest, error) {
	m := Manifest{Reprise: Format, Kind: src.Kind, Tool: src.Tool, Claim: src.Claim, Redaction: src.Redaction, Files: []File{}}
	if m.Kind == "" {
		m.Kind = KindReproduction
	}
	sizes, err := digests(ctx, src.Dir)
	if err != nil {
		return m, err
	}
	m.Files = sizes
	m.Tree = TreeDigest(m.Files)
	if err := m.check(Limits{}.orDefault()); err != nil {
		return m, fmt.Errorf("what is packed could not be read again: %w", err)
	}
	return m, nil
}

// digests gives every file below a folder with its digest, sorted by path.
func digests(ctx context.Context, dir string) ([]File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open what is packed: %w", err)
	}
	defer root.Close() //nolint:errcheck // read only
	files := []File{}
	buf := make([]byte, 1<<20)
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is no regular file: only those are packed", name)
		}
		f := File{Path: name}
		f.Type, f.From, f.Sensitivity = describe(name)
		if f.Size, f.SHA256, err = digestOf(ctx, root, name, buf); err != nil {
			return fmt.Errorf("digest %s: %w", name, err)
		}
		files = append(files, f)
		return nil
	})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}

func digestOf(ctx context.Context, root *os.Root, name string, buf []byte) (int64, string, error) {
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return 0, "", err
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	n, err := io.CopyBuffer(h, &contextReader{ctx, f}, buf)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// tarContainer is a tar in one zstd frame, and the seal.
type tarContainer struct {
	seal *sealWriter
	z    *zstd.Encoder
	buf  []byte
}

func newTarContainer(out io.Writer) (*tarContainer, error) {
	t := &tarContainer{seal: newSealWriter(out), buf: make([]byte, 1<<20)}
	var err error
	t.z, err = zstd.NewWriter(
		t.seal, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithWindowSize(windowSize), zstd.WithEncoderCRC(true), zstd.WithLowerEncoderMem(true),
	)
	return t, err
}

func (t *tarContainer) add(name string, size int64, r io.Reader) error {
	if _, err := t.z.Write(tarHeader(name, size)); err != nil {
		return err
	}
	// The encoder is not asked to read itself: it would take more than a buffer at a time.
	n, err := io.CopyBuffer(struct{ io.Writer }{t.z}, r, t.buf)
	if err != nil {
		return err
	}
	if n != size {
		return io.ErrUnexpectedEOF
	}
	_, err = t.z.Write(make([]byte, padding(size)))
	return err
}

func (t *tarContainer) close() error {
	if _, err := t.z.Write(make([]byte, 2*tarBlock)); err != nil {
		return err
	}
	if err := t.z.Close(); err != nil {
		return err
	}
	if _, err := t.seal.Write(sealFrame()); err != nil {
		return err
	}
	return t.seal.finish()
}
