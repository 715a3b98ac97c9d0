package labpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/labworker"
	"github.com/reprise-lab/reprise/harness/fleet/parcel"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
)

// sealFile is beside the record of a trial, with its [Seal].
const sealFile = "seal.json"

// Seal is what stays of a result beside its record: what the worker signed. See [CheckSeals].
type Seal struct {
	Signed    json.RawMessage `json:"signed"`    // a [fleet.Seal], byte for byte
	Signature []byte          `json:"signature"` // Ed25519, by the key that it names
	Summary   json.RawMessage `json:"summary"`   // a labworker.Summary
}

// series is one run directory whose trials the fleet executes. It implements [experiment.Series].
type series struct {
	pool    *Pool
	plan    *plan.Plan
	env     trial.Environment
	ledger  *evidence.Ledger
	key     string
	payload []byte
	made    time.Time // when the run directory was

	shipping sync.Mutex
	needs    fleet.Needs
	options  labworker.TaskOptions
	archives []string
	found    map[string]bool // images, by digest, that a registry was asked for

	mu        sync.Mutex
	next      int // number of the last trial that was begun
	cancelled int // of those that were begun; they have no record
	done      map[int]evidence.TrialVerdict
	asked     map[string]place // the trials that are waited for, by the name of their task
}

// place is for whom a trial is.
type place struct{ lab, trial int }

// Plan implements [experiment.Series].
func (s *series) Plan() *plan.Plan { return s.plan }

// Dir implements [experiment.Series].
func (s *series) Dir() evidence.Dir { return s.env.Dir }

// Trials implements [experiment.Series].
func (s *series) Trials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

// Close implements [experiment.Series]: labs are the workers', which take them down.
func (s *series) Close(context.Context) error { return nil }

// Summarise implements [experiment.Series].
func (s *series) Summarise() (evidence.RunVerdict, evidence.Rate, error) {
	s.mu.Lock()
	begun, cancelled := s.next, s.cancelled
	s.mu.Unlock()
	return trial.SummariseSeries(s.env.Dir, begun, cancelled, s.done)
}

// taskID names the task of a trial, of which an attempt from 2 on is another one.
func taskID(key string, n, attempt int) string {
	id := key + "-" + strconv.Itoa(n)
	if attempt > 1 {
		id += "-" + strconv.Itoa(attempt)
	}
	return id
}

// taskOf takes the name of a task apart.
func taskOf(id string) (key string, n int, ok bool) {
	key, number, ok := strings.Cut(id, "-")
	number, attempt, again := strings.Cut(number, "-")
	n, err := strconv.Atoi(number)
	if _, aerr := strconv.Atoi(attempt); again && aerr != nil {
		err = aerr
	}
	return key, n, ok && err == nil && n > 0
}

// begin gives the number of the next trial, and its verdict where it is counted already.
func (s *series) begin() (n int, v evidence.TrialVerdict, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	for judge.CutShort(s.done[s.next]) {
		s.next++
	}
	v, done = s.done[s.next]
	return s.next, v, done
}

// TryWithin implements [experiment.Series].
func (s *series) TryWithin(ctx context.Context, lab int, patience time.Duration) (trial.Attempt, error) {
	n, v, done := s.begin()
	if done {
		return trial.Attempt{Verdict: v}, ctx.Err()
	}
	a, err := s.execute(ctx, place{lab, n}, patience)
	if err != nil {
		return a, err
	}
	if s.env.Progress != nil {
		s.env.Progress(trial.Progress{Lab: lab, Trial: n, Verdict: a.Verdict.Verdict, Reason: a.Verdict.Reason})
	}
	return a, ctx.Err()
}

// mostSpoilt is how many results of a trial may be no good until it is inconclusive.
const mostSpoilt = 3

// spoiltError is a result that cannot be the trial: it is not what a worker makes, or not of this trial.
type spoiltError struct {
	sealed fleet.Sealed
	err    error
}

func (e *spoiltError) Error() string { return e.err.Error() }

// Unwrap returns what is wrong with it.
func (e *spoiltError) Unwrap() error { return e.err }

// execute has the fleet execute a trial until there is a result that can be taken. One that cannot is a line of the ledger and no
// trial, and the trial is asked for again, which another worker may take.
func (s *series) execute(ctx context.Context, at place, patience time.Duration) (trial.Attempt, error) {
	begun := time.Now()
	var reasons []string
	for {
		a, err := s.submit(ctx, taskID(s.key, at.trial, len(reasons)+1), at, patience)
		if failed, ok := errors.AsType[*fleet.FailedError](err); ok && s.sendAgain(failed, len(reasons)) {
			reasons = append(reasons, failed.Error())
			continue
		}
		spoilt, ok := errors.AsType[*spoiltError](err)
		if !ok {
			return a, err
		}
		reasons = append(reasons, s.pool.host(spoilt.sealed)+": "+spoilt.Error())
		if err := s.pool.uncounted(spoilt.sealed, "it is no result of the trial: "+spoilt.Error()); err != nil {
			return a, fmt.Errorf("trial %d: %w", at.trial, err)
		}
		s.keep(ctx, spoilt.sealed)
		if len(reasons) == mostSpoilt {
			return s.spoilt(ctx, spoilt.sealed, at, begun, reasons)
		}
	}
}

// spoilt counts a trial as inconclusive of which no result was good.
func (s *series) spoilt(ctx context.Context, last fleet.Sealed, at place, begun time.Time, reasons []string) (trial.Attempt, error) {
	entry := evidence.Entry{Trial: at.trial, Lab: at.lab, Started: begun.UTC().Round(0), Took: time.Since(begun), Host: s.pool.host(last)}
	t, err := s.settle(ctx, last, fmt.Sprintf("%d results of it were no good: %s", len(reasons), strings.Join(reasons, "; ")), &entry)
	return trial.Attempt{Verdict: t.verdict}, s.count(ctx, t, entry, err)
}

// ship sees to it that workers that are there by now get the images that they lack, and gives a task what is as yet the same for
// all of the series: what it needs, its options, and the archives of images.
func (s *series) ship(ctx context.Context) (task fleet.Task, needs fleet.Needs, err error) {
	s.shipping.Lock()
	defer s.shipping.Unlock()
	for i, image := range s.needs.Images {
		if image.Digest == "" || image.Source == fleet.SourceFleet {
			continue
		}
		image = s.find(ctx, i)
		if s.pool.options.Ship == nil {
			continue
		}
		archive, err := s.pool.options.Ship(ctx, image)
		if err != nil {
			return task, needs, fmt.Errorf("ship the image %s to the workers that lack it: %w", image.Ref, err)
		}
		if archive == "" {
			continue
		}
		s.options.Images, s.archives = with(s.options.Images, image.Digest, archive), append(slices.Clip(s.archives), archive)
		s.source(i, fleet.SourceFleet, "")
	}
	task = fleet.Task{Payload: s.payload, Images: s.archives}
	if task.Options, err = json.Marshal(s.options); err != nil {
		return task, needs, fmt.Errorf("write the options of a task: %w", err)
	}
	return task, s.needs, nil
}

// with is a map with one more in it.
func with(m map[string]string, key, value string) map[string]string {
	m = maps.Clone(m)
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

// source says where an image of the series comes from; shipping is held.
func (s *series) source(i int, from, registry string) {
	s.needs.Images = slices.Clone(s.needs.Images)
	s.needs.Images[i].Source, s.needs.Images[i].Registry = from, registry
}

// find looks once whether a registry has an image; shipping is held.
func (s *series) find(ctx context.Context, i int) fleet.Image {
	image := s.needs.Images[i]
	if s.found[image.Digest] || s.pool.options.Find == nil {
		return image
	}
	if s.found == nil {
		s.found = map[string]bool{}
	}
	s.found[image.Digest] = true
	if from, _ := s.pool.options.Find(ctx, image); from != "" {
		s.options.Registries = with(s.options.Registries, image.Digest, from)
		s.source(i, fleet.SourceRegistry, registryOf(from))
	}
	return s.needs.Images[i]
}

// registryOf is the registry of a reference that names one.
func registryOf(from string) string {
	registry, _, _ := strings.Cut(from, "/")
	return registry
}

// noRegistry has images be shipped that registries were to have; false where none was.
func (s *series) noRegistry() bool {
	s.shipping.Lock()
	defer s.shipping.Unlock()
	s.options.Registries = nil
	return s.without(fleet.SourceRegistry)
}

// shipAgain has images be shipped that the fleet was to have; false where there was none.
func (s *series) shipAgain() bool {
	s.shipping.Lock()
	defer s.shipping.Unlock()
	s.options.Images, s.archives = nil, nil
	return s.without(fleet.SourceFleet)
}

// without forgets where images are that a source was to have; false where there was none. The caller holds shipping.
func (s *series) without(source string) (was bool) {
	for i, image := range s.needs.Images {
		if image.Source == source {
			was = true
			s.source(i, "", "")
		}
	}
	return was
}

// sendAgain has the images of a trial that failed be shipped where they could not be fetched, or are gone from the fleet, after so many
// other attempts; false where that is not why it failed.
func (s *series) sendAgain(failed *fleet.FailedError, attempts int) bool {
	return slices.ContainsFunc(failed.Reasons, labworker.CouldNotFetch) && s.noRegistry() ||
		attempts < mostSpoilt && slices.ContainsFunc(failed.Reasons, fleet.ImageGone) && s.shipAgain()
}

// submit has the fleet execute a task once, and takes what comes.
func (s *series) submit(ctx context.Context, id string, at place, patience time.Duration) (trial.Attempt, error) {
	s.mu.Lock()
	s.asked[id] = at
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.asked, id)
	}()
	n, fleetOf := at.trial, s.pool.fleet
	task, needs, err := s.ship(ctx)
	if err == nil {
		task.ID, task.Trial, task.Patience = id, n, patience
		err = fleetOf.Submit(ctx, task, needs)
	}
	var sealed fleet.Sealed
	if err == nil {
		sealed, err = fleetOf.Await(ctx, id)
	}
	if ctx.Err() != nil {
		s.mu.Lock()
		s.cancelled++
		s.mu.Unlock()
		parting, stop := lasting(ctx)
		defer stop()
		return trial.Attempt{}, errors.Join(ctx.Err(), ignore(fleetOf.Cancel(parting, id), fleet.ErrCancelled, fleet.ErrClosed, fleet.ErrLost))
	}
	if err != nil {
		return trial.Attempt{}, fmt.Errorf("trial %d: %w", n, err)
	}
	a, err := s.take(ctx, sealed, n)
	if err != nil {
		return a, fmt.Errorf("trial %d, executed by %s: %w", n, s.pool.host(sealed), err)
	}
	return a, nil
}

// partingTime is how long the fleet is still told what became of a task when nobody waits for that any more: a server that is away
// may stay away.
const partingTime = 5 * time.Second

// lasting is a context that ends a while after another one.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(partingTime, cancel) })
	return last, func() {
		stop()
		cancel()
	}
}

// keep has the fleet forget a result that is on the disk. One that it cannot be told of is sent again to the next life of the
// coordinator, which finds it in the ledger: the trial is what it is.
func (s *series) keep(ctx context.Context, sealed fleet.Sealed) {
	last, stop := lasting(ctx)
	defer stop()
	_ = s.pool.fleet.Keep(last, sealed) // see above
}

// ignore is err, unless that is one of those that say the same as what is known.
func ignore(err error, known ...error) error {
	for _, k := range known {
		if errors.Is(err, k) {
			return nil
		}
	}
	return err
}

// take writes a result down, and then has the fleet forget it. The error is a [*spoiltError] where the result is to blame.
func (s *series) take(ctx context.Context, sealed fleet.Sealed, n int) (trial.Attempt, error) {
	var sum labworker.Summary
	if err := json.Unmarshal(sealed.Summary, &sum); err != nil {
		return trial.Attempt{}, &spoiltError{sealed, fmt.Errorf("read what it came to: %w", err)}
	}
	if sum.Refused != "" {
		s.keep(ctx, sealed)
		return trial.Attempt{}, &RefusedError{Host: s.pool.host(sealed), Why: sum.Refused}
	}
	r := sum.Result
	if r == nil || r.Run != s.env.Dir.ID() || r.Entry.Trial != n {
		return trial.Attempt{}, &spoiltError{sealed, errors.New("it does not say what the trial came to")}
	}
	entry, lost := r.Entry, r.Lost
	entry.Host = s.pool.host(sealed)
	if err := plausible(&entry, s.made, time.Now()); err != nil {
		return trial.Attempt{}, &spoiltError{sealed, err}
	}
	if lost != "" {
		lost = "its record could not be sent by " + entry.Host + ": " + lost
	}
	t, err := s.settle(ctx, sealed, lost, &entry)
	if err != nil && !ofThisMachine(err) {
		return trial.Attempt{}, errors.Join(&spoiltError{sealed, err}, os.RemoveAll(t.Path))
	}
	if err := s.count(ctx, t, entry, err); err != nil {
		return trial.Attempt{}, err
	}
	s.keep(ctx, sealed)
	return trial.Attempt{Verdict: t.verdict, Baseline: r.Baseline, GaveUp: r.GaveUp}, nil
}

// plausible holds what a worker says of when and where a trial was executed to what can be: its clock may be wrong, and then the
// trial began when its run was made, or when its result came; it took no longer than that.
func plausible(e *evidence.Entry, made, came time.Time) error {
	switch {
	case e.Took < 0:
		return fmt.Errorf("it says that the trial took %s", e.Took)
	case e.Lab < 1:
		return fmt.Errorf("it says that the trial was executed in lab %d", e.Lab)
	}
	e.Took = min(e.Took, max(came.Sub(made), 0))
	if latest := came.Add(-e.Took); e.Started.After(latest) {
		e.Started = latest
	}
	if e.Started.Before(made) {
		e.Started = made
	}
	e.Started = e.Started.UTC().Round(0)
	return nil
}

// ofThisMachine reports whether an error of writing a record down is one of this machine's disk and not of the record.
func ofThisMachine(err error) bool {
	return slices.ContainsFunc([]error{
		unix.ENOSPC, unix.EDQUOT, unix.EIO, unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.EROFS, unix.EACCES, unix.EPERM,
	}, func(known error) bool { return errors.Is(err, known) })
}

// count gives the folder of a trial its name, unless there was an error, and the ledger its line.
func (s *series) count(ctx context.Context, t settled, entry evidence.Entry, err error) error {
	if err == nil {
		err = s.sync()
	}
	if err == nil {
		err = s.held(ctx)
	}
	if err == nil {
		err = os.Rename(t.Path, s.env.Dir.Trial(t.Number).Path)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(t.Path))
	}
	return s.ledger.Append(entry)
}

// settled is the folder of a trial before it has its name.
type settled struct {
	evidence.TrialDir
	verdict evidence.TrialVerdict
}

// settle writes down all that there is of a trial, under a name that says that it is not all there yet. lost says why there is no
// record. The line of the ledger is made to say what the record says.
func (s *series) settle(asked context.Context, sealed fleet.Sealed, lost string, entry *evidence.Entry) (settled, error) {
	n := entry.Trial
	t := settled{TrialDir: evidence.TrialDir{Dir: evidence.Dir{Path: s.env.Dir.File("trials", fmt.Sprintf("%s%04d", parcel.PartPrefix, n))}, Number: n}}
	if err := os.RemoveAll(t.Path); err != nil { // of an attempt that could not be written
		return t, err
	}
	if lost != "" {
		t.verdict = evidence.TrialVerdict{Reprise: evidence.Format, Trial: n, Verdict: evidence.Inconclusive, Reason: lost}
	} else if err := s.record(context.WithoutCancel(asked), sealed, &t, *entry); err != nil {
		return t, err
	}
	entry.Verdict, entry.Reason, entry.Other, entry.Failures = t.verdict.Verdict, t.verdict.Reason, t.verdict.OtherFailures, t.verdict.Failures
	var err error
	if entry.Digest, err = t.Digest(); err != nil {
		return t, err
	}
	return t, errors.Join(evidence.WriteJSON(t.File("verdict.json"), t.verdict), writeSeal(t.TrialDir, sealed))
}

// record unpacks the record of a trial, and judges it.
func (s *series) record(ctx context.Context, sealed fleet.Sealed, t *settled, entry evidence.Entry) error {
	if err := labworker.UnpackRecord(ctx, sealed.Record, t.TrialDir, entry.Digest); err != nil {
		return err
	}
	if err := readable(t.TrialDir, s.pool.options.MaxRead); err != nil {
		return err
	}
	record, err := t.Read()
	if err != nil {
		return err
	}
	v := judge.Judge(s.plan, t.Number, record)
	if v.Verdict != entry.Verdict {
		v.Reason = fmt.Sprintf("%s judged it %s (%s), and from the same record it is %s here (%s)", entry.Host, entry.Verdict, entry.Reason, v.Verdict, v.Reason)
		v.Verdict = evidence.Inconclusive
	}
	t.verdict = v
	return nil
}

// readable reports, as an error, that there is more in a record to read into memory than so many bytes: some packed bytes may be
// very many.
func readable(t evidence.TrialDir, most int64) error {
	size := int64(0)
	for _, name := range []string{"timeline.ndjson", "observations.ndjson"} {
		info, err := os.Stat(t.File(name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("look at the record: %w", err)
		}
		if size += info.Size(); size > most {
			return fmt.Errorf("there are more than %d bytes in its timeline and observations", most)
		}
	}
	return nil
}

// held waits until it is certain that nobody else can count the trial.
func (s *series) held(ctx context.Context) error {
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		err := s.pool.fleet.Holds()
		if err == nil || errors.Is(err, fleet.ErrLost) || errors.Is(err, fleet.ErrClosed) {
			return err
		}
		select {
		case <-again.C: // the server may confirm it yet
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// sync has what was written of a trial be on the disk before its line in the ledger is.
func (s *series) sync() error {
	f, err := os.Open(s.env.Dir.Path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only opened to name a disk
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return fmt.Errorf("write the record to the disk: %w", err)
	}
	return nil
}

// writeSeal keeps a seal beside the record that it is of.
func writeSeal(t evidence.TrialDir, sealed fleet.Sealed) error {
	data, err := json.Marshal(Seal{Signed: sealed.Signed, Signature: sealed.Signature, Summary: sealed.Summary})
	if err != nil {
		return fmt.Errorf("write the seal: %w", err)
	}
	return evidence.WriteFile(t.File(sealFile), append(data, '\n'))
}

// ofRecord reports whether a file of a trial is part of what its worker sealed: it is not what is written beside a record
// when it has come.
func ofRecord(name string) bool { return name != sealFile && name != evidence.LogNotesFile }

// CheckSeals holds the records of a run that workers of a fleet have sealed against their seals, and says how many there
// are. A record that was judged otherwise here than there, or that was altered since, as by redaction, is not the one
// that was sealed.
func CheckSeals(ctx context.Context, dir evidence.Dir) (seals int, err error) {
	trials, err := dir.Trials()
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, t := range trials {
		var kept Seal
		switch err := evidence.ReadJSON(t.File(sealFile), &kept); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			errs = append(errs, fmt.Errorf("trial %d: %w", t.Number, err))
			continue
		}
		seals++
		if err := kept.check(ctx, t); err != nil {
			errs = append(errs, fmt.Errorf("trial %d: %w", t.Number, err))
		}
	}
	return seals, errors.Join(errs...)
}

// check verifies the seal of a trial's record. A worker whose record was too large to be sent has sealed none.
func (s *Seal) check(ctx context.Context, t evidence.TrialDir) error {
	var sum labworker.Summary
	if err := json.Unmarshal(s.Summary, &sum); err != nil {
		return fmt.Errorf("read what its worker said: %w", err)
	}
	var record []byte
	if sum.Result == nil || sum.Result.Lost == "" {
		var err error
		if record, err = labworker.PackRecord(ctx, t, ofRecord); err != nil {
			return err
		}
	}
	_, err := fleet.VerifySeal(s.Signed, s.Signature, s.Summary, record)
	return err
}

// sealOf is the SHA-256 of the seal of a trial; empty where it has none.
func sealOf(t evidence.TrialDir) string {
	var kept Seal
	if evidence.ReadJSON(t.File(sealFile), &kept) != nil || len(kept.Signed) == 0 {
		return ""
	}
	return evidence.SHA256(kept.Signed)
}

// tell passes on what a worker says of a trial that is waited for.
func (s *series) tell(said fleet.Progress) {
	s.mu.Lock()
	at, waited := s.asked[said.ID]
	s.mu.Unlock()
	if waited && s.env.Progress != nil {
		s.env.Progress(trial.Progress{Lab: at.lab, Trial: at.trial, Text: s.pool.hostName(said.Host, said.Worker) + ": " + said.Text})
	}
}

// RefusedError says that a worker does not execute the trials of a plan, and that another one would not either.
type RefusedError struct{ Host, Why string }

func (e *RefusedError) Error() string { return fmt.Sprintf("%s refuses the plan: %s", e.Host, e.Why) }
