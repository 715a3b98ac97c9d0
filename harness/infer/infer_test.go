package infer_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
	"github.com/reprise-lab/reprise/scenarios"
)

var (
	shared   = sync.OnceValues(intake.NewGrammar)
	registry = sync.OnceValues(all.Registry)
)

// image has FRR of two versions, BIRD, Open vSwitch and keepalived.
func image(platform, version string) (string, bool, bool) {
	switch {
	case platform == "frr" && version == "10.3":
		return "reprise/frr:10.3", true, true
	case platform == "frr":
		return "reprise/frr:8.4.4", version == "8.4.4", true
	case platform == "bird":
		return "reprise/bird:2.0.12", version == "2.0.12", true
	case platform == "ovs":
		return "reprise/ovs:3.1.0", version == "3.1.0", true
	case platform == "keepalived":
		return "reprise/keepalived:2.2.7", version == "2.2.7", true
	}
	return "", false, false
}

// inferred reads files and makes their network.
func inferred(tb testing.TB, names ...string) infer.Network {
	tb.Helper()
	g, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	drivers, err := registry()
	if err != nil {
		tb.Fatal(err)
	}
	r := infer.New(infer.Options{Template: drivers.Template, Image: image, Lacks: g.ConfigLacks})
	im, err := g.Files(names, intake.Options{Visit: r.Visit})
	if err != nil {
		tb.Fatal(err)
	}
	return r.Infer(im)
}

// written makes files of texts.
func written(tb testing.TB, texts ...string) (names []string) {
	tb.Helper()
	dir := tb.TempDir()
	for i, text := range texts {
		name := filepath.Join(dir, fmt.Sprintf("%d.txt", i))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// links are those of a network, in one line each.
func links(n infer.Network) (list []string) {
	for _, l := range n.Links {
		list = append(list, fmt.Sprintf("%s %s %s %s", l.A, l.B, l.Sides, strings.Join(l.By, "+")))
	}
	return list
}

// TestCampus: the captures of eight platforms are one network.
func TestCampus(t *testing.T) {
	names, err := filepath.Glob("../intake/testdata/*-*1.txt")
	if err != nil || len(names) != 7 {
		t.Fatalf("%v %v", names, err)
	}
	n := inferred(t, names...)
	want := []string{
		"c1:GigabitEthernet1/0/1 x1:1 both lldp+10.10.0.0/24",
		"c1:GigabitEthernet1/0/2 x1:2 both lldp+10.10.0.0/24",
		"c1:GigabitEthernet1/0/3 j1:ge-0/0/0 both lldp+10.0.13.0/30",
		"c1:GigabitEthernet1/0/4 n1:Ethernet1/1 one lldp+10.0.34.0/30",
		"e1:Ethernet1 x1:5 both lldp+10.0.15.0/30",
		"e1:Ethernet2 f1:eth1 one lldp+10.0.24.0/30",
		"j1:ge-0/0/1 n1:Ethernet1/2 subnet 10.0.67.0/30",
		"v1:1/1 x1:10 both lldp+10.10.0.0/24",
	}
	got := links(n)
	for i := range got { // a network of three or more is of no link
		got[i] = strings.TrimSuffix(got[i], "+10.10.0.0/24")
	}
	for i := range want {
		want[i] = strings.TrimSuffix(want[i], "+10.10.0.0/24")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(n.Contradictions) > 0 {
		t.Errorf("contradictions %q", n.Contradictions)
	}
	likeness, vlans := map[string]infer.Likeness{}, map[string]string{}
	for _, node := range n.Nodes {
		likeness[node.Name] = node.Likeness
		for _, v := range node.VLANs {
			vlans[node.Name] += fmt.Sprintf("%d ", v.ID)
		}
		if node.Likeness == infer.Substitute && (len(node.Equal) == 0 || len(node.Differs) == 0) {
			t.Errorf("%s does not say what is equal: %+v", node.Name, node)
		}
	}
	if diff := cmp.Diff(map[string]infer.Likeness{"c1": "substitute", "e1": "substitute", "f1": "exact", "j1": "substitute", "n1": "substitute", "v1": "substitute", "x1": "substitute"}, likeness); diff != "" {
		t.Error(diff)
	}
	if vlans["x1"] != "1 10 20 105 4095 " && vlans["x1"] != "1 10 20 105 " || vlans["c1"] != "10 20 " || vlans["v1"] != "1 10 " {
		t.Errorf("VLANs %q", vlans)
	}
	var lags []string
	for _, l := range n.LAGs {
		lags = append(lags, fmt.Sprintf("%s %s %v", l.Node, l.Name, l.Members))
	}
	if diff := cmp.Diff([]string{"c1 Port-channel1 [GigabitEthernet1/0/1 GigabitEthernet1/0/2]", "x1 1 [1 2]"}, lags); diff != "" {
		t.Error(diff)
	}
	files, err := n.Files("campus", func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	all := ""
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		all += string(f.Data)
	}
	for _, secret := range []string{"c0mmun1ty", "ijklmnopqrstuvwxyz", "publ1c", "s3cr3t", "zebra-secret", "30820229", "SECRET-DATA"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is in the lab", secret)
		}
	}
	l, err := scenarios.LoadTopology(filepath.Join(dir, "campus.clab.yml"), scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Topology.Nodes) != 7 || len(l.Topology.Links) != len(want) {
		t.Errorf("%d nodes and %d links in the lab", len(l.Topology.Nodes), len(l.Topology.Links))
	}
	for _, line := range []string{"neighbor 10.0.34.1 remote-as 65003", "network 10.0.0.0/8 area 0", "x1: ports in the lab:", "taken out of the configuration:\n  configure snmp"} {
		if !strings.Contains(all, line) {
			t.Errorf("the lab lacks %q", line)
		}
	}
}

func frr(name string, lines ...string) string {
	return fmt.Sprintf("%s# show running-config\nBuilding configuration...\n\nCurrent configuration:\n!\nfrr version 8.4.4\nfrr defaults traditional\nhostname %s\n!\n%s\nend\n%s# \n", name, name, strings.Join(lines, "\n"), name)
}

func TestContradictions(t *testing.T) {
	lldp := func(name string, rows ...string) string {
		return name + "#show version\nSoftware image version: 4.30.1F\n" + name + "#show lldp neighbors\nPort          Neighbor Device ID       Neighbor Port ID    TTL\n" + strings.Join(rows, "\n") + "\n" + name + "#\n"
	}
	for name, c := range map[string]struct {
		texts []string
		want  string
		links int
	}{
		"a port sees one, which sees another": {[]string{lldp("a", "Et1  b  Ethernet1  120"), lldp("b", "Et1  c  Ethernet1  120"), lldp("c", "Et1  b  Ethernet1  120")}, "a:eth1 sees b:eth1, which sees c:eth1 there", 1},
		"a port sees two":                     {[]string{lldp("a", "Et1  b  Ethernet1  120", "Et1  c  Ethernet1  120"), lldp("b"), lldp("c")}, "a:eth1 sees more than one neighbour: b:eth1, c:eth1", 0},
		"a port is seen by two":               {[]string{lldp("a", "Et1  c  Ethernet1  120"), lldp("b", "Et1  c  Ethernet1  120"), lldp("c")}, "c:eth1 is seen by a:eth1 and by b:eth1", 0},
		"an address at two":                   {[]string{frr("a", "interface eth1", " ip address 10.0.0.1/30"), frr("b", "interface eth1", " ip address 10.0.0.1/30")}, "10.0.0.1 is at a and at b", 0},
		"masks":                               {[]string{frr("a", "interface eth1", " ip address 10.0.0.1/30"), frr("b", "interface eth1", " ip address 10.0.0.2/24")}, "overlap: one of the masks may be wrong", 0},
	} {
		n := inferred(t, written(t, c.texts...)...)
		if !strings.Contains(strings.Join(n.Contradictions, "\n"), c.want) || len(n.Links) != c.links {
			t.Errorf("%s: %q, links %v; want %q", name, n.Contradictions, links(n), c.want)
		}
	}
}

func TestUnknown(t *testing.T) {
	n := inferred(t, written(t, frr("a", "interface eth1", " ip address 10.0.0.1/24", "interface eth2", " ip address 10.9.0.1/24"),
		frr("b", "interface eth1", " ip address 10.0.0.2/24"), frr("c", "interface eth1", " ip address 10.0.0.3/24"),
		"d#show version\nSoftware image version: 4.30.1F\nd#show lldp neighbors\nPort Neighbor Device ID Neighbor Port ID TTL\nEt1 gone Ethernet7 120\nd#\n")...)
	all := strings.Join(n.Unknown, "\n")
	for _, want := range []string{"10.0.0.0/24: how a eth1, b eth1, c eth1 are joined is not known", "nobody but a is in 10.9.0.0/24", "d port Et1: of gone, at its port Ethernet7, no file came", "d: neither its configuration nor a link"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q lacks %q", all, want)
		}
	}
	if len(n.Links) != 0 {
		t.Errorf("links %v", links(n))
	}
	for _, node := range n.Nodes {
		if node.Name == "d" && node.Likeness != infer.NotShown {
			t.Errorf("d is %s", node.Likeness)
		}
	}
}

// A row that a driver's template does not read is told, and the others count.
func TestUnreadRow(t *testing.T) {
	exos := func(name, peer, more string) string {
		return "* " + name + ".1 # show switch\nSysName:          " + name + "\nPrimary ver:      32.7.1.9\n* " + name + ".2 # show lldp neighbors\n" +
			"Port     Neighbor Chassis ID      Neighbor Port ID    TTL     Age   Neighbor System Name\n====\n" +
			"1        02:04:96:00:00:01        1                   120     12    " + peer + "\n" + more + "====\n* " + name + ".3 # \n"
	}
	n := inferred(t, written(t, exos("x1", "x2", "7        02:04:96:00:00:07\n"), exos("x2", "x1", ""))...)
	if all := strings.Join(n.Unknown, "\n"); !strings.Contains(all, "a row of a table that exos:lldp does not read: 7        02:04:96:00:00:07") || len(n.Links) != 1 {
		t.Errorf("links %v, unknown %s", links(n), all)
	}
}

// device is one of a network that is made up.
type device struct {
	name, platform string
	rows           []row
	silent         bool // no table of neighbours came
	next           int
}

type row struct {
	port, peer, peerPort, address string
	lag                           string
}

// port gives the next port, as the platform calls it in its tables.
func (d *device) port() string {
	d.next++
	switch d.platform {
	case "voss":
		return fmt.Sprintf("1/%d", d.next)
	case "ios":
		return fmt.Sprintf("GigabitEthernet1/0/%d", d.next)
	case "nxos":
		return fmt.Sprintf("Ethernet1/%d", d.next)
	case "eos":
		return fmt.Sprintf("Ethernet%d", d.next)
	case "junos":
		return fmt.Sprintf("ge-0/0/%d", d.next)
	case "frr":
		return fmt.Sprintf("eth%d", d.next)
	}
	return fmt.Sprint(d.next)
}

// text is what the device would send.
func (d *device) text() string {
	var w strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&w, format+"\n", args...) }
	table := func(head, format string, args func(r row) []any) {
		if d.silent {
			return
		}
		w.WriteString(head)
		for _, r := range d.rows {
			say(format, args(r)...)
		}
	}
	switch d.platform {
	case "exos":
		say("%s.1 # show version\nImage   : ExtremeXOS version 22.7.1.2 by x\n%s.2 # show configuration\n#\n# Module devmgr configuration.\n#\n#\n# Module vlan configuration.\n#", d.name, d.name)
		for i, r := range d.rows {
			say("create vlan \"v%d\"\nconfigure vlan v%d tag %d\nconfigure vlan v%d add ports %s untagged\nconfigure vlan v%d ipaddress %s 255.255.255.252", i, i, 100+i, i, r.port, i, strings.TrimSuffix(r.address, "/30"))
			if r.lag != "" && strings.HasPrefix(r.lag, r.port+"-") {
				say("enable sharing %s grouping %s lacp", r.port, r.lag)
			}
		}
		say("%s.3 # show lldp neighbors", d.name)
		table("Port     Neighbor Chassis ID      Neighbor Port ID    TTL     Age   Neighbor System Name\n", "%-8s 02:04:96:00:00:01        %-19s 120     12    %s", func(r row) []any { return []any{r.port, r.peerPort, r.peer} })
		say("%s.4 # ", d.name)
	case "voss":
		say("%s:1#show running-config\n# software version     : 8.10.1.0\nconfig terminal", d.name)
		for i, r := range d.rows {
			say("vlan create %d name \"v%d\" type port-mstprstp 0\nvlan members %d %s portmember\ninterface vlan %d\nip address %s 255.255.255.252\nexit", 100+i, i, 100+i, r.port, 100+i, strings.TrimSuffix(r.address, "/30"))
		}
		say("end\n%s:1#show lldp neighbor", d.name)
		if !d.silent {
			say("                                      LLDP Neighbor")
			for i, r := range d.rows {
				say("Port: %s       Index    : %d                Time: 0 day(s), 00:01:02\n                ChassisId: MAC Address        02:04:96:00:00:01\n                PortId   : IfName             %s\n                SysName  : %s", r.port, i, r.peerPort, r.peer)
			}
		}
		say("%s:1#", d.name)
	case "junos":
		say("noc@%s> show version\nHostname: %s\nModel: ex4300\nJunos: 20.4R3.8\nnoc@%s> show configuration\nsystem {\n    host-name %s;\n}\ninterfaces {", d.name, d.name, d.name, d.name)
		for _, r := range d.rows {
			say("    %s {\n        unit 0 {\n            family inet {\n                address %s;\n            }\n        }\n    }", r.port, r.address)
		}
		say("}\nnoc@%s> show lldp neighbors", d.name)
		table("Local Interface    Parent Interface    Chassis Id          Port info          System Name\n", "%-18s -                   02:0c:00:00:00:03   %-18s %s", func(r row) []any { return []any{r.port, r.peerPort, r.peer} })
		say("noc@%s> ", d.name)
	default:
		versions := map[string]string{"ios": "Cisco IOS Software, X Software, Version 15.2(7)E3, RELEASE", "nxos": "  NXOS: version 9.3(8)", "eos": "Software image version: 4.30.1F", "frr": "FRRouting 8.4.4 (" + d.name + ") on Linux"}
		say("%s# show version\n%s\n%s# show running-config\nhostname %s", d.name, versions[d.platform], d.name, d.name)
		for _, r := range d.rows {
			say("interface %s", r.port)
			if r.lag != "" {
				say(" channel-group %s mode active", r.lag)
			}
			say(" ip address %s\n!", r.address)
		}
		say("end\n%s# show lldp neighbors", d.name)
		switch d.platform {
		case "eos":
			table("Port          Neighbor Device ID       Neighbor Port ID    TTL\n", "%-13s %-24s %-22s 120", func(r row) []any { return []any{strings.Replace(r.port, "Ethernet", "Et", 1), r.peer, r.peerPort} })
		case "ios", "nxos":
			short := strings.NewReplacer("GigabitEthernet", "Gi", "Ethernet", "Eth")
			table("Device ID           Local Intf     Hold-time  Capability      Port ID\n", "%-19s %-14s 120        B,R             %s", func(r row) []any { return []any{r.peer, short.Replace(r.port), r.peerPort} })
		}
		say("%s# ", d.name)
	}
	return w.String()
}

// made is a connected network of so many devices, of which some send no table of neighbours, and
// its links and members of LAGs.
func made(seed uint64, size int) (texts, truth, members []string) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	platforms := []string{"exos", "voss", "ios", "nxos", "eos", "junos", "frr"}
	var list []*device
	for i := range size {
		list = append(list, &device{name: fmt.Sprintf("d%d", i), platform: platforms[rnd.IntN(len(platforms))], silent: rnd.IntN(5) == 0})
	}
	net := 0
	connect := func(x, y *device, lag string) {
		p, q := x.port(), y.port()
		a := func(n int) string { return fmt.Sprintf("10.%d.%d.%d/30", net/64, net%64*4/256, net%64*4+n) }
		x.rows = append(x.rows, row{p, y.name, q, a(1), lag})
		y.rows = append(y.rows, row{q, x.name, p, a(2), ""})
		ends := []string{x.name + ":" + p, y.name + ":" + q}
		slices.Sort(ends)
		truth = append(truth, strings.Join(ends, " "))
		if lag != "" {
			members = append(members, x.name+" "+p)
		}
		net++
	}
	for i := 1; i < size; i++ {
		x, y := list[i], list[rnd.IntN(i)]
		if lag := rnd.IntN(4) == 0 && slices.Contains([]string{"ios", "nxos", "eos"}, x.platform); lag {
			connect(x, y, "7")
			connect(x, y, "7")
			continue
		}
		connect(x, y, "")
	}
	for range size / 2 {
		if x, y := rnd.IntN(size), rnd.IntN(size); x != y {
			connect(list[x], list[y], "")
		}
	}
	for _, d := range list {
		texts = append(texts, d.text())
	}
	slices.Sort(truth)
	return texts, truth, members
}

// TestMadeUp: networks of 2 to 40 devices come back; what is printed is how much of them.
func TestMadeUp(t *testing.T) {
	for i, size := range []int{2, 3, 5, 8, 12, 16, 20, 25, 32, 40} {
		texts, truth, members := made(uint64(i), size)
		n := inferred(t, written(t, texts...)...)
		var got, lags []string
		for _, l := range n.Links {
			ends := []string{l.A.String(), l.B.String()}
			slices.Sort(ends)
			got = append(got, strings.Join(ends, " "))
		}
		for _, l := range n.LAGs {
			for _, m := range l.Members {
				lags = append(lags, l.Node+" "+m)
			}
		}
		right, rightLAG := common(truth, got), common(members, lags)
		vlans, wantVLANs := 0, 0
		for _, node := range n.Nodes {
			vlans += len(node.VLANs)
		}
		for _, text := range texts {
			wantVLANs += strings.Count(text, "create vlan ") + strings.Count(text, "vlan create ")
		}
		if vlans != wantVLANs {
			t.Errorf("%d devices: %d VLANs of %d", size, vlans, wantVLANs)
		}
		t.Logf("%2d devices: links %d of %d, %d made up; members of LAGs %d of %d, %d made up; VLANs %d of %d; %d contradictions", size, right, len(truth), len(got)-right, rightLAG, len(members), len(lags)-rightLAG, vlans, wantVLANs, len(n.Contradictions))
		if right != len(truth) || right != len(got) || rightLAG != len(members) || rightLAG != len(lags) || len(n.Nodes) != size {
			t.Errorf("%d devices: %s\n%q", size, cmp.Diff(truth, got), n.Contradictions)
		}
	}
}

func common(a, b []string) (n int) {
	for _, x := range a {
		if slices.Contains(b, x) {
			n++
		}
	}
	return n
}

// TestClean: what a lab does not get is taken out with all that is in it, and told without values.
func TestClean(t *testing.T) {
	for _, c := range []struct{ platform, text, want, out string }{
		{"ios", "hostname a\nusername u secret 5 x\ncrypto pki certificate chain S\n certificate 01\n  3082\n  \tquit\n!\ninterface Gi1\n ip address 1.1.1.1/30\nline vty 0 4\n login\nend\n", "hostname a\n!\ninterface Gi1\n ip address 1.1.1.1/30\nend\n", "username …|crypto pki …|line vty …"},
		{"junos", "system {\n host-name a;\n login {\n  user x {\n   class y;\n  }\n }\n}\n", "system {\n host-name a;\n}\n", "login …"},
		{"junos", "encrypted-password \"$6$Zq8x\"; ## SECRET-DATA\nset system root-authentication encrypted-password Zq8x\n", "", "encrypted-password …|root-authentication …"},
		{"ios", "password Zq8x for all\nbanner:Zq8x and more\n", "", "password …|banner …"},
		{"exos", "create vlan a\nconfigure snmp add community readonly x\nconfigure account admin encrypted \"y\"\n", "create vlan a\n", "configure snmp …|configure account …"},
		{"frr", "Building configuration...\n\nCurrent configuration:\nhostname a\npassword x\nrouter bgp 1\n neighbor 1.1.1.1 password y\n", "\nhostname a\nrouter bgp 1\n neighbor 1.1.1.1 password y\n", "password …"},
		{"frr", "hostname a\nkey chain K\n key 1\n  key-string x\n  cryptographic-algorithm md5\n exit\nexit\n!\ninterface eth1\n ip ospf authentication key-chain K\nexit\n", "hostname a\nkey chain K\n key 1\n  key-string x\n  cryptographic-algorithm md5\n exit\nexit\n!\ninterface eth1\n ip ospf authentication key-chain K\nexit\n", ""},
		{"ios", "key chain K\n key 1\n  key-string x\n!\nhostname a\n", "!\nhostname a\n", "key chain …"},
	} {
		got, out := infer.Clean(c.platform, c.text)
		if got != c.want || strings.Join(out, "|") != c.out {
			t.Errorf("%s: %q, taken out %q", c.platform, got, out)
		}
	}
}

// TestNotWhole: a node of which a part did not come is not exactly the customer's, and says what is missing.
func TestNotWhole(t *testing.T) {
	whole := frr("a", "interface eth1", " ip address 10.0.0.1/30", "router bgp 65001", " neighbor 10.0.0.2 remote-as 65002")
	middle, _, _ := strings.Cut(whole, " neighbor")
	config, _, _ := strings.Cut(whole[strings.Index(whole, "Building"):], " neighbor")
	for name, c := range map[string]struct {
		text, want string
		likeness   infer.Likeness
	}{
		"whole":                     {whole, "", infer.Exact},
		"a session that ends in it": {middle, "the end of the configuration", infer.Near},
		"the answer by itself":      {config, "the end of the configuration", infer.Near},
		"two that differ":           {whole + "a# show startup-config\nhostname a\n!\nend\na# \n", "the configuration that show startup-config shows", infer.Near},
	} {
		n := inferred(t, written(t, c.text)...)
		if len(n.Nodes) != 1 {
			t.Fatalf("%s: nodes %+v", name, n.Nodes)
		}
		node := n.Nodes[0]
		if node.Likeness != c.likeness || !strings.Contains(strings.Join(node.Differs, "\n"), c.want) || !strings.Contains(strings.Join(n.Unknown, "\n"), c.want) || node.AS != "65001" {
			t.Errorf("%s: %s of AS %s, not equal %q, unknown %q", name, node.Likeness, node.AS, node.Differs, n.Unknown)
		}
	}
}

// TestFragment: a part of a configuration is not taken for it.
func TestFragment(t *testing.T) {
	whole := frr("a", "interface eth1", " ip address 10.0.0.1/30", "router bgp 65001", " neighbor 10.0.0.2 remote-as 65002")
	n := inferred(t, written(t, "a# show running-config interface eth1\ninterface eth1\n ip address 10.0.0.1/30\n"+whole)...)
	if len(n.Nodes) != 1 || n.Nodes[0].AS != "65001" || n.Nodes[0].Likeness != infer.Exact {
		t.Errorf("%+v", n.Nodes)
	}
}

// TestLongLine: a line of 64 KiB of ranges is read in no more than what its list may be, and IDs that are none are not taken.
func TestLongLine(t *testing.T) {
	long := strings.Repeat("1-512,", 64<<10/6) + "4090-9000"
	var addresses strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&addresses, " ip address 10.%d.%d.1/%d\n", i/256, i%256, 8+i%22)
	}
	text := "n1# show running-config\n!Command: show running-config\nversion 9.3(8) Bios:version\nhostname n1\nvlan " + long + "\nvlan 4094,4095,0\ninterface Ethernet1/1\n switchport trunk allowed vlan " + long + "\n" +
		" switchport trunk allowed vlan 1-9999,5000\ninterface Ethernet1/2\n" + addresses.String() + "end\nn1# \n"
	n := inferred(t, written(t, text)...)
	if len(n.Nodes) != 1 {
		t.Fatalf("%d nodes", len(n.Nodes))
	}
	node := n.Nodes[0]
	var ids []int
	for _, v := range node.VLANs {
		ids = append(ids, v.ID)
	}
	if len(ids) != 513 || slices.Max(ids) != 4094 || slices.Min(ids) != 1 {
		t.Errorf("%d VLANs", len(ids))
	}
	for _, i := range node.Interfaces {
		if strings.HasPrefix(i.Name, "Vlan") && len(i.Ports) != 1 {
			t.Errorf("%+v", i)
		}
	}
	if len(n.Contradictions) > len(n.Subnets) {
		t.Errorf("%d contradictions of %d networks", len(n.Contradictions), len(n.Subnets))
	}
}

// TestLLDPctl: what a neighbour does not tell is not what the next one tells.
func TestLLDPctl(t *testing.T) {
	block := func(port, name, remote string) string {
		return "Interface:    " + port + ", via: LLDP, RID: 1, Time: 0 day, 00:01:02\n  Chassis:\n    ChassisID:    mac 02:00:00:00:00:01\n" + name + "  Port:\n    PortID:       " + remote + "\n    TTL:          120\n"
	}
	text := "root@a:~# vtysh -c \"show version\"\nFRRouting 8.4.4 (a) on Linux(6.1).\nroot@a:~# lldpctl\nLLDP neighbors:\n" +
		block("eth1", "", "ifname eth7") + block("eth2", "    SysName:      b\n", "mac 02:00:00:00:00:02") + block("eth3", "    SysName:      c\n", "ifname eth9") + "root@a:~# \n"
	n := inferred(t, written(t, text, frr("b"), frr("c"))...)
	if diff := cmp.Diff([]string{"a:eth3 c:eth9 one lldp"}, links(n)); diff != "" {
		t.Error(diff, n.Unknown)
	}
	if !strings.Contains(strings.Join(n.Unknown, "\n"), "a port eth1: its neighbour tells no name") {
		t.Errorf("unknown %q", n.Unknown)
	}
}

// TestNames: two devices of one name are told, and two names that a topology writes alike are two nodes.
func TestNames(t *testing.T) {
	n := inferred(t, written(t, frr("core1.london", "interface eth1", " ip address 10.0.0.1/30"), strings.ReplaceAll(frr("core1.paris"), "8.4.4", "10.3"))...)
	all := strings.Join(n.Contradictions, "\n")
	if len(n.Nodes) != 1 || !strings.Contains(all, "of two domains") || !strings.Contains(all, "its version is 8.4.4 in some files, and 10.3 in others") {
		t.Errorf("%d nodes, contradictions %q", len(n.Nodes), n.Contradictions)
	}
	n = inferred(t, written(t, frr("r.1", "interface eth1", " ip address 10.0.0.1/30"), frr("r+2", "interface eth1"), frr("r-2", "interface eth1"))...)
	var names []string
	for _, node := range n.Nodes {
		names = append(names, node.Name)
	}
	if diff := cmp.Diff([]string{"r-1", "r-2", "r-2-2"}, names); diff != "" {
		t.Error(diff)
	}
}

// TestHearsItself: a port that hears itself is no cable.
func TestHearsItself(t *testing.T) {
	n := inferred(t, written(t, "a#show version\nSoftware image version: 4.30.1F\na#show lldp neighbors\nPort          Neighbor Device ID       Neighbor Port ID    TTL\nEt1  a  Ethernet1  120\na#\n")...)
	if len(n.Links) != 0 || !strings.Contains(strings.Join(n.Unknown, "\n"), "a port Et1: it hears itself there") {
		t.Errorf("links %v, unknown %q", links(n), n.Unknown)
	}
}

// TestOSPF: the networks and areas are equal where all of them are written, and what is not is listed.
func TestOSPF(t *testing.T) {
	eos := func(lines ...string) string {
		return "! device: e1 (DCS-7050SX3, EOS-4.30.1F)\n!\nhostname e1\n!\n" + strings.Join(lines, "\n") + "\n!\nend\n"
	}
	const equal = "networks and areas of OSPF"
	for name, c := range map[string]struct {
		text    string
		equal   bool
		differs []string
	}{
		"a network":                       {eos("router ospf 1", "   network 10.0.0.0/30 area 0.0.0.0"), true, nil},
		"an interface without an address": {eos("interface Ethernet1", "   ip ospf area 0.0.0.0", "router ospf 1", "   router-id 1.1.1.1"), false, []string{"OSPF at Ethernet1 in area 0.0.0.0"}},
		"stub and redistribution":         {eos("router ospf 1", "   area 0.0.0.1 stub", "   area 0.0.0.2 nssa", "   redistribute static", "   network 10.0.0.0/30 area 0.0.0.1"), true, []string{"area 0.0.0.1 stub", "area 0.0.0.2 nssa", "redistribute static"}},
	} {
		n := inferred(t, written(t, c.text)...)
		if len(n.Nodes) != 1 {
			t.Fatalf("%s: %+v", name, n)
		}
		node := n.Nodes[0]
		if slices.Contains(node.Equal, equal) != c.equal {
			t.Errorf("%s: equal %q", name, node.Equal)
		}
		for _, want := range c.differs {
			if !strings.Contains(strings.Join(node.Differs, "\n"), want) {
				t.Errorf("%s: %q lacks %q", name, node.Differs, want)
			}
		}
	}
}

// FuzzNetwork: no text stops the reading, and a link has two ends that are nodes.
func FuzzNetwork(f *testing.F) {
	for i := range 3 {
		texts, _, _ := made(uint64(i), 4)
		f.Add(strings.Join(texts, "\n"))
	}
	for i := range 4 {
		texts, _ := spoken(uint64(i), 6)
		f.Add(strings.Join(texts, "\n"))
	}
	names, _ := filepath.Glob("../intake/testdata/*.txt") // the pattern is well formed
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		n := inferred(t, written(t, text)...)
		nodes := map[string]bool{}
		for _, node := range n.Nodes {
			nodes[node.Name] = true
		}
		for _, l := range n.Links {
			if !nodes[l.A.Node] || !nodes[l.B.Node] || l.A == l.B {
				t.Errorf("%+v", l)
			}
		}
	})
}

// TestBIRD: what the terminal of a BIRD's machine shows is its configuration and its addresses, which the lab's
// cable has, for no configuration of BIRD sets them. What came twice is there once.
func TestBIRD(t *testing.T) {
	session := func(extra string) string {
		return "root@a:~# cat /etc/bird/bird.conf\nrouter id 1.1.1.1;\nprotocol device {}\nprotocol bgp r1 {\n  local 10.0.1.1 as 65001;\n  neighbor 10.0.1.2 as 65010;\n}\n" +
			"root@a:~# ip addr show\n1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: eth1@if3: <UP> mtu 1500\n    inet 10.0.1.1/24 brd 10.0.1.255 scope global eth1\n    inet6 fe80::1/64 scope link \n" +
			"root@a:~# birdc show status\nBIRD 2.0.12\nRouter ID is 1.1.1.1\nHostname is a\n" + extra + "root@a:~# \n"
	}
	router := "r1# show version\nFRRouting 8.4.4 (r1).\nr1# show running-config\nfrr version 8.4.4\nhostname r1\ninterface eth1\n ip address 10.0.1.2/24\nrouter bgp 65010\n neighbor 10.0.1.1 remote-as 65001\nend\nr1# \n"
	n := inferred(t, written(t, session(""), session("Daemon is up and running\n"), router)...)
	if diff := cmp.Diff([]string{"a:eth1 r1:eth1 subnet 10.0.1.0/24"}, links(n)); diff != "" {
		t.Error(diff)
	}
	if a := n.Of("a"); a == nil || a.Likeness != infer.Exact || a.AS != "65001" || len(a.BGP) != 1 || !strings.Contains(a.Config, "neighbor 10.0.1.2") {
		t.Errorf("%+v", a)
	}
	files, err := n.Files("lab", func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), files[0].Name)
	if err := os.WriteFile(path, files[0].Data, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := scenarios.LoadTopology(path, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if link := l.Topology.Links[0]; link.A.IPv4 != "10.0.1.1/24" || link.B.IPv4 != "" {
		t.Errorf("%+v", link)
	}
}

// TestPortNames: what a stranger calls a port is no variable of this machine, nor a name that no lab takes: the link
// is left out, and told.
func TestPortNames(t *testing.T) {
	router := func(name, port, address string) string {
		return "hostname " + name + "\nfrr version 8.4.4\ninterface " + port + "\n ip address " + address + "/30\n!\nrouter bgp 65001\nend\n"
	}
	for _, port := range []string{"${HOME}", "$HOME", "eth1;reboot", "eth1@if7", "a-name-of-16-byte", "..", "eth1"} {
		n := inferred(t, written(t, router("r1", port, "10.0.0.1"), router("r2", "eth1", "10.0.0.2"))...)
		files, err := n.Files("lab", func(_ string, text []byte) []byte { return text })
		if err != nil {
			t.Fatal(err)
		}
		told := slices.ContainsFunc(n.Unknown, func(u string) bool { return strings.Contains(u, "no lab has a port of this name") })
		in := strings.Contains(string(files[0].Data), "endpoints:")
		if want := port == "eth1"; in != want || told == want || strings.Contains(string(files[0].Data), "$") {
			t.Errorf("%s: not known %q, in\n%s", port, n.Unknown, files[0].Data)
		}
	}
}
