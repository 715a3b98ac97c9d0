package faketime_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/faketime"
)

// strange is a node without the library whose linker loads some.
type strange struct {
	loads  string // the library that it does
	says   string // of others
	staged string
	files  []string
}

func (s *strange) WriteFile(_ context.Context, path string, data []byte, _ fs.FileMode) error {
	s.files = append(s.files, path)
	s.staged = string(data)
	return nil
}

func (s *strange) Exec(_ context.Context, argv []string, _ io.Reader, stdout, _ io.Writer) (int, error) {
	if len(argv) == 4 || s.staged != s.loads { // its own, and what it does not load
		_, err := io.WriteString(stdout, s.says)
		return 3, err
	}
	_, err := io.WriteString(stdout, "/usr/lib64/faketime/libfaketime.so.1\n")
	return 0, err
}

// A node without the library is given the first that it loads, and it is told which; or why none.
func TestPlaceGives(t *testing.T) {
	t.Parallel()
	e, err := faketime.Now()
	if err != nil {
		t.Fatal(err)
	}
	offered := func(context.Context) []topologies.ClockLibrary {
		return []topologies.ClockLibrary{{From: "new", Path: "/a", Data: []byte("1")}, {From: "old", Path: "/b", Data: []byte("2")}, {From: "this machine", Path: "/c", Data: []byte("2")}}
	}
	node := &strange{loads: "2"}
	given, err := e.Place(t.Context(), node, offered)
	want := faketime.Given{From: "old", Path: "/b", SHA256: "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35", At: "/usr/lib64/faketime/libfaketime.so.1"}
	if err != nil || given != want {
		t.Errorf("given %+v, want %+v: %v", given, want, err)
	}
	if !slices.Contains(node.files, "/dev/shm/reprise-clock.new") || !slices.Contains(node.files, "/dev/shm/sem.reprise-clock.new") {
		t.Errorf("it has %v", node.files)
	}
	for says, want := range map[string]string{
		"":                                     "or they are linked statically or with another C library",
		"version `GLIBC_2.38' not found\nmore": "not that of old: version `GLIBC_2.38' not found, and not that of this machine",
	} {
		_, err = e.Place(t.Context(), &strange{says: says}, offered)
		if !errors.Is(err, faketime.ErrMissing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want …%s…", err, want)
		}
	}
}
