package node_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/node"
)

// What changes by itself in iproute2's answers is not seen, and what does not is.
func TestNormalise(t *testing.T) {
	for _, tt := range []struct{ was, is, not string }{
		{
			"    RX:  bytes packets errors dropped  missed   mcast           \n             0       0      0       0       0       0 \n",
			"    RX:  bytes packets errors dropped  missed   mcast           \n           770       7      0       0       0       0 \n",
			"    RX:  bytes packets errors dropped  missed   mcast           \n           770       7      3       0       0       0 \n",
		},
		{
			"    RX:   bytes  packets errors dropped  missed   mcast           \n    30662084068 39452416      0       0       2       0 \n",
			"    RX:  bytes packets errors dropped  missed   mcast           \n           770       7      0       9       2       5 \n",
			"    RX:  bytes packets errors dropped  missed   mcast           \n           770       7      0       9       3       5 \n",
		},
		{
			"    TX:  bytes packets errors dropped carrier collsns           \n           770       7      0       0       1       0 \n",
			"    TX:    bytes packets errors dropped carrier collsns           \n    30662084068       7      0       4       1       0 \n",
			"    TX:  bytes packets errors dropped carrier collsns           \n           770       7      0       0       2       0 \n",
		},
		{
			"    RX errors:  length    crc   frame    fifo overrun\n                     0      0       0       0       0 \n",
			"    RX errors:  length    crc   frame    fifo overrun\n                     0      0       0       0       0 \n",
			"    RX errors:  length    crc   frame    fifo overrun\n                     0      4       0       0       0 \n",
		},
		{"10.0.0.2 dev eth1 lladdr 02:ab:35:94:ab:17 DELAY proto zebra \n", "10.0.0.2 dev eth1 lladdr 02:ab:35:94:ab:17 REACHABLE proto zebra \n", "10.0.0.2 dev eth1 lladdr 02:ab:35:94:ab:18 DELAY proto zebra \n"},
		{"10.0.0.2 dev eth1 lladdr 02:ab:35:94:ab:17 STALE\n", "10.0.0.2 dev eth1 lladdr 02:ab:35:94:ab:17 PROBE\n", "10.0.0.2 dev eth1 FAILED\n"},
		{"2: eth1@if2: <UP> mtu 1500\n", "2: eth1@if7: <UP> mtu 1500\n", "2: eth1@if2: <UP> mtu 1400\n"},
		{"       valid_lft 86399sec preferred_lft 14399sec\n", "       valid_lft 86300sec preferred_lft 14300sec\n", "       valid_lft forever preferred_lft forever\n"},
		{"last seen 00:03:33\n", "last seen 01:04:01\n", "last seen never\n"},
		{"last reset 00:03:33.\n", "last reset 01:04:01.\n", "last reset never.\n"},
		{"bgp1       BGP        ---        up     11:03:33.123  Established\n", "bgp1       BGP        ---        up     11:03:33.123  Established\n", "bgp1       BGP        ---        up     11:09:59.001  Established\n"},
		{"since 2026-11-29 11:03:33\n", "since 2026-11-29 11:03:33\n", "since 2026-11-29 11:09:59\n"},
		{"Last update: Sun Nov 29 11:03:33 2026\n", "Last update: Sun Nov 29 11:03:33 2026\n", "Last update: Sun Nov 29 11:09:59 2026\n"},
		{"   Last transition = 1795471400.500000 (Sun Nov 29 11:00:00.500000 2026)\n", "   Last transition = 1795471400.500000 (Sun Nov 29 11:00:00.500000 2026)\n", "   Last transition = 1795471400.500000 (Sun Nov 29 12:00:00.100000 2026)\n"},
		{"      Large Community: 10:20:30\n", "      Large Community: 10:20:30\n", "      Large Community: 10:20:31\n"},
		{" set large-community 10:20:30\n", " set large-community 10:20:30\n", " set large-community 10:20:31\n"},
		{"    link/ether 02:10:22:33:43:88 brd ff:ff:ff:ff:ff:ff\n", "    link/ether 02:10:22:33:43:88 brd ff:ff:ff:ff:ff:ff\n", "    link/ether 02:10:22:33:43:89 brd ff:ff:ff:ff:ff:ff\n"},
		{"2: eth1@if2: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UNKNOWN group default\n", "2: eth1@if2: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default\n", "2: eth1@if2: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state DORMANT group default\n"},
		{"    inet6 fe80::5a:8eff:fede:fd4c/64 scope link tentative \n", "    inet6 fe80::5a:8eff:fede:fd4c/64 scope link \n", "    inet6 fe80::5a:8eff:fede:fd4c/64 scope link dadfailed tentative \n"},
		{"    inet6 2001:db8::1/64 scope global tentative \n", "    inet6 2001:db8::1/64 scope global \n", "    inet6 2001:db8::2/64 scope global \n"},
		{"    inet6 2001:db8::1/64 scope global dadfailed tentative \n", "    inet6 2001:db8::1/64 scope global dadfailed tentative \n", "    inet6 2001:db8::1/64 scope global \n"},
		{
			"fe80::/64 dev eth1 proto kernel metric 256 pref medium\nlocal ::1 dev lo table local proto kernel metric 0 pref medium\n",
			"fe80::/64 dev eth1 proto kernel metric 256 pref medium\nlocal ::1 dev lo table local proto kernel metric 0 pref medium\nanycast fe80:: dev eth1 table local proto kernel metric 0 pref medium\nlocal fe80::5a:8eff:fede:fd4c dev eth1 table local proto kernel metric 0 pref medium\nmulticast ff00::/8 dev eth1 table local proto kernel metric 256 pref medium",
			"fe80::/64 dev eth1 proto kernel metric 256 pref medium\nlocal ::1 dev lo table local proto kernel metric 0 pref medium\nlocal 2001:db8::1 dev eth1 table local proto kernel metric 0 pref medium\n",
		},
		{
			"    PID TTY      STAT   TIME COMMAND\n     22 ?        Ss     0:00 sh\n     50 ?        S      0:00  \\_ sh\n     51 ?        R      0:00      \\_ ps axf\n     80 ?        S      0:00 sleep 9\n",
			"    PID TTY      STAT   TIME COMMAND\n     22 ?        Ss     0:00 sh\n   1098 ?        S      0:00  \\_ sh\n   1099 ?        R      0:00      \\_ ps axf\n     80 ?        R      1:40 sleep 9\n",
			"    PID TTY      STAT   TIME COMMAND\n     22 ?        Ss     0:00 sh\n     50 ?        S      0:00  \\_ sh\n     51 ?        R      0:00      \\_ ps axf\n     91 ?        S      0:00 sleep 9\n",
		},
		{"     80 ?        S      0:00 bgpd -d\n", "     80 ?        R      0:07 bgpd -d\n", "     80 ?        Z      0:00 bgpd -d\n"},
	} {
		var n node.Node
		was, is := n.Normalise("", tt.was), n.Normalise("", tt.is)
		if was != is {
			t.Errorf("%q\nis not\n%q", was, is)
		}
		if tt.not != "" && was == n.Normalise("", tt.not) {
			t.Errorf("%q is taken for %q", tt.not, tt.was)
		}
	}
}
