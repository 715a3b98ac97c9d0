package known_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNotesAsTextHasThem: rules below the heads of columns, ids one below the other, lists whose entries begin or end
// with an id, and an id that a document has twice.
func TestNotesAsTextHasThem(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string // ids, found, fixed, title
		left       int
	}{
		{
			"rules below the columns, of two tables",
			"ExtremeXOS Release Notes, Software Version 31.7.2\n\nResolved Issues in ExtremeXOS 31.7.2\n\nCR Number     Description\n----------    --------------------\nxos0065432    A switch does not form an OSPF\n              adjacency after a reboot.\n\nResolved Issues in ExtremeXOS 31.7.1\n\nCR Number     Description\n----------    --------------------\nxos0061111    VRRP flaps when STP is enabled.\n",
			[]string{"xos0065432||31.7.2|A switch does not form an OSPF adjacency after a reboot", "xos0061111||31.7.1|VRRP flaps when STP is enabled"},
			0,
		},
		{
			"two ids of one row",
			"ExtremeXOS Release Notes, Software Version 31.7.2\n\nResolved Issues\n\nCR Number     Description\nxos0065435,\nxos0065436    LLDP neighbors are not shown on slot 2.\nxos0065437    A port is lost.\n",
			[]string{"xos0065435 xos0065436||31.7.2|LLDP neighbors are not shown on slot 2", "xos0065437||31.7.2|A port is lost"},
			0,
		},
		{
			"entries that begin with an id",
			"Fabric Engine 9.2.1 Release Notes\n\nResolved Issues\n---------------\nVOSS-31001  IS-IS adjacency bounces\nVOSS-31002: vIST goes down after an\n  upgrade of the peer.\n\nKnown Issues\n------------\nVOSS-32001  OSPF neighbor is lost.\n",
			[]string{"VOSS-31001||9.2.1|IS-IS adjacency bounces", "VOSS-31002||9.2.1|vIST goes down after an upgrade of the peer", "VOSS-32001|9.2.1||OSPF neighbor is lost"},
			0,
		},
		{
			"entries of a list that end in an id",
			"Switch Engine 33.2.1 Release Notes\n\nResolved Issues in 33.2.1\n\n* The bgp process ends when a peer group is removed. (EXOS0041231)\n* LACP does not work on\n  MLAG ports. (EXOS0041232)\n",
			[]string{"EXOS0041231||33.2.1|The bgp process ends when a peer group is removed", "EXOS0041232||33.2.1|LACP does not work on MLAG ports"},
			0,
		},
		{
			"resolved and open in one release",
			"# Switch Engine 33.2.1 Release Notes\n\n## Resolved Issues in 33.2.1\n\n| CR Number | Description |\n|---|---|\n| EXOS0041234 | OSPF stays in ExStart. |\n\n## Known Issues in 33.2.1\n\n| CR Number | Description |\n|---|---|\n| EXOS0041234 | OSPF may stay in ExStart after a second failover. |\n",
			[]string{"EXOS0041234|33.2.1||OSPF stays in ExStart"},
			1,
		},
		{
			"open in one release and resolved in the next",
			"# Switch Engine Release Notes\n\n## Known Issues in 33.2.1\n\n| CR Number | Description |\n|---|---|\n| EXOS0041234 | OSPF stays in ExStart. |\n\n## Resolved Issues in 33.2.2\n\n| CR Number | Description |\n|---|---|\n| EXOS0041234 | OSPF stays in ExStart. |\n",
			[]string{"EXOS0041234|33.2.1|33.2.2|OSPF stays in ExStart"},
			0,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := "notes.txt"
			if strings.HasPrefix(tt.text, "# ") {
				name = "notes.md"
			}
			d := read(t, name, tt.text)
			var got []string
			for _, i := range d.Issues {
				var found, fixed []string
				for _, f := range i.Found {
					found = append(found, f.From)
				}
				for _, f := range i.Fixed {
					fixed = append(fixed, f.Version)
				}
				got = append(got, fmt.Sprintf("%s|%s|%s|%s", strings.Join(i.IDs, " "), strings.Join(found, " "), strings.Join(fixed, " "), i.Title))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(d.Unparsed) != tt.left {
				t.Errorf("%d left out: %s", len(d.Unparsed), diff)
			}
		})
	}
}
