package images_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
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

// A step of somebody's build on top of an image of ours has its labels and no name, and is none.
func TestStepsOfBuildsAreNotOurs(t *testing.T) {
	s := store(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM reprise/debian:bookworm\nCOPY Dockerfile /added\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "docker", "build", "-q", dir).Output()
	if err != nil {
		livetest.Missing(t, "an engine that builds on reprise/debian:bookworm", err)
	}
	id := strings.TrimSpace(string(out))
	defer exec.Command("docker", "rmi", id).Run() //nolint:errcheck // tests end without it
	list, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(list, func(i images.Image) bool { return i.Digest == id }) {
		t.Errorf("%s is among ours: %+v", id, list)
	}
}
