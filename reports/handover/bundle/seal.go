package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// The seal is the last thing of an archive: the SHA-256 of all bytes before it. In a
// tar.zst it is a skippable frame, which other programs pass over; in a zip it is the
// archive's comment.

const (
	sealWord   = "reprise-seal/v1 sha256:"
	sealSize   = len(sealWord) + sha256.Size*2
	frameMagic = 0x184D2A5E // one of the sixteen that zstd passes over
	frameSize  = 8
)

func sealText(h hash.Hash) []byte { return []byte(sealWord + hex.EncodeToString(h.Sum(nil))) }

// sealFrame is the beginning of the skippable frame.
func sealFrame() []byte {
	b := binary.LittleEndian.AppendUint32(nil, frameMagic)
	return binary.LittleEndian.AppendUint32(b, uint32(sealSize))
}

// sealWriter hashes what passes through it.
type sealWriter struct {
	w io.Writer
	h hash.Hash
	n int64
}

func newSealWriter(w io.Writer) *sealWriter { return &sealWriter{w: w, h: sha256.New()} }

func (s *sealWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.h.Write(p[:n])
	s.n += int64(n)
	return n, err
}

// finish writes the seal itself, which does not count.
func (s *sealWriter) finish() error {
	_, err := s.w.Write(sealText(s.h))
	return err
}

// checkSeal compares the last bytes of an archive with the digest of the others.
func checkSeal(at io.ReaderAt, size int64, h hash.Hash) error {
	got := make([]byte, sealSize)
	if _, err := at.ReadAt(got, size-int64(sealSize)); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the seal: %w", err)
	}
	if !bytes.Equal(got, sealText(h)) {
		return damaged("the seal: its bytes are not the ones that were written")
	}
	return nil
}

// frameReader passes on exactly one zstd frame that ends where it must. It reads the
// frame's structure only: blocks and their lengths.
type frameReader struct {
	r     io.Reader
	left  int64 // bytes until the end of the frame must be
	h     hash.Hash
	buf   []byte // read ahead: headers
	body  int64  // bytes of the block that are to come
	state frameState
	sum   bool // a checksum ends the frame
}

type frameState int

const (
	frameStart frameState = iota + 1
	frameBlocks
	frameLast // the last block's body
	frameEnd
)

func newFrameReader(r io.Reader, size int64) *frameReader {
	h := sha256.New()
	return &frameReader{r: io.TeeReader(io.LimitReader(r, size), h), left: size, h: h, state: frameStart}
}

func (f *frameReader) Read(p []byte) (int, error) {
	for len(f.buf) == 0 && f.body == 0 {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	if len(f.buf) > 0 {
		n := copy(p, f.buf)
		f.buf = f.buf[n:]
		return n, nil
	}
	n, err := f.r.Read(p[:min(int64(len(p)), f.body)])
	f.body -= int64(n)
	f.left -= int64(n)
	if err == io.EOF && f.body > 0 { //nolint:errorlint // a LimitReader gives it bare
		err = damaged("the archive is cut off")
	}
	return n, err
}

// next reads the header that comes.
func (f *frameReader) next() error {
	switch f.state {
	case frameStart:
		return f.header()
	case frameBlocks:
		return f.block()
	case frameLast:
		f.state = frameEnd
		if f.sum {
			return f.take(4)
		}
		return nil
	default:
		if f.left != 0 {
			return damaged("there are %d bytes between the archive and its seal", f.left)
		}
		return io.EOF
	}
}

func (f *frameReader) take(n int) error {
	at := len(f.buf)
	f.buf = append(f.buf, make([]byte, n)...)
	got, err := io.ReadFull(f.r, f.buf[at:])
	f.left -= int64(got)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("the archive is cut off")
	}
	return err
}

// header reads the magic number and the frame header (RFC 8878, 3.1.1.1).
func (f *frameReader) header() error {
	f.buf = make([]byte, 0, 18)
	if err := f.take(5); err != nil {
		return err
	}
	d := f.buf[4]
	single := d >> 5 & 1
	size := []int{int(single), 2, 4, 8}[d>>6] + []int{0, 1, 2, 4}[d&3] + 1 - int(single)
	f.sum = d>>2&1 == 1
	if d&0x18 != 0 || !f.sum || d&3 != 0 {
		return damaged("the archive's compression is not one that this program writes")
	}
	f.state = frameBlocks
	return f.take(size)
}

func (f *frameReader) block() error {
	f.buf = f.buf[:0]
	if err := f.take(3); err != nil {
		return err
	}
	v := int64(f.buf[0]) | int64(f.buf[1])<<8 | int64(f.buf[2])<<16
	f.body = v >> 3
	if v>>1&3 == 1 { // one byte that is repeated
		f.body = 1
	}
	if v&1 == 1 {
		f.state = frameLast
	}
	return nil
}
