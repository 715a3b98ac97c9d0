package linux

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
)

// What changes by itself in the answers of lldpd and keepalived is not seen, and what does not is.
func TestSettle(t *testing.T) {
	drivertest.Settles(t, settle(), []drivertest.Settled{
		{Was: "Interface:    eth1, via: LLDP, RID: 1, Time: 0 day, 00:00:12\n", Is: "Interface:    eth1, via: LLDP, RID: 1, Time: 2 days, 01:00:12\n", Not: "Interface:    eth2, via: LLDP, RID: 1, Time: 0 day, 00:00:12\n"},
		{Was: "   Last transition = 1795471400.5 (Sun Nov 29 11:00:00.5 2026)\n   State = MASTER\n", Is: "   Last transition = 1795479900.1 (Sun Nov 29 12:00:00.1 2026)\n   State = MASTER\n", Not: "   Last transition = 1795471400.5 (Sun Nov 29 11:00:00.5 2026)\n   State = BACKUP\n"},
		{Was: "  Transmitted:  3\n", Is: "  Transmitted:  13\n"},
	})
}
