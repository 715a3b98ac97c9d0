package evidence

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// LogNotesFile is the file of a trial with the lines of its logs that belong beside its events. It is made of the logs,
// when the run is over.
const LogNotesFile = "logs.json"

// LogFindingsFile is the file of a run with what the logs of all its trials say together. It is made of the logs and
// the verdicts, when the run is over.
const LogFindingsFile = "logs.json"

// Dir is a run directory.
type Dir struct{ Path string }

// CreateDir makes a fresh run directory below parent, named by time and scenario. It is its
// owner's alone, for it holds configurations and what devices said; so is a parent that is
// made for it. Runs that begin in the same second have different ones.
func CreateDir(parent, scenario string, now time.Time) (Dir, error) {
	name := now.UTC().Format("20060102T150405Z") + "-" + scenario + "-"
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return Dir{}, fmt.Errorf("make run folder: %w", err)
	}
	for try := 1; ; try++ {
		var suffix [2]byte
		_, _ = rand.Read(suffix[:]) // never fails (crypto/rand)
		d := Dir{Path: filepath.Join(parent, name+hex.EncodeToString(suffix[:]))}
		err := os.Mkdir(d.Path, 0o700)
		if err == nil {
			return d, nil
		}
		if !errors.Is(err, os.ErrExist) || try == maxNames {
			return Dir{}, fmt.Errorf("make run folder: %w", err)
		}
	}
}

// maxNames bounds how many names are tried for a folder.
const maxNames = 100

// OpenDir opens a run directory that exists. A folder that is none says so.
func OpenDir(path string) (Dir, RunInfo, error) {
	d := Dir{Path: path}
	var info RunInfo
	if err := ReadJSON(d.File("run.json"), &info); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return d, info, fmt.Errorf("%s is no run directory: it has no run.json", path)
		}
		return d, info, fmt.Errorf("%s: %w", path, err)
	}
	if info.Reprise != Format {
		return d, info, fmt.Errorf("%s: format %q is not known to this program (it reads %s)", path, info.Reprise, Format)
	}
	return d, info, nil
}

// ID is the run's name.
func (d Dir) ID() string { return filepath.Base(d.Path) }

// File gives the path of a file in the directory.
func (d Dir) File(elem ...string) string {
	return filepath.Join(append([]string{d.Path}, elem...)...)
}

// Trial gives the folder of one trial, numbered from 1.
func (d Dir) Trial(n int) TrialDir {
	return TrialDir{Dir: Dir{Path: d.File("trials", fmt.Sprintf("%04d", n))}, Number: n}
}

// Trials lists the trials that have a folder, in order.
func (d Dir) Trials() ([]TrialDir, error) {
	entries, err := os.ReadDir(d.File("trials"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list trials: %w", err)
	}
	var numbers []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && e.IsDir() && n > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	trials := make([]TrialDir, len(numbers))
	for i, n := range numbers {
		trials[i] = d.Trial(n)
	}
	return trials, nil
}

// SHA256 gives the hex digest of data, as run.json and the ledger hold it.
func SHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// TrialDir is the folder of one trial.
type TrialDir struct {
	Dir
	Number int
}

// Record is what a verdict rests on, read back.
type Record struct {
	Events       []Event
	Observations []Observation
	Dir          string // of the trial, with its files; empty where they are not at hand
	// Lacks says what of the record is missing, or stands where it was not written; empty where nothing is known to be.
	Lacks string
}

// Read reads the record of the trial, with the text of repeated observations filled in, and deaths called
// by what their core files told later.
func (t TrialDir) Read() (Record, error) {
	r := Record{Dir: t.Path}
	for e, err := range ReadLines[Event](t.File("timeline.ndjson")) {
		if err != nil {
			return r, err
		}
		r.Events = append(r.Events, e)
		nameDeath(r.Events)
	}
	texts := map[int]string{}
	for o, err := range ReadLines[Observation](t.File("observations.ndjson")) {
		if err != nil {
			return r, err
		}
		if want := len(r.Observations) + 1; o.Seq != want && r.Lacks == "" {
			r.Lacks = fmt.Sprintf("observation %d stands where %d was written", o.Seq, want)
		}
		if o.Same != 0 {
			var there bool
			if o.Text, there = texts[o.Same]; !there && r.Lacks == "" {
				r.Lacks = fmt.Sprintf("observation %d saw the same as %d, which is not there before it", o.Seq, o.Same)
			}
		} else {
			texts[o.Seq] = o.Text
		}
		r.Observations = append(r.Observations, o)
	}
	return r, nil
}

// Digest is the SHA-256 over the trial's timeline and observations, which is what its
// verdict rests on.
func (t TrialDir) Digest() (string, error) {
	h := sha256.New()
	for _, name := range []string{"timeline.ndjson", "observations.ndjson"} {
		if err := digestFile(h, t.File(name)); err != nil {
			return "", fmt.Errorf("digest trial %d: %w", t.Number, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// digestFile writes a file's name, size and content to h; one that does not exist counts
// as empty.
func digestFile(h io.Writer, path string) error {
	f, err := open(path)
	if errors.Is(err, os.ErrNotExist) {
		_, err = fmt.Fprintf(h, "%s 0\n", filepath.Base(path))
		return err
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "%s %d\n", filepath.Base(path), info.Size())
	_, err = io.Copy(h, f)
	return err
}

// Verdict reads the trial's stored verdict; false when it has none yet.
func (t TrialDir) Verdict() (TrialVerdict, bool, error) {
	var v TrialVerdict
	err := ReadJSON(t.File("verdict.json"), &v)
	if errors.Is(err, os.ErrNotExist) {
		return v, false, nil
	}
	return v, err == nil, err
}
