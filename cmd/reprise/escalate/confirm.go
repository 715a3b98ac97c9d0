package escalate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/stats"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/reports/handover/confirm"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// confirmOptions are what confirm was asked.
type confirmOptions struct {
	*cli.App
	bundle       string
	read         reading
	images       []string
	signers      string
	sign, output string
	trials, labs int
	reset        string
	speed        cli.Speed
	lab          cli.LabFlags
}

// check tells what is wrong with the options.
func (o *confirmOptions) check() error {
	if o.trials < 0 || o.trials > 10000 || o.labs < 0 || o.labs > 64 {
		return cli.InputError("--trials takes 1 to 10000, --labs 1 to 64")
	}
	if o.speed == cli.AutoSpeed {
		return cli.InputError("--speed auto: a claim is confirmed at its own speed, or at the number that you give")
	}
	return nil
}

func newConfirm(a *cli.App, runF func(context.Context, *confirmOptions) error) *cobra.Command {
	o := &confirmOptions{App: a}
	c := &cobra.Command{
		Use:   "confirm BUNDLE",
		Short: "Run somebody else's case, and say whether it holds here",
		Long: `Check a bundle, show what it claims and what is different here, and run as many trials
as the claim needs: one that shows the same failure confirms; n without one contradict,
where n is such that a claim at the lower end of its 95 % interval would have shown in
one of them with 95 %. Nothing but the bundle and its images is needed.

A trial counts only when the failure has the claim's signature, and where the scenario has
a control, a valid trial of that must be healthy here too. Where an image, the kind of lab,
the reset or another thing that matters differs, n clean trials do not contradict: that may be the reason.

The scenario is somebody else's, and so is every scenario that "bundle open" unpacked and
whatever was made of one. It gets what a list allows: nodes and links of a lab without a way
out, images that are here by name, its own files. All else (folders, ports, rights, networks,
users, settings of the kernel, machines, disks, labels, passwords, variables of the
environment, many labs, much time) is listed, and refused until --trust names it item by item.
Its labs are made of namespaces, without root: the container engine, which is root's, has to
be named as well (--trust engine).

What goes back speaks of this machine in pseudonyms: its name, users, folders and the values
of its environment are replaced, by a key that stays in .owner. It is confirmation.json, signed with --sign, which the other side takes
in with "case set CASE --confirmation FILE". Beside it lies runs.tar.zst, a bundle of
the runs that were made here: "bundle diff" of the two says what was different.

Exit status: 0 confirmed, 1 contradicted or the bundle does not hold, 2 inconclusive,
4 wrong input, 5 the environment lacks something, 6 refused.`,
		Example: `  reprise confirm acme-ospf.tar.zst.age -i ~/.ssh/id_ed25519 --signers partners --sign ~/.ssh/id_ed25519
  reprise confirm acme-ospf.tar.zst --image r1=reprise/frr:10.3`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeBundles,
		RunE: func(c *cobra.Command, args []string) error {
			o.bundle = args[0]
			if err := errors.Join(o.check(), o.read.check(c)); err != nil {
				return err
			}
			o.lab.AllLabs = o.labs == 0 && cli.AllLabs(c)
			return cli.Run(runF, runConfirm)(c.Context(), o)
		},
	}
	o.read.register(c)
	fl := c.Flags()
	fl.StringArrayVar(&o.images, "image", nil, "NODE=REF: run a node on this image instead")
	fl.StringVar(&o.signers, "signers", "", "file of the keys that may sign the bundle, as ssh-keygen's allowed signers")
	fl.StringVar(&o.sign, "sign", "", "sign the confirmation with this ssh key")
	fl.StringVarP(&o.output, "output", "o", "", "folder for the opened bundle, the runs and the confirmation (default: named after the bundle)")
	cli.CountVar(fl, &o.trials, "trials", "", "run exactly so many trials (default: as many as the claim needs, until one confirms)")
	fl.IntVar(&o.labs, "labs", 0, "labs side by side (default: as in the claim)")
	cli.ResetFlag(fl, &o.reset, "trials", "as in the claim")
	cli.SpeedFlag(fl, &o.speed, "as in the claim")
	o.lab.Register(fl)
	cli.CompleteReset(c)
	cli.CompleteSpeed(c)
	return a.Trusting(c)
}

// confirmed is what --json prints.
type confirmed struct {
	confirm.Confirmation
	ControlWas confirm.ControlState `json:"control-was"`
	File       string               `json:"file"`
	Dir        string               `json:"dir"`            // the runs
	Runs       string               `json:"runs,omitempty"` // a bundle of them; empty where they may not be handed on
	Exit       int                  `json:"exit"`
}

func runConfirm(ctx context.Context, o *confirmOptions) (err error) {
	signer, done, err := signingKey(ctx, o.sign)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	dir := o.output
	if dir == "" {
		dir = unused(folderName(o.bundle)+".confirmed", "")
	}
	b, who, err := openChecked(ctx, o, dir)
	if err != nil {
		return err
	}
	main := b.Claim.Main()
	if main == nil || main.Rate == nil {
		return cli.InputError("the bundle claims nothing that could be confirmed: it has no judged run of its scenario")
	}
	t, err := confirmTrials(ctx, *main, filepath.Join(dir, "bundle", "runs", main.ID), filepath.Join(dir, "runs"), o)
	if err != nil {
		return err
	}
	t.out.Bundle = confirm.Bundle{File: filepath.Base(o.bundle), Tree: b.Tree, Signer: who}
	t.out.Tool, t.out.At = cli.ToolInfo(), time.Now().UTC().Truncate(time.Second)
	t.out.Decide()
	out, packed, err := answer(ctx, o, t, dir, signer)
	if err != nil {
		return err
	}
	if packed.File != "" && !o.JSON {
		o.Progress("this machine's name, users, folders and environment are hidden in what goes back: %s", packed.Redacted)
	}
	err = o.Show(out, func(w io.Writer) { printConfirmed(w, o.bundle, signer != nil, out) })
	return errors.Join(err, cli.Answer(out.Exit))
}

// answer writes what goes back into a folder: the confirmation, with its signature, and the runs.
func answer(ctx context.Context, o *confirmOptions, t *confirmation, dir string, signer ssh.Signer) (out confirmed, packed createdResult, err error) {
	r, err := answerRedaction(o.App, dir, filepath.Join(dir, "bundle"))
	if err != nil {
		return out, packed, err
	}
	packed = packAnswer(ctx, o.App, t.runs, filepath.Join(dir, "runs.tar.zst"), o.sign, r)
	if t.out.Host, err = r.pseudonym(t.out.Host); err != nil {
		return out, packed, err
	}
	if i := slices.IndexFunc(packed.Claim.Runs, func(c bundle.RunClaim) bool { return c.ID == t.out.Seen.Run }); i >= 0 {
		t.out.Seen.Digest = packed.Claim.Runs[i].Run // of the run as it goes back
	}
	out = confirmed{Confirmation: t.out, ControlWas: t.out.ControlState(), File: filepath.Join(dir, confirm.FileName), Dir: t.dir, Runs: packed.File, Exit: resultCode(t.out.Result)}
	data, err := out.Marshal()
	if err != nil {
		return out, packed, err
	}
	if data, err = r.reworded(confirm.FileName, data); err != nil {
		return out, packed, err
	}
	if err := evidence.WriteFile(out.File, data); err != nil || signer == nil {
		return out, packed, err
	}
	sig, err := bundle.Sign(confirm.Namespace, data, signer)
	if err != nil {
		return out, packed, err
	}
	return out, packed, evidence.WriteFile(out.File+".sig", sig)
}

// resultCode maps a confirmation's result to the exit status.
func resultCode(r confirm.Result) int {
	switch r {
	case confirm.Confirmed:
		return cli.ExitYes
	case confirm.Contradicted:
		return cli.ExitNo
	default:
		return cli.ExitInconclusive
	}
}

// printConfirmed writes whether a bundle's claim holds here, and what to send back.
func printConfirmed(w io.Writer, file string, signed bool, out confirmed) {
	cli.Line(w, "")
	cli.Line(w, "%s: %s", strings.ToUpper(string(out.Result)), out.Reason)
	switch {
	case out.Stopped:
		cli.Line(w, "stopped at the first of %d that shows it; %d/%d claimed (--trials N gives a rate)", out.Seen.Valid, out.Claim.Reproduced, out.Claim.Valid)
	case out.P != nil:
		cli.Line(w, "rate %d/%d here, %d/%d claimed; Fisher p=%.2f", out.Seen.Reproduced, out.Seen.Valid, out.Claim.Reproduced, out.Claim.Valid, *out.P)
	}
	cli.Line(w, "%s", out.ControlWords())
	if out.Runs != "" {
		cli.Line(w, "what was different: reprise bundle diff %s %s", file, out.Runs)
	}
	with := " (not signed: --sign KEY)"
	if signed {
		with = " and " + out.File + ".sig"
	}
	cli.Line(w, "send back %s%s", out.File, with)
}

// unused gives a name that nothing has yet: an earlier answer, or what an interrupted one
// left, stays.
func unused(name, suffix string) string {
	as := name + suffix
	for n := 2; ; n++ {
		if _, err := os.Lstat(as); os.IsNotExist(err) {
			return as
		}
		as = fmt.Sprintf("%s-%d%s", name, n, suffix)
	}
}

// packAnswer packs the runs that were made here, redacted. Where a mark forbids that, the
// answer stands without them.
func packAnswer(ctx context.Context, a *cli.App, runs []string, file, sign string, r *redaction) createdResult {
	out, err := pack(ctx, a, runs, &packing{output: file, sign: sign, who: "who confirmed it"}, r)
	if err != nil {
		a.Progress("the runs are not packed: %v", err)
		return createdResult{}
	}
	return out
}

// openChecked verifies a bundle and opens it, and gives its manifest and who signed it.
func openChecked(ctx context.Context, o *confirmOptions, dir string) (m bundle.Manifest, who string, err error) {
	ro, err := readOptions(ctx, o.App, &o.read, "checked")
	if err != nil {
		return m, "", err
	}
	vo := bundle.VerifyOptions{Rejudge: rejudged, Now: time.Now()}
	if vo.Signers, err = readSigners(o.App, o.signers); err != nil {
		return m, "", err
	}
	b, err := bundle.Open(ctx, o.bundle, ro)
	if err != nil {
		return m, "", bundleError(err)
	}
	defer b.Close() //nolint:errcheck // read only
	result, err := bundle.Verify(ctx, b, vo)
	if err != nil {
		return m, "", bundleError(err)
	}
	for _, check := range result.Checks {
		if check.State == bundle.Failed {
			return m, "", cli.WithCode(cli.ExitNo, fmt.Errorf("%s does not hold, and is not run: %s: %s", o.bundle, check.Name, check.Detail))
		}
	}
	if s := result.Signature; s != nil {
		who = strings.Join(append([]string{s.Fingerprint}, s.Principals...), " ")
		o.Progress("signed by %s", who)
	} else {
		o.Progress("not signed: nobody vouches for this bundle")
	}
	if err := b.Extract(ctx, filepath.Join(dir, "bundle"), nil); err != nil {
		return m, "", bundleError(fmt.Errorf("open %s: %w", o.bundle, err))
	}
	return b.Manifest, who, nil
}

func readSigners(a *cli.App, file string) (bundle.Signers, error) {
	if file == "" {
		return nil, nil
	}
	data, err := plain.Read(file, plain.Text)
	if err != nil {
		return nil, cli.InputError("read signers: %w", err)
	}
	signers, err := bundle.ParseSigners(data)
	if err != nil {
		return nil, cli.InputError("--signers %s: %w", file, err)
	}
	for _, fault := range signers.Faults() {
		a.Progress("%s: %v: it allows nobody", file, fault)
	}
	return signers, nil
}

// confirmation is one in the making.
type confirmation struct {
	out  confirm.Confirmation
	dir  string
	runs []string // all that were made, that of the control included
}

// maxConfirm bounds the trials of a claim that is so rare that more would be needed to
// contradict it: one hit still confirms.
const maxConfirm = 1000

// confirmTrials shows what is claimed and what differs, and runs what the claim needs. run
// is the folder of the claim's run; those from here go below runs.
func confirmTrials(ctx context.Context, main bundle.RunClaim, run, runs string, o *confirmOptions) (*confirmation, error) {
	theirs, info, err := evidence.OpenDir(run)
	if err != nil {
		return nil, err
	}
	t := &confirmation{out: confirm.Confirmation{Reprise: confirm.Format, Claim: confirm.ShownOf(main)}}
	t.out.Planned = confirm.Needed(t.out.Claim)
	trials, exact := min(t.out.Planned, maxConfirm), o.trials > 0
	if exact {
		trials = o.trials
	}
	if trials < t.out.Planned {
		o.Progress("%d trials without a hit would be needed to contradict so rare a claim, and at most %d are run: they can confirm it, not contradict", t.out.Planned, trials)
	}
	labs := o.labs
	if labs == 0 {
		labs = max(info.Labs, 1)
		if err := o.PermitLabs(run, labs); err != nil {
			return nil, err
		}
	}
	if t.out.Planned == 0 {
		return nil, cli.InputError("the bundle shows no reproduction (%s): there is nothing to confirm", main.RateText())
	}
	p, err := o.Plan(theirs.File("input", filepath.FromSlash(info.Scenario.File)), &cli.PlanFlags{Trials: trials, Labs: labs, Set: confirmSets(info.Set, o.images), Reset: cmp.Or(o.reset, info.Reset), Speed: cmp.Or(o.speed, cli.Speed(info.Clock.Factor()))})
	if err != nil {
		return nil, err
	}
	if err := o.Permit(p); err != nil {
		return nil, err
	}
	plans := []*plan.Plan{p}
	var control *plan.Plan
	if t.out.Claim.HasControl = p.Loaded.Scenario.Control != nil; t.out.Claim.HasControl {
		control, err = plan.New(p.Loaded, plan.Options{Variant: evidence.VariantControl, Set: p.Set, Trials: 1, Labs: 1, Reset: p.Reset, Speed: p.Clock.Factor()})
		if err != nil {
			return nil, cli.WithCode(cli.ExitInput, err)
		}
		plans = append(plans, control)
	}
	b, err := o.OpenTestbed(ctx, runs, o.lab, plans...)
	if err != nil {
		return nil, err
	}
	o.Progress("%s", cli.Heading(p))
	o.Progress("claim: %s", main.RateText())
	made, err := experiment.Confirm(ctx, &b.Bench, p, control, experiment.ConfirmOptions{
		Trials: trials, Exact: exact,
		Same: func(dir string) (bool, error) {
			seen, err := bundle.ClaimOf(dir)
			return confirm.Same(t.out.Claim, confirm.ShownOf(seen)), err
		},
		Begun: func(dir evidence.Dir) error {
			_, here, err := evidence.OpenDir(dir.Path)
			if err != nil {
				return err
			}
			t.out.Host, t.out.Differences = here.Host.Name, confirm.Differences(info, here)
			sayDifferences(o.App, t.out.Differences)
			o.Progress("up to %s, about %s: one that shows the same failure confirms, %d without one contradict", cli.Plural(trials, "trial"), cli.Estimate(p), t.out.Planned)
			return nil
		},
	})
	if err := b.Over(ctx, err); err != nil {
		return nil, err
	}
	return t, t.read(made, exact)
}

// sayDifferences tells what is different here, before anything is run.
func sayDifferences(a *cli.App, list []confirm.Difference) {
	for _, d := range list {
		word := "differs"
		if d.Matters {
			word = "DIFFERS"
		}
		a.Progress("%s: %s: %s here, %s claimed", word, d.What, cli.OrDash(d.Here), cli.OrDash(d.Claim))
	}
	if len(list) == 0 {
		a.Progress("the environment is the claim's")
	}
}

// read fills in what was seen, from the records.
func (t *confirmation) read(made experiment.Confirmed, exact bool) error {
	t.dir, t.runs = made.Dir, []string{made.Dir}
	seen, err := bundle.ClaimOf(made.Dir)
	if err != nil {
		return err
	}
	t.out.Seen = confirm.ShownOf(seen)
	if made.Control != "" {
		t.runs = append(t.runs, made.Control)
		seen, err := bundle.ClaimOf(made.Control)
		if err != nil {
			return err
		}
		control := confirm.ShownOf(seen)
		t.out.Control = &control
	}
	if t.out.Stopped = made.Hit && !exact; t.out.Stopped {
		t.out.Seen.Interval = [2]float64{0, 1}
		return nil
	}
	p := stats.FisherTwoSided(t.out.Claim.Reproduced, t.out.Claim.Valid, t.out.Seen.Reproduced, t.out.Seen.Valid)
	t.out.P = &p
	return nil
}

// confirmSets are the values that the claim's run replaced, and then those from here.
func confirmSets(claimed map[string]string, images []string) []string {
	var sets []string
	for key, value := range claimed {
		sets = append(sets, key+"="+value)
	}
	slices.Sort(sets)
	for _, image := range images {
		node, ref, _ := strings.Cut(image, "=")
		sets = slices.DeleteFunc(sets, func(s string) bool { return strings.HasPrefix(s, node+".image=") })
		sets = append(sets, node+".image="+ref)
	}
	return sets
}

// takeConfirmation attaches what the vendor's side sent back to a case.
func takeConfirmation(a *cli.App, f *cases.Folder, file, signers string) (string, error) {
	c, data, sig, err := confirm.Read(file)
	if err != nil {
		return "", cli.InputError("%w", err)
	}
	if err := answersOurs(*f, c); err != nil {
		return "", cli.InputError("%s: %w", file, err)
	}
	allowed, err := readSigners(a, signers)
	if err != nil {
		return "", err
	}
	signed := ""
	if sig != nil {
		s, key, err := bundle.CheckSignature(confirm.Namespace, data, sig)
		if err != nil {
			return "", cli.WithCode(cli.ExitNo, fmt.Errorf("%s: %w", file, err))
		}
		signed = s.Fingerprint
		if allowed != nil {
			names := allowed.Principals(confirm.Namespace, key, time.Now())
			if len(names) == 0 {
				return "", cli.WithCode(cli.ExitRefused, fmt.Errorf("%s is signed with %s, which %s does not allow", file, s.Fingerprint, signers))
			}
			signed = strings.Join(names, ", ") + " " + signed
		}
	} else if allowed != nil {
		return "", cli.WithCode(cli.ExitRefused, fmt.Errorf("%s is not signed, and --signers wants a signature", file))
	}
	kept := unused(cli.CaseFile(*f, "confirmation", c.At), ".json")
	if err := evidence.WriteFile(kept, data); err != nil {
		return "", err
	}
	if sig != nil {
		if err := evidence.WriteFile(kept+".sig", sig); err != nil {
			return "", err
		}
	}
	rel, err := f.Rel(kept)
	if err != nil {
		return "", err
	}
	err = f.Edit(func(e *cases.Editor) error {
		err := e.Append("confirmations", cases.Confirmation{File: rel, Result: string(c.Result), Signed: signed, At: c.At.Format(time.RFC3339)})
		if c.Result == confirm.Confirmed && signed != "" && allowed != nil && (f.Case.State == cases.Opened || f.Case.State == cases.Escalated) {
			err = errors.Join(err, e.Set("state", string(cases.Confirmed)))
		}
		return err
	})
	word := ""
	if c.Result == confirm.Confirmed && (signed == "" || allowed == nil) {
		word = " (the case's state stays: nobody checked who says so; --signers FILE does)"
	}
	return fmt.Sprintf("%s by %s: %s%s", c.Result, cmp.Or(signed, "nobody who signed"), c.Reason, word), cli.AsInputError(err)
}

// answersOurs says whether a confirmation speaks of a bundle that was made of the case, and
// of what that claimed.
func answersOurs(f cases.Folder, c confirm.Confirmation) error {
	for e, err := range evidence.ReadLines[handedOn](handedOnFile(f)) {
		if err != nil {
			return err
		}
		if e.Tree == c.Bundle.Tree {
			return c.Answers(e.Claim)
		}
	}
	return errors.New("no bundle with this evidence was handed on from the case: it answers another one")
}
