package transport

import (
	"bytes"
	"testing"
)

// However the stream is cut, the data is the same and no command is data.
func FuzzTelnet(f *testing.F) {
	f.Add([]byte{255, 251, 1, 255, 253, 31, 'l', 'o', 'g', 'i', 'n', ':', 255, 255, '\r', 0, '\r', '\n'}, uint8(1))
	f.Add([]byte{255, 250, 24, 1, 255, 240, 'x', 255}, uint8(3))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		var whole telnetParser
		want, commands := whole.feed(bytes.Clone(stream))
		var cut telnetParser
		var got []byte
		n := 0
		for rest := stream; len(rest) > 0; {
			k := min(int(piece)+1, len(rest))
			data, cs := cut.feed(bytes.Clone(rest[:k]))
			got = append(got, data...)
			n += len(cs)
			rest = rest[k:]
		}
		if !bytes.Equal(got, want) || n != len(commands) {
			t.Errorf("in pieces of %d: %q and %d commands, whole %q and %d", int(piece)+1, got, n, want, len(commands))
		}
		for _, c := range commands {
			(&telnet{agreed: map[[2]byte]bool{}}).answer(c)
		}
	})
}
