// Package fix has the verbs that say whether a new build is free of a problem: flags, words and exit status. What they do
// is in the libraries.
package fix

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// Verbs are the verbs of this group.
func Verbs(a *cli.App) []*cobra.Command {
	return []*cobra.Command{newVerifyFix(a, nil), newRegress(a, nil)}
}
