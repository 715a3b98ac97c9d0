package main

import (
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies/doctor"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// TestJSONKeys: the verbs' own types are tested beside them.
func TestJSONKeys(t *testing.T) {
	clitest.JSONKeys(t,
		result.Isolation{},
		result.Bisection{},
		result.LogFile{},
		result.LogFound{},
		result.LogDiff{},
		result.LogCheck{},
		bundle.Difference{},
		cases.Case{},
		cases.Duty{},
		cases.Moment{},
		doctor.Check{},
		evidence.TrialVerdict{},
		judge.Difference{},
		known.Found{},
		known.DocumentInfo{},
		known.Issue{},
		known.Matching{},
		lab.Status{},
		lab.Lease{},
		lab.Event{},
		lab.Cable{},
		lab.Difference{},
		lab.Entry{},
		scenarios.Scenario{},
	)
}
