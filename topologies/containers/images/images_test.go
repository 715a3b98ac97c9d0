package images_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

func store(t *testing.T) *images.Store {
	t.Helper()
	livetest.Long(t, "an engine is asked")
	c, err := engine.Connect(t.Context())
	if err != nil {
		livetest.Missing(t, "a container engine", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return images.New(c, "")
}

func TestMissingSaysWhatToDo(t *testing.T) {
	tests := []struct{ ref, want string }{
		{"reprise/frr:8.4.4", "run: reprise images build bookworm"},
		{"reprise/frr:9.9.9", "known are"},
		{"vendor/switch:1", "docker load"},
	}
	for _, tt := range tests {
		var missing *topologies.MissingError
		if err := images.Missing(tt.ref); !errors.As(err, &missing) || !strings.Contains(missing.Hint, tt.want) {
			t.Errorf("Missing(%q) = %v; want a hint with %q", tt.ref, err, tt.want)
		}
	}
}

// The promise that makes doctor --fix quick the second time, and that the table of
// known tags tells the truth.
func TestBuiltImages(t *testing.T) {
	s := store(t)
	list, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, img := range list {
		if !img.Current {
			continue
		}
		t.Run(img.Suite, func(t *testing.T) {
			if err := s.Build(t.Context(), []string{img.Suite}, func(line string) {
				if !strings.HasSuffix(line, "up to date") {
					t.Errorf("built again: %s", line)
				}
			}); err != nil {
				t.Fatal(err)
			}
			for _, ref := range img.Refs {
				if !slices.Contains(recipe.Suites(), img.Suite) && ref != recipe.SuiteRef(img.Suite) {
					continue // its versions are known only when it is built
				}
				if got, ok := recipe.Known(ref); !ok || got != img.Suite {
					t.Errorf("Known(%q) = %q, %v; the image of %s carries it", ref, got, ok, img.Suite)
				}
			}
			info, err := s.Describe(t.Context(), recipe.SuiteRef(img.Suite))
			if err != nil {
				t.Fatal(err)
			}
			if info.Digest != img.Digest || info.Packages["frr"] == "" {
				t.Errorf("Describe = %+v; want digest %s and the version of frr", info, img.Digest)
			}
		})
	}
}

func TestBuildUnknownSuite(t *testing.T) {
	if err := store(t).Build(t.Context(), []string{"woody"}, nil); err == nil || !strings.Contains(err.Error(), "bookworm") {
		t.Errorf("Build(woody) = %v; want the known suites named", err)
	}
}
