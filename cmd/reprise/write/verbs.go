// Package write has the verbs that write scenarios: flags, words and exit status. What they do
// is in the libraries.
package write

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// Verbs are the verbs of this group.
func Verbs(a *cli.App) []*cobra.Command {
	c := &cobra.Command{Use: "scenario", Short: "Write, check and list scenarios"}
	c.AddCommand(newValidate(a, nil), newSchema(a, nil), newList(a, nil), newShow(a, nil), newNew(a, nil))
	return []*cobra.Command{c}
}
