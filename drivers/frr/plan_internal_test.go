package frr

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
)

// A daemon whose arguments may have its socket elsewhere is asked for wherever it is.
func TestListens(t *testing.T) {
	for args, inPlace := range map[string]bool{"": true, "-N blue": false, "--vty_socket /srv": false} {
		s := drivers.Service{Name: "ospfd", Args: strings.Fields(args)}
		ready := daemon(s, "", software{}).Ready
		if strings.Contains(ready, "[ -S /run/frr/ospfd.vty ]") != inPlace || !strings.Contains(ready, "/proc/net/unix") {
			t.Errorf("with %q it is asked: %s", args, ready)
		}
	}
}

// What a dead daemon left is away before it starts, a link to nowhere too.
func TestBefore(t *testing.T) {
	dir := t.TempDir()
	for name, to := range map[string]string{"ospfd.vty": "nowhere", "ospfd.pid": dir} {
		if err := os.Symlink(to, dir+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
	before := strings.ReplaceAll(daemon(drivers.Service{Name: "ospfd"}, "", software{}).Before, "/run/frr", dir)
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", before).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// A daemon answers when it listens: a socket that is bound, one that it talks by, and that of another are none that listens.
func TestListening(t *testing.T) {
	const head = "Num       RefCount Protocol Flags    Type St Inode Path\n0000000000000000: 00000002 00000000 00010000 0001 01 1 /run/x\n"
	table := t.TempDir() + "/unix"
	ask := strings.ReplaceAll(listens(drivers.Service{Name: "ospfd", Args: []string{"-t"}}), "/proc/net/unix", table)
	answers := func() bool { return exec.CommandContext(t.Context(), "sh", "-c", ask).Run() == nil }
	if answers() {
		t.Error("it listens, where there is no table")
	}
	for line, want := range map[string]bool{
		"": false,
		"0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/frr/ospfd.vty\n":   true,
		"0000000000000000: 00000002 00000000 00000000 0001 01 21 /run/frr/ospfd.vty\n":   false,
		"0000000000000000: 00000003 00000000 00000000 0001 03 21 /run/frr/ospfd.vty\n":   false,
		"0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/frr/ospf6d.vty\n":  false,
		"0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/frr/ospfd.vty.1\n": false,
	} {
		if err := os.WriteFile(table, []byte(head+line+"0000000000000000: 00000002 00000000 00000000 0002 01 22\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := answers(); got != want {
			t.Errorf("it listens: %t, with %q", got, line)
		}
	}
}
