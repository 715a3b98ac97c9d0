package cli

import (
	"path/filepath"
	"time"

	"github.com/reprise-lab/reprise/reports/handover/cases"
)

// CaseFile is a new file of a case, named by what it is and when.
func CaseFile(f cases.Folder, what string, now time.Time) string {
	return filepath.Join(f.Path, what+"-"+now.UTC().Format("20060102T150405Z"))
}

// OpenCase reads a case; whatever is wrong with it is wrong input.
func OpenCase(path string) (cases.Folder, error) {
	f, err := cases.Open(path)
	if err != nil {
		return f, WithCode(ExitInput, err)
	}
	return f, nil
}
