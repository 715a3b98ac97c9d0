package reportstest

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
)

const stuck = "\nNeighbor ID  State\n2.2.2.2      ExStart/-\n\n"

// Whole is a finished run of five trials with every verdict.
func Whole(tb testing.TB) string {
	tb.Helper()
	return Make(
		tb, Info("20260301T101500Z-ospf-mtu-1f2e", 5),
		Trial{Verdict: evidence.NotReproduced, Reason: `"stuck before Full": did not become true within 20s`, Text: "2.2.2.2 Full"},
		Trial{Verdict: evidence.Reproduced, Text: stuck},
		Trial{Verdict: evidence.Reproduced, Text: stuck},
		Trial{Verdict: evidence.Inconclusive, Reason: "another failure: r2: zebra died (SIGSEGV)", Other: []string{"r2: zebra died (SIGSEGV)"}, Text: stuck},
		Trial{Verdict: evidence.NotApplicable, Reason: "the lab has no data plane"},
	)
}

// Control is a finished control run that stayed healthy, as it should.
func Control(tb testing.TB) string {
	tb.Helper()
	info := Info("20260301T111500Z-ospf-mtu-2a3b", 1)
	info.Variant, info.Expected, info.Without = evidence.VariantControl, evidence.NotReproduced, []string{"stimulus[0]"}
	info.Scenario.Steps[0].Left = true
	return Make(tb, info, Trial{Verdict: evidence.NotReproduced, Reason: `"stuck before Full": did not become true within 20s`, Text: "2.2.2.2 Full"})
}

// BrokenOff is a run that was killed in its second of four trials, and damaged after.
func BrokenOff(tb testing.TB) string {
	tb.Helper()
	dir := Part(
		tb, Info("20260301T121500Z-ospf-mtu-3c4d", 4),
		Trial{Verdict: evidence.Reproduced, Text: stuck},
		Trial{Text: stuck},
	)
	Cut(tb, dir.Trial(2).File("timeline.ndjson"), 7)
	Cut(tb, dir.Trial(2).File("transcripts", "r1.ndjson"), 3)
	must(tb, evidence.WriteFile(dir.Trial(2).File("observations.ndjson"), []byte("{\"seq\":1,\"ref\":\"baseline[0]\",\"value\":\"true\",\"text\":\"Full\"}\n{not json\n")))
	must(tb, evidence.WriteFile(dir.File("input", "lab.clab.yml"), []byte("altered")))
	return dir.Path
}

// Hostile is a finished run whose devices and scenario attack the reader, with size
// bytes of it in each place.
func Hostile(tb testing.TB, size int) string {
	tb.Helper()
	info := Info("20260301T131500Z-hostile-4e5f", 1)
	info.Scenario.Title = "<script>document.title='owned'</script> ]]> & \"quotes\" `ticks`"
	info.Scenario.What = "</style><script>window.owned=1</script> | [a](javascript:alert(1)) \u202e"
	info.Nodes[0].Image = "<img src=x onerror=window.owned=1>:1"
	info.Links[0].A = "r1:<script>window.owned=1</script>"
	info.Nodes = append(info.Nodes, evidence.NodeInfo{Name: "\"><svg onload=window.owned=1>", Platform: "x"})
	return Make(tb, info, Trial{Verdict: evidence.Reproduced, Text: Attack(size), Other: []string{"<b>died</b>\x00"}})
}

// Attack is hostile device output of at least size bytes.
func Attack(size int) string {
	one := "</pre></li><script>window.owned=1;fetch('http://192.0.2.1/')</script>\x1b[31mred\x1b[0m\x00\x07 ```` \xff\xfe]]>\u202egnp.exe\r\n" +
		"\x1b]8;;http://192.0.2.1/\x07link\x1b]8;;\x07 <img src=http://192.0.2.1/x.png>\n"
	return "ExStart\n" + strings.Repeat(one, size/len(one)+1)
}
