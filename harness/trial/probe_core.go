package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/scenarios"
)

// observeDeaths finds the deaths of a process since the stimulus began, or since
// the trial began where nothing was done yet, where nothing is done at all, or where the
// condition may hold before. What no step told to end is a death. Where one may have gone
// by unseen, no death that is known is no answer.
func observeDeaths(ctx context.Context, b *observer, q question, p scenarios.CoreProbe) error {
	deaths, err := q.node.deaths(ctx)
	unseen := (*drivers.UnseenError)(nil)
	if err != nil && !errors.As(err, &unseen) {
		return err
	}
	from, since := b.deaths.since(q.node.Name, b.lab.plan.Acts() && !q.check.Cond.MayHoldBefore)
	rows := []death{}
	unnamed, doubt := false, ""
	for _, d := range deaths[min(from, len(deaths)):] {
		switch {
		case d.ended:
		case d.doubt != "" && p.Asks(d.Process):
			doubt = fmt.Sprintf("%s of %s ended, and whether by itself is not known: %s", d.Process, q.node.Name, d.doubt)
		case p.Asks(d.Process):
			rows = append(rows, d)
		case strings.HasPrefix(d.Process, "("):
			unnamed = true
		}
	}
	text, err := json.Marshal(rows)
	q.seen.Text, q.seen.Count = string(text), len(rows)
	if err != nil {
		return err
	}
	first, _ := b.deaths.since(q.node.Name, false)
	known := unseen != nil && slices.Contains(unseen.Known, p.Process) && !q.node.mayRunAnew(p, deaths, first)
	switch c := b.lab.clockAt(q.node.Name, since); {
	case c == nil:
	case c.Unmeasured:
		since = time.Time{} // whenever it was
	default:
		since = since.Add(-c.Within) // it may have been as late
	}
	missed := unseen != nil && (unseen.Missed.IsZero() || !unseen.Missed.Before(since))
	switch certain := len(rows) > 0 && q.check.Cond.Expect == ""; {
	case certain:
		return nil
	case missed && !known:
		return unseen
	case doubt != "":
		return errors.New(doubt)
	case unnamed:
		return fmt.Errorf("a process of %s died before the kernel could be asked for its name", q.node.Name)
	default:
		return nil
	}
}
