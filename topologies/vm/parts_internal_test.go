package vm

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/vm/guest"
)

// after gives the arguments that follow an option.
func after(args []string, option string) (values []string) {
	for i, a := range args[:len(args)-1] {
		if a == option {
			values = append(values, args[i+1])
		}
	}
	return values
}

func link(a, b string) topologies.Link {
	end := func(s string) topologies.Endpoint {
		node, iface, _ := strings.Cut(s, ":")
		return topologies.Endpoint{Node: node, Interface: iface}
	}
	return topologies.Link{A: end(a), B: end(b)}
}

func TestArgvOfGuest(t *testing.T) {
	m, err := guestModel(0, "")
	if err != nil {
		t.Fatal(err)
	}
	top := topologies.Topology{Name: "t", Links: []topologies.Link{link("n1:up", "n2:eth9"), link("n2:x", "n1:down")}}
	n := planned{Node: topologies.Node{Name: "n1"}, guest: guest.Guest{Ref: guest.Ref("bookworm"), Dir: "/g"}, model: m, memory: m.memory, cpus: 1}
	if n.nics, err = nicsOf(top, n); err != nil {
		t.Fatal(err)
	}
	args := launch{node: n, title: "lab-n1", dir: "/labs/1", file: "n0", accel: TCG, load: true}.argv()
	want := map[string][]string{
		"-pidfile": {"/labs/1/n0.pid"}, "-m": {"512"}, "-kernel": {"/g/vmlinuz"}, "-loadvm": {"base"}, "-accel": {"tcg"},
		"-netdev": {
			"user,id=mgmt,restrict=on,ipv6=off,net=10.0.2.0/24,dhcpstart=10.0.2.15,hostfwd=tcp:127.0.0.1:0-:22",
			"dgram,id=net1,local.type=unix,local.path=l0a,remote.type=unix,remote.path=l0b",
			"dgram,id=net2,local.type=unix,local.path=l1b,remote.type=unix,remote.path=l1a",
		},
		"-device": {
			"virtio-rng-pci",
			"virtio-net-pci,id=mgmt0,mac=52:54:00:72:65:00,netdev=mgmt,speed=1000,duplex=full",
			"virtio-net-pci,id=nic1,mac=52:54:00:72:65:01,netdev=net1,speed=1000,duplex=full",
			"virtio-net-pci,id=nic2,mac=52:54:00:72:65:02,netdev=net2,speed=1000,duplex=full",
		},
	}
	for option, values := range want {
		if diff := cmp.Diff(values, after(args, option)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", option, diff)
		}
	}
}

func TestArgvOfVendors(t *testing.T) {
	tests := []struct {
		name, kind, cpu string
		memory          int
		devices         []string
		ports           map[string]string
	}{
		{"exos", "exos", "core2duo", 512, []string{
			"rtl8139,id=mgmt0,mac=52:54:00:72:65:00,netdev=mgmt",
			"rtl8139,id=nic1,mac=52:54:00:72:65:01", // nothing is plugged in
			"rtl8139,id=nic2,mac=02:00:00:00:00:02,netdev=net2",
		}, map[string]string{"eth2": "2"}},
		{"voss", "voss", "max,la57=off", 2048, []string{
			"e1000,id=mgmt0,mac=52:54:00:72:65:00,netdev=mgmt",
			"e1000,id=nic1,mac=52:54:00:72:65:01",
			"e1000,id=nic2,mac=02:00:00:00:00:02,netdev=net2",
		}, map[string]string{"eth2": "1/2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := link("s:eth2", "h:eth1")
			l.A.MAC = "02:00:00:00:00:02"
			n := planned{Node: topologies.Node{Name: "s", Type: tt.kind}, model: vendorModel(tt.kind), cpus: 1}
			n.memory = n.model.memory
			var err error
			if n.nics, err = nicsOf(topologies.Topology{Links: []topologies.Link{l}}, n); err != nil {
				t.Fatal(err)
			}
			args := launch{node: n, dir: "/labs/1", file: "n0", accel: TCG}.argv()
			if diff := cmp.Diff(tt.devices, after(args, "-device")); diff != "" {
				t.Errorf("devices (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.ports, n.ports()); diff != "" {
				t.Errorf("ports (-want +got):\n%s", diff)
			}
			if cpu := after(args, "-cpu"); cpu[0] != tt.cpu || n.memory != tt.memory {
				t.Errorf("cpu %v, memory %d", cpu, n.memory)
			}
			if drive := after(args, "-drive"); !strings.HasSuffix(drive[0], "if=ide") || slices.Contains(args, "-kernel") {
				t.Errorf("it does not boot from its own disk: %v", args)
			}
		})
	}
}

// A bus has 32 places: what is beyond goes behind a bridge.
func TestManyDevices(t *testing.T) {
	n := planned{model: vendorModel("voss"), nics: make([]nic, 32)}
	args := launch{node: n, file: "n0"}.network()
	devices := after(args, "-device")
	if len(devices) != 1+32+1 {
		t.Fatalf("%d devices", len(devices))
	}
	for bus, most := range map[string]int{"bus=bus1": 20, "bus=": 13} {
		on := 0
		for _, d := range devices {
			if strings.Contains(d, bus) {
				on++
			}
		}
		if on > most {
			t.Errorf("%d devices on %s", on, bus)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	p, err := New(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	disk := filepath.Join(t.TempDir(), "vendor.qcow2")
	if err := os.WriteFile(disk, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		nodes []topologies.Node
		links []topologies.Link
		want  string // in the error; empty: none
	}{
		{"a disk", []topologies.Node{{Name: "s", Image: disk}}, nil, ""},
		{"a guest that was never made", []topologies.Node{{Name: "s", Image: guest.Ref("bookworm")}}, nil, "reprise images build --guest bookworm"},
		{"a disk that is not there", []topologies.Node{{Name: "s", Image: "gone.qcow2"}}, nil, "disk gone.qcow2 is missing"},
		{"a segment", []topologies.Node{{Name: "s", Image: disk}, {Name: "br", Kind: topologies.KindBridge}}, nil, "a shared segment"},
		{"a container", []topologies.Node{{Name: "s", Image: disk}, {Name: "c", Image: "reprise/frr:8.4.4"}}, nil, "either of machines or of containers"},
		{"binds", []topologies.Node{{Name: "s", Image: disk, Binds: []string{"a:b"}}}, nil, "binds is of containers"},
		{"a port too far", []topologies.Node{{Name: "s", Image: disk, Type: "exos"}}, []topologies.Link{link("s:eth14", "s:eth1")}, "port 14 is too high"},
		{"two links of one port", []topologies.Node{{Name: "s", Image: disk}}, []topologies.Link{link("s:eth1", "s:eth2"), link("s:eth1", "s:eth3")}, "has two links"},
		{"a name that is taken", []topologies.Node{{Name: "s", Image: disk}}, []topologies.Link{link("s:mgmt0", "s:eth3")}, "cannot be the name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := p.plan(topologies.Topology{Nodes: tt.nodes, Links: tt.links})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("plan = %v; want %q", err, tt.want)
			}
		})
	}
}

func TestIs(t *testing.T) {
	for image, want := range map[string]bool{"reprise/guest:bookworm": true, "disks/EXOS-VM_v32.qcow2": true, "reprise/frr:8.4.4": false, "": false} {
		if got := Is(topologies.Topology{Nodes: []topologies.Node{{Image: image}}}); got != want {
			t.Errorf("Is(%q) = %t", image, got)
		}
	}
}

// Only the process that wrote a pid file may be ended for it.
func TestWrote(t *testing.T) {
	line := func(args ...string) string { return strings.Join(args, "\x00") + "\x00" }
	const file = "/labs/1/n0.pid"
	tests := []struct {
		name, cmdline string
		want          bool
	}{
		{"ours", line("/usr/bin/qemu-system-x86_64", "-pidfile", file, "-m", "512"), true},
		{"of another lab", line("qemu-system-x86_64", "-pidfile", "/labs/2/n0.pid"), false},
		{"of somebody else", line("qemu-system-x86_64", "-m", "512"), false},
		{"an editor", line("vi", "-pidfile", file), false},
		{"a word in passing", line("qemu-system-x86_64", "-name", "-pidfile "+file), false},
		{"a process of the kernel", "", false},
	}
	for _, tt := range tests {
		if got := wrote(tt.cmdline, file); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

func TestAbandoned(t *testing.T) {
	now := time.Now()
	mine, err := newOwnership("id", topologies.Options{Owner: os.Getpid(), TTL: time.Hour}, now)
	if err != nil {
		t.Fatal(err)
	}
	gone, other, kept := mine, mine, mine
	gone.OwnerStart, other.OwnerStart, kept.OwnerStart = "x", "x", "x"
	other.Host, kept.Keep = "another", true
	for _, tt := range []struct {
		name string
		w    ownership
		at   time.Time
		want bool
	}{
		{"its owner lives", mine, now, false},
		{"its time is over", mine, now.Add(2 * time.Hour), true},
		{"its owner has ended", gone, now, true},
		{"it is of another machine", other, now, false},
		{"it is kept", kept, now, false},
	} {
		if got := tt.w.abandoned(mine.Host, tt.at); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

func TestReadAddresses(t *testing.T) {
	const usernet = "Hub -1 (mgmt):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n" +
		"  TCP[ESTABLISHED]   17       127.0.0.1 41234       10.0.2.15    22     0     0\r\n" +
		"  TCP[HOST_FORWARD]  12       127.0.0.1 33445       10.0.2.15    22     0     0\r\n"
	if at, err := readForward(usernet); at != "127.0.0.1:33445" || err != nil {
		t.Errorf("readForward = %q, %v", at, err)
	}
	for _, name := range []string{"disconnected:tcp:127.0.0.1:40001,server=on", "tcp:127.0.0.1:40001,server=on <-> 127.0.0.1:5"} {
		if at, err := readConsole([]chardev{{"mon", "unix:x"}, {"console", name}}); at != "127.0.0.1:40001" || err != nil {
			t.Errorf("readConsole(%q) = %q, %v", name, at, err)
		}
	}
}

// The shell's own line is taken out, however it is cut.
func TestOutput(t *testing.T) {
	for _, parts := range [][]string{{"4711\none\ntwo"}, {"47", "11\r", "\none", "\ntwo"}} {
		var b strings.Builder
		o := newOutput(&b, &b)
		for _, part := range parts {
			if n, err := o.stdout().Write([]byte(part)); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		if pid := <-o.pid; pid != 4711 || b.String() != "one\ntwo" {
			t.Errorf("pid %d, output %q", pid, b.String())
		}
	}
}

// What sysctl says of a setting that its kernel has not is told apart from what else it refuses.
func TestLackingSetting(t *testing.T) {
	for key, lacks := range map[string]bool{"net.ipv4.no_such_setting": true, "kernel.osrelease": false} {
		said, err := exec.CommandContext(t.Context(), "sysctl", "-q", "-w", key+"=1").CombinedOutput()
		if errors.Is(err, exec.ErrNotFound) {
			livetest.Missing(t, "sysctl", err)
		}
		missing, ok := errors.AsType[*topologies.MissingError](lackingSetting(string(said)))
		if ok != lacks || ok && missing.Name != "sysctl "+key {
			t.Errorf("%s: %q is %v", key, said, missing)
		}
	}
}

// What is no interface, as the file of bonding's masters, and one that is of no device, are passed over without a word.
func TestFindDevice(t *testing.T) {
	const mac = "02:00:00:00:00:01"
	dir := t.TempDir()
	for name, content := range map[string]string{"bonding_masters": "", "bond0/address": mac, "eth1/address": mac, "eth1/device": "", "eth2/address": "02:00:00:00:00:02", "eth2/device": ""} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	script := strings.ReplaceAll(findDevice, "/sys/class/net", dir) + "dev " + mac + "; echo $d"
	said, err := exec.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput()
	if err != nil || string(said) != "eth1\n" {
		t.Errorf("got %q, %v; want eth1 alone", said, err)
	}
}
