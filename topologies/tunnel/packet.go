package tunnel

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

// Key is that of all cables of one lab, and of no other lab ever: numbers begin anew with each.
type Key [32]byte

// NewKey draws a key.
func NewKey() (k Key) {
	_, _ = rand.Read(k[:]) // never fails (crypto/rand)
	return k
}

// Seal gives a cipher by which the packets of a lab are sealed.
func (k Key) seal() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, fmt.Errorf("make the cipher of a tunnel: %w", err)
	}
	return cipher.NewGCM(block)
}

// A packet begins with two letters and with what is its nonce as well: kind, side of who sends it, number of
// the cable (2 bytes) and number of the packet of that kind (8 bytes), big-endian.
const (
	letters = "R1"
	header  = len(letters) + 12
	seal    = 16 // bytes behind the rest, of GCM
)

// MaxFrame is the longest frame that goes through, in bytes with its Ethernet header and without its check
// sequence: what a packet of UDP over IPv4 has room for.
const MaxFrame = 65507 - header - seal

// kind is what a packet is.
type kind byte

const (
	kindFrame  kind = 1
	kindReport kind = 2
)

// address is what tells a packet from all others of a lab.
type address struct {
	kind   kind
	side   byte // of who sends it
	cable  uint16
	number uint64 // from 1
}

// pack seals the rest of a packet. It is appended to b.
func pack(c cipher.AEAD, b []byte, a address, rest []byte) []byte {
	start := len(b)
	b = append(b, letters...)
	b = append(b, byte(a.kind), a.side)
	b = binary.BigEndian.AppendUint16(b, a.cable)
	b = binary.BigEndian.AppendUint64(b, a.number)
	head := b[start:]
	return c.Seal(b, head[len(letters):], rest, head)
}

var errForeign = errors.New("a packet that is none of this lab's")

// addressOf reads where a packet belongs, which nothing vouches for before it is opened.
func addressOf(p []byte) (a address, err error) {
	if len(p) < header+seal || string(p[:len(letters)]) != letters {
		return a, errForeign
	}
	n := p[len(letters):]
	a = address{kind: kind(n[0]), side: n[1], cable: binary.BigEndian.Uint16(n[2:]), number: binary.BigEndian.Uint64(n[4:])}
	if a.kind != kindFrame && a.kind != kindReport || a.side > 1 || a.number == 0 {
		return a, errForeign
	}
	return a, nil
}

// unpack opens a packet in place.
func unpack(c cipher.AEAD, p []byte) (rest []byte, err error) {
	if len(p) < header+seal {
		return nil, errForeign
	}
	rest, err = c.Open(p[header:header], p[len(letters):header], p[header:], p[:header])
	if err != nil {
		return nil, errForeign
	}
	return rest, nil
}

// report is what one end of a cable tells the other, in packets of a fixed length.
type report struct {
	Stamp int64  // when it was sent, by its sender's clock, in nanoseconds
	Echo  int64  // Stamp of the report that it answers; 0: it answers none
	Sent  uint64 // frames that its sender has sent

	// What has come at its sender.
	High       uint64 // number up to which frames have come or will not
	Distinct   uint64 // frames, each once
	Duplicated uint64
	Reordered  uint64

	Drain   uint64 // number of the last question for all that has come at the other end
	Drained uint64 // of the other end's, that which everything was sent for

	State uint32 // how often the sender's own end has changed
	Seen  uint32 // the other end's State that it has acted on
	Flags uint32
}

const (
	flagUp   = 1 << iota // the interface at the sender's end is up
	flagWant             // an answer is wanted
	flagOpen             // somebody reads and writes the sender's end
)

func (r report) encode() []byte {
	b, _ := binary.Append(nil, binary.BigEndian, r) // of numbers of a fixed size
	return b
}

func decodeReport(b []byte) (r report, err error) {
	if len(b) != binary.Size(r) {
		return r, errForeign
	}
	_, err = binary.Decode(b, binary.BigEndian, &r)
	return r, err
}
