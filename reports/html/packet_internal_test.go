package html

import (
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// drawn writes a packet diagram as words: name and bits of each cell, rows apart.
func drawn(rows [][]bitCell) string {
	var lines []string
	for _, row := range rows {
		var cells []string
		for _, c := range row {
			word := c.Name
			if c.More {
				word = "+" + c.Value
			}
			cells = append(cells, fmt.Sprintf("%s/%d", word, c.Bits))
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return strings.Join(lines, " | ")
}

// A packet is drawn in rows of 32 bits, whatever its fields measure, and what is no layout is not drawn for ever.
func TestPacket(t *testing.T) {
	f := func(name string, bits int) evidence.FrameField {
		return evidence.FrameField{Name: name, Bits: bits, Value: "1"}
	}
	for _, tt := range []struct {
		fields []evidence.FrameField
		want   string
	}{
		{nil, ""},
		{[]evidence.FrameField{f("a", 8), f("b", 8), f("c", 16), f("d", 32)}, "a/8 b/8 c/16 | d/32"},
		{[]evidence.FrameField{f("a", 16), f("b", 48), f("c", 16)}, "a/16 b/16 | +/32 | c/16"},
		{[]evidence.FrameField{f("marker", 128), f("length", 16), f("type", 8)}, "marker/32 | +/32 | +…/32 | length/16 type/8"},
		{[]evidence.FrameField{f("a", 16), f("long", 200), f("b", 8)}, "a/16 long/16 | +/32 | +…/24 b/8"},
		{[]evidence.FrameField{f("a", 8), f("none", 0), f("b", 8)}, "a/8"},
		{[]evidence.FrameField{f("a", -1)}, ""},
		{[]evidence.FrameField{f("huge", 1<<40)}, "huge/32 | +/32 | +…/32"},
	} {
		if got := drawn(packet(tt.fields)); got != tt.want {
			t.Errorf("%v is drawn as %q, want %q", tt.fields, got, tt.want)
		}
	}
	var many []evidence.FrameField
	for range 10_000 {
		many = append(many, f("x", 32))
	}
	if n := len(packet(many)); n != maxRows {
		t.Errorf("%d rows", n)
	}
}
