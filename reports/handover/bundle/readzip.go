package bundle

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"io"
)

// zipStream reads a zip whose headers are predicted: entries lie one after the other in
// the order of the directory, with nothing before, between or after them.
type zipStream struct {
	ctx   context.Context //nolint:containedctx // handed to the readers of entries
	at    io.ReaderAt
	size  int64
	next  int64 // where the next local header must be
	dirAt int64
	left  int // entries that are to come
	dir   *bufio.Reader
	data  *bufio.Reader
	z     io.ReadCloser
	e     zipEntry
	entry *zipEntryReader
}

func newZipStream(ctx context.Context, at io.ReaderAt, size int64) (*zipStream, error) {
	tail := int64(zipEndLen + sealSize)
	if size < tail {
		return nil, damaged("it is cut off")
	}
	end := make([]byte, zipEndLen)
	if _, err := at.ReadAt(end, size-tail); err != nil {
		return nil, &DamagedError{"its end cannot be read", err}
	}
	entries, dirSize, dirAt, ok := parseZipEnd(end)
	if !ok || dirAt+dirSize != size-tail {
		return nil, damaged("it does not end with its seal: it is cut off, or something was added")
	}
	s := &zipStream{ctx: ctx, at: at, size: size, dirAt: dirAt, left: entries}
	s.dir = bufio.NewReaderSize(io.NewSectionReader(at, dirAt, dirSize), 64<<10)
	s.data = bufio.NewReaderSize(nil, 64<<10)
	s.z = flate.NewReader(nil)
	return s, nil
}

func (s *zipStream) peek(name string) (int64, bool, error) {
	head, err := s.dir.Peek(zipDirLen + len(name))
	if err != nil {
		return 0, false, nil //nolint:nilerr // there is no such entry, and the next one that is expected says so
	}
	e, err := readZipDir(bufio.NewReaderSize(bytes.NewReader(head), len(head)), name)
	return int64(e.size), err == nil, nil
}

func (s *zipStream) open(name string, size int64) (io.Reader, error) {
	e, err := readZipDir(s.dir, name)
	if err != nil {
		return nil, err
	}
	if s.left--; s.left < 0 || int64(e.size) != size || int64(e.offset) != s.next {
		return nil, damaged("the next entry is not the %q with %d bytes that the manifest names", name, size)
	}
	want := zipLocalHeader(name)
	if err := s.expect(want, name); err != nil {
		return nil, err
	}
	s.next += int64(len(want))
	if s.next+int64(e.packed) > s.dirAt {
		return nil, damaged("%q reaches into the zip's directory", name)
	}
	s.data.Reset(&contextReader{s.ctx, io.NewSectionReader(s.at, s.next, int64(e.packed))})
	if err := s.z.(flate.Resetter).Reset(s.data, nil); err != nil {
		return nil, err
	}
	s.next += int64(e.packed)
	s.e = e
	s.entry = &zipEntryReader{z: s.z, left: size, sum: crc32.NewIEEE()}
	return s.entry, nil
}

// expect reads the bytes at the place of the next entry, which are known.
func (s *zipStream) expect(want []byte, name string) error {
	got := make([]byte, len(want))
	if _, err := s.at.ReadAt(got, s.next); err != nil {
		return cutOff(name, notEOF(err))
	}
	if !bytes.Equal(got, want) {
		return damaged("%q has another header than the zip's directory says", name)
	}
	return nil
}

func (s *zipStream) done() error {
	if s.entry.left != 0 {
		return cutOff("the archive", io.ErrUnexpectedEOF)
	}
	if n, err := s.z.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return damaged("an entry is longer than the manifest says")
	}
	if _, err := s.data.ReadByte(); !errors.Is(err, io.EOF) {
		return damaged("there is something after an entry's data")
	}
	if s.entry.sum.Sum32() != s.e.crc {
		return damaged("an entry's checksum is wrong")
	}
	want := zipDescriptor(s.e)
	if err := s.expect(want, "an entry"); err != nil {
		return err
	}
	s.next += int64(len(want))
	return nil
}

func (s *zipStream) end() error {
	if _, err := s.dir.ReadByte(); s.left != 0 || s.next != s.dirAt || !errors.Is(err, io.EOF) {
		return damaged("there is more in it than the manifest names")
	}
	h := sha256.New()
	if _, err := io.Copy(h, &contextReader{s.ctx, io.NewSectionReader(s.at, 0, s.size-int64(sealSize))}); err != nil {
		return cutOff("the archive", err)
	}
	return checkSeal(s.at, s.size, h)
}

func (s *zipStream) release() {}

// zipEntryReader takes no more from an entry than was announced.
type zipEntryReader struct {
	z    io.Reader
	left int64
	sum  interface {
		io.Writer
		Sum32() uint32
	}
}

func (r *zipEntryReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.z.Read(p[:min(int64(len(p)), r.left)])
	_, _ = r.sum.Write(p[:n]) // a checksum takes everything
	r.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = nil
		if r.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}
