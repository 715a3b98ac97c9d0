package draft_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprise-lab/reprise/harness/infer"
)

// gateway is a capture of a host that runs keepalived, as its shell shows it: whether it has the virtual address, what
// was typed, and its log.
func gateway(name, when string, has bool, more string) txtar.File {
	n := strings.TrimPrefix(name, "r")
	virtual := ""
	if has {
		virtual = "    inet 10.0.0.101/32 scope global eth1\n       valid_lft forever preferred_lft forever\n"
	}
	p := "root@" + name + ":~# "
	return txtar.File{Name: name + "-" + when + ".txt", Data: []byte(p + "date\nSun Nov 29 08:" + map[string]string{"1": "10", "2": "30"}[when] + ":00 UTC 2026\n" +
		p + "keepalived --version\nKeepalived v2.2.7 (01/16,2022)\n\nCopyright(C) 2001-2022 Alexandre Cassen, <acassen@gmail.com>\n" +
		p + "cat /etc/keepalived/keepalived.conf\nglobal_defs {\n  router_id " + name + "\n}\nvrrp_script look {\n  script \"/usr/bin/curl http://192.0.2.80/\"\n}\n" +
		"vrrp_instance A {\n  state BACKUP\n  interface eth1\n  virtual_router_id 51\n  priority " + fmt.Sprint(map[string]int{"r1": 150, "r2": 50}[name]) + "\n  advert_int 1\n" +
		"  authentication {\n    auth_type PASS\n    auth_pass t0ps3cr3t\n  }\n  track_script {\n    look\n  }\n  notify_master \"/usr/local/bin/tell master\"\n  virtual_ipaddress {\n    10.0.0.101/32\n  }\n}\n" +
		p + "ip addr show\n1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n" +
		"2: eth1@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000\n    inet 10.0.0." + n + "/24 scope global eth1\n       valid_lft forever preferred_lft forever\n" + virtual +
		more + p + "\n")}
}

// TestVRRP: who was the master of a virtual router and who is, by the addresses that hosts have and by what keepalived
// logs, is baseline and symptom: another master, two, none, and one that was lost for a while.
func TestVRRP(t *testing.T) {
	const (
		up    = "Sun Nov 29 08:00:01 2026: Starting Keepalived v2.2.7 (01/16,2022)\nSun Nov 29 08:00:05 2026: (A) Entering MASTER STATE\n"
		again = "Sun Nov 29 08:20:07 2026: (A) Entering MASTER STATE\n"
		while = "Sun Nov 29 08:00:01 2026: Starting Keepalived v2.2.7 (01/16,2022)\nSun Nov 29 08:00:01 2026: (A) Entering BACKUP STATE (init)\n" +
			"Sun Nov 29 08:20:07 2026: (A) Entering MASTER STATE\nSun Nov 29 08:20:08 2026: (A) Entering BACKUP STATE\n"
		typed = "root@r1:~# ip addr add 10.0.0.101/24 dev eth1\nroot@r1:~# ip addr del 10.0.0.101/24 dev eth1\n"
		has   = `text contains " 10.0.0.101/"`
		not   = `not (text contains " 10.0.0.101/")`
	)
	logged := func(text string) string { return "root@r1:~# cat /var/log/keepalived.log\n" + text }
	for _, c := range []struct {
		name         string
		after        [2]bool // who has the address
		more         string  // in the later capture of r1
		other        string  // in that of r2
		symptom      []string
		broken       int
		first, title string
	}{
		{"another master", [2]bool{false, true}, "", "", []string{"r1 " + not, "r2 " + has}, 2, "", "The link at r1:eth1"},
		{"two masters", [2]bool{true, true}, "", "", []string{"r2 " + has, "r1 " + has}, 1, "", "The link at r2:eth1"},
		{"no master", [2]bool{false, false}, "", "", []string{"r1 " + not, "r2 " + not}, 1, "", "The link at r1:eth1"},
		{"master anew", [2]bool{true, false}, typed + logged(up+again), "", []string{`r1 \(A\) Entering MASTER STATE`, "r1 " + has, "r2 " + not}, 1, "ip addr add 10.0.0.101/24 dev eth1", "What the files say was done"},
		{"master for a while", [2]bool{true, false}, typed, strings.ReplaceAll(logged(while), "r1:~", "r2:~"), []string{`r2 \(A\) Entering MASTER STATE`, "r1 " + has, "r2 " + not}, 1, "ip addr add 10.0.0.101/24 dev eth1", "What the files say was done"},
		{"master as before", [2]bool{true, false}, typed + logged(up), "", nil, 0, "", ""},
		{"started anew", [2]bool{true, false}, typed + logged(up+strings.ReplaceAll(up, " 08:00:", " 08:20:")), "", nil, 0, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, n := drafted(t, "", gateway("r1", "1", true, ""), gateway("r2", "1", false, ""), gateway("r1", "2", c.after[0], c.more), gateway("r2", "2", c.after[1], c.other))
			if len(d.Broken) != c.broken || len(d.NotShown) > 0 || (len(d.Hypotheses) > 0) != (c.broken > 0) {
				t.Fatalf("broken %+v, not shown %+v, %d hypotheses, unknown %q", d.Broken, d.NotShown, len(d.Hypotheses), d.Unknown)
			}
			if node := n.Of("r1"); node.Likeness != infer.Exact || node.Image != "reprise/keepalived:2.2.7" || len(node.TakenOut) != 3 {
				t.Errorf("r1 is %s, %s; taken out %q", node.Likeness, node.Image, node.TakenOut)
			}
			if c.broken == 0 {
				return
			}
			valid(t, d, n)
			h := d.Hypotheses[0]
			if !strings.HasPrefix(h.Title, c.title) {
				t.Errorf("the first is %s", h.Title)
			}
			s := parsed(t, h)
			var got []string
			for _, x := range s.Symptom {
				got = append(got, x.Node+" "+x.Expect+x.Log)
			}
			if !slices.Equal(got, c.symptom) {
				t.Errorf("symptom %q, want %q", got, c.symptom)
			}
			if len(s.Baseline) != 2 || s.Baseline[0].Node+s.Baseline[0].Expect != "r1"+has || s.Baseline[1].Node+s.Baseline[1].Expect != "r2"+not {
				t.Errorf("baseline %+v", s.Baseline)
			}
			if c.first != "" && (len(s.Stimulus) < 2 || s.Stimulus[0].Exec != c.first) {
				t.Errorf("stimulus %+v", s.Stimulus)
			}
			if r1 := s.Nodes["r1"]; r1.Platform != "linux" || !slices.Equal(r1.Services, []string{"keepalived"}) || r1.Files["/etc/keepalived/keepalived.conf"] != "r1.conf" {
				t.Errorf("r1 is %+v", r1)
			}
			lab, err := n.Files("lab", func(_ string, text []byte) []byte { return text })
			if err != nil {
				t.Fatal(err)
			}
			all := ""
			for _, f := range lab {
				all += string(f.Data)
			}
			if !strings.Contains(all, "ipv4: [10.0.0.1/24, 10.0.0.2/24]") || strings.Contains(all, "curl") || strings.Contains(all, "notify_master \"") || strings.Contains(all, "look\n") {
				t.Errorf("the lab:\n%s", all)
			}
		})
	}
}

// TestVRRPOfALink: who has a virtual address is told by one that lists show, also where the first is one of the link alone.
func TestVRRPOfALink(t *testing.T) {
	var files []txtar.File
	for when, has := range map[string][2]bool{"1": {true, false}, "2": {false, true}} {
		for i, name := range []string{"r1", "r2"} {
			f := gateway(name, when, has[i], "")
			f.Data = []byte(strings.Replace(string(f.Data), "  virtual_ipaddress {\n", "  virtual_ipaddress {\n    fe80::100/64\n", 1))
			files = append(files, f)
		}
	}
	d, _ := drafted(t, "", files...)
	var got []string
	for _, s := range d.Broken {
		got = append(got, s.Node+" "+s.Is)
	}
	if slices.Sort(got); !slices.Equal(got, []string{"r1 not master", "r2 master"}) {
		t.Errorf("broken: %q", got)
	}
}

// TestVRRPOfOneInterface: the addresses of a virtual router's interface alone tell who is the master, as those of all do; those of
// another tell nothing.
func TestVRRPOfOneInterface(t *testing.T) {
	for command, want := range map[string][]string{
		"ip addr show eth1": {"r1 not master", "r2 master"}, "ip a s dev eth1": {"r1 not master", "r2 master"}, "/sbin/ip addr": {"r1 not master", "r2 master"}, "ip addr show eth9": nil,
		"ip addr show primary": nil, "ip a s -secondary": nil,
	} {
		var files []txtar.File
		for when, has := range map[string][2]bool{"1": {true, false}, "2": {false, true}} {
			for i, name := range []string{"r1", "r2"} {
				f := gateway(name, when, has[i], "")
				text := strings.Replace(string(f.Data), "ip addr show\n", command+"\n", 1)
				if strings.HasSuffix(command, "eth9") { // it shows that one
					text = strings.ReplaceAll(text, ": eth1", ": eth9")
				}
				f.Data = []byte(text)
				files = append(files, f)
			}
		}
		d, _ := drafted(t, "", files...)
		var got []string
		for _, s := range d.Broken {
			got = append(got, s.Node+" "+s.Is)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: broken: %q, want %q", command, got, want)
		}
	}
}
