package linux_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/topologies/procs"
)

// watched starts a container whose processes are watched from its start, as a lab does.
func watched(t *testing.T, image string) (drivertest.Host, func(context.Context) ([]drivers.ProcessEnd, time.Time, string, error)) {
	t.Helper()
	w, err := procs.Open()
	if err != nil {
		t.Skip("live test: ", err) //nolint:forbidigo // the kernel and its settings decide who may watch
	}
	t.Cleanup(func() { _ = w.Close() })
	host := drivertest.StartContainer(t, image)
	w.Watch(host.Container)
	return host, func(ctx context.Context) ([]drivers.ProcessEnd, time.Time, string, error) {
		found, missed, why, err := w.Ends(ctx, host.Container)
		ends := make([]drivers.ProcessEnd, len(found))
		for i, e := range found {
			ends[i] = drivers.ProcessEnd(e)
		}
		return ends, missed, why, err
	}
}

// TestLiveHandStarted: a process that nobody but the shell started dies, of itself or in a
// pipe of the shell's, and is known with its core file; a supervised daemon is told once,
// with what the supervisor knows; and what no fault ended is no death.
func TestLiveHandStarted(t *testing.T) {
	host, ends := watched(t, "reprise/debian:bookworm")
	d := open(t, drivers.Target{
		Host: host, Ends: ends, Config: []byte(config), Services: []drivers.Service{{Name: "keepalived"}},
		Files: map[string][]byte{"/etc/keepalived/keepalived.conf": []byte(keepalived)},
	})
	if err := d.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	shell := func(line string) {
		t.Helper()
		if x, err := d.Shell(t.Context(), drivers.Command{Line: line, Timeout: 20 * time.Second}); err != nil || x.Exit != 0 {
			t.Fatalf("%s: %+v, %v", line, x, err)
		}
	}
	deaths := func() []drivers.Death {
		t.Helper()
		deaths, err := d.Deaths(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return deaths
	}
	shell(`sleep 600 & kill -TERM $!; yes | head -1 >/dev/null; timeout -s KILL 0.1 sleep 600; (exit 139); true`)
	if got := deaths(); len(got) != 0 {
		t.Fatalf("deaths of the healthy: %+v", got)
	}
	shell(`mkdir -p /opt/own; cd /opt/own; ulimit -c unlimited; tcpdump -i e0 -w /dev/null >/dev/null 2>&1 & sleep 1; kill -SEGV $!; wait; true`)
	got := deaths()
	if len(got) != 1 || got[0].Process != "tcpdump" || got[0].Signal != "SIGSEGV" || got[0].PID == 0 {
		t.Fatalf("got %+v", got)
	}
	// What dumps no core may be gone before anybody can look at its limits.
	others := 1
	for why, tries := "", 0; why == ""; tries++ {
		shell("timeout 10 sh -c 'ulimit -c 0; sleep 1; kill -ABRT $$'; true")
		got = deaths()
		if len(got) != others+1 {
			t.Fatalf("timeout(1) repeats its child's signal, and is no death of its own: %+v", got)
		}
		d := got[others]
		if why = d.NoCore; d.Process != "sh" || d.PID == 0 || d.Signal != "SIGABRT" || d.Core != "" || why != "" && !strings.Contains(why, "RLIMIT_CORE") || tries == 5 {
			t.Fatalf("got %+v", d)
		}
		others++
	}
	shell("cd /opt/own; ulimit -c unlimited; sleep 600 & until [ $(cat /proc/$!/comm) = sleep ]; do :; done; kill -SEGV $!; wait; true")
	got = deaths()
	if len(got) != others+1 || got[others].Core == "" && got[others].NoCore == "" {
		t.Fatalf("got %+v", got)
	}
	if got[others].Core != "" {
		shell("test -s " + got[others].Core)
	}
	others++
	// Two children of keepalived die one after the other, and leave a core file each.
	var children []drivers.Death
	for i := range 2 {
		shell("kill -SEGV $(cat /proc/$(cat /run/reprise/keepalived.pid)/task/*/children); sleep 1.5")
		got = deaths()
		children = slices.DeleteFunc(slices.Clone(got), func(d drivers.Death) bool { return !strings.HasPrefix(d.Process, "keepalived ") })
		if len(got) != others+1+i || len(children) != 1+i { // its log has whole seconds, so they may stand before the others
			t.Fatalf("%d: %+v", i, got)
		}
		for _, d := range children {
			if d.Signal != "SIGSEGV" || d.Core == "" && d.NoCore == "" {
				t.Fatalf("%d: %+v", i, d)
			}
		}
	}
	if a, b := children[0].Core, children[1].Core; a == b && a != "" {
		t.Errorf("both have the core file %s", a)
	}
	shell("kill -SEGV $(cat /run/reprise/keepalived.pid); sleep 0.1")
	got = deaths()
	own := slices.DeleteFunc(slices.Clone(got), func(d drivers.Death) bool { return d.Process != "keepalived" })
	if len(own) != 1 || own[0].Signal != "SIGSEGV" || own[0].LastLog == "" {
		t.Errorf("got %+v", own)
	}
	t.Logf("%+v", got)
	if err := d.RestartDaemons(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Kill(t.Context(), "keepalived", "SIGSEGV"); err != nil {
		t.Fatal(err)
	}
	if got := deaths(); len(got) != 0 {
		t.Errorf("an ordered death after a restart is among %+v", got)
	}
}

// TestLiveUnseen: where nobody watches, or events were lost, that is said beside what the
// supervisor knows.
func TestLiveUnseen(t *testing.T) {
	host := drivertest.StartContainer(t, "reprise/debian:bookworm")
	missed, why := time.Time{}, ""
	d := open(t, drivers.Target{
		Host: host, Config: []byte(config), Services: []drivers.Service{{Name: "lldpd"}},
		Ends: func(context.Context) ([]drivers.ProcessEnd, time.Time, string, error) { return nil, missed, why, nil },
	})
	if err := d.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if deaths, err := d.Deaths(t.Context()); err != nil || len(deaths) != 0 {
		t.Errorf("%+v, %v", deaths, err)
	}
	missed, why = time.Now(), "some were lost"
	_, err := d.Deaths(t.Context())
	unseen, ok := err.(*drivers.UnseenError) //nolint:errorlint // it is not wrapped, by contract
	if !ok || unseen.Why != "some were lost" || !slices.Equal(unseen.Known, []string{"lldpd"}) {
		t.Errorf("got %+v", err)
	}
}
