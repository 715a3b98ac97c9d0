package labpool

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labworker"
	"github.com/reprise-lab/reprise/harness/fleet/parcel"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
)

// Coordinator is what a pool asks of a fleet; a [*fleet.Coordinator] is one.
type Coordinator interface {
	Submit(ctx context.Context, t fleet.Task, n fleet.Needs) error
	Await(ctx context.Context, id string) (fleet.Sealed, error)
	Keep(ctx context.Context, s fleet.Sealed) error
	Cancel(ctx context.Context, id string) error
	Holds() error
}

// Options of a pool.
type Options struct {
	Parent  string // folder of the run directories, in which those of an earlier life are looked for
	Version string // of this program, which workers have to have too
	How     string // what is to build the labs; empty: the worker chooses
	MaxRead int64  // bytes of the timeline and the observations of a trial, which are read as a whole; 0: [DefaultMaxRead]
	// Kind is that of the labs of a topology, where no devices are asked for; nil: all are of containers.
	Kind func(t topologies.Topology) topologies.Kind
	// Ship sees to it that workers that lack an image get it, where it can: it returns the digest of the archive
	// that was shipped, and nothing where none was or need be. It is asked again before each trial, for workers that came
	// late, until it returns one, and once more when that is gone from the fleet. Nil ships nothing.
	Ship func(ctx context.Context, image fleet.Image) (archive string, err error)
	// Find says where a registry has an image, HOST/REPOSITORY@sha256:…, and its digest, which is that of the image if that has one;
	// nothing where none has it. Workers that were told to fetch images from that registry do; to others it is shipped. Nil: no registry is
	// asked.
	Find func(ctx context.Context, image fleet.Image) (from, digest string)
}

// DefaultMaxRead is far above what trials say, which is some megabytes; captures are not of it.
const DefaultMaxRead = 256 << 20

// Pool is the trials of a fleet. It implements [experiment.Pool].
type Pool struct {
	options Options
	fleet   Coordinator

	mu    sync.Mutex
	runs  map[string]*series // by [runKey]
	hosts map[string]string  // name of a host → the key of the worker that has it
}

var _ experiment.Pool = (*Pool)(nil)

// New makes a pool. It has to be given its coordinator before the first series.
func New(o Options) *Pool {
	o.MaxRead = cmp.Or(o.MaxRead, DefaultMaxRead)
	return &Pool{options: o, runs: map[string]*series{}, hosts: map[string]string{}}
}

// Use has a coordinator give the pool's tasks.
func (p *Pool) Use(c Coordinator) { p.fleet = c }

// Callbacks are what the pool is to be told by its coordinator.
func (p *Pool) Callbacks() fleet.CoordinatorOptions {
	return fleet.CoordinatorOptions{Counted: p.counted, Uncounted: p.uncounted, Progress: p.progress}
}

// Series implements [experiment.Pool].
func (p *Pool) Series(ctx context.Context, pl *plan.Plan, parent string, env trial.Environment, tool evidence.Tool) (experiment.Series, error) {
	dir, err := trial.CreateRun(ctx, pl, parent, env.Provider, tool)
	if err != nil {
		return nil, err
	}
	return p.open(ctx, pl, dir, env, nil)
}

// Reopen implements [experiment.Pool].
func (p *Pool) Reopen(ctx context.Context, pl *plan.Plan, dir evidence.Dir, env trial.Environment) (experiment.Series, error) {
	if err := dropUncounted(dir); err != nil {
		return nil, fmt.Errorf("go on in %s: %w", dir.Path, err)
	}
	done, err := trial.Counted(pl, dir)
	if err != nil {
		return nil, err
	}
	if err := p.recall(dir); err != nil {
		return nil, fmt.Errorf("go on in %s: %w", dir.Path, err)
	}
	return p.open(ctx, pl, dir, env, done)
}

// dropUncounted removes the records of a run that came from workers and have no line in its ledger: they came in the moment in
// which the coordinator ended, and come again.
func dropUncounted(dir evidence.Dir) error {
	trials, err := dir.Trials()
	if err != nil {
		return err
	}
	attempts, err := dir.Attempts()
	if err != nil {
		return err
	}
	known := map[int]bool{}
	for _, e := range attempts {
		known[e.Trial] = known[e.Trial] || e.Uncounted == ""
	}
	errs := []error{parcel.Sweep(dir.File("trials"))}
	for _, t := range trials {
		if !known[t.Number] && sealOf(t) != "" {
			errs = append(errs, os.RemoveAll(t.Path))
		}
	}
	return errors.Join(errs...)
}

// recall has the workers of a run be called as they are in its ledger.
func (p *Pool) recall(dir evidence.Dir) error {
	entries, err := dir.Ledger()
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range entries {
		var kept Seal
		var by fleet.Seal
		err := evidence.ReadJSON(dir.Trial(e.Trial).File(sealFile), &kept)
		if err == nil {
			err = json.Unmarshal(kept.Signed, &by)
		}
		if err != nil {
			continue // its seal is gone or spoilt, which is for who verifies it to say
		}
		if _, taken := p.hosts[by.Host]; !taken && e.Host == by.Host && by.Host != "" {
			p.hosts[by.Host] = by.Worker
		}
	}
	return nil
}

// open makes the series of a run directory.
func (p *Pool) open(ctx context.Context, pl *plan.Plan, dir evidence.Dir, env trial.Environment, done map[int]evidence.TrialVerdict) (*series, error) {
	env.Dir = dir
	s := &series{pool: p, plan: trial.PlanIn(pl, env.Provider), env: env, ledger: dir.OpenLedger(), key: runKey(dir.ID()), done: done, asked: map[string]place{}}
	var err error
	if s.payload, err = labworker.Payload(ctx, dir); err != nil {
		return nil, err
	}
	asks, err := labworker.Asks(ctx, s.payload)
	if err != nil {
		return nil, err
	}
	_, info, err := evidence.OpenDir(dir.Path)
	if err != nil {
		return nil, err
	}
	s.made = info.Started
	s.needs = NeedsOf(s.plan, info, asks, p.options)
	s.options = labworker.TaskOptions{Options: labworker.Options{Provider: p.options.How, Lean: env.Lean, Rehearse: env.Rehearse}}
	if _, _, err := s.ship(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs[s.key] = s
	return s, nil
}

// runKey is what the names of a run's tasks begin with; its own may be too long for one.
func runKey(run string) string { return evidence.SHA256([]byte(run))[:24] }

// run finds the directory of a task: of a series that is open, or of an earlier life.
func (p *Pool) run(id string) (dir evidence.Dir, n int, ok bool) {
	key, n, ok := taskOf(id)
	if !ok {
		return dir, 0, false
	}
	p.mu.Lock()
	s := p.runs[key]
	p.mu.Unlock()
	if s != nil {
		return s.env.Dir, n, true
	}
	list, _ := filepath.Glob(filepath.Join(p.options.Parent, "*", "run.json"))
	for _, file := range list {
		if dir.Path = filepath.Dir(file); runKey(dir.ID()) == key {
			return dir, n, true
		}
	}
	return dir, 0, false
}

// counted answers whether a trial is in its ledger, and by which seal.
func (p *Pool) counted(id string) (seal string, counted bool) {
	dir, n, ok := p.run(id)
	if !ok {
		return "", false
	}
	entries, err := dir.Ledger()
	if err != nil {
		return "", false // who goes on in the directory is told
	}
	for _, e := range entries {
		if e.Trial == n {
			return sealOf(dir.Trial(n)), true
		}
	}
	return "", false
}

// uncounted writes the line of a result that is no trial.
func (p *Pool) uncounted(s fleet.Sealed, why string) error {
	dir, n, ok := p.run(s.ID)
	if !ok {
		return nil // its run was removed
	}
	e := evidence.Entry{Trial: n, Host: p.host(s), Uncounted: why}
	var sum labworker.Summary
	if json.Unmarshal(s.Summary, &sum) == nil && sum.Result != nil && sum.Result.Entry.Trial == n {
		said := sum.Result.Entry
		said.Host, said.Uncounted = e.Host, why
		if plausible(&said, time.Time{}, time.Now()) == nil {
			e = said
		}
	}
	if e.Verdict == "" {
		e.Verdict, e.Reason = evidence.Inconclusive, s.Failed
	}
	return dir.AppendLedger(e)
}

// progress passes on where a trial is.
func (p *Pool) progress(said fleet.Progress) {
	key, _, ok := taskOf(said.ID)
	if !ok {
		return
	}
	p.mu.Lock()
	s := p.runs[key]
	p.mu.Unlock()
	if s != nil {
		s.tell(said)
	}
}

// host is how a worker is called in a record: by the name of its host, and where another worker has
// that, with the beginning of its key; by that alone where it says no name.
func (p *Pool) host(s fleet.Sealed) string { return p.hostName(s.Host, s.Worker) }

func (p *Pool) hostName(name, key string) string {
	const enough = 8
	short := key[:min(len(key), enough)]
	if name == "" {
		return short
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if has, taken := p.hosts[name]; !taken || has == key {
		p.hosts[name] = key
		return name
	}
	return name + "/" + short
}
