package lab_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

var update = flag.Bool("update", false, "write golden files anew")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what it was (-update writes it anew): %s", file, diff)
	}
}

func load(t *testing.T, file string) *lab.Inventory {
	t.Helper()
	inv, err := lab.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestLoad(t *testing.T) {
	inv := load(t, "testdata/lab.yaml")
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if inv.State != filepath.Join(dir, "state") {
		t.Errorf("state folder %s", inv.State)
	}
	if diff := cmp.Diff([]string{"sw1", "sw2", "core", "sim"}, inv.Names()); diff != "" {
		t.Error(diff)
	}
	sw1, _ := inv.Device("sw1")
	want := topologies.Access{
		Transport: "ssh", Address: "10.0.0.1:22", User: "admin", Password: "env:SW1_PASSWORD", Key: "agent",
		KnownHosts: filepath.Join(dir, "known_hosts"),
	}
	if diff := cmp.Diff(want, sw1.Access); diff != "" {
		t.Error(diff)
	}
	want = topologies.Access{
		Transport: "console", Address: "ts1:2001", User: "lab", Password: "env:LAB_PASSWORD", Console: "telnet",
		ServerUser: "ts", ServerPassword: "file:" + filepath.Join(dir, "secrets/ts1"), KnownHosts: filepath.Join(dir, "known_hosts"),
	}
	if diff := cmp.Diff(&want, sw1.Console); diff != "" {
		t.Error(diff)
	}
	sw2, _ := inv.Device("sw2")
	if sw2.Access.Address != "10.0.0.2:22" || !sw2.Access.AcceptNew || len(sw2.Ports) != 28 || sw2.Ports[27].Name != "1:28" {
		t.Errorf("sw2: %+v", sw2)
	}
	sim, _ := inv.Device("sim")
	if diff := cmp.Diff([]string{"simulated"}, sim.Marks); diff != "" {
		t.Error(diff)
	}
	var cables []string
	for _, c := range inv.Cables {
		cables = append(cables, c.String()+" "+c.Speed.String())
	}
	wantCables := []string{"sw1:1 – sw2:1:1 1G", "sw1:2 – sw2:1:2 100M", "sw1:25 – sw2:1:25 25G", "sw2:1:10 – core:1/10 1G"}
	if diff := cmp.Diff(wantCables, cables); diff != "" {
		t.Error(diff)
	}
}

// Every fault is there in one pass with its position, and no secret in any message.
func TestLoadReportsEveryFault(t *testing.T) {
	_, err := lab.Load("testdata/faults.yaml")
	if _, ok := errors.AsType[yamlpos.Problems](err); !ok {
		t.Fatalf("got %v, want problems", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a message repeats a secret: %v", err)
	}
	golden(t, "testdata/faults.golden", []byte(err.Error()+"\n"))
}

// TestLoadIdentity: an address that nothing has, and a serial number of two devices, are faults; a real switch without one is told.
func TestLoadIdentity(t *testing.T) {
	parse := func(devices string) (*lab.Inventory, error) {
		return lab.Parse("lab.yaml", []byte("reprise: lab/v1\nname: l\ndefaults: {user: admin, password: env:LAB_PASSWORD}\ndevices:\n"+devices))
	}
	for name, tt := range map[string]struct{ devices, want string }{
		"a serial of two": {"  x1: {platform: exos, serial: 0000N-00001, kind: hardware, access: {address: \"10.0.0.11:22\"}}\n  x2: {platform: exos, serial: 0000N-00001, kind: hardware, access: {address: \"10.0.0.12:22\"}}\n", "lab.yaml:6:32: serial 0000N-00001 is that of x1"},
		"a port":          {"  x1: {platform: exos, serial: a, kind: hardware, access: {address: \"10.0.0.11:99999\"}}\n", `"10.0.0.11:99999" is not an address`},
		"a host":          {"  x1: {platform: exos, serial: a, kind: hardware, access: {address: \"10.0.0.311:22\"}}\n", `"10.0.0.311:22" is not an address`},
		"a host alone":    {"  x1: {platform: exos, serial: a, kind: hardware, access: {address: 10.0.0.311}}\n", `"10.0.0.311:22" is not an address`},
	} {
		if _, err := parse(tt.devices); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	inv, err := parse("  x1: {platform: exos, kind: hardware, access: {address: x1.example}}\n  x2: {platform: exos, kind: vm, access: {address: \"[2001:db8::1]:22\"}}\n")
	if err != nil || len(inv.Warnings) != 1 || !strings.Contains(inv.Warnings[0].String(), "device x1 has no serial number") {
		t.Errorf("%v, %+v", err, inv)
	}
}

func TestLoadMissing(t *testing.T) {
	if _, err := lab.Load("testdata/none.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// The schema that editors use is the one that the types give.
func TestSchemaIsFresh(t *testing.T) {
	got, err := lab.Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema.json", got)
}

// Whatever a file holds, it is an inventory that keeps its promises, or problems with
// positions; never a panic, and never a secret in a message.
func FuzzLoad(f *testing.F) {
	for _, file := range []string{"testdata/lab.yaml", "testdata/faults.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("reprise: lab/v1\nname: a\ndevices: {a: {platform: x, kind: vm, access: {address: 'h:1'}, ports: {'1-3,5': }}}\ncables: [[a:1, a:2]]"))
	f.Add([]byte("devices: &d {a: *d}"))
	f.Add([]byte("devices: {<<: {a: {}}, b: {ports: {ge-0/0/1: , 'x-': , '-': , '1-99999999999999999999': }}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		inv, err := lab.Parse("fuzz/lab.yaml", data)
		if err != nil {
			if ps, ok := errors.AsType[yamlpos.Problems](err); !ok || len(ps) == 0 {
				t.Fatalf("not problems: %v", err)
			}
			return
		}
		used := map[lab.End]bool{}
		for _, c := range inv.Cables {
			for _, e := range []lab.End{c.A, c.B} {
				d, ok := inv.Device(e.Device)
				if _, port := d.Port(e.Port); !ok || !port || used[e] {
					t.Fatalf("cable %s: device %v, port %v, used before %v", c, ok, port, used[e])
				}
				used[e] = true
			}
		}
		if _, err := lab.Solve(inv, lab.RequestDevices(inv.Names()...)); err != nil {
			t.Fatalf("the devices of the inventory by name: %v", err)
		}
	})
}
