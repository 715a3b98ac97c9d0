package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"github.com/reprise-lab/reprise/topologies/plain"
)

// ReadOptions say how a bundle is read.
type ReadOptions struct {
	Limits     Limits
	Identities []age.Identity // keys that may open an encrypted one
	// Progress is told how many bytes of the content were read, from one goroutine.
	Progress func(done, total int64)
}

// Bundle is a bundle whose manifest has been read. Nothing of it is believed before
// [Bundle.Each] has gone through all of it.
type Bundle struct {
	Manifest  Manifest
	Container string // tar.zst or zip
	Encrypted bool
	Size      int64 // of the file, in bytes

	at        io.ReaderAt // the plain archive
	plain     int64       // its size
	options   ReadOptions
	manifest  []byte
	signature []byte
	file      io.Closer
}

// Open opens a bundle and reads its manifest. The error is [ErrNotBundle], [ErrLocked], a
// [*DamagedError] or a [*LimitError], if it is not the system's.
func Open(ctx context.Context, path string, o ReadOptions) (*Bundle, error) {
	f, err := plain.Open(path)
	if errors.Is(err, plain.ErrNotPlain) {
		return nil, fmt.Errorf("%s: %w", path, ErrNotBundle)
	}
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	b, err := New(ctx, f, st.Size(), o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	b.file = f
	return b, nil
}

// New reads the manifest of a bundle that is held elsewhere.
func New(ctx context.Context, at io.ReaderAt, size int64, o ReadOptions) (*Bundle, error) {
	o.Limits = o.Limits.orDefault()
	b := &Bundle{at: at, plain: size, Size: size, options: o}
	if err := b.detect(); err != nil {
		return nil, err
	}
	s, err := b.stream(ctx)
	if err != nil {
		return nil, err
	}
	defer s.release()
	if b.manifest, b.signature, err = s.head(o.Limits.Manifest); err != nil {
		return nil, err
	}
	if b.Manifest, err = ParseManifest(b.manifest, o.Limits); err != nil {
		return nil, err
	}
	return b, o.Limits.checkRatio(b.Manifest.Size(), b.plain)
}

// Close closes the file that Open opened.
func (b *Bundle) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}

// Signed reports whether there is a signature; [Verify] checks it.
func (b *Bundle) Signed() bool { return b.signature != nil }

// ManifestBytes are the bytes that a signature covers.
func (b *Bundle) ManifestBytes() []byte { return bytes.Clone(b.manifest) }

// SignatureBytes are the armored signature, nil without one.
func (b *Bundle) SignatureBytes() []byte { return bytes.Clone(b.signature) }

// detect finds by the first bytes what the file is, and opens an encrypted one.
func (b *Bundle) detect() error {
	magic, err := b.magic()
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if bytes.HasPrefix(magic, []byte(armorMagic)) {
		data, err := unarmor(b.at, b.plain)
		if err != nil {
			return err
		}
		b.at, b.plain = bytes.NewReader(data), int64(len(data))
		if magic, err = b.magic(); err != nil {
			return err
		}
	}
	if bytes.HasPrefix(magic, []byte(ageMagic)) {
		b.Encrypted = true
		if b.at, b.plain, err = decrypt(b.at, b.plain, b.options.Identities); err != nil {
			return err
		}
		if magic, err = b.magic(); err != nil { // each chunk of 64 KiB has its own tag
			return &DamagedError{"the encryption", err}
		}
	}
	switch {
	case bytes.HasPrefix(magic, []byte("\x28\xb5\x2f\xfd")):
		b.Container = "tar.zst"
	case bytes.HasPrefix(magic, []byte("PK\x03\x04")):
		b.Container = "zip"
	case nearly(magic, ageMagic), nearly(magic, armorMagic):
		return damaged("the encryption's first line is not whole: %q", firstLine(magic))
	default:
		return ErrNotBundle
	}
	return nil
}

// magic gives the first bytes, fewer where the file is shorter.
func (b *Bundle) magic() ([]byte, error) {
	magic := make([]byte, 64)
	n, err := b.at.ReadAt(magic, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return magic[:max(n, 0)], err
}

// nearly tells a beginning with a few bytes that are wrong: a file that was one once.
func nearly(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	same := 0
	for i := range magic {
		if data[i] == magic[i] {
			same++
		}
	}
	return 5*same >= 4*len(magic)
}

func firstLine(data []byte) []byte {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return line
}

// stream is an archive that is read from its beginning. Each entry must be the one that is
// expected.
type stream interface {
	// peek reports whether the next entry has this name, and its size.
	peek(name string) (int64, bool, error)
	// open begins the next entry, which must have this name and size.
	open(name string, size int64) (io.Reader, error)
	// done ends it, after all of it was read.
	done() error
	// end checks that nothing comes after the last entry but the seal.
	end() error
	release()
}

type opened struct{ stream }

func (b *Bundle) stream(ctx context.Context) (opened, error) {
	var s stream
	var err error
	if b.Container == "zip" {
		s, err = newZipStream(ctx, b.at, b.plain)
	} else {
		s, err = newTarStream(ctx, b.at, b.plain)
	}
	return opened{s}, err
}

// head reads the manifest and the signature, if there is one.
func (s opened) head(limit int64) (manifest, signature []byte, err error) {
	size, ok, err := s.peek(manifestName)
	switch {
	case err != nil:
		return nil, nil, err
	case !ok:
		return nil, nil, damaged("it does not begin with a manifest")
	case size > limit:
		return nil, nil, &LimitError{fmt.Sprintf("its manifest has %d bytes, and %d are accepted", size, limit)}
	}
	if manifest, err = s.whole(manifestName, size); err != nil {
		return nil, nil, err
	}
	size, ok, err = s.peek(signatureName)
	if err != nil || !ok {
		return manifest, nil, err
	}
	if size > maxSignature {
		return nil, nil, &LimitError{fmt.Sprintf("its signature has %d bytes", size)}
	}
	signature, err = s.whole(signatureName, size)
	return manifest, signature, err
}

func (s opened) whole(name string, size int64) ([]byte, error) {
	r, err := s.open(name, size)
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer // grows with what is there, not with what is announced
	if n, err := io.Copy(&data, r); err != nil || n != size {
		return nil, cutOff(name, err)
	}
	return data.Bytes(), s.done()
}

func cutOff(name string, err error) error {
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &DamagedError{name + " cannot be read", err}
}

// maxNamed bounds the files with a wrong digest that are named one by one.
const maxNamed = 10

// Each gives every file to fn, in order, and checks its digest, the container and the seal.
// What fn leaves unread is read and checked after it. Nothing that fn was given is to be
// relied on before Each has returned without an error: files whose digests are wrong are
// found out at their end, and named together.
func (b *Bundle) Each(ctx context.Context, fn func(File, io.Reader) error) error {
	s, err := b.stream(ctx)
	if err != nil {
		return err
	}
	defer s.release()
	manifest, signature, err := s.head(b.options.Limits.Manifest)
	if err != nil {
		return err
	}
	if !bytes.Equal(manifest, b.manifest) || !bytes.Equal(signature, b.signature) {
		return damaged("it changed while it was read")
	}
	var wrong []string
	var done int64
	total := b.Manifest.Size()
	buf := make([]byte, 256<<10)
	for _, f := range b.Manifest.Files {
		ok, err := s.file(f, fn, buf)
		if err != nil {
			return err
		}
		if !ok {
			wrong = append(wrong, f.Path)
		}
		if done += f.Size; b.options.Progress != nil {
			b.options.Progress(done, total)
		}
	}
	if err := s.end(); err != nil {
		return err
	}
	if n := len(wrong); n > 0 {
		return damaged("%d of %d files are not the ones that the manifest names: %q", n, len(b.Manifest.Files), wrong[:min(n, maxNamed)])
	}
	return nil
}

// file passes one file on, and reports whether its digest is right.
func (s opened) file(f File, fn func(File, io.Reader) error, buf []byte) (bool, error) {
	r, err := s.open(f.Path, f.Size)
	if err != nil {
		return false, err
	}
	h := sha256.New()
	hashed := io.TeeReader(r, h)
	if fn != nil {
		if err := fn(f, hashed); err != nil {
			return false, err
		}
	}
	if _, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{hashed}, buf); err != nil {
		return false, cutOff(f.Path, err)
	}
	if err := s.done(); err != nil {
		return false, err
	}
	return sumIs(h, f.SHA256), nil
}
