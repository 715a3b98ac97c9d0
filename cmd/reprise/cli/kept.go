package cli

import (
	"context"
	"os"
	"path/filepath"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// HandRun names the run of a lab that is deployed by hand, of a topology's name.
func HandRun(topology string) string { return "by-hand-" + topology }

// SourceOf names what a lab is built of by hand: the file that its topology is in, by its whole path, or the scenario of
// the corpus that given names.
func SourceOf(l *scenarios.Loaded, given string) string {
	if _, err := os.Stat(given); err != nil {
		return given
	}
	file := l.File
	if inside := l.Scenario.Topology.File; inside != "" {
		file = filepath.Join(l.Dir, filepath.FromSlash(inside))
	}
	if whole, err := filepath.Abs(file); err == nil {
		file = whole
	}
	if followed, err := filepath.EvalSymlinks(file); err == nil {
		file = followed
	}
	return file
}

// Attacher finds labs that are up though who built them has ended.
type Attacher interface {
	// Attach gives one that nobody else has. The error of one that is taken is a *[topologies.TakenError], and of one that
	// is not there [topologies.ErrNoLab].
	Attach(ctx context.Context, a Attachment) (Kept, error)
	// KeptLabs are the labs that may be attached to, of nodes as --provider names them, or of any: each once, by run and
	// number. With an error come those that were found all the same.
	KeptLabs(ctx context.Context, provider string) ([]topologies.KeptLab, error)
}

// Attachment says which lab is meant, and where a fault will be put in it.
type Attachment struct {
	Provider string // of nodes, as --provider names it; empty: any
	Run      string
	Source   string              // what the lab is to have been built of, as [SourceOf] names it, where it says that; empty: anything
	Number   int                 // of the run's labs, from 1
	Topology topologies.Topology // of the lab, or as much of it as is meant
	At       topologies.Endpoint
	Down     bool // the fault takes the link down
	Replug   bool // it lays the link anew
	// Dir is where what took the fault back in this process's stead says so.
	Dir string
}

// Kept is a lab that is up. Release lets go of it. Where this process ends before that, however it does, another one
// takes away what acts at the attachment's end, and says so in its folder.
type Kept interface {
	topologies.Reservation
	// Forsake lets go of a lab in which a fault could not be taken back: that other process does it, or says why not.
	Forsake(ctx context.Context) error
}
