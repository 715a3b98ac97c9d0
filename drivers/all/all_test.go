package all_test

import (
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/drivers/all"
)

// TestDaemons: each platform whose nodes run daemons of ours says which, for whoever
// checks the names in a scenario; one that is reached over a command line says nothing.
func TestDaemons(t *testing.T) {
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	for platform, want := range map[string][]string{
		"frr":    {"zebra", "mgmtd", "staticd", "bgpd", "ospfd", "pim6d", "vrrpd"},
		"bird":   {"bird"},
		"ovs":    {"ovsdb-server", "ovs-vswitchd"},
		"linux":  {"keepalived", "lldpd"},
		"tester": {"tester"},
	} {
		names, ok := r.Daemons(platform)
		if !ok {
			t.Errorf("%s does not name its daemons", platform)
		}
		for _, name := range want {
			if !slices.Contains(names, name) {
				t.Errorf("%s does not name %s: %v", platform, name, names)
			}
		}
	}
	if names, ok := r.Daemons("exos"); ok {
		t.Errorf("exos names %v", names)
	}
}

// TestStatuses: whether a command's status is known is a fact of its platform.
func TestStatuses(t *testing.T) {
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range r.Platforms() {
		d, ok := r.Describe(platform)
		if want := platform == "linux" || platform == "ovs" || platform == "tester"; !ok || d.Statuses != want {
			t.Errorf("%s: %+v, want statuses %v", platform, d, want)
		}
		if d.AnyService != (platform == "linux") {
			t.Errorf("%s: %+v", platform, d)
		}
	}
	if _, ok := r.Describe("nothing"); ok {
		t.Error("an unknown platform is described")
	}
}

// TestStarts: a node runs those of its daemons that its configuration needs, or that are named.
func TestStarts(t *testing.T) {
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	d, _ := r.Describe("frr")
	if got := d.Starts("router bgp 65001\n", nil); !slices.Contains(got, "bgpd") || !slices.Contains(got, "zebra") || slices.Contains(got, "ospfd") {
		t.Errorf("with BGP it starts %v", got)
	}
	if got := d.Starts("router bgp 65001\n", []string{"ospfd"}); slices.Contains(got, "bgpd") || !slices.Contains(got, "ospfd") {
		t.Errorf("with services it starts %v", got)
	}
	if d, _ := r.Describe("ovs"); d.Starts != nil {
		t.Error("an ovs node runs all that it has")
	}
}
