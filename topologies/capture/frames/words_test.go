package frames_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/capture/frames"
)

// TestWords: what a frame is told to be is one of the words that there are for it, whatever its bytes are, and each of
// those of the messages of IP is told of some.
func TestWords(t *testing.T) {
	kinds := topologies.FrameKinds()
	told := map[string]bool{}
	look := func(data []byte) {
		f := frames.Decode(data)
		words, known := kinds[f.Kind]
		if f.Kind != "" && !known {
			t.Fatalf("kind %q of %x has no word", f.Kind, data)
		}
		if f.Message != "" && !slices.Contains(words, f.Message) && !strings.HasPrefix(f.Message, "type ") {
			t.Fatalf("message %q of %s has no word", f.Message, f.Kind)
		}
		told[f.Kind+" "+f.Message] = true
	}
	ip := func(proto byte, payload []byte) []byte {
		head := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}
		binary.BigEndian.PutUint16(head[2:], uint16(20+len(payload)))
		return append(append(make([]byte, 12), 0x08, 0x00), append(head, payload...)...)
	}
	for n := range 256 {
		b := append([]byte{byte(n), byte(n)}, make([]byte, 60)...)
		for _, proto := range []byte{1, 2, 58, 89, 103, 112} {
			look(ip(proto, b))
		}
		for _, port := range []uint16{53, 67, 179, 520, 546, 3784} {
			segment := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, port), port^1)
			if port != 546 {
				binary.BigEndian.PutUint16(segment[2:], port)
			}
			look(ip(17, append(append(segment, 0, 0, 0, 0), b...)))
			head := append(append(segment, make([]byte, 8)...), 0x50, 0, 0, 0, 0, 0, 0, 0)
			look(ip(6, append(head, append(append(slices.Repeat([]byte{0xff}, 16), 0, 19, byte(n)), b...)...)))
		}
		arp := append([]byte{0, 1, 8, 0, 6, 4, 0, byte(n)}, make([]byte, 20)...)
		for _, frame := range [][]byte{append([]byte{0x88, 0x09}, b...), append([]byte{0x88, 0xcc}, b...), append([]byte{0x08, 0x06}, arp...), {0, 10, 0x42, 0x42, 3, 0, 0, 0, byte(n), 0, 0, 0}, {0, 12, 0xfe, 0xfe, 3, 0x83, 0, 0, 0, byte(n), 0, 0, 0, 0}} {
			look(append(make([]byte, 12), frame...))
		}
	}
	for kind, words := range kinds {
		for _, word := range words {
			if !told[fmt.Sprintf("%s %s", kind, word)] {
				t.Errorf("no frame is told to be %s %s", kind, word)
			}
		}
	}
}

// TestMessageNamed: a message has, in a match, the word that frames have for it too.
func TestMessageNamed(t *testing.T) {
	for _, tt := range []struct{ proto, word string }{{"icmp", "echo"}, {"ICMP6", "Echo"}, {"icmp6", "too-big"}, {"ospf", "dd"}, {"ospf", "update"}, {"bgp", "update"}} {
		if _, filter, err := (topologies.FrameMatch{Proto: tt.proto, Type: tt.word}).Plain(); err != nil || filter == "" {
			t.Errorf("%s %s: %q, %v", tt.proto, tt.word, filter, err)
		}
	}
	if _, _, err := (topologies.FrameMatch{Proto: "ospf", Type: "update", LSA: "router"}).Plain(); err != nil {
		t.Error(err)
	}
}
