package trial

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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
	// OnPhase is told when a phase begins; nil tells nobody.
	OnPhase func(evidence.Phase)

	lab       *Lab
	plan      *plan.Plan
	rec       *recorder
	deaths    *deathWatch
	breaks    *breakWatch
	logs      *logs
	observer  *observer
	actor     *actor
	collector *collector

	on        evidence.TrialHost // of a lab that is spread over several machines
	resetHow  string
	patience  time.Duration // with the baseline, in the lab's time; 0: as long as its windows
	baseline  time.Duration // that it took to hold; 0: it did not
	gaveUp    bool          // the patience was at an end before the baseline was
	finished  *evidence.TrialVerdict
	finishErr error
}

// Begin opens the record of trial n.
func (l *Lab) Begin(n int) (*Trial, error) {
	l.cold, l.warm, l.unbooted = false, false, false
	rec, err := newRecorder(l.env.Dir.Trial(n), l.plan.Clock, redactorOf(l.plan))
	t := &Trial{Number: n, lab: l, plan: l.plan, rec: rec, deaths: newDeathWatch(l, rec), breaks: newBreakWatch(l, rec), logs: &logs{lab: l, rec: rec}}
	late := &lateness{lab: l, rec: rec, told: map[string]time.Duration{}}
	inForce := &faults{lab: l, rec: rec, late: late}
	t.observer = &observer{lab: l, rec: rec, deaths: t.deaths, logs: t.logs, faults: inForce}
	t.actor = &actor{lab: l, rec: rec, faults: inForce, observer: t.observer, breaks: t.breaks}
	l.captures = &captures{lab: l, rec: rec}
	rec.onEvent = l.captures.mark
	if l.env.Wall != nil {
		rec.wall = l.env.Wall
	}
	if l.env.Hide != nil {
		rec.hide = l.env.Hide
	}
	l.traffic = &traffic{lab: l, rec: rec, runs: map[string]*flowRun{}}
	t.collector = &collector{lab: l, rec: rec, deaths: t.deaths, breaks: t.breaks, logs: t.logs, late: late}
	rec.onPhase = func(p evidence.Phase) {
		if t.OnPhase != nil {
			t.OnPhase(p)
		}
	}
	if l.env.Progress != nil {
		rec.onProgress = func(p Progress) {
			p.Lab, p.Trial = l.Number, n
			l.env.Progress(p)
		}
	}
	return t, err
}

// Execute carries out the phases in their order, and stops at the first that makes the
// rest meaningless. What went wrong is in the record, for the judge.
func (t *Trial) Execute(ctx context.Context) {
	defer t.rec.interrupted(ctx)
	why := cannotShow(t.plan, KindIn(t.lab.env.Provider, t.plan.Topology), t.lab.env.Registry)
	if why == "" && !t.lab.env.Rehearse {
		why = KeepsRealTime(t.plan, t.lab.env.Provider)
	}
	if why != "" {
		t.rec.event(evidence.Event{Kind: evidence.EventMissing, Detail: why})
		return
	}
	if !t.deploy(ctx) {
		return
	}
	ctx, release := t.lab.whileOurs(ctx)
	defer release()
	defer t.collector.late.begin(ctx)()
	defer t.openSessions(ctx)()
	outside := &meddling{lab: t.lab, rec: t.rec, since: time.Now()}
	defer outside.booted(ctx)()
	defer t.lab.traffic.end() // before anything else takes a processor
	t.lab.traffic.begin(ctx, scenarios.StartBaseline)
	if !t.watchBaseline(ctx) && !t.deaths.asked() {
		return
	}
	seen := outside.holds(ctx)
	leftovers{t.lab, t.rec}.remember(ctx)
	t.observer.observeBefore(ctx)
	t.statesBefore(ctx)
	t.observer.watchBefore(ctx)
	seen()
	if !t.stimulate(ctx) && !t.deaths.asked() {
		return
	}
	outside.begin(ctx)
	shown := t.observer.watchAll(ctx, evidence.PhaseSymptom, watching(t.plan.Symptom), watching(t.plan.Expect))
	outside.end(ctx)
	if shown && len(t.plan.Workaround) > 0 {
		t.collector.stateOfSymptom(ctx)
		t.relieve(ctx)
	}
}

// deploy brings the lab to its state before the trial.
func (t *Trial) deploy(ctx context.Context) bool {
	end := t.rec.begin(evidence.PhaseDeploy)
	defer end()
	t.lab.cold = t.lab.trials == 0 || t.lab.tainted != "" || t.plan.Reset == scenarios.ResetRedeploy
	begin := t.rec.now()
	how, err := preparation{t.lab, t.rec}.prepare(ctx)
	if err == nil {
		err = clocks{t.lab, t.rec}.check(ctx)
	}
	t.collector.clocks = err == nil
	if err == nil {
		err = t.lab.captures.missing()
	}
	t.resetHow = how
	missing, lacks := errors.AsType[*topologies.MissingError](err)
	switch _, nothing := errors.AsType[*showsNothingError](err); {
	case nothing || lacks && missing.What == topologies.KernelAbility || errors.Is(err, drivers.ErrUnsupported):
		t.rec.event(evidence.Event{Kind: evidence.EventMissing, Detail: err.Error()})
		t.lab.tainted = "the lab cannot show the problem"
		return false
	case err != nil:
		t.rec.event(evidence.Event{Kind: evidence.EventLab, Outcome: evidence.Failed, Detail: err.Error()})
		t.lab.tainted = "the lab could not be built"
		return false
	}
	t.lab.trials++
	t.rec.done(evidence.Event{Kind: evidence.EventNote, Name: "lab is ready", Detail: how}, begin, nil)
	t.logs.begin(ctx)
	t.deaths.begin(ctx)
	t.breaks.begin(ctx)
	t.deaths.record(ctx)
	if t.lab.unbooted {
		t.lab.tainted = "a node did not start"
		return false // nothing that follows can give this trial another verdict
	}
	return t.stand(ctx)
}

// openSessions begins to open what every node is asked by, while the baseline is waited for: all are
// asked for their states after it. The function that it returns ends that.
func (t *Trial) openSessions(ctx context.Context) (end func()) {
	if t.lab.env.Lean {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var opening sync.WaitGroup
	opening.Go(func() {
		t.lab.devices(func(n *labNode) {
			if o, ok := drivers.As[drivers.SessionOpener](n.driver); ok {
				_ = o.OpenSession(ctx) // who asks next opens it, and says what is wrong
			}
		})
	})
	return func() {
		cancel()
		opening.Wait()
	}
}

// watchBaseline watches the baseline, for as long as there is patience with it.
func (t *Trial) watchBaseline(ctx context.Context) bool {
	begin := t.rec.now() // before the timer: when it fires, so much time has passed
	var stop atomic.Bool
	if t.patience > 0 {
		timer := time.AfterFunc(t.rec.clock.Real(t.patience), func() { stop.Store(true) })
		defer timer.Stop()
	}
	h := newHolding(t.plan.Baseline)
	over := t.observer.lookBeside(ctx, h.begun)
	held := t.observer.watchAll(ctx, evidence.PhaseBaseline, watched{t.plan.Baseline, &stop, h.seen})
	over()
	if held {
		t.baseline = t.rec.now() - begin
		return true
	}
	if t.gaveUp = t.patience > 0 && t.rec.now()-begin >= t.patience; t.gaveUp {
		t.rec.note(fmt.Sprintf("the baseline was given up after %s, by when it holds where it does", t.patience.Round(10*time.Millisecond)))
	}
	return false
}

// statesBefore records the states of before the stimulus, and looks at what may show meanwhile.
func (t *Trial) statesBefore(ctx context.Context) {
	now := make(chan struct{})
	close(now)
	defer t.observer.lookBeside(ctx, now)()
	t.collector.states(ctx, "before")
}

// stimulate carries out the stimulus and reports whether all of it took place.
func (t *Trial) stimulate(ctx context.Context) bool {
	t.deaths.record(ctx) // what looking has killed is not the stimulus's work
	t.lab.traffic.begin(ctx, scenarios.StartStimulus)
	end := t.rec.begin(evidence.PhaseStimulus)
	defer end()
	t.lab.traffic.counts("the stimulus")
	t.logs.stimulus(ctx)
	t.deaths.stimulus()
	t.logs.markClocks(ctx, fmt.Sprintf("%s%d: the stimulus begins", t.logs.ownLines(), t.Number))
	ok := t.actor.steps(ctx, t.plan.Stimulus)
	t.deaths.record(ctx)
	return labState{t.lab, t.rec}.check(ctx) && t.breaks.check(ctx) && ok
}

// relieve applies the workaround and watches what it must bring about.
func (t *Trial) relieve(ctx context.Context) {
	end := t.rec.begin(evidence.PhaseWorkaround)
	t.lab.traffic.counts("the workaround")
	ok := t.actor.steps(ctx, t.plan.Workaround)
	end()
	if ok {
		t.observer.watchAll(ctx, evidence.PhaseWorkaround, watching(t.plan.Relief))
	}
}

// Collect gathers the evidence of the moment, once; a cancelled ctx does not stop it.
func (t *Trial) Collect(ctx context.Context) { t.collector.collect(ctx) }

// Finish takes back every fault, collects what was not collected, ends the record,
// judges it and writes the verdict and the ledger's line. Its own deadlines hold
// whatever became of ctx.
func (t *Trial) Finish(ctx context.Context) (evidence.TrialVerdict, error) {
	if t.finished != nil {
		return *t.finished, t.finishErr
	}
	ctx = context.WithoutCancel(ctx)
	t.Collect(ctx)
	t.actor.faults.end(ctx)
	t.on = t.machines(ctx)
	t.lab.detach()
	v, err := t.judge(t.rec.close())
	t.finished, t.finishErr = &v, err
	t.rec.onProgress(Progress{Verdict: v.Verdict, Reason: v.Reason, Took: t.rec.took()})
	return v, err
}

func (t *Trial) judge(recordErr error) (evidence.TrialVerdict, error) {
	record, err := t.rec.dir.Read()
	v := judge.Judge(t.plan, t.Number, record)
	if err = errors.Join(recordErr, err); err != nil {
		v.Verdict, v.Reason = evidence.Inconclusive, "the record is not whole: "+err.Error()
	}
	if v.Verdict == evidence.Inconclusive || len(v.OtherFailures) > 0 {
		t.lab.tainted = "the trial before was inconclusive"
	}
	digest, derr := t.rec.dir.Digest()
	return v, errors.Join(err, derr,
		evidence.WriteJSON(t.rec.dir.File("verdict.json"), v),
		t.lab.ledger.Append(evidence.Entry{
			Trial: t.Number, Lab: t.lab.Number, Cold: t.lab.cold, Started: t.rec.start.UTC().Round(0), Took: t.rec.took(),
			Verdict: v.Verdict, Reason: v.Reason, Digest: digest, Other: v.OtherFailures, Failures: v.Failures, ResetHow: t.resetHow, Host: t.on.Machines(),
		}))
}
