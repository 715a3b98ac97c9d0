package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Asker asks a person at a terminal, a line for each question.
type Asker struct {
	in  *bufio.Reader
	out io.Writer
}

// Asker is nil where nobody is there to answer: standard input is no terminal.
func (a *App) Asker() *Asker {
	in, isFile := a.In.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return nil
	}
	return &Asker{bufio.NewReader(in), a.Err}
}

// Ask writes a question, and returns the line that answers it, without the blanks around it. When ctx ends the error is its:
// nothing is asked any more then, for the terminal's next line goes to whoever still waits for this one.
func (q *Asker) Ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(q.out, question)
	line, err := awaited(ctx, func() (string, error) { return q.in.ReadString('\n') })
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(q.out) // what is said of the end is a line of its own
		return "", ctx.Err()
	case err != nil:
		return "", InputError("no answer to %q: %w", strings.TrimRight(question, ": "), err)
	}
	return strings.TrimSpace(line), nil
}

// AskSecret writes a question on a terminal, and returns the line that answers it, which the terminal does not show.
// When ctx ends the error is its, and the terminal shows what is typed again.
func AskSecret(ctx context.Context, tty *os.File, question string) ([]byte, error) {
	fd := int(tty.Fd())
	shown, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("ask at the terminal: %w", err)
	}
	fmt.Fprint(tty, question)
	word, err := awaited(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	if ctx.Err() != nil {
		word, err = nil, ctx.Err()
		_ = term.Restore(fd, shown) // there is nothing else to be done about a terminal that went away
	}
	fmt.Fprintln(tty)
	return word, err
}

// awaited waits for what may never come: a read of a terminal cannot be called off, and ends with the program.
func awaited[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type answer struct {
		v   T
		err error
	}
	got := make(chan answer, 1)
	go func() {
		v, err := read()
		got <- answer{v, err}
	}()
	select {
	case a := <-got:
		return a.v, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
