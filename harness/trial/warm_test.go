package trial_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
)

// builds is a provider whose images have a digest.
type builds struct {
	snapshots
	digest *string
}

func (b builds) DescribeImage(_ context.Context, ref string) (topologies.ImageInfo, error) {
	return topologies.ImageInfo{Ref: ref, Digest: *b.digest}, nil
}

// A lab that is up becomes that of the next series where it is alike and can bring its nodes back, and is taken down before
// another one is built where it does not.
func TestWarmLabs(t *testing.T) {
	another := strings.Replace(stuck, "title: ", "title: another of ", 1)
	shared := func(yaml string) string {
		return strings.Replace(yaml, "r1: {image: none}", `r1: {image: none, binds: ["/etc:/x"]}`, 1)
	}
	addressed := func(yaml string, bits int) string {
		return strings.Replace(yaml, `{endpoints: ["r1:eth1", "r2:eth1"]}`, fmt.Sprintf(`{endpoints: ["r1:eth1", "r2:eth1"], ipv4: ["10.0.0.1/24", "10.0.0.2/%d"]}`, bits), 1)
	}
	for _, tt := range []struct {
		name          string
		first, second string
		reset         error
		pause         time.Duration // between the two
		without       bool          // no lab can bring its nodes back
		builds        [2]string     // digests that the image has when each series begins
		labs, resets  int32
		says          string
		verdict       evidence.Verdict // reproduced, if it says nothing
	}{
		{name: "alike", first: stuck, second: another, labs: 1, resets: 2, says: "a lab that was up, brought back by snapshot"},
		{name: "another image", first: stuck, second: strings.Replace(another, "image: none", "image: third", 1), labs: 2, says: "built"},
		{name: "the same build", first: stuck, second: another, builds: [2]string{"sha256:1", "sha256:1"}, labs: 1, resets: 2, says: "a lab that was up, brought back by snapshot"},
		{name: "built anew between", first: stuck, second: another, builds: [2]string{"sha256:1", "sha256:2"}, labs: 2, says: "built"},
		{name: "hours later", first: stuck, second: another, pause: 5 * time.Hour, labs: 1, resets: 2, says: "a lab that was up, brought back by snapshot"},
		{name: "too old", first: stuck, second: another, pause: 6 * time.Hour, labs: 2, says: "built"},
		{name: "another name", first: stuck, second: strings.Replace(another, "id: fixture", "id: renamed", 1), labs: 2, says: "built"},
		{name: "another link", first: stuck, second: strings.Replace(another, "r2:eth1", "r2:eth2", 1), labs: 2, says: "built"},
		{name: "another address", first: addressed(stuck, 24), second: addressed(another, 25), labs: 2, says: "built"},
		{name: "the same address", first: addressed(stuck, 24), second: addressed(another, 24), labs: 1, resets: 2, says: "a lab that was up, brought back by snapshot"},
		{name: "another clock", first: stuck, second: another + "clock: {speed: 2}\n", labs: 2, says: "built", verdict: evidence.NotApplicable},
		{name: "inconclusive before", first: strings.Replace(stuck, `"up"`, `"away"`, 1), second: another, labs: 2, says: "built"},
		{name: "not brought back", first: stuck, second: another, reset: errors.New("no space"), labs: 2, resets: 2, says: "built: the lab that was up could not be used again: no space\nno space"},
		{name: "no way back", first: stuck, second: another, without: true, labs: 2, says: "built"},
		{name: "shared folders", first: shared(stuck), second: shared(another), labs: 2, says: "built"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.provider.Warnings = []string{"the kernel does not bound the nodes of this lab"}
				var labs, resets atomic.Int32
				w.provider.ReserveFn = func(context.Context, topologies.Topology, topologies.Options) error {
					if w.provider.Up() > 0 {
						t.Error("a lab is built beside one that is not used any more")
					}
					labs.Add(1)
					return nil
				}
				env := trial.Environment{Provider: &w.provider, Registry: w.platform.Registry(), Warm: &trial.WarmLabs{}}
				digest := ""
				if !tt.without {
					env.Provider = builds{snapshots{&w.provider, func(string) (topologies.How, error) {
						resets.Add(1)
						return topologies.BySnapshot, tt.reset
					}}, &digest}
				}
				var last trial.Attempt
				var dir evidence.Dir
				for i, yaml := range []string{tt.first, tt.second} {
					digest = tt.builds[i]
					if i > 0 {
						<-time.After(tt.pause)
					}
					s, err := trial.NewSeries(t.Context(), planOf(t, yaml, plan.Options{Trials: 1}), t.TempDir(), env, evidence.Tool{Name: "test"})
					if err != nil {
						t.Fatal(err)
					}
					dir = s.Dir()
					if last, err = s.TryWithin(t.Context(), 1, 0); err != nil {
						t.Fatal(err)
					}
					if err := s.Close(t.Context()); err != nil {
						t.Error(err)
					}
				}
				if err := env.Warm.Close(t.Context()); err != nil || w.provider.Up() != 0 {
					t.Errorf("%d labs are still up, %v", w.provider.Up(), err)
				}
				if labs.Load() != tt.labs || resets.Load() != tt.resets || last.Warm != (tt.labs == 1) {
					t.Errorf("%d labs, %d resets, warm %v", labs.Load(), resets.Load(), last.Warm)
				}
				if want := cmp.Or(tt.verdict, evidence.Reproduced); last.Verdict.Verdict != want {
					t.Errorf("%s: %s", last.Verdict.Verdict, last.Verdict.Reason)
				}
				record, err := dir.Trial(1).Read()
				warned := 0
				for _, e := range record.Events {
					if e.Kind == evidence.EventNote && e.Name == w.provider.Warnings[0] {
						warned++
					}
				}
				if err != nil || warned != 1 {
					t.Errorf("told %d times what the lab is built without, %v", warned, err)
				}
				entries, err := dir.Ledger()
				if err != nil || len(entries) != 1 || entries[0].ResetHow != tt.says || !entries[0].Cold {
					t.Errorf("%+v, %v", entries, err)
				}
			})
		})
	}
}
