package reports_test

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/markdown"
)

// brokenOff is a run that was killed after its first of three trials, before that was judged.
func brokenOff() (dir evidence.Dir, remove func()) {
	parent, err := os.MkdirTemp("", "runs-")
	if err != nil {
		panic(err)
	}
	dir, err = evidence.CreateDir(parent, "session-lost", time.Now())
	if err != nil {
		panic(err)
	}
	info := evidence.RunInfo{
		Reprise: evidence.Format, ID: "session-lost-1", Variant: evidence.VariantMain, Expected: evidence.Reproduced, Trials: 3, Labs: 1,
		Scenario: evidence.ScenarioInfo{ID: "session-lost", Title: "The session is lost after a clear"},
	}
	event := evidence.Event{Kind: evidence.EventPhase, Phase: evidence.PhaseDeploy}
	lines, err := evidence.CreateLines(dir.Trial(1).File("timeline.ndjson"))
	if err != nil {
		panic(err)
	}
	for _, err := range []error{evidence.WriteJSON(dir.File("run.json"), info), lines.Append(event), lines.Close()} {
		if err != nil {
			panic(err)
		}
	}
	return dir, func() { _ = os.RemoveAll(parent) }
}

// A run that was broken off is read as well: what is not there is named, and no number is
// made up for it.
func ExampleLoad() {
	dir, remove := brokenOff()
	defer remove()
	run, err := reports.Load(dir.Path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(run.Info.Scenario.Title)
	fmt.Println("finished:", run.Finished(), "rate:", run.Rate)
	for _, m := range run.Missing {
		fmt.Println("-", m)
	}
	// Output:
	// The session is lost after a clear
	// finished: false rate: <nil>
	// - verdict.json is missing: the run was broken off before it was judged
	// - rate.json is missing: no interval was computed
	// - ledger.ndjson is missing: attempts, durations and digests are not known
	// - 2 of 3 planned trials left no record
	// - 1 trial without a verdict: broken off
}

// A rendering writes the model that Load has read.
func ExampleLoad_rendering() {
	dir, remove := brokenOff()
	defer remove()
	run, err := reports.Load(dir.Path)
	if err != nil {
		fmt.Println(err)
		return
	}
	var page strings.Builder
	if err := markdown.Write(&page, run); err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(page.String()) {
		if strings.HasPrefix(line, "#") {
			fmt.Print(line)
		}
	}
	// Output:
	// # The session is lost after a clear
	// ## Scope
	// ## Set-up
	// ## Procedure
	// ## Evidence, trial 1: no verdict
	// ## Trials
	// ## Run it again
}
