package draft_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
)

// TestCutOff: what a configuration that was cut off does not list was not taken out of it, nor added where the
// earlier one was cut off.
func TestCutOff(t *testing.T) {
	const head = "Building configuration...\n\nCurrent configuration:\n!\nfrr version 8.4.4\nhostname r1\n"
	first, second := "router bgp 65001\n neighbor 10.0.0.2 remote-as 65002\n", "router ospf\n default-metric 7\n redistribute static\nend\n"
	capture := func(config string) []byte {
		return []byte("r1# show version\nFRRouting 8.4.4 (r1).\nr1# show running-config\n" + head + config + "r1# \n")
	}
	half := "router os\n"
	for _, c := range []struct {
		name, before, after string
		want                string
	}{
		{"the later", first + second, first + half, ""},
		{"the later, with more", first + second, "router bgp 65001\n neighbor 10.0.0.2 remote-as 65002\n neighbor 10.0.0.2 shutdown\n" + half, "router bgp 65001 / neighbor 10.0.0.2 shutdown"},
		{"the earlier", first + half, first + second, ""},
		{"the earlier, with more", first + half, second, "no router bgp 65001"},
		{"both", first + half, half, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := drafted(t, "", txtar.File{Name: "1.txt", Data: capture(c.before)}, txtar.File{Name: "2.txt", Data: capture(c.after)})
			var got []string
			for _, x := range d.Changes {
				_, lines, _ := strings.Cut(x.What, "less, than in 1.txt:4: ")
				got = append(got, lines)
			}
			if c.want == "" && len(got) > 0 || c.want != "" && !slices.Equal(got, []string{c.want}) {
				t.Errorf("changes %q", got)
			}
			if !slices.ContainsFunc(d.Unknown, func(u string) bool { return strings.Contains(u, "is not whole: the end of the configuration") }) {
				t.Errorf("not known: %q", d.Unknown)
			}
		})
	}
}

// TestBeyond: of an answer that is longer than is read nobody knows what it does not list.
func TestBeyond(t *testing.T) {
	const row = "10.0.0.%d        4      65002         4         5        0    0    0 00:00:09  1        0 N/A\n"
	visit := func(beyond int64) *draft.Draft {
		r, im := draft.New(draft.Options{}), &intake.Import{}
		for i, table := range []string{fmt.Sprintf(row+row, 2, 3), fmt.Sprintf(row, 2)} {
			p := &intake.Part{Device: "r1", Platform: "frr", Kind: intake.Session}
			im.Files = append(im.Files, intake.File{Name: fmt.Sprint(i, ".txt"), Parts: []*intake.Part{p}})
			c := &intake.Command{Command: "show bgp summary", Status: intake.Answered, Line: 1}
			if i > 0 {
				c.Beyond = beyond
			}
			if err := r.Visit(p, c, table); err != nil {
				t.Fatal(err)
			}
		}
		n := &infer.Network{Nodes: []infer.Node{{Name: "r1", Platform: "frr", Image: "reprise/frr:8.4.4", Likeness: infer.Exact}}}
		return r.Draft(im, n, "")
	}
	if d := visit(0); len(d.NotShown) != 1 {
		t.Errorf("the second session is not lost: %+v", d.NotShown)
	}
	d := visit(77)
	want := []string{
		"r1: show bgp summary (1.txt:1) is not whole: 77 bytes beyond the 8388608 that are read: what it does not list may be there",
		"r1: which of its captures is the earlier is not told by all of them: they are taken in the order given",
	}
	if diff := cmp.Diff(want, d.Unknown); diff != "" || len(d.NotShown) > 0 {
		t.Errorf("%s\nnot shown: %+v", diff, d.NotShown)
	}
}

// TestCutTables: a table that is cut, however it came to be, says nothing of what it does not list, and tells of what it
// does. Of one that is whole, what is missing was lost.
func TestCutTables(t *testing.T) {
	const (
		version = "FRRouting 8.4.4 (r%d).\n"
		config  = "Building configuration...\n\nCurrent configuration:\n!\nfrr version 8.4.4\nhostname r%d\n!\ninterface eth1\n ip address 10.0.0.%[1]d/24\n ip ospf area 0\nexit\n!\nrouter ospf\nexit\n!\nend\n"
		title   = "\nNeighbor ID     Pri State           Up Time         Dead Time Address         Interface                        RXmtL RqstL DBsmL\n"
		ospf    = "%[1]d.%[1]d.%[1]d.%[1]d           1 %[2]s         1h02m03s          35.123s 10.0.0.%[1]d        eth1:10.0.0.1                        0     0     0\n"
		head    = "\nIPv4 Unicast Summary (VRF default):\nBGP router identifier 1.1.1.1, local AS number 65001 vrf-id 0\nPeers 2, using 1434 KiB of memory\n\nNeighbor        V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   PfxSnt Desc\n"
		bgp     = "10.0.0.%d        4      65002        10        12        0    0    0 00:00:07            1        1 N/A\n"
	)
	session := func(n int, command, answer string) string {
		return fmt.Sprintf("r%[1]d# show version\n"+version+"r%[1]d# show running-config\n"+config+"r%[1]d# "+command+"\n", n) + answer
	}
	second, third := fmt.Sprintf(ospf, 2, "Full/DR"), fmt.Sprintf(ospf, 3, "Full/DROther")
	stuck := fmt.Sprintf(ospf, 3, "ExStart/DROther")
	one, two := fmt.Sprintf(bgp, 2), fmt.Sprintf(bgp, 3)
	const total = "\nTotal number of neighbors %d\n"
	for _, tt := range []struct {
		name, command, before, after string
		lost                         string
	}{
		{"whole", "show ip ospf neighbor", title + second + third, title + second + "\nr1# \n", "not listed"},
		{"whole, by the next command", "show ip ospf neighbor", title + second + third, title + second + "\nr1# exit\n", "not listed"},
		{"the session ends", "show ip ospf neighbor", title + second + third, title + second, ""},
		{"the session ends after the title", "show ip ospf neighbor", title + second + third, title, ""},
		{"the session ends after the command", "show ip ospf neighbor", title + second + third, "", ""},
		{"another session follows", "show ip ospf neighbor", title + second + third, title + second + "r9# show clock\nr9# \n", ""},
		{"in a row", "show ip ospf neighbor", title + second + third, title + second + third[:28], ""},
		{"a pager, at the end", "show ip ospf neighbor", title + second + third, title + second + "--More-- \n", ""},
		{"a pager that was left", "show ip ospf neighbor", title + second + third, title + second + "--More-- \r         \rr1# \n", ""},
		{"a pager that was left, on a line", "show ip ospf neighbor", title + second + third, title + second + "--More-- \n\nr1# \n", ""},
		{"a pager that went on", "show ip ospf neighbor", title + second + third, title + "--More-- \r         \r" + second + "\nr1# \n", "not listed"},
		{"what it lists is so", "show ip ospf neighbor", title + second + third, title + stuck, "ExStart"},
		{"the earlier one", "show ip ospf neighbor", title + second + third, title + second + "\nr1# \nr1# show ip ospf neighbor\n" + title, "not listed"},
		{"whole, of BGP", "show bgp summary", head + one + two + fmt.Sprintf(total, 2), head + one + fmt.Sprintf(total, 1) + "r1# \n", "not listed"},
		{"less rows than the end says", "show bgp summary", head + one + two + fmt.Sprintf(total, 2), head + one + fmt.Sprintf(total, 2) + "r1# \n", ""},
		{"less rows than the head says", "show bgp summary", head + one + two + fmt.Sprintf(total, 2), head + one + "r1# \n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			other := strings.ReplaceAll(session(3, tt.command, tt.before+"\nr3# \n"), "10.0.0.3        eth1", "10.0.0.1        eth1")
			d, _ := drafted(t, "",
				txtar.File{Name: "1.txt", Data: []byte(session(1, tt.command, tt.before+"\nr1# \n"))},
				txtar.File{Name: "2.txt", Data: []byte(session(1, tt.command, tt.after))},
				txtar.File{Name: "3.txt", Data: []byte(other)})
			got := ""
			for _, s := range slices.Concat(d.Broken, d.NotShown) {
				if s.Node == "r1" && strings.Contains(s.What, "10.0.0.3") {
					got = s.Is
				}
			}
			told := slices.ContainsFunc(d.Unknown, func(u string) bool {
				return strings.Contains(u, tt.command+" (2.txt:") && strings.Contains(u, "is not whole")
			})
			whole := strings.HasPrefix(tt.name, "whole") || tt.name == "a pager that went on"
			if got != tt.lost || told == whole {
				t.Errorf("is %q, want %q; said to be cut: %v\n%q", got, tt.lost, told, d.Unknown)
			}
		})
	}
}
