package escalate

import (
	"context"
	"errors"
	"fmt"
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
)

func (a *app) redactVerb() *cobra.Command {
	var cut redactFlags
	var output string
	c := &cobra.Command{
		Use:   "redact FILE|DIR",
		Short: "Cut secrets and identities out of files, without a run",
		Long: `Replace addresses, hardware addresses, names and secrets in a file or folder by others
of the same form, everywhere alike: configurations, logs, tech-supports, JSON, YAML,
captures and archives of them. Nothing is changed in place.

What was known is looked for again in the result, as terminals and encodings write it too
(line wraps, colours, escapes, base64, hex, dumps); a hit refuses the result. What only a
person can judge is listed: banners, descriptions, names of VLANs, remarks, phone numbers.
Files of unknown kinds are left out and listed.

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
			return a.redactFile(c.Context(), args[0], output, &cut)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "file or folder to write (default: named after the original, with -redacted)")
	cut.registerWhat(c.Flags())
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

func (a *app) redactFile(ctx context.Context, path, output string, cut *redactFlags) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return cli.InputError("%w", err)
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return cli.InputError("%s is neither a file nor a folder", path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "reprise-redact-")
	if err != nil {
		return fmt.Errorf("make a folder for the result: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	src := abs
	if !info.IsDir() {
		src = filepath.Join(work, "in")
		if err := copyInto(src, abs); err != nil {
			return err
		}
	}
	named := output != ""
	if !named {
		output = redactedName(path, info.IsDir())
		if base := filepath.Base(filepath.Clean(path)); base == "." || base == ".." {
			output = redactedName(abs, true)
		}
	}
	owner := filepath.Join(filepath.Dir(filepath.Clean(output)), redact.OwnerDir)
	if cut.key == "" {
		cut.key = filepath.Join(owner, "redaction")
	}
	if inside(abs, output) && info.IsDir() {
		return cli.InputError("%s lies in %s: give a folder outside of it with -o", output, path)
	}
	if _, err := os.Lstat(output); err == nil {
		return cli.InputError("%s is there already: give another name with -o, or remove it", output)
	}
	r, err := a.newRedaction(cut)
	if err != nil {
		return err
	}
	red, err := redact.New(r.key, r.options)
	if err != nil {
		return cli.InputError("%w", err)
	}
	dst := filepath.Join(work, "out")
	a.Progress("redacting %s", path)
	result, err := red.Dir(ctx, src, dst)
	if err != nil {
		return err
	}
	r.red, r.report = red, result.Report
	out := redactedFile{Key: r.keyFile, Map: r.mapFile, Rules: result.Report.Rules, Files: len(result.Report.Files), Left: r.left(), Person: result.Left}
	if out.Look, err = r.checked(ctx, dst); err != nil {
		return err
	}
	from := dst
	if !info.IsDir() {
		if from, err = onlyFile(dst, out.Left); err != nil {
			return err
		}
		if !named {
			output = filepath.Join(filepath.Dir(output), redactedName(filepath.Base(from), false))
		}
	}
	if err := moveResult(from, output); err != nil {
		return err
	}
	out.Output = output
	if err := result.Map.WriteFile(r.mapFile, r.key); err != nil {
		return err
	}
	if done, err := a.Emit(out); done {
		return err
	}
	a.printRedacted(out)
	return nil
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
		return os.CopyFS(to, os.DirFS(from))
	}
	data, err := plain.Read(from, maxRedacted)
	if err != nil {
		return fmt.Errorf("move the result: %w", err)
	}
	return evidence.WriteFile(to, data)
}

func (a *app) printRedacted(r redactedFile) {
	kinds := slices.Sorted(maps.Keys(r.Rules))
	for _, k := range kinds {
		a.Tell("replaced  %-14s %d", k, r.Rules[k])
	}
	if len(kinds) == 0 {
		a.Tell("replaced  nothing")
	}
	for _, l := range leftLines(r.Left) {
		a.Tell("left out  %s", l)
	}
	for _, l := range leftLines(personLines(r.Person)) {
		a.Tell("look at   %s", l)
	}
	for i, h := range r.Look {
		const most = 10
		if i == most {
			a.Tell("look at   and at %s more that look like a secret", cli.Plural(len(r.Look)-most, "place"))
			break
		}
		a.Tell("look at   %s, byte %d: it looks like a secret (%s) and was not cut", h.File, h.Offset, h.Form)
	}
	a.Tell("way back  %s, with the key %s: keep both, and send neither", r.Map, r.Key)
	a.Tell("written   %s", r.Output)
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
