package junit_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports/junit"
)

func TestComparisons(t *testing.T) {
	out, err := junit.Comparisons("reprise regress", []result.Comparison{
		{Scenario: "a", Ruling: result.Fixed, Reason: "no hit", Took: time.Second, Watched: 2 * time.Second, ControlUntried: true},
		{Scenario: "b", Ruling: result.NotFixed, Reason: "a hit\x1b[2J", Took: 500 * time.Millisecond},
		{Scenario: "c", Ruling: result.Changed, Reason: "it died"},
		{Scenario: "d", Ruling: result.Undecided, Reason: "too few"},
		{Scenario: "e", Skipped: true, Reason: "no such node"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var s junit.Suite
	if err := xml.Unmarshal(out, &s); err != nil {
		t.Fatal(err)
	}
	if s.Tests != 5 || s.Failures != 2 || s.Errors != 1 || s.Skipped != 1 || s.Time != "1.500" {
		t.Errorf("the suite counts %+v", s)
	}
	var words []string
	for _, c := range s.Cases {
		word := "pass"
		switch {
		case c.Failure != nil:
			word = "failure " + c.Failure.Type
		case c.Error != nil:
			word = "error " + c.Error.Type
		case c.Skipped != nil:
			word = "skipped " + c.Skipped.Message
		}
		words = append(words, c.Class+" "+word)
	}
	const want = "reprise.a pass, reprise.b failure not-fixed, reprise.c failure changed, reprise.d error inconclusive, reprise.e skipped no such node"
	if got := strings.Join(words, ", "); got != want {
		t.Errorf("the cases are\n%s\nwant\n%s", got, want)
	}
	if out := s.Cases[0].Out; !strings.HasSuffix(out, "\nnot seen within 2s of the stimulus\nthe control was not tried") {
		t.Errorf("the limits are missing in\n%s", out)
	}
	fast, err := junit.Comparisons("", []result.Comparison{{Ruling: result.Fixed, Reason: "at speed 10: no hit", Clock: evidence.Clock{Speed: 10}}})
	if err != nil || strings.Count(string(fast), "0/0, no rate at speed 10") != 2 {
		t.Errorf("%s, %v", fast, err)
	}
	if strings.ContainsRune(string(out), '\x1b') {
		t.Error("the file holds a control character")
	}
}
