package markdown_test

import (
	"flag"
	"regexp"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/markdown"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestWrite(t *testing.T) {
	for name, run := range map[string]func(testing.TB) string{
		"whole": reportstest.Whole, "control": reportstest.Control, "broken-off": reportstest.BrokenOff,
	} {
		t.Run(name, func(t *testing.T) {
			reportstest.Golden(t, name+".md", reportstest.Render(t, run(t), markdown.Write), *update)
		})
	}
}

// TestHostile checks that what a device said stays within its fence, and that the rest
// holds nothing that a renderer of Markdown would act on.
func TestHostile(t *testing.T) {
	bare, span := regexp.MustCompile(`(^|[^\\])[<[]`), regexp.MustCompile("`+[^`]*`+")
	fence := regexp.MustCompile("^(`{3,})text$")
	var closing string
	inside := 0
	for line := range strings.SplitSeq(string(reportstest.Render(t, reportstest.Hostile(t, 4000), markdown.Write)), "\n") {
		switch m := fence.FindStringSubmatch(line); {
		case closing != "":
			if line == closing {
				closing = ""
			} else if strings.Contains(line, closing) {
				t.Errorf("the fence %s is within its text: %q", closing, line)
			}
			inside++
		case m != nil:
			closing = m[1]
		case bare.MatchString(span.ReplaceAllString(line, "")):
			t.Errorf("not escaped: %q", line)
		}
	}
	if closing != "" || inside < 10 {
		t.Errorf("fence %q is open at the end, %d lines in fences", closing, inside)
	}
}
