package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/reprise-lab/reprise/topologies"
)

// host is a guest's shell, over ssh. Everything runs as root.
type host struct{ node *node }

var _ topologies.Host = (*host)(nil)

// Open implements topologies.Host.
func (h *host) Open(ctx context.Context, argv []string, tty bool) (io.ReadWriteCloser, error) {
	pr, pw := io.Pipe()
	p, err := h.spawn(ctx, argv, tty, true, pw, nil)
	if err != nil {
		return nil, err
	}
	go func() {
		<-p.ended
		_ = pw.Close() // never fails
	}()
	return &stream{Reader: pr, process: p, closed: sync.OnceFunc(func() { p.kill(ctx) })}, nil
}

// Exec implements topologies.Host. When ctx ends first the process is ended.
func (h *host) Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	p, err := h.spawn(ctx, argv, false, stdin != nil, stdout, stderr)
	if err != nil {
		return 0, err
	}
	if stdin != nil {
		go func() {
			_, _ = io.Copy(p.in, stdin) // a process need not read all of its input
			_ = p.in.Close()
		}()
	}
	exit, err := p.wait(ctx)
	if err != nil {
		p.kill(ctx)
		return 0, h.failed(argv, err)
	}
	return exit, nil
}

// writeScript writes its input to a file. One that exists keeps its owner.
const writeScript = `set -e
case $1 in */*) mkdir -p -- "${1%/*}/" ;; esac
cat > "$1"
chmod "$2" "$1"`

// WriteFile implements topologies.Host. It makes the folders that lead to the file.
func (h *host) WriteFile(ctx context.Context, path string, data []byte, mode fs.FileMode) error {
	var said bytes.Buffer
	argv := []string{"sh", "-c", writeScript, "sh", path, strconv.FormatUint(uint64(mode.Perm()), 8)}
	exit, err := h.Exec(ctx, argv, bytes.NewReader(data), nil, &said)
	if err == nil && exit != 0 {
		err = fmt.Errorf("exit status %d: %s", exit, strings.TrimSpace(said.String()))
	}
	if err != nil {
		return fmt.Errorf("write %s on %s: %w", path, h.node.Name, err)
	}
	return nil
}

// readScript writes one byte when the file can be read, and then its content.
const (
	readScript = `[ -e "$1" ] || exit 44
exec 3<"$1" || exit 45
printf +
exec cat <&3`
	readAbsent = 44
)

// ReadFile implements topologies.Host. The content is streamed.
func (h *host) ReadFile(ctx context.Context, path string) (io.ReadCloser, error) {
	pr, pw := io.Pipe()
	ctx, cancel := context.WithCancel(ctx)
	var said bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		exit, err := h.Exec(ctx, []string{"sh", "-c", readScript, "sh", path}, nil, pw, &said)
		switch {
		case err != nil:
		case exit == readAbsent:
			err = fs.ErrNotExist
		case exit != 0:
			err = fmt.Errorf("exit status %d: %s", exit, strings.TrimSpace(said.String()))
		}
		if err != nil {
			err = fmt.Errorf("read %s on %s: %w", path, h.node.Name, err)
		}
		_ = pw.CloseWithError(err) // never fails; nil means the end
		ended <- err
	}()
	var mark [1]byte
	if _, err := io.ReadFull(pr, mark[:]); err != nil {
		cancel()
		if failed := <-ended; failed != nil {
			err = failed
		}
		return nil, err
	}
	return &file{Reader: pr, closed: sync.OnceFunc(func() {
		cancel()
		_ = pr.Close()
		<-ended //nolint:errcheck // the reader has been told, or has given up
	})}, nil
}

// file is the content of a file of a node. Its end is an error when reading broke off.
type file struct {
	io.Reader
	closed func()
}

func (f *file) Close() error {
	f.closed()
	return nil
}

// must runs a command that has to succeed.
func (h *host) must(ctx context.Context, argv ...string) error {
	var said bytes.Buffer
	exit, err := h.Exec(ctx, argv, nil, nil, &said)
	if err == nil && exit != 0 {
		err = h.failed(argv, errors.New(strings.TrimSpace(said.String())))
	}
	return err
}
