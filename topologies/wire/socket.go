package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// Of linux/netfilter/nfnetlink.h and nfnetlink_log.h, as far as golang.org/x/sys/unix lacks it.
const (
	messagePacket = unix.NFNL_SUBSYS_ULOG << 8
	messageConfig = unix.NFNL_SUBSYS_ULOG<<8 | 1

	configCommand, configMode, configBuffer, configTimeout, configThreshold, configFlags = 1, 2, 3, 4, 5, 6

	commandBind, copyPacket, withSequence = 1, 2, 1

	attributeMark, attributePayload, attributeSequence, attributeVLAN = 2, 9, 12, 20

	vlanProto, vlanTCI = 1, 2
)

// Sizes of what the kernel keeps for who reads, in bytes. Without root's rights it is less.
const (
	receiveBuffer = 64 << 20
	messageBuffer = 256      // of a frame alone: the kernel makes no more room than it takes
	gatherBuffer  = 16 << 10 // of many
	copyRange     = 0xffff
)

// What the kernel does with frames that it hands over: one at a time, or many in a message, which it
// lets go when that is full, or somebody pokes, or after a while.
const (
	gathered   = batch
	gatherTime = 1 // in hundredths of a second
)

// OpenLog opens a socket, in the network namespace of this thread, through which the kernel hands over
// what rules there give to a group of nfnetlink_log. For the error of a group that another socket has [Taken] holds.
func OpenLog(group uint16) (f *os.File, err error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, lacking(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, unix.Close(fd))
		}
	}()
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, lacking(err)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer); err != nil {
			return nil, fmt.Errorf("make room for frames: %w", err)
		}
	}
	for _, attributes := range [][]byte{
		attribute(configCommand, []byte{commandBind}),
		attribute(configMode, append(word(copyRange), copyPacket, 0)),
		attribute(configTimeout, word(gatherTime)),
		gathering(1, messageBuffer),
		attribute(configFlags, []byte{0, withSequence}),
	} {
		if err := configure(fd, group, attributes); err != nil {
			return nil, lacking(err)
		}
	}
	return os.NewFile(uintptr(fd), "wire"), nil
}

// lacking says that the kernel hands no frames over, where that is the error.
func lacking(err error) error {
	if errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("listen at a group of nfnetlink_log: %w", err)
	}
	return &refusedError{&topologies.MissingError{
		What: "kernel ability", Name: "nfnetlink_log",
		Hint: "faults that pick frames, or do anything but drop them, get them through it (CONFIG_NETFILTER_NETLINK_LOG; modprobe nfnetlink_log): " + err.Error(),
	}, err}
}

// refusedError is what the kernel lacks, by its answer.
type refusedError struct {
	*topologies.MissingError

	answer error
}

func (e *refusedError) Unwrap() []error { return []error{e.MissingError, e.answer} }

// Taken reports whether another group may be had where this one is not: the kernel answers who asks for one that
// another socket has as it answers who may ask for none (nfulnl_recv_config of net/netfilter/nfnetlink_log.c).
func Taken(err error) bool { return errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EPERM) }

// attribute is one of a netlink message.
func attribute(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofNlAttr+len(value))) //nolint:gosec // a few bytes
	b = append(binary.NativeEndian.AppendUint16(b, kind), value...)
	return append(b, make([]byte, -len(b)&3)...)
}

func word(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// gathering has the kernel put so many frames in a message of so many bytes.
func gathering(frames, room uint32) []byte {
	return append(attribute(configThreshold, word(frames)), attribute(configBuffer, word(room))...)
}

// config is a message that tells nfnetlink_log something.
func config(group, flags uint16, attributes []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+4+len(attributes))) //nolint:gosec // a few bytes
	b = binary.NativeEndian.AppendUint16(b, messageConfig)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|flags)
	b = append(b, make([]byte, 8)...) // no number, and the kernel knows who asks
	b = append(b, unix.AF_UNSPEC, 0)
	return append(binary.BigEndian.AppendUint16(b, group), attributes...)
}

// configure tells nfnetlink_log something, and waits for its answer.
func configure(fd int, group uint16, attributes []byte) error {
	if err := unix.Sendto(fd, config(group, unix.NLM_F_ACK, attributes), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0) // the kernel has answered when the message was sent
	if err != nil {
		return err
	}
	if n < unix.SizeofNlMsghdr+4 || binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_ERROR {
		return errors.New("nfnetlink_log does not answer")
	}
	if errno := -binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:]); errno != 0 { // the kernel's is negative
		return unix.Errno(errno)
	}
	return nil
}

// Mark is the mark of what a wire sends: the rules that hand frames over leave it alone. PokeMark is
// that of a frame that says nothing, and that they hand over at once, with all that the kernel gathers.
const (
	Mark     = 0x72707265
	PokeMark = 0x72707270
)

// OpenSend opens a socket, in the network namespace of this thread, through which frames leave an
// interface past its queues, with [Mark]. It gets none.
func OpenSend(iface string) (*os.File, error) { return openPacket(iface, Mark, 1) }

// OpenPoke opens a socket, in the network namespace of this thread, through which frames with
// [PokeMark] come to the rules of an interface. It gets none.
func OpenPoke(iface string) (*os.File, error) { return openPacket(iface, PokeMark, 0) }

func openPacket(iface string, mark, bypass int) (*os.File, error) {
	link, err := net.InterfaceByName(iface)
	if err != nil {
		return nil, fmt.Errorf("send at %s: %w", iface, err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("send at %s: open a packet socket: %w", iface, err)
	}
	err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, bypass)
	err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, mark))
	if err = errors.Join(err, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: link.Index})); err != nil {
		return nil, errors.Join(fmt.Errorf("send at %s: %w", iface, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "wire"), nil
}

// handed is a frame that the kernel hands over.
type handed struct {
	number uint32 // they have no gap but where some were lost
	poke   bool   // it is none of the cable's
	frame  []byte
}

// each hands over the frames of one message of the kernel's, whole: with the tag that it holds apart.
// They are within the message, which it alters for that.
func each(message []byte, do func(handed)) error {
	for len(message) >= unix.SizeofNlMsghdr {
		size := int(binary.NativeEndian.Uint32(message))
		if size < unix.SizeofNlMsghdr || size > len(message) {
			return errors.New("the kernel's message is not as it should be")
		}
		if binary.NativeEndian.Uint16(message[4:]) == messagePacket && size >= unix.SizeofNlMsghdr+4 {
			if err := one(message[unix.SizeofNlMsghdr+4:size], do); err != nil {
				return err
			}
		}
		message = message[min(len(message), (size+3)&^3):]
	}
	return nil
}

func one(attributes []byte, do func(handed)) error {
	var tag []byte
	var h handed
	err := attributesOf(attributes, func(kind uint16, value []byte) {
		switch {
		case kind == attributePayload:
			h.frame = value
		case kind == attributeSequence && len(value) == 4:
			h.number = binary.BigEndian.Uint32(value)
		case kind == attributeMark && len(value) == 4:
			h.poke = binary.BigEndian.Uint32(value) == PokeMark
		case kind == attributeVLAN:
			tag = value
		}
	})
	if err != nil {
		return err
	}
	const addresses = 12
	if tag == nil || len(h.frame) < addresses {
		do(h)
		return nil
	}
	var proto, tci []byte
	err = attributesOf(tag, func(kind uint16, value []byte) {
		switch kind {
		case vlanProto:
			proto = value
		case vlanTCI:
			tci = value
		}
	})
	if err == nil && (len(proto) != 2 || len(tci) != 2) {
		err = errors.New("the kernel tells of a VLAN tag, and not which")
	}
	if err != nil {
		return err
	}
	at := cap(attributes) - cap(h.frame)
	whole := attributes[at-unix.SizeofNlAttr : at+len(h.frame)] // the attribute's own header is as long as a tag, and was read
	copy(whole, h.frame[:addresses])
	copy(whole[addresses:], proto)
	copy(whole[addresses+len(proto):], tci)
	h.frame = whole
	do(h)
	return nil
}

// attributesOf goes through the attributes of a netlink message.
func attributesOf(b []byte, do func(kind uint16, value []byte)) error {
	for len(b) >= unix.SizeofNlAttr {
		size := int(binary.NativeEndian.Uint16(b))
		if size < unix.SizeofNlAttr || size > len(b) {
			return errors.New("the kernel's message is not as it should be")
		}
		do(binary.NativeEndian.Uint16(b[2:])&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER), b[unix.SizeofNlAttr:size])
		b = b[min(len(b), (size+3)&^3):]
	}
	return nil
}
