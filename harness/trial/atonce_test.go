package trial_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/topologies"
)

// The software of a big lab that shares this machine's processors starts some nodes at a time:
// all at once starve each other until one does not answer in time. Machines wait for themselves.
func TestNodesAtOnce(t *testing.T) {
	const perCPU = 8
	nodes := perCPU*runtime.NumCPU() + 30
	for _, tt := range []struct {
		name  string
		built topologies.Kind // of all nodes
		most  int
	}{
		{"containers", topologies.KindContainer, perCPU * runtime.NumCPU()},
		{"machines", topologies.KindVM, nodes},
		{"containers beside a machine", "", perCPU*runtime.NumCPU() + 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.provider.BuiltKind = tt.built
				opens, boots, closes := &gauge{}, &gauge{}, &gauge{}
				w.platform.OpenFn = opens.work
				w.platform.BootFn = boots.work
				w.platform.CloseFn = closes.work
				verdicts, _ := w.series(t, oneMachine{&w.provider}, wide(nodes), 1)
				verdict(t, verdicts[0], evidence.Reproduced, "")
				if opens.most != tt.most || boots.most != tt.most || closes.most != tt.most {
					t.Errorf("of %d nodes %d were opened at once, %d started and %d closed, want %d", nodes, opens.most, boots.most, closes.most, tt.most)
				}
			})
		})
	}
}

// oneMachine is a provider for which r1 is a machine.
type oneMachine struct{ *harnesstest.Provider }

func (oneMachine) Kind(t topologies.Topology) topologies.Kind {
	if _, ok := t.Node("r1"); ok {
		return topologies.KindVM
	}
	return topologies.KindContainer
}

// gauge counts how much is done at once.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) work(string) error {
	g.count(1)
	<-time.After(time.Second) // of the test's clock: nobody gets further meanwhile
	g.count(-1)
	return nil
}

func (g *gauge) count(by int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += by
	g.most = max(g.most, g.now)
}

// wide is a scenario of so many nodes, r1 of which breaks.
func wide(nodes int) string {
	var images, platforms []string
	for i := range nodes {
		images = append(images, fmt.Sprintf("r%d: {image: none}", i+1))
		platforms = append(platforms, fmt.Sprintf("r%d: {platform: fake}", i+1))
	}
	return strings.NewReplacer(
		"r1: {image: none}, r2: {image: none}", strings.Join(images, ", "),
		"r1: {platform: fake}, r2: {platform: fake}", strings.Join(platforms, ", "),
	).Replace(stuck)
}
