package bird

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
)

// What changes by itself in BIRD's answers is not seen, and what does not is.
func TestSettle(t *testing.T) {
	drivertest.Settles(t, settle(), []drivertest.Settled{
		{Was: "      Import updates:              3          0          0          1          2\n", Is: "      Import updates:             13          0          0         11          2\n"},
		{Was: "    Routes:         3 imported, 4 exported, 3 preferred\n", Is: "    Routes:         3 imported, 4 exported, 3 preferred\n", Not: "    Routes:         2 imported, 4 exported, 3 preferred\n"},
		{Was: "    Hold timer:       171.482/240\n", Is: "    Hold timer:       201.1/240\n", Not: "    Hold timer:       171.482/90\n"},
		{Was: "1.1.1.1         \t  1\tFull/PtP  \t35.482\teth1       10.0.0.1\n", Is: "1.1.1.1         \t  1\tFull/PtP  \t38.001\teth1       10.0.0.1\n", Not: "1.1.1.1         \t  1\tInit/PtP  \t35.482\teth1       10.0.0.1\n"},
		{Was: "Total: 5 of 5 routes for 3 networks\n", Is: "Total: 5 of 5 routes for 3 networks\n", Not: "Total: 5 of 6 routes for 3 networks\n"},
		{Was: "Routing tables:    123.5 kB     11.2 kB\n", Is: "Routing tables:    124.1 kB     11.0 kB\n"},
	})
}
