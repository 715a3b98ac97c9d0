package bgp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

var (
	errMarker = errors.New("a message does not begin with its marker")
	errLength = errors.New("a message has a length that none can have")
)

// reader cuts messages out of a stream.
type reader struct {
	in   *bufio.Reader
	head [headerSize]byte
	body []byte
}

func newReader(r io.Reader) *reader { return &reader{in: bufio.NewReaderSize(r, 1<<16)} }

// next is the next message; its body is overwritten by the one after it.
func (r *reader) next() (typ uint8, body []byte, err error) {
	if _, err := io.ReadFull(r.in, r.head[:]); err != nil {
		return 0, nil, err
	}
	for _, b := range r.head[:16] {
		if b != 0xff {
			return 0, nil, errMarker
		}
	}
	n := int(binary.BigEndian.Uint16(r.head[16:]))
	if n < headerSize {
		return 0, nil, errLength
	}
	n -= headerSize
	if cap(r.body) < n {
		r.body = make([]byte, n)
	}
	_, err = io.ReadFull(r.in, r.body[:n])
	return r.head[18], r.body[:n], err
}
