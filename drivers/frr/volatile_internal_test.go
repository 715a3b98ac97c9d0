package frr

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
)

// What changes by itself in FRR's answers is not seen, and what does not is.
func TestSettle(t *testing.T) {
	drivertest.Settles(t, settle(), []drivertest.Settled{
		{Was: "O>* 10.0.0.0/24 [110/20] via 10.1.1.2, eth1, weight 1, 2d03h04m\n", Is: "O>* 10.0.0.0/24 [110/20] via 10.1.1.2, eth1, weight 1, 01w2d03h\n", Not: "O>* 10.0.0.0/24 [110/30] via 10.1.1.2, eth1, weight 1, 2d03h04m\n"},
		{Was: " SPF algorithm last executed 0.075s ago\n Last SPF duration 4 usecs\n", Is: " SPF algorithm last executed 1m03s ago\n Last SPF duration 114 usecs\n"},
		{Was: "1.1.1.1        2.2.2.2            0 0x80000003 0x2ddc 2\n", Is: "1.1.1.1        2.2.2.2          131 0x80000004 0x2dde 2\n", Not: "1.1.1.1        2.2.2.2            0 0x80000003 0x2ddc 3\n"},
		{Was: "    Dead timer due in 3.921s\n", Is: "    Dead timer due in 38.001s\n"},
		{Was: "2.2.2.2           1 Full/DR         4.001s            3.9s 10.0.0.2        eth1:10.0.0.1   0     0     0\n", Is: "2.2.2.2           1 Full/DR         1m04s             3.2s 10.0.0.2        eth1:10.0.0.1   0     0     0\n", Not: "2.2.2.2           1 Init/DR         4.001s            3.9s 10.0.0.2        eth1:10.0.0.1   0     0     0\n"},
		{Was: "10.0.0.2        4      65002        12        14        0    0    0 00:00:09            3        4 N/A\n", Is: "10.0.0.2        4      65002       112       214        7    0    0 01:20:09            3        4 N/A\n", Not: "10.0.0.2        4      65002        12        14        0    0    0 00:00:09            2        4 N/A\n"},
		{Was: "10.0.0.2        4      65002        12        14        0    0    0 00:00:09            3        4 N/A\n", Is: "10.0.0.2        4      65002        12        14        0    0    0 00:00:19            3        4 N/A\n", Not: "10.0.0.2        4      65002        12        14        0    0    0 00:00:09       Active        4 N/A\n"},
		{Was: "BGP table version is 5, local router ID is 1.1.1.1\n", Is: "BGP table version is 9, local router ID is 1.1.1.1\n", Not: "BGP table version is 5, local router ID is 1.1.1.2\n"},
		{Was: "  Link ups:       1    last: 2026/11/29 11:03:33.70\n  Link downs:     0    last: (never)\n", Is: "  Link ups:       0    last: (never)\n  Link downs:     0    last: (never)\n", Not: "  Link ups:       1    last: 2026/11/29 11:03:33.70\n  Link downs:     2    last: (never)\n"},
		{Was: "    Number of LSA 2\n", Is: "    Number of LSA 2\n", Not: "    Number of LSA 3\n"},
		{Was: "  HWaddr: 02:10:22:33:43:88\n", Is: "  HWaddr: 02:10:22:33:43:88\n", Not: "  HWaddr: 02:10:22:33:43:89\n"},
		{Was: "10.0.0.2        4      65002        12        14        0    0    0 00:00:09       Active        4 N/A\n", Is: "10.0.0.2        4      65002        112       214        7    0    0 01:20:09       Active        4 N/A\n", Not: "10.0.0.2        4      65002        12        14        0    0    0    never       Active        4 N/A\n"},
		{Was: "10.0.0.2        4      65002        12        14        0    0    0    never       Active        4 N/A\n", Is: "10.0.0.2        4      65002        12        14        0    0    0    never       Active        4 N/A\n", Not: "10.0.0.2        4      65002        12        14        0    0    0  2d03h04m       Active        4 N/A\n"},
		{Was: "10.0.0.2        4      65002        12        14        0    0    0 00:00:09       Active        4 N/A\n", Is: "10.0.0.2        4      65002        112       214        7    0    0 01:20:09       Active        4 N/A\n", Not: "10.0.0.2        4      65002        12        14        0    0  912 00:00:09       Active        4 N/A\n"},
		{Was: "10.0.0.2        4      65002        12        14        0    0    0 00:00:09       Active        4 N/A\n", Is: "10.0.0.2        4      65002        112       214        7    0    0 01:20:09       Active        4 N/A\n", Not: "10.0.0.2        4      65002        12        14        0  912    0 00:00:09       Active        4 N/A\n"},
		{Was: "    Updates:                3          2\n", Is: "    Updates:               13         12\n"},
		{Was: "    Notifications:          0          0\n", Is: "    Notifications:          0          0\n", Not: "    Notifications:          4          0\n"},
		{Was: "    Opens:                  1          1\n", Is: "    Opens:                  1          1\n", Not: "    Opens:                  2          1\n"},
		{Was: "    Route Refresh:          0          0\n", Is: "    Route Refresh:          0          0\n", Not: "    Route Refresh:          0          9\n"},
		{Was: "1.1.1.1        2.2.2.2           12 0x80000003 0x2ddc 2\n", Is: "1.1.1.1        2.2.2.2          131 0x80000004 0x2dde 2\n", Not: "1.1.1.1        2.2.2.2         3600 0x80000003 0x2ddc 2\n"},
		{Was: "  LS age: 12\n  LS Seq Number: 80000003\n", Is: "  LS age: 360\n  LS Seq Number: 80000004\n", Not: "  LS age: 3600\n  LS Seq Number: 80000003\n"},
		{Was: "2.2.2.2           1 Full/DR         35.482s 10.0.0.2        eth1:10.0.0.1   0     0     0\n", Is: "2.2.2.2           1 Full/DR         31.001s 10.0.0.2        eth1:10.0.0.1   0     0     0\n", Not: "2.2.2.2           1 Full/Backup     35.482s 10.0.0.2        eth1:10.0.0.1   0     0     0\n"},
	})
}
