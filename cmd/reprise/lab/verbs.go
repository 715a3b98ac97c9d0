// Package lab has the verbs that look after the lab and its switches: flags, words and exit status. What they do
// is in the libraries.
package lab

import (
	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// Verbs are the verbs of this group.
func Verbs(a *cli.App) []*cobra.Command {
	return []*cobra.Command{newDoctor(a, nil), newImages(a), newLab(a), newSim(a, nil), newTopology(a), newGC(a, nil)}
}
