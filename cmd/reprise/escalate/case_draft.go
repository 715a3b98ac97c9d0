package escalate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
	"github.com/reprise-lab/reprise/topologies/origin"
)

// caseDraftOptions are what "case draft" was asked.
type caseDraftOptions struct {
	*cli.App
	files                  []string
	symptom, dir, casePath string
}

func newCaseDraft(a *cli.App, runF func(context.Context, *caseDraftOptions) error) *cobra.Command {
	o := &caseDraftOptions{App: a}
	c := &cobra.Command{
		Use:   "draft [FILE…]",
		Short: "Make scenarios of what the customer sent: what may have set the failure off",
		Long: `Make a lab of what the customer sent ("topology infer"), and scenarios of what may have set the
failure off, the likeliest first. None is claimed: each says which lines of which files it rests on, what
its control is, and how long a trial takes.

What is broken is what one capture of a device shows and a later one does not (daemons, neighbours of OSPF, IS-IS
and BGP, prefixes, routes), and what is configured and not there; where the files show nothing, what the
customer's sentence names. What may have set it off is what is different between the captures
(version, configuration, MTU, ports), what logs and prompts say was done, the time where it matters by itself, and
at the end what such a failure often comes of.

Captures are ordered by the devices' own clocks, or else as they are given: name the healthy one first.

A folder is written: hypotheses.md and hypotheses.json, lab/ as "topology infer" has it, and for each
hypothesis a folder with a scenario that "reprise run" takes. "reprise case try" runs them in order. The
folder is marked as somebody else's words: its labs are of namespaces, and get nothing else of this machine
without --trust.

Exit status: 0 written; 1 nothing in the files, or in the sentence, says what is broken: what to ask the
customer for is printed; 4 wrong input.`,
		Example: `  reprise case draft r1-monday.txt r1-today.txt r2-today.txt --symptom "OSPF to r2 is lost since the change"
  reprise case draft --case cases/acme --dir acme-draft
  reprise case try acme-draft`,
		RunE: func(c *cobra.Command, args []string) error {
			o.files = args
			if len(o.files) == 0 && o.casePath == "" {
				return cli.InputError("of what? name files, or --case FOLDER")
			}
			return cli.Run(runF, runCaseDraft)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.symptom, "symptom", "", "what the customer says, in a sentence (default: the scope of the case)")
	fl.StringVar(&o.dir, "dir", "draft", "folder to write, which is new or empty")
	fl.StringVar(&o.casePath, "case", "", "folder of a case: the files that it keeps")
	_ = c.MarkFlagDirname("dir") // the flags are there
	_ = c.MarkFlagDirname("case")
	return c
}

// draftedCase is what "case draft" prints with --json.
type draftedCase struct {
	Dir string `json:"dir,omitempty"` // that was written
	*draft.Draft
}

func runCaseDraft(ctx context.Context, o *caseDraftOptions) error {
	files, sentence := o.files, o.symptom
	if o.casePath != "" {
		f, err := cli.OpenCase(o.casePath)
		if err != nil {
			return err
		}
		for _, l := range f.Case.Logs {
			files = append(files, f.Abs(l.File))
		}
		if sentence == "" {
			sentence = f.Case.Scope.What
		}
	}
	if list, err := os.ReadDir(o.dir); err == nil && len(list) > 0 {
		return cli.InputError("%s is not empty: give another folder with --dir", o.dir)
	}
	registry, err := cli.Registry()
	if err != nil {
		return err
	}
	p, err := platforms()
	if err != nil {
		return err
	}
	g, err := intake.NewGrammar()
	if err != nil {
		return err
	}
	r := draft.New(draft.Options{Lacks: cli.ConfigLacks(registry, g), Image: cli.ImageOf, Others: cli.OtherVersions, Template: registry.Template, Commands: p.Commands})
	n, im, err := cli.Network(files, func(p *intake.Part, c *intake.Command, text string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.Visit(p, c, text)
	})
	if err != nil {
		return err
	}
	clean, err := cli.Secretless(n, r.Sent()...)
	if err != nil {
		return err
	}
	out := draftedCase{Draft: r.Draft(im, &n, sentence)}
	if len(out.Hypotheses) > 0 {
		out.Dir = o.dir
		if err := writeDraft(o.App, out, &n, clean); err != nil {
			return err
		}
	}
	shown, err := redactedDraft(out, clean)
	if err != nil {
		return err
	}
	if err := o.Show(shown, func(w io.Writer) { printDraft(w, shown) }); err != nil {
		return err
	}
	if len(out.Hypotheses) == 0 {
		return cli.Answer(cli.ExitNo)
	}
	return nil
}

// writeDraft writes a draft's folder, which takes its name when all is in it. A hypothesis whose scenario is not
// valid is left out of it, and of the draft.
func writeDraft(a *cli.App, d draftedCase, n *infer.Network, clean func(string, []byte) []byte) (err error) {
	lab, err := n.Files("lab", clean)
	if err != nil {
		return cli.AsInputError(err)
	}
	dir := filepath.Clean(d.Dir)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make the folder of the draft: %w", err)
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".part")
	if err != nil {
		return fmt.Errorf("make the folder of the draft: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	if err := os.Chmod(temp, 0o755); err != nil {
		return fmt.Errorf("make the folder of the draft: %w", err)
	}
	if err := writeFiles(filepath.Join(temp, "lab"), lab); err != nil {
		return err
	}
	if err := origin.Write(temp, infer.Digest(append(slices.Clone(lab), infer.File{Name: "hypotheses.md", Data: []byte(d.Markdown())}))); err != nil {
		return err
	}
	if err := drafted(a, d, temp, lab, clean); err != nil {
		return err
	}
	data, err := json.MarshalIndent(d.Draft, "", "  ")
	if err != nil {
		return fmt.Errorf("write the hypotheses: %w", err)
	}
	if err := writeFiles(temp, []infer.File{{Name: hypothesesFile, Data: clean(hypothesesFile, data)}, {Name: "hypotheses.md", Data: clean("hypotheses.md", []byte(d.Markdown()))}}); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty, or it stays
		return fmt.Errorf("make the folder of the draft: %w", err)
	}
	if err := os.Rename(temp, dir); err != nil {
		return fmt.Errorf("make the folder of the draft: %w", err)
	}
	return nil
}

func writeFiles(dir string, files []infer.File) error {
	for _, f := range files {
		if err := evidence.WriteFile(filepath.Join(dir, f.Name), f.Data); err != nil {
			return err
		}
	}
	return nil
}

// drafted writes each scenario, and loads it as run will: one that is not valid is taken out again.
func drafted(a *cli.App, d draftedCase, dir string, lab []infer.File, clean func(string, []byte) []byte) error {
	var kept []draft.Hypothesis
	var first error
	for _, h := range d.Hypotheses {
		files, err := h.Files(lab, clean)
		if err != nil {
			return err
		}
		folder := filepath.Join(dir, h.Name)
		if err := writeFiles(folder, files); err != nil {
			return err
		}
		if _, err := a.LoadQuiet(folder, nil); err != nil {
			why := strings.ReplaceAll(err.Error(), dir, d.Dir)
			d.Unknown = append(d.Unknown, fmt.Sprintf("%s is left out: its scenario is not valid: %s", h.Name, why))
			if first == nil {
				first = cli.InputError("none of the hypotheses is a valid scenario: %s: %s", h.Name, why)
			}
			if err := os.RemoveAll(folder); err != nil {
				return fmt.Errorf("take a hypothesis out of the draft: %w", err)
			}
			continue
		}
		kept = append(kept, h)
	}
	if d.Hypotheses = kept; len(kept) == 0 {
		return first
	}
	return nil
}

// hypothesesFile is what "case try" reads of a draft.
const hypothesesFile = "hypotheses.json"

// redactedDraft is a draft as it may be shown.
func redactedDraft(d draftedCase, clean func(string, []byte) []byte) (shown draftedCase, err error) {
	data, err := json.Marshal(d)
	if err != nil {
		return shown, fmt.Errorf("write the draft: %w", err)
	}
	if err := json.Unmarshal(clean("draft.json", data), &shown); err != nil {
		return shown, fmt.Errorf("read the draft without its secrets: %w", err)
	}
	return shown, nil
}

// printDraft writes a draft for people.
func printDraft(w io.Writer, d draftedCase) {
	for _, s := range d.Broken {
		cli.Tell(w, "broken: %s", s)
	}
	for _, s := range d.NotShown {
		cli.Tell(w, "broken, and not to be shown in this lab: %s", s)
	}
	for _, c := range d.Changes {
		cli.Tell(w, "done: %s: %s (%s)", c.Node, c.What, c.From)
	}
	for _, h := range d.Hypotheses {
		cli.Tell(w, "%-32s %s", h.Name, h.Title)
		for _, r := range h.Reasons {
			cli.Tell(w, "  %s", r)
		}
		cli.Tell(w, "  control: %s; a trial takes up to %d s", cli.OrDash(h.Control), h.Seconds)
	}
	for _, u := range d.Unknown {
		cli.Tell(w, "not known: %s", u)
	}
	if len(d.Hypotheses) == 0 {
		cli.Tell(w, "nothing says what is broken that a lab can show, and nothing is drafted; ask the customer for:")
		for _, a := range d.Ask {
			cli.Tell(w, "  %s", a)
		}
		return
	}
	cli.Tell(w, "none of these is claimed; next: reprise case try %s", d.Dir)
}
