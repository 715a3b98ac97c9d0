package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Of linux/inet_diag.h and linux/tcp.h.
const (
	messageSocket = 20 // SOCK_DIAG_BY_FAMILY

	questionSize, answerSize = 56, 72 // of inet_diag_req_v2 and inet_diag_msg
	askedAt, toldAt          = 8, 4   // where each has the ports and addresses (struct inet_diag_sockid)

	socketInfo = 2 // INET_DIAG_INFO, whose bit in a question is that of the number before

	infoOptions, infoMSS = 5, 16 // bytes of struct tcp_info
	optionTimestamps     = 1
)

// leastMSS is the least that the kernel makes segments of, in bytes (TCP_MIN_SND_MSS).
const leastMSS = 48

// OpenAsk opens a socket, in the network namespace of this thread, through which the kernel tells of the
// sockets there.
func OpenAsk() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("ask for the segments of TCP: %w", err)
	}
	return os.NewFile(uintptr(fd), "wire"), nil
}

// sockets tells of the sockets of a network.
type sockets struct {
	fd       int
	number   uint32 // of the last question
	question []byte
	answer   [4 << 10]byte
}

func newSockets(f *os.File) *sockets {
	b := binary.NativeEndian.AppendUint32(nil, unix.SizeofNlMsghdr+questionSize)
	b = binary.NativeEndian.AppendUint16(b, messageSocket)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST)
	return &sockets{fd: int(f.Fd()), question: append(b, make([]byte, 8+questionSize)...)}
}

// segment is how many bytes of data the kernel puts in a segment such as the one that begins at a byte
// of a frame, with its options; 0 where no socket sends such.
func (s *sockets) segment(b []byte, at int) int {
	ip := b[behindTags(b):]
	family, src, dst := byte(unix.AF_INET), []byte(nil), []byte(nil)
	if ip[0]>>4 == 4 {
		src, dst = ip[12:16], ip[16:20]
	} else {
		family, src, dst = unix.AF_INET6, ip[8:24], ip[24:40]
	}
	q := s.question[unix.SizeofNlMsghdr:]
	clear(q)
	q[0], q[1], q[2] = family, protoTCP, 1<<(socketInfo-1)
	copy(q[askedAt:], b[at:at+4]) // the ports
	copy(q[askedAt+4:], src)
	copy(q[askedAt+20:], dst)
	for i := range 8 {
		q[48+i] = 0xff // any socket with these (INET_DIAG_NOCOOKIE)
	}
	told := s.ask()
	if len(told) < answerSize || !bytes.Equal(told[toldAt:][:4], b[at:at+4]) || !isAddress(told[toldAt+4:], told[0], src) || !isAddress(told[toldAt+20:], told[0], dst) {
		return 0
	}
	var info []byte
	err := attributesOf(told[answerSize:], func(kind uint16, value []byte) {
		if kind == socketInfo {
			info = value
		}
	})
	if err != nil || len(info) < infoMSS+4 {
		return 0
	}
	header := 20 // that the size is told beside: other options take from it (tcp_current_mss)
	if info[infoOptions]&optionTimestamps != 0 {
		header += 12
	}
	size := int(binary.NativeEndian.Uint32(info[infoMSS:])) + header - headerOf(b, at)
	return max(size, 0)
}

// ask asks the question, and gives what the kernel tells, behind the message's header; nil where that is an
// error. What is left of questions before is none of its answer.
func (s *sockets) ask() []byte {
	s.number++
	binary.NativeEndian.PutUint32(s.question[8:], s.number)
	if err := unix.Sendto(s.fd, s.question, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil
	}
	for {
		n, _, err := unix.Recvfrom(s.fd, s.answer[:], unix.MSG_DONTWAIT) // the kernel has answered when the message was sent
		if err != nil || n < unix.SizeofNlMsghdr {
			return nil
		}
		if binary.NativeEndian.Uint32(s.answer[8:]) != s.number {
			continue
		}
		if binary.NativeEndian.Uint16(s.answer[4:]) != messageSocket {
			return nil
		}
		return s.answer[unix.SizeofNlMsghdr:n]
	}
}

// isAddress says whether a socket of a family has an address where the kernel tells it: one of IPv6 may have
// one of IPv4 (RFC 4291 section 2.5.5.2).
func isAddress(told []byte, family byte, address []byte) bool {
	if family == unix.AF_INET {
		return bytes.Equal(told[:net.IPv4len], address)
	}
	return bytes.HasSuffix(told[:net.IPv6len], address)
}

// headerOf is how long the header of TCP is at a byte of a frame.
func headerOf(b []byte, at int) int { return 4 * int(b[at+12]>>4) }
