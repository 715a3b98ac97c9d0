package vm_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/vm"
)

// crash lets a process that a person starts die in n1, and others end that are no deaths.
const crash = `mkdir -p /var/tmp/here; cd /var/tmp/here; ulimit -c unlimited
sleep 600 & echo $! > pid; until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done; kill -SEGV $!; wait $! || true
sleep 600 & pkill -TERM -x sleep; wait $! || true; (sh -c 'kill -PIPE $$') || true; (exit 139) || true`

// endsOf asks for the ends of n1, of which none may have been missed.
func endsOf(t *testing.T, r topologies.Reservation) []topologies.ProcessEnd {
	t.Helper()
	start := time.Now()
	ends, missed, why, err := r.(topologies.ProcessWatcher).Ends(t.Context(), "n1")
	if err != nil || !missed.IsZero() {
		t.Fatalf("missed %v %q: %v", missed, why, err)
	}
	t.Logf("asked in %.2f s", time.Since(start).Seconds())
	return ends
}

// The death of a process that a person starts in a guest is seen, with its number, its name
// and where its core is; what is told to end is no death; and who no longer watches, or
// never could, says so.
func TestProcessEnds(t *testing.T) {
	r := reserve(t, setup(t, vm.Options{}), machines("n1"))
	h := host(t, r, "n1")
	if ends := endsOf(t, r); len(ends) != 0 {
		t.Errorf("before anything died: %+v", ends)
	}
	run(t, h, crash)
	pid, err := strconv.Atoi(run(t, h, "cat /var/tmp/here/pid"))
	if err != nil {
		t.Fatal(err)
	}
	ends := endsOf(t, r)
	if len(ends) != 1 {
		t.Fatalf("got %+v", ends)
	}
	e := ends[0]
	want := topologies.ProcessEnd{PID: pid, Parent: e.Parent, Name: "sleep", Signal: int(unix.SIGSEGV), Core: true, Dir: "/var/tmp/here", At: e.At}
	if e != want || e.Parent == 0 || time.Since(e.At) > time.Minute {
		t.Errorf("got  %+v\nwant %+v", e, want)
	}
	run(t, h, "date -s 2020-01-01; tail -c 100 /var/tmp/here/core >/dev/null; ulimit -c 0; sleep 600 & kill -ABRT $!; wait $! || true")
	ends = endsOf(t, r)
	if len(ends) != 2 || ends[0] != e || ends[1].Signal != int(unix.SIGABRT) || ends[1].Core || !strings.Contains(ends[1].NoDump, "RLIMIT_CORE") || ends[1].At.Before(e.At) {
		t.Errorf("without a core, with the clock set back: %+v", ends)
	}
	// In a bound of its own: a whole machine without memory loses more than the one who took it.
	run(t, h, "for i in $(seq 50); do sh -c 'kill -SEGV $$' || true; done; systemd-run -q --scope -p MemoryMax=16M -p MemorySwapMax=0 tail /dev/zero || true")
	ends = endsOf(t, r)
	shells, starved := 0, false
	for _, e := range ends[2:] {
		switch {
		case e.Name == "sh" && e.Signal == int(unix.SIGSEGV):
			shells++
		case e.OOM && e.Name == "tail":
			starved = true
		default:
			t.Errorf("got %+v", e)
		}
	}
	if shells != 50 || !starved {
		t.Errorf("50 that die as soon as they run, and one for want of memory: %d, %v", shells, starved)
	}
	if _, _, err := r.(topologies.Resetter).Reset(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	if ends := endsOf(t, r); len(ends) != 0 {
		t.Errorf("a death of before the reset is invented after it: %+v", ends)
	}
	t.Run("nobody watches any more", func(t *testing.T) {
		run(t, h, "pkill -KILL -x reprise-deaths; sleep 600 & kill -SEGV $!; wait $! || true")
		unknown(t, r, "who watched its processes has ended")
	})
	t.Run("a guest without the program's interpreter", func(t *testing.T) {
		run(t, h, "mv /usr/bin/perl /usr/bin/perl.away")
		if err := r.(topologies.NodeRestarter).RestartNode(t.Context(), "n1"); err != nil {
			t.Fatal(err)
		}
		unknown(t, r, "reprise images build --guest bookworm")
	})
}

// unknown wants an error that says why nobody knows of deaths.
func unknown(t *testing.T, r topologies.Reservation, why string) {
	t.Helper()
	ends, _, _, err := r.(topologies.ProcessWatcher).Ends(t.Context(), "n1")
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("%+v, %v; want an error that says %q", ends, err, why)
	}
}
