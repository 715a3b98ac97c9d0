package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/trial"
)

// try makes the trials of a cell, in one lab, and says what it comes to. A cell that ctx cut short is not
// tested. The error is one of the record, or of the scenario.
func (m *matrixRun) try(ctx context.Context, i, lab int) (result.Cell, result.CellEntry, error) {
	cell := m.now[i]
	cell.Warm = false
	entry := result.CellEntry{Started: time.Now().UTC().Round(0)}
	p, err := m.planOf(i, m.o)
	if err != nil {
		return cell, entry, err
	}
	series, err := m.bench.pool().Series(ctx, p, m.Dir.File("runs"), m.bench.Env, m.bench.Tool)
	if err != nil {
		return cell, entry, &RecordError{err}
	}
	cell.Run = filepath.Join("runs", series.Dir().ID())
	var t cellTally
	for err == nil && ctx.Err() == nil && !t.enough(m.o) {
		var a trial.Attempt
		if a, err = series.TryWithin(ctx, lab, 0); err == nil {
			t.add(a.Verdict)
			cell.Warm = cell.Warm || a.Warm
		}
	}
	if ctx.Err() != nil { // what it says of the trial is that
		err = nil
	}
	if err = errors.Join(err, m.close(context.WithoutCancel(ctx), series)); err != nil {
		return cell, entry, fmt.Errorf("the trials of %s: %w", cell.Key(), err)
	}
	if entry.Ledger, err = ledgerOf(series.Dir()); err != nil {
		return cell, entry, err
	}
	if !t.enough(m.o) {
		cell.Verdict, cell.Reason = result.NotTested, "interrupted"
		return cell, entry, nil
	}
	t.settle(&m.Suite.Cells[i], &cell, m.o)
	if t.failure.Trial > 0 {
		cell.Decisive, err = decisive(series.Dir(), p, t.failure)
	}
	return cell, entry, err
}

// close leaves the lab of a cell to the next one, or takes it down, judges its trials as a run and has it rendered.
func (m *matrixRun) close(ctx context.Context, series Series) error {
	err := series.Close(ctx)
	if series.Trials() == 0 {
		return err
	}
	_, _, serr := series.Summarise()
	err = errors.Join(err, serr)
	if m.bench.Report != nil {
		err = errors.Join(err, m.bench.Report(series.Dir()))
	}
	return err
}

// ledgerOf is the SHA-256 of a run's ledger; empty where no trial was recorded.
func ledgerOf(dir evidence.Dir) (string, error) {
	data, err := os.ReadFile(dir.File("ledger.ndjson"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the ledger of a run: %w", err)
	}
	return evidence.SHA256(data), nil
}
