package frr_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
)

// TestLiveBootWarnings: a configuration that vtysh took is taken, whatever a daemon said of
// it, and what it said is kept; one that vtysh did not take is refused with its words, also
// where the daemon's are no error of syntax.
func TestLiveBootWarnings(t *testing.T) {
	const warned = "ip pim rp 10.0.0.1 224.0.0.0/4\ninterface lo\n ip pim\n"
	refused := map[string]string{
		"no such line\n": "Unknown command",
		"router ospf\n network 10.0.0.0/8 area 0\n network 10.0.0.0/8 area 1\n":             "line 3",
		"router bgp 65001\n neighbor X peer-group\n neighbor 10.0.0.1 peer-group NOTHING\n": "line 3",
	}
	for _, image := range drivertest.Images() {
		t.Run(image, func(t *testing.T) {
			host := drivertest.StartContainer(t, image)
			d := open(t, host, warned)
			if err := d.Boot(t.Context()); err != nil {
				t.Fatal(err)
			}
			said := strings.Join(d.BootWarnings(), "\n")
			if !strings.Contains(said, "No Path to RP address specified: 10.0.0.1") || strings.Contains(said, "sending") {
				t.Errorf("it said %q", said)
			}
			for config, words := range refused {
				if err := open(t, host, config).Boot(t.Context()); err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("%q: %v", config, err)
				}
			}
		})
	}
}
