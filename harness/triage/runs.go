package triage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
)

// Sources are where core files are looked for, and what they are unwound with.
type Sources struct {
	// Root is a folder with the files of the programs by their paths; empty leaves a file of a run as
	// its trial recorded it, and reads of others the notes alone.
	Root string
	// Scratch is a folder for what is unpacked.
	Scratch string

	cores result.Cores
}

// Add reads the core files of a run, of the runs in a folder, or a core file.
func (s *Sources) Add(ctx context.Context, name string) error {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return s.runs(ctx, name)
	}
	return s.file(ctx, result.CoreFile{Path: name})
}

// runs reads a run, or those that are in a folder.
func (s *Sources) runs(ctx context.Context, name string) error {
	isRun := func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "run.json"))
		return err == nil
	}
	list, err := os.ReadDir(name)
	if err != nil {
		return err
	}
	found := false
	for _, e := range list {
		dir := filepath.Join(name, e.Name())
		if isRun(name) || !isRun(dir) {
			continue
		}
		found = true
		if err := s.run(ctx, dir); err != nil {
			return err
		}
	}
	if found {
		return nil
	}
	return s.run(ctx, name)
}

func (s *Sources) run(ctx context.Context, name string) error {
	dir, info, err := evidence.OpenDir(name)
	if err != nil {
		return err
	}
	trials, err := dir.Trials()
	if err != nil {
		return err
	}
	s.cores.Trials += len(trials)
	for _, t := range trials {
		of := result.CoreFile{Run: info.ID, Trial: t.Number}
		if v, judged, err := t.Verdict(); err == nil && judged { // a core file tells what it tells without one
			of.Verdict = v.Verdict
		}
		if err := s.trial(ctx, t.File("cores"), of); err != nil {
			return fmt.Errorf("trial %d: %w", t.Number, err)
		}
	}
	return nil
}

// trial reads what the trial recorded of its core files, or the files where that is wanted, or all there is.
func (s *Sources) trial(ctx context.Context, folder string, of result.CoreFile) error {
	list, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, e := range list {
		there[e.Name()] = true
	}
	for _, e := range list {
		base, isRecord := strings.CutSuffix(e.Name(), ".json")
		core, isCore := strings.CutSuffix(e.Name(), ".core")
		of.Path = filepath.Join(folder, e.Name())
		switch {
		case isRecord && (s.Root == "" || !there[base+".core"]):
			err = s.record(of)
		case isCore && (s.Root != "" || !there[core+".json"]):
			err = s.file(ctx, of)
		default:
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // the others are told all the same
			of.File, of.Quality, of.Missing = e.Name(), evidence.CoreNone, []string{err.Error()}
			s.add(of)
		}
	}
	return nil
}

// record takes what was recorded beside a core file, whoever wrote it there.
func (s *Sources) record(of result.CoreFile) error {
	if err := evidence.ReadJSON(of.Path, &of.Core); err != nil {
		return err
	}
	if s.Root != "" {
		of.Missing = append(of.Missing, "the core file itself is not here: it was not followed again")
	}
	Sign(&of.Core)
	s.add(of)
	return nil
}

func (s *Sources) file(ctx context.Context, of result.CoreFile) error {
	f, err := Open(of.Path, s.Scratch)
	if err != nil {
		return err
	}
	if s.Root != "" {
		err = f.Unwind(ctx, s.Root)
	}
	of.Core = f.Core
	if err = errors.Join(err, f.Close()); err == nil {
		s.add(of)
	}
	return err
}

func (s *Sources) add(of result.CoreFile) {
	s.cores.Files++
	if of.Signature == "" {
		s.cores.Unplaced = append(s.cores.Unplaced, of)
		return
	}
	i := slices.IndexFunc(s.cores.Groups, func(g result.CoreGroup) bool { return g.Signature == of.Signature })
	if i < 0 {
		i = len(s.cores.Groups)
		s.cores.Groups = append(s.cores.Groups, result.CoreGroup{
			Signature: of.Signature, Loose: of.Loose, Title: of.Title, Process: of.Process, Quality: of.Quality,
		})
	}
	g := &s.cores.Groups[i]
	if of.Trial > 0 && !slices.ContainsFunc(g.Files, func(o result.CoreFile) bool { return o.Run == of.Run && o.Trial == of.Trial }) {
		g.Trials++
	}
	g.Files = append(g.Files, of)
}

// Cores are the core files that were added, those of one signature together and the most frequent
// first.
func (s *Sources) Cores() result.Cores {
	c := s.cores
	c.Groups = append([]result.CoreGroup{}, c.Groups...)
	slices.SortStableFunc(c.Groups, func(a, b result.CoreGroup) int {
		return cmp.Or(cmp.Compare(len(b.Files), len(a.Files)), cmp.Compare(a.Signature, b.Signature))
	})
	return c
}
