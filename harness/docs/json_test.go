package docs_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// files are what a run directory, or that of an experiment, holds as JSON.
var files = []struct{ file, typ string }{
	{"run.json", "harness/evidence.RunInfo"},
	{"ledger.ndjson, a line", "harness/evidence.Entry"},
	{"verdict.json of the run", "harness/evidence.RunVerdict"},
	{"rate.json of a run", "harness/evidence.Rate"},
	{"rate.json of `rate`", "harness/result.Rate"},
	{"verify.json", "harness/result.Comparison"},
	{"reset.json", "harness/result.Resets"},
	{"speed.json", "harness/result.Speeds"},
	{"isolation.json", "harness/result.Isolation"},
	{"bisection.json", "harness/result.Bisection"},
	{"ahead.ndjson of a search, a line", "harness/isolate.Spent"},
	{"sweep.json", "harness/result.Sweep"},
	{"matrix.json", "harness/result.Matrix"},
	{"ledger.ndjson of a matrix, a line", "harness/result.CellEntry"},
	{"hypotheses.json of `case draft`", "harness/draft.Draft"},
	{"tries.json of `case try`", "harness/draft.Tries"},
	{"trials/N/verdict.json", "harness/evidence.TrialVerdict"},
	{"trials/N/timeline.ndjson, a line", "harness/evidence.Event"},
	{"trials/N/observations.ndjson, a line", "harness/evidence.Observation"},
	{"trials/N/transcripts/NODE.ndjson, a line", "harness/evidence.Chunk"},
	{"trials/N/states/…, a file", "harness/evidence.State"},
	{"trials/N/cores/NODE-PROCESS.json", "harness/evidence.Core"},
	{"trials/N/seal.json, of a trial that a worker executed", "harness/fleet/labpool.Seal"},
	{"trials/N/logs.json", "harness/result.LogNotes"},
	{"logs.json", "harness/result.LogFindings"},
}

// verbs are what the verbs print with --json. A type is in the folder before its dot, or
// anywhere below it; "func NAME" is the first struct that this function declares.
var verbs = []struct{ verb, typ string }{
	{"run", "cmd.Outcome"},
	{"run --dry-run", "cmd.Planned"},
	{"run --rehearse", "cmd.Rehearsal"},
	{"demo, a list of", "cmd.Outcome"},
	{"rate", "cmd.rated"},
	{"rate --choose-reset", "cmd.resetChosen"},
	{"rate --choose-speed", "cmd.speedChosen"},
	{"verify-fix", "cmd.verified"},
	{"regress", "cmd.regressed"},
	{"matrix report", "harness/result.MatrixReport"},
	{"matrix diff", "harness/result.MatrixDiff"},
	{"matrix explain", "cmd.explained"},
	{"bisect", "harness/result.Bisection"},
	{"isolate", "harness/result.Isolation"},
	{"matrix list, a list of", "cmd.listedSuite"},
	{"matrix show", "cmd.shownSuite"},
	{"matrix run", "cmd.ranMatrix"},
	{"matrix run --dry-run", "cmd.plannedMatrix"},
	{"fault list, a list of", "cmd.listedFault"},
	{"fault try", "harness/result.Tried"},
	{"fault sweep", "cmd.swept"},
	{"judge", "cmd.judged"},
	{"diff", "cmd.stateDiff"},
	{"scenario validate, a list of", "cmd.validated"},
	{"scenario list, a list of", "cmd.listed"},
	{"scenario new", "cmd.written"},
	{"doctor, a list of", "topologies/doctor.Check"},
	{"topology graph", "cmd.graphed"},
	{"topology infer", "cmd.inferredLab"},
	{"images list", "cmd.imageList"},
	{"redact", "cmd.redactedFile"},
	{"case new, case set", "reports/handover/cases.Case"},
	{"case show", "cmd.shownCase"},
	{"case import", "cmd.importedCase"},
	{"case draft", "cmd.draftedCase"},
	{"case try", "cmd.triedCase"},
	{"case from-cell", "cmd.cellCase"},
	{"case check, a list of", "reports/handover/cases.Duty"},
	{"case rma", "cmd.sheets"},
	{"escalate", "cmd.escalated"},
	{"bundle create", "cmd.createdResult"},
	{"bundle show", "cmd.shownResult"},
	{"bundle verify", "cmd.verifiedBundle"},
	{"bundle diff", "cmd.diffed"},
	{"bundle open", "cmd.opened"},
	{"confirm", "cmd.confirmed"},
	{"known search, a list of", "harness/known.Found"},
	{"known list, a list of", "harness/known.DocumentInfo"},
	{"known show, a list of", "harness/known.Issue"},
	{"known import, a list of", "cmd.importResult"},
	{"known match", "harness/known.Matching"},
	{"logs parse, a list of", "harness/result.LogFile"},
	{"logs search", "harness/result.LogFound"},
	{"logs timeline", "harness/result.LogTimeline"},
	{"logs diff", "harness/result.LogDiff"},
	{"logs check, a list of", "harness/result.LogCheck"},
	{"core", "harness/result.Cores"},
	{"lab check, devices", "cmd.deviceCheck"},
	{"lab list, devices", "topologies/lab.Status"},
	{"lab reserve", "topologies/lab.Lease"},
	{"lab release", "cmd.released"},
	{"lab history, a list of", "topologies/lab.Event"},
	{"lab restore, a list of", "cmd.restored"},
	{"fleet serve", "cmd.served"},
	{"fleet status", "harness/fleet.Status"},
	{"fleet url", "cmd.joining"},
	{"fleet drain, fleet remove", "cmd.asked"},
	{"fleet logs, a list of", "harness/fleet.LogLine"},
	{"worker", "harness/fleet.Offer"},
	{"any, on standard error", "cmd.func PrintError"},
}

// TestJSON holds the reference of what is printed and written as JSON against the types.
func TestJSON(t *testing.T) {
	src := newSources()
	ref := &jsonReference{src: src, names: map[string]*declared{}}
	var b strings.Builder
	list := func(head string, of []struct{ file, typ string }) {
		fmt.Fprintf(&b, "%s\n|---|---|\n", head)
		for _, f := range of {
			d, err := src.find(f.typ)
			if err != nil {
				t.Error(err)
				continue
			}
			fmt.Fprintf(&b, "| %s | %s |\n", f.file, ref.link(d))
		}
		b.WriteString("\n")
	}
	b.WriteString("## Files of a run directory\n\n")
	list("| file | type |", files)
	b.WriteString("## What verbs print\n\n")
	renamed := make([]struct{ file, typ string }, len(verbs))
	for i, v := range verbs {
		renamed[i] = struct{ file, typ string }{v.verb, v.typ}
	}
	list("| verb | type |", renamed)
	b.WriteString("## Types\n\n")
	b.WriteString(ref.types(t))
	checkSection(t, "cmd/JSON.md", "json", b.String())
}

// jsonReference writes types as tables, and those that these name.
type jsonReference struct {
	src   *sources
	names map[string]*declared // by heading
}

func (r *jsonReference) link(d *declared) string {
	r.names[d.heading()] = d
	return fmt.Sprintf("[%s](#%s)", d.heading(), anchor(d.heading()))
}

func anchor(heading string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(heading), ".", ""), " ", "-")
}

// types gives every type that was linked to, until no new one is named.
func (r *jsonReference) types(t *testing.T) string {
	t.Helper()
	done := map[string]string{}
	for len(done) < len(r.names) {
		for _, name := range slices.Sorted(maps.Keys(r.names)) {
			if _, ok := done[name]; !ok {
				done[name] = r.table(t, r.names[name])
			}
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(done)) {
		b.WriteString(done[name])
	}
	return b.String()
}

func (r *jsonReference) table(t *testing.T, d *declared) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", d.heading())
	if d.doc != "" {
		fmt.Fprintf(&b, "%s\n\n", d.doc)
	}
	b.WriteString("| key | type | what |\n|---|---|---|\n")
	for _, f := range r.src.fields(d) {
		what, err := r.src.kind(f.file, f.typ, r.link)
		if err != nil {
			t.Errorf("%s.%s: %v", d.heading(), f.key, err)
		}
		if f.optional {
			what += ", may be absent"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.key, cell(what), cell(f.doc))
	}
	return b.String() + "\n"
}
