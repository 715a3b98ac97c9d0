package escalate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/draft"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/infer"
	"github.com/reprise-lab/reprise/harness/intake"
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
hypothesis a folder with a scenario that "reprise run" takes. "reprise case try" runs them in order.

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
		if err := writeDraft(out, &n, clean); err != nil {
			return err
		}
		if err := drafted(o.App, out); err != nil {
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

// writeDraft writes a draft's folder.
func writeDraft(d draftedCase, n *infer.Network, clean func(string, []byte) []byte) error {
	lab, err := n.Files("lab", clean)
	if err != nil {
		return cli.AsInputError(err)
	}
	data, err := json.MarshalIndent(d.Draft, "", "  ")
	if err != nil {
		return fmt.Errorf("write the hypotheses: %w", err)
	}
	folders := map[string][]infer.File{
		"":    {{Name: hypothesesFile, Data: clean(hypothesesFile, data)}, {Name: "hypotheses.md", Data: clean("hypotheses.md", []byte(d.Markdown()))}},
		"lab": lab,
	}
	for i := range d.Hypotheses {
		h := &d.Hypotheses[i]
		if folders[h.Name], err = h.Files(lab, clean); err != nil {
			return err
		}
	}
	for folder, files := range folders {
		if err := os.MkdirAll(filepath.Join(d.Dir, folder), 0o755); err != nil {
			return fmt.Errorf("make the folder of the draft: %w", err)
		}
		for _, f := range files {
			if err := evidence.WriteFile(filepath.Join(d.Dir, folder, f.Name), f.Data); err != nil {
				return err
			}
		}
	}
	return nil
}

// hypothesesFile is what "case try" reads of a draft.
const hypothesesFile = "hypotheses.json"

// drafted loads each scenario that was written, as run will.
func drafted(a *cli.App, d draftedCase) error {
	for _, h := range d.Hypotheses {
		if _, err := a.LoadQuiet(filepath.Join(d.Dir, h.Name), nil); err != nil {
			return fmt.Errorf("the scenario of %s is not valid: %w", h.Name, err)
		}
	}
	return nil
}

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
