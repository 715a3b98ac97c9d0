package vm

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// TestDeathAtStart: a QEMU that ends at once is an error with its words, and no crash.
func TestDeathAtStart(t *testing.T) {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, emulator), []byte("#!/bin/sh\necho 'no such accelerator' >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	m, err := start(t.Context(), launch{node: planned{cpus: 1, memory: 128}, title: "x", dir: t.TempDir(), file: "n0"}, false)
	if m != nil || err == nil || !strings.Contains(err.Error(), "no such accelerator") {
		t.Errorf("start = %v, %v", m, err)
	}
}

// TestDeathInGreeting: a QEMU that answers and then breaks off, as it does under a KVM that
// lacks what it asks for, is told in its words too. They come after the connection's end.
func TestDeathInGreeting(t *testing.T) {
	dir, bin := t.TempDir(), t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "n0.qmp"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nothing hangs on it
	closed := filepath.Join(dir, "closed")
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_ = conn.Close() // what the test wants: whether it fails shows below
		_ = os.WriteFile(closed, nil, 0o600)
	}()
	script := "#!/bin/sh\nuntil [ -e " + closed + " ]; do sleep 0.05; done\necho 'failed to set MSR 0x10a' >&2\nexit 134\n"
	if err := os.WriteFile(filepath.Join(bin, emulator), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	_, err = start(t.Context(), launch{node: planned{cpus: 1, memory: 128}, title: "x", dir: dir, file: "n0"}, false)
	if err == nil || !strings.Contains(err.Error(), "exit status 134: failed to set MSR") {
		t.Errorf("start: %v", err)
	}
}

// TestFaster: KVM is taken where it runs, and not where it hangs, breaks off or is much
// slower than emulation. A machine was seen where a boot sector took 3.9 s under it on one
// day and hung on another, and where QEMU broke off with the processor of the machine.
func TestFaster(t *testing.T) {
	aborted := errors.New("failed to set MSR 0x10a to 0x69")
	for name, tt := range map[string]struct {
		emulated time.Duration
		failed   error // of emulation
		kvm      []time.Duration
		broken   error // of KVM, after what it took
		want     string
		says     string
	}{
		"fast":           {emulated: 250 * time.Millisecond, kvm: []time.Duration{100 * time.Millisecond}, want: KVM, says: "0.10 s"},
		"nested":         {emulated: 250 * time.Millisecond, kvm: []time.Duration{800 * time.Millisecond}, want: KVM, says: "0.80 s"},
		"busy once":      {emulated: 250 * time.Millisecond, kvm: []time.Duration{2 * time.Second, 200 * time.Millisecond}, want: KVM, says: "0.20 s"},
		"crawls":         {emulated: 250 * time.Millisecond, kvm: []time.Duration{3900 * time.Millisecond, 3800 * time.Millisecond, 3950 * time.Millisecond}, want: TCG, says: "3.80 s, emulated 0.25 s"},
		"breaks off":     {emulated: 250 * time.Millisecond, broken: aborted, want: TCG, says: "MSR"},
		"then breaks":    {emulated: 250 * time.Millisecond, kvm: []time.Duration{2 * time.Second}, broken: aborted, want: TCG, says: "MSR"},
		"no emulation":   {failed: errors.New("no tcg"), kvm: []time.Duration{100 * time.Millisecond}, want: KVM, says: "0.10 s"},
		"nothing at all": {failed: errors.New("no tcg"), broken: aborted, want: TCG, says: "MSR"},
	} {
		kvm := tt.kvm
		got, why := faster(func(accelerator string) (time.Duration, error) {
			if accelerator == TCG {
				return tt.emulated, tt.failed
			}
			if len(kvm) == 0 {
				return 0, tt.broken
			}
			took := kvm[0]
			kvm = kvm[1:]
			return took, nil
		})
		if got != tt.want || !strings.Contains(why, tt.says) {
			t.Errorf("%s: %s, %q, want %s and %q", name, got, why, tt.want, tt.says)
		}
	}
}

// TestDisksStandAlone: a disk that is made of other files of this machine is refused.
func TestDisksStandAlone(t *testing.T) {
	dir := t.TempDir()
	head := func(backing, features uint64) []byte {
		b := make([]byte, 512)
		copy(b, "QFI\xfb")
		binary.BigEndian.PutUint32(b[4:], 3)
		binary.BigEndian.PutUint64(b[8:], backing)
		binary.BigEndian.PutUint64(b[72:], features)
		return b
	}
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"alone":    {head(0, 1), ""},
		"based":    {head(104, 0), "based on another file"},
		"external": {head(0, 4), "data in another file"},
		"short":    {[]byte("QFI"), ""},
	} {
		disk := filepath.Join(dir, name+".qcow2")
		if err := os.WriteFile(disk, tt.data, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := New(Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.plan(topologies.Topology{Nodes: []topologies.Node{{Name: "s", Image: disk}}})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	pipe := filepath.Join(dir, "pipe.qcow2")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := standsAlone(pipe); err == nil {
		t.Error("a pipe is a disk")
	}
}

// TestArgvReachesNothing: a machine is given nothing of this one but the files of its lab, and
// a way in that leads nowhere else.
func TestArgvReachesNothing(t *testing.T) {
	for _, own := range []bool{true, false} {
		n := planned{cpus: 1, memory: 128, model: model{nic: "virtio-net-pci", disk: "virtio"}, nics: []nic{{iface: "eth1", end: "a"}}}
		if own {
			n.guest.Ref = "reprise/guest:bookworm"
		}
		args := launch{node: n, title: "x", dir: "/lab", file: "n0", accel: TCG, sandbox: true}.argv()
		line := strings.Join(args, " ")
		for _, reaching := range []string{"-virtfs", "-fsdev", "9p", "virtiofs", "vfio", "vhost", "usb-host", "-netdev tap", "-netdev bridge", "smb=", "guestfwd", "vsock", "-incoming"} {
			if strings.Contains(line, reaching) {
				t.Errorf("%s is in %s", reaching, line)
			}
		}
		for _, wanted := range []string{"-nodefaults", "-no-user-config", "restrict=on", "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"} {
			if !strings.Contains(line, wanted) {
				t.Errorf("%s is not in %s", wanted, line)
			}
		}
	}
}
