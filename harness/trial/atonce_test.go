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
	"github.com/reprise-lab/reprise/topologies"
)

// The software of a big lab that shares this machine's processors starts some nodes at a time:
// all at once starve each other until one does not answer in time. Machines wait for themselves.
func TestNodesAtOnce(t *testing.T) {
	const perCPU = 8
	nodes := perCPU*runtime.NumCPU() + 30
	for _, tt := range []struct {
		kind topologies.Kind
		most int
	}{{topologies.KindContainer, perCPU * runtime.NumCPU()}, {topologies.KindVM, nodes}} {
		t.Run(string(tt.kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.provider.BuiltKind = tt.kind
				var mu sync.Mutex
				now, most := 0, 0
				count := func(by int) {
					mu.Lock()
					defer mu.Unlock()
					now += by
					most = max(most, now)
				}
				w.platform.BootFn = func(string) error {
					count(1)
					<-time.After(time.Second) // of the test's clock: nobody boots further meanwhile
					count(-1)
					return nil
				}
				verdicts, _ := w.series(t, &w.provider, wide(nodes), 1)
				verdict(t, verdicts[0], evidence.Reproduced, "")
				if most != tt.most {
					t.Errorf("%d of %d nodes started at once, want %d", most, nodes, tt.most)
				}
			})
		})
	}
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
