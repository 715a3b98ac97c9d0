package analyse

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/logs"
	"github.com/reprise-lab/reprise/harness/result"
)

// newLogs is the group of the verbs of logs.
func newLogs(a *cli.App) *cobra.Command {
	c := logsGroup()
	c.AddCommand(newLogsParse(a, nil), newLogsSearch(a, nil), newLogsTimeline(a, nil), newLogsDiff(a, nil), newLogsCheck(a, nil))
	return c
}

// logsGroup is the group without its verbs.
func logsGroup() *cobra.Command {
	return &cobra.Command{
		Use:   "logs",
		Short: "Logs of devices and daemons: read, search, and compare failing trials with clean ones",
		Long: `Logs of devices and daemons: syslog (RFC 3164 and 5424), Switch Engine (EMS), Fabric
Engine, FRR, BIRD, Open vSwitch, keepalived, lldpd and the kernel, as UTF-8, UTF-16 or
Latin-1, also packed with gzip. A line that no format fits is kept and counted.

A line's template is what is left of it without addresses, times and numbers. Its id is the
same in every run and on every machine.`,
		Example: `  reprise logs parse core1.log
  reprise logs search 'NOTIFICATION|Dead Timer' runs/RUN
  reprise logs timeline runs/RUN:1
  reprise logs diff runs/RUN --against runs/CONTROL`,
	}
}

// parseOptions are what "logs parse" was asked.
type parseOptions struct {
	*cli.App
	files []string
	year  int
}

func newLogsParse(a *cli.App, runF func(context.Context, *parseOptions) error) *cobra.Command {
	o := &parseOptions{App: a}
	c := &cobra.Command{
		Use: "parse FILE…", Short: "Count what logs hold: formats, times, gaps, steps of the clock",
		Long: `Count what logs hold: lines by format and those that none fits, the first and the last time,
gaps of a minute and more, and steps of the clock against the direction of the file.

Exit status: 0 read, 1 a log has lines with a text and no format fits any, 4 wrong input.`,
		Example: `  reprise logs parse core1.log
  reprise logs parse logs/*.gz --year 2025 --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.files = args; o.year != 0 && (o.year < 1970 || o.year > 9999) {
				return cli.InputError("--year %d: want 1970 to 9999", o.year)
			}
			return cli.Run(runF, runLogsParse)(c.Context(), o)
		},
	}
	c.Flags().IntVar(&o.year, "year", 0, "year of lines that name none (default: by the lines before, and today)")
	return c
}

func runLogsParse(_ context.Context, o *parseOptions) error {
	var how logs.Options
	if o.year != 0 {
		how.Year = func(time.Month, int) int { return o.year }
	}
	var files []result.LogFile
	all := true
	for _, name := range o.files {
		f := logs.Summarise(name, how)
		if f.Error != "" && f.Lines == 0 {
			return cli.InputError("%s", f.Error)
		}
		all = all && f.Error == "" && (f.Unparsed == 0 || len(f.Formats) > 0)
		files = append(files, f)
	}
	err := o.Show(files, func(w io.Writer) {
		for _, f := range files {
			printLogFile(w, f)
		}
	})
	if err != nil {
		return err
	}
	return cli.Answer(yesIf(all))
}

func printLogFile(w io.Writer, f result.LogFile) {
	cli.Tell(w, "%s: %s, %s", f.File, cli.Plural(f.Lines, "line"), cli.Plural(f.Templates, "template"))
	for _, format := range slices.Sorted(maps.Keys(f.Formats)) {
		cli.Tell(w, "  %-11s %d", format, f.Formats[format])
	}
	if f.Unparsed > 0 {
		cli.Tell(w, "  %-11s %d", "unparsed", f.Unparsed)
	}
	for _, e := range f.Examples {
		cli.Tell(w, "    line %d: %s", e.Line, cli.FirstLine(e.Text, 100))
	}
	if f.Cut > 0 {
		cli.Tell(w, "  %s longer than %d bytes, and cut there", cli.Plural(f.Cut, "line"), logs.MaxLine)
	}
	if !f.First.IsZero() {
		zone := " UTC"
		if f.Local {
			zone = " (no zone that is known)"
		}
		order := ""
		if f.NewestFirst {
			order = ", newest first"
		}
		cli.Tell(w, "  from %s to %s%s%s", logTime(f.First), logTime(f.Last), zone, order)
	}
	for _, g := range f.Gaps {
		cli.Tell(w, "  gap of %s before line %d, from %s", g.Took.Abs(), g.Line, logTime(g.From))
	}
	for _, g := range f.StepsBack {
		cli.Tell(w, "  the clock steps back by %s at line %d, to %s", g.Took.Abs(), g.Line, logTime(g.To))
	}
	if f.Error != "" {
		cli.Tell(w, "  not read further: %s", f.Error)
	}
}

func logTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

// logsSearchOptions are what "logs search" was asked.
type logsSearchOptions struct {
	*cli.App
	pattern  string
	subjects []string
	template string
	limit    int
}

func newLogsSearch(a *cli.App, runF func(context.Context, *logsSearchOptions) error) *cobra.Command {
	o := &logsSearchOptions{App: a}
	c := &cobra.Command{
		Use: "search PATTERN RUN|FILE…", Short: "Find lines in the logs of a run, or in files",
		Long: `Find lines by a regular expression in the logs of a run's trials, or in files. Each has its
place, its node, its time since the stimulus began where the node's clock is known, and the id
of its template.

Exit status: 0 found, 1 nothing found, 4 wrong input.`,
		Example: `  reprise logs search NOTIFICATION runs/RUN
  reprise logs search '(?i)oom|segfault' core1.log core2.log
  reprise logs search '' runs/RUN --template a406413d6e8d`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			o.pattern, o.subjects = args[0], args[1:]
			if o.limit < 1 || o.limit > 100000 {
				return cli.InputError("--limit %d: want 1 to 100000", o.limit)
			}
			return cli.Run(runF, runLogsSearch)(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.template, "template", "", "of this template only")
	c.Flags().IntVar(&o.limit, "limit", 100, "most lines that are shown")
	return c
}

func runLogsSearch(_ context.Context, o *logsSearchOptions) error {
	see, err := regexp.Compile(o.pattern)
	if err != nil {
		return cli.InputError("pattern: %w", err)
	}
	trials, err := subjects(o.subjects)
	if err != nil {
		return err
	}
	found, err := logs.Search(trials, see, o.template, o.limit)
	if err != nil {
		return cli.AsInputError(err)
	}
	err = o.Show(found, func(w io.Writer) {
		for _, m := range found.Matches {
			printMatch(w, m)
		}
		cli.Tell(w, "%d of %s, %d shown", found.Total, cli.Plural(found.Lines, "line"), len(found.Matches))
	})
	if err != nil {
		return err
	}
	return cli.Answer(yesIf(found.Total > 0))
}

// subjects are the trials of runs, and files.
func subjects(names []string) (trials []logs.Trial, err error) {
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			trials = append(trials, logs.Files(name))
			continue
		}
		run, _, err := logs.Open(name)
		if err != nil {
			return nil, cli.AsInputError(err)
		}
		trials = append(trials, run...)
	}
	return trials, nil
}

func printMatch(w io.Writer, m result.LogMatch) {
	where := fmt.Sprintf("%s:%d", m.File, m.Line)
	if m.Run != "" {
		where = fmt.Sprintf("trial %d (%s) %s", m.Trial, cmp.Or(m.Verdict, "not judged"), m.Node)
		if m.Aligned {
			where += " " + sinceT0(m.SinceT0)
		}
		where += fmt.Sprintf(" %s:%d", filepath.Base(m.File), m.Line)
	}
	cli.Tell(w, "%s [%s] %s", where, m.Template, m.Text)
}

// sinceT0 is a time since the stimulus began.
func sinceT0(d time.Duration) string { return fmt.Sprintf("t0%+.3fs", d.Seconds()) }

// logsDiffOptions are what "logs diff" was asked.
type logsDiffOptions struct {
	*cli.App
	runs, against  []string
	failing, clean string
	window         string
	limit          int

	bounds *[2]time.Duration
}

// check tells what is wrong with the options.
func (o *logsDiffOptions) check() error {
	switch {
	case (o.failing == "") != (o.clean == ""):
		return cli.InputError("--failing and --clean go together: a folder of logs each")
	case o.failing != "" && len(o.runs)+len(o.against) > 0:
		return cli.InputError("either runs, or --failing and --clean")
	case o.failing == "" && len(o.runs) == 0:
		return cli.InputError("what is compared? name a run, or --failing and --clean")
	case o.limit < 1 || o.limit > 10000:
		return cli.InputError("--limit %d: want 1 to 10000", o.limit)
	case o.window == "":
		return nil
	}
	from, to, ok := strings.Cut(o.window, "..")
	a, err1 := time.ParseDuration(from)
	b, err2 := time.ParseDuration(to)
	if !ok || err1 != nil || err2 != nil || a >= b {
		return cli.InputError("--window %s: want two times since the stimulus, as -5s..30s", o.window)
	}
	o.bounds = &[2]time.Duration{a, b}
	return nil
}

func newLogsDiff(a *cli.App, runF func(context.Context, *logsDiffOptions) error) *cobra.Command {
	o := &logsDiffOptions{App: a}
	c := &cobra.Command{
		Use: "diff RUN…", Short: "Rank what separates the logs of failing trials from those of clean ones",
		Long: `Rank what separates the logs of failing trials from those of clean ones: messages that only
failing trials have, that they lack, and that they have more or less often, by Ochiai's score and
Fisher's exact test with the false-discovery rate of Benjamini and Hochberg; and where each
node's log leaves those of the clean trials.

Trials that reproduced fail, those that did not are clean; others are never used. Trials of a
control (--against, or among the runs) are clean ones only where the rest are too few; what failing
trials share with them is put behind. Where there are too few runs to tell, that is the answer: a
rank is then no more than an order to look in.

Exit status: 0 something is told, 1 nothing separates them, 2 too few runs to tell, 4 wrong input.`,
		Example: `  reprise logs diff runs/RUN --against runs/CONTROL
  reprise logs diff runs/RUN --window -5s..30s --limit 5
  reprise logs diff --failing bad/ --clean good/ --json`,
		RunE: func(c *cobra.Command, args []string) error {
			o.runs = args
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runLogsDiff)(c.Context(), o)
		},
		ValidArgsFunction: cli.CompleteRuns,
	}
	fl := c.Flags()
	fl.StringSliceVar(&o.against, "against", nil, "a run of the control")
	fl.StringVar(&o.failing, "failing", "", "a folder with the logs of failing trials, one file or folder each")
	fl.StringVar(&o.clean, "clean", "", "a folder with the logs of clean trials")
	fl.StringVar(&o.window, "window", "", "only lines between these times since the stimulus began, as -5s..30s")
	fl.IntVar(&o.limit, "limit", 20, "most templates that are listed")
	return c
}

func runLogsDiff(_ context.Context, o *logsDiffOptions) error {
	trials, err := o.trials()
	if err != nil {
		return cli.AsInputError(err)
	}
	d, err := logs.Diff(trials, logs.DiffOptions{Window: o.bounds, Limit: o.limit})
	if err != nil {
		return cli.AsInputError(err)
	}
	if d.CleanFrom == "run" && o.failing != "" {
		d.CleanFrom = "logs"
	}
	if err := o.Show(d, func(w io.Writer) { printLogDiff(w, d) }); err != nil {
		return err
	}
	switch {
	case !d.Enough:
		return cli.Answer(cli.ExitInconclusive)
	case len(d.Ranked) == 0:
		return cli.Answer(cli.ExitNo)
	default:
		return nil
	}
}

func (o *logsDiffOptions) trials() ([]logs.Trial, error) {
	if o.failing != "" {
		failing, err := logs.Folder(o.failing, evidence.Reproduced)
		if err != nil {
			return nil, err
		}
		clean, err := logs.Folder(o.clean, evidence.NotReproduced)
		return append(failing, clean...), err
	}
	var all []logs.Trial
	for i, run := range slices.Concat(o.runs, o.against) {
		trials, info, err := logs.Open(run)
		if err != nil {
			return nil, err
		}
		if i >= len(o.runs) && info.Variant != evidence.VariantControl {
			return nil, fmt.Errorf("--against %s: it is no run of a control; name it beside the others", run)
		}
		all = append(all, trials...)
	}
	return all, nil
}

func printLogDiff(w io.Writer, d result.LogDiff) {
	cli.Tell(w, "%d failing and %d clean trials (%s), %s, %s, %d unparsed", d.Failing, d.Clean, cleanWords(d.CleanFrom), cli.Plural(d.Lines, "line"), cli.Plural(d.Templates, "template"), d.Unparsed)
	for _, l := range d.Left {
		cli.Tell(w, "  not used: %s", l)
	}
	for _, c := range d.Clocks {
		if !c.Aligned() {
			cli.Tell(w, "  the clock of %s is not aligned: %s", c.Node, c.Why)
		}
	}
	if d.Unaligned > 0 {
		cli.Tell(w, "  %s without a known time are outside the window", cli.Plural(d.Unaligned, "line"))
	}
	if d.Dropped > 0 {
		cli.Tell(w, "  %s had a template beyond the %d that are compared", cli.Plural(d.Dropped, "line"), logs.MaxTemplates)
	}
	cli.Tell(w, "%s", d.Why)
	if len(d.Ranked) > 0 {
		cli.Line(w, "\nrank score q-value fail   clean  first          node")
	}
	for _, r := range d.Ranked {
		printRank(w, d, r)
	}
	if d.More > 0 {
		cli.Tell(w, "and %d more (--limit)", d.More)
	}
	if len(d.Divergences) > 0 {
		cli.Line(w, "\nwhere failing trials leave the clean ones, after the stimulus began:")
	}
	for _, v := range d.Divergences {
		cli.Tell(w, "  %s after %s in common, %s, in %d of %d", v.Node, cli.Plural(v.Common, "line"), sinceT0(v.SinceT0), v.Trials, d.Failing)
		cli.Tell(w, "    failing: %s", cmp.Or(v.Failing, "nothing more"))
		cli.Tell(w, "    clean:   %s", cmp.Or(v.Clean, "nothing more"))
	}
}

func cleanWords(from string) string {
	switch from {
	case "control":
		return "of the control"
	case "both":
		return "of the run and the control"
	case "logs":
		return "of the folder"
	default:
		return "of the run"
	}
}

func printRank(w io.Writer, d result.LogDiff, r result.LogRank) {
	first := "-"
	if r.AtT0 {
		first = sinceT0(r.SinceT0)
	}
	note := ""
	switch r.Kind {
	case "missing":
		note = "  (missing in failing trials)"
	case "count":
		note = fmt.Sprintf("  (median %g lines against %g)", r.Counts[0], r.Counts[1])
	}
	if r.Demoted {
		note += "  (as in the control)"
	}
	cli.Tell(w, "%4d  %.2f  %.4f %-6s %-6s %-14s %s", r.Rank, r.Score, r.Q, fmt.Sprintf("%d/%d", r.Failing, d.Failing), fmt.Sprintf("%d/%d", r.Clean, d.Clean), first, r.Node)
	cli.Tell(w, "      %s [%s]%s", r.Template, r.ID, note)
	for i, o := range r.Together {
		if i == 3 {
			cli.Tell(w, "      and %d more in the same trials", len(r.Together)-i)
			break
		}
		cli.Tell(w, "      with %s: %s [%s]", o.Node, o.Template, o.ID)
	}
}

// logsCheckOptions are what "logs check" was asked.
type logsCheckOptions struct {
	*cli.App
	subjects []string
}

func newLogsCheck(a *cli.App, runF func(context.Context, *logsCheckOptions) error) *cobra.Command {
	o := &logsCheckOptions{App: a}
	return &cobra.Command{
		Use: "check RUN|FILE…", Short: "Look for known bad signs in the logs of a run, or in files",
		Long: `Look for known bad signs in the logs of a run's trials, or in files. Each rule answers: fail or
warn where its sign is there, pass where lines of its kind of log were read and it is not, unknown
where none were, or not whole. Of a file with the lines of many hosts, as a server of syslog keeps, each host
is judged by itself.

Exit status: 0 no sign, 1 a sign, 2 unknown for every rule, 4 wrong input.`,
		Example: `  reprise logs check core1.log
  reprise logs check runs/RUN --json`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: cli.CompleteRuns,
		RunE: func(c *cobra.Command, args []string) error {
			o.subjects = args
			return cli.Run(runF, runLogsCheck)(c.Context(), o)
		},
	}
}

func runLogsCheck(_ context.Context, o *logsCheckOptions) error {
	rules, err := logs.Rules()
	if err != nil {
		return err
	}
	trials, err := subjects(o.subjects)
	if err != nil {
		return err
	}
	checks, err := logs.Check(trials, rules)
	if err != nil {
		return cli.AsInputError(err)
	}
	if err := o.Show(checks, func(w io.Writer) { printChecks(w, checks) }); err != nil {
		return err
	}
	code := cli.ExitInconclusive
	for _, c := range checks {
		switch c.Status {
		case "fail", "warn":
			return cli.Answer(cli.ExitNo)
		case "pass":
			code = cli.ExitYes
		}
	}
	return cli.Answer(code)
}

// mostHosts bounds those that are listed below a rule.
const mostHosts = 20

func printChecks(w io.Writer, checks []result.LogCheck) {
	for _, c := range checks {
		cli.Tell(w, "%-7s  %-26s  %s: %s", c.Status, c.Rule, c.Title, c.Why)
		if c.Status == "fail" || c.Status == "warn" {
			cli.Tell(w, "         %s (%s)", c.Means, c.Reference)
			cli.Tell(w, "         %s:%d: %s", c.Example.File, c.Example.Line, cli.FirstLine(c.Example.Text, 120))
		}
		for i, h := range c.Hosts[min(1, len(c.Hosts)):] { // the first is told
			if h.Status == "pass" {
				break
			}
			if i == mostHosts {
				cli.Tell(w, "         and more: --json has them all")
				break
			}
			cli.Tell(w, "         %s, %s: %s", h.Status, cmp.Or(h.Host, "lines that name no host"), h.Why)
		}
	}
}
