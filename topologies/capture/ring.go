package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// frame is one as the kernel hands it over. Its bytes are the ring's.
type frame struct {
	at     time.Time
	data   []byte
	whole  int // how long it was
	kind   byte
	tag    [4]byte // that stood behind the two addresses
	tagged bool
}

// ring reads the frames of a tap.
type ring struct {
	file   *os.File
	fd     int
	memory []byte
	next   int    // block that comes next
	read   uint64 // frames that were read
	taken  uint64 // frames that the kernel took, and
	lost   uint64 // lost for want of room
}

// openRing takes a tap over.
func openRing(file *os.File, t Tap) (r *ring, err error) {
	r = &ring{file: file, fd: int(file.Fd())}
	if r.memory, err = unix.Mmap(r.fd, 0, int(t.blocks())*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, errors.Join(fmt.Errorf("read the ring of a capture: %w", err), file.Close())
	}
	return r, nil
}

func (r *ring) close() error {
	return errors.Join(unix.Munmap(r.memory), r.file.Close())
}

// Places in a block and in the head of a frame (struct tpacket_block_desc and tpacket3_hdr).
const (
	blockStatus, blockFrames, blockFirst = 8, 12, 16

	frameNext, frameSec, frameNsec, frameKept, frameWhole, frameStatus, frameMAC = 0, 4, 8, 12, 16, 20, 24

	frameTCI, frameTPID = 32, 36
	frameKind           = 48 + 10 // pkttype of the address behind the head
	frameHead           = 48 + 20
)

// status is the word by which a block changes hands.
func (r *ring) status() *uint32 {
	return (*uint32)(unsafe.Pointer(&r.memory[r.next*blockSize+blockStatus])) //nolint:gosec // it is in the ring, and aligned
}

// each hands over the frames that are there.
func (r *ring) each(do func(*frame) error) error {
	for atomic.LoadUint32(r.status())&unix.TP_STATUS_USER != 0 {
		if err := r.block(do); err != nil {
			return err
		}
		atomic.StoreUint32(r.status(), unix.TP_STATUS_KERNEL)
		r.next = (r.next + 1) % (len(r.memory) / blockSize)
	}
	return nil
}

func (r *ring) block(do func(*frame) error) error {
	b := r.memory[r.next*blockSize : (r.next+1)*blockSize]
	word := binary.NativeEndian.Uint32
	n, at := word(b[blockFrames:]), word(b[blockFirst:])
	var f frame
	for range n {
		if uint64(at)+frameHead > uint64(len(b)) {
			return errors.New("the kernel's ring is not as it should be")
		}
		h := b[at:]
		begin := uint64(binary.NativeEndian.Uint16(h[frameMAC:]))
		kept := uint64(word(h[frameKept:]))
		if begin+kept > uint64(len(h)) {
			return errors.New("the kernel's ring is not as it should be")
		}
		f = frame{
			at: time.Unix(int64(word(h[frameSec:])), int64(word(h[frameNsec:]))), data: h[begin : begin+kept : begin+kept],
			whole: int(word(h[frameWhole:])), kind: h[frameKind],
		}
		if state := word(h[frameStatus:]); state&unix.TP_STATUS_VLAN_VALID != 0 {
			proto := uint16(unix.ETH_P_8021Q)
			if state&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
				proto = binary.NativeEndian.Uint16(h[frameTPID:])
			}
			f.tagged = true
			binary.BigEndian.PutUint16(f.tag[:2], proto)
			binary.BigEndian.PutUint16(f.tag[2:], uint16(word(h[frameTCI:]))) //nolint:gosec // it is a tag
		}
		if err := do(&f); err != nil {
			return err
		}
		r.read++
		at += word(h[frameNext:])
	}
	return nil
}

// count asks the kernel what it took and what it lost.
func (r *ring) count() error {
	s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return fmt.Errorf("ask what a capture lost: %w", err)
	}
	r.taken += uint64(s.Packets)
	r.lost += uint64(s.Drops)
	return nil
}

// drainTimeout bounds the wait for what the kernel still holds.
const drainTimeout = 3 * time.Second

// drain reads what was taken, and takes no more.
func (r *ring) drain(do func(*frame) error) error {
	err := attach(r.fd, []bpf.Instruction{bpf.RetConstant{Val: 0}})
	for deadline := time.Now().Add(drainTimeout); err == nil; {
		if err = r.each(do); err == nil {
			err = r.count()
		}
		if err != nil || r.read+r.lost >= r.taken {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d frames did not come out of the kernel", r.taken-r.lost-r.read)
		}
		_, err = r.wait(-1, handOver)
	}
	return err
}

// wait waits until there are frames, or something to read at another descriptor, or for so many
// milliseconds. An interface that goes down is no error: it comes again.
func (r *ring) wait(other, milliseconds int) (woken bool, err error) {
	list := []unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}, {Fd: int32(other), Events: unix.POLLIN}} //nolint:gosec // descriptors are small
	if _, err := unix.Poll(list, milliseconds); err != nil && !errors.Is(err, unix.EINTR) {
		return false, fmt.Errorf("wait for frames: %w", err)
	}
	if list[0].Revents&unix.POLLERR != 0 {
		if _, err := unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil {
			return false, fmt.Errorf("wait for frames: %w", err)
		}
	}
	return list[1].Revents != 0, nil
}
