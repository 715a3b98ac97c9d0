package main

import (
	"fmt"
	"io"

	"golang.org/x/term"
)

// app is what every verb shares.
type app struct {
	in       io.Reader
	out, err io.Writer
	json     bool
	quiet    bool
	noHelp   error    // help was asked for a verb that is not there
	trust    []string // what a foreign scenario may have; see foreign.go
}

// say prints a line for a person; with --json nobody reads it.
func (a *app) say(format string, args ...any) {
	if !a.json {
		fmt.Fprintf(a.out, format+"\n", lines(args)...)
	}
}

// progress prints a line about long work: on standard error, so that results can be piped.
func (a *app) progress(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, format+"\n", lines(args)...)
	}
}

// emit prints the result as JSON when asked to, and tells whether it did.
func (a *app) emit(v any) (bool, error) {
	if !a.json {
		return false, nil
	}
	return true, writeJSON(a.out, v, "  ")
}

// terminal tells whether w is one, and how wide.
func terminal(w io.Writer) (width int, ok bool) {
	f := file(w)
	if f == nil || !term.IsTerminal(int(f.Fd())) {
		return 80, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}
