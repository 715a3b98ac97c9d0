package trial

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/triage"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// triage says of each core file that was fetched what it tells.
func (w *deathWatch) triage(ctx context.Context) {
	w.mu.Lock()
	cores := w.cores
	w.cores = nil
	w.mu.Unlock()
	for _, c := range cores {
		fetcher{w.lab, w.rec}.triage(ctx, c)
	}
}

// triage writes beside a core file what it tells, with the stack that the node's own files make of it,
// and names the death by the place where that says more than how it ended (evidence.TrialDir.Read). A core
// file that tells nothing is noted: a death is told all the same.
func (f fetcher) triage(ctx context.Context, c fetchedCore) {
	begin := f.rec.now()
	core, err := f.tell(ctx, c.node, c.file)
	if core.File != "" { // also where its stack was not followed in time
		err = errors.Join(err, evidence.WriteJSON(strings.TrimSuffix(c.file, ".core")+".json", core))
	}
	e := evidence.Event{Kind: evidence.EventCollect, Lane: c.node.Name, Ref: c.from, Name: "what the core file of " + c.death.Name + " tells", Detail: core.Title}
	plain := c.death.Name + ": " + core.Signal
	if where := triage.Where(core); err == nil && where != "" && c.death.Failure != nil && c.death.Failure.Title == plain {
		named := *c.death.Failure
		named.Title, named.Alt = plain+" in "+where, append([]string{plain}, named.Alt...)
		e.Failure = &named
	}
	f.rec.done(e, begin, err)
}

func (f fetcher) tell(ctx context.Context, n *labNode, file string) (evidence.Core, error) {
	dir, err := scratch.Make("core")
	if err != nil {
		return evidence.Core{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // scratch is collected where this fails
	c, err := triage.Open(file, dir)
	if err != nil {
		return evidence.Core{}, err
	}
	defer c.Close() //nolint:errcheck // it was only read
	host, err := f.lab.res.Host(n.Name)
	if err != nil {
		return c.Core, err
	}
	root, err := scratch.MakeIn(dir, "root")
	if err != nil {
		return c.Core, err
	}
	within, err := os.OpenRoot(root)
	if err != nil {
		return c.Core, err
	}
	defer within.Close() //nolint:errcheck // it was only a way to the folder
	c.Gather(within, func(name string) (io.ReadCloser, error) { return host.ReadFile(ctx, name) })
	err = c.Unwind(ctx, root)
	return c.Core, err
}
