// Package isolate has the verbs that find since when, and what of a case is needed: flags, words and exit status. What they do
// is in the libraries.
package isolate

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// Verbs are the verbs of this group.
func Verbs(a *cli.App) []*cobra.Command {
	return []*cobra.Command{newIsolate(a, nil), newBisect(a, nil), newFault(a)}
}
