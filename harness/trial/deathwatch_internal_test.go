package trial

import (
	"context"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/plan"
)

// mortal is a node whose daemons die.
type mortal struct {
	drivers.Driver
	deaths []drivers.Death
}

func (m *mortal) Deaths(context.Context) ([]drivers.Death, error) { return m.deaths, nil }

// TestDeathOfANewNode: a node that was made anew numbers its processes as before, and the same daemon may die a
// moment later than in the trial before. That is another death.
func TestDeathOfANewNode(t *testing.T) {
	d := &mortal{}
	n := &labNode{Node: plan.Node{Name: "r1"}, driver: d}
	lab := &Lab{plan: &plan.Plan{}, nodes: []*labNode{n}, cold: true}
	at := time.Now()
	for trial := range 3 {
		d.deaths = nil
		w := newDeathWatch(lab, &recorder{})
		w.begin(t.Context())
		if had, err := n.deaths(t.Context()); err != nil || len(had) > 0 {
			t.Fatalf("trial %d begins with %+v, %v", trial, had, err)
		}
		d.deaths = []drivers.Death{{Process: "bgpd", PID: 65, Signal: "SIGABRT", At: at.Add(time.Duration(trial) * 3 * time.Second)}}
		if died, err := n.deaths(t.Context()); err != nil || len(died) != 1 || !died[0].At.Equal(d.deaths[0].At) {
			t.Fatalf("trial %d: %+v, %v", trial, died, err)
		}
	}
}
