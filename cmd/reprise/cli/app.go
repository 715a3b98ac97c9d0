package cli

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/reprise-lab/reprise/reports"
)

// App is what every verb shares.
type App struct {
	In       io.Reader
	Out, Err io.Writer
	JSON     bool
	Quiet    bool
	Opener   Opener   // of labs
	Stores   Stores   // of images; nil: none are sent to others
	Spreader Spreader // of labs over the machines of a fleet
	Attacher Attacher // to labs that are up
	NoHelp   error    // help was asked for a verb that is not there
	Trust    []string // what a foreign scenario may have; see foreign.go
}

// Say prints a line for a person; with --json nobody reads it.
func (a *App) Say(format string, args ...any) {
	if !a.JSON {
		Line(a.Out, format, args...)
	}
}

// Progress prints a line about long work: on standard error, so that results can be piped.
func (a *App) Progress(format string, args ...any) {
	if !a.Quiet {
		Line(a.Err, format, args...)
	}
}

// Terminal reports whether w is one, and how wide.
func Terminal(w io.Writer) (width int, ok bool) {
	f := file(w)
	if f == nil || !term.IsTerminal(int(f.Fd())) {
		return 80, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}

// Live reports whether w is a terminal whose last line can be written anew, and how wide that is: one of TERM=dumb cannot erase it
// (terminfo(5)).
func Live(w io.Writer) (width int, ok bool) {
	width, ok = Terminal(w)
	if width < 10 {
		width = 80 // it does not say, or it is of no use
	}
	return width, ok && os.Getenv("TERM") != "dumb"
}

// Redraw writes a terminal's last line anew (ECMA-48 EL), cut to its width: one that wraps would not be erased. Elsewhere it writes
// nothing.
func (a *App) Redraw(line string) {
	width, ok := Live(a.Err)
	if !ok || a.Quiet {
		return
	}
	Control(a.Err, LineErase)
	fmt.Fprint(a.Err, FirstLine(reports.Clean(line), width-1))
}
