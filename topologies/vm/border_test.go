package vm_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/reprise-lab/reprise/topologies/vm"
)

// TestWaysOut tries, as root in a guest, what reaches from a machine to the one beneath: its
// files, its processes, and a port of it that is open. What the guest's own
// kernel allows its root is the guest's.
func TestWaysOut(t *testing.T) {
	r := reserve(t, setup(t, vm.Options{}), pair(1))
	h, err := r.Host("n1")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "wayout")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../testdata/wayout")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.WriteFile(t.Context(), "/usr/local/bin/wayout", data, 0o755); err != nil {
		t.Fatal(err)
	}
	const word = "reprise-ways-out-7f3a"
	marker := filepath.Join(t.TempDir(), "marker")
	if err := os.WriteFile(marker, []byte(word), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"the host's files":     {marker, word},
		"the host's processes": {strconv.Itoa(os.Getpid()), word},
		"the host's network":   {"10.0.2.2:" + port, "127.0.0.1:" + port, "10.0.2.3:53", "10.0.2.4:445"},
	} {
		var out bytes.Buffer
		exit, err := h.Exec(t.Context(), append([]string{"/usr/local/bin/wayout", name}, args...), nil, &out, &out)
		if err != nil {
			t.Fatal(err)
		}
		if exit != 1 {
			t.Errorf("%s: status %d: %s", name, exit, out.String())
		}
	}
	// Nothing but disks and network devices of QEMU's own is plugged in.
	var out bytes.Buffer
	exit, err := h.Exec(t.Context(), []string{"sh", "-c", `for f in 9p virtiofs; do mount -t $f -o trans=virtio host /mnt 2>/dev/null && echo "a folder by $f"; done; ls /dev/vport* /dev/vsock 2>/dev/null; true`}, nil, &out, &out)
	if err != nil || exit != 0 || out.Len() > 0 {
		t.Errorf("status %d, %v: %s", exit, err, out.String())
	}
}
