package experiment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/result"
)

// aheadFile of a search's folder has a line for each run that was begun before the search asked for
// it. Those that were thrown away are in it and not in the ledger.
const aheadFile = "ahead.ndjson"

// lookAhead makes a search with an oracle that tries ahead in the labs of another, and takes these down
// afterwards. again is the search without anybody who watches.
func lookAhead(ctx context.Context, dir evidence.Dir, labs *LabOracle, units []isolate.Unit, again isolate.Search, search func(isolate.Oracle) error) (out *result.Ahead, err error) {
	defer func() { err = errors.Join(err, labs.Close(context.WithoutCancel(ctx))) }()
	spent, err := openAccount(dir, labs.labs)
	if err != nil {
		return nil, err
	}
	ahead := isolate.NewAhead(labs, labs.labs, units, again)
	ahead.OnSpent = spent.note
	err = search(ahead)
	ahead.Close()
	return spent.total(), errors.Join(err, spent.close())
}

// account is what trying ahead came to, in all calls of a search.
type account struct {
	sum   result.Ahead
	lines *evidence.Lines
}

// openAccount goes on in the account of a search, which an earlier call may have left.
func openAccount(dir evidence.Dir, labs int) (*account, error) {
	path := dir.File(aheadFile)
	a := &account{sum: result.Ahead{Labs: labs}}
	if err := mend(path); err != nil {
		return nil, fmt.Errorf("go on with what was tried ahead: %w", err)
	}
	for s, err := range evidence.ReadLines[isolate.Spent](path) {
		if err != nil {
			return nil, fmt.Errorf("go on with what was tried ahead: %w", err)
		}
		a.count(s)
	}
	if labs < 2 {
		return a, nil // nothing is tried ahead
	}
	var err error
	a.lines, err = evidence.CreateLines(path)
	return a, err
}

func (a *account) close() error {
	if a.lines == nil {
		return nil
	}
	return a.lines.Close()
}

// mend takes the line off the end of a file that a killed program cut.
func mend(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if whole := bytes.LastIndexByte(data, '\n') + 1; err == nil && whole < len(data) {
		err = os.Truncate(path, int64(whole))
	}
	return err
}

func (a *account) count(s isolate.Spent) {
	if s.Why == "" {
		a.sum.Used++
		a.sum.Gained += s.Gained.Seconds()
	} else {
		a.sum.Thrown++
		a.sum.Wasted += s.Took.Seconds()
	}
}

// note keeps a run.
func (a *account) note(s isolate.Spent) {
	a.count(s)
	_ = a.lines.Append(s) // which tells of its first error when it is closed
}

// total is what is told of it; nil with one lab, in which nothing is tried ahead.
func (a *account) total() *result.Ahead {
	if a.sum.Labs < 2 && a.sum.Used+a.sum.Thrown == 0 {
		return nil
	}
	return &a.sum
}
