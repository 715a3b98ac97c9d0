package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/reprise-lab/reprise/reports"
)

// Run is what a verb does with its options: runF, where a test gives one to see them, and else
// the real thing. A verb is a type of options, a New that reads them from a command line, and
// a run; what it found is a value that is printed by [App.Show].
func Run[O any](runF, run func(context.Context, *O) error) func(context.Context, *O) error {
	if runF != nil {
		return runF
	}
	return run
}

// Show prints what a verb found: value for machines where --json was given, and otherwise what
// people writes of it. An answer that could not be written is an error.
func (a *App) Show(value any, people func(io.Writer)) error {
	if a.JSON {
		return WriteJSON(a.Out, value, "  ")
	}
	out := keeper{to: a.Out}
	people(&out)
	return out.err
}

// keeper writes until something cannot be written, and keeps why.
type keeper struct {
	to  io.Writer
	err error
}

// Write implements io.Writer.
func (k *keeper) Write(p []byte) (int, error) {
	if k.err != nil {
		return 0, k.err
	}
	n, err := k.to.Write(p)
	k.err = err
	return n, err
}

// Line writes a line for a person. Of an argument that is a text of several lines all but the
// first are indented, so that somebody's words cannot begin a line of ours.
func Line(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, format+"\n", lines(args)...)
}

// Tell writes one line that may hold somebody else's words: they cannot make another of it.
func Tell(w io.Writer, format string, args ...any) {
	Line(w, "%s", strings.ReplaceAll(reports.Clean(fmt.Sprintf(format, args...)), "\n", "; "))
}
