package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/reprise-lab/reprise/drivers/tester/speaker"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// The scripts call the program by its name; the test binary plays it, and its children.
func TestMain(m *testing.M) {
	// The supervisor of a lab of this binary's, and the speaker of a tester node in one.
	if len(os.Args) > 1 && (os.Args[1] == namespaces.Verb || os.Args[1] == speaker.Verb) {
		os.Exit(realMain())
	}
	if err := os.Setenv(envProcesses, noProcesses); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"reprise": func() { os.Exit(realMain()) }})
}

// Where testcontainers looks for processes. As soon as the program starts it asks for every
// process of the machine, to name a session that nothing here asks for, which takes as long as
// the rest of a short verb. The hundreds of starts of these tests are spared it.
const (
	envProcesses = "HOST_PROC"
	noProcesses  = "/nowhere"
)

// unlisted is the environment of a script.
func unlisted(env *testscript.Env) error {
	env.Setenv(envProcesses, noProcesses)
	return nil
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		Setup:               unlisted,
		RequireExplicitExec: true,
		Condition:           condition(),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "start": start, "signal": signalChild, "ends": ends, "await": await, "nothingleft": nothingLeft,
		},
	})
}

// sources lists the files of the program.
func sources() ([]string, error) {
	var files []string
	for _, pattern := range []string{"*.go", "*/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("no files are %s: %w", pattern, err)
		}
		files = append(files, found...)
	}
	return files, nil
}

// condition tells what this machine can do: [engine] an engine with the images, which -short
// leaves alone. Where these must be there, a script that asks for them fails without.
func condition() func(string) (bool, error) {
	var missing error
	if !testing.Short() {
		missing = lacking()
	}
	return func(name string) (bool, error) {
		switch {
		case name != "engine":
			return false, errors.New("unknown condition " + name)
		case testing.Short():
			return false, nil
		}
		if missing != nil && livetest.Strict() {
			return false, fmt.Errorf("%s=1, and there is no lab: %w", livetest.Env, missing)
		}
		return missing == nil, nil
	}
}

// lacking tells what a lab of containers lacks here; nil is nothing.
func lacking() error {
	c, err := engine.Connect(context.Background())
	if err != nil {
		return err
	}
	_, err = images.New(c, "").Describe(context.Background(), recipe.SuiteRef("trixie"))
	return errors.Join(err, c.Close())
}

// needLab ends a test that runs in containers where there are none.
func needLab(tb testing.TB) {
	tb.Helper()
	livetest.Long(tb, "a lab of containers")
	if err := lacking(); err != nil {
		livetest.Missing(tb, "a container engine with the images", err)
	}
}

// exits runs the program and checks its exit status: exits STATUS reprise ARG…
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// patience bounds what a test waits for: a machine that has all other tests to run has its time, and one that waits for
// what never comes has an end.
const patience = 3 * time.Minute

// child is a program that runs beside the script.
type child struct {
	cmd *exec.Cmd
	err bytes.Buffer
}

// start runs the program in the background: start ARG…
func start(ts *testscript.TestScript, _ bool, args []string) {
	path, err := exec.LookPath("reprise")
	if err != nil {
		path = filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], "reprise")
	}
	c := &child{cmd: exec.Command(path, args...)}
	c.cmd.Dir = ts.MkAbs(".")
	c.cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"))
	c.cmd.Stdout, c.cmd.Stderr = io.Discard, &c.err
	ts.Check(c.cmd.Start())
	ts.Defer(func() { _ = c.cmd.Process.Kill() })
	children.Lock()
	children.byDir[c.cmd.Dir] = c
	children.Unlock()
}

// children are the programs that were started, by the folder of their script.
var children = struct {
	sync.Mutex
	byDir map[string]*child
}{byDir: map[string]*child{}}

func childOf(ts *testscript.TestScript) *child {
	children.Lock()
	defer children.Unlock()
	c := children.byDir[ts.MkAbs(".")]
	if c == nil {
		ts.Fatalf("nothing was started")
	}
	return c
}

// signalChild signals it: signal INT|KILL
func signalChild(ts *testscript.TestScript, _ bool, args []string) {
	sig := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}[args[0]]
	ts.Check(childOf(ts).cmd.Process.Signal(sig))
}

// ends waits for it and checks the exit status, -1 for a signal: ends STATUS
func ends(ts *testscript.TestScript, _ bool, args []string) {
	c := childOf(ts)
	_ = c.cmd.Wait() // the status is what counts
	ts.Logf("%s", c.err.String())
	if got := strconv.Itoa(c.cmd.ProcessState.ExitCode()); got != args[0] {
		ts.Fatalf("it ended with %s, want %s", got, args[0])
	}
}

// await waits until a file below a glob holds a text: await GLOB TEXT
func await(ts *testscript.TestScript, neg bool, args []string) {
	deadline := time.Now().Add(patience)
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		files, _ := filepath.Glob(ts.MkAbs(args[0]))
		for _, f := range files {
			if data, err := os.ReadFile(f); err == nil && strings.Contains(string(data), args[1]) != neg {
				return
			}
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s never held %q", args[0], args[1])
		}
	}
}

// nothingleft waits until no container and no process of the script's runs is left; with an argument
// "gc" it runs gc each time it looks.
func nothingLeft(ts *testscript.TestScript, _ bool, args []string) {
	runs, _ := filepath.Glob(ts.MkAbs("runs/*"))
	ofCells, _ := filepath.Glob(ts.MkAbs("matrices/*/runs/*"))
	runs = append(runs, ofCells...)
	if len(runs) == 0 {
		ts.Fatalf("there are no runs")
	}
	deadline := time.Now().Add(patience)
	for tick := time.NewTicker(200 * time.Millisecond); ; <-tick.C {
		if len(args) > 0 {
			ts.Check(ts.Exec("reprise", "gc"))
		}
		left := ""
		for _, r := range runs {
			out, err := exec.Command("docker", "ps", "-aq", "--filter", "label=org.reprise.run="+filepath.Base(r)).CombinedOutput()
			ts.Check(err)
			left += string(out)
			// A process of the run's that is ending writes to its folder until it has.
			if pids, err := exec.Command("pgrep", "-f", "__trials .*"+filepath.Base(r)).Output(); err == nil {
				left += string(pids)
			}
		}
		if strings.TrimSpace(left) == "" {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("containers or processes are left: %s", left)
		}
	}
}
