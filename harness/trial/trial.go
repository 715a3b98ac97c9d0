package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// Trial is one execution of a plan in a lab. Begin makes it, Execute carries it out,
// Finish ends it and judges it; both of the latter may be called on a trial that failed
// half-way, and Finish more than once.
type Trial struct {
	Number int

	lab    *Lab
	plan   *plan.Plan
	dir    evidence.TrialDir
	start  time.Time
	events *evidence.Lines
	looks  *evidence.Lines
	redact evidence.Redactor
	// OnPhase is told when a phase begins; nil tells nobody.
	OnPhase func(evidence.Phase)

	mu          sync.Mutex
	phase       evidence.Phase
	seq         int
	lastText    map[string]lastText // by condition
	transcripts map[string]*evidence.Transcript
	errs        []error
	resetHow    string
	cold        bool

	logsAtStart   map[string]drivers.LogMark // by node, when the trial began
	logsAtStim    map[string]drivers.LogMark // and when the stimulus began
	deathsSeen    map[string]int             // by node
	deathsStart   map[string]int             // by node, seen before the trial
	deathsStim    map[string]int             // by node, seen before the stimulus
	stimStart     time.Time                  // when the stimulus began
	unseen        map[string]bool            // nodes of which it was said that not every death can be seen
	faults        []*activeFault
	lacking       bool // an ability; said once
	stimulated    bool // the stimulus has begun
	unbooted      bool // a node did not start
	marked        map[string]bool
	collected     bool
	cut           bool           // cancelled from outside
	background    sync.WaitGroup // what steps do beside those that follow
	endBackground []context.CancelCauseFunc
	patience      time.Duration // with the baseline; 0: as long as its windows
	baseline      time.Duration // that it took to hold; 0: it did not
	gaveUp        bool          // the patience was at an end before the baseline was
	finished      *evidence.TrialVerdict
	finishErr     error
}

type lastText struct {
	seq  int
	text string
}

// Begin opens the record of trial n.
func (l *Lab) Begin(n int) (*Trial, error) {
	t := &Trial{
		Number: n, lab: l, plan: l.plan, dir: l.env.Dir.Trial(n), start: time.Now(),
		redact: redactorOf(l.plan), lastText: map[string]lastText{}, transcripts: map[string]*evidence.Transcript{},
		logsAtStart: map[string]drivers.LogMark{}, logsAtStim: map[string]drivers.LogMark{},
		deathsSeen: map[string]int{}, deathsStart: map[string]int{}, deathsStim: map[string]int{}, unseen: map[string]bool{}, marked: map[string]bool{},
	}
	var err error
	if t.events, err = evidence.CreateLines(t.dir.File("timeline.ndjson")); err != nil {
		return t, err
	}
	t.looks, err = evidence.CreateLines(t.dir.File("observations.ndjson"))
	return t, err
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

// Execute carries out the phases in their order, and stops at the first that makes the
// rest meaningless. What went wrong is in the record, for the judge.
func (t *Trial) Execute(ctx context.Context) {
	defer t.interrupted(ctx)
	if why := cannotShow(t.plan, KindIn(t.lab.env.Provider, t.plan.Topology), t.lab.env.Registry); why != "" {
		t.event(evidence.Event{Kind: evidence.EventMissing, Detail: why})
		return
	}
	if !t.deploy(ctx) {
		return
	}
	ctx, release := t.lab.whileOurs(ctx)
	defer release()
	if !t.watchBaseline(ctx) && !t.diedAsAsked() {
		return
	}
	t.lookBefore(ctx)
	t.captureStates(ctx, "before")
	if !t.stimulate(ctx) && !t.diedAsAsked() {
		return
	}
	if !t.watchAll(ctx, evidence.PhaseSymptom, t.plan.Symptom) || len(t.plan.Workaround) == 0 {
		return
	}
	t.relieve(ctx)
}

// lacks notes, once, that this lab cannot show the scenario when that is what an error
// says: an ability that the platform, the provider or the kernel has not.
func (t *Trial) lacks(lane string, err error) {
	var missing *topologies.MissingError
	if !errors.Is(err, drivers.ErrUnsupported) && !errors.As(err, &missing) {
		return
	}
	t.mu.Lock()
	again := t.lacking
	t.lacking = true
	t.mu.Unlock()
	if !again {
		t.event(evidence.Event{Kind: evidence.EventMissing, Lane: lane, Detail: err.Error()})
	}
}

// isLacking reports whether it was noted that this lab cannot show the scenario.
func (t *Trial) isLacking() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lacking
}

// interrupted says in the record that the trial was cancelled from outside.
func (t *Trial) interrupted(ctx context.Context) {
	if ctx.Err() != nil {
		t.mu.Lock()
		t.cut = true
		t.mu.Unlock()
		t.progress(Progress{Text: "interrupted: keeping the evidence"})
		t.event(evidence.Event{Kind: evidence.EventCut, Outcome: evidence.Failed, Detail: context.Cause(ctx).Error()})
	}
}

// wasCut reports whether the trial was cancelled from outside.
func (t *Trial) wasCut() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cut
}

// deploy brings the lab to its state before the trial.
func (t *Trial) deploy(ctx context.Context) bool {
	end := t.begin(evidence.PhaseDeploy)
	defer end()
	t.cold = t.lab.trials == 0 || t.lab.tainted != "" || t.plan.Reset == scenarios.ResetRedeploy
	begin := t.now()
	how, err := t.lab.prepare(ctx, t)
	t.resetHow = how
	switch _, nothing := errors.AsType[*showsNothingError](err); {
	case nothing || errors.Is(err, drivers.ErrUnsupported):
		t.event(evidence.Event{Kind: evidence.EventMissing, Detail: err.Error()})
		t.lab.tainted = "the lab cannot show the problem"
		return false
	case err != nil:
		t.event(evidence.Event{Kind: evidence.EventLab, Outcome: evidence.Failed, Detail: err.Error()})
		t.lab.tainted = "the lab could not be built"
		return false
	}
	t.lab.trials++
	t.done(evidence.Event{Kind: evidence.EventNote, Name: "lab is ready", Detail: how}, begin, nil)
	t.logsAtStart = t.markLogs(ctx)
	t.forgetDeaths(ctx)
	t.recordDeaths(ctx)
	if t.unbooted {
		t.lab.tainted = "a node did not start"
		return false // nothing that follows can give this trial another verdict
	}
	return true
}

// booted notes how the start of a node's software came out.
func (t *Trial) booted(e evidence.Event, begin time.Duration, err error) {
	e.Kind = evidence.EventBoot
	t.done(e, begin, err)
	if err != nil {
		t.mu.Lock()
		t.unbooted = true
		t.mu.Unlock()
	}
}

// begin starts a phase; the function it returns ends it.
func (t *Trial) begin(p evidence.Phase) func() {
	t.mu.Lock()
	t.phase = p
	t.mu.Unlock()
	t.event(evidence.Event{Kind: evidence.EventPhase})
	if t.OnPhase != nil {
		t.OnPhase(p)
	}
	t.progress(Progress{Phase: p})
	return func() { t.event(evidence.Event{Kind: evidence.EventPhaseEnd, Phase: p}) }
}

func (t *Trial) progress(p Progress) {
	if t.lab.env.Progress != nil {
		p.Lab, p.Trial = t.lab.Number, t.Number
		t.lab.env.Progress(p)
	}
}

// now is the time since the trial began.
func (t *Trial) now() time.Duration { return time.Since(t.start) }

// event writes one line of the timeline. Its moment and phase are filled in where they
// are not given.
func (t *Trial) event(e evidence.Event) {
	if e.At == 0 {
		e.At = t.now()
	}
	e.Time = t.start.Add(e.At).Round(0)
	t.mu.Lock()
	if e.Phase == "" {
		e.Phase = t.phase
	}
	t.mu.Unlock()
	e.Detail = t.redact.Text(evidence.Bounded(e.Detail, 64<<10))
	t.fail(t.events.Append(e))
}

// done writes the event of something that began at a moment and has ended, well or not.
func (t *Trial) done(e evidence.Event, begin time.Duration, err error) {
	configures := e.Kind == evidence.EventStep && t.configures(e.Ref)
	e.Took = t.now() - begin
	e.At = begin + e.Took
	if e.Outcome == "" {
		e.Outcome = evidence.OK
	}
	if err != nil {
		e.Outcome, e.Detail = evidence.Failed, err.Error()
		if _, ok := errors.AsType[*RejectedError](err); ok || errors.Is(err, drivers.ErrRefused) {
			e.Outcome = evidence.Refused
		}
		if e.Outcome == evidence.Refused && t.cold && (e.Kind == evidence.EventBoot || configures) {
			t.mu.Lock()
			t.lab.refused = strings.TrimPrefix(e.Lane+": ", ": ") + e.Detail
			t.mu.Unlock()
		}
	}
	t.event(e)
}

// configures reports whether a step of the stimulus is one that configures a node.
func (t *Trial) configures(ref string) bool {
	return slices.ContainsFunc(t.plan.Stimulus, func(s plan.Step) bool { return s.Ref == ref && s.Action().Kind() == scenarios.ActConfigure })
}

func (t *Trial) note(text string) {
	t.event(evidence.Event{Kind: evidence.EventNote, Name: text})
	t.progress(Progress{Text: text})
}

// fail keeps an error of the record itself: such a trial is never judged as if whole.
func (t *Trial) fail(err error) {
	if err != nil {
		t.mu.Lock()
		t.errs = append(t.errs, err)
		t.mu.Unlock()
	}
}

func (t *Trial) transcript(node string) (*evidence.Transcript, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if tr, ok := t.transcripts[node]; ok {
		return tr, nil
	}
	tr, err := t.dir.NewTranscript(node, t.start, t.redact)
	if err == nil {
		t.transcripts[node] = tr
	}
	return tr, err
}

// Finish takes back every fault, collects what was not collected, ends the record,
// judges it and writes the verdict and the ledger's line. Its own deadlines hold
// whatever became of ctx.
func (t *Trial) Finish(ctx context.Context) (evidence.TrialVerdict, error) {
	if t.finished != nil {
		return *t.finished, t.finishErr
	}
	ctx = context.WithoutCancel(ctx)
	t.Collect(ctx)
	t.endFaults(ctx)
	t.lab.detach()
	var errs []error
	for tr := range maps.Values(t.transcripts) {
		errs = append(errs, tr.Close())
	}
	errs = append(errs, t.events.Close(), t.looks.Close())
	v, err := t.judge(errors.Join(append(errs, t.errs...)...))
	t.finished, t.finishErr = &v, err
	t.progress(Progress{Verdict: v.Verdict, Reason: v.Reason, Took: t.now()})
	return v, err
}

func (t *Trial) judge(recordErr error) (evidence.TrialVerdict, error) {
	record, err := t.dir.Read()
	v := judge.Judge(t.plan, t.Number, record)
	if err = errors.Join(recordErr, err); err != nil {
		v.Verdict, v.Reason = evidence.Inconclusive, "the record is not whole: "+err.Error()
	}
	if v.Verdict == evidence.Inconclusive || len(v.OtherFailures) > 0 {
		t.lab.tainted = "the trial before was inconclusive"
	}
	digest, derr := t.dir.Digest()
	return v, errors.Join(err, derr,
		evidence.WriteJSON(t.dir.File("verdict.json"), v),
		t.lab.env.Dir.AppendLedger(evidence.Entry{
			Trial: t.Number, Lab: t.lab.Number, Cold: t.cold, Started: t.start.UTC().Round(0), Took: t.now(),
			Verdict: v.Verdict, Reason: v.Reason, Digest: digest, Other: v.OtherFailures, Failures: v.Failures, ResetHow: t.resetHow,
		}))
}

// RejectedError is a line that the device refused, with its words.
type RejectedError struct {
	Line, Words string
}

func (e *RejectedError) Error() string { return fmt.Sprintf("%q: %s", e.Line, e.Words) }
