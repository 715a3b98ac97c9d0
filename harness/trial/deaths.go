package trial

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// death is one that a node's driver told of, with what the harness knows of it.
type death struct {
	drivers.Death
	// Sender is the step that sent the signal, and Sent how: "SIGTERM", or the words of the
	// line. Empty where no step did.
	Sender string `json:"by,omitempty"`
	Sent   string `json:"sent,omitempty"`
	// ended says that it is no death: a step told it to end, and it did.
	ended bool
	// doubt says why it is not known whether a step ended it; empty where it is.
	doubt string
	// listed says that the driver told of it when it was asked last. What it told before a reset
	// of its daemons it does not.
	listed bool
}

// sameDeath is how far apart two words for the end of one process may lie: process numbers
// come again, though not so soon.
const sameDeath = 30 * time.Second

// same reports whether two deaths are one, of which more is known now.
func (d death) same(e drivers.Death) bool {
	if d.PID == 0 || e.PID == 0 {
		return d.PID == e.PID && d.Process == e.Process && d.At.Equal(e.At) && d.LastLog == e.LastLog
	}
	near := d.At.IsZero() || e.At.IsZero() || d.At.Sub(e.At).Abs() < sameDeath
	return d.PID == e.PID && near
}

// deaths tells which processes of a node died since the lab was built, in the order in which
// they became known: a position in this list stays what it is. An error that is a
// *drivers.UnseenError comes beside the list.
func (n *labNode) deaths(ctx context.Context) ([]death, error) {
	n.toldMu.Lock()
	defer n.toldMu.Unlock()
	found, err := n.findDeaths(ctx)
	if unseen := (*drivers.UnseenError)(nil); err != nil && !errors.As(err, &unseen) {
		return nil, err
	}
	taken := map[int]bool{}
	for k := range n.told {
		n.told[k].listed = false
	}
	for _, d := range found {
		i := -1
		for k := range n.told {
			if !taken[k] && n.told[k].same(d) {
				i = k
				break
			}
		}
		if i < 0 {
			told := n.bySteps(death{Death: d}).unbidden()
			told.listed = true
			n.told = append(n.told, told)
			taken[len(n.told)-1] = true
			continue
		}
		taken[i], n.told[i].listed = true, true
		n.told[i].Core, n.told[i].NoCore = d.Core, d.NoCore
		if d.LastLog != "" {
			n.told[i].LastLog = d.LastLog
		}
		if d.Title != "" {
			n.told[i].Failure = d.Failure
		}
	}
	return slices.Clone(n.told), err
}

// findDeaths asks which processes of a node died: its driver, which watched them, or the
// core files that a switch lists and did not list before the trial.
func (n *labNode) findDeaths(ctx context.Context) ([]drivers.Death, error) {
	if w, ok := drivers.As[drivers.DeathWatcher](n.driver); ok {
		return w.Deaths(ctx)
	}
	lister, ok := drivers.As[drivers.CoreLister](n.driver)
	if !ok {
		return nil, fmt.Errorf("%s (%s): deaths: %w", n.Name, n.Platform, drivers.ErrUnsupported)
	}
	cores, err := lister.Cores(ctx)
	if err != nil {
		return nil, err
	}
	n.coresMu.Lock()
	defer n.coresMu.Unlock()
	if n.coresKnown == nil {
		return nil, fmt.Errorf("%s: which core files were there before the trial is not known", n.Name)
	}
	for _, c := range cores { // in the order in which they are found, which no listing promises
		if !n.coresKnown[c] {
			d := drivers.Death{Process: c.Name, Signal: drivers.CoreSignal, At: c.At, LastLog: fmt.Sprintf("%d bytes on the switch", c.Size)}
			if namer, ok := drivers.As[drivers.FailureNamer](n.driver); ok {
				d.Failure = namer.NameFailure(d, c.Name)
			}
			n.cores = append(n.cores, d)
		}
		n.coresKnown[c] = true
	}
	return slices.Clone(n.cores), nil
}

// rememberCores lists the core files of before a trial. One that is written anew under the
// same name has another size or time.
func (n *labNode) rememberCores(ctx context.Context, lister drivers.CoreLister) error {
	cores, err := lister.Cores(ctx)
	n.coresMu.Lock()
	defer n.coresMu.Unlock()
	n.coresKnown, n.cores = nil, nil
	if err != nil {
		return err
	}
	n.coresKnown = map[drivers.Core]bool{}
	for _, c := range cores {
		n.coresKnown[c] = true
	}
	return nil
}

// stopping is a step that has begun, of whose signals each death can have one.
type stopping struct {
	step       plan.Step
	used       map[string]bool // processes
	begin, end time.Time       // end is zero while it runs
}

// begun remembers a step of a trial, for when it ends a process. The function that it returns
// remembers when the step has ended.
func (n *labNode) begun(s plan.Step) (over func()) {
	n.toldMu.Lock()
	defer n.toldMu.Unlock()
	begun := &stopping{step: s, used: map[string]bool{}, begin: time.Now()}
	n.steps = append(n.steps, begun)
	return func() {
		n.toldMu.Lock()
		defer n.toldMu.Unlock()
		begun.end = time.Now()
	}
}

// dealtWith reports whether a step of the trial has begun on a node: it may have ended it.
func (n *labNode) dealtWith() bool {
	n.toldMu.Lock()
	defer n.toldMu.Unlock()
	return len(n.steps) > 0
}

// starts match words of a shell line that starts services, whatever they are called there.
var starts = regexp.MustCompile(`(?:^|\W)(?:re)?start(?:\W|$)`)

// mayRunAnew reports whether a step may have started a daemon again that has ended: nobody watches that one. Of one that ended
// before the trial, whose deaths begin with the first, the steps are not known, unless the lab was reset since: the driver, who
// lists it no more, has started it anew.
func (n *labNode) mayRunAnew(p scenarios.CoreProbe, deaths []death, first int) bool {
	var before, since bool
	for i, d := range deaths {
		asked := p.Asks(d.Process)
		before = before || asked && i < first && d.listed
		since = since || asked && i >= first
	}
	if before || !since {
		return before
	}
	reader, reads := drivers.As[drivers.ScriptReader](n.driver)
	n.toldMu.Lock()
	defer n.toldMu.Unlock()
	return slices.ContainsFunc(n.steps, func(s *stopping) bool {
		sends := s.step.Action().Effect()
		return sends.Channel == scenarios.Shell && slices.ContainsFunc(sends.Lines, func(line string) bool {
			return starts.MatchString(line) || !reads || reader.Unread(line) || reader.Calls(line, p.Process)
		})
	})
}

// bySteps finds the step that a death is the work of: one whose lines name the daemon and
// send what it died of. A fault that it was sent is a death all the same, which the scenario
// asked for; anything else is an orderly end. The caller holds toldMu.
func (n *labNode) bySteps(d death) death {
	stopper, ok := drivers.As[drivers.Stopper](n.driver)
	if !ok || d.OOM {
		return d
	}
	for i := range n.steps {
		s := n.steps[i]
		if s.used[d.Process] {
			continue
		}
		sends := s.step.Action().Effect()
		for _, line := range sends.Lines {
			for _, sent := range stopper.Stops(line, sends.Channel == scenarios.Shell, d.Process) {
				orderly, ok := d.fits(sent)
				if !ok {
					continue
				}
				s.used[d.Process] = true
				d.Sender, d.Sent, d.ended = s.step.Ref, sent, orderly
				if sent == "" {
					d.Sent = evidence.Bounded(strings.Join(strings.Fields(line), " "), 60)
				}
				return d
			}
		}
	}
	return n.byScripts(d)
}

// byScripts finds the step in whose time a process ended in order, where that step runs what
// cannot be read from its line: a script in a file sends signals as the line itself does. The
// caller holds toldMu.
func (n *labNode) byScripts(d death) death {
	reader, ok := drivers.As[drivers.ScriptReader](n.driver)
	if !ok || !d.orderly() {
		return d
	}
	at, within := d.At, time.Duration(0)
	var clock *evidence.OtherClock
	switch {
	case at.IsZero(): // it became known now
		at = time.Now()
	case n.clockAt != nil:
		if clock = n.clockAt(at); clock != nil {
			within = clock.Within
		}
	}
	for i := range n.steps {
		s := n.steps[i]
		sends := s.step.Action().Effect()
		if s.used[d.Process] || sends.Channel != scenarios.Shell || !slices.ContainsFunc(sends.Lines, reader.Unread) {
			continue
		}
		unmeasured := clock != nil && clock.Unmeasured
		switch first, last := at.Add(-within), at.Add(within); {
		case !unmeasured && !s.mayEnd(first, last):
			continue
		case unmeasured || !s.mayEnd(last, first): // not whenever it was
			if d.doubt == "" {
				d.doubt = fmt.Sprintf("%s may have ended it: %s", s.step.Ref, clock)
			}
			continue
		}
		d.doubt = ""
		s.used[d.Process] = true
		d.Sender, d.ended = s.step.Ref, true
		if d.Signal != "" {
			d.Sent = d.Signal + " of a script that it runs"
		} else {
			d.Sent = "a signal of a script that it runs"
		}
		return d
	}
	return d
}

// unbidden doubts a death that may be somebody's doing whom no step has do it: one of a process that another one sent a signal; and,
// where nobody hears of signals, one that has ended as one that was told to. The kernel sends no such signal by itself.
func (d death) unbidden() death {
	switch {
	case d.Sender != "" || d.ended || d.doubt != "" || d.OOM:
	case d.From != "":
		d.doubt = fmt.Sprintf("it was sent %s, and no step does that", d.From)
	case !d.orderly():
	case d.Unheard != "":
		d.doubt = fmt.Sprintf("it ended as one that was told to, no step told it, and who did is not known: %s", d.Unheard)
	case d.Signal != "":
		d.doubt = "no process sent it that, and no fault of its own brings it about: the kernel was told to"
	}
	return d
}

// mayEnd reports whether a process that ended between two moments may have ended in the time of the step, and of what it told to end.
func (s *stopping) mayEnd(earliest, latest time.Time) bool {
	return !latest.Before(s.begin) && (s.end.IsZero() || !earliest.After(s.end.Add(endsWithin)))
}

// endsWithin is how long a daemon may take to end after the step that told it to.
const endsWithin = 5 * time.Second

// orderly reports whether a process ended as one that was told to: by its own choice with
// status 0, or of a signal that the kernel sends to nobody by itself.
func (d death) orderly() bool {
	if d.Signal == "" {
		return d.Exit == 0
	}
	return slices.Contains([]string{"SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGKILL"}, d.Signal)
}

// fits reports whether a death is what a signal brings about, and whether that is an orderly
// end. An empty signal is a platform's own word for stopping.
func (d death) fits(sent string) (orderly, ok bool) {
	faults := drivers.FaultSignals()
	fault := slices.Contains(faults, d.Signal)
	switch {
	case slices.Contains(faults, sent):
		// A handler that tells of a fault may abort after it.
		return false, d.Signal == sent || d.Signal == "SIGABRT"
	case fault:
		return false, false // it was told to end, and crashed over it
	case d.Signal == sent:
		return true, true
	case d.Signal == "" && slices.Contains([]string{"SIGHUP", "SIGUSR1", "SIGUSR2"}, sent):
		return false, false // these ask for something else than the end
	case d.Signal == "":
		return true, true
	default:
		return true, sent == "" // stopping may take more than one signal
	}
}

// event is the death as the timeline has it.
func (d death) event(node string) evidence.Event {
	e := evidence.Event{Kind: evidence.EventDeath, Lane: node, Ref: d.Sender, Name: d.Process, Detail: d.describe()}
	if d.ended {
		e.Kind, e.Outcome = evidence.EventEnd, evidence.OK
		return e
	}
	if d.doubt != "" {
		e.Outcome = evidence.Doubtful
	}
	f := d.Named()
	e.Failure = &evidence.Failure{Title: f.Title, Kind: evidence.FailureKind(f.Kind), Process: d.Process, Node: node, Alt: f.Alt, Core: d.Core}
	return e
}

func (d death) describe() string {
	how := fmt.Sprintf("exit status %d", d.Exit)
	if d.Signal != "" {
		how = d.Signal
	}
	if d.OOM {
		how += ", killed by the kernel because memory ran out"
	}
	switch {
	case d.ended:
		how = fmt.Sprintf("ended by %s with %s (%s)", d.Sender, d.Sent, how)
	case d.Sender != "":
		how += ", which " + d.Sender + " sent"
	case d.doubt != "":
		how += ", and " + d.doubt
	case d.Unheard != "" && d.Signal != "" && !d.OOM:
		how += ", and whether somebody sent it is not known: " + d.Unheard
	}
	switch {
	case d.Core != "":
		how += ", core " + d.Core
	case d.NoCore != "":
		how += ", no core file: " + d.NoCore
	}
	if line := strings.Join(strings.Fields(d.LastLog), " "); line != "" {
		how += ", last words: " + line
	}
	return how
}
