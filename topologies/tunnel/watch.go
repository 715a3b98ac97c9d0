package tunnel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// OpenWatch opens a socket, in the network namespace of this thread, through which the kernel tells what
// becomes of the interfaces there.
func OpenWatch() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("watch interfaces: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK}); err != nil {
		return nil, errors.Join(fmt.Errorf("watch interfaces: %w", err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "watch"), nil
}

// Watch is an interface that is looked at.
type Watch struct {
	file  *os.File
	name  string
	say   func(up bool)
	port  uint32 // of the socket, in netlink's sense
	index int32  // of the interface, once it was seen
	ended sync.WaitGroup

	mu       sync.Mutex
	change   *sync.Cond // of what follows
	asked    uint32     // number of the last question
	answered uint32     // of that, what was answered
	over     error      // why nothing more comes
	stopped  bool
}

// StartWatch has say hear whether an interface is up as its own node has it (IFF_UP), now and whenever
// that changes; of one that is gone, that it is not. It takes a socket of [OpenWatch] over. When it returns,
// say has heard.
func StartWatch(f *os.File, iface string, say func(up bool)) (*Watch, error) {
	p, err := takePlug(f)
	if err != nil {
		return nil, err
	}
	w := &Watch{file: p.file, name: iface, say: say}
	w.change = sync.NewCond(&w.mu)
	if w.port, err = portOf(w.file); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	if _, err := w.ask(); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	for w.index == 0 {
		if err := w.next(); err != nil {
			return nil, errors.Join(fmt.Errorf("look at %s: %w", iface, err), w.file.Close())
		}
	}
	w.ended.Go(w.follow)
	return w, nil
}

// follow reads until the socket is closed.
func (w *Watch) follow() {
	var err error
	for err == nil {
		err = w.next()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = err
	w.change.Broadcast()
}

// Err says why say hears nothing more; nil while it does, and when it was stopped.
func (w *Watch) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over == nil || w.stopped {
		return nil
	}
	return fmt.Errorf("look at %s: %w", w.name, w.over)
}

// Sync waits until say has heard how the interface is now.
func (w *Watch) Sync() error {
	number, err := w.ask()
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.answered < number {
		if w.over != nil {
			return fmt.Errorf("look at %s: %w", w.name, w.over)
		}
		w.change.Wait()
	}
	return nil
}

// portOf is what the kernel answers a socket by.
func portOf(f *os.File) (uint32, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var at unix.Sockaddr
	var failed error
	err = raw.Control(func(fd uintptr) { at, failed = unix.Getsockname(int(fd)) })
	if err := errors.Join(err, failed); err != nil {
		return 0, fmt.Errorf("watch interfaces: %w", err)
	}
	own, ok := at.(*unix.SockaddrNetlink)
	if !ok {
		return 0, errors.New("watch interfaces: the socket is another's")
	}
	return own.Pid, nil
}

// Stop ends it; say hears nothing more.
func (w *Watch) Stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	_ = w.file.Close() // it was only read
	w.ended.Wait()
}

// ask asks for the interface by its name, and gives the number of the question.
func (w *Watch) ask() (uint32, error) {
	w.mu.Lock()
	w.asked++
	number := w.asked
	w.mu.Unlock()
	name := append([]byte(w.name), 0)
	attribute := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofRtAttr+len(name))) //nolint:gosec // a name is short
	attribute = append(binary.NativeEndian.AppendUint16(attribute, unix.IFLA_IFNAME), name...)
	attribute = append(attribute, make([]byte, -len(attribute)&3)...)
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+unix.SizeofIfInfomsg+len(attribute))) //nolint:gosec // a few bytes
	b = binary.NativeEndian.AppendUint16(b, unix.RTM_GETLINK)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST)
	b = binary.NativeEndian.AppendUint32(b, number)
	b = append(b, make([]byte, 4+unix.SizeofIfInfomsg)...) // the kernel knows who asks
	b = append(b, attribute...)
	raw, err := w.file.SyscallConn()
	if err != nil {
		return number, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.Sendto(int(fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) })
	if err := errors.Join(err, failed); err != nil {
		return number, fmt.Errorf("look at %s: %w", w.name, err)
	}
	return number, nil
}

// next reads what the kernel tells next.
func (w *Watch) next() error {
	b := make([]byte, 32<<10)
	raw, err := w.file.SyscallConn()
	if err != nil {
		return err
	}
	var n int
	var from unix.Sockaddr
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, from, failed = unix.Recvfrom(int(fd), b, 0)
		return !errors.Is(failed, unix.EAGAIN)
	})
	switch {
	case err != nil:
		return err
	case errors.Is(failed, unix.ENOBUFS): // it had no room for some
		_, err := w.ask()
		return err
	case errors.Is(failed, unix.EINTR):
		return nil
	case failed != nil:
		return failed
	}
	if kernel, ok := from.(*unix.SockaddrNetlink); !ok || kernel.Pid != 0 {
		return nil // whoever has rights in the node may write here, and says nothing that counts
	}
	messages, err := syscall.ParseNetlinkMessage(b[:n])
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := w.take(m); err != nil {
			return err
		}
	}
	return nil
}

// take takes a message of the kernel's.
func (w *Watch) take(m syscall.NetlinkMessage) error {
	const indexAt, flagsAt = 4, 8 // in struct ifinfomsg
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if m.Header.Pid == w.port { // what happens by itself has another's number, or none
			w.answered = max(w.answered, m.Header.Seq)
		}
		w.change.Broadcast()
	}()
	switch {
	case m.Header.Type == unix.NLMSG_ERROR && len(m.Data) >= 4:
		if w.index != 0 { // it is gone, as was said when it went
			return nil
		}
		return syscall.Errno(-int32(binary.NativeEndian.Uint32(m.Data))) //nolint:gosec // the kernel's is negative
	case m.Header.Type != unix.RTM_NEWLINK && m.Header.Type != unix.RTM_DELLINK || len(m.Data) < unix.SizeofIfInfomsg:
		return nil
	case m.Header.Type == unix.RTM_DELLINK && m.Data[0] != unix.AF_UNSPEC:
		return nil // a bridge is left by the interface, which goes on
	}
	index := int32(binary.NativeEndian.Uint32(m.Data[indexAt:])) //nolint:gosec // an index is small
	if w.index == 0 && m.Header.Type == unix.RTM_NEWLINK && w.named(m) {
		w.index = index
	}
	if index == w.index {
		w.say(m.Header.Type == unix.RTM_NEWLINK && binary.NativeEndian.Uint32(m.Data[flagsAt:])&unix.IFF_UP != 0)
	}
	return nil
}

// named says whether a message is of an interface of the name that is looked for.
func (w *Watch) named(m syscall.NetlinkMessage) bool {
	attributes, err := syscall.ParseNetlinkRouteAttr(&m)
	if err != nil {
		return false
	}
	for _, a := range attributes {
		if a.Attr.Type == unix.IFLA_IFNAME {
			return unix.ByteSliceToString(a.Value) == w.name
		}
	}
	return false
}
