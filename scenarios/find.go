package scenarios

import (
	"io/fs"
	"path/filepath"
)

// fileName is a scenario's in a folder of its own.
const fileName = "scenario.yaml"

// Find returns the scenarios below a folder: the paths of the files scenario.yaml, in their
// order of names. They are not read.
func Find(dir string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() == fileName {
			paths = append(paths, path)
		}
		return err
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
