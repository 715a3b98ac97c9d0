package trial

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// recorder writes the record of one trial: its timeline, observations and transcripts. It is
// safe for concurrent use. An error of writing is kept for the end, by which a trial is never
// judged as if its record were whole.
type recorder struct {
	dir    evidence.TrialDir
	start  time.Time
	wall   func() time.Time // the clock that gives frames their times, which can be set
	clock  evidence.Clock
	redact evidence.Redactor
	hide   func(text string) string // see [Environment]
	// onPhase is told when a phase begins, and onProgress where the trial is.
	onPhase    func(evidence.Phase)
	onProgress func(Progress)
	onEvent    func(evidence.Event) // is told of every event

	events       *evidence.Lines
	observations *evidence.Lines

	mu          sync.Mutex
	phase       evidence.Phase
	seq         int
	lastText    map[string]lastText // by condition
	transcripts map[string]*evidence.Transcript
	errs        []error
	marked      map[string]bool
	steps       []evidence.Event // that ended, in their order
	lacking     bool             // an ability; said once
	cut         bool             // cancelled from outside
}

type lastText struct {
	seq  int
	text string
}

// newRecorder opens the record of a trial. It returns a recorder with an error too.
func newRecorder(dir evidence.TrialDir, clock evidence.Clock, redact evidence.Redactor) (*recorder, error) {
	r := &recorder{
		dir: dir, start: time.Now(), wall: time.Now, clock: clock, redact: redact, hide: func(text string) string { return text }, onPhase: func(evidence.Phase) {}, onProgress: func(Progress) {}, onEvent: func(evidence.Event) {},
		lastText: map[string]lastText{}, transcripts: map[string]*evidence.Transcript{}, marked: map[string]bool{},
	}
	var err error
	if r.events, err = evidence.CreateLines(dir.File("timeline.ndjson")); err != nil {
		return r, err
	}
	r.observations, err = evidence.CreateLines(dir.File("observations.ndjson"))
	return r, err
}

// redactorOf cuts the values of environment variables that are secrets by their name.
func redactorOf(p *plan.Plan) evidence.Redactor {
	var secrets []string
	for _, n := range p.Topology.Nodes {
		for name, value := range n.Env {
			upper := strings.ToUpper(name)
			for _, word := range []string{"PASS", "SECRET", "TOKEN", "CREDENTIAL", "PRIVATE", "_KEY"} {
				if strings.Contains(upper, word) {
					secrets = append(secrets, value)
				}
			}
		}
	}
	return evidence.NewRedactor(secrets...)
}

// close ends the record, and returns every error of writing it.
func (r *recorder) close() error {
	var errs []error
	for tr := range maps.Values(r.transcripts) {
		errs = append(errs, tr.Close())
	}
	errs = append(errs, r.events.Close(), r.observations.Close())
	return errors.Join(append(errs, r.errs...)...)
}

// now is the time since the trial began, as it passed in the lab.
func (r *recorder) now() time.Duration { return r.clock.Lab(time.Since(r.start)) }

// took is the real time since the trial began: what it costs.
func (r *recorder) took() time.Duration { return time.Since(r.start) }

// stepped is how much further the clock that can be set has gone since the trial began than the one that
// cannot. Who is held up between the two has that measured too: the least of some readings counts.
func (r *recorder) stepped() (least time.Duration) {
	for i := range 3 {
		passed := r.took()
		d := r.wall().Round(0).Sub(r.start.Round(0)) - passed
		if i == 0 || d.Abs() < least.Abs() {
			least = d
		}
	}
	return least.Round(time.Millisecond)
}

// wait waits for a time of the lab, or for ctx.
func (r *recorder) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(r.clock.Real(d))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// begin starts a phase; the function it returns ends it.
func (r *recorder) begin(p evidence.Phase) func() { return r.beginPart(p, "") }

// beginPart starts a part of a phase, which has a name; the function it returns ends it.
func (r *recorder) beginPart(p evidence.Phase, name string) func() {
	r.mu.Lock()
	r.phase = p
	r.mu.Unlock()
	r.event(evidence.Event{Kind: evidence.EventPhase, Name: name})
	r.onPhase(p)
	r.onProgress(Progress{Phase: p})
	return func() { r.event(evidence.Event{Kind: evidence.EventPhaseEnd, Phase: p}) }
}

// inPhase is the phase that the trial is in.
func (r *recorder) inPhase() evidence.Phase {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.phase
}

// event writes one line of the timeline. Its moment and phase are filled in where they
// are not given.
func (r *recorder) event(e evidence.Event) {
	if e.At == 0 {
		e.At = r.now()
	}
	e.Time = r.start.Add(r.clock.Real(e.At)).Round(0)
	r.mu.Lock()
	if e.Phase == "" {
		e.Phase = r.phase
	}
	if e.Kind == evidence.EventStep {
		r.steps = append(r.steps, e)
	}
	r.mu.Unlock()
	e.Detail = r.hide(r.redact.Text(evidence.Bounded(e.Detail, 64<<10)))
	if e.Kind == evidence.EventNote {
		e.Name = r.hide(e.Name)
	}
	r.fail(r.events.Append(e))
	r.onEvent(e)
}

// ended are the steps that have ended so far.
func (r *recorder) ended() []evidence.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clip(r.steps)
}

// done writes the event of something that began at a moment and has ended, well or not, and
// returns how.
func (r *recorder) done(e evidence.Event, begin time.Duration, err error) evidence.Outcome {
	e.Took = r.now() - begin
	e.At = begin + e.Took
	if e.Outcome == "" {
		e.Outcome = evidence.OK
	}
	if err != nil {
		e.Outcome, e.Detail = evidence.Failed, err.Error()
		if _, ok := errors.AsType[*RejectedError](err); ok || errors.Is(err, drivers.ErrRefused) {
			e.Outcome = evidence.Refused
		}
	}
	r.event(e)
	return e.Outcome
}

// note writes what a reader, and who watches, should know.
func (r *recorder) note(text string) {
	r.event(evidence.Event{Kind: evidence.EventNote, Name: text})
	r.onProgress(Progress{Text: r.hide(text)})
}

// mark writes, once for each, what must be said wherever this trial's evidence goes.
func (r *recorder) mark(node, name, why string) {
	r.mu.Lock()
	key := node + "\x00" + name
	again := r.marked[key]
	r.marked[key] = true
	r.mu.Unlock()
	if !again {
		r.event(evidence.Event{Kind: evidence.EventMark, Lane: node, Name: name, Detail: why})
	}
}

// lacks notes, once, that this lab cannot show the scenario when that is what an error
// says: an ability that the platform, the provider or the kernel has not.
func (r *recorder) lacks(lane string, err error) {
	var missing *topologies.MissingError
	if !errors.Is(err, drivers.ErrUnsupported) && !errors.As(err, &missing) {
		return
	}
	r.mu.Lock()
	again := r.lacking
	r.lacking = true
	r.mu.Unlock()
	if !again {
		r.event(evidence.Event{Kind: evidence.EventMissing, Lane: lane, Detail: err.Error()})
	}
}

// isLacking reports whether it was noted that this lab cannot show the scenario.
func (r *recorder) isLacking() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lacking
}

// interrupted says in the record that the trial was cancelled from outside, if it was.
func (r *recorder) interrupted(ctx context.Context) {
	if ctx.Err() != nil {
		r.mu.Lock()
		r.cut = true
		r.mu.Unlock()
		r.onProgress(Progress{Text: "interrupted: keeping the evidence"})
		r.event(evidence.Event{Kind: evidence.EventCut, Outcome: evidence.Failed, Detail: context.Cause(ctx).Error()})
	}
}

// wasCut reports whether the trial was cancelled from outside.
func (r *recorder) wasCut() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cut
}

// observation writes an observation with its number and phase, which it fills in. A text that is
// the same as that of the one before is named and not repeated.
func (r *recorder) observation(o *evidence.Observation) {
	r.mu.Lock()
	r.seq++
	o.Seq, o.Phase = r.seq, r.phase
	stored := *o
	if last, ok := r.lastText[o.Ref]; ok && last.text == o.Text && len(o.Text) > 64 {
		stored.Text, stored.Same = "", last.seq
	} else {
		r.lastText[o.Ref] = lastText{o.Seq, o.Text}
	}
	err := r.observations.Append(stored)
	r.mu.Unlock()
	r.fail(err)
}

// transcript is that of a node's sessions.
func (r *recorder) transcript(node string) (*evidence.Transcript, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if tr, ok := r.transcripts[node]; ok {
		return tr, nil
	}
	tr, err := r.dir.NewTranscript(node, r.start, r.clock, r.redact)
	if err == nil {
		r.transcripts[node] = tr
	}
	return tr, err
}

// fail keeps an error of the record itself.
func (r *recorder) fail(err error) {
	if err != nil {
		r.mu.Lock()
		r.errs = append(r.errs, err)
		r.mu.Unlock()
	}
}
