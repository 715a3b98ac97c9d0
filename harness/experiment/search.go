package experiment

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// ErrInUse says that another process is at a search.
var ErrInUse = errors.New("it is in use by another process")

// CreateSearch makes the folder of an isolation or a bisection below parent: the files of
// the scenario with the mark of where they come from, and the options, for who goes on with
// it. An error is one of the disk.
func CreateSearch(parent string, l *scenarios.Loaded, options any) (evidence.Dir, error) {
	dir, err := evidence.CreateDir(parent, l.Scenario.ID, time.Now())
	if err != nil {
		return dir, &RecordError{err}
	}
	if err := l.Inherit(dir.Path); err != nil {
		return dir, err
	}
	for _, in := range l.Inputs {
		if err := evidence.WriteFile(dir.File("input", in.Path), in.Data); err != nil {
			return dir, fmt.Errorf("keep input: %w", err)
		}
	}
	return dir, evidence.WriteJSON(dir.File("options.json"), options)
}

// lock keeps a second process out of a search, until unlock.
func lock(dir evidence.Dir) (unlock func(), err error) {
	f, err := os.OpenFile(dir.File("lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir.Path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", dir.Path, ErrInUse)
	}
	return func() { _ = f.Close() }, nil
}
