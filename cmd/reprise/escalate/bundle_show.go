package escalate

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

// showOptions are what "bundle show" was asked.
type showOptions struct {
	*cli.App
	read           reading
	file           string
	files, custody bool
}

func newShow(a *cli.App, runF func(context.Context, *showOptions) error) *cobra.Command {
	o := &showOptions{App: a}
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Tell what is in a bundle",
		Long: `Tell what a bundle says: the claim, the runs, what they ran on, who signed it, who had
it, and what was cut. Its digests are checked; whether what it says follows from the
raw files, "reprise bundle verify" tells.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeBundles,
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			if err := o.read.check(c); err != nil {
				return err
			}
			return cli.Run(runF, runShow)(c.Context(), o)
		},
	}
	o.read.register(c)
	c.Flags().BoolVar(&o.files, "files", false, "list every file with its size, digest and sensitivity")
	c.Flags().BoolVar(&o.custody, "custody", false, "print the custody log only")
	return c
}

// shownResult is what a bundle says, and how it is packed.
type shownResult struct {
	File      string            `json:"file"`
	Container string            `json:"container"`
	Size      int64             `json:"size"`
	Encrypted bool              `json:"encrypted"`
	Signature *bundle.Signature `json:"signature"`
	bundle.Contents
}

func runShow(ctx context.Context, o *showOptions) error {
	out, err := readContents(ctx, o.App, o.file, &o.read)
	if err != nil {
		return err
	}
	if o.custody {
		return o.Show(out.Custody, func(w io.Writer) { printCustody(w, out.Custody) })
	}
	return o.Show(out, func(w io.Writer) {
		printShown(w, out)
		if o.files {
			printFiles(w, out.Manifest.Files)
		}
	})
}

// printFiles writes what is packed, file by file.
func printFiles(w io.Writer, files []bundle.File) {
	cli.Tell(w, "files")
	for _, f := range files {
		cli.Tell(w, "  %12d  %s  %-7s  %s", f.Size, f.SHA256, f.Sensitivity, f.Path)
	}
}

// readContents opens a bundle and reads what it says of itself.
func readContents(ctx context.Context, a *cli.App, file string, read *reading) (shownResult, error) {
	out := shownResult{File: file}
	o, err := readOptions(ctx, a, read, "read")
	if err != nil {
		return out, err
	}
	b, err := bundle.Open(ctx, file, o)
	if err != nil {
		return out, bundleError(err)
	}
	defer b.Close() //nolint:errcheck // read only
	out.Container, out.Size, out.Encrypted = b.Container, b.Size, b.Encrypted
	if out.Contents, err = b.Contents(ctx); err != nil {
		return out, bundleError(fmt.Errorf("%s: %w", file, err))
	}
	if b.Signed() {
		s, _, err := bundle.CheckSignature(bundle.Namespace, b.ManifestBytes(), b.SignatureBytes())
		if err != nil {
			return out, bundleError(fmt.Errorf("%s: %w", file, err))
		}
		out.Signature = &s
	}
	return out, nil
}

// printShown writes what a bundle says, for people.
func printShown(w io.Writer, r shownResult) {
	printClaim(w, r.Manifest.Claim)
	for _, e := range r.Env.Runs {
		on := strings.Join(cli.Present(e.Host.OS, "kernel "+e.Host.Kernel, e.Host.Engine), ", ")
		if e.Host == evidence.FleetHost() {
			on = e.Host.String()
		}
		cli.Tell(w, "made      %s: %s %s on %s; %s labs%s, reset %s", e.ID, e.Tool.Name, e.Tool.Version, on, e.Fidelity, e.Clock.Beside(), e.Reset)
	}
	for _, image := range r.Images.Images {
		cli.Tell(w, "image     %s %s (%s)", image.Name, image.Digest, image.Licence)
	}
	if cut := r.Manifest.Redaction; cut != nil {
		cli.Tell(w, "redacted  profile %q, %s changed; the report is %s", cut.Profile, cli.Plural(len(cut.Changed), "file"), cut.Report)
	} else {
		cli.Tell(w, "redacted  nothing was cut")
	}
	if r.Signature == nil {
		cli.Tell(w, "signature none: nobody vouches for it")
	} else {
		cli.Tell(w, "signature by %s %s; whose key that is, verify --signers tells", r.Signature.Key, r.Signature.Fingerprint)
	}
	cli.Tell(w, "custody")
	printCustody(w, r.Custody)
	how := r.Container
	if r.Encrypted {
		how += ", encrypted"
	}
	cli.Tell(w, "packed    %s, %s in %s (%s), by %s %s", cli.Plural(len(r.Manifest.Files), "file"), sizeWord(r.Manifest.Size()), sizeWord(r.Size), how, r.Manifest.Tool.Name, r.Manifest.Tool.Version)
}

// printCustody writes who had a bundle, for people.
func printCustody(w io.Writer, lines []bundle.Custody) {
	for _, l := range lines {
		more := ""
		if l.Profile != "" {
			more += ", profile " + l.Profile
		}
		if len(l.Recipients) > 0 {
			more += ", for " + strings.Join(l.Recipients, ", ")
		}
		cli.Tell(w, "  %s  %s  %s%s", l.At.Format(time.RFC3339), l.Who, l.What, more)
	}
}
