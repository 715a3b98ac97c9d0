package ovs

import (
	"testing"
	"time"
)

func TestLate(t *testing.T) {
	d := &Driver{}
	if by, ok := d.Late("2026-11-28T21:25:47.101Z|00012|timeval|WARN|Unreasonably long 1203ms poll interval (0ms user, 4ms system)"); !ok || by != 1203*time.Millisecond {
		t.Errorf("%v, %v", by, ok)
	}
	if _, ok := d.Late("2026-11-28T21:25:47.101Z|00012|bridge|INFO|ovs-vswitchd (Open vSwitch) 3.1.0"); ok {
		t.Error("an ordinary line is taken for one")
	}
}
