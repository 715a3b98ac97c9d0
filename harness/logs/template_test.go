package logs_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/logs"
)

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"neighbor 192.0.2.7 Up":                                       "neighbor <IP> Up",
		"from 2001:db8::1, fe80::1%eth0 and ::":                       "from <IP6>, <IP6> and <IP6>",
		"route 10.0.0.0/8 via 192.0.2.1:179.":                         "route <IP>/<N> via <IP>:<N>.",
		"mac 00:11:22:33:44:55 0011.2233.4455 00-11-22-33-44-55":      "mac <MAC> <MAC> <MAC>",
		"esi 00:11:22:33:44:55:66:77:88:99 elected":                   "esi <ESI> elected",
		"at 2026-03-01T10:00:00.5Z, 10:00:01 or 03/01/2026":           "at <TIME>, <TIME> or <TIME>",
		"Ethernet1/1 ge-0/0/0.0 swp3s1 1/1/3 eth1.100 vlan7 br-lan":   "<IF> <IF> <IF> <IF> <IF> <IF> br-lan",
		"port 1/7, Port 1:24 but 6/7 (Cease)":                         "port <IF>, Port <IF> but 6/7 (Cease)",
		"rd 65000:100 community 65000:1:2 AS65001 as 65002":           "rd <RD> community <RD> <AS> as <AS>",
		"VLAN 100 vni 10100 bgpd[812] [EC 33]":                        "VLAN <VLAN> vni <VLAN> bgpd[<PID>] [EC <N>]",
		"VTY:0x562ef73ee950, pending SET-CFG: 0 peer:deadbeef01 a:b1": "VTY:<HEX>, pending SET-CFG: <N> peer:<HEX> a:b1",
		"at 0x55c91e008220 id deadbeef01 feedface":                    "at <HEX> id <HEX> feedface",
		"took 3850ms 0d:0h:3m:20s 1.5s after 12 of -3, 40%":           "took <DUR> <DUR> <DUR> after <N> of <N>, <N>",
		"address of 192.0.2.1%16":                                     "address of <IP>",
		"rstp.c:239: r1 of IPv4, metric=20":                           "rstp.c:<N>: r1 of IPv4, metric=<N>",
		"two  blanks \tand a tail  ":                                  "two blanks and a tail",
		"a word: here":                                                "a word: here",
	} {
		if got := logs.Mask(text); got != want {
			t.Errorf("%q is masked to\n%q, want\n%q", text, got, want)
		}
	}
}

// Templates and clusters are the same in whatever order the lines are read.
func TestTemplatesDoNotDependOnOrder(t *testing.T) {
	names, _ := filepath.Glob("testdata/*.log")
	var lines []*logs.Line
	for _, name := range names {
		lines = append(lines, read(t, logs.ReadFile(name, logs.Options{}))...)
	}
	for i := range 400 {
		lines = append(lines, &logs.Line{Program: "p", Text: fmt.Sprintf("peer a%c%c leaves group g%c for reason %d", 'a'+i%26, 'a'+i/26%26, 'a'+i%7, i)})
	}
	ids := func() (all []logs.Template, clusters []logs.Cluster) {
		s := logs.NewSet(0)
		for _, l := range lines {
			s.Of(l)
		}
		return s.Templates(), logs.Clusters(s.Templates())
	}
	templates, clusters := ids()
	if len(clusters) == 0 || len(templates) < 400 {
		t.Fatalf("%d templates, %d clusters", len(templates), len(clusters))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		again, joined := ids()
		if d := cmp.Diff(templates, again) + cmp.Diff(clusters, joined); d != "" {
			t.Fatal(d)
		}
	}
}

// An ID is part of the interface: people write it down.
func TestTemplateID(t *testing.T) {
	s := logs.NewSet(0)
	a := s.Of(&logs.Line{Mnemonic: "N9HHH-F8H1M", Program: "BGP", Text: "neighbor 192.0.2.1 in vrf default Up"})
	b := s.Of(&logs.Line{Mnemonic: "N9HHH-F8H1M", Program: "bgpd", Text: "neighbor 192.0.2.99 in vrf default  Up"})
	if a.ID != b.ID || a.ID != "a406413d6e8d" {
		t.Errorf("%s and %s", a.ID, b.ID)
	}
}

// What a full set forgets gets its ID again.
func TestSetIsBounded(t *testing.T) {
	s := logs.NewSet(10)
	first := s.Of(&logs.Line{Text: "x zero"}).ID
	for i := range 100 {
		s.Of(&logs.Line{Text: fmt.Sprintf("x%cy%c", 'a'+i%10, 'a'+i/10)})
	}
	if again := s.Of(&logs.Line{Text: "x zero"}).ID; s.Len() != 10 || s.Dropped != 92 || again != first {
		t.Errorf("%d templates, %d dropped, %s and %s", s.Len(), s.Dropped, first, again)
	}
}

func TestClusters(t *testing.T) {
	var all []logs.Template
	for _, text := range []string{"peer alpha is lost now", "peer beta is lost now", "peer gamma was found", "nothing of the kind at all"} {
		all = append(all, logs.NewTemplate("k", text))
	}
	all = append(all, logs.NewTemplate("other", "peer alpha is lost now"))
	got := logs.Clusters(all)
	if len(got) != 0 {
		t.Errorf("the second word parts them at depth 4: %+v", got)
	}
	for i, text := range []string{"the peer alpha is lost", "the peer beta is lost"} {
		all[i] = logs.NewTemplate("k", text)
	}
	if got = logs.Clusters(all); len(got) != 1 || got[0].Text != "the peer <*> is lost" || len(got[0].Members) != 2 {
		t.Errorf("%+v", got)
	}
}
