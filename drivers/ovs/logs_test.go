package ovs_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/drivertest"
)

// TestLiveUnlogged: a switch whose logging was turned off, of one module or of all, does not
// log everything; nor does one whose log file was removed.
func TestLiveUnlogged(t *testing.T) {
	for _, image := range drivertest.Images() {
		t.Run(image, func(t *testing.T) {
			d := open(t, drivertest.StartContainer(t, image), config)
			if err := d.Boot(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct{ line, want string }{
				{"true", ""},
				{"ovs-appctl vlog/set off", "ovs-vswitchd does not log everything"},
				{"ovs-appctl vlog/set info", ""},
				{"ovs-appctl vlog/set bridge:file:err", "module bridge has level ERR"},
				{"ovs-appctl vlog/set file:dbg", ""},
				{"ovs-appctl -t ovsdb-server vlog/set off", "ovsdb-server does not log everything"},
				{"ovs-appctl -t ovsdb-server vlog/set info", ""},
				{"rm /var/log/openvswitch/ovs-vswitchd.log", "does not log to"},
			} {
				if x, err := d.Shell(t.Context(), drivers.Command{Line: tt.line}); err != nil || x.Exit != 0 {
					t.Fatalf("%+v, %v", x, err)
				}
				why, err := d.Unlogged(t.Context())
				if err != nil || (why == "") != (tt.want == "") || !strings.Contains(why, tt.want) {
					t.Errorf("after %s: %q, %v, want …%s…", tt.line, why, err, tt.want)
				}
			}
		})
	}
}
