package trial

import (
	"context"
	"fmt"
	"sync"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
)

// breakWatch records what nodes of the scenario's own, as testers, could not go on with by their own error: the device
// answers their silence as that of a neighbour, and what it does then is no symptom of it.
type breakWatch struct {
	lab *Lab
	rec *recorder

	mu   sync.Mutex
	told map[brokenThing]bool // also what was over before the trial
}

type brokenThing struct {
	node string
	what drivers.Break
}

func newBreakWatch(l *Lab, rec *recorder) *breakWatch {
	return &breakWatch{lab: l, rec: rec, told: map[brokenThing]bool{}}
}

// begin passes over what broke, and was over, before the trial. What is broken still is the trial's too.
func (w *breakWatch) begin(ctx context.Context) {
	w.each(ctx, func(node string, b drivers.Break) {
		if b.Over {
			w.first(node, b)
		}
	}, func(string, error) {}) // check says it
}

// check records what broke, and what nobody knows of, and reports whether there is neither.
func (w *breakWatch) check(ctx context.Context) bool { return w.checkAll(ctx, w.each) }

// restarts is check of a node that is about to be restarted, and knows of nothing after that.
func (w *breakWatch) restarts(ctx context.Context, n *labNode) {
	w.checkAll(ctx, func(ctx context.Context, broke func(string, drivers.Break), failed func(string, error)) {
		w.one(ctx, n, broke, failed)
	})
}

func (w *breakWatch) checkAll(ctx context.Context, ask func(context.Context, func(string, drivers.Break), func(string, error))) bool {
	var mu sync.Mutex
	whole := true
	broke := func(node, detail string) {
		mu.Lock()
		whole = false
		mu.Unlock()
		w.rec.event(evidence.Event{Kind: evidence.EventLab, Lane: node, Outcome: evidence.Failed, Detail: detail})
	}
	ask(ctx, func(node string, b drivers.Break) {
		if w.first(node, b) {
			broke(node, fmt.Sprintf("%s: %s ended by its own error: %s", node, b.What, b.Why))
		}
	}, func(node string, err error) {
		broke(node, fmt.Sprintf("whether all went on that %s was told to do is not known: %v", node, err))
	})
	return whole
}

// first tells of a thing once.
func (w *breakWatch) first(node string, b drivers.Break) bool {
	b.Over = false // which it may become
	w.mu.Lock()
	defer w.mu.Unlock()
	again := w.told[brokenThing{node, b}]
	w.told[brokenThing{node, b}] = true
	return !again
}

// each asks every node that can tell.
func (w *breakWatch) each(ctx context.Context, broke func(node string, b drivers.Break), failed func(node string, err error)) {
	w.lab.devices(func(n *labNode) { w.one(ctx, n, broke, failed) })
}

// one asks a node, if it can tell.
func (w *breakWatch) one(ctx context.Context, n *labNode, broke func(node string, b drivers.Break), failed func(node string, err error)) {
	teller, ok := drivers.As[drivers.BreakTeller](n.driver)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	list, err := teller.Breaks(ctx)
	if err != nil {
		failed(n.Name, err)
	}
	for _, b := range list {
		broke(n.Name, b)
	}
}
