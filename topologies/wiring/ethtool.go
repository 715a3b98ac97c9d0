package wiring

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// offloads lists what is turned off on every port: a capture, and a switch in user
// space, shall see the frames that a wire would carry, with their checksums and in
// their size. The names are of linux/ethtool.h.
func offloads() []uint32 {
	return []uint32{
		unix.ETHTOOL_STXCSUM, unix.ETHTOOL_SRXCSUM, unix.ETHTOOL_STSO, unix.ETHTOOL_SGSO, unix.ETHTOOL_SGRO,
	}
}

// plainFrames turns the offloads off. Without transmit checksums a switch in user
// space drops what it gets, so that one must work; the rest is as far as possible.
func (s *space) plainFrames(iface string) error {
	fd, err := s.control()
	if err != nil {
		return err
	}
	for _, offload := range offloads() {
		if _, err := feature(fd, iface, offload, 0); err != nil && offload == unix.ETHTOOL_STXCSUM {
			return fmt.Errorf("turn the checksum offload of %s off: %w", iface, err)
		}
	}
	return inlineTags(fd, iface)
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

// inlineTags has VLAN tags travel within the frames, as on a wire, and not beside them:
// what looks at a frame first would not see them.
func inlineTags(fd int, iface string) error {
	flags, err := feature(fd, iface, unix.ETHTOOL_GFLAGS, 0)
	if err == nil && flags&tagBeside != 0 {
		_, err = feature(fd, iface, unix.ETHTOOL_SFLAGS, flags&^tagBeside)
	}
	if err != nil {
		return fmt.Errorf("keep VLAN tags within the frames of %s: %w", iface, err)
	}
	return nil
}

// tagBeside is ETH_FLAG_TXVLAN of linux/ethtool.h.
const tagBeside = 1 << 7

// feature sets or asks for one value by the ethtool ioctl.
func feature(fd int, iface string, command, value uint32) (uint32, error) {
	data := struct{ cmd, data uint32 }{command, value}
	var req struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	copy(req.name[:unix.IFNAMSIZ-1], iface)
	req.data = unsafe.Pointer(&data)                                                                          //nolint:gosec // an ioctl takes pointers
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))) //nolint:gosec // an ioctl takes pointers
	runtime.KeepAlive(&data)
	if errno != 0 {
		return 0, errno
	}
	return data.data, nil
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
