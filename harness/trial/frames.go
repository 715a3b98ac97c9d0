package trial

import (
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/topologies"
)

// Bounds of what is kept in memory of the frames of a capture: the head of one, and of all heads
// together, in bytes. The file has everything.
const (
	headKept  = 256
	headsKept = 16 << 20
)

// frameLog keeps in short the frames that a capture has told of.
type frameLog struct {
	looks    sync.Mutex // is held while it is looked at, and taken before mu
	counters map[counted]*judge.Counter

	mu    sync.Mutex // who reads the capture waits for it
	seen  []judge.Seen
	heads int // bytes
	first int // whose head is kept
	over  bool
}

// counted is what looks have in common that go on in one count.
type counted struct {
	from      time.Duration
	moved     time.Duration
	direction string
}

// add is told of every frame, in the order of the file.
func (l *frameLog) add(f topologies.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) == judge.MaxSeen {
		l.over = true
		return
	}
	head := append([]byte{}, f.Data[:min(len(f.Data), headKept)]...)
	l.seen = append(l.seen, judge.Seen{At: f.At, Way: f.Way, Length: f.Length, Head: head})
	for l.heads += len(head); l.heads > headsKept; l.first++ {
		l.heads -= len(l.seen[l.first].Head)
		l.seen[l.first].Head = nil
	}
}

// delivered is how many there are, and whether more came than are kept.
func (l *frameLog) delivered() (n int, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen), l.over
}

// look fills in what a window shows, of which it takes what had come, and the moment. The error is why the
// times of frames are not known.
func (l *frameLog) look(f *evidence.Frames, rec *recorder) (over bool, unsteady error) {
	l.looks.Lock()
	defer l.looks.Unlock()
	f.Delivered, over = l.delivered()
	f.Until, f.Stepped = rec.now(), rec.stepped() // what came is from before
	if c := f.Clock; c != nil && c.Within > 0 {
		f.Earlier, f.Later = l.moved(*f, -c.Within, rec), l.moved(*f, c.Within, rec)
	}
	return over, l.count(f, rec)
}

// moved is what the same look would show had all frames come so much later. The caller holds looks.
func (l *frameLog) moved(f evidence.Frames, by time.Duration, rec *recorder) *evidence.Frames {
	f.Moved, f.Earlier, f.Later = by, nil, nil
	_ = l.count(&f, rec) // their times are as steady as those that are told
	return &f
}

// count fills in what the frames of a window are that had come. The caller holds looks.
func (l *frameLog) count(f *evidence.Frames, rec *recorder) error {
	key := counted{f.From, f.Moved, f.Direction}
	c := l.counters[key]
	if c == nil {
		c = judge.NewCounter(f.FrameWindow, f.Direction, rec.clock)
		if l.counters == nil {
			l.counters = map[counted]*judge.Counter{}
		}
		l.counters[key] = c
	}
	for c.Seen() < f.Delivered {
		l.show(c, f.Delivered)
	}
	return c.Tell(f)
}

// showAtOnce are so many frames that who adds one hardly waits.
const showAtOnce = 1 << 12

// show has a counter see some of the frames that it has not, up to a number.
func (l *frameLog) show(c *judge.Counter, until int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.seen[c.Seen():min(until, c.Seen()+showAtOnce)] {
		c.See(s)
	}
}

// phases are when the phases began that frames count from.
type phases struct {
	mu       sync.Mutex
	baseline time.Duration
	look     time.Duration // when symptoms began to be watched before the stimulus
	stimulus time.Duration
	looked   bool // they have
	begun    bool // the stimulus has
}

// before has frames count from a moment before the stimulus, when symptoms begin to be watched.
func (p *phases) before(at time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look, p.looked = at, true
}

func (p *phases) event(e evidence.Event) {
	if e.Kind != evidence.EventPhase {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Phase { //nolint:exhaustive // nothing counts from the others
	case evidence.PhaseBaseline:
		p.baseline = e.At
	case evidence.PhaseStimulus:
		p.stimulus, p.begun = e.At, true
	}
}

// from is when frames count from: since the stimulus, or before it since symptoms are watched; before that, or where it is asked
// for, since the baseline.
func (p *phases) from(sinceBaseline bool) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case sinceBaseline || !p.begun && !p.looked:
		return p.baseline
	case !p.begun:
		return p.look
	default:
		return p.stimulus
	}
}
