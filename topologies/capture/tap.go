package capture

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/capture/filter"
	"github.com/reprise-lab/reprise/topologies/tunnel"
	"github.com/reprise-lab/reprise/topologies/wire"
)

// Tap is a socket to be opened, a value that can be sent to where that is possible.
type Tap struct {
	Interface string `json:"interface"`
	Filter    string `json:"filter,omitempty"` // empty: every frame
	Ring      int    `json:"ring,omitempty"`   // bytes of the kernel's buffer; 0 means 16 MiB

	// Sockets of a wire are opened and handed over as those of captures are.
	Log  uint16 `json:"log,omitempty"`  // one that listens at a group, see [wire.OpenLog]; the interface does not matter
	Send bool   `json:"send,omitempty"` // one that sends, see [wire.OpenSend]
	Poke bool   `json:"poke,omitempty"` // one that pokes, see [wire.OpenPoke]
	Ask  bool   `json:"ask,omitempty"`  // one that asks, see [wire.OpenAsk]

	// Likewise those of a tunnel.
	Plug  bool `json:"plug,omitempty"`  // one that reads and writes frames, see [tunnel.OpenPlug]
	Watch bool `json:"watch,omitempty"` // one that tells of interfaces, see [tunnel.OpenWatch]
}

// A ring is of blocks, which the kernel hands over when they are full, or after a while with what
// they hold: of few, none would be left where who reads comes late.
const (
	blockSize   = 256 << 10
	leastBlocks = 8
	ringSize    = 16 << 20
	handOver    = 50 // milliseconds
	frameRoom   = 2048
)

// Open opens the socket in the network namespace of this thread. Nothing has come through it before
// its filter was attached.
func (t Tap) Open() (*os.File, error) {
	switch {
	case t.Log != 0:
		return wire.OpenLog(t.Log)
	case t.Send:
		return wire.OpenSend(t.Interface)
	case t.Poke:
		return wire.OpenPoke(t.Interface)
	case t.Ask:
		return wire.OpenAsk()
	case t.Plug:
		return tunnel.OpenPlug(t.Interface)
	case t.Watch:
		return tunnel.OpenWatch()
	}
	f, err := filter.Compile(t.Filter)
	if err != nil {
		return nil, err
	}
	link, err := net.InterfaceByName(t.Interface)
	if err != nil {
		return nil, fmt.Errorf("capture at %s: %w", t.Interface, err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("capture at %s: open a packet socket: %w", t.Interface, err)
	}
	if err := errors.Join(prepare(fd, f.Live(), t.blocks()), unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: everything(), Ifindex: link.Index})); err != nil {
		return nil, errors.Join(fmt.Errorf("capture at %s: %w", t.Interface, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "tap"), nil
}

func (t Tap) blocks() uint32 {
	size := t.Ring
	if size <= 0 {
		size = ringSize
	}
	return uint32(min(max(size/blockSize, leastBlocks), 1<<10))
}

// everything is ETH_P_ALL in network order.
func everything() uint16 { return unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 }

// prepare gives a socket that gets nothing yet its ring and its filter.
func prepare(fd int, program []bpf.Instruction, blocks uint32) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("set the form of the ring: %w", err)
	}
	if err := attach(fd, program); err != nil {
		return err
	}
	req := unix.TpacketReq3{
		Block_size: blockSize, Block_nr: blocks, Frame_size: frameRoom, Frame_nr: blocks * (blockSize / frameRoom), Retire_blk_tov: handOver,
	}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("make a ring of %d KiB: %w", blocks*(blockSize>>10), err)
	}
	return nil
}

// attach gives a socket its filter.
func attach(fd int, program []bpf.Instruction) error {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return fmt.Errorf("assemble the filter: %w", err)
	}
	code := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	prog := &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]} //nolint:gosec // it is bounded
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, prog); err != nil {
		return fmt.Errorf("attach the filter: %w", err)
	}
	return nil
}
