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
