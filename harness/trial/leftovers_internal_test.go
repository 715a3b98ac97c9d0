package trial

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The shells of our sessions are not told, what they began is, by its command line and how often.
func TestParseProcesses(t *testing.T) {
	const out = "1 (init) S 0 1 1 0\n2 (kthreadd) S 0 0 0 0\n7 (sh) S 0 7 7 0\n8 (a) b) S 7 7 7 0\n9 (sh) S 7 7 7 0\n10 (sleep) S 9 7 7 0\n" +
		"==> /proc/1/cmdline <==\n/sbin/init\x00\n==> /proc/10/cmdline <==\nsleep\x005\x00\n==> /proc/2/cmdline <==\n\n==> /proc/7/cmdline <==\nsh\x00\n" +
		"==> /proc/8/cmdline <==\na\x00 b\nc\x00\n==> /proc/9/cmdline <==\nsh\x00\n==> /proc/99/cmdline <==\nsh\x00-c\x00x\x00"
	want := map[string]int{"/sbin/init": 1, "sleep 5": 1, "a b c": 1, "sh": 1}
	if got := parseProcesses(out); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := parseProcesses(""); len(got) > 0 {
		t.Errorf("got %v of nothing", got)
	}
}

// What a step writes, changes or takes away is told, and what daemons and shells write of themselves is not.
func TestWritten(t *testing.T) {
	dir := t.TempDir()
	script := strings.Replace(filesOf, "/etc /home /mnt /opt /root /srv /tmp /usr/local /var/tmp", dir, 1)
	script = strings.ReplaceAll(script, "/run", filepath.Join(dir, "none"))
	if strings.Count(script, dir) < 2 {
		t.Fatal(script)
	}
	files := func() map[string]string {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", script).Output()
		if err != nil {
			t.Fatal(err)
		}
		return parseFiles(string(out))
	}
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("kept", "a")
	write("changes", "a")
	write("goes", "a")
	before := files()
	if len(before) != 3 {
		t.Fatalf("%v", before)
	}
	write("kept", "a") // the same again
	write("changes", "b")
	write("a b/new", "")
	write("big", strings.Repeat("x", 11<<20))
	write("core.17", "x")
	write(".bash_history", "x")
	write(".history_frr", "x")
	write("reprise-check.conf", "x")
	if err := os.Remove(filepath.Join(dir, "goes")); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range []string{"a b/new", "big", "changes (changed)", "goes (gone)"} {
		want = append(want, filepath.Join(dir, name))
	}
	if got := written(before, files()); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The script tells of this machine's processes what they were begun with.
func TestProcessesScript(t *testing.T) {
	first, second := exec.CommandContext(t.Context(), "sleep", "7531"), exec.CommandContext(t.Context(), "sleep", "7531")
	for _, c := range []*exec.Cmd{first, second} {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = c.Process.Kill()
			_ = c.Wait()
		}()
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", processesOf).Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := parseProcesses(string(out))["sleep "+strconv.Itoa(7531)]; n != 2 {
		t.Errorf("%d are told, and 2 run", n)
	}
}
