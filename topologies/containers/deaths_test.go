package containers_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
)

// TestProcessEnds: the death of a process that a person starts in a node is seen, with its
// number there and where it stood, on that node and on no other; by this process, and by
// the helper that does the wiring for an ordinary user on an older kernel.
func TestProcessEnds(t *testing.T) {
	p, _ := setup(t)
	r := reserve(t, p, pair("eth1", "eth1"), topologies.Options{Run: "test-ends"})
	w := r.(topologies.ProcessWatcher)
	h := host(t, r, "r1")
	run(t, h, "sh", "-c", `mkdir -p /var/tmp/here; cd /var/tmp/here; ulimit -c unlimited
sleep 600 & echo $! > pid; until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done; sleep 1; kill -SEGV $!; wait
sleep 600 & kill -TERM $!; wait; (sh -c 'kill -PIPE $$'); (exit 139); true`)
	pid, err := strconv.Atoi(strings.TrimSpace(run(t, h, "cat", "/var/tmp/here/pid")))
	if err != nil {
		t.Fatal(err)
	}
	ends, missed, why, err := w.Ends(t.Context(), "r1")
	if err != nil || !missed.IsZero() {
		t.Fatalf("missed %v %q: %v", missed, why, err)
	}
	if len(ends) != 1 {
		t.Fatalf("got %+v", ends)
	}
	e := ends[0]
	if want := (topologies.ProcessEnd{PID: pid, Parent: e.Parent, Name: "sleep", Signal: int(unix.SIGSEGV), Core: e.Core, Dir: e.Dir, NoDump: e.NoDump, At: e.At}); e != want || e.Dir != "" && e.Dir != "/var/tmp/here" || time.Since(e.At) > time.Minute {
		t.Errorf("got  %+v\nwant %+v", e, want)
	}
	if others, _, _, err := w.Ends(t.Context(), "r2"); err != nil || len(others) != 0 {
		t.Errorf("on the other node: %+v, %v", others, err)
	}
	if err := r.(topologies.NodeRestarter).RestartNode(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	run(t, h, "sh", "-c", `sleep 600 & kill -ABRT $!; wait; true`)
	if ends, _, _, err = w.Ends(t.Context(), "r1"); err != nil || len(ends) != 2 || ends[1].Signal != int(unix.SIGABRT) {
		t.Errorf("after a restart of the node: %+v, %v", ends, err)
	}
}

// TestProcessEndsByHelper: as above, where this process may not listen.
func TestProcessEndsByHelper(t *testing.T) {
	setup(t)
	p, err := containers.New(containers.Options{Helper: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	r := reserve(t, p, pair("eth1", "eth1"), topologies.Options{Run: "test-ends-helper"})
	run(t, host(t, r, "r1"), "sh", "-c", `sleep 600 & kill -SEGV $!; wait; true`)
	ends, missed, why, err := r.(topologies.ProcessWatcher).Ends(t.Context(), "r1")
	if err != nil || !missed.IsZero() || len(ends) != 1 || ends[0].Signal != int(unix.SIGSEGV) {
		t.Errorf("%+v; missed %v %q: %v", ends, missed, why, err)
	}
}

// TestProcessEndsOutOfMemory: a process that the kernel kills because its node's memory ran
// out is told from one that somebody kills.
func TestProcessEndsOutOfMemory(t *testing.T) {
	p, _ := setup(t)
	topology := pair("eth1", "eth1")
	topology.Nodes[0].Memory = "64MiB"
	r := reserve(t, p, topology, topologies.Options{Run: "test-ends-oom"})
	run(t, host(t, r, "r1"), "sh", "-c", `sleep 600 & kill -KILL $!; wait; tail /dev/zero; true`)
	ends, missed, why, err := r.(topologies.ProcessWatcher).Ends(t.Context(), "r1")
	if err != nil || !missed.IsZero() {
		t.Fatalf("missed %v %q: %v", missed, why, err)
	}
	if len(ends) != 1 || !ends[0].OOM || ends[0].Signal != int(unix.SIGKILL) || ends[0].Name != "tail" {
		t.Errorf("got %+v", ends)
	}
}
