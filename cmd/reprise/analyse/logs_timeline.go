package analyse

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/logs"
	"github.com/reprise-lab/reprise/harness/result"
)

// logsTimelineOptions are what "logs timeline" was asked.
type logsTimelineOptions struct {
	*cli.App
	subjects, offsets []string
	grep              string
	limit             int

	see *regexp.Regexp
	by  map[string]time.Duration // file → what is added to its times
}

// check tells what is wrong with the options, and reads them.
func (o *logsTimelineOptions) check() (err error) {
	if o.limit < 1 || o.limit > logs.MostTimeline {
		return cli.InputError("--limit %d: want 1 to %d", o.limit, logs.MostTimeline)
	}
	if o.see, err = regexp.Compile(o.grep); err != nil {
		return cli.InputError("--grep: %w", err)
	}
	for _, v := range o.offsets {
		file, by, ok := strings.Cut(v, "=")
		d, err := time.ParseDuration(by)
		if !ok || file == "" || err != nil {
			return cli.InputError("--offset %s: want FILE=DURATION, as core2.log=-3.5s for a clock that is 3.5 s ahead", v)
		}
		if o.by == nil {
			o.by = map[string]time.Duration{}
		}
		o.by[file] = d
	}
	return nil
}

func newLogsTimeline(a *cli.App, runF func(context.Context, *logsTimelineOptions) error) *cobra.Command {
	o := &logsTimelineOptions{App: a}
	c := &cobra.Command{
		Use: "timeline RUN[:TRIAL]|FILE…", Short: "The logs of all devices in one order of time",
		Long: `Print the lines of all nodes of a trial, or of several files, in one order of time.

In a trial times are since the stimulus began, by the clock of each node as far as it is known
(our mark in its log, the lab's clocks, the host's). In files they are as the devices wrote them,
in UTC, where one that names no zone is taken as UTC; where you know by how much a clock was
off, --offset puts that right. Lines without a time, or
of a node whose clock is not known, are counted at the end and not guessed.

Exit status: 0 there are lines, 1 there are none, 4 wrong input.`,
		Example: `  reprise logs timeline runs/RUN:2 --grep 'ADJCHANGE|link'
  reprise logs timeline core1.log core2.log --offset core2.log=-3.5s`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.subjects = args
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runLogsTimeline)(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.grep, "grep", "", "lines that this regular expression fits only")
	c.Flags().IntVar(&o.limit, "limit", 1000, "most lines that are shown")
	c.Flags().StringArrayVar(&o.offsets, "offset", nil, "add this to the times of a file: FILE=DURATION (repeatable)")
	return c
}

func runLogsTimeline(_ context.Context, o *logsTimelineOptions) error {
	t, err := o.trial()
	if err != nil {
		return err
	}
	out, err := t.Merged(o.see, o.limit)
	if err != nil {
		return cli.AsInputError(err)
	}
	err = o.Show(out, func(w io.Writer) { printLogTimeline(w, out) })
	if err != nil {
		return err
	}
	return cli.Answer(yesIf(len(out.Lines) > 0))
}

// trial is the one that was named, or the files as one.
func (o *logsTimelineOptions) trial() (logs.Trial, error) {
	path, number := o.subjects[0], 0
	if _, err := os.Stat(path); err != nil {
		if at := strings.LastIndexByte(path, ':'); at > 0 {
			if n, err := strconv.Atoi(path[at+1:]); err == nil && n > 0 {
				path, number = path[:at], n
			}
		}
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		for file := range o.by {
			if !slices.Contains(o.subjects, file) {
				return logs.Trial{}, cli.InputError("--offset %s: no such file is given", file)
			}
		}
		t, err := logs.FilesInTime(o.subjects, o.by)
		return t, cli.AsInputError(err)
	}
	if len(o.subjects) > 1 || len(o.by) > 0 {
		return logs.Trial{}, cli.InputError("give one trial of a run (RUN:2), or files; clocks of a trial are known by its record, and take no --offset")
	}
	trials, _, err := logs.Open(path)
	if err != nil {
		return logs.Trial{}, cli.AsInputError(err)
	}
	for i := range trials {
		if trials[i].Number == number || number == 0 && len(trials) == 1 {
			return trials[i], nil
		}
	}
	if number == 0 {
		return logs.Trial{}, cli.InputError("%s has %s: say which, as %s:1", path, cli.Plural(len(trials), "trial"), path)
	}
	return logs.Trial{}, cli.InputError("%s has no trial %d", path, number)
}

func printLogTimeline(w io.Writer, t result.LogTimeline) {
	for _, m := range t.Lines {
		if m.Aligned {
			cli.Tell(w, "%s %s %s:%d %s", sinceT0(m.SinceT0), m.Node, filepath.Base(m.File), m.Line, m.Text)
		} else {
			cli.Tell(w, "%s %s:%d %s", m.Time.Format("2006-01-02 15:04:05.000Z"), m.File, m.Line, m.Text)
		}
	}
	cli.Tell(w, "%s in time, %d shown", cli.Plural(t.Total, "line"), len(t.Lines))
	if t.Untimed > 0 {
		cli.Tell(w, "%s without a time, or of a clock that is not known: reprise logs search shows them", cli.Plural(t.Untimed, "line"))
	}
	for _, c := range t.Clocks {
		if c.Basis == "none" || c.Basis == "own" {
			cli.Tell(w, "%s: %s", c.Node, c.Why)
		}
	}
}
