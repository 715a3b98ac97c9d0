package topologiestest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// The death of a process that a person starts in a node is seen, with its number there and
// where it stood, on that node and on no other.
func (s Subject) processEnds(t *testing.T) {
	t.Helper()
	p := s.Open(t)
	r := Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "ends")})
	w := Ability[topologies.ProcessWatcher](t, r)
	h := Host(t, r, "r1")
	Run(t, h, "sh", "-c", `mkdir -p /var/tmp/here; cd /var/tmp/here; ulimit -c unlimited
sleep 600 & echo $! > pid; until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done; sleep 1; kill -SEGV $!; wait
sleep 600 & kill -TERM $!; wait; (sh -c 'kill -PIPE $$'); (exit 139); true`)
	pid, err := strconv.Atoi(strings.TrimSpace(Run(t, h, "cat", "/var/tmp/here/pid")))
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
	if err := Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	Run(t, h, "sh", "-c", `sleep 600 & kill -ABRT $!; wait; true`)
	if ends, _, _, err = w.Ends(t.Context(), "r1"); err != nil || len(ends) != 2 || ends[1].Signal != int(unix.SIGABRT) {
		t.Errorf("after a restart of the node: %+v, %v", ends, err)
	}
}
