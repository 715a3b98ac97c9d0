package trial

import (
	"fmt"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
)

// Complaints are what went wrong in a rehearsal, from its record: lines that a device
// refused, observations without an answer, expressions without a value. A scenario with none can
// be run as it stands; whether its problem is there, a rehearsal does not know.
func Complaints(p *plan.Plan, r evidence.Record) []string {
	var out []string
	for _, e := range r.Events {
		switch {
		case e.Kind == evidence.EventMissing:
			out = append(out, "this lab lacks: "+e.Detail)
		case e.Kind == evidence.EventCut, e.Kind == evidence.EventLab && e.Outcome == evidence.Failed:
			out = append(out, e.Detail)
		case (e.Kind == evidence.EventBoot || e.Kind == evidence.EventStep || e.Kind == evidence.EventHeal) && e.Outcome != evidence.OK:
			out = append(out, fmt.Sprintf("%s %s: %s: %s", e.Lane, e.Ref, e.Name, e.Detail))
		case e.Kind == evidence.EventCollect && e.Outcome == evidence.Failed && e.Capture == nil: // which no rehearsal has
			out = append(out, fmt.Sprintf("%s: %s: %s", e.Lane, e.Name, e.Detail))
		}
	}
	looked := map[string]*evidence.Observation{}
	for i, o := range r.Observations {
		looked[o.Ref] = &r.Observations[i]
	}
	checks := slices.Concat(p.Baseline, p.Symptom, p.Expect, p.Relief)
	for i := range checks {
		c := &checks[i]
		if c.Cond.Probe().Sight().Flow {
			continue // a rehearsal sends nothing
		}
		o := looked[c.Ref]
		if o == nil {
			out = append(out, fmt.Sprintf("%s (%s) was never looked at", c.Ref, c.Cond.Name))
			continue
		}
		if s := judge.Evaluate(c, p.Rules, *o, looked[c.Ref+evidence.Before]); s.Err != "" {
			out = append(out, fmt.Sprintf("%s (%s) has no value: %s", c.Ref, c.Cond.Name, s.Err))
		}
	}
	return out
}
