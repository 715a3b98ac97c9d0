package bundle

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// tarStream reads a tar.zst whose headers are predicted.
type tarStream struct {
	at    io.ReaderAt
	size  int64
	frame *frameReader
	z     *zstd.Decoder
	r     *bufio.Reader
	entry io.LimitedReader
	pad   int64
}

func newTarStream(ctx context.Context, at io.ReaderAt, size int64) (*tarStream, error) {
	tail := int64(frameSize + sealSize)
	if size < tail {
		return nil, damaged("it is cut off")
	}
	t := &tarStream{at: at, size: size}
	head := make([]byte, frameSize)
	if _, err := at.ReadAt(head, size-tail); err != nil {
		return nil, &DamagedError{"its end cannot be read", err}
	}
	if !bytes.Equal(head, sealFrame()) {
		return nil, damaged("it does not end with its seal: it is cut off, or something was added")
	}
	t.frame = newFrameReader(bufio.NewReaderSize(&contextReader{ctx, io.NewSectionReader(at, 0, size)}, 256<<10), size-tail)
	var err error
	t.z, err = zstd.NewReader(t.frame, zstd.WithDecoderMaxWindow(2*windowSize), zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(2))
	if err != nil {
		return nil, &DamagedError{"the archive", err}
	}
	t.r = bufio.NewReaderSize(t.z, 256<<10)
	return t, nil
}

func (t *tarStream) peek(name string) (int64, bool, error) {
	block, err := t.r.Peek(tarBlock)
	if err != nil {
		return 0, false, cutOff("the archive", notEOF(err))
	}
	size, ok := tarSize(block, name)
	return size, ok, nil
}

func (t *tarStream) open(name string, size int64) (io.Reader, error) {
	want := tarHeader(name, size)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(t.r, got); err != nil {
		return nil, cutOff("the archive", notEOF(err))
	}
	if !bytes.Equal(got, want) {
		return nil, damaged("the next entry is not the %q with %d bytes that the manifest names", name, size)
	}
	t.entry, t.pad = io.LimitedReader{R: t.r, N: size}, padding(size)
	return &t.entry, nil
}

func (t *tarStream) done() error {
	if t.entry.N != 0 {
		return cutOff("the archive", io.ErrUnexpectedEOF)
	}
	return t.zeros(t.pad)
}

func (t *tarStream) zeros(n int64) error {
	got := make([]byte, n)
	if _, err := io.ReadFull(t.r, got); err != nil {
		return cutOff("the archive", notEOF(err))
	}
	if !bytes.Equal(got, make([]byte, n)) {
		return damaged("there is something between two entries")
	}
	return nil
}

func (t *tarStream) end() error {
	if err := t.zeros(2 * tarBlock); err != nil {
		return err
	}
	if _, err := t.r.ReadByte(); !errors.Is(err, io.EOF) {
		if err != nil {
			return cutOff("the archive", err)
		}
		return damaged("there is something after the last entry")
	}
	// The decompressor ends with the frame, which has ended where the seal begins.
	if t.frame.left != 0 || t.frame.state != frameEnd {
		return damaged("there is something between the archive and its seal")
	}
	t.frame.h.Write(sealFrame())
	return checkSeal(t.at, t.size, t.frame.h)
}

func (t *tarStream) release() { t.z.Close() }

// notEOF makes an end that comes too early an error of its own.
func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
