package bundle

import (
	"context"
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
	"github.com/reprise-lab/reprise/topologies/plain"
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
	from, err := filepath.EvalSymlinks(from) // a link to the folder itself is meant, one within it is not
	if err != nil {
		return err
	}
	if st, err := os.Stat(from); err != nil || !st.IsDir() {
		return errors.Join(err, fmt.Errorf("%s is no folder", from))
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
	case d.IsDir() && strings.HasPrefix(path.Base(rel), ".") && strings.Contains(path.Base(rel), partWord):
		return "it is a bundle in the making"
	case d.IsDir() && rel != "." && strings.HasPrefix(path.Base(rel), "."):
		return "it is hidden, and its owner's"
	case d.IsDir() && strings.HasPrefix(path.Base(rel), "escalation-"):
		return "it is an earlier escalation"
	case len(parts) == 1 && strings.HasPrefix(parts[0], "suite-lab-"):
		return "it names folders of the machine that made the run"
	case !o.Cores && len(parts) > 3 && parts[0] == "trials" && parts[2] == "cores" && path.Ext(rel) != ".json": // what a core file tells is in no memory
		return "core files hold a process's memory"
	default:
		return ""
	}
}

func place(ctx context.Context, from, to string, link bool) (err error) {
	if link && os.Link(from, to) == nil {
		return ctx.Err()
	}
	in, err := plain.Open(from)
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
