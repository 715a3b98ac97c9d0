// Package corpus holds the scenarios that come with the program. Each has a control and a
// README, and lives in <family>/<id>/scenario.yaml below this folder. The families:
//
//   - bugs: real, publicly reported bugs of the switch software that Debian ships
//   - mistakes: mistakes in configuration that customers make, on the same software
//   - isolate: large cases to take apart
//   - switches: problems that customers have with Extreme switches, with whole
//     configurations for EXOS and VOSS; they are rehearsed on simulators, and what they say
//     of a switch rests on the sources that their READMEs name
package corpus

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
)

//go:embed */*
var files embed.FS

// Entry is one scenario of the corpus.
type Entry struct {
	Family string // bugs, mistakes, switches …
	ID     string
	Files  fs.FS // its folder
}

// List gives the scenarios, by family and id.
func List() ([]Entry, error) {
	paths, err := fs.Glob(files, "*/*/scenario.yaml")
	if err != nil {
		return nil, fmt.Errorf("list corpus: %w", err)
	}
	var out []Entry
	for _, p := range paths {
		dir := path.Dir(p)
		sub, err := fs.Sub(files, dir)
		if err != nil {
			return nil, fmt.Errorf("list corpus: %w", err)
		}
		out = append(out, Entry{Family: path.Dir(dir), ID: path.Base(dir), Files: sub})
	}
	return out, nil
}
