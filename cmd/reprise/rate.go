package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/harness/trial"
)

// rateFlags are the choices of one measurement.
type rateFlags struct {
	trials, max, controls, labs int
	width                       float64
	sprt, reset, dir            string
	set                         []string
	chooseReset                 bool
	lab                         labFlags
}

func (a *app) rateVerb() *cobra.Command {
	f := &rateFlags{}
	c := &cobra.Command{
		Use:   "rate SCENARIO",
		Short: "Measure how often a problem shows, with its interval",
		Long: `Repeat the trials of a scenario and tell k of n with its intervals, the control's
rate of false hits beside it, and how many clean runs a fix will need. Trials of
the scenario and of its control alternate. Inconclusive trials are counted apart.

It ends by one rule: --trials N; --target-width W, when the Wilson interval is as
narrow; or --sprt p0,p1, Wald's sequential test with 5 % risk each way. --max-trials
bounds the latter two, and then the answer is undecided.

Hits are tested for depending on the lab, on time and on repeating in place;
where they do, the rates are told apart and not pooled.

--choose-reset measures instead which way to clean the lab between two trials is
the cheapest that does not change the rate.

Exit status: 0 reproduced at least once and the control is clean, 1 no hit, 2
inconclusive (undecided, the control fires too, too few valid trials), 4 wrong
input, 5 the environment lacks something, 130 interrupted.`,
		Example: `  reprise rate frr-bgp-no-shutdown --trials 20 --labs 2
  reprise rate lldpd-netlink-race --target-width 0.3
  reprise rate my-case --sprt 0.05,0.5
  reprise rate my-case --choose-reset --trials 20`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeScenario,
		RunE:              func(c *cobra.Command, args []string) error { return a.rate(c.Context(), args[0], f) },
	}
	fl := c.Flags()
	countVar(fl, &f.trials, "trials", "n", "number of trials (default 20, where no other rule is given)")
	fl.Float64Var(&f.width, "target-width", 0, "go on until the 95 % interval is as narrow as this, 0.05 to 1")
	fl.StringVar(&f.sprt, "sprt", "", "go on until the rate is shown to be p0 or less, or p1 or more: p0,p1")
	fl.IntVar(&f.max, "max-trials", 200, "most trials of a rule without a fixed number")
	fl.IntVar(&f.controls, "control-trials", -1, "trials of the control (default: as many as of the scenario, at most 20; 0: none)")
	fl.IntVar(&f.labs, "labs", 1, "labs side by side")
	fl.StringArrayVar(&f.set, "set", nil, "replace a value: node.image=…, node.config=…, node.platform=…, node.env.NAME=…")
	fl.StringVar(&f.reset, "reset", "", "between two trials: none, config, daemons or redeploy (default: the scenario's)")
	fl.StringVar(&f.dir, "dir", "runs", "folder for run directories")
	f.lab.register(fl)
	fl.BoolVar(&f.chooseReset, "choose-reset", false, "measure none, config and daemons against freshly built labs, and recommend one")
	mustComplete(c, "reset", "none", "config", "daemons", "redeploy")
	return c
}

// maxControls bounds the control's trials where no number is given.
const maxControls = 20

// stopRule reads the rule to end by.
func (f *rateFlags) stopRule() (experiment.StopRule, error) {
	rule := experiment.StopRule{Runs: f.trials, Width: f.width, Cap: f.max}
	given := 0
	for _, is := range []bool{f.trials != 0, f.width != 0, f.sprt != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return rule, inputError("--trials, --target-width and --sprt are three rules: give one")
	case given == 0:
		rule.Runs = 20
	case f.trials < 0 || f.trials > 10000 || f.max < 1 || f.max > 10000:
		return rule, inputError("--trials and --max-trials take 1 to 10000")
	case f.width != 0 && (f.width < 0.05 || f.width > 1):
		return rule, inputError("--target-width %g: want 0.05 to 1", f.width)
	}
	if f.sprt == "" {
		return rule, nil
	}
	low, high, _ := strings.Cut(f.sprt, ",")
	p0, err0 := strconv.ParseFloat(strings.TrimSpace(low), 64)
	p1, err1 := strconv.ParseFloat(strings.TrimSpace(high), 64)
	if err0 != nil || err1 != nil || !(0 < p0 && p0 < p1 && p1 < 1) {
		return rule, inputError("--sprt %s: want p0,p1 with 0 < p0 < p1 < 1, as 0.05,0.5", f.sprt)
	}
	rule.SPRT = &stats.SPRT{P0: p0, P1: p1, Alpha: 0.05, Beta: 0.05}
	return rule, nil
}

// plans makes the plan of the scenario and that of its control; the latter is nil where
// none is declared or asked for.
func (a *app) ratePlans(name string, f *rateFlags, trials int) (main, control *plan.Plan, err error) {
	main, err = a.plan(name, &runFlags{trials: trials, labs: f.labs, set: f.set, reset: f.reset})
	if err != nil || f.controls == 0 || main.Loaded.Scenario.Control == nil {
		return main, nil, err
	}
	control, err = plan.New(main.Loaded, plan.Options{
		Variant: evidence.VariantControl, Set: main.Set, Trials: trials, Labs: main.Labs, Reset: main.Reset,
	})
	if err != nil {
		return main, nil, &codedError{exitInput, err}
	}
	return main, control, nil
}

// rateResult is rate.json of a measurement: what [evidence.Rate] holds, and what it means.
type rateResult struct {
	evidence.Rate
	Dir           string                  `json:"dir"`
	Report        string                  `json:"report"`
	Trials        int                     `json:"trials"`
	Inconclusive  int                     `json:"inconclusive"`
	NotApplicable int                     `json:"not-applicable"`
	Stopped       experiment.Stop         `json:"stopped"`
	Biased        bool                    `json:"interval-biased"` // the stop depended on the outcome
	Pooled        bool                    `json:"pooled"`          // false: hits depend on something, see Dependences
	Dependences   []experiment.Dependence `json:"dependences"`
	Control       *experiment.Share       `json:"control"` // q; null: no control was run
	ControlDir    string                  `json:"control-dir,omitempty"`
	CleanRuns95   int                     `json:"clean-runs-95"` // 0: nothing can be promised
	CleanRuns99   int                     `json:"clean-runs-99"`
	OtherFailures []string                `json:"other-failures,omitempty"`
	Answer        string                  `json:"answer"`
	Exit          int                     `json:"exit"`
}

func (a *app) rate(ctx context.Context, name string, f *rateFlags) error {
	rule, err := f.stopRule()
	if err != nil {
		return err
	}
	if f.controls < -1 || f.controls > 10000 {
		return inputError("--control-trials takes 0 to 10000")
	}
	if f.chooseReset {
		return a.chooseReset(ctx, name, f, rule)
	}
	main, control, err := a.ratePlans(name, f, rule.Limit())
	if err != nil {
		return err
	}
	plans := []*plan.Plan{main}
	if control != nil {
		plans = append(plans, control)
	}
	s, err := a.openSession(ctx, f.dir, f.lab, plans...)
	if err != nil {
		return err
	}
	m := &measurement{session: s, rule: rule, controls: f.controls}
	a.progress("%s", heading(main))
	m.announce(main, control)
	runErr := m.begin(ctx, main, control)
	if runErr == nil {
		s.tellDirs()
		runErr = inLabs(ctx, main.Labs, m.work)
	}
	runErr = errors.Join(runErr, s.end(ctx))
	if m.main == nil {
		return runErr
	}
	out, err := m.result()
	if err != nil {
		return errors.Join(s.interrupted(ctx), runErr, err)
	}
	if err := s.interrupted(ctx); err != nil {
		out.Exit, out.Answer = exitInterrupted, "interrupted: "+out.Answer
		runErr = err
	}
	if err := evidence.WriteJSON(m.main.Dir.File("rate.json"), out); err != nil {
		return errors.Join(runErr, err)
	}
	if done, err := a.emit(out); done {
		return errors.Join(runErr, err, answer(out.Exit))
	}
	a.printRate(out)
	return errors.Join(runErr, answer(out.Exit))
}

// measurement is a rate in the making.
type measurement struct {
	*session
	rule     experiment.StopRule
	controls int // asked for; -1: as many as of the scenario, at most maxControls

	mu            sync.Mutex
	main, control *trial.Series
	done          map[int]evidence.Verdict // of the scenario's trials, by number
	stop          experiment.Stop
	begun         int // trials of the scenario
	controlsBegun int
	hits, valid   int
	q             [2]int // the control's hits and valid trials
}

func (m *measurement) begin(ctx context.Context, main, control *plan.Plan) (err error) {
	m.done = map[int]evidence.Verdict{}
	if m.main, err = m.session.begin(ctx, main); err == nil && control != nil {
		m.control, err = m.session.begin(ctx, control)
	}
	return err
}

// announce says how long it can take, first of all.
func (m *measurement) announce(main, control *plan.Plan) {
	limit := m.rule.Limit()
	at := estimate(main)
	beside := "no control"
	if control != nil {
		n := m.wantControls(limit)
		c := *control
		c.Trials = n
		at += estimate(&c)
		beside = fmt.Sprintf("%d of its control", n)
	}
	upTo := ""
	if m.rule.Runs == 0 {
		upTo = "up to "
	}
	m.app.progress("%s%s and %s in %s, about %s", upTo, plural(limit, "trial"), beside, plural(main.Labs, "lab"), at)
}

func (m *measurement) wantControls(mains int) int {
	if m.controls >= 0 {
		return m.controls
	}
	return min(mains, maxControls)
}

// work makes one trial of the scenario, or of the control when that is behind.
func (m *measurement) work(ctx context.Context, lab int) (bool, error) {
	series, side := m.turn()
	if series == nil {
		return false, nil
	}
	start := time.Now()
	v, err := series.Try(ctx, lab)
	if err != nil && ctx.Err() == nil {
		return false, fmt.Errorf("trial %d: %w", v.Trial, err)
	}
	m.took(side, v)
	m.live.trial(side, lab, v, time.Since(start), m.status())
	return true, nil
}

func (m *measurement) turn() (*trial.Series, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mainOver := m.stop != experiment.GoOn || m.begun >= m.rule.Limit()
	if m.control != nil && m.controlsBegun < m.wantControls(m.begun) && (mainOver || m.controlsBegun < m.begun) {
		m.controlsBegun++
		return m.control, "control"
	}
	if mainOver {
		return nil, ""
	}
	m.begun++
	return m.main, "main"
}

// took counts a trial that is over, and decides on those that were begun first, whatever
// came back first: a hit may take longer than a miss.
func (m *measurement) took(side string, v evidence.TrialVerdict) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hit, valid := v.Verdict == evidence.Reproduced, v.Verdict == evidence.Reproduced || v.Verdict == evidence.NotReproduced
	count := func(k, n *int) {
		if hit {
			*k++
		}
		if valid {
			*n++
		}
	}
	if side == "control" {
		count(&m.q[0], &m.q[1])
		return
	}
	count(&m.hits, &m.valid)
	m.done[v.Trial] = v.Verdict
	hits, misses := 0, 0
	for n := 1; m.stop == experiment.GoOn; n++ {
		switch word, over := m.done[n]; {
		case !over:
			return
		case word == evidence.Reproduced:
			hits++
		case word == evidence.NotReproduced:
			misses++
		}
		m.stop = m.rule.Decide(hits, misses, n)
	}
}

func (m *measurement) status() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := experiment.NewShare("", m.hits, m.valid).String()
	if m.q[1] > 0 {
		s += fmt.Sprintf("; control %d/%d", m.q[0], m.q[1])
	}
	return s
}

// result reads the records back: what is told is what is on disk.
func (m *measurement) result() (rateResult, error) {
	entries, err := m.main.Dir.Ledger()
	if err != nil {
		return rateResult{}, err
	}
	share := experiment.ShareOf("main", entries)
	out := rateResult{
		Rate: evidence.Rate{Reprise: evidence.Format, Reproduced: share.Reproduced, Valid: share.Valid, Wilson: share.Wilson, ClopperPearson: share.ClopperPearson},
		Dir:  m.main.Dir.Path, Report: m.main.Dir.File("report.html"), Trials: len(entries), Stopped: m.stop, Pooled: true,
		Biased: m.rule.Runs == 0, Dependences: experiment.Dependences(entries),
	}
	for _, e := range entries {
		switch e.Verdict { //nolint:exhaustive // the others are in the rate
		case evidence.Inconclusive:
			out.Inconclusive++
		case evidence.NotApplicable:
			out.NotApplicable++
		}
		out.OtherFailures = append(out.OtherFailures, e.Other...)
	}
	for _, d := range out.Dependences {
		out.Pooled = out.Pooled && !d.Differs
	}
	if out.Pooled {
		out.CleanRuns95, out.CleanRuns99 = stats.CleanRuns(share.Reproduced, share.Valid, 0.95), stats.CleanRuns(share.Reproduced, share.Valid, 0.99)
	}
	if m.control != nil {
		entries, err := m.control.Dir.Ledger()
		if err != nil {
			return out, err
		}
		q := experiment.ShareOf("control", entries)
		out.Control, out.ControlDir = &q, m.control.Dir.Path
	}
	out.Exit, out.Answer = rateAnswer(out)
	return out, nil
}

// rateAnswer maps a measurement to the exit status and one sentence.
func rateAnswer(r rateResult) (int, string) {
	switch q := r.Control; {
	case r.Stopped == experiment.StopCap:
		return exitInconclusive, fmt.Sprintf("undecided after %s (--max-trials)", plural(r.Trials, "trial"))
	case 2*r.Valid <= r.Trials:
		return exitInconclusive, fmt.Sprintf("%d of %d trials were valid, too few", r.Valid, r.Trials)
	case q != nil && q.Reproduced > 0:
		return exitInconclusive, fmt.Sprintf("the control shows the symptom too, in %s: the symptom does not tell a healthy network apart", q)
	case q != nil && q.Valid == 0:
		return exitInconclusive, "the control gave no valid trial"
	case r.Reproduced == 0 && len(r.OtherFailures) > 0:
		return exitInconclusive, "another failure: " + r.OtherFailures[0]
	case r.Reproduced == 0:
		return exitNo, fmt.Sprintf("not reproduced in %d valid trials", r.Valid)
	case q == nil:
		return exitYes, "reproduced; no control was run"
	default:
		return exitYes, "reproduced, and the control is clean"
	}
}
