package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// AppendChained adds a line to a ledger: a file of JSON, a value a line, of which each holds the SHA-256
// of the line before, so that a line taken out or altered shows. next is given that sum, of nothing
// for the first, and the lines so far, and returns the value. Several processes may append to the same
// ledger: a lock on the file orders them. A line that a killed program cut is ended first and
// stays visible.
func AppendChained(path string, next func(prev string, lines [][]byte) any) (err error) {
	f, err := lockChained(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(f)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	_, err = addLine(f, len(data) > 0 && data[len(data)-1] != '\n', next(SHA256(lines[len(lines)-1]), lines))
	return err
}

// lockChained opens a ledger for who adds a line to it. Closing it lets the next one in.
func lockChained(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock ledger: %w", err), f.Close())
	}
	return f, nil
}

// addLine adds a value at the end of a ledger that was read to there, after what a line that was cut lacks.
func addLine(f *os.File, cut bool, v any) (line []byte, err error) {
	if line, err = json.Marshal(v); err != nil {
		return nil, fmt.Errorf("encode ledger line: %w", err)
	}
	if cut {
		if _, err := f.Write([]byte("\n")); err != nil {
			return nil, fmt.Errorf("write ledger: %w", err)
		}
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("write ledger: %w", err)
	}
	return line, f.Sync()
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

// Ledger is a run's ledger for who adds many lines: it remembers what it has read of it, so that a line costs the same however
// many there are. It is safe for use by several goroutines, and beside other processes and Ledgers of the same run, whose lines
// it reads before it adds its own.
type Ledger struct {
	path string

	mu       sync.Mutex
	file     os.FileInfo // that was read; nil: none yet
	read     int64       // bytes of it
	last     []byte      // line, without its end
	cut      bool        // the last line has no end
	attempts map[int]int // the highest attempt of each trial
}

// OpenLedger gives the ledger of a run. Nothing is read or made yet.
func (d Dir) OpenLedger() *Ledger { return &Ledger{path: d.File("ledger.ndjson")} }

// Append adds one attempt: its number, the format, the sum of the line before and, where it is counted, the seals are filled in.
func (l *Ledger) Append(e Entry) (err error) {
	if e.Uncounted == "" {
		seals, err := Dir{Path: filepath.Dir(l.path)}.Seals(e.Trial)
		if err != nil {
			return err
		}
		e.Seals = &seals
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := lockChained(l.path)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			l.file = nil // what of the line is there is read again
		}
	}()
	if err := l.catchUp(f); err != nil {
		return err
	}
	e.Reprise, e.Prev, e.Attempt = Format, SHA256(l.last), l.attempts[e.Trial]+1
	more := int64(1)
	if l.cut {
		more++
	}
	line, err := addLine(f, l.cut, e)
	if err != nil {
		return err
	}
	l.read, l.last, l.cut, l.attempts[e.Trial] = l.read+int64(len(line))+more, line, false, e.Attempt
	return nil
}

// catchUp reads what others have added to a ledger, or all of it where it is another file than before, or a shorter one.
func (l *Ledger) catchUp(f *os.File) error {
	now, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	if l.file == nil || !os.SameFile(l.file, now) || now.Size() < l.read {
		l.read, l.last, l.cut, l.attempts = 0, nil, false, map[int]int{}
	}
	l.file = now
	if _, err := f.Seek(l.read, io.SeekStart); err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	if len(data) == 0 {
		return nil
	}
	l.read += int64(len(data))
	ended := bytes.TrimSuffix(data, []byte("\n"))
	for i, line := range bytes.Split(ended, []byte("\n")) {
		if i == 0 && l.cut { // what of this line was read before is without its end
			line = append(slices.Clone(l.last), line...)
		}
		var earlier Entry
		if json.Unmarshal(line, &earlier) == nil && earlier.Attempt > 0 {
			l.attempts[earlier.Trial] = max(l.attempts[earlier.Trial], earlier.Attempt)
		}
		l.last = line
	}
	l.last, l.cut = slices.Clone(l.last), len(ended) == len(data)
	return nil
}

// AppendLedger adds one attempt to the run's ledger. Who adds many keeps a [Ledger].
func (d Dir) AppendLedger(e Entry) error { return d.OpenLedger().Append(e) }

// Attempts reads the run's ledger and checks its chain, as [ReadChained] does.
func (d Dir) Attempts() ([]Entry, error) {
	return ReadChained(d.File("ledger.ndjson"), func(e Entry) string { return e.Prev })
}

// Ledger is [Dir.Attempts] without those that are not counted.
func (d Dir) Ledger() ([]Entry, error) {
	all, err := d.Attempts()
	return slices.DeleteFunc(all, func(e Entry) bool { return e.Uncounted != "" }), err
}

// BrokenOffError says that the last trial of a run has a verdict and no line of the ledger yet: the run was ended between
// the two, or is still going on.
type BrokenOffError struct{ Trial int }

func (e *BrokenOffError) Error() string {
	return fmt.Sprintf("broken off: trial %d, the last, has a verdict, and no line of the ledger tells of it; the run was ended there, or still runs", e.Trial)
}

// CheckLedger holds the run's ledger against itself and against the trials: its chain has to be
// whole, each record the one whose digest it holds, run.json and what a report shows of a trial those that are sealed, each trial
// that has a verdict in it, with that verdict, and no record another's. Where that is so but for the last one, and that is none that the run was judged by as a whole, the
// error is a [*BrokenOffError].
func (d Dir) CheckLedger() error {
	all, err := d.Attempts()
	errs := []error{err}
	told := map[int]bool{}
	said := map[int]Verdict{}
	records := map[string]int{}
	for _, e := range all {
		told[e.Trial] = true
		if e.Uncounted != "" {
			continue
		}
		said[e.Trial], records[e.Digest] = e.Verdict, e.Trial
		digest, err := d.Trial(e.Trial).Digest()
		switch _, gone := os.Stat(d.Trial(e.Trial).Path); {
		case errors.Is(gone, os.ErrNotExist):
			err = fmt.Errorf("trial %d: the ledger tells of it, and it has no record", e.Trial)
		case err == nil && digest != e.Digest:
			err = fmt.Errorf("trial %d: its record is not the one that the ledger was written for", e.Trial)
		case err == nil:
			err = d.checkSeals(e)
		}
		errs = append(errs, err)
	}
	trials, err := d.Trials()
	errs = append(errs, err)
	var untold []int
	last, verdicts := 0, 0
	for _, t := range trials {
		v, judged, _ := t.Verdict()
		if !judged {
			continue
		}
		last = t.Number
		verdicts++
		switch is, counted := said[last]; {
		case v.Trial != 0 && v.Trial != last:
			errs = append(errs, fmt.Errorf("trial %d: its verdict is that of trial %d", last, v.Trial))
		case counted && is != v.Verdict:
			errs = append(errs, fmt.Errorf("trial %d is stored as %s, and the ledger tells of it as %s", last, v.Verdict, is))
		case !told[last]:
			untold = append(untold, last)
			if digest, err := t.Digest(); err == nil && records[digest] != 0 {
				errs = append(errs, fmt.Errorf("trial %d: its record is that of trial %d", last, records[digest]))
			}
		}
	}
	if len(untold) == 1 && untold[0] == last && errors.Join(errs...) == nil && d.judgedTrials() < verdicts {
		return &BrokenOffError{last}
	}
	for _, n := range untold {
		errs = append(errs, fmt.Errorf("trial %d: it has a verdict, and no line of the ledger tells of it", n))
	}
	return errors.Join(errs...)
}

// judgedTrials is how many trials the run was judged by as a whole; none where it was not. A verdict that cannot be read was one
// of all of them.
func (d Dir) judgedTrials() int {
	var v RunVerdict
	switch err := ReadJSON(d.File("verdict.json"), &v); {
	case errors.Is(err, os.ErrNotExist):
		return 0
	case err != nil:
		return math.MaxInt
	default:
		return v.Valid() + v.Inconclusive + v.NotApplicable
	}
}
