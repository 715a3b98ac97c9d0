package vm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

func TestParseAnswer(t *testing.T) {
	now := time.Now()
	const one = "end 7 1 11 1 0 4000000000 x736c656570 x x2f746d70 x\n"
	end := topologies.ProcessEnd{PID: 7, Parent: 1, Signal: 11, Core: true, Name: "sleep", Dir: "/tmp", At: now.Add(-time.Second)}
	for _, tt := range []struct {
		name, text string
		want       answer
		err        string
	}{
		{"one", "now 5000000000 lost 0 over 0 dumping 0\n" + one + ".\n", answer{ends: []topologies.ProcessEnd{end}}, ""},
		{"none", "now 5 lost 0 over 0 dumping 0\n.\n", answer{}, ""},
		{"from the future", "now 5 lost 0 over 0 dumping 0\nend 7 1 9 0 1 99999 x x73 x x\n.\n", answer{ends: []topologies.ProcessEnd{{PID: 7, Parent: 1, Signal: 9, OOM: true, By: "s", At: now}}}, ""},
		{"lost", "now 5000000000 lost 3000000000 over 0 dumping 0\n.\n", answer{missed: now.Add(-2 * time.Second), why: "the kernel's events of processes came faster than they could be read, and some were lost"}, ""},
		{"too many", "now 5 lost 0 over 1 dumping 0\n.\n", answer{missed: now, why: "too many processes died to keep them all"}, ""},
		{"dumping", "now 5 lost 0 over 0 dumping 1\n.\n", answer{missed: now, why: "a process has been dumping core for too long"}, ""},
		{"broken off", "now 5 lost 0 over 0 dumping 0\n" + one, answer{}, "broke off"},
		{"nothing", "", answer{}, "broke off"},
		{"another's words", "now is the time\n.\n", answer{}, "read the guest's answer"},
		{"half an end", "now 5 lost 0 over 0 dumping 0\nend 7 1 11\n.\n", answer{}, "not of this form"},
		{"no number", "now 5 lost 0 over 0 dumping 0\nend 7 1 a 1 0 4 x x x x\n.\n", answer{}, "invalid syntax"},
		{"no name", "now 5 lost 0 over 0 dumping 0\nend 7 1 11 1 0 4 sleep x x x\n.\n", answer{}, "not in hexadecimal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseAnswer(tt.text, now)
			if tt.err != "" || err != nil {
				if err == nil || tt.err == "" || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(answer{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// watchHere runs the guest's program on the machine of the test, and gives a way to ask it.
func watchHere(t *testing.T) (ask func() answer) {
	t.Helper()
	if _, err := os.Stat(perl); err != nil {
		livetest.Missing(t, "perl", err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "deaths.pl")
	if err := os.WriteFile(program, deathsProgram, 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(perl, program, dir)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if strings.Contains(said.String(), "process connector") {
		t.Skipf("this machine does not let us: %s", said.String()) //nolint:forbidigo // a right of the kernel, which cannot be installed
	}
	pid, number := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || number != nil {
		t.Fatalf("%v: %s%s", err, out, said.String())
	}
	t.Cleanup(func() {
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			t.Error(err)
		}
	})
	return func() answer {
		t.Helper()
		out, err := exec.Command(perl, "-e", askProgram, dir, "0").Output()
		if err != nil {
			t.Fatal(err)
		}
		a, err := parseAnswer(string(out), time.Now())
		if err != nil || !a.missed.IsZero() {
			t.Fatalf("missed %v %q: %v", a.missed, a.why, err)
		}
		return a
	}
}

// TestDeathsProgram: what the guest's program takes for a death is what the watcher of
// containers does. Other processes of the machine may die: ours are known by name.
func TestDeathsProgram(t *testing.T) {
	shell, err := os.ReadFile("/bin/dash")
	if err != nil {
		livetest.Missing(t, "dash", err)
	}
	dir := t.TempDir()
	die := func(name, script string) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, shell, 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "-c", "ulimit -c 0; "+script)
		cmd.Dir = dir
		_ = cmd.Run() // it dies
	}
	die("before-anybody-watches", "kill -SEGV $$")
	ask := watchHere(t)
	tests := []struct {
		name, script string
		want         []unix.Signal
	}{
		{"before-anybody-watches", "exit 0", nil},
		{"vm-ends-well", "exit 0", nil},
		{"vm-ends-badly", "exit 139", nil},
		{"vm-is-told-to", "kill -TERM $$", nil},
		{"vm-is-killed", "kill -KILL $$", nil},
		{"vm-is-quit", "kill -QUIT $$", nil},
		{"vm-loses-pipe", "kill -PIPE $$", nil},
		{"vm-segfault", "kill -SEGV $$", []unix.Signal{unix.SIGSEGV}},
		{"vm-aborts", "kill -ABRT $$", []unix.Signal{unix.SIGABRT}},
		{"vm-bus-error", "kill -BUS $$", []unix.Signal{unix.SIGBUS}},
		{"vm-forks-and-dies", "(sh -c 'kill -SEGV $PPID'; true); :", []unix.Signal{unix.SIGSEGV}},
		{"vm-with-a-long-name-of-more-than-15", "kill -SEGV $$", []unix.Signal{unix.SIGSEGV}},
	}
	for _, tt := range tests {
		die(tt.name, tt.script)
	}
	got := map[string][]unix.Signal{}
	for _, e := range ask().ends {
		got[e.Name] = append(got[e.Name], unix.Signal(e.Signal))
		if strings.HasPrefix(e.Name, "vm-") && (e.PID == 0 || e.Parent == 0 || e.OOM || e.Core || time.Since(e.At) > time.Minute || e.Dir != "" && e.Dir != dir) {
			t.Errorf("%+v", e)
		}
	}
	for _, tt := range tests {
		if fmt.Sprint(got[tt.name]) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got[tt.name], tt.want)
		}
	}
}
