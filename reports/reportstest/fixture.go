package reportstest

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

const second = time.Second

// Trial is what a fixture's trial holds.
type Trial struct {
	Verdict evidence.Verdict // empty: broken off before it was judged
	Reason  string
	Other   []string
	// Failures are those of Other in fields; records from before they had some have none.
	Failures []evidence.Failure
	// Flow is what became of a flow, where there was one, and Series is what went and came of it.
	Flow   *evidence.Flow
	Series any
	// Text is what the symptom's probe saw; it also reaches the transcript, a log and a state.
	Text string
	// Probe is what looks; empty: run.
	Probe string
}

// Began is when every fixture's run began.
func Began() time.Time { return time.Date(2026, 3, 1, 10, 15, 0, 0, time.UTC) }

// Info is the run.json of the fixtures: two routers, a segment and a bug.
func Info(id string, trials int) evidence.RunInfo {
	digest := "sha256:" + strings.Repeat("5e", 32)
	return evidence.RunInfo{
		Reprise: evidence.Format, ID: id, Variant: evidence.VariantMain, Started: Began(),
		Tool:     evidence.Tool{Name: "reprise", Version: "v1.2.3", Go: "go1.26.0"},
		Host:     evidence.HostInfo{Name: "lab", OS: "Debian GNU/Linux 12", Kernel: "6.1.0", Arch: "amd64", CPUs: 8, Engine: "docker 29.1"},
		Provider: "containers", Fidelity: "container", Trials: trials, Labs: 1, Reset: "config", Expected: evidence.Reproduced,
		Set:    map[string]string{"r2.image": "reprise/frr:8.4.4"},
		Inputs: []evidence.InputInfo{input("scenario.yaml"), input("lab.clab.yml")},
		Scenario: evidence.ScenarioInfo{
			File: "scenario.yaml", ID: "ospf-mtu", Title: "OSPF neighbours stay in ExStart after an MTU change", Labels: []string{"ospf", "mtu"},
			What: "Neighbour stays in ExStart, no routes across the link", When: "Since the link was moved to jumbo frames",
			How: "Every time the interface bounces", Impact: "Building B is unreachable", Severity: 2, Product: "frr 8.4.4",
			Expected: "The adjacency reaches Full", References: []string{"RFC 2328 section 10.6"}, Reset: "config",
			Conditions: []evidence.ConditionInfo{
				{Ref: "baseline[0]", Name: "adjacency is Full", Node: "r1", Probe: "run: show ip ospf neighbor", Expect: `text contains "Full"`, Window: "eventually 30s", Line: 20},
				{Ref: "symptom[0]", Name: "stuck before Full", Node: "r1", Probe: "run: show ip ospf neighbor", Expect: `text matches "ExStart|Exchange"`, Window: "within 20s, consistently 10s", Line: 29},
			},
			Steps: []evidence.StepInfo{
				{Ref: "stimulus[0]", Name: "another MTU", Action: "configure:\ninterface eth1\nip mtu 1400", Lane: "r2", Line: 26},
				{Ref: "stimulus[1]", Name: "the interface bounces", Lane: "r1:eth1", Line: 27},
			},
		},
		Nodes: []evidence.NodeInfo{
			{Name: "r1", Role: "dut", Platform: "frr", Kind: "linux", Image: "reprise/frr:8.4.4", Digest: digest, Packages: map[string]string{"frr": "8.4.4-1.1", "libc6": "2.36-9"}},
			{Name: "r2", Role: "peer", Platform: "frr", Kind: "linux", Image: "reprise/frr:8.4.4", Digest: digest, Packages: map[string]string{"frr": "8.4.4-1.1", "libc6": "2.36-9"}},
			{Name: "lan", Kind: "bridge", Segment: true},
		},
		Links: []evidence.LinkInfo{{A: "r1:eth1", B: "r2:eth1"}, {A: "r1:eth2", B: "lan:p1"}, {A: "r2:eth2", B: "lan:p2", MTU: 1400}},
	}
}

func input(name string) evidence.InputInfo {
	text := inputText(name)
	return evidence.InputInfo{Path: name, SHA256: evidence.SHA256([]byte(text)), Size: len(text)}
}

func inputText(name string) string { return "# " + name + "\nreprise: v1\n" }

// Make writes a run directory of these trials, judged as a whole, and gives its path.
func Make(tb testing.TB, info evidence.RunInfo, trials ...Trial) string {
	tb.Helper()
	dir := Part(tb, info, trials...)
	v := evidence.RunVerdict{Reprise: evidence.Format, Expected: info.Expected, Planned: info.Trials}
	for _, tr := range trials {
		switch tr.Verdict {
		case evidence.Reproduced:
			v.Reproduced++
		case evidence.NotReproduced:
			v.NotReproduced++
		case evidence.Inconclusive:
			v.Inconclusive++
		default:
			v.NotApplicable++
		}
		v.OtherFailures, v.Failures = append(v.OtherFailures, tr.Other...), append(v.Failures, tr.Failures...)
	}
	v.Verdict, v.Reason = evidence.Inconclusive, "no trial was valid"
	switch {
	case v.Reproduced > 0:
		v.Verdict = evidence.Reproduced
		v.Reason = fmt.Sprintf("the symptom was there in %d of %d valid trials", v.Reproduced, v.Valid())
	case v.NotReproduced > 0:
		v.Verdict = evidence.NotReproduced
		v.Reason = fmt.Sprintf("the symptom was there in none of %d valid trials", v.Valid())
	}
	must(tb, evidence.WriteJSON(dir.File("verdict.json"), v))
	// The intervals of 2 of 3, whatever the trials: renderings copy them, and compute none.
	rate := evidence.Rate{Reprise: evidence.Format, Reproduced: v.Reproduced, Valid: v.Valid(), Wilson: [2]float64{0.2077, 0.9385}, ClopperPearson: [2]float64{0.0943, 0.9916}}
	must(tb, evidence.WriteJSON(dir.File("rate.json"), rate))
	return dir.Path
}

// Part writes a run directory that was broken off: trials, and no judgement of the whole.
func Part(tb testing.TB, info evidence.RunInfo, trials ...Trial) evidence.Dir {
	tb.Helper()
	dir := evidence.Dir{Path: filepath.Join(tb.TempDir(), info.ID)}
	must(tb, evidence.WriteJSON(dir.File("run.json"), info))
	for _, in := range info.Inputs {
		must(tb, evidence.WriteFile(dir.File("input", in.Path), []byte(inputText(in.Path))))
	}
	for i, tr := range trials {
		tr.write(tb, dir, dir.Trial(i+1))
	}
	return dir
}

func (tr Trial) write(tb testing.TB, run evidence.Dir, dir evidence.TrialDir) {
	tb.Helper()
	began := Began().Add(time.Duration(dir.Number) * time.Minute)
	tr.timeline(tb, dir, began)
	tr.observations(tb, dir)
	tr.sessions(tb, dir, began)
	for when, mtu := range map[string]int{"before": 1500, "after": 1400} {
		state(tb, dir, when, "01-show-interface", fmt.Sprintf("Interface eth1 is up\nmtu %d\nUp for %d s\nlast change: %s", mtu, mtu, when))
		state(tb, dir, when, "02-show-uptime", fmt.Sprintf("up %d s", mtu))
		state(tb, dir, when, "03-show-version", "FRRouting 8.4.4")
	}
	must(tb, evidence.WriteJSON(dir.File("states", "after", "r1", "04-show-tech.json"), evidence.State{Command: "show tech", Error: "timed out after 10s"}))
	must(tb, evidence.WriteFile(dir.File("logs", "r1", "ospfd.log"), []byte("10:16:09 OSPF: packet duplicated\n"+tr.Text)))
	must(tb, evidence.WriteFile(dir.File("cores", "r1-ospfd.core"), []byte("core")))
	if tr.Verdict == "" {
		return
	}
	must(tb, evidence.WriteJSON(dir.File("verdict.json"), tr.verdict(dir.Number)))
	digest, err := dir.Digest()
	must(tb, err)
	e := evidence.Entry{
		Trial: dir.Number, Lab: 1, Cold: dir.Number == 1, Started: began, Took: 21 * second, Verdict: tr.Verdict,
		Reason: tr.Reason, Digest: digest, Other: tr.Other, Failures: tr.Failures, ResetHow: "built",
	}
	must(tb, run.AppendLedger(e))
}

func (tr Trial) verdict(n int) evidence.TrialVerdict {
	holds := map[evidence.Verdict]evidence.Truth{evidence.Reproduced: evidence.True, evidence.NotReproduced: evidence.False, evidence.Inconclusive: evidence.Unknown}[tr.Verdict]
	v := evidence.TrialVerdict{
		Reprise: evidence.Format, Trial: n, Verdict: tr.Verdict, Reason: tr.Reason, OtherFailures: tr.Other, Failures: tr.Failures,
		Conditions: []evidence.ConditionVerdict{{Ref: "baseline[0]", Name: "adjacency is Full", Holds: evidence.True, Why: "true after 1s", At: 4 * second, Looks: 2}},
	}
	if holds != "" {
		v.Conditions = append(v.Conditions, evidence.ConditionVerdict{
			Ref: "symptom[0]", Name: "stuck before Full", Holds: holds, Why: "as it was after 10s", At: 19 * second, Looks: 11,
		})
	}
	return v
}

func (tr Trial) timeline(tb testing.TB, dir evidence.TrialDir, began time.Time) {
	tb.Helper()
	events := []evidence.Event{
		{At: 0, Kind: evidence.EventPhase, Phase: evidence.PhaseDeploy},
		{At: 2 * second, Kind: evidence.EventBoot, Phase: evidence.PhaseDeploy, Lane: "r1", Name: "frr", Outcome: evidence.OK, Took: second},
		{At: 3 * second, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseDeploy},
		{At: 3 * second, Kind: evidence.EventPhase, Phase: evidence.PhaseBaseline},
		{At: 4 * second, Kind: evidence.EventDecided, Phase: evidence.PhaseBaseline, Lane: "r1", Ref: "baseline[0]", Name: "adjacency is Full", Detail: "true: true after 1s"},
		{At: 4 * second, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseBaseline},
		{At: 5 * second, Kind: evidence.EventPhase, Phase: evidence.PhaseStimulus},
		{At: 6 * second, Kind: evidence.EventStep, Phase: evidence.PhaseStimulus, Lane: "r2", Ref: "stimulus[0]", Name: "another MTU", Outcome: evidence.OK, Took: second},
		{At: 6 * second, Kind: evidence.EventFault, Phase: evidence.PhaseStimulus, Lane: "r1:eth1", Ref: "stimulus[1]", Name: "the interface bounces", Outcome: evidence.OK},
		{At: 8 * second, Kind: evidence.EventHeal, Phase: evidence.PhaseStimulus, Lane: "r1:eth1", Ref: "stimulus[1]", Name: "the interface bounces", Outcome: evidence.OK, Count: 1},
		{At: 8 * second, Kind: evidence.EventStep, Phase: evidence.PhaseStimulus, Lane: "r1:eth1", Ref: "stimulus[1]", Name: "the interface bounces", Outcome: evidence.OK, Took: 2 * second},
		{At: 8 * second, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseStimulus},
		{At: 9 * second, Kind: evidence.EventPhase, Phase: evidence.PhaseSymptom},
	}
	for i, o := range tr.Other {
		e := evidence.Event{At: 10 * second, Kind: evidence.EventDeath, Phase: evidence.PhaseSymptom, Lane: "r2", Name: "zebra", Detail: o}
		if i < len(tr.Failures) {
			e.Failure = &tr.Failures[i]
		}
		events = append(events, e)
	}
	events = append(events,
		evidence.Event{At: 19 * second, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseSymptom},
		evidence.Event{At: 19 * second, Kind: evidence.EventPhase, Phase: evidence.PhaseCollect},
		evidence.Event{At: 20 * second, Kind: evidence.EventCollect, Phase: evidence.PhaseCollect, Lane: "r1", Name: "show tech", Outcome: evidence.Failed, Detail: "timed out after 10s"},
		evidence.Event{At: 21 * second, Kind: evidence.EventPhaseEnd, Phase: evidence.PhaseCollect})
	if tr.Flow != nil {
		events = append(events, evidence.Event{At: 20 * second, Kind: evidence.EventCollect, Phase: evidence.PhaseCollect, Name: "traffic", Detail: tr.Text, Flow: tr.Flow})
		must(tb, evidence.WriteJSON(dir.File("traffic", "video.json"), tr.Series))
	}
	l, err := evidence.CreateLines(dir.File("timeline.ndjson"))
	must(tb, err)
	for _, e := range events {
		e.Time = began.Add(e.At)
		must(tb, l.Append(e))
	}
	must(tb, l.Close())
}

func (tr Trial) observations(tb testing.TB, dir evidence.TrialDir) {
	tb.Helper()
	l, err := evidence.CreateLines(dir.File("observations.ndjson"))
	must(tb, err)
	look := evidence.Observation{Took: second / 100, Node: "r1", Probe: cmp.Or(tr.Probe, "run"), Exit: -1}
	add := func(at time.Duration, ref, text, value string, same int) {
		look.Seq++
		o := look
		o.At, o.Ref, o.Text, o.Value, o.Same = at, ref, text, value, same
		o.Phase = map[string]evidence.Phase{"b": evidence.PhaseBaseline}[ref[:1]]
		if o.Phase == "" {
			o.Phase = evidence.PhaseSymptom
		}
		must(tb, l.Append(o))
	}
	add(3*second, "baseline[0]", "2.2.2.2  Init", "false", 0)
	add(4*second, "baseline[0]", "2.2.2.2  Full", "true", 0)
	add(4*second, "symptom[0]"+evidence.Before, "2.2.2.2  Full", "false", 0)
	final := "true"
	if tr.Verdict == evidence.NotReproduced {
		final = "false"
	}
	add(9*second, "symptom[0]", tr.Text, final, 0)
	for i := range 10 {
		add((10+time.Duration(i))*second, "symptom[0]", "", final, 4)
	}
	must(tb, l.Close())
}

func (tr Trial) sessions(tb testing.TB, dir evidence.TrialDir, began time.Time) {
	tb.Helper()
	tx, err := dir.NewTranscript("r1", began, evidence.Clock{}, evidence.Redactor{})
	must(tb, err)
	say := func(at time.Duration, channel, way, text string) {
		must(tb, tx.Add(began.Add(at), channel, way, []byte(text)))
	}
	say(second, "control", "out", "ls /run\n")
	say(3*second, "cli", "in", "\r\nr1# ")
	say(3*second, "cli", "out", "show ip ospf neighbor\n")
	say(4*second, "cli", "in", "show ip ospf neighbor\r\n2.2.2.2  Fu")
	say(4*second, "cli", "in", "ll\r\nr1# ")
	say(9*second, "cli", "out", "\n")
	say(9*second, "cli", "in", tr.Text)
	must(tb, tx.Close())
}

func state(tb testing.TB, dir evidence.TrialDir, when, name, output string) {
	tb.Helper()
	st := evidence.State{Command: strings.ReplaceAll(name[3:], "-", " "), Output: output}
	must(tb, evidence.WriteJSON(dir.File("states", when, "r1", name+".json"), st))
}

// Cut takes the last bytes of a file away, as a killed program may leave it.
func Cut(tb testing.TB, path string, bytes int64) {
	tb.Helper()
	st, err := os.Stat(path)
	must(tb, err)
	must(tb, os.Truncate(path, st.Size()-bytes))
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// Fleet is a run whose trials two workers of a fleet executed; one came a second time and counts for nothing.
func Fleet(tb testing.TB) string {
	tb.Helper()
	info := Info("20260301T101500Z-fleet-1f2e", 4)
	info.Host = evidence.FleetHost()
	path := Make(tb, info)
	run := evidence.Dir{Path: path}
	on := evidence.HostInfo{OS: "Debian 12", Kernel: "6.1.0", Arch: "amd64", CPUs: 4}
	for _, e := range []evidence.Entry{
		{Trial: 1, Host: "rack-3"},
		{Trial: 2, Host: "rack-3"},
		{Trial: 3, Host: "<b>rack-4"},
		{Trial: 4, Host: "rack-3"},
		{Trial: 3, Host: "rack-3", Uncounted: "it came a second time"},
	} {
		e.Verdict = evidence.NotReproduced
		must(tb, run.AppendLedger(e))
		if e.Host == "rack-3" {
			must(tb, os.MkdirAll(run.Trial(e.Trial).Path, 0o700))
		}
		if e.Host == "rack-3" && e.Uncounted == "" {
			must(tb, evidence.WriteJSON(run.Trial(e.Trial).File(evidence.HostFile), evidence.TrialHost{Host: on, Provider: "namespaces"}))
		}
	}
	return path
}

// Reseal writes the ledger of a run anew, as if what was altered of the run since had been made so.
func Reseal(tb testing.TB, run evidence.Dir) {
	tb.Helper()
	entries, err := run.Attempts()
	must(tb, err)
	must(tb, os.Remove(run.File("ledger.ndjson")))
	for _, e := range entries {
		must(tb, run.AppendLedger(e))
	}
}
