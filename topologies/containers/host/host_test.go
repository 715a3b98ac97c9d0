package host_test

import (
	"os"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/containers/host"
	"github.com/reprise-lab/reprise/topologies/containers/images"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	checks := host.Probe(t.Context())
	seen := map[string]bool{}
	for _, c := range checks {
		t.Logf("%-28s ok=%-5v unknown=%-5v %s", c.Name, c.OK, c.Unknown, c.Detail)
		if seen[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		seen[c.Name] = true
		if c.OK && (c.Unknown || c.Lost != "" || c.Fix != "") {
			t.Errorf("%s is well and yet something is lost: %+v", c.Name, c)
		}
		if !c.OK && (c.Lost == "" || c.Fix == "") {
			t.Errorf("%s does not say what is lost or what to do: %+v", c.Name, c)
		}
		if strings.HasPrefix(c.Name, "kernel: ") && c.Unknown == (os.Geteuid() == 0) {
			t.Errorf("%s: unknown is %v for user %d", c.Name, c.Unknown, os.Geteuid())
		}
	}
	for _, name := range []string{"container engine", "kernel: veth", "core pattern", "mmdebstrap"} {
		if !seen[name] {
			t.Errorf("%s was not looked at", name)
		}
	}
}

// Where all is well a fix does nothing.
func TestFixTwice(t *testing.T) {
	livetest.Long(t, "an engine is looked at")
	c, err := engine.Connect(t.Context())
	if err != nil {
		livetest.Missing(t, "a running engine", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	list, err := images.New(c, "").List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	current := 0
	for _, img := range list {
		if img.Current {
			current++
		}
	}
	if current < len(recipe.Suites()) {
		livetest.Missing(t, "all images: building them is not a test", nil)
	}
	var lines []string
	if err := host.Fix(t.Context(), func(line string) { lines = append(lines, line) }); err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if strings.Contains(line, "install") || strings.Contains(line, "start") || strings.Contains(line, "building") {
			t.Errorf("did something: %s", line)
		}
	}
}
