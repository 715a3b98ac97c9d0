package experiment

import (
	"context"
	"errors"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
)

// Rehearse executes one trial that looks at everything once, and returns its record and what
// went wrong in it. A scenario without complaints can be run as it stands; whether its
// problem is there, a rehearsal does not know.
func Rehearse(ctx context.Context, b *Bench, p *plan.Plan) (dir evidence.Dir, complaints []string, err error) {
	rehearsing := *b
	rehearsing.Env.Rehearse = true
	s := &sitting{bench: &rehearsing}
	series, err := s.record(ctx, "rehearsal", p)
	if err != nil {
		return dir, nil, errors.Join(err, s.end(ctx))
	}
	_, err = series.TryWithin(ctx, 1, 0)
	if err = errors.Join(err, s.end(ctx)); err != nil {
		return series.Dir(), nil, err
	}
	record, err := series.Dir().Trial(1).Read()
	if err != nil {
		return series.Dir(), nil, err
	}
	return series.Dir(), trial.Complaints(p, record), nil
}
