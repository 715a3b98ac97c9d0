package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// AppendChained adds a line to a ledger: a file of JSON, a value a line, of which each holds the SHA-256
// of the line before, so that a line taken out or altered shows. next is given that sum, of nothing
// for the first, and the lines so far, and returns the value. Several processes may append to the same
// ledger: a lock on the file orders them. A line that a killed program cut is ended first and
// stays visible.
func AppendChained(path string, next func(prev string, lines [][]byte) any) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("open ledger: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock ledger: %w", err)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		if _, err := f.Write([]byte("\n")); err != nil {
			return fmt.Errorf("write ledger: %w", err)
		}
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	line, err := json.Marshal(next(SHA256(lines[len(lines)-1]), lines))
	if err != nil {
		return fmt.Errorf("encode ledger line: %w", err)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return f.Sync()
}

// ReadChained reads a ledger that [AppendChained] wrote, and checks its chain by the sum that a line holds,
// which prev tells. Lines that are no T, such as one that was cut, are left out; a ledger that is
// not there has none. The error names the first line whose predecessor is not the one it was
// written after.
func ReadChained[T any](path string, prev func(T) string) ([]T, error) {
	data, err := readFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	return ParseChained(filepath.Base(path), data, prev)
}

// ParseChained is [ReadChained] of what a ledger holds; name is the ledger's, for errors.
func ParseChained[T any](name string, data []byte, prev func(T) string) ([]T, error) {
	var list []T
	var before []byte
	for i, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		var v T
		if json.Unmarshal(line, &v) == nil {
			if prev(v) != SHA256(before) {
				return list, fmt.Errorf("%s:%d: the line before was altered or taken out", name, i+1)
			}
			list = append(list, v)
		}
		before = line
	}
	return list, nil
}

// AppendLedger adds one attempt to the run's ledger, as [AppendChained] does.
func (d Dir) AppendLedger(e Entry) error {
	return AppendChained(d.File("ledger.ndjson"), func(prev string, lines [][]byte) any {
		e.Reprise, e.Prev, e.Attempt = Format, prev, 1
		for _, line := range lines {
			var earlier Entry
			if json.Unmarshal(line, &earlier) == nil && earlier.Trial == e.Trial {
				e.Attempt = earlier.Attempt + 1
			}
		}
		return e
	})
}

// Attempts reads the run's ledger and checks its chain, as [ReadChained] does.
func (d Dir) Attempts() ([]Entry, error) {
	return ReadChained(d.File("ledger.ndjson"), func(e Entry) string { return e.Prev })
}

// Ledger is [Dir.Attempts] without those that are not counted.
func (d Dir) Ledger() ([]Entry, error) {
	all, err := d.Attempts()
	return slices.DeleteFunc(all, func(e Entry) bool { return e.Uncounted != "" }), err
}

// CheckLedger holds the run's ledger against itself and against the trials: its chain has to be
// whole, and each record the one whose digest it holds.
func (d Dir) CheckLedger() error {
	entries, err := d.Ledger()
	errs := []error{err}
	for _, e := range entries {
		digest, err := d.Trial(e.Trial).Digest()
		if err == nil && digest != e.Digest {
			err = fmt.Errorf("trial %d: its record is not the one that the ledger was written for", e.Trial)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
