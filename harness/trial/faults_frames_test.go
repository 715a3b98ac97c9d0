package trial_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// What a fault did with frames is in the event of its end, and decides whether the trial counts.
func TestFaultOnFrames(t *testing.T) {
	for _, tt := range []struct {
		expect string
		want   evidence.Verdict
		reason string
	}{
		{"", evidence.Reproduced, ""},
		{", expect: {fired: 1}", evidence.Reproduced, ""},
		{", expect: {fired: 0}", evidence.Inconclusive, "fired once, and was to fire 0 times"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			hit := topologies.Hit{To: "r1:eth1", Ordinal: 2, Time: time.Now().UTC(), Length: 134, Digest: "d4b60e6852e9299c"}
			var got topologies.Fault
			w.provider.ActedFn = func(f topologies.Fault) topologies.Acted {
				got = f
				return topologies.Acted{Matched: 3, Hit: 1, Passed: 2, By: []topologies.DropBy{topologies.DropByXDP, topologies.DropByWire}, Hits: []topologies.Hit{hit}}
			}
			w.provider.DropsBy = topologies.DropByWire
			step := "stimulus: [{link: 'r1:eth1', fault: drop, match: {proto: ospf, type: ls-update}, filter: 'len < 200', nth: 2" + tt.expect + "}, {node: r1, configure: [x]}]\n"
			v := w.trial(t, t.Context(), planOf(t, head+step+isDown, plan.Options{}))
			if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
				t.Errorf("%q: %s, %s", tt.expect, v.Verdict, v.Reason)
			}
			want := topologies.Fault{
				Kind: topologies.FaultDrop, Endpoint: topologies.Endpoint{Node: "r1", Interface: "eth1"},
				Match: topologies.FrameMatch{Proto: "ospf", Type: "ls-update"}, Frames: topologies.FrameFault{Filter: "len < 200", Nth: 2, Count: 1},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			record, err := w.dir.Trial(1).Read()
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(record.Events, func(e evidence.Event) bool { return e.Kind == evidence.EventHeal })
			if i < 0 {
				t.Fatalf("it was never taken back: %+v", record.Events)
			}
			frames := &evidence.FaultFrames{Matched: 3, Hit: 1, Passed: 2, By: []string{"xdp", "wire"}, First: []evidence.Hit{evidence.Hit(hit)}}
			if diff := cmp.Diff(frames, record.Events[i].Frames); diff != "" || record.Events[i].Count != 1 {
				t.Errorf("%d: %s", record.Events[i].Count, diff)
			}
		})
	}
}

// A frame that a fault meets after the symptom was decided has caused nothing that was seen: it counts for
// nothing, live and from the record.
func TestFaultAfterTheDecision(t *testing.T) {
	for _, step := range []string{"expect: {fired: 1}", "nth: 5"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.provider.ActedFn = func(topologies.Fault) (a topologies.Acted) {
				record, err := w.dir.Trial(1).Read()
				if err == nil && slices.ContainsFunc(record.Events, func(e evidence.Event) bool { return e.Phase == evidence.PhaseCollect }) {
					a.Hit = 1
				}
				return a
			}
			p := planOf(t, head+"stimulus: [{link: 'r1:eth1', fault: drop, "+step+"}, {node: r1, configure: [x]}]\n"+isDown, plan.Options{})
			v := w.trial(t, t.Context(), p)
			record, err := w.dir.Trial(1).Read()
			if err != nil {
				t.Fatal(err)
			}
			if again := judge.Judge(p, 1, record); v.Verdict != evidence.Inconclusive || again.Verdict != v.Verdict || again.Reason != v.Reason {
				t.Errorf("%s: %s (%s), and from the record %s (%s)", step, v.Verdict, v.Reason, again.Verdict, again.Reason)
			}
		})
	}
}

// Frames that a fault sent on too late, because this program was stopped or got no processor, decide
// nothing: the trial is inconclusive and says so.
func TestFaultThatIsLate(t *testing.T) {
	for _, tt := range []struct {
		late  time.Duration
		delay string
		want  evidence.Verdict
	}{
		{90 * time.Millisecond, "200ms", evidence.Reproduced},
		{3 * time.Second, "200ms", evidence.Inconclusive},
		{110 * time.Millisecond, "1s", evidence.Inconclusive}, // no more than what the scenario allows for
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.provider.ActedFn = func(topologies.Fault) topologies.Acted {
				return topologies.Acted{Matched: 1, Hit: 1, Late: tt.late}
			}
			p := planOf(t, head+"stimulus: [{link: 'r1:eth1', fault: delay, delay: "+tt.delay+"}, {node: r1, configure: [x]}]\n"+isDown, plan.Options{})
			v := w.trial(t, t.Context(), p)
			record, err := w.dir.Trial(1).Read()
			if err != nil {
				t.Fatal(err)
			}
			again := judge.Judge(p, 1, record)
			if v.Verdict != tt.want || again.Reason != v.Reason || tt.want == evidence.Inconclusive && !strings.Contains(v.Reason, "sent frames on up to "+tt.late.String()+" later") {
				t.Errorf("%s late: %s (%s), and from the record %s", tt.late, v.Verdict, v.Reason, again.Reason)
			}
		})
	}
}
