package recipe

import (
	"slices"

	"github.com/reprise-lab/reprise/topologies"
)

// ClockLibraries are the files at a path of the images that there are, the newest suite's first, as
// libraries for clocks. What read cannot read is left out.
func ClockLibraries(path string, read func(image string) ([]byte, error)) []topologies.ClockLibrary {
	var libraries []topologies.ClockLibrary
	for _, suite := range slices.Backward(Buildable()) {
		image := SuiteRef(suite)
		if data, err := read(image); err == nil {
			libraries = append(libraries, topologies.ClockLibrary{From: image, Path: path, Data: data})
		}
	}
	return libraries
}
