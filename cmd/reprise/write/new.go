package write

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// newOptions are what "scenario new" was asked: the answers of the wizard.
type newOptions struct {
	*cli.App
	dir                                                string
	id, title, what, when, how, platform, image, fixed string
	nodes                                              int
}

func newNew(a *cli.App, runF func(context.Context, *newOptions) error) *cobra.Command {
	o := &newOptions{App: a}
	c := &cobra.Command{
		Use:   "new DIR",
		Short: "Write a scenario that runs, to change into yours",
		Long: `Write a scenario, its topology and a configuration per node into DIR. What is not
given as a flag is asked for when standard input is a terminal, and otherwise
gets an example's value. The result is valid and runs as it is: two routers and
an OSPF adjacency that a shut interface takes down.`,
		Example: `  reprise scenario new my-case
  reprise scenario new my-case --title "Neighbour lost" --image reprise/frr:8.4.4 --fixed reprise/frr:10.3`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			return cli.Run(runF, runNew)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.id, "id", "", "short name (default: the folder's)")
	fl.StringVar(&o.title, "title", "", "the failing behaviour in one line")
	fl.StringVar(&o.what, "what", "", "what fails")
	fl.StringVar(&o.when, "when", "", "since when, and what changed then")
	fl.StringVar(&o.how, "how", "", "how often, on what occasion")
	fl.StringVar(&o.platform, "platform", "", "platform of the nodes: one that a skeleton can be written for")
	fl.StringVar(&o.image, "image", "", "image of the affected version")
	fl.StringVar(&o.fixed, "fixed", "", "image of a version that is healthy, for the control (default: the stimulus left out)")
	fl.IntVar(&o.nodes, "nodes", 2, "number of routers, in a line")
	_ = c.RegisterFlagCompletionFunc("platform", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		r, err := cli.Registry()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return r.Skeletons(), cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

func runNew(ctx context.Context, o *newOptions) error {
	if entries, err := os.ReadDir(o.dir); err == nil && len(entries) > 0 {
		return cli.InputError("%s is not empty; name a new folder", o.dir)
	}
	sk, err := skeletonOf(o)
	if err != nil {
		return err
	}
	if err := ask(ctx, o.App, sk); err != nil {
		return err
	}
	if sk.Nodes < 2 || sk.Nodes > 50 {
		return cli.InputError("--nodes %d: want 2 to 50", sk.Nodes)
	}
	err = cli.WholeFolder(o.dir, func(part string) error {
		if err := sk.write(part); err != nil {
			return err
		}
		if _, err := o.Load(part, nil); err != nil {
			return fmt.Errorf("the scenario for %s would not be valid: %w", o.dir, inPlace(err, part, o.dir))
		}
		return nil
	})
	if err != nil {
		return err
	}
	out := written{Dir: o.dir, Scenario: filepath.Join(o.dir, "scenario.yaml")}
	return o.Show(out, func(w io.Writer) {
		cli.Line(w, "wrote %s", out.Scenario)
		cli.Line(w, "next: reprise run %s", out.Dir)
	})
}

// written is what "scenario new" prints with --json.
type written struct {
	Dir      string `json:"dir"`
	Scenario string `json:"scenario"` // the file that says what it is
}

// inPlace has problems name the files as they would be called in another folder.
func inPlace(err error, part, dir string) error {
	problems, ok := errors.AsType[yamlpos.Problems](err)
	if !ok {
		return err
	}
	problems = slices.Clone(problems)
	for i := range problems {
		problems[i].File = strings.Replace(problems[i].File, part, dir, 1)
	}
	return cli.WithCode(cli.ExitCode(err), problems)
}

// skeletonOf is what the options give, and an example's values for the rest.
func skeletonOf(o *newOptions) (*skeleton, error) {
	abs, err := filepath.Abs(o.dir)
	if err != nil {
		return nil, cli.InputError("%s: %w", o.dir, err)
	}
	r, err := cli.Registry()
	if err != nil {
		return nil, err
	}
	sk := &skeleton{
		registry: r,
		ID:       o.id, Title: o.title, What: o.what, When: o.when, How: o.how, Platform: o.platform, Image: o.image, Fixed: o.fixed, Nodes: o.nodes,
	}
	sk.defaults(filepath.Base(abs))
	return sk, sk.setPlatform(sk.Platform)
}

// ask asks for what the flags did not give, when somebody is there to answer.
func ask(ctx context.Context, a *cli.App, sk *skeleton) error {
	asker := a.Asker()
	if asker == nil {
		return nil
	}
	for _, q := range []struct {
		question string
		answer   *string
		given    bool
	}{
		{"Title: the failing behaviour in one line", &sk.Title, sk.given["title"]},
		{"What fails", &sk.What, sk.given["what"]},
		{"When: since when, what changed", &sk.When, sk.given["when"]},
		{"How often, on what occasion", &sk.How, sk.given["how"]},
		{"Platform (" + strings.Join(sk.registry.Skeletons(), ", ") + ")", &sk.Platform, sk.given["platform"]},
		{"Image of the affected version", &sk.Image, sk.given["image"]},
	} {
		if q.given {
			continue
		}
		line, err := asker.Ask(ctx, fmt.Sprintf("%s [%s]: ", q.question, *q.answer))
		if err != nil {
			return err
		}
		if line != "" {
			*q.answer = line
		}
		if q.answer == &sk.Platform {
			if err := sk.setPlatform(sk.Platform); err != nil {
				return err
			}
		}
	}
	return nil
}
