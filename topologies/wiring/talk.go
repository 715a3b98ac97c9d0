package wiring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// answerTimeout bounds the wait for the kernel's answers to questions that went together. The
// kernel does what it is asked while it is asked: what is waited for lies there already, or never will.
const answerTimeout = 30 * time.Second

// unanswered says of an error of the library, which is EAGAIN where the wait has ended, what has
// happened, as a talk does.
func unanswered(err error) error {
	if !errors.Is(err, unix.EAGAIN) {
		return err
	}
	return fmt.Errorf("the kernel has not answered within %v: %w", answerTimeout, err)
}

// batch is how many questions go together: the kernel keeps the answers until they are read.
const batch = 16

// talk is a socket to the kernel's networking in one namespace, for questions that go together: a
// dozen of them cost little more than the kernel's own work on each.
type talk struct {
	fd     int
	within time.Duration // in which the kernel has to answer
	turn   sync.Locker   // taken while the kernel does what it is asked; nil: it is nobody else's
	text   []byte
	asked  []question
	buffer [16 << 10]byte
}

// question is one that has gone or will go, and what it is for.
type question struct {
	number uint32
	what   string
}

// openTalk opens one in the namespace of this thread.
func openTalk() (*talk, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("reach the kernel in a namespace: %w", err)
	}
	t := &talk{fd: fd, within: answerTimeout}
	if err := t.patience(); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// patience bounds each wait at the socket. Waits add up to twice as much at most: [talk.receive]
// looks at the clock between them.
func (t *talk) patience() error {
	wait := unix.NsecToTimeval(t.within.Nanoseconds())
	if err := unix.SetsockoptTimeval(t.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		return fmt.Errorf("bound the wait for the kernel in a namespace: %w", err)
	}
	return nil
}

func (t *talk) close() { _ = unix.Close(t.fd) } // it was only asked

// ask has something done, now or with what is asked next: flush ends it. what says what it is.
func (t *talk) ask(what string, kind, flags int, data ...nl.NetlinkRequestData) error {
	req := nl.NewNetlinkRequest(kind, flags|unix.NLM_F_ACK)
	for _, d := range data {
		req.AddData(d)
	}
	t.text = append(t.text, req.Serialize()...)
	t.asked = append(t.asked, question{req.Seq, what})
	if len(t.asked) < batch {
		return nil
	}
	return t.flush()
}

// flush has everything done that was asked for, and says what of it went wrong first.
func (t *talk) flush() error {
	if len(t.asked) == 0 {
		return nil
	}
	asked, text := t.asked, t.text
	t.asked, t.text = t.asked[:0], t.text[:0]
	err := t.send(text)
	if err != nil {
		return fmt.Errorf("%s: %w", asked[0].what, err)
	}
	deadline := time.Now().Add(t.within)
	for i := 0; i < len(asked); {
		answers, failed := t.receive(deadline)
		if failed != nil {
			return fmt.Errorf("%s: %w", asked[i].what, failed)
		}
		for _, a := range answers {
			if i == len(asked) || a.Header.Type != unix.NLMSG_ERROR || a.Header.Seq != asked[i].number {
				continue
			}
			if errno := refusal(a.Data); errno != 0 && err == nil {
				err = fmt.Errorf("%s: %w", asked[i].what, errno)
			}
			i++
		}
	}
	return err
}

// send has the kernel do what is asked.
func (t *talk) send(text []byte) error {
	if t.turn != nil {
		t.turn.Lock()
		defer t.turn.Unlock()
	}
	return unix.Sendto(t.fd, text, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// refusal is the kernel's reason against a question; 0: it was carried out.
func refusal(answer []byte) syscall.Errno {
	if len(answer) < 4 {
		return unix.EBADMSG
	}
	return syscall.Errno(-int32(binary.NativeEndian.Uint32(answer))) //nolint:gosec // the kernel gives it negated
}

// receive takes the next answers of the kernel. Whoever has rights over a node's network may write
// to the socket too, and is not heard.
func (t *talk) receive(deadline time.Time) ([]syscall.NetlinkMessage, error) {
	for time.Now().Before(deadline) {
		n, from, err := unix.Recvfrom(t.fd, t.buffer[:], 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			return nil, err
		}
		if sender, ok := from.(*unix.SockaddrNetlink); ok && sender.Pid == 0 {
			return syscall.ParseNetlinkMessage(t.buffer[:n])
		}
	}
	return nil, fmt.Errorf("the kernel has not answered within %v", t.within)
}

// last is the greatest index of an interface.
func (t *talk) last() (int, error) {
	const withoutCounters = 8 // RTEXT_FILTER_SKIP_STATS of linux/rtnetlink.h
	req := nl.NewNetlinkRequest(unix.RTM_GETLINK, unix.NLM_F_DUMP)
	req.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	req.AddData(nl.NewRtAttr(unix.IFLA_EXT_MASK, nl.Uint32Attr(withoutCounters)))
	if err := unix.Sendto(t.fd, req.Serialize(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, fmt.Errorf("list interfaces: %w", err)
	}
	last, deadline := 0, time.Now().Add(t.within)
	for {
		answers, err := t.receive(deadline)
		if err != nil {
			return 0, fmt.Errorf("list interfaces: %w", err)
		}
		for _, a := range answers {
			switch {
			case a.Header.Seq != req.Seq:
			case a.Header.Type == unix.NLMSG_DONE:
				return last, nil
			case a.Header.Type == unix.NLMSG_ERROR:
				return 0, fmt.Errorf("list interfaces: %w", refusal(a.Data))
			case a.Header.Type == unix.RTM_NEWLINK && len(a.Data) >= unix.SizeofIfInfomsg:
				last = max(last, int(nl.DeserializeIfInfomsg(a.Data).Index))
			}
		}
	}
}

// address asks for an address, in prefix form, at an interface.
func (t *talk) address(p Port, text string) error {
	ip, network, err := net.ParseCIDR(text)
	if err != nil {
		return fmt.Errorf("read the address %q of %s: %w", text, p.Interface, err)
	}
	family, octets := unix.AF_INET, []byte(ip.To4())
	if octets == nil {
		family, octets = unix.AF_INET6, []byte(ip.To16())
	}
	ones, size := network.Mask.Size()
	m := nl.NewIfAddrmsg(family)
	m.Index, m.Prefixlen = uint32(p.Index), uint8(ones) //nolint:gosec // both are small
	data := []nl.NetlinkRequestData{m, nl.NewRtAttr(unix.IFA_LOCAL, octets), nl.NewRtAttr(unix.IFA_ADDRESS, octets)}
	switch {
	case family == unix.AF_INET6:
		m.Flags = unix.IFA_F_NODAD // usable at once: a cable has no third party
	case ones < size-1:
		broadcast := make([]byte, len(octets))
		for i := range octets {
			broadcast[i] = octets[i] | ^network.Mask[i]
		}
		data = append(data, nl.NewRtAttr(unix.IFA_BROADCAST, broadcast))
	}
	return t.ask(fmt.Sprintf("give %s the address %s", p.Interface, text), unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, data...)
}

// enable asks for an interface to get its addresses, and to be brought up.
func (t *talk) enable(p Port) error {
	for _, text := range []string{p.IPv4, p.IPv6} {
		if text == "" {
			continue
		}
		if err := t.address(p, text); err != nil {
			return err
		}
	}
	m := nl.NewIfInfomsg(unix.AF_UNSPEC)
	m.Index = int32(p.Index) //nolint:gosec // an index is small
	m.Flags, m.Change = unix.IFF_UP, unix.IFF_UP
	return t.ask("bring "+p.Interface+" up", unix.RTM_NEWLINK, 0, m)
}
