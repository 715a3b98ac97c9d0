package plain_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies/plain"
)

// TestRead: only regular files of bounded size are read, and nothing makes the reader wait.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("twelve bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	socket, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(socket) //nolint:errcheck // the process ends
	bound := filepath.Join(dir, "socket")
	if err := syscall.Bind(socket, &syscall.SockaddrUnix{Name: bound}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, path string
		limit      int64
		want       error
	}{
		{"a file", file, 12, nil},
		{"one byte too many", file, 11, plain.ErrTooLarge},
		{"a pipe", pipe, 100, plain.ErrNotPlain},
		{"a link to a pipe", link, 100, plain.ErrNotPlain},
		{"a folder", dir, 100, plain.ErrNotPlain},
		{"a device without an end", "/dev/zero", 100, plain.ErrNotPlain},
		{"a socket", bound, 100, syscall.ENXIO},
		{"nothing", filepath.Join(dir, "none"), 100, fs.ErrNotExist},
	} {
		t.Run(tt.name, func(t *testing.T) {
			done := make(chan error, 1)
			go func() {
				_, err := plain.Read(tt.path, tt.limit)
				done <- err
			}()
			select {
			case err := <-done:
				if !errors.Is(err, tt.want) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("it waits")
			}
		})
	}
}

// TestSHA256: the digest is that of the content, and a pipe is waited for as little as ever.
func TestSHA256(t *testing.T) {
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(file, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := plain.SHA256(file); err != nil || got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := plain.SHA256(pipe); !errors.Is(err, plain.ErrNotPlain) {
		t.Errorf("a pipe: %v", err)
	}
}
