package containers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers"
)

// wayout builds the program that tries the ways out of a node.
func wayout(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wayout")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../testdata/wayout")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// standIn is a node in the manner of a machine within a container: its console greets.
func standIn(name string) topologies.Node {
	const greet = `import socket
s = socket.create_server(("", 5000))
while True:
    c, _ = s.accept()
    c.sendall(b"login: ")
    c.close()`
	return topologies.Node{
		Name: name, Kind: topologies.KindLinux, Image: image, Entrypoint: "python3 -c '" + greet + "'", Cmd: "-",
		Labels: map[string]string{containers.LabelMachine: "true", containers.LabelAccess: "console"},
	}
}

// tried is what came of one way.
type tried struct {
	Name string
	Exit int
	Said string
}

func (w tried) open() bool { return w.Exit == 0 }

// tryAll tries every way in a node, with the arguments of each by its name.
func tryAll(t *testing.T, h topologies.Host, args map[string][]string) map[string]tried {
	t.Helper()
	in, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	var out, words bytes.Buffer
	exit, err := h.Exec(t.Context(), []string{"/usr/local/bin/wayout"}, bytes.NewReader(in), &out, &words)
	var list []tried
	if err = errors.Join(err, json.Unmarshal(out.Bytes(), &list)); err != nil || exit != 0 {
		t.Fatalf("status %d, %v: %s%s", exit, err, out.String(), words.String())
	}
	found := map[string]tried{}
	for _, w := range list {
		if found[w.Name] = w; w.Exit > 1 {
			t.Errorf("%s: status %d: %s", w.Name, w.Exit, w.Said)
		}
	}
	if len(found) < 80 {
		t.Fatalf("only %d ways were tried", len(found))
	}
	return found
}

// TestWaysOut tries the known ways from a node to its machine, as root in the node: all are
// closed, in an ordinary node and in one that holds a machine. What a node needs is open, and
// so are the same ways in a node that was given them by name.
func TestWaysOut(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	program, err := os.ReadFile(wayout(t))
	if err != nil {
		t.Fatal(err)
	}
	top := pair("eth1", "eth1")
	top.Nodes[0].Memory = "500MB"
	top.Nodes[1].Rights = topologies.Rights()
	kinds := []string{"r1"}
	if hasBridge(t, c) {
		top.Nodes, kinds = append(top.Nodes, standIn("m1")), append(kinds, "m1")
	}
	r := reserve(t, p, top, topologies.Options{Run: "test-ways"})
	for _, n := range top.Names() {
		if err := host(t, r, n).WriteFile(t.Context(), "/usr/local/bin/wayout", program, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	args := onHost(t)
	args["memory without end"], args["processes without end"] = []string{"600"}, []string{"2500"}
	for _, node := range kinds {
		if node == "m1" {
			// It has the memory of the machine; once is enough.
			args["memory without end"], args["processes without end"] = []string{"1"}, []string{"1"}
			args["devices"] = []string{"kvm", "vhost-net"}
		}
		for name, w := range tryAll(t, host(t, r, node), args) {
			if node == "m1" && slices.Contains([]string{"memory without end", "processes without end"}, name) {
				continue
			}
			if w.open() != strings.HasPrefix(name, "own: ") {
				t.Errorf("%s: %s: %s", node, name, w.Said)
			}
		}
	}
	delete(args, "devices")
	given := tryAll(t, host(t, r, "r2"), args)
	for _, name := range []string{"mount tmpfs", "mount proc", "setns", "unshare networks", "bpf"} {
		if !given[name].open() {
			t.Errorf("a node with the right: %s: %s", name, given[name].Said)
		}
	}
	for _, name := range []string{"thaw the host's file system", "open_tree", "syslog", "clock_settime", "poison memory"} {
		if given[name].open() {
			t.Errorf("a node with other rights: %s: %s", name, given[name].Said)
		}
	}
	if got := run(t, host(t, r, "r2"), "sh", "-c", "ip netns add inner && ip netns exec inner ip -o link show lo"); !strings.Contains(got, "lo:") {
		t.Errorf("ip netns with the right: %q", got)
	}
	if err := ping(t.Context(), host(t, r, "r1"), "10.0.0.2"); err != nil {
		t.Errorf("the lab after all that: %v", err)
	}
}

// onHost lays out on this machine what a node must not find, and gives the arguments of the
// tries that look for it.
func onHost(t *testing.T) map[string][]string {
	t.Helper()
	const word = "reprise-ways-out-7f3a"
	marker := filepath.Join(t.TempDir(), "marker")
	if err := os.WriteFile(marker, []byte(word), 0o644); err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), "sleep", "600")
	child.Env = []string{"MARK=" + word}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	return map[string][]string{
		"the host's files":     {marker, word},
		"the host's processes": {strconv.Itoa(child.Process.Pid), word},
		"the host's network":   {"127.0.0.1:22", "127.0.0.1:2375", "172.17.0.1:2375"},
	}
}

func hasBridge(t *testing.T, c client.APIClient) bool {
	t.Helper()
	found, err := c.NetworkList(t.Context(), client.NetworkListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range found.Items {
		if n.Name == "bridge" {
			return true
		}
	}
	return false
}

// TestWaysWereOpen shows that the tries find what there is to find: in a container as nodes
// were before, with the engine's own filter and CAP_SYS_ADMIN, they do.
func TestWaysWereOpen(t *testing.T) {
	t.Parallel()
	setup(t)
	dir := filepath.Dir(wayout(t))
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"mount cgroup none,name=x", "mount proc", "remount /proc/sys writable", "setns", "unshare mounts", "bpf", "fsopen", "open_tree", "perf_event_open",
		"quotactl", "fanotify_init", "thaw the host's file system", "name the host's file system", "poison memory", "write below /proc", "rights by a file",
	} {
		out, err := exec.CommandContext(t.Context(), "docker", "run", "--rm", "--network", "none", "--cap-add", "SYS_ADMIN", "-v", dir+":/way:ro",
			"--entrypoint", "/way/wayout", image, name).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

// TestCapabilities shows that each capability is there for something: what it is for works in
// a node, and does not where the node lacks it.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	r1 := host(t, reserve(t, p, topologies.Topology{Name: "one", Nodes: nodes("r1")}, topologies.Options{Run: "test-caps"}), "r1")
	run(t, r1, "sh", "-c", `install -d -o frr -g frr /run/frr && touch /tmp/frrs && chown frr /tmp/frrs && chmod 600 /tmp/frrs
		/usr/lib/frr/zebra -d -A 127.0.0.1 && mkdir -p /run/openvswitch /var/log/openvswitch`)
	const python = "python3 -c "
	uses := map[string]string{
		"CHOWN":            "touch /tmp/c && chown frr /tmp/c",
		"DAC_OVERRIDE":     "cat /tmp/frrs",
		"FOWNER":           "chmod 600 /tmp/frrs",
		"IPC_LOCK":         python + `'import ctypes,sys; sys.exit(ctypes.CDLL(None).mlockall(3))'`,
		"KILL":             "kill -0 $(pidof zebra)",
		"NET_ADMIN":        "ip link add t0 type dummy 2>/dev/null || ip tuntap add t0 mode tap && ip link del t0",
		"NET_BIND_SERVICE": "/usr/lib/frr/bgpd -d -A 127.0.0.1 -i /run/frr/test.pid && pkill bgpd",
		"NET_RAW":          python + `'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'`,
		"SETGID":           "setpriv --regid=frr --clear-groups true",
		"SETPCAP":          python + `'import ctypes,sys; sys.exit(-ctypes.CDLL(None).prctl(24, 0, 0, 0, 0))'`, // PR_CAPBSET_DROP
		"SETUID":           "setpriv --reuid=frr --clear-groups true",
		"SYS_ADMIN":        "/usr/lib/frr/ospfd -d -A 127.0.0.1 -i /run/frr/test.pid && pkill ospfd",
		"SYS_CHROOT":       "chroot / true",
		"SYS_PTRACE":       "readlink /proc/$(pidof zebra)/exe",
	}
	for _, name := range topologies.BaseCapabilities() {
		use, ok := uses[name]
		if !ok {
			t.Errorf("nobody knows what %s is for", name)
			continue
		}
		without := "-" + strings.ToLower(name)
		for _, lacking := range []bool{false, true} {
			argv := []string{"sh", "-c", use}
			if lacking {
				argv = append([]string{"setpriv", "--bounding-set=" + without, "--inh-caps=" + without}, argv...)
			}
			var out bytes.Buffer
			exit, err := r1.Exec(t.Context(), argv, nil, &out, &out)
			if err != nil {
				t.Fatal(err)
			}
			if (exit != 0) != lacking {
				t.Errorf("%s (lacking: %v): status %d: %s", name, lacking, exit, out.String())
			}
		}
	}
	bound := strings.Fields(run(t, r1, "setpriv", "--dump"))
	i := slices.Index(bound, "bounding")
	if i < 0 || i+2 >= len(bound) {
		t.Fatalf("got %v", bound)
	}
	var want []string
	for _, name := range topologies.BaseCapabilities() {
		want = append(want, strings.ToLower(name))
	}
	got := strings.Split(bound[i+2], ",")
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("a node has %v; want %v", got, want)
	}
}
