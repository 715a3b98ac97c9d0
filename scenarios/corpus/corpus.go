// Package corpus holds the scenarios that come with the program: real, publicly
// reported bugs of the switch software that Debian ships, and mistakes in configuration
// that customers make. Each has a control and a README, and lives in
// <family>/<id>/scenario.yaml below this folder.
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
	Family string // bugs, mistakes …
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
