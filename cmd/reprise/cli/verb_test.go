package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
)

func TestVersionOptions(t *testing.T) {
	clitest.Options(t, cli.NewVersion, []clitest.Asked[cli.VersionOptions]{
		{Args: nil},
		{Args: []string{"x"}, Err: `unknown command "x" for "version"`},
	})
}

// What a test gives is run instead of the real thing.
func TestRun(t *testing.T) {
	genuine, seen := errors.New("the real one"), errors.New("the test's")
	type options struct{}
	run := func(context.Context, *options) error { return genuine }
	if err := cli.Run(nil, run)(t.Context(), nil); !errors.Is(err, genuine) {
		t.Errorf("%v is run", err)
	}
	if err := cli.Run(func(context.Context, *options) error { return seen }, run)(t.Context(), nil); !errors.Is(err, seen) {
		t.Errorf("%v is run", err)
	}
}

// A result is printed for machines or for people, and never for both.
func TestShow(t *testing.T) {
	people := func(w io.Writer) { cli.Line(w, "for people") }
	for _, tt := range []struct {
		json bool
		want string
	}{{true, "{\n  \"a\": 1\n}\n"}, {false, "for people\n"}} {
		var out bytes.Buffer
		a := &cli.App{Out: &out, JSON: tt.json}
		if err := a.Show(map[string]int{"a": 1}, people); err != nil || out.String() != tt.want {
			t.Errorf("printed %q, %v", out.String(), err)
		}
	}
}

// brokenDisk takes so many more writes.
type brokenDisk struct{ left int }

func (d *brokenDisk) Write(p []byte) (int, error) {
	if d.left--; d.left < 0 {
		return 0, syscall.ENOSPC
	}
	return len(p), nil
}

// An answer that was not written as a whole is none, for people as for machines.
func TestShowUnwritten(t *testing.T) {
	people := func(w io.Writer) {
		cli.Line(w, "one")
		cli.Line(w, "two")
	}
	for _, json := range []bool{true, false} {
		a := &cli.App{Out: cli.NewScreen(&brokenDisk{left: map[bool]int{false: 1}[json]}), JSON: json}
		if err := a.Show(1, people); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("json %v: %v", json, err)
		}
	}
}

// Somebody else's words begin no line of ours.
func TestLines(t *testing.T) {
	got := clitest.View(func(w io.Writer) {
		cli.Line(w, "said: %s", "a\nFIXED: b")
		cli.Tell(w, "said: %s", "a\nFIXED: b\x1b[2J")
	})
	if want := "said: a\n    FIXED: b\nsaid: a; FIXED: b"; len(got) < len(want) || got[:len(want)] != want {
		t.Errorf("printed %q", got)
	}
}
