package wire

import "encoding/binary"

// plain makes of a frame what the kernel would have made of it behind the place where it was handed
// over: TCP leaves its checksum to the last step, and that of long trains of data to be cut. They are
// cut as the socket would have that sends them, or to what the link carries where there is none: guessed
// says so. Of any other frame, train is nil. What TCP has signed is never cut, as the kernel makes no trains
// of it: guessed also says that such is longer than the link carries.
func plain(b []byte, mtu int, segment func(b []byte, at int) int) (train [][]byte, guessed bool) {
	at, proto, sum, ok := transport(b)
	field := sumField(proto)
	if !ok || field == 0 || at+field+2 > len(b) {
		return nil, false
	}
	c := b[at+field:]
	partial := binary.BigEndian.Uint16(c) == fold(sum) // of the addresses alone: the rest is to be added
	if proto == protoTCP && at+20 <= len(b) {
		long := payload(b) > mtu
		data := len(b) - at - headerOf(b, at)
		switch {
		case signed(b, at):
			guessed = long
		case long || partial && data > leastMSS:
			size := segment(b, at)
			if guessed = size == 0 && long; guessed {
				size = mtu - (payload(b) - data)
			}
			if size > 0 && size < data {
				return cut(b, at, size), guessed
			}
		}
	}
	if partial {
		whole := ^fold(add(0, b[at:]))
		if whole == 0 && proto == protoUDP {
			whole = 0xffff // nothing would say that there is none (RFC 768)
		}
		binary.BigEndian.PutUint16(c, whole)
	}
	return nil, guessed
}

// signed says whether the header of TCP at a byte of a frame has a digest of the whole segment, by MD5 (RFC
// 2385) or by TCP-AO (RFC 5925).
func signed(b []byte, at int) bool {
	const end, none, md5, ao = 0, 1, 19, 29
	for o := b[at+20 : max(at+20, min(at+headerOf(b, at), len(b)))]; len(o) > 0; {
		switch o[0] {
		case md5, ao:
			return true
		case end:
			return false
		case none:
			o = o[1:]
			continue
		}
		if len(o) < 2 {
			return false
		}
		o = o[min(max(int(o[1]), 2), len(o)):]
	}
	return false
}

const protoTCP, protoUDP = 6, 17

// sumField is where the checksum of a protocol is behind the header of IP; 0 of those that the kernel
// leaves no checksum open of.
func sumField(proto byte) int {
	switch proto {
	case protoTCP:
		return 16
	case protoUDP:
		return 6
	default:
		return 0
	}
}

// cut makes segments with so much data of a train of TCP that begins at a byte of the frame.
func cut(b []byte, at, room int) (list [][]byte) {
	const fin, psh, cwr = 0x01, 0x08, 0x80
	begin := at + headerOf(b, at)
	ip := len(b) - payload(b)
	for n, data := 0, b[begin:]; len(data) > 0; n++ {
		size := min(room, len(data))
		s := append(append(make([]byte, 0, begin+size), b[:begin]...), data[:size]...)
		binary.BigEndian.PutUint32(s[at+4:], binary.BigEndian.Uint32(b[at+4:])+uint32(n*room)) //nolint:gosec // it wraps
		if n > 0 {
			s[at+13] &^= cwr
		}
		if size < len(data) {
			s[at+13] &^= fin | psh
		}
		measure(s, ip, at, n)
		list, data = append(list, s), data[size:]
	}
	return list
}

// measure gives a segment its length, its number and its checksums.
func measure(s []byte, ip, at, n int) {
	if s[ip]>>4 == 4 {
		binary.BigEndian.PutUint16(s[ip+2:], uint16(len(s)-ip))                           //nolint:gosec // it fits the link
		binary.BigEndian.PutUint16(s[ip+4:], binary.BigEndian.Uint16(s[ip+4:])+uint16(n)) //nolint:gosec // it wraps
		binary.BigEndian.PutUint16(s[ip+10:], 0)
		binary.BigEndian.PutUint16(s[ip+10:], ^fold(add(0, s[ip:at])))
	} else {
		binary.BigEndian.PutUint16(s[ip+4:], uint16(len(s)-ip-40)) //nolint:gosec // it fits the link
	}
	_, _, sum, _ := transport(s)
	binary.BigEndian.PutUint16(s[at+16:], 0)
	binary.BigEndian.PutUint16(s[at+16:], ^fold(add(sum, s[at:])))
}

// transport finds what IP carries in a frame that is no fragment, and the sum of its pseudo header.
func transport(b []byte) (at int, proto byte, sum uint32, ok bool) {
	at = behindTags(b)
	if at > len(b) {
		return 0, 0, 0, false
	}
	switch ip := b[at:]; {
	case b[at-2] == 8 && b[at-1] == 0 && len(ip) >= 20 && binary.BigEndian.Uint16(ip[6:])&0x3fff == 0:
		head, total := 4*int(ip[0]&0xf), int(binary.BigEndian.Uint16(ip[2:]))
		if head < 20 || total < head || total != len(ip) {
			return 0, 0, 0, false
		}
		return at + head, ip[9], add(uint32(ip[9])+uint32(total-head), ip[12:20]), true //nolint:gosec // it is of 16 bits
	case b[at-2] == 0x86 && b[at-1] == 0xdd && len(ip) >= 40:
		size := int(binary.BigEndian.Uint16(ip[4:]))
		if size != len(ip)-40 {
			return 0, 0, 0, false
		}
		return at + 40, ip[6], add(uint32(ip[6])+uint32(size), ip[8:40]), true //nolint:gosec // it is of 16 bits
	default:
		return 0, 0, 0, false
	}
}

// add adds bytes to the sum of RFC 1071.
func add(sum uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
