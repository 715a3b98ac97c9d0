package reproduce

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
)

// diffOptions are what "diff" was asked.
type diffOptions struct {
	*cli.App
	was, is       string
	node, command string
	all           bool
	alone         bool // there is one subject
}

func newDiff(a *cli.App, runF func(context.Context, *diffOptions) error) *cobra.Command {
	o := &diffOptions{App: a}
	c := &cobra.Command{
		Use: "diff RUN[:TRIAL[:WHEN]] [RUN[:TRIAL[:WHEN]]]", Short: "Compare what nodes answered in two trials",
		Long: `Compare what nodes answered in two trials, command by command: the states that were
collected before the stimulus and after the symptom. Counters, ages, times and other things that
change by themselves are left out, as each platform's own rules know them; of two trials times of
the clock too; of two runs hardware addresses are numbered in the order in which they are shown.

TRIAL is a number; without one it is the first that reproduced the problem, or else the first.
WHEN is before or after (the default). One subject alone is compared with itself before the
stimulus: what the stimulus and the problem changed. The verdict of each trial is shown beside it.

Exit status: 0 nothing differs, 1 something does, 2 nothing differs in what both have, and some
answers only one has, or both were refused or cut; 4 wrong input, or a trial and itself at the
same moment.`,
		Example: `  reprise diff runs/RUN
  reprise diff runs/RUN:1 runs/RUN:2
  reprise diff runs/BROKEN:3 runs/FIXED:1 --node 'r[12]' --command 'ospf'`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			o.was, o.is, o.alone = args[0], args[len(args)-1], len(args) == 1
			return cli.Run(runF, runDiff)(c.Context(), o)
		},
		ValidArgsFunction: cli.CompleteRuns,
	}
	c.Flags().StringVar(&o.node, "node", "", "nodes that this regular expression matches")
	c.Flags().StringVar(&o.command, "command", "", "commands that this regular expression matches")
	c.Flags().BoolVar(&o.all, "all", false, "show what changes by itself as well")
	return c
}

// stateDiff is what a comparison of two moments came to.
type stateDiff struct {
	Was        string      `json:"was"`
	WasVerdict string      `json:"was-verdict,omitempty"` // of the trial; none is one that was not judged
	Is         string      `json:"is"`
	IsVerdict  string      `json:"is-verdict,omitempty"`
	States     []statePair `json:"states"`
}

// statePair is the answers of a node to a command at both moments.
type statePair struct {
	Node    string   `json:"node"`
	Command string   `json:"command"`
	Change  string   `json:"change"` // words, numbers (alone), volatile (what changes by itself), unpaired, same
	Removed []string `json:"removed,omitempty"`
	Added   []string `json:"added,omitempty"`
	Note    string   `json:"note,omitempty"`
}

func runDiff(_ context.Context, o *diffOptions) error {
	var patterns [2]*regexp.Regexp
	for i, text := range []string{o.node, o.command} {
		if text == "" {
			continue
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return cli.InputError("%s: %w", [2]string{"--node", "--command"}[i], err)
		}
		patterns[i] = re
	}
	was, err := momentOf(o.was)
	if err != nil {
		return err
	}
	is, err := momentOf(o.is)
	if err != nil {
		return err
	}
	if o.alone {
		if is.When == reports.Before {
			return cli.InputError("%s: one subject alone is compared as it was after with before: leave out before, or name a second subject", o.is)
		}
		was.When = reports.Before
	}
	if was.Run == is.Run && was.Dir.Number == is.Dir.Number && was.When == is.When {
		return cli.InputError("%s and %s are the same moment (%s): name two trials, or before and after of one", o.was, o.is, was)
	}
	d := stateDiff{Was: was.String(), Is: is.String()}
	if d.WasVerdict, err = verdictAt(was); err != nil {
		return cli.AsInputError(err)
	}
	if d.IsVerdict, err = verdictAt(is); err != nil {
		return cli.AsInputError(err)
	}
	states, err := reports.CompareStates(was, is, patterns[0], patterns[1])
	if err != nil {
		return cli.AsInputError(err)
	}
	if len(states) == 0 {
		return cli.InputError("no state of %s or %s is one that --node and --command match", was, is)
	}
	d.States = make([]statePair, len(states))
	for i := range states {
		d.States[i] = pairOf(&states[i])
	}
	if err := o.Show(d, func(w io.Writer) { printDiff(w, d, states, o.all) }); err != nil {
		return err
	}
	return cli.Answer(diffStatus(states))
}

// verdictAt is the verdict of the moment's trial, nothing where it was not judged.
func verdictAt(m reports.Moment) (string, error) {
	v, judged, err := m.Dir.Verdict()
	if err != nil {
		return "", fmt.Errorf("verdict of %s: %w", m, err)
	}
	if !judged {
		return "", nil
	}
	return string(v.Verdict), nil
}

// diffStatus is 1 where anything changed but what does by itself, 2 where nothing did and something
// could not be compared.
func diffStatus(states []reports.State) int {
	status := cli.ExitYes
	for i := range states {
		switch states[i].Change {
		case reports.Words, reports.Numbers:
			return cli.ExitNo
		case reports.Unpaired:
			status = cli.ExitInconclusive
		case reports.Volatile, reports.Same:
		}
	}
	return status
}

// momentOf reads RUN[:TRIAL[:WHEN]].
func momentOf(subject string) (m reports.Moment, err error) {
	path, rest, _ := strings.Cut(subject, ":")
	trial, when, _ := strings.Cut(rest, ":")
	switch m.When = when; when {
	case "":
		m.When = reports.After
	case reports.Before, reports.After:
	default:
		return m, cli.InputError("%s: want before or after at its end, not %q", subject, when)
	}
	dir, info, err := evidence.OpenDir(path)
	if err != nil {
		return m, cli.AsInputError(err)
	}
	m.Run = info.ID
	trials, err := dir.Trials()
	if err != nil {
		return m, cli.AsInputError(err)
	}
	if len(trials) == 0 {
		return m, cli.InputError("%s has no trial", path)
	}
	if trial != "" {
		number, err := strconv.Atoi(trial)
		if err != nil {
			return m, cli.InputError("%s: %q is no number of a trial", subject, trial)
		}
		for _, t := range trials {
			if t.Number == number {
				m.Dir = t
				return m, nil
			}
		}
		return m, cli.InputError("%s has no trial %d", path, number)
	}
	m.Dir = trials[0]
	for _, t := range trials {
		if v, judged, err := t.Verdict(); err == nil && judged && v.Verdict == evidence.Reproduced {
			m.Dir = t
			break
		}
	}
	return m, nil
}

func pairOf(s *reports.State) statePair {
	p := statePair{Node: s.Node, Command: s.Command, Note: s.Note}
	p.Change = map[reports.Change]string{reports.Same: "same", reports.Numbers: "numbers", reports.Volatile: "volatile", reports.Words: "words", reports.Unpaired: "unpaired"}[s.Change]
	for _, h := range s.Hunks {
		for _, l := range h.Lines {
			switch l.Op {
			case '-':
				p.Removed = append(p.Removed, l.Text)
			case '+':
				p.Added = append(p.Added, l.Text)
			}
		}
	}
	return p
}

func printDiff(w io.Writer, d stateDiff, states []reports.State, all bool) {
	cli.Tell(w, "- %s: %s", d.Was, cmp.Or(d.WasVerdict, "not judged"))
	cli.Tell(w, "+ %s: %s", d.Is, cmp.Or(d.IsVerdict, "not judged"))
	counts := map[reports.Change]int{}
	for i := range states {
		s := &states[i]
		counts[s.Change]++
		if s.Change == reports.Words || s.Change == reports.Numbers || all && s.Change == reports.Volatile {
			cli.Tell(w, "")
			cli.Tell(w, "%s: %s", s.Node, s.Command)
			printHunks(w, s.Hunks)
		}
		if s.Note != "" {
			cli.Tell(w, "%s: %s: %s", s.Node, s.Command, s.Note)
		}
	}
	cli.Tell(w, "")
	cli.Tell(w, "%s: %d differ, %d of them in numbers alone; %d moved on by themselves, %d could not be compared, %d are the same", cli.Plural(len(states), "answer"),
		counts[reports.Words]+counts[reports.Numbers], counts[reports.Numbers], counts[reports.Volatile], counts[reports.Unpaired], counts[reports.Same])
}

func printHunks(w io.Writer, hunks []reports.Hunk) {
	for _, h := range hunks {
		if h.Skipped > 0 {
			cli.Tell(w, "    … %s the same", cli.Plural(h.Skipped, "line"))
		}
		for _, l := range h.Lines {
			cli.Tell(w, "  %c %s", l.Op, l.Text)
		}
		if h.Cut != "" {
			cli.Tell(w, "    %s", h.Cut)
		}
	}
}
