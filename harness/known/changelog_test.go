package known_test

import (
	"slices"
	"strings"
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
		{"entries that say so themselves", "# 2.0\n## Changes\n- Known issue: bgpd crashes with a bad update\n- **Known bug:** bgpd crashes on clear\n- bgpd crash on a bad update is not fixed yet\n- bgpd may crash on clear, to be fixed in 2.1\n- Crash on clear, fixed in 1.9.5, is back\n- zebra still crashes on a full table\n- Fix that zebra still crashes on an empty table\n- zebra: fix crash where a next hop is not resolved\n", []entry{
			{"bgpd crashes with a bad update", "", "2.0"},
			{"bgpd crashes on clear", "", "2.0"},
			{"bgpd crash on a bad update is not fixed yet", "", "2.0"},
			{"bgpd may crash on clear, to be fixed in 2.1", "", "2.0"},
			{"Crash on clear, fixed in 1.9.5, is back", "", "2.0"},
			{"Fix that zebra still crashes on an empty table", "2.0", ""},
			{"fix crash where a next hop is not resolved", "2.0", ""},
		}},
		{"what may be either", "# 2.0\n## Fixed\n- Known issue: bgpd crashes on clear\n## Not for the faint of heart\n- bgpd crashes on shut\n", nil},
		{"releases with a name, and headings without a mark", "## Unreleased next version\n\nBug fixes\n\n## 2.2.8 ‘Second Wind’\n\nReleased 2026-03-01.\n\nBug fixes\n\n* Set a socket to non-blocking.\n\nOther changes\n\n* Added building packages for Debian 13.\n\n## 2.2.7-rc1\n\nNew\n\n* The order of peers is now random.\n\nSecurity fixes\n\n* Changed how errors of a listener are handled.\n", []entry{
			{"Set a socket to non-blocking", "2.2.8", ""}, {"Changed how errors of a listener are handled", "2.2.7-rc1", ""},
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

// What an entry is about its line says, and why it was done the sentences below: a fault may be told there alone, and words of
// documentation or of building that stand there do not make a fault one of these.
func TestChangelogExplained(t *testing.T) {
	const text = `2098-01-22 A Test <test@example.com>
	* keepalived-2.98.20
	* Keep the name of an instance in its children
	  Although the parent kept it, the children did not.
	* Handle an address that moves to a new interface
	  The documentation says that it may, and the header files have a flag for it.
	* Fix the weight of scripts
	  It was wrong as soon as the tests of the script ended.
	* Let two instances have one peer
	  Issue #4711 identified that the second was refused.
	* Log correct family of an address.
	* Add missing newlines in the dump.
	* Make scripts of two words work.
	* Stop always going to fault at reload.
	* Set the family of a server correctly.
	* Simplify the parser
	  Its tables were not needed, since they can be computed.
	* Use one function for all lists
	  The others were only called once.
	* Fix generation of keepalived.spec.
	* Correct description of a keyword in keepalived.conf(5).
	* Resolve some issues identified by LGTM.
	* Add an interface for tests.
	* Improve the text of a message
	  It was not clear.
`
	d, err := known.ReadDocument("keepalived-ChangeLog", []byte(text), known.ReadOptions{Products: products(t)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range d.Issues {
		got = append(got, strings.Join(strings.Fields(i.Title)[:3], " "))
	}
	want := []string{
		"Keep the name", "Handle an address", "Fix the weight", "Let two instances", "Log correct family", "Add missing newlines", "Make scripts of", "Stop always going", "Set the family",
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	under, err := known.ReadDocument("lldpd-NEWS", []byte("lldpd (1.0.18)\n * Fix:\n   + Add support for another speed of ports.\n   + Old kernels are no longer supported.\n * Changes:\n   + Add support for one more.\n"), known.ReadOptions{Products: products(t)})
	if err != nil || len(under.Issues) != 1 || under.Issues[0].Title != "Add support for another speed of ports" {
		t.Errorf("below a heading of fixes: %+v %v", under.Issues, err)
	}
}

// A commit may say below its line alone that it mends something: which one it mends, what was there before it, or that it
// fixes that. What is of the tests is none, whatever it says.
func TestCommitsExplained(t *testing.T) {
	commit := func(subject, body string) string {
		return "commit " + strings.Repeat("0a", 20) + "\nAuthor: A Test <test@example.com>\n\n    " + subject + "\n\n    " + strings.ReplaceAll(body, "\n", "\n    ") + "\n\n"
	}
	text := commit("northd: Gate the default on the tier.", "It is the last of them.\n\nFixes: 0123456789ab (\"northd: Add tiers.\")") +
		commit("ospfd: Read the long form of a password", "Before:\n% Unknown command\nAfter:\nit is read") +
		commit("northd: Start the monitors offline.", "A backend was taken for healthy.\nFix this by another start, see the unit tests.") +
		commit("zebra: Move a table to its own file", "It is easier to read there.") +
		commit("agent/tests: Count the rows", "Fixes: 0123456789ab (\"agent: Add rows.\")") +
		commit("tests: Fetch by a scheme", "It was broken by CVE-2098-10001.") +
		commit("lib, zebra: Keep the hook of a script", "It is in the file.")
	d, err := known.ReadDocument("frr.log", []byte(text), known.ReadOptions{Products: products(t)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range d.Issues {
		got = append(got, i.Feature+"|"+i.Title)
	}
	want := []string{"northd|Gate the default on the tier.", "ospfd|Read the long form of a password", "northd|Start the monitors offline.", "lib, zebra|Keep the hook of a script"}
	if !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

// Whatever a heading calls what is not fixed, none of that is told as fixed.
func TestChangelogOpenHeadings(t *testing.T) {
	for _, head := range []string{
		"Open caveats", "Unresolved caveats", "Known caveats", "Known behaviors", "Known behaviours in 2.0", "Unfixed bugs", "Not fixed", "Not yet fixed", "Still open", "Open Problem Reports",
		"Issues not resolved in this release", "Bugs that are not fixed", "Open tickets", "Unresolved", "Known issues", "To be fixed",
	} {
		d, err := known.ReadDocument("frr-changelog.md", []byte("# 2.0\n## "+head+"\n- bgpd crashes on clear\n## Fixed\n- zebra crashes on an empty table\n"), known.ReadOptions{Products: products(t)})
		if err != nil || len(d.Issues) != 2 {
			t.Errorf("%s: %+v %v", head, d.Issues, err)
			continue
		}
		if i := d.Issues[0]; i.Status != known.StatusOpen || len(i.Fixed) > 0 || len(i.Found) != 1 || i.Found[0].From != "2.0" {
			t.Errorf("%s: %s, found %v, fixed %v", head, i.Status, i.Found, i.Fixed)
		}
		if i := d.Issues[1]; i.Status != known.StatusResolved || len(i.Fixed) != 1 {
			t.Errorf("below %s: %s, fixed %v", head, i.Status, i.Fixed)
		}
	}
}
