package drivertest

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Rooted is a node of this machine without a container: its commands run here, and what they
// name of the folders that package node keeps on a node lies below Dir instead. Programs in
// Dir/bin come before the machine's own, so that a test decides what ip and others say.
//
// Whatever else a command names is this machine's: it is for package node's own scripts.
type Rooted struct {
	Dir  string
	host Host
	to   *strings.Replacer
}

// rooted are the paths of a node that lie below Rooted.Dir.
func rooted() []string {
	return []string{"/run/reprise", "/var/log/reprise", "/var/lib/reprise", "/tmp/reprise-check.conf", "/dev/log", "/etc/os-release", "/proc/sys/kernel/core_pattern"}
}

// NewRooted makes a node that ends with the test, with every daemon that was started on it.
// Somebody reads its syslog already. programs are shell scripts by their names.
func NewRooted(tb testing.TB, programs map[string]string) *Rooted {
	tb.Helper()
	dir, err := os.MkdirTemp("", "node-") //nolint:usetesting // a short name: there is a socket in it
	if err != nil {
		tb.Fatal(err)
	}
	var pairs []string
	for _, path := range rooted() {
		pairs = append(pairs, path, dir+path)
	}
	r := &Rooted{Dir: dir, to: strings.NewReplacer(pairs...), host: Host{Prefix: []string{"env", "PATH=" + dir + "/bin:" + os.Getenv("PATH")}}}
	tb.Cleanup(func() {
		r.end(tb)
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	r.Write(tb, "/proc/sys/kernel/core_pattern", "core\n")
	for name, script := range programs {
		r.Write(tb, "/bin/"+name, "#!/bin/sh\n"+r.to.Replace(script))
		if err := os.Chmod(dir+"/bin/"+name, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir+"/dev", 0o700); err != nil {
		tb.Fatal(err)
	}
	syslog, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: dir + "/dev/log", Net: "unixgram"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = syslog.Close() })
	return r
}

// end kills the daemons that still run, with their supervisors.
func (r *Rooted) end(tb testing.TB) {
	tb.Helper()
	for _, kind := range []string{"supervisor", "pid", "reader"} {
		files, err := filepath.Glob(r.Dir + "/run/reprise/*." + kind)
		if err != nil {
			tb.Fatal(err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if pid, err2 := strconv.Atoi(strings.TrimSpace(string(data))); err == nil && err2 == nil && pid > 1 {
				_ = syscall.Kill(-pid, syscall.SIGKILL)
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

// Write puts a text at a path of the node.
func (r *Rooted) Write(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(r.Dir+path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(r.Dir+path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// Read gives the text at a path of the node; empty where there is none.
func (r *Rooted) Read(path string) string {
	data, err := os.ReadFile(r.Dir + path)
	if err != nil {
		return ""
	}
	return string(data)
}

// Open implements drivers.Host.
func (r *Rooted) Open(ctx context.Context, argv []string, tty bool) (io.ReadWriteCloser, error) {
	rwc, err := r.host.Open(ctx, argv, tty)
	if err != nil {
		return nil, err
	}
	return &rootedStream{ReadWriteCloser: rwc, r: r}, nil
}

// Exec implements drivers.Host.
func (r *Rooted) Exec(ctx context.Context, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	inside := make([]string, len(argv))
	for i, a := range argv {
		inside[i] = r.to.Replace(a)
	}
	return r.host.Exec(ctx, inside, stdin, stdout, stderr)
}

// WriteFile implements drivers.Host.
func (r *Rooted) WriteFile(ctx context.Context, name string, data []byte, mode fs.FileMode) error {
	return r.host.WriteFile(ctx, r.to.Replace(name), []byte(r.to.Replace(string(data))), mode)
}

// ReadFile implements drivers.Host.
func (r *Rooted) ReadFile(ctx context.Context, name string) (io.ReadCloser, error) {
	return r.host.ReadFile(ctx, r.to.Replace(name))
}

// rootedStream names the folders of a node as the node does, in both directions.
type rootedStream struct {
	io.ReadWriteCloser
	r    *Rooted
	held []byte // what was read and may begin the name of the folder
	out  []byte // what was read and not taken yet
}

func (s *rootedStream) Write(p []byte) (int, error) {
	if _, err := s.ReadWriteCloser.Write([]byte(s.r.to.Replace(string(p)))); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s *rootedStream) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		buf := make([]byte, 32<<10)
		n, err := s.ReadWriteCloser.Read(buf)
		data := append(s.held, buf[:n]...)
		keep := 0
		for k := min(len(s.r.Dir)-1, len(data)); k > 0 && err == nil; k-- {
			if bytes.HasSuffix(data, []byte(s.r.Dir[:k])) {
				keep = k
				break
			}
		}
		s.out = bytes.ReplaceAll(data[:len(data)-keep], []byte(s.r.Dir), nil)
		s.held = bytes.Clone(data[len(data)-keep:])
		if err != nil && len(s.out) == 0 {
			return 0, err
		}
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}
