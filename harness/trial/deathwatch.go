package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
)

// deathWatch records the deaths of a trial, and knows which of a node's were there before the
// trial and before its stimulus.
type deathWatch struct {
	lab *Lab
	rec *recorder

	mu         sync.Mutex
	seen       map[string]int // by node
	atStart    map[string]int // seen before the trial
	atStimulus map[string]int // seen before the stimulus; nil until then
	stimulusAt time.Time
	unseen     map[string]bool // nodes of which it was said that not every death can be seen
	cores      []fetchedCore   // of which it was not said yet what they tell
}

// fetchedCore is a core file that the record has.
type fetchedCore struct {
	node  *labNode
	from  string // in the node
	file  string
	death evidence.Event
}

func newDeathWatch(l *Lab, rec *recorder) *deathWatch {
	return &deathWatch{lab: l, rec: rec, seen: map[string]int{}, atStart: map[string]int{}, unseen: map[string]bool{}}
}

// begin counts what died before the trial, so that it is not taken for the trial's own. On a
// freshly built lab nothing is forgotten.
func (w *deathWatch) begin(ctx context.Context) {
	w.lab.devices(func(n *labNode) { w.forget(ctx, n) })
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.Copy(w.atStart, w.seen)
}

func (w *deathWatch) forget(ctx context.Context, n *labNode) {
	cold := w.lab.cold && n.restorePoint == nil
	n.toldMu.Lock()
	n.steps = nil
	if cold {
		n.told = nil // by who ran before it was made anew: process numbers are the same each time
	}
	n.toldMu.Unlock()
	if _, watches := drivers.As[drivers.DeathWatcher](n.driver); !watches {
		if lister, ok := drivers.As[drivers.CoreLister](n.driver); ok { // it has cores of before
			if err := n.rememberCores(ctx, lister); err != nil {
				w.rec.event(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "cores of before", Outcome: evidence.Failed, Detail: err.Error()})
			}
			n.toldMu.Lock()
			n.told = nil
			n.toldMu.Unlock()
			w.saw(n.Name, 0)
			return
		}
	}
	if cold {
		return
	}
	deaths, err := n.deaths(ctx)
	if unseen := (*drivers.UnseenError)(nil); err == nil || errors.As(err, &unseen) {
		w.saw(n.Name, len(deaths))
	}
}

// saw notes how many deaths of a node are known, and returns how many were.
func (w *deathWatch) saw(node string, n int) (before int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before = min(w.seen[node], n)
	w.seen[node] = n
	return before
}

// stimulus notes what was seen before the stimulus.
func (w *deathWatch) stimulus() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.atStimulus, w.stimulusAt = maps.Clone(w.seen), time.Now()
}

// since is from which of a node's deaths on, and from when, a phase's own begin: since the
// trial began, or since the stimulus where there is one already and fromStimulus asks for that.
func (w *deathWatch) since(node string, fromStimulus bool) (first int, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.atStimulus != nil && fromStimulus {
		return w.atStimulus[node], w.stimulusAt
	}
	return w.atStart[node], w.rec.start
}

// record writes an event for every process that died since the last call, and fetches its
// core.
func (w *deathWatch) record(ctx context.Context) {
	w.lab.devices(func(n *labNode) {
		deaths, err := n.deaths(ctx)
		if errors.Is(err, drivers.ErrUnsupported) {
			return
		}
		if unseen := (*drivers.UnseenError)(nil); errors.As(err, &unseen) {
			if w.firstUnseen(n.Name) {
				w.rec.event(evidence.Event{Kind: evidence.EventNote, Lane: n.Name, Name: err.Error()})
			}
		} else if err != nil {
			w.rec.event(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "deaths", Outcome: evidence.Failed, Detail: err.Error()})
			return
		}
		for _, d := range deaths[w.saw(n.Name, len(deaths)):] {
			e := d.event(n.Name)
			w.rec.event(e)
			if d.Core == "" {
				continue
			}
			if file := w.coreFile(n.Name, d); (fetcher{w.lab, w.rec}).fetch(ctx, n, d.Core, file) {
				w.mu.Lock()
				w.cores = append(w.cores, fetchedCore{n, d.Core, file, e})
				w.mu.Unlock()
			}
		}
	})
}

// firstUnseen tells, once in a trial for each node, that not every death of it can be seen.
func (w *deathWatch) firstUnseen(node string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	again := w.unseen[node]
	w.unseen[node] = true
	return !again
}

// coreFile is where a core file is kept; processes of the same name each have their own.
func (w *deathWatch) coreFile(node string, d death) string {
	file := w.rec.dir.File("cores", node+"-"+flat(d.Process)+".core")
	if _, err := os.Stat(file); err == nil {
		file = w.rec.dir.File("cores", fmt.Sprintf("%s-%s-%d.core", node, flat(d.Process), d.PID))
	}
	return file
}

// asked reports whether a process died in this trial whose death the symptom asks for.
func (w *deathWatch) asked() bool {
	record, err := w.rec.dir.Read()
	if err != nil {
		return false
	}
	_, ok := judge.AskedDeath(w.lab.plan, record)
	return ok
}
