package confirm

import (
	"errors"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

// ShownOf is what a run says, as a confirmation keeps it.
func ShownOf(r bundle.RunClaim) Shown {
	s := Shown{Scenario: r.Scenario, Run: r.ID, Digest: r.Run, Reproduced: r.Count(evidence.Reproduced), Valid: r.Valid(), Clock: r.Clock, Signatures: []string{}}
	if s.Valid > 0 {
		s.Interval = stats.ClopperPearson(s.Reproduced, s.Valid)
	}
	for _, f := range r.Failures {
		s.Signatures = append(s.Signatures, f.ID)
	}
	slices.Sort(s.Signatures)
	return s
}

// Answers reports whether a confirmation repeats the claim of a bundle that was handed on; the
// error is in what it does not.
func (c Confirmation) Answers(claim bundle.Claim) error {
	interval := stats.ClopperPearson(c.Claim.Reproduced, c.Claim.Valid)
	was := claim.Main()
	if was == nil || was.ID != c.Claim.Run || was.Run != c.Claim.Digest || was.Count(evidence.Reproduced) != c.Claim.Reproduced || was.Valid() != c.Claim.Valid ||
		interval != c.Claim.Interval || !was.Clock.Same(c.Claim.Clock) {
		return errors.New("it does not repeat what the bundle claims")
	}
	hasControl := slices.ContainsFunc(claim.Runs, func(r bundle.RunClaim) bool { return r.Variant == evidence.VariantControl })
	if hasControl && !c.Claim.HasControl {
		return errors.New("it says nothing of the control, which the bundle has a run of")
	}
	return nil
}
