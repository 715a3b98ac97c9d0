// Package escalate has the verbs that hand a case over, and take the answer back: flags, words and exit status. What they do
// is in the libraries.
package escalate

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// app is what every verb has.
type app struct{ *cli.App }

// Verbs are the verbs of this group.
func Verbs(c *cli.App) []*cobra.Command {
	a := &app{c}
	return []*cobra.Command{a.caseVerb(), a.Trusting(a.escalateVerb()), a.bundleVerb(), a.redactVerb(), a.Trusting(a.confirmVerb())}
}
