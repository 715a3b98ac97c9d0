package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/origin"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// CreateOptions are those of all steps.
type CreateOptions struct {
	Stage    StageOptions
	Complete CompleteOptions
	Pack     Options
	// Redact changes the staged folder before anything is made of it, and gives the path of
	// the report that it wrote. The files there are copies that it may change in place; what is
	// foreign of them is marked (see origin). An error of its own ends the packing. Nil: the runs are packed as they were recorded.
	Redact func(ctx context.Context, dir string) (report string, err error)
	// Inspect looks at everything that is packed, in its last state; its error ends the
	// packing. Nil: nobody looks.
	Inspect func(ctx context.Context, dir string) error
	// Rejudge judges what is packed once more: a run that does not come out as it is stored,
	// as it is or for what was cut, is not packed. Nil: nobody judges.
	Rejudge Rejudge
}

// Created is a bundle that was written.
type Created struct {
	Manifest Manifest
	Size     int64    // of the file
	Left     []string // files that were left out, and why
}

// partWord is in the name of every folder that is worked in.
const partWord = ".part-"

// Create packs runs into a new file, which takes its name when it is whole.
func Create(ctx context.Context, file string, o CreateOptions) (c Created, err error) {
	if _, err := os.Lstat(file); err == nil {
		return c, fmt.Errorf("%s: %w", file, os.ErrExist)
	}
	work, err := os.MkdirTemp(filepath.Dir(file), "."+filepath.Base(file)+partWord)
	if err != nil {
		return c, fmt.Errorf("make folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := inherit(work, o.Stage); err != nil {
		return c, err
	}
	o.Stage.Link = o.Redact == nil
	src, left, err := prepare(ctx, filepath.Join(work, "tree"), o)
	if c.Left = left; err != nil {
		return c, err
	}
	packed := filepath.Join(work, "packed")
	if c.Manifest, c.Size, err = writeFile(ctx, packed, src, o.Pack); err != nil {
		return c, err
	}
	// A link, unlike a renaming, never replaces what appeared there meanwhile.
	if err := os.Link(packed, file); err != nil {
		if errors.Is(err, os.ErrExist) {
			return c, fmt.Errorf("%s: %w", file, os.ErrExist)
		}
		return c, os.Rename(packed, file)
	}
	return c, nil
}

// inherit marks the folder that is worked in where what is packed is foreign: whoever runs a
// staged scenario finds the mark there, as it lies above the tree, and it is not packed.
func inherit(work string, o StageOptions) error {
	sources := o.Runs
	if o.Case != "" {
		sources = append(slices.Clip(sources), o.Case)
	}
	for _, source := range sources {
		mark, foreign, err := origin.Find(source)
		if err != nil {
			return err
		}
		if foreign {
			return origin.Write(work, mark.Bundle)
		}
	}
	return nil
}

// prepare does everything but the packing: stage, redact, complete, check.
func prepare(ctx context.Context, dir string, o CreateOptions) (src Source, left []string, err error) {
	staged, err := Stage(ctx, dir, o.Stage)
	if err != nil {
		return src, nil, err
	}
	if o.Redact != nil {
		report, err := o.Redact(ctx, staged.Dir)
		if err != nil {
			return src, staged.Left, fmt.Errorf("redact: %w", err)
		}
		if err := placeReport(staged.Dir, report); err != nil {
			return src, staged.Left, err
		}
	}
	if staged.Runs, err = runsIn(staged.Dir); err != nil { // a run may have another name now
		return src, staged.Left, err
	}
	if src, err = Complete(ctx, staged, o.Complete); err != nil {
		return src, staged.Left, err
	}
	if o.Inspect != nil {
		if err := o.Inspect(ctx, staged.Dir); err != nil {
			return src, staged.Left, err
		}
	}
	for _, run := range src.Claim.Runs {
		checks, err := checkRunContent(ctx, filepath.Join(staged.Dir, runsFolder), run, src.Redaction, o.Rejudge)
		if err != nil {
			return src, staged.Left, err
		}
		for _, check := range checks {
			if check.State == Failed {
				return src, staged.Left, &UnsoundError{check}
			}
		}
	}
	return src, staged.Left, nil
}

// runsIn lists the runs of a staged folder.
func runsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, runsFolder))
	if err != nil {
		return nil, fmt.Errorf("look for the runs: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

// UnsoundError tells of a run that would not stand up to a verification.
type UnsoundError struct{ Check Check }

func (e *UnsoundError) Error() string {
	return fmt.Sprintf("the run is not packed, nobody could verify it: %s: %s", e.Check.Name, e.Check.Detail)
}

// placeReport puts the report of the redaction in its place, unless it is there already.
func placeReport(dir, report string) error {
	to := filepath.Join(dir, filepath.FromSlash(redactionName))
	if report == "" || filepath.Clean(report) == to {
		return nil
	}
	data, err := plain.Read(report, plain.Data)
	if err != nil {
		return fmt.Errorf("take the report of the redaction: %w", err)
	}
	return evidence.WriteFile(to, data)
}

func writeFile(ctx context.Context, file string, src Source, o Options) (m Manifest, size int64, err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return m, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if m, err = Write(ctx, f, src, o); err != nil {
		return m, 0, err
	}
	if err := f.Sync(); err != nil {
		return m, 0, err
	}
	st, err := f.Stat()
	if err != nil {
		return m, 0, err
	}
	return m, st.Size(), Limits{}.orDefault().checkRatio(m.Size(), st.Size())
}
