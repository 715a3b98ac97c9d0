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

// What is promised of the parts that are left holds: of those that were tried only, and of one run no chances.
func TestIsolationPromise(t *testing.T) {
	out := result.Isolation{Complete: true, OneRun: true, Needed: []result.NeededPart{
		{Part: "step 1", Need: result.Need{Without: result.Count{Misses: 1}}},
		{Part: "step 2", Need: result.Need{Without: result.Count{Misses: 1}}},
		{Part: "step 3", Need: result.Need{Without: result.Count{Hits: 1}, Control: result.Count{Hits: 1}}},
		{Part: "node r1", Need: result.Need{Without: result.Count{Invalid: 2}}},
	}}
	const unknown = "- 1 part: no run without it decided, and whether the problem needs it is not known\n"
	const unset = "- no step of the stimulus is left"
	if page := markdown.Isolation(out); !strings.Contains(page, unknown) || strings.Contains(page, unset) {
		t.Errorf("it says\n%s", page)
	}
	out.Unset = true
	if page := markdown.Isolation(out); !strings.Contains(page, unset) {
		t.Errorf("without a step it says\n%s", page)
	}
	const chance = "the chance of so few hits"
	page := markdown.Isolation(out)
	if !strings.Contains(page, "- 2 parts tried by one run each: a part is called needed where one run without it did not show the problem\n") || strings.Contains(page, chance) {
		t.Errorf("by one run it says\n%s", page)
	}
	out.OneRun = false
	if page = markdown.Isolation(out); !strings.Contains(page, "- 2 parts, each refused by itself: with one of them out, "+chance) {
		t.Errorf("by many it says\n%s", page)
	}
}
