package trial

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/scenarios"
)

// A thread that waits for a processor for longer than the scenario allows for is recorded once,
// and again only where it gets much worse. What a thread waited before the first round is not known
// to be of the trial.
func TestLateness(t *testing.T) {
	rec, err := newRecorder(evidence.Dir{Path: t.TempDir()}.Trial(1), evidence.Clock{Speed: 10}, evidence.Redactor{})
	if err != nil {
		t.Fatal(err)
	}
	rec.begin(evidence.PhaseSymptom)
	p := &plan.Plan{Symptom: []plan.Check{{Cond: scenarios.Condition{Eventually: scenarios.Duration(4 * time.Second)}}}}
	l := &lateness{lab: NewLab(p, Environment{}, 1), rec: rec, told: map[string]time.Duration{}}
	l.listen(&watchedNode{name: "r1", waited: map[string]time.Duration{}}, io.Reader(strings.NewReader(strings.Join([]string{
		"/proc/7/task/7 6 6 9000000000 ospfd", "/proc/7/task/8 6 6 1 ospfd", "/proc/3/task/3 0 3 1 sh", "/proc/8/task/8 3 3 1 vtysh", "nonsense", "",
		// A client of ours, and what it started, wait; a daemon waits for 0.5 s of the lab's time.
		"/proc/7/task/7 6 6 9050000000 ospfd", "/proc/7/task/8 6 6 1 ospfd", "/proc/9/task/9 6 6 8000000000 zebra", "/proc/3/task/3 0 3 7000000000 sh", "/proc/8/task/8 3 3 7000000000 vtysh", "",
		"/proc/7/task/7 6 6 9050000000 ospfd", "/proc/7/task/8 6 6 120000001 ospfd", "", // 1.2 s
		"/proc/7/task/7 6 6 9190000000 ospfd", "", // 1.4 s, which is about as long
		"/proc/7/task/7 6 6 9490000000 a b c", "", // 3 s
		"/proc/7/task/7 6 6 99900000000 ospfd", // a round without its end
	}, "\n"))))
	mute := &watchedNode{name: "r2", waited: map[string]time.Duration{}}
	l.listen(mute, strings.NewReader("\n\n\n"))
	if mute.rounds != 0 {
		t.Errorf("a kernel that keeps no account was heard %d times", mute.rounds)
	}
	endless := &watchedNode{name: "r3", waited: map[string]time.Duration{}}
	var many strings.Builder
	for i := range mostThreads + 10 {
		fmt.Fprintf(&many, "/proc/7/task/%d 6 6 1 x\n", i)
	}
	l.listen(endless, strings.NewReader(many.String()+"\n"))
	if len(endless.waited) > mostThreads || endless.rounds != 1 {
		t.Errorf("an endless round: %d threads, %d rounds", len(endless.waited), endless.rounds)
	}
	if err := rec.close(); err != nil {
		t.Fatal(err)
	}
	record, err := rec.dir.Read()
	if err != nil {
		t.Fatal(err)
	}
	var late []string
	for _, e := range record.Events {
		if e.Kind == evidence.EventLate {
			late = append(late, e.Lane+" "+e.Name+" "+e.Took.String()+" "+string(e.Phase))
		}
	}
	if got, want := strings.Join(late, ", "), "r1 ospfd 1.2s symptom, r1 a b c 3s symptom"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A round has a line for every thread of a node, four times a second: one of a thread that came in time
// costs next to nothing, however much is configured.
func TestLatenessOfNobodyIsCheap(t *testing.T) {
	p := &plan.Plan{Nodes: []plan.Node{{Name: "r1"}}, Symptom: []plan.Check{{Cond: scenarios.Condition{Eventually: scenarios.Duration(4 * time.Second)}}}}
	l := &lateness{lab: NewLab(p, Environment{}, 1), rec: &recorder{clock: evidence.Clock{Speed: 10}}, told: map[string]time.Duration{}}
	p.Nodes[0].Config = []byte("interface eth1\n ip ospf hello-interval 1\n")
	if n := testing.AllocsPerRun(20, func() { l.tell("r1", "ospfd", time.Millisecond) }); n > 0 {
		t.Errorf("to tell that a thread came in time takes %.0f allocations", n)
	}
}
