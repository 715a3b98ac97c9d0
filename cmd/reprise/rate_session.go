package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/reports"
)

// session is one sitting with the lab: several series whose trials alternate, so that
// what they are compared for is the only thing that differs.
type session struct {
	app      *app
	provider provider
	env      trial.Environment
	parent   string // folder for run directories
	series   []*trial.Series
	live     *liveLine
}

// openSession connects to the engine and checks that it can build the plans' labs.
// Nothing is started and nothing written.
func (a *app) openSession(ctx context.Context, parent string, where labFlags, plans ...*plan.Plan) (*session, error) {
	if err := a.permit(plans...); err != nil {
		return nil, err
	}
	provider, err := openProvider(plans[0], where, nil)
	if err != nil {
		return nil, err
	}
	s := &session{app: a, provider: provider, parent: parent, live: &liveLine{app: a, status: "no trial yet"}}
	for _, p := range plans {
		if err := provider.Check(ctx, p.Topology); err != nil {
			return nil, errors.Join(err, provider.Close())
		}
	}
	reg, err := registry()
	if err != nil {
		return nil, errors.Join(err, provider.Close())
	}
	s.env = trial.Environment{Provider: provider, Registry: reg, Progress: s.live.step}
	return s, nil
}

// begin makes the run directory of one series.
func (s *session) begin(ctx context.Context, p *plan.Plan) (*trial.Series, error) {
	series, err := trial.NewSeries(ctx, p, s.parent, s.env, toolInfo())
	if err != nil {
		return nil, &codedError{exitEnvironment, err}
	}
	s.series = append(s.series, series)
	return series, nil
}

// tellDirs says where the evidence of each series goes: the run's own folder, and which
// side it is where the sides have names.
func (s *session) tellDirs(sides ...string) {
	for i, series := range s.series {
		side := string(series.Plan.Variant)
		if i < len(sides) {
			side = sides[i]
		}
		s.app.progress("evidence (%s) in %s", side, series.Dir.Path)
	}
}

// end takes every lab down, judges each series as a run and writes its reports.
func (s *session) end(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	s.live.clear()
	var errs []error
	for _, series := range s.series {
		errs = append(errs, series.Close(ctx))
	}
	errs = append(errs, cleanUp(ctx, s.provider, ""))
	for _, series := range s.series {
		errs = append(errs, cleanUp(ctx, s.provider, series.Dir.ID()))
	}
	for _, series := range s.series {
		if series.Trials() == 0 {
			continue
		}
		_, _, err := series.Summarise()
		errs = append(errs, err, writeReports(series.Dir))
	}
	return errors.Join(append(errs, s.provider.Close())...)
}

// interrupted makes the error of a session that was cancelled; nil when it was not.
func (s *session) interrupted(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	where := s.parent
	if len(s.series) > 0 {
		where = s.series[0].Dir.Path
	}
	return &codedError{exitInterrupted, fmt.Errorf("interrupted; what was recorded is in %s", where)}
}

// inLabs runs work side by side, once per lab, until each says that there is no more. The
// first error ends all.
func inLabs(ctx context.Context, labs int, work func(ctx context.Context, lab int) (more bool, err error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, labs)
	var wg sync.WaitGroup
	for i := range labs {
		wg.Go(func() {
			for more := true; more && ctx.Err() == nil; {
				if more, errs[i] = work(ctx, i+1); errs[i] != nil {
					cancel()
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// liveLine is the state of a session as it is seen: a line per trial, and on a terminal
// a last line that is drawn again and again.
type liveLine struct {
	app    *app
	mu     sync.Mutex
	status string
}

// step shows where a trial is, beside the status.
func (l *liveLine) step(p trial.Progress) {
	if p.Verdict != "" {
		return // who asked for the trial tells
	}
	what := p.Text
	if what == "" {
		what = string(p.Phase)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draw(fmt.Sprintf("  %s; lab %d: %s", l.status, p.Lab, firstLine(what, 40)))
}

// trial prints the line of a trial that is over.
func (l *liveLine) trial(side string, lab int, v evidence.TrialVerdict, took time.Duration, status string) {
	line := fmt.Sprintf("  %-8s trial %04d  lab %d  %-14s %6.1fs  %s", side, v.Trial, lab, v.Verdict, took.Seconds(), status)
	if v.Verdict == evidence.Inconclusive || v.Verdict == evidence.NotApplicable {
		line += "  " + firstLine(v.Reason, 120)
	}
	l.say(line, status)
}

// say prints a line above the status, which it changes.
func (l *liveLine) say(line, status string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
	l.draw("")
	l.app.progress("%s", line)
	l.draw("  " + status)
}

func (l *liveLine) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draw("")
}

// draw rewrites the last line of a terminal (ECMA-48 EL); nothing elsewhere.
func (l *liveLine) draw(line string) {
	width, tty := terminal(l.app.err)
	if width < 20 {
		width = 80 // it does not say, or it is of no use
	}
	if tty && !l.app.quiet {
		control(l.app.err, lineErase)
		fmt.Fprint(l.app.err, firstLine(reports.Clean(line), width-1))
	}
}
