package analyse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/triage"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// coreOptions are what "core" was asked.
type coreOptions struct {
	*cli.App
	subjects []string
	root     string
}

func newCore(a *cli.App, runF func(context.Context, *coreOptions) error) *cobra.Command {
	o := &coreOptions{App: a}
	c := &cobra.Command{
		Use: "core RUN|FOLDER|FILE…", Short: "What core files tell, and which of them are the same crash",
		Long: `What core files tell: who ended, by which signal, where, and which of them are the same
crash. Of a run's trials it is what was recorded when the process died: the program's own
files are in the node then, and gdb, where this machine has it, follows the stack with them.

A file of somebody else's says by its notes alone where it ended, for machines of amd64, 386,
arm64, arm, ppc, ppc64 and mips: the module, its build-id and the address in it, which is
what a vendor needs to find the line. With --sysroot, a folder with the program's files by
their paths, gdb follows its stack. A file of another build than the one that ran is not used.

Two crashes are the same when signal, process and up to five frames are. Where the stack was
not followed, the first frame alone counts; in the C library, where all that abort end, none.
Nothing of the process's memory is shown. gdb runs nothing that lies beside a core file.

Exit status: 0 every core file has its place, 1 there is none, or one without a place, 4 wrong
input.`,
		Example: `  reprise core runs/RUN
  reprise core runs
  reprise core core.4711.gz
  reprise core core.4711 --sysroot ./rootfs --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.subjects = args
			return cli.Run(runF, runCore)(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.root, "sysroot", "", "folder with the program and its libraries by their paths, / for those of this machine")
	return c
}

func runCore(ctx context.Context, o *coreOptions) (err error) {
	if o.root != "" {
		if info, err := os.Stat(o.root); err != nil || !info.IsDir() {
			return cli.InputError("--sysroot %s: want a folder with the program's files below it", o.root)
		}
	}
	dir, err := scratch.Make("core")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := triage.Sources{Root: o.root, Scratch: dir}
	for _, name := range o.subjects {
		switch err := s.Add(ctx, name); {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, triage.ErrNoCore), errors.Is(err, fs.ErrNotExist):
			return cli.InputError("%w", err)
		case err != nil:
			return cli.AsInputError(err)
		}
	}
	cores := s.Cores()
	if err := o.Show(cores, func(w io.Writer) { printCores(w, cores) }); err != nil {
		return err
	}
	return cli.Answer(yesIf(cores.Files > 0 && len(cores.Unplaced) == 0))
}

func printCores(w io.Writer, c result.Cores) {
	of := ""
	if c.Trials > 0 {
		of = " in " + cli.Plural(c.Trials, "trial")
	}
	cli.Tell(w, "%s%s", cli.Plural(c.Files, "core file"), of)
	for _, g := range c.Groups {
		times := fmt.Sprintf("%d times", len(g.Files))
		if len(g.Files) == 1 {
			times = "once"
		}
		if g.Trials > 0 {
			times += fmt.Sprintf(", in %d of %s", g.Trials, cli.Plural(c.Trials, "trial"))
		}
		cli.Tell(w, "")
		cli.Tell(w, "%s  %s: %s  (%s)", g.Signature, g.Process, g.Files[0].Signal, times)
		for _, o := range c.Groups {
			if o.Loose == g.Loose && o.Signature != g.Signature {
				cli.Tell(w, "  it may be %s: the first frame is the same", o.Signature)
			}
		}
		printCore(w, g.Files[0].Core)
		for _, f := range g.Files {
			cli.Tell(w, "  %s", whence(f))
		}
	}
	for _, f := range c.Unplaced {
		cli.Tell(w, "")
		cli.Tell(w, "no signature  %s: %s", f.Process, f.Signal)
		printCore(w, f.Core)
		cli.Tell(w, "  %s", whence(f))
	}
}

// shownFrames is how much of a stack is printed; --json has all of it.
const shownFrames = 12

func printCore(w io.Writer, c evidence.Core) {
	cli.Tell(w, "  %s, %s of %s; %s", c.Machine, cli.Plural(c.Threads, "thread"), c.Process, c.Quality)
	if c.Code != "" {
		cli.Tell(w, "  %s: %s", c.Signal, c.Code)
	}
	for i, f := range c.Frames {
		if i == shownFrames {
			cli.Tell(w, "    … and %s more", cli.Plural(len(c.Frames)-i, "frame"))
			break
		}
		cli.Tell(w, "    #%-2d %s", i, f)
	}
	for _, m := range c.Missing {
		cli.Tell(w, "  not known: %s", m)
	}
}

func whence(f result.CoreFile) string {
	if f.Run == "" {
		return f.Path
	}
	verdict := ""
	if f.Verdict != "" {
		verdict = fmt.Sprintf(" (%s)", f.Verdict)
	}
	return fmt.Sprintf("%s, trial %d%s: %s", f.Run, f.Trial, verdict, strings.TrimSuffix(filepath.Base(f.Path), filepath.Ext(f.Path)))
}
