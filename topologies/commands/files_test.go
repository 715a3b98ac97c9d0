package commands_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies/commands"
)

// here runs commands on this machine.
type here struct{}

func (here) Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		return exit.ExitCode(), nil
	}
	return 0, err
}

func TestFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b", "-c")
	data := bytes.Repeat([]byte("x'\n\x00"), 1<<18)
	if err := commands.WriteFile(t.Context(), here{}, "r1", path, data, 0o640); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("got %v, %v", info, err)
	}
	f, err := commands.ReadFile(t.Context(), here{}, "r1", path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close(), f.Close()); err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if _, err := commands.ReadFile(t.Context(), here{}, "r1", path+"x"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "on r1") {
		t.Errorf("of no file: %v", err)
	}
	if err := commands.WriteFile(t.Context(), here{}, "r1", path+"/x", nil, 0o600); err == nil || !strings.Contains(err.Error(), "exit status") {
		t.Errorf("below a file: %v", err)
	}
}

// Nobody has to read a file to its end.
func TestReadFileGivenUp(t *testing.T) {
	t.Parallel()
	f, err := commands.ReadFile(t.Context(), here{}, "r1", "/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(f, make([]byte, 100)); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f, err = commands.ReadFile(ctx, here{}, "r1", "/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, f); err == nil {
		t.Error("what broke off has an end")
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// chatty is a node that says more of its failure than anybody wants to know.
type chatty struct{}

func (chatty) Exec(_ context.Context, _ []string, _ io.Reader, _, stderr io.Writer) (int, error) {
	for range 1 << 10 {
		if _, err := stderr.Write(bytes.Repeat([]byte("no "), 1<<12)); err != nil {
			return 0, err
		}
	}
	return 1, nil
}

// A node that fails with many words does not fill the memory of who asked.
func TestManyWords(t *testing.T) {
	t.Parallel()
	_, read := commands.ReadFile(t.Context(), chatty{}, "r1", "/x")
	for _, err := range []error{read, commands.WriteFile(t.Context(), chatty{}, "r1", "/x", nil, 0o600)} {
		if err == nil || !strings.Contains(err.Error(), "exit status 1: no no") || len(err.Error()) > 64<<10 {
			t.Errorf("got %d bytes of %.80q", len(fmt.Sprint(err)), fmt.Sprint(err))
		}
	}
}
