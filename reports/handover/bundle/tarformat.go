package bundle

import (
	"bytes"
	"fmt"
	"strconv"
)

// The bytes of a tar archive that are not content, written here and predicted by the
// reader: POSIX ustar, with a PAX record for a name that does not fit. They are spelled
// out rather than left to a library so that a later one cannot write them otherwise.

const (
	tarBlock = 512
	// archiveTime is the modification time of every entry: 2000-01-01T00:00:00Z.
	archiveTime = 946684800
)

// tarHeader gives the header of a regular file, with the PAX entry before it if one is needed.
func tarHeader(name string, size int64) []byte {
	if len(name) < 100 && isASCII(name) {
		return ustar(name, size, '0')
	}
	record := paxRecord("path", name)
	out := ustar("PaxHeaders.0/entry", int64(len(record)), 'x')
	out = append(out, record...)
	out = append(out, make([]byte, padding(int64(len(record))))...)
	return append(out, ustar(shortName(name), size, '0')...)
}

func ustar(name string, size int64, kind byte) []byte {
	h := make([]byte, tarBlock)
	copy(h, name)
	copy(h[100:], "0000644\x00")
	copy(h[108:], "0000000\x00")
	copy(h[116:], "0000000\x00")
	copy(h[124:], fmt.Sprintf("%011o\x00", size))
	copy(h[136:], fmt.Sprintf("%011o\x00", archiveTime))
	copy(h[148:], "        ") // the checksum counts as blanks while it is made
	h[156] = kind
	copy(h[257:], "ustar\x0000")
	copy(h[329:], "0000000\x00")
	copy(h[337:], "0000000\x00")
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return h
}

// paxRecord is "LENGTH key=value\n", where LENGTH counts itself.
func paxRecord(key, value string) string {
	rest := " " + key + "=" + value + "\n"
	n := len(rest)
	for n != len(rest)+len(strconv.Itoa(n)) {
		n = len(rest) + len(strconv.Itoa(n))
	}
	return strconv.Itoa(n) + rest
}

// shortName is what a program that knows no PAX sees.
func shortName(name string) string {
	out := make([]byte, 0, 99)
	for i := 0; i < len(name) && len(out) < 99; i++ {
		if c := name[i]; c < 0x80 {
			out = append(out, c)
		} else {
			out = append(out, '_')
		}
	}
	return string(out)
}

// tarSize reads the size of an entry whose header must be the one that tarHeader writes
// for its name.
func tarSize(block []byte, name string) (int64, bool) {
	size, err := strconv.ParseInt(string(block[124:135]), 8, 64)
	return size, err == nil && bytes.Equal(block, tarHeader(name, size))
}

func padding(size int64) int64 { return (tarBlock - size%tarBlock) % tarBlock }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
