package topologiestest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// Lan is three nodes on a segment.
func (s Subject) Lan(kind, mask string) topologies.Topology {
	t := topologies.Topology{Name: "lan", Nodes: append(s.Nodes("r1", "r2", "r3"), topologies.Node{Name: "sw", Kind: kind})}
	if mask != "" {
		t.Nodes[3].Labels = map[string]string{topologies.LabelGroupForward: mask}
	}
	for i := range 3 {
		t.Links = append(t.Links, topologies.Link{
			A: topologies.Endpoint{Node: fmt.Sprintf("r%d", i+1), Interface: "eth1", IPv4: fmt.Sprintf("10.0.0.%d/24", i+1)},
			B: topologies.Endpoint{Node: "sw", Interface: fmt.Sprintf("port%d", i+1)},
		})
	}
	return t
}

// sendGroups sends one frame to each of the link-local groups named, then one that
// every bridge passes.
const sendGroups = `import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth1", 0))
for last in [int(x, 16) for x in sys.argv[1:]]:
    s.send(bytes([1, 0x80, 0xc2, 0, 0, last]) + bytes([2, 0, 0, 0, 0, 9]) + b"\x88\xb5" + bytes([last]) + bytes(60))
s.send(b"\xff" * 6 + bytes([2, 0, 0, 0, 0, 9]) + b"\x88\xb5" + b"\xff" + bytes(60))`

// receiveGroups prints the groups that arrive until the last frame does.
const receiveGroups = `import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
s.bind(("eth1", 0x88b5))
s.settimeout(20)
print("ready", flush=True)
got = []
while True:
    f = s.recv(2000)
    if f[14] == 0xff:
        break
    got.append("%x" % f[14])
print("got", " ".join(got), "end", flush=True)`

func (s Subject) segment(t *testing.T) {
	t.Helper()
	t.Parallel()
	tests := []struct{ name, kind, mask, want string }{
		{"a bridge eats all link-local frames", topologies.KindBridge, "", ""},
		{"LLDP passes", topologies.KindBridge, "0x4000", "e"},
		{"all but PAUSE pass", topologies.KindBridge, "0xffff", "0 2 3 e"},
		{"LACP alone", topologies.KindBridge, "4", "2"},
		{"a switch in user space eats BPDUs", topologies.KindOVSBridge, "", ""},
		{"a switch in user space forwards", topologies.KindOVSBridge, "0xffff", "0 1 2 3 e"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := s.Open(t)
			r := Reserve(t, p, s.Lan(tt.kind, tt.mask), topologies.Options{Run: RunName(t, "lan"), Lab: i + 1})
			r1, r2 := Host(t, r, "r1"), Host(t, r, "r2")
			for _, target := range []string{"10.0.0.2", "10.0.0.3"} {
				if err := Ping(t.Context(), r1, target); err != nil {
					t.Fatal(err)
				}
			}
			stream, err := r2.Open(t.Context(), []string{"python3", "-c", receiveGroups}, false)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = stream.Close() }()
			Until(t, stream, "ready\n")
			Run(t, r1, "python3", "-c", sendGroups, "0", "1", "2", "3", "e")
			text := Until(t, stream, "end\n")
			if got := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "got"), "end\n")); got != tt.want {
				t.Errorf("passed %q, want %q", got, tt.want)
			}
			Inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: topologies.Endpoint{Node: "sw", Interface: "port2"}})
			if err := Ping(t.Context(), r1, "10.0.0.2"); err != nil {
				t.Errorf("after a replug: %v", err)
			}
			if err := Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "sw"); err != nil {
				t.Fatal(err)
			}
			if err := Ping(t.Context(), r1, "10.0.0.3"); err != nil {
				t.Errorf("after a restart of the segment: %v", err)
			}
		})
	}
}
