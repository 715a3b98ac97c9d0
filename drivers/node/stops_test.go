package node_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/node"
)

func TestStops(t *testing.T) {
	term, none := []string{"SIGTERM"}, []string(nil)
	tests := []struct {
		line, platform, process string
		want                    []string
	}{
		{"pkill -TERM bgpd", "frr", "bgpd", term},
		{"pkill bgpd", "frr", "bgpd", term},
		{"pkill -9 -x bgpd", "frr", "bgpd", []string{"SIGKILL"}},
		{"pkill --signal INT bgpd", "frr", "bgpd", []string{"SIGINT"}},
		{"pkill --signal=hup bgpd", "frr", "bgpd", []string{"SIGHUP"}},
		{"pkill -f /usr/lib/frr/bgpd", "frr", "bgpd", term},
		{"pkill '^ospf.?d$'", "frr", "ospfd", term},
		{"pkill ospfd", "frr", "bgpd", none},
		{"kill $(pidof ovs-vswitchd)", "ovs", "ovs-vswitchd", term},
		{"kill $(pidof ovs-vswitchd)", "ovs", "ovsdb-server", none},
		{"kill -SEGV `pidof ovs-vswitchd`; sleep 1; false", "ovs", "ovs-vswitchd", []string{"SIGSEGV"}},
		{"p=$(cat /run/frr/bgpd.pid); kill -s QUIT $p", "frr", "bgpd", []string{"SIGQUIT"}},
		{"sleep 1 && sudo kill -n 15 $(cat /run/frr/bgpd.pid)", "frr", "bgpd", term},
		{"timeout 5 kill -6 $(pidof bgpd)", "frr", "bgpd", []string{"SIGABRT"}},
		{"kill -STOP $(pidof bgpd); sleep 1; kill -CONT $(pidof bgpd)", "frr", "bgpd", none},
		{"kill -19 $(pidof bgpd)", "frr", "bgpd", none},
		{"kill -0 $(pidof bgpd)", "frr", "bgpd", none},
		{"kill -9 -1", "frr", "bgpd", []string{"SIGKILL"}},
		{"killall -TERM keepalived", "linux", "keepalived", term},
		{"/etc/init.d/frr restart", "frr", "ospfd", []string{""}},
		{"/usr/lib/frr/frrinit.sh stop", "frr", "zebra", []string{""}},
		{"systemctl stop lldpd", "linux", "lldpd", []string{""}},
		{"systemctl stop sshd", "linux", "lldpd", none},
		{"systemctl status lldpd", "linux", "lldpd", none},
		{"service openvswitch-switch restart", "ovs", "ovsdb-server", []string{""}},
		{"birdc down", "bird", "bird", []string{""}},
		{"birdc disable all", "bird", "bird", none},
		{"ovs-appctl exit", "ovs", "ovs-vswitchd", []string{""}},
		{"ovs-appctl exit", "ovs", "ovsdb-server", none},
		{"ovs-appctl -t ovsdb-server exit", "ovs", "ovsdb-server", []string{""}},
		{"echo pkill bgpd", "frr", "bgpd", none},
		{"vtysh -c 'show bgp summary'", "frr", "bgpd", none},
		{"", "frr", "bgpd", none},
	}
	for _, tt := range tests {
		t.Run(tt.line+" "+tt.process, func(t *testing.T) {
			got := node.Stops(tt.line, tt.platform, tt.process)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnread(t *testing.T) {
	for line, want := range map[string]bool{
		`printf "kill \$(pidof bgpd)\n" > /tmp/k.sh; sh /tmp/k.sh`: true,
		"/tmp/k.sh":                       true,
		"cd /tmp && ./k.sh":               true,
		". /tmp/k.sh":                     true,
		"echo kill 1 | sh":                true,
		"timeout 5 bash -x /tmp/k.sh":     true,
		"python3 -c 'import os'":          true,
		"eval $X":                         true,
		"$CMD":                            true,
		"vtysh -c 'clear bgp *'":          false,
		"/usr/bin/vtysh -c 'clear bgp *'": false,
		"ip link set eth1 down; sleep 1":  false,
		"cat /tmp/k.sh":                   false,
		"":                                false,
	} {
		if got := node.Unread(line); got != want {
			t.Errorf("%s: %t", line, got)
		}
	}
}

func FuzzStops(f *testing.F) {
	f.Add("kill -SEGV $(pidof bgpd); pkill '*' -", "bgpd")
	f.Fuzz(func(_ *testing.T, line, process string) { node.Stops(line, "frr", process) })
}

// A script that has the name of a daemon for a file, or sends it a signal, does not run it; what is not known to run
// nothing may.
func TestCalls(t *testing.T) {
	for script, want := range map[string]bool{
		"bgpd -d":                              true,
		"pkill bgpd; /usr/lib/frr/bgpd -d":     true,
		"sleep 1 && nice -n 5 bgpd":            true,
		"nohup env A=1 'bgpd' -d &":            true,
		"ip netns exec x /usr/lib/frr/bgpd -d": true,
		"(true | bgpd)":                        true,
		"kill -SEGV $(pidof bgpd)":             false,
		"cp /etc/frr/new.conf /etc/frr/bgpd":   false,
		"cp /etc/bgpd/new.conf /etc/bgpd/a":    false,
		"grep x /var/log/bgpd.log; pgrep bgpd": false,
		"vtysh -c 'show bgp'; test -e /tmp/x":  false,
		"watch-it bgpd.conf":                   false,
		"echo bgpd=yes >> /etc/frr/daemons":    false,
		"":                                     false,
	} {
		if got := node.Calls(script, "bgpd"); got != want {
			t.Errorf("%q: %v", script, got)
		}
	}
}
