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
		{Was: "  port  1: rx pkts=3, bytes=180, drop=0, errs=0, frame=0, over=0, crc=0\n", Is: "  port  1: rx pkts=33, bytes=1180, drop=0, errs=0, frame=0, over=0, crc=0\n", Not: "  port  1: rx pkts=3, bytes=180, drop=900, errs=0, frame=0, over=0, crc=0\n"},
		{Was: "  port  1: rx pkts=3, bytes=180, drop=0, errs=0, frame=0, over=0, crc=0\n", Is: "  port  1: rx pkts=33, bytes=1180, drop=0, errs=0, frame=0, over=0, crc=0\n", Not: "  port  1: rx pkts=3, bytes=180, drop=0, errs=900, frame=0, over=0, crc=0\n"},
		{Was: "  port  1: rx pkts=3, bytes=180, drop=0, errs=0, frame=0, over=0, crc=0\n", Is: "  port  1: rx pkts=33, bytes=1180, drop=0, errs=0, frame=0, over=0, crc=0\n", Not: "  port  1: rx pkts=3, bytes=180, drop=0, errs=0, frame=0, over=0, crc=900\n"},
		{Was: "next rebalance: 8123 ms\nlacp_status: negotiated\n", Is: "next rebalance: 12 ms\nlacp_status: negotiated\n", Not: "next rebalance: 8123 ms\nlacp_status: configured\n"},
		{Was: "  lookups: hit:3 missed:6 lost:0\n  flows: 1\n  masks: hit:9 total:1 hit/pkt:1.00\n  cache: hit:5 hit-rate:33.33%\n", Is: "  lookups: hit:13 missed:16 lost:0\n  flows: 3\n  masks: hit:19 total:3 hit/pkt:2.10\n  cache: hit:15 hit-rate:43.33%\n", Not: "  lookups: hit:3 missed:6 lost:9000\n  flows: 1\n  masks: hit:9 total:1 hit/pkt:1.00\n  cache: hit:5 hit-rate:33.33%\n"},
		{Was: "netdev@ovs-netdev: hit:16 missed:6\n  br0:\n", Is: "netdev@ovs-netdev: hit:116 missed:16\n  br0:\n", Not: "netdev@ovs-netdev: hit:16 missed:6\n  br1:\n"},
		{Was: "poll_create_node 0.4/sec total: 110\n", Is: "poll_create_node 0.4/sec total: 210\n", Not: "poll_create_node 0.4/sec\n"},
		{Was: "in_port(1), packets:3, bytes:180, used:0.5s, actions:2\n", Is: "in_port(1), packets:13, bytes:1180, used:1.75s, actions:2\n", Not: "in_port(1), packets:3, bytes:180, used:never, actions:2\n"},
		{Was: "max-cache: 10\n", Is: "max-cache: 10\n", Not: "max-cache: 4000\n"},
		{Was: "rx-usecs: 3\n", Is: "rx-usecs: 3\n", Not: "rx-usecs: 300\n"},
		{Was: "rx queue 1\n", Is: "rx queue 1\n", Not: "rx queue 5\n"},
	})
}
