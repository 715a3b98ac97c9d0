package isolate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Entry is one line of a search's ledger: one run.
type Entry struct {
	Seq       int    `json:"seq"` // from 1
	Candidate string `json:"candidate"`
	Run       int    `json:"run"` // of this candidate, from 1
	Result
	// Prev is the SHA-256 of the line before, of the first that of what the search was begun with; empty where an older program wrote it.
	Prev string `json:"prev,omitempty"`
}

// Control tells a run of the variant that must stay healthy.
func (e Entry) Control() bool { return strings.HasSuffix(e.Candidate, controlKey) }

// Recorder is an Oracle that writes every result down, and gives those that are already
// written, in their order, before it asks for new ones. A result that was being written
// when the program was killed is asked for again.
type Recorder struct {
	oracle  Oracle
	units   []Unit
	file    *os.File
	written map[string][]Result // what the ledger held when it was opened
	given   map[string]int
	seq     int
	chain   chain
	// OnResult is told each result; again says that it was read and not run.
	OnResult func(e Entry, again bool)
}

// NewRecorder opens the ledger at path, and makes it when it is not there. Units give
// candidates their names. begun is the SHA-256 of what the search was begun with, empty where nobody knows: a ledger that was begun with
// something else, or of which a line was altered or taken out, is an error.
func NewRecorder(path, begun string, units []Unit, o Oracle) (*Recorder, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	r := &Recorder{oracle: o, units: units, file: f, written: map[string][]Result{}, given: map[string]int{}, chain: chain{begun: begun}}
	if err := r.read(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func (r *Recorder) read() error {
	in := bufio.NewReader(r.file)
	whole := int64(0)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
		var e Entry
		if err := json.Unmarshal(bytes.TrimSpace(line), &e); err != nil || e.Seq != r.seq+1 {
			return fmt.Errorf("%s:%d: the ledger is damaged: %q", r.file.Name(), r.seq+1, bounded(line))
		}
		if err := r.chain.take(e, line); err != nil {
			return fmt.Errorf("%s:%d: %w", r.file.Name(), r.seq+1, err)
		}
		whole += int64(len(line))
		r.seq++
		r.written[e.Candidate] = append(r.written[e.Candidate], e.Result)
	}
	// A cut last line is a run whose result nobody saw.
	if err := r.file.Truncate(whole); err != nil {
		return fmt.Errorf("mend ledger: %w", err)
	}
	_, err := r.file.Seek(whole, io.SeekStart)
	return err
}

// Written tells how many results of each candidate the ledger held when it was opened.
func (r *Recorder) Written() map[string]int {
	out := map[string]int{}
	for key, results := range r.written {
		out[key] = len(results)
	}
	return out
}

func bounded(line []byte) []byte { return line[:min(len(line), 80)] }

// Vet asks the oracle beneath.
func (r *Recorder) Vet(ctx context.Context, c Candidate) error { return r.oracle.Vet(ctx, c) }

// Try gives n results, written ones first.
func (r *Recorder) Try(ctx context.Context, c Candidate, n int) ([]Result, error) {
	key := c.Key(r.units)
	var out []Result
	for len(out) < n && r.given[key] < len(r.written[key]) {
		result := r.written[key][r.given[key]]
		r.given[key]++
		out = append(out, result)
		if a, ok := r.oracle.(*Ahead); ok {
			a.heard(key, result)
		}
		r.tell(Entry{Candidate: key, Run: r.given[key], Result: result}, true)
	}
	if len(out) == n {
		return out, nil
	}
	fresh, err := r.oracle.Try(ctx, c, n-len(out))
	for _, result := range fresh {
		r.seq++
		r.given[key]++
		e := Entry{Seq: r.seq, Candidate: key, Run: r.given[key], Result: result, Prev: r.chain.prev()}
		line, jerr := json.Marshal(e)
		r.chain.before = line
		if jerr == nil {
			_, jerr = r.file.Write(append(line, '\n'))
		}
		if jerr == nil {
			jerr = r.file.Sync()
		}
		if jerr != nil {
			return out, errors.Join(err, fmt.Errorf("write ledger: %w", jerr))
		}
		out = append(out, result)
		r.tell(e, false)
	}
	return out, err
}

func (r *Recorder) tell(e Entry, again bool) {
	if r.OnResult != nil {
		r.OnResult(e, again)
	}
}

// Close closes the ledger.
func (r *Recorder) Close() error { return r.file.Close() }
