package namespaces_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// greedy are ways to use more than a node may, and what the lab says of each.
func greedy() []struct{ name, script, over string } {
	return []struct{ name, script, over string }{
		{"processes", `f() { f | f & }; f`, "processes and threads, and may have 400"},
		{"memory", `tail /dev/zero`, "of memory, and may use 128MiB (memory: in the topology gives it more)"},
		{"memory of many", `for i in $(seq 8); do head -c 40M /dev/zero | tail -c 39M | sleep 60 & done; wait`, "of memory, and may use 128MiB"},
		{"files", `head -c 10G /dev/zero >/var/big`, "it has written 64MiB, and may write 64MiB"},
		{"a log", `yes "a line of a log that nobody reads" | head -c 10G >/var/log/big.log`, "and may write 64MiB: the lab's supervisor ended it"},
		{"/tmp", `head -c 10G /dev/zero >/tmp/big`, "to /tmp, and may write 64MiB: the lab's supervisor ended it"},
		{"empty files", `while :; do i=$((i+1)); true >/var/empty$i; done`, " files, and may write 4096: the lab's supervisor ended it"},
		{"empty files of tmp", `while :; do i=$((i+1)); true >/tmp/empty$i; done`, " files to /tmp, and may write 4096: the lab's supervisor ended it"},
	}
}

// A node that uses more than it may is ended, and the lab says why; the others go on, and
// nothing is left.
func TestBounds(t *testing.T) {
	t.Parallel()
	open(t)
	p, err := namespaces.New(namespaces.Options{Bounds: namespaces.Bounds{Disk: 64 << 20, Memory: 128 << 20, Tasks: 400}})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range greedy() {
		t.Run(g.name, func(t *testing.T) {
			run := "test-bounds-" + strings.ReplaceAll(strings.Trim(g.name, "/"), " ", "-")
			r := topologiestest.Reserve(t, p, subject().Ring(3), topologies.Options{Run: run})
			w := topologiestest.Ability[topologies.NodeWatcher](t, r)
			other := topologiestest.Host(t, r, "n2")
			command, err := topologiestest.Host(t, r, "n1").Open(t.Context(), []string{"sh", "-c", g.script}, false)
			if err != nil {
				t.Fatal(err)
			}
			defer command.Close() //nolint:errcheck // it ends with its node
			var state topologies.NodeState
			topologiestest.Eventually(t, "the greedy node has ended", func() bool {
				// Processes are bounded for the whole lab too: until the greedy node is ended, a busy
				// machine may refuse the others one.
				if err := topologiestest.Ping(t.Context(), other, "10.0.1.2"); err != nil && (g.name != "processes" || !errors.Is(err, unix.EAGAIN)) {
					t.Errorf("a cable between the others: %v", err)
				}
				if state, err = w.NodeState(t.Context(), "n1"); err != nil {
					t.Fatal(err)
				}
				return !state.Running
			})
			if !strings.Contains(state.Detail, g.over) {
				t.Errorf("the lab says %+v", state)
			}
			for _, name := range []string{"n2", "n3"} {
				if s, err := w.NodeState(t.Context(), name); err != nil || !s.Running {
					t.Errorf("node %s: %+v, %v", name, s, err)
				}
			}
			if err := topologiestest.Ping(t.Context(), other, "10.0.1.2"); err != nil {
				t.Errorf("a cable between the others, when it has ended: %v", err)
			}
			if said := topologiestest.Run(t, other, "sh", "-c", "echo x >/var/log/x && echo goes on"); said != "goes on" {
				t.Errorf("another node says %q", said)
			}
			if err := r.Release(t.Context()); err != nil || len(supervisors(t, run)) > 0 {
				t.Errorf("released: %v, left: %v", err, supervisors(t, run))
			}
		})
	}
}

// A node may use what its topology gives it.
func TestBoundsOfTopology(t *testing.T) {
	t.Parallel()
	open(t)
	p, err := namespaces.New(namespaces.Options{Bounds: namespaces.Bounds{Memory: 32 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	top := subject().Ring(2)
	top.Nodes[0].Memory = "512MB"
	r := topologiestest.Reserve(t, p, top, topologies.Options{Run: "test-bounds-own"})
	const eighty = `x=$(head -c 40000000 /dev/zero | tr "\0" x); y=$x$x; sleep 4; echo ${#y}`
	if said := topologiestest.Run(t, topologiestest.Host(t, r, "n1"), "sh", "-c", eighty); said != "80000000" {
		t.Errorf("the node with more memory says %q", said)
	}
	w := topologiestest.Ability[topologies.NodeWatcher](t, r)
	if s, err := w.NodeState(t.Context(), "n1"); err != nil || !s.Running {
		t.Errorf("the node with more memory: %+v, %v", s, err)
	}
}

// What a command says is kept by nobody, however much it is: its node and the others go on.
func TestOutputWithoutEnd(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "2 GB go through a pipe")
	r := topologiestest.Reserve(t, open(t), subject().Ring(2), topologies.Options{Run: "test-bounds-output"})
	type ended struct {
		exit int
		err  error
	}
	done := make(chan ended, 1)
	var count counted
	go func() {
		exit, err := topologiestest.Host(t, r, "n1").Exec(t.Context(), []string{"head", "-c", "2G", "/dev/zero"}, nil, &count, io.Discard)
		done <- ended{exit, err}
	}()
	other := topologiestest.Host(t, r, "n2")
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if err := topologiestest.Ping(ctx, other, "10.0.0.1"); err != nil {
			t.Errorf("the other node meanwhile: %v", err)
		}
		cancel()
		select {
		case e := <-done:
			if e.err != nil || e.exit != 0 || count != 2<<30 {
				t.Errorf("status %d after %d bytes, %v", e.exit, count, e.err)
			}
			w := topologiestest.Ability[topologies.NodeWatcher](t, r)
			if s, err := w.NodeState(t.Context(), "n1"); err != nil || !s.Running {
				t.Errorf("the node afterwards: %+v, %v", s, err)
			}
			return
		default:
		}
	}
}

// counted is what was written there, in bytes.
type counted int64

func (c *counted) Write(b []byte) (int, error) {
	*c += counted(len(b))
	return len(b), nil
}
