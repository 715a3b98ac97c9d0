package escalate

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// newBundle is the group of the verbs of a bundle.
func newBundle(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use:   "bundle",
		Short: "Pack runs for somebody else, and check what somebody else packed",
		Long: `A bundle holds runs with their evidence, and everything that is needed to check and
repeat them: a manifest with the digest of every file, the claim, what the nodes
ran, the environment, a custody log. It can be signed with an ssh key and encrypted
to several recipients.

The same runs give the same bytes. "verify" believes nothing: it computes digests,
chains, verdicts and rates again from the raw files.`,
		Example: `  reprise bundle create runs/20260301T101500Z-my-case-1f2e --sign ~/.ssh/id_ed25519
  reprise bundle verify my-case.tar.zst --signers allowed_signers
  reprise bundle open my-case.tar.zst`,
	}
	c.AddCommand(newCreate(a, nil), newVerify(a, nil), newShow(a, nil), newDiff(a, nil), newOpen(a, nil), newCut(a, nil))
	return c
}

// bundleError gives an error of a bundle its exit status and says what to do.
func bundleError(err error) error {
	var refused *bundle.RefusedError
	var limit *bundle.LimitError
	var bad *bundle.DamagedError
	var unsound *bundle.UnsoundError
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &refused):
		return cli.WithCode(cli.ExitRefused, err)
	case errors.Is(err, bundle.ErrLocked):
		return cli.WithCode(cli.ExitEnvironment, cli.Hint(err, "give the key with -i FILE"))
	case errors.Is(err, bundle.ErrNotBundle), errors.Is(err, bundle.ErrNotEmpty), errors.Is(err, fs.ErrNotExist):
		return cli.WithCode(cli.ExitInput, err)
	case errors.Is(err, fs.ErrExist):
		return cli.WithCode(cli.ExitInput, cli.Hint(err, "name another with -o FILE"))
	case errors.As(err, &limit):
		return cli.WithCode(cli.ExitInput, cli.Hint(err, "if you trust it, accept more with --max-size, or unpack it with bundle open"))
	case errors.As(err, &bad):
		return cli.WithCode(cli.ExitNo, cli.Hint(err, "do not use it; ask for it again"))
	case errors.As(err, &unsound):
		return cli.WithCode(cli.ExitNo, err)
	default:
		return err
	}
}

// reading says how a bundle is read.
type reading struct {
	identities []string
	maxSize    string
	bounded    bool // somebody gave the size, and it holds at any compression
}

// check notes whether the size was given, and tells what is wrong with it.
func (f *reading) check(c *cobra.Command) error {
	f.bounded = c.Flags().Changed("max-size")
	_, err := parseSize(f.maxSize)
	return err
}

func (f *reading) register(c *cobra.Command) {
	c.Flags().StringArrayVarP(&f.identities, "identity", "i", nil, "key that opens an encrypted bundle: an age identity file or an ssh private key; several may be given")
	c.Flags().StringVar(&f.maxSize, "max-size", "16G", "most bytes that are unpacked, with K, M, G or T; one that is given is accepted at any compression")
}

// readOptions reads the keys and the bounds.
func readOptions(ctx context.Context, a *cli.App, f *reading, what string) (bundle.ReadOptions, error) {
	var o bundle.ReadOptions
	total, err := parseSize(f.maxSize)
	if err != nil {
		return o, err
	}
	o.Limits.TotalBytes = total
	if f.bounded {
		o.Limits.Ratio = total
	}
	for _, file := range f.identities {
		data, err := plain.Read(file, plain.Text)
		if err != nil {
			return o, cli.InputError("read key: %w", err)
		}
		ids, err := bundle.ParseIdentities(data, passphrase(ctx, file))
		if ctx.Err() != nil {
			return o, ctx.Err()
		}
		if err != nil {
			return o, cli.InputError("%s: %w: want an age identity file or an ssh private key", file, err)
		}
		o.Identities = append(o.Identities, ids...)
	}
	o.Progress = bytesDone(a, what)
	return o, nil
}

func parseSize(s string) (int64, error) {
	units := "KMGT"
	digits, shift := s, 0
	if n := len(s); n > 0 {
		if k := strings.IndexByte(units, s[n-1]); k >= 0 {
			digits, shift = s[:n-1], 10*(k+1)
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || n > (1<<62)>>shift {
		return 0, cli.InputError("--max-size %s: want a number of bytes, as 500M or 16G", s)
	}
	return n << shift, nil
}

// bytesDone shows on a terminal how far long work is; elsewhere it shows nothing.
func bytesDone(a *cli.App, what string) func(done, total int64) {
	if _, ok := cli.Live(a.Err); !ok || a.Quiet {
		return nil
	}
	const worth = 64 << 20 // less is over before it is read
	var last time.Time
	return func(done, total int64) {
		if total < worth || done < total && time.Since(last) < 200*time.Millisecond {
			return
		}
		last = time.Now()
		end := cli.LineStart
		if done >= total {
			end = "\n"
		}
		cli.Control(a.Err, cli.LineStart+what+" "+megabytes(done)+" of "+megabytes(total)+end)
	}
}

func megabytes(n int64) string { return strconv.FormatInt((n+1<<19)>>20, 10) + " MB" }

// rejudged judges a run that was unpacked, with the code of "reprise judge".
func rejudged(_ context.Context, dir string) (evidence.RunVerdicts, error) {
	return judge.RejudgeRun(dir)
}

// completeBundles offers files that may be bundles.
func completeBundles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"zst", "zip", "age"}, cobra.ShellCompDirectiveFilterFileExt
}
