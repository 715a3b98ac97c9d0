package known_test

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/known"
)

// What a list of changes does not say is fixed is never told as fixed.
func TestChangelogNotFixed(t *testing.T) {
	type entry struct{ title, fixed, found string }
	for _, tt := range []struct {
		name, text string
		want       []entry
	}{
		{"a section of known issues", "## 9.2.0\n\n### Known issues\n- bgpd crashes when a peer flaps\n\n### Fixed\n- zebra: fix leak of nexthop groups\n", []entry{
			{"bgpd crashes when a peer flaps", "", "9.2.0"}, {"fix leak of nexthop groups", "9.2.0", ""},
		}},
		{"sections of other names", "## 9.2.0\n### Known bugs\n* ospfd leaks LSAs on restart\n### Open issues\n* isisd crashes on restart\n### Limitations\n* pimd hangs on big joins\n", []entry{
			{"ospfd leaks LSAs on restart", "", "9.2.0"}, {"isisd crashes on restart", "", "9.2.0"}, {"pimd hangs on big joins", "", "9.2.0"},
		}},
		{"in the heading", "## 9.2.0 - Known issues\n- zebra crashes when a group is deleted twice\n", []entry{{"zebra crashes when a group is deleted twice", "", "9.2.0"}}},
		{"without markup", "Version 2.0.12 (2023-01-23)\n  o BGP: Fix crash on shutdown of a channel\n  Known issues:\n  o OSPF crashes on mass flap\n  Bug fixes:\n  o RIP crashes on an empty packet\n", []entry{
			{"Fix crash on shutdown of a channel", "2.0.12", ""}, {"OSPF crashes on mass flap", "", "2.0.12"}, {"RIP crashes on an empty packet", "2.0.12", ""},
		}},
		{"in an entry above", "Version 2.0.12 (2023-01-23)\n  o Known issues:\n    - OSPF crashes on mass flap\n", []entry{{"OSPF crashes on mass flap", "", "2.0.12"}}},
		{"a fix that was taken back", "## 9.2.0\n- Revert \"bgpd: fix crash when a group is deleted\"\n- zebra: revert the fix of a memory leak\n- ospfd: fix crash on an empty area\n### Reverted\n- bgpd: fix crash of two VRFs\n", []entry{
			{"fix crash on an empty area", "9.2.0", ""},
		}},
		{"a sentence that goes on with a release", "## 9.2.0\n- bgpd: fix crash which came with\nrelease 8.4 and later ones\n- zebra: fix leak of nexthop groups\n", []entry{
			{"fix crash which came with", "9.2.0", ""}, {"fix leak of nexthop groups", "", ""},
		}},
		{"an entry that ends in a release", "# Release 2.2.8\n* Fix crash in a state machine\n* Merge fix from release 2.2.7\n* Fix memory leak of sockets\n", []entry{
			{"Fix crash in a state machine", "2.2.8", ""}, {"Fix memory leak of sockets", "2.2.8", ""},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := known.ReadDocument("frr-changelog.md", []byte(tt.text), known.ReadOptions{Products: products(t)})
			if err != nil {
				t.Fatal(err)
			}
			var got []entry
			for _, i := range d.Issues {
				e := entry{title: i.Title}
				for _, f := range i.Fixed {
					e.fixed += f.String()
				}
				for _, f := range i.Found {
					e.found += f.String()
				}
				if e.found != "" && i.Status != known.StatusOpen {
					t.Errorf("%q is %s", i.Title, i.Status)
				}
				got = append(got, e)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%+v, want %+v", got, tt.want)
			}
			for k, e := range got {
				if e != tt.want[k] {
					t.Errorf("%+v, want %+v", e, tt.want[k])
				}
			}
		})
	}
}
