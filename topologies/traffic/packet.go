package traffic

import "encoding/binary"

// Headers in bytes: of IP and of UDP, and what this package puts behind them.
const (
	headerV4, headerV6 = 20, 40
	headerUDP          = 8
	ownHeader          = 28
)

// Least is the size of the smallest packet, in bytes with its IP header.
func Least(v6 bool) int {
	if v6 {
		return headerV6 + headerUDP + ownHeader
	}
	return headerV4 + headerUDP + ownHeader
}

// magic begins what is sent.
var magic = [4]byte{'r', 'p', 't', '1'} //nolint:gochecknoglobals // a constant

// identity is a flow's, drawn when it begins: what else comes is not its own.
type identity [8]byte

// fill makes the packet of a number, sent at so many nanoseconds since 1970.
func fill(b []byte, id identity, number uint64, sent int64) {
	copy(b, magic[:])
	copy(b[4:], id[:])
	binary.BigEndian.PutUint64(b[12:], number)
	binary.BigEndian.PutUint64(b[20:], uint64(sent)) //nolint:gosec // bits
}

// numberOf reads the number of a packet of the flow; ok is false for any other.
func numberOf(b []byte, id identity) (number uint64, ok bool) {
	if len(b) < ownHeader || [4]byte(b) != magic || identity(b[4:]) != id {
		return 0, false
	}
	return binary.BigEndian.Uint64(b[12:]), true
}
