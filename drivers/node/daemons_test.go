package node_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/node"
)

// steady is a daemon that says that it is ready and then waits.
func steady(name string) node.Service {
	return node.Service{
		Name: name, Argv: []string{"sh", "-c", "echo 'it is ready'; exec sleep 1000"},
		Ready: "grep -q ready /var/log/reprise/" + name + ".log",
	}
}

// running opens a node and starts its daemons.
func running(t *testing.T, host *drivertest.Rooted, ends []drivers.ProcessEnd, services ...node.Service) *node.Node {
	t.Helper()
	target := drivers.Target{Node: "r1", Host: host, Files: map[string][]byte{"/var/lib/reprise/own": []byte("x")}, Hears: func() string { return "" }}
	if ends != nil {
		target.Ends = func(context.Context) ([]drivers.ProcessEnd, time.Time, string, error) {
			return ends, time.Time{}, "", nil
		}
	}
	n, err := node.Open(t.Context(), "linux", []byte("[]"), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	n.SetServices(services)
	if err := errors.Join(n.Prepare(t.Context()), n.StartAll(t.Context())); err != nil {
		t.Fatal(err)
	}
	return n
}

// pid is the process of a daemon.
func pid(t *testing.T, host *drivertest.Rooted, daemon string) int {
	t.Helper()
	p, err := strconv.Atoi(strings.TrimSpace(host.Read("/run/reprise/" + daemon + ".pid")))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// end ends a process behind the driver's back, and waits until the signal has reached it.
func end(t *testing.T, n *node.Node, signal string, pid int) {
	t.Helper()
	if _, err := n.Control(t.Context(), "end it", fmt.Sprintf("kill -%s %d; while [ -e /proc/%d ]; do sleep 0.01; done", signal, pid, pid)); err != nil {
		t.Fatal(err)
	}
}

// deaths asks for them; whether everything was seen is told beside them.
func deaths(t *testing.T, n *node.Node) ([]drivers.Death, *drivers.UnseenError) {
	t.Helper()
	list, err := n.Deaths(t.Context())
	unseen := (*drivers.UnseenError)(nil)
	if err != nil && !errors.As(err, &unseen) {
		t.Fatal(err)
	}
	return list, unseen
}

// Services that may be beside each other are started before one is waited for, and one that
// crashes does not hinder the others.
func TestBeside(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	first := steady("first")
	first.Ready = "grep -q ready /var/log/reprise/second.log"
	second, broken := steady("second"), steady("broken")
	broken.Argv = []string{"sh", "-c", "kill -SEGV $$"}
	second.Beside, broken.Beside = true, true
	n := running(t, host, nil, first, second, broken)
	if names, err := n.Running(t.Context()); err != nil || !slices.Equal(names, []string{"first", "second"}) {
		t.Errorf("running: %q, %v", names, err)
	}
	if list, _ := deaths(t, n); len(list) != 1 || list[0].Process != "broken" || list[0].Signal != "SIGSEGV" {
		t.Errorf("deaths: %+v", list)
	}
	if err := n.StopAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken.Argv = []string{"sh", "-c", "exit 3"}
	n.SetServices([]node.Service{first, second, broken})
	exited := (*node.ExitedError)(nil)
	if err := errors.Join(n.Prepare(t.Context()), n.StartAll(t.Context())); !errors.As(err, &exited) || exited.Service != "broken" || exited.Exit.Code != 3 {
		t.Errorf("one gave up: %v", err)
	}
}

// Daemons are started in order and stopped; what the driver ended is no death, and what ended
// by itself is one, with the last that it said.
func TestDaemons(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n := running(t, host, nil, steady("one"), steady("two"))
	if names, err := n.Running(t.Context()); err != nil || !slices.Equal(names, []string{"one", "two"}) {
		t.Fatalf("running: %q, %v", names, err)
	}
	if host.Read("/var/lib/reprise/own") != "x" || n.Platform().Name != "linux" || len(n.Services()) != 2 {
		t.Errorf("a file of the node: %q", host.Read("/var/lib/reprise/own"))
	}
	if err := n.Start(t.Context(), "one"); err == nil || !strings.Contains(err.Error(), "it runs already") {
		t.Errorf("started twice: %v", err)
	}
	if err := n.Kill(t.Context(), "one", "SIGSEGV"); err != nil {
		t.Fatal(err)
	}
	if list, _ := deaths(t, n); len(list) != 0 {
		t.Errorf("what was asked for is a death: %+v", list)
	}
	if err := n.Kill(t.Context(), "one", "TERM"); err == nil || !strings.Contains(err.Error(), "it does not run") {
		t.Errorf("killed twice: %v", err)
	}
	if err := n.Start(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	p := pid(t, host, "one")
	end(t, n, "SEGV", p)
	list, unseen := deaths(t, n)
	if len(list) != 1 || list[0].Process != "one" || list[0].PID != p || list[0].Signal != "SIGSEGV" || list[0].Exit != 139 || !strings.HasPrefix(list[0].LastLog, "it is ready\n") {
		t.Errorf("%+v", list)
	}
	if unseen == nil || !slices.Equal(unseen.Known, []string{"one", "two"}) { // one that has died as well: how is in the record
		t.Errorf("of the others nobody knows but of %+v", unseen)
	}
	if crashed, err := n.Crashed(t.Context()); err != nil || !crashed {
		t.Errorf("crashed %v, %v", crashed, err)
	}
	if err := n.StopAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names, err := n.Running(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("running: %q, %v", names, err)
	}
	if again, _ := deaths(t, n); len(again) != 1 {
		t.Errorf("stopping is a death: %+v", again)
	}
}

// A daemon that stands still runs, and goes on when it is told to.
func TestPause(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n := running(t, host, nil, steady("one"))
	await := func(state string) {
		t.Helper()
		script := fmt.Sprintf("i=0; until grep -q '^State:.%s' /proc/%d/status; do i=$((i+1)); [ $i -lt 500 ] || exit 1; sleep 0.01; done", state, pid(t, host, "one"))
		if _, err := n.Control(t.Context(), "await "+state, script); err != nil {
			t.Error(err)
		}
	}
	if err := n.Pause(t.Context(), "one"); err != nil {
		t.Error(err)
	}
	await("T")
	if err := n.Resume(t.Context(), "one"); err != nil {
		t.Error(err)
	}
	await("[SR]")
	if err := n.Kill(t.Context(), "one", "hup0"); err == nil {
		t.Error("there is no such signal, and it was sent")
	}
	if err := n.Pause(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if err := n.StopAll(t.Context()); err != nil { // what stands still ends all the same
		t.Error(err)
	}
	for what, err := range map[string]error{
		"no such daemon on this node (it has one)": n.Pause(t.Context(), "other"), "no such signal": n.Kill(t.Context(), "one", "9; reboot"),
		"it does not run": n.Resume(t.Context(), "one"), "(it has one)": n.Start(t.Context(), "other"),
	} {
		if op := (*drivers.OpError)(nil); !errors.As(err, &op) || op.Node != "r1" || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want …%s…", err, what)
		}
	}
}

// A daemon that gives up at its start says why; one that crashes there is a death like any
// other, and the others start.
func TestStartFails(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n := running(t, host, nil)
	refuses := node.Service{Name: "refuses", Argv: []string{"sh", "-c", "echo 'dull line'; echo 'line 3 is wrong'; exit 3"}, Dull: "^dull"}
	crashes := node.Service{Name: "crashes", Argv: []string{"sh", "-c", "kill -ABRT $$"}}
	n.SetServices([]node.Service{crashes, steady("one"), refuses})
	err := n.StartAll(t.Context())
	if exited := (*node.ExitedError)(nil); !errors.As(err, &exited) || exited.Crashed() || exited.Exit.Code != 3 ||
		!strings.Contains(err.Error(), "refuses ended at its start (exit status 3): line 3 is wrong") {
		t.Errorf("%v", err)
	}
	if names, err := n.Running(t.Context()); err != nil || !slices.Equal(names, []string{"one"}) {
		t.Errorf("running: %q, %v", names, err)
	}
	list, _ := deaths(t, n)
	signals := map[string]string{}
	for _, d := range list {
		signals[d.Process] = d.Signal
	}
	if diff := cmp.Diff(map[string]string{"crashes": "SIGABRT", "refuses": ""}, signals); diff != "" {
		t.Error(diff)
	}
	n.SetServices([]node.Service{{Name: "broken", Argv: []string{"true"}, Before: "exit 9"}})
	if err := n.StartAll(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 9") {
		t.Errorf("its preparation: %v", err)
	}
	crash := &node.ExitedError{Service: "x", Exit: node.Exit{Code: 134}, LastLog: "assert"}
	if !crash.Crashed() || crash.Error() != "x ended at its start (SIGABRT): assert" {
		t.Errorf("%v", crash)
	}
}

// What the lab saw of ends completes what the supervisor saw, and tells of the processes that
// no supervisor has: by the daemon that they belong to, and each once.
func TestDeathsTold(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	ends := []drivers.ProcessEnd{}
	n := running(t, host, ends, steady("one"), steady("two"))
	now := time.Now()
	one, two := pid(t, host, "one"), pid(t, host, "two")
	end(t, n, "KILL", one)
	ends = []drivers.ProcessEnd{
		{PID: one, Name: "sleep", Signal: 9, OOM: true, At: now},                 // is what the supervisor saw
		{PID: 900001, Parent: two, Name: "helper", Signal: 11, At: now},          // a child of a daemon
		{PID: 900002, Parent: 1, Name: "stray", Signal: 6, At: now},              // of nobody
		{PID: 900003, Parent: 1, By: "init", Signal: 6, At: now},                 // without a name
		{Parent: 1, By: "sh", Signal: 4, At: now},                                // gone before its number was read
		{PID: 900004, Parent: two, Name: "two", Signal: 8, At: now},              // named as its daemon
		{PID: 900010, Parent: 900011, Name: "shell", Signal: 11, At: now},        // a child …
		{PID: 900011, Parent: 1, Name: "shell", Signal: 11, At: now},             // … whose parent repeats its end
		{PID: 900012, Parent: 1, Name: "before", Signal: 11, At: now.Add(-1e12)}, // of before the boot
	}
	n.Target.Ends = func(context.Context) ([]drivers.ProcessEnd, time.Time, string, error) {
		return ends, time.Time{}, "", nil
	}
	list, unseen := deaths(t, n)
	if unseen != nil {
		t.Errorf("all was seen, and it says %v", unseen)
	}
	got := map[string]string{}
	for _, d := range list {
		got[d.Process] = fmt.Sprintf("%s oom=%v", d.Signal, d.OOM)
	}
	want := map[string]string{
		"one": "SIGKILL oom=true", "two helper": "SIGSEGV oom=false", "stray": "SIGABRT oom=false",
		"(unnamed process, started by init)": "SIGABRT oom=false", "(unnamed process, started by sh)": "SIGILL oom=false", "two child": "SIGFPE oom=false", "shell": "SIGSEGV oom=false",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(list) != len(want) {
		t.Errorf("%d deaths: %s", len(list), diff)
	}
	for _, d := range list {
		if d.Signal != "SIGKILL" && d.NoCore == "" {
			t.Errorf("%s has no core, and nobody says why", d.Process)
		}
	}
	n.Target.Ends = func(context.Context) ([]drivers.ProcessEnd, time.Time, string, error) {
		return nil, time.Now(), "its buffer ran over", nil
	}
	if _, unseen := deaths(t, n); unseen == nil || unseen.Why != "its buffer ran over" || !slices.Equal(unseen.Known, []string{"two"}) { // whoever killed one may have started it anew
		t.Errorf("some were missed: %+v", unseen)
	}
	n.Target.Ends = func(context.Context) ([]drivers.ProcessEnd, time.Time, string, error) {
		return nil, time.Time{}, "", errors.New("the kernel refuses")
	}
	if _, unseen := deaths(t, n); unseen == nil || unseen.Why != "the kernel refuses" {
		t.Errorf("it could not be asked: %+v", unseen)
	}
}

// Where nobody tells of the ends of processes, no death is known of a daemon that may run without its supervisor: one that was
// told to end, by whomever, and that the driver did not start again, and one whose supervisor is gone.
func TestKnown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		do    func(t *testing.T, n *node.Node, host *drivertest.Rooted)
		known bool
	}{
		{"runs", func(*testing.T, *node.Node, *drivertest.Rooted) {}, true},
		{"told to end, and started by hand", func(t *testing.T, n *node.Node, host *drivertest.Rooted) {
			t.Helper()
			end(t, n, "TERM", pid(t, host, "one"))
			if _, err := n.Control(t.Context(), "start it by hand", "sh -c 'kill -SEGV $$'; true"); err != nil { // nobody sees that
				t.Fatal(err)
			}
		}, false},
		{"killed", func(t *testing.T, n *node.Node, host *drivertest.Rooted) {
			t.Helper()
			end(t, n, "KILL", pid(t, host, "one"))
		}, false},
		{"killed, and started", func(t *testing.T, n *node.Node, host *drivertest.Rooted) {
			t.Helper()
			end(t, n, "KILL", pid(t, host, "one"))
			if err := errors.Join(settled(t, n), n.Start(t.Context(), "one")); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"ended by the driver", func(t *testing.T, n *node.Node, _ *drivertest.Rooted) {
			t.Helper()
			if err := n.Kill(t.Context(), "one", "TERM"); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"crashed by the driver", func(t *testing.T, n *node.Node, _ *drivertest.Rooted) {
			t.Helper()
			if err := n.Kill(t.Context(), "one", "SEGV"); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"ended and started by the driver", func(t *testing.T, n *node.Node, _ *drivertest.Rooted) {
			t.Helper()
			if err := errors.Join(n.Kill(t.Context(), "one", "TERM"), n.Start(t.Context(), "one")); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"crashed", func(t *testing.T, n *node.Node, host *drivertest.Rooted) {
			t.Helper()
			end(t, n, "SEGV", pid(t, host, "one"))
		}, true},
		{"its supervisor is gone, and it runs", func(t *testing.T, n *node.Node, host *drivertest.Rooted) {
			t.Helper()
			end(t, n, "KILL", supervisor(t, host, "one"))
		}, false},
		{"its supervisor and it are gone", func(t *testing.T, n *node.Node, host *drivertest.Rooted) {
			t.Helper()
			p := pid(t, host, "one")
			end(t, n, "KILL", supervisor(t, host, "one"))
			end(t, n, "KILL", p)
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host := drivertest.NewRooted(t, nil)
			n := running(t, host, nil, steady("one"), steady("two"))
			tt.do(t, n, host)
			_, unseen := deaths(t, n)
			if unseen == nil || slices.Contains(unseen.Known, "one") != tt.known || !slices.Contains(unseen.Known, "two") {
				t.Errorf("known are %+v, and one is to be: %t", unseen, tt.known)
			}
		})
	}
}

// settled waits until the ends of daemons are recorded.
func settled(t *testing.T, n *node.Node) error {
	t.Helper()
	_, err := n.Deaths(t.Context())
	if unseen := (*drivers.UnseenError)(nil); errors.As(err, &unseen) {
		return nil
	}
	return err
}

// supervisor is the process that watches a daemon.
func supervisor(t *testing.T, host *drivertest.Rooted, daemon string) int {
	t.Helper()
	p, err := strconv.Atoi(strings.TrimSpace(host.Read("/run/reprise/" + daemon + ".supervisor")))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// On a machine whose clock is minutes apart from this one's a crash is one that its supervisor and the kernel tell of, at its time here,
// and one right after the boot is since the boot.
func TestDeathsThere(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{-2 * time.Minute, 2 * time.Minute} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			host := drivertest.NewRooted(t, nil)
			n := running(t, host, []drivers.ProcessEnd{}, steady("one"))
			n.Target.Here = func(there time.Time) time.Time { return there.Add(-ahead) }
			if err := errors.Join(n.Prepare(t.Context()), n.StartAll(t.Context())); err != nil {
				t.Fatal(err)
			}
			crashed := n.Target.Here(time.Now())
			p := pid(t, host, "one")
			end(t, n, "SEGV", p)
			n.Target.Ends = func(context.Context) ([]drivers.ProcessEnd, time.Time, string, error) {
				return []drivers.ProcessEnd{{PID: p, Name: "sleep", Signal: 11, At: crashed}, {PID: 900001, Parent: 1, Name: "stray", Signal: 6, At: crashed}}, time.Time{}, "", nil
			}
			list, _ := deaths(t, n)
			if len(list) != 2 {
				t.Errorf("%d deaths: %+v", len(list), list)
			}
			for _, d := range list {
				if d.At.Sub(crashed).Abs() > time.Minute {
					t.Errorf("%s died %s after its end", d.Process, d.At.Sub(crashed))
				}
			}
		})
	}
}

// Who sent a daemon a signal is told with its death, where that is no daemon of the node's own; that nobody hears of signals, too. A process
// that another ended, of a signal that no fault raises, is no death.
func TestSenders(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, from, unheard string
		own                 bool
	}{
		{name: "from outside", from: "SIGTERM of kill (process 77)"},
		{name: "by a daemon of the node", own: true},
		{name: "nobody hears", from: "SIGTERM of kill (process 77)", unheard: "no ears"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host := drivertest.NewRooted(t, nil)
			n := running(t, host, []drivers.ProcessEnd{}, steady("one"), steady("two"))
			n.Target.Hears = func() string { return tt.unheard }
			p, sender := pid(t, host, "one"), 77
			if tt.own {
				sender = pid(t, host, "two")
			}
			end(t, n, "TERM", p)
			n.Target.Ends = func(context.Context) ([]drivers.ProcessEnd, time.Time, string, error) {
				now := time.Now()
				return []drivers.ProcessEnd{
					{PID: p, Name: "sleep", Signal: 15, Sent: 15, Sender: "kill (process 77)", SenderPID: sender, At: now},
					{PID: 900001, Name: "left", Signal: 9, Orphan: true, At: now},
					{PID: 900002, Name: "told", Sent: 15, Sender: "kill (process 78)", SenderPID: 78, At: now},
				}, time.Time{}, "", nil
			}
			list, _ := deaths(t, n)
			if len(list) != 1 || list[0].Signal != "SIGTERM" || list[0].From != tt.from || list[0].Unheard != tt.unheard {
				t.Errorf("got %+v", list)
			}
		})
	}
}

// A core file is that of the process whose number is in it. It is kept under the name of the
// death; where there is none, the reason is told.
func TestCores(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n := running(t, host, nil)
	now := time.Now()
	host.Write(t, "/var/lib/reprise/cores/core.77", string(coreHead(littleEndian, 900001)))
	host.Write(t, "/var/lib/reprise/cores/core", "no core at all")
	ends := []drivers.ProcessEnd{
		{PID: 900001, Name: "a/b c", Signal: 11, Core: true, At: now},
		{PID: 900002, Name: "gone", Signal: 11, Core: true, Dir: "/var/lib/reprise", At: now},
		{PID: 900003, Name: "setuid", Signal: 6, NoDump: "it changed its user", At: now},
		{PID: 900004, Name: "unwritten", Signal: 6, At: now},
		{PID: 900005, Name: "killed", Signal: 9, At: now},
	}
	n.Target.Ends = func(context.Context) ([]drivers.ProcessEnd, time.Time, string, error) {
		return ends, time.Time{}, "", nil
	}
	check := func(want map[string]string) {
		t.Helper()
		list, _ := deaths(t, n)
		for _, d := range list {
			if said := d.Core + d.NoCore; !strings.Contains(said, want[d.Process]) || want[d.Process] == "" && said != "" {
				t.Errorf("%s: %q, want …%s…", d.Process, said, want[d.Process])
			}
		}
		if len(list) != len(want) {
			t.Errorf("%d deaths, want %d", len(list), len(want))
		}
	}
	want := map[string]string{
		"a/b c": "/var/lib/reprise/cores/core.a-b-c.900001", "gone": "not there any more", "setuid": "it changed its user",
		"unwritten": "the kernel wrote none", "killed": "",
	}
	check(want)
	if host.Read("/var/lib/reprise/cores/core.a-b-c.900001") == "" || host.Read("/var/lib/reprise/cores/core.77") != "" {
		t.Error("the core file was not kept under its name")
	}
	check(want) // and stays what it is
	for pattern, says := range map[string]string{"|/usr/share/apport": "a program of its own", "": "core_pattern is empty"} {
		host.Write(t, "/proc/sys/kernel/core_pattern", pattern+"\n")
		if err := n.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		ends = []drivers.ProcessEnd{{PID: 900009, Name: "late", Signal: 11, At: time.Now()}}
		check(map[string]string{"late": says})
	}
}

// A daemon that starts its own processes anew tells of their deaths in its log: two lines
// about one process are one death.
func TestChildDeaths(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	s := steady("watcher")
	s.Logs = []string{"/var/log/reprise/watcher.own"}
	s.Children = []node.ChildPattern{
		{Pattern: regexp.MustCompile(`^(?P<time>\S+) (?P<process>\w+)\[(?P<pid>\d+)\] got signal (?P<signal>\d+)`), Time: time.RFC3339},
		{Pattern: regexp.MustCompile(`^pid (?P<pid>\d+) ended`), Process: "worker", Signal: "SIGABRT"},
		{Pattern: regexp.MustCompile(`^gave up with (?P<status>\d+)`), Process: "helper"},
	}
	host.Write(t, "/var/log/reprise/watcher.own", "pid 1 ended\n") // of before
	n := running(t, host, nil, s)
	host.Write(t, "/var/log/reprise/watcher.own", "pid 1 ended\n2026-03-01T10:00:00Z io[7] got signal 11\npid 7 ended\npid 8 ended\ngave up with 4\nsomething else\n")
	list, _ := deaths(t, n)
	want := []drivers.Death{
		{Process: "watcher worker", PID: 8, Exit: 134, Signal: "SIGABRT", LastLog: "pid 8 ended", Failure: drivers.Failure{Title: "watcher worker: SIGABRT", Kind: drivers.FailureCrash}},
		{Process: "watcher helper", Exit: 4, LastLog: "gave up with 4", Failure: drivers.Failure{Title: "watcher helper: exit status 4", Kind: drivers.FailureExit}},
		{Process: "watcher io", PID: 7, Exit: 139, Signal: "SIGSEGV", At: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), LastLog: "2026-03-01T10:00:00Z io[7] got signal 11\npid 7 ended", Failure: drivers.Failure{Title: "watcher io: SIGSEGV", Kind: drivers.FailureCrash}},
	}
	for i := range list {
		if (list[i].NoCore == "") != (list[i].Signal == "") {
			t.Errorf("%s has no core because %q", list[i].Process, list[i].NoCore)
		}
		list[i].NoCore = ""
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
}

// Who prepares a node on which daemons of ours run ends them first, and no end of theirs is in the new record; what the logs
// hold by then is not said by those that start next.
func TestPreparedAgain(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n := running(t, host, nil, steady("one"), steady("two"))
	before := pid(t, host, "one")
	if err := os.Remove(host.Dir + "/var/log/reprise/two.log"); err != nil {
		t.Fatal(err)
	}
	host.Write(t, "/var/log/reprise/two.log", "")
	if err := n.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names, err := n.Running(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("running: %q, %v", names, err)
	}
	if err := syscall.Kill(before, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("of before, one is there: %v", err)
	}
	if record := host.Read("/run/reprise/exits"); !regexp.MustCompile(`^log \S+/one\.log \d+\n$`).MatchString(record) {
		t.Errorf("the new record: %q", record)
	}
	if err := n.StartAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, _ := deaths(t, n); len(list) != 0 {
		t.Errorf("deaths: %+v", list)
	}
}

// What runs before the first daemon runs once, and keeps it from being started where it fails.
func TestBeforeAll(t *testing.T) {
	t.Parallel()
	host := drivertest.NewRooted(t, nil)
	n, err := node.Open(t.Context(), "linux", []byte("[]"), drivers.Target{Node: "r1", Host: host, NoRestart: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close(context.Background()) })
	n.SetServices([]node.Service{steady("one"), steady("two")})
	for _, tt := range []struct {
		before, fails string
		running       []string
	}{
		{before: "echo it is not there; false", fails: "start one: exit status 7: it is not there"},
		{before: "echo x >>/run/reprise/told", running: []string{"one", "two"}},
	} {
		n.StartBy(node.Start{Before: tt.before, Daemons: n.StartAll})
		err := n.Boot(t.Context())
		if (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
			t.Errorf("%q: %v, want %q", tt.before, err, tt.fails)
		}
		if names, err := n.Running(t.Context()); err != nil || !slices.Equal(names, tt.running) {
			t.Errorf("%q: running %q, %v", tt.before, names, err)
		}
	}
	if err := errors.Join(n.Kill(t.Context(), "one", "TERM"), n.Start(t.Context(), "one")); err != nil {
		t.Error(err)
	}
	if told := host.Read("/run/reprise/told"); told != "x\n" {
		t.Errorf("it was told %q", told)
	}
	if err := n.StopAll(t.Context()); err != nil {
		t.Error(err)
	}
}
