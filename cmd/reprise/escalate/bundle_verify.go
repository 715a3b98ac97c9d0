package escalate

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

// verifyOptions are what "bundle verify" was asked.
type verifyOptions struct {
	*cli.App
	read          reading
	file, signers string
}

func newVerify(a *cli.App, runF func(context.Context, *verifyOptions) error) *cobra.Command {
	o := &verifyOptions{App: a}
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a bundle: every byte, the signature, and the claim from the raw files",
		Long: `Check a bundle and believe nothing of it: the digests are computed again, the chains
of ledger and custody followed, each trial judged again from its record, and verdicts,
rates and the claim compared with what comes out. A line tells how each check ended.

Without --signers a signature only shows that the manifest belongs to a key, and an
unsigned bundle passes: whoever makes one up completely can make it agree with itself.

Exit status: 0 everything holds; 1 something does not; 2 something cannot be decided;
4 it is no bundle; 5 it is encrypted and no key was given that opens it.`,
		Example: `  reprise bundle verify case.tar.zst --signers allowed_signers
  reprise bundle verify case.tar.zst.age -i ~/.ssh/id_ed25519 --json`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeBundles,
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			if err := o.read.check(c); err != nil {
				return err
			}
			return cli.Run(runF, runVerify)(c.Context(), o)
		},
	}
	o.read.register(c)
	c.Flags().StringVar(&o.signers, "signers", "", "file of the keys that may sign, as ssh-keygen's allowed signers; without a signature by one of them it fails")
	return c
}

// verifiedBundle is what checking came to.
type verifiedBundle struct {
	File      string `json:"file"`
	Container string `json:"container"`
	Encrypted bool   `json:"encrypted"`
	bundle.Result
	State bundle.State `json:"state"`
	Exit  int          `json:"exit"`
}

func runVerify(ctx context.Context, o *verifyOptions) error {
	signers, err := readSigners(o.App, o.signers)
	if err != nil {
		return err
	}
	how, err := readOptions(ctx, o.App, &o.read, "checked")
	if err != nil {
		return err
	}
	out, err := verified(ctx, o.file, how, signers)
	if err != nil {
		return bundleError(err)
	}
	err = o.Show(out, func(w io.Writer) { printVerified(w, out) })
	return errors.Join(err, cli.Answer(out.Exit))
}

// verified checks a bundle. One that is damaged is an answer, and no error.
func verified(ctx context.Context, file string, how bundle.ReadOptions, signers bundle.Signers) (verifiedBundle, error) {
	out := verifiedBundle{File: file}
	b, err := bundle.Open(ctx, file, how)
	var bad *bundle.DamagedError
	switch {
	case errors.As(err, &bad):
		out.Checks = []bundle.Check{{Name: "container", State: bundle.Failed, Detail: bad.Error()}}
	case err != nil:
		return out, err
	default:
		defer b.Close() //nolint:errcheck // read only
		out.Container, out.Encrypted = b.Container, b.Encrypted
		if out.Result, err = bundle.Verify(ctx, b, bundle.VerifyOptions{Rejudge: rejudged, Now: time.Now(), Signers: signers}); err != nil {
			return out, err
		}
	}
	out.State = out.Result.State()
	out.Exit = stateCode(out.State)
	return out, nil
}

// stateCode maps how checks ended to the exit status.
func stateCode(s bundle.State) int {
	switch s {
	case bundle.OK:
		return cli.ExitYes
	case bundle.Failed:
		return cli.ExitNo
	default:
		return cli.ExitInconclusive
	}
}

// printVerified writes how each check ended, for people.
func printVerified(w io.Writer, r verifiedBundle) {
	if r.Encrypted {
		cli.Tell(w, "%-17s encryption: a key that was given opens it", bundle.OK)
	}
	for _, c := range r.Checks {
		cli.Tell(w, "%-17s %s: %s", c.State, c.Name, c.Detail)
	}
	switch r.State {
	case bundle.OK:
		cli.Tell(w, "%s holds: everything that was checked is as it says", r.File)
	case bundle.Failed:
		cli.Tell(w, "%s does NOT hold: see what failed above, and ask for it again", r.File)
	default:
		cli.Tell(w, "%s: nothing is wrong with what could be checked, and not all of it could", r.File)
	}
}
