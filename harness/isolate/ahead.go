package isolate

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// Ahead is an Oracle that has idle labs carry out what its search will likely ask for next. It
// finds that out by running the search again, on the answers so far and likely ones after them
// (its shadow). A run that is asked for later has then begun earlier, or is over; one that the
// search does not come to is broken off, or thrown away where it is over, and never counted. So a
// search is given the same answers in the same order as with one lab, whatever the number of labs.
//
// Whether a run is thrown away depends on the answers to other questions alone: not on what it
// came to, nor on whether it is over, for quick outcomes would be favoured otherwise.
//
// Something is tried ahead only while a run that was asked for is under way. The lab of that is free
// when it is over, so what is asked for next begins at once. An Ahead is asked by one search, from one goroutine; where a search goes on, through the Recorder that has its
// answers.
type Ahead struct {
	labs   Labs
	units  []Unit
	number int
	search Search
	// OnSpent is told of each run that was begun before it was asked for, once it is given out
	// or thrown away and over.
	OnSpent func(Spent)

	past    []answer
	given   map[string]int     // runs by candidate in the past
	like    map[Outcome]answer // the last of each outcome
	longest time.Duration      // the longest baseline
	timed   bool               // how long runs take matters to the search
	look    foresight
	vetted  map[string]error
	vetting string       // the candidate that is vetted ahead
	vets    chan vetting // what came of it
	stopVet func()
	flights map[run]*flight // that began, and were neither given out nor thrown away
	landed  chan *flight
	free    []int // labs that nothing runs in
}

// Spent is a run that was begun before it was asked for.
type Spent struct {
	Candidate string `json:"candidate"`
	Run       int    `json:"run"`           // of the candidate, from 1
	Why       string `json:"why,omitempty"` // it was thrown away; empty: it was asked for
	// Gained is how long it had been under way when it was asked for.
	Gained  time.Duration `json:"gained,omitempty"`
	Outcome Outcome       `json:"outcome,omitempty"` // none: it was broken off
	Took    time.Duration `json:"took"`
	Where   string        `json:"where,omitempty"` // where its evidence is
}

// Why runs are thrown away.
const (
	whyOther    = "the search went another way"
	whyOver     = "the search is over"
	whyPatience = "it was asked for with another patience"
	whyFailed   = "it could not be carried out: "
)

type vetting struct {
	key string
	why error
	cut bool // nobody waited for it
}

// flight is a run that began, or is about to.
type flight struct {
	run
	candidate    Candidate
	lab          int
	began, ended time.Time
	cut          context.CancelCauseFunc
	cause        func() error // why it was cut
	result       Result
	err          error
	over         bool
	ahead        bool // it began before it was asked for
	asked        bool
	bounded      bool // it is cut when it takes too long
	gained       time.Duration
	dropped      string // why it was thrown away
}

// NewAhead makes an oracle of a number of labs. The search is the one that asks; without one
// nothing is tried ahead. It is closed when the search is over.
func NewAhead(l Labs, number int, units []Unit, search Search) *Ahead {
	number = max(number, 1)
	a := &Ahead{
		labs: l, number: number, units: units, search: search, given: map[string]int{}, like: map[Outcome]answer{}, vetted: map[string]error{},
		vets: make(chan vetting, 1), stopVet: func() {}, flights: map[run]*flight{}, landed: make(chan *flight, number),
	}
	for lab := range number {
		a.free = append(a.free, lab+1)
	}
	a.look = a.foresight()
	return a
}

// Vet asks the labs, unless they were asked ahead.
func (a *Ahead) Vet(ctx context.Context, c Candidate) error {
	key := c.Key(a.units)
	if _, known := a.vetted[key]; !known && a.vetting != "" {
		select {
		case v := <-a.vets:
			a.learn(v)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if why, known := a.vetted[key]; known {
		return why
	}
	why := a.labs.Vet(ctx, c)
	if ctx.Err() == nil {
		a.vetted[key] = why
	}
	return why
}

func (a *Ahead) learn(v vetting) {
	a.vetting = ""
	if !v.cut {
		a.vetted[v.key] = v.why
	}
}

// heard takes note of an answer that the search got elsewhere.
func (a *Ahead) heard(key string, r Result) {
	a.given[key]++
	told := answerOf(r)
	a.past = append(a.past, told)
	a.like[r.Outcome] = told
	// A guess is as good as the answer where nothing that a search may go by is another: the longest
	// baseline, and with a budget how long each run took.
	a.look.advance(run{key, a.given[key]}, told, func(guess answer) bool {
		return guess == told || !a.timed && guess.gaveUp == told.gaveUp && (guess.baseline > 0) == (told.baseline > 0) && max(guess.baseline, told.baseline) <= a.longest
	})
	a.longest = max(a.longest, told.baseline)
}

// Try gives n runs of a candidate: those that were tried ahead, or new ones.
func (a *Ahead) Try(ctx context.Context, c Candidate, n int) ([]Result, error) {
	for len(a.landed) > 0 {
		a.land(<-a.landed)
	}
	key := c.Key(a.units)
	asked := make([]*flight, n)
	for i := range asked {
		asked[i] = a.claim(run{key, a.given[key] + 1 + i}, c)
	}
	a.await(ctx, asked, time.Duration(c.within))
	var out []Result
	for _, f := range asked {
		if f.err != nil {
			return out, f.err
		}
		delete(a.flights, f.run)
		a.heard(key, f.result)
		a.spent(f)
		out = append(out, f.result)
	}
	return out, nil
}

// claim gives the flight of a run that is asked for. It has not begun where nobody tried it ahead.
func (a *Ahead) claim(r run, c Candidate) *flight {
	f := a.flights[r]
	switch {
	case f == nil:
	case f.over && f.err != nil:
		a.drop(f, whyFailed+f.err.Error()) // a run that is asked for may do better
	case f.candidate.Patience != c.Patience:
		a.drop(f, whyPatience)
	default:
		f.asked = true
		f.gained = time.Since(f.began)
		if f.over {
			f.gained = f.ended.Sub(f.began)
		}
		return f
	}
	f = &flight{run: r, candidate: c, asked: true}
	a.flights[r] = f
	return f
}

// await carries out what is asked for, and tries ahead meanwhile. No run may take longer than within,
// from its beginning on; 0 is no bound.
func (a *Ahead) await(ctx context.Context, asked []*flight, within time.Duration) {
	a.timed = within > 0
	done := ctx.Done()
	for {
		for _, f := range asked {
			if f.began.IsZero() && len(a.free) > 0 && done != nil {
				a.begin(ctx, f)
			}
			if within > 0 && !f.bounded && f.underWay() {
				f.bounded = true
				defer time.AfterFunc(time.Until(f.began.Add(within)), func() { f.cut(errBudget) }).Stop()
			}
		}
		if done == nil && !slices.ContainsFunc(asked, (*flight).underWay) || !slices.ContainsFunc(asked, func(f *flight) bool { return !f.over }) {
			break
		}
		if done != nil {
			a.think(ctx)
		}
		select {
		case f := <-a.landed:
			a.land(f)
		case v := <-a.vets:
			a.learn(v)
		case <-done:
			done = nil
			for _, f := range asked {
				if f.underWay() {
					f.cut(context.Cause(ctx))
				}
			}
		}
	}
	for _, f := range asked {
		switch {
		case f.began.IsZero():
			delete(a.flights, f.run)
			f.err = context.Cause(ctx)
		case within > 0 && f.ended.Sub(f.began) > within || f.err != nil && errors.Is(f.cause(), errBudget):
			f.err = errBudget
		case f.err != nil:
			f.err = errors.Join(f.err, ctx.Err())
		}
	}
}

func (f *flight) underWay() bool { return !f.began.IsZero() && !f.over }

// begin sends a run off, in the lab that was in use last. What ends the wait for an answer does not
// end what was tried ahead.
func (a *Ahead) begin(ctx context.Context, f *flight) {
	f.lab = a.free[len(a.free)-1]
	a.free = a.free[:len(a.free)-1]
	ctx, f.cut = context.WithCancelCause(context.WithoutCancel(ctx))
	f.cause = func() error { return context.Cause(ctx) }
	f.began = time.Now()
	go func() {
		f.result, f.err = a.labs.Run(ctx, f.lab, f.candidate, f.nth)
		f.ended = time.Now()
		a.landed <- f
	}()
}

// land takes note of a run that is over.
func (a *Ahead) land(f *flight) {
	f.over = true
	f.cut(nil)
	a.free = append(a.free, f.lab)
	if f.dropped != "" {
		a.spent(f)
	}
}

// drop throws a run away that nobody has asked for.
func (a *Ahead) drop(f *flight, why string) {
	f.dropped = why
	delete(a.flights, f.run)
	if f.over {
		a.spent(f)
		return
	}
	f.cut(errors.New(why))
}

// spent tells of a run that was tried ahead.
func (a *Ahead) spent(f *flight) {
	if !f.ahead || a.OnSpent == nil {
		return
	}
	a.OnSpent(Spent{
		Candidate: f.key, Run: f.nth, Why: f.dropped, Gained: f.gained, Outcome: f.result.Outcome, Took: f.ended.Sub(f.began), Where: f.result.Where,
	})
}

// leastStart is how likely a run must be asked for to be tried ahead.
const leastStart = 0.05

// think throws away what will not be asked for, and has idle labs try what likely will.
func (a *Ahead) think(ctx context.Context) {
	if a.search == nil || a.number == 1 {
		return
	}
	s := a.look.look(ctx, a.number*pointsALab)
	if s.whole {
		for _, f := range a.inOrder() {
			if !f.asked && s.runs[f.run] == nil {
				a.drop(f, whyOther)
			}
		}
	}
	// What is less likely than a candidate that is not vetted yet waits for that: what is beyond it may be
	// likelier.
	vet := 0.0
	if s.vet != nil && s.vet.chance >= leastStart {
		vet = s.vet.chance
		if a.vetting == "" {
			a.vetAhead(ctx, s.vet.key, s.vet.Candidate)
		}
	}
	for _, p := range s.likeliest() {
		if p.chance < max(vet, leastStart) || len(a.free) == 0 {
			break
		}
		if a.flights[p.run] == nil {
			f := &flight{run: p.run, candidate: p.Candidate, ahead: true}
			a.flights[p.run] = f
			a.begin(ctx, f)
		}
	}
}

func (a *Ahead) inOrder() []*flight {
	var out []*flight
	for _, f := range a.flights {
		out = append(out, f)
	}
	slices.SortFunc(out, func(f, g *flight) int { return cmp.Or(cmp.Compare(f.key, g.key), f.nth-g.nth) })
	return out
}

func (a *Ahead) vetAhead(ctx context.Context, key string, c Candidate) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.vetting, a.stopVet = key, cancel
	go func() {
		why := a.labs.Vet(ctx, c)
		cut := ctx.Err() != nil
		cancel()
		a.vets <- vetting{key, why, cut}
	}()
}

// foresight is what the search may ask from here on.
func (a *Ahead) foresight() foresight {
	return foresight{
		begin: func(ctx context.Context, then []answer) *shadow {
			return newShadow(context.WithoutCancel(ctx), a.search, a.units, a.past, a.given, then, func(key string) (error, bool) { why, known := a.vetted[key]; return why, known })
		},
		guess: func(q question, o Outcome) answer {
			guess, seen := a.like[o]
			if !seen {
				guess = a.like[Miss]
			}
			guess.outcome, guess.gaveUp = o, o == Invalid && q.Patience > 0
			if o == Invalid {
				guess.baseline = 0
			}
			return guess
		},
		ended: func(r run) (answer, bool) {
			f := a.flights[r]
			if f == nil || !f.over || f.err != nil {
				return answer{}, false
			}
			return answerOf(f.result), true
		},
	}
}

// Close breaks off what is under way, and waits for its end.
func (a *Ahead) Close() {
	a.look.end()
	for _, f := range a.inOrder() {
		if f.underWay() || f.over {
			a.drop(f, whyOver)
		}
	}
	a.stopVet()
	if a.vetting != "" {
		a.learn(<-a.vets)
	}
	for len(a.free) < a.number {
		a.land(<-a.landed)
	}
}
