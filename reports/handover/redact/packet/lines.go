package packet

import (
	"bytes"
	"net/netip"
)

// Lines of protocols of text that name a host (RFC 9110, section 7.2; RFC 5321, sections 4.1.1.1 and 4.2): the word in front,
// in small letters.
func hostLines() [][]byte {
	return [][]byte{[]byte("host: "), []byte("ehlo "), []byte("helo "), []byte("220 "), []byte("250-"), []byte("221 "), []byte("from-host: "), []byte("x-forwarded-host: ")}
}

// hostNames maps the names in such lines.
func (c *capture) hostNames() {
	heads := hostLines()
	for at := 0; at < len(c.old); {
		end := len(c.old)
		if n := bytes.IndexByte(c.old[at:], '\n'); n >= 0 {
			end = at + n
		}
		for _, head := range heads {
			from := at + len(head)
			if from < end && bytes.EqualFold(c.old[at:from], head) {
				c.hostName(from, end)
			}
		}
		at = end + 1
	}
}

// hostName maps the word at at where it is the name of a host: it has a dot in it and is no address.
func (c *capture) hostName(at, end int) {
	stop := at
	for stop < end && (wordByte(c.old[stop]) || c.old[stop] == '.' || c.old[stop] == '-') {
		stop++
	}
	word := c.old[at:stop]
	if dot := bytes.IndexByte(word, '.'); dot <= 0 || dot == len(word)-1 {
		return
	}
	if _, err := netip.ParseAddr(string(word)); err != nil {
		c.name(at, stop)
	}
}

func wordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
}
