package known_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/known"
)

// TestTrackers: an entry of a tracker that is a wish, or came to nothing, is no issue; one that stays is known behaviour.
func TestTrackers(t *testing.T) {
	for name, tt := range map[string]struct {
		text   string
		want   string // the issues with their status
		passed int
		left   string
	}{
		"jira": {
			"Summary,Issue key,Issue Type,Status,Resolution,Affects Version/s,Fix Version/s\nBGP session resets,FRR-101,Bug,Closed,Fixed,8.4.4,9.1.1\nAdd dark mode,FRR-102,New Feature,Closed,Done,,9.1.1\nIt is so,FRR-103,Bug,Closed,Won't Fix,8.4.4,\n",
			"FRR-101 resolved, FRR-103 known behaviour", 1, "",
		},
		"bugzilla": {
			"\"Bug ID\",\"Product\",\"Status\",\"Resolution\",\"Summary\",\"Version\"\n12345,openvswitch,RESOLVED,FIXED,segfault in bond_rebalance,2.17.9\n12346,openvswitch,RESOLVED,WORKSFORME,lacp flaps,2.17.9\n12347,openvswitch,RESOLVED,DUPLICATE,dup of 12345,2.17.9\n",
			"12345 resolved", 2, "",
		},
		"a column for each release":           {"| ID | Summary | 9.1 | 9.2 |\n|----|---------|-----|-----|\n| VOSS-100 | BGP crash on restart | X | fixed |\n", "VOSS-100 unspecified", 0, "columns that are not read: 9.1, 9.2"},
		"a column that is wider than its ids": {"Release Notes Fabric Engine 9.2.0.0\n\nResolved Issues\n\nIssue number  Description\nVOSS-1  IS-IS restarts\n", "VOSS-1 resolved", 0, ""},
	} {
		file := "list.csv"
		if strings.HasPrefix(name, "a column that") {
			file = "notes.txt"
		}
		d, err := known.ReadDocument(file, []byte(tt.text), known.ReadOptions{Products: products(t)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got, left []string
		for _, i := range d.Issues {
			got = append(got, i.Key+" "+string(i.Status))
		}
		for _, l := range d.Unparsed {
			left = append(left, l.Why)
		}
		if strings.Join(got, ", ") != tt.want || d.Passed < tt.passed || strings.Join(left, "\n") != tt.left {
			t.Errorf("%s: %q, %d no issue, left %q; want %q, %d, %q", name, got, d.Passed, left, tt.want, tt.passed, tt.left)
		}
	}
}

// TestAsTheEntryBefore: an entry that refers to the one before has its versions, also where that is no issue.
func TestAsTheEntryBefore(t *testing.T) {
	const text = "Product,ID,Issue Type,Summary,Versions\nFRR,FRR-1,Bug,bgpd crashes,8.4.4\nFRR,FRR-2,Task,tidy up,9.1.0\nFRR,FRR-3,Bug,ospfd crashes,as 2\n"
	d, err := known.ReadDocument("list.csv", []byte(text), known.ReadOptions{Products: products(t)})
	if err != nil || len(d.Issues) != 2 || d.Passed != 1 {
		t.Fatalf("%v, %+v", err, d)
	}
	if a := d.Issues[1].Affects("frr", "9.1.0"); a.Affected != known.AffectedYes {
		t.Errorf("%+v, found in %v", a, d.Issues[1].Found)
	}
	if a := d.Issues[1].Affects("frr", "8.4.4"); a.Affected == known.AffectedYes {
		t.Errorf("%+v, found in %v", a, d.Issues[1].Found)
	}
}

// TestProgramOfAnotherName: a program whose name begins with a product's is none of it.
func TestProgramOfAnotherName(t *testing.T) {
	d, err := known.ReadDocument("keep.md", []byte("# Changelog\nAll notable changes to keepalived-exporter.\n\n## [1.2.0] - 2025-03-02\n### Fixed\n- Exporter hangs when the socket is missing\n"), known.ReadOptions{Products: products(t)})
	if err != nil || len(d.Issues) != 1 || d.Issues[0].Product == "keepalived" {
		t.Errorf("%v, %+v", err, d.Issues)
	}
}

// TestRoleOfAUser: a role that is called as a program might be is none, and hides no product.
func TestRoleOfAUser(t *testing.T) {
	d, err := known.ReadDocument("keep.md", []byte("# Changelog\nAll notable changes to keepalived, and to what a network-operator sees.\n\n## [2.2.8] - 2025-03-02\n### Fixed\n- VRRP flaps when the link is slow\n"), known.ReadOptions{Products: products(t)})
	if err != nil || len(d.Issues) != 1 || d.Issues[0].Product != "keepalived" {
		t.Errorf("%v, %+v", err, d.Issues)
	}
}

// TestHeadOfAPage: the version in the head of a page is no word of the entry that goes on below it.
func TestHeadOfAPage(t *testing.T) {
	const text = "                         Fabric Engine Release Notes\n                               Version 9.2.1.0                                   1\n\nResolved Issues\n\n" +
		"Issue number       Description\nVOSS-28002         Switch reboots unexpectedly if ISIS\n                   is disabled while an SMLT peer is\nFabric Engine Release Notes                                                      2\n" +
		"                               Version 9.2.1.0\nIssue number       Description\n                   rebooting.\nVOSS-28003         LLDP neighbor is not shown.\n"
	d, err := known.ReadDocument("notes.txt", []byte(text), known.ReadOptions{Products: products(t)})
	if err != nil || len(d.Issues) != 2 || d.Issues[0].Text != "Switch reboots unexpectedly if ISIS is disabled while an SMLT peer is rebooting." {
		t.Errorf("%v, %+v", err, d.Issues)
	}
}
