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
		{Was: "      Import updates:              3          0          0          1          2\n", Is: "      Import updates:             13          0          0         11          2\n", Not: "      Import updates:              3          3          0          1          2\n"},
		{Was: "      Import updates:              3          0          0          1          2\n", Is: "      Import updates:             13          0          0         11          2\n", Not: "      Import updates:              3          0          3          1          2\n"},
		{Was: "      Export updates:              5          2          0        ---          3\n", Is: "      Export updates:             25         12          0        ---         13\n", Not: "      Export updates:              5          2          3        ---          3\n"},
		{Was: "     router  1.1.1.1         2.2.2.2          80000003    12    2ddc\n", Is: "     router  1.1.1.1         2.2.2.2          80000004   312    2ddc\n", Not: "     router  1.1.1.1         2.2.2.2          80000003  3600    2ddc\n"},
		{Was: "Current server time is 2026-11-29 11:03:33.123\nLast reboot on 2026-11-29 11:00:00.000\n", Is: "Current server time is 2026-11-29 11:04:33.123\nLast reboot on 2026-11-29 11:00:00.000\n", Not: "Current server time is 2026-11-29 11:03:33.123\nLast reboot on 2026-11-29 11:03:00.000\n"},
	})
}
