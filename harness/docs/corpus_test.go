package docs_test

import (
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/scenarios/corpus"
)

// families are the folders of the corpus, and what is in them.
var families = []struct{ name, title, about string }{
	{"bugs", "Bugs", "Real, publicly reported bugs of the switch software that Debian ships."},
	{"mistakes", "Mistakes", "Mistakes in configuration that customers make, on the same software."},
	{"faults", "Bad links", "What lost, late and swallowed frames do, with the frames that did it in the report."},
	{"topotests", "FRR's topology tests", "Tests that FRR runs on itself, in this language: what one judges is the symptom, so that *reproduced* says that it passes."},
	{"vm", "In machines", "What takes a kernel of its own."},
	{"isolate", "To take apart", "Large cases for [`reprise isolate`](../../harness/experiment/README.md)."},
	{"switches", "On switches", "Problems that customers have with Extreme switches, with whole configurations. " +
		"They are rehearsed on simulators only: nobody ran them on a switch here, and each names its sources."},
}

// TestCorpusTable holds the list of the scenarios that come with the program against them.
func TestCorpusTable(t *testing.T) {
	entries, err := corpus.List()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n| case | what goes wrong | affected | clean | how often | speed |\n|---|---|---|---|---|---|\n", f.title, f.about)
		for _, e := range entries {
			if e.Family == f.name {
				b.WriteString(row(t, e))
			}
		}
		b.WriteString("\n")
	}
	for _, e := range entries {
		if !strings.Contains(b.String(), "("+e.Family+"/"+e.ID+"/README.md)") {
			t.Errorf("%s/%s is in no table", e.Family, e.ID)
		}
	}
	checkSection(t, "scenarios/corpus/README.md", "corpus", b.String())
}

// written is what a table says of a scenario file.
type written struct {
	Title   string             `yaml:"title"`
	Labels  []string           `yaml:"labels"`
	Problem scenarios.Problem  `yaml:"problem"`
	Control *scenarios.Control `yaml:"control"`
	Clock   struct {
		Speed float64 `yaml:"speed"`
	} `yaml:"clock"`
}

func row(t *testing.T, e corpus.Entry) string {
	t.Helper()
	data, err := fs.ReadFile(e.Files, "scenario.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var s written
	if err := yaml.Unmarshal(data, &s); err != nil {
		t.Fatalf("%s: %v", e.ID, err)
	}
	readme, err := fs.ReadFile(e.Files, "README.md")
	if err != nil {
		t.Fatal(err)
	}
	affected := affectedOf(string(readme))
	if affected == "" {
		affected = strings.TrimSpace(s.Problem.Product.Platform + " " + s.Problem.Product.Version + " " + s.Problem.Product.Model)
	}
	return fmt.Sprintf("| [%s](%s/%s/README.md) | %s | %s | %s | %s | %g |\n", e.ID, e.Family, e.ID, cell(s.Title), cell(affected), cell(cleanOf(s.Control)), cell(often(e, s, string(readme))), cmp.Or(s.Clock.Speed, e.Speed))
}

var (
	affectedWords = regexp.MustCompile(`(?s)\*\*Affected\*\* (.*?)(?:;|\.\s|\.$| as Debian ships)`)
	oftenWords    = regexp.MustCompile(`(?s)\*\*Intermittent\*\*: (\d+ of \d+)`)
)

func affectedOf(readme string) string {
	if m := affectedWords.FindStringSubmatch(readme); m != nil {
		return m[1]
	}
	return ""
}

// cleanOf says what the control changes.
func cleanOf(c *scenarios.Control) string {
	if c == nil {
		return ""
	}
	var words []string
	for key, value := range c.Set {
		node, what, _ := strings.Cut(key, ".")
		switch what {
		case "image":
			words = append(words, strings.TrimPrefix(value, "reprise/"))
		default:
			words = append(words, "`"+value+"` on "+node)
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	if len(c.Without) > 0 {
		words = append(words, "without "+strings.Join(c.Without, ", "))
	}
	return strings.Join(words, ", ")
}

// often says in how many trials the problem shows. "make corpus" holds what shows always.
func often(e corpus.Entry, s written, readme string) string {
	switch m := oftenWords.FindStringSubmatch(readme); {
	case e.Family == "switches":
		return "rehearsed only"
	case slices.Contains(s.Labels, "intermittent") && m != nil:
		return m[1]
	case slices.Contains(s.Labels, "intermittent"):
		return "sometimes"
	default:
		return "every time"
	}
}
