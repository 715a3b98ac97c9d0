package cases_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// whole is a case.yaml to which nothing is missing, with a comment of a person's.
const whole = `reprise: case/v1
id: acme
title: OSPF neighbours stay in ExStart
state: open
opened: 2026-03-01
customer: {name: ACME, contact: J. Doe, site: Building B}
partner: {name: Netpartner, contact: R. Meier, email: meier@netpartner.example}
product: {vendor: extreme, platform: frr, version: 8.4.4, model: 5520-24T, serial: 2044N-40001, contract: C-1}
# asked twice, it is really since then
scope:
  what: Neighbour stays in ExStart
  when: Since the link was moved to jumbo frames
  how: Every time the interface bounces
  impact: Building B is unreachable
  severity: 2
  failed: 2026-03-01 14:05
classes: [ospf]
logs:
  - {file: tech.txt, node: sw1, kind: tech-support, taken: 2026-03-01 14:20}
analysis:
  - {of: tech.txt, says: ProcDDFail at the time of the failure}
known: {file: known.json, checked: 2026-03-02, decision: none, reason: the candidates are of other features}
judgement: {is: specification, reference: RFC 2328 section 10.6, reason: both ends must have the same MTU}
plan:
  - {step: same MTU at both ends, owner: R. Meier, due: 2026-03-05}
`

// platforms asks for one command, and finds a tech-support whole that ends with END.
func platforms() cases.Platforms {
	return cases.Platforms{
		Commands: func(platform, class string) []string {
			if platform == "frr" && class == "ospf" {
				return []string{"show ip ospf  Neighbor"}
			}
			return nil
		},
		Lacks: func(_, text string) []string {
			if strings.HasSuffix(text, "END\n") {
				return nil
			}
			return []string{"the end marker"}
		},
		Begins: func(_, text string) bool { return strings.Contains(text, "# show ip ospf neighbor") },
	}
}

// archived is a tar archive of files, each a name and its text.
func archived(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for ; len(files) > 0; files = files[2:] {
		if err := w.WriteHeader(&tar.Header{Name: files[0], Size: int64(len(files[1])), Mode: 0o600, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// open writes a case with everything that belongs to it.
func open(t *testing.T, text string) cases.Folder {
	t.Helper()
	dir := t.TempDir()
	control := reportstest.Info("20260301T111500Z-ospf-mtu-0002", 2)
	control.Variant, control.Expected = evidence.VariantControl, evidence.NotReproduced
	healthy := reportstest.Trial{Verdict: evidence.NotReproduced, Reason: "no"}
	hit := reportstest.Trial{Verdict: evidence.Reproduced}
	main := reportstest.Info("20260301T101500Z-ospf-mtu-0001", 2)
	main.Nodes[1].Platform, main.Nodes[1].Image = "bird", "reprise/bird:2.0.12"
	isolated := filepath.Join(dir, "isolated")
	for path, v := range map[string]any{
		"isolated/isolation.json": map[string]any{"scenario": "ospf-mtu", "complete": true, "before": "12 nodes", "after": "2 nodes", "control": map[string]int{"misses": 5}},
		"known.json":              []string{"VOSS-1"},
	} {
		if err := evidence.WriteJSON(filepath.Join(dir, path), v); err != nil {
			t.Fatal(err)
		}
	}
	for _, run := range []string{reportstest.Make(t, main, hit, hit), reportstest.Make(t, control, healthy, healthy), isolated} {
		if !strings.Contains(text, "runs:") {
			text += "runs:\n"
		}
		text += fmt.Sprintf("  - {dir: %q}\n", run)
	}
	for name, content := range map[string]string{cases.FileName: text, "tech.txt": "sw1# show ip ospf neighbor\n1.1.1.1 ExStart\nEND\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := cases.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func find(t *testing.T, list []cases.Duty, id string) cases.Duty {
	t.Helper()
	i := slices.IndexFunc(list, func(d cases.Duty) bool { return d.ID == id })
	if i < 0 {
		t.Fatalf("no duty %s", id)
	}
	return list[i]
}

func TestCheckWhole(t *testing.T) {
	f := open(t, whole)
	list := cases.Check(f, platforms())
	if owed := cases.Owed(list); len(owed) > 0 {
		t.Errorf("owed: %+v", owed)
	}
	for _, d := range list {
		if d.Met == cases.Yes && len(d.Evidence) == 0 {
			t.Errorf("%s is met by nothing", d.ID)
		}
		for _, e := range d.Evidence {
			if _, err := os.Stat(f.Abs(e)); err != nil {
				t.Errorf("%s: its evidence is not there: %v", d.ID, err)
			}
		}
	}
	if d := find(t, list, cases.DutyEscalate); d.Met != cases.No || d.Do != "reprise escalate "+f.Path {
		t.Errorf("escalate: %+v", d)
	}
	if d := find(t, list, cases.DutyLogs); !strings.Contains(d.Why, "1 command of ospf") {
		t.Errorf("logs: %s", d.Why)
	}
}

// Each thing that is taken away or spoilt leaves its duty unmet, with a word of why and a
// command; and no other duty.
func TestCheckDamage(t *testing.T) {
	for _, tt := range []struct {
		name, old, new string
		duty, says     string
		spoil          func(t *testing.T, f cases.Folder)
	}{
		{name: "nobody to call", old: "contact: R. Meier, email: meier@netpartner.example", duty: cases.DutyContact, says: "partner.contact"},
		{name: "no impact", old: "  impact: Building B is unreachable\n", duty: cases.DutyScope, says: "scope.impact"},
		{name: "no version", old: "version: 8.4.4, ", duty: cases.DutyScope, says: "product.version"},
		{name: "a log of before the failure", old: "taken: 2026-03-01 14:20", new: "taken: 2026-03-01 14:00", duty: cases.DutyLogs, says: "before the failure"},
		{name: "a log of long after", old: "taken: 2026-03-01 14:20", new: "taken: 2026-03-21", duty: cases.DutyLogs, says: "19 days after"},
		{name: "a log of nobody knows when", old: ", taken: 2026-03-01 14:20", duty: cases.DutyLogs, says: "not known"},
		{name: "a cut tech-support", duty: cases.DutyLogs, says: "the end marker", spoil: func(t *testing.T, f cases.Folder) {
			t.Helper()
			write(t, f.Abs("tech.txt"), "sw1# show ip ospf neighbor\n1.1.1.1 ExSt")
		}},
		{name: "a tech-support that is packed and cut", duty: cases.DutyLogs, says: "it is cut", spoil: func(t *testing.T, f cases.Folder) {
			t.Helper()
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			if _, err := io.WriteString(z, "sw1# show ip ospf neighbor\n1.1.1.1 ExStart\nEND\n"); err != nil {
				t.Fatal(err)
			}
			if err := z.Flush(); err != nil {
				t.Fatal(err)
			}
			write(t, f.Abs("tech.txt"), b.String())
		}},
		{name: "a cut tech-support beside a whole one", duty: cases.DutyLogs, says: "sw2/tech.txt in it is not whole: the end marker", spoil: func(t *testing.T, f cases.Folder) {
			t.Helper()
			write(t, f.Abs("tech.txt"), archived(t, "sw1/tech.txt", "sw1# show ip ospf neighbor\n1.1.1.1 ExStart\nEND\n", "sw2/tech.txt", "sw2# show ip ospf neighbor\n1.1.1.1 ExSt", "sw2/events.log", "up\n"))
		}},
		{name: "an empty log", duty: cases.DutyLogs, says: "it is empty", spoil: func(t *testing.T, f cases.Folder) {
			t.Helper()
			write(t, f.Abs("tech.txt"), "")
		}},
		{name: "a log that is gone", duty: cases.DutyLogs, says: "it is not there", spoil: func(t *testing.T, f cases.Folder) {
			t.Helper()
			if err := os.Remove(f.Abs("tech.txt")); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a command that nobody answered", duty: cases.DutyLogs, says: "show ip ospf", spoil: func(t *testing.T, f cases.Folder) {
			t.Helper()
			write(t, f.Abs("tech.txt"), "sw1# show ip ospf neighbor detail\nEND\n") // another command
		}},
		{name: "a command that was refused", duty: cases.DutyLogs, says: "show ip ospf", spoil: func(t *testing.T, f cases.Folder) {
			t.Helper()
			write(t, f.Abs("tech.txt"), "sw1# show ip ospf neighbor\n% Invalid input\nEND\n")
		}},
		{name: "when it failed is not known", old: "  failed: 2026-03-01 14:05\n", duty: cases.DutyScope, says: "scope.failed"},
		{name: "no list for the class", old: "classes: [ospf]", new: "classes: [poe]", duty: cases.DutyLogs, says: "no list of commands"},
		{name: "an isolation that was broken off", duty: cases.DutyIsolate, says: "no finished isolation", spoil: func(t *testing.T, f cases.Folder) {
			t.Helper()
			write(t, f.Abs("isolated/isolation.json"), `{"complete": false}`)
		}},
		{name: "candidates nobody decided on", old: "decision: none, ", duty: cases.DutyKnown, says: "not decided"},
		{name: "a decision without a reason", old: ", reason: the candidates are of other features", duty: cases.DutyKnown, says: "no reason"},
		{name: "a list that is gone", old: "file: known.json", new: "file: other.json", duty: cases.DutyKnown, says: "not there"},
		{name: "no reference", old: "reference: RFC 2328 section 10.6, ", duty: cases.DutyJudgement, says: "judgement.reference"},
		{name: "undetermined", old: "is: specification", new: "is: undetermined", duty: cases.DutyJudgement, says: "undetermined yet: both ends must have the same MTU"},
		{name: "a step of nobody's", old: ", owner: R. Meier", duty: cases.DutyPlan, says: "no owner"},
		{name: "a log that nobody read", old: "of: tech.txt", new: "of: other.txt", duty: cases.DutyAnalysis, says: "nothing was written of tech.txt"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.old != "" && !strings.Contains(whole, tt.old) {
				t.Fatalf("the case does not say %q", tt.old)
			}
			f := open(t, strings.Replace(whole, tt.old, tt.new, 1))
			if tt.spoil != nil {
				tt.spoil(t, f)
			}
			list := cases.Check(f, platforms())
			d := find(t, list, tt.duty)
			if d.Met != cases.No || d.Do == "" || !strings.Contains(d.Why+strings.Join(d.Missing, " "), tt.says) {
				t.Errorf("got %+v, want …%s…", d, tt.says)
			}
			if owed := cases.Owed(list); len(owed) != 1 {
				t.Errorf("owed: %+v", owed)
			}
		})
	}
}

// TestCheckFindings: a finding that was written into the case by hand counts as one of "case set" does: where it is of a log
// of the case, or of a file that is there in a run of it, and says something.
func TestCheckFindings(t *testing.T) {
	f := open(t, whole)
	run := f.Case.Runs[0].Dir
	of := f.Case.Analysis
	for _, tt := range []struct{ of, says, want string }{
		{"./tech.txt", "and nothing before", "2 findings"},
		{run + "/run.json", "r1 is the older one", "2 findings"},
		{"console.txt", "bgpd ended", "1 finding; the finding of console.txt does not count: it is neither a log of the case nor a file of a run that is attached to it"},
		{run + "/../console.txt", "bgpd ended", "1 finding; the finding of " + run + "/../console.txt does not count: it is neither"},
		{run + "/trials/0009/logs/r1/bgpd.log", "bgpd ended", "1 finding; the finding of " + run + "/trials/0009/logs/r1/bgpd.log does not count: it is not there"},
		{"tech.txt", " ", "1 finding; the finding of tech.txt does not count: it says nothing"},
	} {
		write(t, f.Abs("console.txt"), "bgpd ended\n")
		f.Case.Analysis = append(slices.Clip(of), cases.Finding{Of: tt.of, Says: tt.says})
		d := find(t, cases.Check(f, platforms()), cases.DutyAnalysis)
		if counts := tt.want == "2 findings"; d.Met != cases.Yes || !strings.HasPrefix(d.Why, tt.want) || slices.Contains(d.Evidence, tt.of) != counts && tt.says != " " {
			t.Errorf("a finding of %s: %+v", tt.of, d)
		}
	}
	f.Case.Logs = nil // nothing else is owed
	f.Case.Analysis = []cases.Finding{{Of: "tech.txt", Says: "ProcDDFail at the time of the failure"}}
	if d := find(t, cases.Check(f, platforms()), cases.DutyAnalysis); d.Met != cases.No || !strings.Contains(d.Why, "the finding of tech.txt does not count") || d.Do == "" {
		t.Errorf("the only finding is of no log: %+v", d)
	}
}

// What was made on a simulator duplicates nothing, and neither does a run without a control.
func TestCheckRuns(t *testing.T) {
	f := open(t, whole)
	runs := f.Case.Runs
	f.Case.Runs = runs[:1]
	if d := find(t, cases.Check(f, platforms()), cases.DutyDuplicate); d.Met != cases.No || !strings.Contains(d.Why, "no healthy control") {
		t.Errorf("without a control: %+v", d)
	}
	f.Case.Runs = runs[1:]
	if d := find(t, cases.Check(f, platforms()), cases.DutyDuplicate); d.Met != cases.No || !strings.Contains(d.Why, "no attached run") {
		t.Errorf("without a reproduction: %+v", d)
	}
	if d := find(t, cases.Check(f, platforms()), cases.DutyInterop); d.Met != cases.No {
		t.Errorf("one product on both ends: %+v", d)
	}
	f.Case.Runs = runs
	dir := evidence.Dir{Path: f.Abs(runs[0].Dir)}
	for _, name := range []string{"1", "2"} {
		n := int(name[0] - '0')
		v, _, err := dir.Trial(n).Verdict()
		if err != nil {
			t.Fatal(err)
		}
		v.Marks = []string{"simulated"}
		if err := evidence.WriteJSON(dir.Trial(n).File("verdict.json"), v); err != nil {
			t.Fatal(err)
		}
	}
	f.Case.Runs = runs[:1]
	if d := find(t, cases.Check(f, platforms()), cases.DutyLab); d.Met != cases.No || !strings.Contains(strings.Join(d.Missing, ""), "simulators") {
		t.Errorf("on a simulator: %+v", d)
	}
}

// What is stored of a run and does not agree with its trials meets no duty, and neither does what a judge makes something else of.
func TestCheckDisputed(t *testing.T) {
	const shown, control = 0, 1
	for _, tt := range []struct {
		name string
		run  int
		do   func(run evidence.Dir) error
		want string
	}{
		{"a verdict written over", control, func(run evidence.Dir) error {
			return evidence.WriteJSON(run.File("verdict.json"), evidence.RunVerdict{Verdict: evidence.Reproduced, Expected: evidence.NotReproduced, Reproduced: 1})
		}, "the run is stored as reproduced with 1 of 1, and its trials give 0 of"},
		{"a record that is gone", control, func(run evidence.Dir) error { return os.RemoveAll(run.Trial(1).Path) }, "trial 1: the ledger tells of it, and it has no record"},
		{"no ledger", shown, func(run evidence.Dir) error { return os.Remove(run.File("ledger.ndjson")) }, "it has a verdict, and no line of the ledger tells of it"},
		{"a rate written over", shown, func(run evidence.Dir) error {
			return evidence.WriteJSON(run.File("rate.json"), evidence.Rate{Reproduced: 9, Valid: 9})
		}, "the rate is stored as 9 of 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := open(t, whole)
			if d := find(t, cases.Check(f, platforms()), cases.DutyDuplicate); d.Met != cases.Yes {
				t.Fatalf("%+v", d)
			}
			if err := tt.do(evidence.Dir{Path: f.Abs(f.Case.Runs[tt.run].Dir)}); err != nil {
				t.Fatal(err)
			}
			if d := find(t, cases.Check(f, platforms()), cases.DutyDuplicate); d.Met != cases.No || !strings.Contains(strings.Join(d.Missing, " "), tt.want) {
				t.Errorf("%+v", d)
			}
		})
	}
	f := open(t, whole)
	p := platforms()
	p.Judged = func(string) (evidence.RunVerdicts, error) {
		return evidence.RunVerdicts{}, errors.New("trial 1 is stored as reproduced, and its record gives inconclusive")
	}
	if d := find(t, cases.Check(f, p), cases.DutyDuplicate); d.Met != cases.No || !strings.Contains(strings.Join(d.Missing, " "), "its record gives inconclusive") {
		t.Errorf("%+v", d)
	}
}

// A run of older rules counts as long as those of today come to the same verdict.
func TestCheckOlderRules(t *testing.T) {
	f := open(t, whole)
	p := platforms()
	asked := 0
	now := evidence.RunVerdict{Verdict: evidence.Inconclusive, Reason: "a command that failed has no answer"}
	p.Judged = func(dir string) (v evidence.RunVerdicts, err error) {
		asked++
		v.Today = &now
		run := evidence.Dir{Path: dir}
		return v, errors.Join(evidence.ReadJSON(run.File("verdict.json"), &v.Run), evidence.ReadJSON(run.File("rate.json"), &v.Rate))
	}
	d := find(t, cases.Check(f, p), cases.DutyDuplicate)
	if told := strings.Join(d.Missing, " "); asked == 0 || d.Met != cases.No || !strings.Contains(told, "judged by rules 1 as reproduced; by those of today ("+string(evidence.CurrentRules)+") it is inconclusive: a command that failed") {
		t.Errorf("asked %d times: %+v", asked, d)
	}
	judged := p.Judged
	p.Judged = func(dir string) (evidence.RunVerdicts, error) {
		v, err := judged(dir)
		v.Today = &v.Run
		return v, err
	}
	if d := find(t, cases.Check(f, p), cases.DutyDuplicate); d.Met != cases.Yes {
		t.Errorf("the same verdict today: %+v", d)
	}
}

// A run of another scenario meets no duty, whatever it shows.
func TestCheckOtherScenario(t *testing.T) {
	f := open(t, strings.Replace(whole, "classes:", "scenario-id: bgp-flap\nclasses:", 1))
	list := cases.Check(f, platforms())
	for _, id := range []string{cases.DutyDuplicate, cases.DutyLab, cases.DutyInterop} {
		if d := find(t, list, id); d.Met != cases.No {
			t.Errorf("%s: %+v", id, d)
		}
	}
	if d := find(t, list, cases.DutyDuplicate); !strings.Contains(strings.Join(d.Missing, " "), "is of the scenario ospf-mtu, and the case is of bgp-flap") {
		t.Errorf("%+v", d)
	}
}

// What was searched, verified or looked through for another scenario meets no duty, and is not attached; nor does anything where
// what the case has already is of another one and the case itself names none.
func TestOtherScenario(t *testing.T) {
	folder := func(t *testing.T, name string, content map[string]any) string {
		t.Helper()
		dir := t.TempDir()
		if err := evidence.WriteJSON(filepath.Join(dir, name), content); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	const found = "so it is"
	searched := folder(t, "bisection.json", map[string]any{"found": true, "first": "x:2"})
	if err := os.MkdirAll(filepath.Join(searched, "runs"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(reportstest.Whole(t), filepath.Join(searched, "runs", "one")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, dir, of string }{
		{"an isolation", folder(t, "isolation.json", map[string]any{"scenario": "bgp", "complete": true, "before": "2 nodes", "after": "1 nodes"}), "bgp"},
		{"a bisection", folder(t, "bisection.json", map[string]any{"scenario": "bgp", "found": true, "first": "x:2"}), "bgp"},
		{"a verification", folder(t, "verify.json", map[string]any{"scenario": "bgp", "ruling": "fixed", "what": "r1=x:2", "reason": found}), "bgp"},
		{"one that does not say", folder(t, "isolation.json", map[string]any{"complete": true}), ""},
		{"a bisection from before", folder(t, "bisection.json", map[string]any{"found": true}), ""},
		{"its scenario's", folder(t, "isolation.json", map[string]any{"scenario": "ospf-mtu", "complete": true}), "ospf-mtu"},
		{"its scenario's, by the runs", searched, "ospf-mtu"},
	} {
		for _, id := range []string{"scenario-id: ospf-mtu\n", ""} { // or that of the run that is attached first
			f := open(t, whole+id)
			err := f.Attachable(tt.dir)
			if (err == nil) != (tt.of == "ospf-mtu") || err != nil && !strings.Contains(err.Error(), "is of ospf-mtu") {
				t.Errorf("%s is attached to a case with %q: %v", tt.name, id, err)
			}
			f.Case.Runs = append(f.Case.Runs[:2:2], cases.Run{Dir: tt.dir})
			if d := find(t, cases.Check(f, platforms()), cases.DutyIsolate); tt.of != "ospf-mtu" && d.Met != cases.No {
				t.Errorf("%s: %+v", tt.name, d)
			}
			if _, err := cases.Stage(f, filepath.Join(t.TempDir(), "case"), nil); tt.of != "ospf-mtu" && err == nil {
				t.Errorf("%s is handed on", tt.name)
			}
		}
	}

	// A run of the workaround of another scenario closes nothing.
	f := open(t, strings.Replace(whole, "is: specification", "is: product", 1)+"scenario-id: bgp\nfix: {kind: workaround, verified: "+reportstest.Whole(t)+"}\n")
	if err := f.Closable(cases.Platforms{}); err == nil || !strings.Contains(err.Error(), "is of the scenario ospf-mtu, and the case is of bgp") {
		t.Errorf("closed: %v", err)
	}

	for name, of := range map[string]string{"acme": "", "other-case": "was looked through for other-case"} {
		f := open(t, strings.Replace(whole, "decision: none", "decision: VOSS-1", 1))
		name = strings.Replace(name, "acme", f.Case.ID, 1)
		if err := evidence.WriteJSON(f.Abs("known.json"), map[string]any{"subject": map[string]string{"name": name}, "candidates": []string{"VOSS-1"}}); err != nil {
			t.Fatal(err)
		}
		d := find(t, cases.Check(f, platforms()), cases.DutyKnown)
		if of == "" && d.Met != cases.Yes || of != "" && (d.Met != cases.No || !strings.Contains(d.Why, "looked through for other-case")) {
			t.Errorf("looked through for %s: %+v", name, d)
		}
		f.Case.Judgement.Is = cases.OfProduct
		if err := f.Closable(cases.Platforms{}); (err == nil) != (of == "") {
			t.Errorf("looked through for %s: %v", name, err)
		}
	}
}

// A control of another text of the scenario, whose id is the same, is no control of what was shown.
func TestCheckOtherText(t *testing.T) {
	const other = "0000000000000000000000000000000000000000000000000000000000000000"
	made := func(variant evidence.Variant, verdict evidence.Verdict, number int, sum string) string {
		info := reportstest.Info(fmt.Sprintf("20260301T101500Z-ospf-mtu-%04d", number), 1)
		if info.Variant = variant; variant == evidence.VariantControl {
			info.Expected = evidence.NotReproduced
		}
		dir := reportstest.Make(t, info, reportstest.Trial{Verdict: verdict, Reason: "so it is"})
		if sum == "" {
			return dir
		}
		run := evidence.Dir{Path: dir}
		if err := evidence.WriteFile(run.File("input", "scenario.yaml"), []byte("title: another\n")); err != nil {
			t.Fatal(err)
		}
		var stored evidence.RunInfo
		if err := evidence.ReadJSON(run.File("run.json"), &stored); err != nil {
			t.Fatal(err)
		}
		stored.Inputs[0].SHA256 = evidence.SHA256([]byte("title: another\n"))
		if err := evidence.WriteJSON(run.File("run.json"), stored); err != nil {
			t.Fatal(err)
		}
		reportstest.Reseal(t, run)
		return dir
	}
	shown, control, elsewhere := made(evidence.VariantMain, evidence.Reproduced, 1, ""), made(evidence.VariantControl, evidence.NotReproduced, 2, ""), made(evidence.VariantControl, evidence.NotReproduced, 3, other)
	shownElsewhere := made(evidence.VariantMain, evidence.Reproduced, 4, other)
	for _, tt := range []struct {
		name string
		runs []string
		met  cases.Met
		why  string
	}{
		{"of its own", []string{shown, control}, cases.Yes, "the control stayed healthy"},
		{"of another", []string{shown, elsewhere}, cases.No, "was made with another text of the scenario"},
		{"of its own, after another", []string{shownElsewhere, shown, control}, cases.Yes, "the control stayed healthy"},
		{"all of another", []string{shownElsewhere, elsewhere}, cases.Yes, "the control stayed healthy"},
	} {
		f := caseOf(t, tt.runs...)
		if d := find(t, cases.Check(f, platforms()), cases.DutyDuplicate); d.Met != tt.met || !strings.Contains(d.Why, tt.why) {
			t.Errorf("%s: %+v", tt.name, d)
		}
		for text, differs := range map[string]bool{readText(t, filepath.Join(tt.runs[len(tt.runs)-2], "input", "scenario.yaml")): false, "title: changed\n": true} {
			write(t, f.Abs("scenario.yaml"), text)
			f.Case.Scenario = "scenario.yaml"
			if d := find(t, cases.Check(f, platforms()), cases.DutyDuplicate); d.Met == cases.Yes && strings.Contains(d.Why, "with another text of the scenario than scenario.yaml has now") != differs {
				t.Errorf("%s: %+v", tt.name, d)
			}
		}
		f.Case.Scenario = ""
		if e := cases.Escalate(f, nil); e.Shown == "" || (e.Control != "") != (tt.met == cases.Yes) {
			t.Errorf("%s: the form has %q and %q", tt.name, e.Shown, e.Control)
		}
	}
}

// An isolation without a control that says anything tells so.
func TestIsolatedWithoutControl(t *testing.T) {
	for control, want := range map[string]string{`{}`: "with no control:", `{"invalid": 3}`: "with no valid run of the control:", `{"misses": 3}`: ""} {
		f := open(t, whole)
		write(t, f.Abs("isolated/isolation.json"), `{"scenario": "ospf-mtu", "complete": true, "before": "2 nodes", "after": "1 nodes", "control": `+control+`}`)
		d := find(t, cases.Check(f, platforms()), cases.DutyIsolate)
		if d.Met != cases.Yes || want != "" && !strings.Contains(d.Why, want) || want == "" && strings.Contains(d.Why, "control") {
			t.Errorf("%s: %+v", control, d)
		}
	}
}

// relieved is a run in which the problem was gone after the workaround, as its verdict has said before.
func relieved(t *testing.T) string {
	t.Helper()
	dir := reportstest.Whole(t)
	trial := evidence.Dir{Path: dir}.Trial(1)
	v, _, err := trial.Verdict()
	if err != nil {
		t.Fatal(err)
	}
	v.Notes = append(v.Notes, "workaround: it helps")
	if err := evidence.WriteJSON(trial.File("verdict.json"), v); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A case is closed by what was verified, of this scenario and of this version.
func TestClosable(t *testing.T) {
	verified := func(t *testing.T, ruling, what, scenario string) string {
		t.Helper()
		dir := t.TempDir()
		if err := evidence.WriteJSON(filepath.Join(dir, "verify.json"), map[string]any{"ruling": ruling, "what": what, "scenario": scenario, "reason": "so it is"}); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	fast := verified(t, "fixed", "r1=frr:10.3", "ospf-mtu")
	if err := evidence.WriteJSON(filepath.Join(fast, "verify.json"), map[string]any{"ruling": "fixed", "what": "r1=frr:10.3", "scenario": "ospf-mtu", "clock": evidence.Clock{Speed: 10}}); err != nil {
		t.Fatal(err)
	}
	taken := verified(t, "fixed", "r1=frr:10.3", "ospf-mtu")
	sides := map[string]any{}
	for _, side := range []string{"old", "new"} {
		run := filepath.Join(taken, side)
		if err := os.Rename(reportstest.Whole(t), run); err != nil {
			t.Fatal(err)
		}
		sides[side] = map[string]string{"dir": "runs/" + side}
	}
	if err := os.Remove(filepath.Join(taken, "new", "ledger.ndjson")); err != nil {
		t.Fatal(err)
	}
	sides["ruling"], sides["what"], sides["scenario"] = "fixed", "r1=frr:10.3", "ospf-mtu"
	if err := evidence.WriteJSON(filepath.Join(taken, "verify.json"), sides); err != nil {
		t.Fatal(err)
	}
	defect := strings.Replace(whole, "is: specification", "is: defect", 1)
	for _, tt := range []struct{ name, yaml, says string }{
		{"as specified", whole, ""},
		{"as configured", strings.Replace(whole, "is: specification", "is: configuration", 1), ""},
		{"undetermined", strings.Replace(whole, "is: specification", "is: undetermined", 1), "no fix, patch or workaround"},
		{"of the product", strings.Replace(whole, "is: specification", "is: product", 1), "no fix, patch or workaround"},
		{"of two", strings.Replace(whole, "is: specification", "is: interoperability", 1), "no fix, patch or workaround"},
		{"no fix", defect, "no fix, patch or workaround"},
		{"not verified", defect + "fix: {kind: fix, version: 10.3}\n", "nobody verified"},
		{"verified", defect + "fix: {kind: fix, version: 10.3, verified: " + verified(t, "fixed", "r1=frr:10.3", "ospf-mtu") + "}\n", ""},
		{"verified by a fast clock", defect + "fix: {kind: fix, version: 10.3, verified: " + fast + "}\n", "the verification is at speed 10, which says nothing of real time"},
		{"by a run without its ledger", defect + "fix: {kind: fix, version: 10.3, verified: " + taken + "}\n", "the run new, which it rests on, cannot be believed"},
		{"not fixed", defect + "fix: {kind: fix, version: 10.3, verified: " + verified(t, "not-fixed", "r1=frr:10.3", "ospf-mtu") + "}\n", "says not-fixed"},
		{"another version", defect + "fix: {kind: fix, version: 10.4, verified: " + verified(t, "fixed", "r1=frr:10.3", "ospf-mtu") + "}\n", "is of r1=frr:10.3"},
		{"another scenario", defect + "scenario-id: ospf-mtu\nfix: {kind: fix, version: 10.3, verified: " + verified(t, "fixed", "r1=frr:10.3", "bgp") + "}\n", "of the scenario bgp"},
		{"a workaround, by one run", defect + "fix: {kind: workaround, verified: " + relieved(t) + "}\n", "without trials that lack the workaround nobody knows"},
		{"a workaround, by both sides", defect + "fix: {kind: workaround, verified: " + verified(t, "fixed", "the workaround", "ospf-mtu") + "}\n", ""},
		{"a known issue", strings.Replace(defect, "decision: none", "decision: VOSS-1", 1), ""},
		{"a known issue that nobody looked at", strings.Replace(defect, "decision: none", "decision: VOSS-2", 1), "none of the issues"},
		{"none, in other letters", strings.Replace(defect, "decision: none", "decision: None", 1), "no fix, patch or workaround"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := open(t, tt.yaml).Closable(cases.Platforms{})
			if (err != nil) != (tt.says != "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

// Two at once edit one after the other, and nothing is lost.
func TestEditAtOnce(t *testing.T) {
	f := open(t, whole)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			other := cases.Folder{Path: f.Path}
			if err := other.Edit(func(e *cases.Editor) error { return e.Append("changed", fmt.Sprint(i)) }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if f, err := cases.Open(f.Path); err != nil || len(f.Case.Changed) != 20 {
		t.Errorf("%d of 20 changes are there: %v", len(f.Case.Changed), err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A kind that is none, and a name that leads elsewhere, are faults of the file.
func TestParseFaults(t *testing.T) {
	_, err := cases.Parse("case.yaml", []byte(strings.NewReplacer("kind: tech-support", "kind: techsupport", "id: acme", "id: ../../evil").Replace(whole)))
	if err == nil || !strings.Contains(err.Error(), `"techsupport" is unknown`) || !strings.Contains(err.Error(), `"../../evil" cannot name a case`) {
		t.Errorf("got %v", err)
	}
}

func TestReachable(t *testing.T) {
	f := open(t, strings.Replace(whole, "is: specification", "is: defect", 1))
	for _, state := range []cases.State{cases.Confirmed, cases.Fixed, cases.Closed} {
		if err := f.Reachable(state, cases.Platforms{}); err == nil {
			t.Errorf("%s without anything", state)
		}
	}
	f.Case.Confirmations = []cases.Confirmation{{Result: "confirmed"}}
	if err := f.Reachable(cases.Confirmed, cases.Platforms{}); err == nil {
		t.Error("confirmed by nobody who signed")
	}
	f.Case.Confirmations[0].Signed = "tac"
	if err := f.Reachable(cases.Confirmed, cases.Platforms{}); err != nil {
		t.Error(err)
	}
}

func TestWaived(t *testing.T) {
	f := open(t, whole+"waived:\n  - {duty: interop, reason: one vendor only, by: R. Meier}\n")
	if d := find(t, cases.Check(f, platforms()), cases.DutyInterop); d.Met != cases.NotApplicable || d.Why != "one vendor only (R. Meier)" {
		t.Errorf("%+v", d)
	}
	_, err := cases.Parse("case.yaml", []byte(whole+"waived:\n  - {duty: interop, reason: ' '}\n  - {duty: lunch, reason: hungry}\n"))
	if err == nil || !strings.Contains(err.Error(), "without a reason") || !strings.Contains(err.Error(), "lunch") {
		t.Errorf("got %v", err)
	}
}

// Editing keeps what it does not touch, comments too, and writes nothing that is not a case.
func TestEdit(t *testing.T) {
	f := open(t, whole)
	if err := f.Edit(func(e *cases.Editor) error {
		return errors.Join(e.Set("scope.severity", 1), e.Set("service-request.number", "0300"), e.Append("plan", cases.Step{Step: "next"}), e.Append("changed", "MTU"))
	}); err != nil {
		t.Fatal(err)
	}
	again, err := cases.Open(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again.Case, f.Case); diff != "" {
		t.Errorf("on disk (-disk +memory):\n%s", diff)
	}
	if c := again.Case; c.Scope.Severity != 1 || c.Request.Number != "0300" || len(c.Plan) != 2 || c.Plan[1].Step != "next" || !slices.Equal(c.Changed, []string{"MTU"}) {
		t.Errorf("got %+v", c)
	}
	text, err := os.ReadFile(filepath.Join(f.Path, cases.FileName))
	if err != nil || !strings.Contains(string(text), "# asked twice, it is really since then") {
		t.Errorf("the comment is gone: %v\n%s", err, text)
	}
	if err := f.Edit(func(e *cases.Editor) error { return e.Set("scope.severity", 7) }); err == nil {
		t.Error("severity 7 was taken")
	}
	if err := f.Edit(func(e *cases.Editor) error { return e.Set("id.x", 7) }); err == nil {
		t.Error("a text became a mapping")
	}
	after, err := os.ReadFile(filepath.Join(f.Path, cases.FileName))
	if err != nil || string(after) != string(text) {
		t.Errorf("a refused change was written: %v", err)
	}
}

func TestTimeline(t *testing.T) {
	f := open(t, whole+"service-request:\n  number: \"0300\"\n  history:\n    - {at: 2026-03-02, says: opened}\n")
	for _, m := range []struct {
		day  int
		says string
	}{{1, "a"}, {3, "b"}} {
		if err := f.Note(time.Date(2026, 3, m.day, 0, 0, 0, 0, time.UTC), m.says); err != nil {
			t.Fatal(err)
		}
	}
	list, err := f.Timeline()
	var says []string
	for _, m := range list {
		says = append(says, m.Says)
	}
	if want := []string{"a", "service request 0300: opened", "b"}; err != nil || !slices.Equal(says, want) {
		t.Errorf("got %q, %v", says, err)
	}
}

func TestForms(t *testing.T) {
	f := open(t, whole)
	e := cases.Escalate(f, cases.Check(f, platforms()))
	e.Bundle, e.Digest, e.Despite = "acme.tar.zst.age", "ab12", "the customer's night is short"
	e.Sealed, e.Signer = []string{"age1qq"}, "SHA256:partner"
	e.Case.Product.Model = "" // the platform says what it is
	for _, vendor := range cases.Vendors() {
		var b strings.Builder
		if err := e.WriteForm(&b, vendor); err != nil {
			t.Fatal(err)
		}
		page := b.String()
		for _, want := range []string{
			f.Case.Title, "Building B is unreachable", "2 of 2 trials", "healthy in 2 of 2", "acme.tar.zst.age", "ab12", "the customer's night is short",
			"extreme frr 8.4.4", "reprise confirm acme.tar.zst.age -i YOUR-KEY --signers PARTNERS --sign YOUR-KEY", "encrypted to age1qq", "signed with SHA256:partner",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("the form of %s does not say %q:\n%s", vendor, want, page)
			}
		}
		if strings.Contains(page, "<no value>") {
			t.Errorf("the form of %s has a hole:\n%s", vendor, page)
		}
	}
	if err := e.WriteForm(&strings.Builder{}, "acme"); err == nil {
		t.Error("a form for nobody")
	}
	e.Case.Scope.What = "a | b\nc <script>"
	var summary strings.Builder
	if err := e.WriteSummary(&summary); err != nil || !strings.Contains(summary.String(), `| What fails | a \| b c \<script\> |`) {
		t.Errorf("summary: %v\n%s", err, &summary)
	}
}

func TestUnits(t *testing.T) {
	unit := func(serial string) cases.Unit { return cases.Unit{Model: "5520-24T", Serial: serial} }
	for _, tt := range []struct {
		name  string
		units []cases.Unit
		says  string
	}{
		{"none", nil, "names no unit"},
		{"a virtual switch", []cases.Unit{unit("SN:123456")}, "virtual device"},
		{"a simulator", []cases.Unit{unit("SIM000001")}, "simulator"},
		{"no serial", []cases.Unit{unit("")}, "no serial number"},
		{"twice", []cases.Unit{unit("2044N-40001"), unit("2044n-40001")}, "named twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := cases.CheckUnits(tt.units)
			var refused *cases.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
		})
	}
	var many []cases.Unit
	for i := range 11 {
		many = append(many, unit(fmt.Sprintf("2044N-4%04d", i)))
	}
	missing, err := cases.CheckUnits(many)
	if err != nil || !slices.Contains(missing, "unit 1 (5520-24T 2044N-40000): diagnostics") {
		t.Errorf("missing %q, %v", missing, err)
	}
	if sheets := cases.Sheets(many); len(sheets) != 3 || len(sheets[0]) != 5 || len(sheets[2]) != 1 {
		t.Errorf("%d sheets", len(sheets))
	}
}

func TestReadUnit(t *testing.T) {
	got := cases.ReadUnit("Switch      : 801002-00-05 2044N-40001 Rev 5 BootROM: 3.4.1.9    IMG: 31.7.2.28\n" +
		"PSU-1       : Internal PSU-1 801003-00-01 2043K-80001\nSystem Type:      5520-24T\nSwitch           : 5520-24T              812   Jun-10-2021\nSwitch           : 5520-24T                  41.50    Normal   0    0-72\n")
	want := cases.Unit{
		Model: "5520-24T", Part: "801002-00-05", Serial: "2044N-40001", Revision: "5", Software: "31.7.2.28", BootROM: "3.4.1.9",
		Power: []string{"801003-00-01 2043K-80001"}, Days: "812", Temperature: "41.50 °C",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("reprise: case/v1\nid: [1\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = cases.Parse("case.yaml", data)
		_ = cases.ReadUnit(string(data))
	})
}

// The copy for editors is that of the types.
func TestSchema(t *testing.T) {
	want, err := cases.Schema()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("make generate writes it anew (-want +got):\n%s", diff)
	}
}

// TestVendorOf: the portal is that of the product's vendor, and nobody else's.
func TestVendorOf(t *testing.T) {
	for _, tt := range []struct {
		product cases.Product
		want    string
	}{
		{cases.Product{Vendor: "Extreme Networks", Platform: "frr"}, "extreme"},
		{cases.Product{Platform: "exos"}, "extreme"},
		{cases.Product{Platform: "voss"}, "extreme"},
		{cases.Product{Platform: "scrapli:cisco_iosxe"}, "cisco"},
		{cases.Product{Platform: "scrapli:juniper_junos"}, "juniper"},
		{cases.Product{Platform: "scrapli:arista_eos"}, "arista"},
		{cases.Product{Platform: "bird", Version: "2.0.12"}, "generic"},
		{cases.Product{Vendor: "Nokia", Platform: "exos"}, "generic"},
		{cases.Product{}, "generic"},
	} {
		if got := cases.VendorOf(tt.product); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.product, got, tt.want)
		}
	}
}
