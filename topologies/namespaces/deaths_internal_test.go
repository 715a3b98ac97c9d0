package namespaces

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// Where the kernel tells this process of nothing, the node's first process tells of orphans; that
// others may have gone by unseen is said.
func TestOrphans(t *testing.T) {
	t.Parallel()
	p, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := topologiestest.Subject{Image: "reprise/debian:bookworm"}
	top := topologies.Topology{Name: "one", Nodes: s.Nodes("r1")}
	if err := p.Check(t.Context(), top); err != nil {
		t.Skip(err) //nolint:forbidigo // TestSuite says whether it may be missing
	}
	r := topologiestest.Reserve(t, p, top, topologies.Options{Run: "test-orphans"})
	l, ok := r.(*lab)
	if !ok {
		t.Fatalf("a lab of this provider is a %T", r)
	}
	if err := l.watch.close(); err != nil {
		t.Fatal(err)
	}
	h := topologiestest.Host(t, r, "r1")
	// The shell that starts it is gone before it dies.
	topologiestest.Run(t, h, "sh", "-c", `exec >/dev/null 2>&1; sh -c '
		cd /tmp; while [ "$(cut -d" " -f4 /proc/$$/stat)" != 1 ]; do :; done; kill -SEGV $$' & sh -c 'exit 7' & true`)
	topologiestest.Eventually(t, "the death of an orphan is told", func() bool {
		ends, missed, why, err := l.Ends(t.Context(), "r1")
		return err == nil && !missed.IsZero() && why != "" && len(ends) == 1 && ends[0].Signal == int(unix.SIGSEGV) && ends[0].Name == "sh" && ends[0].PID > 1
	})
}
