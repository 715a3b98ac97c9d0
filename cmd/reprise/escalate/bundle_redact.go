package escalate

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/handover/redact"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

func (a *app) bundleRedactVerb() *cobra.Command {
	var read readFlags
	var pack bundleFlags
	var cut redactFlags
	var reveal []string
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
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case cut.key == "":
			return cli.InputError("a redaction needs a key: give --redact-key FILE, which is made when it is not there")
		case len(reveal) > 0 && len(args) == 0:
			return a.reveal(reveal, cut.key)
		case len(reveal) == 0 && len(args) == 1:
			return a.bundleRedact(c, args[0], &read, &pack, &cut)
		default:
			return cli.InputError("give a bundle, or --reveal with a text")
		}
	}
	read.register(c)
	fl := c.Flags()
	fl.StringVarP(&pack.output, "output", "o", "", "file to write (default: named after the bundle, with -redacted)")
	fl.StringArrayVar(&reveal, "reveal", nil, "print this text with the real names; - is standard input")
	pack.register(fl)
	cut.register(fl)
	return c
}

func (a *app) bundleRedact(c *cobra.Command, file string, read *readFlags, pack *bundleFlags, cut *redactFlags) (err error) {
	ctx := c.Context()
	o, err := a.readOptions(c, read, "unpacked")
	if err != nil {
		return err
	}
	r, err := a.newRedaction(cut)
	if err != nil {
		return err
	}
	work, err := scratch.Make("redact")
	if err != nil {
		return fmt.Errorf("make a folder for the bundle: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	b, err := bundle.Open(ctx, file, o)
	if err != nil {
		return bundleError(err)
	}
	defer b.Close() //nolint:errcheck // read only
	whole := filepath.Join(work, "bundle")
	if err := b.Extract(ctx, whole, nil); err != nil {
		return bundleError(fmt.Errorf("open %s: %w", file, err))
	}
	var runs []string
	for _, run := range b.Manifest.Claim.Runs {
		runs = append(runs, filepath.Join(whole, "runs", run.ID))
	}
	if _, err := os.Stat(filepath.Join(whole, "case")); err == nil {
		pack.caseDir = filepath.Join(whole, "case")
	}
	if pack.output == "" {
		pack.output = folderName(file) + "-redacted" + pack.suffix()
	}
	out, err := a.pack(ctx, runs, pack, r)
	if err != nil {
		return err
	}
	if done, err := a.Emit(out); done {
		return err
	}
	a.printCreated(out)
	return nil
}

// reveal prints texts with the real names.
func (a *app) reveal(files []string, keyFile string) error {
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
