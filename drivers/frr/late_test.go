package frr

import (
	"testing"
	"time"
)

func TestLate(t *testing.T) {
	d := &Driver{}
	line := "2026/11/28 21:25:47 ISIS: [YZRX4-ZXG0C][EC 100663315] Thread Starvation: {(thread *)0x5581 arg=0x1 timer r=-4.210 send_hello_cb() &x from isisd/isis_pdu.c:2026} was scheduled to pop greater than 4s ago"
	if by, ok := d.Late(line); !ok || by != 4*time.Second {
		t.Errorf("%v, %v", by, ok)
	}
	if _, ok := d.Late("2026/11/28 21:25:47 ISIS: adjacency up"); ok {
		t.Error("an ordinary line is taken for one")
	}
}
