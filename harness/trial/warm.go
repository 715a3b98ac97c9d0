package trial

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// warmFor is how long after it was built a lab is used again: with the trials that begin in it then it is over long
// before it may be removed for its age ([topologies.Options].TTL).
const warmFor = 6 * time.Hour

// WarmLabs keep labs up from one series to the next. A series that is closed leaves its labs there, and the next one
// takes the lab of its number over where that is alike: the same topology to the byte, images and clock included, and
// images of the digests that the lab was built with. Every node is then made what it was when the lab was built, by
// the lab itself ([topologies.Resetter]), the lab's clock begins anew, and each node starts with its own plan's
// configuration: what reset redeploy does between two trials.
//
// A lab that cannot do so, one of real devices, one whose nodes share folders of this machine, one that was built six
// hours ago, and one whose last trial was inconclusive, is taken down as ever. The zero value is ready for use, by several goroutines with lab numbers of
// their own.
type WarmLabs struct {
	mu   sync.Mutex
	labs map[int]*Lab
}

// Close takes down what is still up.
func (w *WarmLabs) Close(ctx context.Context) error {
	w.mu.Lock()
	labs := w.labs
	w.labs = nil
	w.mu.Unlock()
	var errs []error
	for _, l := range labs {
		errs = append(errs, l.Close(ctx))
	}
	return errors.Join(errs...)
}

// keep takes a lab whose trials are over, or takes it down.
func (w *WarmLabs) keep(ctx context.Context, l *Lab) error {
	l.using.Lock()
	defer l.using.Unlock()
	if w == nil || !l.reusable() {
		return l.close(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.labs == nil {
		w.labs = map[int]*Lab{}
	}
	w.labs[l.Number] = l
	return nil
}

// take gives the lab of a number where a plan's is like it, for nobody else's use; one that is not is taken down.
func (w *WarmLabs) take(ctx context.Context, l *Lab) (*Lab, error) {
	if w == nil {
		return nil, nil
	}
	w.mu.Lock()
	was := w.labs[l.Number]
	delete(w.labs, l.Number)
	w.mu.Unlock()
	if was == nil {
		return nil, nil
	}
	was.using.Lock() // for good: it is the other lab's
	if was.alike(l) && l.plan.Clock.Start.IsZero() && time.Since(was.built) < warmFor {
		return was, nil
	}
	return nil, was.close(ctx)
}

// alike reports whether a lab would be built as this one was: of the same topology, and of images that still hold what
// they held, by the digests in the records of both runs. One that cannot be read is of no lab that is known.
func (l *Lab) alike(other *Lab) bool {
	if its, err := l.topology(); err != nil {
		return false
	} else if others, err := other.topology(); err != nil || its != others {
		return false
	}
	_, was, err := evidence.OpenDir(l.env.Dir.Path)
	if err != nil {
		return false
	}
	_, now, err := evidence.OpenDir(other.env.Dir.Path)
	return err == nil && slices.EqualFunc(was.Nodes, now.Nodes, func(a, b evidence.NodeInfo) bool {
		return a.Name == b.Name && a.Image == b.Image && a.Digest == b.Digest
	})
}

// reusable reports whether every node of the lab can be made what it was when the lab was built.
func (l *Lab) reusable() bool {
	if l.res == nil || l.trials == 0 || l.tainted != "" || l.env.Keep {
		return false
	}
	for _, n := range l.plan.Topology.Nodes {
		if len(n.Binds) > 0 {
			return false
		}
	}
	_, resets := topologies.As[topologies.Resetter](l.res)
	_, devices := topologies.As[topologies.RestoreJournal](l.res)
	return resets && !devices
}

// topology is the same for labs that are built alike.
func (l *Lab) topology() (string, error) { return plan.LabOf(clocks{lab: l}.topology()) }

// takeOver has a lab that is up be this one, as if it had been built for it.
func (p preparation) takeOver(ctx context.Context, was *Lab) (how string, err error) {
	errs := make([]error, len(was.nodes))
	was.sideBySide(func(i int, n *labNode) { errs[i] = n.hangUp(ctx) })
	if err := errors.Join(errs...); err != nil {
		return "", errors.Join(err, was.close(ctx))
	}
	p.lab.res, p.lab.built, was.res, was.nodes = was.res, was.built, nil, nil
	p.lab.yields()
	for _, pn := range p.lab.plan.Nodes {
		p.lab.nodes = append(p.lab.nodes, newLabNode(pn))
	}
	r, ok := topologies.As[topologies.Resetter](p.lab.res)
	if !ok {
		return "", errors.New("its nodes cannot be brought back")
	}
	ways, err := p.bringBack(ctx, r)
	if err == nil {
		err = p.open(ctx)
	}
	if err != nil {
		return "", err
	}
	p.warn()
	return "a lab that was up, " + broughtBack(ways), p.boot(ctx)
}
