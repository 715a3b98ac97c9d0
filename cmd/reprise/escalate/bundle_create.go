package escalate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// packing are the choices of packing.
type packing struct {
	caseDir, output string
	zip, cores      bool
	sign            string
	to, files       []string
	who, at         string
}

// createOptions are what "bundle create" was asked.
type createOptions struct {
	*cli.App
	packing
	cut  cutting
	runs []string
}

func newCreate(a *cli.App, runF func(context.Context, *createOptions) error) *cobra.Command {
	o := &createOptions{App: a}
	c := &cobra.Command{
		Use:   "create RUN...",
		Short: "Pack runs into one file",
		Long: `Pack run directories into one file. Each is judged again before, and one that does not
come out as it is stored is not packed.

With --redact-key the bundle is redacted. Without it the bundle holds what the devices said
and the files that the runs read as they are, with names, addresses and passwords: that is
refused unless --no-redact says that you mean it. "reprise escalate" redacts by itself.
Core files stay out unless asked for with --cores.

Runs made on simulators, and runs whose image's licence forbids it, are never packed.

Exit status: 0 written; 1 a run does not stand up to being judged again; 4 wrong
input; 5 the key is not in the ssh-agent; 6 a mark forbids it, or it would not be redacted.`,
		Example: `  reprise bundle create runs/20260301T101500Z-my-case-1f2e runs/20260301T111500Z-my-case-2a3b --redact-key my-case.key
  reprise bundle create runs/20260301T101500Z-my-case-1f2e -o case.tar.zst --redact-key my-case.key --sign ~/.ssh/id_ed25519
  reprise bundle create runs/20260301T101500Z-my-case-1f2e --no-redact --to age1… --to ~/.ssh/tac.pub
  ssh-keygen -Y verify -n reprise-bundle -I me -f allowed_signers -s manifest.json.sig < manifest.json`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: cli.CompleteRuns,
		RunE: func(c *cobra.Command, args []string) error {
			o.runs = args
			if err := errors.Join(o.check(), o.cut.check()); err != nil {
				return err
			}
			return cli.Run(runF, runCreate)(c.Context(), o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.caseDir, "case", "", "folder with the case's own files, which go along")
	fl.StringVarP(&o.output, "output", "o", "", "file to write (default: named after the first run, here)")
	o.register(fl)
	o.cut.register(fl)
	return a.Trusting(c) // for --prove
}

// register gives a verb that packs its flags.
func (f *packing) register(fl *pflag.FlagSet) {
	fl.BoolVar(&f.zip, "zip", false, "write a zip, for portals that refuse tar.zst")
	fl.BoolVar(&f.cores, "cores", false, "take core files along: they hold a process's whole memory")
	fl.StringVar(&f.sign, "sign", "", "sign with this ssh private key, or with the one of this public key in the ssh-agent")
	fl.StringArrayVar(&f.to, "to", nil, "encrypt to this recipient: age1…, an ssh public key, or a file that holds one; several may be given")
	fl.StringArrayVarP(&f.files, "recipients-file", "R", nil, "encrypt to the recipients in this file, one a line")
	fl.StringVar(&f.who, "who", "", "who packs it, for the custody log (default: user@host)")
	fl.StringVar(&f.at, "at", "", "when, for the custody log, as 2026-03-01T10:15:00Z (default: now)")
}

// check tells what is wrong with the choices.
func (f *packing) check() error {
	if f.at == "" {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, f.at); err != nil {
		return cli.InputError("--at %s: want a time as 2026-03-01T10:15:00Z", f.at)
	}
	return nil
}

// suffix is what the file's name ends in.
func (f *packing) suffix() string {
	name := ".tar.zst"
	if f.zip {
		name = ".zip"
	}
	if len(f.to)+len(f.files) > 0 {
		name += ".age"
	}
	return name
}

// createdResult is what packing came to.
type createdResult struct {
	File  string       `json:"file"`
	Size  int64        `json:"size"`
	Files int          `json:"files"`
	Bytes int64        `json:"bytes"`
	Tree  string       `json:"tree"` // digest of the evidence
	Claim bundle.Claim `json:"claim"`
	Left  []string     `json:"left-out,omitempty"`
	To    []string     `json:"recipients,omitempty"`
	Key   string       `json:"signed-with,omitempty"`
	// Redacted says in one line what was cut.
	Redacted string `json:"redacted"`
	// Person are the lines that only a person can judge, as they are in the bundle.
	Person []string `json:"left-to-a-person,omitempty"`
}

func runCreate(ctx context.Context, o *createOptions) error {
	for _, run := range o.runs {
		if _, _, err := evidence.OpenDir(run); err != nil {
			return cli.WithCode(cli.ExitInput, err)
		}
	}
	if o.output == "" {
		abs, err := filepath.Abs(o.runs[0])
		if err != nil {
			return err
		}
		o.output = filepath.Base(abs) + o.suffix()
	}
	r, err := newRedaction(o.App, &o.cut)
	if err != nil {
		return err
	}
	if err := wholeWords(o.App, r, &o.cut); err != nil {
		return err
	}
	if o.caseDir != "" {
		staged, done, err := stagedCase(o.caseDir)
		if err != nil {
			return err
		}
		defer done()
		o.caseDir = staged
	}
	out, err := pack(ctx, o.App, o.runs, &o.packing, r)
	if err != nil {
		return err
	}
	return o.Show(out, func(w io.Writer) { printCreated(w, out) })
}

// stagedCase gives the files of a case as they go along in a bundle, in a folder that done
// removes. A folder that is no case goes along as it is.
func stagedCase(dir string) (staged string, done func(), err error) {
	if _, err := os.Stat(filepath.Join(dir, cases.FileName)); err != nil {
		return dir, func() {}, nil //nolint:nilerr // it is no case
	}
	folder, err := cli.OpenCase(dir)
	if err != nil {
		return "", nil, err
	}
	work, err := scratch.Make("case")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the case: %w", err)
	}
	done = func() { _ = os.RemoveAll(work) } // a copy in a temporary folder
	if _, err := cases.Stage(folder, filepath.Join(work, "case"), nil); err != nil {
		done()
		return "", nil, cli.WithCode(cli.ExitInput, err)
	}
	return filepath.Join(work, "case"), done, nil
}

// pack writes a bundle of runs. r is nil where nothing is to be cut.
func pack(ctx context.Context, a *cli.App, runs []string, f *packing, r *redaction) (out createdResult, err error) {
	custody, err := f.custody(r)
	if err != nil {
		return out, err
	}
	o := bundle.CreateOptions{
		Stage:    bundle.StageOptions{Runs: runs, Case: f.caseDir, Cores: f.cores},
		Complete: bundle.CompleteOptions{Tool: cli.ToolInfo(), Custody: custody},
		Pack:     bundle.Options{Zip: f.zip, Progress: bytesDone(a, "packed")},
		Rejudge:  rejudged,
	}
	if r != nil {
		o.Redact, o.Inspect, o.Complete.Profile = r.cut, r.inspect, r.profile()
	}
	if o.Pack.Recipients, o.Complete.Custody.Recipients, err = recipients(f.to, f.files); err != nil {
		return out, err
	}
	signer, done, err := signingKey(ctx, f.sign)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, done()) }()
	o.Pack.Signer = signer
	a.Progress("packing %s into %s", cli.Plural(len(runs), "run"), f.output)
	created, err := bundle.Create(ctx, f.output, o)
	if err != nil {
		return out, createError(err)
	}
	out = createdResult{
		File: f.output, Size: created.Size, Files: len(created.Manifest.Files), Bytes: created.Manifest.Size(), Tree: created.Manifest.Tree,
		Claim: created.Manifest.Claim, Left: append(created.Left, r.left()...), To: o.Complete.Custody.Recipients, Redacted: r.summary(), Person: r.leftToPerson(),
	}
	if signer != nil {
		out.Key = bundle.Fingerprint(signer.PublicKey())
	}
	return out, nil
}

// createError says of our own runs what bundleError says of somebody else's bundle.
func createError(err error) error {
	if _, ok := errors.AsType[*bundle.LimitError](err); ok {
		return cli.WithCode(cli.ExitInput, cli.Hint(err, "pack fewer runs, or leave --cores and --zip out"))
	}
	if _, ok := errors.AsType[*bundle.DamagedError](err); ok {
		return cli.WithCode(cli.ExitInput, err)
	}
	return bundleError(err)
}

// custody is the line about this packing.
func (f *packing) custody(r *redaction) (bundle.Custody, error) {
	c := bundle.Custody{At: time.Now(), Who: f.who, What: "packed, not redacted"}
	if r != nil {
		c.What = "redacted and packed"
	}
	if f.at != "" {
		at, err := time.Parse(time.RFC3339, f.at)
		if err != nil {
			return c, cli.InputError("--at %s: want a time as 2026-03-01T10:15:00Z", f.at)
		}
		c.At = at
	}
	if c.Who == "" && r != nil {
		c.Who = "the owner of the redaction's key"
	}
	if c.Who == "" {
		c.Who = "unknown"
		if u, err := user.Current(); err == nil {
			c.Who = u.Username
		}
		if host, err := os.Hostname(); err == nil {
			c.Who += "@" + host
		}
	}
	return c, nil
}

// printCreated writes what was packed, for people.
func printCreated(w io.Writer, r createdResult) {
	printClaim(w, r.Claim)
	for _, l := range leftLines(r.Left) {
		cli.Tell(w, "left out  %s", l)
	}
	if r.Key != "" {
		cli.Tell(w, "signed    with %s", r.Key)
	} else {
		cli.Tell(w, "unsigned  whoever gets it cannot tell who made it (--sign KEY)")
	}
	if len(r.To) > 0 {
		cli.Tell(w, "encrypted to %s", strings.Join(r.To, ", "))
	}
	for _, l := range leftLines(r.Person) {
		cli.Tell(w, "look at   %s", l)
	}
	cli.Tell(w, "redacted  %s", r.Redacted)
	cli.Tell(w, "%s: %s, %s in %s", r.File, cli.Plural(r.Files, "file"), sizeWord(r.Bytes), sizeWord(r.Size))
}

// leftLines bounds what is listed.
func leftLines(left []string) []string {
	const most = 10
	if len(left) <= most {
		return left
	}
	return append(left[:most:most], fmt.Sprintf("and %d more", len(left)-most))
}

func sizeWord(n int64) string {
	switch {
	case n < 10<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 10<<20:
		return fmt.Sprintf("%d KB", n>>10)
	default:
		return fmt.Sprintf("%d MB", n>>20)
	}
}

// printClaim writes what the runs say, one line each.
func printClaim(w io.Writer, c bundle.Claim) {
	cli.Tell(w, "%s: %s", c.Scenario, c.Title)
	for i := range c.Runs {
		r := &c.Runs[i]
		cli.Tell(w, "  %-8s %s  %s, %s", r.Variant, r.ID, judgedWord(r.Verdict), r.RateText())
		for _, f := range r.Failures {
			cli.Tell(w, "           signature %s in %s: %s", f.ID, cli.Plural(f.Trials, "trial"), strings.Join(f.Symptoms, "; "))
		}
	}
}

func judgedWord(v evidence.Verdict) string {
	if v == "" {
		return "not judged"
	}
	return string(v)
}
