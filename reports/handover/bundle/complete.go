package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/reprise-lab/reprise/harness/evidence"
)

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
	was := map[string]string{}
	for _, f := range s.before {
		was[f.Path] = f.SHA256
	}
	r := &Redaction{Profile: profile, Changed: []string{}}
	for _, f := range now { // by their names of today: an earlier one may be what was cut
		if f.Path == redactionName {
			r.Report = redactionName
			continue
		}
		if was[f.Path] == f.SHA256 {
			continue
		}
		r.Changed = append(r.Changed, f.Path)
		if path.Base(f.Path) != "ledger.ndjson" || was[f.Path] == "" {
			continue
		}
		if r.Ledgers == nil {
			r.Ledgers = map[string]string{}
		}
		r.Ledgers[path.Base(path.Dir(f.Path))] = was[f.Path]
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
