package trial

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/faketime"
)

// Bounds of what has no window of its own.
const (
	probeTimeout  = 20 * time.Second // one answer of a probe
	stepTimeout   = 60 * time.Second // one step of a stimulus
	bootTimeout   = 90 * time.Second // one node's software
	deployTimeout = 5 * time.Minute  // a whole lab
)

// Environment is what a run needs beyond its plan.
type Environment struct {
	Provider topologies.Provider
	Registry *drivers.Registry
	Dir      evidence.Dir
	Owner    int  // pid whose death frees the labs; 0 means this process
	Keep     bool // leave the lab up after the last trial
	// Lean keeps what judging needs and no states beside it: for searches of many trials.
	Lean bool
	// All runs every trial, also after one in which a fresh lab refused what it was given.
	All bool
	// Rehearse goes through everything once without waiting: each condition is looked at once,
	// and what is false does not end the trial. For labs that show nothing (simulators).
	Rehearse bool
	// Warm keeps labs up for the series after this one; nil: each series builds its own.
	Warm *WarmLabs
	// Progress is told where a trial is; nil tells nobody. It must not block.
	Progress func(Progress)
	// Hide takes out of what is said of a trial (notes, and why something failed) what is not to leave this machine; nil: nothing.
	// What nodes answer is not asked for: that is what the trial is about.
	Hide func(text string) string
	// Gone reports whether the program that began the run has ended, which cuts its trials; nil: nobody can tell.
	Gone func() bool
	// Wall is the clock that gives frames their times; nil is this machine's.
	Wall func() time.Time
}

// Progress is one step on the way, for a person who watches.
type Progress struct {
	Lab   int            `json:"lab"`
	Trial int            `json:"trial"`
	Phase evidence.Phase `json:"phase,omitempty"`
	Text  string         `json:"text,omitempty"`
	// Verdict is set when the trial is over.
	Verdict evidence.Verdict `json:"verdict,omitempty"`
	Reason  string           `json:"reason,omitempty"`
	Took    time.Duration    `json:"took,omitempty"`
	// NotRun says why a planned trial was not begun.
	NotRun string `json:"not-run,omitempty"`
}

// Lab is one reserved topology with an open driver per node. It executes one trial at
// a time.
type Lab struct {
	Number int
	plan   *plan.Plan
	env    Environment
	ledger *evidence.Ledger
	slack  func() time.Duration // [plan.Plan.Slack] of the plan, looked for once: it reads all that is configured
	res    topologies.Reservation
	built  time.Time // when res was begun
	nodes  []*labNode
	was    *Lab             // that is up, and becomes this one with its first trial; nil: it is built
	undone error            // how a lab before this one was not taken down, which the next trial notes; nil: it was
	claim  topologies.Claim // room for the lab, that waits for it to be built; nil: none does
	warm   bool             // the trial that runs now began in a lab that was up
	// tainted says why the lab must be built anew before the next trial.
	tainted string
	trials  int            // since the lab was built
	using   sync.Mutex     // held while a trial is made, or the lab is taken down; and of a lab that another one is to become, by that
	epoch   faketime.Epoch // of the lab's clock, where it has its own
	cold    bool           // the trial that runs now begins with nothing that an earlier one has touched

	captures *captures // of the trial that runs now
	traffic  *traffic  // of the present trial

	// clockLibraries are those for nodes whose images have none; nil: it is not known of all yet.
	clockLibraries   []topologies.ClockLibrary
	clockLibrariesMu sync.Mutex

	mu       sync.Mutex
	unbooted bool // a node did not start, in this trial
	// refused says what a lab that was freshly built refused.
	refused string
}

// NewLab prepares a lab. Nothing is built before its first trial.
func NewLab(p *plan.Plan, env Environment, number int) *Lab {
	return &Lab{Number: number, plan: p, env: env, ledger: env.Dir.OpenLedger(), slack: sync.OnceValue(p.Slack)}
}

// Reservation gives the lab as it is built now; nil before the first trial.
func (l *Lab) Reservation() topologies.Reservation { return l.res }

// Refused says what was refused, at the start of a node or by a step that configures, while
// the lab was fresh: it would be again in every further trial. Empty when nothing was.
func (l *Lab) Refused() string { return l.refused }

// Close takes the lab down. It may be called more than once, and after a failure.
func (l *Lab) Close(ctx context.Context) error {
	l.using.Lock()
	defer l.using.Unlock()
	return l.close(ctx)
}

// close is [Lab.Close] for who uses the lab.
func (l *Lab) close(ctx context.Context) error {
	var errs []error
	if l.was != nil {
		errs = append(errs, l.was.close(ctx))
		l.was = nil
	}
	if l.claim != nil {
		l.claim.Release()
		l.claim = nil
	}
	if !l.env.Keep {
		errs = append(errs, restorePoints{l}.bringBack(ctx))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), plan.ReleaseTimeout)
	defer cancel()
	closed := make([]error, len(l.nodes))
	l.sideBySide(func(i int, n *labNode) {
		if n.driver != nil {
			closed[i] = n.driver.Close(ctx)
		}
	})
	errs = append(errs, closed...)
	l.nodes = nil
	if l.res != nil && !l.env.Keep {
		errs = append(errs, l.res.Release(ctx))
		l.res = nil
	}
	// A session that was lost says so when it is closed; the lab is down all the same.
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, drivers.ErrClosed) })...)
}

// kind is that of the lab as it was built, where it knows, else that which its provider builds.
func (l *Lab) kind() topologies.Kind {
	if k, ok := topologies.As[topologies.BuiltKinder](l.res); ok {
		return k.Kind()
	}
	return KindIn(l.env.Provider, l.plan.Topology)
}

// nodesPerCPU is on how many nodes that run on this machine's processors one of these works at
// once: they wait for each other's answers too, so it is more than one.
const nodesPerCPU = 8

// turns bound the nodes that are worked on at once. Those without a kernel of their own share the
// processors of this machine, and all of a big lab at once starve each other until one does not
// answer in time. Devices and machines wait for themselves, also beside such nodes.
type turns struct {
	lab   *Lab
	slots chan struct{}
}

func (l *Lab) turns() turns { return turns{l, make(chan struct{}, nodesPerCPU*runtime.NumCPU())} }

// take waits for a node's turn, which ends with what it returns.
func (t turns) take(node string) (end func()) {
	if !t.lab.sharesProcessors(node) {
		return func() {}
	}
	t.slots <- struct{}{}
	return func() { <-t.slots }
}

// sharesProcessors says that a node has no kernel of its own.
func (l *Lab) sharesProcessors(node string) bool {
	if k, ok := topologies.As[topologies.BuiltKinder](l.res); ok {
		return k.Kind() == topologies.KindContainer
	}
	return !ownsKernel(l.env.Provider, l.plan.Topology, node)
}

// sideBySide runs f on every node, on as many at once as there is room for, and waits for all.
func (l *Lab) sideBySide(f func(i int, n *labNode)) {
	var wg sync.WaitGroup
	turns := l.turns()
	for i, n := range l.nodes {
		wg.Go(func() {
			defer turns.take(n.Name)()
			f(i, n)
		})
	}
	wg.Wait()
}

// devices runs f on every device that has a session, side by side, and waits for all.
func (l *Lab) devices(f func(*labNode)) {
	l.sideBySide(func(_ int, n *labNode) {
		if n.driver != nil && !n.Segment {
			f(n)
		}
	})
}

// noteRefused notes what a fresh lab refused, of what it starts with or is configured to, as the record has it: it goes to who
// gives the trials.
func (l *Lab) noteRefused(rec *recorder, lane string, outcome evidence.Outcome, err error) {
	if outcome == evidence.Refused && l.cold {
		l.mu.Lock()
		l.refused = strings.TrimPrefix(lane+": ", ": ") + rec.hide(rec.redact.Text(err.Error()))
		l.mu.Unlock()
	}
}

// configuredBy reports whether a step of the stimulus is one that configures a node.
func (l *Lab) configuredBy(ref string) bool {
	return slices.ContainsFunc(plan.Each(l.plan.Stimulus), func(s plan.Step) bool { return s.Ref == ref && s.Action().Kind() == scenarios.ActConfigure })
}

// detach stops recording into a trial that is over.
func (l *Lab) detach() {
	for _, n := range l.nodes {
		n.sink.to.Store(nil)
	}
}

func (l *Lab) node(name string) (*labNode, error) {
	for _, n := range l.nodes {
		if n.Name == name {
			return n, nil
		}
	}
	return nil, fmt.Errorf("the lab has no node %s", name)
}
