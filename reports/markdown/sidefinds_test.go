package markdown_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/reports/markdown"
)

// TestSideFinds: a search that met one failure in many runs tells it once, and one from before
// failures had fields run by run.
func TestSideFinds(t *testing.T) {
	out := result.Isolation{Side: []string{"zebra died (runs/a)", "zebra died (runs/b)"}}
	if page := markdown.Isolation(out); !strings.Contains(page, "- zebra died (runs/a)\n- zebra died (runs/b)\n") {
		t.Errorf("of before:\n%s", page)
	}
	f := evidence.Failure{Title: "zebra: SIGSEGV", Kind: evidence.FailureCrash, Process: "zebra", Node: "r2"}
	out.Meet([]evidence.Failure{f}, "runs/a")
	out.Meet([]evidence.Failure{f}, "runs/b")
	if page := markdown.Isolation(out); !strings.Contains(page, "- r2: zebra: SIGSEGV, in 2 runs, first in runs/a\n") || strings.Contains(page, "runs/b") {
		t.Errorf("%s", page)
	}
}
