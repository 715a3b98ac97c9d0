package trial

import (
	"context"
	"fmt"
	"path"
	"sync"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
)

// logs knows how far the nodes' logs had come when a trial, and its stimulus, began.
type logs struct {
	lab *Lab
	rec *recorder

	mu         sync.Mutex
	atStart    map[string]drivers.LogMark // by node
	atLook     map[string]drivers.LogMark // when symptoms began to be watched before the stimulus; nil before that
	atStimulus map[string]drivers.LogMark // nil before it
}

// begin marks the logs as the trial begins.
func (l *logs) begin(ctx context.Context) {
	marks := l.marks(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.atStart = marks
}

// before marks the logs as symptoms begin to be watched before the stimulus.
func (l *logs) before(ctx context.Context) {
	marks := l.marks(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.atLook = marks
}

// stimulus marks the logs as the stimulus begins.
func (l *logs) stimulus(ctx context.Context) {
	marks := l.marks(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.atStimulus = marks
}

// since is the mark from which on a node's lines are the phase's own: since the stimulus, since symptoms
// were watched before it, or since the trial began.
func (l *logs) since(node string) (drivers.LogMark, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	marks := l.atStart
	switch {
	case l.atStimulus != nil:
		marks = l.atStimulus
	case l.atLook != nil:
		marks = l.atLook
	}
	mark, ok := marks[node]
	if !ok {
		return nil, fmt.Errorf("the log of %s was not marked when this phase began: its lines cannot be told from older ones", node)
	}
	return mark, nil
}

func (l *logs) marks(ctx context.Context) map[string]drivers.LogMark {
	marks := map[string]drivers.LogMark{}
	var mu sync.Mutex
	l.lab.devices(func(n *labNode) {
		src, ok := drivers.As[drivers.LogSource](n.driver)
		if !ok {
			return
		}
		m, err := src.MarkLogs(ctx)
		if err != nil {
			l.rec.event(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "mark logs", Outcome: evidence.Failed, Detail: err.Error()})
			return
		}
		mu.Lock()
		marks[n.Name] = m
		mu.Unlock()
	})
	return marks
}

// ownLines is the begin of the lines that this program writes into the logs of devices.
func (l *logs) ownLines() string { return fmt.Sprintf("reprise %s trial ", l.lab.env.Dir.ID()) }

// markClocks has every device that can write a line of ours into its log, so that the log's
// own clock is known at that moment.
func (l *logs) markClocks(ctx context.Context, text string) {
	l.lab.devices(func(n *labNode) {
		m, ok := drivers.As[drivers.LogMarker](n.driver)
		if !ok {
			return
		}
		begin := l.rec.now()
		x, err := m.MarkClock(ctx, text)
		detail := x.Rejected
		if detail == "" {
			detail = text
		}
		l.rec.done(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "clock mark", Detail: detail}, begin, err)
	})
}

// save keeps what a node's logs gained in this trial; on a fresh lab that includes the start.
func (l *logs) save(ctx context.Context, n *labNode) {
	src, ok := drivers.As[drivers.LogSource](n.driver)
	if !ok {
		return
	}
	mark := l.atStart[n.Name]
	if l.lab.cold && n.restorePoint == nil {
		mark = nil
	}
	files, err := src.LogsSince(ctx, mark)
	if err != nil {
		l.rec.event(evidence.Event{Kind: evidence.EventCollect, Lane: n.Name, Name: "logs", Outcome: evidence.Failed, Detail: err.Error()})
		return
	}
	used := map[string]bool{}
	for _, f := range files {
		if f.Text == "" {
			continue
		}
		name := path.Base(f.Path)
		if used[name] {
			name = flat(f.Path)
		}
		used[name] = true
		l.rec.fail(evidence.WriteFile(l.rec.dir.File("logs", n.Name, name), []byte(l.rec.redact.Text(f.Text))))
	}
}
