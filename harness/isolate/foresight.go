package isolate

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"time"
)

// Bounds of looking ahead.
const (
	leastChance = 0.03                   // of what is looked at
	pointsALab  = 12                     // looked at for each lab
	lookFor     = 200 * time.Millisecond // at once, however much there is to see
)

// foresight is what a search may ask next, from the question that it waits with on: a tree of its
// shadows, each with the answers that it would have been given.
type foresight struct {
	begin func(ctx context.Context, then []answer) *shadow // on what was answered so far, and these
	guess func(q question, o Outcome) answer
	ended func(run) (answer, bool) // what runs came to that are over

	root   *point
	points int
}

// point is a question that may be asked.
type point struct {
	question
	path   []answer // that lead here
	shadow *shadow  // that waits with the question; nil: one of the answers took it on
	over   bool     // the search has come to its end
	ways   []*way   // by answer
}

// way leads from a question to what is asked next, with one answer.
type way struct {
	from    *point
	outcome Outcome
	chance  float64 // to be taken, from the root on
	to      *point  // nil: nobody has looked yet
}

// ways are those that nobody has gone yet, the likeliest first.
type ways []*way

func (w ways) Len() int           { return len(w) }
func (w ways) Less(i, j int) bool { return w[i].chance > w[j].chance }
func (w ways) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }

// Push is the heap's.
func (w *ways) Push(x any) { *w = append(*w, x.(*way)) } //nolint:forcetypeassert // nothing else is in it

// Pop is the heap's.
func (w *ways) Pop() any {
	last := (*w)[len(*w)-1]
	*w = (*w)[:len(*w)-1]
	return last
}

// sight is what was seen: the runs that may be asked for, and what has to be known to see further.
type sight struct {
	runs  map[run]*prospect
	order []*prospect
	vet   *prospect // the likeliest candidate that was not vetted yet; nil: none
	whole bool      // all that is likely was looked at
}

// prospect is a run that may be asked for, and how likely that is.
type prospect struct {
	question
	chance float64
}

func (s *sight) note(q question, chance float64) {
	if q.vet {
		if s.vet == nil || s.vet.chance < chance {
			s.vet = &prospect{q, chance}
		}
		return
	}
	for range q.Outlook.More + 1 {
		p := s.runs[q.run]
		if p == nil {
			p = &prospect{question: q}
			s.runs[q.run] = p
			s.order = append(s.order, p)
		}
		p.chance = min(p.chance+chance, 1)
		q.nth++
		q.Patience = 0 // of a candidate that came to its baseline once
	}
}

// likeliest orders what was seen; of two as likely, what was seen first comes first.
func (s *sight) likeliest() []*prospect {
	slices.SortStableFunc(s.order, func(a, b *prospect) int { return cmp.Compare(b.chance, a.chance) })
	return s.order
}

// look sees what may be asked, until it is seen or that many points were looked at, earlier ones
// counted.
func (f *foresight) look(ctx context.Context, most int) sight {
	began := time.Now()
	s := sight{runs: map[run]*prospect{}}
	if f.root == nil {
		f.root = f.arrive(f.begin(ctx, nil), nil)
	}
	var open ways
	f.walk(f.root, 1, &s, &open)
	for open.Len() > 0 && f.points < most && time.Since(began) < lookFor && ctx.Err() == nil {
		w := heap.Pop(&open).(*way) //nolint:forcetypeassert // nothing else is in it
		f.points++
		f.follow(ctx, w)
		f.walk(w.to, w.chance, &s, &open)
	}
	s.whole = open.Len() == 0 || open[0].chance < 2*leastStart
	return s
}

// arrive makes the point of a shadow's next question.
func (f *foresight) arrive(s *shadow, path []answer) *point {
	p := &point{path: path, shadow: s}
	p.listen(s.ask())
	return p
}

func (p *point) listen(q question, asks bool) { p.question, p.over = q, !asks }

// follow looks where a way leads. The first that is followed from a point takes its shadow on.
func (f *foresight) follow(ctx context.Context, w *way) {
	a, known := f.ended(w.from.run)
	if !known || a.outcome != w.outcome {
		a = f.guess(w.from.question, w.outcome)
	}
	path := append(slices.Clip(w.from.path), a)
	s := w.from.shadow
	if s == nil {
		w.to = f.arrive(f.begin(ctx, path), path)
		return
	}
	w.from.shadow = nil
	w.to = &point{path: path, shadow: s}
	w.to.listen(s.tell(a))
}

// walk notes what is asked from a point on, and the ways that nobody has gone.
func (f *foresight) walk(p *point, chance float64, s *sight, open *ways) {
	for !p.over && p.vet {
		if _, known := p.shadow.knows(p.key); !known {
			break
		}
		p.listen(p.shadow.ask())
	}
	if p.over {
		return
	}
	s.note(p.question, chance)
	if p.vet {
		return
	}
	if p.ways == nil {
		for _, o := range []Outcome{Hit, Miss, Invalid, Other} {
			p.ways = append(p.ways, &way{from: p, outcome: o})
		}
	}
	for i, share := range f.shares(p.question) {
		w := p.ways[i]
		if w.chance = chance * share; w.chance < leastChance {
			continue
		}
		if w.to == nil {
			heap.Push(open, w)
		} else {
			f.walk(w.to, w.chance, s, open)
		}
	}
}

// shares are how likely a question's answers are: hit, miss, invalid and other.
func (f *foresight) shares(q question) [4]float64 {
	if a, known := f.ended(q.run); known {
		var sure [4]float64
		sure[max(slices.Index([]Outcome{Hit, Miss, Invalid, Other}, a.outcome), 0)] = 1
		return sure
	}
	hit := q.Outlook.Hit
	if hit == 0 {
		hit = 0.5 // nothing is expected
	}
	valid := 1 - q.Outlook.Invalid
	return [4]float64{valid * hit, valid * (1 - hit), q.Outlook.Invalid, 0}
}

// advance goes on to where an answer led. It starts from nothing again where nobody has looked there,
// or not with an answer that is as good as this one.
func (f *foresight) advance(r run, a answer, same func(guess answer) bool) {
	old := f.root
	if old == nil {
		return
	}
	f.root, f.points = nil, 0
	if !old.over && !old.vet && old.run == r {
		for _, w := range old.ways {
			if w.outcome == a.outcome && w.to != nil && same(w.to.path[0]) {
				f.root, w.to = w.to, nil
			}
		}
	}
	old.end()
	if f.root != nil {
		f.points = f.root.shorten(r.key)
	}
}

// shorten takes the first answer off the ways to a point and beyond, which is past now, and counts points.
func (p *point) shorten(key string) int {
	p.path = p.path[1:]
	if p.shadow != nil {
		p.shadow.asked[key]--
	}
	n := 1
	for _, w := range p.ways {
		if w.to != nil {
			n += w.to.shorten(key)
		}
	}
	return n
}

// end ends the shadows.
func (f *foresight) end() {
	if f.root != nil {
		f.root.end()
	}
	f.root = nil
}

func (p *point) end() {
	if p.shadow != nil {
		p.shadow.stop()
	}
	for _, w := range p.ways {
		if w.to != nil {
			w.to.end()
		}
	}
}
