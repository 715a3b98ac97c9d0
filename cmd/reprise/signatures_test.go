package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/reproduce"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// crashCases are the real bugs of the corpus that end a process.
func crashCases() []string {
	return []string{"bird-case-empty-crash", "frr-prefix-sid-crash", "keepalived-startup-delay-crash", "ovs-packetout-meter-crash", "ovs-rstp-patch-deadlock"}
}

// TestSignatures: ten trials of each crash give one signature, and different bugs different ones. What is printed is
// how often each was seen.
func TestSignatures(t *testing.T) {
	needCircle(t)
	livetest.Long(t, "ten failing labs of each crash of the corpus")
	t.Parallel()
	needSpaces(t)
	busyLabs <- struct{}{}
	defer func() { <-busyLabs }()
	const trials = 10
	of := map[string]string{} // the case that a signature was seen in
	ids, _ := asked(crashCases())
	for _, id := range ids {
		dir := t.TempDir()
		lab := filepath.Join(dir, "case")
		withoutWorkaround(t, id, lab)
		var o reproduce.Outcome
		ask(t, &o, "run", lab, "-n", "10", "--dir", filepath.Join(dir, "runs"))
		var c result.Cores
		ask(t, &c, "core", o.Dir)
		t.Logf("%-32s %2d of %d trials fail; %d core files, %d without a signature, signatures: %d", id, o.Verdict.Reproduced, trials, c.Files, len(c.Unplaced), len(c.Groups))
		for _, g := range c.Groups {
			t.Logf("  %s  %2d times, in %2d trials, %s: %s", g.Signature, len(g.Files), g.Trials, g.Quality, g.Title)
			if was, seen := of[g.Signature]; seen {
				t.Errorf("%s is of %s and of %s", g.Signature, was, id)
			}
			of[g.Signature] = id
		}
		if c.Files == 0 { // the kernel dumps no process that has changed its user: its last words tell
			titles, why := deathTitles(t, o.Dir)
			t.Logf("  no core file (%s); by its last words: %v", why, titles)
			for title := range titles {
				if was, seen := of[title]; seen {
					t.Errorf("%s is of %s and of %s", title, was, id)
				}
				of[title] = id
			}
			if len(titles) != 1 || why == "" || o.Verdict.Reproduced < trials/2 {
				t.Errorf("%s: %v of %d failing trials", id, titles, o.Verdict.Reproduced)
			}
			continue
		}
		if len(c.Groups) != 1 || len(c.Unplaced) > 0 || len(c.Groups[0].Files) < o.Verdict.Reproduced || o.Verdict.Reproduced < trials/2 {
			var unlike []string
			for _, f := range c.Unplaced {
				unlike = append(unlike, f.Process+" "+f.Signal+": "+strings.Join(f.Missing, "; "))
			}
			t.Errorf("%s: %d signatures of %d failing trials; without one: %q", id, len(c.Groups), o.Verdict.Reproduced, unlike)
		}
	}
}

// deathTitles are what the deaths of a run's failing trials are called, and in how many trials, and why there is no core
// file.
func deathTitles(t *testing.T, run string) (titles map[string]int, why string) {
	t.Helper()
	dir, _, err := evidence.OpenDir(run)
	if err != nil {
		t.Fatal(err)
	}
	list, err := dir.Trials()
	if err != nil {
		t.Fatal(err)
	}
	titles = map[string]int{}
	for _, trial := range list {
		r, err := trial.Read()
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, e := range r.Events {
			if e.Kind != evidence.EventDeath {
				continue
			}
			if _, reason, ok := strings.Cut(e.Detail, "no core file: "); ok {
				why, _, _ = strings.Cut(reason, ", last words")
			}
			if title := e.Failed().Title; !seen[title] {
				seen[title] = true
				titles[title]++
			}
		}
	}
	return titles, why
}
