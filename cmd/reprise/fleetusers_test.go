package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/fleet/fleettest"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// envFleetUsers has [TestFleetUsers] run: three users of this machine, NAME,NAME,NAME, who have subordinate ids. It takes root.
const envFleetUsers = "REPRISE_FLEET_USERS"

// envFleetInside says that the test has a network of its own.
const envFleetInside = "REPRISE_TEST_FLEET_USERS"

// TestFleetUsers: three workers are three ordinary users with a home and labs of their own, each in a network namespace, whose only way to
// the server is a cable. With one and with all of them trials come to what they come to here, also while a cable is pulled; what was written is each
// user's own.
func TestFleetUsers(t *testing.T) {
	if os.Getenv(envFleetInside) != "" {
		fleetUsers(t)
		return
	}
	livetest.Long(t, "labs of a fleet")
	needSpaces(t)
	if os.Getenv(envFleetUsers) == "" {
		t.Skipf("it starts programs as other users: %s=NAME,NAME,NAME runs it, as root", envFleetUsers) //nolint:forbidigo // it is asked for by name
	}
	inside := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFleetUsers$", "-test.v", "-test.timeout=15m")
	inside.Env = append(os.Environ(), envFleetInside+"=1")
	inside.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	out, err := inside.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// farUser is a user with a home, and a cable to a network of his.
type farUser struct {
	*member
	home  string
	uid   uint32
	cable netlink.Link // its end in this network
}

// startFar starts the worker of a user, number n, whose only way to a server is a cable.
func startFar(ctx context.Context, t *testing.T, n int, name, program, dir, join string) *farUser {
	t.Helper()
	account, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	var uid, gid uint32
	if _, err := fmt.Sscan(account.Uid+" "+account.Gid, &uid, &gid); err != nil {
		t.Fatal(err)
	}
	u := &farUser{home: filepath.Join(dir, name), uid: uid}
	if err := errors.Join(os.Mkdir(u.home, 0o700), os.Chown(u.home, int(uid), int(gid))); err != nil {
		t.Fatal(err)
	}
	near := netip.AddrFrom4([4]byte{10, 79, byte(n), 1})
	far := near.Next()
	at, err := url.Parse(join)
	if err != nil {
		t.Fatal(err)
	}
	at.Host = net.JoinHostPort(near.String(), at.Port())
	u.member = &member{
		name: name, dir: dir, program: program, args: []string{"worker", "--join", at.String(), "--name", name},
		attr: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}},
		env:  []string{"HOME=" + u.home, "USER=" + name, "TMPDIR=" + u.home, "XDG_STATE_HOME=", "XDG_CACHE_HOME=", "XDG_CONFIG_HOME=", "XDG_RUNTIME_DIR="},
	}
	runtime.LockOSThread() // a program begins in the network of the thread that starts it
	here, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close() //nolint:errcheck // it was only read
	there, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close() //nolint:errcheck // the worker has it
	err = netns.Set(here)
	if err == nil {
		u.cable, err = fleettest.Cable(there, fmt.Sprintf("far%d", n), near, far)
	}
	if err := errors.Join(err, netns.Set(there)); err != nil {
		t.Fatal(err)
	}
	u.start(ctx, t)
	if err := netns.Set(here); err != nil {
		t.Fatal(err)
	}
	runtime.UnlockOSThread()
	return u
}

// fleetUsers is the test in a network of its own.
func fleetUsers(t *testing.T) {
	t.Helper()
	names := strings.Split(os.Getenv(envFleetUsers), ",")
	if len(names) != 3 {
		t.Fatalf("%s: want three users", envFleetUsers)
	}
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	dir := t.TempDir()
	program := readable(t, dir)
	file := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(file, []byte(answeredScenario), 0o600); err != nil {
		t.Fatal(err)
	}
	server := &member{name: "server", dir: dir, args: []string{"fleet", "serve", "--listen", "0.0.0.0:0", "--advertise", "127.0.0.1", "--renewal", "500ms", "--json"}}
	server.start(ctx, t)
	defer server.kill()
	join, at, _ := server.urls(ctx, t)

	asks := func(name, fleet string, more ...string) *member {
		t.Helper()
		m := &member{name: name, dir: dir, args: append(more, "--json", "-q", "--fleet", fleet, "--dir", filepath.Join(dir, name))}
		m.start(ctx, t)
		return m
	}
	rate := func(name, fleet string) counts {
		t.Helper()
		m := asks(name, fleet, "rate", file, "--trials", "6", "--control-trials", "2")
		<-m.over
		return rateOf(t, m)
	}
	want := rate("here", "none")
	var workers []*farUser
	defer func() {
		for _, w := range workers {
			w.kill()
		}
	}()
	for n, name := range names {
		workers = append(workers, startFar(ctx, t, n+1, name, program, dir, join))
		roster(t, at, dir, names[:n+1]...)
		if n == 0 || n == len(names)-1 {
			runs := fmt.Sprintf("with%d", n+1)
			if diff := gocmp.Diff(want, rate(runs, at)); diff != "" {
				t.Errorf("%d workers (-here +there):\n%s", n+1, diff)
			}
			if hosts := hostsOf(t, filepath.Join(dir, runs)); len(hosts) != n+1 {
				t.Errorf("%d workers: trials were executed on %v", n+1, hosts)
			}
		}
	}

	cutting := []string{"isolate", file, "--one-run", "--measure", "2", "--control-trials", "1"}
	alone := asks("cut-here", "none", cutting...)
	<-alone.over
	together := asks("cut-there", at, cutting...)
	begun := filepath.Join(dir, "cut-there", "*", "ledger.ndjson")
	for list, _ := filepath.Glob(begun); len(list) == 0; list, _ = filepath.Glob(begun) {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-together.over:
			t.Fatalf("isolate ended with %s: %s", together.cmd.ProcessState, together.told())
		}
	}
	if err := netlink.LinkSetDown(workers[2].cable); err != nil {
		t.Fatal(err)
	}
	<-together.over
	if err := netlink.LinkSetUp(workers[2].cable); err != nil {
		t.Fatal(err)
	}
	if alone.cmd.ProcessState.ExitCode() != 0 || together.cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("isolate ended with %s and %s\n%s\n%s", alone.cmd.ProcessState, together.cmd.ProcessState, alone.told(), together.told())
	}
	if here, there := leftOf(t, dir, "cut-here"), leftOf(t, dir, "cut-there"); here != there || here == "" {
		t.Errorf("isolate left here\n%s\nand there\n%s", here, there)
	}
	roster(t, at, dir, names...) // who was cut off is back
	for _, w := range workers {
		if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		<-w.over
		if w.cmd.ProcessState.ExitCode() != 0 {
			t.Errorf("%s ended with %s: %s", w.name, w.cmd.ProcessState, w.told())
		}
		if err := foreign(w.home, w.name, w.uid); err != nil {
			t.Error(err)
		}
	}
}

// readable is this program where every user may execute it.
func readable(t *testing.T, dir string) string {
	t.Helper()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	from, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close() //nolint:errcheck // it was only read
	name := filepath.Join(dir, "reprise")
	to, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

// hostsOf are the hosts that the trials of runs were executed on.
func hostsOf(t *testing.T, runs string) map[string]int {
	t.Helper()
	hosts := map[string]int{}
	list, err := filepath.Glob(filepath.Join(runs, "*", "run.json"))
	if err != nil || len(list) == 0 {
		t.Fatalf("%d runs, %v", len(list), err)
	}
	for _, name := range list {
		entries, err := evidence.Dir{Path: filepath.Dir(name)}.Ledger()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			hosts[e.Host]++
		}
	}
	return hosts
}

// leftOf is what a search left of its scenario.
func leftOf(t *testing.T, dir, search string) string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, search, "*", "result", "scenario.yaml"))
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %v, %v", search, list, err)
	}
	text, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// foreign is an error that names what below a user's home is neither his nor of one of his subordinate ids.
func foreign(home, name string, uid uint32) error {
	subordinate, err := os.ReadFile("/etc/subuid") // NAME:FIRST:COUNT (subuid(5))
	if err != nil {
		return err
	}
	his := func(owner uint32) bool {
		for line := range strings.Lines(string(subordinate)) {
			var first, count uint32
			ids, found := strings.CutPrefix(line, name+":")
			if n, _ := fmt.Sscanf(ids, "%d:%d", &first, &count); found && n == 2 && owner >= first && owner-first < count {
				return true
			}
		}
		return owner == uid
	}
	return filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; !his(owner) { //nolint:forcetypeassert // this is Linux
			return fmt.Errorf("%s is the user's %d", path, owner)
		}
		return nil
	})
}
