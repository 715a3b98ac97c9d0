package cases

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Staged is what of a case goes along in a bundle.
type Staged struct {
	Runs []string // run directories, to be packed as runs
	Left []string // what stays here, and why
}

// Stage writes the case's own files into a new folder as they go along in a bundle:
// case.yaml with paths that lead somewhere in an opened bundle (runs lie beside the case's
// folder), the timeline, the customer's logs, the results of isolations. Earlier escalations
// and what is the owner's alone stay. pages are further files, by name.
func Stage(f Folder, dst string, pages map[string][]byte) (Staged, error) {
	var s Staged
	moved := map[string]string{} // path in the case → path in the bundle's case folder
	for _, a := range f.attach() {
		switch {
		case a.err != nil:
			return s, fmt.Errorf("pack case: %w", a.err)
		case slices.Contains(a.marks, "simulated") || a.info != nil && a.info.Fidelity == "simulator":
			s.Left = append(s.Left, a.Dir+": made on simulators, which show nothing")
		case a.info != nil:
			s.Runs = append(s.Runs, a.path)
			moved[a.Dir] = path.Join("..", "runs", a.info.ID)
		default:
			to := path.Join("isolation", filepath.Base(a.path))
			if err := copyResults(a.path, filepath.Join(dst, filepath.FromSlash(to))); err != nil {
				return s, err
			}
			moved[a.Dir] = to
		}
	}
	for i, l := range f.Case.Logs {
		to := path.Join("logs", fmt.Sprintf("%02d-%s", i+1, filepath.Base(l.File)))
		if err := copyFile(f.Abs(l.File), filepath.Join(dst, filepath.FromSlash(to))); err != nil {
			return s, fmt.Errorf("pack log: %w", err)
		}
		moved[l.File] = to
	}
	var others []string
	for _, c := range f.Case.Confirmations {
		others = append(others, c.File, c.File+".sig")
	}
	for _, file := range others {
		if file == "" {
			continue
		}
		to := filepath.Base(file)
		err := copyFile(f.Abs(file), filepath.Join(dst, to))
		if errors.Is(err, fs.ErrNotExist) {
			continue // the check has said so
		}
		if err != nil {
			return s, fmt.Errorf("pack case: %w", err)
		}
		moved[file] = to
	}
	if f.Case.Known.File != "" {
		moved[f.Case.Known.File] = filepath.Base(f.Case.Known.File)
	}
	lead := f.leading(moved)
	if data, err := plain.Read(f.Abs(f.Case.Known.File), plain.Data); f.Case.Known.File != "" && err == nil { // the check has said where there is none
		if err := evidence.WriteFile(filepath.Join(dst, filepath.Base(f.Case.Known.File)), []byte(lead.Replace(string(data)))); err != nil {
			return s, err
		}
	}
	switch data, err := plain.Read(filepath.Join(f.Path, "timeline.ndjson"), plain.Data); {
	case err == nil:
		if err := evidence.WriteFile(filepath.Join(dst, "timeline.ndjson"), []byte(lead.Replace(string(data)))); err != nil {
			return s, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return s, fmt.Errorf("pack timeline: %w", err)
	}
	for name, data := range pages {
		if err := evidence.WriteFile(filepath.Join(dst, name), []byte(lead.Replace(string(data)))); err != nil {
			return s, err
		}
	}
	return s, f.writeMoved(filepath.Join(dst, FileName), moved)
}

// leading replaces paths of this machine by what they are in a bundle, also where they stand
// in texts. Those of other folders lose all but their last part.
func (f Folder) leading(moved map[string]string) *strings.Replacer {
	var pairs []string
	add := func(from, to string) {
		if len(from) > 1 && from != to {
			pairs = append(pairs, from, to)
		}
	}
	for _, from := range slices.SortedFunc(maps.Keys(moved), func(a, b string) int { return len(b) - len(a) }) {
		add(f.Abs(from), moved[from])
		add(from, moved[from])
	}
	for _, r := range f.Case.Runs {
		add(f.Abs(r.Dir), filepath.Base(r.Dir))
	}
	if abs, err := filepath.Abs(f.Path); err == nil {
		add(abs, "case")
	}
	if wd, err := os.Getwd(); err == nil {
		add(wd, ".")
	}
	return strings.NewReplacer(pairs...)
}

// led gives a path of the case as it leads within a bundle: what lies in a folder that was moved is moved with it. Of
// what is elsewhere on this machine its last part is told.
func (f Folder) led(file string, moved map[string]string) string {
	if m, ok := moved[file]; ok {
		return m
	}
	for _, r := range f.Case.Runs {
		rest, ok := f.inside(file, r.Dir)
		if m, packed := moved[r.Dir]; ok && packed {
			return path.Join(m, rest)
		}
	}
	if filepath.IsAbs(file) || !filepath.IsLocal(file) && file != "" {
		return filepath.Base(file)
	}
	return file
}

// writeMoved writes the case with its paths as they lead within a bundle.
func (f Folder) writeMoved(to string, moved map[string]string) error {
	c := f.Case
	lead := func(file string) string { return f.led(file, moved) }
	c.Runs, c.Logs, c.Analysis, c.Confirmations = nil, nil, nil, nil
	for _, r := range f.Case.Runs {
		if m, ok := moved[r.Dir]; ok { // what stays here is not spoken of there
			r.Dir = m
			c.Runs = append(c.Runs, r)
		}
	}
	for _, l := range f.Case.Logs {
		l.File = lead(l.File)
		c.Logs = append(c.Logs, l)
	}
	for _, a := range f.Case.Analysis {
		if slices.ContainsFunc(f.Case.Runs, func(r Run) bool { return moved[r.Dir] == "" && f.Within(a.Of, r.Dir) }) {
			continue
		}
		a.Of = lead(a.Of)
		c.Analysis = append(c.Analysis, a)
	}
	for _, conf := range f.Case.Confirmations {
		conf.File = lead(conf.File)
		c.Confirmations = append(c.Confirmations, conf)
	}
	c.Known.File = lead(c.Known.File)
	c.Fix.Verified = lead(c.Fix.Verified)
	if filepath.IsAbs(c.Scenario) {
		c.Scenario = filepath.Base(c.Scenario)
	}
	data, err := encode(c)
	if err != nil {
		return err
	}
	return evidence.WriteFile(to, data)
}

// copyResults copies what an isolation came to, without its runs.
func copyResults(from, to string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if top, _, _ := strings.Cut(filepath.ToSlash(rel), "/"); top == "runs" {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		return copyFile(name, filepath.Join(to, rel))
	})
}

// Keep copies a file into a folder of the case, unless it lies in the case already, and
// gives its path there. Another file of the same name is not replaced.
func (f Folder) Keep(file, folder string) (string, error) {
	switch info, err := os.Stat(file); {
	case err != nil:
		return "", fmt.Errorf("%s is not there", file)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is no file", file)
	}
	rel, err := f.Rel(file)
	if err != nil || !filepath.IsAbs(rel) {
		return rel, err
	}
	rel = path.Join(folder, filepath.Base(file))
	to := f.Abs(filepath.FromSlash(rel))
	if there, err := plain.Read(to, maxLog); err == nil {
		data, err := plain.Read(file, maxLog)
		if err != nil || bytes.Equal(there, data) {
			return rel, err
		}
		return "", fmt.Errorf("the case has another %s already: give the file another name", rel)
	}
	return rel, copyFile(file, to)
}

func copyFile(from, to string) (err error) {
	in, err := plain.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
