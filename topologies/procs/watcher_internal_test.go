package procs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/livetest"
)

// watch watches this test's own control group as if it were a container's, and gives its
// id. Other processes of the machine may be in it: tests look for theirs by name.
func watch(t *testing.T) (*Watcher, string) {
	t.Helper()
	w := open(t)
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(data), "\n")
	id := first[strings.LastIndexByte(first, ':')+1:]
	w.Watch(id)
	return w, id
}

// open opens a watcher until the test's end.
func open(t *testing.T) *Watcher {
	t.Helper()
	w, err := Open()
	if errors.Is(err, unix.EPERM) || errors.Is(err, errNobody) {
		t.Skipf("this machine does not let us: %v", err) //nolint:forbidigo // the kernel and its settings decide
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// copyShell copies a shell under a name that no other process has.
func copyShell(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("/bin/dash")
	if err != nil {
		livetest.Missing(t, "dash", err)
	}
	path := t.TempDir() + "/" + name
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// named are the ends of a program since a moment. One that dies as soon as it runs may have
// half a name, or none.
func named(t *testing.T, w *Watcher, id, name string, since time.Time) []End {
	t.Helper()
	ends, missed, why, err := w.Ends(t.Context(), id)
	if err != nil || !missed.IsZero() {
		t.Fatalf("missed %v %q: %v", missed, why, err)
	}
	var found []End
	for _, e := range ends {
		short := len(e.Name) == 15 && strings.HasPrefix(name, e.Name)
		if e.At.After(since) && (e.Name == name || short || e.Name == "" && (e.By == name || e.Parent == os.Getpid())) {
			found = append(found, e)
		}
	}
	return found
}

// TestEnds: what counts as a death, of processes that somebody starts by hand.
func TestEnds(t *testing.T) {
	w, id := watch(t)
	tests := []struct {
		name, script string
		signals      []unix.Signal
	}{
		{"ends-well", "exit 0", nil},
		{"ends-badly", "exit 139", nil},
		{"is-told-to", "kill -TERM $$", nil},
		{"is-killed", "kill -KILL $$", nil},
		{"is-quit", "kill -QUIT $$", nil},
		{"loses-pipe", "kill -PIPE $$", nil},
		{"segfault", "kill -SEGV $$", []unix.Signal{unix.SIGSEGV}},
		{"aborts", "kill -ABRT $$", []unix.Signal{unix.SIGABRT}},
		{"bus-error", "kill -BUS $$", []unix.Signal{unix.SIGBUS}},
		{"trap", "kill -TRAP $$", []unix.Signal{unix.SIGTRAP}},
		{"forks-and-dies", "(sh -c 'kill -SEGV $PPID'; true); read line", []unix.Signal{unix.SIGSEGV}},
		{"with-a-long-name-of-more-than-15", "kill -SEGV $$", []unix.Signal{unix.SIGSEGV}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, since := t.TempDir(), time.Now()
			cmd := exec.Command(copyShell(t, tt.name), "-c", tt.script)
			cmd.Dir = dir
			in, err := cmd.StdinPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err == nil {
				err = w.CatchUp(t.Context()) // with the shell that waits, if it does
			}
			if err := errors.Join(err, in.Close()); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it dies
			var got []unix.Signal
			for _, e := range named(t, w, id, tt.name, since) {
				got = append(got, unix.Signal(e.Signal))
				if time.Since(e.At) > time.Minute || e.OOM {
					t.Errorf("%+v", e)
				}
				if e.Dir != "" && e.Dir != dir {
					t.Errorf("in %s, want %s", e.Dir, dir)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.signals) {
				t.Errorf("got %v, want %v", got, tt.signals)
			}
		})
	}
}

// TestSender: who sent a process the signal that it ends of, or by which it chooses to end, is known; what it sends itself, and what its
// parent sends it, is nobody's.
func TestSender(t *testing.T) {
	w, id := watch(t)
	if why := w.Hears(); why != "" {
		t.Skipf("this machine does not let us: %s", why) //nolint:forbidigo // the kernel and its settings decide
	}
	tests := []struct {
		name, script string
		signal       unix.Signal // by another process; 0: by none
		sent, of     unix.Signal // as is told
	}{
		{"sent-term", "read line", unix.SIGTERM, unix.SIGTERM, unix.SIGTERM},
		{"sent-kill", "read line", unix.SIGKILL, unix.SIGKILL, unix.SIGKILL},
		{"sent-segv", "ulimit -c 0; read line", unix.SIGSEGV, unix.SIGSEGV, unix.SIGSEGV},
		{"sent-abrt", "ulimit -c 0; read line", unix.SIGABRT, unix.SIGABRT, unix.SIGABRT},
		{"ends-on-term", "trap 'exit 0' TERM; read line; exit 3", unix.SIGTERM, unix.SIGTERM, 0},
		{"dies-by-itself", "ulimit -c 0; read line; kill -SEGV $$", 0, 0, unix.SIGSEGV},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			since := time.Now()
			cmd := exec.Command(copyShell(t, tt.name), "-c", tt.script)
			in, err := cmd.StdinPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err == nil {
				err = w.CatchUp(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			if tt.signal != 0 { // by one that is not its parent, and has ended when it is asked for
				if err := exec.Command("sh", "-c", fmt.Sprintf("kill -%d %d", tt.signal, cmd.Process.Pid)).Run(); err != nil {
					t.Fatal(err)
				}
			} else if err := in.Close(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it ends
			ends := named(t, w, id, tt.name, since)
			if len(ends) != 1 || unix.Signal(ends[0].Sent) != tt.sent || unix.Signal(ends[0].Signal) != tt.of {
				t.Fatalf("got %+v", ends)
			}
			if sender := ends[0].Sender; (sender == "") != (tt.sent == 0) || tt.sent != 0 && !strings.HasPrefix(sender, "sh (process ") {
				t.Errorf("by %q", sender)
			}
		})
	}
}

// TestOrphans: of processes whose parent has ended, ends by signals that no fault raises are told too.
func TestOrphans(t *testing.T) {
	w, id := watch(t)
	since := time.Now()
	shell := copyShell(t, "left-behind")
	out, err := exec.Command("sh", "-c", shell+` -c 'while :; do sleep 600; done' </dev/null >/dev/null 2>&1 & echo $!`).Output()
	if err == nil {
		err = w.CatchUp(t.Context())
	}
	if err == nil {
		err = exec.Command("sh", "-c", "kill "+strings.TrimSpace(string(out))).Run()
	}
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; {
		if ends := named(t, w, id, "left-behind", since); len(ends) == 1 {
			if e := ends[0]; !e.Orphan || e.Signal != int(unix.SIGTERM) {
				t.Errorf("got %+v", e)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatal("its end is not told")
		}
	}
}

// TestFields: where a tracepoint has its numbers is read from what the kernel says of it.
func TestFields(t *testing.T) {
	t.Parallel()
	got := fieldsOf("format:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\tfield:int sig;\toffset:8;\tsize:4;\tsigned:1;\n" +
		"\tfield:char comm[16];\toffset:20;\tsize:16;\tsigned:0;\n\tfield:pid_t pid;\toffset:36;\tsize:4;\tsigned:1;\n\nprint fmt: \"sig=%d\"\n")
	if fmt.Sprint(got) != "map[pid:36 sig:8]" {
		t.Error(got)
	}
}

// TestEndsAreComplete: none of many that begin and end at once is missed.
func TestEndsAreComplete(t *testing.T) {
	w, id := watch(t)
	const n = 300
	shell := copyShell(t, "many-at-once")
	since := time.Now()
	cmd := exec.Command(shell, "-c", fmt.Sprintf(`ulimit -c 0; i=0; while [ $i -lt %d ]; do i=$((i+1)); %s -c 'kill -SEGV $$' & done; wait`, n, shell))
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	ends := named(t, w, id, "many-at-once", since)
	if len(ends) != n {
		t.Errorf("%d of %d", len(ends), n)
	}
	for _, e := range ends {
		if e.Core || e.NoDump != "" && !strings.Contains(e.NoDump, "RLIMIT_CORE") {
			t.Errorf("%+v", e)
		}
	}
}

// TestThreadsDieOnce: every thread of a process tells of the signal, and the process is one
// death, however it is that the watcher came to know it.
func TestThreadsDieOnce(t *testing.T) {
	w, id := watch(t)
	python, err := exec.LookPath("python3")
	if err != nil {
		livetest.Missing(t, "python3", err)
	}
	since := time.Now()
	_ = exec.Command(python, "-c", `import os, resource, signal, threading, time
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for _ in range(8): threading.Thread(target=time.sleep, args=(60,)).start()
os.kill(os.getpid(), signal.SIGSEGV)`).Run() // it dies
	ends, _, _, err := w.Ends(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range ends {
		if e.At.After(since) && strings.HasPrefix(e.Name, "python3") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d deaths: %+v", n, ends)
	}
}

// TestLostEventsAreSaid: after an overrun nobody may take silence for health, and a
// container that is watched from then on is not concerned.
func TestLostEventsAreSaid(t *testing.T) {
	w, id := watch(t)
	w.queue <- event{lost: true, at: time.Now()}
	if err := exec.Command("/bin/true").Run(); err != nil {
		t.Fatal(err)
	}
	_, missed, why, err := w.Ends(t.Context(), id)
	if err != nil || missed.IsZero() || !strings.Contains(why, "lost") {
		t.Errorf("missed %v %q: %v", missed, why, err)
	}
}

// Watchers of one process meet each other's marks, and take none of them for their own: what a
// watcher was slow to read, it has taken when it says that it caught up.
func TestWatchersBesideEachOther(t *testing.T) {
	slow, id := watch(t)
	quick, _ := watch(t)
	for range 20 { // its marks are behind those of the other
		if err := quick.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		since := time.Now()
		_ = exec.Command(copyShell(t, "beside-another"), "-c", "kill -SEGV $$").Run() // it dies
		if ends := named(t, slow, id, "beside-another", since); len(ends) != 1 {
			t.Fatalf("%d deaths: %+v", len(ends), ends)
		}
	}
}

// group makes a control group as a container's and returns its id, and how a shell gets there.
func group(t *testing.T) (id, enter string) {
	t.Helper()
	id = fmt.Sprintf("reprise-procs-%d", os.Getpid())
	for _, root := range []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup"} {
		dir := root + "/" + id
		if _, err := os.Stat(root + "/cgroup.procs"); err != nil || os.Mkdir(dir, 0o755) != nil {
			continue
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		})
		return id, "echo 0 > " + dir + "/cgroup.procs && "
	}
	livetest.Missing(t, "a control group of our own", errors.New("none can be made"))
	return "", ""
}

// A container's command that is over before the watcher gets to it is the container's still: what
// started the container's first process started it. What that starts elsewhere is not.
func TestCommandGoneBeforeLook(t *testing.T) {
	w := open(t)
	id, enter := group(t)
	w.Watch(id)
	first := exec.Command("sh", "-c", enter+"exec cat")
	first.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	elsewhere := exec.Command("sh", "-c", "ulimit -c 0; read line; kill -SEGV $$")
	var ends []func() error
	for _, cmd := range []*exec.Cmd{first, elsewhere} {
		in, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, func() error {
			_, _ = in.Write([]byte("\n")) // it may be gone
			return errors.Join(in.Close(), cmd.Wait())
		})
	}
	defer func() {
		if err := ends[0](); err != nil {
			t.Error(err)
		}
	}()
	awaitFirst(t, w, id)
	w.mu.Lock() // nothing is looked at before all is over
	err := exec.Command("sh", "-c", enter+`exec sh -c 'ulimit -c 0; sleep 600 & kill -ABRT $!; wait; true'`).Run()
	if ends[1]() == nil {
		t.Error("what was to die elsewhere did not")
	}
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	got, missed, why, err := w.Ends(t.Context(), id)
	if err != nil || !missed.IsZero() {
		t.Fatalf("missed %v %q: %v", missed, why, err)
	}
	if len(got) != 1 || got[0].Signal != int(unix.SIGABRT) {
		t.Errorf("got %+v", got)
	}
}

// awaitFirst waits until a container's first process was met.
func awaitFirst(t *testing.T, w *Watcher, id string) {
	t.Helper()
	for {
		if err := w.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.mu.Lock()
		seen := w.containers[id].seen
		w.mu.Unlock()
		if seen {
			return
		}
	}
}

// TestUnseenContainer: a container of which no process was ever seen has no answer.
func TestUnseenContainer(t *testing.T) {
	w, _ := watch(t)
	w.Watch("no-such-container-at-all")
	if ends, _, _, err := w.Ends(t.Context(), "no-such-container-at-all"); err == nil {
		t.Errorf("got %v", ends)
	}
	if _, _, _, err := w.Ends(t.Context(), "not-even-watched"); err == nil {
		t.Error("an unwatched container has an answer")
	}
}

func TestParse(t *testing.T) {
	for _, b := range [][]byte{nil, make([]byte, 10), make([]byte, 200), request()} {
		if e, ok := parse(b); ok {
			t.Errorf("%v: %+v", b, e)
		}
	}
}

// TestClosed: who asks after the end gets an error, at once.
func TestClosed(t *testing.T) {
	w, err := Open()
	if err != nil {
		t.Skip(err) //nolint:forbidigo // the kernel and its settings decide
	}
	w.Watch("x")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := w.Ends(t.Context(), "x"); err == nil {
		t.Error("a closed watcher has an answer")
	}
}

// What is forgotten is no longer watched, and nothing of it is kept.
func TestForget(t *testing.T) {
	t.Parallel()
	w, id := watch(t)
	if _, _, _, err := w.Ends(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.Forget(id)
	if _, _, _, err := w.Ends(t.Context(), id); err == nil {
		t.Error("a forgotten container is watched")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.containers)+len(w.processes) > 0 {
		t.Errorf("kept: %v, %v", w.containers, w.processes)
	}
}

// TestNumberIsKept: of a process that its parent lets go of while it is looked at, /proc says the name and the number 0; it
// keeps the one that it had.
func TestNumberIsKept(t *testing.T) {
	t.Parallel()
	p := &process{end: End{PID: 7, Name: "timeout"}}
	p.saw(sight{status: status{name: "sh"}, known: true})
	if p.end.PID != 7 || p.end.Name != "sh" {
		t.Errorf("%+v", p.end)
	}
}

// A file of /proc is read whole, however long it is, and one that is not there is an error.
func TestRead(t *testing.T) {
	long := t.TempDir() + "/long"
	for _, size := range []int{0, atOnce - 1, atOnce, 3*atOnce + 1} {
		want := bytes.Repeat([]byte("x"), size)
		if err := os.WriteFile(long, want, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := read(long); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d, %v", len(got), size, err)
		}
	}
	if _, err := read(long + "er"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
	st, err := readStatus(os.Getpid())
	if err != nil || st.inside == 0 || st.parent != os.Getppid() || st.name == "" {
		t.Errorf("of this process %+v, %v", st, err)
	}
}
