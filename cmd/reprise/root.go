package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/cmd/reprise/analyse"
	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/escalate"
	"github.com/reprise-lab/reprise/cmd/reprise/fix"
	"github.com/reprise-lab/reprise/cmd/reprise/fleet"
	"github.com/reprise-lab/reprise/cmd/reprise/interop"
	"github.com/reprise-lab/reprise/cmd/reprise/isolate"
	"github.com/reprise-lab/reprise/cmd/reprise/lab"
	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/cmd/reprise/write"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

func execute(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &cli.App{In: in, Out: cli.NewScreen(out), Err: cli.NewScreen(errOut), Opener: labs.Here{}, Stores: labs.Here{}, Spreader: labs.Here{}, Attacher: labs.Here{}}
	root := newRoot(a) //nolint:contextcheck // each verb takes its context from cobra
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	err := errors.Join(root.ExecuteContext(ctx), a.NoHelp)
	if errors.Is(ctx.Err(), context.Canceled) && err != nil {
		if _, ok := errors.AsType[*cli.CodedError](err); !ok {
			err = cli.WithCode(cli.ExitInterrupted, err)
		}
		if broken(out) && (errors.Is(err, syscall.EPIPE) || errors.Is(err, context.Canceled)) {
			return cli.ExitInterrupted // whoever read it has gone, and that is no failure to tell of
		}
	}
	cli.PrintError(a.Err, err, a.JSON)
	return cli.ExitCode(err)
}

func newRoot(a *cli.App) *cobra.Command {
	root := &cobra.Command{
		Use:   "reprise",
		Short: "Reproduce a network problem in a lab, and prove it",
		Long: `Reprise duplicates a customer's network problem in a lab of virtual switches,
proves it with numbers, and writes down everything it saw.

A scenario declares the topology, what sets the problem off and the symptom that
tells it from a healthy network. "reprise run" builds the lab, runs the trials
and says: reproduced, not reproduced, or honestly inconclusive.

  reprise doctor --fix           make this machine ready
  reprise demo                   a real bug: affected version, fixed version, report
  reprise run SCENARIO           run yours
  reprise scenario new DIR       write one`,
		Example: `  reprise run frr-bgp-no-shutdown --trials 10 --labs 2
  reprise run ./my-case --control
  reprise report runs/20260301T101500Z-my-case-1f2e --format md`,
		SilenceUsage: true, SilenceErrors: true,
		Version: cli.ToolInfo().Version,
	}
	root.PersistentFlags().BoolVar(&a.JSON, "json", false, "print the result as JSON, for machines")
	root.PersistentFlags().BoolVarP(&a.Quiet, "quiet", "q", false, "print no progress")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return cli.InputError("%w%s (see %s --help)", err, flagHint(c, err), c.CommandPath())
	})
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		if words := c.Flags().Args(); c.HasSubCommands() && len(words) > 0 {
			a.NoHelp = unknownVerb(c, words[0])
			return
		}
		help(c, args)
	})
	root.SetHelpCommand(helpVerb())
	root.AddGroup(
		&cobra.Group{ID: "reproduce", Title: "Reproduce:"},
		&cobra.Group{ID: "isolate", Title: "Isolate:"},
		&cobra.Group{ID: "fix", Title: "Fix:"},
		&cobra.Group{ID: "analyse", Title: "Analyse:"},
		&cobra.Group{ID: "escalate", Title: "Escalate:"},
		&cobra.Group{ID: "write", Title: "Write:"},
		&cobra.Group{ID: "lab", Title: "Lab:"},
	)
	for group, verbs := range map[string][]*cobra.Command{
		"reproduce": reproduce.Verbs(a), "isolate": isolate.Verbs(a), "fix": slices.Concat(fix.Verbs(a), interop.Verbs(a)), "analyse": analyse.Verbs(a),
		"escalate": escalate.Verbs(a), "write": write.Verbs(a), "lab": slices.Concat(lab.Verbs(a), fleet.Verbs(a)),
	} {
		for _, v := range verbs {
			v.GroupID = group
			root.AddCommand(v)
		}
	}
	root.AddCommand(cli.NewVersion(a, nil), newManual(a, nil))
	asInput(root)
	return root
}

// asInput makes a wrong number of arguments an input error like every other.
func asInput(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return cli.InputError("%w (usage: %s)", err, c.UseLine())
			}
			return nil
		}
	} else if c.HasSubCommands() {
		c.Args = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownVerb(c, args[0])
		}
		if c.RunE == nil && c.Run == nil {
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}
	c.SuggestionsMinimumDistance = 2
	for _, sub := range c.Commands() {
		asInput(sub)
	}
}

// unknownVerb says that a group has no such verb, and which one was meant: one that is
// written like it, or one of that name in another group.
func unknownVerb(c *cobra.Command, word string) error {
	list := c.SuggestionsFor(word)
	for _, group := range c.Root().Commands() {
		for _, v := range group.Commands() {
			if group != c && v.IsAvailableCommand() && strings.EqualFold(v.Name(), word) {
				list = append(list, group.Name()+" "+v.Name())
			}
		}
	}
	hint := ""
	if len(list) > 0 {
		hint = "; did you mean " + strings.Join(list, " or ") + "?"
	}
	return cli.InputError("unknown verb %q of %s%s", word, c.CommandPath(), hint)
}

// helpVerb is `reprise help VERB`, which knows a wrong verb as one.
func helpVerb() *cobra.Command {
	return &cobra.Command{
		Use: "help [VERB]", Short: "Help about a verb",
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if group, rest, err := c.Root().Find(args); err == nil && len(rest) == 0 {
				for _, v := range group.Commands() {
					if v.IsAvailableCommand() {
						names = append(names, v.Name())
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			verb, rest, err := c.Root().Find(args)
			switch {
			case err != nil:
				return cli.WithCode(cli.ExitInput, err)
			case len(rest) > 0:
				return unknownVerb(verb, rest[0])
			}
			verb.InitDefaultHelpFlag()
			return verb.Help()
		},
	}
}

// flagHint names the flag that was meant by one that is not there.
func flagHint(c *cobra.Command, err error) string {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return ""
	}
	word := unknown.GetSpecifiedName()
	var meant []string
	for _, other := range map[string][]string{
		"runs":         {"trials", "dir"},
		"count":        {"trials"},
		"max":          {"max-trials"},
		"max-runs":     {"max-trials"},
		"control-runs": {"control-trials"},
	}[word] {
		if f := c.Flags().Lookup(other); f != nil {
			what, _, _ := strings.Cut(f.Usage, " (")
			meant = append(meant, fmt.Sprintf("--%s (%s)", other, what))
		}
	}
	if len(meant) > 0 {
		return fmt.Sprintf("; --%s is %s", word, strings.Join(meant, ", or "))
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	if s := yamlpos.Suggest("--"+word, known); s != "" {
		return "; " + s
	}
	return ""
}
