package judge_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/topologies"
)

// The newest of each message that is told is laid out field by field, and no other: looks are many.
func TestLaidOut(t *testing.T) {
	head := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	hello := head("01005e0000050200000000010800" + "45c00040000100000159" + "00000a000001e0000005" + "0201002c010101010000000000000000" + "0000000000000000ffffff00000a020100000028" + "0000000000000000")
	ack := append(append([]byte{}, hello[:35]...), append([]byte{5}, hello[36:]...)...)
	arp := head("ffffffffffff0200000000010806" + "0001080006040001" + "0200000000010a000001" + "0000000000000a000002")
	began := time.Now()
	c := judge.NewCounter(evidence.FrameWindow{Began: began}, "", evidence.Clock{})
	for i, b := range [][]byte{hello, ack, hello, arp, hello} {
		c.See(judge.Seen{At: began.Add(time.Duration(i+1) * time.Second), Way: topologies.WayIn, Length: len(b), Head: b})
	}
	f := evidence.Frames{FrameWindow: evidence.FrameWindow{Began: began, Until: 10 * time.Second, Delivered: 5}}
	if err := c.Tell(&f); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true, false, false, true} {
		if got := f.Frames[i]; len(got.Layout) > 0 != want || want && got.Layout[1].Name != "Type" {
			t.Errorf("frame %d (%s %s) is laid out as %v", i+1, got.Kind, got.Message, got.Layout)
		}
	}
}
