package judge

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/stats"
)

// Summarise judges a run from its trials' stored verdicts, and writes verdict.json and
// rate.json.
func Summarise(dir evidence.Dir, info evidence.RunInfo) (evidence.RunVerdict, evidence.Rate, error) {
	trials, err := dir.Trials()
	if err != nil {
		return evidence.RunVerdict{}, evidence.Rate{}, err
	}
	var verdicts []evidence.TrialVerdict
	for _, t := range trials {
		v, ok, err := t.Verdict()
		if err != nil {
			return evidence.RunVerdict{}, evidence.Rate{}, err
		}
		if !ok {
			v = evidence.TrialVerdict{Trial: t.Number, Verdict: evidence.Inconclusive, Reason: "the trial was broken off"}
		}
		verdicts = append(verdicts, v)
	}
	v, rate := Combine(verdicts, info.Trials, info.Expected)
	if err := evidence.WriteJSON(dir.File("verdict.json"), v); err != nil {
		return v, rate, err
	}
	return v, rate, evidence.WriteJSON(dir.File("rate.json"), rate)
}

// Settle judges the trials that were broken off, of a run that nobody executes any more,
// so that the ledger has a line for each attempt: also for one whose program was killed between its
// verdict and its line.
func Settle(p *plan.Plan, dir evidence.Dir) error {
	trials, err := dir.Trials()
	if err != nil {
		return err
	}
	lines, err := dir.Attempts()
	if err != nil {
		return err
	}
	ledger := dir.OpenLedger()
	for _, t := range trials {
		v, judged, err := t.Verdict()
		if err != nil {
			continue // a verdict that cannot be read is for Rejudge to report
		}
		if judged && slices.ContainsFunc(lines, func(e evidence.Entry) bool { return e.Trial == t.Number }) {
			continue
		}
		record, err := t.Read()
		if err != nil {
			return fmt.Errorf("trial %d: %w", t.Number, err)
		}
		if !judged {
			v = Judge(p, t.Number, record)
		}
		digest, err := t.Digest()
		if err != nil {
			return err
		}
		e := evidence.Entry{Trial: t.Number, Verdict: v.Verdict, Reason: v.Reason, Digest: digest, Other: v.OtherFailures, Failures: v.Failures}
		if n := len(record.Events); n > 0 {
			e.Started, e.Took = record.Events[0].Time, p.Clock.Real(record.Events[n-1].At)
		}
		if !judged {
			err = evidence.WriteJSON(t.File("verdict.json"), v)
		}
		if err := errors.Join(err, ledger.Append(e)); err != nil {
			return err
		}
	}
	return nil
}

// Combine judges a run from its trials. One hit is enough for reproduced: the rate says
// how often, and where half or more of the planned trials say nothing, the reason does so. Not reproduced needs a majority of the planned trials to be valid, and
// none with another failure.
func Combine(verdicts []evidence.TrialVerdict, planned int, expected evidence.Verdict) (evidence.RunVerdict, evidence.Rate) {
	c := &counted{RunVerdict: evidence.RunVerdict{Reprise: evidence.Format, Planned: planned, Expected: expected}, reasons: map[evidence.Verdict]string{}}
	for _, t := range verdicts {
		c.add(t)
	}
	r, said := first(runRules(), evidence.CurrentRules, c)
	c.Verdict, c.Reason = r.verdict, fmt.Sprintf(r.reason, said...)
	return c.RunVerdict, evidence.Rate{
		Reprise: evidence.Format, Reproduced: c.Reproduced, Valid: c.Valid(),
		Wilson: stats.Wilson(c.Reproduced, c.Valid()), ClopperPearson: stats.ClopperPearson(c.Reproduced, c.Valid()),
	}
}

// counted is a run with its trials counted, and the first reason of each verdict.
type counted struct {
	evidence.RunVerdict
	reasons map[evidence.Verdict]string
}

func (c *counted) add(t evidence.TrialVerdict) {
	switch t.Verdict {
	case evidence.Reproduced:
		c.Reproduced++
	case evidence.NotReproduced:
		c.NotReproduced++
	case evidence.NotApplicable:
		c.NotApplicable++
	default:
		c.Inconclusive++
	}
	if c.reasons[t.Verdict] == "" {
		c.reasons[t.Verdict] = t.Reason
	}
	c.Marks = union(c.Marks, t.Marks)
	c.Failures, c.OtherFailures = evidence.AddFailures(c.Failures, c.OtherFailures, t.Failed(), t.OtherFailures)
}

// union is a list and what it lacks of another, in order.
func union(list, other []string) []string {
	for _, s := range other {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// runRules decide a run; the last applies to every run.
func runRules() []rule[*counted] {
	return []rule[*counted]{
		{name: "hit", when: hit, verdict: evidence.Reproduced, reason: "the symptom was there in %d of %d valid trials%s"},
		{name: "none applies", when: noneApplies, verdict: evidence.NotApplicable, reason: "%s"},
		{name: "another failure", when: failedOtherwise, verdict: evidence.Inconclusive, reason: "another failure: %s"},
		{name: "too few", when: tooFew, verdict: evidence.Inconclusive, reason: "%d of %d planned trials were valid%s"},
		{name: "no hit", when: noHit, verdict: evidence.NotReproduced, reason: "the symptom was there in none of %d valid trials"},
	}
}

func hit(c *counted) ([]any, bool) {
	voids := ""
	if 2*c.Valid() <= c.Planned {
		voids = fmt.Sprintf("; %d of %d planned say nothing%s", c.Planned-c.Valid(), c.Planned, c.firstVoid("; the first that does not: "))
	}
	return []any{c.Reproduced, c.Valid(), voids}, c.Reproduced > 0
}

// firstVoid tells of the first trial that was inconclusive, behind some words; empty without one.
func (c *counted) firstVoid(behind string) string {
	if why := c.reasons[evidence.Inconclusive]; why != "" {
		return behind + why
	}
	return ""
}

func noneApplies(c *counted) ([]any, bool) {
	return []any{c.reasons[evidence.NotApplicable]}, c.Valid() == 0 && c.NotApplicable > 0 && c.Inconclusive == 0
}

func failedOtherwise(c *counted) ([]any, bool) {
	return []any{strings.Join(c.OtherFailures, "; ")}, len(c.OtherFailures) > 0
}

func tooFew(c *counted) ([]any, bool) {
	return []any{c.Valid(), c.Planned, c.firstVoid("; the first that was not: ")}, 2*c.Valid() <= c.Planned
}

func noHit(c *counted) ([]any, bool) { return []any{c.Valid()}, true }

// Difference is a trial whose stored verdict is not the one its record gives.
type Difference struct {
	Trial  int              `json:"trial"`
	Stored evidence.Verdict `json:"stored"`
	Again  evidence.Verdict `json:"again"`
	Reason string           `json:"reason"`
}

// Rejudged is a run that was judged again from its record.
type Rejudged struct {
	Rules    evidence.Rules          // that the record names
	Verdicts []evidence.TrialVerdict // by them
	// Altered are the trials that are stored otherwise than their record gives by its own rules.
	Altered []Difference
	// Today are the trials of an older record that come out otherwise by CurrentRules; Stored is
	// then the verdict by its own. That is no fault of the record.
	Today []Difference
}

// Rejudge judges every trial of a run again from its record, by the rules that the plan
// names and by those of today. It changes nothing.
func Rejudge(p *plan.Plan, dir evidence.Dir) (Rejudged, error) {
	out := Rejudged{Rules: p.Rules}
	today := *p
	today.Rules = evidence.CurrentRules
	trials, err := dir.Trials()
	if err != nil {
		return out, err
	}
	for _, t := range trials {
		record, err := t.Read()
		if err != nil {
			return out, fmt.Errorf("trial %d: %w", t.Number, err)
		}
		v := Judge(p, t.Number, record)
		out.Verdicts = append(out.Verdicts, v)
		stored, ok, err := t.Verdict()
		if err != nil {
			return out, fmt.Errorf("trial %d: %w", t.Number, err)
		}
		if ok && stored.Verdict != v.Verdict {
			out.Altered = append(out.Altered, Difference{Trial: t.Number, Stored: stored.Verdict, Again: v.Verdict, Reason: v.Reason})
		}
		if p.Rules == evidence.CurrentRules {
			continue
		}
		if now := Judge(&today, t.Number, record); now.Verdict != v.Verdict {
			out.Today = append(out.Today, Difference{Trial: t.Number, Stored: v.Verdict, Again: now.Verdict, Reason: now.Reason})
		}
	}
	return out, nil
}

// CheckRun judges a run directory again for who claims something by it. The error says what of the run does not agree:
// its ledger, its trials, its verdict or its rate with the record, or its inputs with what they were. In a foreign run, which came
// out of a bundle, an input may be another one: redaction alters them.
func CheckRun(path string, foreign bool) (evidence.RunVerdicts, error) {
	dir, info, err := evidence.OpenDir(path)
	if err != nil {
		return evidence.RunVerdicts{}, err
	}
	if err := dir.CheckStored(info); err != nil {
		return evidence.RunVerdicts{}, err
	}
	if !foreign {
		if err := dir.CheckInputs(info); err != nil {
			return evidence.RunVerdicts{}, err
		}
	}
	again, err := RejudgeRun(path)
	if err != nil {
		return again, err
	}
	for _, t := range again.Trials {
		if stored, ok, _ := dir.Trial(t.Trial).Verdict(); ok && stored.Verdict != t.Verdict { // what cannot be read was said before
			return again, fmt.Errorf("trial %d is stored as %s, and its record gives %s: %s", t.Trial, stored.Verdict, t.Verdict, t.Reason)
		}
	}
	return again, dir.CheckVerdict(again.Run, again.Rate)
}

// RejudgeRun judges a run directory again from its record alone, its trials and the whole.
func RejudgeRun(dir string) (evidence.RunVerdicts, error) {
	p, run, info, err := plan.OpenRun(dir)
	if err != nil {
		return evidence.RunVerdicts{}, err
	}
	again, err := Rejudge(p, run)
	if err != nil {
		return evidence.RunVerdicts{}, err
	}
	v, rate := Combine(again.Verdicts, info.Trials, info.Expected)
	out := evidence.RunVerdicts{Rules: again.Rules, Run: v, Rate: rate, Trials: again.Verdicts}
	if again.Rules != evidence.CurrentRules {
		now := again.CombineToday(info.Trials, info.Expected)
		out.Today = &now
	}
	return out, nil
}

// CombineToday judges the run as a whole as today's rules do.
func (r Rejudged) CombineToday(planned int, expected evidence.Verdict) evidence.RunVerdict {
	verdicts := slices.Clone(r.Verdicts)
	for i := range verdicts {
		for _, d := range r.Today {
			if d.Trial == verdicts[i].Trial {
				verdicts[i].Verdict, verdicts[i].Reason = d.Again, d.Reason
			}
		}
	}
	v, _ := Combine(verdicts, planned, expected)
	return v
}
