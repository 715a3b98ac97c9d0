package trial

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/go-units"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios"
)

// mostAgain bounds a line that a reason quotes, in bytes.
const mostAgain = 200

// mostLogText bounds the lines of logs that an observation keeps, in bytes.
const mostLogText = 1 << 20

// observeLogs finds the lines since the phase's mark that match.
func observeLogs(ctx context.Context, b *observer, q question, p scenarios.LogProbe) error {
	src, ok := drivers.As[drivers.LogSource](q.node.driver)
	if !ok {
		return fmt.Errorf("%s (%s): logs: %w", q.node.Name, q.node.Platform, drivers.ErrUnsupported)
	}
	mark, err := b.logs.since(q.node.Name)
	if b.since != nil {
		mark, err = b.since.log, nil
	}
	if err != nil {
		return err
	}
	asked, err := p.Lines()
	if err != nil {
		return err
	}
	files, err := src.LogsSince(ctx, mark)
	if err != nil {
		return err
	}
	var found strings.Builder
	certain := 0 // lines that were logged since the mark, whatever else was
	again := ""  // one that the log had before
	older := ""  // one that is of before, by its own date
	for _, f := range files {
		if f.Copy {
			continue // its lines are in another file too
		}
		q.seen.Truncated = q.seen.Truncated || f.Truncated
		for line := range strings.Lines(f.Text) {
			if strings.Contains(line, b.logs.ownLines()) {
				continue // ours, which has the scenario's name
			}
			if asked.MatchString(strings.TrimRight(line, "\r\n")) {
				q.seen.Count++
				switch line := strings.TrimRight(line, "\r\n"); {
				case slices.Contains(f.Again, line):
					again = line
				case slices.Contains(f.Older, line):
					older = line
				case !f.Anew:
					certain++
				}
				found.WriteString(strings.TrimRight(line, "\r\n") + "\n")
			}
		}
	}
	q.seen.Text = evidence.Bounded(found.String(), mostLogText)
	if found.Len() > mostLogText && q.check.Predicate.Reads() {
		return fmt.Errorf("%d lines match, which are more than %s and are not kept: a narrower pattern makes them less; count is known", q.seen.Count, units.BytesSize(mostLogText))
	}
	if again != "" && (certain == 0 || q.check.Cond.Expect != "") {
		return fmt.Errorf("the log of %s has again what it had before, time and all, so that nobody knows whether it is new: %s", q.node.Name, evidence.Bounded(again, mostAgain))
	}
	if older != "" && (certain == 0 || q.check.Cond.Expect != "") {
		return fmt.Errorf("the log of %s has a line that is new there and names a time long before, so that nobody knows whether it was logged since: %s", q.node.Name, evidence.Bounded(older, mostAgain))
	}
	if q.seen.Truncated {
		q.seen.Count, q.seen.AtLeast = certain, true
	}
	if q.seen.Count > 0 && q.check.Cond.Expect == "" {
		return nil // one line is enough, whatever is missing
	}
	return logged(ctx, q.node)
}

// logged is an error where a line may be missing from a node's logs: that it is not there
// then says nothing.
func logged(ctx context.Context, n *labNode) error {
	teller, ok := drivers.As[drivers.LogTeller](n.driver)
	if !ok {
		return nil
	}
	why, err := teller.Unlogged(ctx)
	if err == nil && why != "" {
		err = fmt.Errorf("the logs of %s do not have everything: %s", n.Name, why)
	}
	return err
}
