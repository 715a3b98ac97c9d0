package escalate

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// escalateOptions are what escalate was asked.
type escalateOptions struct {
	*cli.App
	folder, despite, form string
	pack                  packing
	redact                cutting
}

// check tells what is wrong with the options.
func (o *escalateOptions) check() error {
	f := &o.redact
	switch {
	case f.none && (f.key != "" || len(f.hide)+len(f.secret)+len(f.keep)+len(f.rules)+f.prove > 0):
		return cli.InputError("--no-redact cuts nothing: --redact-key, --hide, --secret, --keep, --rules and --prove have no meaning with it")
	case f.none:
		return o.pack.check()
	}
	keyed := *f
	keyed.key = cmp.Or(f.key, "the case's own")
	return errors.Join(o.pack.check(), keyed.check())
}

func newEscalate(a *cli.App, runF func(context.Context, *escalateOptions) error) *cobra.Command {
	o := &escalateOptions{App: a}
	c := &cobra.Command{
		Use:   "escalate FOLDER",
		Short: "Hand a case to the vendor: bundle, form, summary, plan",
		Long: `Write what the vendor needs into a folder of the case: the bundle with runs, logs and
configurations, redacted; the text to paste into the vendor's portal; one page for a
manager; the action plan.

While a duty of the contract is unmet ("case check") it refuses, unless --despite gives
the reason, which stands on page one of everything. A problem that was reproduced at another
speed of the lab's clocks, and not in as many trials at speed 1 as that claim needs, is
never escalated.

The key of the redaction stays in the case's folder .owner, and with it the way back:
"bundle redact --reveal" reads an answer with the real names.

Exit status: 0 written; 4 wrong input; 6 refused: a duty is unmet, a secret would leave,
or a licence forbids it.`,
		Example: `  reprise escalate cases/acme --sign ~/.ssh/id_ed25519 --to tac.pub
  reprise escalate cases/acme --form cisco --despite "the customer's window is tonight"`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeCase,
		RunE: func(c *cobra.Command, args []string) error {
			o.folder = args[0]
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runEscalate)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.despite, "despite", "", "escalate although duties are unmet, for this reason")
	fl.StringVar(&o.form, "form", "", "portal to write the form for: "+strings.Join(cases.Vendors(), ", ")+" (default: that of the product's vendor)")
	o.pack.register(fl)
	o.redact.register(fl)
	cli.MustComplete(c, "form", cases.Vendors()...)
	return a.Trusting(c)
}

// escalated is what --json prints.
type escalated struct {
	Dir     string       `json:"dir"`
	Bundle  string       `json:"bundle"`
	SHA256  string       `json:"sha256"`
	Tree    string       `json:"tree"` // digest of the evidence
	Form    string       `json:"form"`
	Summary string       `json:"summary"`
	Plan    string       `json:"plan"`
	Despite string       `json:"despite,omitempty"`
	Owed    []cases.Duty `json:"owed,omitempty"`
	Claim   bundle.Claim `json:"claim"`
	Left    []string     `json:"left-out,omitempty"`
	Sealed  []string     `json:"recipients,omitempty"`
	Signer  string       `json:"signed-with,omitempty"`
	Redact  string       `json:"redaction,omitempty"` // what was cut, in one line
	// Person are the lines that only a person can judge, as they are in the bundle.
	Person []string `json:"left-to-a-person,omitempty"`
}

func runEscalate(ctx context.Context, o *escalateOptions) error {
	folder, err := cli.OpenCase(o.folder)
	if err != nil {
		return err
	}
	form, err := formOf(folder.Case, o.form)
	if err != nil {
		return err
	}
	e, err := owed(o, folder)
	if err != nil {
		return err
	}
	out, err := handOn(ctx, o, folder, e, form)
	if err != nil {
		return err
	}
	return o.Show(out, func(w io.Writer) { printEscalated(w, folder.Path, out) })
}

// owed holds the case against the duties. One that is unmet refuses it, unless there is a reason.
func owed(o *escalateOptions, folder cases.Folder) (cases.Escalation, error) {
	if why := folder.Unreal(); why != "" {
		return cases.Escalation{}, cli.WithCode(cli.ExitRefused, fmt.Errorf("no reason allows it: the problem was reproduced in %s", why))
	}
	p, err := platforms()
	if err != nil {
		return cases.Escalation{}, err
	}
	duties := cases.Check(folder, p)
	owed := cases.Owed(duties)
	if len(owed) > 0 && strings.TrimSpace(o.despite) == "" {
		for _, d := range owed {
			o.Progress("NOT MET  %s: %s\n         do: %s", d.Title, d.Why, d.Do)
		}
		return cases.Escalation{}, cli.WithCode(cli.ExitRefused, fmt.Errorf("%s unmet: meet it, say why it does not apply (case set --waive DUTY=REASON), or give --despite REASON", cli.Plural(len(owed), "duty")))
	}
	e := cases.Escalate(folder, duties)
	if len(owed) > 0 {
		e.Despite = o.despite
	}
	return e, nil
}

// handOn writes the bundle and the texts into a folder of the case, and says so in the case; all
// of it or nothing.
func handOn(ctx context.Context, o *escalateOptions, folder cases.Folder, e cases.Escalation, form string) (escalated, error) {
	out := escalated{Dir: unused(cli.CaseFile(folder, "escalation", time.Now()), ""), Despite: e.Despite, Owed: e.Owed}
	if err := os.Mkdir(out.Dir, 0o700); err != nil {
		return out, fmt.Errorf("make a folder for the escalation: %w", err)
	}
	if err := packCase(ctx, o, folder, e, &out); err != nil {
		return out, errors.Join(err, os.RemoveAll(out.Dir)) // half an escalation is none
	}
	e.Bundle, e.Digest, e.Sealed, e.Signer = filepath.Base(out.Bundle), out.SHA256, out.Sealed, out.Signer
	err := writePages(e, form, &out)
	if err == nil {
		err = moveOn(&folder, e, out)
	}
	if err != nil {
		return out, errors.Join(err, os.RemoveAll(out.Dir))
	}
	return out, nil
}

// printEscalated writes what was made, and what is next for the case in a folder.
func printEscalated(w io.Writer, folder string, out escalated) {
	printClaim(w, out.Claim)
	for _, l := range leftLines(out.Left) {
		cli.Line(w, "left out  %s", l)
	}
	for _, l := range leftLines(out.Person) {
		cli.Tell(w, "look at   %s", l)
	}
	cli.Line(w, "redacted  %s", out.Redact)
	cli.Line(w, "bundle    %s", out.Bundle)
	cli.Line(w, "sha-256   %s", out.SHA256)
	cli.Line(w, "form      %s", out.Form)
	cli.Line(w, "summary   %s", out.Summary)
	cli.Line(w, "plan      %s", out.Plan)
	if out.Despite != "" {
		cli.Line(w, "DESPITE   %s (%s unmet; page one says so)", out.Despite, cli.Plural(len(out.Owed), "duty"))
	}
	cli.Line(w, "next: paste the form, attach the bundle, then reprise case set %s service-request.number=…", folder)
}

// formOf chooses the portal.
func formOf(c cases.Case, asked string) (string, error) {
	if asked == "" {
		asked = cases.VendorOf(c.Product)
	}
	return asked, cli.AsInputError(cases.Escalation{}.WriteForm(io.Discard, asked))
}

// packCase stages the case beside the escalation, and packs it with its runs.
func packCase(ctx context.Context, o *escalateOptions, folder cases.Folder, e cases.Escalation, out *escalated) (err error) {
	work, err := scratch.Make("case")
	if err != nil {
		return fmt.Errorf("make a folder for the case: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	var summary, plan bytes.Buffer
	if err := errors.Join(e.WriteSummary(&summary), e.WritePlan(&plan)); err != nil {
		return err
	}
	staged, err := cases.Stage(folder, filepath.Join(work, "case"), map[string][]byte{"SUMMARY.md": summary.Bytes(), "PLAN.md": plan.Bytes()})
	if err != nil {
		return cli.WithCode(cli.ExitInput, err)
	}
	if len(staged.Runs) == 0 {
		return cli.InputError("the case has no run that could be packed: reprise case set %s --run FOLDER", folder.Path)
	}
	o.pack.caseDir = filepath.Join(work, "case")
	if o.pack.who == "" {
		o.pack.who = strings.Join(cli.Present(folder.Case.Partner.Contact, folder.Case.Partner.Name), ", ")
	}
	r, err := caseRedaction(o, folder)
	if err != nil {
		return err
	}
	_, info, err := evidence.OpenDir(staged.Runs[0])
	if err != nil {
		return err
	}
	// Named after the scenario: the case's own name may be the customer's.
	name := info.Scenario.ID
	for _, w := range o.redact.hide {
		if strings.Contains(strings.ToLower(name), strings.ToLower(w)) {
			name = "case"
		}
	}
	o.pack.output = filepath.Join(out.Dir, name+o.pack.suffix())
	created, err := pack(ctx, o.App, staged.Runs, &o.pack, r)
	if err != nil {
		return err
	}
	out.Bundle, out.Tree, out.Claim, out.Left = created.File, created.Tree, created.Claim, append(staged.Left, created.Left...)
	out.Sealed, out.Signer = created.To, created.Key
	out.Redact, out.Person = r.summary(), created.Person
	out.SHA256, err = plain.SHA256(created.File)
	return err
}

// writePages writes the texts beside the bundle.
func writePages(e cases.Escalation, form string, out *escalated) error {
	out.Form, out.Summary, out.Plan = filepath.Join(out.Dir, "form-"+form+".txt"), filepath.Join(out.Dir, "summary.md"), filepath.Join(out.Dir, "plan.md")
	for _, page := range []struct {
		file  string
		write func(io.Writer) error
	}{
		{out.Form, func(w io.Writer) error { return e.WriteForm(w, form) }},
		{out.Summary, e.WriteSummary},
		{out.Plan, e.WritePlan},
	} {
		var b bytes.Buffer
		if err := page.write(&b); err != nil {
			return err
		}
		if err := evidence.WriteFile(page.file, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// handedOn is a line of what was handed on, kept beside the key: answers are held against it.
type handedOn struct {
	At     time.Time    `json:"at"`
	Bundle string       `json:"bundle"`
	SHA256 string       `json:"sha256"`
	Tree   string       `json:"tree"`
	Claim  bundle.Claim `json:"claim"`
}

func handedOnFile(f cases.Folder) string {
	return filepath.Join(f.Path, ".owner", "handed-on.ndjson")
}

// moveOn says in the case that it was handed on.
func moveOn(folder *cases.Folder, e cases.Escalation, out escalated) (err error) {
	lines, err := evidence.CreateLines(handedOnFile(*folder))
	if err != nil {
		return err
	}
	line := handedOn{At: time.Now().UTC(), Bundle: filepath.Base(out.Bundle), SHA256: out.SHA256, Tree: out.Tree, Claim: out.Claim}
	if err := errors.Join(lines.Append(line), lines.Close()); err != nil {
		return err
	}
	if folder.Case.State == cases.Opened {
		if err := folder.Edit(func(ed *cases.Editor) error { return ed.Set("state", string(cases.Escalated)) }); err != nil {
			return err
		}
	}
	says := fmt.Sprintf("escalated: %s, SHA-256 %s", filepath.Base(out.Bundle), out.SHA256)
	if e.Despite != "" {
		says += ", despite unmet duties: " + e.Despite
	}
	return folder.Note(time.Now(), says)
}
