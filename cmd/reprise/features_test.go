package main

import (
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/drivers/all"
	"github.com/reprise-lab/reprise/scenarios"
)

// TestFeatures: what a virtual switch cannot show has a word that scenarios can need.
func TestFeatures(t *testing.T) {
	registry, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range registry.Platforms() {
		v, _ := registry.Virtual(platform)
		for feature := range v.Cannot {
			if !slices.Contains(scenarios.Features(), feature) {
				t.Errorf("%s lacks %q, which no scenario can need", platform, feature)
			}
		}
	}
}
