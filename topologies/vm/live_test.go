package vm_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/vm"
)

// bond makes an aggregation of eth1 and eth2.
const bond = `ip link add bond0 type bond mode 802.3ad lacp_rate fast miimon 100
for i in eth1 eth2; do ip link set $i down; ip link set $i master bond0; ip link set $i up; done
ip link set bond0 up; ip addr add 10.9.0.$N/24 dev bond0
ip link add link bond0 name bond0.42 type vlan id 42; ip link set bond0.42 up; ip addr add 10.42.0.$N/24 dev bond0.42`

// What the machines are for: the kernel's own aggregation, VLANs and queueing, over links
// that pass link-local frames and tags, and lose their carrier.
func TestLinks(t *testing.T) {
	r := reserve(t, setup(t, vm.Options{}), pair(2))
	n1, n2 := host(t, r, "n1"), host(t, r, "n2")
	run(t, n1, "N=1; "+bond)
	run(t, n2, "N=2; "+bond)
	t.Run("LACP agrees", func(t *testing.T) {
		for _, h := range []topologies.Host{n1, n2} {
			out := eventually(t, h, 30*time.Second, `f=/proc/net/bonding/bond0; grep -q "Number of ports: 2" $f; ! grep -q "Partner Mac Address: 00:00:00:00:00:00" $f; cat $f`)
			if strings.Count(out, "\nAggregator ID: ") != 2 {
				t.Errorf("not both ports are in one aggregation:\n%s", out)
			}
		}
	})
	t.Run("tags pass", func(t *testing.T) {
		eventually(t, n1, 10*time.Second, "ping -n -c 1 -W 1 10.42.0.2")
		if out := run(t, n1, `timeout 5 tcpdump -e -n -c 2 -i eth1 vlan 42 2>/dev/null & timeout 5 tcpdump -e -n -c 2 -i eth2 vlan 42 2>/dev/null & sleep 1; ping -n -c 5 -i 0.2 -W 1 10.42.0.2 >/dev/null; wait; true`); !strings.Contains(out, "vlan 42") {
			t.Errorf("no frame with tag 42 on the wires:\n%s", out)
		}
	})
	t.Run("netem delays", func(t *testing.T) {
		run(t, n1, "tc qdisc add dev bond0 root netem delay 300ms")
		out := run(t, n1, "ping -n -c 1 -W 3 10.9.0.2; tc qdisc del dev bond0 root")
		var took float64
		if _, after, found := strings.Cut(out, "time="); found {
			took, _ = strconv.ParseFloat(strings.Fields(after)[0], 64)
		}
		if took < 300 {
			t.Errorf("no delay of 300 ms:\n%s", out)
		}
	})
	t.Run("a fault takes the carrier at both ends", func(t *testing.T) {
		f, err := r.(topologies.Faulter).Inject(t.Context(), topologies.Fault{Kind: topologies.FaultDown, Endpoint: topologies.Endpoint{Node: "n1", Interface: "eth1"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range []topologies.Host{n1, n2} {
			eventually(t, h, 10*time.Second, `[ $(cat /sys/class/net/eth1/carrier) = 0 ]; [ $(cat /sys/class/net/eth2/carrier) = 1 ]`)
		}
		for range 2 {
			if err := f.Heal(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, h := range []topologies.Host{n1, n2} {
			eventually(t, h, 10*time.Second, `[ $(cat /sys/class/net/eth1/carrier) = 1 ]`)
		}
	})
	t.Run("a fault that is not there is named", func(t *testing.T) {
		_, err := r.(topologies.Faulter).Inject(t.Context(), topologies.Fault{Kind: topologies.FaultReplug, Endpoint: topologies.Endpoint{Node: "n1", Interface: "eth1"}})
		if _, ok := errors.AsType[*topologies.MissingError](err); !ok {
			t.Errorf("replug = %v; want a MissingError", err)
		}
	})
}

// A cable is a pair of sockets, which somebody may remove.
func TestChanges(t *testing.T) {
	dir := t.TempDir()
	r := reserve(t, setup(t, vm.Options{}), pair(1))
	changes := func() []topologies.Change {
		list, err := r.(topologies.StateChecker).Changes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if list := changes(); len(list) > 0 {
		t.Errorf("nobody touched the lab, and it says: %+v", list)
	}
	if err := os.Rename(filepath.Join(labDir(t, r), "l0a"), filepath.Join(dir, "l0a")); err != nil {
		t.Fatal(err)
	}
	if list := changes(); len(list) != 1 || !strings.HasPrefix(list[0].What, "the cable at n1:eth1 is gone") {
		t.Errorf("a socket was removed: %+v", list)
	}
}

// labDir finds the folder of a lab of a provider of no options.
func labDir(t *testing.T, r topologies.Reservation) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	owners, err := filepath.Glob(filepath.Join(cache, "reprise", "vm", "labs", "*", "lab.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range owners {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), strconv.Quote(r.ID())) {
			return filepath.Dir(file)
		}
	}
	t.Fatalf("no folder of %s is among %v", r.ID(), owners)
	return ""
}

// A guest is a clean machine: nothing of ours in its routing table, nothing started.
func TestGuest(t *testing.T) {
	top := pair(1)
	top.Nodes[0].Env = map[string]string{"COLOUR": "it's blue"}
	top.Links[0].A.IPv4, top.Links[0].B.IPv4 = "10.0.0.1/24", "10.0.0.2/24"
	top.Links[0].A.MAC, top.Links[0].MTU = "02:00:00:00:00:07", 1400
	r := reserve(t, setup(t, vm.Options{}), top)
	h := host(t, r, "n1")
	for _, tt := range []struct{ name, script, want string }{
		{"the name", "hostname", "n1"},
		{"the table", "ip route show table main | grep -v 10.0.0", ""},
		{"the environment", `echo "$COLOUR"`, "it's blue"},
		{"an address", "cat /sys/class/net/eth1/address /sys/class/net/eth1/mtu", "02:00:00:00:00:07\n1400"},
		{"forwarding", "cat /proc/sys/net/ipv4/ip_forward", "1"},
		{"daemons", "pgrep -x 'zebra|bgpd|bird'; pgrep -x lldpd; pgrep -x keepalived", ""},
		{"the console", "echo $SSH_TTY", ""},
	} {
		out, _ := try(t.Context(), h, tt.script)
		if out != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, out, tt.want)
		}
	}
	eventually(t, h, 10*time.Second, "ping -n -c 1 -W 1 10.0.0.2")
	t.Run("host", func(t *testing.T) { hostContract(t, h) })
	t.Run("reset", func(t *testing.T) { resets(t, r, h) })
	t.Run("restart", func(t *testing.T) { restarts(t, r, h) })
}

func hostContract(t *testing.T, h topologies.Host) {
	t.Helper()
	ctx := t.Context()
	if _, err := h.ReadFile(ctx, "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadFile = %v; want fs.ErrNotExist", err)
	}
	data := strings.Repeat("0123456789abcdef\x00\r\n", 20000)
	if err := h.WriteFile(ctx, "/tmp/a/b", []byte(data), 0o640); err != nil {
		t.Fatal(err)
	}
	f, err := h.ReadFile(ctx, "/tmp/a/b")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if err != nil || string(got) != data {
		t.Errorf("read %d bytes, %v; want the %d written", len(got), err, len(data))
	}
	_ = f.Close()
	if exit, err := h.Exec(ctx, []string{"sh", "-c", "exit 7"}, nil, nil, nil); exit != 7 || err != nil {
		t.Errorf("exit 7 = %d, %v", exit, err)
	}
	if exit, err := h.Exec(ctx, []string{"sh", "-c", "kill -9 $$"}, nil, nil, nil); exit != 137 || err != nil {
		t.Errorf("kill -9 = %d, %v", exit, err)
	}
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := h.Exec(short, []string{"sleep", "4321"}, nil, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a long command = %v", err)
	}
	eventually(t, h, 5*time.Second, "! pgrep -f 'slee[p] 4321'")
	s, err := h.Open(ctx, []string{"sh", "-c", "stty size; sleep 4322"}, true)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, err := io.ReadAtLeast(s, buf, 6)
	if got := string(buf[:n]); err != nil || !strings.HasPrefix(got, "24 511") {
		t.Errorf("terminal of %q, %v; want 24 511", got, err)
	}
	_ = s.Close()
	eventually(t, h, 5*time.Second, "! pgrep -f 'slee[p] 4322'")
}

// resets changes what a scenario would, and wants it as it was.
func resets(t *testing.T, r topologies.Reservation, h topologies.Host) {
	t.Helper()
	run(t, h, `rm -f /tmp/changed; echo changed > /etc/motd; sync; ip link add dummy7 type dummy; ip addr del 10.0.0.1/24 dev eth1; sleep 7777 >/dev/null 2>&1 </dev/null &`)
	start := time.Now()
	how, why, err := r.(topologies.Resetter).Reset(t.Context(), "n1")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("reset by %s in %.1f s %s", how, time.Since(start).Seconds(), why)
	if how != topologies.BySnapshot {
		t.Errorf("reset by %s: %s", how, why)
	}
	run(t, h, `! grep -q changed /etc/motd; ! ip link show dummy7 2>/dev/null; ! pgrep -f 'slee[p] 7777'; ip addr show eth1 | grep -q 10.0.0.1`)
	eventually(t, h, 10*time.Second, "ping -n -c 1 -W 1 10.0.0.2")
	drift := run(t, h, "date +%s")
	if now := time.Now().Unix(); drift != "" && (parse(drift) < now-3 || parse(drift) > now+3) {
		t.Errorf("the clock says %s, and it is %d", drift, now)
	}
}

func parse(s string) (n int64) {
	for _, c := range s {
		n = n*10 + int64(c-'0')
	}
	return n
}

// restarts cuts the power: files stay, processes end, interfaces come back; what died before
// stays known.
func restarts(t *testing.T, r topologies.Reservation, h topologies.Host) {
	t.Helper()
	run(t, h, "echo kept > /etc/kept; ip link add dummy8 type dummy; sleep 600 & kill -SEGV $!; wait $! || true")
	if err := r.(topologies.NodeRestarter).RestartNode(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	if list, err := r.(topologies.StateChecker).Changes(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("a restart by the lab is a change: %+v, %v", list, err)
	}
	run(t, h, "grep -q kept /etc/kept; ! ip link show dummy8 2>/dev/null; ip addr show eth1 | grep -q 10.0.0.1")
	eventually(t, h, 10*time.Second, "ping -n -c 1 -W 1 10.0.0.2")
	run(t, h, "sleep 600 & kill -ABRT $!; wait $! || true")
	if ends := endsOf(t, r); len(ends) != 2 || ends[0].Signal != int(unix.SIGSEGV) || ends[1].Signal != int(unix.SIGABRT) {
		t.Errorf("before and after the restart died: %+v", ends)
	}
	s, err := r.(topologies.NodeWatcher).NodeState(t.Context(), "n1")
	if err != nil || !s.Running {
		t.Errorf("NodeState = %+v, %v", s, err)
	}
}
