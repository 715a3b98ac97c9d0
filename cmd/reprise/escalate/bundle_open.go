package escalate

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

func (a *app) bundleOpenVerb() *cobra.Command {
	var read readFlags
	var dir string
	c := &cobra.Command{
		Use:   "open FILE",
		Short: "Unpack a bundle so that its runs can be judged and repeated",
		Long: `Check the digests, unpack into a new folder, and print the commands that judge and
repeat the runs. Nothing that is in the bundle is executed by this.

A scenario is somebody else's: look at what it does to your lab before you run it
(reprise run SCENARIO --dry-run).`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeBundles,
	}
	c.RunE = func(c *cobra.Command, args []string) error { return a.bundleOpen(c, args[0], dir, &read) }
	read.register(c)
	c.Flags().StringVarP(&dir, "output", "o", "", "folder to make (default: named after the file)")
	return c
}

// openedRun is one run that was unpacked.
type openedRun struct {
	ID    string `json:"id"`
	Dir   string `json:"dir"`
	Judge string `json:"judge"` // commands
	Run   string `json:"run"`
}

func (a *app) bundleOpen(c *cobra.Command, file, dir string, read *readFlags) error {
	o, err := a.readOptions(c, read, "unpacked")
	if err != nil {
		return err
	}
	if dir == "" {
		dir = folderName(file)
	}
	b, err := bundle.Open(c.Context(), file, o)
	if err != nil {
		return bundleError(err)
	}
	defer b.Close() //nolint:errcheck // read only
	if err := b.Extract(c.Context(), dir, nil); err != nil {
		return bundleError(fmt.Errorf("open %s: %w", file, err))
	}
	out := struct {
		Dir  string      `json:"dir"`
		Runs []openedRun `json:"runs"`
	}{dir, []openedRun{}}
	for _, r := range b.Manifest.Claim.Runs {
		run, err := openedFrom(dir, r.ID)
		if err != nil {
			return cli.WithCode(cli.ExitNo, err)
		}
		out.Runs = append(out.Runs, run)
	}
	if done, err := a.Emit(out); done {
		return err
	}
	a.printClaim(b.Manifest.Claim)
	for _, r := range out.Runs {
		a.Tell("judge     %s", r.Judge)
		a.Tell("run       %s", r.Run)
	}
	a.Tell("%s", dir)
	return nil
}

func folderName(file string) string {
	name := filepath.Base(file)
	for _, ext := range []string{".age", ".zst", ".tar", ".zip"} {
		name = strings.TrimSuffix(name, ext)
	}
	if name == filepath.Base(file) {
		name += ".opened"
	}
	return name
}

// openedFrom gives the commands for a run that was unpacked.
func openedFrom(dir, id string) (openedRun, error) {
	run, info, err := evidence.OpenDir(filepath.Join(dir, "runs", id))
	if err != nil {
		return openedRun{}, err
	}
	scenario := filepath.FromSlash(info.Scenario.File)
	if !filepath.IsLocal(scenario) {
		return openedRun{}, fmt.Errorf("%s: its scenario %q leads out of the run", id, info.Scenario.File)
	}
	words := []string{"reprise", "run", run.File("input", scenario), "--trials", fmt.Sprint(info.Trials), "--reset", info.Reset}
	if info.Variant == evidence.VariantControl {
		words = append(words, "--control")
	}
	for _, key := range slices.Sorted(maps.Keys(info.Set)) {
		words = append(words, "--set", key+"="+info.Set[key])
	}
	return openedRun{ID: id, Dir: run.Path, Judge: shellWords("reprise", "judge", run.Path), Run: shellWords(words...)}, nil
}

// shellWords writes a command that can be pasted into a shell.
func shellWords(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@,+") != "" {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
