package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// StageOptions say what a bundle is made of.
type StageOptions struct {
	Runs  []string // run directories
	Case  string   // folder of the case's own files; empty: none
	Cores bool     // core files go along: they hold a process's whole memory
	// Link takes hard links where it can instead of copies. The staged files must not be
	// changed in place then: they are the run's own.
	Link bool
}

// Staged is the tree of a bundle in a folder.
type Staged struct {
	Dir  string
	Runs []string // ids
	// Left are the files that do not belong into a bundle, and why.
	Left []string
	// before is what was staged: redaction is told by what differs. Nil where nothing may.
	before []File
}

// Stage lays the tree of a bundle out in a new or empty folder. A run whose marks forbid
// handing it on is a [*RefusedError], and one whose ledger does not belong to its trials is
// an error: nobody else could check it either.
func Stage(ctx context.Context, dst string, o StageOptions) (Staged, error) {
	s := Staged{Dir: dst}
	if len(o.Runs) == 0 {
		return s, errors.New("a bundle needs a run at least")
	}
	if err := checkTarget(dst); err != nil {
		return s, err
	}
	for _, run := range o.Runs {
		id, err := checkRun(run)
		if err != nil {
			return s, err
		}
		if slices.Contains(s.Runs, id) {
			return s, fmt.Errorf("the run %s is named twice", id)
		}
		s.Runs = append(s.Runs, id)
		if err := s.copyTree(ctx, run, path.Join(runsFolder, id), o); err != nil {
			return s, err
		}
	}
	if o.Case != "" {
		if err := s.copyTree(ctx, o.Case, caseFolder, o); err != nil {
			return s, err
		}
	}
	slices.Sort(s.Runs)
	if o.Link {
		return s, nil
	}
	var err error
	s.before, err = digests(ctx, dst)
	return s, err
}

// checkRun looks at what no later step can put right, and gives the run's own name: its
// folder may have been given another since.
func checkRun(run string) (id string, err error) {
	dir, info, err := evidence.OpenDir(run)
	if err != nil {
		return "", err
	}
	if checkName(info.ID) != nil || strings.Contains(info.ID, "/") {
		return "", fmt.Errorf("%s: the run's id %q is no name of a folder", run, info.ID)
	}
	if err := checkMarks(run); err != nil {
		return "", err
	}
	entries, err := dir.Ledger()
	if err != nil {
		return "", fmt.Errorf("%s: %w", run, err)
	}
	last := map[int]evidence.Entry{}
	for _, e := range entries {
		last[e.Trial] = e
	}
	for n, e := range last {
		digest, err := dir.Trial(n).Digest()
		if err == nil && digest != e.Digest {
			err = fmt.Errorf("trial %d: its record is not the one that the ledger was written for (reprise judge says more)", n)
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", run, err)
		}
	}
	return info.ID, nil
}

func (s *Staged) copyTree(ctx context.Context, from, to string, o StageOptions) error {
	st, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return fmt.Errorf("%s is no folder", from)
	}
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := path.Join(to, filepath.ToSlash(rel))
		if why := leaveOut(filepath.ToSlash(rel), d, o); why != "" {
			s.Left = append(s.Left, target+": "+why)
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(s.Dir, filepath.FromSlash(target)), 0o755)
		}
		return place(ctx, name, filepath.Join(s.Dir, filepath.FromSlash(target)), o.Link)
	})
}

// leaveOut tells why a file does not belong into a bundle; empty when it does.
func leaveOut(rel string, d fs.DirEntry, o StageOptions) string {
	parts := strings.Split(rel, "/")
	switch {
	case !d.IsDir() && !d.Type().IsRegular():
		return "it is no regular file"
	case strings.HasPrefix(path.Base(rel), ".tmp-"):
		return "it is a temporary file"
	case d.IsDir() && path.Base(rel) == ".git":
		return "it is a repository"
	case !o.Cores && len(parts) > 2 && parts[0] == "trials" && parts[2] == "cores":
		return "core files hold a process's memory"
	default:
		return ""
	}
}

func place(ctx context.Context, from, to string, link bool) (err error) {
	if link && os.Link(from, to) == nil {
		return ctx.Err()
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, &contextReader{ctx, in})
	return err
}

// CompleteOptions say what is added to a staged folder.
type CompleteOptions struct {
	Tool    evidence.Tool
	Custody Custody // the line about this packing; Prev is filled in
	Profile string  // of the redaction, if the folder was redacted
}

// Complete adds what follows from the runs, as they are now: reports, images.lock, env.json,
// the statement, the custody line. Files that are no longer as they were staged are listed
// as redacted, and a ledger among them is chained anew.
func Complete(ctx context.Context, s Staged, o CompleteOptions) (Source, error) {
	src := Source{Dir: s.Dir, Kind: KindReproduction, Tool: o.Tool}
	var err error
	if src.Redaction, err = redacted(ctx, s, o.Profile); err != nil {
		return src, err
	}
	var dirs []string
	var infos []evidence.RunInfo
	for _, id := range s.Runs {
		dir := filepath.Join(s.Dir, runsFolder, id)
		_, info, err := evidence.OpenDir(dir)
		if err != nil {
			return src, err
		}
		dirs, infos = append(dirs, dir), append(infos, info)
	}
	if src.Claim, err = claimOf(dirs); err != nil {
		return src, err
	}
	if err := placeReports(s.Dir, s.Runs, src.Claim); err != nil {
		return src, err
	}
	if err := AppendCustody(s.Dir, o.Custody); err != nil {
		return src, err
	}
	files, err := digests(ctx, s.Dir)
	if err != nil {
		return src, err
	}
	more, err := derived(TreeDigest(files), src.Claim, infos)
	if err != nil {
		return src, err
	}
	for name, data := range more {
		if err := evidence.WriteFile(filepath.Join(s.Dir, filepath.FromSlash(name)), data); err != nil {
			return src, err
		}
	}
	return src, nil
}

// redacted tells what differs from what was staged; nil when nothing does.
func redacted(ctx context.Context, s Staged, profile string) (*Redaction, error) {
	if s.before == nil {
		return nil, nil
	}
	now, err := digests(ctx, s.Dir)
	if err != nil {
		return nil, err
	}
	is := map[string]string{}
	for _, f := range now {
		is[f.Path] = f.SHA256
	}
	r := &Redaction{Profile: profile, Changed: []string{}}
	if _, ok := is[redactionName]; ok {
		r.Report = redactionName
	}
	for _, f := range s.before {
		if is[f.Path] == f.SHA256 {
			continue
		}
		r.Changed = append(r.Changed, f.Path)
		if _, there := is[f.Path]; !there || path.Base(f.Path) != "ledger.ndjson" {
			continue
		}
		if r.Ledgers == nil {
			r.Ledgers = map[string]string{}
		}
		r.Ledgers[path.Base(path.Dir(f.Path))] = f.SHA256
		if err := rechain(filepath.Join(s.Dir, filepath.FromSlash(f.Path))); err != nil {
			return nil, err
		}
	}
	if profile == "" && r.Report == "" && len(r.Changed) == 0 {
		return nil, nil
	}
	return r, nil
}

// rechain gives each line of a ledger the digest of the line before as that is now.
func rechain(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("chain the ledger anew: %w", err)
	}
	var out, prev []byte
	for line := range bytes.Lines(data) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		var e evidence.Entry
		if json.Unmarshal(line, &e) == nil {
			e.Prev = evidence.SHA256(prev)
			if line, err = json.Marshal(e); err != nil {
				return fmt.Errorf("chain the ledger anew: %w", err)
			}
		}
		out = append(append(out, line...), '\n')
		prev = bytes.Clone(line)
	}
	return evidence.WriteFile(file, out)
}

// placeReports puts the run's own reports where a reader looks first. Of several runs the
// one that the claim rests on is taken, and the others' are named.
func placeReports(dir string, runs []string, c Claim) error {
	id := runs[0]
	if main := c.Main(); main != nil {
		id = main.ID
	}
	for from, to := range map[string]string{"report.md": reportName, "report.html": htmlName} {
		data, err := os.ReadFile(filepath.Join(dir, runsFolder, id, from))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if to == reportName && len(runs) > 1 {
			more := fmt.Appendf(nil, "This is the report of %s. The bundle holds %d runs:\n\n", id, len(runs))
			for _, other := range runs {
				more = fmt.Appendf(more, "- [%s](runs/%s/report.md)\n", other, other)
			}
			data = append(append(more, '\n'), data...)
		}
		if err := evidence.WriteFile(filepath.Join(dir, to), data); err != nil {
			return err
		}
	}
	return nil
}
