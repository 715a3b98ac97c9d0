package namespaces_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// What a shell has made ends with its terminal, also when it is made just then, and in a group of
// its own, as a shell with jobs makes it; what left its session goes on.
func TestTerminalEndsJobs(t *testing.T) {
	t.Parallel()
	r := topologiestest.Reserve(t, open(t), subject().Ring(2), topologies.Options{Run: "test-session"})
	h := topologiestest.Host(t, r, "n1")
	if said := topologiestest.Run(t, h, "sh", "-c", "setsid sleep 2001 </dev/null >/dev/null 2>&1 & echo begun"); said != "begun" {
		t.Fatalf("the node says %q", said)
	}
	for range 20 {
		const jobs = `set -m; n=0; while [ $n -lt 300 ]; do sleep 2002 & n=$((n+1)); echo job $n.; done; wait`
		shell, err := h.Open(t.Context(), []string{"bash", "-c", jobs}, true)
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		for b := make([]byte, 64); !strings.Contains(said.String(), "job 3."); {
			n, err := shell.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			said.Write(b[:n])
		}
		if err := shell.Close(); err != nil {
			t.Fatal(err)
		}
		topologiestest.Eventually(t, "what was killed has ended", func() bool {
			return topologiestest.Run(t, h, "sh", "-c", "pgrep -f 'sleep 2002|set -m' | grep -vx $$ || true") == ""
		})
	}
	if topologiestest.Run(t, h, "pgrep", "-f", "sleep 2001") == "" {
		t.Error("what has a session of its own has ended with another's terminal")
	}
}
