package namespaces_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// The networks that a node had before it was restarted are held for that long alone: afterwards the supervisor
// has no more descriptors than it had.
func TestRestartHoldsNothing(t *testing.T) {
	t.Parallel()
	p := open(t)
	run := topologiestest.RunName(t, "holds")
	r := topologiestest.Reserve(t, p, subject().Ring(3), topologies.Options{Run: run})
	restart := func() {
		if err := topologiestest.Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "n2"); err != nil {
			t.Fatal(err)
		}
	}
	list := supervisors(t, run)
	if len(list) != 1 {
		t.Fatalf("the lab has the supervisors %v", list)
	}
	count := func() int {
		fds, err := os.ReadDir(filepath.Join(filepath.Dir(list[0]), "fd"))
		if err != nil {
			t.Fatal(err)
		}
		return len(fds)
	}
	restart() // what the first opens and keeps
	before := count()
	for range 5 {
		restart()
	}
	topologiestest.Eventually(t, fmt.Sprintf("the supervisor to have %d descriptors again", before), func() bool { return count() <= before })
	for from, to := range map[string]string{"n1": "10.0.0.2", "n2": "10.0.1.2"} {
		if err := topologiestest.Ping(t.Context(), topologiestest.Host(t, r, from), to); err != nil {
			t.Errorf("%s: %v", from, err)
		}
	}
}
