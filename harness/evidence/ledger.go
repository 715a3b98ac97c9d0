package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// AppendLedger adds one attempt to the run's ledger. Several processes may append to
// the same ledger: a lock on the file orders them, and each line holds the SHA-256 of
// the line before, so that a line taken out or altered shows. A line that a killed
// program cut is ended first and stays visible.
func (d Dir) AppendLedger(e Entry) (err error) {
	f, err := os.OpenFile(d.File("ledger.ndjson"), os.O_CREATE|os.O_RDWR, 0o644)
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
	e.Reprise = Format
	e.Prev = SHA256(lines[len(lines)-1])
	e.Attempt = 1
	for _, line := range lines {
		var earlier Entry
		if json.Unmarshal(line, &earlier) == nil && earlier.Trial == e.Trial {
			e.Attempt = earlier.Attempt + 1
		}
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode ledger line: %w", err)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return f.Sync()
}

// Ledger reads the run's ledger and checks its chain. The error names the first line
// whose predecessor is not the one it was written after.
func (d Dir) Ledger() ([]Entry, error) {
	data, err := readFile(d.File("ledger.ndjson"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	var entries []Entry
	var prev []byte
	for i, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		var e Entry
		if json.Unmarshal(line, &e) == nil {
			if e.Prev != SHA256(prev) {
				return entries, fmt.Errorf("ledger.ndjson:%d: the line before was altered or taken out", i+1)
			}
			entries = append(entries, e)
		}
		prev = line
	}
	return entries, nil
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
