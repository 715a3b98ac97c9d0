package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestLayers keeps the layers through every import, not only the direct ones that the
// linter sees.
func TestLayers(t *testing.T) {
	const ours = "github.com/reprise-lab/reprise/"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Deps ","}}`, ours+"...").Output()
	if err != nil {
		livetest.Missing(t, "a go command that lists the packages", err)
	}
	type rule struct {
		of       string   // packages below this path
		except   string   // but not below this one
		mayReach []string // of ours
		mustNot  []string // of others
	}
	rules := []rule{
		{of: "scenarios", mayReach: []string{"scenarios", "topologies"}, mustNot: []string{"github.com/testcontainers", "github.com/scrapli"}},
		{of: "topologies", mayReach: []string{"topologies"}, mustNot: []string{"github.com/scrapli", "github.com/onsi"}},
		{of: "drivers", mayReach: []string{"drivers", "topologies/bounded", "topologies/livetest"}, mustNot: []string{"github.com/testcontainers", "github.com/onsi"}},
		{of: "harness/evidence", mayReach: []string{"harness/evidence"}, mustNot: []string{"golang.org", "github.com"}},
		{of: "harness", except: "harness/suites", mayReach: []string{"harness", "scenarios", "topologies$", "topologies/version", "topologies/yamlpos", "topologies/origin", "topologies/plain", "topologies/scratch", "topologies/bounded", "topologies/faketime", "topologies/capture/filter$", "topologies/capture/frames$", "drivers$"}, mustNot: []string{"github.com/testcontainers", "github.com/scrapli", "github.com/onsi"}},
		{of: "harness/plan", mayReach: []string{"harness/evidence", "scenarios", "topologies$", "topologies/yamlpos", "topologies/origin", "topologies/plain", "topologies/capture/filter$", "drivers$"}, mustNot: []string{"os/exec"}},
		{of: "harness/judge", mayReach: []string{"harness/plan", "harness/evidence", "harness/stats", "scenarios", "topologies$", "topologies/yamlpos", "topologies/origin", "topologies/plain", "topologies/capture/filter$", "topologies/capture/frames$", "drivers$"}, mustNot: []string{"os/exec"}},
		{of: "harness/trial", mayReach: []string{"harness/plan", "harness/judge", "harness/evidence", "harness/result", "harness/stats", "harness/triage", "harness/unpack", "scenarios", "topologies$", "topologies/yamlpos", "topologies/origin", "topologies/plain", "topologies/scratch", "topologies/version", "topologies/bounded", "topologies/faketime", "topologies/capture/filter$", "topologies/capture/frames$", "drivers$"}},
		{of: "reports", except: "reports/handover", mayReach: []string{"reports", "harness/evidence", "harness/result", "harness/stats", "topologies/yamlpos", "topologies/origin", "topologies/plain", "topologies/scratch"}, mustNot: []string{"github.com/testcontainers", "github.com/scrapli", "github.com/onsi"}},
		{of: "harness/fleet$", mayReach: []string{}},
		{of: "harness/fleet/server", mayReach: []string{"harness/fleet$"}},
		{of: "harness/unpack", mayReach: []string{"harness/unpack"}},
		{of: "reports/handover/redact/packet", mayReach: []string{"reports/handover/redact/packet", "harness/unpack"}},
		{of: "reports/handover", mayReach: []string{"reports", "harness/evidence", "harness/result", "harness/stats", "harness/unpack", "topologies/yamlpos", "topologies/origin", "topologies/plain", "topologies/scratch"}, mustNot: []string{"github.com/testcontainers", "github.com/scrapli", "github.com/onsi"}},
	}
	// These verbs know labs by cli.Opener; cmd/reprise/labs knows what they are built of.
	for _, verbs := range []string{"cli", "analyse", "escalate", "fix", "interop", "isolate", "write"} {
		rules = append(rules, rule{of: "cmd/reprise/" + verbs, except: "cmd/reprise/cli/clitest", mayReach: []string{"cmd/reprise/" + verbs, "cmd/reprise/cli", "drivers", "harness", "reports", "scenarios", "topologies$", "topologies/bounded", "topologies/capture/filter$", "topologies/capture/frames$", "topologies/doctor", "topologies/faketime", "topologies/lab", "topologies/origin", "topologies/plain", "topologies/recipe", "topologies/scratch", "topologies/version", "topologies/yamlpos"}, mustNot: []string{"github.com/testcontainers", "github.com/moby", "github.com/cilium"}})
	}
	// A parent that ends in $ is that package alone, as in the linter's rules.
	below := func(path, parent string) bool {
		alone, exact := strings.CutSuffix(parent, "$")
		return path == alone || !exact && strings.HasPrefix(path, parent+"/")
	}
	for line := range strings.Lines(string(out)) {
		path, deps, _ := strings.Cut(strings.TrimSpace(line), " ")
		path = strings.TrimPrefix(path, ours)
		for _, r := range rules {
			if !below(path, r.of) || r.except != "" && below(path, r.except) {
				continue
			}
			for dep := range strings.SplitSeq(deps, ",") {
				if inner, isOurs := strings.CutPrefix(dep, ours); isOurs {
					if !slices.ContainsFunc(r.mayReach, func(p string) bool { return below(inner, p) }) {
						t.Errorf("%s reaches %s", path, inner)
					}
				} else if slices.ContainsFunc(r.mustNot, func(p string) bool { return below(dep, p) || strings.HasPrefix(dep, p) }) {
					t.Errorf("%s reaches %s", path, dep)
				}
			}
		}
	}
}

// TestAbilitiesAreAskedFor: nobody asserts the type of a driver, a factory, a provider or a lab
// to find what it can do, since a wrapper would answer for what it wraps.
func TestAbilitiesAreAskedFor(t *testing.T) {
	asserted := regexp.MustCompile(`\.\(\*?(drivers|topologies|containers|namespaces|vm|lab|frr|bird|ovs|linux|exos|voss|scrapli)\.[A-Z]\w*\)`)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for n, line := range strings.Split(string(text), "\n") {
			if found := asserted.FindString(line); found != "" {
				t.Errorf("%s:%d: %s: ask with As", path, n+1, found)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
