package scenarios

import (
	"io/fs"
	"os"
	"path/filepath"
)

// fileName is a scenario's in a folder of its own.
const fileName = "scenario.yaml"

// runFile is what a run directory is known by.
const runFile = "run.json"

// Find returns the scenarios below a folder: the paths of the files scenario.yaml, in their
// order of names. They are not read. The copies that run directories keep are none, unless the
// folder is one.
func Find(dir string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir:
			if info, err := os.Stat(filepath.Join(path, runFile)); err == nil && !info.IsDir() {
				return filepath.SkipDir
			}
		case !d.IsDir() && d.Name() == fileName:
			paths = append(paths, path)
		}
		return nil
	})
	return paths, err
}

// NodesOf returns the names of the nodes with a role, in the topology's order.
func (l *Loaded) NodesOf(role Role) []string {
	var names []string
	for _, n := range l.Topology.Names() {
		if l.Scenario.Nodes[n].Role == role {
			names = append(names, n)
		}
	}
	return names
}
