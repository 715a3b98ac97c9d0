package ovs

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
)

// What changes by itself in Open vSwitch's answers is not seen, and what does not is.
func TestSettle(t *testing.T) {
	drivertest.Settles(t, settle(), []drivertest.Settled{
		{
			Was: " cookie=0x0, duration=3.221s, table=0, n_packets=3, n_bytes=180, idle_age=1, priority=7,in_port=1 actions=output:2\n",
			Is:  " cookie=0x0, duration=13.1s, table=0, n_packets=31, n_bytes=1180, idle_age=0, priority=7,in_port=1 actions=output:2\n",
			Not: " cookie=0x0, duration=3.221s, table=0, n_packets=3, n_bytes=180, idle_age=1, priority=7,in_port=1 actions=output:3\n",
		},
		{Was: "    1     0  02:00:00:00:00:01    3\n", Is: "    1     0  02:00:00:00:00:01   12\n", Not: "    2     0  02:00:00:00:00:01    3\n"},
		{Was: "  port  1: rx pkts=3, bytes=180, drop=0, errs=0, frame=0, over=0, crc=0\n", Is: "  port  1: rx pkts=33, bytes=1180, drop=1, errs=0, frame=0, over=0, crc=0\n"},
		{Was: "next rebalance: 8123 ms\nlacp_status: negotiated\n", Is: "next rebalance: 12 ms\nlacp_status: negotiated\n", Not: "next rebalance: 8123 ms\nlacp_status: configured\n"},
	})
}
