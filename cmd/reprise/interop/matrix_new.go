package interop

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/scenarios/suite"
	"github.com/reprise-lab/reprise/scenarios/suites"
)

// matrixNewOptions are what "matrix new" was asked.
type matrixNewOptions struct {
	*cli.App
	dir, from, id string
}

// smallest is the suite of the fewest files, and takes seconds.
const smallest = "smoke"

func newMatrixNew(a *cli.App, runF func(context.Context, *matrixNewOptions) error) *cobra.Command {
	o := &matrixNewOptions{App: a}
	c := &cobra.Command{
		Use:   "new DIR",
		Short: "Write a test suite that runs, to change into yours",
		Long: `Write the files of a suite that comes with the program into DIR, which is new or empty: they are the suite under
another name, to which you add versions, platforms and tests. What it requires by name (requirements: [rfc2328])
stays the program's own.

Exit status: 0 written, 4 wrong input.`,
		Example: `  reprise matrix new my-suite
  reprise matrix new my-lacp --from lacp
  reprise matrix run ./my-lacp --dry-run`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			return cli.Run(runF, runMatrixNew)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.from, "from", smallest, "the `suite` to begin with, one of reprise matrix list")
	fl.StringVar(&o.id, "id", "", "short name (default: the folder's)")
	_ = c.RegisterFlagCompletionFunc("from", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return suites.Names(), cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

func runMatrixNew(_ context.Context, o *matrixNewOptions) error {
	if entries, err := os.ReadDir(o.dir); err == nil && len(entries) > 0 {
		return cli.InputError("%s is not empty; name a new folder", o.dir)
	}
	abs, err := filepath.Abs(o.dir)
	if err != nil {
		return cli.InputError("%s: %w", o.dir, err)
	}
	id := o.id
	if id == "" {
		id = filepath.Base(abs)
	}
	if err := suite.CheckID(id); err != nil {
		return cli.InputError("--id: %w", err)
	}
	if names := suites.Names(); !slices.Contains(names, o.from) {
		return cli.InputError("--from %s: no suite that comes with the program (%s)", o.from, strings.Join(names, ", "))
	}
	if err := cli.WholeFolder(o.dir, func(part string) error { return writeSuite(part, o.from, id) }); err != nil {
		return err
	}
	o.Say("wrote %s, as %s is", filepath.Join(o.dir, "suite.yaml"), o.from)
	o.Say("next: reprise matrix show %s", o.dir)
	return nil
}

// idLine is the line of a suite that has its id.
const idLine = "\nid: "

// writeSuite writes a suite of the program into a folder, with another id.
func writeSuite(dir, from, id string) error {
	files, err := suites.Files.ReadDir(from)
	if err != nil {
		return fmt.Errorf("read the suite: %w", err)
	}
	for _, f := range files {
		data, err := suites.Files.ReadFile(path.Join(from, f.Name()))
		if err != nil {
			return fmt.Errorf("read the suite: %w", err)
		}
		if f.Name() == "suite.yaml" {
			data = bytes.Replace(data, []byte(idLine+from+"\n"), []byte(idLine+id+"\n"), 1)
		}
		if err := evidence.WriteFile(filepath.Join(dir, f.Name()), data); err != nil {
			return fmt.Errorf("write the suite: %w", err)
		}
	}
	return nil
}
