package namespaces

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// A lab whose group cannot be divided is built without, and tells why; but one whose processors are
// to be bounded is not.
func TestGroupsUndivided(t *testing.T) {
	t.Parallel()
	livetest.Long(t, "a lab of namespaces")
	p, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := cgroups.Delegation{Dir: t.TempDir(), Controllers: []string{cgroups.CPU, cgroups.Memory}} // a folder is no group
	p.groups = func() (cgroups.Delegation, error) { return d, nil }
	top := topologies.Topology{Name: "one", Nodes: topologiestest.Subject{Image: "reprise/debian:bookworm"}.Nodes("r1")}
	if err := p.Check(t.Context(), top); err != nil {
		t.Skip(err) //nolint:forbidigo // TestSuite says whether it may be missing
	}
	o := topologies.Options{Run: topologiestest.RunName(t, "test-groups-undivided")}
	r := topologiestest.Reserve(t, p, top, o)
	said := topologiestest.Ability[topologies.Warner](t, r).Warnings()
	if len(said) != 1 || !strings.Contains(said[0], "the kernel does not bound the nodes") || !strings.Contains(said[0], d.Dir) {
		t.Errorf("the lab tells %q", said)
	}
	top.Nodes[0].CPU = 0.5
	if _, err := p.Reserve(t.Context(), top, topologies.Options{Run: topologiestest.RunName(t, "test-groups-undivided-cpu")}); err == nil || !strings.Contains(err.Error(), "bound processors: ") {
		t.Errorf("with cpu: the error is %v", err)
	}
}
