package experiment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/trial"
)

// Matrix tries the cells of a plan, in several labs side by side, and writes into the plan's folder
// matrix.json, ledger.ndjson with a line for each attempt at a cell, and the cells' runs. What an earlier
// call decided in the same folder is not tried again.
//
// Cells come by weight, those of the same lab one after the other, and each after what it rests on: a lab that is up is
// used again (see [trial.WarmLabs]), unless the options say that none is. One that rests on a
// test that did not pass for the same subjects is blocked. No cell is ever left out of the result: those
// that were left say why.
//
// The result is what is on disk, also beside an error. When ctx is cancelled it is that of the cells so far,
// and the error is ctx's; whoever calls again goes on.
func Matrix(ctx context.Context, b *Bench, p *MatrixPlan, o MatrixOptions) (result.Matrix, error) {
	unlock, err := lock(p.Dir)
	if err != nil {
		return result.Matrix{}, err
	}
	defer unlock()
	if err := p.Look(ctx, b.Env.Provider, o); err != nil {
		return result.Matrix{}, err
	}
	bench := *b
	if !o.Fresh {
		bench.Env.Warm = &trial.WarmLabs{}
	}
	m := &matrixRun{MatrixPlan: p, bench: &bench, o: o, began: time.Now(), rests: rests(p.Suite), running: make([]bool, len(p.now))}
	m.order = p.inOrderOf(m.rests)
	m.turn.L = &m.mu
	m.head = m.heading(ctx)
	for i := range p.over {
		if !p.over[i] {
			m.toTry++
		}
		if err := p.keepRun(&p.now[i]); err != nil {
			return result.Matrix{}, &RecordError{err}
		}
	}
	if err := m.write(); err != nil {
		return m.result(), &RecordError{err}
	}
	err = inLabs(ctx, max(o.Labs, 1), m.work)
	return m.end(ctx, err)
}

// matrixRun is a matrix in the making.
type matrixRun struct {
	*MatrixPlan
	bench *Bench
	o     MatrixOptions
	head  result.Matrix // what does not change
	began time.Time
	rests [][]rest
	order []int

	mu      sync.Mutex
	turn    sync.Cond // a cell is over
	running []bool
	toTry   int
	tried   int
	stopped string
	ended   time.Time
	written time.Time
}

// heading is what the matrix says of itself.
func (m *matrixRun) heading(ctx context.Context) result.Matrix {
	h := m.Suite.Head
	h.Reprise, h.ID, h.Tool = result.MatrixFormat, m.Dir.ID(), m.bench.Tool
	h.Host, h.Provider = trial.Host(ctx, m.bench.Env.Provider), m.bench.Env.Provider.Name()
	h.Labs, h.Repeats = max(m.o.Labs, 1), m.o.Repeats
	if h.Started = m.started; h.Started.IsZero() {
		h.Started = m.began.UTC().Round(0)
	}
	h.Clock = m.clockOf()
	return h
}

// work tries the next cell.
func (m *matrixRun) work(ctx context.Context, lab int) (bool, error) {
	i, ok := m.next(ctx)
	if !ok {
		return false, nil
	}
	began := time.Now()
	cell, entry, err := m.try(ctx, i, lab)
	cell.Took = time.Since(began)
	return err == nil, m.decided(i, lab, cell, entry, err)
}

// next takes the next cell whose turn it is, and waits for what it rests on; ok is false when there is none.
func (m *matrixRun) next(ctx context.Context) (cell int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ctx.Err() == nil {
		if m.o.Budget > 0 && time.Since(m.began) >= m.o.Budget && m.left() {
			m.stopped = fmt.Sprintf("the budget of %s was over", m.o.Budget)
			return 0, false
		}
		waits := false
		for _, i := range m.order {
			if m.over[i] || m.running[i] {
				continue
			}
			switch by, why, undecided := m.blocked(i); {
			case undecided:
				waits = true
			case by != "":
				m.block(i, by, why)
			default:
				m.running[i] = true
				return i, true
			}
		}
		if !waits {
			return 0, false
		}
		if slices.Contains(m.running, true) {
			m.turn.Wait()
		}
	}
	return 0, false
}

// left reports whether a cell is neither over nor being tried.
func (m *matrixRun) left() bool {
	for i := range m.over {
		if !m.over[i] && !m.running[i] {
			return true
		}
	}
	return false
}

// blocked names a test that a cell rests on and that did not pass for its subjects, and says why; undecided says
// that one is not over yet. What was left out by choice, or for want of an image, blocks nothing.
func (m *matrixRun) blocked(i int) (by, why string, undecided bool) {
	for _, r := range m.rests[i] {
		passes, fails, applies := false, false, false
		for _, j := range r.cells {
			switch v := m.now[j].Verdict; {
			case !m.over[j]:
				undecided = true
			case v == result.Pass || v == result.PassWithNote:
				passes = true
			case v != result.NotTested:
				fails = true
				applies = applies || v != result.NotApplicable
			}
		}
		if fails && !passes && !undecided {
			if why = r.test + " did not pass"; !applies {
				why = r.test + " is not applicable"
			}
			return r.test, why, false
		}
	}
	return "", "", undecided
}

// block decides a cell without a trial.
func (m *matrixRun) block(i int, by, why string) {
	c := &m.now[i]
	c.Verdict, c.BlockedBy, c.Reason = result.Blocked, by, "for these subjects "+why
	m.over[i] = true
	m.tried++
	m.tell(*c, 0)
	m.turn.Broadcast()
}

// tell says how the matrix stands.
func (m *matrixRun) tell(c result.Cell, lab int) {
	if m.o.OnCell == nil {
		return
	}
	left := time.Duration(0)
	if m.tried > 0 {
		left = time.Duration(float64(time.Since(m.began)) / float64(m.tried) * float64(m.toTry-m.tried))
	}
	m.o.OnCell(MatrixStep{Cell: c, Lab: lab, Done: m.tried, Of: m.toTry, Left: left})
}

// decided takes a cell that was tried.
func (m *matrixRun) decided(i, lab int, cell result.Cell, entry result.CellEntry, err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.turn.Broadcast()
	m.running[i] = false
	if err != nil {
		cell.Verdict, cell.Reason = result.NotTested, "it was broken off: "+err.Error()
	}
	entry.Key, entry.Lab, entry.Cell = cell.Key(), lab, cell
	m.attempts[entry.Key]++
	entry.Attempt = m.attempts[entry.Key]
	if lerr := m.log(entry); lerr != nil {
		return errors.Join(err, &RecordError{lerr})
	}
	m.now[i] = cell
	if m.over[i] = err == nil && cell.Verdict != result.NotTested; !m.over[i] {
		return err
	}
	m.tried++
	m.tell(cell, lab)
	if time.Since(m.written) < writeEvery {
		return nil
	}
	if err := m.write(); err != nil {
		return &RecordError{err}
	}
	return nil
}

// log writes an attempt into the ledger.
func (m *matrixRun) log(e result.CellEntry) error {
	return evidence.AppendChained(result.MatrixLedger(m.Dir.Path), func(prev string, _ [][]byte) any {
		e.Reprise, e.Prev = result.MatrixFormat, prev
		return e
	})
}

// writeEvery is how often matrix.json is written while cells are tried: with thousands of cells it takes a
// while. What the ledger has beyond it is not lost.
const writeEvery = 10 * time.Second

// result is the matrix as it stands.
func (m *matrixRun) result() result.Matrix {
	out := m.head
	out.Cells = slices.Clone(m.now)
	out.Ended, out.Stopped = m.ended, m.stopped
	out.Took = m.took + time.Since(m.began)
	out.Counts = out.Count()
	out.Problems = out.FindProblems()
	return out
}

func (m *matrixRun) write() error {
	m.written = time.Now()
	return evidence.WriteJSON(m.Dir.File(matrixFile), m.result())
}

// end says why cells were left, and writes the matrix.
func (m *matrixRun) end(ctx context.Context, err error) (result.Matrix, error) {
	switch {
	case ctx.Err() != nil:
		m.stopped = "interrupted"
	case err != nil:
		m.stopped = "broken off: " + err.Error()
	default:
		m.ended = time.Now().UTC().Round(0)
	}
	for i := range m.now {
		if !m.over[i] {
			m.now[i].Verdict, m.now[i].Reason = result.NotTested, m.stopped
		}
	}
	if warm := m.bench.Env.Warm; warm != nil {
		err = errors.Join(err, warm.Close(context.WithoutCancel(ctx)))
	}
	if m.bench.Close != nil {
		err = errors.Join(err, m.bench.Close(context.WithoutCancel(ctx), nil))
	}
	if werr := m.write(); werr != nil {
		err = errors.Join(err, &RecordError{werr})
	}
	return m.result(), errors.Join(ctx.Err(), err)
}
