package linux

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
)

// What changes by itself in the answers of lldpd and keepalived is not seen, and what does not is.
func TestSettle(t *testing.T) {
	drivertest.Settles(t, settle(), []drivertest.Settled{
		{Was: "Interface:    eth1, via: LLDP, RID: 1, Time: 0 day, 00:00:12\n", Is: "Interface:    eth1, via: LLDP, RID: 1, Time: 2 days, 01:00:12\n", Not: "Interface:    eth2, via: LLDP, RID: 1, Time: 0 day, 00:00:12\n"},
		{Was: "   Last transition = 1795471400.5 (Sun Nov 29 11:00:00.5 2026)\n   Next scheduled advert = 1795471401.5 (Sun Nov 29 11:00:01.5 2026)\n", Is: "   Last transition = 1795471400.5 (Sun Nov 29 11:00:00.5 2026)\n   Next scheduled advert = 1795479901.1 (Sun Nov 29 12:00:01.5 2026)\n", Not: "   Last transition = 1795479900.1 (Sun Nov 29 12:00:00.1 2026)\n   Next scheduled advert = 1795471401.5 (Sun Nov 29 11:00:01.5 2026)\n"},
		{Was: "  Transmitted:  3\n  Ageout:       0\n", Is: "  Transmitted:  13\n  Ageout:       0\n", Not: "  Transmitted:  3\n  Ageout:       7\n"},
		{Was: "  Received:  3\n  Discarded:    0\n", Is: "  Received:  9\n  Discarded:    0\n", Not: "  Received:  3\n  Discarded:    5\n"},
		{Was: "  Received:  3\n  Deleted:      0\n", Is: "  Received:  9\n  Deleted:      0\n", Not: "  Received:  3\n  Deleted:      5\n"},
		{Was: "  Received:  3\n  Inserted:     0\n", Is: "  Received:  9\n  Inserted:     0\n", Not: "  Received:  3\n  Inserted:     5\n"},
		{Was: "  Received:  3\n  Become master: 0\n", Is: "  Received:  9\n  Become master: 0\n", Not: "  Received:  3\n  Become master: 5\n"},
		{Was: "  Received:  3\n  Released master: 0\n", Is: "  Received:  9\n  Released master: 0\n", Not: "  Received:  3\n  Released master: 5\n"},
		{Was: "  Received:  3\n  Packet Errors: 0\n", Is: "  Received:  9\n  Packet Errors: 0\n", Not: "  Received:  3\n  Packet Errors: 5\n"},
	})
}
