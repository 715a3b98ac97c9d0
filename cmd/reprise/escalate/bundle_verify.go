package escalate

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
)

func (a *app) bundleVerifyVerb() *cobra.Command {
	var read readFlags
	var signers string
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
	}
	c.RunE = func(c *cobra.Command, args []string) error { return a.bundleVerify(c, args[0], &read, signers) }
	read.register(c)
	c.Flags().StringVar(&signers, "signers", "", "file of the keys that may sign, as ssh-keygen's allowed signers; without a signature by one of them it fails")
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

func (a *app) bundleVerify(c *cobra.Command, file string, read *readFlags, signers string) error {
	o := bundle.VerifyOptions{Rejudge: rejudged, Now: time.Now()}
	var err error
	if o.Signers, err = a.readSigners(signers); err != nil {
		return err
	}
	ro, err := a.readOptions(c, read, "checked")
	if err != nil {
		return err
	}
	out := verifiedBundle{File: file}
	b, err := bundle.Open(c.Context(), file, ro)
	var bad *bundle.DamagedError
	switch {
	case errors.As(err, &bad):
		out.Checks = []bundle.Check{{Name: "container", State: bundle.Failed, Detail: bad.Error()}}
	case err != nil:
		return bundleError(err)
	default:
		defer b.Close() //nolint:errcheck // read only
		out.Container, out.Encrypted = b.Container, b.Encrypted
		if out.Result, err = bundle.Verify(c.Context(), b, o); err != nil {
			return bundleError(err)
		}
	}
	out.State = out.Result.State()
	out.Exit = map[bundle.State]int{bundle.OK: cli.ExitYes, bundle.Failed: cli.ExitNo}[out.State]
	if out.State == bundle.Unknown {
		out.Exit = cli.ExitInconclusive
	}
	if done, err := a.Emit(out); done {
		return errors.Join(err, cli.Answer(out.Exit))
	}
	a.printVerified(out)
	return cli.Answer(out.Exit)
}

func (a *app) printVerified(r verifiedBundle) {
	if r.Encrypted {
		a.Tell("%-17s encryption: a key that was given opens it", bundle.OK)
	}
	for _, c := range r.Checks {
		a.Tell("%-17s %s: %s", c.State, c.Name, c.Detail)
	}
	switch r.State {
	case bundle.OK:
		a.Tell("%s holds: everything that was checked is as it says", r.File)
	case bundle.Failed:
		a.Tell("%s does NOT hold: see what failed above, and ask for it again", r.File)
	default:
		a.Tell("%s: nothing is wrong with what could be checked, and not all of it could", r.File)
	}
}
