package containers

import (
	"bufio"
	"maps"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
)

func TestAbandoned(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	alive, err := ownership(topologies.Options{Run: "r", Lab: 1, Owner: os.Getpid(), TTL: time.Hour}, now)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		want   bool
		change map[string]string
		at     time.Duration
	}{
		{"owner alive", false, nil, 0},
		{"owner alive, past its time", true, nil, 2 * time.Hour},
		{"owner gone", true, map[string]string{LabelOwner: strconv.Itoa(1 << 22)}, 0},
		{"pid recycled", true, map[string]string{LabelOwnerStart: "another boot/1"}, 0},
		{"owner gone but kept", false, map[string]string{LabelOwnerStart: "x", LabelKeep: "true"}, 0},
		{"kept, past its time", true, map[string]string{LabelKeep: "true"}, 2 * time.Hour},
		{"another machine's", false, map[string]string{LabelOwnerStart: "x", LabelHost: "elsewhere"}, 0},
		{"unreadable", false, map[string]string{LabelOwner: "?", LabelExpires: "?"}, 2 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			labels := maps.Clone(alive)
			maps.Copy(labels, tt.change)
			if got := abandoned(labels, alive[LabelHost], now.Add(tt.at)); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestOwnedBy: a lab is given to another only where who built it is known to have ended.
func TestOwnedBy(t *testing.T) {
	alive, err := ownership(topologies.Options{Run: "r", Lab: 1, Owner: os.Getpid(), TTL: time.Hour}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, want string
		change     map[string]string
	}{
		{"it goes on", "which built it, goes on", nil},
		{"it has ended", "", map[string]string{LabelOwner: strconv.Itoa(1 << 22)}},
		{"its number is another's", "", map[string]string{LabelOwnerStart: "another boot/1"}},
		{"on another machine", `machine "elsewhere" built it`, map[string]string{LabelHost: "elsewhere"}},
		{"kept, on another machine", `machine "elsewhere" built it`, map[string]string{LabelHost: "elsewhere", LabelKeep: "true"}},
		{"no machine is told", `machine "" built it`, map[string]string{LabelHost: ""}},
		{"no process is told", "do not say", map[string]string{LabelOwner: "?"}},
		{"no start is told", "do not say", map[string]string{LabelOwnerStart: ""}},
	} {
		labels := maps.Clone(alive)
		maps.Copy(labels, tt.change)
		if got := ownedBy(labels, alive[LabelHost]); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

func TestWords(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"sleep infinity", []string{"sleep", "infinity"}},
		{`sh -c "echo 'a b'"`, []string{"sh", "-c", "echo 'a b'"}},
		{`a\ b '' "c\"d"`, []string{"a b", "", `c"d`}},
	}
	for _, tt := range tests {
		got, err := words(tt.text)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("words(%q): %v %s", tt.text, err, diff)
		}
	}
	if _, err := words(`a "b`); err == nil {
		t.Error("an open quotation was taken")
	}
}

func TestLimits(t *testing.T) {
	tests := []struct {
		memory  string
		machine bool
		total   int64
		want    int64
		own     bool
	}{
		{"", false, 64 << 30, 2 << 30, false},
		{"", false, 1 << 30, 512 << 20, false},
		{"", true, 64 << 30, 56 << 30, false},
		{"512MB", false, 64 << 30, 512_000_000, true},
		{"1GiB", true, 64 << 30, 1 << 30, true},
		{"1gib", false, 64 << 30, 1 << 30, true},
	}
	for _, tt := range tests {
		got, err := limitsOf(topologies.Node{Memory: tt.memory, CPU: 0.5}, tt.machine, tt.total)
		if err != nil || got.memory != tt.want || got.own != tt.own || got.nanoCPUs != 500_000_000 || got.disk <= 0 {
			t.Errorf("limitsOf(%q, %v, %d) = %+v, %v; want %d", tt.memory, tt.machine, tt.total, got, err, tt.want)
		}
	}
	for _, bad := range []string{"much", "0", "-1"} {
		if _, err := limitsOf(topologies.Node{Memory: bad}, false, 1<<30); err == nil {
			t.Errorf("memory %q was taken", bad)
		}
	}
}

func TestPublish(t *testing.T) {
	tests := []struct{ text, port, ip, host string }{
		{"8080:80", "80/tcp", "invalid IP", "8080"},
		{"127.0.0.1:8080:80/tcp", "80/tcp", "127.0.0.1", "8080"},
		{"[::1]:161:161/udp", "161/udp", "::1", "161"},
		{"22", "22/tcp", "invalid IP", ""},
	}
	for _, tt := range tests {
		got, err := publish([]string{tt.text})
		if err != nil || len(got) != 1 {
			t.Errorf("publish(%q) = %v, %v", tt.text, got, err)
			continue
		}
		if p := got[0]; p.port.String() != tt.port || p.at.HostIP.String() != tt.ip || p.at.HostPort != tt.host {
			t.Errorf("publish(%q) = %+v", tt.text, p)
		}
	}
	for _, bad := range []string{"x", "1:2:3:4", "a:1:2"} {
		if _, err := publish([]string{bad}); err == nil {
			t.Errorf("publish(%q) was taken", bad)
		}
	}
}

func TestMachineOf(t *testing.T) {
	t.Parallel()
	label := func(name, value string) map[string]string { return map[string]string{name: value} }
	tests := []struct {
		name string
		node topologies.Node
		want bool
		err  string
	}{
		{"a container", topologies.Node{Image: "reprise/frr:8.4.4"}, false, ""},
		{"vrnetlab's", topologies.Node{Image: "vrnetlab/extreme_exos:33.1.1"}, true, ""},
		{"from a registry", topologies.Node{Image: "registry.example/vrnetlab/extreme_exos:33.1.1"}, true, ""},
		{"only alike", topologies.Node{Image: "vrnetlab-tools:1"}, false, ""},
		{"by kind", topologies.Node{Image: "x", Kind: "generic_vm"}, true, ""},
		{"by label", topologies.Node{Image: "x", Labels: label(LabelMachine, "true")}, true, ""},
		{"not, by label", topologies.Node{Image: "vrnetlab/x", Labels: label(LabelMachine, "false")}, false, ""},
		{"unreadable label", topologies.Node{Image: "x", Labels: label(LabelMachine, "maybe")}, false, "neither true nor false"},
		{"unreadable access", topologies.Node{Image: "vrnetlab/x", Labels: label(LabelAccess, "pigeon")}, false, "neither ssh nor console"},
		{"unreadable time", topologies.Node{Image: "vrnetlab/x", Labels: label(LabelBoot, "soon")}, false, "no duration"},
		{"nowhere to be reached", topologies.Node{Image: "vrnetlab/x", NetworkMode: "none"}, false, "no way to it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := machineOf(tt.node, false)
			if (m != nil) != tt.want || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %+v, %v", m, err)
			}
		})
	}
}

// What the monitor says of its own accord is an error; silence is success.
func TestMonitor(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"set_link p01 off\r\n": "", "set_link p01 off\r\nError: Device 'p01' not found\r\n": "Device 'p01' not found",
	} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("QEMU monitor\r\n" + monitorPrompt))
			_, _ = bufio.NewReader(c).ReadString('\n')
			_, _ = c.Write([]byte(said + monitorPrompt))
		}()
		err = monitor(t.Context(), l.Addr().String(), "set_link p01 off")
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", said, err)
		}
	}
}
