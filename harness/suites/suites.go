package suites

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/formatter"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/format"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
)

// grace is how long a spec that was interrupted may take to keep its evidence.
const grace = 3 * time.Minute

// Shard is the part of a plan's trials that one process executes: those whose number
// leaves the remainder Lab-1 when counted from 0 and divided by Labs.
type Shard struct{ Lab, Labs int }

// Whole is the shard of a process that executes all trials, in lab 1.
var Whole = Shard{Lab: 1, Labs: 1} //nolint:gochecknoglobals // a constant

// trials lists the shard's trial numbers, from 1.
func (s Shard) trials(planned int) []int {
	var numbers []int
	for n := s.Lab; n <= planned; n += max(s.Labs, 1) {
		numbers = append(numbers, n)
	}
	return numbers
}

// Trials registers the tree of one plan. It returns true, so that it can stand at the
// top level of a file.
func Trials(p *plan.Plan, env trial.Environment, s Shard) bool {
	sc := p.Loaded.Scenario
	at := types.CodeLocation{FileName: p.Loaded.File, LineNumber: max(p.Loaded.Line("symptom[0]"), 1)}
	title := sc.ID + ": " + sc.Title
	if p.Variant == evidence.VariantControl {
		title += " (control)"
	}
	return Describe(title, Ordered, ContinueOnFailure, Label(sc.Labels...), at, func() {
		lab := trial.NewLab(p, env, s.Lab)
		BeforeAll(func() {
			DeferCleanup(func(ctx SpecContext) { Expect(lab.Close(ctx)).To(Succeed()) }, NodeTimeout(grace+trial.ReleaseTime(p, env.Provider)), GracePeriod(grace+trial.ReleaseTime(p, env.Provider)))
		})
		for _, n := range s.trials(p.Trials) {
			It(fmt.Sprintf("trial %04d", n), at, SpecTimeout(p.Timeout), GracePeriod(grace), func(ctx SpecContext) {
				if why := lab.Refused(); why != "" && !env.All {
					if env.Progress != nil {
						env.Progress(trial.Progress{Lab: s.Lab, Trial: n, NotRun: why})
					}
					Skip("not run: a fresh lab refused " + why)
				}
				oneTrial(ctx, lab, n, p.Expected(), env.Gone)
			})
		}
	})
}

// trial executes one trial in its spec. Its evidence is kept on every way out.
func oneTrial(ctx SpecContext, lab *trial.Lab, n int, expected evidence.Verdict, gone func() bool) {
	GinkgoHelper()
	t, err := lab.Begin(n)
	Expect(err).NotTo(HaveOccurred(), "begin the record")
	t.OnPhase = func(p evidence.Phase) { By(string(p)) }
	DeferOnFailure(func(ctx SpecContext) { t.Collect(ctx) }, NodeTimeout(grace))
	DeferCleanup(func(ctx SpecContext) error {
		_, err := t.Finish(ctx)
		return err
	}, NodeTimeout(grace))
	t.Execute(cutBy(ctx, gone))
	v, err := t.Finish(ctx)
	Expect(err).NotTo(HaveOccurred(), "keep the record")
	AddReportEntry("verdict", v.Verdict, ReportEntryVisibilityFailureOrVerbose)
	if v.Verdict == evidence.NotApplicable {
		Skip(v.Reason)
	}
	Expect(v).To(HaveVerdict(expected))
}

// Why a trial was cut, for its record.
var (
	errGone   = errors.New("the program that began the run is gone")
	errSignal = errors.New("by a signal, such as of Ctrl-C")
)

// cutBy is a spec's context with a cause that says who ended it: Ginkgo takes every signal for the user's. gone reports whether
// the program that began the run has ended; nil: nobody can tell.
func cutBy(spec context.Context, gone func() bool) context.Context {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(spec))
	context.AfterFunc(spec, func() {
		cause := context.Cause(spec)
		switch {
		case gone != nil && gone():
			cause = errGone
		case strings.Contains(cause.Error(), "nterrupted by User"):
			cause = errSignal
		}
		cancel(cause)
	})
	return ctx
}

// HaveVerdict succeeds when a trial came out as declared, and otherwise says why it did not.
func HaveVerdict(want evidence.Verdict) gomegatypes.GomegaMatcher { return &verdictMatcher{want} }

type verdictMatcher struct{ want evidence.Verdict }

func (m *verdictMatcher) Match(actual any) (bool, error) {
	v, ok := actual.(evidence.TrialVerdict)
	if !ok {
		return false, fmt.Errorf("HaveVerdict wants an evidence.TrialVerdict, got %s", format.Object(actual, 1))
	}
	return v.Verdict == m.want, nil
}

func (m *verdictMatcher) FailureMessage(actual any) string {
	v, _ := actual.(evidence.TrialVerdict)
	return fmt.Sprintf("the trial is %s, declared is %s: %s", v.Verdict, m.want, v.Reason)
}

func (m *verdictMatcher) NegatedFailureMessage(any) string {
	return fmt.Sprintf("the trial is %s, and should not be", m.want)
}

// RunTest runs the registered trees under go test or the ginkgo command.
func RunTest(t *testing.T, name string) {
	t.Helper()
	RegisterFailHandler(Fail)
	RunSpecs(t, name)
}

// RunOptions of a run outside go test.
type RunOptions struct {
	Name  string
	JUnit string    // path of Ginkgo's JUnit file; empty writes none
	JSON  string    // path of Ginkgo's JSON report; empty writes none
	Log   io.Writer // Ginkgo's own console; nil drops it
	// Timeout of all specs together.
	Timeout time.Duration
}

type noT struct{}

func (noT) Fail() {}

// Run runs the registered trees in this process and reports whether every spec passed.
// SIGINT and SIGTERM are Ginkgo's while it runs, and are given back at the end: the
// first cancels the running spec, which keeps its evidence, and skips the rest.
// Ginkgo's state is global, so a process runs one tree.
func Run(o RunOptions) bool {
	RegisterFailHandler(Fail)
	sc, rc := GinkgoConfiguration()
	sc.Timeout, sc.GracePeriod = o.Timeout, grace
	rc.JSONReport, rc.JUnitReport, rc.NoColor = o.JSON, o.JUnit, true
	if o.Log == nil {
		o.Log = io.Discard
	}
	formatter.ColorableStdOut = o.Log
	defer signal.Reset(os.Interrupt, syscall.SIGTERM)
	return RunSpecs(noT{}, o.Name, sc, rc)
}
