package wiring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// offloads names what is turned off on every port, as far as it has it: a capture, and a switch in
// user space, shall see the frames that a wire would carry, with their checksums, in their size, and
// with VLAN tags within them and not beside: what looks at a frame first would not see those. The names
// are those of netdev_features_strings in net/ethtool/common.c.
func offloads() []string {
	return append(
		checksums(), "rx-checksum", "tx-generic-segmentation", "tx-tcp-segmentation", "tx-tcp-ecn-segmentation",
		"tx-tcp-mangleid-segmentation", "tx-tcp6-segmentation", "rx-gro", "tx-vlan-hw-insert", "tx-vlan-stag-hw-insert",
	)
}

// checksums are the ones of these without which a switch in user space drops what it gets.
func checksums() []string {
	return []string{"tx-checksum-ipv4", "tx-checksum-ip-generic", "tx-checksum-ipv6", "tx-checksum-sctp", "tx-checksum-fcoe-crc"}
}

// features are bits of interfaces, 32 in each word, as many as the kernel knows.
type features []uint32

// wanted is what plainFrames turns off, as this kernel numbers it.
type wanted struct{ offloads, checksums features }

// readWanted asks the kernel for the numbers of what plainFrames turns off, by the end of a cable: it has
// what any other has.
func readWanted(fd int, iface string) (wanted, error) {
	var count struct { // ethtool_sset_info of linux/ethtool.h
		cmd, _ uint32
		mask   uint64
		size   uint32
		_      uint32
	}
	count.cmd, count.mask = unix.ETHTOOL_GSSET_INFO, 1<<setOfFeatures
	if _, err := ethtool(fd, iface, unsafe.Pointer(&count)); err != nil { //nolint:gosec // an ioctl takes pointers
		return wanted{}, err
	}
	if count.mask == 0 || count.size == 0 {
		return wanted{}, unix.EOPNOTSUPP
	}
	const head, each = 12, 32                   // ethtool_gstrings; ETH_GSTRING_LEN
	names := make([]byte, head+each*count.size) // of which the kernel fills as many as it has counted
	binary.NativeEndian.PutUint32(names, unix.ETHTOOL_GSTRINGS)
	binary.NativeEndian.PutUint32(names[4:], setOfFeatures)
	if _, err := ethtool(fd, iface, unsafe.Pointer(&names[0])); err != nil { //nolint:gosec // an ioctl takes pointers
		return wanted{}, err
	}
	words := (count.size + 31) / 32
	b := wanted{make(features, words), make(features, words)}
	for i := range count.size {
		name := unix.ByteSliceToString(names[head+each*i:][:each])
		if slices.Contains(offloads(), name) {
			b.offloads[i/32] |= 1 << (i % 32)
		}
		if slices.Contains(checksums(), name) {
			b.checksums[i/32] |= 1 << (i % 32)
		}
	}
	has, err := blocks(fd, iface, int(words))
	for i := range b.offloads {
		b.offloads[i] &= has[i].available
		if has[i].active&b.checksums[i]&^has[i].available != 0 {
			err = errors.Join(err, errChecksums)
		}
	}
	return b, err
}

var errChecksums = errors.New("that of checksums stays on")

// block is a word of each kind of features (ethtool_get_features_block of linux/ethtool.h).
type block struct{ available, _, active, _ uint32 }

// blocks asks for those of an interface.
func blocks(fd int, iface string, words int) ([]block, error) {
	answer := make([]block, 1+words)                         // ethtool_gfeatures has its head where the first one ends
	head := (*[2]uint32)(unsafe.Pointer(&answer[0].active))  //nolint:gosec // an ioctl takes pointers
	head[0], head[1] = unix.ETHTOOL_GFEATURES, uint32(words) //nolint:gosec // two
	_, err := ethtool(fd, iface, unsafe.Pointer(head))       //nolint:gosec // an ioctl takes pointers
	return answer[1:], err
}

// setOfFeatures is ETH_SS_FEATURES of linux/ethtool.h.
const setOfFeatures = 4

// plainFrames turns the offloads off, as far as possible, and checksums in any case.
func (s *space) plainFrames(iface string) error {
	fd, err := s.control()
	if err != nil {
		return err
	}
	if s.bits.offloads == nil {
		if s.bits, err = readWanted(fd, iface); err != nil {
			return fmt.Errorf("ask what offloads there are: %w", err)
		}
	}
	off := s.bits.offloads
	request := make(features, 2+2*len(off))                           // ethtool_sfeatures: for each word, which bits, and what they shall be
	request[0], request[1] = unix.ETHTOOL_SFEATURES, uint32(len(off)) //nolint:gosec // two
	for i, word := range off {
		request[2+2*i] = word
	}
	partly, err := ethtool(fd, iface, unsafe.Pointer(&request[0])) //nolint:gosec // an ioctl takes pointers
	if err == nil && partly != 0 {
		// Something stays as it is.
		err = s.withoutChecksums(fd, iface)
	}
	if err != nil {
		return fmt.Errorf("turn the offloads of %s off: %w", iface, err)
	}
	return nil
}

// withoutChecksums looks whether an interface sends frames with their checksums.
func (s *space) withoutChecksums(fd int, iface string) error {
	has, err := blocks(fd, iface, len(s.bits.checksums))
	if err != nil {
		return err
	}
	for i, word := range s.bits.checksums {
		if has[i].active&word != 0 {
			return errChecksums
		}
	}
	return nil
}

// control gives a socket in the namespace, which is what an ioctl on it is about.
func (s *space) control() (int, error) {
	if s.fd >= 0 {
		return s.fd, nil
	}
	err := s.inside(func() (err error) {
		s.fd, err = openControl()
		return err
	})
	return s.fd, err
}

// openControl opens a socket in the namespace of this thread.
func openControl() (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open a control socket: %w", err)
	}
	return fd, nil
}

// nameOf is what an interface is called that has this index.
func (s *space) nameOf(index int) (string, error) {
	fd, err := s.control()
	if err != nil {
		return "", err
	}
	req := struct {
		name  [unix.IFNAMSIZ]byte
		index int32
		_     [20]byte
	}{index: int32(index)} //nolint:gosec // an index is small
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCGIFNAME, uintptr(unsafe.Pointer(&req))) //nolint:gosec // an ioctl takes pointers
	if errno != 0 {
		return "", errno
	}
	return unix.ByteSliceToString(req.name[:]), nil
}

// ethtool carries out the ioctl, on a structure of linux/ethtool.h that begins with a command.
func ethtool(fd int, iface string, data unsafe.Pointer) (int, error) {
	var req struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	copy(req.name[:unix.IFNAMSIZ-1], iface)
	req.data = data
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))) //nolint:gosec // an ioctl takes pointers
	runtime.KeepAlive(&req)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// inside runs f on a thread of its own in the namespace.
func (s *space) inside(f func() error) error {
	return OnThread(func() error {
		if err := netns.Set(s.ns); err != nil {
			return fmt.Errorf("enter the namespace: %w", err)
		}
		return f()
	})
}
