package topologiestest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/reprise-lab/reprise/topologies"
)

func (s Subject) hosts(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	r := Reserve(t, p, topologies.Topology{Name: "one", Nodes: s.Nodes("r1")}, topologies.Options{Run: RunName(t, "host")})
	h := Host(t, r, "r1")

	t.Run("exit status and separate streams", func(t *testing.T) {
		var out, errOut bytes.Buffer
		exit, err := h.Exec(t.Context(), []string{"sh", "-c", "cat; echo oops >&2; exit 7"}, strings.NewReader("in"), &out, &errOut)
		if err != nil || exit != 7 || out.String() != "in" || errOut.String() != "oops\n" {
			t.Errorf("got %d, %v, %q, %q", exit, err, out.String(), errOut.String())
		}
	})
	t.Run("files", func(t *testing.T) {
		data := make([]byte, 300_000)
		for i := range data {
			data[i] = byte(i * 7)
		}
		for _, path := range []string{"/run/a b/c", "/etc/deep/er/file", "/tmp/-x"} {
			if err := h.WriteFile(t.Context(), path, data, 0o640); err != nil {
				t.Fatal(err)
			}
			f, err := h.ReadFile(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(f)
			if err := errors.Join(err, f.Close()); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %d bytes, %v; want %d", path, len(got), err, len(data))
			}
			if mode := Run(t, h, "stat", "-c", "%a", path); mode != "640" {
				t.Errorf("%s: mode %s", path, mode)
			}
		}
	})
	t.Run("no such file", func(t *testing.T) {
		if _, err := h.ReadFile(t.Context(), "/nowhere"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("empty file", func(t *testing.T) {
		f, err := h.ReadFile(t.Context(), "/dev/null")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || len(got) > 0 {
			t.Errorf("got %q, %v", got, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("cancelled", func(t *testing.T) { Cancelled(t, h) })
	t.Run("cancelled in silence", func(t *testing.T) { cancelledInSilence(t, h) })
	t.Run("terminal", func(t *testing.T) {
		s, err := h.Open(t.Context(), []string{"sh"}, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(s, "stty size; echo do''ne; sleep 1002\n"); err != nil {
			t.Fatal(err)
		}
		text := Until(t, s, "done")
		if !strings.Contains(text, "24 511") {
			t.Errorf("size: %q", text)
		}
		child := func(want int) bool {
			exit, err := h.Exec(t.Context(), []string{"pgrep", "-f", "^sleep 1002"}, nil, nil, nil)
			return err == nil && exit == want
		}
		Eventually(t, "the shell's child is there", func() bool { return child(0) })
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		Eventually(t, "the shell's child is gone", func() bool { return child(1) })
	})
	t.Run("raw", func(t *testing.T) {
		s, err := h.Open(t.Context(), []string{"sh", "-c", "echo lost >&2; exec cat"}, false)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		if _, err := io.WriteString(s, "a\x00b\n"); err != nil {
			t.Fatal(err)
		}
		if got := Until(t, s, "\n"); got != "a\x00b\n" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("state", func(t *testing.T) {
		w := Ability[topologies.NodeWatcher](t, r)
		if st, err := w.NodeState(t.Context(), "r1"); err != nil || !st.Running {
			t.Errorf("got %+v, %v", st, err)
		}
		if argv := Ability[topologies.Enterer](t, r).Enter("r1"); (len(argv) < 2) != s.NoEntry {
			t.Errorf("Enter = %v", argv)
		}
	})
}

// Cancelled checks that a command whose context ends is ended, with its children.
func Cancelled(t *testing.T, h topologies.Host) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	go func() {
		_, _ = pr.Read(make([]byte, 2))
		cancel()
		_, _ = io.Copy(io.Discard, pr)
	}()
	_, err := h.Exec(ctx, []string{"sh", "-c", "echo x; sleep 1001 & exec sleep 1001"}, nil, pw, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	Eventually(t, "the processes are gone", func() bool {
		exit, err := h.Exec(t.Context(), []string{"pgrep", "-f", "^sleep 1001"}, nil, nil, nil)
		return err == nil && exit == 1
	})
}

// cancelledInSilence checks that a command whose context ends is ended where its output does not say
// that it runs: nobody takes it, or the command has closed it.
func cancelledInSilence(t *testing.T, h topologies.Host) {
	t.Helper()
	const each = 6
	ctx, cancel := context.WithCancel(t.Context())
	var commands errgroup.Group
	for range each {
		commands.Go(func() error {
			_, err := h.Exec(ctx, []string{"sleep", "1003"}, nil, nil, nil)
			return err
		})
		commands.Go(func() error {
			_, err := h.Exec(ctx, []string{"sh", "-c", "exec >/dev/null 2>&1; exec sleep 1003"}, nil, io.Discard, io.Discard)
			return err
		})
	}
	running := func() string {
		var out bytes.Buffer
		_, err := h.Exec(t.Context(), []string{"pgrep", "-c", "-f", "^sleep 1003"}, nil, &out, nil)
		if err != nil {
			t.Error(err)
		}
		return strings.TrimSpace(out.String())
	}
	Eventually(t, "the commands run", func() bool { return running() == strconv.Itoa(2*each) })
	cancel()
	if err := commands.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	Eventually(t, "the processes are gone", func() bool { return running() == "0" })
}

// Until reads a stream up to a text.
func Until(t *testing.T, r io.Reader, text string) string {
	t.Helper()
	var got []byte
	buf := make([]byte, 4096)
	for !bytes.Contains(got, []byte(text)) {
		n, err := r.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil {
			t.Fatalf("read: %v after %q", err, got)
		}
	}
	return string(got)
}
