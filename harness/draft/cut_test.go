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
	want := []string{"r1: show bgp summary (1.txt:1) is not whole: 77 bytes beyond the 8388608 that are read: what it does not list may be there"}
	if diff := cmp.Diff(want, d.Unknown); diff != "" || len(d.NotShown) > 0 {
		t.Errorf("%s\nnot shown: %+v", diff, d.NotShown)
	}
}
