package intake_test

import (
	"strings"
	"testing"
)

// TestBeside: a capture of a host is of keepalived where it shows that, however many commands of the host's shell are in it,
// and of a router's software where it shows that too.
func TestBeside(t *testing.T) {
	const (
		shell = "root@gw1:~# "
		conf  = shell + "cat /etc/keepalived/keepalived.conf\nvrrp_instance VI_1 {\n  interface eth1\n  virtual_router_id 51\n}\n"
	)
	host := strings.Repeat(shell+"ip route show\ndefault via 10.0.0.254 dev eth1\n"+shell+"date\nSun Nov 29 08:10:00 UTC 2026\n", 20) // as many votes for the host
	router := shell + "vtysh -c 'show version'\nFRRouting 8.4.4 (gw1) on Linux.\n" + shell + "vtysh -c 'show running-config'\nfrr version 8.4.4\nfrr defaults traditional\nhostname gw1\nend\n"
	for name, c := range map[string]struct{ text, platform, version string }{
		"a host":                        {host, "linux", ""},
		"a host with keepalived":        {host + conf + shell + "keepalived --version\nKeepalived v2.2.7 (01/16,2022)\n", "keepalived", "2.2.7"},
		"by its log alone":              {host + shell + "cat /var/log/keepalived.log\nSun Nov 29 08:00:01 2026: Starting Keepalived v2.2.7 (01/16,2022)\n", "keepalived", ""},
		"a router with keepalived":      {router + strings.Repeat(conf, 9), "frr", "8.4.4"},
		"its configuration as a file":   {"vrrp_instance VI_1 {\n  interface eth1\n  virtual_router_id 51\n}\n", "keepalived", ""},
		"a file of something like that": {"instances of vrrp_instance\n  are many\n", "", ""},
	} {
		f := imported(t, "gw1.txt", []byte(c.text+map[bool]string{true: shell + "\n"}[strings.HasPrefix(c.text, shell)]))
		platform, version := "", ""
		for _, p := range f.Parts {
			platform, version = p.Platform, p.Version
		}
		if platform != c.platform || version != c.version {
			t.Errorf("%s is of %q %q, want %q %q", name, platform, version, c.platform, c.version)
		}
	}
}
