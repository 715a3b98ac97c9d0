package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Seals are the digests of what a report tells of a trial and no verdict rests on, as it was when the trial's line of the
// ledger was written.
type Seals struct {
	Run   string            `json:"run,omitempty"`   // of run.json, without its number of trials; see [Dir.RunDigest]
	Files map[string]string `json:"files,omitempty"` // of the trial's folders that are sealed, by name
}

// sealedFolders are those of a trial that nothing is added to once it is judged. What was captured has its digest in the timeline.
func sealedFolders() []string { return []string{"states", "transcripts", "logs", "traffic"} }

// RunDigest is the SHA-256 of what run.json says, but for the number of trials, which grows. It is that of the values,
// however they are written.
func (d Dir) RunDigest() (string, error) {
	data, err := readFile(d.File("run.json"))
	if err != nil {
		return "", err
	}
	var said map[string]any
	numbers := json.NewDecoder(bytes.NewReader(data))
	numbers.UseNumber()
	if err := numbers.Decode(&said); err != nil {
		return "", fmt.Errorf("read run.json: %w", err)
	}
	delete(said, "trials")
	if data, err = json.Marshal(said); err != nil {
		return "", fmt.Errorf("read run.json: %w", err)
	}
	return SHA256(data), nil
}

// Seals gives the digests of what is there now of a trial of the run. What is not there has none.
func (d Dir) Seals(trial int) (Seals, error) {
	run, err := d.RunDigest()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Seals{}, err
	}
	s := Seals{Run: run, Files: map[string]string{}}
	for _, name := range sealedFolders() {
		digest, err := d.Trial(trial).folderDigest(name)
		if err != nil {
			return s, fmt.Errorf("digest %s of trial %d: %w", name, trial, err)
		}
		if digest != "" {
			s.Files[name] = digest
		}
	}
	return s, nil
}

// folderDigest is the SHA-256 over names, sizes and contents of what is in a folder of the trial; empty where there is none.
func (t TrialDir) folderDigest(name string) (string, error) {
	h, files := sha256.New(), 0
	err := filepath.WalkDir(t.File(name), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		rel, err := filepath.Rel(t.Path, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s\n", filepath.ToSlash(rel))
		return digestFile(h, path)
	})
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil || files == 0 {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// checkSeals says what is not as it was when the line of a trial was written. A line from before there were seals says nothing.
func (d Dir) checkSeals(e Entry) error {
	if e.Seals == nil {
		return nil
	}
	now, err := d.Seals(e.Trial)
	if err != nil {
		return err
	}
	var errs []error
	if e.Seals.Run != now.Run {
		errs = append(errs, fmt.Errorf("run.json: it is not the one that trial %d was made with", e.Trial))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Seals.Files)) {
		if e.Seals.Files[name] != now.Files[name] {
			errs = append(errs, fmt.Errorf("trial %d: its %s are not those that the ledger was written for", e.Trial, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.Files)) {
		if e.Seals.Files[name] == "" {
			errs = append(errs, fmt.Errorf("trial %d: it had no %s when the ledger was written", e.Trial, name))
		}
	}
	return errors.Join(errs...)
}

// Unsealed is how many trials the ledger counts by a line from before there were seals: whether what is told of them beside
// their verdicts is what it was, nobody knows.
func (d Dir) Unsealed() (n int, err error) {
	entries, err := d.Ledger()
	for _, e := range entries {
		if e.Seals == nil {
			n++
		}
	}
	return n, err
}
