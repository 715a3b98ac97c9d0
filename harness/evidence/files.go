package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sync"
)

// MaxLine bounds one line that is read back, in bytes. A longer one is skipped: it
// cannot have been written by us.
const MaxLine = 256 << 20

// WriteFile writes a whole file under a temporary name and renames it, so that a
// reader sees the old content or the new, never a part. What a path leads to that is no
// regular file, a device or a pipe, is written to as it is and never replaced.
func WriteFile(path string, data []byte) error {
	return WriteBy(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteBy is WriteFile of what a function writes. Where that fails the old content stays.
func WriteBy(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return writeThrough(path, write)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", filepath.Base(path), err), os.Remove(f.Name()))
		}
	}()
	err = write(f)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func writeThrough(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return errors.Join(write(f), f.Close())
}

// WriteJSON writes a value as an indented JSON file.
func WriteJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return WriteFile(path, append(data, '\n'))
}

// ReadJSON reads a JSON file.
func ReadJSON(path string, v any) error {
	data, err := readFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return nil
}

// Lines writes one JSON value per line. Each line reaches the file in one write, so
// that a killed program leaves at most one cut line, the last. Safe for concurrent use.
type Lines struct {
	mu sync.Mutex
	f  *os.File
	// failed keeps the first error: a record with a hole must not look whole.
	failed error
}

// CreateLines opens path for appending, making its folder.
func CreateLines(path string) (*Lines, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open record: %w", err)
	}
	return &Lines{f: f}, nil
}

// Append writes one line.
func (l *Lines) Append(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode record: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return l.failed
	}
	if _, err := l.f.Write(append(data, '\n')); err != nil {
		l.failed = fmt.Errorf("write record: %w", err)
	}
	return l.failed
}

// Close closes the file and returns the first error that the record suffered.
func (l *Lines) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.failed, l.f.Close())
}

// ReadLines reads an NDJSON file, in order. A cut last line is left out; a line that
// is not of this type ends the reading with an error that names its number. A file
// that does not exist has no lines.
func ReadLines[T any](path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		f, err := open(path)
		if errors.Is(err, os.ErrNotExist) {
			return
		}
		if err != nil {
			yield(zero, err)
			return
		}
		defer f.Close() //nolint:errcheck // read only
		r := bufio.NewReaderSize(f, 64<<10)
		for n := 1; ; n++ {
			line, err := readLine(r)
			if errors.Is(err, io.EOF) {
				return // an unfinished last line is dropped with it
			}
			var v T
			if err == nil {
				err = json.Unmarshal(line, &v)
			}
			if err != nil {
				yield(zero, fmt.Errorf("%s:%d: %w", filepath.Base(path), n, err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(line, []byte("\n")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > MaxLine:
			return nil, fmt.Errorf("the line is longer than %d bytes", MaxLine)
		}
	}
}
