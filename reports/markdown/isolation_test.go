package markdown_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports/markdown"
)

// The page of a reduction by a fast clock says at which speed each rate was, and loudly where real
// time shows nothing.
func TestIsolationBySpeed(t *testing.T) {
	out := result.Isolation{Complete: true, Original: result.Count{Hits: 3}, Control: result.Count{Misses: 2}, Final: result.Count{Hits: 3}}
	if page := markdown.Isolation(out); strings.Contains(page, "speed") {
		t.Errorf("of real time it says\n%s", page)
	}
	out.Clock.Speed = 10
	seen := result.NewRealTime(result.Count{Hits: 3}, result.Count{Misses: 2})
	out.Real = &seen
	rates := []string{
		"- rate before at speed 10: 3/3", "- its control at speed 10: 0/2", "- rate of what is left at speed 10: 3/3",
		"- rate of what is left at speed 1: 3/3", "- its control at speed 1: 0/2", "| part | runs without it at speed 10 |",
	}
	page := markdown.Isolation(out)
	for _, want := range rates {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	const loud = "- **not shown at speed 1**: what is left shows the problem at speed 10 only"
	if strings.Contains(page, loud) {
		t.Errorf("it says that what is there is not:\n%s", page)
	}
	seen = result.NewRealTime(result.Count{Misses: 3}, result.Count{Misses: 2})
	if page := markdown.Isolation(out); !strings.Contains(page, loud) {
		t.Errorf("it does not say that it is not there:\n%s", page)
	}
	out.Clock = evidence.Clock{}
	if page := markdown.Isolation(out); strings.Contains(page, loud) {
		t.Error("a search in real time is not tried again")
	}
}
