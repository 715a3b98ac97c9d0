// Package reproduce has the verbs that reproduce a problem and say how often it shows: flags, words and exit status. What they do
// is in the libraries.
package reproduce

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// app is what every verb has.
type app struct{ *cli.App }

// Verbs are the verbs of this group.
func Verbs(c *cli.App) []*cobra.Command {
	a := &app{c}
	return []*cobra.Command{a.demoVerb(), a.Trusting(a.runVerb()), a.Trusting(a.rateVerb()), a.judgeVerb(), a.reportVerb()}
}
