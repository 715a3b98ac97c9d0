// Package analyse has the verbs that look a problem up: flags, words and exit status. What they do
// is in the libraries.
package analyse

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// Verbs are the verbs of this group.
func Verbs(a *cli.App) []*cobra.Command {
	return []*cobra.Command{newKnown(a), newLogs(a), newCore(a, nil)}
}
