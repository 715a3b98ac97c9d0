package namespaces

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// one reserves a lab of one node.
func one(t *testing.T) *lab {
	t.Helper()
	return labOf(t, "r1")
}

// labOf reserves a lab of nodes.
func labOf(t *testing.T, names ...string) *lab {
	t.Helper()
	p, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := topologiestest.Subject{Image: "reprise/debian:bookworm"}
	top := topologies.Topology{Name: "one", Nodes: s.Nodes(names...)}
	if err := p.Check(t.Context(), top); err != nil {
		t.Skip(err) //nolint:forbidigo // TestSuite says whether it may be missing
	}
	r := topologiestest.Reserve(t, p, top, topologies.Options{Run: topologiestest.RunName(t, strings.ToLower(t.Name()))})
	l, ok := r.(*lab)
	if !ok {
		t.Fatalf("a lab of this provider is a %T", r)
	}
	return l
}

// Where the kernel tells this process of nothing, the node's first process tells of orphans, and the supervisor of commands, that a fault
// has ended: of none that was told to end. That others may have gone by unseen is said.
func TestOrphans(t *testing.T) {
	t.Parallel()
	l := one(t)
	if err := l.watch.close(); err != nil {
		t.Fatal(err)
	}
	h := topologiestest.Host(t, l, "r1")
	// The shells that start them are gone before they die; the second waits until the first is reaped.
	const orphaned = `while [ "$(cut -d" " -f4 /proc/$$/stat)" != 1 ]; do :; done`
	topologiestest.Run(t, h, "sh", "-c", `exec >/dev/null 2>&1; sh -c 'echo $$ >/tmp/first; `+orphaned+`; kill -TERM $$' & until [ -s /tmp/first ]; do :; done`)
	topologiestest.Run(t, h, "sh", "-c", `exec >/dev/null 2>&1; sh -c '
		cd /tmp; `+orphaned+`; while [ -e /proc/$(cat /tmp/first) ]; do :; done; kill -SEGV $$' & sh -c 'exit 7' & true`)
	topologiestest.Eventually(t, "the death of an orphan is told", func() bool {
		ends, missed, why, err := l.Ends(t.Context(), "r1")
		return err == nil && !missed.IsZero() && why != "" && len(ends) == 1 && ends[0].Signal == int(unix.SIGSEGV) && ends[0].Name == "sh" && ends[0].PID > 1
	})
	for command, exit := range map[string]int{"kill -ABRT $$": 128 + int(unix.SIGABRT), "kill -TERM $$": 128 + int(unix.SIGTERM), "exit 139": 139} {
		if got, err := h.Exec(t.Context(), []string{"sh", "-c", command}, nil, nil, nil); err != nil || got != exit {
			t.Errorf("%s: status %d, %v", command, got, err)
		}
	}
	ends, missed, _, err := l.Ends(t.Context(), "r1")
	if err != nil || missed.IsZero() || len(ends) != 2 || ends[1].Signal != int(unix.SIGABRT) || ends[1].Name != "sh" || ends[1].PID <= 1 || time.Since(ends[1].At) > time.Minute {
		t.Errorf("with commands: %+v, missed %s, %v", ends, missed, err)
	}
}

// A node that is made anew leaves the number of its namespace of processes, and the kernel gives it to the next: what dies
// there is of the node that has it now, and what died before is still told.
func TestDeathsByNumber(t *testing.T) {
	t.Parallel()
	l := labOf(t, "r1", "r2")
	dies := func(name string) {
		t.Helper()
		if _, err := topologiestest.Host(t, l, name).Exec(t.Context(), []string{"sh", "-c", "kill -SEGV $$"}, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	dies("r1")
	was := map[string]bool{}
	for i := 0; ; i++ {
		was[l.nodes["r1"].space] = true
		for _, name := range []string{"r1", "r2"} {
			if _, _, err := l.Reset(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		if was[l.nodes["r2"].space] {
			break // as it is after the first round, where nothing else runs
		}
		if i == 100 {
			t.Fatal("the kernel uses no number again")
		}
	}
	for range 3 {
		dies("r2")
	}
	for name, want := range map[string]int{"r1": 1, "r2": 3} {
		ends, missed, why, err := l.Ends(t.Context(), name)
		if err != nil || len(ends) != want || !missed.IsZero() {
			t.Errorf("%s: %d deaths, want %d: %+v; missed %v %s: %v", name, len(ends), want, ends, missed, why, err)
		}
	}
}

// Whose child a process was that has died is known however busy the node is: no death goes by
// without being seen, or it is said that some did.
func TestDeathsUnderLoad(t *testing.T) {
	livetest.Long(t, "a node is busy for a while")
	l := one(t)
	h := topologiestest.Host(t, l, "r1")
	ctx, cancel := context.WithCancel(t.Context())
	var busy errgroup.Group
	for range 6 {
		busy.Go(func() error {
			_, err := h.Exec(ctx, []string{"sh", "-c", "while :; do /bin/true; done"}, nil, io.Discard, nil)
			return err
		})
	}
	const n = 200
	for range n {
		if _, err := h.Exec(t.Context(), []string{"sh", "-c", "sh -c 'kill -SEGV $$'; :"}, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := busy.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("what keeps the node busy: %v", err)
	}
	ends, missed, why, err := l.Ends(t.Context(), "r1")
	ends = slices.DeleteFunc(ends, func(e topologies.ProcessEnd) bool { return e.Signal != int(unix.SIGSEGV) }) // nor what kept the node busy
	if err != nil || len(ends) != n && missed.IsZero() {
		t.Errorf("%d of %d deaths were seen: %v", len(ends), n, err)
	}
	t.Logf("%d of %d deaths were seen; missed: %v %s", len(ends), n, missed, why)
}
