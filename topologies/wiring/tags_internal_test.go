package wiring

import (
	"bytes"
	"errors"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// A tag that the sender's kernel keeps beside a frame, as it does for interfaces of VLANs, is within the frame where it
// arrives, of 802.1Q and of 802.1ad: what looks at frames there reads it.
func TestTagsWithinFrames(t *testing.T) {
	for name, protocol := range map[string]uint16{"0x8100": unix.ETH_P_8021Q, "0x88a8": unix.ETH_P_8021AD} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t)
			tagged(t, l.from, protocol)
			frame := bytes.Join([][]byte{ether(0x88b5), make([]byte, 46)}, nil)
			got := l.send(t, topologies.DropByXDP, []Filter{{ID: "f", Match: topologies.FrameMatch{EtherType: name}}}, [][]byte{frame, frame, frame})
			if len(got.Arrived) != 0 || got.Counts[0] != 3 {
				t.Errorf("of 3 frames with a tag, %d were dropped by it and %d have arrived", got.Counts[0], len(got.Arrived))
			}
		})
	}
}

// tagged has tc give each frame that leaves a port a tag, beside it.
func tagged(t *testing.T, p Port, protocol uint16) {
	t.Helper()
	push, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SchedCLS, License: "Apache-2.0", Instructions: asm.Instructions{
		asm.Mov.Imm(asm.R2, int32(nl.Swap16(protocol))), asm.Mov.Imm(asm.R3, 7), asm.FnSkbVlanPush.Call(), asm.Mov.Imm(asm.R0, 0), asm.Return(),
	}})
	if errors.Is(err, unix.EPERM) {
		livetest.Missing(t, "root to load a program", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer push.Close() //nolint:errcheck // the interface holds it
	s, err := Opener(nil).open(p.PID)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	link, err := s.handle.LinkByName(p.Interface)
	if err == nil {
		err = s.handle.QdiscAdd(clsact(link))
	}
	if err == nil {
		err = s.handle.FilterAdd(&netlink.BpfFilter{
			FilterAttrs: netlink.FilterAttrs{LinkIndex: link.Attrs().Index, Parent: netlink.HANDLE_MIN_EGRESS, Priority: 10, Protocol: unix.ETH_P_ALL},
			Fd:          push.FD(), Name: "tag", DirectAction: true,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}
