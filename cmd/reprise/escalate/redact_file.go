package escalate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/redact"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// redactOptions are what redact was asked.
type redactOptions struct {
	*cli.App
	cut          cutting
	path, output string
}

// check tells what is wrong with the options. There is always a key: one of the result's own.
func (o *redactOptions) check() error {
	keyed := o.cut
	keyed.key = cmp.Or(o.cut.key, "the result's own")
	return keyed.check()
}

func newRedact(a *cli.App, runF func(context.Context, *redactOptions) error) *cobra.Command {
	o := &redactOptions{App: a}
	c := &cobra.Command{
		Use:   "redact FILE|DIR",
		Short: "Cut secrets and identities out of files, without a run",
		Long: `Replace addresses, hardware addresses, names and secrets in a file or folder by others
of the same form, everywhere alike: configurations, logs, tech-supports, JSON, YAML,
captures and archives of them. Nothing is changed in place.

What was known is looked for again in the result, as terminals and encodings write it too
(line wraps, colours, escapes, base64, hex, dumps); a hit refuses the result. What only a
person can judge is listed: banners, descriptions, names of VLANs, remarks, phone numbers.
Files of unknown kinds and documents of office programs are left out and listed.

The key and the way back stay with you, in a folder .owner beside the result that only you
can read, unless --redact-key names another place: "bundle redact --reveal" reads an answer
with the real names. The same key gives the same result. With --rules a file adds words,
forms of lines and patterns.

Exit status: 0 written; 4 wrong input; 6 something would be left that must not.`,
		Example: `  reprise redact show-tech.txt
  reprise redact logs/ -o logs-for-tac --hide ACME --rules acme.yaml
  reprise redact capture.pcapng --redact-key acme.key --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.path = args[0]
			if err := o.check(); err != nil {
				return err
			}
			return cli.Run(runF, runRedact)(c.Context(), o)
		},
	}
	c.Flags().StringVarP(&o.output, "output", "o", "", "file or folder to write (default: named after the original, with -redacted)")
	o.cut.registerWhat(c.Flags())
	return c
}

// redactedFile is what --json prints.
type redactedFile struct {
	Output string              `json:"output"`
	Key    string              `json:"key"`
	Map    string              `json:"map"`
	Rules  map[redact.Rule]int `json:"rules"` // places that were replaced, by kind
	Files  int                 `json:"files"` // with such a place
	Left   []string            `json:"left-out,omitempty"`
	// Person are the lines that only a person can judge, as they are in the result.
	Person []redact.Left `json:"left-to-a-person,omitempty"`
	Look   []redact.Hit  `json:"looks-like-a-secret,omitempty"`
}

func runRedact(ctx context.Context, o *redactOptions) (err error) {
	t, err := targetOf(o)
	if err != nil {
		return err
	}
	work, err := scratch.Make("redact")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	src := t.abs
	if !t.dir {
		src = filepath.Join(work, "in")
		if err := copyInto(src, t.abs); err != nil {
			return err
		}
	}
	r, err := newRedaction(o.App, &o.cut)
	if err != nil {
		return err
	}
	if r.red, err = redact.New(r.key, r.options); err != nil {
		return cli.InputError("%w", err)
	}
	dst := filepath.Join(work, "out")
	o.Progress("redacting %s", o.path)
	result, err := r.red.Dir(ctx, src, dst)
	if err != nil {
		return err
	}
	r.report = result.Report
	out := redactedFile{Key: r.keyFile, Rules: result.Report.Rules, Files: len(result.Report.Files), Left: r.left(), Person: result.Left}
	if out.Look, err = r.checked(ctx, dst); err != nil {
		return err
	}
	if out.Output, err = t.place(dst, out.Left); err != nil {
		return err
	}
	if err := r.writeMap(result.Map); err != nil {
		return err
	}
	out.Map = r.mapFile
	return o.Show(out, func(w io.Writer) { printRedacted(w, out) })
}

// target is what is redacted, and where the result goes.
type target struct {
	abs    string // what is redacted
	dir    bool   // it is a folder
	output string
	named  bool // somebody named the output
}

// targetOf looks at what is to be redacted and chooses what nobody named: the result's place and
// the key's, beside it.
func targetOf(o *redactOptions) (target, error) {
	info, err := os.Stat(o.path)
	if err != nil {
		return target{}, cli.InputError("%w", err)
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return target{}, cli.InputError("%s is neither a file nor a folder", o.path)
	}
	abs, err := filepath.Abs(o.path)
	if err != nil {
		return target{}, err
	}
	t := target{abs: abs, dir: info.IsDir(), output: o.output, named: o.output != ""}
	if !t.named {
		t.output = redactedName(o.path, t.dir)
		if base := filepath.Base(filepath.Clean(o.path)); base == "." || base == ".." {
			t.output = redactedName(abs, true)
		}
	}
	if o.cut.key == "" {
		o.cut.key = filepath.Join(filepath.Dir(filepath.Clean(t.output)), redact.OwnerDir, "redaction")
	}
	if inside(abs, t.output) && t.dir {
		return t, cli.InputError("%s lies in %s: give a folder outside of it with -o", t.output, o.path)
	}
	if _, err := os.Lstat(t.output); err == nil {
		return t, cli.InputError("%s is there already: give another name with -o, or remove it", t.output)
	}
	return t, nil
}

// place puts a result where it was asked for, and returns the place. left is what could not be
// redacted.
func (t target) place(from string, left []string) (output string, err error) {
	output = t.output
	if !t.dir {
		if from, err = onlyFile(from, left); err != nil {
			return "", err
		}
		if !t.named {
			output = filepath.Join(filepath.Dir(output), redactedName(filepath.Base(from), false))
		}
	}
	return output, moveResult(from, output)
}

// checked searches the result for what was cut, and gives what looks like a secret and was
// not.
func (r *redaction) checked(ctx context.Context, dir string) ([]redact.Hit, error) {
	key, err := plain.Read(r.keyFile, plain.Data)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	gate := r.red.Gate(append(slices.Clone(r.options.Secrets), strings.TrimSpace(string(key)))...)
	if err := gate.Check(ctx, dir); err != nil {
		return nil, cli.WithCode(cli.ExitRefused, err)
	}
	var look []redact.Hit
	tree := os.DirFS(dir)
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == redact.ReportFile {
			return errors.Join(err, ctx.Err())
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		look = append(look, gate.Residue(name, data)...)
		return nil
	})
	return look, err
}

// maxRedacted bounds a file that is redacted by itself, in bytes: it is read as a whole.
const maxRedacted = 4 << 30

// copyInto copies a file into a new folder.
func copyInto(dir, file string) error {
	data, err := plain.Read(file, maxRedacted)
	if err != nil {
		return cli.InputError("%w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a folder for the original: %w", err)
	}
	return evidence.WriteFile(filepath.Join(dir, filepath.Base(file)), data)
}

// onlyFile is the one file of a result beside its report.
func onlyFile(dir string, left []string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("look for the result: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			return filepath.Join(dir, e.Name()), nil
		}
	}
	return "", cli.WithCode(cli.ExitRefused, fmt.Errorf("nothing can be written: %s", strings.Join(left, "; ")))
}

// redactedName is the default name of a result.
func redactedName(path string, dir bool) string {
	path = filepath.Clean(path)
	ext := filepath.Ext(path)
	if dir || ext == path || strings.HasPrefix(filepath.Base(path), ".") {
		return path + "-redacted"
	}
	if strings.HasSuffix(path, ".tar"+ext) {
		ext = ".tar" + ext
	}
	return strings.TrimSuffix(path, ext) + "-redacted" + ext
}

// inside reports whether a path lies in a folder.
func inside(dir, path string) bool {
	abs, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, abs)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// moveResult puts a finished result where it was asked for.
func moveResult(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("make a folder for the result: %w", err)
	}
	if os.Rename(from, to) == nil {
		return nil
	}
	info, err := os.Stat(from) // on another file system
	if err != nil {
		return fmt.Errorf("move the result: %w", err)
	}
	if info.IsDir() {
		return cli.WholeFolder(to, func(part string) error { return os.CopyFS(part, os.DirFS(from)) })
	}
	data, err := plain.Read(from, maxRedacted)
	if err != nil {
		return fmt.Errorf("move the result: %w", err)
	}
	return evidence.WriteFile(to, data)
}

// printRedacted writes what was replaced and what was not, for people.
func printRedacted(w io.Writer, r redactedFile) {
	kinds := slices.Sorted(maps.Keys(r.Rules))
	for _, k := range kinds {
		cli.Tell(w, "replaced  %-14s %d", k, r.Rules[k])
	}
	if len(kinds) == 0 {
		cli.Tell(w, "replaced  nothing")
	}
	for _, l := range leftLines(r.Left) {
		cli.Tell(w, "left out  %s", l)
	}
	for _, l := range leftLines(personLines(r.Person)) {
		cli.Tell(w, "look at   %s", l)
	}
	for i, h := range r.Look {
		const most = 10
		if i == most {
			cli.Tell(w, "look at   and at %s more that look like a secret", cli.Plural(len(r.Look)-most, "place"))
			break
		}
		cli.Tell(w, "look at   %s, byte %d of the result: it looks like a secret (%s) and was not cut", h.File, h.Offset, h.Form)
	}
	cli.Tell(w, "way back  %s, with the key %s: keep both, and send neither", r.Map, r.Key)
	cli.Tell(w, "written   %s", r.Output)
}

// personLines say what only a person can judge.
func personLines(list []redact.Left) []string {
	out := make([]string, 0, len(list))
	for _, l := range list {
		line := fmt.Sprintf("%s:%d: %s", l.File, l.Line, l.Kind)
		if l.Text != "" {
			line += ": " + l.Text
		}
		out = append(out, line)
	}
	return out
}
