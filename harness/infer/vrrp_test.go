package infer_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/reprise-lab/reprise/harness/infer"
)

// conf is a keepalived.conf(5) in the ways that it may be written: braces on lines of their own and on one line, comments,
// blocks within blocks.
const conf = `! of the site
global_defs {
  router_id gw # its name
  notification_email {
    ops@example.org
  }
}
vrrp_script look
{
  script "/bin/look"
  weight { 3 }
}
vrrp_sync_group G {
  group { VI_1 }
  notify_master "/bin/tell"
}
vrrp_sync_group H { notify_fault "/bin/tell" }
vrrp_instance VI_1 {
  interface eth1
  virtual_router_id 51
  track_script {
    look
  }
  notify "/bin/tell"
  virtual_ipaddress {
    10.0.0.100/24 dev eth1 label eth1:0
    10.0.0.101
  }
  virtual_routes { 192.0.2.0/24 via 10.0.0.9 }
}
vrrp_instance VI_6
{
  interface eth2
  virtual_router_id 6
  virtual_ipaddress { fe80::100/64 }
}
virtual_server 10.0.0.100 80 {
  real_server 10.0.0.9 80 {
    weight 1
  }
}
`

// TestKeepalived: the instances of a host's keepalived are read however they are written, its virtual addresses are no
// addresses of its own, what calls programs of the host is taken out, and nothing else is.
func TestKeepalived(t *testing.T) {
	host := func(name, own, virtual, conf string) string {
		p := "root@" + name + ":~# "
		return p + "uname -n\n" + name + "\n" + p + "keepalived --version\nKeepalived v2.2.7 (01/16,2022)\n" + p + "cat /etc/keepalived/keepalived.conf\n" + conf +
			p + "ip addr show\n2: eth1@if2: <UP> mtu 1500 qdisc noqueue state UP\n    inet " + own + "/24 scope global eth1\n" + virtual + p + "\n"
	}
	n := inferred(t, written(t, host("gw1", "10.0.0.1", "    inet 10.0.0.100/24 scope global secondary eth1:0\n", conf), host("gw2", "10.0.0.2", "", conf))...)
	want := []infer.VirtualRouter{
		{Name: "VI_1", Interface: "eth1", ID: 51, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.100"), netip.MustParseAddr("10.0.0.101")}},
		{Name: "VI_6", Interface: "eth2", ID: 6, Addresses: []netip.Addr{netip.MustParseAddr("fe80::100")}},
	}
	gw1 := n.Of("gw1")
	if d := cmp.Diff(want, gw1.VRRP, cmpopts.EquateComparable(netip.Addr{})); d != "" || gw1.Platform != "keepalived" || gw1.Version != "2.2.7" {
		t.Errorf("%s %s: %s", gw1.Platform, gw1.Version, d)
	}
	if got := links(n); len(got) != 1 || got[0] != "gw1:eth1 gw2:eth1 subnet 10.0.0.0/24" || len(n.Contradictions) > 0 {
		t.Errorf("links %q, contradictions %q", got, n.Contradictions)
	}
	for _, gone := range []string{"look", "/bin/", "ops@", "real_server"} {
		if strings.Contains(gw1.Config, gone) {
			t.Errorf("the lab's configuration has %q:\n%s", gone, gw1.Config)
		}
	}
	for _, kept := range []string{"router_id gw", "vrrp_instance VI_1 {", "10.0.0.101", "virtual_routes", "vrrp_instance VI_6\n{", "virtual_ipaddress { fe80::100/64 }"} {
		if !strings.Contains(gw1.Config, kept) {
			t.Errorf("the lab's configuration lacks %q:\n%s", kept, gw1.Config)
		}
	}
	if open := strings.Count(gw1.Config, "{") - strings.Count(gw1.Config, "}"); open != 0 {
		t.Errorf("%d braces are open in the lab's configuration:\n%s", open, gw1.Config)
	}
	for end := 0; end < len(conf); end += 5 { // cut anywhere
		cut := inferred(t, written(t, host("gw1", "10.0.0.1", "", conf[:end]+"\n"))...)
		if node := cut.Of("gw1"); node == nil || len(node.VRRP) > 2 {
			t.Fatalf("cut at %d: %+v", end, node)
		}
	}
}

// TestProgramsOfKeepalived: what calls a program of the host, or reads another file, is taken out wherever it stands, and the blocks
// stay whole.
func TestProgramsOfKeepalived(t *testing.T) {
	t.Parallel()
	for conf, want := range map[string]string{
		"vrrp_instance V { notify_master \"/bin/x {\"\n interface eth1\n}\n":   "vrrp_instance V {\n interface eth1\n}\n",
		"vrrp_instance V { interface eth1\n notify_fault /bin/x }\n":           "vrrp_instance V { interface eth1\n}\n",
		"vrrp_sync_group G { notify /bin/x }\nvrrp_instance V {\n}\n":          "vrrp_sync_group G {\n}\nvrrp_instance V {\n}\n",
		"@^gw2 notify_master /bin/x\n@gw1 include /etc/x\n@gw1 priority 7\n":   "@gw1 priority 7\n",
		"$N=notify_master \\\n /bin/x\n$M = y\nincluder /etc/x\nrouter_id a\n": "router_id a\n",
		"virtual_ipaddress { 10.0.0.100 }\n":                                   "virtual_ipaddress { 10.0.0.100 }\n",
		"vrrp_script s { script \"/bin/x\"\n weight 2\n}\nrouter_id a\n":       "router_id a\n",
	} {
		got, out := infer.Clean("keepalived", conf)
		if got != want || (len(out) == 0) != (conf == want) {
			t.Errorf("%q\nbecomes %q (out: %q)\nwant    %q", conf, got, out, want)
		}
	}
}

// TestVirtualInterfaces: the lab of an FRR with virtual routers has the interfaces that vrrpd speaks through.
func TestVirtualInterfaces(t *testing.T) {
	n := inferred(t, written(t, "r1# show version\nFRRouting 8.4.4 (r1) on Linux.\nr1# show running-config\nfrr version 8.4.4\nhostname r1\ninterface eth1\n ip address 10.0.0.1/24\n vrrp 5 version 3\n vrrp 5 ip 10.0.0.100\nexit\nend\nr1# \n")...)
	files, err := n.Files("lab", func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ip link add vrrp4-1-5 link eth1 type macvlan mode bridge", "ip link set vrrp4-1-5 address 00:00:5e:00:01:05", "ip addr add 10.0.0.100/24 dev vrrp4-1-5", "ip link set vrrp4-1-5 up"} {
		if !strings.Contains(string(files[0].Data), want) {
			t.Errorf("the lab lacks %q:\n%s", want, files[0].Data)
		}
	}
}

// TestAddressOwner: an address that an interface has by the configuration is its own, also where a virtual router has it too.
func TestAddressOwner(t *testing.T) {
	n := inferred(t, written(t, "r1# show version\nFRRouting 8.4.4 (r1) on Linux.\nr1# show running-config\nfrr version 8.4.4\nhostname r1\ninterface eth1\n ip address 10.0.0.1/24\n vrrp 5 version 3\n vrrp 5 ip 10.0.0.1\nexit\nend\nr1# \n")...)
	for _, i := range n.Of("r1").Interfaces {
		if i.Name == "eth1" && len(i.Addresses) == 1 && i.Addresses[0] == netip.MustParsePrefix("10.0.0.1/24") {
			return
		}
	}
	t.Errorf("interfaces %+v", n.Of("r1").Interfaces)
}
