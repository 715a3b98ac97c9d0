package packet

import (
	"fmt"
	"testing"
)

// The answers of a part of a flow are those that begin in it, however many there are before and behind it.
func TestWithin(t *testing.T) {
	f := &flow{}
	for at := 0; at < 100; at += 10 {
		f.answers = append(f.answers, answer{from: at, to: at + 6})
	}
	for _, part := range [][2]int{{0, 100}, {0, 0}, {5, 5}, {10, 11}, {5, 30}, {-7, 20}, {90, 200}, {95, 200}, {300, 400}} {
		var want []answer
		for _, a := range f.answers {
			if a.from >= part[0] && a.from < part[1] {
				want = append(want, a)
			}
		}
		if got := f.within(part[0], part[1]); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("from %d to %d: %v, want %v", part[0], part[1], got, want)
		}
	}
	if got := (&flow{}).within(0, 10); len(got) > 0 {
		t.Errorf("of none: %v", got)
	}
}
