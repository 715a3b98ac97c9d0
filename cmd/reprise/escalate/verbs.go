// Package escalate has the verbs that hand a case over, and take the answer back: flags, words and exit status. What they do
// is in the libraries.
package escalate

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// Verbs are the verbs of this group.
func Verbs(a *cli.App) []*cobra.Command {
	return []*cobra.Command{newCase(a), newEscalate(a, nil), newBundle(a), newRedact(a, nil), newConfirm(a, nil)}
}
