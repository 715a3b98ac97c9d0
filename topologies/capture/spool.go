package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// spool is a file of blocks that gives up its oldest. It is two files of at most half the bound each,
// of which the one before is named as the file and .earlier; each can be read by itself. Without a path
// nothing is written.
type spool struct {
	path   string
	header []byte
	half   int64

	file    *os.File
	out     *bufio.Writer
	size    int64  // of the present file
	frames  uint64 // in the present file
	earlier uint64 // in the one before; 0: there is none
	gone    uint64 // frames that were given up
	touched bool   // since the last flush
}

// buffered is what of a file is in memory.
const buffered = 256 << 10

func openSpool(path string, header []byte, limit int64) (*spool, error) {
	s := &spool{path: path, header: header, half: max(limit/2, int64(len(header))+blockSize)}
	if path == "" {
		s.out, s.half = bufio.NewWriterSize(io.Discard, buffered), math.MaxInt64
		return s, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("write a capture: %w", err)
	}
	return s, s.create()
}

func (s *spool) earlierPath() string { return s.path + ".earlier" }

func (s *spool) create() (err error) {
	if s.file, err = os.OpenFile(s.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644); err != nil {
		return fmt.Errorf("write a capture: %w", err)
	}
	if s.out == nil {
		s.out = bufio.NewWriterSize(s.file, buffered)
	} else {
		s.out.Reset(s.file)
	}
	_, err = s.out.Write(s.header)
	s.size, s.frames, s.touched = int64(len(s.header)), 0, true
	return err
}

// put writes the block of a frame.
func (s *spool) put(block []byte) error {
	if s.size+int64(len(block)) > s.half && s.frames > 0 {
		if err := s.turn(); err != nil {
			return err
		}
	}
	if s.out.Available() < len(block) { // whole blocks reach the file
		if err := s.out.Flush(); err != nil {
			return err
		}
	}
	_, err := s.out.Write(block)
	s.size += int64(len(block))
	s.frames++
	s.touched = true
	return err
}

// turn begins a new file and gives up the one before the present.
func (s *spool) turn() error {
	if err := errors.Join(s.out.Flush(), s.file.Close(), os.Rename(s.path, s.earlierPath())); err != nil {
		return err
	}
	s.gone += s.earlier
	s.earlier = s.frames
	return s.create()
}

// flush lets others read what there is.
func (s *spool) flush() error {
	if !s.touched {
		return nil
	}
	s.touched = false
	return s.out.Flush()
}

// finish makes one file of both, which ends with a block, and gives its size.
func (s *spool) finish(last []byte) (size int64, err error) {
	if s.path == "" {
		return 0, nil
	}
	_, err = s.out.Write(last)
	if err = errors.Join(err, s.out.Flush()); err == nil && s.earlier > 0 {
		err = s.merge()
	}
	if info, failed := os.Stat(s.path); failed == nil {
		size = info.Size()
	}
	return size, errors.Join(err, s.file.Close())
}

// merge puts the present file behind the one before, without its header.
func (s *spool) merge() error {
	to, err := os.OpenFile(s.earlierPath(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	from, err := os.Open(s.path)
	if err != nil {
		return errors.Join(err, to.Close())
	}
	defer from.Close() //nolint:errcheck // read only
	_, err = io.Copy(to, io.NewSectionReader(from, int64(len(s.header)), 1<<62))
	if err = errors.Join(err, to.Close()); err != nil {
		return err
	}
	return os.Rename(s.earlierPath(), s.path)
}
