package trial

import (
	"context"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// virtual is a platform whose virtual form has no equal-cost paths.
type virtual struct{}

func (virtual) Platform() string { return "v" }
func (virtual) Open(context.Context, drivers.Target) (drivers.Driver, error) {
	return nil, drivers.ErrUnsupported
}

func (virtual) Virtual() drivers.Virtual {
	return drivers.Virtual{Cannot: map[string]string{"ecmp": "it forwards over one path"}}
}

// placed is a platform that is a program of this machine's.
type placed struct{ virtual }

func (placed) Platform() string { return "p" }
func (placed) Placed() string   { return "the speaker of a tester" }

// What a kind of lab cannot show is said before anything is done in it.
func TestShows(t *testing.T) {
	t.Parallel()
	r := &drivers.Registry{}
	for _, f := range []drivers.Factory{virtual{}, placed{}} {
		if err := r.Register(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name     string
		kind     topologies.Kind
		fidelity []scenarios.Fidelity
		needs    []string
		want     string
	}{
		{"no demands", topologies.KindVM, nil, nil, ""},
		{"a feature that the virtual form lacks", topologies.KindVM, nil, []string{"ecmp"}, "it forwards over one path"},
		{"the same on hardware", topologies.KindHardware, nil, []string{"ecmp"}, ""},
		{"a feature that it has", topologies.KindVM, nil, []string{"ospf"}, ""},
		{"a feature that programs lack", topologies.KindContainer, nil, []string{"ecmp", "poe"}, "the nodes are programs, and the scenario needs poe"},
		{"one that they have", topologies.KindContainer, nil, []string{"ecmp"}, ""},
		{"another kind", topologies.KindContainer, []scenarios.Fidelity{"vm", "hardware"}, nil, "kind container"},
		{"a simulator is let through, and marked", topologies.KindSimulator, []scenarios.Fidelity{"hardware"}, []string{"ecmp"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &plan.Plan{
				Loaded: &scenarios.Loaded{Scenario: scenarios.Scenario{Fidelity: tt.fidelity, Needs: tt.needs}},
				Nodes:  []plan.Node{{Name: "x1", Platform: "v"}},
			}
			if got := cannotShow(p, tt.kind, r); (got != "") != (tt.want != "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			p.Nodes = append(p.Nodes, plan.Node{Name: "t1", Platform: "p"})
			device := tt.kind == topologies.KindHardware || tt.kind == topologies.KindSimulator
			if got := cannotShow(p, tt.kind, r); tt.want == "" && device != strings.Contains(got, "t1 is the speaker of a tester") {
				t.Errorf("with a tester: got %q", got)
			}
		})
	}
}
