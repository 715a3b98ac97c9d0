package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/scenarios/suite"
	"github.com/reprise-lab/reprise/scenarios/suites"
	"github.com/reprise-lab/reprise/topologies/vm/guest"
)

// Every suite that comes with the program loads without a warning, and so does each of its cells, as a
// scenario that every platform agrees with.
func TestSuites(t *testing.T) {
	t.Parallel()
	a := &cli.App{}
	for _, name := range suites.Names() {
		t.Run(name, func(t *testing.T) {
			s, err := suite.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range s.Warnings {
				t.Error(w)
			}
			cells, err := s.Cells()
			if err != nil {
				t.Fatal(err)
			}
			seen, valid := map[string]bool{}, map[string]bool{}
			for _, c := range cells {
				if seen[c.Key()] {
					t.Errorf("%s is there twice", c.Key())
				}
				seen[c.Key()] = true
				for _, subject := range c.Subjects {
					if release, machine := strings.CutPrefix(subject.Image, guest.Prefix); machine && !slices.Contains(guest.Suites(), release) {
						t.Errorf("%s: nothing makes the guest %s", c.Key(), subject.Image)
					}
				}
				if c.Files == nil || valid[shape(c)] {
					continue
				}
				valid[shape(c)] = true
				dir := t.TempDir()
				if err := c.Write(dir); err != nil {
					t.Fatal(err)
				}
				if _, err := a.LoadQuiet(dir, nil); err != nil {
					t.Errorf("%s: %v", c.Key(), err)
				}
			}
		})
	}
}

// shape is alike for cells that differ in versions alone.
func shape(c suite.Cell) string {
	text := string(c.Files["scenario.yaml"])
	for _, s := range c.Subjects {
		text = strings.ReplaceAll(strings.ReplaceAll(text, s.Image, ""), s.Version, "")
	}
	return text
}
