// Package lab has the verbs that look after the lab and its switches: flags, words and exit status. What they do
// is in the libraries.
package lab

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// app is what every verb has.
type app struct{ *cli.App }

// Verbs are the verbs of this group.
func Verbs(c *cli.App) []*cobra.Command {
	a := &app{c}
	return []*cobra.Command{a.doctorVerb(), a.imagesVerb(), a.labVerb(), a.Trusting(a.simVerb()), a.topologyVerb(), a.gcVerb()}
}
