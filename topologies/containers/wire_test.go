package containers_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

// sendRaw sends frames of type 0x88b5, three each in all the ways that a packet socket has,
// then one of type 0x88b6 that ends the count. What the sender is told is part of it: a fault
// on the wire is none that a sender hears of.
const sendRaw = `import socket, struct
PACKET_QDISC_BYPASS, SOL_PACKET = 20, 263
def frame(kind, tags=b""):
    return b"\xff" * 6 + bytes([2, 0, 0, 0, 0, 9]) + tags + struct.pack(">H", kind) + bytes(60)
for bypass in 0, 1:
    for protocol in 0, 3, 0x88b5:
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, bypass)
        s.bind(("eth1", 0))
        for tags in b"", b"\x81\x00\x00\x2a", b"\x88\xa8\x00\x07\x81\x00\x00\x2a":
            s.sendto(frame(0x88b5, tags), ("eth1", protocol))
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x88b5))
for i in range(3):
    s.sendto(bytes(60), ("eth1", 0x88b5, 0, 0, b"\xff" * 6))
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.bind(("eth1", 0))
s.send(frame(0x88b6))
print("sent", flush=True)`

// rawFrames is how many frames of type 0x88b5 sendRaw sends.
const rawFrames = 2*3*3 + 3

// receiveRaw counts the frames of type 0x88b5 that a packet socket sees arrive, with a tag
// within or beside them, until one of type 0x88b6 does.
const receiveRaw = `import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("eth1", 3))
s.settimeout(20)
print("ready", flush=True)
n = 0
while True:
    f, at = s.recvfrom(2000)
    if at[2] == 4:
        continue
    if f[12:14] == b"\x88\xb6":
        break
    n += b"\x88\xb5" in f[12:24]
print("seen", n, "end", flush=True)`

// capture counts what tcpdump sees arrive, in the same way.
const capture = `tcpdump -n -e -i eth1 -Q in -U -l 2>&1 | {
	n=0
	while read -r line; do case $line in
	*listening*) echo ready ;;
	*88b6*) echo seen $n end; exit ;;
	*88b5*) n=$((n+1)) ;;
	esac; done
}`

// Frames that are dropped are seen by no packet socket and no capture, in whatever way they
// were sent; the sender hears nothing of it.
func TestDropComesBeforePacketSockets(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	r := reserve(t, p, pair("eth1", "eth1"), topologies.Options{Run: "test-raw"})
	match := topologies.FrameMatch{EtherType: "0x88b5"}
	r1, r2 := topologies.Endpoint{Node: "r1", Interface: "eth1"}, topologies.Endpoint{Node: "r2", Interface: "eth1"}
	for _, reader := range []struct {
		name string
		argv []string
	}{
		{"packet socket", []string{"python3", "-c", receiveRaw}},
		{"tcpdump", []string{"bash", "-c", capture}},
	} {
		for _, tt := range []struct {
			name      string
			at        topologies.Endpoint
			direction topologies.Direction
			dropped   uint64
		}{
			{"no fault", topologies.Endpoint{}, "", 0},
			{"in at the receiver by default", r2, "", rawFrames},
			{"in at the receiver", r2, topologies.DirectionIn, rawFrames},
			{"out at the receiver", r2, topologies.DirectionOut, 0},
			{"both at the receiver", r2, topologies.DirectionBoth, rawFrames},
			{"in at the sender", r1, topologies.DirectionIn, 0},
			{"out at the sender", r1, topologies.DirectionOut, rawFrames},
			{"both at the sender", r1, topologies.DirectionBoth, rawFrames},
		} {
			t.Run(reader.name+"/"+tt.name, func(t *testing.T) {
				s, err := host(t, r, "r2").Open(t.Context(), reader.argv, false)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = s.Close() }()
				until(t, s, "ready\n")
				var a topologies.Active
				if tt.at.Node != "" {
					a = inject(t, r, topologies.Fault{Kind: topologies.FaultDrop, Endpoint: tt.at, Direction: tt.direction, Match: match})
				}
				run(t, host(t, r, "r1"), "python3", "-c", sendRaw)
				want := fmt.Sprintf("seen %d end", rawFrames-tt.dropped)
				if text := until(t, s, "end\n"); !strings.Contains(text, want) {
					t.Errorf("%q, want %q", text, want)
				}
				if a == nil {
					return
				}
				if n := fired(t, a); n != tt.dropped {
					t.Errorf("dropped %d, want %d", n, tt.dropped)
				}
				heal(t, a)
			})
		}
	}
	for _, n := range []string{"r1", "r2"} {
		if text := run(t, host(t, r, n), "ip", "link", "show", "eth1"); strings.Contains(text, "xdp") {
			t.Errorf("a program is left: %s", text)
		}
	}
	if _, err := r.(topologies.Faulter).Inject(t.Context(), topologies.Fault{Kind: topologies.FaultDrop, Endpoint: r1, Direction: "up"}); err == nil {
		t.Error("a direction that is none was taken")
	}
}

// What tc redirects at arrival is dropped before that. What it redirects out of a node passes
// the place where frames are dropped, and no such trial may count.
func TestDropBeforeRedirections(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	r := reserve(t, p, pair("eth1", "eth1"), topologies.Options{Run: "test-redirect"})
	r1, r2 := host(t, r, "r1"), host(t, r, "r2")
	exit, err := r2.Exec(t.Context(), []string{"sh", "-c", `set -e; ip link add tap type veth peer name inner
ip link set tap up; ip link set inner up
for pair in eth1:tap tap:eth1; do
	tc qdisc add dev ${pair%:*} ingress
	tc filter add dev ${pair%:*} parent ffff: protocol all u32 match u8 0 0 action mirred egress redirect dev ${pair#*:}
done`}, nil, io.Discard, io.Discard)
	if err != nil || exit != 0 {
		t.Skipf("needs redirections in the kernel: %d, %v", exit, err) //nolint:forbidigo // the kernel has them or not
	}
	inner := func(script string) string { return strings.ReplaceAll(script, `"eth1"`, `"inner"`) }
	for _, tt := range []struct {
		name               string
		direction          topologies.Direction
		sender, receiver   topologies.Host
		sendText, readText string
		passes             bool // and is witnessed
	}{
		{"what arrives", topologies.DirectionIn, r1, r2, sendRaw, inner(receiveRaw), false},
		{"what leaves", topologies.DirectionOut, r2, r1, inner(sendRaw), receiveRaw, true},
	} {
		for _, faulty := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, fault %v", tt.name, faulty), func(t *testing.T) {
				s, err := tt.receiver.Open(t.Context(), []string{"python3", "-c", tt.readText}, false)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = s.Close() }()
				until(t, s, "ready\n")
				want := rawFrames
				if faulty {
					a := inject(t, r, topologies.Fault{
						Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"},
						Direction: tt.direction, Match: topologies.FrameMatch{EtherType: "0x88b5"},
					})
					defer func() {
						_, err := a.Fired(t.Context())
						heal(t, a)
						if _, after := a.Fired(t.Context()); (err != nil) != tt.passes || (after != nil) != tt.passes {
							t.Errorf("the witness: %v, and after the fault is healed: %v", err, after)
						}
					}()
					if !tt.passes {
						want = 0
					}
				}
				run(t, tt.sender, "python3", "-c", tt.sendText)
				if text := until(t, s, "end\n"); !strings.Contains(text, fmt.Sprintf("seen %d end", want)) {
					t.Errorf("%q, want %d", text, want)
				}
			})
		}
	}
	t.Run("what leaves, dropped where it enters the node", func(t *testing.T) {
		i, err := c.ContainerInspect(t.Context(), "reprise-test-redirect-1-r2", client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		tap := wiring.Port{PID: i.Container.State.Pid, Interface: "tap"}
		s, err := r1.Open(t.Context(), []string{"python3", "-c", receiveRaw}, false)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		until(t, s, "ready\n")
		if _, err := wiring.Apply(wiring.Op{Kind: wiring.Drop, A: tap, Filters: []wiring.Filter{{ID: "f", Match: topologies.FrameMatch{EtherType: "0x88b5"}}}}); err != nil {
			t.Fatal(err)
		}
		run(t, r2, "python3", "-c", inner(sendRaw))
		if text := until(t, s, "end\n"); !strings.Contains(text, "seen 0 end") {
			t.Error(text)
		}
		if got, err := wiring.Apply(wiring.Op{Kind: wiring.Count, A: tap, Name: "f"}); err != nil || got.Count != rawFrames {
			t.Errorf("dropped %d, %v; want %d", got.Count, err, rawFrames)
		}
	})
}

// A switch in user space reads its ports by packet sockets. A segment has two ends to its
// cables like any other node.
func TestDropBeforeSwitches(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	for i, kind := range []string{topologies.KindBridge, topologies.KindOVSBridge, topologies.KindLinux} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			top := lan(kind, "")
			if kind == topologies.KindLinux {
				top.Nodes[3].Image = image
			}
			r := reserve(t, p, top, topologies.Options{Run: "test-switch", Lab: i + 1})
			if kind == topologies.KindLinux { // a switch that is a node of its own
				run(t, host(t, r, "sw"), "sh", "-c", `set -e; mkdir -p /run/openvswitch /var/log/openvswitch
ovsdb-tool create /tmp/db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server /tmp/db --remote=punix:/run/openvswitch/db.sock --pidfile --detach --log-file
ovs-vsctl --no-wait init; ovs-vswitchd --pidfile --detach --log-file --disable-system
ovs-vsctl --timeout=20 add-br br0 -- set bridge br0 datapath_type=netdev
for p in port1 port2 port3; do ovs-vsctl --timeout=20 add-port br0 $p; done`)
			}
			r1 := host(t, r, "r1")
			if err := ping(t.Context(), r1, "10.0.0.2"); err != nil {
				t.Fatal(err)
			}
			for _, f := range []topologies.Fault{
				{Endpoint: topologies.Endpoint{Node: "sw", Interface: "port1"}},
				{Endpoint: topologies.Endpoint{Node: "sw", Interface: "port2"}, Direction: topologies.DirectionOut},
				{Endpoint: topologies.Endpoint{Node: "r1", Interface: "eth1"}, Match: topologies.FrameMatch{Proto: "icmp"}},
				{Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Direction: topologies.DirectionBoth},
			} {
				f.Kind = topologies.FaultDrop
				a := inject(t, r, f)
				if out, err := r1.Exec(t.Context(), []string{"ping", "-n", "-c", "5", "-i", "0.1", "-W", "1", "10.0.0.2"}, nil, io.Discard, io.Discard); err != nil || out == 0 {
					t.Errorf("%s %s: ping passes (%d, %v)", f.Endpoint, f.Direction, out, err)
				}
				if n := fired(t, a); n < 5 && f.Match.Proto != "" || n == 0 {
					t.Errorf("%s %s: dropped %d", f.Endpoint, f.Direction, n)
				}
				heal(t, a)
				if err := ping(t.Context(), r1, "10.0.0.2"); err != nil {
					t.Errorf("%s %s, healed: %v", f.Endpoint, f.Direction, err)
				}
			}
			unchanged(t, r)
		})
	}
}

// Daemons that read the wire by packet sockets of their own.
func TestDropBeforeDaemons(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	in := topologies.Fault{Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r1", Interface: "eth1"}}
	sees := func(t *testing.T, h topologies.Host, command, text string) func() bool {
		t.Helper()
		return func() bool { return strings.Contains(run(t, h, "sh", "-c", command+" 2>&1; true"), text) }
	}
	t.Run("lldpd", func(t *testing.T) {
		t.Parallel()
		r := reserve(t, p, pair("eth1", "eth1"), topologies.Options{Run: "test-lldpd"})
		r1 := host(t, r, "r1")
		f := in
		f.Match = topologies.FrameMatch{EtherType: "lldp"}
		a := inject(t, r, f)
		for _, n := range []string{"r1", "r2"} {
			run(t, host(t, r, n), "sh", "-c", "mkdir -p /run/lldpd; lldpd; lldpcli pause; lldpcli resume") // it answers
		}
		// Each sends whenever it is asked.
		neighbours := "lldpcli -f keyvalue show neighbors; lldpcli update"
		eventually(t, "r2 hears r1", func() bool {
			return sees(t, r1, neighbours, "")() && sees(t, host(t, r, "r2"), neighbours, "lldp.eth1.chassis.name=r1")()
		})
		eventually(t, "frames to r1 are dropped", func() bool {
			return sees(t, host(t, r, "r2"), neighbours, "")() && fired(t, a) >= 3
		})
		if sees(t, r1, neighbours, "lldp.eth1")() {
			t.Error("r1 hears r2 although all its frames are dropped")
		}
		heal(t, a)
		eventually(t, "r1 hears r2, the fault healed", func() bool {
			return sees(t, host(t, r, "r2"), neighbours, "")() && sees(t, r1, neighbours, "lldp.eth1.chassis.name=r2")()
		})
	})
	t.Run("isisd", func(t *testing.T) {
		t.Parallel()
		r := reserve(t, p, pair("eth1", "eth1"), topologies.Options{Run: "test-isisd"})
		r1 := host(t, r, "r1")
		for i, n := range []string{"r1", "r2"} {
			run(t, host(t, r, n), "sh", "-c", fmt.Sprintf(`set -e; install -d -o frr -g frr /run/frr
cat > /etc/frr/isisd.conf <<E
interface eth1
 ip router isis A
 isis hello-interval 1
 isis hello-multiplier 3
router isis A
 net 49.0001.0000.0000.000%d.00
 is-type level-1
E
/usr/lib/frr/zebra -d -A 127.0.0.1; /usr/lib/frr/isisd -d -A 127.0.0.1 -f /etc/frr/isisd.conf`, i+1))
		}
		up := sees(t, r1, "vtysh -c 'show isis neighbor'", "Up")
		eventually(t, "the adjacency is up", up)
		a := inject(t, r, in)
		eventually(t, "the adjacency is lost", func() bool { return !up() })
		if fired(t, a) == 0 {
			t.Error("nothing was dropped")
		}
		heal(t, a)
		eventually(t, "the adjacency is back", up)
	})
}
