package isolate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/isolate"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// resume returns the folder of a search and reads the choices that it was begun with. what is
// the kind of search, for who names another folder.
func resume[O any](path, what string, choices *O) (evidence.Dir, error) {
	dir := evidence.Dir{Path: path}
	*choices = *new(O)
	if err := evidence.ReadJSON(dir.File("options.json"), choices); err != nil {
		return dir, cli.InputError("%s is no folder of %s: %w", path, what, err)
	}
	return dir, nil
}

// loadSearch reads the scenario that an isolation or a bisection keeps in its folder.
func loadSearch(a *cli.App, dir evidence.Dir, file string, sets []string) (*scenarios.Loaded, map[string]string, error) {
	l, set, err := cli.LoadSearch(dir, file, sets, a.Trust)
	if err != nil {
		return nil, nil, err
	}
	return l, set, l.Permit(l.Topology)
}

// searchError gives the reasons why a search ended their exit codes, and says how to go on
// where that is possible.
func searchError(ctx context.Context, b *cli.Testbed, verb string, dir evidence.Dir, err error) error {
	resume := b.GoOnLine(verb, dir.Path)
	_, options := errors.AsType[*experiment.OptionsError](err)
	_, missing := errors.AsType[*topologies.MissingError](err)
	sometimes, now := errors.AsType[*isolate.SometimesError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, experiment.ErrInUse):
		return cli.WithCode(cli.ExitEnvironment, err)
	case ctx.Err() != nil:
		return cli.WithCode(cli.ExitInterrupted, fmt.Errorf("interrupted; go on with: %s", resume))
	case errors.Is(err, syscall.ENOSPC):
		return cli.WithCode(cli.ExitEnvironment, fmt.Errorf("the disk is full; make room, and go on with: %s", resume))
	case errors.Is(err, isolate.ErrNotReproduced):
		return cli.WithCode(cli.ExitNo, err)
	case now:
		n := sometimes.Measured
		return cli.WithCode(cli.ExitInconclusive, fmt.Errorf("--one-run is for a problem that shows every time: it showed in %d of %d; leave it out", n.Hits, n.Valid()))
	case options:
		return cli.WithCode(cli.ExitInput, err)
	case missing:
		return err
	default:
		return cli.WithCode(cli.ExitInconclusive, err)
	}
}

// printAhead writes what idle labs did for a search, for people.
func printAhead(w io.Writer, a *result.Ahead) {
	if a == nil {
		return
	}
	of := func(seconds float64) time.Duration {
		return time.Duration(seconds * float64(time.Second)).Round(time.Second)
	}
	cli.Line(w, "tried ahead in %s: %s asked for later, under way for %s by then; %s thrown away, after %s in labs",
		cli.Plural(a.Labs, "lab"), cli.Plural(a.Used, "run"), of(a.Gained), cli.Plural(a.Thrown, "run"), of(a.Wasted))
}

// showBroken prints, for machines, what a search came to that ended without its answer; people read why. dir is its folder, empty
// where nothing was begun.
func showBroken(a *cli.App, found any, dir string) error {
	if !a.JSON || dir == "" {
		return nil
	}
	return a.Show(found, nil)
}

// tell prints what a search found. It is an answer where it was decided.
func tell(a *cli.App, found any, decided bool, people func(io.Writer)) error {
	code := cli.ExitYes
	if !decided {
		code = cli.ExitInconclusive
	}
	return errors.Join(a.Show(found, people), cli.Answer(code))
}
