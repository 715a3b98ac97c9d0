package trial

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/scenarios"
)

// hangMargin is by how much a command outlives the time after which it hangs.
const hangMargin = 10 * time.Second

// silence keeps which of a node's channels gave no answer last, and to what. Nobody asks
// such a one again for evidence: every further command would wait as long.
type silence struct {
	mu   sync.Mutex
	last map[scenarios.Channel]string
}

// asked takes in how a command fared. One that was answered ends a silence.
func (s *silence) asked(by scenarios.Channel, command string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, drivers.ErrTimeout):
		if s.last == nil {
			s.last = map[scenarios.Channel]string{}
		}
		if s.last[by] == "" {
			s.last[by] = command
		}
	case err == nil:
		delete(s.last, by)
	}
}

// forget begins anew, with a trial or a session.
func (s *silence) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.last)
}

// since names the command that a channel has been silent since; empty when it answers.
func (s *silence) since(by scenarios.Channel) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[by]
}

// everybody is more than ask a channel at once.
const everybody = 1 << 20

// turn says who may ask a channel of a node: any number at once, or one alone. Whoever waits for
// it gives up when their context ends.
type turn struct{ free *semaphore.Weighted }

func newTurn() turn { return turn{semaphore.NewWeighted(everybody)} }

// share waits until nobody has the turn alone; the function that it returns ends it.
func (t turn) share(ctx context.Context) (done func(), err error) { return t.take(ctx, 1) }

// alone waits until nobody asks, and keeps the others away.
func (t turn) alone(ctx context.Context) (done func(), err error) { return t.take(ctx, everybody) }

func (t turn) take(ctx context.Context, n int64) (func(), error) {
	if t.free.Acquire(ctx, n) != nil {
		return nil, fmt.Errorf("wait for its turn: %w", context.Cause(ctx))
	}
	return func() { t.free.Release(n) }, nil
}

// run asks a node's command line, and notes whether it answered.
func (n *labNode) run(ctx context.Context, line string, timeout time.Duration) (drivers.Exchange, error) {
	done, err := n.runTurn.share(ctx)
	if err != nil {
		return drivers.Exchange{}, fmt.Errorf("%s: run %s: %w", n.Name, line, err)
	}
	defer done()
	x, err := n.driver.Run(ctx, drivers.Command{Line: line, Timeout: timeout})
	n.silence.asked(scenarios.CommandLine, line, err)
	return x, err
}

// shell asks the shell beneath a node's command line, and notes whether it answered.
func (n *labNode) shell(ctx context.Context, line string, timeout time.Duration) (drivers.Exchange, error) {
	sh, ok := drivers.As[drivers.Sheller](n.driver)
	if !ok {
		return drivers.Exchange{}, fmt.Errorf("%s (%s): shell: %w", n.Name, n.Platform, drivers.ErrUnsupported)
	}
	done, err := n.shellTurn.share(ctx)
	if err != nil {
		return drivers.Exchange{}, fmt.Errorf("%s: shell %s: %w", n.Name, line, err)
	}
	defer done()
	x, err := sh.Shell(ctx, drivers.Command{Line: line, Timeout: timeout})
	n.silence.asked(scenarios.Shell, line, err)
	return x, err
}

// absent names the programs that a line asks for and that the node does not have. Where nobody can tell it is none: the line's
// own answer then has to do.
func (n *labNode) absent(ctx context.Context, by scenarios.Channel, line string) []string {
	seeker, ok := drivers.As[drivers.ProgramSeeker](n.driver)
	if !ok {
		return nil
	}
	turn := n.runTurn
	if by == scenarios.Shell {
		turn = n.shellTurn
	}
	done, err := turn.share(ctx)
	if err != nil {
		return nil
	}
	defer done()
	names, err := seeker.Absent(ctx, line, by == scenarios.Shell)
	if err != nil {
		return nil
	}
	return names
}

// unfound gives in words which of the programs that were absent before a line was run still are: what the line itself has
// put there was found. Empty where none is.
func (n *labNode) unfound(ctx context.Context, by scenarios.Channel, line string, before []string) string {
	if len(before) == 0 {
		return ""
	}
	var words []string
	for _, name := range n.absent(ctx, by, line) {
		if slices.Contains(before, name) {
			words = append(words, name)
		}
	}
	return strings.Join(words, ", ")
}

// changed says that a step has changed the node.
func (n *labNode) changed() {
	if seeker, ok := drivers.As[drivers.ProgramSeeker](n.driver); ok {
		seeker.ForgetPrograms()
	}
}

// hangs asks whether a command is answered within a time, and reports whether it was not. A
// session takes one command at a time, and waiting for one's turn is no hang: the others are
// let finish first, and kept away meanwhile.
func (n *labNode) hangs(ctx context.Context, by scenarios.Channel, line string, limit time.Duration) (drivers.Exchange, bool, error) {
	turn, ask := n.runTurn, n.driver.Run
	if by == scenarios.Shell {
		sh, ok := drivers.As[drivers.Sheller](n.driver)
		if !ok {
			return drivers.Exchange{}, false, fmt.Errorf("%s (%s): shell: %w", n.Name, n.Platform, drivers.ErrUnsupported)
		}
		turn, ask = n.shellTurn, sh.Shell
	}
	done, err := turn.alone(ctx)
	if err != nil {
		return drivers.Exchange{}, false, fmt.Errorf("%s: %s: %w", n.Name, line, err)
	}
	defer done()
	begin := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, limit, drivers.ErrTimeout)
	defer cancel()
	// The command's own bound is later: some tools are told to give up a little before it.
	x, err := ask(limited, drivers.Command{Line: line, Timeout: limit + hangMargin})
	n.silence.asked(by, line, err)
	hung := errors.Is(err, drivers.ErrTimeout) && ctx.Err() == nil && time.Since(begin) >= limit
	return x, hung, err
}

// ask sends a command and fills in its answer. A refusal is no answer, where the platform has no exit status
// to tell one by; where it has, the judge decides by that.
func (q question) ask(ctx context.Context, by scenarios.Channel, line string) error {
	n, o, hangs := q.node, q.seen, time.Duration(q.check.Cond.Hangs)
	var x drivers.Exchange
	var err error
	before := n.absent(ctx, by, line)
	switch {
	case hangs > 0:
		x, o.Hung, err = n.hangs(ctx, by, line, hangs)
	case by == scenarios.Shell:
		x, err = n.shell(ctx, line, q.timeout)
	default:
		x, err = n.run(ctx, line, q.timeout)
	}
	o.Text, o.Exit, o.Truncated, o.Answered = x.Output, x.Exit, x.Truncated, x.Took
	if err != nil {
		o.Exit = drivers.NoExit
		return err
	}
	o.NotFound = n.unfound(ctx, by, line, before)
	if hangs == 0 {
		o.Hidden = q.hidden(ctx, by, line)
	}
	if hangs == 0 {
		o.Refusal = n.refusal(line, by, x.Output)
	}
	if hangs == 0 && o.Refusal == "" && judge.DecidedByNothing(q.check, *o) { // of several statements, one that was not taken says nothing
		o.Refusal = n.untaken(line, by, x.Output)
	}
	if x.Rejected != "" && !tells(x) && hangs == 0 {
		return &RejectedError{Line: x.Command, Words: x.Rejected}
	}
	return nil
}

// hidden is the first part of a command that has failed where its line hides that, asked for by itself where what the condition
// comes to is what an empty answer would give, where the answer has words that come of what is wrong, or where the line does what it does by
// whether the part says no: an answer that shows more was given by what worked. Nil where none is known to have.
func (q question) hidden(ctx context.Context, by scenarios.Channel, line string) *evidence.HiddenFailure {
	teller, ok := drivers.As[drivers.PartTeller](q.node.driver)
	if !ok {
		return nil
	}
	nothing := judge.DecidedByNothing(q.check, *q.seen)
	for _, part := range teller.Parts(line, by == scenarios.Shell) {
		asks := part.Decides && len(part.No) > 0
		if !part.Whole && !nothing && !asks && !complains(part.Command, q.seen.Text) && q.node.untaken(part.Command, by, q.seen.Text) == "" {
			continue
		}
		if failure := q.failed(ctx, by, part); failure != nil {
			return failure
		}
	}
	return nil
}

// failed says how a part of a command has failed, when it was run once more by itself; nil where it has not.
func (q question) failed(ctx context.Context, by scenarios.Channel, part drivers.HiddenPart) *evidence.HiddenFailure {
	x, err := drivers.Exchange{Output: q.seen.Text, Exit: q.seen.Exit}, error(nil)
	switch {
	case part.Whole: // it was run
	case by == scenarios.Shell:
		x, err = q.node.shell(ctx, part.Alone, q.timeout)
	default:
		x, err = q.node.run(ctx, part.Alone, q.timeout)
	}
	failure := &evidence.HiddenFailure{Command: part.Command, Exit: x.Exit, Whole: part.Whole, OfLast: slices.Contains(part.Last, x.Exit)}
	if !part.Whole && err == nil {
		failure.Words = q.node.refusal(part.Command, by, x.Output)
	}
	switch {
	case part.Whole && (x.Exit == scenarios.StatusNotFound || x.Exit == scenarios.StatusNotExecutable || x.Exit == drivers.NoExit):
		return nil // that is told by other words
	case err != nil || x.Exit == drivers.NoExit:
		return &evidence.HiddenFailure{Command: part.Command, Exit: drivers.NoExit}
	case failure.Words != "", x.Exit != 0 && !slices.Contains(part.No, x.Exit):
		return failure
	default:
		return nil
	}
}

// refusal are the words by which an answer says that nothing came of a line, where they are all of it.
func (n *labNode) refusal(line string, by scenarios.Channel, answer string) string {
	if r, ok := drivers.As[drivers.Refuser](n.driver); ok {
		return r.Refusal(line, by == scenarios.Shell, answer)
	}
	return ""
}

// untaken are the words by which an answer says that a line was not taken, whatever else stands there.
func (n *labNode) untaken(line string, by scenarios.Channel, answer string) string {
	if t, ok := drivers.As[drivers.UntakenTeller](n.driver); ok {
		return t.Untaken(line, by == scenarios.Shell, answer)
	}
	return ""
}

// complains reports whether a line of an answer begins with the name of a command's program, as what programs say of what is wrong does, or
// as a script says of what ended it.
func complains(command, answer string) bool {
	name, _, _ := strings.Cut(command, " ")
	return strings.Contains("\n"+answer, "\n"+path.Base(name)+": ") || strings.Contains("\n"+answer, "\nTraceback (most recent call last):")
}

// quote makes one word of s for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
