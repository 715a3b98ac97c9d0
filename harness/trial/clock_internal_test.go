package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestAskClock: what runs in a node without the lab's clock is named, also where something in the node
// took it away; what an image waits with and what has ended is not.
func TestAskClock(t *testing.T) {
	t.Parallel()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name  string
		args  []string
		env   []string
		found bool
	}{
		{"ownclock", []string{"1000"}, nil, true},
		{"takenclock", []string{"1000"}, []string{"LD_PRELOAD="}, true},
		{"waitclock", []string{"infinity"}, nil, false},
		{"deadclock", []string{"0"}, nil, false},
		{"ourclock", []string{"1000"}, []string{ourMark + "=1"}, false},
		{"testerclock", []string{"1000"}, nil, false},
	}
	for _, tt := range cases {
		path := filepath.Join(t.TempDir(), tt.name)
		if err := os.WriteFile(path, program, 0o700); err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), path, tt.args...)
		c.Env = tt.env
		if tt.name == "testerclock" {
			c.Args[0] = testerProgram
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = c.Process.Kill() // one that has ended is a zombie until then
			_ = c.Wait()
		})
	}
	ask := func(script string) []string {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", script).Output()
		if err != nil {
			t.Fatal(err)
		}
		names, all := strangersIn(string(out))
		if !all {
			t.Errorf("it does not say that these are all: %q", names)
		}
		return names
	}
	startNamed(t, "line\nclock")
	startNamed(t, "par) S 1 clock")
	names := ask(askClock)
	for _, name := range []string{"line", "par)_S_1_clock"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not named, of %q", name, names)
		}
	}
	for _, tt := range cases {
		if slices.Contains(names, tt.name) != tt.found {
			t.Errorf("%s is named: %v, of %q", tt.name, !tt.found, names)
		}
	}
	if names := ask("least=360000" + strangers); slices.Contains(names, "ownclock") {
		t.Errorf("a process that is younger than an hour is named: %q", names)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		names := ask(askLate)
		if slices.Contains(names, "ownclock") && slices.Contains(names, "takenclock") && !slices.Contains(names, "waitclock") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after half a second there are %q", names)
		}
	}
}

// startNamed starts a process that gives itself a name, and waits until it has it.
func startNamed(t *testing.T, name string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "perl", "-e", `$0 = $ARGV[0]; $| = 1; print "named\n"; sleep 1000`, name)
	said, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		livetest.Missing(t, "perl", err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	if _, err := said.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
}

// Where the kernel's own uptime cannot be read, or is not the one that ages are told by, nobody's age is
// known: that is said at the end of a trial, and before it nobody's age is asked for.
func TestUptimeUnknown(t *testing.T) {
	c := exec.CommandContext(t.Context(), "sleep", "1000")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}()
	for _, uptime := range []string{"/proc/no-uptime", "nonsense 1", "0.08 0.01"} {
		file := uptime
		if !strings.HasPrefix(uptime, "/") {
			file = filepath.Join(t.TempDir(), "uptime")
			if err := os.WriteFile(file, []byte(uptime+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run := func(script string) (string, error) {
			script = strings.NewReplacer("/proc/uptime", file, "/proc/[0-9]*", fmt.Sprintf("/proc/%d", c.Process.Pid)).Replace(script)
			out, err := exec.CommandContext(t.Context(), "sh", "-c", script).Output()
			return string(out), err
		}
		if out, err := run(askLate); err == nil || strings.Contains(out, allAsked) {
			t.Errorf("with an uptime of %q it ends well, with %q", uptime, out)
		}
		if out, err := run(askClock); err != nil || !strings.HasSuffix(out, "\nsleep\n"+allAsked+"\n") {
			t.Errorf("with an uptime of %q the first look ends with %v, and %q", uptime, err, out)
		}
	}
}

// What a canary waits with is not taken for a daemon of the node.
func TestCanaryIsOurs(t *testing.T) {
	script := strings.Replace(canary, "sleep 0.25 || sleep 1 || exit", "env; exit", 1)
	script = strings.ReplaceAll(script, "/proc/[0-9]*", "/proc/self")
	out, err := exec.CommandContext(t.Context(), "sh", "-c", script).Output()
	if err != nil || !slices.Contains(strings.Fields(string(out)), ourMark+"=1") {
		t.Errorf("it starts others with %q: %v", out, err)
	}
}

// sourced is a provider whose libraries for clocks are looked for.
type sourced struct {
	topologies.Provider
	asked int
	err   error
}

func (s *sourced) ClockLibraries(context.Context) ([]topologies.ClockLibrary, error) {
	s.asked++
	return []topologies.ClockLibrary{{From: "image"}}, s.err
}

// Libraries are looked for once, unless that was broken off: then they are again.
func TestLibrariesKept(t *testing.T) {
	t.Parallel()
	source := &sourced{err: errors.New("the engine does not answer")}
	l := &Lab{env: Environment{Provider: source}}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	l.libraries(t.Context())
	source.err = nil
	l.libraries(cancelled)
	for range 3 {
		if found := l.libraries(t.Context()); len(found) == 0 || found[0].From != "image" {
			t.Errorf("found %+v", found)
		}
	}
	if source.asked != 3 {
		t.Errorf("it was asked %d times, want 3: after an error, and after it was cancelled", source.asked)
	}
}
