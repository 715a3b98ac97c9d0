package scenarios

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Excerpts tells faults of files that a program wrote, and nobody else saw, by what stands at their place: files
// are these, by their names within the folder, and whose says whose they are. Other errors stay as they are.
func Excerpts(err error, whose string, files map[string][]byte) error {
	faults, ok := errors.AsType[yamlpos.Problems](err)
	if !ok {
		return err
	}
	faults = slices.Clone(faults)
	for i := range faults {
		p := &faults[i]
		name := filepath.Base(p.File)
		if lines := strings.Split(string(files[name]), "\n"); p.Line > 0 && p.Line <= len(lines) {
			p.Message += fmt.Sprintf(", in %q", strings.TrimSpace(lines[p.Line-1]))
		}
		p.File = whose + " " + name
	}
	return faults
}
