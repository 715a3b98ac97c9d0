package reports_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

func load(t *testing.T, path string) *reports.Run {
	t.Helper()
	r, err := reports.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLoadWhole(t *testing.T) {
	r := load(t, reportstest.Whole(t))
	if !r.Finished() || len(r.Missing) > 0 {
		t.Errorf("finished %v, missing %q; want a whole run", r.Finished(), r.Missing)
	}
	want := reports.Counts{Reproduced: 2, NotReproduced: 1, Inconclusive: 1, NotApplicable: 1}
	if diff := cmp.Diff(want, r.Recorded); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	var full []int
	for _, tr := range r.Trials {
		if tr.Detail != nil {
			full = append(full, tr.Number)
		}
	}
	if diff := cmp.Diff([]int{1, 2, 4, 5}, full); diff != "" {
		t.Errorf("trials shown in full (-want +got):\n%s", diff)
	}
	if got, want := r.Share(), "2 of 3 valid trials (66.7\u00a0%)"; got != want {
		t.Errorf("Share() = %q, want %q", got, want)
	}
}

// A run whose verdict its record does not give is inconclusive, and says why.
func TestLoadDisputed(t *testing.T) {
	for _, do := range []func(evidence.Dir) error{
		func(dir evidence.Dir) error { return os.RemoveAll(dir.Trial(1).Path) },
		func(dir evidence.Dir) error { return os.Remove(dir.File("ledger.ndjson")) },
		func(dir evidence.Dir) error {
			return evidence.WriteJSON(dir.File("verdict.json"), evidence.RunVerdict{Verdict: evidence.Reproduced, Expected: evidence.Reproduced, Reproduced: 5, Marks: []string{"simulated"}})
		},
		func(dir evidence.Dir) error {
			return evidence.WriteJSON(dir.Trial(1).File("verdict.json"), evidence.TrialVerdict{Trial: 1, Verdict: evidence.Reproduced})
		},
	} {
		path := reportstest.Whole(t)
		if err := do(evidence.Dir{Path: path}); err != nil {
			t.Fatal(err)
		}
		r := load(t, path)
		if r.Disputed == "" || r.Headline() != "Inconclusive" || r.Rate != nil || r.Share() != "no valid trial" || !strings.Contains(r.Intervals(), "no trial counts") || !strings.HasPrefix(r.Verdict.Reason, "what is stored of the run") {
			t.Errorf("%q %s: %s, %s: %+v", r.Disputed, r.Headline(), r.Share(), r.Intervals(), r.Verdict)
		}
	}
}

func TestLoadDetail(t *testing.T) {
	d := load(t, reportstest.Whole(t)).Trials[1].Detail
	if d.Digest != reports.Matches {
		t.Errorf("digest %s, want %s", d.Digest, reports.Matches)
	}
	c := d.Conditions[1]
	if c.Ref != "symptom[0]" || c.Total != 11 || len(c.Looks) != 2 || c.Looks[1].Skipped != 9 || !c.Looks[1].Decided {
		t.Errorf("condition %s: %d looks, shown %+v; want the first and the deciding one", c.Ref, c.Total, c.Looks)
	}
	if len(c.Before) != 1 {
		t.Errorf("%d looks before the stimulus, want 1", len(c.Before))
	}
	got := map[string]reports.Change{}
	for _, s := range d.States {
		got[s.Command] = s.Change
	}
	want := map[string]reports.Change{
		"show interface": reports.Words, "show uptime": reports.Numbers, "show version": reports.Same, "show tech": reports.Unpaired,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	var lines []string
	for _, l := range d.Transcripts[0].Streams[0].Lines {
		lines = append(lines, map[bool]string{true: "> ", false: "< "}[l.Out]+l.Text)
	}
	if want := "< r1# |> show ip ospf neighbor|< show ip ospf neighbor|< 2.2.2.2  Full|< r1# |> ⏎|< Neighbor ID  State|< 2.2.2.2      ExStart/-"; strings.Join(lines, "|") != want {
		t.Errorf("transcript %q, want %q", strings.Join(lines, "|"), want)
	}
	if last := d.Transcripts[0].Streams[1]; last.Channel != reports.Control {
		t.Errorf("the last stream is %s, want %s", last.Channel, reports.Control)
	}
}

func TestLoadBrokenOff(t *testing.T) {
	r := load(t, reportstest.BrokenOff(t))
	if r.Finished() || r.Rate != nil {
		t.Error("a broken-off run has a verdict or a rate")
	}
	if diff := cmp.Diff([]int{3, 4}, r.Absent()); diff != "" {
		t.Errorf("absent (-want +got):\n%s", diff)
	}
	if got, want := r.Intervals(), "no 95\u00a0% interval: the run has no rate.json"; got != want {
		t.Errorf("Intervals() = %q, want %q", got, want)
	}
	all := strings.Join(r.Missing, "\n")
	for _, want := range []string{
		"verdict.json is missing", "rate.json is missing", "2 of 4 planned trials left no record",
		"1 trial without a verdict", "input/lab.clab.yml is altered",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("missing does not say %q:\n%s", want, all)
		}
	}
	d := r.Trials[1].Detail
	if len(d.Events) != 16 {
		t.Errorf("%d events of a cut timeline, want the 16 that are whole", len(d.Events))
	}
	if all := strings.Join(d.Missing, "\n"); !strings.Contains(all, "the rest of the observations cannot be read: observations.ndjson:2:") {
		t.Errorf("the damaged line is not named:\n%s", all)
	}
	if d.Conditions[0].Judged() || len(d.Conditions[0].Looks) != 1 {
		t.Errorf("condition %+v: want it not judged, with one look", d.Conditions[0])
	}
}

func TestLoadSeesAlteredRecords(t *testing.T) {
	path := reportstest.Control(t)
	dir := evidence.Dir{Path: path}
	reportstest.Cut(t, dir.Trial(1).File("timeline.ndjson"), 1)
	ledger, err := os.ReadFile(dir.File("ledger.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	// A second line that names another predecessor.
	if err := evidence.WriteFile(dir.File("ledger.ndjson"), append(ledger, ledger...)); err != nil {
		t.Fatal(err)
	}
	r := load(t, path)
	if got := r.Trials[0].Detail.Digest; got != reports.Differs {
		t.Errorf("digest %s, want %s", got, reports.Differs)
	}
	if all := strings.Join(r.Missing, "\n"); !strings.Contains(all, "the ledger is not whole: ledger.ndjson:2") {
		t.Errorf("the ledger's broken chain is not named:\n%s", all)
	}
}

func TestLoadEmptyRun(t *testing.T) {
	dir := evidence.Dir{Path: t.TempDir()}
	if _, err := reports.Load(dir.Path); err == nil {
		t.Error("a folder without run.json was read")
	}
	if err := evidence.WriteJSON(dir.File("run.json"), evidence.RunInfo{Reprise: evidence.Format, Trials: 2, Expected: evidence.Reproduced}); err != nil {
		t.Fatal(err)
	}
	if r := load(t, dir.Path); len(r.Absent()) != 2 || r.Info.ID != filepath.Base(dir.Path) {
		t.Errorf("absent %v, id %q; want both trials and the folder's name", r.Absent(), r.Info.ID)
	}
}

func TestLoadStaysInside(t *testing.T) {
	info := reportstest.Info("20260301T101500Z-outside-1f2e", 1)
	path := reportstest.Make(t, info)
	info.Inputs = append(info.Inputs, evidence.InputInfo{Path: "../../secret"})
	if err := evidence.WriteJSON(filepath.Join(path, "run.json"), info); err != nil {
		t.Fatal(err)
	}
	in := load(t, path).Inputs[2]
	if in.OK || !in.Text.Empty() || !strings.Contains(in.State, "leads out") {
		t.Errorf("input %+v: want it refused", in)
	}
}

func TestLoadIsBounded(t *testing.T) {
	r := load(t, reportstest.Hostile(t, 8<<20))
	d := r.Trials[0].Detail
	total := 0
	count := func(name string, e reports.Excerpt, from string) {
		total += len(e.Head) + len(e.Tail)
		if e.Omitted == 0 || e.File != from {
			t.Errorf("%s: %d of %d bytes left out, see %q; want most, and %q", name, e.Omitted, e.Size, e.File, from)
		}
	}
	count("look", d.Conditions[1].Looks[0].Output, "trials/0001/observations.ndjson")
	count("log", d.Logs[0].Text, "trials/0001/logs/r1/ospfd.log")
	for _, s := range d.Transcripts[0].Streams {
		for _, l := range s.Lines {
			total += len(l.Text)
		}
	}
	if total > 200<<10 {
		t.Errorf("%d bytes are kept of 8 MiB in each place", total)
	}
}
