package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Exit codes. They are part of the interface; reports/README.md lists them.
const (
	exitYes          = 0 // the answer is yes: reproduced, valid, as declared
	exitNo           = 1 // the answer is no
	exitInconclusive = 2 // too few valid trials, lab fault, undecided
	exitOther        = 3 // something else failed
	exitInput        = 4 // the input or the command line is wrong
	exitEnvironment  = 5 // the environment lacks something
	exitRefused      = 6 // a secret would leave, a licence forbids it
	exitInterrupted  = 130
)

// codedError carries the exit code of an error that does not tell by its type.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// withCode gives an error its exit status.
func withCode(code int, err error) error { return &codedError{code, err} }

// inputError marks an error as one of the input or the command line.
func inputError(format string, args ...any) error {
	return &codedError{exitInput, fmt.Errorf(format, args...)}
}

// answer ends a verb with a code that is an answer and no error: nothing is printed.
func answer(code int) error {
	if code == exitYes {
		return nil
	}
	return &codedError{code: code}
}

// exitCode maps an error to its exit code.
func exitCode(err error) int {
	var coded *codedError
	var problems yamlpos.Problems
	var missing *topologies.MissingError
	var foreign *scenarios.ForeignError
	switch {
	case err == nil:
		return exitYes
	case errors.As(err, &foreign):
		return exitRefused
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &problems):
		return exitInput
	case errors.As(err, &missing):
		return exitEnvironment
	case refusedByLab(err):
		return exitRefused
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	default:
		return exitInconclusive
	}
}

// refusedByLab tells a device that is not ours to touch: taken, not restored, not the one
// that the inventory names, or somebody else's.
func refusedByLab(err error) bool {
	var busy *lab.BusyError
	var open *lab.OpenEntryError
	var unrestored *lab.UnrestoredError
	var identity *trial.IdentityError
	return errors.As(err, &busy) || errors.As(err, &open) || errors.As(err, &unrestored) || errors.As(err, &identity) ||
		errors.Is(err, lab.ErrNotYours) || errors.Is(err, lab.ErrNoReason)
}

// verdictCode maps a run's verdict to the exit code, given what its scenario declares.
// For a control the good answer is not-reproduced.
func verdictCode(v evidence.RunVerdict) int {
	switch {
	case v.Verdict == v.Expected:
		return exitYes
	case len(v.OtherFailures) > 0 && v.Reproduced == 0:
		return exitOther
	case v.Verdict == evidence.Reproduced || v.Verdict == evidence.NotReproduced:
		return exitNo
	default:
		return exitInconclusive
	}
}

// printError tells a person or a program what went wrong.
func printError(w io.Writer, err error, asJSON bool) {
	var coded *codedError
	if err == nil || errors.As(err, &coded) && coded.err == nil {
		return
	}
	if !asJSON {
		fmt.Fprintln(w, err)
		return
	}
	out := struct {
		Error    string           `json:"error"`
		Exit     int              `json:"exit"`
		Problems yamlpos.Problems `json:"problems,omitempty"`
	}{Error: err.Error(), Exit: exitCode(err)}
	errors.As(err, &out.Problems)
	_ = writeJSON(w, out, "") // standard error is all there is to tell of a failure
}
