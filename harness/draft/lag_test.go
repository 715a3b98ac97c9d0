package draft_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/infer"
)

// TestLAG: a member that an aggregate has lost is a condition of the switch that stands for it, and what may have set it
// off are hypotheses: the port that went down and did not come back, by the log, or a cable that carries nothing.
func TestLAG(t *testing.T) {
	const down = "03/02/2026 06:58:40.02 <Noti:vlan.msgs.portLinkStateDown> Port 2 link down"
	files := func(log string) []txtar.File {
		list := archive(t, "exos-lag.txtar")
		last := &list[len(list)-1]
		if !strings.Contains(string(last.Data), down) {
			t.Fatal("the log of the capture has another line")
		}
		last.Data = []byte(strings.Replace(string(last.Data), down, log, 1))
		return list
	}
	for name, c := range map[string]struct {
		log, title string
		guess      bool
	}{
		"a port went down": {down, "What the files say was done", false},
		"nothing tells":    {"", "The link at x1:eth2 carries nothing any more", true},
	} {
		d, n := drafted(t, "", files(c.log)...)
		if len(d.Broken) != 1 || d.Broken[0].Kind != draft.LAG || len(d.NotShown) > 0 || len(d.Hypotheses) == 0 {
			t.Fatalf("%s: broken %+v, not shown %+v, %d hypotheses, unknown %q", name, d.Broken, d.NotShown, len(d.Hypotheses), d.Unknown)
		}
		valid(t, d, n)
		at := slices.IndexFunc(d.Hypotheses, func(h draft.Hypothesis) bool { return strings.HasPrefix(h.Title, c.title) })
		if at < 0 {
			t.Fatalf("%s: no hypothesis that %s", name, c.title)
		}
		h := d.Hypotheses[at]
		if h.Guess != c.guess || h.Seconds < 120 {
			t.Errorf("%s: %s is a guess: %t; %d s", name, h.Title, h.Guess, h.Seconds)
		}
		text := scenarioText(t, h)
		for _, want := range []string{"ovs-appctl bond/show bond1", `\\beth2: enabled`, "link: x1:eth2"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the scenario lacks %q:\n%s", name, want, text)
			}
		}
		if stays := !strings.Contains(text, "for: 5s"); !stays {
			t.Errorf("%s: the port comes back:\n%s", name, text)
		}
	}
}

// scenarioText is the text of a hypothesis.
func scenarioText(t *testing.T, h draft.Hypothesis) string {
	t.Helper()
	files, err := h.Files(nil, func(_ string, text []byte) []byte { return text })
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(files, func(f infer.File) bool { return f.Name == "scenario.yaml" })
	if i < 0 {
		t.Fatalf("no scenario in %d files", len(files))
	}
	return string(files[i].Data)
}

// TestLLDP: a neighbour of LLDP that is lost is, in a lab of routers, an address that no longer answers at the port.
func TestLLDP(t *testing.T) {
	capture := func(when, row string) txtar.File {
		return txtar.File{Name: "x1-" + when + ".txt", Data: []byte(`x1.1 # show version
Image   : ExtremeXOS version 22.7.1.2 by release-manager
x1.2 # show configuration
#
# Module devmgr configuration.
#
configure snmp sysName "x1"
#
# Module vlan configuration.
#
create vlan "core"
configure vlan core tag 5
configure vlan core add ports 5 untagged
configure vlan core ipaddress 10.0.0.1 255.255.255.0
#
# Module ospf configuration.
#
configure ospf add vlan core area 0.0.0.0
x1.3 # show lldp neighbors

Port     Neighbor Chassis ID      Neighbor Port ID    TTL     Age   Neighbor System Name
============================================================================================
9        02:04:96:00:00:09        1                   120     10    other
` + row + `============================================================================================
x1.4 # 
`)}
	}
	router := txtar.File{Name: "f1.txt", Data: []byte("f1# show version\nFRRouting 8.4.4 (f1).\nf1# show running-config\nfrr version 8.4.4\nhostname f1\ninterface eth1\n ip address 10.0.0.2/24\nrouter ospf\n network 10.0.0.0/24 area 0\nend\nf1# \n")}
	const row = "5        02:04:96:00:00:01        eth1                120     10    f1\n"
	d, n := drafted(t, "", capture("1", row), router, capture("2", ""))
	if len(d.Broken) != 1 || d.Broken[0].Kind != draft.LLDP || len(d.Hypotheses) == 0 {
		t.Fatalf("broken %+v, not shown %+v, %d hypotheses, unknown %q", d.Broken, d.NotShown, len(d.Hypotheses), d.Unknown)
	}
	valid(t, d, n)
	text := scenarioText(t, d.Hypotheses[0])
	for _, want := range []string{"reach: {ping: 10.0.0.2}", "never: 10s", "after-false: true", "link: x1:eth1"} {
		if !strings.Contains(text, want) {
			t.Errorf("the scenario lacks %q:\n%s", want, text)
		}
	}
	d, _ = drafted(t, "", capture("1", row), capture("2", "")) // nobody is at the other end
	if len(d.Broken) > 0 || len(d.NotShown) != 1 {
		t.Errorf("broken %+v, not shown %+v", d.Broken, d.NotShown)
	}
}
