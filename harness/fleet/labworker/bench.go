package labworker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/parcel"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
)

// Provider builds labs, and is closed when the last is down.
type Provider interface {
	topologies.Provider
	Close() error
}

// Opener opens what builds labs on this machine.
type Opener interface {
	// Open gives what builds the labs of a plan that came from elsewhere. It refuses what the plan's
	// scenario asks for and was not allowed, and sees to it that nodes have the images that they had
	// where the plan was made: digests has these by reference.
	Open(ctx context.Context, p *plan.Plan, o Order, digests map[string]string) (Provider, error)
}

// Order is one trial that somebody wants.
type Order struct {
	Payload  []byte // as [Payload] makes it
	Trial    int
	Patience time.Duration // with the baseline; 0: to the end of its windows
	Options
	// Archives are the digests of archives that images were sent in, by the image's digest; Archive opens one.
	Archives map[string]string
	Archive  func(ctx context.Context, digest string) (io.ReadCloser, error)
	// Registries are references of images in registries, by the image's digest.
	Registries map[string]string
}

// Options are how a trial is executed. Trials with other options, or of another plan, have other labs.
type Options struct {
	Provider string `json:"provider,omitempty"` // that was asked for; empty: the worker chooses
	Lean     bool   `json:"lean,omitempty"`     // as [trial.Environment] has it
	Rehearse bool   `json:"rehearse,omitempty"` // as [trial.Environment] has it
}

// Result is how a trial was judged here.
type Result struct {
	Run      string            `json:"run"`                // id of the run
	Entry    evidence.Entry    `json:"entry"`              // its line of the ledger
	Baseline time.Duration     `json:"baseline,omitempty"` // that it took to hold; 0: it did not
	GaveUp   bool              `json:"gave-up,omitempty"`  // the baseline was given up early
	Unfit    string            `json:"unfit,omitempty"`    // what a fresh lab refused, and every further one will
	Lost     string            `json:"lost,omitempty"`     // why there is no record: it is larger than may be sent even without cores and captures
	Host     evidence.HostInfo `json:"host,omitzero"`
	Provider string            `json:"provider,omitempty"` // that built the lab
}

// FetchError says that an image could not be fetched from a registry.
type FetchError struct {
	Ref string
	Err error
}

// cannotFetch begins every word of a [FetchError].
const cannotFetch = "the image cannot be fetched from its registry: "

func (e *FetchError) Error() string { return cannotFetch + e.Ref + ": " + e.Err.Error() }

// Unwrap returns why.
func (e *FetchError) Unwrap() error { return e.Err }

// CouldNotFetch reports whether a worker says that it did not execute a task for want of an image that a registry was to have.
func CouldNotFetch(reason string) bool { return strings.Contains(reason, cannotFetch) }

// RefusedError says that a worker does not execute a trial, and would not the next time.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Err }

// unreadable is a refusal of a plan that cannot be read for what is in it, on every machine. What this machine lacks for
// that alone, such as room on its disk, is for another one to try.
func unreadable(err error) error {
	err = fmt.Errorf("open the plan: %w", err)
	for _, here := range []error{
		syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.ESTALE, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM,
		fs.ErrPermission, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, here) {
			return err
		}
	}
	return &RefusedError{err}
}

// Settings of a bench.
type Settings struct {
	Labs     Opener
	Registry *drivers.Registry
	Dir      string   // of the worker's own, for runs in the making
	Name     string   // of the worker, which the names of its labs end in
	Slots    int      // labs side by side
	Trust    []string // what scenarios of others may have of this machine
	// Hide takes out of what is said of a trial what is nobody's to know who gives trials, as by which address a device is reached;
	// nil: nothing.
	Hide   func(text string) string
	Record int64 // bytes of a packed record; 0: [fleet.DefaultMaxRecord]
	// Idle is how long a lab with nothing to do is kept; 0: [DefaultIdle].
	Idle time.Duration
}

// DefaultIdle is how long a lab with nothing to do is kept for the next trial of its plan.
const DefaultIdle = 30 * time.Second

// Bench executes trials in the labs of this machine. It is safe for use by several goroutines, of which
// as many as there are slots execute a trial at once.
type Bench struct {
	settings Settings
	free     chan struct{} // a token for each slot

	mu    sync.Mutex
	slots []*slot
	turn  int64 // of the last trial that was begun
}

// New makes a bench. What an earlier one of the same folder left there is removed.
func New(s Settings) (*Bench, error) {
	s.Slots, s.Idle, s.Record = max(s.Slots, 1), cmp.Or(s.Idle, DefaultIdle), cmp.Or(s.Record, fleet.DefaultMaxRecord)
	b := &Bench{settings: s, free: make(chan struct{}, s.Slots)}
	for i := range s.Slots {
		one := &slot{bench: b, number: i + 1, dir: filepath.Join(s.Dir, fmt.Sprintf("slot-%d", i+1))}
		if err := os.RemoveAll(one.dir); err != nil {
			return nil, fmt.Errorf("clear the worker's folder: %w", err)
		}
		b.slots = append(b.slots, one)
		b.free <- struct{}{}
	}
	return b, nil
}

// Try executes a trial, and gives how it was judged and its record, packed. say is told where it is.
// The error is a [*RefusedError], one of the record, or that of ctx, which ends the trial.
func (b *Bench) Try(ctx context.Context, o Order, say func(trial.Progress)) (Result, []byte, error) {
	select {
	case <-b.free:
	case <-ctx.Done():
		return Result{}, nil, ctx.Err()
	}
	s := b.take(keyOf(o))
	defer func() { //nolint:contextcheck // the lab outlives the trial
		b.giveBack(s)
		b.free <- struct{}{}
	}()
	result, record, err := s.try(ctx, o, say)
	return result, record, b.hidden(err)
}

// hiddenError is one that is told without what is nobody's to know.
type hiddenError struct {
	err  error
	text string
}

func (e *hiddenError) Error() string { return e.text }

// Unwrap returns what went wrong.
func (e *hiddenError) Unwrap() error { return e.err }

// hidden is an error as it may be told to others.
func (b *Bench) hidden(err error) error {
	if err == nil || b.settings.Hide == nil {
		return err
	}
	text := b.settings.Hide(err.Error())
	if text == err.Error() {
		return err
	}
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return &RefusedError{&hiddenError{refused.Err, text}}
	}
	return &hiddenError{err, text}
}

// keyOf is the same for orders that may have the same lab.
func keyOf(o Order) string { return fmt.Sprintf("%s %+v", evidence.SHA256(o.Payload), o.Options) }

// take gives the free slot that has the lab of a plan, one that has none, or the one that was used the
// longest time ago.
func (b *Bench) take(key string) *slot {
	b.mu.Lock()
	defer b.mu.Unlock()
	rank := func(s *slot) int {
		switch s.key {
		case key:
			return 0
		case "":
			return 1
		default:
			return 2
		}
	}
	free := slices.DeleteFunc(slices.Clone(b.slots), func(s *slot) bool { return s.busy })
	s := slices.MinFunc(free, func(a, b *slot) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.used, b.used)) })
	b.turn++
	s.busy, s.used = true, b.turn
	if s.idle != nil {
		s.idle.Stop()
	}
	return s
}

// giveBack has the slot's lab taken down when nothing comes for it.
func (b *Bench) giveBack(s *slot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.busy = false
	if used := s.used; s.key != "" {
		s.idle = time.AfterFunc(b.settings.Idle, func() { b.retire(s, used) })
	}
}

// retire takes down the lab of a slot that was not used since.
func (b *Bench) retire(s *slot, used int64) {
	select {
	case <-b.free: // the slot counts as one that works, as long as this takes
	default:
		return // all of them work, this one too
	}
	defer func() { b.free <- struct{}{} }()
	b.mu.Lock()
	ours := !s.busy && s.used == used
	s.busy = s.busy || ours
	b.mu.Unlock()
	if !ours {
		return
	}
	_ = s.close(context.Background()) // gc finds what could not be taken down
	b.mu.Lock()
	defer b.mu.Unlock()
	s.busy = false
}

// Close waits for the trials that are going on, and takes every lab down. There are no trials after it.
func (b *Bench) Close(ctx context.Context) error {
	for range b.slots {
		<-b.free
	}
	var errs []error
	for _, s := range b.slots {
		if s.idle != nil {
			s.idle.Stop()
		}
		errs = append(errs, s.close(ctx))
	}
	return errors.Join(errs...)
}

// slot is one place for a lab.
type slot struct {
	bench    *Bench
	number   int
	dir      string
	progress atomic.Pointer[func(trial.Progress)]

	// These are the bench's.
	busy bool
	used int64 // turn
	idle *time.Timer
	key  string // of the plan whose lab is here; empty: none is

	// These are whose trial it is that is executed.
	run      evidence.Dir
	provider Provider
	lab      *trial.Lab
	host     evidence.HostInfo
}

// try executes a trial in the slot.
func (s *slot) try(ctx context.Context, o Order, say func(trial.Progress)) (Result, []byte, error) {
	if say != nil {
		s.progress.Store(&say)
		defer s.progress.Store(nil)
	}
	if key := keyOf(o); s.key != key {
		if err := s.close(ctx); err != nil {
			return Result{}, nil, fmt.Errorf("take down the lab of another plan: %w", err)
		}
		if err := s.open(ctx, o); err != nil {
			return Result{}, nil, errors.Join(err, s.close(ctx))
		}
		s.setKey(key)
	}
	a, err := s.lab.Try(ctx, o.Trial, o.Patience)
	if err = errors.Join(err, ctx.Err()); err != nil {
		return Result{}, nil, errors.Join(err, s.forget(o.Trial))
	}
	out := Result{Run: s.run.ID(), Baseline: a.Baseline, GaveUp: a.GaveUp, Unfit: s.lab.Refused(), Host: s.host, Provider: s.provider.Name()}
	entries, err := s.run.Ledger()
	if err == nil && len(entries) != 1 {
		err = fmt.Errorf("the ledger of trial %d has %d lines", o.Trial, len(entries))
	}
	if err != nil {
		return Result{}, nil, errors.Join(err, s.forget(o.Trial))
	}
	out.Entry = entries[0]
	on := evidence.TrialHost{Host: s.host, Provider: out.Provider}
	on.Host.Name = "" // the ledger has that of the worker; this machine's own is nobody's to know
	if err := evidence.WriteJSON(s.run.Trial(o.Trial).File(evidence.HostFile), on); err != nil {
		return Result{}, nil, errors.Join(err, s.forget(o.Trial))
	}
	record, err := packRecord(ctx, s.run.Trial(o.Trial), s.bench.settings.Record)
	if large, ok := errors.AsType[*parcel.BoundError](err); ok {
		record, err = packEssence(ctx, s.run.Trial(o.Trial), s.bench.settings.Record, large)
	}
	if large, ok := errors.AsType[*parcel.BoundError](err); ok {
		out.Lost, err = large.Error(), nil
	}
	return out, record, errors.Join(err, s.forget(o.Trial))
}

func (s *slot) setKey(key string) {
	s.bench.mu.Lock()
	defer s.bench.mu.Unlock()
	s.key = key
}

// forget removes what was recorded of a trial.
func (s *slot) forget(n int) error {
	err := os.Remove(s.run.File("ledger.ndjson"))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(s.run.Trial(n).Path))
}

// open reads a plan, and opens what builds its lab.
func (s *slot) open(ctx context.Context, o Order) (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of a lab: %w", err)
	}
	if s.run, err = openPayload(ctx, o.Payload, s.dir); err != nil {
		return unreadable(err)
	}
	p, _, info, err := plan.OpenRunHere(s.run.Path, s.bench.settings.Trust)
	if err != nil {
		return unreadable(err)
	}
	wants := map[string]string{}
	for _, n := range info.Nodes {
		if n.Image != "" && n.Digest != "" {
			wants[n.Image] = n.Digest
		}
	}
	if s.provider, err = s.bench.settings.Labs.Open(ctx, p, o, wants); err != nil {
		return err
	}
	if err := s.provider.Check(ctx, p.Topology); err != nil {
		return fmt.Errorf("%s: %w", s.run.ID(), err)
	}
	if err := sameImages(ctx, s.provider, p, info); err != nil {
		return fmt.Errorf("%s: %w", s.run.ID(), err)
	}
	s.host = trial.Host(ctx, s.provider)
	s.lab = trial.NewLab(trial.PlanIn(p, s.provider), trial.Environment{
		Provider: &calledBy{Provider: s.provider, worker: s.bench.settings.Name}, Registry: s.bench.settings.Registry, Dir: s.run,
		Lean: o.Lean, Rehearse: o.Rehearse, Progress: s.tell, Hide: s.bench.settings.Hide,
	}, s.number)
	return nil
}

// sameImages compares what a provider would make nodes of with what the run says that its plan was made with. A provider
// that describes no images, as that of devices, makes nodes of none.
func sameImages(ctx context.Context, provider Provider, p *plan.Plan, info evidence.RunInfo) error {
	describer, ok := topologies.As[topologies.ImageDescriber](provider)
	if !ok {
		return nil
	}
	var errs []error
	for _, n := range info.Nodes {
		i := slices.IndexFunc(p.Topology.Nodes, func(of topologies.Node) bool { return of.Name == n.Name })
		if i < 0 || n.Digest == "" || n.Image == "" {
			continue
		}
		here, err := describer.DescribeImage(ctx, p.Topology.Nodes[i].Image)
		if err == nil && here.Digest != n.Digest {
			err = fmt.Errorf("it is %s on this machine, and %s where the plan was made: build or load that one here", cmp.Or(here.Digest, "of no known digest"), n.Digest)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("image %s of node %s: %w", n.Image, n.Name, err))
		}
	}
	return errors.Join(errs...)
}

// tell passes on where the trial is that is executed now.
func (s *slot) tell(p trial.Progress) {
	if say := s.progress.Load(); say != nil {
		(*say)(p)
	}
}

// close takes the slot's lab down, and removes its folder.
func (s *slot) close(ctx context.Context) error {
	var errs []error
	if s.lab != nil {
		errs = append(errs, s.lab.Close(ctx))
	}
	if s.provider != nil {
		errs = append(errs, s.provider.Close())
	}
	s.lab, s.provider = nil, nil
	s.setKey("")
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// calledBy has the names of labs end in that of a worker: another one of the same machine may have a lab
// of the same number for the same run.
type calledBy struct {
	topologies.Provider
	worker string
}

// Unwrap implements the contract of topologies.As.
func (c *calledBy) Unwrap() topologies.Provider { return c.Provider }

// Reserve builds the lab.
func (c *calledBy) Reserve(ctx context.Context, t topologies.Topology, o topologies.Options) (topologies.Reservation, error) {
	o.Run += "-" + c.worker
	return c.Provider.Reserve(ctx, t, o)
}
