package escalate

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/cmd/reprise/cli/clitest"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/reports/handover/confirm"
	"github.com/reprise-lab/reprise/reports/handover/redact"
)

func at() time.Time { return time.Date(2026, 3, 1, 10, 15, 0, 0, time.UTC) }

// claimed is a claim whose title tries to be another line.
func claimed() bundle.Claim {
	return bundle.Claim{Scenario: "s", Title: "lost\nsigned by me", Runs: []bundle.RunClaim{{ID: "run-1", Variant: evidence.VariantMain}}}
}

// claimLines are what is printed of it.
const claimLines = "s: lost; signed by me\n  main     run-1  not judged, "

func TestCaseViews(t *testing.T) {
	f := cases.Folder{Path: "cases/x", Case: cases.Case{ID: "x", Title: "lost", State: cases.Opened, Runs: []cases.Run{{Dir: "runs/1", Note: "n"}}, Plan: []cases.Step{{Step: "look", Owner: "me"}}}}
	met := cases.Duty{Title: "Logs", Met: cases.Yes, Why: "they are whole", Evidence: []string{"a", "b"}}
	unmet := cases.Duty{Title: "Scope", Met: cases.No, Why: "no impact", Missing: strings.Split("123456789", ""), Do: "reprise case set"}
	for _, tt := range []struct {
		name string
		view func(io.Writer)
		want string
	}{
		{"opened", func(w io.Writer) { printOpened(w, "cases/x") }, "opened cases/x/case.yaml\nnext: reprise case check cases/x\n"},
		{"case", func(w io.Writer) { printCase(w, f.Case) }, "x: lost\n  state            open\n  run              runs/1, n\n  plan             1. look, me, open\n"},
		{"timeline", func(w io.Writer) { printTimeline(w, []cases.Moment{{At: at(), Says: "opened"}}) }, "2026-03-01 10:15  opened\n"},
		{"all met", func(w io.Writer) { printDuties(w, f, []cases.Duty{met}) }, "x: lost\n\nmet      Logs\n         they are whole\n         evidence: a, b\n\nnothing stands in the way: reprise escalate cases/x\n"},
		{"one unmet", func(w io.Writer) { printDuties(w, f, []cases.Duty{unmet}) }, "x: lost\n\nNOT MET  Scope\n         no impact\n" +
			"         - 1\n         - 2\n         - 3\n         - 4\n         - 5\n         - 6\n         - 7\n         - 8\n         … and 1 more (--json lists all)\n         do: reprise case set\n" +
			"\nin the way of an escalation: 1 duty of 1\n"},
		{"sheets", func(w io.Writer) { printSheets(w, sheets{[]string{"rma-1.txt"}, []string{"a serial"}}) }, "wrote rma-1.txt\nmissing: a serial\n"},
		{"set", func(w io.Writer) { printSet(w, []string{"attached r"}, [][2]string{{"title", "lost"}}) }, "attached r\ntitle is lost\n"},
		{"steps", func(w io.Writer) { printSteps(w, f.Case.Plan) }, " 1  open     -            me                   look\n"},
		{"no steps", func(w io.Writer) { printSteps(w, nil) }, "no steps yet; add one with --add STEP --owner NAME --due DAY\n"},
	} {
		if d := cmp.Diff(tt.want, clitest.View(tt.view)); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestBundleViews(t *testing.T) {
	for _, tt := range []struct {
		name string
		view func(io.Writer)
		want []string
	}{
		{"created", func(w io.Writer) {
			printCreated(w, createdResult{File: "f", Size: 20 << 20, Files: 1, Bytes: 100, Claim: claimed(), To: []string{"tac"}, Left: strings.Split("abcdefghijkl", ""), Redacted: "nothing"})
		}, []string{claimLines, "left out  j\nleft out  and 2 more\nunsigned  whoever gets it cannot tell who made it (--sign KEY)\nencrypted to tac\nredacted  nothing\nf: 1 file, 100 bytes in 20 MB\n"}},
		{"created and signed", func(w io.Writer) { printCreated(w, createdResult{Key: "SHA256:x"}) }, []string{"signed    with SHA256:x\n"}},
		{"they differ", func(w io.Writer) {
			printDiff(w, diffed{Differences: []bundle.Difference{{What: "image", Name: "r1", A: "x:1"}}, Rates: &bundle.RateComparison{A: "1/9", B: "9/9", P: 0.01, Differ: true}})
		}, []string{"image        r1: x:1 → (none)\nrates        1/9 against 9/9: Fisher p = 0.01, they differ\n"}},
		{"they do not", func(w io.Writer) { printDiff(w, diffed{Rates: &bundle.RateComparison{A: "1/9", B: "2/9", P: 1}}) }, []string{"rates        1/9 against 2/9: Fisher p = 1, no difference shown\nthey say the same\n"}},
		{"opened", func(w io.Writer) {
			printUnpacked(w, claimed(), opened{"d", []openedRun{{Judge: "reprise judge d", Run: "reprise run d"}}})
		}, []string{claimLines, "judge     reprise judge d\nrun       reprise run d\nd\n"}},
		{"files", func(w io.Writer) {
			printFiles(w, []bundle.File{{Path: "a", Size: 3, SHA256: "00", Sensitivity: "high"}})
		}, []string{"files\n             3  00  high     a\n"}},
		{"shown", func(w io.Writer) {
			printShown(w, shownResult{Container: "tar.zst", Encrypted: true, Contents: bundle.Contents{Manifest: bundle.Manifest{Claim: claimed()}, Custody: []bundle.Custody{{At: at(), Who: "me", What: "packed", Recipients: []string{"tac"}}}}})
		}, []string{claimLines, "redacted  nothing was cut\nsignature none: nobody vouches for it\ncustody\n  2026-03-01T10:15:00Z  me  packed, for tac\npacked    0 files, 0 bytes in 0 bytes (tar.zst, encrypted), by "}},
		{"holds", func(w io.Writer) {
			printVerified(w, verifiedBundle{File: "f", State: bundle.OK, Result: bundle.Result{Checks: []bundle.Check{{Name: "digests", State: bundle.OK, Detail: "all"}}}})
		}, []string{" digests: all\nf holds: everything that was checked is as it says\n"}},
		{"does not hold", func(w io.Writer) { printVerified(w, verifiedBundle{File: "f", State: bundle.Failed}) }, []string{"f does NOT hold: see what failed above, and ask for it again\n"}},
		{"undecided", func(w io.Writer) { printVerified(w, verifiedBundle{File: "f", State: bundle.Unknown, Encrypted: true}) }, []string{" encryption: a key that was given opens it\nf: nothing is wrong with what could be checked, and not all of it could\n"}},
	} {
		got := clitest.View(tt.view)
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in\n%s", tt.name, want, got)
			}
		}
	}
}

func TestHandoverViews(t *testing.T) {
	p := 0.25
	seen := confirm.Confirmation{Result: confirm.Confirmed, Reason: "1 of 2", Claim: confirm.Shown{Reproduced: 9, Valid: 10}, Seen: confirm.Shown{Reproduced: 1, Valid: 2}}
	stopped, rated := seen, seen
	stopped.Stopped, rated.P = true, &p
	stopped.Claim.HasControl, stopped.Control = true, &confirm.Shown{Valid: 1}
	for _, tt := range []struct {
		name string
		view func(io.Writer)
		want string
	}{
		{"stopped at a hit", func(w io.Writer) {
			printConfirmed(w, "b.tar.zst", true, confirmed{Confirmation: stopped, File: "c.json", Runs: "runs.tar.zst"})
		}, "\nCONFIRMED: 1 of 2\nstopped at the first of 2 that shows it; 9/10 claimed (--trials N gives a rate)\nthe control was tried and is healthy: 0/1\n" +
			"what was different: reprise bundle diff b.tar.zst runs.tar.zst\nsend back c.json and c.json.sig\n"},
		{"a rate", func(w io.Writer) { printConfirmed(w, "b", false, confirmed{Confirmation: rated, File: "c.json"}) }, "\nCONFIRMED: 1 of 2\nrate 1/2 here, 9/10 claimed; Fisher p=0.25\nthe scenario declares no control\nsend back c.json (not signed: --sign KEY)\n"},
		{"escalated", func(w io.Writer) {
			printEscalated(w, "cases/x", escalated{Bundle: "b", SHA256: "00", Form: "f", Summary: "s", Plan: "p", Redact: "3 places", Despite: "tonight", Owed: make([]cases.Duty, 2), Claim: bundle.Claim{Scenario: "s", Title: "t"}})
		}, "s: t\nredacted  3 places\nbundle    b\nsha-256   00\nform      f\nsummary   s\nplan      p\nDESPITE   tonight (2 duties unmet; page one says so)\n" +
			"next: paste the form, attach the bundle, then reprise case set cases/x service-request.number=…\n"},
		{"redacted", func(w io.Writer) {
			printRedacted(w, redactedFile{Output: "o", Key: "k", Map: "m", Rules: map[redact.Rule]int{"mac": 2, "ip": 1}, Left: []string{"core: no text"}, Person: []redact.Left{{File: "f", Line: 3, Kind: "banner", Text: "hi"}}})
		}, "replaced  ip             1\nreplaced  mac            2\nleft out  core: no text\nlook at   f:3: banner: hi\nway back  m, with the key k: keep both, and send neither\nwritten   o\n"},
		{"nothing redacted", func(w io.Writer) { printRedacted(w, redactedFile{Output: "o", Key: "k", Map: "m"}) }, "replaced  nothing\nway back  m, with the key k: keep both, and send neither\nwritten   o\n"},
	} {
		if d := cmp.Diff(tt.want, clitest.View(tt.view)); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestExits(t *testing.T) {
	for got, want := range map[int]int{
		stateCode(bundle.OK): cli.ExitYes, stateCode(bundle.Failed): cli.ExitNo, stateCode(bundle.Unknown): cli.ExitInconclusive,
		resultCode(confirm.Confirmed): cli.ExitYes, resultCode(confirm.Contradicted): cli.ExitNo, resultCode(confirm.Inconclusive): cli.ExitInconclusive,
	} {
		if got != want {
			t.Errorf("exit status %d, want %d", got, want)
		}
	}
}
