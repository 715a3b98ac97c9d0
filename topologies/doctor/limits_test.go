package doctor_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/doctor"
)

// machine is a folder that stands for a machine.
func machine(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	all := map[string]string{
		"/proc/sys/net/ipv4/neigh/default/gc_thresh3": "1024\n", "/proc/sys/net/ipv6/neigh/default/gc_thresh3": "1024\n",
		"/proc/sys/fs/inotify/max_user_instances": "512\n", "/proc/sys/kernel/pid_max": "32768\n", "/proc/sys/kernel/threads-max": "192729\n",
		"/proc/meminfo": "MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n",
	}
	maps.Copy(all, files)
	for file, text := range all {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func ring(nodes int) topologies.Topology {
	var t topologies.Topology
	for i := range nodes {
		t.Nodes = append(t.Nodes, topologies.Node{Name: fmt.Sprint(i), Kind: topologies.KindLinux})
		t.Links = append(t.Links, topologies.Link{
			A: topologies.Endpoint{Node: fmt.Sprint(i), Interface: "a"}, B: topologies.Endpoint{Node: fmt.Sprint((i + 1) % nodes), Interface: "b"},
		})
	}
	return t
}

// lan has nodes on two segments that hang together.
func lan(nodes int) topologies.Topology {
	t := topologies.Topology{Nodes: []topologies.Node{{Name: "s0", Kind: topologies.KindBridge}, {Name: "s1", Kind: topologies.KindOVSBridge}}}
	t.Links = append(t.Links, topologies.Link{A: topologies.Endpoint{Node: "s0", Interface: "up"}, B: topologies.Endpoint{Node: "s1", Interface: "up"}})
	for i := range nodes {
		t.Nodes = append(t.Nodes, topologies.Node{Name: fmt.Sprint(i), Kind: topologies.KindLinux})
		t.Links = append(t.Links, topologies.Link{
			A: topologies.Endpoint{Node: fmt.Sprint(i), Interface: "a"}, B: topologies.Endpoint{Node: fmt.Sprintf("s%d", i%2), Interface: fmt.Sprint(i)},
		})
	}
	return t
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		files map[string]string
		top   topologies.Topology
		labs  int
		want  []string // names of what is not well, with what the lab takes
	}{
		{"a pair", nil, ring(2), 1, nil},
		{"a ring that fits", nil, ring(512), 1, nil},
		{"a ring that does not", nil, ring(513), 1, []string{"IPv4 neighbours 1026", "IPv6 neighbours 1026", "inotify instances 513"}},
		{"three labs of one that fits", nil, ring(200), 3, []string{"IPv4 neighbours 1200", "IPv6 neighbours 1200", "inotify instances 600"}},
		{"a segment that fits", nil, lan(32), 1, nil},
		{"a segment that does not", nil, lan(33), 1, []string{"IPv4 neighbours 1056", "IPv6 neighbours 1056"}},
		{"a larger table", map[string]string{"/proc/sys/net/ipv4/neigh/default/gc_thresh3": "4096"}, lan(33), 1, []string{"IPv6 neighbours 1056"}},
		{"few processes", map[string]string{"/proc/sys/kernel/pid_max": "999"}, ring(100), 1, []string{"processes 1000"}},
		{"little memory", map[string]string{"/proc/meminfo": "MemAvailable: 1000000 kB\n"}, ring(100), 1, []string{"memory 1250"}},
		{"a machine that tells nothing", map[string]string{"/proc/sys/net/ipv4/neigh/default/gc_thresh3": "", "/proc/sys/net/ipv6/neigh/default/gc_thresh3": "x"}, ring(512), 1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checks := doctor.Limits(machine(t, tt.files), tt.top, tt.labs)
			if !doctor.Ready(checks) {
				t.Error("a lab that is large is no machine that lacks something")
			}
			lines := doctor.Short(checks)
			if len(lines) != len(tt.want) {
				t.Fatalf("got %q, want %q", lines, tt.want)
			}
			settings := 0
			for _, line := range lines {
				settings += strings.Count(line, "sysctl -w")
			}
			if raised := doctor.Raised(machine(t, tt.files), tt.top, tt.labs); len(raised) != settings {
				t.Errorf("to be raised: %v", raised)
			}
			for i, want := range tt.want {
				cut := strings.LastIndex(want, " ")
				if !strings.HasPrefix(lines[i], "limit: "+want[:cut]) || !slices.Contains(strings.Fields(strings.ReplaceAll(lines[i], ";", "")), want[cut+1:]) {
					t.Errorf("got %q, want %q", lines[i], want)
				}
			}
		})
	}
}
