package vm

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
