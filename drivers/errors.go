package drivers

import (
	"errors"
	"fmt"
)

// Sentinels that callers branch on; find them with errors.Is.
var (
	// ErrUnsupported: the platform has no such ability.
	ErrUnsupported = errors.New("not supported by this platform")
	// ErrAuth: the device refused the credentials.
	ErrAuth = errors.New("authentication refused")
	// ErrUnreachable: no session could be opened.
	ErrUnreachable = errors.New("node unreachable")
	// ErrClosed: the session is closed, by Close or after an earlier error.
	ErrClosed = errors.New("session closed")
	// ErrRefused: the device, or its software's own parser, refused the configuration that it
	// was to start with. It will refuse it again.
	ErrRefused = errors.New("refused")
	// ErrTimeout: the device did not answer within the command's timeout.
	ErrTimeout = errors.New("no answer in time")
)

// OpError is an operation on a node that did not come to an answer.
type OpError struct {
	Node string
	Op   string // verb phrase: run "show ip route", open session
	Err  error
}

func (e *OpError) Error() string { return fmt.Sprintf("%s: %s: %v", e.Node, e.Op, e.Err) }

// Unwrap gives the cause.
func (e *OpError) Unwrap() error { return e.Err }

// UnreadRow is a row of a device's table that its driver does not read.
type UnreadRow struct{ Command, Row string }

func (r UnreadRow) String() string {
	return fmt.Sprintf("a row of %s was not read: %q", r.Command, r.Row)
}

// UnreadError tells of rows of a device that its driver does not read, of which there is one at
// least; what could be read comes with it.
type UnreadError struct{ Rows []UnreadRow }

func (e *UnreadError) Error() string {
	text := e.Rows[0].String()
	if n := len(e.Rows) - 1; n > 0 {
		text += fmt.Sprintf(", and %d more", n)
	}
	return text
}
