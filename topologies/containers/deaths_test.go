package containers_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
)

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
