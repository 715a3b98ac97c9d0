package vm_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/vm"
)

// prompter is a disk that boots into a login prompt on the serial port: after every key it
// prints it again.
func prompter(t *testing.T) string {
	t.Helper()
	sector := make([]byte, 1<<20)
	code := []byte{
		0x31, 0xC0, 0x8E, 0xD8, 0xFC, // ds = 0, upwards
		0xBA, 0xF8, 0x03, // 5: the port
		0xBE, 0x21, 0x7C, // the text
		0xAC, 0x84, 0xC0, 0x74, 0x03, 0xEE, 0xEB, 0xF8, // 11: print it
		0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x01, 0x74, 0xFB, // 19: wait for a key
		0xBA, 0xF8, 0x03, 0xEC, 0xEB, 0xE4, // take it, and go to 5
	}
	copy(sector, append(code, "login: \x00"...))
	copy(sector[510:], []byte{0x55, 0xAA})
	dir := t.TempDir()
	raw, disk := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "EXOS-VM_stand-in.qcow2")
	if err := os.WriteFile(raw, sector, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "qemu-img", "convert", "-O", "qcow2", raw, disk).CombinedOutput(); err != nil {
		livetest.Missing(t, "qemu-img: "+string(out), err)
	}
	return disk
}

// A vendor's machine boots from its own disk and answers on its console.
func TestVendor(t *testing.T) {
	disk := prompter(t)
	top := topologies.Topology{Name: "vendor", Dir: filepath.Dir(disk), Nodes: []topologies.Node{{
		Name: "s1", Type: "exos", Image: filepath.Base(disk),
		Env: map[string]string{vm.EnvUser: "admin", vm.EnvPassword: "env:SWITCH_PASSWORD"},
	}}, Links: []topologies.Link{{A: topologies.Endpoint{Node: "s1", Interface: "eth1"}, B: topologies.Endpoint{Node: "s1", Interface: "eth13"}}}}
	livetest.Long(t, "boots a machine")
	p, err := vm.New(vm.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context(), top); err != nil {
		livetest.Missing(t, "qemu", err)
	}
	r := reserve(t, p, top)
	a, ok := r.(topologies.Accessor).Access("s1")
	want := topologies.Access{Transport: "console", Console: "raw", User: "admin", Password: "env:SWITCH_PASSWORD", Address: a.Address}
	if diff := cmp.Diff(want, a); !ok || diff != "" {
		t.Errorf("Access (-want +got):\n%s", diff)
	}
	prompts(t, a.Address)
	if diff := cmp.Diff(map[string]string{"eth1": "1", "eth13": "13"}, r.(topologies.PortMapper).Ports("s1")); diff != "" {
		t.Errorf("Ports (-want +got):\n%s", diff)
	}
	if _, err := r.Host("s1"); err == nil {
		t.Error("a vendor's machine has a Host")
	}
	if how, why, err := r.(topologies.Resetter).Reset(t.Context(), "s1"); how != topologies.ByBoot || err != nil {
		t.Errorf("Reset = %s, %s, %v", how, why, err)
	}
	if a, _ = r.(topologies.Accessor).Access("s1"); a.Address == "" {
		t.Error("no console after the reset")
	}
	prompts(t, a.Address)
	if info, err := p.DescribeImage(t.Context(), filepath.Base(disk)); err != nil || !strings.HasPrefix(info.Digest, "sha256:") {
		t.Errorf("DescribeImage = %+v, %v", info, err)
	}
}

// prompts wants a login prompt for a key that is pressed.
func prompts(t *testing.T, address string) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	text, buf := "", make([]byte, 100)
	for !strings.Contains(text, "login: ") {
		if _, err := conn.Write([]byte("\r")); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("read: %v; so far %q", err, text)
		}
		text += string(buf[:n])
	}
}
