package isolate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/reprise-lab/reprise/topologies/plain"
)

// ReadLedger reads the ledger that a [Recorder] wrote at path. A last line that was cut is left out, as by who goes on
// with it; another one that is none is an error, and so is a run that is missing. begun is that of [NewRecorder]; where it is empty, as of a
// ledger that was redacted, lines are not held against each other.
func ReadLedger(path, begun string) ([]Entry, error) {
	data, err := plain.Read(path, plain.Data)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	var list []Entry
	chain := chain{begun: begun}
	for line := range bytes.Lines(data) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil || e.Seq != len(list)+1 {
			return list, fmt.Errorf("%s:%d: the ledger is damaged: %q", path, len(list)+1, bounded(bytes.TrimSpace(line)))
		}
		if err := chain.take(e, line); err != nil && begun != "" {
			return list, fmt.Errorf("%s:%d: %w", path, len(list)+1, err)
		}
		list = append(list, e)
	}
	return list, nil
}

// What a search that is made again from its ledger may meet.
var (
	errUntried = errors.New("no run of it is in the ledger")
	errSpent   = errors.New("the ledger has no more runs of what is asked for")
)

// Replay is an Oracle that has nothing but a ledger: it gives its runs in their order. A candidate without one is taken for one
// that could not be tried, as a search has at least one run of what it could; where the runs of another are over,
// Try gives an error.
type Replay struct {
	units []Unit
	left  map[string][]Result
	had   map[string]bool
}

// NewReplay makes an oracle of the lines of a ledger. Units give candidates their names.
func NewReplay(entries []Entry, units []Unit) *Replay {
	r := &Replay{units: units, left: map[string][]Result{}, had: map[string]bool{}}
	for _, e := range entries {
		r.left[e.Candidate] = append(r.left[e.Candidate], e.Result)
		r.had[e.Candidate] = true
	}
	return r
}

// Vet takes a candidate that has runs.
func (r *Replay) Vet(_ context.Context, c Candidate) error {
	if !r.had[c.Key(r.units)] {
		return errUntried
	}
	return nil
}

// Try gives the next n runs of a candidate.
func (r *Replay) Try(_ context.Context, c Candidate, n int) ([]Result, error) {
	key := c.Key(r.units)
	n, want := min(n, len(r.left[key])), n
	out := r.left[key][:n]
	r.left[key] = r.left[key][n:]
	if n < want {
		return out, errSpent
	}
	return out, nil
}
