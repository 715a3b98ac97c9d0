package wire

import (
	"sync"
	"time"
)

// beat is how often a wire looks whether its program runs, and lag how long it may be late with that.
const beat, lag = 20 * time.Millisecond, 20 * time.Millisecond

// pulse knows when this program did not run: it was stopped, or got no processor. The kernel does not
// say when it handed a frame over, as what leaves an interface has no time.
type pulse struct {
	mu       sync.Mutex
	last     time.Time // that it ran
	from, to time.Time // of the last time that it did not
}

func (p *pulse) tick(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.last.IsZero() && now.Sub(p.last) > beat+lag {
		p.from, p.to = p.last, now
	}
	p.last = now
}

// since is since when at most something has waited that is read at a moment: it may have come when the
// program began not to run.
func (p *pulse) since(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.last.IsZero() && now.Sub(p.last) > beat+lag:
		return p.last
	case now.Sub(p.to) < beat:
		return p.from
	default:
		return now
	}
}

// feel keeps a pulse until something is over.
func (p *pulse) feel(over <-chan struct{}) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		p.tick(time.Now())
		select {
		case <-over:
			return
		case <-ticker.C:
		}
	}
}
