package logs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/logs"
	"github.com/reprise-lab/reprise/harness/result"
)

// notes reads what Annotate wrote beside a trial.
func notes(t *testing.T, path string, trial int) (n result.LogNotes) {
	t.Helper()
	must(t, logs.Annotate(evidence.Dir{Path: path}))
	must(t, evidence.ReadJSON(evidence.Dir{Path: path}.Trial(trial).File("logs.json"), &n))
	return n
}

// Lines that tell of a change, of trouble and of a known bad sign stand beside the trial, each once, though a
// device writes it into several logs, and in the order of time; the others do not.
func TestAnnotate(t *testing.T) {
	const up = "[N9HHH-F8H1M] %ADJCHANGE: neighbor 192.0.2.7 in vrf default Up"
	path := run(t, "r", evidence.VariantMain, "namespaces", made{verdict: evidence.Reproduced, lines: map[string]string{
		"r1": bgp(up, "a line that says nothing", "[HZN6M-XRM1G] %NOTIFICATION: sent to neighbor 192.0.2.7 4/0 (Hold Timer Expired)"),
		"r2": "2026-03-01 10:00:03.250 <WARN> Ignoring bogus route\n2026-03-01 10:00:01.000 <INFO> Disabling protocol b\nno format fits this\n",
	}})
	trial := evidence.Dir{Path: path}.Trial(1)
	must(t, evidence.WriteFile(trial.File("logs", "r1", "syslog.log"), []byte("Mar  1 10:00:02 r1 bgpd[7]: "+up+"\n")))
	got := notes(t, path, 1)
	type brief struct {
		At   string
		Node string
		Kind result.LogNoteKind
		Rule string
		File string
		Line int
	}
	var is []brief
	for _, n := range got.Notes {
		is = append(is, brief{n.At.String(), n.Node, n.Kind, n.Rule, n.File, n.Line})
	}
	want := []brief{
		{"1s", "r2", result.LogChange, "bird-protocol", "logs/r2/bgpd.log", 2},
		{"2s", "r1", result.LogChange, "frr-session", "logs/r1/syslog.log", 1},
		{"3.25s", "r2", result.LogTrouble, "", "logs/r2/bgpd.log", 1},
		{"4.5s", "r1", result.LogChange, "frr-session", "logs/r1/bgpd.log", 4},
	}
	if d := cmp.Diff(want, is); d != "" {
		t.Errorf("notes (-want +got):\n%s", d)
	}
	if got.Lines != 8 || got.Unparsed != 1 || got.Beyond != 0 || len(got.Clocks) != 2 {
		t.Errorf("%+v", got)
	}
}

// Of too many notes the most telling stay, and it is said how many do not; lines of a device whose clock is not
// known have no time.
func TestAnnotateBounds(t *testing.T) {
	var many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, "2026-03-01 10:00:%02d.%03d <WARN> route %d is bogus\n", i/100, i%100, i)
	}
	many.WriteString("2026-03-01 10:00:59.000 <INFO> Disabling protocol b\n")
	path := run(t, "r", evidence.VariantMain, "vm", made{verdict: evidence.Reproduced, lines: map[string]string{"r1": many.String()}})
	got := notes(t, path, 1)
	if len(got.Notes) != 200 || got.Beyond != 4801 || got.Notes[0].Timed || got.Notes[0].At != 0 {
		t.Errorf("%d notes, %d beyond, the first %+v", len(got.Notes), got.Beyond, got.Notes[0])
	}
	kept := false
	for _, n := range got.Notes {
		kept = kept || n.Kind == result.LogChange
	}
	if !kept {
		t.Error("the change is not among them")
	}
}

// A sign that comes after more trouble than is held is told.
func TestAnnotateLateSign(t *testing.T) {
	path := run(t, "r", evidence.VariantMain, "namespaces", made{verdict: evidence.Reproduced, lines: map[string]string{
		"a": strings.Repeat("2026-03-01 10:00:01.000 <WARN> a route is bogus\n", 25_000), "b": "2026-03-01 10:00:02.000 <INFO> Disabling protocol b\n",
	}})
	got := notes(t, path, 1)
	if last := got.Notes[len(got.Notes)-1]; last.Node != "b" || len(got.Notes)+got.Beyond != 25_001 {
		t.Errorf("%d notes, %d beyond, the last %+v", len(got.Notes), got.Beyond, last)
	}
}

// A trial without logs has no file, and what cannot be read makes none.
func TestAnnotateDamage(t *testing.T) {
	path := run(t, "r", evidence.VariantMain, "namespaces", made{verdict: evidence.Reproduced}, made{verdict: evidence.Reproduced, lines: map[string]string{"r1": bgp()}})
	dir := evidence.Dir{Path: path}
	must(t, logs.Annotate(dir))
	if _, err := os.Stat(dir.Trial(1).File("logs.json")); !os.IsNotExist(err) {
		t.Errorf("a trial without logs: %v", err)
	}
	must(t, os.WriteFile(dir.Trial(2).File("logs", "r1", "cut.log.gz"), []byte("\x1f\x8b\x08"), 0o600))
	if err := logs.Annotate(dir); err == nil || !strings.Contains(err.Error(), "cut.log.gz") {
		t.Errorf("a log that is cut: %v", err)
	}
}

// TestFindings: what the logs of all trials say together stands beside the run, names lines within it, and is the same
// when it is made again; without both failing and clean trials nothing is held against each other.
func TestFindings(t *testing.T) {
	const down = "[HZN6M-XRM1G] %NOTIFICATION: sent to neighbor 192.0.2.7 4/0 (Hold Timer Expired)"
	failing := made{verdict: evidence.Reproduced, lines: map[string]string{"r1": bgp("a line that says nothing", down), "r2": "2026-03-01 10:00:03.250 <BUG> this cannot be\n"}}
	clean := made{verdict: evidence.NotReproduced, lines: map[string]string{"r1": bgp("a line that says nothing")}}
	path := run(t, "r", evidence.VariantMain, "namespaces", failing, clean, failing, clean, clean)
	dir := evidence.Dir{Path: path}
	must(t, logs.Annotate(dir))
	var got result.LogFindings
	must(t, evidence.ReadJSON(dir.File("logs.json"), &got))
	if got.Diff == nil || got.Diff.Failing != 2 || got.Diff.Clean != 3 || len(got.Diff.Ranked) == 0 || got.Diff.Ranked[0].Score != 1 {
		t.Fatalf("%+v", got.Diff)
	}
	places := []result.LogPlace{got.Diff.Ranked[0].Example}
	for _, c := range got.Checks {
		if c.Rule == "bird-fatal" && (c.Status != "fail" || c.Count != 2) {
			t.Errorf("%+v", c)
		} else if c.Rule == "bird-fatal" {
			places = append(places, c.Example)
		}
	}
	for _, p := range places {
		text, err := os.ReadFile(dir.File(p.File))
		must(t, err)
		if line := strings.Split(string(text), "\n")[p.Line-1]; !strings.HasPrefix(p.File, "trials/") || line != p.Text {
			t.Errorf("%s:%d is %q, not %q", p.File, p.Line, line, p.Text)
		}
	}
	was, err := os.ReadFile(dir.File("logs.json"))
	must(t, err)
	must(t, os.Remove(dir.File("logs.json")))
	must(t, logs.Annotate(dir))
	if again, err := os.ReadFile(dir.File("logs.json")); err != nil || string(again) != string(was) {
		t.Errorf("made again it is another: %v\n%s\n%s", err, was, again)
	}
	path = run(t, "one", evidence.VariantMain, "namespaces", failing, made{verdict: evidence.Inconclusive, lines: failing.lines})
	must(t, logs.Annotate(evidence.Dir{Path: path}))
	got = result.LogFindings{}
	must(t, evidence.ReadJSON(evidence.Dir{Path: path}.File("logs.json"), &got))
	if got.Diff != nil || len(got.Checks) == 0 {
		t.Errorf("%+v", got)
	}
}
