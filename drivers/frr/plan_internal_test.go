package frr

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
)

// A daemon whose arguments may have its socket elsewhere is asked for wherever it is.
func TestListens(t *testing.T) {
	for args, inPlace := range map[string]bool{"": true, "-N blue": false, "--vty_socket /srv": false} {
		s := drivers.Service{Name: "ospfd", Args: strings.Fields(args)}
		ready := daemon(s, "", software{}).Ready
		if strings.Contains(ready, "[ -S /run/frr/ospfd.vty ]") != inPlace || !strings.Contains(ready, "/proc/net/unix") {
			t.Errorf("with %q it is asked: %s", args, ready)
		}
	}
}
