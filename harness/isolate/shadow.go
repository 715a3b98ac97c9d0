package isolate

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Search is a search as a function of the answers that it gets, and of nothing else: the same
// answers in the same order, and it asks the same. It is called many times, and must leave nothing
// behind.
type Search func(ctx context.Context, o Oracle)

// answer is what a search is told of a run, but for words.
type answer struct {
	outcome        Outcome
	took, baseline time.Duration
	gaveUp         bool
}

func answerOf(r Result) answer { return answer{r.Outcome, r.Took, r.Baseline, r.GaveUp} }

func (a answer) result() Result {
	return Result{Outcome: a.outcome, Took: a.took, Baseline: a.baseline, GaveUp: a.gaveUp}
}

// question is what a shadow waits for: one run of a candidate, or whether it can be tried.
type question struct {
	Candidate
	run
	vet bool
}

// run names a run: the nth of a candidate, from 1.
type run struct {
	key string
	nth int
}

var errDone = errors.New("nobody wants to know any more")

// shadow is a search that runs on answers which are not all known yet. It stops at each question
// that it has no answer to.
type shadow struct {
	ask  func() (question, bool)
	stop func()

	past    []answer // to give before anything is asked
	answers []answer // after these: what questions were answered with
	asked   map[string]int
	over    bool
	yield   func(question) bool
	knows   func(key string) (why error, known bool)
	units   []Unit
	given   map[string]int // runs by candidate in the past
}

// newShadow begins a search on what was answered so far, and on answers after that. knows tells
// what is known of candidates that were vetted.
func newShadow(ctx context.Context, search Search, units []Unit, past []answer, given map[string]int, then []answer, knows func(string) (error, bool)) *shadow {
	s := &shadow{past: past, answers: then, asked: map[string]int{}, units: units, given: given, knows: knows}
	s.ask, s.stop = iter.Pull(func(yield func(question) bool) {
		s.yield = yield
		search(ctx, s)
	})
	return s
}

// tell answers the question that the shadow waits with, and returns the next; false is that the
// search is over.
func (s *shadow) tell(a answer) (question, bool) {
	s.answers = append(s.answers, a)
	return s.ask()
}

// Vet asks what is not known yet.
func (s *shadow) Vet(_ context.Context, c Candidate) error {
	key := c.Key(s.units)
	for {
		why, known := s.knows(key)
		switch {
		case known:
			return why
		case s.over || !s.yield(question{Candidate: c, run: run{key: key}, vet: true}):
			s.over = true
			return errDone
		}
	}
}

// Try gives the answers that are known, and asks for the others one by one.
func (s *shadow) Try(_ context.Context, c Candidate, n int) ([]Result, error) {
	out := make([]Result, 0, n)
	key := ""
	for len(out) < n {
		if len(s.past) > 0 {
			out = append(out, s.past[0].result())
			s.past = s.past[1:]
			continue
		}
		if key == "" {
			key = c.Key(s.units)
		}
		s.asked[key]++
		if len(s.answers) == 0 {
			more := c
			more.Outlook.More += n - len(out) - 1
			if s.over || !s.yield(question{Candidate: more, run: run{key, s.given[key] + s.asked[key]}}) {
				s.over = true
				return out, errDone
			}
		}
		out = append(out, s.answers[0].result())
		s.answers = s.answers[1:]
	}
	return out, nil
}
