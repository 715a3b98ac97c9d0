package reproduce

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// Outcome is what a run came to.
type Outcome struct {
	Dir     string              `json:"dir"`
	Report  string              `json:"report"`
	Verdict evidence.RunVerdict `json:"verdict"`
	Rate    evidence.Rate       `json:"rate"`
	Clock   evidence.Clock      `json:"clock,omitzero"` // how time passed in the lab
	Exit    int                 `json:"exit"`
	Enter   []string            `json:"enter,omitempty"` // with --keep: commands that open a shell
	NotRun  *notRun             `json:"not-run,omitempty"`
	// Machines say where the nodes of a lab were that was spread over several, and how cables went between these.
	Machines []string `json:"machines,omitempty"`
}

// printOutcome writes what a run came to, for people.
func printOutcome(w io.Writer, o Outcome) {
	v := o.Verdict
	cli.Line(w, "")
	cli.Line(w, "%s%s: %s", strings.ToUpper(string(v.Verdict)), o.Clock.Beside(), v.Reason)
	if v.Valid() > 0 {
		cli.Line(w, "rate %d/%d = %.2f, 95%% [%.2f, %.2f] Wilson%s", v.Reproduced, v.Valid(), float64(v.Reproduced)/float64(v.Valid()), o.Rate.Wilson[0], o.Rate.Wilson[1], o.Clock.Beside())
	}
	if v.Inconclusive+v.NotApplicable > 0 {
		cli.Line(w, "beside it %d inconclusive, %d not applicable: they are in no rate", v.Inconclusive, v.NotApplicable)
	}
	if o.NotRun != nil {
		cli.Line(w, "%d more were not run: what a fresh lab refused, it would refuse again (--all runs them)", o.NotRun.Trials)
	}
	for _, f := range v.OtherFailures {
		cli.Line(w, "another failure: %s", f)
	}
	for _, m := range v.Marks {
		cli.Line(w, "mark: %s", reports.MarkWords(m))
	}
	if v.Verdict != v.Expected {
		cli.Line(w, "declared is %s", v.Expected)
	}
	for _, line := range o.Machines {
		cli.Line(w, "machines: %s", line)
	}
	if abs, err := filepath.Abs(o.Report); err == nil {
		cli.Line(w, "report: %s", abs)
	}
	for _, e := range o.Enter {
		cli.Line(w, "enter: %s", e)
	}
	if len(o.Enter) > 0 {
		cli.Line(w, "the lab stays up until: reprise gc --run %s", filepath.Base(o.Dir))
	}
}
