// Package fix has the verbs that say whether a new build is free of a problem: flags, words and exit status. What they do
// is in the libraries.
package fix

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// app is what every verb has.
type app struct{ *cli.App }

// Verbs are the verbs of this group.
func Verbs(c *cli.App) []*cobra.Command {
	a := &app{c}
	return []*cobra.Command{a.Trusting(a.verifyFixVerb()), a.Trusting(a.regressVerb())}
}
