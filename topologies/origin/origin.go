// Package origin marks folders whose scenarios somebody else wrote, and finds the mark
// again from any file in them.
//
// A bundle is unpacked into a folder with a mark, and what is made out of a foreign
// scenario (runs, isolations, results) gets the mark of the folder that it came from. What
// a foreign scenario may ask for is not decided here: see scenarios.
//
// It is a leaf: whoever unpacks, runs or writes scenarios uses it.
package origin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// FileName is the mark's file, at the top of a folder.
const FileName = "foreign.json"

// Format is the version of the mark's file.
const Format = "foreign/v1"

// Unknown is the digest of a mark that cannot be read: what it marks is foreign all the same.
const Unknown = "unknown"

// Mark says where the scenarios of a folder come from.
type Mark struct {
	Reprise string `json:"reprise"`
	Bundle  string `json:"bundle"` // digest of the bundle's evidence
	Note    string `json:"note"`   // for whoever finds the file
}

// Write marks a folder. What has the mark's name there is replaced.
func Write(dir, bundle string) error {
	m := Mark{
		Reprise: Format, Bundle: bundle,
		Note: "What is in this folder came out of somebody else's bundle. Its scenarios get of this machine what --trust names, and nothing else.",
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("mark %s as foreign: %w", dir, err)
	}
	name := filepath.Join(dir, FileName)
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("mark %s as foreign: %w", dir, err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("mark %s as foreign: %w", dir, err)
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("mark %s as foreign: %w", dir, err)
	}
	return nil
}

// Find looks for a mark in the folder of path and in every folder above it, along the path
// as it is written and along the one that its links lead to. path need not be there. ok is
// false for what is this machine's own.
func Find(path string) (m Mark, ok bool, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Mark{}, false, fmt.Errorf("look where %s comes from: %w", path, err)
	}
	ways := []string{abs}
	if target, err := filepath.EvalSymlinks(abs); err == nil && target != abs {
		ways = append(ways, target)
	}
	for _, dir := range ways {
		for ; ; dir = filepath.Dir(dir) {
			if _, err := os.Lstat(filepath.Join(dir, FileName)); err == nil {
				return read(filepath.Join(dir, FileName)), true, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return Mark{}, false, nil
}

// maxMark bounds a mark's file, in bytes.
const maxMark = 4 << 10

// read reads a mark. Whatever is wrong with it, it marks.
func read(name string) Mark {
	m := Mark{Reprise: Format, Bundle: Unknown}
	if st, err := os.Stat(name); err != nil || !st.Mode().IsRegular() || st.Size() > maxMark {
		return m
	}
	data, err := os.ReadFile(name)
	var there Mark
	if err == nil && json.Unmarshal(data, &there) == nil && there.Bundle != "" {
		m = there
	}
	return m
}
