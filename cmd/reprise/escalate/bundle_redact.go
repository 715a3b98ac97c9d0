package escalate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/handover/redact"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// cutOptions are what "bundle redact" was asked: to cut a bundle, or to read an answer.
type cutOptions struct {
	*cli.App
	read   reading
	pack   packing
	cut    cutting
	file   string
	reveal []string
}

// check tells what is wrong with the options.
func (o *cutOptions) check() error {
	switch {
	case o.cut.key == "":
		return cli.InputError("a redaction needs a key: give --redact-key FILE, which is made when it is not there")
	case (len(o.reveal) > 0) == (o.file != ""):
		return cli.InputError("give a bundle, or --reveal with a text")
	case o.file == "":
		return nil
	}
	return errors.Join(o.pack.check(), o.cut.check())
}

func newCut(a *cli.App, runF func(context.Context, *cutOptions) error) *cobra.Command {
	o := &cutOptions{App: a}
	c := &cobra.Command{
		Use:   "redact FILE",
		Short: "Cut names, addresses and secrets out of a bundle, or read an answer with the real ones",
		Long: `Replace addresses, hardware addresses, names and secrets in a bundle by others of the
same form, everywhere alike: configurations, transcripts, logs, reports and captures.
Prefixes stay prefixes, masks and reserved ranges stay, so that the case still runs.
What is replaced by what follows from the key, and only the key takes it back.

The result is searched for everything that was cut, in clear, as hexadecimal, base64
and inside archives and captures; a hit refuses the bundle. With --prove the redacted
case is run, and refused when its rate is another one.

With --reveal a text that speaks of the redacted bundle is printed with the real
names, by the maps that lie beside the key.

Exit status: 0 written; 1 the bundle does not hold; 4 wrong input; 5 no key opens it;
6 something would leave that must not, or the redacted case is not the same.`,
		Example: `  reprise bundle redact acme.tar.zst --redact-key acme.key --hide ACME -o acme-tac.tar.zst
  reprise bundle redact --reveal answer.txt --redact-key acme.key`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: completeBundles,
		RunE: func(c *cobra.Command, args []string) error {
			o.file = strings.Join(args, "")
			if err := errors.Join(o.check(), o.read.check(c)); err != nil {
				return err
			}
			return cli.Run(runF, runCut)(c.Context(), o)
		},
	}
	o.read.register(c)
	fl := c.Flags()
	fl.StringVarP(&o.pack.output, "output", "o", "", "file to write (default: named after the bundle, with -redacted)")
	fl.StringArrayVar(&o.reveal, "reveal", nil, "print this text with the real names; - is standard input")
	o.pack.register(fl)
	o.cut.register(fl)
	return a.Trusting(c) // for --prove
}

func runCut(ctx context.Context, o *cutOptions) error {
	if len(o.reveal) > 0 {
		return reveal(o.App, o.reveal, o.cut.key)
	}
	return cutBundle(ctx, o)
}

// cutBundle writes a bundle again, redacted.
func cutBundle(ctx context.Context, o *cutOptions) (err error) {
	how, err := readOptions(ctx, o.App, &o.read, "unpacked")
	if err != nil {
		return err
	}
	r, err := newRedaction(o.App, &o.cut)
	if err != nil {
		return err
	}
	work, err := scratch.Make("redact")
	if err != nil {
		return fmt.Errorf("make a folder for the bundle: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	b, err := bundle.Open(ctx, o.file, how)
	if err != nil {
		return bundleError(err)
	}
	defer b.Close() //nolint:errcheck // read only
	whole := filepath.Join(work, "bundle")
	if err := b.Extract(ctx, whole, nil); err != nil {
		return bundleError(fmt.Errorf("open %s: %w", o.file, err))
	}
	var runs []string
	for _, run := range b.Manifest.Claim.Runs {
		runs = append(runs, filepath.Join(whole, "runs", run.ID))
	}
	if _, err := os.Stat(filepath.Join(whole, "case")); err == nil {
		o.pack.caseDir = filepath.Join(whole, "case")
	}
	if o.pack.output == "" {
		o.pack.output = folderName(o.file) + "-redacted" + o.pack.suffix()
	}
	out, err := pack(ctx, o.App, runs, &o.pack, r)
	if err != nil {
		return err
	}
	return o.Show(out, func(w io.Writer) { printCreated(w, out) })
}

// reveal prints texts with the real names.
func reveal(a *cli.App, files []string, keyFile string) error {
	key, err := redact.ReadKeyFile(keyFile)
	if err != nil {
		return cli.InputError("%w", err)
	}
	maps, err := filepath.Glob(keyFile + "-*.map")
	if err != nil || len(maps) == 0 {
		return cli.InputError("no map lies beside %s: it is written by the redaction", keyFile)
	}
	for _, file := range files {
		var data []byte
		if file == "-" {
			data, err = io.ReadAll(a.In)
		} else {
			data, err = plain.Read(file, plain.Data)
		}
		if err != nil {
			return cli.InputError("read text: %w", err)
		}
		text := string(data)
		for _, name := range slices.Backward(maps) { // the latest first; one key gives one name
			m, err := redact.OpenMap(name, key)
			if err != nil {
				return cli.InputError("%s: %w", name, err)
			}
			text = m.Reveal(text)
		}
		if _, err := io.WriteString(a.Document(), text); err != nil {
			return err
		}
	}
	return nil
}
