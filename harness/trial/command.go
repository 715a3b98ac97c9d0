package trial

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/scenarios"
)

// RejectedError is a line that the device refused, with its words.
type RejectedError struct {
	Line, Words string
}

func (e *RejectedError) Error() string { return fmt.Sprintf("%q: %s", e.Line, e.Words) }

// rejection is the error of a command: its own, or that the device refused it.
func rejection(x drivers.Exchange, err error) error {
	if err == nil && x.Rejected != "" {
		return &RejectedError{Line: x.Command, Words: x.Rejected}
	}
	return err
}

// tells reports whether an answer's exit status says what became of the command. A refusal that
// has none beside it is told by its words.
func tells(x drivers.Exchange) bool {
	return x.Exit != drivers.NoExit && (x.Rejected == "" || x.Exit != 0)
}

// ended decides by the exit status whether a step's command took place.
// notFound names programs that it asks for and that the node does not have.
func ended(allowed scenarios.Statuses, x drivers.Exchange, notFound string) error {
	if allowed == nil {
		allowed = scenarios.Statuses{0}
	}
	// The status of a line that ends well may be that of another part of it, which did nothing of what it was to.
	if words := judge.NotRun(x.Output, notFound); words != "" && x.Exit != scenarios.StatusNotFound && !allowed.Allows(scenarios.StatusNotFound) {
		return &statusError{"a part of the command was never run: " + words}
	}
	if allowed.Allows(x.Exit) {
		if words := judge.Unopened(x.Output); words != "" && !slices.Contains(allowed, scenarios.StatusNotFound) {
			return &statusError{"a part of the command was never run: " + words + "; where that is meant, let the command ask first (test -e), or name the status: exit: [0, 127]"}
		}
		return nil
	}
	said := "without a word"
	if text := strings.TrimSpace(x.Output); text != "" {
		said = "and said: " + evidence.Short(text)
	}
	err := &statusError{fmt.Sprintf("it ended with status %d %s", x.Exit, said)}
	if x.Exit == scenarios.StatusNotFound || x.Exit == scenarios.StatusNotExecutable {
		return err
	}
	if x.Rejected != "" {
		return sent(&RejectedError{Line: x.Command, Words: x.Rejected})
	}
	return sent(err)
}

// refused are the words by which a step's command says that it was not carried out, or a part of it: those that are all of its answer, or
// that say wherever they stand that a line was not taken.
func (n *labNode) refused(line string, by scenarios.Channel, answer string) string {
	return cmp.Or(n.refusal(line, by, answer), n.untaken(line, by, answer))
}

// statusError is a command that ended by itself, with a status that is not allowed.
type statusError struct{ words string }

func (e *statusError) Error() string { return e.words }

// sentError is a command that was sent and failed.
type sentError struct{ error }

func (e *sentError) Unwrap() error { return e.error }

func sent(err error) error {
	if err == nil {
		return nil
	}
	return &sentError{err}
}

// sentAndFailed reports whether a step's command reached the node and failed there, or broke the
// session: what a step with may-fail may do. One that nobody received has not taken place.
func sentAndFailed(err error) bool {
	if _, ok := errors.AsType[*sentError](err); !ok {
		return false
	}
	return !errors.Is(err, drivers.ErrUnsupported) && !errors.Is(err, drivers.ErrUnreachable) && !errors.Is(err, drivers.ErrAuth)
}
