package commands

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"sync"

	"github.com/reprise-lab/reprise/topologies/bounded"
)

// Executer runs commands on a node, as topologies.Host does.
type Executer interface {
	Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (exit int, err error)
}

// Failed names what could not be run, and where.
func Failed(node string, argv []string, err error) error {
	name := ""
	if len(argv) > 0 {
		name = argv[0]
	}
	return fmt.Errorf("run %s on %s: %w", name, node, err)
}

// writeScript writes its input to a file. One that exists keeps its owner.
const writeScript = `set -e
case $1 in */*) mkdir -p -- "${1%/*}/" ;; esac
cat > "$1"
chmod "$2" "$1"`

// WriteFile writes a file of a node, with the folders that lead to it.
func WriteFile(ctx context.Context, h Executer, node, path string, data []byte, mode fs.FileMode) error {
	said := bounded.NewFirst(bounded.Words)
	argv := []string{"sh", "-c", writeScript, "sh", path, strconv.FormatUint(uint64(mode.Perm()), 8)}
	exit, err := h.Exec(ctx, argv, bytes.NewReader(data), nil, said)
	if err == nil && exit != 0 {
		err = fmt.Errorf("exit status %d: %s", exit, said.Trimmed())
	}
	if err != nil {
		return fmt.Errorf("write %s on %s: %w", path, node, err)
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

// ReadFile opens a file of a node; fs.ErrNotExist when there is none. The content is streamed, and
// ends with ctx or by Close. Its end is an error when reading broke off.
func ReadFile(ctx context.Context, h Executer, node, path string) (io.ReadCloser, error) {
	pr, pw := io.Pipe()
	ctx, cancel := context.WithCancel(ctx)
	said := bounded.NewFirst(bounded.Words)
	ended := make(chan error, 1)
	go func() {
		exit, err := h.Exec(ctx, []string{"sh", "-c", readScript, "sh", path}, nil, pw, said)
		switch {
		case err != nil:
		case exit == readAbsent:
			err = fs.ErrNotExist
		case exit != 0:
			err = fmt.Errorf("exit status %d: %s", exit, said.Trimmed())
		}
		if err != nil {
			err = fmt.Errorf("read %s on %s: %w", path, node, err)
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

// file is the content of a file of a node.
type file struct {
	io.Reader
	closed func()
}

func (f *file) Close() error {
	f.closed()
	return nil
}
