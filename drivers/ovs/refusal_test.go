package ovs_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/ovs"
)

// TestRefusal: a port that the switch could not set up is told, though ovs-vsctl ends with status 0.
func TestRefusal(t *testing.T) {
	const said = "ovs-vsctl: Error detected while setting up 'nosuch0': could not open network device nosuch0 (No such device).  See ovs-vswitchd log for details."
	for _, tt := range []struct{ command, answer, want string }{
		{"ovs-vsctl add-port br0 nosuch0", said + "\novs-vsctl: The default log directory is \"/var/log/openvswitch\".\n", said},
		{"ovs-vsctl add-port br0 eth1", "", ""},
		{"cat log", said, ""},
	} {
		if got := (&ovs.Driver{}).Refusal(tt.command, true, tt.answer); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.command, got, tt.want)
		}
	}
}
