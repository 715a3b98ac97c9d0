package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// TestAsker: who is asked at a terminal answers, or interrupts; then nothing waits for an answer any more.
func TestAsker(t *testing.T) {
	if (&cli.App{In: bytes.NewBufferString("x\n")}).Asker() != nil {
		t.Error("somebody is asked where nobody is")
	}
	near, far := terminal(t, 80)
	var said bytes.Buffer
	a := &cli.App{In: far, Err: &said}
	if _, err := near.WriteString("  the title \n"); err != nil {
		t.Fatal(err)
	}
	q := a.Asker()
	if line, err := q.Ask(t.Context(), "Title: "); line != "the title" || err != nil || said.String() != "Title: " {
		t.Errorf("%q, %v after %q", line, err, said.String())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if line, err := q.Ask(ctx, "What: "); !errors.Is(err, context.DeadlineExceeded) || line != "" || said.String() != "Title: What: \n" {
		t.Errorf("%q, %v after %q", line, err, said.String())
	}
	if _, err := near.WriteString("\n"); err != nil { // for the read that still waits
		t.Fatal(err)
	}
}

// TestAskSecret: a terminal that was to show nothing shows what is typed again when the question is interrupted.
func TestAskSecret(t *testing.T) {
	near, far := terminal(t, 80)
	fd := int(far.Fd())
	shows := func() bool {
		state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return state.Lflag&unix.ECHO != 0
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		tty, err := os.OpenFile(far.Name(), os.O_RDWR|unix.O_NOCTTY, 0)
		if err == nil {
			_, err = cli.AskSecret(ctx, tty, "passphrase: ")
		}
		done <- err
	}()
	prompt := make([]byte, 64)
	if _, err := near.Read(prompt); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(10 * time.Second); shows() && time.Now().Before(until); {
		runtime.Gosched()
	}
	if shows() {
		t.Fatal("what is typed is shown")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || !shows() {
		t.Errorf("%v, and the terminal shows what is typed: %v", err, shows())
	}
	if _, err := near.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
}
