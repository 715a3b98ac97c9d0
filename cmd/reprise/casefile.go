package main

import (
	"path/filepath"
	"time"

	"github.com/reprise-lab/reprise/reports/handover/cases"
)

// caseFile is a new file of a case, named by what it is and when.
func caseFile(f cases.Folder, what string, now time.Time) string {
	return filepath.Join(f.Path, what+"-"+now.UTC().Format("20060102T150405Z"))
}

// openCase reads a case; whatever is wrong with it is wrong input.
func openCase(path string) (cases.Folder, error) {
	f, err := cases.Open(path)
	if err != nil {
		return f, withCode(exitInput, err)
	}
	return f, nil
}
