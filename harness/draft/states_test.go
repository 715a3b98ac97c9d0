package draft_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/infer"
)

// symptomOf are the expressions of the symptom of a draft's first hypothesis.
func symptomOf(t *testing.T, d *draft.Draft, n *infer.Network) (list []string) {
	t.Helper()
	same := func(_ string, text []byte) []byte { return text }
	lab, err := n.Files("lab", same)
	if err != nil || len(d.Hypotheses) == 0 {
		t.Fatalf("%v: broken %v, unknown %q", err, d.Broken, d.Unknown)
	}
	files, err := d.Hypotheses[0].Files(lab, same)
	if err != nil {
		t.Fatal(err)
	}
	var s struct{ Symptom []struct{ Expect string } }
	if err := yaml.Unmarshal(files[0].Data, &s); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Symptom {
		list = append(list, c.Expect)
	}
	return list
}

// holds reports whether an answer has the state of an expression that matches, or does not match, patterns.
func holds(t *testing.T, expect, text string) bool {
	t.Helper()
	for one := range strings.SplitSeq(expect, " or ") {
		m := regexp.MustCompile(`^(not \()?text (matches|contains) (".*?")\)?$`).FindStringSubmatch(one)
		if m == nil {
			t.Fatalf("%s is not understood", one)
		}
		pattern, err := strconv.Unquote(m[3])
		if err != nil {
			t.Fatal(err)
		}
		if m[2] == "contains" {
			pattern = regexp.QuoteMeta(pattern)
		}
		if regexp.MustCompile(pattern).MatchString(text) != (m[1] != "") {
			return true
		}
	}
	return false
}

// TestStates: the symptom is the state in which the latest capture has a neighbour. One that is gone, or in another
// state, is another failure, also where one end alone was captured.
func TestStates(t *testing.T) {
	ospf := func(state string) string {
		return "\nNeighbor ID     Pri State           Up Time         Dead Time Address         Interface                        RXmtL RqstL DBsmL\n" +
			strings.ReplaceAll("2.2.2.2           1 STATE           1m03s             3.938s 10.0.0.2        eth1:10.0.0.1                        0     0     0\n", "STATE", state)
	}
	bgp := func(state string) string {
		return "Neighbor        V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   PfxSnt Desc\n" +
			"10.0.0.2        4      65002         4         5        0    0    0 00:00:09 " + state + "        0 N/A\n"
	}
	isis := func(state string) string {
		return "Area 1:\n System Id           Interface   L  State         Holdtime SNPA\n r2                  eth1        1  " + state + "            27       2020.2020.2020\n"
	}
	vrrp := func(state string) string {
		return " Virtual Router ID                    5\n Protocol Version                     3\n Interface                            eth1\n Status (v4)                          " + state + "\n"
	}
	const none = "\n"
	routes := func(code string) string {
		return code + " 10.9.0.0/24 [110/20] via 10.0.0.2, eth1, weight 1, 00:01:00\n"
	}
	prefixes := func(code string) string {
		return "   Network          Next Hop            Metric LocPrf Weight Path\n" + code + " 10.9.0.0/24      10.0.0.2                 0             0 65002 i\n"
	}
	const ospfs, bgps, isiss, vrrps, table, route = "show ip ospf neighbor", "show bgp summary", "show isis neighbor", "show vrrp", "show bgp ipv4 unicast", "show ip route"
	for _, tt := range []struct {
		command, well, is string
		not               []string // other failures
	}{
		{ospfs, ospf("Full/-"), ospf("ExStart/-"), []string{none, ospf("Init/-"), ospf("Loading/-"), ospf("2-Way/DR")}},
		{ospfs, ospf("Full/-"), ospf("Exchange/-"), []string{none, ospf("Init/-"), ospf("Loading/-"), ospf("ExStart/-")}},
		{ospfs, ospf("Full/-"), ospf("Loading/-"), []string{none, ospf("ExStart/-")}},
		{ospfs, ospf("Full/-"), ospf("Init/-"), []string{none, ospf("ExStart/-"), ospf("2-Way/DR")}},
		{ospfs, ospf("Full/DR"), ospf("2-Way/DR"), []string{none, ospf("ExStart/DR"), ospf("Init/-")}},
		{ospfs, ospf("Full/-"), none, []string{ospf("ExStart/-"), ospf("Init/-")}},
		{bgps, bgp("       3"), bgp("  Active"), []string{none, bgp("OpenSent"), bgp("Idle (Admin)"), bgp("Idle"), bgp("Connect")}},
		{bgps, bgp("       3"), bgp("OpenSent"), []string{none, bgp("Active"), bgp("Idle")}},
		{bgps, bgp("       3"), bgp("Idle"), []string{none, bgp("Active"), bgp("Idle (Admin)"), bgp("Idle (PfxCt)")}},
		{bgps, bgp("       3"), bgp("Idle (Admin)"), []string{none, bgp("Idle"), bgp("Active"), bgp("Idle (PfxCt)")}},
		{bgps, bgp("       3"), bgp("Idle (PfxCt)"), []string{none, bgp("Idle"), bgp("Idle (Admin)")}},
		{bgps, bgp("       3"), none, []string{bgp("Active"), bgp("Idle (Admin)")}},
		{isiss, isis("Up  "), isis("Initializing"), []string{none, isis("Down")}},
		{isiss, isis("Up  "), none, []string{isis("Initializing")}},
		{vrrps, vrrp("Master"), vrrp("Initialize"), []string{none, vrrp("Backup")}},
		{vrrps, vrrp("Master"), vrrp("Backup"), []string{none, vrrp("Initialize")}},
		{table, prefixes(" *>"), prefixes("   "), []string{none}},
		{table, prefixes(" *>"), none, []string{prefixes("   ")}},
		{route, routes("O>*"), routes("O  "), []string{none}},
		{route, routes("O>*"), none, []string{routes("O  ")}},
	} {
		t.Run(tt.command+" "+strings.Join(strings.Fields(tt.is), " "), func(t *testing.T) {
			session := func(name string, i int, more string) []byte {
				return fmt.Appendf(nil, "%[1]s# show version\nFRRouting 8.4.4 (%[1]s) on Linux.\n%[1]s# show running-config\nfrr version 8.4.4\nhostname %[1]s\ninterface eth1\n ip address 10.0.0.%[2]d/24\n isis circuit-type level-1\nexit\n"+
					"interface lo\n ip address 10.9.0.1/24\nexit\nrouter bgp 6500%[2]d\n neighbor 10.0.0.%[3]d remote-as 6500%[3]d\nexit\nrouter ospf\n ospf router-id %[2]d.%[2]d.%[2]d.%[2]d\n network 10.0.0.0/24 area 0\nexit\nend\n%[4]s%[1]s# \n", name, i, 3-i, more)
			}
			shows := func(text string) string { return "r1# " + tt.command + "\n" + text }
			changed := bytes.Replace(session("r1", 1, shows(tt.is)), []byte("router ospf\n"), []byte("router ospf\n maximum-paths 2\n"), 1) // a hypothesis of its own
			d, n := drafted(t, "", txtar.File{Name: "r1-1.txt", Data: session("r1", 1, shows(tt.well))}, txtar.File{Name: "r1-2.txt", Data: changed},
				txtar.File{Name: "r2.txt", Data: session("r2", 2, "")})
			valid(t, d, n)
			all := symptomOf(t, d, n)
			all = slices.DeleteFunc(all, func(e string) bool { return strings.Contains(e, "BGP state = ") }) // another answer's
			inAll := func(text string) bool {
				return !slices.ContainsFunc(all, func(e string) bool { return !holds(t, e, text) })
			}
			if len(all) == 0 || !inAll(tt.is) {
				t.Errorf("%q: what was captured is no symptom", all)
			}
			for _, other := range append(tt.not, tt.well) {
				if inAll(other) {
					t.Errorf("%q holds of %s", all, other)
				}
			}
		})
	}
}
