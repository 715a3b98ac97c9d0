package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestFleetScripts: a server, workers and who wants trials are processes of this program, with a state each and labs of
// namespaces. The scripts have these commands beside the ones of the others:
//
//	spawn NAME ARG…       run the program beside the script, with its own state and its output in NAME.out and NAME.err
//	hit SIGNAL NAME       send it a signal: INT, KILL
//	over STATUS NAME      wait for its end: its exit status, or -1 after a signal
//	until PATTERN ARG…    run the program again and again until a line of its output matches
//	take VARIABLE FILE KEY  set a variable of the script from a key of a JSON file
func TestFleetScripts(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "labs of a fleet")
	needSpaces(t)
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	fleetScripts(t, "fleet", cache)
}

// envHosts has [TestHostsScripts] run, in which labs over machines have real verdicts: on a machine that is busy they are inconclusive.
const envHosts = "REPRISE_HOSTS"

// TestHostsScripts runs the scripts of testdata/hosts: one lab on several workers.
func TestHostsScripts(t *testing.T) {
	livetest.Long(t, "labs of a fleet")
	needSpaces(t)
	if os.Getenv(envHosts) == "" {
		t.Skipf("it takes a machine that is not busy: %s=1 runs it", envHosts) //nolint:forbidigo // it is asked for by name, in CI too
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	fleetScripts(t, "hosts", cache)
}

func fleetScripts(t *testing.T, dir, cache string) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", dir),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", cache) // the images are there
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Values[beside{}] = map[string]*exec.Cmd{}
			return unlisted(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "await": await, "spawn": spawn, "hit": hit, "over": over, "take": take, "until": until,
		},
	})
}

// beside is the key of the programs that run beside a script, by name.
type beside struct{}

func besideOf(ts *testscript.TestScript) map[string]*exec.Cmd {
	programs, _ := ts.Value(beside{}).(map[string]*exec.Cmd)
	return programs
}

func spawn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: spawn NAME ARG…")
	}
	name, path := args[0], strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0]
	out, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	said, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	c := exec.Command(filepath.Join(path, "reprise"), args[1:]...)
	c.Dir, c.Stdout, c.Stderr = ts.MkAbs("."), out, said
	c.Env = []string{"XDG_STATE_HOME=" + ts.MkAbs("state-"+name)}
	for _, v := range []string{"PATH", "HOME", "XDG_CACHE_HOME", "TMPDIR", "GORACE", envProcesses} {
		c.Env = append(c.Env, v+"="+ts.Getenv(v))
	}
	ts.Check(c.Start())
	ts.Check(errors.Join(out.Close(), said.Close()))
	ts.Defer(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	besideOf(ts)[name] = c
}

func hit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || besideOf(ts)[args[1]] == nil {
		ts.Fatalf("usage: hit INT|KILL NAME")
	}
	sig := map[string]syscall.Signal{"INT": syscall.SIGINT, "KILL": syscall.SIGKILL}[args[0]]
	ts.Check(besideOf(ts)[args[1]].Process.Signal(sig))
}

func over(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || besideOf(ts)[args[1]] == nil {
		ts.Fatalf("usage: over STATUS NAME")
	}
	c := besideOf(ts)[args[1]]
	timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	_ = c.Wait() // the status is what counts
	if got := strconv.Itoa(c.ProcessState.ExitCode()); got != args[0] {
		said, err := os.ReadFile(ts.MkAbs(args[1] + ".err"))
		ts.Fatalf("%s ended with %s, want %s: %s (%v)", args[1], got, args[0], said, err)
	}
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN ARG…")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	deadline := time.Now().Add(patience)
	for tick := time.NewTicker(100 * time.Millisecond); ; <-tick.C {
		err := ts.Exec("reprise", args[1:]...)
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no line is %q: %v", args[0], err)
		}
	}
}

// take waits for the file, which another program writes.
func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: take VARIABLE FILE KEY")
	}
	deadline := time.Now().Add(patience)
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		data, err := os.ReadFile(ts.MkAbs(args[1]))
		var values map[string]any
		if err == nil && json.NewDecoder(bytes.NewReader(data)).Decode(&values) == nil {
			if text, ok := values[args[2]].(string); ok {
				ts.Setenv(args[0], text)
				return
			}
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s has no %s: %s", args[1], args[2], data)
		}
	}
}
