package reproduce

import (
	"context"
	"testing"

	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
)

// asked is a provider that can answer questions.
type asked struct{ topologies.Provider }

func (asked) Engine(context.Context) string            { return "engine 1.2" }
func (asked) Kind(topologies.Topology) topologies.Kind { return topologies.KindVM }
func (asked) DescribeImage(_ context.Context, ref string) (topologies.ImageInfo, error) {
	return topologies.ImageInfo{Ref: ref}, nil
}

// The lab of a kept run can be asked all that its provider can.
func TestEnterNoterKeepsAbilities(t *testing.T) {
	var p topologies.Provider = &enterNoter{Provider: asked{}, keep: true}
	if e, ok := topologies.As[topologies.EngineTeller](p); !ok || e.Engine(t.Context()) != "engine 1.2" {
		t.Error("the engine is lost")
	}
	if _, ok := topologies.As[topologies.ImageDescriber](p); !ok {
		t.Error("the images are lost")
	}
	if got := trial.KindIn(p, topologies.Topology{}); got != topologies.KindVM {
		t.Errorf("the kind is %s", got)
	}
}
