package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// telling is a case of the corpus whose daemons log what tells of its failure, and a template of that.
type telling struct {
	id, line string
	// trials of the case, where it does not show every time.
	trials string
}

// tellingCases are protocol bugs, mistakes and an intermittent bug.
func tellingCases() []telling {
	return []telling{
		{"ospf-mtu-mismatch", `MTU <N> is larger than`, "9"},
		{"frr-isis-type-flap", `LSP \S+ received at level <N> over circuit of type`, "9"},
		{"bird-role-no-capability", `Role mismatch`, "9"},
		{"frr-bgp-no-shutdown", `unrecognized capability code`, "9"}, // no session opens: the message is missing
		{"lldpd-netlink-race", `netlink receive buffer too small`, "36"},
	}
}

// TestTelling: of nine failing and nine clean trials the line that tells of the failure is among the first three that logs
// diff ranks, and luck is excluded. What is printed is its rank.
func TestTelling(t *testing.T) {
	needCircle(t)
	livetest.Long(t, "nine failing and nine clean labs of each case")
	t.Parallel()
	needSpaces(t)
	busyLabs <- struct{}{}
	defer func() { <-busyLabs }()
	const most, luck, least = 3, 0.05, 9
	var names []string
	for _, c := range tellingCases() {
		names = append(names, c.id)
	}
	ids, _ := asked(names)
	for _, c := range tellingCases() {
		if !slices.Contains(ids, c.id) {
			continue
		}
		dir := t.TempDir()
		lab := filepath.Join(dir, "case")
		withoutWorkaround(t, c.id, lab)
		var failing, clean reproduce.Outcome
		ask(t, &failing, "run", lab, "-n", c.trials, "--labs", "2", "--dir", filepath.Join(dir, "runs"))
		ask(t, &clean, "run", lab, "--control", "-n", "9", "--labs", "2", "--dir", filepath.Join(dir, "runs"))
		var d result.LogDiff
		ask(t, &d, "logs", "diff", failing.Dir, "--against", clean.Dir)
		line := regexp.MustCompile(c.line)
		at := slices.IndexFunc(d.Ranked, func(r result.LogRank) bool {
			return line.MatchString(r.Template) || slices.ContainsFunc(r.Together, func(o result.LogTogether) bool { return line.MatchString(o.Template) })
		})
		if at < 0 {
			t.Errorf("%s: %s is not ranked; %s", c.id, c.line, d.Why)
			continue
		}
		r := d.Ranked[at]
		t.Logf("%-26s rank %d of %d, %s, %d/%d failing, %d/%d clean, q %.4f", c.id, r.Rank, len(d.Ranked)+d.More, r.Kind, r.Failing, d.Failing, r.Clean, d.Clean, r.Q)
		if d.Failing < least || d.Clean < least {
			t.Errorf("%s: %d failing and %d clean trials are too few for what is asked", c.id, d.Failing, d.Clean)
			continue
		}
		if r.Rank > most || r.Q > luck || !d.Enough {
			t.Errorf("%s: rank %d, q %.4f: %s", c.id, r.Rank, r.Q, d.Why)
		}
	}
}
