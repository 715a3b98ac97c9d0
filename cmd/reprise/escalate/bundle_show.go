package escalate

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

func (a *app) bundleShowVerb() *cobra.Command {
	var read readFlags
	var files, custody bool
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Tell what is in a bundle",
		Long: `Tell what a bundle says: the claim, the runs, what they ran on, who signed it, who had
it, and what was cut. Its digests are checked; whether what it says follows from the
raw files, "reprise bundle verify" tells.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeBundles,
	}
	c.RunE = func(c *cobra.Command, args []string) error { return a.bundleShow(c, args[0], &read, files, custody) }
	read.register(c)
	c.Flags().BoolVar(&files, "files", false, "list every file with its size, digest and sensitivity")
	c.Flags().BoolVar(&custody, "custody", false, "print the custody log only")
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

func (a *app) bundleShow(c *cobra.Command, file string, read *readFlags, files, custody bool) error {
	out, err := a.readContents(c, file, read)
	if err != nil {
		return err
	}
	if custody {
		if done, err := a.Emit(out.Custody); done {
			return err
		}
		a.printCustody(out.Custody)
		return nil
	}
	if done, err := a.Emit(out); done {
		return err
	}
	a.printShown(out)
	if files {
		a.Tell("files")
		for _, f := range out.Manifest.Files {
			a.Tell("  %12d  %s  %-7s  %s", f.Size, f.SHA256, f.Sensitivity, f.Path)
		}
	}
	return nil
}

// readContents opens a bundle and reads what it says of itself.
func (a *app) readContents(c *cobra.Command, file string, read *readFlags) (shownResult, error) {
	out := shownResult{File: file}
	o, err := a.readOptions(c, read, "read")
	if err != nil {
		return out, err
	}
	b, err := bundle.Open(c.Context(), file, o)
	if err != nil {
		return out, bundleError(err)
	}
	defer b.Close() //nolint:errcheck // read only
	out.Container, out.Size, out.Encrypted = b.Container, b.Size, b.Encrypted
	if out.Contents, err = b.Contents(c.Context()); err != nil {
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

func (a *app) printShown(r shownResult) {
	a.printClaim(r.Manifest.Claim)
	for _, e := range r.Env.Runs {
		on := strings.Join(cli.Present(e.Host.OS, "kernel "+e.Host.Kernel, e.Host.Engine), ", ")
		a.Tell("made      %s: %s %s on %s; %s labs, reset %s", e.ID, e.Tool.Name, e.Tool.Version, on, e.Fidelity, e.Reset)
	}
	for _, image := range r.Images.Images {
		a.Tell("image     %s %s (%s)", image.Name, image.Digest, image.Licence)
	}
	if cut := r.Manifest.Redaction; cut != nil {
		a.Tell("redacted  profile %q, %s changed; the report is %s", cut.Profile, cli.Plural(len(cut.Changed), "file"), cut.Report)
	} else {
		a.Tell("redacted  nothing was cut")
	}
	if r.Signature == nil {
		a.Tell("signature none: nobody vouches for it")
	} else {
		a.Tell("signature by %s %s; whose key that is, verify --signers tells", r.Signature.Key, r.Signature.Fingerprint)
	}
	a.Tell("custody")
	a.printCustody(r.Custody)
	how := r.Container
	if r.Encrypted {
		how += ", encrypted"
	}
	a.Tell("packed    %s, %s in %s (%s), by %s %s", cli.Plural(len(r.Manifest.Files), "file"), sizeWord(r.Manifest.Size()), sizeWord(r.Size), how, r.Manifest.Tool.Name, r.Manifest.Tool.Version)
}

func (a *app) printCustody(lines []bundle.Custody) {
	for _, l := range lines {
		more := ""
		if l.Profile != "" {
			more += ", profile " + l.Profile
		}
		if len(l.Recipients) > 0 {
			more += ", for " + strings.Join(l.Recipients, ", ")
		}
		a.Tell("  %s  %s  %s%s", l.At.Format(time.RFC3339), l.Who, l.What, more)
	}
}
