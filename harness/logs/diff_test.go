package logs_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/logs"
)

var update = flag.Bool("update", false, "write the golden files")

// began is when every trial of the tests began; the stimulus begins two seconds later.
var began = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// made is a trial of the tests: lines by node.
type made struct {
	verdict evidence.Verdict
	lines   map[string]string
	events  []evidence.Event
}

// run writes a run with these trials.
func run(t *testing.T, id string, variant evidence.Variant, provider string, trials ...made) string {
	t.Helper()
	dir := evidence.Dir{Path: filepath.Join(t.TempDir(), id)}
	must(t, evidence.WriteJSON(dir.File("run.json"), evidence.RunInfo{Reprise: evidence.Format, ID: id, Variant: variant, Started: began, Provider: provider, Expected: evidence.Reproduced}))
	for i, m := range trials {
		d := dir.Trial(i + 1)
		events := append([]evidence.Event{
			{Time: began, Kind: evidence.EventPhase, Phase: evidence.PhaseDeploy},
			{At: 2 * time.Second, Time: began.Add(2 * time.Second), Kind: evidence.EventPhase, Phase: evidence.PhaseStimulus},
		}, m.events...)
		events = append(events, evidence.Event{At: time.Minute, Time: began.Add(time.Minute), Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseCollect})
		var timeline strings.Builder
		for _, e := range events {
			line, err := json.Marshal(e)
			must(t, err)
			timeline.Write(append(line, '\n'))
		}
		must(t, evidence.WriteFile(d.File("timeline.ndjson"), []byte(timeline.String())))
		must(t, evidence.WriteFile(d.File("observations.ndjson"), nil))
		must(t, evidence.WriteJSON(d.File("verdict.json"), evidence.TrialVerdict{Reprise: evidence.Format, Trial: i + 1, Verdict: m.verdict}))
		for node, text := range m.lines {
			must(t, evidence.WriteFile(d.File("logs", node, "bgpd.log"), []byte(text)))
		}
	}
	return dir.Path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, paths ...string) (all []logs.Trial) {
	t.Helper()
	for _, p := range paths {
		trials, _, err := logs.Open(p)
		must(t, err)
		all = append(all, trials...)
	}
	return all
}

// bgp is the log of a node: a start, and then lines at seconds after the trial began.
func bgp(lines ...string) string {
	var b strings.Builder
	b.WriteString("2026/03/01 10:00:00.100 BGP: [T83RR-8SM5G] bgpd 10.3 starting: vty@2605\n")
	for i, l := range lines {
		if l == "" {
			continue
		}
		fmt.Fprintf(&b, "2026/03/01 10:00:%02d.500 BGP: %s\n", i+2, l)
	}
	return b.String()
}

// nine failing and nine clean trials, in which one message tells, one is missing, one comes as luck
// has it, and one belongs to the stimulus and so to the control too.
func nines(t *testing.T) (main, control string) {
	t.Helper()
	var trials []made
	for i := range 9 {
		luck := ""
		if i%2 == 0 {
			luck = "[AAAAA-LUCKY] a timer was late by 12ms"
		}
		trials = append(trials,
			made{verdict: evidence.Reproduced, lines: map[string]string{
				"leaf1": bgp("[SSSSS-TIMUL] interface eth1 goes down", "[EC 33554451] the neighbour 192.0.2.7 has no role", luck), "leaf2": bgp(luck),
			}},
			made{verdict: evidence.NotReproduced, lines: map[string]string{
				"leaf1": bgp(luck, fmt.Sprintf("[N9HHH-F8H1M] neighbour 192.0.2.%d is up", i)), "leaf2": bgp(luck),
			}})
	}
	trials = append(trials, made{verdict: evidence.Inconclusive, lines: map[string]string{"leaf1": bgp("[EC 1] never used")}})
	var clean []made
	for range 3 {
		clean = append(clean, made{verdict: evidence.NotReproduced, lines: map[string]string{"leaf1": bgp("[SSSSS-TIMUL] interface eth1 goes down", "[N9HHH-F8H1M] neighbour 192.0.2.1 is up")}})
	}
	return run(t, "main", evidence.VariantMain, "containers", trials...), run(t, "control", evidence.VariantControl, "containers", clean...)
}

func TestDiff(t *testing.T) {
	main, control := nines(t)
	trials := open(t, main, control)
	d, err := logs.Diff(trials, logs.DiffOptions{})
	must(t, err)
	got, err := json.MarshalIndent(d, "", "  ")
	must(t, err)
	text := strings.NewReplacer(filepath.Dir(main), "RUNS", filepath.Dir(control), "RUNS").Replace(string(got)) + "\n"
	golden := filepath.Join("testdata", "diff.golden.json")
	if *update {
		must(t, os.WriteFile(golden, []byte(text), 0o600))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if d := cmp.Diff(string(want), text); d != "" {
		t.Error(d)
	}
	if top := d.Ranked[0]; len(top.Together) > 0 || !strings.Contains(top.Template, "has no role") || top.Score != 1 || top.Failing != 9 || top.Clean != 0 || !d.Enough || d.Supports != 2431 || d.CleanFrom != "run" {
		t.Errorf("%+v", top)
	}
	if last := d.Ranked[len(d.Ranked)-1]; !last.Demoted || !strings.Contains(last.Template, "goes down") || last.Control != 3 {
		t.Errorf("%+v", last)
	}
	// In whatever order the trials are read.
	slices.Reverse(trials)
	again, err := logs.Diff(trials, logs.DiffOptions{})
	must(t, err)
	for i := range d.Ranked {
		if a, b := d.Ranked[i], again.Ranked[i]; a.ID != b.ID || a.Node != b.Node || a.Score != b.Score || a.Q != b.Q {
			t.Errorf("rank %d is %s and %s", i+1, a.ID, b.ID)
		}
	}
}

// The table of how many templates so many trials support.
func TestSupports(t *testing.T) {
	for _, c := range []struct {
		failing, clean int
		want           float64
	}{{4, 4, 3}, {5, 5, 12}, {6, 6, 46}, {7, 7, 171}, {8, 8, 643}, {9, 9, 2431}, {10, 10, 9237}, {3, 20, 88}, {5, 20, 2656}, {0, 5, 0}, {1, 1, 0}} {
		if got := logs.Supports(c.failing, c.clean); got != c.want {
			t.Errorf("%d + %d support %g, want %g", c.failing, c.clean, got, c.want)
		}
	}
}

// A control that the failing trials are compared with has its say there, and puts nothing behind.
func TestControlAsClean(t *testing.T) {
	var failing, control []made
	for i := range 6 {
		lines := []string{"[N9HHH-F8H1M] neighbour 192.0.2.1 is up"}
		if i == 0 {
			lines = append(lines, "[AAAAA-AAAAA] it fails")
		}
		failing = append(failing, made{verdict: evidence.Reproduced, lines: map[string]string{"a": bgp("[AAAAA-AAAAA] it fails")}})
		control = append(control, made{verdict: evidence.NotReproduced, lines: map[string]string{"a": bgp(lines...)}})
	}
	d, err := logs.Diff(open(t, run(t, "m", evidence.VariantMain, "containers", failing...), run(t, "c", evidence.VariantControl, "containers", control...)), logs.DiffOptions{})
	must(t, err)
	if d.CleanFrom != "control" || len(d.Ranked) != 2 || d.Ranked[0].Demoted || d.Ranked[1].Demoted || d.Ranked[1].Control != 1 {
		t.Errorf("%+v", d)
	}
}

// Two trials of each cannot tell, and the answer says so.
func TestTooFewRuns(t *testing.T) {
	bad := made{verdict: evidence.Reproduced, lines: map[string]string{"a": bgp("[X] it is broken")}}
	good := made{verdict: evidence.NotReproduced, lines: map[string]string{"a": bgp("[Y] it works")}}
	d, err := logs.Diff(open(t, run(t, "r", evidence.VariantMain, "containers", bad, good, bad, good)), logs.DiffOptions{})
	must(t, err)
	if d.Enough || !strings.HasPrefix(d.Why, "too few runs to tell") || len(d.Ranked) == 0 {
		t.Errorf("%+v", d)
	}
	for name, trials := range map[string][]made{"all failing": {bad, bad}, "all clean": {good}, "none": nil, "inconclusive": {{verdict: evidence.Inconclusive, lines: bad.lines}}} {
		d, err := logs.Diff(open(t, run(t, "r", evidence.VariantMain, "containers", trials...)), logs.DiffOptions{})
		must(t, err)
		if d.Enough || len(d.Ranked) > 0 || d.Why == "" {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// How the clocks of nodes stand is read from the record, and said where it is not there.
func TestClocks(t *testing.T) {
	mark := evidence.Event{At: 3 * time.Second, Time: began.Add(3 * time.Second), Kind: evidence.EventCollect, Lane: "sw", Name: "clock mark", Outcome: evidence.OK, Detail: "reprise r trial 1: the stimulus begins"}
	marked := "03/01/2026 12:00:00.00 <Info:System.userMsg> reprise r trial 1: the stimulus begins\n03/01/2026 12:00:04.00 <Warn:x.y> late\n"
	lab := evidence.Event{At: time.Second, Time: began, Kind: evidence.EventClock, Detail: "the lab's clocks show 2038-01-19T03:14:00Z"}
	for name, c := range map[string]struct {
		provider, text string
		events         []evidence.Event
		basis          string
		at             time.Duration // of the last line
	}{
		"the host's":          {provider: "containers", text: bgp("x"), basis: "host", at: 2500 * time.Millisecond},
		"another zone":        {provider: "namespaces", text: strings.ReplaceAll(bgp("x"), " 10:", " 12:"), basis: "none"},
		"a machine":           {provider: "vm", text: bgp("x"), basis: "none"},
		"by our mark":         {provider: "vm", text: marked, events: []evidence.Event{mark}, basis: "mark", at: 7 * time.Second},
		"the mark is missing": {provider: "containers", text: bgp("x"), events: []evidence.Event{mark}, basis: "none"},
		"the lab's":           {provider: "containers", text: "2038/01/19 03:14:05 BGP: x\n", events: []evidence.Event{lab}, basis: "lab", at: 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			trial := open(t, run(t, "r", evidence.VariantMain, c.provider, made{verdict: evidence.Reproduced, lines: map[string]string{"sw": c.text}, events: c.events}))[0]
			if got := trial.Nodes[0].Clock; got.Basis != c.basis || got.Why == "" {
				t.Fatalf("%+v", got)
			}
			merged, err := trial.Merged(nil, 100)
			must(t, err)
			if c.basis == "none" {
				if len(merged.Lines) > 0 || merged.Untimed == 0 {
					t.Errorf("%d lines have a time", len(merged.Lines))
				}
				return
			}
			if last := merged.Lines[len(merged.Lines)-1]; last.SinceT0 != c.at-trial.T0 || merged.Untimed > 0 {
				t.Errorf("the last is at %s, want %s", last.SinceT0, c.at-trial.T0)
			}
		})
	}
}

// Lines of several nodes come in the order of their times.
func TestTimeline(t *testing.T) {
	trial := open(t, run(t, "r", evidence.VariantMain, "containers", made{verdict: evidence.Reproduced, lines: map[string]string{
		"a": bgp("one", "", "three"), "b": "2026/03/01 10:00:03.000 BGP: two\n",
	}}))[0]
	merged, err := trial.Merged(regexp.MustCompile("one|two|three"), 100)
	must(t, err)
	var got []string
	for _, l := range merged.Lines {
		got = append(got, fmt.Sprintf("%s %s %s", l.SinceT0, l.Node, l.Text[len(l.Text)-5:]))
	}
	if d := cmp.Diff([]string{"500ms a : one", "1s b : two", "2.5s a three"}, got); d != "" {
		t.Error(d)
	}
	if few, err := trial.Merged(nil, 1); err != nil || len(few.Lines) != 1 || few.Total != 4 || few.Lines[0].SinceT0 != -1900*time.Millisecond {
		t.Errorf("the first of all: %+v, %v", few, err)
	}
}

// Files have the devices' own times, to which is added what is known of their clocks.
func TestFilesInTime(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a", "x.log"), filepath.Join(dir, "b", "x.log")
	must(t, evidence.WriteFile(a, []byte(bgp("one", "", "three"))))
	must(t, evidence.WriteFile(b, []byte("2026-03-01T12:01:03.000+02:00 b bgpd[1]: two\nno time\n")))
	trial, err := logs.FilesInTime([]string{a, b}, map[string]time.Duration{b: -time.Minute})
	must(t, err)
	merged, err := trial.Merged(nil, 100)
	must(t, err)
	var got []string
	for _, l := range merged.Lines[1:] {
		got = append(got, l.Time.Format("15:04:05.0 ")+l.Text[len(l.Text)-5:])
	}
	if d := cmp.Diff([]string{"10:00:02.5 : one", "10:00:03.0 : two", "10:00:04.5 three"}, got); d != "" || merged.Untimed != 1 {
		t.Errorf("%d without a time: %s", merged.Untimed, d)
	}
	if _, err := logs.FilesInTime([]string{a, filepath.Join(dir, "none")}, nil); err == nil {
		t.Error("a file that is not there")
	}
}

// A zone that is named and not known is not said to be none.
func TestZoneOfFilesInTime(t *testing.T) {
	name := filepath.Join(t.TempDir(), "v.log")
	must(t, evidence.WriteFile(name, []byte("CP1  [01/01/26 00:33:49.733:CET] 0x00034595 00000000 GlobalRouter SW INFO Link up\n")))
	trial, err := logs.FilesInTime([]string{name}, nil)
	must(t, err)
	merged, err := trial.Merged(nil, 10)
	must(t, err)
	if got := merged.Clocks[0].Why; got != "its times are as it wrote them, which name no zone that is known: they are taken as UTC" {
		t.Error(got)
	}
}

// The window keeps what lies in it, and counts what cannot be placed.
func TestWindow(t *testing.T) {
	main, _ := nines(t)
	d, err := logs.Diff(open(t, main), logs.DiffOptions{Window: &[2]time.Duration{time.Second, 2 * time.Second}})
	must(t, err)
	for _, r := range d.Ranked {
		if r.SinceT0 < time.Second || r.SinceT0 > 2*time.Second {
			t.Errorf("%+v", r)
		}
	}
	if len(d.Ranked) == 0 || d.Unaligned > 0 {
		t.Errorf("%+v", d)
	}
}

// Two folders of logs are compared too, and what says how often it came is counted so.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	flaps := []string{"03/01/2026 10:00:00.00 <Warn:a.b> it flaps\n", "03/01/2026 10:00:09.00 <Warn:a.b> Previous message repeated 6 additional times in the last 9 second(s)\n"}
	for i := range 6 {
		text := flaps[0] + flaps[1]
		if i%2 == 0 { // the newest line first
			text = flaps[1] + flaps[0]
		}
		must(t, evidence.WriteFile(filepath.Join(dir, "bad", fmt.Sprint(i), "sw1", "log"), []byte(text)))
		must(t, evidence.WriteFile(filepath.Join(dir, "good", fmt.Sprint(i), "sw1", "log"), []byte("03/01/2026 10:00:00.00 <Warn:a.b> it flaps\n")))
	}
	bad, err := logs.Folder(filepath.Join(dir, "bad"), evidence.Reproduced)
	must(t, err)
	good, err := logs.Folder(filepath.Join(dir, "good"), evidence.NotReproduced)
	must(t, err)
	d, err := logs.Diff(append(bad, good...), logs.DiffOptions{})
	must(t, err)
	if len(d.Ranked) != 1 || d.Ranked[0].Kind != "count" || d.Ranked[0].Counts != [2]float64{7, 1} || d.Ranked[0].Node != "sw1" || d.Ranked[0].AtT0 {
		t.Errorf("%+v", d.Ranked)
	}
}

// TestEmptyLogs: a trial of whose logs nothing came does not miss a message.
func TestEmptyLogs(t *testing.T) {
	dir := t.TempDir()
	for i := range 6 {
		must(t, evidence.WriteFile(filepath.Join(dir, "bad", fmt.Sprint(i), "log"), nil))
		must(t, evidence.WriteFile(filepath.Join(dir, "good", fmt.Sprint(i), "log"), []byte("03/01/2026 10:00:00.00 <Warn:a.b> normal message\n")))
	}
	bad, err := logs.Folder(filepath.Join(dir, "bad"), evidence.Reproduced)
	must(t, err)
	good, err := logs.Folder(filepath.Join(dir, "good"), evidence.NotReproduced)
	must(t, err)
	d, err := logs.Diff(append(bad, good...), logs.DiffOptions{})
	must(t, err)
	if len(d.Ranked) != 0 || d.Failing != 0 || len(d.Left) != 6 || !strings.HasSuffix(d.Left[0], "its logs are empty") {
		t.Errorf("%+v, left out %q", d.Ranked, d.Left)
	}
}

func TestSummarise(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	must(t, os.WriteFile(name, []byte("03/01/2026 10:10:00.00 <Info:a.b> newest\n\nA total of 4 lines\n03/01/2026 10:00:00.00 <Info:a.b> before a gap\n03/01/2026 10:00:01.00 <Info:a.b> a step\n03/01/2026 09:59:59.00 <Info:a.b> oldest\n"), 0o600))
	f := logs.Summarise(name, logs.Options{})
	if f.Lines != 6 || f.Unparsed != 1 || f.Empty != 1 || f.Formats["exos-ems"] != 4 || !f.NewestFirst || !f.Local ||
		len(f.Gaps) != 1 || f.Gaps[0].Took != -10*time.Minute || len(f.StepsBack) != 1 || f.StepsBack[0].Line != 5 || f.Examples[0].Line != 3 {
		t.Errorf("%+v", f)
	}
	if f := logs.Summarise(name+".none", logs.Options{}); f.Error == "" {
		t.Errorf("%+v", f)
	}
}

func TestSearch(t *testing.T) {
	main, _ := nines(t)
	trials := open(t, main)
	d, err := logs.Diff(trials, logs.DiffOptions{})
	must(t, err)
	found, err := logs.Search(trials, nil, d.Ranked[0].ID, 2)
	must(t, err)
	if found.Total != 9 || len(found.Matches) != 2 || !found.Matches[0].Aligned || found.Matches[0].SinceT0 != 1500*time.Millisecond || found.Matches[0].Node != "leaf1" {
		t.Errorf("%+v", found)
	}
}
