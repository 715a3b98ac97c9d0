// Package suites holds the test suites that come with the program, one folder each, and the
// requirements that their tests rest on. See README.md.
package suites

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

// Files holds the suites, by folder, and requirements/.
//
//go:embed */*.*
var Files embed.FS

// Names gives the suites in alphabetical order.
func Names() []string { return folders("*/suite.yaml", path.Dir) }

// Requirements gives the files of requirements, without their ending.
func Requirements() []string {
	return folders("requirements/*.yaml", func(p string) string { return strings.TrimSuffix(path.Base(p), ".yaml") })
}

// folders gives what a pattern finds, as name calls it. The pattern is a constant, and right.
func folders(pattern string, name func(string) string) []string {
	found, _ := fs.Glob(Files, pattern)
	for i, p := range found {
		found[i] = name(p)
	}
	return found
}
