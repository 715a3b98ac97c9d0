package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Exit codes. They are part of the interface; reports/README.md lists them.
const (
	ExitYes          = 0 // the answer is yes: reproduced, valid, as declared
	ExitNo           = 1 // the answer is no
	ExitInconclusive = 2 // too few valid trials, lab fault, undecided
	ExitOther        = 3 // something else failed
	ExitInput        = 4 // the input or the command line is wrong
	ExitEnvironment  = 5 // the environment lacks something
	ExitRefused      = 6 // a secret would leave, a licence forbids it
	ExitInterrupted  = 130
)

// CodedError carries the exit code of an error that does not tell by its type.
type CodedError struct {
	code int
	err  error
}

// Error is empty of an answer, which is no failure.
func (e *CodedError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *CodedError) Unwrap() error { return e.err }

// WithCode gives an error its exit status.
func WithCode(code int, err error) error { return &CodedError{code, err} }

// InputError marks an error as one of the input or the command line.
func InputError(format string, args ...any) error {
	return &CodedError{ExitInput, fmt.Errorf(format, args...)}
}

// Answer ends a verb with a code that is an answer and no error: nothing is printed.
func Answer(code int) error {
	if code == ExitYes {
		return nil
	}
	return &CodedError{code: code}
}

// failure is an error without the answers in it; nil where nothing else is. What went wrong beside an
// answer makes it none.
func failure(err error) error {
	if e, ok := err.(*CodedError); ok && e.err == nil { //nolint:errorlint // what it wraps is looked at below
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var errs []error
	for _, part := range joined.Unwrap() {
		errs = append(errs, failure(part))
	}
	return errors.Join(errs...)
}

// ExitCode maps an error to its exit code: that of what went wrong, and else that of an answer.
func ExitCode(err error) int {
	if f := failure(err); f != nil {
		err = f
	}
	var coded *CodedError
	var problems yamlpos.Problems
	var missing *topologies.MissingError
	var foreign *scenarios.ForeignError
	switch {
	case err == nil:
		return ExitYes
	case errors.As(err, &foreign):
		return ExitRefused
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &problems), errors.Is(err, topologies.ErrNoImage):
		return ExitInput
	case errors.As(err, &missing):
		return ExitEnvironment
	case RefusedByLab(err):
		return ExitRefused
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	default:
		return ExitInconclusive
	}
}

// RefusedByLab tells a device that is not ours to touch: taken, not restored, not the one
// that the inventory names, or somebody else's; or a lab that somebody else has.
func RefusedByLab(err error) bool {
	var busy *lab.BusyError
	var open *lab.OpenEntryError
	var unrestored *lab.UnrestoredError
	var identity *trial.IdentityError
	var taken *topologies.TakenError
	return errors.As(err, &taken) || errors.As(err, &busy) || errors.As(err, &open) || errors.As(err, &unrestored) || errors.As(err, &identity) ||
		errors.Is(err, lab.ErrNotYours) || errors.Is(err, lab.ErrNoReason)
}

// VerdictCode maps a run's verdict to the exit code, given what its scenario declares.
// For a control the good answer is not-reproduced.
func VerdictCode(v evidence.RunVerdict) int {
	switch {
	case v.Verdict == v.Expected:
		return ExitYes
	case len(v.OtherFailures) > 0 && v.Reproduced == 0:
		return ExitOther
	case v.Verdict == evidence.Reproduced || v.Verdict == evidence.NotReproduced:
		return ExitNo
	default:
		return ExitInconclusive
	}
}

// PrintError tells a person or a program what went wrong.
func PrintError(w io.Writer, err error, asJSON bool) {
	if err == nil {
		return
	}
	said := strings.TrimSpace(err.Error()) // an answer says nothing, alone or beside a failure
	if said == "" {
		return
	}
	if !asJSON {
		fmt.Fprintln(w, said)
		return
	}
	out := struct {
		Error    string           `json:"error"`
		Exit     int              `json:"exit"`
		Problems yamlpos.Problems `json:"problems,omitempty"`
	}{Error: said, Exit: ExitCode(err)}
	errors.As(err, &out.Problems)
	_ = WriteJSON(w, out, "") // standard error is all there is to tell of a failure
}
