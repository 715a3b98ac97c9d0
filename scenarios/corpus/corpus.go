// Package corpus holds the scenarios that come with the program. Each has a control and a
// README, and lives in <family>/<id>/scenario.yaml below this folder. The families:
//
//   - bugs: real, publicly reported bugs of the switch software that Debian ships
//   - mistakes: mistakes in configuration that customers make, on the same software
//   - faults: what lost, late and swallowed frames do to software that does as it should
//   - topotests: tests that FRR runs on itself; what one judges is the symptom
//   - isolate: large cases to take apart
//   - switches: problems that customers have with Extreme switches, with whole
//     configurations for EXOS and VOSS; they are rehearsed on simulators, and what they say
//     of a switch rests on the sources that their READMEs name
package corpus

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"

	"go.yaml.in/yaml/v4"
)

//go:embed */* speeds.yaml
var files embed.FS

// Entry is one scenario of the corpus.
type Entry struct {
	Family string // bugs, mistakes, switches …
	ID     string
	Files  fs.FS // its folder
	// Speed is how fast a lab's clocks may run for it: it was measured to come out as in real
	// time. 1 for a case that needs that.
	Speed float64
}

// List gives the scenarios, by family and id.
func List() ([]Entry, error) {
	paths, err := fs.Glob(files, "*/*/scenario.yaml")
	if err != nil {
		return nil, fmt.Errorf("list corpus: %w", err)
	}
	speeds, err := measured()
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, p := range paths {
		dir := path.Dir(p)
		sub, err := fs.Sub(files, dir)
		if err != nil {
			return nil, fmt.Errorf("list corpus: %w", err)
		}
		e := Entry{Family: path.Dir(dir), ID: path.Base(dir), Files: sub, Speed: cmp.Or(speeds[path.Base(dir)], 1)}
		delete(speeds, e.ID)
		out = append(out, e)
	}
	for id := range speeds {
		return nil, fmt.Errorf("list corpus: speeds.yaml names %s, which is no case", id)
	}
	return out, nil
}

// measured reads the speeds at which cases were measured.
func measured() (map[string]float64, error) {
	data, err := files.ReadFile("speeds.yaml")
	if err != nil {
		return nil, fmt.Errorf("list corpus: %w", err)
	}
	speeds := map[string]float64{}
	if err := yaml.Unmarshal(data, &speeds); err != nil {
		return nil, fmt.Errorf("list corpus: speeds.yaml: %w", err)
	}
	return speeds, nil
}
