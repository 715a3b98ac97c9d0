package namespaces

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// noPrograms are the folders of a node's root in which nobody looks for a program or for what one is made of; in
// etc, that holds for all but linking.
func noPrograms() []string {
	return []string{"dev", "etc", "home", "media", "mnt", "proc", "root", "run", "srv", "sys", "tmp", "var"}
}

// linking are what of etc says which programs and libraries are taken.
func linking() []string {
	return []string{"alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload"}
}

// Programs implements topologies.ProgramsTeller.
func (h *host) Programs(ctx context.Context) (string, error) {
	n, err := h.lab.node(h.node)
	if err != nil {
		return "", err
	}
	// What was put in by the topology is not asked for.
	if n.image.Digest == "" || !slices.Equal(n.spec.Env, n.image.Env) || len(n.spec.Binds) > 0 {
		return "", nil
	}
	r, err := h.lab.client.call(ctx, request{Op: opWhole, Node: h.node})
	if err != nil {
		return "", fmt.Errorf("look at the programs of %s: %w", h.node, err)
	}
	if !r.Whole {
		return "", nil
	}
	return n.image.Digest, nil
}

// whole reports whether the programs of a node are those of its image: nothing of the kind was written, removed
// or mounted there.
func (n *node) whole() (bool, error) {
	n.turn.Lock() // of the files
	defer n.turn.Unlock()
	l, err := n.current()
	if err != nil {
		return false, err
	}
	mounts, err := readAt(l.proc, "1/mountinfo")
	if err != nil || !onlyBeside(mounts) {
		return false, err
	}
	names, err := namesAt(n.over, ".")
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if !slices.Contains(noPrograms(), name) {
			return false, nil
		}
	}
	written, err := namesAt(n.over, "etc")
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	for _, name := range linking() {
		if slices.Contains(written, name) {
			return false, err
		}
	}
	return err == nil, err
}

// onlyBeside reports whether nothing is mounted where programs are but the root itself, once. The fifth field of a line
// is where (proc_pid_mountinfo(5)).
func onlyBeside(mountinfo string) bool {
	roots := 0
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			return false
		}
		top, _, _ := strings.Cut(strings.TrimPrefix(fields[4], "/"), "/")
		switch {
		case fields[4] == "/":
			roots++
		case top == "etc" || !slices.Contains(noPrograms(), top):
			return false
		}
	}
	return roots == 1
}

// namesAt lists a folder below an open one.
func namesAt(dir *os.File, name string) ([]string, error) {
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close() //nolint:errcheck // read only
	return f.Readdirnames(-1)
}

// maxAt bounds what is read of a file of /proc, in bytes.
const maxAt = 1 << 20

// readAt reads a file of an open /proc.
func readAt(proc *os.File, name string) (string, error) {
	fd, err := unix.Openat(int(proc.Fd()), name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", &os.PathError{Op: "open", Path: name, Err: err}
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(f, maxAt))
	return string(data), err
}
