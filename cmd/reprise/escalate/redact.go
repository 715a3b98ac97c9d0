package escalate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/formats"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/reports/handover/confirm"
	"github.com/reprise-lab/reprise/reports/handover/redact"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// cutting says what is cut before something leaves.
type cutting struct {
	none   bool
	key    string
	hide   []string
	secret []string
	keep   []string
	rules  []string
	as     bool
	prove  int
}

// registerWhat registers what every redaction asks.
func (f *cutting) registerWhat(fl *pflag.FlagSet) {
	fl.StringVar(&f.key, "redact-key", "", "redact with the key in this file, which is made when it is not there; its map is written beside it")
	fl.StringArrayVar(&f.rules, "rules", nil, "FILE (YAML) with words, forms of lines and patterns of your own")
	fl.StringArrayVar(&f.hide, "hide", nil, "a word to hide wherever it stands: a customer, a host, a person")
	fl.StringArrayVar(&f.secret, "secret", nil, "FILE with values that are secret, one a line")
	fl.StringArrayVar(&f.keep, "keep", nil, "a prefix whose addresses stay as they are, as 192.0.2.0/24")
	fl.BoolVar(&f.as, "redact-as", false, "replace AS numbers too")
}

func (f *cutting) register(fl *pflag.FlagSet) {
	f.registerWhat(fl)
	fl.BoolVar(&f.none, "no-redact", false, "cut nothing, and say so in the bundle")
	fl.IntVar(&f.prove, "prove", 0, "run the redacted case so many times, and refuse it when its rate is another one")
}

// check tells what is wrong with the choices.
func (f *cutting) check() error {
	switch {
	case f.key == "" && len(f.hide)+len(f.secret)+len(f.keep)+len(f.rules)+f.prove > 0:
		return cli.InputError("--hide, --secret, --keep, --rules and --prove are for a redaction: give --redact-key FILE")
	case f.prove < 0 || f.prove > 1000:
		return cli.InputError("--prove takes 1 to 1000 trials")
	case f.key != "" && f.none:
		return cli.InputError("--no-redact and --redact-key say opposite things")
	}
	_, err := f.prefixes()
	return err
}

// prefixes reads --keep.
func (f *cutting) prefixes() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range f.keep {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, cli.InputError("--keep %s: want a prefix, as 192.0.2.0/24", text)
		}
		list = append(list, p)
	}
	return list, nil
}

// redaction cuts what a bundle must not hold.
type redaction struct {
	key     redact.Key
	options redact.Options
	keyFile string
	mapFile string // of the owner
	prove   int    // trials
	runs    string // where their runs go
	app     *cli.App
	markers []string // that must not be found besides what was cut

	red *redact.Redactor

	report redact.Report
	person []redact.Left // lines that only a person can judge
	proved string        // in one line
}

// newRedaction reads the flags; nil where nothing is to be cut.
func newRedaction(a *cli.App, f *cutting) (*redaction, error) {
	if f.key == "" {
		return nil, nil
	}
	kept, err := f.prefixes()
	if err != nil {
		return nil, err
	}
	var rules []redact.Rules
	for _, file := range f.rules { // before a key is made
		own, err := redact.LoadRules(file)
		if err != nil {
			return nil, cli.AsInputError(err)
		}
		rules = append(rules, own)
	}
	stamp := f.key + "-" + time.Now().UTC().Format("20060102T150405Z")
	r := &redaction{app: a, keyFile: f.key, mapFile: stamp + ".map", prove: f.prove, runs: stamp + "-proof"}
	if r.key, err = ownerKey(f.key); err != nil {
		return nil, err
	}
	r.options.Names, r.options.ASNumbers = f.hide, f.as
	r.options.KeepPrefixes = kept
	for _, file := range f.secret {
		lines, err := linesOf(file)
		if err != nil {
			return nil, cli.InputError("--secret: %w", err)
		}
		r.options.Secrets = append(r.options.Secrets, lines...)
	}
	for _, own := range rules {
		own.Apply(&r.options)
	}
	return r, nil
}

// wholeWords refuses to pack what nobody cut, unless that was asked for; then it says so
// before anything is written. r is nil where nothing is cut.
func wholeWords(a *cli.App, r *redaction, f *cutting) error {
	const what = "what devices said and were told goes into the bundle as it is, with names, addresses and passwords"
	switch {
	case r != nil:
		return nil
	case !f.none:
		return cli.WithCode(cli.ExitRefused, errors.New("nothing would be redacted: "+what+"; redact with --redact-key FILE, or say --no-redact"))
	default:
		a.Progress("NOT REDACTED, as asked: %s", what)
		return nil
	}
}

// ownerKey reads a key, and makes one where there is none.
func ownerKey(file string) (redact.Key, error) {
	key, err := redact.ReadKeyFile(file)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return key, cli.AsInputError(err)
	}
	key = redact.NewKey()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return key, fmt.Errorf("make a folder for the key: %w", err)
	}
	return key, key.WriteKeyFile(file)
}

// caseRedaction is the redaction of a case: its key is kept in the case's folder, the
// customer's names are hidden, and the partner's are not.
func caseRedaction(o *escalateOptions, folder cases.Folder) (*redaction, error) {
	if o.redact.none {
		return nil, wholeWords(o.App, nil, &o.redact)
	}
	if o.redact.key == "" {
		o.redact.key = filepath.Join(folder.Path, ".owner", "redaction")
	}
	c := folder.Case.Customer
	o.redact.hide = append(o.redact.hide, redact.Spellings(c.Name, c.Contact, c.Email, c.Phone, c.Site)...)
	r, err := newRedaction(o.App, &o.redact)
	if r == nil {
		return r, err
	}
	p := folder.Case.Partner // whom the vendor calls stays
	r.options.Keep = append(r.options.Keep, cli.Present(p.Name, p.Contact, p.Email, p.Phone)...)
	abs, aerr := filepath.Abs(folder.Path)
	wd, werr := os.Getwd()
	if err := errors.Join(err, aerr, werr); err != nil {
		return nil, err
	}
	for _, path := range []string{abs, wd} { // nothing of this machine's folders leaves
		if strings.Count(path, string(filepath.Separator)) > 1 {
			r.markers = append(r.markers, path)
		}
	}
	return r, nil
}

func (r *redaction) profile() string {
	if r.options.ASNumbers {
		return "default, AS numbers too"
	}
	return "default"
}

// cut redacts a staged bundle in place, and refuses one in which something survives.
func (r *redaction) cut(ctx context.Context, dir string) (string, error) {
	red, err := redact.New(r.key, r.options)
	if err != nil {
		return "", err
	}
	whole := dir + ".whole"
	if err := os.Rename(dir, whole); err != nil {
		return "", fmt.Errorf("set the originals aside: %w", err)
	}
	result, err := red.Dir(ctx, whole, dir)
	if err != nil {
		return "", err
	}
	r.report, r.red, r.person = result.Report, red, result.Left
	for _, note := range result.Report.Dropped {
		if strings.HasPrefix(note.File, "case/logs/") {
			return "", cli.WithCode(cli.ExitRefused, fmt.Errorf("the log %s of the case cannot be redacted, and would be missing: %s; turn it into text, or take it out of the case", note.File, note.Why))
		}
	}
	if err := os.RemoveAll(whole); err != nil {
		return "", fmt.Errorf("remove the originals: %w", err)
	}
	if err := renderMissing(dir); err != nil {
		return "", err
	}
	if err := r.writeMap(result.Map); err != nil {
		return "", err
	}
	if r.prove > 0 {
		if err := r.rerun(ctx, dir); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, filepath.FromSlash(redact.ReportFile)), nil
}

// inspect searches everything that is packed, in its last state, for what was cut, for the
// key, and for folders of this machine.
func (r *redaction) inspect(ctx context.Context, dir string) error {
	key, err := plain.Read(r.keyFile, plain.Data)
	if err != nil {
		return fmt.Errorf("read the key: %w", err)
	}
	planted := append(slices.Concat(r.options.Secrets, r.markers), strings.TrimSpace(string(key)))
	gate := r.red.Gate(planted...)
	if err := gate.Check(ctx, dir); err != nil {
		return cli.WithCode(cli.ExitRefused, err)
	}
	return r.residue(ctx, gate, dir)
}

// left lists what could not be redacted and stays behind.
func (r *redaction) left() []string {
	var list []string
	if r == nil {
		return nil
	}
	for _, note := range r.report.Dropped {
		list = append(list, note.File+": "+note.Why)
	}
	return list
}

// leftToPerson lists what only a person can judge.
func (r *redaction) leftToPerson() []string {
	if r == nil {
		return nil
	}
	return personLines(r.person)
}

// summary says in one line what was cut.
func (r *redaction) summary() string {
	if r == nil {
		return "nothing was cut: what devices said and were told is in it"
	}
	n := 0
	for _, k := range r.report.Rules {
		n += k
	}
	return fmt.Sprintf("%d places in %d files by %d rules; the way back is %s%s", n, len(r.report.Files), len(r.report.Rules), r.mapFile, r.proved)
}

// renderMissing writes the reports of redacted runs that had none: a redaction renders those
// again that were there.
func renderMissing(dir string) error {
	runs, err := os.ReadDir(filepath.Join(dir, "runs"))
	if err != nil {
		return fmt.Errorf("look for the runs: %w", err)
	}
	for _, entry := range runs {
		if err := formats.WriteMissing(evidence.Dir{Path: filepath.Join(dir, "runs", entry.Name())}); err != nil {
			return fmt.Errorf("render the redacted run %s: %w", entry.Name(), err)
		}
	}
	return nil
}

// residue names what looks like a secret and was not cut: a person has to look at it. It
// does not refuse, for a digest looks like a secret too.
func (r *redaction) residue(ctx context.Context, gate *redact.Gate, dir string) error {
	const most = 10
	found := 0
	tree := os.DirFS(dir)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		for _, hit := range gate.Residue(name, data) {
			if found++; found <= most {
				r.app.Progress("look at %s, byte %d of the result: it looks like a secret (%s) and was not cut", hit.File, hit.Offset, hit.Form)
			}
		}
		return nil
	})
	if found > most {
		r.app.Progress("and at %s more", cli.Plural(found-most, "place"))
	}
	return err
}

// rerun executes the redacted case and compares its rate with the original's: a redaction
// that changes the problem has cut too much.
func (r *redaction) rerun(ctx context.Context, dir string) error {
	var claim bundle.Claim
	folders, err := os.ReadDir(filepath.Join(dir, "runs"))
	if err != nil {
		return err
	}
	for _, f := range folders {
		c, err := bundle.ClaimOf(filepath.Join(dir, "runs", f.Name()))
		if err != nil {
			return err
		}
		claim.Runs = append(claim.Runs, c)
	}
	main := claim.Main()
	if main == nil {
		return cli.InputError("--prove: no run of the scenario itself is packed")
	}
	t, err := confirmTrials(ctx, *main, filepath.Join(dir, "runs", main.ID), r.runs, &confirmOptions{App: r.app, trials: r.prove, labs: 1})
	if err != nil {
		return fmt.Errorf("prove the redaction: %w", err)
	}
	t.out.Decide()
	const alpha = 0.05
	was, is := t.out.Claim, t.out.Seen
	if t.out.Result != confirm.Confirmed || t.out.P == nil || *t.out.P < alpha {
		return cli.WithCode(cli.ExitRefused, fmt.Errorf("the redacted case is not the same: %d of %d trials, %d of %d before it was cut (p=%.3f, %s); its runs are in %s",
			is.Reproduced, is.Valid, was.Reproduced, was.Valid, orOne(t.out.P), t.out.Reason, t.dir))
	}
	r.proved = fmt.Sprintf("; run again: %d of %d trials, %d of %d before (p=%.2f)", is.Reproduced, is.Valid, was.Reproduced, was.Valid, orOne(t.out.P))
	return nil
}

func orOne(p *float64) float64 {
	if p == nil {
		return 1
	}
	return *p
}

// linesOf are the lines of a file that are not empty.
func linesOf(file string) ([]string, error) {
	data, err := plain.Read(file, plain.Data)
	if err != nil {
		return nil, err
	}
	var list []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			list = append(list, line)
		}
	}
	return list, nil
}

// writeMap writes the way back under a name that no other has: of two redactions within a second each keeps its own.
func (r *redaction) writeMap(m *redact.Map) error {
	base := strings.TrimSuffix(r.mapFile, ".map")
	for n := 2; ; n++ {
		if err := m.WriteFile(r.mapFile, r.key); !errors.Is(err, fs.ErrExist) {
			return err
		}
		r.mapFile = fmt.Sprintf("%s-%d.map", base, n)
	}
}
