// Package reproduce has the verbs that reproduce a problem and say how often it shows: flags, words and exit status. What they do
// is in the libraries.
package reproduce

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// Verbs are the verbs of this group.
func Verbs(a *cli.App) []*cobra.Command {
	return []*cobra.Command{newDemo(a, nil), newRun(a, nil), newRate(a, nil), newJudge(a, nil), newReport(a, nil), newDiff(a, nil)}
}
